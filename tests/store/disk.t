#!/usr/bin/python3
"""The disk below the data folder fails: it is full, read-only, gone, somebody else's, open to all.

Whoever writes is told which folder and what is wrong with it, whoever is known goes on calling as
far as the store can be read, nobody else ever passes, nothing is torn; and when the fault is gone
all works again, without a restart."""
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, WEB_USER
from processes import wait_until
from shim import build_shim
from tap import case, diag, done_testing, is_eq, like, ok, skip, unlike
from website import Site

INSIDE = "CERTGATE_TEST_OWN_MOUNTS"
OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"]
if INSIDE not in os.environ and ROOT and subprocess.run(
        [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True,
        check=False).returncode == 0:
    # What is mounted there is gone with the last process.
    os.environ[INSIDE] = "1"
    os.execvp("unshare", [*OWN_MOUNTS, sys.executable, os.path.abspath(__file__)])
MOUNTS = INSIDE in os.environ
WHY_NOT = "no file system can be mounted here"
# Room for the store, a copy of it that verify makes, what a recovery wants to find free, and the file of
# the refused requests.
DISK_MB = 220


class DiskSite(Site):
    """Its data folder is a disk of its own."""

    def find_programs(self):
        if MOUNTS:
            owner = pwd.getpwnam(WEB_USER)
            os.mkdir(self.home, 0o700)
            # What is seen when the disk is gone.
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "none",
                            self.home], check=True)
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
        return super().find_programs()

    def close(self):
        super().close()
        if MOUNTS and os.path.ismount(self.home) and not os.environ.get("CERTGATE_TEST_KEEP"):
            subprocess.run(["umount", "-l", self.home], check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.home], check=True)

    def fill(self):
        """Not a byte is free after it."""
        with open(self.home + "/filler", "wb", buffering=0) as filler:
            for piece in (1 << 20, 4096):
                try:
                    while True:
                        filler.write(b"x" * piece)
                except OSError:
                    pass

    def free(self):
        os.unlink(self.home + "/filler")


site = DiskSite(admins=2)
site.open()
shim = build_shim(site.folder, "fault_shim")
api = site.make_api()
acknowledged = set()
known, other, stranger = (site.make_cert(name) for name in ("known", "other", "stranger"))
n_keys = 0


def new_key(**more):
    """A key by REST, whose name is remembered when it was acknowledged."""
    global n_keys
    n_keys += 1
    name = f"key {n_keys}"
    answer = site.rest("POST", "/keys", {"name": name, **more})
    if answer.status == 201:
        acknowledged.add(name)
    return answer


def by_command(*args):
    global n_keys
    n_keys += 1
    name = f"key {n_keys}"
    done = site.certgate("--json", "key", "create", "--name", name, *args)
    if done.returncode == 0:
        acknowledged.add(name)
    return done


def call(cert):
    """200, or the refusal's code."""
    answer = site.curl("/mtls-api/", cert=cert, seconds=30)
    if answer.status == 200:
        return 200
    try:
        return answer.json()["code"]
    except ValueError:
        return f"{answer!r}"


def holds_what_was_said(name):
    check = site.certgate("verify")
    ok(check.returncode == 0 and check.stdout.startswith("whole: true\n"),
       f"{name}: the store is whole") or diag(check.stdout, check.stderr)
    done = site.certgate("export", "-")
    is_eq({k["name"] for k in json.loads(done.stdout)["keys"]}, acknowledged,
          f"{name}: it holds every key that was acknowledged, and no other")


def programs():
    return sorted(site.pids("gate") + site.pids("admin"))


def failed_starts():
    """The process ids of programs that said that they cannot start."""
    with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as log:
        return {int(pid) for pid in re.findall(r"\[(\d+)\] error start_failed ", log.read())}


def refused(done, pattern, name):
    is_eq(done.returncode, 1, f"{name} is refused")
    like(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "", pattern,
         f"{name}: it says which folder and what is wrong")


def told(answer):
    """What the answer says; of one for strangers, which name no path, what the log says."""
    detail = answer.body.get("detail")
    if "The cause is in the log" not in detail:
        return detail
    with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as log:
        return "\n".join(line for line in log if answer.body["request_id"] in line or "start_failed" in line)


def is_full(answer, name):
    is_eq((answer.status, answer.body.get("code")), (507, "storage_full"), name)
    like(told(answer), f"{site.home}.* is full|no room for {site.home}",
         f"{name}: it says which folder, and that it is full")


