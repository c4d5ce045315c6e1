#!/usr/bin/python3
"""Signing in to the dashboard by client certificate: by POST on the sign-in page alone, with what the
web server says of the handshake, and never with a key's certificate."""
import json
import os
import shutil
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, WEB_USER  # noqa: E402
from pages import Browser  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

SESSION = "__Host-certgate-admin"
BUTTON = "Sign in with my certificate"
FORM = "application/x-www-form-urlencoded"
site = Site()

with site:
    boss = owner(site)
    rest = site.rest
    ada = rest("POST", "/users", {"name": "ada", "role": "admin", "password": PASSWORD}).body
    path = f"/users/{ada['id']}/certificates"
    badge, other, stranger = (site.make_cert(n) for n in ("badge", "other", "stranger"))
    api = site.make_api()
    keyed = site.make_cert("keyed")
    key = site.make_key("Keyed", keyed, api)

    def signs_in(cert):
        """(status, what the page says, session?) of pressing the button, or without it of the POST."""
        browser = Browser(site, cert=cert)
        page = browser.get("/admin/login")
        answer = browser.request("POST", "/admin/login", urllib.parse.urlencode(
            {"csrf_token": page.token(), "with": "certificate"}), {"Content-Type": FORM}, follow=False)
        return answer.status, answer.text, SESSION in browser.cookies

    with case("given"):
        is_eq(rest("GET", path).body, {"items": [], "next": None}, "nobody has one")
        made = rest("POST", path, {"certificate": badge.pem + badge.key_pem})
        is_eq(made.status, 201, "an owner gives one") or diag(repr(made.body))
        is_eq((made.body["id"], made.body["sha256"], made.body["user_id"],
               made.body["private_key_dropped"]), (badge.sha256, badge.sha256, ada["id"], True),
              "of which the private part is thrown away")
        is_eq(made.headers.get("location"), f"/admin/api/v1{path}/{badge.sha256}", "with its place")
        is_eq(rest("GET", f"{path}/{badge.sha256}").body["subject"], "CN=badge", "it can be read")
        is_eq([c["id"] for c in rest("GET", path).body["items"]], [badge.sha256], "and is listed")
        got = rest("POST", path, {"certificate": badge.pem})
        is_eq((got.status, got.body["code"]), (409, "certificate_in_use"), "once")
        admin = rest("GET", "/users?q=admin").body["items"][0]["id"]
        got = rest("POST", f"/users/{admin}/certificates", {"certificate": badge.pem})
        is_eq((got.status, got.body["code"]), (409, "certificate_in_use"), "and to one user")
        for what, body, status in (("no text", {}, 422), ("no certificate", {"certificate": "x"}, 422),
                                   ("another member", {"certificate": other.pem, "a": 1}, 400)):
            is_eq(rest("POST", path, body).status, status, what)
        is_eq(rest("POST", "/users/nobody/certificates", {"certificate": other.pem}).status, 404,
              "no such user")

    with case("not a key's"):
        got = rest("POST", path, {"certificate": keyed.pem})
        is_eq((got.status, got.body["code"]), (409, "certificate_in_use"), "a key's signs nobody in")
        got = rest("POST", "/keys", {"name": "k", "certificate": badge.pem})
        is_eq((got.status, got.body["code"]), (409, "certificate_in_use"),
              "what signs somebody in is no new key's")
        unlike(got.body["detail"], "ada", "without a word of whom")
        got = rest("POST", f"/keys/{key['id']}/credentials", {"certificate": badge.pem})
        is_eq((got.status, got.body["code"]), (409, "certificate_in_use"), "nor another of an old one")
        is_eq(rest("GET", "/keys?q=k").body["items"][0]["name"], "Keyed", "and no key was made")
        rest("DELETE", f"/keys/{key['id']}/credentials/{keyed.sha256}")
        got = rest("POST", path, {"certificate": keyed.pem})
        is_eq(got.status, 409, "nor does one that was revoked at a key")
        is_eq(site.curl("/mtls-api/x", cert=badge).json()["code"], "credential_unknown",
              "the gate does not know it")

    with case("signing in"):
        plain = Browser(site).get("/admin/login")
        ok(BUTTON not in [b[0] for f in plain.forms for b in f.buttons],
           "without a certificate there is no button")
        browser = Browser(site, cert=badge)
        for link in ("/admin/", "/admin/keys", "/admin/login"):
            browser.get(link)
        ok(SESSION not in browser.cookies, "the certificate alone signs nobody in")
        is_eq(rest("GET", "/keys", token="").status, 401, "nor by REST")
        page = browser.submit(browser.get("/admin/login"), BUTTON)
        is_eq(page.status, 200, "the button does")
        like(page.text, "adaAdministrator", "as that user")
        plain = Browser(site)
        plain.cookies = dict(browser.cookies)
        is_eq(plain.get("/admin/keys", follow=False).status, 200,
              "it is a session as any: it needs the certificate no more")
        is_eq(browser.get("/admin/users").status, 403, "with that user's role")
        last = [e for e in rest("GET", "/audit?limit=500").body["items"]
                if e["action"] == "user.sign_in"]
        is_eq([(e["actor"], json.loads(e["changes"])) for e in last[:1]],
              [("ada", {"with": "certificate", "sha256": badge.sha256})], "the audit tells how")
        is_eq(json.loads(last[-1]["changes"]), {"with": "password"}, "and of a password, too")

    with case("refused"):
        for what, cert, text in (("none", None, "No certificate came"),
                                 ("a stranger's", stranger, "signs nobody in"),
                                 ("a key's", keyed, "signs nobody in")):
            status, said, session = signs_in(cert)
            is_eq((status, session), (403, False), what)
            like(said, text, f"{what}: with the reason")
        browser = Browser(site, cert=badge)
        for what, fields, headers in (
                ("no token", {}, {}), ("a wrong token", {"csrf_token": "0" * 64}, {}),
                ("another origin", {"csrf_token": browser.get("/admin/login").token()},
                 {"Origin": "https://evil.example"})):
            got = browser.request("POST", "/admin/login",
                                  urllib.parse.urlencode({"with": "certificate", **fields}),
                                  {"Content-Type": FORM, **headers}, follow=False)
            is_eq((got.status, SESSION in browser.cookies), (403, False), what)
        got = browser.get("/admin/login?with=certificate", follow=False)
        is_eq((got.status, SESSION in browser.cookies), (200, False), "by GET nobody")

    with case("what the web server says"):
        form = Browser(site)
        body = urllib.parse.urlencode({"csrf_token": form.get("/admin/login").token(),
                                       "with": "certificate"}).encode()

        def asked(proof=True, **variables):
            answer = site.fcgi({"REQUEST_METHOD": "POST", "REQUEST_URI": "/admin/login",
                                "CERTGATE_PREFIX": "/admin", "CONTENT_TYPE": FORM,
                                "HTTP_COOKIE": "; ".join(f"{n}={v}" for n, v in form.cookies.items()),
                                "SSL_CLIENT_CERT": badge.pem, **variables}, body, proof=proof,
                               socket_path=site.admin_socket)
            return answer.status, f"{SESSION}=".encode() in answer.out

        for verify in ("SUCCESS", "GENEROUS", "FAILED:self-signed certificate", "FAILED:18"):
            is_eq(asked(SSL_CLIENT_VERIFY=verify), (303, True), f"{verify}: in")
        for verify in ("NONE", "", None, "FAILED:certificate has expired", "FAILED:7", "success"):
            is_eq(asked(SSL_CLIENT_VERIFY=verify), (403, False), f"{verify}: not in")
        is_eq(asked(SSL_CLIENT_VERIFY="SUCCESS", proof=False)[1], False, "not without its proof")
        is_eq(asked(SSL_CLIENT_VERIFY="SUCCESS", HTTPS=None)[1], False, "not without TLS")
        is_eq(asked(SSL_CLIENT_VERIFY="SUCCESS", SSL_CLIENT_CERT=badge.pem * 2), (403, False),
              "not with two certificates")
        is_eq(asked(SSL_CLIENT_VERIFY="SUCCESS", SSL_CLIENT_CERT=None,
                    HTTP_SSL_CLIENT_CERT=badge.pem.replace("\n", " ")), (403, False),
              "not with one in a field of the client's")

    with case("users"):
        rest("PATCH", f"/users/{ada['id']}", {"held": True})
        status, said, session = signs_in(badge)
        is_eq((status, session), (403, False), "who is held is not let in")
        rest("PATCH", f"/users/{ada['id']}", {"held": False})
        is_eq(signs_in(badge)[2], True, "and afterwards is")
        spki = rest("GET", f"{path}/{badge.sha256}").body["spki_sha256"]
        rest("POST", "/exposed-keys", {"spki_sha256": spki})
        status, said, session = signs_in(badge)
        is_eq((status, session), (403, False), "a public key that is blocked signs nobody in")
        like(said, "other hands", "with the reason")
        is_eq(rest("POST", path, {"certificate": badge.pem}).status, 409, "nor is it given to anybody")
        rest("DELETE", f"/exposed-keys/{spki}")

    with case("the pages"):
        user = f"/admin/users/{ada['id']}"
        page = boss.get(user + "/certificates/new")
        bad = boss.submit(page, "Add", {"Certificate (PEM)": keyed.pem})
        is_eq(bad.status, 409, "a key's is refused")
        like(bad.text, "credential of a key", "with the reason")
        read = boss.submit(page, "Read certificate", {"Certificate (PEM)": other.pem + other.key_pem})
        like(read.text, "CN=other", "what was read is shown before anything is saved")
        unlike(read.html, "PRIVATE KEY", "without the private part")
        is_eq(len(rest("GET", path).body["items"]), 1, "nothing was added yet")
        done = boss.submit(read, "Add")
        like(done.text, "The certificate was added", "then it is")
        done = boss.submit(page, "Add", {"Certificate (PEM)": other.pem + other.key_pem})
        like(done.text, "This user has the certificate already", "the same once more is there already")
        like(done.text, "private key, which was dropped", "of which the private key was dropped")
        unlike(done.text, "was added", "and nothing is told as added")
        is_eq(signs_in(other)[2], True, "and signs in")
        late = Browser(site, cert=other)
        late.submit(late.get("/admin/login"), BUTTON)
        sure = boss.get(f"{user}/certificates/{other.sha256}/delete")
        like(sure.text, "signed out everywhere", "a removal says what will be")
        done = boss.submit(sure, "Remove the certificate")
        like(done.text, "The certificate was removed", "and does it")
        is_eq(late.get("/admin/keys", follow=False).status, 303, "sessions have ended")
        is_eq(signs_in(other)[2], False, "it signs nobody in any more")
        is_eq(boss.submit(sure, "Remove the certificate").status, 200, "asked for twice it is done once")

    with case("restore"):
        # A backup of the time before must not let somebody in again.
        os.mkdir(site.folder + "/backups", 0o700)
        if ROOT:
            shutil.chown(site.folder + "/backups", WEB_USER)
        rest("POST", path, {"certificate": other.pem})
        is_eq(signs_in(other)[2], True, "before it signs in")
        is_eq(site.certgate("backup", site.folder + "/backups/saved").returncode, 0, "a backup")
        rest("DELETE", f"{path}/{other.sha256}")
        site.stop_programs()
        done = site.certgate("restore", site.folder + "/backups/saved", "--yes")
        is_eq(done.returncode, 0, "restored") or diag(done.stderr)
        site.start_programs()
        site.wait_ready()
        is_eq(signs_in(other)[2], False, "what was taken away stays so")
        is_eq(signs_in(badge)[2], True, "what was not is there")
        boss.sign_in("admin", PASSWORD)

    with case("export, and away"):
        file = site.folder + "/export.json"
        site.certgate("export", file)
        with open(file, encoding="utf-8") as text:
            is_eq([c["id"] for c in json.load(text)["user_certificates"]], [badge.sha256],
                  "an export has it")
        is_eq(site.certgate("verify").returncode, 0, "all is whole") or \
            diag(site.certgate("verify").stderr)
        is_eq(rest("DELETE", f"{path}/{badge.sha256}", headers={"If-Match": '"9"'}).status, 412,
              "a stale removal is refused")
        rest("DELETE", f"/users/{ada['id']}")
        is_eq(signs_in(badge)[2], False, "who is removed takes it along")
        site.make_key("Badge", badge, api)
        is_eq(site.curl("/mtls-api/x", cert=badge).status, 200, "then it may be a key's")

done_testing()
