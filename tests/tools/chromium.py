"""Debian's Chromium, driven by its own driver, on a Site's pages.

What is looked for and read on a page is so in one script: in between, the page's own could change it."""
import contextlib
import json
import os

from environment import TREE
from processes import wait_until
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

WAIT_S = 180  # for a page, and for axe to have gone through it, on a busy machine
AXE = TREE + "/build/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Chromium:
    """font_px: how large somebody has set his browser's text."""

    def __init__(self, site, dark=False, width=1440, height=960, font_px=16):
        options = webdriver.ChromeOptions()
        options.add_experimental_option("prefs", {"webkit.webprefs.default_font_size": font_px})
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
                         "--no-proxy-server", "--disable-background-networking",
                         "--disable-component-update", "--ignore-certificate-errors",
                         "--disable-search-engine-choice-screen"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.site = site
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(WAIT_S)
        self.driver.set_script_timeout(WAIT_S)
        self.dark, self.width, self.height = dark, width, height
        self.look(dark, width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def look(self, dark, width, height=960):
        """Light or dark, and how wide; without motion."""
        self.dark, self.width, self.height = dark, width, height
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])
        # The page hears of it later.
        wait_until(lambda: self.run("return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]"
                                    ) == [width, dark], "the page's new look")

    def get(self, path):
        self.driver.get(self.site.url + path)
        self.run("return document.fonts.ready.then(() => true)")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def path(self):
        return self.run("return location.pathname + location.search")

    def text(self, where="main"):
        """What there is to read in the first such element; "" when there is none."""
        return self.run("const found = document.querySelector(arguments[0]);"
                        "return found ? found.innerText : ''", where)

    def with_text(self, selector, text):
        """The first such element with exactly this text; None when there is none."""
        return self.run("return [...document.querySelectorAll(arguments[0])].find(e => "
                        "e.textContent.trim().replace(/\\s+/g, ' ') == arguments[1])", selector, text)

    def focused(self, attribute):
        """What has the focus: its `id`, `name` or the like."""
        # What takes it by itself does so before the next frame.
        self.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        return self.run("return document.activeElement[arguments[0]]", attribute)

    def labelled(self, label):
        """The field that a label with exactly this text is tied to."""
        found = self.with_text("label", label)
        field = found and self.run("return arguments[0].control", found)
        if not field:
            raise LookupError(f"{self.path()} has no label “{label}”")
        return field

    def type(self, label, text):
        field = self.labelled(label)
        field.clear()
        field.send_keys(text)

    def paste(self, label, text):
        """As from the clipboard: in one go."""
        self.run("arguments[0].value = arguments[1]; "
                 "arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
                 self.labelled(label), text)

    def tick(self, label, on=True):
        field = self.labelled(label)
        if field.is_selected() != on:
            self.run("arguments[0].click()", field)

    def press(self, text):
        """The button of the page's body with this text; waits for the page that follows."""
        found = self.with_text("main button, main a.btn", text)
        if not found:
            raise LookupError(f"{self.path()} has no button “{text}”")
        self.follow(found.click)

    def follow(self, act):
        """Does what leads to another page, and waits for that."""
        self.run("window.before = true")
        act()

        def is_next():
            # The script ends with the page that it was sent to.
            with contextlib.suppress(WebDriverException):
                return self.run("return !window.before && document.readyState == 'complete'")

        wait_until(is_next, "the next page")
        self.run("return document.fonts.ready.then(() => true)")

    def sign_in(self, name, password):
        self.get("/admin/login")
        self.type("User name", name)
        self.type("Password", password)
        self.press("Sign in")

    def console(self):
        """What the page complained about since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def too_wide(self):
        """What makes the page scroll sideways."""
        return self.run("""
            const w = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= w) return [];
            return [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > w + 1 &&
                             !e.closest('.table-wrap,.code--scroll,.sr-only'))
                .slice(0, 5).map(e => e.tagName + '.' + e.className).concat('page');""")

    def cut_off(self):
        """What cannot be read whole: hints that are longer than their field, short words over two lines, and
        what is hidden at an edge without a sign of it."""
        return self.run("""
            const found = [], shown = e => e.clientWidth && !e.closest('.sr-only, [hidden]');
            const pen = document.createElement('canvas').getContext('2d');
            for (const e of document.querySelectorAll('input[placeholder]')) {
                const s = getComputedStyle(e);
                pen.font = s.font;
                if (shown(e) && !e.value && pen.measureText(e.placeholder).width >
                    e.clientWidth - parseFloat(s.paddingLeft) - parseFloat(s.paddingRight) + 1)
                    found.push('hint: ' + e.placeholder);
            }
            for (const e of document.querySelectorAll('header *, main *')) {
                const s = getComputedStyle(e);
                if (shown(e) && e.scrollWidth > e.clientWidth + 1 && s.overflowX != 'visible' &&
                    s.textOverflow != 'ellipsis' && !e.closest('pre, .table-wrap, textarea, input, select'))
                    found.push('hidden: ' + e.tagName + '.' + e.className);
            }
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = new Range();
            for (let node; (node = texts.nextNode());) {
                if (!node.parentElement.checkVisibility() ||
                    node.parentElement.closest('.sr-only, pre, textarea, select, script, template, .fp, .path'))
                    continue;
                for (const word of node.data.matchAll(/\\S+/g)) {
                    if (word[0].length > 14 || /[-/·–—?=]/.test(word[0]))
                        continue;
                    range.setStart(node, word.index);
                    range.setEnd(node, word.index + word[0].length);
                    if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1)
                        found.push('broken: ' + word[0] + ' in ' + node.parentElement.tagName + '.' +
                                   node.parentElement.className);
                }
            }
            return [...new Set(found)].slice(0, 8);""")

    def axe(self):
        """Findings of axe-core as lines; None when it is not installed."""
        if not os.path.exists(AXE):
            return None
        with open(AXE, encoding="utf-8") as source:
            # By the driver, so that the page's own policy for scripts stays as it is.
            self.driver.execute_script(source.read())
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, {resultTypes: ['violations'],
                               runOnly: {type: 'tag', values: arguments[0]}})
               .then(r => done(JSON.stringify(r.violations.map(v =>
                   v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' | ' +
                   (n.any[0] ? n.any[0].message : n.failureSummary || '').slice(0, 200)).join('; ')))),
                     e => done(JSON.stringify(['axe failed: ' + e])));""", TAGS)
        return json.loads(found)

    def screenshot(self, path):
        """The whole page, however long."""
        height = self.run("document.activeElement && document.activeElement.blur(); "
                          "return Math.max(document.documentElement.scrollHeight, arguments[0])",
                          self.height)
        self.cdp("Emulation.setDeviceMetricsOverride", width=self.width,
                 height=min(height, 6000), deviceScaleFactor=1, mobile=False)
        self.driver.save_screenshot(path)
        self.look(self.dark, self.width, self.height)
