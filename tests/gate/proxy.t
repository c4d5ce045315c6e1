#!/usr/bin/python3
"""The upstream gets what the client sent, byte for byte, but for what belongs to the hop, the
credential and what the gate alone says; the client gets what the upstream answered, streamed; and
an answer that was cut never looks whole."""
import base64
import hashlib
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from upstream import pattern  # noqa: E402
from website import Site  # noqa: E402

MB = 1 << 20
VERSIONS = (("HTTP/1.1", "--http1.1"), ("HTTP/2", "--http2"))


def folded(name):
    return name.lower().replace("_", "-")


def fields(record, name):
    """The values of a field at the upstream."""
    return [v for n, v in record["headers"] if folded(n) == name]


def last(site):
    return site.upstream_log()[-1]


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def raw_answer(*lines, body=b""):
    """The query that makes the upstream answer exactly this."""
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return "?up=raw:" + b64(head + body)


class Puppet:
    """An upstream that does nothing but what the test says, when it says so."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE_S)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sock, self.data = None, b""

    def accept(self):
        """Waits for a request; returns its head."""
        self.sock, _ = self.listener.accept()
        self.sock.settimeout(DEADLINE_S)
        self.data = b""
        return self.until(b"\r\n\r\n")

    def until(self, mark):
        while mark not in self.data:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(f"ended before {mark!r}")
            self.data += more
        piece, self.data = self.data.split(mark, 1)
        return piece

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()


class Curl:
    """A curl that runs meanwhile; its output comes as it comes."""

    def __init__(self, site, path, *args):
        self.process = subprocess.Popen(
            ["curl", "-q", "-sS", "-N", "-g", "--noproxy", "*", "--max-time", "60", "--cacert",
             site.ca, *args, site.url + path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.data = b""

    def until(self, mark):
        end = time.monotonic() + DEADLINE_S
        while mark not in self.data:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no {mark!r} came")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise EOFError(f"ended before {mark!r}: {self.process.stderr.read()}")
            self.data += more
        return True

    def end(self):
        rest, _ = self.process.communicate(timeout=DEADLINE_S)
        self.data += rest
        return self.process.returncode

    def end_or_leave(self):
        """Of an answer that was cut: Apache leaves a stream of HTTP/2 open, until its Timeout; then the
        client goes, which is no status of success either."""
        try:
            return self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.data += self.process.stdout.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


# --- the request ---

def targets(site, alice):
    odd = "a%2Fb%20c;d=e,f:@!$&'()*+~-._/%41%c3%bc%FF//x/"
    rows = [
        ("/mtls-api/x?y=1", "/x?y=1"), ("/mtls-api/", "/"), ("/mtls-api", "/"),
        ("/mtls-api?q", "/?q"), ("/mtls-api/?", "/?"), ("/mtls-api/x/", "/x/"),
        ("/mtls-api//", "//"), ("/mtls-api/" + odd, "/" + odd),
        ("/mtls-api/x?a=%2F&&=&b+c=%20;?/../#"[:-1], "/x?a=%2F&&=&b+c=%20;?/../"),
        ("/mtls-api/\xc3\xbc?\xfc", "/\xc3\xbc?\xfc"),
        ("/mtls-api/{}|\"<>^`[]'?{}|\"<>^`[]'", "/{}|\"<>^`[]'?{}|\"<>^`[]'"),
        ("/mtls-api/" + "p" * 3000 + "?" + "q" * 4000, "/" + "p" * 3000 + "?" + "q" * 4000),
        ("/mtls-api/mtls-api/x", "/mtls-api/x"),
        ("/whole/x?y", "/whole/x?y"), ("/whole", "/whole"), ("/whole/", "/whole/"),
        ("/whole?y", "/whole?y"),
        ("/based/x?y", "/base/path/x?y"), ("/based", "/base/path"), ("/based/", "/base/path/"),
        ("/based?y", "/base/path?y"),
        ("/slash/x", "/base/x"), ("/slash/", "/base/"), ("/slash", "/base"),
        ("/both/x", "/base/both/x"), ("/both", "/base/both"),
        ("/unslashed/x", "/x"), ("/unslashed", "/"),
        ("/deep/er/x", "/x"), ("/mtls-api2/x", None), ("/deep/x", None), ("/unslashedx", None),
    ]
    for path, want in rows:
        site.upstream_clear()
        answer = site.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                          .encode("latin-1"), cert=alice)
        got = [r["target"] for r in site.upstream_log()]
        name = f"{path[:60]!r} becomes {want and want[:60]!r}"
        is_eq((answer.status, got), (200, [want]) if want else (404, []), name)
    for version, option in VERSIONS:
        site.upstream_clear()
        answer = site.curl("/mtls-api/" + odd + "?" + odd, option, cert=alice)
        is_eq((answer.version, last(site)["target"]),
              (version[:6] if version == "HTTP/2" else version, "/" + odd + "?" + odd),
              f"as it was sent, over {version}")


def methods(site, alice):
    body = os.urandom(3000)
    for version, option in VERSIONS:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT",
                       "QUERY", "get", "X-Y.Z"):
            for data in (None, body):
                site.upstream_clear()
                answer = site.curl("/mtls-api/x", option, "-X", method, "-H",
                                   "Content-Type: application/x-odd; a=\"b\"", cert=alice,
                                   data=data)
                got = last(site) if site.upstream_log() else \
                    {"method": repr(answer), "headers": []}
                lengths = fields(got, "content-length")
                if version == "HTTP/2" and not data:
                    lengths = [n for n in lengths if n != "0"]  # Apache's own, where none came
                want = (method, hashlib.sha256(data or b"").hexdigest(),
                        ["application/x-odd; a=\"b\""], [str(len(data))] if data else [])
                is_eq((got["method"], got.get("body_sha256"), fields(got, "content-type"),
                       lengths), want,
                      f"{method} {'with' if data else 'without'} a body, {version}")
        site.upstream_clear()
        answer = site.curl("/mtls-api/x", option, "-I", cert=alice)
        is_eq((answer.status, last(site)["method"]), (200, "HEAD"), f"HEAD, {version}")


def bodies(site, alice):
    sizes = (0, 1, 8000, 8192, 16384, 65535, 65536, 1000003)
    for version, option in VERSIONS:
        for size in sizes:
            data = os.urandom(size)
            for how in ("length", "chunked"):
                site.upstream_clear()
                # -T - sends what has no length: chunks, or frames of HTTP/2.
                args = ["-T", "-", "-X", "POST"] if how == "chunked" else \
                    ["--data-binary", "@-"]
                if size == 0 and how == "chunked" and version == "HTTP/2":
                    continue  # curl sends none
                sent = subprocess.run(
                    ["curl", "-q", "-sS", "--cacert", site.ca, "--cert", alice.path, "--key",
                     alice.key, option, "-o", "/dev/null", "-w", "%{http_code}", *args,
                     site.url + "/mtls-api/x"], input=data, capture_output=True, check=False)
                got = last(site)
                is_eq((sent.stdout, got["body_bytes"], got["body_sha256"], got["complete"]),
                      (b"200", size, hashlib.sha256(data).hexdigest(), True),
                      f"{size} bytes, {how}, {version}")
                if how == "length":
                    is_eq(fields(got, "content-length"), [str(size)], "its length is told")
    site.upstream_clear()
    data = os.urandom(200000)
    answer = site.curl("/mtls-api/x", "--http1.1", "-H", "Expect: 100-continue", cert=alice,
                       data=data)
    is_eq((answer.status, last(site)["body_sha256"], fields(last(site), "expect")),
          (200, hashlib.sha256(data).hexdigest(), []), "Expect is answered, and not passed on")
    answer = site.curl("/small/x", cert=alice, data=b"x" * 1000)
    is_eq(answer.status, 200, "a body of just the API's limit")
    for how in ([], ["-H", "Transfer-Encoding: chunked"]):
        site.upstream_clear()
        answer = site.curl("/small/x", "--http1.1", *how, cert=alice, data=b"x" * 1001)
        is_eq((answer.status, answer.json().get("code")), (413, "body_too_large"),
              f"a byte more is refused {how}")
        ok(not any(r["complete"] for r in site.upstream_log()), "the upstream has no whole body")


def passed_fields(site, alice):
    rows = [
        ("Accept", "text/html;q=0.5, */*"), ("Accept-Encoding", "br, gzip"),
        ("User-Agent", "odd \"agent\" (x; y)"), ("X-Own", "a\tb  c"), ("X-Own", ""),
        ("X-Own", "\xc3\xbc\xfc"), ("X-Own", "=?utf-8?q?x?="), ("X-Own", "a:b:c;d,e"),
        ("X-Own", "v" * 7000), ("Range", "bytes=0-1"), ("If-None-Match", "W/\"x\", \"y\""),
        ("Origin", "https://elsewhere.example"), ("Referer", "https://elsewhere.example/?a"),
        ("Content-Language", "de"), ("Date", "Tue, 15 Nov 1994 08:12:31 GMT"),
        ("Via", "1.0 fred"), ("X-Real-Ip", "1.2.3.4"), ("Tracestate", "a=b"),
        ("Last-Event-Id", "7"), ("X-Api-Key", "theirs"), ("Cf-Ray", "x"), ("1", "2"),
        ("Cache-Control", "no-cache"),
        ("Pragma", "x"), ("From", "me"), ("Upgrade-Insecure-Requests", "1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
    for name, value in rows:
        answer = site.raw(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                          f"{name}: {value}\r\n\r\n".encode("latin-1"), cert=alice)
        got = fields(answer.json(), name.lower()) if answer.status == 200 else repr(answer)
        is_eq(got, [value], f"{name}: {value[:40]!r} is passed on")
    answer = site.raw(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\n\r\n", cert=alice)
    got = sorted(folded(n) for n, _ in answer.json()["headers"])
    is_eq(got, ["client-cert", "forwarded", "host", "traceparent", "x-certgate-fingerprint",
                "x-certgate-key-id", "x-certgate-key-name", "x-forwarded-for",
                "x-forwarded-host", "x-forwarded-proto", "x-request-id"],
          "nothing is invented besides what the contract says")
    answer = site.raw(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nX-B: 2\r\n"
                      b"X-A: 3\r\n\r\n", cert=alice)
    is_eq(fields(answer.json(), "x-a"), ["1, 3"], "a field that comes twice, as one list")


def hop_fields(site, alice):
    rows = [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"),
            ("Trailer", "X-T"), ("Upgrade", "websocket"), ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic eDp5"), ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
            ("Expect", "100-continue")]
    for name, value in rows:
        answer = site.raw(f"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\n{name}: {value}\r\n\r\n"
                          .encode(), cert=alice)
        is_eq((answer.status, fields(answer.json(), name.lower())), (200, []),
              f"{name} stays on its hop")
    answer = site.raw(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\nX-Hop: 1\r\nX-Other: 2\r\n"
                      b"X-Stays: 3\r\nConnection: x-hop, close,X-OTHER\r\n\r\n", cert=alice)
    got = answer.json()
    is_eq((fields(got, "x-hop"), fields(got, "x-other"), fields(got, "x-stays")), ([], [], ["3"]),
          "fields that Connection names stay on their hop")
    answer = site.raw(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\nConnection: Client-Cert, "
                      b"X-Certgate-Key-Id, X-Forwarded-For, X-Request-Id, Host, close\r\n\r\n",
                      cert=alice)
    got = answer.json()
    is_eq([len(fields(got, n)) for n in ("client-cert", "x-certgate-key-id", "x-forwarded-for",
                                         "x-request-id", "host")], [1] * 5,
          "nobody takes the gate's own fields out by naming them in Connection")


def credentials(site, alice, tokens):
    """Rows: API, what is sent, what of it arrives."""
    token = tokens["token"]
    rows = [
        ("mtls-api", {"authorization": f"Bearer {token}"}, {}),
        ("mtls-api", {"authorization": token, "x-api-key": "mine"}, {"x-api-key": "mine"}),
        ("keeps", {"authorization": f"Bearer {token}"}, {"authorization": f"Bearer {token}"}),
        ("named", {"x-api-key": token, "authorization": "Basic eDp5"},
         {"authorization": "Basic eDp5"}),
        ("named", {"X-API-KEY": f"bearer {token}"}, {}),
        ("certs", {"authorization": "Basic eDp5"}, {"authorization": "Basic eDp5"}),
        ("open", {"authorization": "Basic eDp5"}, {"authorization": "Basic eDp5"}),
    ]
    for api, sent, want in rows:
        args = [arg for name, value in sent.items() for arg in ("-H", f"{name}: {value}")]
        answer = site.curl(f"/{api}/x", *args, cert=alice if api == "certs" else None)
        got = answer.json() if answer.status == 200 else {"headers": [["status", repr(answer)]]}
        names = {"authorization", "x-api-key", "status"}
        is_eq({folded(n): v for n, v in got["headers"] if folded(n) in names}, want,
              f"{api}: {sorted(sent)} becomes {sorted(want)}")
    cookies = [
        ("a=1; b=2", "a=1; b=2"), ("a=1;b=2;;  c = \"x;y\"", "a=1;b=2;;  c = \"x;y\""),
        ("__Host-certgate=x", None), ("__Host-certgate-admin=x; __Host-certgate_portal=y", None),
        ("a=1; __Host-certgate=x; b=2", "a=1; b=2"), ("__Host-certgate=x; b=2", "b=2"),
        ("a=1; __Host-certgate=x", "a=1"), ("__host-CERTGATE=x; a=1", "a=1"),
        ("__Host-other=1; x__Host-certgate=2", "__Host-other=1; x__Host-certgate=2"),
        ("a=__Host-certgate=1", "a=__Host-certgate=1"), ("a=\xc3\xbc%20", "a=\xc3\xbc%20"),
        ("  a=1; b  ", "a=1; b"),
    ]
    for sent, want in cookies:
        answer = site.raw(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\n" +
                          f"Cookie: {sent}\r\n\r\n".encode("latin-1"), cert=alice)
        is_eq(fields(answer.json(), "cookie"), [want] if want else [],
              f"Cookie: {sent} becomes {want}")
    answer = site.curl("/mtls-api/x", "--http2", "-H", "Cookie: a=1; __Host-certgate=x; b=2",
                       cert=alice)
    is_eq(fields(answer.json(), "cookie"), ["a=1; b=2"], "cookies over HTTP/2")


def identity(site, alice, key, tokens):
    name = key["name"]
    for version, option in VERSIONS:
        answer = site.curl("/mtls-api/x", option, cert=alice)
        got = answer.json()
        value, = fields(got, "client-cert")
        like(value, r"\A:[A-Za-z0-9+/]+=*:\Z", f"{version}: Client-Cert is a byte sequence")
        is_eq(base64.b64decode(value[1:-1], validate=True), alice.der,
              f"{version}: and the certificate, byte for byte")
        is_eq(fields(got, "x-certgate-key-id"), [key["id"]], f"{version}: the key's id")
        told, = fields(got, "x-certgate-key-name")
        is_eq(told, "M%C3%BCller %E2%82%AC & S%C3%B6hne, 100%25", f"{version}: the key's name")
        is_eq(urllib.parse.unquote(told), name, "which decodes to it")
        is_eq(fields(got, "x-certgate-fingerprint"), [alice.sha256], f"{version}: the fingerprint")
        host = f"localhost:{site.port}"
        is_eq([fields(got, f"x-forwarded-{what}") for what in ("for", "host", "proto")],
              [["127.0.0.1"], [host], ["https"]], f"{version}: X-Forwarded-*")
        is_eq(fields(got, "forwarded"), [f'for="127.0.0.1";host="{host}";proto=https'],
              f"{version}: Forwarded")
        is_eq(fields(got, "host"), [f"127.0.0.1:{site.upstream_port}"], f"{version}: Host")
        is_eq(fields(got, "x-request-id"), answer.headers.all("x-request-id"),
              f"{version}: one X-Request-Id, the same that the client is told")
        like(fields(got, "traceparent")[0], r"\A00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\Z",
             f"{version}: traceparent is made")
        answer = site.curl("/mtls-api/x", option, "-H", "X-Request-Id: mine/1", "-H",
                           "X-Client-Request-Id: forged", cert=alice)
        got = answer.json()
        is_eq((fields(got, "x-client-request-id"),
               fields(got, "x-request-id") == answer.headers.all("x-request-id"),
               fields(got, "x-request-id") != ["mine/1"]), (["mine/1"], True, True),
              f"{version}: the client's own request id has another name")
    ids = [site.curl("/mtls-api/x", cert=alice).json() for _ in range(3)]
    is_eq((len({fields(i, "x-request-id")[0] for i in ids}),
           len({fields(i, "traceparent")[0] for i in ids})), (3, 3), "each call has its own")
    answer = site.curl("/silent/x", cert=alice)
    is_eq([n for n, _ in answer.json()["headers"]
           if folded(n).startswith(("client-cert", "x-certgate"))], [],
          "forward_client_cert off: nothing is said of the client")
    is_eq(fields(answer.json(), "x-forwarded-for"), ["127.0.0.1"], "but of the hop")
    answer = site.curl("/mtls-api/x", "-H", f"Authorization: {tokens['token']}")
    got = answer.json()
    is_eq((fields(got, "x-certgate-key-id"), fields(got, "client-cert"),
           fields(got, "x-certgate-fingerprint")), ([tokens["id"]], [], []),
          "a token: the key, and no certificate")
    many = "subjectAltName=" + ",".join(f"DNS:{'n' * 20}{i}.example" for i in range(180))
    large = site.make_cert("large", extensions=[many, "basicConstraints=CA:FALSE"])
    ok(len(large.der) > 5400, f"a certificate of {len(large.der)} bytes")
    large_key = site.make_key("large", large, access=key["access"])
    answer = site.curl("/mtls-api/x", cert=large)
    is_eq((fields(answer.json(), "client-cert"), fields(answer.json(), "x-certgate-key-id"),
           fields(answer.json(), "x-certgate-fingerprint")),
          ([], [large_key["id"]], [large.sha256]), "its Client-Cert is left out, the rest is there")
    with open(site.logs + "/supervise.log", encoding="utf-8") as log:
        like(log.read(), r"client_cert_left_out .*" + answer.headers.get("x-request-id"),
             "and the log says so")


# --- the answer ---

OF_HOST = [("Clear-Site-Data", "\"*\""), ("Service-Worker-Allowed", "/"), ("NEL", "{}"),
           ("Report-To", "{}"), ("Reporting-Endpoints", "a=\"/x\"")]


def answers(site, alice):
    for version, option in VERSIONS:
        for status in (200, 201, 202, 203, 206, 207, 226, 300, 301, 302, 303, 307, 308, 400, 401,
                       402, 403, 404, 405, 409, 410, 416, 418, 422, 429, 451, 500, 501, 502, 503,
                       504, 507, 511, 599):
            answer = site.curl(f"/mtls-api/x?up=status:{status}", option, cert=alice)
            if (answer.status, answer.headers.get("content-type"), b"this is the upstream" in
                    answer.body) != (status, "application/json", True):
                ok(False, f"{status}, {version}: status, body and fields are the upstream's")
                diag(repr(answer))
        ok(True, f"all statuses were tried, {version}")
        for status in (204, 304):
            answer = site.curl(f"/mtls-api/x?up=status:{status}", option, cert=alice)
            is_eq((answer.status, answer.body, answer.rc), (status, b"", 0), f"{status}, {version}")
        answer = site.curl("/mtls-api/x?up=bytes:5000", option, "-I", cert=alice)
        is_eq((answer.status, answer.headers.get("content-length"), answer.rc), (200, "5000", 0),
              f"HEAD tells the length, {version}")
        for what in ("bytes", "chunked"):
            for size in (0, 1, 8191, 8192, 8193, 100000):
                answer = site.curl(f"/mtls-api/x?up={what}:{size}", option, cert=alice)
                is_eq((answer.status, answer.body == pattern(size), answer.rc), (200, True, 0),
                      f"{what} {size}, {version}")
                if what == "bytes":
                    is_eq(answer.headers.get("content-length"), str(size), "with its length")
    kept = [("X-Own", "a\tb"), ("X-Own", ""), ("X-Own", "second"), ("X-Own", "\xc3\xbc\xfc"),
            ("ETag", "W/\"x\""), ("Cache-Control", "max-age=1"), ("WWW-Authenticate", "Basic a=b"),
            ("Location", "https://elsewhere.example/x?y"), ("Vary", "Origin"),
            ("Set-Cookie", "a=1; Path=/; Secure"), ("Set-Cookie", "b=2"),
            ("Set-Cookie", "__Host-other=3"), ("Set-Cookie", "=own"), ("Content-Type", "text/plain; charset=x"),
            ("Content-Security-Policy", "default-src 'self'"), ("Access-Control-Allow-Origin", "*"),
            ("Content-Encoding", "br"), ("Refresh", "1"), ("Link", "</x>; rel=preload"),
            ("Retry-After", "7"), ("X-RateLimit-Remaining", "5"), ("Age", "1"), ("Server", "own")]
    dropped = [("X-Request-Id", "theirs"), ("x-request-id", "again"),
               ("Set-Cookie", "__Host-certgate=1; Path=/"), ("Set-Cookie", "__HOST-CertGate-x=1"),
               ("set-cookie", " __Host-certgate_admin=; Max-Age=0"), ("Status", "500 No"),
               # Without a name, which browsers send as its value alone.
               ("Set-Cookie", "=__Host-certgate_admin=1; Path=/"), ("Set-Cookie", "= =__host-certgate=1"),
               ("status", "404"), ("X-Sendfile", "/etc/passwd"), ("X-SENDFILE2", "/etc/passwd 0-9"),
               ("X-LIGHTTPD-send-file", "/etc/passwd"), ("X-Accel-Redirect", "/admin/"),
               ("X-Accel-Buffering", "no"), ("X-Reproxy-URL", "http://localhost/"),
               ("X-LiteSpeed-Location", "/x"), ("Variable-REMOTE_USER", "root"),
               ("Script-Control", "no-abort"), ("Keep-Alive", "timeout=9"), ("X-Hop", "1"),
               ("Proxy-Connection", "close"), ("Proxy-Authenticate", "Basic"), ("Trailer", "X-T"),
               ("Upgrade", "h2c"), ("TE", "x"), ("Alt-Svc", "h3=\":443\""), ("alt-svc", "clear"),
               *OF_HOST]
    # CGI hosts would fetch it in place of the answer; these do not.
    here = raw_answer("HTTP/1.1 200 OK", "Location: /admin/x?y", "Content-Length: 2", body=b"ok")
    for version, option in VERSIONS:
        answer = site.curl("/mtls-api/x" + here, option, cert=alice)
        is_eq((answer.status, answer.headers.get("location"), answer.body), (200, "/admin/x?y", b"ok"),
              f"200 with a Location of the same host, {version}: as it was sent")
    query = raw_answer("HTTP/1.1 200 Fine", *[f"{n}: {v}" for n, v in kept + dropped],
                       "Connection: close, x-hop", "Content-Length: 4", body=b"body")
    for version, option in VERSIONS:
        answer = site.curl("/mtls-api/x" + query, option, cert=alice)
        is_eq((answer.status, answer.body), (200, b"body"), f"an answer with many fields, {version}")
        for name, _ in kept:
            if name == "Server":
                continue  # Apache says its own
            want = [v for n, v in kept if n == name]
            got = answer.headers.all(name)
            # Apache may join a list; a list is the same joined.
            if name != "Set-Cookie":
                got, want = [", ".join(got)], [", ".join(want)]
            is_eq(got, want, f"{name} is passed on, {version}")
        gone = {n.lower() for n, _ in dropped} - {n.lower() for n, _ in kept}
        if version == "HTTP/1.1":
            gone -= {"keep-alive", "upgrade"}  # Apache's own hop
        is_eq(sorted(n for n, v in answer.headers if n in gone - {"x-request-id"}), [],
              f"what is for the hop or for a CGI host is gone, {version}")
        is_eq(len(answer.headers.all("x-request-id")), 1, f"one X-Request-Id, {version}")
        ok("theirs" not in answer.headers.all("x-request-id"), f"which is ours, {version}")
    for name, lines, status in (
            ("100 before", ["HTTP/1.1 100 Continue", "", "HTTP/1.1 200 OK", "Content-Length: 0"],
             200),
            ("103 before", ["HTTP/1.1 103 Early", "Link: x", "", "HTTP/1.1 202 OK",
                            "Content-Length: 0"], 202),
            ("no reason", ["HTTP/1.1 200", "Content-Length: 0"], 200),
            ("HTTP/1.0", ["HTTP/1.0 200 OK", "Content-Length: 0"], 200)):
        is_eq(site.curl("/mtls-api/x" + raw_answer(*lines), cert=alice).status, status, name)
    for name, data in (
            ("nonsense", b"nonsense\r\n\r\n"), ("nothing but a line break", b"\r\n\r\n"),
            ("status 99", b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n"),
            ("status 600", b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n"),
            ("switching protocols", b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            ("field without a colon", b"HTTP/1.1 200 OK\r\nbad\r\nContent-Length: 0\r\n\r\n"),
            ("field with a space", b"HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 0\r\n\r\n"),
            ("folded field", b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n"),
            ("control character", b"HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n"),
            ("NUL", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
            ("carriage return", b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n"),
            ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            ("length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\nab"),
            ("negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab"),
            ("unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: odd\r\n\r\nab"),
            ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("201 fields", b"HTTP/1.1 200 OK\r\n" + b"A:b\r\n" * 201 + b"\r\n")):
        answer = site.curl("/mtls-api/x?up=raw:" + b64(data), cert=alice)
        is_eq((answer.status, answer.json().get("code") if answer.status == 502 else repr(answer)),
              (502, "upstream_invalid"), f"an answer that is none: {name}")
    is_eq(site.curl("/mtls-api/x", cert=alice).status, 200, "and the next request is fine")


def smuggling(site, alice):
    """What an upstream sends too much of must not become somebody's next answer."""
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Smuggled: yes\r\n\r\nsmuggled!"
    rows = {
        "more than the length": "?up=long:1000",
        "a second answer behind": raw_answer("HTTP/1.1 200 OK", "Content-Length: 2",
                                             body=b"ok" + second),
        "204 with a body": raw_answer("HTTP/1.1 204 No Content", body=second),
        "204 with a length": raw_answer("HTTP/1.1 204 No Content", f"Content-Length: {len(second)}",
                                        body=second),
        "304 with a body": raw_answer("HTTP/1.1 304 Not Modified",
                                      f"Content-Length: {len(second)}", body=second),
        "length and chunked": raw_answer("HTTP/1.1 200 OK", "Content-Length: 3",
                                         "Transfer-Encoding: chunked",
                                         body=b"2\r\nok\r\n0\r\n\r\n" + second),
        "chunked, and more": raw_answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
                                        body=b"2\r\nok\r\n0\r\n\r\n" + second),
        "a trailer": raw_answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
                                body=b"2\r\nok\r\n0\r\nX-Smuggled: yes\r\n\r\n"),
    }
    for name, query in rows.items():
        with site.tls(alice) as sock:
            said = []
            for path in ("/mtls-api/x" + query, "/mtls-api/mine?n=1", "/mtls-api/mine?n=2"):
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                answer = read_answer(sock)
                said.append(answer)
            ok(said[0].complete, f"{name}: the answer ends where it says")
            is_eq([a.json()["target"] for a in said[1:]], ["/mine?n=1", "/mine?n=2"],
                  f"{name}: the next requests have their own answers")
            unlike(repr(said), "(?i)smuggled", f"{name}: nothing of the rest is seen")
    with site.tls(alice) as sock:
        for method, path in (("HEAD", "/mtls-api/x?up=bytes:9000"),
                             ("HEAD", "/mtls-api/x" + rows["a second answer behind"]),
                             ("GET", "/mtls-api/mine")):
            sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = read_answer(sock, method)
        is_eq(answer.json()["target"], "/mine", "HEAD answered with a body: the next is fine")


