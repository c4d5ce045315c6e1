#!/usr/bin/python3
"""tests/TRAPS.md: each row has a test, and the case that it names is in the file that it names."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from tap import diag, done_testing, is_eq, ok  # noqa: E402

LAST = 112
with open(TREE + "/tests/TRAPS.md", encoding="utf-8") as text:
    table, _, apart = text.read().partition("\n## Not tested here")


def has_case(path, name):
    """A case of a script, also from a table of titles; a test function that is run."""
    with open(os.path.join(TREE, path), encoding="utf-8") as source:
        source = source.read()
    name = re.escape(name)
    if path.endswith(".c"):
        return re.search(rf"\b(TEST|cmocka_unit_test\w*)\({name}[,)]", source)
    return re.search(rf"\bcase\(f?\"{name}\"[,)]", source) or \
        (re.search(r"\bcase\((title|name)\)", source) and re.search(rf"\(\"{name}\", \w+", source))


rows = [[cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines() if re.match(r"\|\s*\d", line)]
for cells in rows:
    number = cells[0]
    tests = re.findall(r"`([^`]+)` “([^”]+)”", cells[-1])
    faults = []
    if len(cells) != 4 or not all(cells):
        faults.append(f"{len(cells)} cells, or an empty one")
    if not tests or cells[-1] != "; ".join(f"`{path}` “{name}”" for path, name in tests):
        faults.append(f"what are the tests? {cells[-1]}")
    for path, name in tests:
        if not re.fullmatch(r"tests/\w+/\w+(\.t|_test\.c)", path) or \
                not os.path.isfile(os.path.join(TREE, path)):
            faults.append(f"there is no {path}")
        elif not has_case(path, name):
            faults.append(f"{path} has no case “{name}”")
    ok(not faults, f"row {number} has its test") or diag(*faults)
ok(rows, f"there are rows ({len(rows)})")

reasons = re.findall(r"^- (\d+) \(.+?\): (.+)$", apart, re.M)
ok(reasons, f"rows that are named apart have a reason ({len(reasons)})")
free = re.search(r"^Numbers that were never given: ([\d, ]+)\.$", apart, re.M)
numbers = [int(cells[0]) for cells in rows] + [int(n) for n, _ in reasons] + \
    [int(n) for n in (free.group(1) if free else "0").split(", ")]
is_eq(sorted(n for n in numbers if n <= LAST), list(range(1, LAST + 1)), "each number is there once")
above = [n for n in numbers if n > LAST]
is_eq(len(above), len(set(above)), "and no later one twice")
done_testing()
