#!/usr/bin/python3
"""Backup while everything writes, and going back to one: what is in it, what is refused, what stays
revoked, and what a kill leaves.  One file, though long: each part goes on with the store and the backups
that those before it made.

CERTGATE_TIMED=1: how long writers were held up is judged, not only told."""
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import HANG_S, ROOT, WEB_USER  # noqa: E402
from homes import Home, make_export  # noqa: E402
from processes import thread_states, wait_until  # noqa: E402
from shim import build_shim  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

# Bounds on time hold on a machine that does nothing else.
TIMED = os.environ.get("CERTGATE_TIMED") == "1"
PASSPHRASE = "correct horse battery staple\n"
BULK, BULK_BYTES = 10000, 3000  # records of the large store, and what each holds
site = Site(admins=2)


def backup_folder(name):
    """Where the data folder's owner may write."""
    folder = site.folder + "/backups"
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
        if ROOT:
            shutil.chown(folder, WEB_USER, WEB_USER)
    return f"{folder}/{name}"


def copy_tree(from_, to):
    """With owners: the data folder's owner reads it."""
    subprocess.run(["cp", "-a", from_, to], check=True)


def refused(done, pattern, name):
    if done.returncode != 1:
        ok(False, f"{name}: refused (status {done.returncode}) {done.stderr}")
        return False
    return like(done.stderr, pattern, name)


def folder_state(home):
    """What must not change when nothing is done: which databases lie there, and what is kept."""
    return (os.stat(home + "/db").st_ino, sorted(n for n in os.listdir(home) if n != "run"))


def code(cert, path="/mtls-api/"):
    answer = site.curl(path, cert=cert)
    return 200 if answer.status == 200 else answer.json()["code"]


def audit_end():
    """The number of the audit's last entry, while nobody writes."""
    return max(entry["number"] for entry in json.loads(site.certgate("export", "-").stdout)["audit"])


def restart(*args, stdin=None):
    """Restores on the site's own folder; returns what restore told."""
    site.stop_programs()
    done = site.certgate("--json", "restore", *args, stdin=stdin)
    site.start_programs()
    site.wait_ready()
    if done.returncode != 0:
        raise RuntimeError(f"restore failed: {done.stderr}")
    return json.loads(done.stdout)


def held(records):
    """How many of them are held."""
    return sum(r["held"] for r in records.values())


def stopped_of(pid):
    """Of it and the processes that descend from it those that are stopped."""
    # Some may be gone by now.
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
        found = [pid] if "T" in thread_states(pid) else []
        return found + [one for child in map(int, text.read().split()) for one in stopped_of(child)]
    return []


def is_told(pid):
    """Whether a SIGTERM waits for a process that is stopped."""
    with open(f"/proc/{pid}/status", encoding="ascii") as text:
        pending = dict(line.split(":", 1) for line in text)["ShdPnd"]
    return int(pending, 16) >> (signal.SIGTERM - 1) & 1


class Busy(Exception):
    """certgate lets nobody wait for longer than that while the copy is made: it was not done."""


class Writer(threading.Thread):
    """Makes, changes and removes keys, one after the other; notes how long each took, and how many
    times it was told to come again."""

    def __init__(self, name, write):
        super().__init__(daemon=True)
        self.name, self.write, self.ended = name, write, threading.Event()
        self.faults, self.longest, self.done, self.busy = [], 0, 0, 0
        self.start()

    def run(self):
        ids = []
        while not self.ended.is_set():
            began = time.monotonic()
            try:
                self.write(self.name, self.done, ids)
            except Busy:
                self.busy += 1
                continue
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append(repr(fault))
            self.longest = max(self.longest, time.monotonic() - began)
            self.done += 1


def write_by_rest(name, n, ids):
    if n % 4 == 2:
        answer = site.rest("PATCH", "/keys/" + ids[-1], {"meta": {"n": str(n)}})
    elif n % 4 == 3:
        answer = site.rest("DELETE", "/keys/" + ids[0])
    else:
        answer = site.rest("POST", "/keys", {"name": f"{name}-{n}", "token": True,
                                             "meta": {"n": str(n)}})
    if answer.status == 503:
        raise Busy
    if answer.status not in (200, 201, 204):
        raise RuntimeError(f"{answer.status} {answer.body}")
    if answer.status == 201:
        ids.append(answer.body["id"])
    elif answer.status == 204:
        ids.pop(0)


