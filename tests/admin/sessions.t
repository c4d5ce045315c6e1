#!/usr/bin/python3
"""Attacks on the pages of /admin: forged forms, sessions that are not one's own, roles, guessing,
markup in every field, and what answers must say."""
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import pages as pages_module  # noqa: E402
from environment import TREE  # noqa: E402
from pages import Browser  # noqa: E402
from rest import without_use  # noqa: E402
from show_pages import PASSWORD, fill, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SESSION = "__Host-certgate-admin"
site = Site(plain=True, admins=2)


def routes():
    """Of the program's table, as the source has it: (method, path, flags)."""
    with open(TREE + "/cgi-bin/admin/pages/pages.c", encoding="utf-8") as source:
        found = re.findall(r'\{"(GET|POST)", "(/admin[^"]*)", ([A-Z_0 |]+), \w+\}', source.read())
    return [(m, p, set(f.split(" | ")) - {"0"}) for m, p, f in found]


def post(browser, path, fields, **headers):
    return browser.request("POST", path, urllib.parse.urlencode(fields),
                           {**FORM, **{n.replace("_", "-"): v for n, v in headers.items()}},
                           follow=False)


def contents():
    """All that pages can change, but for what signing in and calls leave."""
    return [without_use(item) for r in ("apis", "keys", "certificates", "policies", "users")
            for item in site.rest("GET", f"/{r}?limit=500").body["items"]]


