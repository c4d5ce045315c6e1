#!/usr/bin/python3
"""`make run`, as a newcomer and as a script meet it."""
import atexit
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from certificates import make_cert  # noqa: E402
from environment import TREE  # noqa: E402
from processes import reserve_port, wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402

folder = tempfile.mkdtemp(prefix="cgr.", dir="/tmp")
atexit.register(shutil.rmtree, folder, True)
os.chmod(folder, 0o711)
state = folder + "/a demo"
# Kept for the demo, which is started several times.
held = reserve_port()
port = held.getsockname()[1]
# A make of its own, not a part of the one that runs the tests.
environment = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CERTGATE_HOME")}
if "CERTGATE_TEST_MAKEFLAGS" in os.environ:
    environment["MAKEFLAGS"] = os.environ["CERTGATE_TEST_MAKEFLAGS"]
started = []


def make_run(*settings):
    # A test that was started in the background may have been told to ignore SIGINT.
    process = subprocess.Popen(
        ["env", "--default-signal=INT", "setpriv", "--pdeathsig", "TERM", "make", "-C", TREE, "run", f"PORT={port}",
         f"STATE={state}", *settings], env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    started.append(process)
    return process


def demo_env():
    variables = {}
    with open(state + "/demo.env", encoding="utf-8") as text:
        for line in text:
            name, _, value = line.rstrip("\n").partition("=")
            variables[name] = shlex.split(value)[0] if value != "''" else ""
    return variables


def wait_ready(process):
    def ready():
        if process.poll() is not None:
            raise RuntimeError(f"make run ended: {process.stdout.read()}")
        return os.path.exists(state + "/demo.env")

    wait_until(ready, "demo.env", 300)
    seen.update(mark for _, mark in below(process.pid))
    return demo_env()


def look_at(pid):
    """A process's name, its parent, and what tells it from others that get its number later; None when it has
    ended.  (An ordinary user may not look into the programs' environments.)"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as text:
            name, fields = text.read().split("(", 1)[1].rsplit(") ", 1)
    except OSError:
        return None
    fields = fields.split()
    return None if fields[0] in "ZX" else (name, int(fields[1]), (pid, fields[19]))


def below(parent):
    """Names and marks of all processes that a process has started."""
    known = {int(pid): look_at(pid) for pid in filter(str.isdigit, os.listdir("/proc"))}
    pids = [parent]
    for above in pids:
        pids += [pid for pid, it in known.items() if it and it[1] == above]
    return [(known[pid][0], known[pid][2]) for pid in pids[1:]]


def processes():
    """The demo's processes: they were seen below a `make run`, or their command lines name its state or its
    run folder."""
    found = [repr(it) for mark in seen if (it := look_at(mark[0])) and it[2] == mark]
    marks = [state.encode(), *(run.encode() for run in run_folders())]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as text:
                line = text.read()
        except OSError:
            continue
        if int(pid) != os.getpid() and any(mark in line for mark in marks):
            found.append(f"{pid} {line!r}")
    return found


seen = set()
runs = set()


def run_folders():
    try:
        with open(state + "/web/run-folder", encoding="ascii") as text:
            runs.add(text.read().strip())
    except FileNotFoundError:
        pass
    return runs


def port_is_free():
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def nothing_left(what):
    is_eq(processes(), [], f"{what}: no process is left")
    ok(port_is_free(), f"{what}: nothing listens")
    ok(not os.path.exists(state + "/demo.env"), f"{what}: demo.env is gone")
    is_eq([run for run in runs if os.path.exists(run)], [], f"{what}: the socket folder is gone")
    odd = subprocess.run(["find", state, "-type", "s", "-o", "-type", "p", "-o", "-name", "*.pid", "-o", "-name",
                          "*.new"], capture_output=True, text=True, check=True).stdout
    is_eq(odd, "", f"{what}: nor a socket, pid file or half a file in STATE")
    is_eq([name for name in shared_files() if is_held(name)], [], f"{what}: nobody holds a lock")


def shared_files():
    folder = state + "/home/run"
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def is_held(path):
    """Whether anybody has a lock on it, of either kind."""
    with open(path, "rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def holding(secret):
    """The files of the demo that hold it."""
    found = subprocess.run(["grep", "-rlF", "--", secret, "."], cwd=state, capture_output=True, text=True,
                           check=False).stdout.split("\n")
    return sorted(name.removeprefix("./") for name in found if name)


def fetch(url, ca):
    context = ssl.create_default_context(cafile=ca)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context),
                                         urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=60) as answer:
        return answer.status


try:
    with case("the first start"):
        process = make_run()
        first = wait_ready(process)
        run_folders()
        is_eq(sorted(first), sorted(
            "CERTGATE_" + name for name in ("URL", "CA", "HOME", "ADMIN_USER", "ADMIN_PASSWORD",
                                            "ADMIN_TOKEN", "UPSTREAM", "BIN", "MAIL")),
              "demo.env has its names")
        is_eq(stat.S_IMODE(os.stat(state + "/demo.env").st_mode), 0o600, "and is 0600")
        is_eq(fetch(first["CERTGATE_URL"] + "/healthz", first["CERTGATE_CA"]), 200,
              "when it is there, the server answers")
        is_eq(first["CERTGATE_URL"], f"https://localhost:{port}", "the URL is the promised one")
        shown = subprocess.run([first["CERTGATE_BIN"] + "/certgate", "--home", first["CERTGATE_HOME"],
                                "--json", "settings", "show"], capture_output=True, check=False)
        is_eq(json.loads(shown.stdout)["base_urls"],
              dict.fromkeys(("gate", "portal", "admin"), first["CERTGATE_URL"]), "links lead there")
        ok(first["CERTGATE_ADMIN_PASSWORD"], "there is a password")
        ok(os.access(first["CERTGATE_BIN"] + "/certgate", os.X_OK), "the command is where it says")
        ok(os.path.isdir(first["CERTGATE_MAIL"]), "so is the mail folder")
        is_eq(urllib.request.urlopen(first["CERTGATE_UPSTREAM"] + "/").status, 200,
              "and the upstream")
        is_eq(stat.S_IMODE(os.stat(state).st_mode) & 0o007, 0, "others cannot enter STATE")
        loose = subprocess.run(["find", state, "-name", "*.key", "-perm", "/077"],
                               capture_output=True, text=True, check=False).stdout
        is_eq(loose, "", "no key file is open to others")

    with case("a second one on the same STATE"):
        done = subprocess.run(["make", "-C", TREE, "run", f"PORT={port + 1 if port < 65000 else 1024}",
                               f"STATE={state}"], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        ok(done.returncode != 0, "is refused")
        like(done.stderr, "running with STATE=.* already", "with a sentence")
        ok(os.path.exists(state + "/demo.env"), "and the first goes on")

    with case("a port that is taken"):
        other = folder + "/other"
        done = subprocess.run(["make", "-C", TREE, "run", f"PORT={port}", f"STATE={other}"],
                              env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        ok(done.returncode != 0, "is refused")
        like(done.stderr, f"[Pp]ort {port}", "with a sentence that names it")
        ok(not os.path.exists(other + "/demo.env"), "no demo.env")

    with case("the files of the run folder"):
        held_now = {os.path.basename(name) for name in shared_files() if is_held(name)}
        ok({"lock", "users"} <= held_now, "are held while it runs") or diag(held_now)

    with case("SIGTERM to make alone"):
        os.kill(process.pid, signal.SIGTERM)
        text, _ = process.communicate(timeout=120)
        nothing_left("after SIGTERM")
        like(text, r"openssl req -x509", "it had printed the quickstart")
        like(text, r"certgate.* *\\\n *key create --name", "with the command")
        like(text, re.escape(first["CERTGATE_ADMIN_PASSWORD"]), "and the password")
        is_eq(holding(first["CERTGATE_ADMIN_PASSWORD"]), [], "which no file has any more")

    with case("the second start"):
        process = make_run("GATES=2")
        second = wait_ready(process)
        run_folders()
        ok(second["CERTGATE_ADMIN_PASSWORD"] not in ("", first["CERTGATE_ADMIN_PASSWORD"]),
           "has a new one-time password, since the first was not used")
        is_eq(second["CERTGATE_CA"], first["CERTGATE_CA"], "keeps the CA")
        ok(second["CERTGATE_ADMIN_TOKEN"] != first["CERTGATE_ADMIN_TOKEN"], "has a new token")
        wait_until(lambda: [name for name, _ in below(process.pid)].count("gate") == 2, "two gates")
        ok(True, "GATES=2 starts two gates")

    with case("the one-time password"):
        one_time = second["CERTGATE_ADMIN_PASSWORD"]
        is_eq(holding(one_time), ["demo.env"], "lies in demo.env alone")
        demo = type("Demo", (), {"ca": second["CERTGATE_CA"], "port": port})
        like(Browser(demo).sign_in("admin", first["CERTGATE_ADMIN_PASSWORD"]).path, "/admin/login$",
             "that of the start before is worth nothing")
        chosen = "a password of the demo's tests"
        Browser(demo).first_sign_in("admin", one_time, chosen)
        wait_until(lambda: demo_env()["CERTGATE_ADMIN_PASSWORD"] == "", "demo.env to lose it")
        is_eq(demo_env(), {**second, "CERTGATE_ADMIN_PASSWORD": ""}, "as soon as it was changed, and nothing else")
        is_eq(stat.S_IMODE(os.stat(state + "/demo.env").st_mode), 0o600, "it is 0600 as before")
        is_eq(holding(one_time) + holding(chosen), [], "no file has either of them")

    with case("SIGINT to make alone"):
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=120)
        nothing_left("after SIGINT")

    with case("SIGKILL of make"):
        process = make_run()
        wait_ready(process)
        run_folders()
        process.kill()
        process.wait()
        wait_until(lambda: not processes() and not os.path.exists(state + "/demo.env"),
                   "the demo's end")
        nothing_left("after SIGKILL")

    with case("Ctrl-C"):
        process = make_run()
        wait_ready(process)
        run_folders()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=120)
        nothing_left("after Ctrl-C")

    with case("SERVER=lighttpd, on the same STATE"):
        process = make_run("SERVER=lighttpd")
        third = wait_ready(process)
        run_folders()
        is_eq(sorted(third), sorted(first), "demo.env has the same names")
        is_eq(third["CERTGATE_ADMIN_PASSWORD"], "", "without a password, which was changed")
        is_eq(fetch(third["CERTGATE_URL"] + "/healthz", third["CERTGATE_CA"]), 200,
              "the server answers")
        partner = make_cert(folder, "partner")

        def command(*args):
            return subprocess.run([third["CERTGATE_BIN"] + "/certgate", "--home",
                                   third["CERTGATE_HOME"], *args], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, check=False)

        def call():
            return subprocess.run(
                ["curl", "-q", "-sS", "--noproxy", "*", "--max-time", "60", "--cacert",
                 third["CERTGATE_CA"], "--cert", partner.path, "--key", partner.key,
                 third["CERTGATE_URL"] + "/mtls-api/hello", "-o", "/dev/null", "-w",
                 "%{http_code}"], capture_output=True, text=True, check=False).stdout

        is_eq(call(), "401", "a certificate that nobody registered does not arrive")
        is_eq(command("key", "create", "--name", "Lighttpd", "--cert", partner.path, "--api",
                      "mtls-api").returncode, 0, "it is registered")
        codes = []

        def arrived():
            codes.append(call())
            return codes[-1] == "200"

        wait_until(arrived, "lighttpd to know it")
        # A call on the very moment of the restart may be cut.
        is_eq(set(codes) - {"401", "000"}, {"200"}, "and passes by itself")
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=120)
        nothing_left("after SIGTERM")

    with case("what it does not know"):
        done = subprocess.run(["make", "-C", TREE, "run", "SERVER=nginx", f"STATE={state}"],
                              env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        ok(done.returncode != 0, "SERVER=nginx ends")
        like(done.stderr, "it is apache or lighttpd", "with a sentence")
finally:
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait()
done_testing()
