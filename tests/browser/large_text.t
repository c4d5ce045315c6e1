#!/usr/bin/python3
"""Text of twice the size, as people set it in their browser: pages fold as narrow ones do, nothing scrolls
sideways or is cut off (WCAG 1.4.4)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from chromium import Chromium  # noqa: E402
from portal import PASSWORD as OF_DEVELOPER  # noqa: E402
from show_pages import PASSWORD, fill, owner  # noqa: E402
from tap import case, done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

# Of the portal, beside the record's that show_pages makes.
PORTAL = ("", "keys", "usage", "organisation", "account", "help", "whoami")


def look(browser, pages):
    for name, path in pages.items():
        browser.get(path)
        is_eq(browser.too_wide(), [], f"{name}: nothing scrolls sideways")
        # A hint may be longer than a field of that size.
        is_eq([found for found in browser.cut_off() if not found.startswith("hint")], [], f"{name}: all can be read")


with Site() as site, Chromium(site, width=1280, font_px=32) as browser:
    owner(site)
    pages = fill(site)
    with case("the dashboard"):
        browser.sign_in("admin", PASSWORD)
        is_eq(browser.run("return getComputedStyle(document.documentElement).fontSize"), "32px", "the text is large")
        look(browser, pages)
    with case("the portal"):
        browser.driver.delete_all_cookies()
        look(browser, {"sign-in": "/portal/login", "join": "/portal/join"})
        browser.get("/portal/login")
        browser.type("E-mail", "ada@kestrel.example")
        browser.type("Password", OF_DEVELOPER)
        browser.press("Sign in")
        entry = site.rest("GET", "/catalogue").body["items"][0]["id"]
        look(browser, {path: "/portal/" + path for path in (*PORTAL, f"apis/{entry}", f"apis/{entry}/request")})
done_testing()
