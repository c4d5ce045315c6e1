#!/usr/bin/python3
"""A fresh copy of the tree in a folder with a space in its name, as an ordinary user: build, install,
uninstall, demo and tests; and what is installed finds what belongs to it."""
import atexit
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, TREE  # noqa: E402
from processes import reserve_port, wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402

folder = tempfile.mkdtemp(prefix="cgi.", dir="/tmp")
atexit.register(shutil.rmtree, folder, True)
os.chmod(folder, 0o755)
clone = folder + "/a fresh copy"
KEPT = (".ci", ".clang-format", "Makefile", "README.md", "LICENSE", "SECURITY.md", "CHANGELOG.md", "apache-conf",
        "cgi-bin", "lib", "schema", "templates", "tests")
CLEAN = {k: v for k, v in os.environ.items()
         if not k.startswith("CERTGATE_") and
         k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MODE", "TESTS")}
CLEAN["HOME"] = folder
AS_USER = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if ROOT else []


def make(*args, user=True, **kwargs):
    return subprocess.run([*(AS_USER if user else []), "make", "-C", clone, *args], env=CLEAN, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **kwargs)


def does(name, *args, user=True):
    done = make(*args, user=user)
    ok(done.returncode == 0, name) or diag(done.stdout[-3000:])
    return done.stdout


def files(path):
    return sorted(os.path.relpath(os.path.join(where, name), path)
                  for where, _, names in os.walk(path) for name in names)


os.mkdir(clone)
for name in KEPT:
    source = os.path.join(TREE, name)
    if os.path.isdir(source):
        shutil.copytree(source, f"{clone}/{name}", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    elif os.path.exists(source):
        shutil.copy2(source, clone)
# Not a download for this.
os.makedirs(clone + "/build/node_modules/html-validate")
with open(clone + "/build/node_modules/html-validate/package.json", "w", encoding="ascii"):
    pass
if ROOT:
    subprocess.run(["chown", "-R", "nobody:nogroup", clone], check=True)
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)

with case("make"):
    unlike(does("as an ordinary user", "-j2", "CI=1"), "warning", "no warning")
    unlike(does("again", "CI=1"), "CC|LINK", "nothing is left to build")

with case("DESTDIR"):
    dest = folder + "/a destination"
    where = (f"DESTDIR={dest}", "PREFIX=/opt/certgate", "SYSCONFDIR=/opt/settings")
    does("install", "install", *where)
    made = files(dest)
    ok(all(name.startswith("opt/certgate/") for name in made), f"{len(made)} files, all below PREFIX")
    for name in ("lib/certgate/cgi-bin/gate", "lib/certgate/cgi-bin/admin", "lib/certgate/cgi-bin/portal",
                 "bin/certgate", "share/certgate/apache-conf/certgate.conf", "share/man/man8/certgate.8",
                 "share/man/man5/certgate.conf.5", "share/man/man7/certgate-rest.7",
                 "share/doc/certgate/README.md", "share/certgate/apache-conf/systemd/certgate.service", "share/certgate/templates/layout/admin.tpl"):
        ok("opt/certgate/" + name in made, name)
    is_eq(os.readlink(dest + "/opt/certgate/bin/certgate"), "/opt/certgate/lib/certgate/cgi-bin/certgate",
          "the command's link is for the place that it is for")
    wrong = []
    for name in made:
        if os.path.islink(f"{dest}/{name}"):
            continue
        with open(f"{dest}/{name}", "rb") as file:
            # What the Debian package does otherwise is told as its own.
            if re.search(rb"/usr/(local|lib/certgate)/|/etc/certgate/(?!lighttpd)", file.read()) and not name.endswith("README.md"):
                wrong.append(name)
    is_eq(wrong, [], "no file names another PREFIX or SYSCONFDIR")
    does("uninstall", "uninstall", *where)
    is_eq(files(dest), [], "leaves no file")
    is_eq([where for where, _, _ in os.walk(dest) if "certgate" in os.path.relpath(where, dest + "/opt/certgate")],
          [], "and no folder of its own")

with case("installed"):
    prefix, etc = folder + "/inst", folder + "/etc"
    where = (f"PREFIX={prefix}", f"SYSCONFDIR={etc}")
    does("install", "install", *where)
    # What it was built from is out of reach.
    os.rename(clone, clone + " away")
    home = folder + "/data"
    os.makedirs(etc + "/certgate")
    with open(etc + "/certgate/certgate.conf", "w", encoding="ascii") as out:
        out.write(f'data_folder = "{home}"\n')
    if ROOT:
        os.chown(etc + "/certgate", pwd.getpwnam("nobody").pw_uid, -1)
    done = subprocess.run([*AS_USER, prefix + "/bin/certgate", "init"], env=CLEAN,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    is_eq((done.returncode, done.stderr), (0, ""), "the command goes by the installed configuration")
    is_eq(sorted(os.listdir(etc + "/certgate")), ["certgate.conf", "proof.conf", "proof.conf.lighttpd"], "the proof lies beside it")
    ok(os.path.isdir(home + "/db"), "the data folder is the one that it names")
    done = subprocess.run([*AS_USER, prefix + "/lib/certgate/cgi-bin/admin"], stdin=subprocess.DEVNULL,
                          env={**CLEAN, "REQUEST_METHOD": "GET", "REQUEST_URI": "/admin/login", "HTTPS": "on",
                               "SERVER_PROTOCOL": "HTTP/1.1", "CERTGATE_PREFIX": "/admin"},
                          capture_output=True, text=True, check=False)
    unlike(done.stdout + done.stderr, "templates|unavailable", "admin finds its templates")
    like(done.stdout, "<!doctype html>(?s:.*)https", "and shows a page")
    os.rename(clone + " away", clone)
    does("uninstall", "uninstall", *where)
    is_eq(files(prefix), [], "leaves no file")
    ok(os.path.isdir(home + "/db") and os.path.exists(etc + "/certgate/certgate.conf"), "data and settings stay")

with case("make test"):
    said = does("a test", "test", "TESTS=tests/tree/layers.t tests/tree/scripts.t")
    like(said, r"(?m)^\d+ passed, 0 failed", "passes")

with case("make run"):
    held = reserve_port()
    port, state = held.getsockname()[1], clone + "/var/demo"
    process = subprocess.Popen([*AS_USER, "env", "--default-signal=INT", "setpriv", "--pdeathsig", "TERM", "make",
                                "-C", clone, "run", f"PORT={port}"], env=CLEAN, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def ready():
        if process.poll() is not None:
            raise RuntimeError("make run ended: " + process.stdout.read()[-3000:])
        return os.path.exists(state + "/demo.env")

    wait_until(ready, "demo.env", 300)
    with open(state + "/demo.env", encoding="utf-8") as text:
        demo = dict(line.split("=", 1) for line in text.read().splitlines())
    demo = {name: shlex.split(value)[0] if value != "''" else "" for name, value in demo.items()}
    done = subprocess.run(["curl", "-sS", "--cacert", demo["CERTGATE_CA"], demo["CERTGATE_URL"] + "/portal/whoami"],
                          capture_output=True, text=True, check=False)
    like(done.stdout, '"received"', "answers")
    process.terminate()
    process.wait(120)
    ok(not os.path.exists(state + "/demo.env"), "and ends")
done_testing()
