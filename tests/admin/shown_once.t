#!/usr/bin/python3
"""Secrets that a page shows once, and their forms sent twice, one after the other and at once: one answer shows
a secret, which works; the other says so, and offers on its page what gives another one.  No more is made than
somebody may have seen."""
import datetime
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from pages import Browser, at_once, pressed  # noqa: E402
from portal import PASSWORD, Developer, entry  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

SECRET = re.compile(r"<pre [^>]*data-copy[^>]*>([a-z2-7]{26}|[a-z2-7]{52})</pre>")
ROUNDS = 2


def secret_of(page):
    found = SECRET.search(page.html)
    return found and found[1]


def calls(path):
    return lambda token: site.curl(path, "-H", f"Authorization: {token}").status == 200


def signs_in(name):
    """With a one-time password, which has to be changed then."""
    return lambda password: Browser(site).sign_in(name, password).path == "/admin/password"


def tokens_of(key):
    """How many of them work, or would."""
    found = site.must("GET", f"/keys/{key}")["credentials"]
    return len([c for c in found if c["type"] == "token" and c["active"]])


def add_another(page):
    return boss.submit(boss.get(page.link("add another one")), "Add", {"Auth token": True})


class Pressed:
    """One form, ready to be sent: the browser, its page, the button and what is typed.  works: whether a secret
    does; made: how many there are; another: of the page that shows none, the one that shows another."""

    def __init__(self, browser, page, button, values, works, made, another):
        self.browser, self.page, self.button, self.values = browser, page, button, values
        self.works, self.made, self.another = works, made, another


def rest_token(name):
    def made():
        return site.must("GET", f"/tokens?q={name}")["items"]

    def another(page):
        before = made()[0]
        page, again = one_after_the_other(*[pressed(boss, page, f"End {name} and make another")] * 2)
        like(again.text, "The token was made already", "also that is asked for twice and done once")
        after = made()
        is_eq(([{n: t[n] for n in ("name", "role", "expires_at", "owner_id")} for t in after], after[0]["id"] == before["id"]),
              ([{n: before[n] for n in ("name", "role", "expires_at", "owner_id")}], False),
              "the one that nobody saw has ended, and what it might do is the next one's")
        return page

    return Pressed(boss, boss.get("/admin/tokens"), "Create",
                   {"Name": name, "Administrator": True, "Expires on": (
                       datetime.date.today() + datetime.timedelta(days=60)).isoformat()},
                   lambda token: site.rest("GET", "/keys", token=token).status == 200, lambda: len(made()), another)


def new_key(name):
    def made():
        found = site.must("GET", f"/keys?q={name}")["items"]
        return sum(tokens_of(key["id"]) for key in found)
    return Pressed(boss, boss.get("/admin/keys/new"), "Create", {"Name": name, "Auth token": True, "one": True},
                   calls("/one/x"), made, add_another)


def rotate(name):
    key = site.make_key(name, site.make_cert(name), one)["id"]
    return Pressed(boss, boss.get(f"/admin/keys/{key}/credentials/new"), "Add", {"Auth token": True},
                   calls("/one/x"), lambda: tokens_of(key), add_another)


def new_user(name):
    return Pressed(boss, boss.get("/admin/users/new"), "Create", {"Name": name, "Viewer": True}, signs_in(name),
                   lambda: len(site.must("GET", f"/users?q={name}")["items"]),
                   lambda page: boss.submit(page, "Give a one-time password"))


def reset(name):
    user = site.must("POST", "/users", {"name": name, "role": "viewer", "password": PASSWORD}, 201)
    return Pressed(boss, boss.get("/admin/users/" + user["id"]), "Give a one-time password", {}, signs_in(name),
                   lambda: len([e for e in site.must("GET", "/audit?limit=500")["items"]
                                if e["action"] == "user.reset" and e["subject_id"] == user["id"]]),
                   lambda page: boss.submit(page, "Give a one-time password"))


def portal_token(name, had=0):
    page = ann.submit(ann.form(offer), "Request key", {"Key name": name})
    key = page.path.split("?")[0].rsplit("/", 1)[-1]
    for _ in range(had):
        ann.submit(page, "Make the token")
        page = ann.get(f"/portal/keys/{key}")
    return Pressed(ann, page, *(("Make another token", {"Password": PASSWORD}) if had else ("Make the token", {})),
                   calls("/two/x"), lambda: tokens_of(key) - had,
                   lambda page: ann.submit(page, "Make another token", {"Password": PASSWORD}))


# What is made, by which form, and the template that shows it.
FORMS = (("REST token", rest_token, "admin/token-made.tpl"),
         ("key with a token", new_key, "admin/token.tpl"),
         ("further token", rotate, "admin/token.tpl"),
         ("user", new_user, "admin/user-password.tpl"),
         ("one-time password", reset, "admin/user-password.tpl"),
         ("first token in the portal", portal_token, "portal/token-made.tpl"),
         ("next token in the portal", lambda name: portal_token(name, 1), "portal/token-made.tpl"))


def one_after_the_other(*presses):
    return [press() for press in presses]


