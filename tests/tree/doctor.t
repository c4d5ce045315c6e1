#!/usr/bin/python3
"""tests/DOCTOR.md and SECURITY.md: each row has a test, and the name that it gives is in the file that it
names."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from tap import diag, done_testing, is_eq, ok  # noqa: E402


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as text:
        return text.read()


def check(document, least):
    """Tables whose last column is a test: `file` “name”; several with “; ” between them."""
    text = read(document)
    rows = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines()
            if re.match(r"\| (?!---|#|what|who)", line) and "`tests/" in line]
    ok(len(rows) >= least, f"{document}: {len(rows)} rows")
    for cells in rows:
        tests = re.findall(r"`(tests/[^`]+)`(?: “([^”]+)”)?", cells[-1])
        faults = [] if tests else [f"what is the test? {cells[-1]}"]
        for path, name in tests:
            if not os.path.isfile(os.path.join(TREE, path)):
                faults.append(f"there is no {path}")
            elif name and f'"{name}"' not in read(path) and f', {name}"' not in read(path) and \
                    f"def {name}(" not in read(path):
                faults.append(f"{path} has no “{name}”")
        ok(not faults, f"{document}: {cells[0]} {cells[1][:50]}") or diag(*faults)
    return rows


rows = check("tests/DOCTOR.md", 25)
is_eq([int(r[0]) for r in rows], list(range(1, len(rows) + 1)), "the doctor's rows are numbered")
check("SECURITY.md", 25)
for document in ("tests/DOCTOR.md", "SECURITY.md"):
    named = set(re.findall(r"`(tests/[^`*]+\.(?:t|c|md))`", read(document)))
    is_eq(sorted(p for p in named if not os.path.exists(os.path.join(TREE, p))), [], f"{document}: all files that it names are there")
done_testing()
