#!/usr/bin/python3
"""certgate on a virtual host that has a site already: an include and a line per path, and the site answers
byte for byte as before.  Front controllers in .htaccess and in the virtual host, FallbackResource, a handler
by file name as php-fpm has it, ErrorDocument; and lighttpd's rewrites and error handlers."""
import contextlib
import difflib
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
import fcgi  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

# All that a program of the site is told, but for what differs from call to call, and for what the
# heads of the two certgate.conf tell: mod_rewrite's, and what lighttpd says where it asks for certificates.
SCRIPT = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\nX-From: site\\r\\n\\r\\n'
env | grep -vE '^(REMOTE_PORT|UNIQUE_ID|(REDIRECT_)*SCRIPT_UR[IL]|SSL_CLIENT_VERIFY|SSL_SESSION_ID|_|PWD|SHLVL)=' | sort
cat
"""
FILES = {"index.html": "<h1>Shop</h1>\n", "style.css": "p {}\n", "sub/index.html": "below\n", "index.php": "<?php\n",
         "errors/404.html": "<h1>Our own 404</h1>\n", "errors/403.html": "<h1>Our own 403</h1>\n",
         "private/x.html": "no\n", "apiary.html": "bees\n", "index.cgi": SCRIPT, "api/inside.html": "hidden by the gate\n"}
FRONT = "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\n"
# name: .htaccess, lines of the virtual host
SITES = {
    "plain files": ("", ""),
    "front controller in .htaccess": (FRONT + "RewriteRule . index.cgi [L]\n", ""),
    "front controller in the virtual host":
        ("", "RewriteEngine On\nRewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f\n"
             "RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-d\nRewriteRule ^ /index.cgi [L]\n"),
    "FallbackResource": ("FallbackResource /index.cgi\n", ""),
    "FallbackResource in the virtual host": ("", "FallbackResource /index.cgi\n"),
    "php-fpm":
        (FRONT + "RewriteRule . index.php [L]\n",
         '<FilesMatch "\\.php$">\nSetHandler "proxy:unix:{php}|fcgi://localhost/"\n</FilesMatch>\n'),
    "a reverse proxy for the whole host": ("", "ProxyPass / http://127.0.0.1:{upstream}/\nProxyPassReverse / http://127.0.0.1:{upstream}/\n"),
    "a reverse proxy in a Location": ("", "<Location />\nProxyPass http://127.0.0.1:{upstream}/\n</Location>\n"),
    "a reverse proxy by rewrites": ("", "RewriteEngine On\nRewriteRule ^/(.*)$ http://127.0.0.1:{upstream}/$1 [P]\n"),
    "a handler for everything": ("", '<Location />\nSetHandler "proxy:unix:{php}|fcgi://localhost/"\n</Location>\n'),
    "ErrorDocument": ("ErrorDocument 403 /errors/403.html\nErrorDocument 404 /errors/404.html\n"
                      "ErrorDocument 401 /errors/404.html\n", "ErrorDocument 503 \"the site's own\"\n"),
    "rules that reach everywhere":
        ("Header set X-Htaccess yes\nRewriteEngine On\nRewriteRule ^api/ - [F]\n",
         "Header set X-Vhost yes\nRedirect 301 /old /sub/\nRewriteEngine On\nRewriteRule ^/api/ - [G]\n"
         "ProxyErrorOverride On\nSetOutputFilter DEFLATE\nErrorDocument 401 /errors/404.html\n"
         "<Location />\nRequestHeader set X-Everybody 1\nSSLOptions StdEnvVars\nCGIPassAuth Off\n"
         "SetEnv CERTGATE_PROOF x\nSetEnv CERTGATE_SITE other\nSetEnv CERTGATE_PREFIX /else\n</Location>\n"),
}
REQUESTS = ["GET /", "GET /style.css", "HEAD /style.css", "GET /missing", "GET /shop/item/1?x=1&y=%20", "POST /shop/cart",
            "GET /sub", "GET /sub/", "GET /apiary.html", "GET /apiary", "GET /apis/x", "GET /old/1", "GET /private/x.html",
            "GET /index.php?a=b", "GET /index.cgi/extra/path", "GET /a%20b/%C3%A9", "GET //double//slash", "GET /x;y=1",
            "OPTIONS /", "DELETE /shop/1", "GET /.htaccess", "GET /administrator", "GET /portals",
            "GET /../etc/passwd", "GET /errors/404.html", "GET /healthz", "GET /metrics"]


class Shop(Site):
    """`htaccess`, `lines`: the site; `certgate`: whether it is dropped in."""
    htaccess = lines = ""
    dropped_in = True
    trace = "off"

    def apache_conf(self):
        whole = super().apache_conf()
        head = whole[:whole.index("\n<Directory \"" + self.docroot)]
        if not self.dropped_in:
            head = head.replace(f'Include "{TREE}/apache-conf/certgate.conf"', "")
        modules = "".join(f"LoadModule {n}_module /usr/lib/apache2/modules/mod_{n}.so\n"
                          for n in ("dir", "cgid", "proxy_http", "mime", "deflate", "filter"))
        certgate = """Use CertgatePath main /api
  Use CertgateAdmin main
  Use CertgatePortal main
  SSLVerifyClient optional_no_ca""" if self.dropped_in else ""
        hosts = "".join(f"""<VirtualHost *:{self.port}>
  {lines}
  ServerName {name}
  DocumentRoot "{self.docroot}"
  SSLEngine on
  SSLCertificateFile "{self.server.path}"
  SSLCertificateKeyFile "{self.server.key}"
