#!/usr/bin/python3
"""Nobody can make himself somebody: by header fields, over plain HTTP, from another virtual host's
.htaccess, from the socket itself, from a front controller on the same host, or by how a target is
spelled."""
import base64
import contextlib
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import Answer, Headers, code_of, read_answer  # noqa: E402
import fcgi  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok, unlike  # noqa: E402
from upstream import folded  # noqa: E402
from website import Site  # noqa: E402


# What the gate alone may say to an upstream.
IDENTITY = ("client-cert", "client-cert-chain", "x-certgate-", "certgate-", "ssl-client-",
            "ssl-server-", "x-forwarded-")
OF_EACH_REQUEST = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


def identity(echo):
    """The fields of a request at the upstream that say who the client is, or by which way it came."""
    return sorted((folded(n), v) for n, v in echo["headers"]
                  if folded(n).startswith(IDENTITY) and folded(n) not in OF_EACH_REQUEST)


def genuine(cert, key):
    """What the upstream is told of a call with this certificate."""
    told = [("x-certgate-key-id", key["id"]), ("x-certgate-key-name", key["name"])]
    if cert:
        told += [("x-certgate-fingerprint", cert.sha256),
                 ("client-cert", ":" + base64.b64encode(cert.der).decode() + ":")]
    return sorted(told)


class Kept:
    """A TLS connection that is kept; another when the server closed it."""

    def __init__(self, where, cert=None):
        self.where, self.cert, self.sock = where, cert, None

    def send(self, path, fields=(), host="localhost"):
        head = [f"GET {path} HTTP/1.1", f"Host: {host}", *fields]
        data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
        for _ in range(2):
            if self.sock is None:
                self.sock = self.where.tls(self.cert)
            answer = Answer(0, Headers(), b"")
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                self.sock.sendall(data)
                answer = read_answer(self.sock)
            if answer.status:
                break
            self.close()
        if (answer.headers.get("connection") or "").lower() == "close":
            self.close()
        return answer

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


MISSING, UNKNOWN = (401, "credential_missing"), (403, "credential_unknown")

NAMES = """SSL_CLIENT_CERT SSL-CLIENT-CERT Ssl-Client-Cert ssl-client-cert SSL_CLIENT-CERT
SSL-CLIENT-VERIFY SSL_CLIENT_VERIFY SSL-CLIENT-S-DN SSL-SERVER-CERT HTTPS HTTP-SSL-CLIENT-CERT
REDIRECT-SSL-CLIENT-CERT Client-Cert client-cert CLIENT_CERT Client_Cert Client-Cert-Chain
CLIENT_CERT_CHAIN X-Certgate-Key-Id x-certgate-key-id X_Certgate_Key_Id X-Certgate_Key-Id
X-Certgate-Key-Name X_CERTGATE_KEY_NAME X-Certgate-Fingerprint X_Certgate_Fingerprint
X-CERTGATE-FINGERPRINT X-Certgate-Anything X_CERTGATE_ANYTHING CERTGATE-PROOF CERTGATE_PROOF
Certgate-Site CERTGATE-PREFIX X-SSL-Client-Cert X-Client-Cert X-Forwarded-Client-Cert
X-Forwarded-For X-Forwarded-Proto Forwarded X-Forwarded-Uri X-Original-Url X-Rewrite-Url
X-Forwarded-Port X-Forwarded-Prefix X_Forwarded_User X-Forwarded-Groups
REMOTE-USER Proxy""".split()


