"""What tests of the whole need: a site of their own, and TAP.

  #!/usr/bin/python3
  import os, sys
  sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
  from certgate_test import *

  with Site() as site:
      partner = site.make_cert("partner")
      with case("a certificate that nobody registered"):
          status, headers, body = site.curl("/mtls-api/", cert=partner)
          is_eq(status, 403, "is refused")
  done_testing()

A Site has a folder, an Apache on free loopback ports, a data folder, a supervisor with gate and
admin, and an upstream, all its own; whatever ends the test ends them.
"""
import atexit
import base64
import contextlib
import hashlib
import http.client
import json as json_module
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

import fcgi  # noqa: F401  (for tests)

TOOLS = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(TOOLS))
BIN = os.path.abspath(os.environ.get("CERTGATE_TEST_BIN") or
                      os.path.join(TREE, "build", os.environ.get("MODE", "release"), "bin"))
ROOT = os.geteuid() == 0
WEB_USER = "www-data"
# A command that is not done by then hangs, however large the store and busy the machine.
HANG_S = 600
# The web server of sites that do not name one: the gate's tests run against each that can carry them.
SERVER = os.environ.get("CERTGATE_SERVER", "apache")
# Not the configuration file of the host that the tests run on.
os.environ.setdefault("CERTGATE_CONFIG", "")
# The longest that anything may take to come up.  Not a pause: each wait ends when it has happened.
DEADLINE_S = float(os.environ.get("CERTGATE_TEST_DEADLINE", "120"))

# --- TAP ---

_count = 0
_failed = 0
_planned = None
_case = ""
_sites = []


def diag(*texts):
    for text in texts:
        for line in str(text).splitlines() or [""]:
            print("# " + line)
    sys.stdout.flush()


def ok(condition, name):
    global _count, _failed
    _count += 1
    _failed += not condition
    name = (_case + str(name)).replace("#", "\\#").replace("\n", " ")
    print(f"{'' if condition else 'not '}ok {_count} - {name}", flush=True)
    if not condition:
        where = traceback.extract_stack()
        for frame in reversed(where):
            if frame.filename != __file__ and "contextlib" not in frame.filename:
                diag(f"at {os.path.relpath(frame.filename, TREE)} line {frame.lineno}")
                break
    return bool(condition)


def skip(name, why):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}", flush=True)


def is_eq(got, want, name):
    if ok(got == want, name):
        return True
    diag(f"got:  {got!r}", f"want: {want!r}")
    return False


def like(text, pattern, name):
    text = text.decode("latin-1") if isinstance(text, bytes) else str(text)
    if ok(re.search(pattern, text), name):
        return True
    diag(f"text:    {text[:2000]!r}", f"pattern: {pattern}")
    return False


def unlike(text, pattern, name):
    text = text.decode("latin-1") if isinstance(text, bytes) else str(text)
    if ok(not re.search(pattern, text), name):
        return True
    diag(f"text:    {text[:2000]!r}", f"pattern that must not match: {pattern}")
    return False


@contextlib.contextmanager
def case(name):
    """The name goes before those of its tests.  An exception inside is one failed test, and the
    next case goes on."""
    global _case
    _case = name + ": "
    try:
        yield
    except Exception:  # pylint: disable=broad-except
        ok(False, "broke off")
        diag(traceback.format_exc())
    finally:
        _case = ""


def plan(n):
    global _planned
    _planned = n
    print(f"1..{n}", flush=True)


def done_testing():
    """The plan, when there was none; ends the test."""
    for site in list(_sites):
        site.close()
    if _planned is None:
        print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed or _count == 0 or (_planned not in (None, _count)) else 0)


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


# --- certificates ---

# How long they hold.  What ends within 30 days is told in the audit and by mail, at the latest an hour
# after it was registered and otherwise whenever the next gate starts: not in the midst of any test.
DAYS = 400

def _openssl(*args, **kwargs):
    done = subprocess.run(["openssl", *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, args))}\n{done.stderr}")
    return done.stdout


