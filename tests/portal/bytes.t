#!/usr/bin/python3
"""What is no text, in each field of each form: an answer about the field, and never a fault of the
program's."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402
from pages import Browser  # noqa: E402
from portal import PASSWORD, Developer, entry, request_of, wait_mail  # noqa: E402

NO_TEXT = b"a\xffb"
TYPED = ("text", "email", "password", "search", "hidden", "textarea")


def faults_of(browser, path):
    """Each field of the page's forms once; what is wrong with the answers, and how many there were."""
    wrong, n = [], 0
    page = browser.get(path)
    for form in page.forms:
        for field in form.fields:
            if form.method != "POST" or not form.buttons or field.kind not in TYPED or \
                    field.name in (None, "csrf_token"):
                continue
            # Once more: what was answered before may have used up the page.
            again = browser.get(path)
            button = form.buttons[0][0]
            if not any(f.name == field.name for g in again.forms for f in g.fields
                       if button in [b[0] for b in g.buttons]):
                continue
            answer = browser.submit(again, button, change={field.name: NO_TEXT})
            n += 1
            if answer.status >= 500:
                wrong.append((path, button, field.name, answer.status))
    return wrong, n


with Site() as site:
    api = site.make_api()
    offer = entry(site, "Payments", [api], max_keys_per_developer=9)
    boss = Developer(site, "Boss One")
    asked = request_of(boss.ask(offer, "asked", site.make_cert("asked").pem))
    key = site.rest("POST", f"/requests/{asked}/approve").body["key_id"]
    boss.submit(boss.get("/portal/organisation"), "Send invitation", {"E-mail": "new@partner.example"})
    code = wait_mail("new@partner.example", r"/portal/invite\?code=(\w+)")[1]

    with case("who is not signed in"):
        stranger = Browser(site)
        page = stranger.get(f"/portal/invite?code={code}")
        answer = stranger.submit(page, "Join Boss One", {"Password": PASSWORD}, change={"name": NO_TEXT})
        is_eq(answer.status, 422, "a name that is no text, with an invitation")
        like(answer.text, "Name holds control characters, or is not UTF-8", "it says where")
        for path in (f"/portal/invite?code={code}", "/portal/join", "/portal/login", "/portal/reset"):
            wrong, n = faults_of(Browser(site), path)
            is_eq(wrong, [], f"{path.split('?')[0]}: {n} fields")
            ok(n > 0, "which it has")

    with case("a developer"):
        for path in ("/portal/organisation", f"/portal/keys/{key}", f"/portal/apis/{offer['id']}/request",
                     "/portal/account"):
            wrong, n = faults_of(boss, path)
            is_eq(wrong, [], f"{path.split('/')[2]}: {n} fields")
            ok(n > 0, "which it has")

    with case("an owner"):
        owner = Browser(site)
        owner.first_sign_in("admin", site.password, PASSWORD)
        for path in ("/admin/apis/new", "/admin/keys/new", "/admin/policies/new", "/admin/catalogue/new",
                     "/admin/settings", "/admin/users/new", "/admin/developers/new", "/admin/organisations/new"):
            wrong, n = faults_of(owner, path)
            is_eq(wrong, [], f"{path}: {n} fields")
            ok(n > 0, "which it has")

done_testing()
