#!/usr/bin/python3
"""Gates that are told to end while requests come in at every moment: no connection is closed and no request
is lost, those who have just connected wait for no more than the next one's start, and the old one goes on with
what it has begun alone.  A shim makes the moments longer in which that is hard."""
import json
import os
import random
import re
import select
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from homes import AS_OWNER  # noqa: E402
import fcgi  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from processes import wait_until  # noqa: E402
from shim import build_shim  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

ENDS = 8
SEED = int(os.environ.get("CERTGATE_SEED") or random.randrange(1 << 30))
diag(f"CERTGATE_SEED={SEED}")
# A gate that ends by itself, with no others, closes connections that have been idle for 50 ms: requests come
# just then; and without a pause, so that a connection is never idle.
PAUSES_S = ((0.045, 0.08), (0, 0))


class Held:
    """An upstream that answers when it is told to."""

    def __init__(self, api):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE_S)
        site.make_api(api, auth={"keyless": True}, target_url=f"http://127.0.0.1:{self.listener.getsockname()[1]}")

    def take(self):
        """A request that has come."""
        call, _ = self.listener.accept()
        call.settimeout(DEADLINE_S)
        head = b""
        while b"\r\n\r\n" not in head:
            head += call.recv(4096)
        return call

    @staticmethod
    def answer(call):
        call.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nheld\n")
        call.close()


class Load:
    """Requests from all sides, on connections of their own and on kept ones, until told to stop."""

    def __init__(self, path, kept=12):
        self.path, self.stopping, self.statuses, self.kept, self.faults = path, threading.Event(), [], [], []
        self.threads = [threading.Thread(target=self.connect_anew, daemon=True) for _ in range(4)]
        self.threads += [threading.Thread(target=self.keep_on, args=(n,), daemon=True) for n in range(kept)]
        for thread in self.threads:
            thread.start()

    def connect_anew(self):
        while not self.stopping.is_set():
            try:
                self.statuses.append(fcgi.request(self.path, variables("/open/x"), timeout=DEADLINE_S).status)
            except OSError as fault:
                self.faults.append(repr(fault))

    def keep_on(self, number):
        """On one connection as long as it is there; then on another."""
        chance, pause = random.Random(SEED + number), PAUSES_S[number % len(PAUSES_S)]
        while not self.stopping.is_set():
            with fcgi.Client(self.path, timeout=DEADLINE_S) as client:
                ended = True
                while ended and not self.stopping.is_set():
                    try:
                        begin(client, "/open/x")
                        answer = client.answer()
                    except ConnectionError:
                        self.kept.append("closed")
                        break
                    ended = answer.ended
                    self.kept.append((answer.status, ended, answer.out == b""))
                    # Not a wait for anything: how long a client thinks.
                    self.stopping.wait(chance.uniform(*pause))

    def go_on(self):
        """Waits for further answers."""
        before = len(self.statuses), len(self.kept)
        wait_until(lambda: len(self.statuses) > before[0] + 8 and len(self.kept) > before[1] + 24, "requests")

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(DEADLINE_S)
        ok(not any(thread.is_alive() for thread in self.threads), "nobody waits for ever")


def variables(path):
    return site.variables({"REQUEST_URI": path})


def ask(client, path="/open/x"):
    begin(client, path)
    answer = client.answer()
    return answer.status, answer.ended


def begin(client, path):
    client.begin_whole(variables(path))


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def late_programs(hold):
    """A folder of programs of which the gate is not started while the file `hold` is there."""
    folder = site.folder + "/late"
    os.mkdir(folder, 0o755)
    for program in ("admin", "certgate", "portal"):
        os.symlink(f"{site.bin}/{program}", f"{folder}/{program}")
    with open(folder + "/gate", "w", encoding="ascii") as out:
        out.write(f"#!/bin/sh\nwhile [ -e {hold} ]; do sleep 0.02; done\nexec '{site.bin}/gate'\n")
    os.chmod(folder + "/gate", 0o755)
    return folder


def end(pid):
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: pid not in site.pids("gate"), "a gate's end")


def ends():
    return re.findall(r'worker_ended program="gate" .*by="([^"]*)"', log_of("supervise"))


def successor(*old):
    """A gate that is none of these, when it has become one."""
    return wait_until(lambda: set(site.pids("gate")) - set(old), "the next gate").pop()