def fields_forge(site, alice, alice_key, mallory, mallory_key, stranger, token):
    one_line = alice.pem.strip().replace("\n", " ")
    values = {"PEM in one line": one_line,
              "PEM, percent-encoded": urllib.parse.quote(alice.pem),
              "RFC 9440": ":" + base64.b64encode(alice.der).decode() + ":",
              "fingerprint": alice.sha256,
              "key id": alice_key["id"],
              "proof": site.proof,
              "SUCCESS": "SUCCESS"}
    nobody, known, unknown = Kept(site), Kept(site, mallory), Kept(site, stranger)
    bearer = "Authorization: Bearer " + token["token"]
    for name in NAMES:
        wrong = []
        for kind, value in values.items():
            field = f"{name}: {value}"
            passes = len(site.upstream_log())
            for path, link, more, want in (
                    ("/cert/x", nobody, [], MISSING), ("/both/x", nobody, [], MISSING),
                    ("/token/x", nobody, [], MISSING),
                    ("/cert/x", unknown, [], UNKNOWN),
                    ("/both/x", nobody, ["Authorization: Bearer x"], UNKNOWN)):
                got = code_of(link.send(path, [field, *more]))
                if got != want:
                    wrong.append((kind, path, got, want))
            if len(site.upstream_log()) != passes:
                wrong.append((kind, "a refused request reached the upstream"))
            for path, link, more, want in (
                    ("/cert/x", known, [], genuine(mallory, mallory_key)),
                    ("/both/x", known, [], genuine(mallory, mallory_key)),
                    ("/token/x", nobody, [bearer], genuine(None, token)),
                    ("/unsaid/x", known, [], []),
                    ("/keyless/x", nobody, [], []), ("/keyless/x", known, [], [])):
                answer = link.send(path, [field, *more])
                got = identity(answer.json()) if answer.status == 200 else answer
                if got != want:
                    wrong.append((kind, path, got, want))
        is_eq(wrong, [], name)
    for link in (nobody, known, unknown):
        link.close()
    everything = []
    for name in NAMES:
        everything += ["-H", f"{name}: {alice_key['id'] if 'Key' in name else one_line}"]
    for version, option in (("2", "--http2"), ("1.1", "--http1.1")):
        answer = site.curl("/cert/x", option, *everything)
        is_eq(code_of(answer), MISSING, f"all at once over HTTP/{version}, without a certificate")
        answer = site.curl("/cert/x", option, *everything, cert=mallory)
        is_eq(answer.version, "HTTP/" + version, f"HTTP/{version} was spoken")
        is_eq(identity(answer.json()), genuine(mallory, mallory_key),
              f"all at once over HTTP/{version}, with another's certificate")
        is_eq([v for n, v in answer.json()["headers"] if folded(n) == "x-forwarded-for"],
              ["127.0.0.1"], "the address is the connection's, once")


def folds(site, alice, mallory, mallory_key):
    """Web servers that fold more than Apache does: what they would send, to the socket itself."""
    real = {"SSL_CLIENT_CERT": mallory.pem, "SSL_CLIENT_VERIFY": "SUCCESS"}
    base = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "SERVER_ADDR": "127.0.0.1", "SERVER_PORT": str(site.port), "HTTPS": "on",
            "CERTGATE_PREFIX": "/", "CERTGATE_SITE": site.name, "CERTGATE_PROOF": site.proof,
            "HTTP_HOST": "localhost"}
    for name in ("HTTP_SSL_CLIENT_CERT", "HTTP_CLIENT_CERT", "HTTP_X_CERTGATE_KEY_ID",
                 "HTTP_X_CERTGATE_FINGERPRINT", "HTTP_CERTGATE_PROOF", "HTTP_X-CERTGATE-KEY-ID",
                 "HTTP_x_certgate_key_id", "HTTP_X_Certgate-Key_Id", "http_ssl_client_cert",
                 "ssl_client_cert", "SSL-CLIENT-CERT", "REDIRECT_SSL_CLIENT_CERT",
                 "SSL_SERVER_CERT", "SSL_CLIENT_CERT_CHAIN_0", "HTTP_SSL_CLIENT_CERT_CHAIN_0"):
        value = alice.pem.strip().replace("\n", " ") if name.startswith("HTTP") else alice.pem
        pairs = [*base.items(), ("REQUEST_URI", "/cert/x"), (name, value), (name, value)]
        pairs.append(("SSL_CLIENT_VERIFY", "NONE"))
        is_eq(code_of(fcgi.request(site.gate_socket, pairs)), MISSING, f"{name} twice, nobody")
        pairs = [(name, value), *base.items(), ("REQUEST_URI", "/cert/x"), *real.items(),
                 (name, value)]
        answer = fcgi.request(site.gate_socket, pairs)
        is_eq(identity(json.loads(answer.body)), genuine(mallory, mallory_key),
              f"{name} around the real one")


