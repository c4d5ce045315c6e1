#!/usr/bin/python3
"""A developer can in no way see, guess, change or disturb anything of another: every route of the
portal, with every id of the other's, in the first one's session."""
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certgate_test import *  # noqa: E402
from portal import Developer, entry, pem, request_of  # noqa: E402

# What a form might send, whatever it is: the walk fills in all of it.
FIELDS = {"name": "Taken over", "email": "mallory@partner.example", "contacts": "mallory@partner.example", "role": "member",
          "revision": "1", "reason": "other", "current": "x", "new": "mallory's password", "repeat": "mallory's password",
          "password": "correct horse battery staple", "overlap_days": "0", "code": "a" * 52, "active": "off"}


def routes():
    """The program's own table."""
    with open(TREE + "/cgi-bin/portal/pages.c", encoding="utf-8") as source:
        text = source.read()
    table = re.search(r"portal_routes\[\] = \{(.*?)\n\};", text, re.S)[1]
    return re.findall(r'\{"([A-Z]+)", "([^"]+)", ([^,]+),', table)


def records(site):
    """Everything that there is, but for what merely counts."""
    out = {}
    for kind in ("organisations", "developers", "keys", "requests", "catalogue"):
        for one in site.rest("GET", f"/{kind}?limit=500").body["items"]:
            out[kind, one["id"]] = {n: v for n, v in one.items() if n not in ("last_used_at", "first_used_at", "credentials")}
            if kind == "keys":
                creds = site.rest("GET", f"/keys/{one['id']}/credentials").body["items"]
                out["credentials", one["id"]] = [{n: v for n, v in c.items() if "used_at" not in n} for c in creds]
    return out


def seen(page, ids):
    """All of an answer, but for what is random and the id that was asked for."""
    html = page.html
    for one in ids:
        html = html.replace(one, "ID")
    html = re.sub(r"\b[0-9a-f]{64}\b|\b[a-z2-7]{26}\b", "RANDOM", html)
    return page.status, html


with Site() as site:
    api = site.make_api()
    offer = entry(site, "Payments", [api])
    auto = entry(site, "Quotes", [api], approval="automatic")
    eve, bob = Developer(site, "Eve Walker"), Developer(site, "Bob Quietly")
    cert, spare, own = (site.make_cert(n) for n in ("bob", "bobspare", "eve"))
    bob.ask(auto, "Bobs first key", pem(cert))
    waiting = request_of(bob.ask(offer, "Bobs second key", pem(spare)))
    eve.ask(auto, "Eves key", pem(own))
    bobs = site.rest("GET", "/developers?q=bob.quietly@").body["items"][0]
    approved = next(r for r in site.rest("GET", "/requests").body["items"] if r["name"] == "Bobs first key")
    bob_request, key = approved["id"], approved["key_id"]
    ids = {"key": key, "request": waiting, "approved": bob_request, "developer": bobs["id"],
           "organisation": bobs["organisation_id"]}
    hidden = ["Bob Quietly", "bob.quietly@", "Bobs first key", "Bobs second key", cert.sha256, spare.sha256, *ids.values()]
    digests = {cert.sha256, spare.sha256}
    nobody = {"id": "a" * 26, "sha256": "0" * 64}
    before = records(site)
    table = routes()
    ok(len(table) > 30, f"the table has its routes ({len(table)})")
    walked = 0
    for method, path, flags in table:
        if path in ("/portal/logout", "/portal/account/password"):
            continue  # eve's own session and password: not bob's affair
        if path.endswith("/login"):
            continue
        tried = [{}]
        if ":id" in path and "/apis/" not in path:
            tried = [{"id": one} for one in ids.values()]
        elif ":id" in path:
            tried = [{"id": offer["id"]}]
        if ":sha256" in path:
            tried = [{**t, "sha256": d} for t in tried for d in digests]
        for t in tried:
            def fill(values):
                return re.sub(r":(\w+)", lambda m: values.get(m[1], nobody[m[1]]), path)
            token = eve.get("/portal/account").token()
            fields = {**FIELDS, "csrf_token": token, "developer_id": bobs["id"], "organisation_id": bobs["organisation_id"],
                      "key_id": key, "sha256": cert.sha256, "replaces": cert.sha256}
            # Nothing of eve's own shall change while she tries: it would look like bob's.
            if method == "POST" and not t and path != "/portal/organisation/invite":
                continue

            def call(values):
                if method == "GET":
                    query = "" if ":" in path else "?" + urllib.parse.urlencode(
                        {n: v for n, v in fields.items() if n != "csrf_token"})
                    return eve.get(fill(values) + query)
                return eve.request("POST", fill(values), body=urllib.parse.urlencode(fields), headers={
                    "Content-Type": "application/x-www-form-urlencoded"})
            page = call(t)
            walked += 1
            name = f"{method} {path} {next((n for n, v in ids.items() if v == t.get('id')), '')}"
            # What she typed herself may come back to her.
            typed = {*t.values(), *fields.values()}
            found = [h for h in hidden if h in page.html and h not in typed]
            is_eq(found, [], f"{name}: nothing of bob's is shown")
            if t and "/apis/" not in path:
                other = call(nobody)
                is_eq(seen(page, t.values()), seen(other, nobody.values()), f"{name}: as if there were none")
                ok(page.status in (403, 404), f"{name}: {page.status}")
    ok(walked > 80, f"the walk was one ({walked} calls)")
    after = records(site)
    is_eq({k for k in before if before[k] != after.get(k)}, set(), "nothing has changed, bob's or anybody's")
    is_eq(set(after) - set(before), set(), "nothing was made")

    with case("bob"):
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "calls as before")
        like(bob.get("/portal/keys").text, "Bobs first key", "sees his key")
        like(bob.get(f"/portal/requests/{waiting}").text, "Waiting", "and his request")

    with case("a claim on bob's certificate"):
        page = eve.ask(offer, "Mine", pem(cert))
        like(page.text, "in use", "is told as in use")
        unlike(page.text, "Bob", "not by whom")
        is_eq({k: v for k, v in records(site).items() if k in before}, before, "and changes nothing of his")
done_testing()
