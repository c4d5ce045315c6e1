#!/usr/bin/python3
"""No answer is a dead end: whoever is refused, comes late or gives the wrong thing is told what he can do."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import PASSWORD, Developer, entry, pem, request_of, wait_mail  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, unlike  # noqa: E402
from website import Site  # noqa: E402

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Length 3>>\nstream\n\x00\x01\x02\nendstream\n"
PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10" + bytes(range(256)) * 8

with Site() as site:
    boss = owner(site)
    api = site.make_api("one", "/one/", auth={"use_certificate": True, "use_token": True})
    manual = entry(site, "Payments", [api], max_keys_per_developer=9)
    automatic = entry(site, "Quotes", [api], approval="automatic")
    ann = Developer(site, "Ann Partner")

    with case("a link that was used already"):
        cert = site.make_cert("first")
        key = ann.ask(automatic, "Key", pem(cert)).path.split("?")[0]
        ann.submit(ann.get(key), "Add certificate", {
            "Public certificate (PEM)": pem(site.make_cert("second")), "Password": PASSWORD})
        ann.submit(ann.get("/portal/organisation"), "Send invitation", {"E-mail": "new@one.example"})
        out = Browser(site)
        out.submit(out.get("/portal/reset"), "Send link", {"E-mail": ann.email})
        for kind, to, button, typed, then in (
                ("stop", ann.email, "Stop it", {}, "is on its page, under My keys"),
                ("invite", "new@one.example", "Join Ann Partner", {"Name": "New", "Password": PASSWORD},
                 "accepted already, sign in"),
                ("reset", ann.email, "Save", {"New password": PASSWORD, "Repeat new password": PASSWORD},
                 "ask for another link")):
            path = f"/portal/{kind}?code=" + wait_mail(to, rf"/portal/{kind}\?code=(\w+)")[1]
            page = out.get(path)
            is_eq(out.submit(page, button, typed).status, 200, f"{kind}: works once")
            for again in (out.get(path), out.submit(page, button, typed)):
                is_eq(again.status, 404, f"{kind}: and no more")
                like(again.text, "was used already.*" + then, f"{kind}: which is said, and what to do")
        code = wait_mail(ann.email, r"/portal/confirm\?code=(\w+)")[1]
        like(out.get(f"/portal/confirm?code={code}").text, "confirmed already, sign in", "confirm: also said")

    with case("a request that was declined"):
        ann.sign_in()
        page = ann.ask(manual, "Depot", pem(site.make_cert("depot")))
        site.must("POST", f"/requests/{request_of(page)}/decline", {"reason": "Name it after your company."})
        page = ann.get(page.path.split("?")[0])
        like(page.text, "Name it after your company", "the reason")
        again = ann.get(page.link("Request again"))
        is_eq(again.status, 200, "leads to the form of the same API")
        like(again.text, "Request a key for Payments", "which it is")
        site.must("PATCH", f"/catalogue/{manual['id']}", {"visible": False})
        unlike(ann.get(page.path).text, "Request again", "but where it is offered no more")
        site.must("PATCH", f"/catalogue/{manual['id']}", {"visible": True})

    with case("a request for a token, in the dashboard"):
        page = ann.ask(manual, "Script", "", change={"type": "token"})
        told = boss.get(f"/admin/requests/{request_of(page)}").text
        like(told, "Credential ?A token", "says that it is one")
        unlike(told, "Possession", "and nothing of a certificate's possession")
        told = boss.get("/admin/requests?status=declined").text
        like(told, "Possession ?Claimed", "as that of a certificate does")

    with case("the wrong file"):
        for name, data in (("a.pdf", PDF), ("a.png", PICTURE)):
            for browser, path, button, typed in (
                    (ann, f"/portal/apis/{manual['id']}/request", "Request key", {"Key name": "Wrong file"}),
                    (boss, "/admin/keys/new", "Create", {"Name": "Wrong file"})):
                page = browser.submit(browser.get(path), button, {**typed, "Upload .pem": (name, data)})
                is_eq(page.status, 422, f"{path.split('/')[1]}, {name}: is refused")
                like(page.text, r"This file is not a certificate.*\.pem", "which says what it is not, and what to give")
                unlike(page.text, "upload it\\)|-inform DER", "and not to do what was done")
                like(page.html, 'value="Wrong file"', "what was typed is there")
        page = ann.submit(ann.form(manual), "Request key", {"Key name": "x", "Upload .pem": ("x.iso", b"x" * 3_000_000)})
        is_eq(page.status, 413, "too large")
        like(page.text, r"1152 kB at most.*Go back.*a certificate has a few kB", "how large it may be, and what to do")

    with case("something that was decided meanwhile"):
        page = ann.ask(manual, "Meanwhile", pem(site.make_cert("meanwhile")))
        site.must("POST", f"/requests/{request_of(page)}/approve")
        told = ann.submit(page, "Withdraw request")
        is_eq(told.status, 409, "is not done")
        ok_title = re.search(r"<h1>(.*?)</h1>", told.html)[1]
        is_eq(ok_title, "Something stands in the way", "and says so")
done_testing()
