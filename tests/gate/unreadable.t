#!/usr/bin/python3
"""A store that cannot be read is 503 and not ready, never a pass; and all is well when it can be read
again, without anybody's help."""
import contextlib
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import code_of  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402


class Store:
    """A site with clients who may and who may not, and what becomes of them."""

    def __init__(self, site):
        self.site = site
        api = site.make_api()
        names = ("known", "unseen", "to revoke", "revoked", "revoked unseen", "stranger",
                 "stranger unseen")
        self.certs = {name: site.make_cert(name) for name in names}
        self.keys = {name: site.make_key(name, self.certs[name], api) for name in names[:5]}
        for name in names[3:5]:
            assert site.rest("DELETE", f"/keys/{self.keys[name]['id']}/credentials/"
                             f"{self.certs[name].sha256}").status == 204
        # Each gate has seen them: which one a request comes to is chance.
        for pid in site.pids("gate"):
            with site.alone(pid):
                for name in ("known", "to revoke", "revoked", "stranger"):
                    site.fcgi({"REQUEST_URI": "/mtls-api/x", "SSL_CLIENT_VERIFY": "GENEROUS",
                               "SSL_CLIENT_CERT": self.certs[name].pem})
        self.lost = {"revoked", "revoked unseen", "stranger", "stranger unseen"}
        site.upstream_clear()

    def call(self, name):
        return self.site.curl("/mtls-api/x", cert=self.certs[name])

    def state(self):
        return self.site.curl("/healthz").status, self.site.curl("/readyz").status

    def judge(self, when):
        """Nobody passes who may not; who may is served, or told to come again.  Returns what those
        saw."""
        seen = {}
        # At once: each may have to wait for the store.
        with ThreadPoolExecutor(len(self.certs)) as pool:
            answers = dict(zip(self.certs, pool.map(self.call, self.certs)))
        for name, answer in answers.items():
            allowed = {(503, "unavailable")}
            if name in self.lost:
                allowed |= {(403, "credential_unknown"), (403, "credential_inactive"),
                            (403, "key_inactive")}
            elif answer.status == 200:
                allowed |= {code_of(answer)}
            if not ok(code_of(answer) in allowed, f"{when}: {name} ({answer.status})"):
                diag(repr(answer))
            if answer.status == 503:
                ok(answer.headers.get("retry-after"), f"{when}: {name}: Retry-After")
            seen[name] = answer.status
        passed = {v for r in self.site.upstream_log() for n, v in r["headers"]
                  if n.lower() == "x-certgate-key-name"}
        is_eq(passed - (set(self.keys) - self.lost), set(),
              f"{when}: nobody else reached the upstream")
        self.site.upstream_clear()
        return seen

    def back(self, when):
        def good():
            return self.state() == (200, 200) and self.call("known").status == 200 and \
                self.site.rest("GET", "/keys").status == 200

        ok(wait_until(good, "the service"), f"{when}: the service is back by itself")
        seen = self.judge(when)
        is_eq({name for name, status in seen.items() if status == 200},
              set(self.certs) - self.lost, f"{when}: with all who may, and nobody else")

    def kill(self, *programs):
        self.site.kill(*[pid for program in programs for pid in self.site.pids(program)])

    def revoke(self, name):
        self.lost.add(name)
        return self.site.rest("PATCH", f"/keys/{self.keys[name]['id']}", {"active": False}).status