</VirtualHost>
""" for name, lines in (("localhost", certgate + "\n" + self.lines), ("beside.test", self.lines)))
        return head + modules + f"""
# As Debian has it.
TraceEnable {self.trace}
ScriptSock "{self.web}/cgisock"
TypesConfig /etc/mime.types
DirectoryIndex index.html
AddHandler cgi-script .cgi
<Directory "{self.docroot}">
  AllowOverride All
  Options +ExecCGI +FollowSymLinks
  Require all granted
</Directory>
<Directory "{self.docroot}/private">
  Require all denied
</Directory>
<Files ".ht*">
  Require all denied
</Files>
Listen 127.0.0.1:{self.port} https
{hosts}"""

    def lighttpd_conf(self):
        whole = super().lighttpd_conf()
        site = f"""
server.modules += ( "mod_rewrite", "mod_cgi", "mod_redirect", "mod_access" )
server.document-root := "{self.docroot}"
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", ".css" => "text/css" )
cgi.assign = ( ".cgi" => "" )
{self.lines}
"""
        if self.dropped_in:
            return whole + site
        block = whole[whole.index('$SERVER["socket"]'):]
        kept = [line for line in block.splitlines() if "certgate" not in line and "ssl.verifyclient" not in line and
                "ssl.ca-file" not in line]
        return whole[:whole.index('include "' + self.proof_file)] + \
            'server.modules += ( "mod_openssl" )\n' + "\n".join(kept) + site


def php(path):
    """A FastCGI program that tells what it was told."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(16)

    def unpack(data):
        out, at = [], 0
        while at < len(data):
            sizes = []
            for _ in range(2):
                size = data[at]
                if size > 127:
                    size = struct.unpack_from("!I", data, at)[0] & 0x7fffffff
                    at += 3
                at += 1
                sizes.append(size)
            out.append((data[at:at + sizes[0]], data[at + sizes[0]:at + sum(sizes)]))
            at += sum(sizes)
        return out

    def serve():
        while True:
            connection, _ = listener.accept()
            with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
                params, body = b"", b""
                while True:
                    head = stream.read(8)
                    if len(head) < 8:
                        break
                    _, kind, request, length, padding = struct.unpack("!BBHHBx", head)
                    data = stream.read(length + padding)[:length]
                    params += data if kind == fcgi.PARAMS else b""
                    body += data if kind == fcgi.STDIN else b""
                    if kind == fcgi.STDIN and not length:
                        told = b"\n".join(sorted(n + b"=" + v for n, v in unpack(params)
                                                 if not re.fullmatch(rb"REMOTE_PORT|UNIQUE_ID|(REDIRECT_)*SCRIPT_UR[IL]", n)))
                        connection.sendall(fcgi.stream(fcgi.STDOUT, b"Content-Type: text/plain\r\n\r\n" + told + body) +
                                           fcgi.record(fcgi.END, bytes(8), request))
                        break

    threading.Thread(target=serve, daemon=True).start()


