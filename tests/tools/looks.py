"""What holds of a page in Chromium in every look: light and dark, wide and narrow.

SHOTS in the environment: a folder for pictures of all that is looked at."""
import os

from chromium import AXE
from tap import diag, is_eq

LOOKS = [(False, 1440), (True, 360), (False, 360), (True, 1440)]
SHOTS = os.environ.get("SHOTS")

if not os.path.exists(AXE):
    diag("axe-core is not there (make test brings it where npm is installed): its checks are left out")
if SHOTS:
    os.makedirs(SHOTS, exist_ok=True)


def look_at(browser, name, quiet=True):
    """The page that is shown; `quiet`: nothing is to be in the console."""
    shade = "dark" if browser.dark else "light"
    how = f"{name}, {shade}, {browser.width} px"
    is_eq(browser.too_wide(), [], f"{how}: nothing scrolls sideways")
    is_eq(browser.cut_off(), [], f"{how}: all can be read")
    if quiet:
        is_eq(browser.console(), [], f"{how}: the console is silent")
    if os.path.exists(AXE):
        is_eq(browser.axe(), [], f"{how}: axe finds nothing")
    if SHOTS:
        browser.screenshot(f"{SHOTS}/{name.replace(' ', '-')}-{shade}-{browser.width}.png")


def in_all_looks(browser, name, path=None, quiet=True):
    """The page that is shown, or the one at `path`, opened anew for each look."""
    for dark, width in LOOKS:
        browser.look(dark, width)
        if path:
            browser.get(path)
        look_at(browser, name, quiet)
        browser.console()
    browser.look(False, 1440)
