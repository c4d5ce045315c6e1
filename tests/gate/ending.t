#!/usr/bin/python3
"""Gates that are told to end while requests come in at every moment: whoever has just connected is
answered, and none of them crashes.  A shim makes the moments longer in which that is hard."""
import os
import random
import re
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import DEADLINE_S  # noqa: E402
import fcgi  # noqa: E402
from processes import wait_until  # noqa: E402
from shim import build_shim  # noqa: E402
from tap import diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

ENDS = 8
SEED = int(os.environ.get("CERTGATE_SEED") or random.randrange(1 << 30))
diag(f"CERTGATE_SEED={SEED}")
# An ending gate closes connections that have been idle for 50 ms: requests come just then.
IDLE_S = (0.045, 0.08)
site = Site(gates=2, start=False)
stop, statuses, kept, faults = threading.Event(), [], [], []


def variables():
    return site.variables({"REQUEST_URI": "/open/x"})


def connect_anew():
    """A request each connection: all are answered."""
    while not stop.is_set():
        try:
            statuses.append(fcgi.request(site.gate_socket, variables(), timeout=DEADLINE_S).status)
        except OSError as fault:
            faults.append(repr(fault))


def keep_on(number):
    """Requests on one connection until it is closed: at that moment one may get no answer, but then
    nothing of it."""
    chance = random.Random(SEED + number)
    while not stop.is_set():
        with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as client:
            while not stop.is_set():
                try:
                    answer = client.request(variables(), keep=True)
                except ConnectionError:
                    break
                kept.append((answer.status, answer.ended, answer.out == b""))
                if not answer.ended:
                    break
                # Not a wait for anything: how long a client thinks.
                stop.wait(chance.uniform(*IDLE_S))


def ends():
    with open(site.logs + "/supervise.log", encoding="utf-8") as log:
        return re.findall(r'worker_ended program="gate" .*by="([^"]*)"', log.read())


with site:
    shim = build_shim(site.folder, "pause_shim")
    site.start_programs(env={**os.environ, "LD_PRELOAD": shim})
    site.wait_ready()
    site.make_api("open", auth={"keyless": True})
    threads = [threading.Thread(target=connect_anew, daemon=True) for _ in range(4)]
    threads += [threading.Thread(target=keep_on, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for _ in range(ENDS):
        before = len(statuses), len(kept)
        wait_until(lambda: len(statuses) > before[0] + 8 and len(kept) > before[1] + 24, "requests")
        old = site.pids("gate")[0]
        os.kill(old, signal.SIGTERM)
        wait_until(lambda: old not in site.pids("gate"), "a gate's end")
    stop.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    ok(not any(thread.is_alive() for thread in threads), "nobody waits for ever")
    is_eq(ends()[:ENDS], ["status 0"] * ENDS, f"{ENDS} orderly ends")
    is_eq((set(statuses), faults[:3]), ({200}, []), f"{len(statuses)} new connections: each is answered")
    is_eq({one for one in kept if one not in ((200, True, False), (0, False, True))}, set(),
          f"{len(kept)} requests on kept ones: an answer, or nothing of it")
done_testing()