def ask(what, host="localhost"):
    """The whole answer, but for its date and for how its end is told."""
    method, target = what.split(" ")
    body = b"a=1&b=2" if method == "POST" else b""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    with site.tls(server_name=host) as sock:
        sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{length}Authorization: Basic eDp5\r\n"
                     f"Client-Cert: forged\r\nConnection: close\r\n\r\n".encode() + body)
        data = b""
        while True:
            try:
                piece = sock.recv(65536)
            except (ssl.SSLError, ConnectionError):
                piece = b""
            if not piece:
                break
            data += piece
    # Whether Apache had a program's whole answer when it began to send it, and where a piece ends, is chance.
    head, mark, rest = data.partition(b"\r\n\r\n")
    if b"\r\nTransfer-Encoding: chunked" in head:
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            body, rest = body + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        data = head.replace(b"\r\nTransfer-Encoding: chunked", b"") + mark + body
    elif rest:
        length = b"\r\nContent-Length: %d" % len(rest)
        data = head.replace(length, b"") + mark + rest
    # Apache tells methods in another order each time it is started.
    data = re.sub(rb"(?<=\r\nAllow: )[^\r]*", lambda m: b",".join(sorted(m.group(0).split(b","))), data)
    return re.sub(rb"\r\nDate: [^\r]*", b"", data)


def is_asked(host="localhost"):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{site.port}", "-servername", host],
                          input=b"", capture_output=True, check=False, timeout=60)
    return b"Requested Signature Algorithms" in done.stdout


def restart(dropped_in):
    site.stop_web()
    site.dropped_in = dropped_in
    site.start_web()


def write_site(htaccess):
    for name, text in FILES.items():
        path = f"{site.docroot}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.utime(path, (1700000000, 1700000000))
        os.chmod(path, 0o755)
    with open(site.docroot + "/.htaccess", "w", encoding="utf-8") as out:
        out.write(htaccess)


def same(before, after, name):
    different = [what for what in before if before[what] != after[what]]
    if not ok(not different, f"{name}: {len(before)} answers are the same"):
        for what in different[:4]:
            diag(what, *difflib.unified_diff(*(r[what].decode("latin-1").splitlines() for r in (before, after)), n=0))
    ok(len(set(before.values())) > 5, f"{name}: and not all alike")


def check_api(name):
    answer = site.curl("/api/orders/x", cert=ALICE)
    is_eq(answer.status, 200, f"{name}: the API answers a certificate")
    is_eq(site.curl("/api/tokens/x", "-H", f"Authorization: Bearer {TOKEN}").status, 200, f"{name}: and a token")
    refused = site.curl("/api/orders/x", "-H", "Accept-Encoding: gzip")
    is_eq((refused.status, refused.headers.get("content-type")), (401, "application/problem+json"),
          f"{name}: and refuses who has none")
    is_eq((refused.headers.get("content-encoding"), refused.json()["code"]), (None, "credential_missing"),
          f"{name}: in its own words")
    is_eq(site.curl("/api/inside.html").status, 404, f"{name}: no file of the site shows through")
    like(site.curl("/admin/login").body, "Sign in", f"{name}: /admin")
    is_eq(site.curl("/portal/whoami").status, 200, f"{name}: /portal")


