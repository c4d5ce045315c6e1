#!/usr/bin/python3
"""Strangers who send forms drop by drop hold up nobody but themselves; and what somebody may is judged when
his form is there, not when it began to come."""
import os
import ssl
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import PASSWORD, Developer, entry  # noqa: E402
from answers import read_answer  # noqa: E402
from pages import Browser  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

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


class Held:
    """A request that has come but for its last byte."""

    def __init__(self, path, body, look, **headers):
        self.last, self.sock = body[-1:], site.tls(timeout=60)
        head = {"Host": f"localhost:{site.port}", "Content-Length": len(body),
                **{n.replace("_", "-"): v for n, v in headers.items()}}
        self.sock.sendall((f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in head.items()) +
                           "\r\n").encode() + body[:-1])
        # Others that came later are answered: so it is most likely waited for already.
        for _ in range(3):
            look()

    @classmethod
    def form(cls, browser, page, path, **form):
        """One of a browser."""
        body = urllib.parse.urlencode({"csrf_token": browser.get(page).token(), **form}).encode()
        return cls(path, body, lambda: browser.get(page), Content_Type="application/x-www-form-urlencoded",
                   Cookie="; ".join(f"{n}={v}" for n, v in browser.cookies.items()))

    def end(self):
        """The last byte, and the answer's status."""
        with self.sock:
            self.sock.sendall(self.last)
            return read_answer(self.sock, "POST").status


with site:
    boss = owner(site)

    with case("who sends a form may less by the time that it is there"):
        api = site.make_api()
        offer = entry(site, "Payments", [api], approval="automatic")
        ann = Developer(site, "Ann Partner")
        cert = site.make_cert("anns")
        key = ann.ask(offer, "Anns", cert.pem).path.split("?")[0].rsplit("/", 1)[-1]
        who = "/developers/" + site.rest("GET", "/developers").body["items"][0]["id"]
        name, account = site.rest("GET", who).body["name"], "/portal/account"
        for what, off, on in (
                ("is switched off", lambda: site.rest("PATCH", who, {"active": False}),
                 lambda: site.rest("PATCH", who, {"active": True})),
                ("has a new password", lambda: site.rest("PATCH", who, {"password": PASSWORD + "2"}),
                 lambda: site.rest("PATCH", who, {"password": PASSWORD})),
                ("signs out", lambda: ann.submit(ann.get(account), "Sign out"), lambda: None)):
            held = Held.form(ann, account, account, name="Changed")
            off()
            ok(held.end() in (303, 403), f"who {what}: the form counts for nothing")
            is_eq(site.rest("GET", who).body["name"], name, f"who {what}: nothing is changed")
            on()
            ann.sign_in()
        held = Held.form(ann, account, account, name="Changed")
        is_eq((held.end(), site.rest("GET", who).body["name"]), (303, "Changed"), "else it is read as any other")
        held = Held.form(ann, account, f"/portal/keys/{key}/give-up")
        other = site.rest("POST", "/organisations", {"name": "Elsewhere"}).body["id"]
        site.rest("PATCH", who, {"organisation_id": other})
        is_eq(held.end(), 404, "who is of another organisation by then: there is no such key")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "and it works on")
        site.rest("POST", "/users", {"name": "helper", "role": "admin", "password": PASSWORD})
        helper = Browser(site)
        helper.sign_in("helper", PASSWORD)
        user = next(u for u in site.rest("GET", "/users").body["items"] if u["name"] == "helper")["id"]
        for what, change in (("is a viewer", {"role": "viewer"}), ("is removed", None)):
            held = Held.form(helper, "/admin/", "/admin/organisations/new", name="Made late", contacts="")
            if change:
                is_eq(site.rest("PATCH", f"/users/{user}", change).status, 200, f"an administrator {what}")
            else:
                is_eq(site.rest("DELETE", f"/users/{user}").status, 204, f"an administrator {what}")
            is_eq(held.end(), 403, f"an administrator who {what} by then: refused")
        for what, change, want in (("is a viewer's", {"role": "viewer"}, 403), ("is removed", None, 401)):
            made = site.rest("POST", "/tokens", {"name": what, "role": "admin"}).body
            held = Held("/admin/api/v1/organisations", b'{"name": "Made late"}', lambda: site.rest("GET", "/apis"),
                        Content_Type="application/json", Authorization=f"Bearer {made['token']}")
            if change:
                is_eq(site.rest("PATCH", f"/tokens/{made['id']}", change).status, 200, f"a REST token {what}")
            else:
                is_eq(site.rest("DELETE", f"/tokens/{made['id']}").status, 204, f"a REST token {what}")
            is_eq(held.end(), want, f"one that {what} by then: {want}")
        is_eq([o for o in site.rest("GET", "/organisations").body["items"] if o["name"] == "Made late"], [],
              "nothing was made")

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
