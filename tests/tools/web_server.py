"""The web server of a test site: its configuration, and starting it."""
import contextlib
import json
import os
import re
import socket

from certificates import make_ca, make_cert
from environment import ROOT, TOOLS, TREE, WEB_USER
from processes import Processes, wait_until


class WebServer(Processes):
    """Of a Site: an Apache or a lighttpd."""

    def make_server_cert(self):
        authority = make_ca(self.certs, "server-ca")
        self.ca = authority.path
        self.server = make_cert(self.certs, "server", ca=authority, subject="/CN=localhost",
                                extensions=["subjectAltName=DNS:localhost,IP:127.0.0.1",
                                            "extendedKeyUsage=serverAuth"])
        # lighttpd would look for the rest of the chain among the clients' CAs.
        with open(self.web + "/fullchain.pem", "w", encoding="ascii") as out:
            out.write(self.server.pem + authority.pem)

    def apache_conf(self):
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

    def lighttpd_conf(self):
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

    def _web_command(self):
        """Writes the configuration; returns how the server is started with it."""
        if self.server_kind == "apache":
            with open(self.web + "/httpd.conf", "w", encoding="utf-8") as out:
                out.write(self.apache_conf())
            return ["apache2", "-D", "FOREGROUND", "-f", self.web + "/httpd.conf"]
        with open(self.web + "/lighttpd.conf", "w", encoding="utf-8") as out:
            out.write(self.lighttpd_conf())
        ports = [self.port, *([self.plain_port] if self.plain else [])]
        return [TOOLS + "/lighttpd-hold", "--conf", self.web + "/lighttpd.conf", "--watch",
                self.client_cas, *(f"--listen=127.0.0.1:{port}" for port in ports)]

    def start_web(self):
        """The web server; on the same ports when it ran before."""
        self.announce()
        if not hasattr(self, "port"):
            self.port, self.plain_port, self.hostile_port = (self.reserve() for _ in range(3))
        self.url = f"https://localhost:{self.port}"
        self.spawn("web", self._web_command())

        def listens():
            self.must_run("web")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listens, "the web server")

    def stop_web(self):
        self.stop("web")

    def announce(self):
        """lighttpd: brings its ssl.ca-file up to date, and has whoever connects from now on served by
        a lighttpd that has read it."""
        if self.server_kind != "lighttpd" or not os.path.exists(self.home + "/db/meta.db"):
            return
        before = self.web_starts()
        registered = self.folder + "/tls/registered.pem"
        wanted = registered if self.strangers else self.client_cas
        if not self.announces:
            self.certgate("settings", "set", "--lighttpd-announce-partners")
            self.announces = True
        done = self.certgate("--json", "lighttpd-ca", wanted)
        changed = done.returncode == 0 and json.loads(done.stdout)["changed"]
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
            wait_until(lambda: self.web_starts() > before, "a new lighttpd")

    def web_starts(self):
        try:
            with open(self.logs + "/web.log", encoding="utf-8", errors="replace") as log:
                return len(re.findall("(?m)^started$", log.read()))
        except FileNotFoundError:
            return 0
