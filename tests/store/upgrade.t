#!/usr/bin/python3
"""A store of an earlier version, opened by all programs at once; and one of a later version.

fixtures/schema-1.tar.gz was written by the programs as they were when the schema's version was 1:
`certgate init`, one API, two keys (one with a certificate of the corpus and a
token, one with a token alone), a change, and a REST token; the data folder without what lay in
run/."""
import contextlib
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import HANG_S, ROOT, WEB_USER  # noqa: E402
from homes import Home, edit  # noqa: E402
from processes import wait_until  # noqa: E402
from shim import build_shim  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures/schema-1.tar.gz")
# What is in it; the certificate is that of the corpus, which ends in 2046.
API, KEY, OTHER = ("w6f66uaoh2ec2v2hbqopy525je", "w6ftrdcainkq3m27r72252k4fq",
                   "sxvypj2hp4yim5casahubd672m")
CERT = "8cb2071fe7c86a96ecd2df433b1e4c2683e36195080079c750ed7ad1ba97e126"
TOKENS = {"7fe827235ee7c31977828c6563a9de493ae345762049481c2fc484de48ab2bc3",
          "6d652aa55d22db622abb27ad90f3e80fe64a581849af547c2c7e5ce0e9b890b0"}
AUDIT = ["user.create", "api.create", "key.create", "certificate.create", "credential.add",
         "credential.add", "key.create", "credential.add", "key.change", "token.create"]


def put_in_place(home):
    """The fixture becomes the data folder; the web server's proof stays."""
    for name in ("db", "run"):
        shutil.rmtree(f"{home}/{name}")
    for name in ("revoked.log", "keys/audit.key", "keys/seal.key"):
        if os.path.exists(f"{home}/{name}"):
            os.unlink(f"{home}/{name}")
    subprocess.run(["tar", "-xzf", FIXTURE, "--no-same-owner", "-C", home, "--strip-components=1",
                    "home/db"], check=True)
    os.mkdir(home + "/run", 0o700)
    if ROOT:
        subprocess.run(["chown", "-R", f"{WEB_USER}:{WEB_USER}", home], check=True)


def check_records(whole):
    is_eq({k["name"]: i for i, k in whole["keys"].items()}, {"Billing": KEY, "Łódź": OTHER},
          "both keys are there, by name and id")
    is_eq((whole["keys"][KEY]["expires_at"], whole["keys"][KEY]["tags"],
           whole["keys"][KEY]["revision"], whole["keys"][KEY]["access"][0]["api_id"]),
          ("2040-01-01T00:00:00Z", ["old"], 2, API), "with all their members")
    is_eq(whole["apis"][API]["name"], "orders", "the API")
    is_eq(set(whole["credentials"]), TOKENS | {CERT}, "the credentials")
    ok(not any(r["held"] for kind in ("credentials", "users") for r in whole[kind].values()),
       "nobody is held")
    is_eq([t["name"] for t in whole["tokens"].values()], ["old"], "the REST token")
    is_eq([whole["audit"][n]["action"] for n in sorted(whole["audit"])[:10]], AUDIT, "the audit")


