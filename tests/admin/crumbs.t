#!/usr/bin/python3
"""The way up: a page that lies below a record's, or below a list's, leads to it by its breadcrumbs."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from show_pages import fill, owner  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

with open(TREE + "/cgi-bin/admin/pages/pages.c", encoding="utf-8") as source:
    PAGES = [re.compile(re.sub(r":\w+", "[^/]+", path)) for path in
             re.findall(r'\{"GET", "(/admin/[^"]+)"', source.read())]
CRUMBS = re.compile(r'<nav class="crumbs".*?</nav>', re.S)


def above(path):
    """The pages above this one, but for the overview."""
    parts = path.split("/")
    return [up for up in ("/".join(parts[:n]) for n in range(3, len(parts)))
            if any(page.fullmatch(up) for page in PAGES)]


with Site() as site:
    boss = owner(site)
    looked_at = 0
    for name, path in fill(site).items():
        path = path.split("?")[0]
        # A report is no record's page.
        if not above(path) or name.startswith("report"):
            continue
        looked_at += 1
        with case(name):
            page = boss.get(path)
            crumbs = CRUMBS.search(page.html)
            links = re.findall(r'<li><a href="([^"]+)">', crumbs[0]) if crumbs else []
            is_eq([up for up in above(path) if up not in links], [], f"{path} leads to what is above it")
    ok(looked_at > 30, f"{looked_at} pages were looked at")
done_testing()
