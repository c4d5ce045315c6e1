#!/usr/bin/python3
"""Started with standard input, output or error closed, as by some process managers (the FastCGI specification
gives a program nothing but its socket): what is said goes nowhere, and never into the file that was opened next
and has got that number."""
import itertools
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import HANG_S, ROOT, WEB_USER  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

NAMES = {0: "input", 1: "output", 2: "error"}


def without(closed, *words):
    """Words that start these words with descriptors closed."""
    return ["sh", "-c", 'exec "$@" ' + " ".join(f"{fd}{'<' if fd == 0 else '>'}&-" for fd in closed), "sh", *words]


def said():
    """What was said to somebody, and stands in a file of the data folder: with two characters behind a name as
    records have them nowhere, or at the beginning of a line of the log."""
    found = []
    for at, _, files in os.walk(site.home):
        for name in files:
            with open(os.path.join(at, name), "rb") as text:
                content = text.read()
            found += [f"{name}: {word!r}" for word in (b"certgate: ", b"created_at: ", b"token: ", b"supervise[",
                                                       b"gate[", b"admin[", b"portal[") if word in content]
    return found


with Site(start=False) as site:
    for closed in (c for n in (1, 2, 3) for c in itertools.combinations(NAMES, n)):
        with case("without standard " + " and ".join(NAMES[fd] for fd in closed)):
            for words, status in ((["key", "create", "--name", f"key {closed}", "--token"], 1 if 1 in closed else 0),
                                  (["key", "list"], 1 if 1 in closed else 0), (["key", "show", "nobody"], 1),
                                  (["steward"], 0), (["user", "create", "--name", f"user {closed}",
                                                      "--password-stdin"], 1)):
                done = subprocess.run(
                    without(closed, site.bin + "/certgate", "--home", site.home, *words), stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, check=False, timeout=HANG_S)
                is_eq(done.returncode, status, " ".join(words[:2])) or diag(done.stdout, done.stderr)
                if words[0] == "key" and status == 1 and 2 not in closed:
                    like(done.stderr, "written" if 1 in closed and "nobody" not in words else "nobody", "and says why")
            is_eq(said(), [], "nothing of what they said is in a file of the data folder")

    for closed in ((2,), (0, 1, 2)):
        with case("the programs, without standard " + " and ".join(NAMES[fd] for fd in closed)):
            site.spawn("supervise", without(
                closed, site.bin + "/certgate", "--home", site.home, "supervise", "--sockets", site.sockets, "--bin",
                site.bin, *(["--user", WEB_USER] if ROOT else [])))
            site.wait_ready()
            nowhere = site.make_api(f"nowhere{len(closed)}", target_url=f"http://127.0.0.1:{site.reserve()}",
                                    auth={"keyless": True})
            is_eq(site.curl(nowhere["listen_path"]).status, 502, "a refusal that the gate logs")
            is_eq(site.stop_programs(), 0, "they end")
            is_eq(said(), [], "and nothing of their logs is in a file of the data folder")

    with case("the data folder"):
        found = site.certgate("verify")
        ok(found.returncode == 0, "is whole") or diag(found.stdout, found.stderr)

done_testing()
