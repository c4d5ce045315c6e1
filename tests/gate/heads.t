#!/usr/bin/python3
"""Heads of requests and answers where web servers would do something of their own with them."""
import contextlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from listener import Listener  # noqa: E402
from tap import case, done_testing, is_eq, like, unlike  # noqa: E402
from website import Site  # noqa: E402
from environment import DEADLINE_S  # noqa: E402

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Teller:
    """An upstream that answers with `reply`, and keeps the request lines that came."""

    def __init__(self):
        self.reply, self.got = OK, []
        self.url = f"http://127.0.0.1:{Listener(self.serve).port}"

    def serve(self, sock):
        with sock, contextlib.suppress(OSError), sock.makefile("rb") as stream:
            while first := stream.readline():
                self.got.append(first.decode("latin-1").rstrip("\r\n"))
                while stream.readline().rstrip(b"\r\n"):
                    pass
                sock.sendall(self.reply)


def first_line(site, up, status, fields=b""):
    up.reply = b"HTTP/1.1 " + status + b"\r\n" + fields + b"Content-Length: 2\r\n\r\nok"
    with site.tls(timeout=DEADLINE_S) as sock, sock.makefile("rb") as stream:
        sock.sendall(b"GET /open/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return stream.readline().rstrip(b"\r\n")


def reasons(site, up):
    """By Apache over HTTP/1.1; lighttpd has its own, and HTTP/2 none."""
    for status in (b"200 OK", b"200 Fine", b"201 Made Up", b"207 Multi-Status", b"422 \xfcber",
                   b"299 " + b"r" * 100, b"404 Not Here", b"503 Busy: \"x\"", b"599 z"):
        is_eq(first_line(site, up, status), b"HTTP/1.1 " + status, f"{status[:20]!r} is passed on")
    for status, want in ((b"200", b"200 OK"), (b"200 ", b"200 OK"), (b"200 O\0K", b"200 OK"),
                         (b"404 a\rb", b"404 Not Found"), (b"404 a\x1bb", b"404 Not Found"),
                         (b"403 " + b"r" * 101, b"403 Forbidden")):
        is_eq(first_line(site, up, status), b"HTTP/1.1 " + want, f"{status[:20]!r} gets ours")
    is_eq(first_line(site, up, b"200 Fine", b"X Y: 1\r\n"), b"HTTP/1.1 502 Bad Gateway",
          "a refusal has nothing of the upstream's")


def large(site, up):
    """In all; a single field may be smaller for Apache."""
    def fields(n, size):
        return b"".join(b"X-%d: %s\r\n" % (i, b"v" * size) for i in range(n))

    for version, option in (("1.1", "--http1.1"), ("2", "--http2")):
        for name, text, want in (("30 kB", fields(30, 1000), 200),
                                 ("55 kB in 195 fields", fields(195, 275), 200),
                                 ("70 kB", fields(70, 1000), 502), ("200 kB", fields(190, 1000), 502),
                                 ("a field of 70 kB", fields(1, 70000), 502),
                                 ("a field of 500 kB", fields(1, 500000), 502)):
            up.reply = b"HTTP/1.1 200 OK\r\n" + text + b"Content-Length: 2\r\n\r\nok"
            answer = site.curl("/open/x", option)
            got = answer.json()["code"] if answer.status == 502 else answer.body
            is_eq((answer.status, got), (want, b"ok" if want == 200 else "upstream_invalid"),
                  f"{name} of fields over HTTP/{version}: {want}")


def methods(site, up):
    up.reply = OK
    up.got.clear()
    for target in (b"/open/x", b"localhost:443", b"localhost"):
        answer = site.raw(b"CONNECT " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        is_eq(answer.status, 400, f"CONNECT {target.decode()}: 400")
    answer = site.fcgi({"REQUEST_URI": "/open/x", "REQUEST_METHOD": "CONNECT"})
    is_eq((answer.status, json.loads(answer.body)["code"]), (400, "bad_request"),
          "and said by the gate where a server does not")
    is_eq(up.got, [], "the upstream hears of none")


def pushed(site, up):
    up.got.clear()
    up.reply = b"HTTP/1.1 200 OK\r\nLink: </open/pushed>; rel=preload; as=style\r\n" \
               b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
    done = subprocess.run(["nghttp", "-nv", f"{site.url}/open/x"], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)
    like(done.stdout, r"link: </open/pushed>", "the field is passed on")
    unlike(done.stdout, "PUSH_PROMISE", "but nothing is promised to the client")
    is_eq(up.got, ["GET /x HTTP/1.1"], "nor asked for in its name")


def switched(site, up):
    """What asks for another protocol is asked as if it did not; what changes to one is told of."""
    up.reply = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    answer = site.raw(b"GET /open/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                      b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    is_eq((answer.status, answer.json()["code"]), (502, "upstream_invalid"), "a WebSocket")
    with open(site.logs + "/supervise.log", encoding="utf-8") as log:
        like(log.read(), r"101.*WebSocket", "the log says that it was one")


TESTS = (("reasons", reasons, ("apache",)), ("large heads", large, ("apache", "lighttpd")),
         ("methods", methods, ("apache", "lighttpd")), ("push", pushed, ("apache",)),
         ("another protocol", switched, ("apache", "lighttpd")))
for server in ("apache", "lighttpd"):
    with Site(server=server) as whole:
        teller = Teller()
        whole.make_api("open", target_url=teller.url, auth={"keyless": True})
        for title, test, servers in TESTS:
            if server in servers:
                with case(f"{server}, {title}"):
                    test(whole, teller)
done_testing()