class Cert:
    """A certificate and its key, as files and as bytes."""

    def __init__(self, path, key):
        self.path, self.key = path, key
        with open(path, encoding="ascii") as text:
            self.pem = text.read()
        with open(key, encoding="ascii") as text:
            self.key_pem = text.read()
        first = self.pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
        self.der = base64.b64decode(first)
        self.sha256 = hashlib.sha256(self.der).hexdigest()


def make_cert(folder, name, key="ec", days=DAYS, extra=(), ca=None, subject=None, extensions=(),
              not_before=None, not_after=None):
    """A certificate made with the openssl command: self-signed as in the quickstart, or issued by
    `ca` (a Cert).  `key`: ec, rsa, ed25519.  `extra`: further arguments of `openssl req`.
    `extensions`: lines such as "extendedKeyUsage=serverAuth"; they replace openssl's own.
    `not_before`, `not_after`: YYYYMMDDHHMMSSZ."""
    base = os.path.join(folder, re.sub(r"[^A-Za-z0-9_.-]", "_", name))
    cert_path, key_path = base + ".pem", base + ".key"
    subject = subject or f"/CN={name}"
    kinds = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
             "rsa": ["-newkey", "rsa:2048"], "ed25519": ["-newkey", "ed25519"]}
    new_key = [*kinds[key], "-nodes", "-keyout", key_path]
    if ca is None and not (not_before or not_after or extensions):
        _openssl("req", "-x509", *new_key, "-days", days, "-subj", subject, "-out", cert_path,
                 *extra)
        return Cert(cert_path, key_path)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        conf = os.path.join(work, "ca.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.write("[ca]\ndefault_ca=c\n[c]\n"
                      f"database={work}/index\nnew_certs_dir={work}\nrand_serial=yes\n"
                      "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\n[x]\n")
            out.write("\n".join(extensions or ["basicConstraints=CA:FALSE"]) + "\n")
        with open(work + "/index", "w", encoding="ascii"):
            pass
        request = os.path.join(work, "req.pem")
        _openssl("req", "-new", *new_key, "-subj", subject, "-out", request, *extra)
        signer = ["-selfsign", "-keyfile", key_path] if ca is None else \
            ["-cert", ca.path, "-keyfile", ca.key]
        dates = ["-days", days]
        if not_before or not_after:
            dates = ["-startdate", not_before or "20200101000000Z",
                     "-enddate", not_after or "20491231235959Z"]
        _openssl("ca", "-config", conf, "-batch", "-notext", "-preserveDN", "-extensions", "x",
                 "-in", request, "-out", cert_path, *signer, *dates)
    return Cert(cert_path, key_path)


def make_ca(folder, name="Test CA"):
    return make_cert(folder, name, extensions=["basicConstraints=critical,CA:TRUE",
                                               "keyUsage=critical,keyCertSign,cRLSign",
                                               "subjectKeyIdentifier=hash"])


# --- answers ---

class Headers(list):
    """(lower-case name, value) in order."""

    def get(self, name, default=None):
        return next((v for n, v in self if n == name.lower()), default)

    def all(self, name):
        return [v for n, v in self if n == name.lower()]


class Answer:
    """Unpacks into status, headers, body.  status 0: no HTTP answer; then `error` says why."""

    def __init__(self, status, headers, body, rc=0, error="", version="", complete=True):
        self.status, self.headers, self.body = status, headers, body
        self.rc, self.error, self.version, self.complete = rc, error, version, complete

    def __iter__(self):
        return iter((self.status, self.headers, self.body))

    def __repr__(self):
        return f"<{self.status} {self.headers} {repr(self.body)[:900]} rc={self.rc} {self.error}>"

    def json(self):
        return json_module.loads(self.body)


def _split_head(text):
    """The last head of a file with one or more (100, then 200)."""
    blocks = [b for b in re.split(r"\r?\n\r?\n", text) if b.startswith("HTTP/")]
    if not blocks:
        return 0, "", Headers()
    lines = blocks[-1].splitlines()
    first = lines[0].split(" ")
    headers = Headers()
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return int(first[1]), first[0], headers


