#!/usr/bin/python3
"""Whoever goes back to a form that he has sent, types something else and sends it again gets a second record;
the same once more makes none.  Browsers that keep the page as it was send the same hidden fields."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import at_once, pressed  # noqa: E402
from portal import Developer, entry  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, done_testing, is_eq, like  # noqa: E402
from website import Site  # noqa: E402

site = Site(admins=2, portals=2)
with site:
    boss = owner(site)
    api = site.make_api("one", "/one/")
    offer = entry(site, "Payments", [api], max_keys_per_developer=100)
    stranger = site.make_cert("stranger")
    site.curl("/one/x", cert=stranger)
    ann = Developer(site, "Ann Partner")
    policy = site.rest("GET", "/policies").body["items"][0]

    def cert(name):
        return site.make_cert(name).pem

    # Where the form is, its button, what it makes, and what is typed for a name.
    FORMS = (
        (boss, "/admin/apis/new", "Create", "apis",
         lambda n: {"Name": n, "Listen path": f"/{n}/", "Target URL": site.upstream_url}),
        (boss, "/admin/policies/new", "Create", "policies", lambda n: {"Name": n}),
        (boss, "/admin/keys/new", "Create", "keys", lambda n: {"Name": n, "Certificate (PEM)": cert(n)}),
        (boss, "/admin/keys/new", "Create", "keys", lambda n: {"Name": n + "t", "Auth token": True}),
        (boss, "/admin/catalogue/new", "Create", "catalogue", lambda n: {"Name": n, "Policy": [policy["name"]]}),
        (boss, "/admin/organisations/new", "Create", "organisations", lambda n: {"Name": n}),
        (boss, "/admin/developers/new", "Create", "developers",
         lambda n: {"Name": n, "E-mail": f"{n}@one.example", "Password": PASSWORD, "Organisation": "Ann Partner"}),
        (boss, "/admin/users/new", "Create", "users", lambda n: {"Name": n}),
        (boss, "/admin/tokens", "Create", "tokens", lambda n: {"Name": n}),
        (ann, f"/portal/apis/{offer['id']}/request", "Request key", "requests",
         lambda n: {"Key name": n, "Public certificate (PEM)": cert(n)}),
    )

    def names(kind):
        return sorted(r["name"] for r in site.rest("GET", f"/{kind}?limit=500").body["items"])

    for number, (browser, path, button, kind, typed) in enumerate(FORMS):
        with case(f"{path}: {kind}, {number}"):
            before, form = names(kind), browser.get(path)
            first, second = (typed(f"{word}{number}") for word in ("first", "second"))
            made = [next(iter(values.values())) for values in (first, second)]
            page = browser.submit(form, button, first)
            like(page.text, made[0], "is made")
            page = browser.submit(form, button, second)
            like(page.text, made[1], "something else makes another one, which is shown")
            is_eq(names(kind), sorted(before + made), "both are there")
            browser.submit(form, button, second)
            at_once(*[pressed(browser, form, button, first)] * 2)
            is_eq(names(kind), sorted(before + made), "the same once more, and at once, makes nothing")

    with case("what stands in the way of another one is told"):
        form = boss.get("/admin/keys/new")
        values = {"Name": "first", "Certificate (PEM)": cert("way")}
        boss.submit(form, "Create", values)
        page = boss.submit(form, "Create", {**values, "Name": "second"})
        is_eq(page.status, 409, "the certificate belongs to the first")
        like(page.text, "belongs to|in use", "which is said")
        is_eq([n for n in names("keys") if n == "second"], [], "and nothing is made")
done_testing()
