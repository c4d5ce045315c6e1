#!/usr/bin/python3
"""Processes that are killed, again and again, while others go on: what they leave behind in the
environment (Berkeley DB's mutexes of their handles) must not use it up."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

KILLS = 30
site = Site()
site.open()
site.make_api("open", auth={"keyless": True})

with case("kills"):
    told = []
    for n in range(KILLS):
        site.kill(*site.pids("admin")[:1])
        wait_until(lambda: site.rest("GET", "/apis").status == 200, f"admin after kill {n}")
        told.append(site.curl("/open/x").status)
    is_eq(set(told), {200}, f"the gate answers after each of {KILLS}")
    is_eq(site.certgate("verify").returncode, 0, "and the store is whole")

done_testing()
