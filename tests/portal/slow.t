#!/usr/bin/python3
"""Strangers who send forms drop by drop hold up nobody but themselves."""
import os
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certgate_test import *  # noqa: E402
from show_pages import owner  # noqa: E402

site = Site()
EACH, LENGTH = 20, 4000


class Drips:
    """Requests whose bodies come a byte at a time until the end of the `with`."""

    def __init__(self, paths, each):
        self.socks = {}  # of a path
        for path in paths:
            self.socks[path] = [site.tls(timeout=60) for _ in range(each)]
            for sock in self.socks[path]:
                sock.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost:{site.port}\r\nContent-Type: "
                             f"application/x-www-form-urlencoded\r\nContent-Length: {LENGTH}\r\n\r\na="
                             .encode())
        self.all = [s for socks in self.socks.values() for s in socks]
        self.sent = 2
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.drip)

    def drip(self):
        while not self.stop.is_set() and self.sent < LENGTH - 1:
            for sock in self.all:
                sock.sendall(b"x")
            self.sent += 1
            self.stop.wait(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def answered(self):
        found = 0
        for sock in self.all:
            # The tickets of TLS 1.3 are no answer.
            sock.setblocking(False)
            try:
                sock.recv(1)
                found += 1
            except ssl.SSLWantReadError:
                pass
            sock.setblocking(True)
        return found


with site:
    boss = owner(site)
    with case("bodies that come drop by drop"):
        with Drips(["/admin/login", "/portal/login", "/portal/join"], EACH) as drips:
            wait_until(lambda: drips.sent > 2, "the first drops")
            is_eq(site.rest("GET", "/keys").status, 200, "REST answers meanwhile")
            is_eq(boss.get("/admin/keys").status, 200, "and a page")
            is_eq(site.curl("/admin/login").status, 200, "and the sign-in page")
            is_eq(site.curl("/portal/join").status, 200, "and the portal")
        is_eq(drips.answered(), 0, "while all dripped on")
        for path, socks in drips.socks.items():
            socks[0].sendall(b"x" * (LENGTH - drips.sent))
            is_eq(read_answer(socks[0], "POST").status, 403, f"{path}: what became whole is read")
        for sock in drips.all:
            sock.close()

    with case("bodies larger than a stranger's form can be"):
        for path in ("/admin/login", "/portal/login", "/portal/join", "/portal/reset"):
            for more in ((), ("-H", "Transfer-Encoding: chunked")):
                answer = site.curl(path, "-H", "Expect:", *more, data=b"a=" + b"x" * 20000)
                is_eq(answer.status, 413, f"{path}: refused {' '.join(more)}")
        stranger = site.make_cert("stranger")
        answer = site.curl("/portal/renew", "-H", "Expect:", cert=stranger, data=b"x" * 300000)
        is_eq((answer.status, answer.json()["code"]), (403, "credential_unknown"),
              "who can renew nothing is told so, whatever he sends")

done_testing()
