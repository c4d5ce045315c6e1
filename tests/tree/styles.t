#!/usr/bin/python3
"""The stylesheet and the pages know the same classes, and the stylesheet uses what it defines."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from tap import done_testing, is_eq, ok  # noqa: E402


def read(*patterns):
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(TREE, pattern), recursive=True)):
            with open(path, encoding="utf-8") as text:
                yield text.read()


css = re.sub(r'/\*.*?\*/|url\("[^"]*"\)', "", next(read("templates/assets/app.css")), flags=re.S)
styled = set(re.findall(r"\.([a-z][\w-]*)", css))
programs = "".join(read("cgi-bin/**/*.c", "lib/**/*.c"))
# What templates are given as a part of a class: page_badge's kinds, and the width of a page.
KINDS = {"ok", "warn", "bad"}
WIDTHS = set(re.findall(r'"(main--\w+)"', programs))
used = set()
for page in read("templates/admin/*.tpl", "templates/portal/*.tpl", "templates/layout/*.tpl"):
    for names in re.findall(r'class="([^"]*)"', page):
        for name in re.sub(r"\{\{[#/^]\w+\}\}", " ", names).split():
            used |= ({name.replace("{{kind}}", kind) for kind in KINDS} if "{{kind}}" in name else
                     WIDTHS if name == "{{main_class}}" else {name})
for script in read("templates/assets/*.js"):
    for names in re.findall(r'className = "([^"]*)"|classList\.\w+\("([^"]*)"', script):
        used |= set(" ".join(names).split())
ok(len(styled) > 100 and len(used) > 100 and WIDTHS, "both are found")
is_eq(sorted(styled - used), [], "every class of the stylesheet is on a page")
# A bar that is well looks as bars do.
is_eq(sorted(used - styled - {"bar--ok"}), [], "every class of a page is in the stylesheet")

defined = set(re.findall(r"(?<![\w.-])(--[\w-]+)\s*:", css))
is_eq(sorted(name for name in defined if f"var({name})" not in css), [], "and so is every value that it names")
done_testing()
