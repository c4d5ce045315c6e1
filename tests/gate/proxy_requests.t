#!/usr/bin/python3
"""What of a request reaches the upstream: what the client sent, byte for byte, but for what belongs to the hop,
the credential and what the gate alone says."""
import base64
import hashlib
import os
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from upstream import fields, folded  # noqa: E402
from website import Site  # noqa: E402

VERSIONS = (("HTTP/1.1", "--http1.1"), ("HTTP/2", "--http2"))


def last(site):
    return site.upstream_log()[-1]


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
        ("a=1, b=2;,c", "a=1, b=2;,c"), ("a=1, __Host-certgate=x; b=2", "a=1; b=2"),
        ("__Host-certgate=x, b=2,c", "b=2,c"), ("a=1,__Host-certgate=x,__Host-certgate-admin=y", "a=1"),
        ("a=1; __Host-certgate=x, b=2", "a=1; b=2"), ("a=1; =__Host-certgate=x,", "a=1;"),
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
    # What the web server makes of several fields.
    several = ["a=1", "__Host-certgate-admin=x", "b=2", "__Host-certgate=y; c=3", "d=4"]
    for option in "--http1.1", "--http2":
        answer = site.curl("/mtls-api/x", option, *[a for c in several for a in ("-H", "Cookie: " + c)],
                           cert=alice)
        got = ";".join(fields(answer.json(), "cookie")).replace(",", ";").split(";")
        is_eq([pair.strip() for pair in got], ["a=1", "b=2", "c=3", "d=4"],
              f"cookies in fields of their own, {option}")


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


with Site(extra="KeepAliveTimeout 60") as whole:
    owner = whole.make_cert("alice", subject="/CN=alice/O=Example")
    up = whole.upstream_url
    apis = [whole.make_api(),
            whole.make_api("whole", strip_listen_path=False),
            whole.make_api("based", target_url=up + "/base/path"),
            whole.make_api("slash", target_url=up + "/base/"),
            whole.make_api("both", target_url=up + "/base", strip_listen_path=False),
            whole.make_api("unslashed", "/unslashed"),
            whole.make_api("deeper", "/deep/er/"),
            whole.make_api("keeps", strip_credential=False),
            whole.make_api("named", auth={"use_certificate": True, "token_header": "X-Api-Key"}),
            whole.make_api("certs", auth={"use_certificate": True, "use_token": False}),
            whole.make_api("silent", forward_client_cert=False),
            whole.make_api("small", max_body_bytes=1000)]
    whole.make_api("open", auth={"keyless": True})
    access = [{"api_id": api["id"]} for api in apis]
    by_certificate = whole.make_key("Müller € & Söhne, 100%", owner, access=access)
    by_token = whole.make_key("token", token=True, access=access)
    for title, test, *given in (
            ("targets", targets, owner), ("methods", methods, owner), ("bodies", bodies, owner),
            ("fields", passed_fields, owner), ("hop by hop", hop_fields, owner),
            ("credentials and cookies", credentials, owner, by_token),
            ("who and where", identity, owner, by_certificate, by_token)):
        with case(title):
            test(whole, *given)
done_testing()