def plain_http(site, alice, token):
    base = f"http://localhost:{site.plain_port}"
    forged = ["-H", "SSL-CLIENT-CERT: " + alice.pem.strip().replace("\n", " "),
              "-H", "SSL-CLIENT-VERIFY: SUCCESS", "-H", "HTTPS: on", "-H",
              "X-Forwarded-Proto: https", "-H", "Client-Cert: :" +
              base64.b64encode(alice.der).decode() + ":"]
    is_eq(code_of(site.curl("/cert/x", *forged, base=base)), MISSING, "fields are nothing")
    answer = site.curl("/keyless/x", *forged, base=base)
    is_eq(identity(answer.json()), [], "fields are removed")
    is_eq([v for n, v in answer.json()["headers"] if folded(n) == "x-forwarded-proto"], ["http"],
          "the upstream is told that it was plain")
    answer = site.curl("/token/x", "-H", "Authorization: " + token["token"], base=base)
    is_eq(identity(answer.json()), genuine(None, token), "a token says who it is, and no more")
    for https in (None, "", "off", "0", "1", "yes", "on,on"):
        answer = site.fcgi({"REQUEST_URI": "/cert/x", "SSL_CLIENT_CERT": alice.pem,
                            "SSL_CLIENT_VERIFY": "SUCCESS", "HTTPS": https})
        is_eq(code_of(answer), MISSING, f"the server's certificate variables with HTTPS={https}")