site = Site(gates=2, admins=2, start=False)
with site:
    with case("opened by all at once"):
        put_in_place(site.home)
        # Whoever comes first upgrades; commands first, as they take part in the race with less.
        def start(*what):
            return subprocess.Popen([site.bin + "/certgate", "--home", site.home, *what],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    stdin=subprocess.DEVNULL, text=True)
        commands = [start(*what) for what in (("verify",), ("key", "list"), ("export", "-"),
                                              ("steward",), ("api", "list"), ("key", "list"))]
        site.start_programs()
        site.wait_ready()
        told = ""
        for process in commands:
            out, err = process.communicate(timeout=HANG_S)
            if process.returncode != 0 and re.search("is busy|at the housekeeping", err):
                # Somebody took longer than a command waits for him: it is told to come again.
                process = start(*process.args[3:])
                out, err = process.communicate(timeout=HANG_S)
            told += err
            ok(process.returncode == 0, f"certgate {' '.join(process.args[3:])} {err[-200:]}")
        with open(site.logs + "/supervise.log", encoding="utf-8") as text:
            told += text.read()
        is_eq(told.count("store_upgraded"), 1, "one of them upgraded it")
        home = Home(site.folder, "home", init=False)
        whole = home.export()
        is_eq(len(whole["audit"]), 10, "the upgrade adds no entry, however many opened it")
        check_records(whole)

        def beside():
            return [n for n in sorted(os.listdir(site.home)) if n not in ("db", "run", "keys")]

        # The service answers as soon as one of each program does; the others may be at it still.
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: beside() == ["db-before-4", "revoked.log"], "the last program's start")
        is_eq(beside(), ["db-before-4", "revoked.log"],
              "a copy of the time before lies beside, no more")
        with open(site.home + "/revoked.log", encoding="ascii") as text:
            is_eq(len(text.read().splitlines()), 1, "revoked.log begins once")
        is_eq(home.faults(), [], "it is whole, the audit's chain too")
        like(site.certgate("verify").stdout, r"audit_head: 10:[0-9a-f]{64}", "with a head")

    with case("in use"):
        old = whole["certificates"][CERT]["pem"]
        site.token = re.search(r"^token: (\S+)$", site.certgate(
            "token", "create", "--name", "new", "--role", "owner").stdout, re.M).group(1)
        answer = site.rest("PATCH", "/apis/" + API, {"target_url": site.upstream_url})
        is_eq(answer.status, 200, "REST changes the API")
        params = {"REQUEST_URI": "/orders/", "SSL_CLIENT_CERT": old,
                  "SSL_CLIENT_VERIFY": "GENEROUS"}
        is_eq(site.fcgi(params).status, 200, "the old certificate gets through the gate")
        answer = site.rest("DELETE", f"/keys/{KEY}/credentials/{CERT}")
        is_eq(answer.status, 204, "it can be revoked")
        is_eq(site.fcgi(params).status, 403, "then it does not")
        is_eq(home.faults(), [], "new entries follow the old ones")
        wait_until(lambda: home.json("verify")["records"]["Usage"] > 0, "the calls are counted")
        numbers = sorted(home.export()["audit"])
        is_eq(numbers, list(range(1, len(numbers) + 1)), "without a gap")

    with case("the copy"):
        before = Home(site.folder, "before")
        before.put_db(site.home + "/db-before-4")
        with open(before.dir + "/db/meta.db", "rb") as data:
            content = data.read()
        ok(b"\x08\x01" in content and b"\x08\x02" not in content, "is of the version before")
        os.unlink(before.dir + "/revoked.log")
        check_records(before.export())
        is_eq(before.faults(), [], "and can be upgraded itself")

    with case("a kill during the upgrade"):
        # Before one of its writes to the disk, and repeated by the next to come.
        shim = build_shim(site.folder, "fault_shim")
        at, places, wrong = 1, 0, []
        while True:
            killed = Home(site.folder, f"killed-{at}", init=False)
            for name in ("", "/db", "/run", "/keys"):
                os.mkdir(killed.dir + name, 0o700)
            put_in_place(killed.dir)
            done = subprocess.run(killed.command("key", "list"), stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False, timeout=HANG_S,
                                  env={**os.environ, "LD_PRELOAD": shim, "FAULT_CALLS": "disk",
                                       "FAULT_DO": "kill", "FAULT_AT": str(at)})
            faults = killed.faults()
            if faults or len(killed.export()["audit"]) != 10 or \
                    [n for n in os.listdir(killed.dir) if n.startswith("db-before")] != ["db-before-4"]:
                wrong.append((at, faults, os.listdir(killed.dir)))
            shutil.rmtree(killed.dir)
            if done.returncode == 0:
                break
            places += 1
            at += 1 + at // 6
        ok(places > 5, f"before {places} of about {at} writes")
        is_eq(wrong, [], "the next one finishes it")

    with case("a store of a later version"):
        os.mkdir(site.folder + "/backups", 0o700)
        if ROOT:
            shutil.chown(site.folder + "/backups", WEB_USER)
        saved = site.folder + "/backups/saved"
        is_eq(site.certgate("backup", saved).returncode, 0, "a backup")
        is_eq(edit(site.home, "schema", 5).returncode, 0, "then it is made one")
        state = sorted(os.listdir(site.home))
        for what in (("key", "list"), ("key", "create", "--name", "x"), ("verify",),
                     ("export", "-"), ("import", FIXTURE), ("backup", site.folder + "/b"),
                     ("explain", "--url", "/orders/"), ("steward",)):
            done = site.certgate(*what)
            is_eq((done.returncode, done.stdout), (1, ""), f"certgate {what[0]}: refused")
            like(done.stderr, r"newer certgate \(schema 5, this one knows 4\)", "with the reason")
        site.stop_programs()
        log = site.logs + "/supervise.log"
        os.truncate(log, 0)
        site.start_programs(says=rb"cannot start yet: .*newer certgate \(schema 5")
        for program, path in (("gate", "/orders/"), ("admin", "/admin/api/v1/keys")):
            answer = site.fcgi({**params, "REQUEST_URI": path, "HTTP_AUTHORIZATION":
                                "Bearer " + site.token}, socket_path=getattr(
                                    site, program + "_socket"))
            is_eq(answer.status, 503, f"{program}: serves nobody")
            with open(log, encoding="utf-8") as text:
                like(text.read(), program + r"\[\d+\] error start_failed .*newer certgate "
                     r"\(schema 5, this one knows 4\)", "with the reason in the log")
        is_eq(site.stop_programs(), 0, "the supervisor tries until it is told to end")
        with open(log, encoding="utf-8") as text:
            told = text.read()
        is_eq((told.count("cannot start yet"), "ready:" in told), (1, False), "it says why once, and never that it is ready")
        is_eq(sorted(os.listdir(site.home)), state, "nothing was left by them")
        is_eq(home.certgate("restore", saved, "--yes").returncode, 0, "the way back is a backup")
        is_eq(home.faults(), [], "it is whole")

    with case("a store that has none of the indexes"):
        before = home.json("verify")["records"]
        is_eq(edit(site.home, "schema", 3).returncode, 0, "of an older version")
        for name in os.listdir(site.home + "/run"):
            os.unlink(f"{site.home}/run/{name}")
        for name in os.listdir(site.home + "/db"):
            if "-by-" in name:
                os.unlink(f"{site.home}/db/{name}")
        shutil.rmtree(site.home + "/db-before-4")
        is_eq(home.faults(), [], "the upgrade fills all of them")
        is_eq(home.json("verify")["records"], before, "and keeps every record")
done_testing()