def sandbox(site, alice):
    query = raw_answer("HTTP/1.1 200 OK", "Content-Type: text/html",
                       "Content-Security-Policy: default-src 'none'", "Content-Length: 2",
                       body=b"ok")
    for api, dest, want in (
            [("mtls-api", dest, True) for dest in ("document", "iframe", "frame", "embed",
                                                   "object")] +
            [("mtls-api", dest, False) for dest in (None, "empty", "script", "image", "style")] +
            [("pages", dest, False) for dest in ("document", "iframe")]):
        args = ["-H", f"Sec-Fetch-Dest: {dest}"] if dest else []
        for version, option in VERSIONS:
            answer = site.curl(f"/{api}/x", option, *args, cert=alice)
            is_eq(answer.headers.all("content-security-policy"), ["sandbox"] if want else [],
                  f"{api}, {dest}, {version}: sandbox {want}")
        got = ", ".join(site.curl(f"/{api}/x{query}", *args, cert=alice)
                        .headers.all("content-security-policy"))
        is_eq(sorted(got.split(", ")), sorted(["default-src 'none'"] + ["sandbox"] * want),
              f"{api}, {dest}: the upstream's own stays")
    # An API with a host of its own may speak for it, but not lead its clients elsewhere.
    answer = site.curl("/pages/x" + raw_answer(
        "HTTP/1.1 200 OK", *[f"{n}: {v}" for n, v in OF_HOST], "Alt-Svc: h3=\":443\"",
        "Strict-Transport-Security: max-age=1", "Content-Length: 0"), cert=alice)
    is_eq([answer.headers.get(n.lower()) for n, _ in OF_HOST] +
          [answer.headers.get(n) for n in ("strict-transport-security", "alt-svc")],
          [v for _, v in OF_HOST] + ["max-age=1", None], "pages: the host's fields, no Alt-Svc")