with Shop(prefix="/api", server="apache") as site:
    ALICE = site.make_cert("alice")
    orders, tokens = site.make_api("orders", "/api/orders/"), site.make_api("tokens", "/api/tokens/", auth={})
    TOKEN = site.make_key("Alice", ALICE, access=[{"api_id": a["id"]} for a in (orders, tokens)], token=True)["token"]
    php(site.folder + "/php.sock")
    for title, (htaccess, lines) in SITES.items():
        with case(title):
            write_site(htaccess)
            site.lines = lines.replace("{php}", site.folder + "/php.sock") \
                .replace("{upstream}", str(site.upstream_port))
            restart(False)
            before = {what: ask(what) for what in REQUESTS}
            is_eq(is_asked(), False, "before: nobody is asked for a certificate")
            restart(True)
            same(before, {what: ask(what) for what in REQUESTS}, "localhost")
            check_api("localhost")
            beside = {what: ask(what, "beside.test") for what in REQUESTS}
            unlike(b"".join(beside.values()), site.proof, "the proof goes to no program of the site")

    with case("what does change, as certgate.conf says"):
        write_site(SITES["front controller in .htaccess"][0])
        site.lines, site.trace = "", "on"
        restart(False)
        before = {what: ask(what) for what in ("GET /a%2Fb", "TRACE /")}
        beside = {what: ask(what, "beside.test") for what in ("GET /a%2Fb", "TRACE /", *REQUESTS)}
        restart(True)
        is_eq([ask(w)[9:12] for w in before], [b"200", b"405"], "%2F reaches the site, TRACE is off")
        is_eq([b[9:12] for b in before.values()], [b"404", b"200"], "which was not so before")
        same(beside, {what: ask(what, "beside.test") for what in beside}, "another host of the same port")
        is_eq((is_asked(), is_asked("beside.test")), (True, False),
              "clients of this host are asked for a certificate, those of others are not")
        with open(TREE + "/apache-conf/certgate.conf", encoding="utf-8") as text:
            manual = text.read()
        for word in ("What changes for the rest of the virtual host", "%2F", "TRACE", "asked for a certificate"):
            ok(word in manual, f"certgate.conf speaks of it: {word}")

LIGHT = {
    "plain files": "",
    "front controller": 'url.rewrite-if-not-file = ( "^/(?!api(?:/|$)|admin(?:/|$)|portal(?:/|$)).*" => "/index.cgi" )\n',
    "error pages": 'server.error-handler-404 = "/errors/404.html"\n',
    "redirects and denials": 'url.redirect = ( "^/old/(.*)" => "/sub/$1" )\nurl.access-deny = ( "~", ".inc" )\n',
}
with Shop(prefix="/api", server="lighttpd") as site:
    ALICE = site.make_cert("alice")
    orders, tokens = site.make_api("orders", "/api/orders/"), site.make_api("tokens", "/api/tokens/", auth={})
    TOKEN = site.make_key("Alice", ALICE, access=[{"api_id": a["id"]} for a in (orders, tokens)], token=True)["token"]
    for title, lines in LIGHT.items():
        with case("lighttpd, " + title):
            write_site("")
            site.lines = lines
            restart(False)
            before = {what: ask(what) for what in REQUESTS}
            is_eq(is_asked(), False, "before: nobody is asked for a certificate")
            restart(True)
            same(before, {what: ask(what) for what in REQUESTS}, "localhost")
            check_api("localhost")
            with open(TREE + "/apache-conf/lighttpd/certgate.conf", encoding="utf-8") as text:
                like(text.read(), "What changes for the rest of the socket(?s:.*)SSL_CLIENT_VERIFY", "as its manual says")
            is_eq(is_asked(), True, "clients of this socket are asked for a certificate")
done_testing()
