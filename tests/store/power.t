#!/usr/bin/python3
"""The power goes at random moments while the store is written to by REST and by command.

A shim keeps a shadow of the database and log files with what was synced and nothing else: contents
by fsync of the file, names by fsync of the folder.  Copies of it are what a disk holds after a loss
of power: some as they are, some with some of the later pages and names, in any order, as a disk may
have written them all the same.  Each copy recovers to a whole store that holds every write that had
been acknowledged.

CERTGATE_POWER_S: seconds of load (6); CERTGATE_SEED: of the random numbers."""
import fcntl
import json
import os
import pwd
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, WEB_USER
from processes import wait_until
from shim import build_shim
from tap import case, diag, done_testing, is_eq, ok
from website import Site

LOAD_S = float(os.environ.get("CERTGATE_POWER_S") or 6)
COPIES = 8  # at least, and so many logs: a slow machine goes on until then
LOGS = 2
HANG_S = 600
SEED = int(os.environ.get("CERTGATE_SEED") or random.randrange(1 << 30))
PAGE = 4096
chance = random.Random(SEED)
diag(f"CERTGATE_SEED={SEED}")

# The shadow itself need not be on a real disk.
area = tempfile.TemporaryDirectory(prefix="cgt.",
                                   dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")
os.chmod(area.name, 0o755)
shadow = area.name + "/shadow"
os.mkdir(shadow)
os.chmod(shadow, 0o777)
for file in ("LOCK", "NAMES", "KEYS"):
    with open(f"{shadow}/{file}", "wb"):
        pass
    os.chmod(f"{shadow}/{file}", 0o666)
os.environ["POWER_SHADOW"] = shadow
# From the first byte on, with `certgate init`.
os.environ["LD_PRELOAD"] = build_shim(area.name, "power_shim")
site = Site(admins=2)
site.open()
api = site.make_api()
large = site.make_key("large")

# What every key is known to be: "coming", "there", "going", "gone".
keys, ids = {}, {}
state_lock = threading.Lock()
stop = threading.Event()
faults, busy = [], []


def note(name, state):
    with state_lock:
        keys[name] = state


def carried_out(what, answer, status):
    """False: nobody knows, or the load ends.  Whoever waits longer than certgate lets him while a
    copy is made is told so."""
    if answer.status == status:
        return True
    (busy if answer.status == 503 else faults).append(f"{what}: {answer.status} {answer.body}")
    return False


def make_and_remove(number):
    made = []
    for i in range(1 << 30):
        if stop.is_set():
            return
        name = f"rest {number} {i}"
        note(name, "coming")
        answer = site.rest("POST", "/keys", {"name": name, "token": True,
                                             "access": [{"api_id": api["id"]}]})
        if not carried_out("POST", answer, 201):
            continue
        note(name, "there")
        made.append((name, answer.body["id"]))
        if i % 3 == 2:
            name, key = made.pop(0)
            note(name, "going")
            answer = site.rest("DELETE", f"/keys/{key}")
            if carried_out("DELETE", answer, 204):
                note(name, "gone")


def write_much():
    """Large records, so that the log goes from file to file, and the housekeeping between them."""
    for i in range(1 << 30):
        if stop.is_set():
            return
        paths = [f"/{i}/{j}/" + "x" * 900 for j in range(300)]
        answer = site.rest("PATCH", f"/keys/{large['id']}",
                           {"access": [{"api_id": api["id"], "paths": paths}]})
        carried_out("PATCH", answer, 200)
        if i % 8 == 7:
            done = site.certgate("steward")
            if done.returncode != 0:
                waited = re.search("busy|at the housekeeping", done.stderr)
                (busy if waited else faults).append(f"steward: {done.stderr}")


def by_command():
    for i in range(1 << 30):
        if stop.is_set():
            return
        name = f"command {i}"
        note(name, "coming")
        done = site.certgate("key", "create", "--name", name, "--api", "mtls-api", "--token")
        if done.returncode == 0:
            note(name, "there")
        else:
            (busy if "busy" in done.stderr else faults).append(f"command: {done.stderr}")


def without_shim():
    return {n: v for n, v in os.environ.items() if n not in ("LD_PRELOAD", "POWER_SHADOW")}


def acknowledged():
    with state_lock:
        return sum(state in ("there", "gone") for state in keys.values())


def synced_names(path):
    with open(path, encoding="ascii") as lines:
        return set(lines.read().splitlines())


class Copy:
    """What is left of the data folder, and what it has to hold."""

    def __init__(self, number, mixed):
        self.home, self.mixed = f"{area.name}/{number}/home", mixed
        self.live = f"{area.name}/{number}/live"
        os.makedirs(self.home)
        with state_lock:
            before = dict(keys)
        with open(shadow + "/LOCK", "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self._copy(shadow, self.home + "/db")
            if mixed:
                self._copy(site.home + "/db", self.live)
        with state_lock:
            after = dict(keys)
        # The load goes on until the lock is had: what was there before may be on its way out, or
        # gone, in the files.  From "there" on a key is known for sure only while nobody has begun
        # to remove it.
        self.there = [n for n, s in after.items() if s == before.get(n) == "there"]
        self.gone = [n for n, s in before.items() if s == "gone"]

    @staticmethod
    def _copy(source, target):
        subprocess.run(["cp", "-r", "--sparse=always", source, target], env=without_shim(),
                       check=True)

    def prepare(self):
        names = synced_names(self.home + "/db/NAMES")
        for name in ("LOCK", "NAMES", "KEYS", "NEW"):
            if os.path.exists(f"{self.home}/db/{name}"):
                os.unlink(f"{self.home}/db/{name}")
        if os.path.exists(self.home + "/db/revoked.log"):
            os.rename(self.home + "/db/revoked.log", self.home + "/revoked.log")
        live = set(os.listdir(self.live)) if self.mixed else set()
        # Of what was made, renamed or removed and not synced, half.
        names = {n for n in names | live
                 if not self.mixed or (n in names and n in live) or chance.random() < 0.5}
        for name in os.listdir(self.home + "/db"):
            if name not in names:
                os.unlink(f"{self.home}/db/{name}")
        for name in sorted(names):
            # Of one whose first sync was not yet nothing is known but the name.
            with open(f"{self.home}/db/{name}", "ab"):
                pass
            if name in live:
                self._mix(f"{self.home}/db/{name}", f"{self.live}/{name}")
        if self.mixed:
            shutil.rmtree(self.live)
        shutil.copytree(site.home + "/keys", self.home + "/keys")
        os.mkdir(self.home + "/run")
        user = pwd.getpwnam(WEB_USER)
        for folder, _, files in os.walk(self.home):
            os.chmod(folder, 0o700)
            for path in [folder, *(os.path.join(folder, name) for name in files)]:
                if ROOT:
                    os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(os.path.dirname(self.home), 0o755)

    @staticmethod
    def _mix(path, live):
        """Of what was written and not synced, half."""
        with open(path, "r+b") as synced, open(live, "rb") as written:
            at = 0
            while True:
                new, old = written.read(PAGE), synced.read(PAGE)
                if not new:
                    return
                if new != old and chance.random() < 0.5:
                    synced.seek(at)
                    synced.write(new)
                at += PAGE
                synced.seek(at)

    def certgate(self, *args):
        return subprocess.run([site.bin + "/certgate", "--home", self.home, *args],
                              env=without_shim(), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=HANG_S)

    def whats_wrong(self):
        self.prepare()
        check = self.certgate("verify")
        if check.returncode != 0 or not check.stdout.startswith("whole: true\n"):
            return f"verify: {check.stdout[-600:]} {check.stderr[-1500:]}"
        done = self.certgate("export", "-")
        if done.returncode != 0:
            return f"export: {done.stderr[-1500:]}"
        export = json.loads(done.stdout)
        there = {k["name"]: k["id"] for k in export["keys"]}
        with_token = {c["key_id"] for c in export["credentials"]}
        lost = [n for n in self.there if there.get(n) not in with_token]
        back = [n for n in self.gone if n in there]
        shutil.rmtree(os.path.dirname(self.home))
        return f"lost: {lost[:5]}; gone and back: {back[:5]}" if lost or back else None


with case("the keys"):
    # Without audit.key nobody can tell whether the audit is whole.
    is_eq({"audit.key", "proof"} - synced_names(shadow + "/KEYS"), set(), "have names on disk")

with case("power"):
    copies = [Copy("first", False)]
    workers = [threading.Thread(target=make_and_remove, args=(n,)) for n in range(2)]
    workers += [threading.Thread(target=write_much), threading.Thread(target=by_command)]
    for worker in workers:
        worker.start()
    began = time.monotonic()

    def logs():
        return sum(name.startswith("log.") for name in os.listdir(shadow))

    def removed():
        with state_lock:
            return "gone" in keys.values()

    while (time.monotonic() < began + LOAD_S or len(copies) < COPIES or logs() < LOGS or
           not removed()) and not faults and time.monotonic() < began + LOAD_S + HANG_S:
        known = acknowledged()
        wait_until(lambda: acknowledged() > known or faults, "a write", HANG_S)
        # The random moment; nothing is waited for.  On a slow machine later and later, so that
        # there is room for all copies.
        stop.wait(chance.uniform(0, 0.5) * max(1, len(copies) / COPIES))
        copies.append(Copy(len(copies), len(copies) % 2 == 0))
    stop.set()
    for worker in workers:
        worker.join()
    copies.append(Copy("last", False))
    is_eq(faults, [], "every request was carried out")
    diag(f"{len(copies)} copies; {len(keys)} keys were made; log files: {logs()}; "
         f"told to come again: {len(busy)}")
    ok(len(copies) > COPIES and logs() >= LOGS, "there are copies, the log went from file to file")
    ok(any(copy.there for copy in copies) and any(copy.gone for copy in copies),
       "they have to know of keys that are there, and of some that are gone")
    for mixed, title in ((False, "with everything cut off that was not synced"),
                         (True, "with some pages and names more")):
        chosen = [copy for copy in copies if copy.mixed == mixed]
        wrong = [fault for fault in (copy.whats_wrong() for copy in chosen) if fault]
        ok(chosen and not wrong, f"{len(chosen)} copies {title} recover to what was acknowledged")
        if wrong:
            diag(f"{len(wrong)} wrong", *wrong[:5])
    # A copy's log must not lead its recovery to the original.
    check = site.certgate("verify")
    ok(check.returncode == 0 and check.stdout.startswith("whole: true\n"),
       "the original is whole after all that") or diag(check.stdout, check.stderr)
for variable in ("LD_PRELOAD", "POWER_SHADOW"):
    del os.environ[variable]
done_testing()
