#!/usr/bin/python3
"""Several virtual hosts on one Apache, with and without client certificates: what a client shows on
one says nothing on another, neither by a resumed session nor by a Host that is not the one of the
handshake; nobody is asked for a certificate where none counts; and the path is the same whichever
way it comes."""
import json
import os
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

VERSIONS = {"TLS 1.2": ssl.TLSVersion.TLSv1_2, "TLS 1.3": None}


class Hosts(Site):
    """Beside localhost, which asks for certificates (site main): other.test asks as well (site
    other), tokens.test does not (site tokens), on the same port; apart.test has a port of its own
    and does not ask either.  On path.test and proxypass.test the gate is reached in other ways."""

    def apache_conf(self):
        if not hasattr(self, "apart_port"):
            self.apart_port = self.reserve()
        tls = f"""SSLEngine on
  SSLProtocol {self.protocols}
  SSLCertificateFile "{self.server.path}"
  SSLCertificateKeyFile "{self.server.key}"
  Protocols h2 http/1.1"""
        asks = "SSLVerifyClient optional_no_ca"

        def host(name, *lines, port=None):
            text = "\n  ".join(lines)
            return (f"<VirtualHost *:{port or self.port}>\n  ServerName {name}\n  {text}\n  {tls}\n"
                    "</VirtualHost>\n")

        return super().apache_conf() + "".join([
            f"Listen 127.0.0.1:{self.apart_port} https\n",
            host("other.test", "Use CertgateHost other", asks),
            host("tokens.test", "Use CertgateHost tokens"),
            host("apart.test", "Use CertgateHost tokens", port=self.apart_port),
            host("path.test", "Use CertgatePath main /mtls-api", asks),
            host("proxypass.test", "AllowEncodedSlashes NoDecode",
                 f'ProxyPass "/" "unix:{self.sockets}/gate.sock|fcgi://gate/"',
                 '<Location "/">', "SetEnv CERTGATE_PREFIX /", "Use CertgateCommon main",
                 "</Location>", asks)])


site = Hosts(gates=2, extra="MaxKeepAliveRequests 0\n  KeepAliveTimeout 120")
site.open()
alice, bob, stranger = (site.make_cert(name) for name in ("alice", "bob", "stranger"))
ca = site.make_ca("Partners' CA")
listed = site.make_cert("listed", ca=ca, extensions=["extendedKeyUsage=clientAuth"])
answer = site.rest("POST", "/certificates", {"pem": ca.pem, "kind": "ca"})
if answer.status != 201:
    raise RuntimeError(repr(answer))
certs_only = {"use_certificate": True, "use_token": False}
api = site.make_api("mtls-api", auth=certs_only)
second = site.make_api("second", sites=["main"], auth=certs_only)
other = site.make_api("other", sites=["other"], auth=certs_only)
by_ca = site.make_api("by-ca", auth={**certs_only, "trust": "ca", "ca_certificates": [ca.sha256]})
tokens = site.make_api("tokens", auth={})
site.make_api("open", auth={"keyless": True})
key_a = site.make_key("A", alice, api, token=True)
rest = site.rest("PATCH", "/keys/" + key_a["id"], {"access": [
    {"api_id": a["id"]} for a in (api, tokens)]})
key_b = site.make_key("B", bob, access=[{"api_id": a["id"]} for a in (second, other)])
site.make_key("listed", listed, by_ca)
TOKEN = key_a["token"]


class Connection:
    """One TLS connection to a host; sni None: the client does not name one."""

    def __init__(self, sni="localhost", cert=None, session=None, version="TLS 1.3"):
        self.sock = site.tls(cert, VERSIONS[version], server_name=sni, session=session)
        self.context = self.sock.context

    def ask(self, path, host="localhost", token=None):
        field = f"Authorization: Bearer {token}\r\n" if token else ""
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{field}\r\n".encode())
        self.answer = read_answer(self.sock)
        return said(self.answer)

    def session(self):
        """To go on with elsewhere; only after an answer was read has TLS 1.3 one."""
        return self.context, self.sock.session

    def reused(self):
        return self.sock.session_reused

    def close(self):
        self.sock.close()


def said(answer):
    """200, or the refusal's code; of Apache's own refusals the status."""
    if answer.status == 200:
        return 200
    try:
        return json.loads(answer.body)["code"]
    except ValueError:
        return answer.status


def once(path, sni="localhost", host=None, **kwargs):
    token = kwargs.pop("token", None)
    try:
        connection = Connection(sni, **kwargs)
    except (ssl.SSLError, ConnectionError) as fault:
        return type(fault).__name__
    try:
        return connection.ask(path, host or sni or "localhost", token)
    except (ssl.SSLError, ConnectionError) as fault:
        return type(fault).__name__
    finally:
        connection.close()


def passed():
    return len(site.upstream_log())


# --- who is asked for what ---

