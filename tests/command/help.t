#!/usr/bin/python3
"""What `certgate help` says is what the command takes: each way of calling it that a synopsis shows,
and each option that a text names, is tried, on a data folder that cannot be.  Exit status 2 is how a
command line that makes no sense is told."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert  # noqa: E402
from environment import BIN, TREE  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402

folder = tempfile.TemporaryDirectory()
cert = make_cert(folder.name, "one")
program = BIN + "/certgate"
# Values for what is written in capitals; "x" for the rest.
VALUES = {"FILE": cert.path, "DIR": "/dev/null/x", "NAME": "nobody", "GROUP": "nogroup", "TIME": "2099-01-01T00:00:00Z", "N": "1", "M": "1", "P": "1", "IP": "192.0.2.1",
          "NUMBER:HASH": "1:" + "0" * 64}


def run(*words):
    done = subprocess.run([program, "--home", "/dev/null/no", *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          check=False)
    return done


def value_of(word):
    """Of "a|b|c", "FILE", "100/60"."""
    word = word.strip(",.;()").split("|")[0]
    return VALUES.get(word, "x" if re.fullmatch(r"[A-Z][A-Z0-9:-]*", word) else word)


def parts_of(text, mark):
    """Split at the mark, but not within brackets."""
    out, depth = [""], 0
    for piece in re.split(r"(\[|\]|%s)" % re.escape(mark), text):
        depth += {"[": 1, "]": -1}.get(piece, 0)
        if piece == mark and depth == 0:
            out.append("")
        else:
            out[-1] += piece
    return [p.strip() for p in out if p.strip()]


def ways_of(alternative):
    """The command lines that "add KEY [--cert FILE | --token] [--json [FILE]]" stands for: without what
    may be left out, with all of it, and with each alone."""
    pieces = parts_of(alternative, " ")
    optional = [p for p in pieces if p.startswith("[")]

    def way(chosen):
        words = []
        for piece in pieces:
            if piece.startswith("["):
                words += chosen.get(piece, [])
            else:
                words.append(piece)
        return words

    inner = {p: [w for c in parts_of(p[1:-1], " | ") for w in ways_of(c)] for p in optional}
    ways = [way({})] + [way({p: words}) for p in optional for words in inner[p]]
    return ways + [way({p: inner[p][-1] for p in optional})] if len(optional) > 1 else ways


commands, name = {}, None
for line in run("help").stdout.splitlines():
    if re.match(r"[a-z]", line):
        name = line.split()[0]
        commands.setdefault(name, {"synopsis": [], "text": ""})["synopsis"].append(line)
    elif name and re.match(r"   +[\[<-]", line):
        commands[name]["synopsis"][-1] += " " + line.strip()
    elif name:
        commands[name]["text"] += line.strip() + " "
commands.pop("certgate", None)

with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for name, help_ in sorted(commands.items()):
        with case(name):
            # The command's name stands before the first alternative of a line only.
            ways = [([name] if way[:1] != [name] else []) + way for line in help_["synopsis"]
                    for alternative in parts_of(line, " | ") for way in ways_of(alternative)]
            plain = [[value_of(w) if i else w for i, w in enumerate(way) if w != "OPTIONS"]
                     for way in ways if "OPTIONS" not in way]
            open_ways = [[value_of(w) for w in way if w != "OPTIONS"] for way in ways
                         if "OPTIONS" in way]
            shown = set(re.findall(r"--[a-z][a-z-]*[a-z]", " ".join(help_["synopsis"])))
            if name == "supervise" and os.geteuid() == 0:  # root has to name one
                plain = [words if "--user" in words else [*words, "--user", "nobody"]
                         for words in plain]
            for words, done in zip(plain, pool.map(lambda w: run(*w), plain)):
                # supervise says 2 of all that keeps it from its work; an option by that word.
                ok(done.returncode in (0, 1) or
                   (name == "supervise" and not re.search("not know", done.stderr)),
                   " ".join(words)[:100]) or diag(done.stderr)
            # What stands between backticks is of another command.
            text = re.sub(r"`[^`]*`", "", help_["text"])
            named = re.findall(r"(--[a-z][a-z-]*[a-z])(?: (\"[^\"]*\"|[^ ]+))?", text)
            for option, value in named:
                if option in shown:
                    continue
                tries = [[*way, *words] for way in open_ways for words in
                         ([option, value_of(value.strip('"'))], [option, "x"], [option])]
                told = [run(*words) for words in tries]
                ok(any(done.returncode == 1 for done in told), f"{option}, which the text names") or \
                    diag(*[done.stderr.splitlines()[0] for done in told[:1]])
            ok(bool(ways), "has a synopsis")

with case("version"):
    with open(TREE + "/Makefile", encoding="utf-8") as makefile:
        version = re.search(r"(?m)^VERSION\s*[:?]?=\s*(\S+)", makefile.read())[1]
    for words in (["version"], ["--version"], ["--version", "key"], ["key", "--version"]):
        done = run(*words)
        is_eq((done.returncode, done.stdout, done.stderr), (0, f"certgate {version}\n", ""), " ".join(words))
    is_eq(json.loads(run("--json", "version").stdout), {"version": version}, "as JSON")
    is_eq(run("version", "x").returncode, 2, "a word too much is wrong usage")

with case("--help of each"):
    for name in [None, *commands]:
        done = run(*([name] if name else []), "--help")
        is_eq((done.returncode, done.stderr), (0, ""), f"{name or 'certgate'} --help")
        ok(done.stdout.startswith(name or "certgate "), "on standard output") or diag(done.stdout[:200])
    with open("/dev/full", "w", encoding="ascii") as full:
        for words in (["--help"], ["version"], ["--json", "version"]):
            done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                  timeout=120, check=False)
            is_eq(done.returncode, 1, f"{' '.join(words)} that cannot be written")

with case("a command that there is not"):
    for words in (("nothing", "x"), ("help", "nothing"), ("nothing", "--help")):
        done = run(*words)
        is_eq((done.returncode, done.stdout), (2, ""), " ".join(words) + " is wrong usage")
        ok("no command “nothing”" in done.stderr, "and the word is named") or diag(done.stderr[-200:])

with case("what no help names"):
    for words in (("key", "create", "--tag", "x"), ("key", "list", "--limit", "3"),
                  ("user", "create", "--password", "a password"), ("nothing",), ("key", "frobnicate")):
        is_eq(run(*words).returncode, 2, " ".join(words) + " is wrong usage")
    for word in ("help", "--help"):
        is_eq((run(word).returncode, run("key", "--help").returncode, run("help", "key").returncode),
              (0, 0, 0), f"{word} is not")

done_testing()