with case("the table"):
    shows = {f"{folder}/{name}" for folder in ("admin", "portal") for name in os.listdir(f"{TREE}/templates/{folder}")
             if re.search(r"<pre [^>]*>{{(token|password|secret)}}</pre>",
                          open(f"{TREE}/templates/{folder}/{name}", encoding="utf-8").read())}
    is_eq(sorted(shows), sorted({template for _, _, template in FORMS}), "has every page that shows a secret")

site = Site(admins=2, portals=2)
with site:
    boss = owner(site)
    one = site.make_api("one", "/one/", auth={"use_token": True, "use_certificate": True})
    two = site.make_api("two", "/two/", auth={"use_token": True})
    offer = entry(site, "Quotes", [two], approval="automatic", max_keys_per_developer=100)
    ann = Developer(site, "Ann Partner")

    def sent(what, name, how):
        form = what(name)
        answers = how(*[pressed(form.browser, form.page, form.button, form.values)] * 2)
        secrets = [secret_of(page) for page in answers]
        is_eq(([page.status for page in answers], len([s for s in secrets if s])), ([200, 200], 1),
              "one answer shows a secret") or diag(*[page.text for page in answers])
        ok(form.works([s for s in secrets if s][0]), "which works")
        is_eq(form.made(), 1, "and is all that was made")
        silent = [page for page, s in zip(answers, secrets) if not s][0]
        like(silent.html, 'class="note note--warn"', "the other one says so")
        like(silent.text, "pressed the button twice|sent twice", "and why")
        another = secret_of(form.another(silent))
        ok(another and another not in secrets and form.works(another), "and leads to another one")

    for what, form, _ in FORMS:
        mark = re.sub("[^a-z]", "", what.lower())
        with case(f"{what}, sent one after the other"):
            sent(form, mark + "after", one_after_the_other)
        for i in range(ROUNDS):
            with case(f"{what}, sent at once, {i}"):
                sent(form, f"{mark}once{i}", at_once)

    with case("what another administrator adds meanwhile"):
        key = site.make_key("shared", site.make_cert("shared"), one)["id"]
        path, theirs, ours = f"/admin/keys/{key}/credentials/new", site.make_cert("theirs"), site.make_cert("ours")
        page = boss.get(path)
        site.must("POST", f"/keys/{key}/credentials", {"certificate": theirs.pem}, 201)
        told = boss.submit(page, "Add", {"Certificate (PEM)": ours.pem})
        like(told.text, "The certificate was added", "does not keep a certificate out")
        is_eq(site.curl("/one/x", cert=ours).status, 200, "which works")
        told = boss.submit(page, "Add", {"Auth token": True})
        like(told.text, "No second token was made.*since that form was opened", "a token is not made")
        ok("certificate was added" not in told.text, "and nothing else is told")
        is_eq(tokens_of(key), 0, "there is none")
        page = boss.get("/admin/users/" + site.must("POST", "/users", {
            "name": "meanwhile", "role": "viewer", "password": PASSWORD}, 201)["id"])
        boss.submit(page, "Save", {"Name": "meanwhile too"})
        told = boss.submit(page, "Give a one-time password")
        like(told.text, "No second one-time password was given", "nor a password given of a page that is old")
        is_eq(signs_in("meanwhile too")(PASSWORD), False, "the old one holds: it need not be changed")
        like(Browser(site).sign_in("meanwhile too", PASSWORD).path, "^/admin/$", "and signs in")

    with case("a certificate that the key had before"):
        for meanwhile in (False, True):
            old, next_one = site.make_cert(f"had {meanwhile}"), site.make_cert(f"next {meanwhile}")
            its = site.make_key(f"has {meanwhile}", old, one)["id"]
            page = boss.get(f"/admin/keys/{its}/credentials/new")
            if meanwhile:
                made = int(time.time())
                wait_until(lambda m=made: time.time() >= m + 1, "the next second, by which the older one is told")
                site.must("POST", f"/keys/{its}/credentials", {"certificate": site.make_cert("third").pem}, 201)
            told = boss.submit(page, "Add", {"Certificate (PEM)": old.pem})
            is_eq(told.status, 409, "is not added once more")
            like(told.text, "This key has the certificate already", "and the form says so")
            ok("certificate was added" not in told.text, "and nothing else")
            for press in 1, 2:
                told = boss.submit(page, "Add", {"Certificate (PEM)": next_one.pem})
                like(told.text, "The certificate was added", f"the next one is, press {press}")

    with case("a private key that came with the certificate"):
        both = site.make_cert("both")
        with open(both.key, encoding="ascii") as file:
            text = both.pem + file.read()
        for button, page in (("Create", boss.get("/admin/keys/new")),
                             ("Add", boss.get(f"/admin/keys/{key}/credentials/new"))):
            if button == "Add":
                site.must("DELETE", "/certificates/" + both.sha256 + "?cascade=true", None, 204)
            for _ in range(2):
                told = boss.submit(page, button, {"Certificate (PEM)": text,
                                                  **({"Name": "both"} if button == "Create" else {})})
                like(told.text, "The private key was dropped", f"{button}: is told, however often it was sent")

done_testing()