# --- streams ---

def gate_memory(site):
    """(highest so far, now) of all gate processes, kB."""
    high = now = 0
    for pid in site.pids("gate"):
        with open(f"/proc/{pid}/status", encoding="ascii") as text:
            values = dict(line.split(":", 1) for line in text)
        high += int(values["VmHWM"].split()[0])
        now += int(values["VmRSS"].split()[0])
    return high, now


def large(site, alice):
    data = pattern(30 * MB)
    digest = hashlib.sha256(data).hexdigest()
    path = site.certs + "/30mb"
    with open(path, "wb") as out:
        out.write(data)
    small = site.certs + "/small"
    with open(small, "wb") as out:
        out.write(data[:100000])

    def call(what, option, name, size):
        out = f"{site.certs}/got.{name.replace('/', '')}.{size}"
        args = {"down": [f"{site.url}/mtls-api/x?up=bytes:{size}"],
                "down, chunked": [f"{site.url}/mtls-api/x?up=chunked:{size}"],
                "up": ["--data-binary", "@" + (path if size > 100000 else small),
                       site.url + "/mtls-api/x"],
                "up, chunked": ["-T", "-", "-X", "POST", site.url + "/mtls-api/x"]}[what]
        with open(path if size > 100000 else small, "rb") as body:
            done = subprocess.run(
                ["curl", "-q", "-sS", "--max-time", "60", "--cacert", site.ca, "--cert", alice.path,
                 "--key", alice.key, option, "-o", out, "-w", "%{http_code}", *args],
                stdin=body, capture_output=True, check=False)
        if what.startswith("down"):
            with open(out, "rb") as got:
                result = hashlib.sha256(got.read()).hexdigest()
        else:
            result = last(site)["body_sha256"]
        os.unlink(out)
        return done.returncode, done.stdout, result

    ways = [(what, version, option) for version, option in VERSIONS
            for what in ("down", "down, chunked", "up", "up, chunked")]
    for what, version, option in ways * 2:  # what a first call needs, it needs once
        call(what, option, version, 100000)
    before, _ = gate_memory(site)
    for what, version, option in ways:
        is_eq(call(what, option, version, 30 * MB), (0, b"200", digest), f"30 MB {what}, {version}")
    after, _ = gate_memory(site)
    ok(after - before < 4000, f"the gate needed {after - before} kB more for 8 times 30 MB")


