#!/usr/bin/python3
"""A process that has lived through eight recoveries of the store ends: its successor accepts before
it stops, and no request is lost."""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from homes import AS_OWNER, die_inside  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

RECOVERIES = 8
# Apache's own limits would end the one connection.
site = Site(start=False, extra="MaxKeepAliveRequests 0\n  KeepAliveTimeout 120")


def holding(program):
    """While this file is there, the program is not started: its place is taken by a script."""
    return f"{site.folder}/hold-{program}"


def make_programs():
    """A folder of programs whose start can be held up."""
    folder, real = site.folder + "/held", site.bin
    os.mkdir(folder, 0o755)
    for program in ("certgate", "portal"):
        os.symlink(f"{real}/{program}", f"{folder}/{program}")
    for program in ("gate", "admin"):
        with open(f"{folder}/{program}", "w", encoding="ascii") as out:
            out.write(f"#!/bin/sh\nwhile [ -e {holding(program)} ]; do sleep 0.02; done\n"
                      f"exec '{real}/{program}'\n")
        os.chmod(f"{folder}/{program}", 0o755)
    site.bin = folder
    return real


class Load(threading.Thread):
    """Asks again and again until stopped; notes what is no success."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.ended, self.answers, self.faults = ask, threading.Event(), 0, []
        self.start()

    def run(self):
        while not self.ended.is_set():
            try:
                answer = self.ask()
                if answer.status != 200:
                    self.faults.append(f"{answer.status} {answer.body[:200]!r}")
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append(repr(fault))
            self.answers += 1

    def stop(self):
        self.ended.set()
        self.join()

    def go_on(self, n=10):
        """Waits until n further answers have come."""
        all_go_on([self], n)


def all_go_on(loads, n=10):
    """The same of several at once."""
    before = [load.answers for load in loads]
    wait_until(lambda: all(load.answers >= b + n for load, b in zip(loads, before)), "further answers")


def request_to_gate(path=None):
    return site.fcgi({"REQUEST_URI": "/mtls-api/", "SSL_CLIENT_CERT": partner.pem,
                      "SSL_CLIENT_VERIFY": "GENEROUS"}, socket_path=path)


def recover_once(path=None):
    """One more recovery that the programs live through: made by the command, so that even a gate
    with all in its cache has to look."""
    die_inside(site.home)
    site.certgate("key", "list")
    return request_to_gate(path).status


with site:
    real = make_programs()
    site.start_programs()
    site.wait_ready()
    partner = site.make_cert("partner")
    site.make_key("partner", partner, site.make_api())
    kept = site.tls(partner)

    def ask_kept():
        kept.sendall(b"GET /mtls-api/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return read_answer(kept)

    with case("under load"):
        old_gate, old_admin = site.pids("gate"), site.pids("admin")
        loads = {"on one connection": Load(ask_kept),
                 "by FastCGI": Load(request_to_gate),
                 "by curl": Load(lambda: site.curl("/mtls-api/", cert=partner)),
                 "of the REST interface": Load(lambda: site.rest("GET", "/keys"))}
        for program in ("gate", "admin"):
            with open(holding(program), "w", encoding="ascii"):
                pass
        for n in range(RECOVERIES - 1):
            recover_once()
            loads["of the REST interface"].go_on(2)
        is_eq(site.pids("gate"), old_gate, "seven recoveries change nothing")
        recover_once()
        asked_at = time.monotonic()
        loads["of the REST interface"].go_on(2)
        wait_until(lambda: len(site.pids("gate")) == 2 and len(site.pids("admin")) == 2,
                   "the successors")
        ok(True, "after eight a successor is started, of the gate and of the admin")

    with case("while the successor is held up"):
        # The old ones do not hope for ever (see below).
        all_go_on(loads.values(), 5)
        for name, load in loads.items():
            is_eq(load.faults[:3], [], f"requests {name} are answered by the old one")
        ok(set(old_gate) < set(site.pids("gate")), "which is still there")

    with case("when the successor accepts"):
        os.unlink(holding("gate"))
        wait_until(lambda: len(site.pids("gate")) == 1, "the end of the old gate")
        ok(site.pids("gate") != old_gate, "the old one ends, and the new one stays")
        for name in ("on one connection", "by FastCGI", "by curl"):
            loads[name].go_on()
            is_eq(loads[name].faults[:3], [], f"no request {name} was lost")
        with open(site.logs + "/supervise.log", encoding="utf-8") as text:
            log = text.read()
        like(log, rf'(?s)successor_ready program="gate".*worker_ended program="gate" '
             rf'pid="{old_gate[0]}" by="status 0"', "first the one, then the other")

    with case("a successor that does not come up"):
        wait_until(lambda: old_admin[0] not in site.pids("admin"), "the end of the old admin", 90)
        waited = time.monotonic() - asked_at
        ok(15 < waited, "the old one serves for so long as it may hope")
        os.unlink(holding("admin"))
        loads["of the REST interface"].go_on()
        is_eq(loads["of the REST interface"].faults[:3], [], "then it ends; nothing is lost even so")
        for load in loads.values():
            load.stop()
        kept.close()

    with case("the successor itself"):
        new = site.pids("gate")
        for n in range(RECOVERIES):
            recover_once()
        wait_until(lambda: site.pids("gate") and not set(new) & set(site.pids("gate")),
                   "the next successor")
        is_eq(request_to_gate().status, 200, "is followed in turn")

    with case("stop while a successor is awaited"):
        with open(holding("gate"), "w", encoding="ascii"):
            pass
        for n in range(RECOVERIES):
            recover_once()
        wait_until(lambda: len(site.pids("gate")) == 2, "the successor")
        is_eq(site.stop_programs(), 0, "ends both")
        is_eq(os.listdir(site.sockets), [], "and leaves no socket")

    # One gate by itself, as other supervisors start it.
    path = site.folder + "/alone.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(100)
    os.chmod(path, 0o777)
    news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    news.bind(site.folder + "/news")
    os.chmod(site.folder + "/news", 0o777)
    news.settimeout(DEADLINE_S)

    def start_gate(**environment):
        environment["CERTGATE_HOME"] = site.home
        return site.spawn("alone", [*AS_OWNER, real + "/gate"], stdin=listener, env={
            "PATH": os.environ["PATH"], **environment})

    for name in (site.folder + "/news", "@certgate-test-" + site.folder[-8:]):
        with case(f"told of by NOTIFY_SOCKET {name[0]}"):
            if name[0] == "@":
                news.close()
                news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                news.bind("\0" + name[1:])
                news.settimeout(DEADLINE_S)
            gate = start_gate(NOTIFY_SOCKET=name)
            is_eq(news.recv(100), b"READY=1", "it says when it accepts")
            for n in range(RECOVERIES):
                recover_once(path)
            is_eq(news.recv(100), b"X_CERTGATE_SUCCESSOR=1", "it asks for a successor")
            is_eq([request_to_gate(path).status for n in range(5)], [200] * 5, "and serves on")
            news.setblocking(False)
            try:
                ok(not news.recv(100), "it asks once")
            except BlockingIOError:
                ok(True, "it asks once")
            news.settimeout(DEADLINE_S)
            is_eq(site.stop("alone"), 0, "until SIGTERM")

    with case("without NOTIFY_SOCKET"):
        gate = start_gate()
        is_eq(request_to_gate(path).status, 200, "it serves")
        for n in range(RECOVERIES):
            is_eq(recover_once(path), 200, f"recovery {n + 1}")
        is_eq(gate.wait(DEADLINE_S), 0, "it ends")
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(request_to_gate(path).status))
        waiting.start()
        start_gate()
        waiting.join(DEADLINE_S)
        is_eq(answers, [200], "and who asks meanwhile is answered by the next")
        site.stop("alone")
done_testing()
