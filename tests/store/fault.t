#!/usr/bin/python3
"""A key is made while one thing fails: the N-th allocation, write or sync of our own code or of
Berkeley DB, once and for ever, for every N until a run completes.

The command has to say that it is done, or in a sentence why not; and afterwards the store is whole
and holds exactly what was said: all of the key, or nothing of it.  An allocation inside another
library may end the process; then too it is all or nothing.

CERTGATE_FAULT_ALL=1 tries every N (half an hour); without, all calls to the disk and some others."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert
from environment import BIN, HANG_S
from shim import build_shim
from tap import case, diag, done_testing, ok

ALL = os.environ.get("CERTGATE_FAULT_ALL") == "1"
CERTGATE = BIN + "/certgate"
# What may be said when even recovery could not find out whether the commit reached the disk.
UNKNOWN = "It is not known whether"

# Faults are made up here, so the disk need not be a real one.
work = tempfile.TemporaryDirectory(prefix="cgt.",
                                   dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")
home, pristine = work.name + "/home", work.name + "/pristine"
shim = build_shim(work.name, "fault_shim")
partner = make_cert(work.name, "partner")


def certgate(*args, **faults):
    env = {n: v for n, v in os.environ.items() if n != "LD_PRELOAD"}
    if faults:
        env["LD_PRELOAD"] = shim
        env.update({"FAULT_" + n.upper(): str(v) for n, v in faults.items()})
    # One that hangs is a fault of its own.
    return subprocess.run([CERTGATE, "--home", home, *args], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=HANG_S, env=env)


def must(*args):
    done = certgate(*args)
    if done.returncode != 0:
        raise RuntimeError(f"certgate {args}: {done.returncode} {done.stderr}")
    return done.stdout


def start_over(recover):
    """The data folder as it was; with `recover`, as after the death of somebody inside."""
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", pristine, home], check=True)
    if recover:
        os.unlink(home + "/run/lock")


def records():
    must("export", work.name + "/export")
    with open(work.name + "/export", encoding="utf-8") as text:
        found = json.load(text)
    os.unlink(work.name + "/export")
    return found


CREATE = ("--json", "key", "create", "--name", "Billing", "--cert", partner.path, "--api", "mtls-api")


def count(recover, **faults):
    """How many calls there are to fail, and that without a fault all is well."""
    start_over(recover)
    log = work.name + "/calls"
    done = certgate(*CREATE, log=log, **faults)
    with open(log, encoding="ascii") as lines:
        calls = lines.read().splitlines()
    os.unlink(log)
    if done.returncode != 0 or whats_wrong(done):
        raise RuntimeError(f"without a fault: {done.returncode} {done.stderr}")
    return calls


def whats_there():
    """'all', 'nothing', or what is torn."""
    now = records()
    if now == before:
        return "nothing"
    new = {what: [r for r in now[what] if r not in before[what]]
           for what in ("keys", "credentials", "certificates", "audit")}
    rest = {what: [r for r in now[what] if r in before[what]] if what in new else now[what]
            for what in now}
    if rest != before:
        return f"something else changed: {now}"
    if any(len(new[what]) != 1 for what in ("keys", "credentials", "certificates")):
        return f"torn: {new}"
    key, credential = new["keys"][0], new["credentials"][0]
    if (key["name"], credential["key_id"], credential["sha256"]) != \
            ("Billing", key["id"], partner.sha256) or \
            "key.create" not in [entry["action"] for entry in new["audit"]]:
        return f"torn: {new}"
    return "all"


def whats_wrong(done, may_end=False, may_be_unknown=False):
    """None when what was said and what is there are the same, and the store is whole."""
    check = certgate("verify")
    if check.returncode != 0 or not check.stdout.startswith("whole: true\n"):
        return f"verify: {check.returncode} {check.stdout} {check.stderr}"
    there = whats_there()
    if there not in ("all", "nothing"):
        return there
    if done.returncode == 0:
        if there != "all":
            return "done was said, and nothing is there"
        try:
            made = json.loads(done.stdout)["id"]
        except ValueError:
            return f"done was said, but not what: {done.stdout!r} {done.stderr!r}"
        return None if made in [k["id"] for k in records()["keys"]] else "another id was said"
    if done.returncode == 1 and UNKNOWN in done.stderr:
        return None if may_be_unknown else "recovery could have found out"
    if done.returncode == 1:
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
        if not may_end and not re.match(r"certgate: .{20,}\.( \(\w+\))?$", last):
            return f"the error is no sentence: {done.stderr!r}"
        return None if there == "nothing" or may_end else \
            f"an error was said, and the key is there: {done.stderr!r}"
    return None if may_end and done.returncode < 0 else f"it ended with {done.returncode}"


def loop(numbers, every, recover, may_end=False, **faults):
    """One test: each of the numbers."""
    wrong, ends = [], {}
    for at in numbers:
        start_over(recover)
        try:
            done = certgate(*CREATE, at=at, **faults)
            end = "unknown" if UNKNOWN in done.stderr else done.returncode
            ends[end] = ends.get(end, 0) + 1
            fault = whats_wrong(done, may_end, faults["do"] == "ever")
        except subprocess.TimeoutExpired:
            fault, done = "it hangs", None
        if fault:
            wrong.append(f"{every[at - 1]}: {fault}" +
                         (f"\n{done.stderr[-1500:]}" if done and VERBOSE else ""))
    diag(f"{len(numbers)} of {len(every)} calls; ended with {ends}")
    ok(len(numbers) > 0 and not wrong, "clear answers, and what was said is there")
    if wrong:
        diag(f"{len(wrong)} wrong", *wrong[:10])


VERBOSE = bool(os.environ.get("TEST_VERBOSE"))


def chosen(n, some):
    """All, or `some` of 1 to n with the first and the last."""
    if ALL or n <= some:
        return list(range(1, n + 1))
    return sorted({1 + round(i * (n - 1) / (some - 1)) for i in range(some)})


must("init", "--proof-file", work.name + "/proof")
must("api", "create", "--name", "mtls-api", "--listen-path", "/mtls-api/", "--target-url",
     "http://127.0.0.1:1", "--use-certificate", "true")
before = records()
shutil.copytree(home, pristine, symlinks=True)

# name, recovering, calls, whose, errno, what happens, how many in a short run
ROWS = [
    ("no memory", False, "memory", "ours", 0, "once", 40),
    ("no memory", False, "memory", "ours", 0, "ever", 20),
    ("no room on the disk", False, "disk", "ours", 28, "once", 99),
    ("no room on the disk", False, "disk", "ours", 28, "ever", 99),
    ("a failing disk", False, "disk", "ours", 5, "once", 99),
    ("a failing disk", False, "disk", "ours", 5, "ever", 99),
    ("killed at a call to the disk", False, "disk", "ours", 0, "kill", 99),
    ("no memory in another library", False, "memory", "others", 0, "once", 12),
    ("no memory in another library", False, "memory", "others", 0, "ever", 6),
    ("no memory while recovering", True, "memory", "ours", 0, "once", 12),
    ("no memory while recovering", True, "memory", "ours", 0, "ever", 6),
    ("no room while recovering", True, "disk", "ours", 28, "once", 4),
    ("no room while recovering", True, "disk", "ours", 28, "ever", 4),
    ("a failing disk while recovering", True, "disk", "ours", 5, "once", 4),
    ("a failing disk while recovering", True, "disk", "ours", 5, "ever", 4),
    ("a disk that cannot be read", False, "read", "ours", 5, "once", 8),
    ("a disk that cannot be read", False, "read", "ours", 5, "ever", 6),
    ("a disk that cannot be read while recovering", True, "read", "ours", 5, "once", 14),
    ("a disk that cannot be read while recovering", True, "read", "ours", 5, "ever", 6),
    ("killed at a call to the disk while recovering", True, "disk", "ours", 0, "kill", 4),
]
ONLY = os.environ.get("CERTGATE_FAULT_ONLY")  # a part of a name
for title, recovering, what, who, errno, action, short in ROWS:
    name = f"{title}, {action}"
    if ONLY and ONLY not in name:
        continue
    with case(name):
        every = count(recovering, calls=what, who=who)
        numbers = chosen(len(every), short)
        if recovering and what == "memory":
            # Among them those for reading the log, whose failure once cut it off.
            numbers = sorted({*numbers, *(i for i, line in enumerate(every, 1)
                                          if line.split()[1] == "realloc")})
        if recovering and what == "disk":
            # Two thousand writes of them are one loop that zeroes the log's end: of those a few.
            quick = [i for i, line in enumerate(every, 1)
                     if not line.split()[1] == "write" or i % (10 if ALL else 800) == 0]
            numbers = quick if ALL else sorted({*numbers, *quick[::2]})
        loop(numbers, every, recovering, who == "others" or action == "kill", calls=what,
             who=who, errno=errno, do=action)
done_testing()