def not_a_token(site, alice, alice_key):
    hexed = alice.sha256
    spki = subprocess.run(["sh", "-c", f"openssl x509 -in '{alice.path}' -noout -pubkey | "
                           "openssl pkey -pubin -outform DER | sha256sum"], check=True,
                          capture_output=True, text=True).stdout.split()[0]
    digest = bytes.fromhex(hexed)
    rows = {"fingerprint": hexed, "fingerprint, upper case": hexed.upper(),
            "fingerprint with colons": ":".join(hexed[i:i + 2] for i in range(0, 64, 2)),
            "fingerprint, base64": base64.b64encode(digest).decode(),
            "fingerprint, base64url": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "hash of the public key": spki, "key id": alice_key["id"],
            "key name": alice_key["name"], "certificate": base64.b64encode(alice.der).decode(),
            "hash of a token": hashlib.sha256(TOKEN.encode()).hexdigest(),
            "REST token": site.token, "proof": site.proof}
    for name, value in rows.items():
        got = [code_of(site.raw(f"GET {path}/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                             f"{word}{value}\r\n\r\n".encode()))
               for path in ("/both", "/token") for word in ("", "Bearer ", "Basic ")]
        is_eq(got, [UNKNOWN] * 6, name)


def wrong_proofs(site):
    right = site.proof
    with open(site.home + "/keys/proof", encoding="ascii") as text:
        stored = text.read().strip()
    flipped = right[:-1] + ("0" if right[-1] != "0" else "1")
    return {"none": None, "empty": "", "zeros": "0" * 64, "half": right[:32],
            "too long": right + "0", "twice": right + right, "in upper case": right.upper(),
            "with a space": right + " ", "last digit wrong": flipped,
            "what the data folder holds": stored, "off": "off"}


def htaccess(site, alice, token):
    """The two files of facts/web-server.md, each first with the proof: what is shown to fail then
    fails for want of the proof alone."""
    base = f"http://localhost:{site.hostile_port}"
    variables = {"HTTPS": "on", "SSL_CLIENT_VERIFY": "SUCCESS", "CERTGATE_SITE": site.name,
                 "CERTGATE_PREFIX": "/"}
    pem = "X-Pem: " + urllib.parse.quote(alice.pem)
    socket_url = f"unix:{site.gate_socket}|fcgi://"
    ways = {
        "SetHandler": f'SetHandler "proxy:{socket_url}gate/"\n',
        "SetHandler, another worker": f'SetHandler "proxy:{socket_url}other.example/"\n',
        "RewriteRule [P]":
            f'RewriteEngine On\nRewriteRule "^(.*)$" "{socket_url}gate/$1" [P]\n',
    }
    passed = 0

    def call(way, proof, path="/cert/x", *args):
        text = ways[way] + "".join(f'SetEnv {n} "{v}"\n' for n, v in variables.items())
        # The one way to a value with line breaks: whatever the client sends, unescaped.
        text += 'SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1\n'
        text += ('SetEnvIfExpr "unescape(req(\'X-Pem\')) =~ /([\\s\\S]+)/" '
                 "SSL_CLIENT_CERT=$1\n")
        if proof is not None:
            text += f'SetEnv CERTGATE_PROOF "{proof}"\n'
        with open(site.hostile_root + "/.htaccess", "w", encoding="ascii") as out:
            out.write(text)
        return site.curl(path, "-H", pem, *args, base=base)

    for way in ways:
        site.upstream_clear()
        if is_eq(call(way, site.proof).status, 200, f"{way}: the road is real, with the proof"):
            passed += 1
        site.upstream_clear()
        for name, proof in wrong_proofs(site).items():
            is_eq(code_of(call(way, proof)), MISSING, f"{way}: proof {name}")
        is_eq(code_of(call(way, None, "/sited/x")), (404, "api_not_found"),
              f"{way}: an API of a site is not there without the proof")
        is_eq(code_of(call(way, None, "/near/x")), (403, "address_not_allowed"),
              f"{way}: an address is nobody's word without the proof")
        is_eq(site.upstream_log(), [], f"{way}: nothing reached the upstream")
        answer = call(way, None, "/token/x", "-H", "Authorization: " + token["token"])
        is_eq(identity(answer.json()), genuine(None, token),
              f"{way}: a token stays its owner's, and nothing is added")
        is_eq([v for n, v in answer.json()["headers"] if folded(n) == "x-forwarded-proto"],
              ["http"], f"{way}: nor is it TLS")
    is_eq(passed, len(ways), "each way was tried against a road that is open but for the proof")
    os.unlink(site.hostile_root + "/.htaccess")
    # Towards admin: nothing of it is open to whoever has no REST token.
    with open(site.hostile_root + "/.htaccess", "w", encoding="ascii") as out:
        out.write(f'SetHandler "proxy:unix:{site.admin_socket}|fcgi://admin/"\n'
                  'SetEnv HTTPS on\nSetEnv CERTGATE_PREFIX /admin\n')
    is_eq(site.curl("/admin/api/v1/keys", base=base).status, 401, "admin's socket: 401")
    os.unlink(site.hostile_root + "/.htaccess")


def bare(site, alice, mallory, mallory_key):
    """A program on the host that may connect to the socket."""
    forged = {"REQUEST_URI": "/cert/x", "SSL_CLIENT_CERT": alice.pem,
              "SSL_CLIENT_VERIFY": "SUCCESS"}
    is_eq(site.fcgi(forged).status, 200, "the road is real, with the proof")
    site.upstream_clear()
    for name, proof in wrong_proofs(site).items():
        is_eq(code_of(site.fcgi({**forged, "CERTGATE_PROOF": proof}, proof=False)), MISSING,
              f"proof {name}")
    for name, more in {"as a header field": {"HTTP_CERTGATE_PROOF": site.proof},
                       "as REDIRECT_CERTGATE_PROOF": {"REDIRECT_CERTGATE_PROOF": site.proof},
                       "in lower case letters": {"certgate_proof": site.proof},
                       "behind a NUL": {"CERTGATE_PROOF\0": site.proof}}.items():
        is_eq(code_of(site.fcgi({**forged, **more}, proof=False)), MISSING, f"proof {name}")
    # Whoever can add a second variable knows no proof either; the first counts, whatever follows.
    pairs = [("CERTGATE_PROOF", "0" * 64), ("REQUEST_METHOD", "GET"), ("HTTPS", "on"),
             ("CERTGATE_PREFIX", "/"), ("CERTGATE_SITE", site.name), *forged.items()]
    is_eq(code_of(fcgi.request(site.gate_socket, pairs)), MISSING, "a guess and no more")
    # Two certificates: one is judged, and that one is told.
    pairs = [("CERTGATE_PROOF", site.proof), ("REQUEST_METHOD", "GET"), ("HTTPS", "on"),
             ("CERTGATE_PREFIX", "/"), ("CERTGATE_SITE", site.name), ("REQUEST_URI", "/cert/x"),
             ("SSL_CLIENT_VERIFY", "SUCCESS"), ("SSL_CLIENT_CERT", mallory.pem + alice.pem)]
    site_log = len(site.upstream_log())
    answer = fcgi.request(site.gate_socket, pairs)
    if answer.status == 200:
        is_eq(identity(json.loads(answer.body)), genuine(mallory, mallory_key),
              "two certificates in one variable: the first, as a whole")
    else:
        is_eq(len(site.upstream_log()), site_log, "two certificates in one variable: refused")
    is_eq([r["target"] for r in site.upstream_log()[:site_log]], [],
          "nothing without the proof reached the upstream")


def targets(site, alice):
    """Rows: request line's target, Host, what has to come of it: a status and code, or the target
    that the upstream is given."""
    rows = [
        ("absolute form", "https://localhost/cert/x?y", "localhost", "/x?y"),
        ("absolute form of another host", "https://evil.example/cert/x", "evil.example", "/x"),
        ("absolute form, plain http", "http://localhost/cert/x", "localhost", "/x"),
        ("absolute form with a user", "https://localhost@evil.example/cert/x", "localhost",
         (400, None)),
        ("absolute form that leads out", "https://localhost/cert/../admin/x", "localhost",
         (400, "bad_request")),
        ("/admin/../cert", "/admin/../cert/x", "localhost", (400, "bad_request")),
        ("/cert/../keyless", "/cert/../keyless/x", "localhost", (400, "bad_request")),
        ("/keyless/../cert", "/keyless/../cert/x", "localhost", (400, "bad_request")),
        ("/keyless/%2e%2e/cert", "/keyless/%2e%2e/cert/x", "localhost", (400, "bad_request")),
        ("/keyless/..%2fcert", "/keyless/..%2fcert/x", "localhost", (400, "bad_request")),
        ("/keyless/%2E.%2Fcert", "/keyless/%2E.%2Fcert/x", "localhost", (400, "bad_request")),
        ("/keyless/..;/cert", "/keyless/..;/cert/x", "localhost", (400, "bad_request")),
        ("/keyless/..;a=b/cert", "/keyless/..;a=b/cert/x", "localhost", (400, "bad_request")),
        ("one dot", "/cert/./x", "localhost", (400, "bad_request")),
        ("a dot at the end", "/cert/x/.", "localhost", (400, "bad_request")),
        ("two dots at the end", "/cert/..", "localhost", (400, "bad_request")),
        ("backslash", "/keyless/..\\cert/x", "localhost", (400, "bad_request")),
        ("backslash, escaped", "/keyless/..%5ccert/x", "localhost", (400, "bad_request")),
        ("three dots are a name", "/cert/.../x", "localhost", "/.../x"),
        ("dots in a query", "/cert/x?/../admin/%2e%2e", "localhost", "/x?/../admin/%2e%2e"),
        ("line break", "/keyless/x%0d%0aX-Certgate-Key-Id:%20a", "localhost", (400, "bad_request")),
        ("NUL", "/keyless/x%00", "localhost", "no 200"),
        ("escape cut off", "/keyless/x%2", "localhost", "no 200"),
        ("fragment", "/cert/x#/../y", "localhost", "no 200"),
        ("listen path escaped", "/%63ert/x", "localhost", (404, "api_not_found")),
        ("listen path in upper case", "/CERT/x", "localhost", (404, "api_not_found")),
        ("two slashes first", "//cert/x", "localhost", (404, "api_not_found")),
        ("two slashes inside", "/cert//x//", "localhost", "//x//"),
        ("neighbour's name", "/certain/x", "localhost", (404, "api_not_found")),
        ("escaped slash stays", "/cert/a%2Fb%2f", "localhost", "/a%2Fb%2f"),
        ("escaped percent stays", "/cert/100%25%252e%252e", "localhost", "/100%25%252e%252e"),
        ("foreign Host", "/cert/x", "evil.example", "/x"),
        ("Host with a port", "/cert/x", "evil.example:1", "/x"),
        ("Host of the other site", "/sited-other/x", "other", (404, "api_not_found")),
        ("Host that is no name", "/cert/x", "evil\"example", "no 200"),
        ("asterisk", "*", "localhost", "no 200"),
        ("authority", "localhost:443", "localhost", "no 200"),
        ("admin by an escape", "/%61dmin/api/v1/keys", "localhost", "no 200"),
        ("admin through cert", "/cert/%2e%2e/admin/api/v1/keys", "localhost", "no 200"),
        ("admin through cert, raw", "/cert/../admin/api/v1/keys", "localhost", "no 200"),
        ("admin in upper case", "/ADMIN/api/v1/keys", "localhost", (404, "api_not_found")),
    ]
    for name, target, host, want in rows:
        site.upstream_clear()
        data = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        answer = site.raw(data, cert=alice)
        log = site.upstream_log()
        if isinstance(want, str) and want.startswith("/"):
            is_eq((answer.status, [r["target"] for r in log]), (200, [want]), name)
            hosts = [v for r in log for n, v in r["headers"] if n.lower() == "host"]
            is_eq(hosts, [f"127.0.0.1:{site.upstream_port}"], f"{name}: Host is the upstream's")
        else:
            is_eq(log, [], f"{name}: nothing reaches the upstream")
            if want == "no 200":
                ok(400 <= answer.status < 500, f"{name}: refused ({answer.status})")
            elif want[1] is None:
                is_eq(answer.status, want[0], name)
            else:
                is_eq(code_of(answer), want, name)
        # Without the certificate none of them is a way in to the API that asks for one.
        nobody = site.raw(data)
        ok(nobody.status != 200, f"{name}: nobody gets no 200") or diag(repr(nobody))
    for name, data in {
            "two Content-Lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "length and chunked": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "folded field": b"X-A: b\r\n X-Certgate-Key-Id: c\r\nConnection: close\r\n\r\n",
            "space before the colon": b"X-Certgate-Key-Id : c\r\nConnection: close\r\n\r\n"}.items():
        site.upstream_clear()
        answer = site.raw(b"POST /keyless/x HTTP/1.1\r\nHost: localhost\r\n" + data)
        got = [r for r in site.upstream_log() if identity(r)]
        is_eq(got, [], f"{name}: no field of ours gets through ({answer.status})")
        ok(len(site.upstream_log()) <= 1, f"{name}: one request at most")
    for name, more in {"two lengths": {"CONTENT_LENGTH": "3", "HTTP_CONTENT_LENGTH": "4"},
                       "length that is none": {"CONTENT_LENGTH": "4x"},
                       "negative length": {"CONTENT_LENGTH": "-1"},
                       "prefix in the middle": {"CERTGATE_PREFIX": "/cer"},
                       "other prefix": {"CERTGATE_PREFIX": "/admin"}}.items():
        site.upstream_clear()
        answer = site.fcgi({"REQUEST_METHOD": "POST", "REQUEST_URI": "/cert/x",
                            "SSL_CLIENT_CERT": alice.pem, "SSL_CLIENT_VERIFY": "SUCCESS", **more},
                           b"abcd")
        is_eq((code_of(answer), site.upstream_log()), ((400, "bad_request"), []),
              f"from the server: {name}")


with Site(plain=True, hostile=True) as whole:
    certs = {name: whole.make_cert(name) for name in ("alice", "mallory", "stranger")}
    only_certs = {"use_certificate": True, "use_token": False}
    apis = [whole.make_api("cert", auth=only_certs), whole.make_api("both"),
            whole.make_api("token", auth={"use_token": True}),
            whole.make_api("unsaid", forward_client_cert=False),
            whole.make_api("sited", sites=[whole.name], auth={"keyless": True}),
            whole.make_api("sited-other", sites=["other"], auth={"keyless": True}),
            whole.make_api("near", allowed_ips=["127.0.0.0/8"], auth={"keyless": True})]
    whole.make_api("keyless", auth={"keyless": True})
    ACCESS = [{"api_id": api["id"]} for api in apis]
    keys = {name: whole.make_key(name, certs[name], access=ACCESS)
            for name in ("alice", "mallory")}
    token_key = whole.make_key("token holder", token=True, access=ACCESS)
    TOKEN = token_key["token"]
    alice_args = (certs["alice"], keys["alice"])
    mallory_args = (certs["mallory"], keys["mallory"])

    with case("all is set up"):
        for path, status in (("/cert/x", 200), ("/sited/x", 200), ("/near/x", 200)):
            is_eq(whole.curl(path, cert=certs["alice"]).status, status, path)
    with case("header fields"):
        fields_forge(whole, *alice_args, *mallory_args, certs["stranger"], token_key)
    with case("variables that look like it"):
        folds(whole, certs["alice"], *mallory_args)
    with case("plain HTTP"):
        plain_http(whole, certs["alice"], token_key)
    with case("not a token"):
        not_a_token(whole, *alice_args)
    with case("another virtual host's .htaccess"):
        htaccess(whole, certs["alice"], token_key)
    with case("bare FastCGI"):
        bare(whole, certs["alice"], *mallory_args)
    with case("targets"):
        targets(whole, certs["alice"])


# --- a site with a front controller on the same host ---

FRONT = """
RewriteEngine On
RewriteBase /
RewriteRule ^index\\.html$ - [L]
RewriteRule ^shop/(.*)$ /api/$1 [L,E=SSL_CLIENT_CERT:forged]
RewriteRule ^hop/(.*)$ /api/$1 [PT,L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule . /index.html [L]
"""
HOSTILE = """
SetEnv SSL_CLIENT_CERT forged
SetEnv SSL_CLIENT_VERIFY SUCCESS
SetEnv CERTGATE_PROOF 0000000000000000000000000000000000000000000000000000000000000000
SetEnv CERTGATE_SITE forged
SetEnv CERTGATE_PREFIX /forged
SetEnv HTTPS off
SetEnvIf Host . SSL_CLIENT_VERIFY=NONE HTTPS=off CERTGATE_SITE=forged ap_trust_cgilike_cl=
SetEnvIf Host . !CERTGATE_PROOF
UnsetEnv CERTGATE_PROOF
RequestHeader set Authorization "Bearer forged"
RequestHeader set X-Forged yes
RequestHeader unset X-Mine
Header always set X-Forged yes
Header always set X-Leak "%{CERTGATE_PROOF}e"
Header always set X-Leak-Cert "%{SSL_CLIENT_CERT}s"
Header set Content-Type text/forged
ErrorDocument 400 /index.html
ErrorDocument 401 /index.html
ErrorDocument 403 /index.html
ErrorDocument 404 "forged"
ErrorDocument 502 /index.html
ErrorDocument 503 /index.html
FallbackResource /index.html
Redirect /api/cert/moved /index.html
RedirectMatch ^/api/both /index.html
SetHandler default-handler
ForceType text/forged
AddType text/forged .html
DirectoryIndex index.html
<Files "x">
  Require all denied
</Files>
Require all denied
"""
OPEN = "<Files index.html>\n  Require all granted\n</Files>\n"


def seen(site, alice, path, *args, cert=None):
    """All of an answer that does not change from call to call."""
    answer = site.curl(path, *args, cert=cert)
    varying = ("date", "x-request-id")
    headers = sorted((n, v) for n, v in answer.headers if n not in varying)
    body = answer.body.decode("latin-1")
    body = re.sub(r'"request_id":"[^"]*"', "", body)
    body = re.sub(r'\["(X-Request-Id|traceparent)", "[^"]*"\]', "", body)
    return answer.status, headers, body


# What Debian's Apache has on besides, and a .htaccess can use.
MODULES = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                  for name in ("dir", "mime", "negotiation", "autoindex"))

with Site(prefix="/api", extra_server=MODULES + "TypesConfig /dev/null\n") as shared:
    alice = shared.make_cert("alice")
    docs = shared.docroot
    os.makedirs(docs + "/api/cert")
    for place in ("/index.html", "/page.html", "/api/cert/x", "/api/index.html"):
        with open(docs + place, "w", encoding="ascii") as page:
            page.write("the site's own page\n")
    cert_api = shared.make_api("cert", "/api/cert/")
    both_api = shared.make_api("both", "/api/both/")
    shared.make_api("down", "/api/down/", target_url="http://127.0.0.1:1",
                    auth={"keyless": True})
    holder = shared.make_key("alice", alice, access=[{"api_id": cert_api["id"]},
                                                     {"api_id": both_api["id"]}])
    bearer = shared.make_key("bearer", token=True, api=both_api)
    calls = {
        "certificate": ("/api/cert/x?a=%2F", "-H", "X-Mine: 1", alice),
        "nobody": ("/api/cert/x", None),
        "moved": ("/api/cert/moved", alice),
        "token": ("/api/both/x", "-H", "Authorization: Bearer " + bearer["token"], None),
        "upstream's own error": ("/api/cert/x?up=status:404", alice),
        "no API": ("/api/nothing", alice),
        "the prefix itself": ("/api", alice),
        "bad target": ("/api/cert/%2e%2e/x", alice),
        "upstream down": ("/api/down/x", None),
        "h1": ("/api/cert/x", "--http1.1", alice),
    }

    def all_seen():
        return {name: seen(shared, alice, *args[:-1], cert=args[-1])
                for name, args in calls.items()}

    with case("a front controller in .htaccess"):
        before = all_seen()
        is_eq({name: got[0] for name, got in before.items()},
              {"certificate": 200, "nobody": 401, "moved": 200, "token": 200,
               "upstream's own error": 404, "no API": 404, "the prefix itself": 404,
               "bad target": 400, "upstream down": 502, "h1": 200}, "without it")
        for kind, text in (("front controller", FRONT),
                           ("hostile directives", HOSTILE + OPEN),
                           ("both", FRONT + HOSTILE + OPEN)):
            for folder in ("/", "/api/", "/api/cert/"):
                with open(docs + folder + ".htaccess", "w", encoding="ascii") as out:
                    out.write(text)
            own = shared.curl("/any/pretty/url" if "RewriteRule" in text else "/index.html")
            is_eq(own.body, b"the site's own page\n", f"{kind}: it is in force for the site")
            if "Header" in text:
                is_eq(own.headers.get("x-forged"), "yes", f"{kind}: with all its directives")
            after = all_seen()
            for name in calls:
                is_eq(after[name], before[name], f"{kind}: {name}")
            unlike(repr((after, own)), shared.proof, f"{kind}: the proof is in no answer")
            unlike(repr((after, own)), "BEGIN CERT", f"{kind}: nor is the certificate")

    with case("a rewrite of the site that leads into the prefix"):
        with open(docs + "/.htaccess", "w", encoding="ascii") as out:
            out.write(FRONT + 'SetEnv SSL_CLIENT_CERT forged\nSetEnv HTTPS on\n'
                      'Header always set X-Leak "%{CERTGATE_PROOF}e%{REDIRECT_CERTGATE_PROOF}e"\n')
        for path in ("/shop/cert/x", "/hop/cert/x"):
            shared.upstream_clear()
            for who in (None, alice):
                answer = shared.curl(path, cert=who)
                is_eq((code_of(answer), shared.upstream_log()), ((400, "bad_request"), []),
                      f"{path}: what was asked for is not below the prefix")
                unlike(repr(answer), shared.proof, f"{path}: no proof in the answer")

    with case("the gate is down"):
        for folder in ("/", "/api/", "/api/cert/"):
            with open(docs + folder + ".htaccess", "w", encoding="ascii") as out:
                out.write(FRONT + HOSTILE + OPEN)
        shared.stop_programs()
        answer = shared.curl("/api/cert/x", cert=alice)
        is_eq(code_of(answer), (503, "unavailable"), "the text of the include, not the site's page")
        is_eq(answer.headers.get("content-type"), "application/problem+json", "as a problem")
        is_eq(answer.headers.get("x-forged"), None, "no field of the site's")

    with case("SetHandler in the same host's folder, over TLS"):
        shared.start_programs()
        shared.wait_ready()
        os.mkdir(docs + "/own")
        with open(docs + "/.htaccess", "w", encoding="ascii"):
            pass
        with open(docs + "/own/.htaccess", "w", encoding="ascii") as out:
            out.write(f'SetHandler "proxy:unix:{shared.gate_socket}|fcgi://gate/"\n'
                      'SetEnv CERTGATE_PREFIX /own\nSetEnv CERTGATE_SITE main\n'
                      'SSLOptions +ExportCertData +StdEnvVars\n'
                      "SetEnvIfExpr \"unescape(req('X-Pem')) =~ /([\\s\\S]+)/\" "
                      "SSL_CLIENT_CERT=$1\n")
        shared.make_api("own", "/own/", auth=only_certs)
        own_api = shared.rest("GET", "/apis?q=own").body["items"][0]
        shared.make_key("owner of own", shared.make_cert("other"), api=own_api)
        shared.upstream_clear()
        for who in (None, alice):
            answer = shared.curl("/own/x", "-H", "X-Pem: " + urllib.parse.quote(alice.pem),
                                 cert=who)
            is_eq((code_of(answer), shared.upstream_log()), (MISSING, []),
                  "a certificate is nothing without the include")
done_testing()
