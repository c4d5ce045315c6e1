#!/usr/bin/python3
"""The whole of an API in its form: every member can be set, is shown, and stays as it is when the form
is saved again."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from show_pages import owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)

with site:
    boss = owner(site)
    rest = site.rest
    ca, upstream, client = site.make_ca("Issuing CA"), site.make_cert("upstream"), site.make_cert("client")
    other = site.make_cert("other")
    for cert, kind in ((ca, "ca"), (upstream, "upstream")):
        rest("POST", "/certificates", {"pem": cert.pem, "kind": kind})
    made = site.make_api()
    path = "/admin/apis/" + made["id"]

    def record():
        got = rest("GET", "/apis/" + made["id"]).body
        return {n: v for n, v in got.items() if n not in ("updated_at", "revision")}

    with case("as it is"):
        before = record()
        boss.submit(boss.get(path), "Save")
        is_eq(record(), before, "saved without a change it stays as it is")
        is_eq(rest("GET", "/apis/" + made["id"]).body["revision"], 1, "in the same revision")

    with case("everything"):
        page = boss.get(path)
        done = boss.submit(page, "Save", {
            "Further targets": "https://b.example:8443/x\n\nhttps://c.example/a,b", "Sites": "one, two",
            "From these addresses": "192.0.2.0/24\n2001:db8::/32", "Not from these addresses": "192.0.2.7",
            "Concurrent requests": "12", "Take the token out before forwarding": False,
            "Redirects and cookie paths of the target lead below the listen path": True,
            "Pages of the target may run in browsers without the sandbox": True,
            "Name it must prove": "backend.example", "upstream": True,
            "Pinned public keys": "ab" * 32 + "\n" + "cd" * 32,
            "Certificate that the gate shows (PEM)": client.pem, "CAs above it (PEM)": ca.pem,
            "Its private key (PEM)": client.key_pem,
            "Requests: take out": "X-One, X-Two", "Requests: set": "X-Set: a, b: c\nX-Other:",
            "Requests: add": "X-Add: <1>", "Answers: take out": "Server",
            "Answers: set": "X-Frame-Options: DENY", "Answers: add": "Vary: X",
            "Origins": "https://app.example, http://localhost:3000", "Methods": "PUT, PATCH",
            "Fields of requests": "Authorization", "Fields of answers": "X-Request-Id, ETag",
            "With cookies and client certificates": True, "May be remembered for": "1,200"})
        like(done.text, "Saved", "is taken") or diag(done.text)
        got = record()
        is_eq({n: got[n] for n in ("target_urls", "sites", "allowed_ips", "blocked_ips", "max_concurrent",
                                   "strip_credential", "rewrite_location", "browser_pages")},
              {"target_urls": ["https://b.example:8443/x", "https://c.example/a,b"],
               "sites": ["one", "two"], "allowed_ips": ["192.0.2.0/24", "2001:db8::/32"],
               "blocked_ips": ["192.0.2.7"], "max_concurrent": 12, "strip_credential": False,
               "rewrite_location": True, "browser_pages": True}, "single members")
        is_eq(got["upstream_tls"], {"ca_certificates": [upstream.sha256],
                                    "pinned_sha256": ["ab" * 32, "cd" * 32],
                                    "server_name": "backend.example", "client_key": True,
                                    "client_certificate": client.pem, "client_chain": [ca.pem]},
              "upstream_tls")
        is_eq(got["request_headers"], {
            "remove": ["X-One", "X-Two"], "add": [{"name": "X-Add", "value": "<1>"}],
            "set": [{"name": "X-Set", "value": "a, b: c"}, {"name": "X-Other", "value": ""}]},
              "request_headers")
        is_eq(got["response_headers"], {"remove": ["Server"], "add": [{"name": "Vary", "value": "X"}],
                                        "set": [{"name": "X-Frame-Options", "value": "DENY"}]},
              "response_headers")
        is_eq(got["cors"], {"allowed_origins": ["https://app.example", "http://localhost:3000"],
                            "allowed_methods": ["PUT", "PATCH"], "allowed_headers": ["Authorization"],
                            "exposed_headers": ["X-Request-Id", "ETag"], "credentials": True,
                            "max_age_seconds": 1200}, "cors")
        page = boss.get(path)
        unlike(page.html, "PRIVATE KEY", "the private key is not shown")
        boss.submit(page, "Save")
        is_eq(record(), got, "saved again it stays as it is, the private key too")

    with case("faults"):
        before = record()
        bad = boss.submit(boss.get(path), "Save", {
            "Requests: set": "no colon", "Pinned public keys": "abc", "Concurrent requests": "many",
            "Certificate that the gate shows (PEM)": other.pem + other.key_pem,
            "Its private key (PEM)": other.key_pem})
        is_eq(bad.status, 422, "what cannot be read is refused")
        for key in ("request_headers_set", "upstream_tls_pinned_sha256", "max_concurrent",
                    "upstream_tls_client_certificate"):
            ok("e-" + key in bad.ids, f"{key}: told at the field")
        unlike(bad.html, "PRIVATE KEY", "no private key is shown again")
        bad = boss.submit(boss.get(path), "Save", {
            "Further targets": "ftp://x", "From these addresses": "nowhere", "Origins": "https://app.example/",
            "Answers: set": "Connection: x", "Name it must prove": "a b"})
        is_eq(bad.status, 422, "and what cannot be")
        for key in ("target_urls", "allowed_ips", "cors_allowed_origins", "response_headers_set",
                    "upstream_tls_server_name"):
            ok("e-" + key in bad.ids, f"{key}: told at the field")
        form, _ = bad.form("Save")
        is_eq(bad.field(form, "Further targets").value, "ftp://x", "what was typed stays")
        opened = [a for t, a in bad.tags if t == "details" and "open" in a]
        ok(len(opened) == 4, "what is folded is open where there is a fault")
        is_eq(record(), before, "nothing was changed")
        bad = boss.submit(boss.get(path), "Save", {"Certificate that the gate shows (PEM)": other.pem})
        is_eq(bad.status, 422, "another certificate needs its own private key")
        ok("e-upstream_tls_client_key" in bad.ids, "told at that field")

    with case("taken away"):
        boss.submit(boss.get(path), "Save", {
            "Forget the private key": True, "Certificate that the gate shows (PEM)": "",
            "CAs above it (PEM)": ""})
        got = record()["upstream_tls"]
        is_eq((got["client_key"], got["client_certificate"], got["client_chain"]), (None, None, []),
              "the gate's certificate with its key")
        boss.submit(boss.get(path), "Save", {
            "Name it must prove": "", "upstream": False, "Pinned public keys": "",
            "Origins": "", "Methods": "", "Fields of requests": "", "Fields of answers": "",
            "With cookies and client certificates": False, "May be remembered for": "",
            "Requests: take out": "", "Requests: set": "", "Requests: add": "",
            "Answers: take out": "", "Answers: set": "", "Answers: add": ""})
        got = record()
        is_eq([got[n] for n in ("upstream_tls", "cors", "request_headers", "response_headers")],
              [None] * 4, "whole parts are null again")

    with case("new"):
        done = boss.submit(boss.get("/admin/apis/new"), "Create", {
            "Name": "New", "Listen path": "/new/", "Target URL": site.upstream_url,
            "Origins": "https://app.example", "Requests: set": "X-A: 1"})
        like(done.text, "The API was created", "made with it")
        got = rest("GET", "/apis?q=New").body["items"][0]
        is_eq((got["cors"]["allowed_origins"], got["cors"]["max_age_seconds"], got["upstream_tls"],
               got["strip_credential"], got["timeout_ms"]),
              (["https://app.example"], 600, None, True, 30000), "and with defaults for the rest")

    with case("stale"):
        page = boss.get(path)
        rest("PATCH", "/apis/" + made["id"], {"sites": ["theirs"], "request_headers": {"remove": ["X"]}})
        told = boss.submit(page, "Save", {"Sites": "mine"})
        is_eq(told.status, 412, "somebody else was faster")
        like(told.text, "Sites: “theirs” now, “mine” in the form", "both versions")
        like(told.text, "Requests: take out: “X” now, “” in the form", "of all that differs")
        page = boss.get(path)
        rest("PATCH", "/apis/" + made["id"], {"active": False, "auth": {"trust": "ca",
                                              "ca_certificates": [ca.sha256]}})
        told = boss.submit(page, "Save", {"Enable client certificate": False})
        for said in ("Active: “off” now, “on” in the form",
                     "Enable client certificate: “on” now, “off” in the form",
                     "CA certificates: “Issuing CA” now, “” in the form"):
            like(told.text, said, said)

    with case("secrets in a form that comes back"):
        headers, typed = "Requests: set, with a secret value", "of-nobody-else"
        again = {"Its private key (PEM)": client.key_pem, headers: f"X-Token: {typed}"}
        lines = [f"{field}: type it again" for field in again]
        rest("PATCH", "/apis/" + made["id"], {"active": True})
        for name, values, status in (("a fault", {"Target URL": "ftp://x"}, 422), ("overtaken", {}, 412)):
            page = boss.get(path)
            rest("PATCH", "/apis/" + made["id"], {"sites": [name.replace(" ", "-")]} if status == 412 else {})
            told = boss.submit(page, "Save", {
                "Certificate that the gate shows (PEM)": client.pem, **again, **values})
            is_eq(told.status, status, f"{name}: nothing is saved")
            unlike(told.html, f"PRIVATE KEY|{typed}", f"{name}: what was typed is not put back")
            is_eq(sorted(re.findall("Type (?:it|them) again", told.text)), ["Type it again", "Type them again"],
                  f"{name}: which is said at the fields")
            opened = [a for t, a in told.tags if t == "details" and "open" in a]
            ok(len(opened) >= 2, f"{name}: which can be seen")
            for line in lines:
                is_eq(line in told.text, status == 412, f"{name}: {line}")
        rest("PATCH", "/apis/" + made["id"], {
            "upstream_tls": {"client_certificate": client.pem, "client_key": client.key_pem},
            "secret_headers": [{"name": "X-One", "value": "1"}, {"name": "X-Two", "value": "2"}]})
        page = boss.get(path)
        rest("PATCH", "/apis/" + made["id"], {"sites": ["more"]})
        told = boss.submit(page, "Save", {"Forget the private key": True, "Keep the value of X-Two": False,
                                          "Certificate that the gate shows (PEM)": ""})
        for said in ("Forget the private key: “off” now, “on” in the form",
                     f"{headers}: “X-One, X-Two” now, “X-One” in the form"):
            like(told.text, said, said)
        boss.submit(told, "Save")
        got = record()
        is_eq((got["upstream_tls"], got["secret_headers"]), (None, [{"name": "X-One", "value": True}]),
              "and saved again they go")

done_testing()
