#!/usr/bin/python3
"""What people read, in templates and in the programs' own texts: one space between sentences, none before
a stop, and a stop where a sentence ends."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from tap import case, done_testing, is_eq, ok  # noqa: E402
from environment import TREE  # noqa: E402

ONE = r'"(?:[^"\\\n]|\\.)*"'
LITERALS = re.compile(rf"{ONE}(?:\s*(?:PRI\w+\s*)?{ONE})*")
SENTENCE_CALLS = re.compile(r"\b(cg_fail|cg_fail_code|cg_fail_field|refuse)\s*\(")
# What stands last in a sentence that gives a command, or somebody else's sentence.
OPEN_ENDS = re.compile(r"(?:: (?:openssl|iconv|curl|certgate)\b.*|%(?:\.\d+)?s)\Z", re.S)
STOPS = (".", "?", "!", ":")


def sources(*patterns):
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(TREE, pattern), recursive=True)):
            with open(path, encoding="utf-8") as file:
                yield os.path.relpath(path, TREE), file.read()


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def joined(match):
    """Neighbouring literals are one."""
    return "".join(one[1:-1] for one in re.findall(ONE, match[0]))


def literals(text):
    """(line, text) of each; lines of their own for what a program prints in lines."""
    for match in LITERALS.finditer(text):
        for line in joined(match).replace("\\n", "\n").split("\n"):
            yield text.count("\n", 0, match.start()) + 1, line


def arguments(text, start):
    """Up to the bracket that closes the call."""
    depth, at, quoted = 1, start, False
    while depth and at < len(text):
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        else:
            quoted = char == '"'
            depth += {"(": 1, ")": -1}.get(char, 0)
        at += 1
    return text[start:at - 1]


def prose(template):
    """(line, text) of what stands between marks, so that columns of a mail are none."""
    for number, line in enumerate(template.split("\n"), 1):
        for piece in re.split(r"\{\{[^}]*\}\}|<[^>]*>", line):
            yield number, piece.strip()


C = dict(sources("lib/**/*.[ch]", "cgi-bin/**/*.[ch]"))
TEMPLATES = dict(sources("templates/**/*.tpl"))
SCRIPTS = dict(sources("templates/assets/*.js"))
ALL = [(path, line, text) for path, source in {**C, **SCRIPTS}.items()
       for line, text in literals(without_comments(source))] + \
      [(path, line, text) for path, source in TEMPLATES.items() for line, text in prose(source)]

with case("commands"):
    made = [(path, text) for path, source in C.items()
            for _, text in literals(without_comments(source).replace("\\\n", "")) if "openssl req" in text]
    # On a page a command may go over several lines.
    made += [(path, match[0]) for path, text in TEMPLATES.items() for match in re.finditer("openssl req [^<]*", text)]
    ok(len(made) > 8, f"{len(made)} that make a certificate")
    is_eq([found for found in made if "-subj" not in found[1]], [], "ask for nothing when they are pasted")

with case("spaces"):
    ok(len(ALL) > 5000, f"{len(ALL)} texts were looked at")
    for name, pattern in (("two inside a sentence or between two", r"[\w.,;:!?)”’] {2,}[\w(“‘`-]"),
                          ("one before a stop", r"[a-z]{2} [,;.](?:\s|\Z)")):
        is_eq([found for found in ALL if re.search(pattern, found[2])], [], name + ": nowhere")
    for line in ("provider.  It may", "do  it", "all ; none"):
        ok(any(re.search(p, line) for p in (r"[\w.,;:!?)”’] {2,}[\w(“‘`-]", r"[a-z]{2} [,;.](?:\s|\Z)")),
           f"“{line}” would be found")

with case("stops"):
    seen, without, with_one, no_verb = 0, [], [], []
    for path, source in C.items():
        source = without_comments(source)
        for call in SENTENCE_CALLS.finditer(source):
            inside = arguments(source, call.end())
            line = source.count("\n", 0, call.start()) + 1
            for match in LITERALS.finditer(inside):
                text = joined(match)
                if re.match(r"\s*[A-Z_]", inside[match.end():]):
                    continue  # a name stands for the rest
                if call[1] == "cg_fail_field":
                    # A part of a sentence, which the field's name begins.
                    if text.endswith(".") and not re.search(r"[.;:] [A-Z]", text):
                        with_one.append((path, line, text))
                    if re.match(r"(a|an|line|the|there|these|this|no) ", text):
                        no_verb.append((path, line, text))
                elif re.match(r"[A-Z].* .*", text, re.S):
                    seen += 1
                    if not text.endswith(STOPS) and not OPEN_ENDS.search(text):
                        without.append((path, line, text))
    ok(seen > 200, f"{seen} sentences were looked at")
    is_eq(without, [], "a sentence has one, or ends in a command")
    is_eq(with_one, [], "what goes behind a field's name has none")
    is_eq(no_verb, [], "and goes on from it; what does not is a sentence of its own, with a capital")
    rows = re.findall(r'^\t\{"\w+\.\w+", .*"((?:[^"\\]|\\.)*)"(?:, true)?\},$', C["lib/record/fields.c"], re.M)
    ok(len(rows) > 150, f"{len(rows)} members of records are described")
    is_eq([row for row in rows if row and not row.endswith(STOPS)], [], "in sentences")

with case("paragraphs of pages"):
    found = []
    for path, template in TEMPLATES.items():
        if path.endswith(".txt.tpl"):
            continue
        text = re.sub(r"\{\{[^}]*\}\}", "X", re.sub(r"\{\{[#/^][^}]*\}\}", "", template))
        for body in re.findall(r"<p\b[^>]*>(.*?)</p>", text, re.S):
            # One that ends in a link or a value is none that has to.
            words = " ".join(re.sub(r"<a\b.*?</a>", "X", body, flags=re.S).split())
            words = re.sub(r"<[^>]+>", "", words).strip()
            if re.search(r"[.;] [A-Z“]", words) and not re.search(r"(?:[.!?:…][)”]?|X)\Z", words):
                found.append((path, words[-100:]))
    is_eq(found, [], "that have several sentences end the last")

done_testing()