def is_unavailable(answer, pattern, name):
    is_eq((answer.status, answer.body.get("code")), (503, "unavailable"), name)
    like(told(answer), pattern, f"{name}: it says which folder and what is wrong")


def returns(name):
    """Nobody starts anything; what there was goes on or is started again by the supervisor."""
    wait_until(lambda: call(known) == 200, "the gate's return")
    wait_until(lambda: new_key(token=True).status == 201, "the return of the REST interface")
    is_eq((call(known), call(other), call(stranger)), (200, 200, "credential_unknown"),
          f"{name}: all are back, and only the stranger is refused")
    is_eq(by_command("--token").returncode, 0, f"{name}: the command works")
    holds_what_was_said(name)


def kill_worker(program):
    """One process of it; its successor is there when this returns."""
    site.kill(wait_until(lambda: site.pids(program), "a process")[0])
    wait_until(lambda: site.pids(program), "a successor")


def answers():
    """Of all the gate's clients."""
    return [call(cert) for cert in (known, other, stranger)]


with case("to begin with"):
    for cert in (known, other):
        is_eq(new_key(certificate=cert.pem, access=[{"api_id": api["id"]}]).status, 201, "a key")
    is_eq(answers(), [200, 200, "credential_unknown"], "who is known passes")

if MOUNTS:
    with case("the disk is full"):
        new_key(token=True)
        is_eq(call(known), 200, "one client is known to the gate's cache, the other is not")
        before = programs()
        site.fill()
        # What fits into the last page of the log is still taken, and counts.
        full = wait_until(lambda: [a for a in [new_key(token=True)] if a.status != 201], "507")[0]
        is_full(full, "a new key by REST")
        is_full(site.rest("PATCH", "/apis/" + api["id"], {"timeout_ms": 20000}), "a change")
        is_full(site.rest("DELETE", "/keys/" + site.rest(
            "GET", "/keys?q=key%203").body["items"][0]["id"]), "a removal")
        refused(by_command("--token"), f"{site.home}.* is full", "a new key by command")
        refused(site.certgate("verify"), f"full|no room .*{site.home}", "verify")
        is_eq(answers(), [200, 200, "credential_unknown"], "the gate reads on, cached or not")
        kill_worker("gate")
        is_eq(answers(), [200, 200, "credential_unknown"], "a gate that starts now does, too")
        is_eq(len(set(programs()) & set(before)), len(before) - 1, "no other process ended")
        site.free()
        returns("with room again")

    with case("the disk is full while it is to be recovered"):
        is_eq(answers(), [200, 200, "credential_unknown"], "all are known to the gate's cache")
        before = programs()
        site.fill()
        env = dict(os.environ, LD_PRELOAD=shim, FAULT_CALLS="disk", FAULT_AT="1", FAULT_DO="kill")
        done = subprocess.run([site.bin + "/certgate", "--home", site.home, "key", "create",
                               "--name", "half", "--token"], env=env, check=False)
        is_eq(done.returncode, -signal.SIGKILL, "a writer is killed in the middle of its commit")
        is_full(new_key(token=True), "a new key by REST")
        refused(by_command("--token"), f"{site.home}.* is full", "a new key by command")
        is_eq(answers(), [200, 200, "credential_unknown"], "the gate goes on from its cache")
        newcomer = site.make_cert("newcomer")
        is_eq(call(newcomer), "credential_unknown", "a stranger is told without the store")
        for _ in range(10):
            new_key(token=True)
            call(newcomer)
        is_eq(programs(), before, "no process ended of it")
        kill_worker("gate")
        kill_worker("admin")
        is_eq(answers(), ["unavailable"] * 3, "a gate that starts now has nothing to go on from")
        for _ in range(4):
            is_eq(new_key(token=True).status // 100, 5, "REST, whichever process answers")
        site.free()
        returns("with room again")
        # Those who could not start serve for a moment, then end.
        wait_until(lambda: not failed_starts() & set(programs()), "the end of who could not start")
        before = set(programs())
        returns("after it")
        is_eq(set(programs()), before, "nothing ends any more")

    with case("the folder is read-only"):
        site.stop_programs()
        site.remount("ro")
        refused(by_command("--token"), f"{site.home}.*(R|r)ead-only", "a new key by command")
        refused(site.certgate("key", "list"), f"{site.home}.*(R|r)ead-only", "a list by command")
        site.start_programs(says=b"cannot start yet: .*[Rr]ead-only")
        is_eq(answers(), ["unavailable"] * 3, "nobody passes")
        is_unavailable(new_key(token=True), f"{site.home}.*(R|r)ead-only", "a new key by REST")
        is_unavailable(site.rest("GET", "/keys"), f"{site.home}.*(R|r)ead-only", "a list by REST")
        site.remount("rw")
        returns("writable again")
else:
    skip("the disk is full", WHY_NOT)
    skip("the disk is full while it is to be recovered", WHY_NOT)
    skip("the folder is read-only", WHY_NOT)

# A disk that turns read-only below running programs, as one does that fails: no file system can be
# asked for that while it is written to, so the calls are made to fail.
with case("the disk turns read-only"):
    switch = site.folder + "/read-only"
    site.stop_programs()
    os.environ.update({"LD_PRELOAD": shim, "FAULT_CALLS": "disk", "FAULT_DO": "ever",
                       "FAULT_AT": "1", "FAULT_ERRNO": "30", "FAULT_PATH": site.home,
                       "FAULT_SWITCH": switch})
    site.start_programs()
    for variable in ("LD_PRELOAD", "FAULT_CALLS", "FAULT_DO", "FAULT_AT", "FAULT_ERRNO",
                     "FAULT_PATH", "FAULT_SWITCH"):
        del os.environ[variable]
    site.wait_ready()
    is_eq(answers(), [200, 200, "credential_unknown"], "all are known to the gate's cache")
    before = programs()
    with open(switch, "w", encoding="ascii"):
        pass
    for _ in range(3):
        answer = new_key(token=True)
        is_eq(answer.status, 503, "a new key by REST")
        like(told(answer), site.home, "it says which folder")
    is_eq(answers(), [200, 200, "credential_unknown"], "the gate goes on from its cache")
    is_eq(call(site.make_cert("another")), "credential_unknown",
          "a stranger is told without the store")
    is_eq(programs(), before, "no process ended of it")
    os.unlink(switch)
    # Of the first one nobody could say whether it was made.
    maybe = {k["name"] for k in json.loads(site.certgate("export", "-").stdout)["keys"]}
    ok(len(maybe - acknowledged) <= 1 and acknowledged <= maybe, "all that was acknowledged is there")
    acknowledged |= maybe
    returns("writable again")
    site.stop_programs()
    site.start_programs()
    site.wait_ready()


def others_hold(fault, undo, pattern, name, ends=False):
    """A fault of the folder that only those see who open it now: they say it, and the rest goes on
    or says it, too.  `ends`: a gate that looks, each second, sees it and ends."""
    with case(name):
        before = [200, 200, "credential_unknown"]
        is_eq(answers(), before, "all is well before")
        fault()
        try:
            refused(by_command("--token"), pattern, "a new key by command")
            refused(site.certgate("key", "list"), pattern, "a list by command")
            now = answers()
            ok(now == before or ends and all(a in (b, "unavailable") for a, b in zip(now, before)),
               "the gate goes on" + (", or lets nobody pass" if ends else "")) or diag(now)
            kill_worker("gate")
            is_eq(answers(), ["unavailable"] * 3, "a gate that starts now lets nobody pass")
            kill_worker("admin")
            kill_worker("admin")
            seen = wait_until(lambda: [a for a in [new_key(token=True)] if a.status == 503],
                              "503")[0]
            is_unavailable(seen, pattern, "a new key by REST")
        finally:
            undo()
        returns("as it was")


AWAY = site.home + ".away"
if MOUNTS:
    os.mkdir(AWAY)


def move(source, target):
    if not MOUNTS:
        os.rename(source, target)
    else:
        subprocess.run(["mount", "--move", source, target], check=True)


others_hold(lambda: move(site.home, AWAY), lambda: move(AWAY, site.home),
            f"{site.home}.*No such file or directory", "the folder is missing", ends=True)
others_hold(lambda: os.chmod(site.home + "/db", 0o750), lambda: os.chmod(site.home + "/db", 0o700),
            f"{site.home}/db is open to other users .*chmod 700", "the folder is open to others")
if ROOT:
    user = pwd.getpwnam(WEB_USER)
    others_hold(lambda: os.chown(site.home + "/keys", 0, 0),
                lambda: os.chown(site.home + "/keys", user.pw_uid, user.pw_gid),
                f"{site.home}/keys belongs to another user", "the folder belongs to somebody else")
else:
    skip("the folder belongs to somebody else", "only root can give it away")
with open(site.logs + "/supervise.log", encoding="utf-8") as log:
    unlike(log.read(), r"by=.signal (6|7|11)\b", "no process crashed")
done_testing()