def stop_holder(store):
    """Stops a program while it is inside the store's lock; returns it.  What it does changes
    nobody's rights."""
    def begin():
        return subprocess.Popen(
            [store.site.bin + "/certgate", "--home", store.site.home, "token", "create", "--name",
             os.urandom(6).hex(), "--role", "viewer"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    began = time.monotonic()
    begin().wait()
    takes = time.monotonic() - began
    end = time.monotonic() + 3 * DEADLINE_S
    while time.monotonic() < end:
        holder = begin()
        # It is somewhere: let it be so for ever.
        with contextlib.suppress(subprocess.TimeoutExpired):
            holder.wait(random.uniform(0, takes))
        if holder.poll() is None:
            holder.send_signal(signal.SIGSTOP)
            if store.site.curl("/readyz").status == 503:
                return holder
            holder.send_signal(signal.SIGCONT)
        holder.wait(DEADLINE_S)
    raise TimeoutError("no program was caught inside the lock")


def lock_held(store):
    holder = stop_holder(store)
    try:
        is_eq(store.state(), (200, 503), "alive, and not ready")
        seen = store.judge("the lock is held")
        is_eq(seen["known"], 200, "who is known is served all the while")
        store.kill("gate")
        is_eq(store.state(), (200, 503), "gates that start now: alive, and not ready")
        seen = store.judge("started while the lock is held")
        is_eq(seen["known"], 503, "nobody is known to them")
    finally:
        holder.send_signal(signal.SIGCONT)
    is_eq(holder.wait(DEADLINE_S), 0, "the holder goes on, and does what it was to do")
    store.back("then")
    # A holder that is gone holds nothing.
    holder = stop_holder(store)
    holder.kill()
    holder.wait()
    store.back("a holder that was stopped, and killed")


def counters_away(store):
    """What gates need beside the store."""
    slots = store.site.home + "/run/limits.slots"
    os.rename(slots, slots + ".away")
    store.kill("gate")
    is_eq(store.state(), (200, 503), "gates that cannot count start: alive, and not ready")
    seen = store.judge("the counters are away")
    is_eq(set(seen.values()), {503}, "nobody is told anything but to come again")
    os.rename(slots + ".away", slots)
    store.back("the counters are back")


def moved_away(store):
    home = store.site.home
    os.rename(home + "/db", home + "/away")
    store.judge("moved away")
    store.kill("gate", "admin")
    is_eq(store.state(), (200, 503), "gates that start now: alive, and not ready")
    seen = store.judge("moved away, and started")
    is_eq(set(seen.values()), {503}, "nobody is told anything but to come again")
    is_eq(code_of(store.site.curl("/mtls-api/x")), (503, "unavailable"), "nor is who shows nothing")
    answer = store.site.rest("GET", "/keys")
    is_eq((answer.status, answer.body.get("code")), (503, "unavailable"), "REST says the same")
    for path in ("/admin/api/v1/keys", "/admin/login", "/portal/", "/portal/whoami"):
        told = store.site.curl(path)
        ok(told.status in (200, 503) and home not in told.body.decode(),
           f"{path}: a stranger is told no path")
    ok(not os.path.exists(home + "/db"), "no empty store was made in its place")
    os.rename(home + "/away", home + "/db")
    store.back("moved back")


def closed(store):
    db = store.site.home + "/db"
    files = glob.glob(db + "/*")
    for path in files:
        os.chmod(path, 0)
    store.kill("gate", "admin")
    is_eq(store.state(), (200, 503), "gates that start now: alive, and not ready")
    is_eq(set(store.judge("files without rights").values()), {503}, "503 for all")
    for path in files:
        os.chmod(path, 0o600)
    store.back("rights given back")


def cold_copy(store):
    """Of the store's files, while nobody writes to them."""
    copy = store.site.folder + "/copy"
    store.site.stop_programs()
    shutil.copytree(store.site.home + "/db", copy)
    store.site.start_programs()
    store.back("a start")
    return copy


def put_back(store, copy):
    db = store.site.home + "/db"
    for name in os.listdir(copy):
        shutil.copyfile(f"{copy}/{name}", f"{db}/{name}")
    # What was made meanwhile out of nothing is no part of the store.
    for name in set(os.listdir(db)) - set(os.listdir(copy)):
        os.unlink(f"{db}/{name}")


def overwritten(store):
    store.kill("gate", "admin")
    store.back("a first kill")
    copy = cold_copy(store)
    for path in glob.glob(store.site.home + "/db/*"):
        with open(path, "r+b") as out:
            out.write(random.randbytes(min(os.path.getsize(path), 1 << 20)))
    store.judge("overwritten")
    store.kill("gate", "admin")
    is_eq(store.state(), (200, 503), "gates that start now: alive, and not ready")
    is_eq(set(store.judge("overwritten, and started").values()), {503}, "503 for all")
    put_back(store, copy)
    store.back("put back")


def some_overwritten(store):
    """One file; whatever can be made good out of the log is, and nothing else."""
    copy = cold_copy(store)
    for name in ("credential", "key", "meta"):
        path = f"{store.site.home}/db/{name}.db"
        with open(path, "r+b") as out:
            out.write(random.randbytes(os.path.getsize(path)))
        store.judge(f"{name}.db overwritten")
        store.kill("gate", "admin")
        store.judge(f"{name}.db overwritten, and started")
        # All of it, by nobody's side: what was written meanwhile is in other files as well.
        store.site.stop_programs()
        put_back(store, copy)
        store.site.start_programs()
        store.back(f"{name}.db put back")


def regions_lost(store):
    for path in glob.glob(store.site.home + "/run/__db*"):
        os.unlink(path)
    store.judge("regions removed")
    store.kill("admin")
    wait_until(lambda: store.site.rest("GET", "/keys").status == 200, "admin")
    is_eq(store.revoke("to revoke"), 200, "a key is switched off by an admin that started since")
    seen = store.judge("and then")
    is_eq(seen["to revoke"], 403, "which holds at once, in gates that started before")
    store.kill("gate")
    store.back("gates started anew")


def run_lost(store):
    for path in glob.glob(store.site.home + "/run/*"):
        os.unlink(path)
    old = set(store.site.pids("gate"))
    store.kill("admin")
    wait_until(lambda: store.site.rest("GET", "/keys").status == 200, "admin")

    def noticed():
        status = store.call("known").status
        if status not in (200, 503):
            ok(False, f"who is known: {status}")
        return len(store.site.pids("gate")) == 2 and not old & set(store.site.pids("gate"))

    ok(wait_until(noticed, "new gates"), "gates that notice it end, for others to start")
    is_eq(store.revoke("to revoke"), 200, "a key is switched off by an admin that started since")
    store.judge("and then")
    store.back("the run folder made anew")


def keys_lost(store):
    home = store.site.home
    os.rename(home + "/keys/proof", home + "/away")
    store.kill("gate", "admin")
    is_eq(store.state(), (200, 503), "gates that start now: alive, and not ready")
    is_eq(set(store.judge("no proof").values()), {503}, "503 for all")
    os.rename(home + "/away", home + "/keys/proof")
    store.back("put back")


for title, test in (("the lock is held", lock_held), ("the counters are away", counters_away),
                    ("the store is moved away", moved_away),
                    ("the store's files are closed", closed),
                    ("all of the store is overwritten", overwritten),
                    ("a part of the store is overwritten", some_overwritten),
                    ("regions are lost", regions_lost), ("the run folder is lost", run_lost),
                    ("the proof is lost", keys_lost)):
    start = time.monotonic()
    with case(title), Site(gates=2) as one:
        test(Store(one))
    diag(f"{title}: {time.monotonic() - start:.1f} s")
done_testing()