def alone(name, queue=None, **env):
    """A gate that nobody supervises, as spawn-fcgi starts it; its socket.  `queue`: where it hands connections
    over to, as the supervisor gives it (lib/web/handover.h)."""
    path = f"{site.folder}/{name}.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(100)
    os.chmod(path, 0o777)
    command, fds = [*AS_OWNER, site.bin + "/gate"], []
    if queue:
        fds = [queue.fileno()]
        command = ["/usr/bin/python3", "-c", "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execvp(sys.argv[2], sys.argv[2:])",
                   str(fds[0]), *command]
    gate = site.spawn(name, command, stdin=listener, pass_fds=fds, env={**os.environ, "CERTGATE_HOME": site.home, **env})
    return path, gate, listener


def log_of(name):
    with open(f"{site.logs}/{name}.log", encoding="utf-8") as log:
        return log.read()


site = Site(gates=2, start=False)
with site:
    shim = build_shim(site.folder, "pause_shim")
    with case("two gates under load"):
        site.start_programs(env={**os.environ, "LD_PRELOAD": shim})
        site.wait_ready()
        site.make_api("open", auth={"keyless": True}, max_concurrent=1000)
        load = Load(site.gate_socket)
        for _ in range(ENDS):
            load.go_on()
            end(site.pids("gate")[0])
        load.stop()
        is_eq(ends()[:ENDS], ["status 0"] * ENDS, f"{ENDS} orderly ends")
        is_eq((set(load.statuses), load.faults[:3]), ({200}, []), f"{len(load.statuses)} new connections: each is answered")
        is_eq(set(load.kept), {(200, True, False)}, f"{len(load.kept)} requests on kept ones, too: none is closed")

    with case("both at once"):
        for turn in range(ENDS):
            old = site.pids("gate")
            # All of them by one gate: what that one hands over wakes the other, which has nothing of its own.
            with site.alone(old[turn % 2]):
                clients = [fcgi.Client(site.gate_socket, DEADLINE_S) for _ in range(20)]
                is_eq({ask(client) for client in clients[1:]}, {(200, True)}, f"turn {turn + 1}: connections are kept")
            # Each ends when another one is ready.
            os.kill(site.processes["supervise"].pid, signal.SIGUSR1)
            clients += [fcgi.Client(site.gate_socket, DEADLINE_S) for _ in range(2)]
            # Nothing else that comes wakes anybody.
            wait_until(lambda o=old: not set(o) & set(site.pids("gate")), "the end of both")
            is_eq({ask(client) for client in clients}, {(200, True)}, "the next ones have all of them")
            for client in clients:
                client.close()

    with case("one gate under load"):
        site.stop_programs()
        site.gates = 1
        site.start_programs(env={**os.environ, "LD_PRELOAD": shim})
        site.wait_ready()
        load = Load(site.gate_socket)
        for _ in range(ENDS):
            load.go_on()
            end(site.pids("gate")[0])
        load.stop()
        is_eq((set(load.statuses), load.faults[:3]), ({200}, []), f"{len(load.statuses)} new connections: each is answered")
        is_eq(set(load.kept), {(200, True, False)}, f"{len(load.kept)} requests on kept ones, too: none is closed")

    held = Held("held")
    with case("a call that is under way"):
        (old,) = site.pids("gate")
        with fcgi.Client(site.gate_socket, DEADLINE_S) as slow, fcgi.Client(site.gate_socket, DEADLINE_S) as idle, \
                fcgi.Client(site.gate_socket, DEADLINE_S) as fresh:
            is_eq(ask(idle), (200, True), "a connection is kept")
            begin(slow, "/held/x")
            call = held.take()
            os.kill(old, signal.SIGTERM)
            new = successor(old)
            ok(old in site.pids("gate"), "its gate goes on with it; the next one is there")
            is_eq(ask(idle), (200, True), "and has the kept connection")
            is_eq(ask(fresh), (200, True), "and one that had carried no request")
            is_eq(site.fcgi({"REQUEST_URI": "/open/x"}).status, 200, "and the listener")
            ok(old in site.pids("gate"), "all while the call is under way")
            held.answer(call)
            answer = slow.answer()
            is_eq((answer.status, answer.ended, answer.body), (200, True, b"held\n"), "which is answered whole")
            is_eq(ask(slow), (200, True), "its connection goes over behind the answer")
            wait_until(lambda: site.pids("gate") == [new], "the end of the old one")
            is_eq([ask(client) for client in (slow, idle, fresh)], [(200, True)] * 3, "all three are kept on")

    with case("calls that are slower than their load"):
        # Each has another one behind it at once, before the last of them has ended: a gate that took those
        # would never end.
        (old,) = site.pids("gate")
        clients, calls = [fcgi.Client(site.gate_socket, DEADLINE_S) for _ in range(6)], []
        for client in clients:
            begin(client, "/held/x")
            calls.append(held.take())
        os.kill(old, signal.SIGTERM)
        successor(old)
        for n in range(1, len(clients)):
            held.answer(calls[n])
            is_eq(clients[n].answer().status, 200, "an answer")
            begin(clients[n], "/held/x")
            calls[n] = held.take()
        ok(old in site.pids("gate"), "the old one has one of them still")
        held.answer(calls[0])
        is_eq(clients[0].answer().status, 200, "that one is answered")
        wait_until(lambda: old not in site.pids("gate"), "the end of the old one, while the others' next are under way")
        for client, call in list(zip(clients, calls))[1:]:
            held.answer(call)
            is_eq(client.answer().status, 200, "which the next gate answers")
        for client in clients:
            client.close()

    with case("a request that comes at the very moment"):
        (old,) = site.pids("gate")
        with fcgi.Client(site.gate_socket, DEADLINE_S) as client:
            is_eq(ask(client), (200, True), "a connection is kept")
            # When it goes on, it finds both.
            os.kill(old, signal.SIGSTOP)
            begin(client, "/open/x")
            os.kill(old, signal.SIGTERM)
            os.kill(old, signal.SIGCONT)
            answer = client.answer()
            is_eq((answer.status, answer.ended), (200, True), "is answered, by the one or the other")
            successor(old)
            is_eq(ask(client), (200, True), "and so is the next")

    with case("all at an end, for a while"):
        # The next gates do not come up at first.
        hold, real = site.folder + "/hold", site.bin
        site.stop_programs()
        site.bin = late_programs(hold)
        site.start_programs()
        site.bin = real
        site.wait_ready()
        clients = [fcgi.Client(site.gate_socket, DEADLINE_S) for _ in range(150)]
        is_eq({ask(client) for client in clients}, {(200, True)}, "150 connections are kept")
        with open(hold, "w", encoding="ascii"):
            pass
        end(site.pids("gate")[0])
        for client in clients:
            begin(client, "/open/x")
        is_eq(select.select([client.sock for client in clients], [], [], 0)[0], [], "they wait while there is no gate")
        os.unlink(hold)
        is_eq({client.answer().status for client in clients}, {200}, "and are answered by the next one")
        for client in clients:
            client.close()

    with case("a gate that nobody follows"):
        path, gate, listener = alone("alone")
        with fcgi.Client(path, DEADLINE_S) as slow, fcgi.Client(path, DEADLINE_S) as idle:
            is_eq(ask(idle), (200, True), "a connection is kept")
            begin(slow, "/held/x")
            call = held.take()
            gate.send_signal(signal.SIGTERM)
            is_eq(idle.take(1), None, "which ends")
            held.answer(call)
            answer = slow.answer()
            is_eq((answer.status, answer.ended), (200, True), "a call under way is answered whole")
            is_eq(slow.take(1), None, "its connection ends behind it")
        is_eq(gate.wait(DEADLINE_S), 0, "an orderly end")
        listener.close()

    with case("a gate that is not to wait any longer"):
        lines = site.folder + "/tls/access.log"  # a folder of the programs' user
        path, gate, listener = alone("impatient", CERTGATE_ACCESS_LOG=lines)
        with fcgi.Client(path, DEADLINE_S) as slow, fcgi.Client(path, DEADLINE_S) as begun, \
                fcgi.Client(path, DEADLINE_S) as idle:
            is_eq(ask(idle), (200, True), "a connection is kept")
            with fcgi.Client(path, DEADLINE_S) as leaving:
                begin(leaving, "/held/left")
                left = held.take()
            wait_until(lambda: os.path.exists(lines) and '"path":"/held/left"' in read(lines), "the line of a client that leaves")
            left.close()
            begin(slow, "/held/slow")
            call = held.take()
            begin(begun, "/held/begun")
            other = held.take()
            other.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
            # Head and body may come one after the other.
            wait_until(lambda: b"he" in begun.sock.recv(65536, socket.MSG_PEEK).partition(b"\r\n\r\n")[2],
                       "the beginning of an answer")
            gate.send_signal(signal.SIGTERM)
            is_eq(idle.take(1), None, "it has begun to end")
            is_eq(gate.poll(), None, "and waits for the calls that are under way")
            gate.send_signal(signal.SIGINT)
            answer = slow.answer()
            is_eq((answer.out, answer.ended), (b"", False), "the one without an answer ends without any")
            answer = begun.answer()
            is_eq((answer.status, answer.body, answer.ended), (200, b"he", False), "the one with a part of it is cut")
        is_eq(gate.wait(DEADLINE_S), 0, "an orderly end")
        # Not before: a call whose upstream goes, too, would end for either reason.
        call.close()
        other.close()
        is_eq(re.findall(r'requests_cut count="(\d+)"', log_of("impatient")), ["2"], "its log tells of two calls")
        told = [json.loads(line) for line in read(lines).splitlines()]
        is_eq(sorted((line["path"], line["code"]) for line in told if line["path"].startswith("/held/")),
              [("/held/begun", "gate_stopped"), ("/held/left", "client_gone"), ("/held/slow", "gate_stopped")],
              "the access log has both, and does not say that their clients left")
        listener.close()

    with case("calls that a stop does not wait for"):
        lines = site.folder + "/tls/more.log"
        site.stop_programs()
        site.start_programs(env={**os.environ, "CERTGATE_ACCESS_LOG": lines})
        site.wait_ready()
        answers, before = [], len(log_of("supervise"))
        client = threading.Thread(target=lambda: answers.append(site.curl("/held/x", seconds=DEADLINE_S)), daemon=True)
        client.start()
        call = held.take()
        is_eq(site.stop_programs(), 0, "the supervisor ends, with a call under way")
        client.join(DEADLINE_S)
        call.close()
        is_eq((answers[0].status in (502, 503), json.loads(answers[0].body)["code"]), (True, "unavailable"),
              "its client is told so")
        like(log_of("supervise")[before:], 'gate.*requests_cut count="1"', "the log says that it was cut")
        with open(lines, encoding="utf-8") as text:
            is_eq([line["code"] for line in map(json.loads, text) if line["path"] == "/held/x"], ["gate_stopped"],
                  "the access log has it")

    with case("more connections than can be handed over"):
        queue = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        queue.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # room for some
        queue.bind(site.folder + "/small")
        queue.connect(site.folder + "/small")
        path, gate, listener = alone("full", queue)
        clients = [fcgi.Client(path, DEADLINE_S) for _ in range(30)]
        is_eq({ask(client) for client in clients}, {(200, True)}, "connections are kept")
        gate.send_signal(signal.SIGTERM)
        is_eq(gate.wait(DEADLINE_S), 0, "it ends all the same")
        closed = select.select([client.sock for client in clients], [], [], 0)[0]
        ok(0 < len(closed) < len(clients), "some of them are closed, the others wait for the next one") or diag(len(closed))
        like(log_of("full"), r"error handover ", "the log says so")
        for client in clients:
            client.close()
        listener.close()

    with case("a gate that is told to end on its way up"):
        path, gate, listener = alone("early", LD_PRELOAD=build_shim(site.folder, "term_shim"))
        is_eq(gate.wait(DEADLINE_S) in (0, -signal.SIGTERM), True, "ends")
        listener.close()

    with case("a gate that nobody follows, under load"):
        path, gate, listener = alone("loaded")
        load = Load(path)
        load.go_on()
        gate.send_signal(signal.SIGTERM)
        is_eq(gate.wait(DEADLINE_S), 0, "it ends, however busy its connections are")
        # Those that connect meanwhile wait for another one.
        load.stopping.set()
        second = site.spawn("second", [*AS_OWNER, site.bin + "/gate"], stdin=listener,
                             env={**os.environ, "CERTGATE_HOME": site.home})
        load.stop()
        is_eq((set(load.statuses), load.faults[:3]), ({200}, []), f"{len(load.statuses)} new connections: each is answered")
        is_eq({one for one in load.kept if one not in ((200, True, False), (0, False, True), "closed")}, set(),
              f"{len(load.kept)} requests on kept ones: an answer, or nothing of it")
        listener.close()
done_testing()
