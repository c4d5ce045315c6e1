"""The parts of a test site that are no web server: certgate's programs and the upstreams."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess

from environment import BIN, DEADLINE_S, HANG_S, ROOT, TOOLS, WEB_USER
from processes import Processes, thread_states, wait_until


class Upstream:
    """An upstream of a site, with a log of its own: upstream.py with these arguments."""

    def __init__(self, site, name, args=(), port=0):
        self.site, self.name, self.args = site, name, args
        self.log_file = f"{site.logs}/{name}.json"
        self.port = port or site.reserve()
        self.start()

    def start(self):
        port_file = f"{self.site.folder}/{self.name}.port"
        self.site.spawn(self.name, ["/usr/bin/python3", TOOLS + "/upstream.py",
                                    "--port-file", port_file, "--port", str(self.port),
                                    "--log", self.log_file, *self.args])

        def listens():
            self.site.must_run(self.name)
            return os.path.exists(port_file)

        wait_until(listens, "the upstream " + self.name)
        os.unlink(port_file)

    def stop(self):
        self.site.stop(self.name)

    def log(self):
        """The requests that reached it, oldest first."""
        with open(self.log_file, encoding="utf-8") as log:
            return [json.loads(line) for line in log if line.endswith("\n")]

    def clear(self):
        os.truncate(self.log_file, 0)


class Programs(Processes):
    """Of a Site: gate, admin and portal under their supervisor, the command, and the upstream."""

    def find_programs(self):
        """The folder of the programs; a copy when the web server's user cannot reach them."""
        if not os.access(BIN + "/gate", os.X_OK):
            raise RuntimeError(f"there is no {BIN}/gate: run make")
        if not ROOT:
            return BIN
        reach = subprocess.run(["setpriv", "--reuid", WEB_USER, "--regid", WEB_USER,
                                "--clear-groups", "test", "-x", BIN + "/gate"], check=False)
        if reach.returncode == 0:
            return BIN
        copy = self.folder + "/bin"
        shutil.copytree(BIN, copy)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", copy], check=True)
        return copy

    def certgate(self, *args, stdin=None, env=None):
        """The command, on this site's data folder; `env`: its environment, where it is not this one's."""
        return subprocess.run([getattr(self, "bin", BIN) + "/certgate", "--home", self.home,
                               *map(str, args)], capture_output=True, check=False,
                              text=not isinstance(stdin, bytes), timeout=HANG_S, env=env,
                              **({"stdin": subprocess.DEVNULL} if stdin is None
                                 else {"input": stdin}))

    def start_programs(self, env=None, says=rb"^ready: "):
        """Until the supervisor says that.  `env`: their environment, where it is not this one's."""
        user = ["--user", WEB_USER] if ROOT else []
        log = self.logs + "/supervise.log"
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self.spawn("supervise", [self.bin + "/certgate", "--home", self.home, "supervise",
                                 "--sockets", self.sockets, "--bin", self.bin,
                                 "--gates", str(self.gates), "--admins", str(self.admins),
                                 "--portals", str(self.portals), *user], env=env)

        def started():
            self.must_run("supervise")
            with open(log, "rb") as text:
                text.seek(before)
                return re.search(says, text.read(), re.M)

        wait_until(started, "the programs")

    def refused_start(self, env):
        """What the supervisor says that does not start with these variables as well."""
        user = ["--user", WEB_USER] if ROOT else []
        done = subprocess.run([self.bin + "/certgate", "--home", self.home, "supervise",
                               "--sockets", self.sockets, "--bin", self.bin, *user],
                              env={**os.environ, **env}, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, check=False, timeout=DEADLINE_S)
        return done.stderr if done.returncode == 1 else f"exit status {done.returncode}"

    def stop_programs(self, sig=signal.SIGTERM):
        """Returns the supervisor's exit status."""
        return self.stop("supervise", sig)

    def pids(self, program):
        """The process ids of the supervisor's gate, admin or portal processes."""
        found = subprocess.run(["pgrep", "-x", "-P", str(self.processes["supervise"].pid),
                                program], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    @contextlib.contextmanager
    def alone(self, pid):
        """All gates but this one stand still."""
        others = [other for other in self.pids("gate") if other != pid]

        def stand_still():
            for other in others:
                os.kill(other, signal.SIGSTOP)
            for other in others:
                # Each of its threads: one that has not stopped yet could still take a connection.
                wait_until(lambda o=other: thread_states(o) == {"T"}, "the other gates' stop")

        def go_on():
            for other in others:
                os.kill(other, signal.SIGCONT)

        try:
            stand_still()
            # One that was stopped inside the store's lock would keep this one out of the store.
            while self.fcgi({"REQUEST_URI": "/readyz"}).status != 200:
                go_on()
                stand_still()
            yield
        finally:
            go_on()

    @property
    def gate_socket(self):
        return self.sockets + "/gate.sock"

    @property
    def admin_socket(self):
        return self.sockets + "/admin.sock"

    @property
    def portal_socket(self):
        return self.sockets + "/portal.sock"

    def make_upstream(self):
        """The first one: `upstream_url`."""
        self.upstream = Upstream(self, "upstream")
        self.upstream_port = self.upstream.port
        self.upstream_url = f"http://127.0.0.1:{self.upstream_port}"

    def start_upstream(self):
        self.upstream.start()

    def stop_upstream(self):
        self.upstream.stop()

    def upstream_log(self):
        return self.upstream.log()

    def upstream_clear(self):
        self.upstream.clear()

    def more_upstream(self, name, *args, port=0):
        """Another upstream.py with these arguments; see Upstream."""
        return Upstream(self, name, args, port)
