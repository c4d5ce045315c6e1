#!/usr/bin/python3
"""Every page in Chromium, light and dark, wide and narrow: axe finds nothing, nothing scrolls sideways,
the console is silent; and the quickstart as a person does it, with JavaScript."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from chromium import Chromium  # noqa: E402
from looks import LOOKS, in_all_looks, look_at  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from show_pages import PASSWORD, fill  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()


with site, Chromium(site) as browser:
    with case("sign-in"):
        in_all_looks(browser, "sign-in", "/admin/login")
        is_eq(browser.focused("id"), "user", "the first field has the focus")
        browser.sign_in("admin", "wrong")
        is_eq(browser.focused("id"), "password",
              "after an error, the password")
        in_all_looks(browser, "sign-in refused", quiet=False)
        browser.sign_in("admin", site.password)
        is_eq(browser.path(), "/admin/password", "the one-time password has to be changed")
        in_all_looks(browser, "first password")
        browser.type("Current password", site.password)
        browser.type("New password", PASSWORD)
        browser.type("Repeat new password", PASSWORD)
        browser.press("Save")
        is_eq(browser.path(), "/admin/", "then the overview comes")

    with case("quickstart"):
        browser.look(False, 1440)
        in_all_looks(browser, "empty overview", "/admin/")
        browser.get("/admin/apis/new")
        browser.type("Name", "mtls-api")
        browser.type("Listen path", "/mtls-api/")
        browser.type("Target URL", site.upstream_url)
        browser.tick("Enable client certificate")
        browser.press("Create")
        for name, whole in (("alone", False), ("both", True)):
            cert = site.make_cert(name)
            browser.get("/admin/keys/new")
            browser.type("Name", name)
            browser.paste("Certificate (PEM)", cert.pem + (cert.key_pem if whole else ""))
            browser.tick("mtls-api")
            browser.press("Create")
            text = browser.text()
            ok("The key was created" in text, f"{name}: a key is made")
            is_eq("The private key was dropped" in text, whole,
                  f"{name}: the page says what became of the private part")
            is_eq(site.curl("/mtls-api/my-endpoint", cert=cert).status, 200, f"{name}: it may call")
        cert = site.make_cert("file")
        browser.get("/admin/keys/new")
        browser.type("Name", "file")
        browser.labelled("Upload .pem").send_keys(cert.path)
        browser.tick("mtls-api")
        browser.press("Create")
        is_eq(site.curl("/mtls-api/my-endpoint", cert=cert).status, 200, "uploaded: it may call")
        is_eq(browser.console(), [], "the console is silent")

    with case("keyboard"):
        browser.get("/admin/keys")
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        is_eq(browser.focused("textContent"), "Skip to content",
              "the first stop skips the menu")
        browser.get("/admin/keys/new")
        browser.type("Name", "by Enter")
        browser.follow(lambda: browser.labelled("Name").send_keys(Keys.ENTER))
        is_eq(site.rest("GET", "/keys?q=by%20Enter").body["items"], [],
              "Enter in a field presses what is harmless")
        browser.console()

    with case("pages"):
        pages = fill(site)
        for dark, width in LOOKS:
            browser.look(dark, width)
            for name, path in pages.items():
                browser.get(path)
                look_at(browser, name, quiet=name != "not-found")
                browser.console()
        for dark, width in LOOKS:
            browser.look(dark, width)
            browser.get(pages["api-whole"])
            browser.press("Test upstream")
            look_at(browser, "test of an upstream")
            browser.get("/admin/keys/new")
            browser.run("document.querySelector('form.form').noValidate = true")
            browser.paste("Certificate (PEM)", "nonsense")
            browser.press("Create")
            is_eq(browser.focused("name"), "name",
                  "the first field that is wrong has the focus")
            look_at(browser, "form with errors", quiet=False)
            browser.console()

    with case("zoom"):
        # 200 % on a screen of 1280 pixels is 640 pixels wide.
        browser.look(False, 640)
        for name in ("overview", "keys", "key", "key-new", "audit"):
            browser.get(pages[name])
            is_eq(browser.too_wide(), [], f"{name}: nothing scrolls sideways")
done_testing()