with site:
    boss = owner(site)
    pages = fill(site)
    for name, role in (("vera", "viewer"), ("adam", "admin")):
        is_eq(site.rest("POST", "/users", {"name": name, "role": role, "password": PASSWORD}).status,
              201, f"the {role} {name}")
    people = {"owner": boss, "admin": Browser(site), "viewer": Browser(site)}
    people["admin"].sign_in("adam", PASSWORD)
    people["viewer"].sign_in("vera", PASSWORD)
    key = pages["key"].rsplit("/", 1)[1]
    api = pages["api"].rsplit("/", 1)[1]
    sha256 = pages["certificate"].rsplit("/", 1)[1]
    refusal = pages["refusal-key"].split("/")[3]
    vera = site.rest("GET", "/users?q=vera").body["items"][0]["id"]
    ids = {"policies": pages["policy"].rsplit("/", 1)[1], "tokens": pages["token-delete"].split("/")[3],
           "apis": api, "keys": key, "refusals": refusal, "users": vera,
           "catalogue": pages["entry"].rsplit("/", 1)[1], "requests": pages["request"].rsplit("/", 1)[1],
           "developers": pages["developer"].rsplit("/", 1)[1],
           "organisations": pages["organisation"].rsplit("/", 1)[1]}

    badge = site.make_cert("badge")
    site.rest("POST", f"/users/{vera}/certificates", {"certificate": badge.pem})

    def real(path):
        for part, digest in (("/admin/users/", badge.sha256), ("/crl", pages["ca"].rsplit("/", 1)[1]),
                             ("/admin/exposed-keys/", pages["exposed-key-delete"].split("/")[3])):
            if part in path:
                path = path.replace(":sha256", digest)
        path = path.replace(":sha256", sha256)
        return path.replace(":id", ids.get(path.split("/")[2] if path.count("/") > 2 else "", "x"))

    table = routes()

    with case("table"):
        ok(len(table) >= 40, f"the program's table is found ({len(table)})")
        ok({"/admin/login", "/admin/logout"} <= {p for _, p, _ in table}, "with the sign-in")

    with case("roles"):
        for method, path, flags in table:
            if path in ("/admin/login", "/admin/logout") or method != "GET":
                continue
            for role, browser in people.items():
                denied = (role == "viewer" and "PAGE_ADMIN" in flags) or \
                    (role != "owner" and "PAGE_OWNER" in flags)
                is_eq(browser.get(real(path), follow=False).status, 403 if denied else 200,
                      f"{role}: GET {path}")
        before = contents()
        for method, path, flags in table:
            if method != "POST" or not flags & {"PAGE_ADMIN", "PAGE_OWNER"}:
                continue
            for role in ("viewer", "admin") if "PAGE_OWNER" in flags else ("viewer",):
                token = people[role].get("/admin/").token()
                answer = post(people[role], real(path), {"csrf_token": token, "active": "off",
                                                         "role": "owner", "name": "x"})
                is_eq(answer.status, 403, f"{role}: POST {path}")
        ok(contents() == before, "and nothing was changed")
        viewer = people["viewer"].get(pages["key"])
        ok("Delete key" not in viewer.text and "Rotate" not in viewer.text,
           "a viewer sees no buttons that do not work")
        # What model/ enforces holds for the REST interface by the same session.
        cookie = {"Cookie": f"{SESSION}={people['viewer'].cookies[SESSION]}",
                  "X-CSRF-Token": people["viewer"].get("/admin/").token()}
        is_eq(site.rest("PATCH", f"/keys/{key}", {"active": False}, cookie, token="").status, 403,
              "a viewer's session changes nothing by REST")
        is_eq(site.rest("GET", f"/keys/{key}", headers=cookie, token="").status, 200,
              "but reads there")
        is_eq(site.rest("GET", "/users", headers=cookie, token="").status, 403, "not all")

    with case("last owner"):
        admin = site.rest("GET", "/users?q=admin").body["items"][0]
        for method, body in (("PATCH", {"role": "viewer"}), ("PATCH", {"held": True}),
                             ("DELETE", None)):
            got = site.rest(method, f"/users/{admin['id']}", body)
            is_eq((got.status, got.body.get("code")), (409, "last_owner"), f"{method} {body}")

    with case("forged"):
        token, other = boss.get("/admin/").token(), people["admin"].get("/admin/").token()
        before = contents()
        for method, path, _ in table:
            if method != "POST" or path == "/admin/login":
                continue
            for what, fields, headers in (
                    ("no token", {}, {}),
                    ("a wrong token", {"csrf_token": "0" * 64}, {}),
                    ("another session's token", {"csrf_token": other}, {}),
                    ("another origin", {"csrf_token": token}, {"Origin": "https://evil.example"}),
                    ("no origin that can be told", {"csrf_token": token}, {"Origin": "null"}),
                    ("another site", {"csrf_token": token}, {"Sec_Fetch_Site": "cross-site"}),
                    ("another host of the site", {"csrf_token": token},
                     {"Sec_Fetch_Site": "same-site"})):
                is_eq(post(boss, real(path), {"name": "x", **fields}, **headers).status, 403,
                      f"{path}: {what}")
        ok(contents() == before, "nothing of it was done")
        is_eq(boss.get("/admin/").status, 200, "nor was anybody signed out")
        stranger = Browser(site)
        page = stranger.get("/admin/login")
        for what, fields, headers in (
                ("no token", {}, {}), ("another browser's", {"csrf_token": token}, {}),
                ("another origin", {"csrf_token": page.token()}, {"Origin": "https://evil.example"})):
            answer = post(stranger, "/admin/login",
                          {"user": "admin", "password": PASSWORD, **fields}, **headers)
            is_eq((answer.status, SESSION in stranger.cookies), (403, False), f"sign-in: {what}")
        answer = post(boss, pages["key"] + "/switch", {"csrf_token": token, "active": "on"},
                      Origin=site.url, Sec_Fetch_Site="same-origin")
        is_eq(answer.status, 303, "from one's own page it is done")
        cookie = {"Cookie": f"{SESSION}={boss.cookies[SESSION]}"}
        for what, headers in (("no token", {}), ("a wrong one", {"X-CSRF-Token": other}),
                              ("another site", {"X-CSRF-Token": token,
                                                "Sec-Fetch-Site": "cross-site"}),
                              ("another origin", {"X-CSRF-Token": token,
                                                  "Origin": "https://evil.example"})):
            got = site.rest("PATCH", f"/keys/{key}", {"active": False}, {**cookie, **headers},
                            token="")
            is_eq((got.status, got.body["code"]), (403, "csrf_token"), f"REST: {what}")
        is_eq(site.rest("PATCH", f"/keys/{key}", {"tags": ["x"]},
                        {**cookie, "X-CSRF-Token": token}, token="").status, 200,
              "REST: with the token it is done")
        is_eq(site.rest("GET", "/keys", token="wrong", headers=cookie).status, 401,
              "REST: a wrong bearer token is not saved by a session")

    with case("sessions"):
        browser = Browser(site)
        page = browser.get("/admin/login")
        browser.cookies[SESSION] = planted = "a" * 52
        browser.submit(page, "Sign in", {"User name": "admin", "Password": PASSWORD})
        ok(browser.cookies[SESSION] != planted and len(browser.cookies[SESSION]) == 52,
           "a cookie that was planted is not taken over")
        first = browser.cookies[SESSION]
        for line in browser.set_cookies:
            ok(all(f"; {a}" in line for a in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"))
               and "Domain" not in line and line.startswith("__Host-"),
               f"the cookie {line.split('=')[0]} is for this host and https alone")
        again = Browser(site)
        again.cookies = {SESSION: first}
        page = again.get("/admin/password")
        is_eq(again.submit(page, "Save", {"Current password": PASSWORD,
                                          "New password": PASSWORD + " 2",
                                          "Repeat new password": PASSWORD + " 2"}).status, 200,
              "a password is changed")
        is_eq(boss.get("/admin/", follow=False).status, 303, "which ends one's other sessions")
        is_eq(again.get("/admin/", follow=False).status, 200, "and not one's own")
        boss.sign_in("admin", PASSWORD + " 2")
        stolen = Browser(site)
        for cookie in ("", "a" * 52, first[:-1], first + "a", "%00" * 5, "a" * 5000):
            stolen.cookies = {SESSION: cookie}
            is_eq(stolen.get("/admin/", follow=False).status, 303,
                  f"a cookie of {len(cookie)} characters that is none")
        database = subprocess.run(["grep", "-raF", boss.cookies[SESSION], site.home],
                                  capture_output=True, check=False)
        is_eq(database.stdout, b"", "the data folder does not hold the cookie's text")
        site.rest("PATCH", f"/users/{vera}", {"held": True})
        is_eq(people["viewer"].get("/admin/", follow=False).status, 303, "who is held is out at once")
        site.rest("PATCH", f"/users/{vera}", {"held": False})
        is_eq(people["viewer"].get("/admin/", follow=False).status, 200, "and in again")
        site.rest("DELETE", f"/users/{vera}")
        is_eq(people["viewer"].get("/admin/", follow=False).status, 303, "who is removed is out")

    with case("headers"):
        for path in ("/admin/login", "/admin/", pages["key"], "/admin/nothing", "/admin/users"):
            head = boss.get(path, follow=False) if path != "/admin/login" \
                else Browser(site).get(path)
            policy = head.header("Content-Security-Policy") or ""
            ok("default-src 'none'" in policy and "frame-ancestors 'none'" in policy
               and "unsafe" not in policy, f"{path}: a strict policy")
            is_eq([head.header(n) for n in ("X-Content-Type-Options", "X-Frame-Options",
                                            "Referrer-Policy", "Cache-Control",
                                            "Cross-Origin-Opener-Policy")],
                  ["nosniff", "DENY", "same-origin", "no-store", "same-origin"], f"{path}: the rest")
            inline = [t for t, a in head.tags if (t == "script" and "src" not in a) or t == "style"
                      or any(n == "style" or n.startswith("on") for n in a)]
            is_eq(inline, [], f"{path}: nothing inline")
        page = boss.get("/admin/")
        links = sorted({a.get("href") or a.get("src") for t, a in page.tags
                        if t in ("link", "script")} - {None})
        is_eq(len(links), 3, "stylesheet, icon, script")
        for link in links:
            got = Browser(site).get(link)
            ok(got.status == 200 and "immutable" in got.header("Cache-Control"),
               f"{link.rsplit('/', 1)[1]} is kept for ever")
        for link in (links[0].replace(links[0].split("/")[3], "0" * 16), links[0] + "x",
                     "/admin/assets/", links[0].rsplit("/", 1)[0] + "/fonts/../app.css",
                     links[0].rsplit("/", 1)[0] + "/%2e%2e/admin/key.tpl"):
            ok(Browser(site).get(link).status in (400, 404), f"not {link[-40:]}")

    with case("transport"):
        answer = site.curl("/admin/login", base=f"http://localhost:{site.plain_port}")
        ok(answer.status == 403 and b"csrf_token" not in answer.body and
           "set-cookie" not in answer.headers, "over plain http there is no sign-in form")
        answer = site.fcgi({"REQUEST_URI": "/admin/", "CERTGATE_PREFIX": "/admin",
                            "HTTP_COOKIE": f"{SESSION}={boss.cookies[SESSION]}"}, proof=False,
                           socket_path=site.admin_socket)
        ok(answer.status == 403, "without the web server's proof a session counts for nothing")

    with case("markup"):
        evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{title}}&amp;"
        stranger = site.make_cert("evil", subject="/CN=<script>alert(3)<\\/script>/O=\"><b>x")
        made = site.make_key(evil, stranger, site.make_api(evil, "/evil/"), tags=[evil])
        site.rest("POST", "/policies", {"name": evil, "applies": ["rate"]})
        site.curl("/evil/<script>alert(4)</script>?x")
        site.curl("/evil/x", "-X", "SCRIPT")
        for path in ("/admin/", "/admin/apis", "/admin/keys", f"/admin/keys/{made['id']}",
                     f"/admin/keys/{made['id']}/edit", f"/admin/keys/{made['id']}/delete",
                     "/admin/keys/new", "/admin/certificates", "/admin/audit", "/admin/refusals",
                     f"/admin/certificates/{stranger.sha256}",
                     f"/admin/apis/{made['access'][0]['api_id']}",
                     "/admin/keys?q=" + urllib.parse.quote(evil),
                     "/admin/audit?q=" + urllib.parse.quote(evil)):
            page = boss.get(path)
            found = [t for t, a in page.tags if t in ("img", "b") or (t == "script" and
                                                                      "src" not in a)]
            is_eq((page.status, found), (200, []), f"{path[:40]}: text stays text")
        ok(evil in boss.get(f"/admin/keys/{made['id']}").text, "and is shown as it is")
        page = boss.submit(boss.get("/admin/keys/new"), "Create",
                           {"Name": evil, "Rate": evil, "Tags": evil, "Certificate (PEM)": evil})
        is_eq([t for t, a in page.tags if t in ("img", "b") or (t == "script" and "src" not in a)],
              [], "also in a form that comes back")

    with case("odd requests"):
        token = boss.get("/admin/").token()
        for what, kind, body, status in (
                ("JSON", "application/json", b"{}", 400),
                ("no type", "", b"a=1", 400),
                ("cut multipart", "multipart/form-data; boundary=x", b"--x\r\nContent", 400),
                ("no multipart", "multipart/form-data; boundary=x", b"csrf_token=" + token.encode(),
                 400),
                ("a bad escape", FORM["Content-Type"], b"csrf_token=%zz", 400),
                ("too much", FORM["Content-Type"], b"a=" + b"x" * 1300000, 413),
                ("too many fields", FORM["Content-Type"], b"a=1&" * 1300, 400)):
            answer = boss.request("POST", "/admin/apis/new", body, {"Content-Type": kind},
                                  follow=False)
            is_eq(answer.status, status, what)
        is_eq(boss.request("PUT", "/admin/apis", follow=False).status, 405, "another method")
        is_eq(boss.get("/admin/keys?cursor=nonsense").status, 422, "a cursor that is none")
        ok(boss.get(f"/admin/keys/{key}%00x").status in (400, 404), "an escaped NUL")
        for path in ("/admin/keys/" + "x" * 3000, "/admin/certificates/xyz", "/admin/keys/%ff"):
            is_eq(boss.get(path).status, 404, f"{path[:30]}: nothing there")

    with case("methods that a route does not take"):
        rows = [(method, path) for method, path, _ in table]
        for route in sorted({path for _, path in rows}):
            faults = pages_module.method_faults(Browser(site), rows, real(route)) + \
                pages_module.method_faults(boss, rows, re.sub(r":\w+", "x", route), ("GET", "POST", "PUT"))
            is_eq(faults, [], f"{route}: 405 with what it takes, signed in or not, whether it is there or not")

    with case("guessing"):
        guess = Browser(site)
        statuses = [guess.sign_in("admin", f"guess {i}").status for i in range(25)]
        wrong = statuses.index(429)
        ok(wrong <= 20 and set(statuses[:wrong]) == {403} and set(statuses[wrong:]) == {429},
           f"after {wrong} wrong passwords no more are looked at")
        page = guess.sign_in("admin", PASSWORD + " 2")
        ok(page.status == 429 and int(page.header("Retry-After")) > 0,
           "not even the right one, from that address")
        is_eq(boss.get("/admin/").status, 200, "who is signed in stays so")
        # From another address: straight to the program, as the web server would ask.
        one = Browser(site)
        form = one.get("/admin/login")
        body = urllib.parse.urlencode({"csrf_token": form.token(), "user": "admin",
                                       "password": PASSWORD + " 2"}).encode()
        cookie = "; ".join(f"{n}={v}" for n, v in one.cookies.items())
        answer = site.fcgi({"REQUEST_METHOD": "POST", "REQUEST_URI": "/admin/login",
                            "CERTGATE_PREFIX": "/admin", "REMOTE_ADDR": "192.0.2.7",
                            "CONTENT_TYPE": FORM["Content-Type"], "HTTP_COOKIE": cookie},
                           body, socket_path=site.admin_socket)
        ok(answer.status == 303 and SESSION.encode() in answer.out, "another address may sign in") or \
            diag(repr(answer.out[:600]))
done_testing()
