#!/usr/bin/python3
"""Every page is valid HTML, with what is there, with nothing, and where a form has faults; and every page
of the program's table is among those that tests look at."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from pages import Browser  # noqa: E402
from show_pages import fill, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

VALIDATOR = TREE + "/build/node_modules/html-validate/bin/html-validate.mjs"
# Not pages of their own: another spelling, and files.
NOT_SHOWN = {"/admin", "/admin/login", "/admin/certificates/:sha256/pem", "/admin/reports/access.csv",
             "/admin/developers/:id/export"}
EVIL = "\x07\x85<\"'>&{{x}}"
site = Site(plain=True)

with site:
    folder = site.folder + "/html"
    os.mkdir(folder)
    names = {}

    def keep(name, page):
        file = re.sub(r"[^a-z0-9-]", "-", name) + ".html"
        names[file] = name
        with open(f"{folder}/{file}", "wb") as out:
            out.write(page.body)

    stranger = Browser(site)
    keep("sign-in", stranger.get("/admin/login"))
    keep("sign-in refused", stranger.sign_in("admin", "wrong"))
    boss = owner(site)
    with open(TREE + "/cgi-bin/admin/pages/pages.c", encoding="utf-8") as source:
        table = re.findall(r'\{"GET", "(/admin[^"]*)"', source.read())
    for path in table:
        if ":" not in path and path not in NOT_SHOWN:
            keep(f"empty{path.replace('/', '-')}", boss.get(path))
    pages = fill(site)
    for name, path in pages.items():
        page = boss.get(path)
        keep(name, page)
        for number, form in enumerate(page.forms):
            fields = {f.name: EVIL for f in form.fields if f.name and f.kind in ("text", "textarea")}
            if form.method != "POST" or not fields or not form.buttons:
                continue
            keep(f"{name} with faults {number}", boss.submit(page, form.buttons[0][0], change=fields))

    keep("test of an upstream", boss.submit(boss.get(pages["api"]), "Test upstream"))
    keep("sign-in with a certificate", Browser(site, cert=site.make_cert("shown")).get("/admin/login"))

    with case("the table"):
        shown = [path.split("?")[0] for path in pages.values()]
        missing = [path for path in table if path not in NOT_SHOWN and not any(
            re.fullmatch(re.sub(r":\w+", "[^/]+", path), p) for p in shown)]
        is_eq(missing, [], "every page is among those of show_pages.py")

    with case("valid"):
        if not os.path.exists(VALIDATOR):
            ok(True, "html-validate is not there (make test brings it where npm is installed)")
        else:
            with open(folder + "/.htmlvalidate.json", "w", encoding="ascii") as conf:
                json.dump({"root": True, "extends": ["html-validate:standard"]}, conf)
            with open(folder + "/broken.html", "w", encoding="ascii") as out:
                out.write('<!doctype html><html lang="en"><head><title>x</title></head>'
                          "<body><ul><p>x</p></ul></body></html>\n")
            done = subprocess.run(["node", VALIDATOR, "--formatter", "json", folder + "/*.html"],
                                  capture_output=True, text=True, check=False)
            found = {os.path.basename(r["filePath"]): r["messages"]
                     for r in json.loads(done.stdout)}
            ok(found.pop("broken.html", None), "the validator finds what is wrong") or diag(done.stderr)
            for file, name in names.items():
                is_eq([f"{m['line']}:{m['column']} {m['message']}" for m in found.get(file, [])], [],
                      f"{name}: valid")

done_testing()
