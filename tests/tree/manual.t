#!/usr/bin/python3
"""The manual: each setting, program, command and resource has its place in it, and its pages have no
mistakes of form."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import BIN, TREE  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402

MAN = os.path.join(os.path.dirname(BIN), "man")


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as file:
        return file.read()


def plain(page):
    done = subprocess.run(["mandoc", "-Tutf8", "-Owidth=200", f"{MAN}/{page}"], capture_output=True,
                          text=True, check=True)
    return re.sub(r".\x08", "", done.stdout).replace("\N{NON-BREAKING HYPHEN}", "-")


with case("settings"):
    settings = re.findall(r'\[CONFIG_\w+\] =\s+\{"(\w+)"', read("lib/base/config.c"))
    ok(settings, "there are settings")
    is_eq(re.findall(r"^\.It Ic (\w+)$", read("apache-conf/man/certgate.conf.5.in"), re.M), settings,
          "each has its line in certgate.conf(5), and there is no other")
    is_eq(re.findall(r'^#(\w+) = "', read("apache-conf/etc/certgate.conf"), re.M), settings,
          "and in the example")

with case("form"):
    pages = sorted(p for p in os.listdir(MAN) if p[-2:] in (".5", ".7", ".8"))
    is_eq([p + ".in" for p in pages],
          sorted(p for p in os.listdir(TREE + "/apache-conf/man") if p.endswith(".in")), "all are made")
    for page in pages:
        lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", f"{MAN}/{page}"], capture_output=True,
                              text=True, check=False)
        is_eq(lint.stdout + lint.stderr, "", f"{page}: mandoc has nothing to say")
        man = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", f"{MAN}/{page}"],
                             env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
                             capture_output=True, text=True, check=False)
        is_eq((man.returncode, man.stderr), (0, ""), f"{page}: nor has man")
        unlike(read(f"{MAN}/{page}"), "@[A-Z]+@", f"{page}: nothing is left to fill in")

with case("programs"):
    for name in sorted(os.listdir(TREE + "/cgi-bin")):
        page = "certgate.8" if name == "certgate" else f"certgate-{name}.8"
        ok(os.path.exists(f"{MAN}/{page}"), f"{name} has its page")

with case("commands"):
    text = plain("certgate.8")
    commands = re.findall(r'^    \{"([a-z-]+)",', read("cgi-bin/certgate/main.c"), re.M)
    ok(commands, "there are commands")
    for name in commands:
        like(text, rf"(?m)^ +{name}( |$)", name)

with case("REST"):
    text = plain("certgate-rest.7")
    with open(MAN + "/openapi.json", encoding="utf-8") as file:
        description = json.load(file)
    ok(description["paths"], "there are resources")
    for path, methods in description["paths"].items():
        missing = [m for m in methods if m != "parameters" and f"{m.upper()} {path}" not in text]
        is_eq(missing, [], path)
done_testing()
