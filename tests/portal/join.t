#!/usr/bin/python3
"""Joining, signing in, passwords and organisations: what a developer does before there is a key."""
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import Developer, PASSWORD, entry, mails, wait_mail  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

JOINED = {"Name": "Zoë O'Hara", "Password": PASSWORD}


def join(browser, email, **values):
    return browser.submit(browser.get("/portal/join"), "Join", {**JOINED, "E-mail": email, **values})


def code_of(email, what, n=1):
    """The code of the n-th such mail."""
    def found():
        return [m for m in (re.search(rf"/portal/{what}\?code=(\w+)", t) for t in mails(email)) if m]
    wait_until(lambda: len(found()) >= n, f"{n} mails to {email}")
    return found()[n - 1][1]


def answer_of(page, email):
    """All that somebody sees of an answer, but for what is random or was typed."""
    html = re.sub(r'[0-9a-f]{64}', "TOKEN", page.html).replace(email, "EMAIL")
    headers = sorted((n.lower(), v) for n, v in page.headers.items()
                     if n.lower() not in ("date", "x-request-id", "content-length"))
    return page.status, headers, html


with Site() as site:
    site.rest("PATCH", "/settings", {"base_urls": {n: site.url for n in ("gate", "portal", "admin")}})
    anon = Browser(site)

    with case("joining"):
        page = anon.get("/portal/join")
        is_eq(page.status, 200, "the page is open to all")
        is_eq([f.name for f in page.form("Join")[0].fields if "required" in f.attrs],
              ["name", "email", "password"], "three fields are compulsory, no more")
        page = join(anon, "Zoe@Partner.example")
        is_eq((page.status, page.title), (200, "Look into your mail · API portal"), "a mail goes out")
        is_eq(anon.submit(anon.get("/portal/login"), "Sign in",
                          {"E-mail": "zoe@partner.example", "Password": PASSWORD}).status, 403,
              "nobody signs in without it")
        code = code_of("zoe@partner.example", "confirm")
        is_eq(len(code), 52, "its link has 256 bits")
        like(mails("zoe@partner.example")[0], "Hello Zoë O'Hara,", "the mail greets by name")
        is_eq(anon.get(f"/portal/confirm?code={code}").status, 200, "the link shows a page")
        page = anon.get(f"/portal/confirm?code={code}")
        is_eq(site.rest("GET", "/developers").body["items"], [], "which changes nothing, however often")
        page = anon.submit(page, "Confirm")
        is_eq((page.path, page.status), ("/portal/login?done=confirmed", 200), "Confirm does")
        developer = site.rest("GET", "/developers").body["items"][0]
        is_eq((developer["email"], developer["name"], developer["role"], developer["active"]),
              ("zoe@partner.example", "Zoë O'Hara", "manager", True), "there is the developer")
        ok(developer["confirmed_at"], "who has shown that the address is his")
        is_eq(site.rest("GET", "/organisations/" + developer["organisation_id"]).body["contacts"],
              ["zoe@partner.example"], "with an organisation")
        is_eq(anon.get(f"/portal/confirm?code={code}").status, 404, "the link is used up")
        page = anon.submit(anon.get("/portal/login"), "Sign in",
                           {"E-mail": " ZOE@partner.example ", "Password": PASSWORD})
        like(page.text, "Sign out", "now the password signs in, in any letter case of the address")
        like([c for c in anon.set_cookies if c.startswith("__Host-certgate-portal=")][0],
             "; Path=/; Secure; HttpOnly; SameSite=Lax$", "the cookie is guarded")
        is_eq(site.rest("GET", "/audit").body["items"][0]["action"], "developer.sign_in", "the audit has it")

    with case("a name that is typed loosely"):
        # Two spaces, and letters in parts: in every mail, page and record it is the one that is stored.
        typed, stored, loose = "Anna  Lo\u0308se", "Anna L\u00f6se", "Anna(?: \\s+|\\s*\u00a0)|o\u0308"
        boss, anna = "boss@owner.example", Browser(site)
        site.rest("POST", "/users", {"name": "Boss", "role": "owner", "email": boss, "password": PASSWORD})
        offer = entry(site, "Loose  offer", [site.make_api()])
        join(anna, "anna@partner.example", Name=typed)
        like(wait_mail("anna@partner.example", "(?s)Hello.*")[0], f"Hello {stored},", "the first mail greets by it")
        page = anna.get("/portal/confirm?code=" + code_of("anna@partner.example", "confirm"))
        pages = [page, anna.submit(page, "Confirm")]
        pages.append(anna.submit(anna.get("/portal/login"), "Sign in",
                                 {"E-mail": "anna@partner.example", "Password": PASSWORD}))
        pages.append(anna.submit(anna.get(f"/portal/apis/{offer['id']}/request"), "Request key",
                                 {"Key name": "Pay  roll", "Public certificate (PEM)": site.make_cert("loose").pem}))
        asked = pages[-1].path.split("?")[0].rsplit("/", 1)[-1]
        anna.submit(anna.get("/portal/account"), "Save name", {"Name": typed})
        site.rest("POST", f"/requests/{asked}/approve")
        wait_mail("anna@partner.example", "is approved")
        wait_mail(boss, f"(?s)Pay roll.*{stored}|{stored}.*Pay roll")
        pages += [anna.get(path) for path in ("/portal/", "/portal/account", "/portal/organisation", "/portal/keys",
                                              f"/portal/requests/{asked}")]
        texts = [page.html for page in pages] + mails("anna@partner.example") + mails(boss) + [
            json.dumps(site.rest("GET", path).body, ensure_ascii=False)
            for path in ("/developers", "/organisations", "/requests", "/keys", "/catalogue", "/audit")]
        ok(sum(stored in text for text in texts) >= 8, "it is there")
        is_eq([found for text in texts for found in re.findall(f".{{0,40}}(?:{loose}|Pay  roll|Loose  offer).{{0,20}}", text)],
              [], "and nowhere as it was typed")

    zoe = anon
    with case("two programs, two sessions"):
        admin = Browser(site)
        admin.cookies["__Host-certgate-admin"] = zoe.cookies["__Host-certgate-portal"]
        is_eq(admin.get("/admin/", follow=False).status, 303, "a developer's cookie opens nothing in /admin")
        is_eq(site.rest("GET", "/apis", token="", headers={
            "Cookie": "__Host-certgate-admin=" + zoe.cookies["__Host-certgate-portal"]}).status, 401,
            "nor in the REST interface")
        admin = Browser(site)
        admin.first_sign_in("admin", site.password, PASSWORD)
        guest = Browser(site)
        guest.cookies["__Host-certgate-portal"] = admin.cookies["__Host-certgate-admin"]
        is_eq(guest.get("/portal/account", follow=False).status, 303, "nor an administrator's in /portal")

    with case("nobody learns who has an account"):
        one, two = Browser(site), Browser(site)
        known = answer_of(join(one, "zoe@partner.example"), "zoe@partner.example")
        other = answer_of(join(two, "bea@partner.example"), "bea@partner.example")
        is_eq(known, other, "joining answers alike")
        wait_mail("zoe@partner.example", "has an account already")
        code_of("bea@partner.example", "confirm")
        one, two = Browser(site), Browser(site)
        ask = {n: answer_of(b.submit(b.get("/portal/reset"), "Send link", {"E-mail": n}), n)
               for b, n in ((one, "zoe@partner.example"), (two, "eve@partner.example"))}
        is_eq(ask["zoe@partner.example"], ask["eve@partner.example"], "so does asking for a new password")
        one, two = Browser(site), Browser(site)
        wrong = [answer_of(b.submit(b.get("/portal/login"), "Sign in", {"E-mail": n, "Password": "wrong " + PASSWORD}), n)
                 for b, n in ((one, "zoe@partner.example"), (two, "eve@partner.example"))]
        is_eq(wrong[0], wrong[1], "and a wrong password")
        is_eq(wrong[0][0], 403, "which is refused")
        wait_mail("zoe@partner.example", "reset")
        # Mails go out in the order in which they were asked for: here is one of after eve's.
        join(Browser(site), "ulf@partner.example")
        code_of("ulf@partner.example", "confirm")
        is_eq(mails("eve@partner.example"), [], "who has no account gets no mail")

    with case("who asks for new passwords keeps no mail to join from anybody"):
        for _ in range(4):
            anon.submit(anon.get("/portal/reset"), "Send link", {"E-mail": "una@partner.example"})
        join(Browser(site), "una@partner.example")
        ok(code_of("una@partner.example", "confirm"), "it comes")
        is_eq(len(mails("una@partner.example")), 1, "and nothing else")

    with case("a new password"):
        code = code_of("zoe@partner.example", "reset")
        other = Browser(site)
        page = other.get(f"/portal/reset?code={code}")
        is_eq(page.status, 200, "the link shows the form")
        page = other.submit(page, "Save", {"New password": "short", "Repeat new password": "short"})
        is_eq(page.status, 422, "a short one is refused, and the link stays")
        new = "another long password"
        page = other.submit(page, "Save", {"New password": new, "Repeat new password": new})
        is_eq(page.path, "/portal/login?done=reset", "a good one is taken")
        is_eq(zoe.get("/portal/account", follow=False).status, 303, "all sessions have ended")
        is_eq(other.get(f"/portal/reset?code={code}").status, 404, "the link is used up")
        page = zoe.submit(zoe.get("/portal/login"), "Sign in", {"E-mail": "zoe@partner.example", "Password": new})
        page = zoe.submit(zoe.get("/portal/account"), "Save",
                          {"Current password": "no", "New password": PASSWORD, "Repeat new password": PASSWORD})
        is_eq(page.status, 422, "to change it needs the current one")
        page = zoe.submit(zoe.get("/portal/account"), "Save",
                          {"Current password": new, "New password": PASSWORD, "Repeat new password": PASSWORD})
        is_eq(page.path, "/portal/account?done=changed", "with it, it is changed")
        confirm = code_of("bea@partner.example", "confirm")
        is_eq(other.get(f"/portal/reset?code={confirm}").status, 404, "a link to confirm sets no password")

    with case("two want to join with one address"):
        one, two = Browser(site), Browser(site)
        join(one, "cat@partner.example", Password="the stranger's password")
        join(two, "cat@partner.example", Name="Cat")
        code_of("cat@partner.example", "confirm", 2)
        codes = re.findall(r"confirm\?code=(\w+)", "".join(
            m for m in mails("cat@partner.example") if "Hello Cat," in m))
        two.submit(two.get(f"/portal/confirm?code={codes[0]}"), "Confirm")
        is_eq(one.submit(one.get("/portal/login"), "Sign in",
                         {"E-mail": "cat@partner.example", "Password": "the stranger's password"}).status, 403,
              "the one whose mail was confirmed has it, with his own password")
        stale = re.findall(r"confirm\?code=(\w+)", "".join(
            m for m in mails("cat@partner.example") if "Zoë" in m))
        is_eq(one.get(f"/portal/confirm?code={stale[0]}").status, 404, "the other's link has ended")

    with case("mails to one address"):
        for i in range(6):
            is_eq(join(Browser(site), "dan@partner.example", Name=f"Dan {i}").status, 200, f"request {i + 1} is answered alike")
        code_of("dan@partner.example", "confirm", 3)
        # A mail to somebody else that was asked for later is there: so would a fourth be.
        join(Browser(site), "fay@partner.example")
        code_of("fay@partner.example", "confirm")
        is_eq(len(mails("dan@partner.example")), 3, "at most three an hour")

    with case("what is typed"):
        for email in ("", "nobody", "a@b", "a b@c.example", "a@c.example\r\nBcc: x@y.example", "-f@c.example", "a@c.example,b@c.example",
                      "<a@c.example>", '"a"@c.example', "a@c..example", "a@-c.example", ".a@c.example", "a" * 65 + "@c.example"):
            page = join(Browser(site), email)
            is_eq(page.status, 422, f"{email[:30]!r} is no address")
        page = join(Browser(site), "gil@partner.example", Password="short")
        is_eq(page.status, 422, "a short password is refused")
        unlike(page.html, "short\"", "and not shown again")
        like(page.title, "^Error: Join", "the title says so")
        is_eq(mails("gil@partner.example"), [], "nothing goes out")
        page = Browser(site).get("/portal/join")
        is_eq(Browser(site).submit(page, "Join", {**JOINED, "E-mail": "gil@partner.example"}).status, 403,
              "a form of another browser counts for nothing")
        is_eq(site.curl("/portal/confirm", "-d", "code=x").status, 403, "nor a POST without one")

    with case("closed, and for some"):
        site.rest("PATCH", "/settings", {"sign_up_domains": ["partner.example"],
                                          "terms": "## The rules\n\nBe *kind* to <b>all</b>."})
        like(anon.get("/portal/join").html, "<h2>The rules</h2>\\s*<p>Be <em>kind</em> to &lt;b&gt;all&lt;/b&gt;.</p>",
             "the terms are shown as Markdown")
        for terms in ("[x](javascript:alert)", ">" * 20000):
            answer = site.rest("PATCH", "/settings", {"terms": terms})
            is_eq((answer.status, [e["field"] for e in answer.body["errors"]]), (422, ["terms"]),
                  f"{terms[:20]} is refused")
        page = join(Browser(site), "hal@elsewhere.example", **{"I accept the terms": True})
        is_eq(page.status, 422, "an address of another domain is refused")
        like(page.text, "of a domain that may join", "and told so")
        is_eq(join(Browser(site), "ida@partner.example").status, 422, "the terms have to be accepted")
        is_eq(join(Browser(site), "ida@partner.example", **{"I accept the terms": True}).status, 200, "then it goes on")
        ida = Browser(site)
        ida.submit(ida.get(f"/portal/confirm?code={code_of('ida@partner.example', 'confirm')}"), "Confirm")
        ok([d for d in site.rest("GET", "/developers?q=ida@").body["items"] if d["terms_accepted_at"]],
           "the record says when")
        form = Browser(site)
        page = form.get("/portal/join")
        site.rest("PATCH", "/settings", {"sign_up": "closed"})
        is_eq(form.submit(page, "Join", {**JOINED, "E-mail": "jan@partner.example", "I accept the terms": True}).status, 403,
              "closed, the form of before is refused")
        page = Browser(site).get("/portal/join")
        is_eq(page.forms, [], "and there is none")
        unlike(Browser(site).get("/portal/login").text, "New here", "nor a link to it")
        site.rest("PATCH", "/settings", {"sign_up": "open", "sign_up_domains": [], "terms": ""})

    with case("closed after the mail was sent"):
        for name, closed in (("all", {"sign_up": "closed"}), ("a domain", {"sign_up_domains": ["else.example"]})):
            email = f"kai.{name.split()[-1]}@partner.example"
            kai = Browser(site)
            join(kai, email)
            code = code_of(email, "confirm")
            page = kai.get(f"/portal/confirm?code={code}")
            is_eq(page.status, 200, f"{name}: open, the link asks")
            site.rest("PATCH", "/settings", closed)
            for got in (kai.get(f"/portal/confirm?code={code}"), kai.submit(page, "Confirm")):
                is_eq((got.status, "joining was closed" in got.text), (403, True), f"{name}: closed, it says so")
                is_eq(email in got.text, False, f"{name}: not of whom")
            is_eq(site.rest("GET", f"/developers?q={email}").body["items"], [], f"{name}: nobody is made")
            site.rest("PATCH", "/settings", {"sign_up": "open", "sign_up_domains": []})
            kai.submit(kai.get(f"/portal/confirm?code={code}"), "Confirm")
            is_eq(len(site.rest("GET", f"/developers?q={email}").body["items"]), 1, f"{name}: open again, it counts")

    with case("an organisation"):
        boss = Developer(site, "Boss One")
        home = site.rest("GET", "/developers?q=boss.one@").body["items"][0]["organisation_id"]
        page = boss.submit(boss.get("/portal/organisation"), "Save",
                           {"Name": "Boss & Sons", "Contacts": "ops@boss.example\r\nOPS@boss.example\r\n"})
        like(page.text, "Saved", "its manager names it")
        is_eq(site.rest("GET", "/organisations/" + home).body["contacts"], ["ops@boss.example"],
              "and who gets notices, each once")
        page = boss.submit(boss.get("/portal/organisation"), "Send invitation", {"E-mail": "new@partner.example"})
        like(page.text, "on its way", "and invites")
        new = Browser(site)
        invited = code_of("new@partner.example", "invite")
        page = new.get(f"/portal/invite?code={invited}")
        like(page.text, "Join Boss & Sons", "who has the mail sees where to")
        new.submit(page, "Join Boss & Sons", {"Name": "New One", "Password": PASSWORD})
        page = new.submit(new.get("/portal/login"), "Sign in", {"E-mail": "new@partner.example", "Password": PASSWORD})
        like(new.get("/portal/organisation").text, "Boss One", "and is a member")
        unlike(new.get("/portal/organisation").text, "Send invitation", "who is no manager")
        member = site.rest("GET", "/developers?q=new@").body["items"][0]
        for path, body in (("/portal/organisation/invite", "email=x@y.example"), ("/portal/organisation", "name=Mine"),
                           (f"/portal/organisation/members/{member['id']}/role", "role=manager"),
                           (f"/portal/organisation/members/{member['id']}/remove", "")):
            token = new.get("/portal/organisation").token()
            is_eq(new.request("POST", path, body=f"csrf_token={token}&{body}", headers={
                "Content-Type": "application/x-www-form-urlencoded"}).status, 403, f"POST {path.split('/')[-1]} is refused")
        key = site.make_key("Shared", organisation_id=home)
        page = boss.get(f"/portal/organisation/members/{member['id']}/remove")
        like(page.text, "Remove New One?", "removing names who goes")
        boss.submit(page, "Remove New One")
        moved = site.rest("GET", "/developers/" + member["id"]).body["organisation_id"]
        ok(moved != home, "who was removed has an organisation of his own")
        is_eq(site.rest("GET", "/keys/" + key["id"]).body["organisation_id"], home, "the keys stay")
        boss.submit(boss.get("/portal/organisation"), "Send invitation", {"E-mail": "new@partner.example"})
        own = site.make_key("His", organisation_id=moved)
        # Which of two mails of one second came first is not to be seen: the one that has not been used.
        code_of("new@partner.example", "invite", 2)
        again = {code_of("new@partner.example", "invite", n) for n in (1, 2)} - {invited}
        page = new.get(f"/portal/invite?code={again.pop()}")
        like(page.text, "Your keys come along", "who has an account is told what happens to his keys")
        new.submit(page, "Join Boss & Sons")
        is_eq(site.rest("GET", "/developers/" + member["id"]).body["organisation_id"], home, "and comes back")
        is_eq(site.rest("GET", "/keys/" + own["id"]).body["organisation_id"], home, "with them")
        is_eq(site.rest("GET", "/organisations/" + moved).status, 404, "the empty one is gone")
        page = boss.submit(boss.get("/portal/organisation"), "Make member of Boss One")
        is_eq(page.status, 409, "the last manager stays one")

    with case("a name that is no text"):
        for text in ("%ff", "a%c3", "a%0ab"):
            answer = boss.request("POST", "/portal/account", follow=False, headers={
                "Content-Type": "application/x-www-form-urlencoded"},
                body=f"csrf_token={boss.get('/portal/account').token()}&name={text}")
            is_eq(answer.status, 422, f"{text} is refused")
            like(answer.html, 'id="e-name"', "at its field")
        stranger = Browser(site)
        answer = stranger.request("POST", "/portal/join", headers={
            "Content-Type": "application/x-www-form-urlencoded"},
            body=f"csrf_token={stranger.get('/portal/join').token()}&name=%ff&email=ff@partner.example&password={'x' * 20}")
        is_eq(answer.status, 422, "nor does anybody join with one")
        is_eq(site.rest("GET", "/developers?q=boss.one@").body["items"][0]["name"], "Boss One", "nothing has changed")

    with case("one address uses nothing up for the others"):
        # Straight to the program, as the web server would ask: which address it is can be said.
        form = Browser(site)
        token = form.get("/portal/login").token()
        cookie = "; ".join(f"{n}={v}" for n, v in form.cookies.items())

        def ask(address, path, **fields):
            body = urllib.parse.urlencode({"csrf_token": token, **fields}).encode()
            answer = site.fcgi({"REQUEST_METHOD": "POST", "REQUEST_URI": path, "CERTGATE_PREFIX": "/portal",
                                "REMOTE_ADDR": address, "HTTP_COOKIE": cookie,
                                "CONTENT_TYPE": "application/x-www-form-urlencoded"}, body,
                               socket_path=site.portal_socket)
            return answer.status, answer.out.decode()

        def sign_in(address, password=PASSWORD):
            return ask(address, "/portal/login", email="boss.one@partner.example", password=password)

        # Without a hash, so that these take next to no time.
        is_eq({ask("192.0.2.7", "/portal/reset", email="nobody@partner.example")[0] for _ in range(60)}, {200},
              "60 requests for a new password")
        is_eq({sign_in("192.0.2.7", "x" * 600)[0] for _ in range(19)}, {403}, "19 wrong passwords")
        right = []
        while len(right) < 400 and (not right or right[-1][0] == 303):
            right.append(sign_in("192.0.2.7"))
        is_eq(right[-1][0], 429, f"after {len(right) - 1} right ones no more are looked at")
        like(right[-1][1], "too many requests from your address", "which says why")
        like(right[-1][1], r"Retry-After: \d+", "and until when")
        is_eq(ask("192.0.2.7", "/portal/reset", email="nobody@partner.example")[0], 429, "nor other requests")
        is_eq(sign_in("192.0.2.8")[0], 303, "another address signs in")
        is_eq(ask("192.0.2.8", "/portal/reset", email="nobody@partner.example")[0], 200,
              "and may ask for a new password")
        # Who has one IPv6 address has 2^64 of them.
        seen = [sign_in(f"2001:db8:0:7::{i:x}", "x" * 600)[0] for i in range(1, 22)]
        is_eq((seen[:20], seen[20:]), ([403] * 20, [429]), "20 wrong passwords from one IPv6 network")
        is_eq(sign_in("2001:db8:0:7:ffff:ffff:ffff:ffff")[0], 429, "none of its addresses gets a further try")
        is_eq(sign_in("2001:db8:0:8::1")[0], 303, "the next network signs in")
done_testing()