def write_by_command(name, n, _):
    done = site.certgate("key", "create", "--name", f"{name}-{n}", "--token")
    if done.returncode != 0 and "is busy" in done.stderr:
        raise Busy
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def state_by_audit(audit, last):
    """{id: meta or None} of the keys that the audit tells of up to its entry `last`."""
    state = {}
    for number in sorted(audit):
        entry = audit[number]
        if number > last or not entry["action"].startswith("key."):
            continue
        if entry["action"] == "key.delete":
            state[entry["subject_id"]] = None
        else:
            changes = json.loads(entry["changes"])
            if "meta" in changes:
                state[entry["subject_id"]] = changes["meta"]
            else:
                state.setdefault(entry["subject_id"], {})
    return state


with site:
    api = site.make_api()
    certs = {name: site.make_cert(name) for name in "abcdef"}
    keys = {name: site.make_key(name, certs[name], api) for name in "abcde"}
    token = site.rest("POST", "/tokens", {"name": "to end", "role": "admin"}).body
    narrow = [{"name": name, "applies": ["access", "rate"], "rate": {"limit": 5, "per_seconds": 9000},
               "access": [{"api_id": api["id"], "paths": ["/narrow"]}]}
              for name in ("toggled", "removed")]
    narrow = [site.rest("POST", "/policies", policy).body for policy in narrow]
    # What they have without their policies is wider.
    with_policy = [site.make_cert("policy " + p["name"]) for p in narrow]
    for policy, cert in zip(narrow, with_policy):
        site.make_key("of " + policy["name"], cert, api, policy_ids=[policy["id"]])

    org = site.rest("POST", "/organisations", {"name": "left"}).body
    people = [site.rest("POST", "/developers", {"name": n, "email": n + "@x.example"}).body for n in ("off", "gone")]
    of_org = site.make_cert("of org")
    site.make_key("of org", of_org, api, organisation_id=org["id"])

    with case("a backup"):
        first = backup_folder("first")
        made = site.certgate("--json", "backup", first)
        is_eq(made.returncode, 0, "is made while the programs run")
        like(made.stderr, "keys folder", "it says that the keys are not in it")
        is_eq(sorted(os.listdir(first)), ["backup.json", "db"], "nor are they")
        with open(first + "/backup.json", encoding="utf-8") as text:
            told = json.load(text)
        is_eq(told["records"]["Key"], 8, "backup.json tells what is in it")
        refused(site.certgate("backup", first), "not an empty folder",
                "a folder with something in it")
        is_eq(os.stat(first).st_mode & 0o777, 0o700, "it is private")

    with case("a folder in use"):
        before = folder_state(site.home)
        refused(site.certgate("restore", first, "--yes"), "in use", "is not replaced")
        is_eq(folder_state(site.home), before, "nothing was changed")
        is_eq(code(certs["a"]), 200, "and all goes on")

    with case("what was revoked since"):
        site.make_key("f", certs["f"], api)
        path = "/keys/%s/credentials/%s"
        site.rest("DELETE", path % (keys["a"]["id"], certs["a"].sha256))
        site.rest("DELETE", "/keys/" + keys["b"]["id"])
        site.rest("PATCH", "/keys/" + keys["c"]["id"], {"active": False})
        site.rest("PATCH", path % (keys["d"]["id"], certs["d"].sha256), {"active": False})
        site.rest("DELETE", "/tokens/" + token["id"])
        for active in False, True:
            site.rest("PATCH", "/policies/toggled", {"active": active})
        site.rest("DELETE", "/policies/removed?detach=true")
        site.rest("PATCH", "/organisations/" + org["id"], {"active": False})
        site.rest("PATCH", "/developers/" + people[0]["id"], {"active": False})
        site.rest("DELETE", "/developers/" + people[1]["id"])
        site.stop_programs()
        # Not before: until then the steward may write some of its own.
        changes = audit_end() - told["audit"]["number"]
        asked = site.certgate("restore", first)
        is_eq(asked.returncode, 1, "without --yes nothing is done")
        like(asked.stderr, rf"\b{changes} changes made since will be lost", "but told what is lost")
        # That a key lost a policy is one of them.
        like(asked.stderr, r"\b12 revocations since will be applied", "and what stays revoked")
        is_eq(folder_state(site.home)[0], before[0], "the databases are the same still")
        site.start_programs()
        told_by_restore = restart(first, "--yes")
        is_eq(told_by_restore["held"], False, "nobody is held: revoked.log tells")
        is_eq(code(certs["a"]), "credential_inactive", "a revoked certificate stays revoked")
        is_eq(code(certs["b"]), "credential_inactive", "that of a deleted key is refused")
        is_eq(code(certs["c"]), "key_inactive", "a key that was switched off stays off")
        is_eq(code(certs["d"]), "credential_inactive", "so does a credential")
        is_eq(code(certs["e"]), 200, "what was not touched works")
        is_eq(code(certs["f"]), "credential_unknown", "what was made since is gone")
        is_eq(site.rest("GET", "/keys", token=token["token"]).status, 401,
              "a REST token that was ended stays so")
        is_eq([code(c) for c in with_policy], ["access_denied"] * 2,
              "policies that were off or removed since give nothing, nor do their keys fall back")
        is_eq([site.rest("GET", "/policies/" + p["name"]).body["held"] for p in narrow], [True] * 2,
              "they are held")
        is_eq(code(of_org), "key_inactive", "an organisation that was off stays off, with its keys")
        is_eq([site.rest("GET", "/developers/" + p["id"]).body["active"] for p in people], [False] * 2,
              "so do developers, also those who were removed")
        # The steward, which goes on with its own, may have written behind it.
        is_eq([e["number"] for e in site.rest("GET", "/audit").body["items"]
               if e["action"] == "store.restore"],
              [told["audit"]["number"] + 1], "the audit tells of the restore")
        is_eq(site.certgate("verify").returncode, 0, "and is whole")
        site.rest("PATCH", "/policies/toggled", {"held": False})
        is_eq([code(with_policy[0], "/mtls-api/" + path) for path in ("narrow", "")],
              [200, "path_not_allowed"], "until an administrator says otherwise")

    with case("the databases that were there"):
        kept = told_by_restore["kept"]
        old = Home(site.folder, "old")
        old.put_db(kept)
        shutil.copy2(site.home + "/keys/audit.key", old.dir + "/keys/audit.key")
        names = {k["name"] for k in old.export()["keys"].values()}
        is_eq(names, {*"acdef", "of toggled", "of removed", "of org"}, "are kept, and hold what was lost")
        is_eq(old.faults(), [], "whole")

    with case("revoked after a restore, then an older backup"):
        # The numbers of the audit began again: the backup's own is above those of what follows.
        site.rest("PATCH", "/keys/" + keys["c"]["id"], {"active": True})
        for n in range(8):
            site.make_key(f"more {n}", None, api)
        later = backup_folder("later")
        site.certgate("backup", later)
        restart(first, "--yes")
        site.rest("DELETE", path % (keys["e"]["id"], certs["e"].sha256))
        is_eq(restart(later, "--yes")["held"], False, "the log tells of both times")
        is_eq(code(certs["e"]), "credential_inactive", "what was revoked stays revoked")

    with case("no revoked.log"):
        os.unlink(site.home + "/revoked.log")
        third = restart(first, "--yes")
        is_eq(third["held"], True, "everybody is held")
        is_eq(code(certs["e"]), "credential_inactive", "a credential is refused")
        is_eq(site.rest("GET", "/keys").status, 401, "so is a user")
        unlike(site.certgate("export", "-").stdout.split('"developers": [')[1].split("]")[0], '"active": ?true', "and a developer")
        like(site.certgate("key", "list").stdout, "name: e", "the command works")
        is_eq(site.certgate("user", "set", "admin", "--held", "false").returncode, 0,
              "it lets a user in again")
        is_eq(site.rest("GET", "/keys").status, 200, "then the user's token works")
        answer = site.rest("PATCH", path % (keys["e"]["id"], certs["e"].sha256), {"held": False})
        is_eq(answer.status, 200, "who lets a credential in again")
        is_eq(code(certs["e"]), 200, "then it works")
        is_eq(code(certs["d"]), "credential_inactive", "others are held still")
        is_eq(restart(first, "--yes")["held"], True, "the same backup again: held again")
        is_eq(restart(later, "--yes")["held"], True, "another of the time before: held too")

    with case("a log that does not tell all"):
        small = Home(site.folder, "small")
        small.certgate("api", "create", "--name", "x", "--listen-path", "/x/", "--target-url",
                       "http://127.0.0.1:9/")
        kept_cert = small.json("key", "create", "--name", "both", "--token", "--api", "x")
        backed = backup_folder("small")
        is_eq(small.certgate("backup", backed).returncode, 0, "a backup of a small store")
        with open(small.dir + "/revoked.log", "rb") as data:
            log = data.read()

        # Beside data that others look at: what is left lies in a folder of the caller's.
        calls = site.folder + "/calls"
        os.mkdir(calls, 0o755)
        os.mkdir(calls + "/empty", 0o700)
        if ROOT:
            shutil.chown(calls + "/empty", WEB_USER, WEB_USER)
            os.mkdir(calls + "/closed", 0o700)
            os.mkdir(calls + "/another's", 0o700)
        with open(calls + "/file", "wb"):
            pass

        def all_there():
            return sorted(os.path.relpath(os.path.join(folder, name), calls)
                          for folder, folders, files in os.walk(calls) for name in folders + files)

        before = all_there()
        for to, pattern in (("file/x", "cannot be made: Not a directory"), ("nowhere/x", "cannot be made: No such file"),
                            ("file", "is there already"),
                            *((("closed/x", "closed to the data folder's owner"), ("closed", "closed to the data folder's owner"),
                               ("another's", "closed to the data folder's owner")) if ROOT else ())):
            refused(small.certgate("backup", f"{calls}/{to}"), pattern, f"a backup to {to}")
            is_eq(all_there(), before, f"a backup to {to}: nothing is left")
        # The N-th write fails.
        shim = build_shim(site.folder, "fault_shim")
        for to in ("new", "empty"):
            at, left, wrong = 1, [], []
            while True:
                done = subprocess.run(small.command("backup", f"{calls}/{to}", "--with-key"), input=PASSPHRASE, capture_output=True,
                                      text=True, check=False, timeout=HANG_S,
                                      env={**os.environ, "LD_PRELOAD": shim, "FAULT_CALLS": "disk", "FAULT_DO": "ever",
                                           "FAULT_AT": str(at), "FAULT_PATH": f"{calls}/{to}"})
                if done.returncode == 0:
                    break
                wrong += [(at, done.stderr)] if done.returncode != 1 or to not in done.stderr else []
                left += [(at, all_there())] if all_there() != before else []
                at += 1 + at // 3
            ok(at > 10, f"a full disk below {to}: at {at} and before")
            is_eq(wrong, [], f"a full disk below {to}: told each time")
            is_eq(left, [], f"a full disk below {to}: nothing is left")
            is_eq(sorted(os.listdir(f"{calls}/{to}")), ["backup.json", "db", "keys.json"], f"with room it is made ({to})")
            before = all_there()

        def begun(to, how, at, signals):
            """A backup that stops or is killed at its N-th write."""
            return subprocess.Popen(["env", signals, *small.command("backup", f"{calls}/{to}")], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    env={**os.environ, "LD_PRELOAD": shim, "FAULT_CALLS": "disk", "FAULT_DO": how,
                                         "FAULT_AT": str(at), "FAULT_PATH": f"{calls}/{to}"})

        def stopped(to, how, at, sig):
            """Stops a backup at its N-th write: its process is killed there, or who began it gets a signal.
            Whether it is not whole then."""
            with begun(to, how, at, "--default-signal=INT,TERM,HUP") as process:
                wait_until(lambda: process.poll() is not None or stopped_of(process.pid), "a stop, or its end")
                for pid in stopped_of(process.pid):
                    process.send_signal(sig)
                    wait_until(lambda pid=pid: is_told(pid), "the signal's way to who writes")
                    os.kill(pid, signal.SIGCONT)
                process.wait(HANG_S)
            with contextlib.suppress(FileNotFoundError), open(f"{calls}/{to}/backup.json", encoding="utf-8") as text:
                return not json.load(text)
            return True

        for to in ("stopped", "stopped-empty"):
            if to.endswith("empty"):
                os.mkdir(f"{calls}/{to}", 0o700)
                if ROOT:
                    shutil.chown(f"{calls}/{to}", WEB_USER, WEB_USER)
            before = all_there()
            at = 1
            ways = itertools.cycle((("stop", signal.SIGTERM), ("kill", None), ("stop", signal.SIGINT), ("stop", signal.SIGHUP)))
            for how, sig in ways:
                if not stopped(to, how, at, sig) or all_there() != before:
                    break
                at += 1 + at // 4
            ok(at > 8, f"a backup to {to} that is stopped: at {at} and before")
            is_eq(sorted(os.listdir(f"{calls}/{to}")), ["backup.json", "db"], f"a backup to {to}: nothing is there until it is whole")
            before = all_there()

        with begun("goes-on", "stop", 9, "--ignore-signal=HUP") as process:
            wait_until(lambda: process.poll() is not None or stopped_of(process.pid), "its ninth write")
            writing = stopped_of(process.pid)
            for sig in (signal.SIGHUP, signal.SIGSTOP):
                process.send_signal(sig)
            wait_until(lambda: thread_states(process.pid) == {"T"}, "who waits for it to stop, too")
            process.send_signal(signal.SIGCONT)
            wait_until(lambda: thread_states(process.pid) == {"S"}, "it to wait again")
            for pid in writing:
                os.kill(pid, signal.SIGCONT)
            is_eq(process.wait(HANG_S), 0, "one that was stopped and goes on, under nohup, is made")
        is_eq(sorted(os.listdir(calls + "/goes-on")), ["backup.json", "db"], "whole")
        before = all_there()

        def restore_with(log_now):
            with open(small.dir + "/revoked.log", "wb") as out:
                out.write(log_now)
            return small.json("restore", backed, "--yes")

        is_eq(restore_with(log)["held"], False, "its own log will do")
        shutil.copyfile(Home(site.folder, "other").dir + "/revoked.log", site.folder + "/its.log")
        with open(site.folder + "/its.log", "rb") as data:
            is_eq(restore_with(data.read())["held"], True, "that of another store will not")
        is_eq(held(small.export()["credentials"]), 1, "the credential is held")
        is_eq(held(small.export()["users"]), 1, "the user is held")
        is_eq(restore_with(log + b"7 credenti")["held"], True, "nor one that breaks off")
        is_eq(restore_with(b"")["held"], True, "nor an empty one")
        os.unlink(small.dir + "/revoked.log")
        small.json("restore", backed, "--yes")
        os.unlink(small.dir + "/revoked.log")
        small.certgate("key", "revoke", kept_cert["id"], kept_cert["credentials"][0]["sha256"])
        with open(small.dir + "/revoked.log", "rb") as data:
            begun = data.read().replace(small.export_id().encode(), log.split()[1])
        is_eq(restore_with(begun)["held"], True, "nor one that was begun later")

    with case("damage"):
        # From here on with a log that fits, so that only the damage counts.
        restore_with(log)
        before, was = folder_state(small.dir), small.export()
        rng = random.Random(4)

        def damaged(name, how):
            """What restore does to a copy in which the file `name` was treated by `how`."""
            copy = backup_folder("damaged")
            copy_tree(backed, copy)
            how(f"{copy}/{name}")
            done = small.certgate("restore", copy, "--yes")
            shutil.rmtree(copy)
            return done

        def flip(at):
            def how(file):
                with open(file, "r+b") as data:
                    data.seek(at)
                    byte = data.read(1)
                    data.seek(at)
                    data.write(bytes([byte[0] ^ 1 << rng.randrange(8)]))
            return how

        databases = sorted(n for n in os.listdir(backed + "/db") if n.endswith(".db"))
        ok(len(databases) >= 15, f"{len(databases)} database files to damage")
        for name in databases:
            size = os.path.getsize(f"{backed}/db/{name}")
            # The first page says what the file is; the last ones hold records.
            for at in (rng.randrange(0, 512), size - 4096 + rng.randrange(4096)):
                refused(damaged("db/" + name, flip(at)), "not whole.*(damaged|cannot be)",
                        f"a bit of {name} at {at}")
            refused(damaged("db/" + name, os.unlink), "not whole.*missing", f"{name} is missing")
            refused(damaged("db/" + name, lambda file: os.truncate(file, 4096 + 100)),
                    "not whole", f"{name} is cut")
        refused(damaged("backup.json", os.unlink), "backup.json cannot be read",
                "backup.json is missing: the backup was never finished")
        refused(damaged("backup.json", lambda file: os.truncate(file, 40)),
                "backup.json cannot be read", "backup.json is cut")

        def another(file):
            shutil.copyfile(f"{later}/db/{os.path.basename(file)}", file)
        for name in ("key.db", "audit.db", "meta.db"):
            refused(damaged("db/" + name, another), "not whole", f"{name} is that of another")
        is_eq((folder_state(small.dir), small.export()), (before, was),
              "after all this the data folder is as it was")
        logs = [n for n in os.listdir(backed + "/db") if n.startswith("log.")]
        size = os.path.getsize(f"{backed}/db/{logs[0]}")
        outcomes = set()
        for how in (os.unlink, lambda file: os.truncate(file, 1000),
                    *(flip(at) for at in (12, 40, 100, 2000, 10000, 30000, size - 100))):
            done = damaged("db/" + logs[0], how)
            now = small.export()
            same = all(now[kind] == was[kind] for kind in ("keys", "apis", "credentials", "users"))
            outcomes.add((done.returncode, same))
        ok(outcomes <= {(1, True), (0, True)},
           f"a damaged log: refused, or of no importance {outcomes}")
        is_eq(small.faults(), [], "the store is whole")

    with case("the databases that are there are damaged"):
        with open(small.dir + "/db/key.db", "r+b") as data:
            data.write(b"\0" * 8192)
        ok(small.certgate("key", "list").returncode != 0, "nothing can be read")
        done = small.certgate("restore", backed, "--yes")
        ok(done.returncode == 0, f"restore helps {done.stderr[-300:]}")
        is_eq({k["name"] for k in small.export()["keys"].values()}, {"both"}, "all is there again")

    with case("a kill during restore"):
        # Folders of unlike names, so that it is the restore that is looked at.
        shim = build_shim(site.folder, "kill_shim")
        with_key = backup_folder("with-key")
        is_eq(small.certgate("backup", with_key, "--with-key", stdin=PASSPHRASE).returncode, 0,
              "a backup with its keys")
        states, kept_ones = [], []

        def one(at, after=None, sealed=False):
            """Kills a restore before its call `at`; False when it had ended before."""
            if not any(k["name"] == "later" for k in small.export()["keys"].values()):
                small.certgate("key", "create", "--name", "later")
            env = {**os.environ, "LD_PRELOAD": shim, "KILL_AT": str(at)}
            if after:
                env["KILL_AFTER"] = after
            names = set(os.listdir(small.dir))
            done = subprocess.run(small.command("restore", with_key, "--yes",
                                                *(["--with-key"] if sealed else [])), env=env,
                                  input=PASSPHRASE if sealed else "", capture_output=True,
                                  text=True, check=False, timeout=HANG_S)
            now = small.export()
            gone = not any(k["name"] == "later" for k in now["keys"].values())
            states.append("new" if gone else "old")
            kept_now = [n for n in set(os.listdir(small.dir)) - names
                        if n.startswith("db-before-restore-")]
            wrong = small.faults()
            if not gone and kept_now or gone and len(kept_now) != 1:
                wrong.append(f"kept {kept_now}, state {states[-1]}")
            if set(os.listdir(small.dir)) & {"restore"}:
                wrong.append("a stage is left")
            if any(r["held"] for r in now["users"].values()):
                wrong.append("somebody is held")
            if wrong:
                kept_ones.append((at, after, sealed, done.returncode, wrong))
            for name in kept_now:
                shutil.rmtree(f"{small.dir}/{name}")
            return done.returncode < 0

        at = 1
        while one(at):
            at += 1
        ok(at > 8, f"at each of {at - 1} steps")
        ok({"old", "new"} <= set(states), f"{states.count('old')} times the old store is there, "
           f"{states.count('new')} times the new one")
        at = 1
        audit_key = os.stat(small.dir + "/keys/audit.key").st_ino
        while one(at, "renameat2", True):
            at += 1
        ok(at > 4, f"and with keys at {at - 1} steps from the exchange on")
        ok(os.stat(small.dir + "/keys/audit.key").st_ino != audit_key, "the keys came along")
        began = time.monotonic()
        one(0)
        took = time.monotonic() - began
        for n in range(5):
            process = subprocess.Popen(small.command("restore", with_key, "--yes"),
                                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(took * rng.random())
            process.kill()
            process.wait()
            kept_ones += [(n, w) for w in small.faults()]
        is_eq(kept_ones, [], "always one whole store, and the other one kept or gone as it should")

    with case("a held restore that was killed is held when it is repeated"):
        os.unlink(small.dir + "/revoked.log")
        subprocess.run(small.command("restore", with_key, "--yes"), check=False,
                       stdin=subprocess.DEVNULL, capture_output=True,
                       env={**os.environ, "LD_PRELOAD": shim, "KILL_AT": "1",
                            "KILL_AFTER": "renameat2"})
        is_eq(held(small.export()["users"]), 0, "the kill came before the exchange")
        is_eq(small.json("restore", with_key, "--yes")["held"], True, "held")

    with case("under load"):
        bulk = site.folder + "/bulk.json"
        make_export(bulk, BULK, BULK_BYTES)
        is_eq(site.certgate("import", bulk).returncode, 0, "a large store")
        os.unlink(bulk)
        site.certgate("user", "set", "admin", "--held", "false")
        writers = [Writer("rest-1", write_by_rest), Writer("rest-2", write_by_rest),
                   Writer("command", write_by_command)]
        for writer in writers:
            done_before = writer.done
            wait_until(lambda: writer.done > done_before + 3, "writes")
            writer.longest = 0
        least = site.rest("GET", "/audit?limit=1").body["items"][0]["number"]
        large = backup_folder("large")
        meanwhile = [0] * len(writers)

        def back_up():
            """Whether each of them has written while this one, or one before, was made: on a busy
            machine somebody may not have had his turn."""
            global done, meanwhile
            if os.path.exists(large):
                shutil.rmtree(large)
            begun_at = [writer.done for writer in writers]
            done = site.certgate("backup", large, "--with-key", stdin=PASSPHRASE)
            meanwhile = [m + w.done - b for m, w, b in zip(meanwhile, writers, begun_at)]
            return done.returncode != 0 or min(meanwhile) > 0

        wait_until(back_up, "writes of each meanwhile")
        longest = max(writer.longest for writer in writers)
        size = sum(e.stat().st_size for e in os.scandir(large + "/db"))
        rate = longest / (size / 100e6)
        diag(f"{size / 1e6:.0f} MB; the longest of {sum(meanwhile)} writes meanwhile took "
             f"{longest:.3f} s: {rate:.3f} s per 100 MB")
        is_eq(done.returncode, 0, "the backup is made")
        ok(min(meanwhile) > 0, "everybody went on writing")
        if TIMED:
            ok(rate < 1, "nobody was held up for a second per 100 MB")
            is_eq([w.busy for w in writers], [0] * len(writers), "nor told to come again")
        for writer in writers:
            writer.ended.set()
        for writer in writers:
            writer.join()
            is_eq(writer.faults[:3], [], f"no write of {writer.name} failed")
        source = Home(site.folder, "home", init=False).export()

    with case("restored elsewhere"):
        elsewhere = Home(site.folder, "elsewhere")
        refused(elsewhere.certgate("restore", large, "--yes", "--with-key",
                                   stdin="something else\n"), "passphrase", "a wrong passphrase")
        refused(elsewhere.certgate("restore", large, "--yes", "--with-key", stdin="short\n"),
                "passphrase", "none to speak of")
        refused(elsewhere.certgate("restore", first, "--yes", "--with-key", stdin=PASSPHRASE),
                "without --with-key", "a backup that has no keys")
        is_eq(len(elsewhere.export()["keys"]), 0, "nothing was changed")
        is_eq(elsewhere.json("restore", large, "--yes", "--with-key", stdin=PASSPHRASE)["held"],
              True, "a fresh host holds everybody: it cannot know what was revoked")
        is_eq(elsewhere.faults(), [], "whole, and the audit's chain with it")
        copy = elsewhere.export()
        with open(large + "/backup.json", encoding="utf-8") as text:
            last = json.load(text)["audit"]["number"]
        ok(last >= least, f"its audit ends at {last}, no earlier than when it began ({least})")
        ok(len(source["audit"]) > last, "others wrote on")
        is_eq({n: copy["audit"][n] for n in range(1, last + 1)},
              {n: source["audit"][n] for n in range(1, last + 1)}, "the audit is the same so far")
        state = state_by_audit(source["audit"], last)
        later_ones = state_by_audit(source["audit"], 1 << 60)
        expected = {i: k["meta"] for i, k in source["keys"].items() if i not in later_ones}
        ok(len(expected) >= BULK, "imported records are compared too")
        expected.update({i: meta for i, meta in state.items() if meta is not None})
        # Keys that an earlier case made and lost.
        got = {i: k["meta"] for i, k in copy["keys"].items()}
        is_eq({i: m for i, m in got.items() if expected.get(i) != m}, {},
              "each key is as the audit tells of that moment")
        is_eq(set(expected) - set(got), set(), "and none is missing")
        touched = {e["subject_id"] for n, e in source["audit"].items() if n > last}
        ok(all(copy["keys"][i] == source["keys"][i] for i in got if i not in touched),
           "records that nobody touched since are the same to the last member")
        for kind in ("apis", "certificates"):
            is_eq(copy[kind], source[kind], f"so are {kind}")

        def without(member, record):
            return {n: v for n, v in record.items() if n != member}

        # The writers used theirs on, which is noted once a minute.
        is_eq(*({i: without("last_used_at", t) for i, t in whole["tokens"].items()}
                for whole in (copy, source)), "so are tokens")

        def without_held(record):
            return without("held", record)

        ok(all(without_held(copy["users"][i]) == without_held(u)
               for i, u in source["users"].items()), "and users, but for being held")
        of_source = {i: without_held(c) for i, c in source["credentials"].items()
                     if c["key_id"] in got and c["key_id"] not in touched}
        of_copy = {i: without_held(c) for i, c in copy["credentials"].items()
                   if c["key_id"] not in touched}
        ok(of_copy == of_source, "and credentials")
        is_eq((held(copy["credentials"]), held(copy["users"])),
              (len(copy["credentials"]), len(copy["users"])), "all of which are held")

    with case("elsewhere, without the keys"):
        fresh = Home(site.folder, "fresh")
        done = fresh.certgate("restore", later, "--yes")
        is_eq(done.returncode, 0, "it is restored")
        like(done.stderr, "another host's key", "it says that the audit cannot be checked")
        is_eq(fresh.faults(), [], "from here on it can")
        with open(later + "/backup.json", encoding="utf-8") as text:
            is_eq(len(fresh.export()["keys"]), json.load(text)["records"]["Key"],
                  "all records are there")
        is_eq(fresh.json("user", "set", "admin", "--held", "false")["held"], False,
              "and an owner can be let in")
done_testing()
