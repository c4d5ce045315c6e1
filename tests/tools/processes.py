"""Processes that end with the test at the latest, ports that are theirs, and waiting for what they do."""
import contextlib
import os
import signal
import socket
import subprocess
import time

from environment import DEADLINE_S
from tap import diag


def wait_until(what, name, seconds=None):
    """Calls `what` until it is true and returns its value; TimeoutError when that takes too long."""
    end = time.monotonic() + (seconds or DEADLINE_S)
    pause = 0.005
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited too long for {name}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def thread_states(pid):
    """Of a process: a letter for each state that some thread of it is in."""
    states = set()
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as text:
            states.add(text.read().rpartition(")")[2].split()[0])
    return states


def own_memory_kb(pid):
    """(highest so far, now) of a process, kB, without the files that it maps: of the tables that all share
    it gets pages at times of its own, 5 MB at once where it saves the counts."""
    with open(f"/proc/{pid}/status", encoding="ascii") as text:
        values = dict(line.split(":", 1) for line in text)
    of = {name: int(values[name].split()[0])
          for name in ("VmHWM", "RssAnon", "RssFile", "RssShmem")}
    return of["VmHWM"] - of["RssFile"] - of["RssShmem"], of["RssAnon"]


def reserve_port():
    """A socket with a port of its own, on which nobody listens.  As long as it is open nobody else is
    given the port, but a server that asks for it gets it: all here set SO_REUSEADDR."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


class Processes:
    """Those of one test site by name, and what they say in its folder `logs`."""

    def __init__(self):
        self.folder = self.logs = None
        self.processes = {}
        self.reserved = []

    def spawn(self, name, command, stdin=subprocess.DEVNULL, **kwargs):
        """Starts a process that ends with this one at the latest."""
        with open(f"{self.logs}/{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command], stdin=stdin, stdout=log, stderr=log,
                start_new_session=True, **kwargs)
        return self.processes[name]

    def stop(self, name, sig=signal.SIGTERM, seconds=DEADLINE_S):
        """Returns its exit status; None when it did not run."""
        process = self.processes.pop(name, None)
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(sig)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                diag(f"{name} did not end within {seconds} s; it is killed")
                process.kill()
                process.wait()
        return process.returncode

    def must_run(self, name):
        process = self.processes[name]
        if process.poll() is not None:
            self.dump_logs()
            raise RuntimeError(f"{name} ended with status {process.returncode}")

    def reserve(self):
        """A port that is this site's to its end."""
        self.reserved.append(reserve_port())
        return self.reserved[-1].getsockname()[1]

    @staticmethod
    def kill(*pids):
        """SIGKILL; returns when they are gone.  Before that they may still accept a connection, and
        what is called is cut off."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "their end")

    def dump_logs(self, lines=40):
        for name in sorted(os.listdir(self.logs)) if self.folder else []:
            with open(os.path.join(self.logs, name), errors="replace", encoding="utf-8") as log:
                text = log.read().splitlines()
            # Of mod_ssl's talk only the certificates it turned away.
            text = [t for t in text if "[ssl:info]" not in t or "AH02276" in t][-lines:]
            if text and not name.endswith(".json"):
                diag(f"=== {name}", *text)
