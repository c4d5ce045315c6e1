#!/usr/bin/python3
"""What of an upstream's answer reaches the client: all of it, but for what belongs to the hop and what would
give orders to the web server or to browsers."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok, unlike  # noqa: E402
from upstream import pattern, raw_answer, raw_bytes  # noqa: E402
from website import Site  # noqa: E402

VERSIONS = (("HTTP/1.1", "--http1.1"), ("HTTP/2", "--http2"))
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
        answer = site.curl("/mtls-api/x" + raw_bytes(data), cert=alice)
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
                       "Content-Security-Policy: default-src 'none'", "Vary: Accept",
                       "Content-Length: 2", body=b"ok")
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
            # Else one that was fetched as an image, or ahead, comes out of the browser's cache as a page.
            is_eq(answer.headers.all("vary"), ["Sec-Fetch-Dest"] if dest and api != "pages" else [],
                  f"{api}, {dest}, {version}: caches are told what it goes by")
        got = ", ".join(site.curl(f"/{api}/x{query}", *args, cert=alice)
                        .headers.all("content-security-policy"))
        is_eq(sorted(got.split(", ")), sorted(["default-src 'none'"] + ["sandbox"] * want),
              f"{api}, {dest}: the upstream's own stays")
        got = ",".join(site.curl(f"/{api}/x{query}", *args, cert=alice).headers.all("vary"))
        is_eq(sorted(v.strip() for v in got.split(",")),
              ["Accept"] + ["Sec-Fetch-Dest"] * bool(dest and api != "pages"),
              f"{api}, {dest}: as its Vary does")
    # An API with a host of its own may speak for it, but not lead its clients elsewhere.
    answer = site.curl("/pages/x" + raw_answer(
        "HTTP/1.1 200 OK", *[f"{n}: {v}" for n, v in OF_HOST], "Alt-Svc: h3=\":443\"",
        "Strict-Transport-Security: max-age=1", "Content-Length: 0"), cert=alice)
    is_eq([answer.headers.get(n.lower()) for n, _ in OF_HOST] +
          [answer.headers.get(n) for n in ("strict-transport-security", "alt-svc")],
          [v for _, v in OF_HOST] + ["max-age=1", None], "pages: the host's fields, no Alt-Svc")


with Site(extra="KeepAliveTimeout 60") as whole:
    owner = whole.make_cert("alice", subject="/CN=alice/O=Example")
    apis = [whole.make_api(), whole.make_api("pages", browser_pages=True)]
    whole.make_key("alice", owner, access=[{"api_id": api["id"]} for api in apis])
    for title, test, *given in (
            ("answers", answers, owner), ("smuggling", smuggling, owner), ("browsers", sandbox, owner)):
        with case(title):
            test(whole, *given)
done_testing()