def read_answer(sock, method="GET"):
    """One HTTP/1.1 answer from a socket.  `complete` is False when it was cut."""
    data = b""

    def more():
        nonlocal data
        try:
            piece = sock.recv(65536)
        except (ConnectionError, ssl.SSLError) as fault:
            if isinstance(fault, TimeoutError):
                raise
            piece = b""
        data += piece
        return bool(piece)

    while True:
        while b"\r\n\r\n" not in data:
            if not more():
                return Answer(0, Headers(), data, error="closed", complete=False)
        head, data = data.split(b"\r\n\r\n", 1)
        status, version, headers = _split_head(head.decode("latin-1") + "\r\n\r\n")
        if status >= 200:
            break
    done = Answer(status, headers, b"", version=version)
    if method == "HEAD" or status in (204, 304):
        return done
    if "chunked" in (headers.get("transfer-encoding") or "").lower():
        while True:
            while b"\r\n" not in data:
                if not more():
                    done.complete = False
                    return done
            line, data = data.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            while len(data) < size + 2:
                if not more():
                    done.body += data
                    done.complete = False
                    return done
            done.body += data[:size]
            data = data[size + 2:]
            if size == 0:
                return done
    length = headers.get("content-length")
    while length is None or len(data) < int(length):
        if not more():
            break
    done.body = data
    done.complete = length is None or len(data) == int(length)
    return done


# --- the site ---

def _states_of(pid):
    """Of its threads."""
    states = set()
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as text:
            states.add(text.read().rpartition(")")[2].split()[0])
    return states