def live(site, puppet):
    """Each side sees what the other has sent so far before the other goes on: nobody waits for the
    end of anything."""
    for version, option in VERSIONS:
        with Curl(site, "/puppet/events", option, "-H", "Accept: text/event-stream") as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n")
            for n in range(4):
                event = b"data: %d\n\n" % n
                puppet.send(b"%x\r\n%s\r\n" % (len(event), event))
                ok(curl.until(event), f"event {n} came while the answer goes on, {version}")
            puppet.send(b"0\r\n\r\n")
            is_eq((curl.end(), curl.data), (0, b"".join(b"data: %d\n\n" % n for n in range(4))),
                  f"all events, and the end, {version}")
            puppet.close()
        with Curl(site, "/puppet/up", option, "-T", "-", "-X", "POST") as curl:
            for n in range(3):
                curl.process.stdin.write(b"part %d." % n)
                curl.process.stdin.flush()
                if n == 0:
                    like(puppet.accept(), r"(?i)\nTransfer-Encoding: chunked", "a chunked upload")
                puppet.until(b"part %d." % n)
                ok(True, f"part {n} of an upload came before the next was sent, {version}")
            # An answer may begin while the body still comes.
            puppet.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\near")
            curl.process.stdin.write(b"the end")
            curl.process.stdin.close()
            curl.process.stdin = None
            puppet.until(b"0\r\n\r\n")
            puppet.send(b"ly ")
            is_eq((curl.end(), curl.data), (0, b"early "), f"and the answer, {version}")
            puppet.close()