def handshake(sni, port, version):
    """What openssl tells of the server's side."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                           sni, "-CAfile", site.ca, *version], input=b"", capture_output=True,
                          check=False, timeout=60)
    return done.stdout.decode("latin-1")


with case("who is asked for a certificate"):
    for version in (["-tls1_2"], ["-tls1_3"]):
        for sni, port, asked in (("localhost", site.port, True), ("other.test", site.port, True),
                                 ("tokens.test", site.port, False),
                                 ("apart.test", site.apart_port, False)):
            text = handshake(sni, port, version)
            like(text, "Server certificate", f"{sni} {version[0]}: answers")
            is_eq("Requested Signature Algorithms" in text, asked,
                  f"{sni} {version[0]}: {'asks' if asked else 'does not ask'}")

with case("no client is named in the handshake"):
    for version in (["-tls1_2"], ["-tls1_3"]):
        text = handshake("localhost", site.port, version)
        like(text, "No client certificate CA names sent", f"{version[0]}: no list")
        unlike(text, "alice|bob|listed|Partners", f"{version[0]}: nobody's name")
    is_eq(once("/by-ca/x", cert=listed), 200, "and whose CA is listed shows his certificate")

with case("paths with and without certificates on one host"):
    nobody = Connection()
    got = [nobody.ask("/open/x"), nobody.ask("/tokens/x", token=TOKEN), nobody.ask("/mtls-api/x"),
           nobody.ask("/open/x")]
    is_eq(got, [200, 200, "credential_missing", 200], "one connection without a certificate")
    nobody.ask("/mtls-api/x")
    is_eq((nobody.answer.status, nobody.answer.headers.get("content-type"),
           nobody.answer.headers.get("www-authenticate")),
          (401, "application/problem+json", 'Certificate realm="certgate"'), "is told why")
    nobody.close()
    holder = Connection(cert=alice)
    got = [holder.ask("/open/x"), holder.ask("/tokens/x", token=TOKEN), holder.ask("/mtls-api/x")]
    is_eq(got, [200, 200, 200], "one with a certificate")
    holder.close()

with case("two APIs on one host"):
    for path, who in (("/mtls-api/x", "alice"), ("/second/x", "bob"), ("/by-ca/x", "listed")):
        got = {name: once(path, cert=cert) for name, cert in
               (("alice", alice), ("bob", bob), ("listed", listed), ("stranger", stranger),
                ("none", None))}
        want = {name: 200 if name == who else "access_denied" if path != "/by-ca/x" or
                name == "listed" else "certificate_untrusted" for name in got}
        is_eq(got, {**want, "stranger": "credential_unknown", "none": "credential_missing"}, path)

# --- one host's client on another host ---

with case("each host by itself"):
    is_eq([once("/other/x", "other.test", cert=c) for c in (bob, alice, stranger, None)],
          [200, "access_denied", "credential_unknown", "credential_missing"], "other.test")
    is_eq(once("/second/x", "other.test", cert=bob), "api_not_found",
          "an API of one site is not on the others")
    is_eq([once("/mtls-api/x", "tokens.test", cert=c) for c in (alice, None)],
          ["credential_missing"] * 2, "where nobody is asked, nobody is known")
    is_eq(once("/tokens/x", "tokens.test", token=TOKEN), 200, "but by token")

with case("a session that is resumed on another host"):
    # host and certificate of the first handshake; host, path of the second; what may not come
    rows = [("tokens.test", None, "localhost", "/mtls-api/x"),
            ("tokens.test", None, "other.test", "/other/x"),
            ("localhost", None, "other.test", "/other/x"),
            ("localhost", alice, "other.test", "/other/x"),
            ("other.test", stranger, "localhost", "/mtls-api/x"),
            ("other.test", stranger, "localhost", "/by-ca/x"),
            ("tokens.test", alice, "localhost", "/second/x"),
            ("tokens.test", None, "localhost", "/second/x"),
            ("localhost", stranger, "tokens.test", "/mtls-api/x")]
    for version in VERSIONS:
        for first, cert, then, path in rows:
            begun = Connection(first, cert, version=version)
            begun.ask("/open/x", first)
            session, before = begun.session(), passed()
            ok(session[1] is not None, f"{version}: {first} gives a session")
            got = once(path, then, session=session)
            ok(got in ("credential_missing", "credential_unknown", "access_denied", 403, 421),
               f"{version}: {first} with {cert and os.path.basename(cert.path)}, then {path} of "
               f"{then}: refused") or diag(got)
            is_eq(passed(), before, "nothing reached the upstream")
            begun.close()

with case("a session that is resumed on the same host"):
    for version in VERSIONS:
        for cert, want in ((alice, 200), (stranger, "credential_unknown"),
                           (None, "credential_missing")):
            link, resumed, got = Connection(cert=cert, version=version), 0, []
            for _ in range(12):
                got += [link.ask("/mtls-api/x") for _ in range(8)]
                if cert is alice and link.answer.status == 200:
                    told = {n.lower(): v for n, v in link.answer.json()["headers"]}
                    got.append(200 if told.get("x-certgate-fingerprint") == alice.sha256 else told)
                session = link.session()
                link.close()
                link = Connection(session=session, version=version)
                resumed += link.reused()
            link.close()
            is_eq(set(got), {want}, f"{version}, {cert and os.path.basename(cert.path)}: each time")
            ok(resumed > 6, f"{version}: {resumed} of 12 connections were resumed")

with case("one host in the handshake, another one's name in Host"):
    refused = ("credential_missing", "credential_unknown", "access_denied", "api_not_found", 400,
               403, 421)
    for name, sni, host, cert, path in (
            ("not asked, Host asks", "tokens.test", "localhost", None, "/mtls-api/x"),
            ("not asked, a certificate ready", "tokens.test", "localhost", alice, "/mtls-api/x"),
            ("not asked, Host with a port", "tokens.test", f"localhost:{site.port}", alice,
             "/mtls-api/x"),
            ("asked, Host of another site", "localhost", "other.test", alice, "/other/x"),
            ("asked, nobody, Host of another", "other.test", "localhost", None, "/mtls-api/x"),
            ("a stranger, Host that does not ask", "localhost", "tokens.test", stranger,
             "/mtls-api/x"),
            ("a stranger, Host of nobody", "localhost", "evil.test", stranger, "/mtls-api/x"),
            ("no name, Host of another site", None, "other.test", alice, "/other/x")):
        before = passed()
        got = once(path, sni, host, cert=cert)
        ok(got in refused, f"{name}: refused") or diag(got)
        is_eq(passed(), before, f"{name}: nothing reached the upstream")
    port = site.port
    for host in ("localhost", f"localhost:{port}", f"LOCALHOST:{port}", "localhost.",
                 f"127.0.0.1:{port}"):
        is_eq(once("/mtls-api/x", "localhost", host, cert=alice), 200, f"an honest Host: {host}")

with case("a client or proxy in front that names no host"):
    # It gets the first virtual host; what it wants has to be there.
    is_eq([once("/mtls-api/x", None, cert=c) for c in (alice, stranger, None)],
          [200, "credential_unknown", "credential_missing"], "the first virtual host answers")
    is_eq(once("/other/x", "other.test", "other.test", cert=bob), 200, "with its name the other")
    got = once("/other/x", None, "other.test", cert=bob)
    ok(got in (200, 421), "without one, by Host or not at all: it is his own certificate") or \
        diag(got)

# --- the path ---

with case("the path, whichever way it comes"):
    rows = ("/mtls-api/x", "/mtls-api/", "/mtls-api", "/mtls-api/a%2Fb", "/mtls-api/a%2fb/%25",
            "/mtls-api/a%20b+c", "/mtls-api//x//", "/mtls-api/%c3%bc?%c3%bc=/../a%2F",
            "/mtls-api/x;y=1/z", "/mtls-api/x?", "/mtls-api/?a=b&&c", "/mtls-api/a:b@c!$&'()*,=")
    bad = ("/mtls-api/../x", "/mtls-api/%2e%2e/x", "/mtls-api/..%2fx", "/mtls-api/.%2E/open/x")
    ways = {"CertgateHost": "localhost", "CertgatePath": "path.test",
            "ProxyPass": "proxypass.test"}
    for path in rows:
        got = {}
        for way, sni in ways.items():
            site.upstream_clear()
            answer = once(path, sni, cert=alice)
            got[way] = (answer, [r["target"] for r in site.upstream_log()])
        for name, params in {
                "FastCGI": {}, "FastCGI with another PATH_INFO": {
                    "PATH_INFO": "/open/x", "SCRIPT_NAME": "/other", "DOCUMENT_URI": "/open/x",
                    "SCRIPT_URL": "/open/x", "PATH_TRANSLATED": "/open", "QUERY_STRING": "q=1",
                    "REDIRECT_URL": "/open/x"}}.items():
            site.upstream_clear()
            answer = site.fcgi({"REQUEST_URI": path, "SSL_CLIENT_CERT": alice.pem,
                                "SSL_CLIENT_VERIFY": "GENEROUS", **params})
            got[name] = (said(answer), [r["target"] for r in site.upstream_log()])
        want = (200, [path[len("/mtls-api"):] or "/"])
        is_eq(got, {name: want for name in got}, path)
    for path in bad:
        site.upstream_clear()
        got = {way: once(path, sni, cert=alice) for way, sni in ways.items()}
        ok(all(g in ("bad_request", 400, 403, 404) for g in got.values()), f"{path}: refused") or \
            diag(got)
        is_eq(site.upstream_log(), [], f"{path}: nothing reached the upstream")
    got = []
    for option in "--http1.1", "--http2":
        site.upstream_clear()
        site.curl("/mtls-api/a%2Fb//c?d=%2F", option, cert=alice)
        got += [r["target"] for r in site.upstream_log()]
    is_eq(got, ["/a%2Fb//c?d=%2F"] * 2, "HTTP/1.1 and HTTP/2")

done_testing()
