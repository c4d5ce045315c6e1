#!/usr/bin/python3
"""A process is stopped (SIGSTOP) in the middle of a commit, while it holds the store's lock: others
answer from what they know or with 503 within bounded time, and go on when it continues or dies."""
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE
from processes import wait_until
from shim import build_shim
from tap import case, diag, done_testing, is_eq, like, ok
from website import Site

with open(os.path.join(TREE, "lib/base/limits.h"), encoding="utf-8") as header:
    WAIT_S = int(re.search(r"#define STORE_LOCK_WAIT_MS (\d+)", header.read()).group(1)) / 1000
# So many stand in line in each of two processes.  One after the other they would wait for LINE * WAIT_S;
# it is to be one wait, and half of that is left for a machine that has other things to do.
LINE = 20
BOUND_S = LINE * WAIT_S / 2

site = Site(admins=2)
site.open()
shim = build_shim(site.folder, "fault_shim")
api = site.make_api()
known, other = (site.make_cert(name) for name in ("known", "other"))
strangers = [site.make_cert(f"stranger {n}") for n in range(6)]
acknowledged = set()
answered = []  # seconds of every answer below


def code_of(answer):
    """200, or the code of the problem."""
    if answer.status in (200, 201):
        return answer.status
    body = answer.body if isinstance(answer.body, dict) else json.loads(answer.body)
    return f"{answer.status} {body['code']}"


def timed(what, *args, **kwargs):
    begin = time.monotonic()
    value = what(*args, **kwargs)
    answered.append(time.monotonic() - begin)
    return value


def call(cert):
    return code_of(timed(site.curl, "/mtls-api/", cert=cert))


def new_key(name, **more):
    code = code_of(timed(site.rest, "POST", "/keys", {"name": name, **more}))
    if code == 201:
        acknowledged.add(name)
    return code


def names():
    return {k["name"] for k in json.loads(site.certgate("export", "-").stdout)["keys"]}


def state(process):
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as text:
        return text.read().rpartition(")")[2].split()[0]


def stop_inside(name, at):
    """A command that stops before its `at`-th call to the disk: 1 writes the log, 2 syncs it."""
    env = dict(os.environ, LD_PRELOAD=shim, FAULT_CALLS="disk", FAULT_DO="stop", FAULT_AT=str(at))
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", site.bin + "/certgate", "--home",
                                site.home, "key", "create", "--name", name, "--token"], env=env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)

    def stopped():
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode} and was to stop")
        return state(process) == "T"

    wait_until(stopped, "the command's stop in the middle of its commit")
    return process


def while_stopped():
    is_eq([call(known) for _ in range(5)], [200] * 5, "whom the gate's cache knows goes on")
    with concurrent.futures.ThreadPoolExecutor(2 * LINE + 10) as pool:
        gets = [pool.submit(call, cert) for cert in (other, *strangers)]
        keys = [pool.submit(new_key, "in vain") for _ in range(2 * LINE)]
        command = pool.submit(timed, site.certgate, "key", "list")
        meanwhile = [call(known) for _ in range(5)]
        is_eq([g.result() for g in gets],
              ["503 unavailable"] + ["403 credential_unknown"] * len(strangers),
              "nobody else is let in: who has a key waits within bounds, strangers are told at once")
        is_eq(meanwhile, [200] * 5, "those who wait do not keep the others")
        is_eq([k.result() for k in keys], ["503 unavailable"] * 2 * LINE, "REST")
        is_eq(command.result().returncode, 1, "the command")
        like(command.result().stderr, "busy.*try again", "the command says why")
    is_eq(site.curl("/healthz").status, 200, "/healthz")
    is_eq(timed(site.curl, "/readyz").status, 503, "/readyz")
    ok(max(answered) < BOUND_S, f"no answer took {BOUND_S:g} s")
    diag(f"the slowest took {max(answered):.2f} s")
    answered.clear()


def all_is_well(maybe=()):
    is_eq([call(known), call(other)], [200, 200], "all clients are back")
    is_eq(call(strangers[0]), "403 credential_unknown", "strangers are told what they are")
    is_eq(new_key(f"key {len(acknowledged)}"), 201, "REST is back")
    check = site.certgate("verify")
    ok(check.returncode == 0 and check.stdout.startswith("whole: true\n"), "the store is whole")
    there = names()
    ok(acknowledged <= there <= acknowledged | set(maybe),
       "it holds what was acknowledged, and nothing else") or diag(there, acknowledged)
    acknowledged.update(there)


for cert in (known, other):
    new_key(cert.sha256, certificate=cert.pem, access=[{"api_id": api["id"]}])
answered.clear()

with case("it continues"):
    is_eq(call(known), 200, "one client is known to the gate's cache, the other is not")
    before = sorted(site.pids("gate") + site.pids("admin"))
    slow = stop_inside("slow", 2)
    while_stopped()
    slow.send_signal(signal.SIGCONT)
    is_eq(slow.wait(30), 0, "it was slow, not dead: it ends well")
    acknowledged.add("slow")
    all_is_well()
    is_eq(sorted(site.pids("gate") + site.pids("admin")), before, "no process ended of it")

with case("it dies before it has written"):
    is_eq(call(known), 200, "one client is known to the gate's cache")
    new = site.make_cert("new")
    dead = stop_inside("dead", 1)
    is_eq(call(new), "403 credential_unknown", "a stranger is told without the store")
    dead.kill()
    dead.wait()
    is_eq(call(new), "403 credential_unknown", "the next one in repairs what it left")
    all_is_well()

with case("it dies before it has synced"):
    dead = stop_inside("half", 2)
    dead.kill()
    dead.wait()
    all_is_well(maybe=["half"])

with case("a gate starts meanwhile"):
    is_eq(call(known), 200, "all is well before")
    slow = stop_inside("slow again", 1)
    site.kill(site.pids("gate")[0])
    wait_until(lambda: site.pids("gate"), "a successor")
    is_eq(call(known), "503 unavailable", "it has nothing to go on from, and says so")
    ok(max(answered) < BOUND_S, f"no answer took {BOUND_S:g} s") or diag(max(answered))
    slow.send_signal(signal.SIGCONT)
    is_eq(slow.wait(30), 0, "the stopped one ends well")
    acknowledged.add("slow again")
    wait_until(lambda: call(known) == 200, "the gate's return")
    all_is_well()
done_testing()
