#!/usr/bin/python3
"""The supervisor: what it starts, restarts, stops and refuses."""
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import fcgi  # noqa: E402
from environment import DEADLINE_S, ROOT, WEB_USER  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as text:
        return next(line.split(":", 1)[1].split() for line in text if line.startswith(name + ":"))


def alive(pid):
    """Not counting one that ended and waits for its parent to look."""
    try:
        return status_of(pid, "State")[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def everyone():
    return site.pids("gate") + site.pids("admin") + site.pids("portal")


def supervise_log():
    with open(site.logs + "/supervise.log", encoding="utf-8") as text:
        return text.read()


class Calls:
    """Calls of the gate, again and again, until the end of the `with`: through the web server, and on FastCGI
    connections that are kept."""

    def __init__(self):
        self.stopping, self.answers = threading.Event(), []
        self.threads = [threading.Thread(target=call, daemon=True) for call in (self.by_web,) * 4 + (self.kept,) * 4]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.go_on()
        return self

    def __exit__(self, *_):
        self.go_on()
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def by_web(self):
        while not self.stopping.is_set():
            self.answers.append(site.curl("/healthz").status)

    def kept(self):
        try:
            with fcgi.Client(site.gate_socket, DEADLINE_S) as client:
                while not self.stopping.is_set():
                    client.begin_whole(site.variables({"REQUEST_URI": "/healthz"}))
                    answer = client.answer()
                    self.answers.append(answer.status if answer.ended else "cut")
                    self.stopping.wait(0.01)
        except OSError as fault:
            self.answers.append(repr(fault))

    def go_on(self):
        before = len(self.answers)
        wait_until(lambda: len(self.answers) > before + 24, "calls")

    def none_was_lost(self):
        is_eq({answer: self.answers.count(answer) for answer in self.answers}, {200: len(self.answers)},
              "no call is lost, no connection closed")


with Site(gates=2, admins=2) as site:
    with case("what it starts"):
        gates, admins = site.pids("gate"), site.pids("admin")
        is_eq(len(gates), 2, "as many gates as asked for, under their own name")
        is_eq(len(admins), 2, "as many admins")
        is_eq(len(site.pids("portal")), 1, "and portals")
        for path in (site.gate_socket, site.admin_socket, site.portal_socket):
            is_eq(stat.S_IMODE(os.stat(path).st_mode), 0o660, f"{os.path.basename(path)} is 0660")
        if ROOT:
            # Nobody else may look: they hold secrets in their memory.
            for pid in (gates[0], admins[0]):
                ok(os.readlink(f"/proc/{pid}/fd/0").startswith("socket:"),
                   "descriptor 0 is the listening socket")
            with open(f"/proc/{gates[0]}/environ", "rb") as text:
                ok(f"CERTGATE_HOME={site.home}".encode() in text.read().split(b"\0"),
                   "CERTGATE_HOME is in its environment")
            uid = str(pwd.getpwnam(WEB_USER).pw_uid)
            for pid in gates + admins:
                is_eq(status_of(pid, "Uid"), [uid] * 4, "runs as the user, in all four ids")
            is_eq(status_of(gates[0], "Groups"), [], "no group of root is left")
            is_eq(int(status_of(gates[0], "CapEff")[0], 16), 0, "no capability is left")
        like(supervise_log(), r"(?m)^ready: 2 gate, 2 admin, 1 portal$", "it says when all are started")

    with case("a worker that ends is started again"):
        before = everyone()
        site.kill(*before)
        wait_until(lambda: len(everyone()) == 5, "new workers")
        is_eq(site.curl("/healthz").status, 200, "and serves")
        # Pauses that went on doubling would be longer than the wait below.
        for _ in range(13):
            site.kill(site.pids("gate")[0])
            wait_until(lambda: len(site.pids("gate")) == 2, "a new gate")
        ok(True, "however often that happens, the pause before a start stays short")
        is_eq(site.curl("/healthz").status, 200, "and it serves still")

    with case("a request under way survives the end of another worker"):
        ok(all(site.curl("/healthz").status == 200 for _ in range(5)), "five in a row")

    with case("SIGUSR1: all are started anew"):
        before = everyone() + site.pids("certgate")
        with Calls() as calls:
            os.kill(site.processes["supervise"].pid, signal.SIGUSR1)
            wait_until(lambda: len(everyone() + site.pids("certgate")) == 6 and
                       not set(before) & set(everyone() + site.pids("certgate")), "the end of the old ones")
        calls.none_was_lost()
        log = supervise_log()
        is_eq(len(re.findall(r'successor_ready program="(?:gate|admin|portal)"', log)), 5, "those with a socket end when the next one is ready")
        is_eq(set(re.findall(r'worker_ended .*pid="(?:%s)" by="(.*)"' % "|".join(map(str, before)), log)), {"status 0"},
              "all in good order")

    with case("SIGUSR1 while they cannot start"):
        before = everyone()
        proof = site.home + "/keys/proof"
        os.rename(proof, proof + ".away")
        with Calls() as calls:
            logged = len(supervise_log())

            def failed(program):
                return len(re.findall(rf"{program}\[\d+\] error start_failed", supervise_log()[logged:])) > 2

            os.kill(site.processes["supervise"].pid, signal.SIGUSR1)
            wait_until(lambda: all(failed(program) for program in ("gate", "admin", "portal")), "failures")
            os.kill(site.processes["supervise"].pid, signal.SIGUSR1)
            ok(set(before) <= set(everyone()), "the old ones stay")
            calls.go_on()
            os.rename(proof + ".away", proof)
            wait_until(lambda: len(everyone()) == 5 and not set(before) & set(everyone()), "the new ones")
        calls.none_was_lost()

    with case("refusals"):
        user = ["--user", WEB_USER] if ROOT else []
        done = site.certgate("supervise", "--sockets", site.sockets, *user)
        is_eq(done.returncode, 1, "a second one on the same sockets is refused")
        like(done.stderr, "listens on", "with the reason")
        is_eq(site.curl("/healthz").status, 200, "and the first goes on")
        long = site.folder + "/" + "s" * 100
        done = site.certgate("supervise", "--sockets", long, *user)
        ok(done.returncode != 0, "a socket path over 107 bytes is refused")
        like(done.stderr, "107", "with the number")
        for wrong in (["--gates", "0"], ["--gates", "many"], ["--surprise"], ["extra"], ["--portals", "0"],
                      ["--lighttpd-ca", "here.pem"], ["--announce"]):
            done = site.certgate("supervise", "--sockets", site.folder + "/empty", *user, *wrong)
            is_eq(done.returncode, 2, f"{' '.join(wrong)} is wrong usage")
        is_eq(site.certgate("supervise", *user).returncode, 2, "so is no --sockets")
        if ROOT:
            done = site.certgate("supervise", "--sockets", site.folder + "/empty")
            ok(done.returncode != 0, "root has to name a user")
            like(done.stderr, "--user", "and is told so")
            done = site.certgate("supervise", "--sockets", site.folder + "/empty", "--user", "root")
            ok(done.returncode != 0, "and not root")
        done = site.certgate("supervise", "--sockets", site.folder + "/empty", "--bin",
                             site.folder, *user)
        is_eq(done.returncode, 1, "programs that are not there: refused")
        is_eq(os.listdir(site.folder + "/empty"), [], "and no socket is left")

    with case("programs that cannot start"):
        site.stop_programs()
        user = ["--user", WEB_USER] if ROOT else []

        def refused(cause, pattern, programs, folder=site.bin, **env):
            done = site.certgate("supervise", "--sockets", site.sockets, "--bin", folder, *user,
                                 env={**os.environ, **env})
            is_eq((done.returncode, done.stdout), (1, ""), f"{cause}: never ready, status 1") or diag(done.stderr)
            told = re.findall(r"(?m)^certgate: The program (\w+) (.*)$", done.stderr)
            is_eq(len(told), 1, f"{cause}: it says once why")
            is_eq(done.stderr.splitlines()[-1], f"certgate: The program {' '.join(told[0])}", f"{cause}: at the end")
            ok(told[0][0] in programs, f"{cause}: which program ({told[0][0]})")
            like(told[0][1], pattern, f"{cause}: why")
            is_eq(os.listdir(site.sockets), [], f"{cause}: no socket is left")
            return done

        proof = site.home + "/keys/proof"
        os.rename(proof, proof + ".away")
        refused("no proof", "^cannot start: .*" + re.escape(proof), ("gate", "admin", "portal"))
        os.rename(proof + ".away", proof)
        if ROOT:
            # The supervisor itself may read it.
            config = site.folder + "/certgate.conf"
            with open(config, "w", encoding="ascii") as out:
                os.fchmod(out.fileno(), 0o600)
            refused("a configuration for root alone", f"^cannot start: .*{re.escape(config)} cannot be read: Permission denied",
                    ("gate", "admin", "portal"), CERTGATE_CONFIG=config)
        own = site.folder + "/own"
        shutil.copytree(site.bin, own)

        def script(name, *lines):
            os.unlink(f"{own}/{name}")
            with open(f"{own}/{name}", "w", encoding="ascii") as out:
                out.write("\n".join(("#!/bin/sh", *lines, "")))
                os.fchmod(out.fileno(), 0o755)

        # The others are ready all the while.
        script("gate", f"CERTGATE_HOME={site.folder}/nowhere exec \"{site.bin}/gate\"")
        refused("one of them", "^cannot start: .*/nowhere cannot be used", ("gate",), own)
        shutil.copy(site.bin + "/gate", own)
        script("portal", "exit 7")
        done = refused("one that says nothing", "^has ended 3 times before it was ready", ("portal",), own)
        ok(done.stderr.count('by="status 7"') in range(3, 7), "and each worker was not started more often")

    with case("a program that starts in the third attempt"):
        tries, before = site.folder + "/tls/try-", len(supervise_log())
        script("portal", *(f"mkdir {tries}{n} 2>/dev/null && exit 7" for n in (1, 2)), f"exec \"{site.bin}/portal\"")
        site.spawn("supervise", [site.bin + "/certgate", "--home", site.home, "supervise", "--sockets", site.sockets,
                                 "--bin", own, "--gates", "2", "--admins", "2", "--portals", "1", *user])
        wait_until(lambda: re.search("(?m)^ready: ", supervise_log()[before:]), "ready")
        is_eq(supervise_log()[before:].split("\nready: ")[0].count('by="status 7"'), 2, "ready after it, and not before")
        is_eq(site.fcgi({"REQUEST_URI": "/portal/whoami"}, socket_path=site.portal_socket).status, 200, "ready: it answers")

    with case("stop"):
        pids = everyone()
        is_eq(site.stop_programs(), 0, "SIGTERM ends it with status 0")
        ok(not any(alive(pid) for pid in pids), "no worker is left")
        is_eq(os.listdir(site.sockets), [], "no socket is left")

    with case("SIGKILL of the supervisor"):
        site.start_programs()
        wait_until(lambda: len(everyone()) == 5, "the workers")
        pids = everyone()
        site.stop_programs(signal.SIGKILL)
        wait_until(lambda: not any(alive(pid) for pid in pids), "the end of all workers")
        ok(True, "leaves no worker")
        site.start_programs()
        wait_until(lambda: site.curl("/healthz").status == 200, "the gate")
        ok(True, "and the next one takes over its sockets")

    with case("sockets that are held by who started it, as systemd does"):
        site.stop_programs()
        paths = [site.gate_socket, site.admin_socket, site.portal_socket]
        held = []
        for path in paths:
            held.append(socket.socket(socket.AF_UNIX))
            held[-1].bind(path)
            os.chmod(path, 0o660)
            if ROOT:
                shutil.chown(path, group=WEB_USER)
            held[-1].listen(128)
        give = ("import os, sys; n = len(sys.argv[1].split(','));"
                "[os.dup2(os.dup2(int(f), 50 + i), 3 + i) for i, f in enumerate(sys.argv[1].split(','))];"
                "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(n));"
                "os.execv(sys.argv[2], sys.argv[2:])")
        user = ["--user", WEB_USER] if ROOT else []
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(site.folder + "/told")
        told.settimeout(DEADLINE_S)

        stored = {}

        def start():
            """As systemd does: what it was given to hold for the service, it gives back."""
            fds = [s.fileno() for s in held] + list(stored.values())
            site.spawn("supervise", ["/usr/bin/python3", "-c", give, ",".join(map(str, fds)),
                                      site.bin + "/certgate", "--home", site.home, "supervise",
                                      "--sockets", site.sockets, "--bin", site.bin, "--gates", "2", *user],
                        pass_fds=fds, env={**os.environ, "NOTIFY_SOCKET": site.folder + "/told"})
            is_eq(told.recv(100), b"READY=1", "it tells that it is ready")
            for _ in range(3):
                news, got, _, _ = socket.recv_fds(told, 100, 1)
                name = re.fullmatch(r"FDSTORE=1\nFDNAME=(\w+)", news.decode()).group(1)
                if name in stored:
                    os.close(got[0])
                else:
                    stored[name] = got[0]

        start()
        is_eq(sorted(stored), ["admin", "gate", "portal"], "what the programs hand over is to be held, too")
        is_eq(site.curl("/healthz").status, 200, "they are used")
        with Calls() as calls:
            for turn in range(5):
                calls.go_on()
                is_eq(site.stop_programs(), 0, f"restart {turn + 1}: it ends")
                ok(all(os.path.exists(path) for path in paths), f"restart {turn + 1}: the sockets stay")
                start()
        calls.none_was_lost()
        site.stop_programs()
        ok(all(os.path.exists(path) for path in paths), "the sockets are not removed")
done_testing()
