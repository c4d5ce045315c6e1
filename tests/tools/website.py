"""What tests of the whole need: a site of their own.

  #!/usr/bin/python3
  import os
  import sys

  sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
  from tap import case, done_testing, is_eq
  from website import Site

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
import os
import pwd
import re
import shutil
import signal
import sys
import tempfile

from calls import Calls
from certificates import DAYS, make_ca, make_cert
from environment import ROOT, SERVER, WEB_USER
from processes import wait_until
from programs import Programs
from tap import at_end, diag, failures
from web_server import WebServer

_sites = []


class Site(WebServer, Programs, Calls):
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
                 start=True, server=None, portals=1, strangers=True):
        super().__init__()
        self.strangers, self.made, self.announced, self.announces = strangers, [], [], False
        self.server_kind = server or SERVER
        self.portals = portals
        self.gates, self.admins, self.name = gates, admins, name
        self.plain, self.hostile, self.prefix = plain, hostile, prefix
        self.protocols, self.extra, self.extra_server = protocols, extra, extra_server
        self.start = start
        self.failed_before = failures()
        self.curls = 0

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
        self.bin = self.find_programs()
        self.proof_file = self.folder + "/proof.conf"
        made = self.certgate("init", *(["--user", WEB_USER] if ROOT else []),
                             "--proof-file", self.proof_file)
        if made.returncode != 0:
            raise RuntimeError(f"certgate init failed: {made.stdout}{made.stderr}")
        self.password = re.search(r"^password: (\S+)$", made.stdout, re.M).group(1)
        with open(self.proof_file, encoding="ascii") as text:
            self.proof = re.search(r"CERTGATE_PROOF\s+\"?([0-9a-f]+)", text.read()).group(1)
        self.make_server_cert()
        self.make_upstream()
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
        if failures() > self.failed_before:
            self.dump_logs()
        for name in ("web", "supervise", *list(self.processes)):
            self.stop(name)
        for held in self.reserved:
            held.close()
        if os.environ.get("CERTGATE_TEST_KEEP"):
            diag(f"kept: {self.folder}")
        elif self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def wait_ready(self):
        health = (self.prefix or "") + "/healthz"

        def ready():
            self.must_run("supervise")
            self.must_run("web")
            return self.curl(health).status == 200

        try:
            wait_until(ready, "/healthz through web server and gate")
        except TimeoutError:
            diag(repr(self.curl(health)))
            self.dump_logs()
            raise

    # What nearly every test begins with.

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
        return self.must("POST", "/apis", record, 201)

    def make_key(self, name, cert=None, api=None, apis=(), **members):
        """A key by REST, with rights to `api` or `apis`; the answer's JSON (with `token` where asked for)."""
        record = {"name": name, **members}
        if cert is not None:
            record["certificate"] = cert.pem
        if api is not None or apis:
            record["access"] = [{"api_id": one["id"]} for one in apis or [api]]
        made = self.must("POST", "/keys", record, 201)
        self.announce()
        return made


def _close_sites():
    for site in list(_sites):
        site.close()


at_end(_close_sites)
atexit.register(_close_sites)