def cut(site, alice):
    rows = {
        "length, 1 kB": "?up=cut:1000", "length, 100 kB": "?up=cut:100000",
        "chunked, 1 kB": "?up=chunkcut:1000", "chunked, 100 kB": "?up=chunkcut:100000",
        "chunk that is none": raw_answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
                                         body=b"5\r\nhello\r\nxyz\r\n"),
        "chunk that ends early": raw_answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
                                            body=b"50\r\nhello"),
        "length, nothing": raw_answer("HTTP/1.1 200 OK", "Content-Length: 5"),
    }
    short = raw_answer("HTTP/1.1 201 Created", "Content-Length: 50", "X-Done: yes", body=b"hello")
    for version, option in VERSIONS:
        def by_the_gate(option=option):
            """Where the upstream is slow to close, the beginning has gone to the client: then it is cut."""
            answer = site.curl("/mtls-api/x" + short, option, cert=alice, data="pay")
            return answer if answer.status == 502 else \
                ok(answer.status == 201 and answer.rc != 0, "begun, and cut") and None

        answer = wait_until(by_the_gate, "an answer that came in one piece")
        is_eq((answer.status, answer.rc, answer.headers.get("retry-after"),
               answer.headers.get("x-done"), answer.json()["code"]), (502, 0, None, None, "upstream_invalid"),
              f"a POST whose short answer breaks off, {version}: the gate says so")
        like(answer.json()["detail"], "may have done", "and that it may have been done")
    for name, query in rows.items():
        for version, option in VERSIONS:
            # What was cut ends soon where the server can say so; no client waits for ever.  One that has
            # seen nothing in that time waits for the beginning.
            for seconds in (3, 60):
                answer = site.curl("/mtls-api/x" + query, option, cert=alice, seconds=seconds)
                if answer.status != 0:
                    break
            ok(answer.status != 200 or answer.rc != 0, f"{name}, {version}: does not look whole")
            if answer.status != 200:
                # What was done must not be asked for again, which a 503 with Retry-After invites to.
                is_eq((answer.status, answer.headers.get("retry-after"), answer.json()["code"]),
                      (502, None, "upstream_invalid"), f"{name}, {version}: or the gate says so")
            is_eq(site.curl("/mtls-api/y", option, cert=alice).json()["target"], "/y",
                  f"{name}, {version}: the next request is fine")
        with site.tls(alice) as sock:
            sock.sendall(f"GET /mtls-api/x{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = read_answer(sock)
            ok(answer.status != 200 or not answer.complete,
               f"{name}: nor on a connection of one's own")


def long_fields(site, puppet):
    """Apache says 500 to a line above 8 kB: so the gate says what it was."""
    for n, want in ((8184, b"200"), (8190, b"502" if site.server_kind == "apache" else b"200")):
        with Curl(site, "/puppet/x", "--http1.1", "-w", "%{http_code}") as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 200 OK\r\nX-A: " + b"y" * n + b"\r\nContent-Length: 2\r\n\r\nok")
            curl.end()
            is_eq(curl.data[-3:], want, f"a field of {n} bytes")
            puppet.close()


def cut_by_puppet(site, puppet):
    """The same, when the client has seen the beginning for sure."""
    for version, option in VERSIONS:
        for name, head, more in (
                ("length", b"Content-Length: 100", b"begin"),
                ("chunked", b"Transfer-Encoding: chunked", b"5\r\nbegin\r\n")):
            with Curl(site, "/puppet/x", option) as curl:
                puppet.accept()
                puppet.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + more)
                curl.until(b"begin")
                puppet.close()
                ok(curl.end_or_leave() != 0,
                   f"{name}, {version}: cut in the middle does not look whole")
                is_eq(curl.data, b"begin", "and no byte was added")
    # More of a head than the gate gives to the web server at once, but not all: what has begun
    # must not become the web server's own error, which asks for it again.
    for version, option in VERSIONS:
        with Curl(site, "/puppet/x", option, "-i") as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 201 Created\r\n" + (b"X-Long: " + b"y" * 1000 + b"\r\n") * 12 +
                        b"Content-Length: 100\r\n\r\nbegin")
            puppet.close()
            curl.until(b"\r\n\r\n")
            ok(curl.end_or_leave() != 0 and re.match(rb"HTTP/[\d.]+ 201", curl.data),
               f"12 kB of fields and a short body, {version}: begun, and cut") or diag(curl.data)
    with Curl(site, "/puppet/x", "--http1.1", "-w", "%{http_code}") as curl:
        puppet.accept()
        puppet.send(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: " + b"y" * 1500 + b"\r\n") * 190 + b"\r\n")
        curl.end()
        like(curl.data, r"upstream_invalid.*502\Z", "300 kB of fields are refused")
        puppet.close()
    with Curl(site, "/puppet/x", "--http1.1") as curl:
        puppet.accept()
        puppet.send(b"HTTP/1.1 200 OK\r\n\r\nuntil it closes")
        curl.until(b"closes")
        puppet.close()
        is_eq((curl.end(), curl.data), (0, b"until it closes"),
              "an answer without a length ends with the connection")
    for version, option in VERSIONS:
        with Curl(site, "/puppet/gone", option) as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n")
            curl.until(b"begin")
            curl.process.kill()

            def told():
                puppet.sock.settimeout(0.2)
                try:
                    puppet.send(b"5\r\nagain\r\n")
                    return puppet.sock.recv(1) == b""
                except TimeoutError:
                    return False
                except ConnectionError:
                    return True

            ok(wait_until(told, "the end of the connection to the upstream"),
               f"a client that left: the upstream is told, {version}")


def early(site, alice):
    path = site.certs + "/30mb"
    for version, option in VERSIONS:
        for how in (["--data-binary", "@" + path], ["-T", path, "-H", "Transfer-Encoding: chunked"]):
            if version == "HTTP/2":
                how = how[:2]
            answer = site.curl("/mtls-api/x?up=early:403", option, *how, cert=alice, seconds=30)
            ok(answer.status == 403 or answer.rc != 0,
               f"an upstream that refuses before the body is read, {version} {how[0]}")
            ok(answer.status in (403, 0, 502), f"its answer, or none: {answer.status}") or \
                diag(repr(answer))
            is_eq(site.curl("/mtls-api/y", option, cert=alice).json()["target"], "/y",
                  "the next request is fine")


def stale(site, alice):
    """Connections to the upstream that were kept, and are dead by now."""
    for method in ("GET", "POST"):
        for _ in range(8):
            is_eq(site.curl("/mtls-api/x?up=last", "-X", method, cert=alice).status, 200,
                  f"{method}: an answer on a connection that looks kept")
            site.upstream_clear()
            answer = site.curl("/mtls-api/y", "-X", method, cert=alice)
            if not (answer.status == 200 and len(site.upstream_log()) == 1):
                ok(False, f"{method}: the next goes over another connection, once")
                diag(repr(answer))


def parallel(site, alice):
    """Many at once get each his own."""
    results, errors = {}, []

    def run(n):
        try:
            with site.tls(alice) as sock:
                for i in range(10):
                    body = f"body {n} {i}".encode() * (n + 1)
                    sock.sendall(f"POST /mtls-api/{n}?i={i} HTTP/1.1\r\nHost: localhost\r\n"
                                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    got = read_answer(sock).json()
                    if (got["target"], got["body_sha256"]) != \
                            (f"/{n}?i={i}", hashlib.sha256(body).hexdigest()):
                        errors.append((n, i, got))
            results[n] = True
        except Exception as fault:  # pylint: disable=broad-except
            errors.append((n, repr(fault)))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    is_eq((len(results), errors), (16, []), "16 clients, 10 calls each, each has its own answer")


def run(whole, *tests):
    """The tests by name, with what each takes, at this site."""
    alice = whole.make_cert("alice", subject="/CN=alice/O=Example")
    doll = Puppet()
    up = whole.upstream_url
    certificates = {"use_certificate": True, "use_token": False}
    apis = [whole.make_api(),
            whole.make_api("whole", strip_listen_path=False),
            whole.make_api("based", target_url=up + "/base/path"),
            whole.make_api("slash", target_url=up + "/base/"),
            whole.make_api("both", target_url=up + "/base", strip_listen_path=False),
            whole.make_api("unslashed", "/unslashed"),
            whole.make_api("deeper", "/deep/er/"),
            whole.make_api("keeps", strip_credential=False),
            whole.make_api("named", auth={"use_certificate": True, "token_header": "X-Api-Key"}),
            whole.make_api("certs", auth=certificates),
            whole.make_api("silent", forward_client_cert=False),
            whole.make_api("small", max_body_bytes=1000),
            whole.make_api("pages", browser_pages=True)]
    whole.make_api("open", auth={"keyless": True})
    whole.make_api("puppet", target_url=doll.url, auth={"keyless": True})
    access = [{"api_id": api["id"]} for api in apis]
    key = whole.make_key("Müller € & Söhne, 100%", alice, access=access)
    tokens = whole.make_key("token", token=True, access=access)
    given = {"alice": alice, "puppet": doll, "key": key, "tokens": tokens}
    for title, test, *names in tests:
        with case(title):
            start = time.monotonic()
            test(whole, *(given[name] for name in names))
            diag(f"{title}: {time.monotonic() - start:.1f} s")


with Site(extra="KeepAliveTimeout 60") as usual:
    run(usual, ("targets", targets, "alice"), ("methods", methods, "alice"),
        ("bodies", bodies, "alice"), ("fields", passed_fields, "alice"),
        ("hop by hop", hop_fields, "alice"),
        ("credentials and cookies", credentials, "alice", "tokens"),
        ("who and where", identity, "alice", "key", "tokens"), ("answers", answers, "alice"),
        ("smuggling", smuggling, "alice"), ("browsers", sandbox, "alice"),
        ("30 MB", large, "alice"), ("live", live, "puppet"), ("long fields", long_fields, "puppet"),
        ("early answers", early, "alice"), ("stale connections", stale, "alice"),
        ("in parallel", parallel, "alice"))
# A cut answer shows when Apache closes the connection.
with Site(extra="KeepAliveTimeout 1") as brief:
    run(brief, ("cut", cut, "alice"), ("cut later", cut_by_puppet, "puppet"))
done_testing()