def reserve_port():
    """A socket with a port of its own, on which nobody listens.  As long as it is open nobody else is
    given the port, but a server that asks for it gets it: all here set SO_REUSEADDR."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


class Upstream:
    """A further upstream of a site: port, log(), clear(), stop(), start()."""

    def __init__(self, site, name, args, port):
        self.site, self.name, self.args = site, name, args
        self.log_file = f"{site.logs}/{name}.json"
        self.port = port or site.reserve()
        self.start()

    def start(self):
        port_file = f"{self.site.folder}/{self.name}.port"
        self.site._spawn(self.name, ["/usr/bin/python3", self.site.folder + "/upstream.py",
                                     "--port-file", port_file, "--port", str(self.port),
                                     "--log", self.log_file, *self.args])

        def listens():
            self.site._must_run(self.name)
            return os.path.exists(port_file)

        wait_until(listens, "the upstream " + self.name)
        os.unlink(port_file)

    def stop(self):
        self.site._stop(self.name)

    def log(self):
        with open(self.log_file, encoding="utf-8") as log:
            return [json_module.loads(line) for line in log if line.endswith("\n")]

    def clear(self):
        os.truncate(self.log_file, 0)


class Site:
    """Options:
    gates, admins   how many processes
    plain           also a virtual host without TLS, whole host to the gate and /admin
    hostile         also a virtual host that has nothing to do with certgate, without TLS, whose
                    folder `hostile_root` may hold a .htaccess (AllowOverride FileInfo)
    prefix          open this path instead of the whole host; the rest is the folder `docroot`,
                    where .htaccess files count
    protocols       SSLProtocol
    extra           text inside the virtual host with TLS, extra_server: outside of all
    start           False: the programs are not started (start_programs does)
    server          apache or lighttpd (CERTGATE_SERVER, else apache).  Of lighttpd: `hostile`,
                    `docroot` and `.htaccess` do not exist, and `protocols` and `extra` are Apache's.
                    Certificates are made known to it before each connection with one (announce).
    strangers       lighttpd: its ssl.ca-file has every certificate that this site made, so that also
                    those arrive that nobody registered, as with Apache; False: what certgate writes
    portals         how many processes

    Has: url, port, plain_port, hostile_port, ca, folder, home, sockets, proof, password, token,
    upstream_url."""

    def __init__(self, gates=1, admins=1, plain=False, hostile=False, prefix=None,
                 protocols="-all +TLSv1.2 +TLSv1.3", extra="", extra_server="", name="main",
                 start=True, server=None, portals=1,
                 strangers=True):
        self.strangers, self.made, self.announced, self.announces = strangers, [], [], False
        self.server_kind = server or SERVER
        self.portals = portals
        self.gates, self.admins, self.name = gates, admins, name
        self.plain, self.hostile, self.prefix = plain, hostile, prefix
        self.protocols, self.extra, self.extra_server = protocols, extra, extra_server
        self.start = start
        self.processes = {}
        self.folder = None
        self.reserved = []
        self.failed_before = _failed
        self.curls = 0

    # life

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, kind, fault, trace):
        if kind is not None and not issubclass(kind, SystemExit):
            self.dump_logs()
        self.close()

    def open(self):
        _sites.append(self)
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(sig, lambda number, _: sys.exit(128 + number))
        self.folder = tempfile.mkdtemp(prefix="cgt.", dir="/tmp")
        # Others may pass, to what they have rights to; nobody may look.
        os.chmod(self.folder, 0o711)
        self.home = self.folder + "/home"
        self.sockets = self.folder + "/sock"
        self.web = self.folder + "/web"
        self.logs = self.folder + "/log"
        self.certs = self.folder + "/certs"
        self.docroot = self.folder + "/docs"
        self.hostile_root = self.folder + "/hostile"
        # lighttpd's ssl.ca-file; the programs' user writes it.
        self.client_cas = self.folder + "/tls/clients.pem"
        for path in (self.sockets, self.web, self.logs, self.certs, self.docroot,
                     self.hostile_root, self.folder + "/empty", self.folder + "/tls",
                     self.web + "/empty", self.web + "/uploads"):
            os.mkdir(path, 0o755)
        os.chmod(self.certs, 0o700)
        os.chmod(self.sockets, 0o710)
        if ROOT:
            user = pwd.getpwnam(WEB_USER)
            os.chown(self.sockets, 0, user.pw_gid)
            for path in (self.folder + "/tls", self.web + "/uploads"):
                os.chown(path, user.pw_uid, user.pw_gid)
        self.bin = self._programs()
        self.proof_file = self.folder + "/proof.conf"
        made = self.certgate("init", *(["--user", WEB_USER] if ROOT else []),
                             "--proof-file", self.proof_file)
        if made.returncode != 0:
            raise RuntimeError(f"certgate init failed: {made.stdout}{made.stderr}")
        self.password = re.search(r"^password: (\S+)$", made.stdout, re.M).group(1)
        with open(self.proof_file, encoding="ascii") as text:
            self.proof = re.search(r"CERTGATE_PROOF\s+\"?([0-9a-f]+)", text.read()).group(1)
        self._make_server_cert()
        self.start_upstream()
        if self.start:
            self.start_programs()
        self.start_web()
        made = self.certgate("token", "create", "--name", "test", "--role", "owner")
        found = re.search(r"^token: (\S+)$", made.stdout, re.M)
        if not found:
            raise RuntimeError(f"certgate token create failed: {made.stdout}{made.stderr}")
        self.token = found.group(1)
        if self.start:
            self.wait_ready()

    def close(self):
        """Stops what was started and removes the folder; logs first when something failed."""
        if self not in _sites:
            return
        _sites.remove(self)
        if _failed > self.failed_before:
            self.dump_logs()
        for name in ("web", "supervise", *list(self.processes)):
            self._stop(name)
        for held in self.reserved:
            held.close()
        if os.environ.get("CERTGATE_TEST_KEEP"):
            diag(f"kept: {self.folder}")
        elif self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def dump_logs(self, lines=40):
        for name in sorted(os.listdir(self.logs)) if self.folder else []:
            with open(os.path.join(self.logs, name), errors="replace", encoding="utf-8") as log:
                text = log.read().splitlines()
            # Of mod_ssl's talk only the certificates it turned away.
            text = [t for t in text if "[ssl:info]" not in t or "AH02276" in t][-lines:]
            if text and not name.endswith(".json"):
                diag(f"=== {name}", *text)

    def _programs(self):
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
        os.chmod(copy, 0o755)
        return copy

    def _spawn(self, name, command, stdin=subprocess.DEVNULL, **kwargs):
        """Starts a process that ends with this one at the latest."""
        with open(f"{self.logs}/{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command], stdin=stdin, stdout=log, stderr=log,
                start_new_session=True, **kwargs)
        return self.processes[name]

    def _stop(self, name, sig=signal.SIGTERM, seconds=DEADLINE_S):
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

    def _must_run(self, name):
        process = self.processes[name]
        if process.poll() is not None:
            self.dump_logs()
            raise RuntimeError(f"{name} ended with status {process.returncode}")

    def start_upstream(self):
        script, port_file = self.folder + "/upstream.py", self.folder + "/port"
        shutil.copy(TOOLS + "/upstream.py", script)
        if not hasattr(self, "upstream_port"):
            self.upstream_port = self.reserve()
        self._spawn("upstream", ["/usr/bin/python3", script, "--port-file", port_file,
                                 "--port", str(self.upstream_port),
                                 "--log", self.logs + "/upstream.json"])

        def listens():
            self._must_run("upstream")
            return os.path.exists(port_file)

        wait_until(listens, "the upstream")
        os.unlink(port_file)
        self.upstream_url = f"http://127.0.0.1:{self.upstream_port}"

    def stop_upstream(self):
        self._stop("upstream")

    def more_upstream(self, name, *args, port=0):
        """Another upstream.py with these arguments; see Upstream."""
        return Upstream(self, name, args, port)

    def upstream_log(self):
        """The requests that reached the upstream, oldest first."""
        try:
            with open(self.logs + "/upstream.json", encoding="utf-8") as log:
                return [json_module.loads(line) for line in log if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def upstream_clear(self):
        if os.path.exists(self.logs + "/upstream.json"):
            os.truncate(self.logs + "/upstream.json", 0)

    def start_programs(self, env=None):
        """`env`: their environment, where it is not this one's."""
        user = ["--user", WEB_USER] if ROOT else []
        log = self.logs + "/supervise.log"
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self._spawn("supervise", [self.bin + "/certgate", "--home", self.home, "supervise",
                                  "--sockets", self.sockets, "--bin", self.bin,
                                  "--gates", str(self.gates), "--admins", str(self.admins),
                                  "--portals", str(self.portals), *user], env=env)

        def started():
            self._must_run("supervise")
            with open(log, "rb") as text:
                text.seek(before)
                return re.search(rb"^ready: ", text.read(), re.M)

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
        return self._stop("supervise", sig)

    def reserve(self):
        """A port that is this site's to its end."""
        self.reserved.append(reserve_port())
        return self.reserved[-1].getsockname()[1]

    def pids(self, program):
        """The process ids of the supervisor's gate, admin or portal processes."""
        found = subprocess.run(["pgrep", "-x", "-P", str(self.processes["supervise"].pid),
                                program], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    @staticmethod
    def kill(*pids):
        """SIGKILL; returns when they are gone.  Before that they may still accept a connection, and
        what is called is cut off."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "their end")

    @contextlib.contextmanager
    def alone(self, pid):
        """All gates but this one stand still."""
        others = [other for other in self.pids("gate") if other != pid]

        def stand_still():
            for other in others:
                os.kill(other, signal.SIGSTOP)
            for other in others:
                # Each of its threads: one that has not stopped yet could still take a connection.
                wait_until(lambda o=other: _states_of(o) == {"T"}, "the other gates' stop")

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

    def _make_server_cert(self):
        authority = make_ca(self.certs, "server-ca")
        self.ca = authority.path
        self.server = make_cert(self.certs, "server", ca=authority, subject="/CN=localhost",
                                extensions=["subjectAltName=DNS:localhost,IP:127.0.0.1",
                                            "extendedKeyUsage=serverAuth"])
        # lighttpd would look for the rest of the chain among the clients' CAs.
        with open(self.web + "/fullchain.pem", "w", encoding="ascii") as out:
            out.write(self.server.pem + authority.pem)

    def _conf(self):
        opened = f"Use CertgatePath {self.name} {self.prefix}" if self.prefix else \
            f"Use CertgateHost {self.name}"
        hosts = f"""
<Directory "{self.docroot}">
  AllowOverride All
  Require all granted
</Directory>
Listen 127.0.0.1:{self.port} https
<VirtualHost *:{self.port}>
  {opened}
  Use CertgateAdmin {self.name}
  Use CertgatePortal {self.name}
  DocumentRoot "{self.docroot}"
  SSLEngine on
  SSLProtocol {self.protocols}
  SSLCertificateFile "{self.server.path}"
  SSLCertificateKeyFile "{self.server.key}"
  SSLVerifyClient optional_no_ca
  SSLVerifyDepth 10
  Protocols h2 http/1.1
  # Here clients are slow because the machine is.
  <IfModule reqtimeout_module>
  RequestReadTimeout handshake=0 header=0 body=0
  </IfModule>
  {self.extra}
</VirtualHost>
"""
        if self.plain:
            hosts += f"""
Listen 127.0.0.1:{self.plain_port}
<VirtualHost *:{self.plain_port}>
  Use CertgateHost plain
  Use CertgateAdmin plain
  Use CertgatePortal plain
</VirtualHost>
"""
        if self.hostile:
            hosts += f"""
<Directory "{self.hostile_root}">
  AllowOverride FileInfo
  Require all granted
</Directory>
Listen 127.0.0.1:{self.hostile_port}
<VirtualHost *:{self.hostile_port}>
  DocumentRoot "{self.hostile_root}"
</VirtualHost>
"""
        return f"""Define CG_WEB "{self.web}"
Define CG_LOG "{self.logs}"
Define CERTGATE_SOCKETS "{self.sockets}"
Define CERTGATE_PROOF_FILE "{self.proof_file}"
Define CERTGATE_EMPTY "{self.folder}/empty"
Include "{TOOLS}/httpd-base.conf"
Include "{TREE}/apache-conf/certgate.conf"
{self.extra_server}
{hosts}"""

    def _conf_lighttpd(self):
        prefix = f'var.certgate_prefix = "{self.prefix}"\n  ' if self.prefix else ""
        opened = "path" if self.prefix else "host"
        plain = ""
        if self.plain:
            plain = f"""
$SERVER["socket"] == "127.0.0.1:{self.plain_port}" {{
  ssl.engine = "disable"
  var.certgate_site = "plain"
  include var.certgate + "/host.conf"
  include var.certgate + "/admin.conf"
  include var.certgate + "/portal.conf"
}}
"""
        return f"""var.cg_web = "{self.web}"
include "{TOOLS}/lighttpd-base.conf"
{f'server.username = "{WEB_USER}"' if ROOT else ""}
{f'server.groupname = "{WEB_USER}"' if ROOT else ""}
server.bind = "127.0.0.1"
server.port = {self.port}
include "{self.proof_file}.lighttpd"
include "{TREE}/apache-conf/lighttpd/certgate.conf"
var.certgate := "{TREE}/apache-conf/lighttpd"
var.certgate_sockets := "{self.sockets}"
$SERVER["socket"] == "127.0.0.1:{self.port}" {{
  ssl.engine = "enable"
  ssl.pemfile = "{self.web}/fullchain.pem"
  ssl.privkey = "{self.server.key}"
  ssl.verifyclient.activate = "enable"
  ssl.verifyclient.enforce = "disable"
  ssl.verifyclient.exportcert = "enable"
  ssl.ca-file = "{self.client_cas}"
  var.certgate_site = "{self.name}"
  {prefix}include var.certgate + "/{opened}.conf"
  include var.certgate + "/admin.conf"
  include var.certgate + "/portal.conf"
}}
{plain}"""

    def announce(self):
        """lighttpd: brings its ssl.ca-file up to date, and has whoever connects from now on served by
        a lighttpd that has read it."""
        if self.server_kind != "lighttpd" or not os.path.exists(self.home + "/db/meta.db"):
            return
        before = self._web_starts()
        registered = self.folder + "/tls/registered.pem"
        wanted = registered if self.strangers else self.client_cas
        if not self.announces:
            self.certgate("settings", "set", "--lighttpd-announce-partners")
            self.announces = True
        done = self.certgate("--json", "lighttpd-ca", wanted)
        changed = done.returncode == 0 and json_module.loads(done.stdout)["changed"]
        if self.strangers:
            pems = {}
            for path in (registered, *(cert.path for cert in self.made)):
                with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as text:
                    for pem in re.findall(r"-----BEGIN CERT.*?-----END CERTIFICATE-----\n",
                                          text.read(), re.S):
                        pems[pem] = None
            changed = list(pems) != self.announced
            if changed:
                with open(self.client_cas + ".new", "w", encoding="ascii") as out:
                    out.write("".join(pems))
                os.rename(self.client_cas + ".new", self.client_cas)
                self.announced = list(pems)
        if changed and "web" in self.processes:
            wait_until(lambda: self._web_starts() > before, "a new lighttpd")

    def _web_starts(self):
        try:
            with open(self.logs + "/web.log", encoding="utf-8", errors="replace") as log:
                return len(re.findall("(?m)^started$", log.read()))
        except FileNotFoundError:
            return 0

    def _web_command(self):
        """Writes the configuration; returns how the server is started with it."""
        if self.server_kind == "apache":
            with open(self.web + "/httpd.conf", "w", encoding="utf-8") as out:
                out.write(self._conf())
            return ["apache2", "-D", "FOREGROUND", "-f", self.web + "/httpd.conf"]
        with open(self.web + "/lighttpd.conf", "w", encoding="utf-8") as out:
            out.write(self._conf_lighttpd())
        ports = [self.port, *([self.plain_port] if self.plain else [])]
        return [TOOLS + "/lighttpd-hold", "--conf", self.web + "/lighttpd.conf", "--watch",
                self.client_cas, *(f"--listen=127.0.0.1:{port}" for port in ports)]

    def start_web(self):
        """The web server; on the same ports when it ran before."""
        self.announce()
        if not hasattr(self, "port"):
            self.port, self.plain_port, self.hostile_port = (self.reserve() for _ in range(3))
        self.url = f"https://localhost:{self.port}"
        self._spawn("web", self._web_command())

        def listens():
            self._must_run("web")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listens, "the web server")

    def stop_web(self):
        self._stop("web")

    def wait_ready(self):
        health = (self.prefix or "") + "/healthz"

        def ready():
            self._must_run("supervise")
            self._must_run("web")
            return self.curl(health).status == 200

        try:
            wait_until(ready, "/healthz through web server and gate")
        except TimeoutError:
            diag(repr(self.curl(health)))
            self.dump_logs()
            raise

    # use

    def certgate(self, *args, stdin=None):
        """The command, on this site's data folder."""
        return subprocess.run([getattr(self, "bin", BIN) + "/certgate", "--home", self.home,
                               *map(str, args)], capture_output=True, check=False,
                              text=not isinstance(stdin, bytes), timeout=HANG_S,
                              **({"stdin": subprocess.DEVNULL} if stdin is None
                                 else {"input": stdin}))

    def make_cert(self, name, key="ec", days=DAYS, extra=(), **kwargs):
        self.made.append(make_cert(self.certs, name, key, days, extra, **kwargs))
        return self.made[-1]

    def make_ca(self, name="Client CA"):
        self.made.append(make_ca(self.certs, name))
        return self.made[-1]

    def make_api(self, name="mtls-api", listen_path=None, **members):
        """An API with certificates on, by REST; returns its record."""
        record = {"name": name, "listen_path": listen_path or f"/{name}/",
                  "target_url": self.upstream_url, "auth": {"use_certificate": True}, **members}
        status, _, body = self.rest("POST", "/apis", record)
        if status != 201:
            raise RuntimeError(f"POST /apis: {status} {body}")
        return body

    def make_key(self, name, cert=None, api=None, **members):
        """A key by REST; returns the answer's JSON (with `token` where asked for)."""
        record = {"name": name, **members}
        if cert is not None:
            record["certificate"] = cert.pem
        if api is not None:
            record["access"] = [{"api_id": api["id"]}]
        status, _, body = self.rest("POST", "/keys", record)
        if status != 201:
            raise RuntimeError(f"POST /keys: {status} {body}")
        self.announce()
        return body

    def curl(self, path, *args, cert=None, data=None, base=None, seconds=60):
        """The real curl.  `path` goes out as it is; `data`: bytes for --data-binary."""
        self.curls += 1
        out = f"{self.certs}/curl.{self.curls}"
        command = ["curl", "-q", "-sS", "-g", "--path-as-is", "--noproxy", "*", "--max-time",
                   str(seconds), "--cacert", self.ca, "-D", out + ".head", "-o", out + ".body"]
        if cert is not None:
            self.announce()
            command += ["--cert", cert.path, "--key", cert.key]
        if data is not None:
            command += ["--data-binary", "@-"]
        command += [*map(str, args), (base or self.url) + path]
        data = data.encode() if isinstance(data, str) else data
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        texts = []
        for name in (out + ".head", out + ".body"):
            try:
                with open(name, "rb") as text:
                    texts.append(text.read())
                os.unlink(name)
            except FileNotFoundError:
                texts.append(b"")
        status, version, headers = _split_head(texts[0].decode("latin-1"))
        return Answer(status, headers, texts[1], done.returncode,
                      done.stderr.decode(errors="replace").strip(), version,
                      done.returncode == 0)

    def rest(self, method, path, json=None, headers=None, token=None, body=None,
             content_type="application/json"):
        """The REST interface with the owner's token (token="": none).  The body that comes back is
        parsed where it is JSON.  Returns an Answer."""
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=60,
                                                 context=context)
        sent = {}
        token = self.token if token is None else token
        if token:
            sent["Authorization"] = "Bearer " + token
        if json is not None:
            body = json_module.dumps(json)
            sent["Content-Type"] = "application/merge-patch+json" \
                if method == "PATCH" else content_type
        elif body is not None:
            sent["Content-Type"] = content_type
        sent.update(headers or {})
        try:
            connection.request(method, "/admin/api/v1" + path, body=body, headers=sent)
            answer = connection.getresponse()
            data = answer.read()
            got = Headers((n.lower(), v) for n, v in answer.getheaders())
            if data and "json" in (got.get("content-type") or ""):
                data = json_module.loads(data)
            return Answer(answer.status, got, data)
        finally:
            connection.close()

    def tls(self, cert=None, maximum=None, alpn=("http/1.1",), server_name="localhost",
            session=None, timeout=60):
        """A TLS connection for bytes of one's own.  `maximum`: ssl.TLSVersion."""
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = False
        if maximum is not None:
            context.maximum_version = maximum
        if session is not None:
            context = session[0]
        elif cert is not None:
            self.announce()
            context.load_cert_chain(cert.path, cert.key)
        if alpn and session is None:
            context.set_alpn_protocols(list(alpn))
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        sock = context.wrap_socket(raw, server_hostname=server_name,
                                   session=session[1] if session else None)
        return sock

    def raw(self, data, cert=None, method="GET", **kwargs):
        """Sends exactly these bytes over TLS (HTTP/1.1) and reads one answer."""
        with self.tls(cert, **kwargs) as sock:
            sock.sendall(data)
            return read_answer(sock, method)

    def variables(self, params=None, stdin=b"", proof=True):
        """Of a request to the gate, as a web server would set them; None in `params`: not that."""
        variables = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/", "SERVER_PROTOCOL": "HTTP/1.1",
                     "SERVER_NAME": "localhost", "SERVER_PORT": str(self.port),
                     "SERVER_ADDR": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1",
                     "REMOTE_PORT": "40000", "HTTPS": "on", "SSL_CLIENT_VERIFY": "NONE",
                     "HTTP_HOST": f"localhost:{self.port}", "CERTGATE_PREFIX": "/",
                     "CERTGATE_SITE": self.name}
        if proof:
            variables["CERTGATE_PROOF"] = self.proof
        if stdin:
            variables["CONTENT_LENGTH"] = str(len(stdin))
        variables.update(params or {})
        return {n: v for n, v in variables.items() if v is not None}

    def fcgi(self, params=None, stdin=b"", proof=True, socket_path=None, **more):
        """Straight to the gate's socket, as a web server would."""
        return fcgi.request(socket_path or self.gate_socket,
                            self.variables(params, stdin, proof), stdin, **more)


@atexit.register
def _close_sites():
    for site in list(_sites):
        site.close()
