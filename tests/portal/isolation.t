#!/usr/bin/python3
"""A developer can in no way see, guess, change or disturb anything of another organisation's: every
route of the portal with every id of the other's, by GET and by POST."""
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import PASSWORD, Developer, entry, request_of  # noqa: E402
import pages  # noqa: E402
from environment import TREE  # noqa: E402
from rest import without_use  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

# What a page may hold of others: what the catalogue shows to everybody.
PUBLIC = {"/portal", "/portal/", "/portal/apis/:id", "/portal/apis/:id/request"}
with open(TREE + "/cgi-bin/portal/pages.c", encoding="utf-8") as source:
    ROUTES = re.findall(r'\{"(GET|POST)", "(/portal[^"]*)"', source.read())


def snapshot(site):
    """All of the owner's that could be disturbed, as it is now."""
    found = []
    for what in ("keys", "requests", "developers", "organisations", "exposed-keys", "certificates"):
        for item in site.rest("GET", f"/{what}?limit=500").body["items"]:
            for moving in ("updated_at", "revision"):
                item.pop(moving, None)
            found.append((what, without_use(item)))
    return found


with Site() as site:
    api = site.make_api()
    payments = entry(site, "Payments", [api], max_keys_per_developer=9)
    olga, eve = Developer(site, "Olga Owner"), Developer(site, "Eve Other")
    cert, waiting_cert = site.make_cert("olga"), site.make_cert("waits")
    asked = request_of(olga.ask(payments, "Secret key name", cert.pem))
    key = site.rest("POST", f"/requests/{asked}/approve").body["key_id"]
    waiting = request_of(olga.ask(payments, "Secret request", waiting_cert.pem))
    people = site.rest("GET", "/developers").body["items"]
    owner = next(d for d in people if d["email"] == olga.email)
    ids = {"key": key, "request": asked, "waiting": waiting, "developer": owner["id"],
           "organisation": owner["organisation_id"], "entry": payments["id"],
           "name": "Secret%20key%20name", "certificate": cert.sha256}
    secrets = ["Secret key name", "Secret request", olga.name, olga.email, key, waiting, asked,
               owner["id"], owner["organisation_id"], cert.sha256]
    ok(len(ROUTES) > 30, f"the portal has routes ({len(ROUTES)})")

    def paths(route):
        """The route with each id in each of its places."""
        holes = route.count(":")
        if not holes:
            yield route
            return
        for value in ids.values():
            path = re.sub(r":id", value, route)
            yield re.sub(r":sha256", cert.sha256, re.sub(r":\w+", value, path)
                         if ":sha256" not in path else path)

    eves = next(d for d in people if d["email"] == eve.email)
    hers = (eves["id"], eves["organisation_id"])
    before = snapshot(site)
    with case("reading"):
        for method, route in ROUTES:
            if method != "GET":
                continue
            faults = []
            for path in paths(route):
                page = eve.get(path, headers={"Accept": "text/html"})
                told = [s for s in secrets if s in page.html and s not in path.replace("%20", " ")]
                if route not in PUBLIC and told:
                    faults.append(f"{path} tells {told}")
                if page.status >= 500:
                    faults.append(f"{path}: {page.status}")
                if ":" in route and route not in PUBLIC and page.status == 200 and \
                        "login" not in page.path:
                    faults.append(f"{path}: 200")
            is_eq(faults, [], f"GET {route}")

    with case("names lead nowhere, so that one's own says nothing of another's"):
        for name, same in (("Secret request", True), ("Eve alone", False)):
            own = request_of(eve.ask(payments, name, site.make_cert(f"eve {same}").pem))
            is_eq(eve.get(f"/portal/requests/{own}").status, 200, f"{name}: by its id")
            is_eq(eve.get(f"/portal/requests/{urllib.parse.quote(name)}").status, 404, f"{name}: not by its name")
            is_eq(eve.request("POST", f"/portal/requests/{urllib.parse.quote(name)}/withdraw", body=urllib.parse.urlencode(
                {"csrf_token": eve.get("/portal/keys").token()}), headers={
                    "Content-Type": "application/x-www-form-urlencoded"}).status, 404, f"{name}: nor to change it")
            site.rest("POST", f"/requests/{own}/decline")

    with case("changing"):
        token = eve.get("/portal/keys").token()
        form = {"csrf_token": token, "reason": "key_exposed", "certificate": site.make_cert("x").pem,
                "password": PASSWORD, "token_password": PASSWORD, "key_id": key, "name": "Eve's",
                "role": "manager", "do": "", "replaces": cert.sha256, "overlap_days": "0",
                "email": olga.email, "proof": "aaaa-bbbb-cccc", "code": "x"}
        for method, route in ROUTES:
            # Her own account: signing out, her password, joining and the like.
            if method != "POST" or route in ("/portal/logout", "/portal/login", "/portal/join",
                                             "/portal/reset", "/portal/account/password"):
                continue
            faults = []
            for path in paths(route):
                page = eve.request("POST", path, follow=False, body=urllib.parse.urlencode(form),
                                   headers={"Content-Type": "application/x-www-form-urlencoded"})
                told = [s for s in secrets if s in page.html and s not in path + olga.email]
                if told or page.status >= 500:
                    faults.append(f"{path}: {page.status} tells {told}")
            is_eq(faults, [], f"POST {route}")
        # What Eve asked for in her own name is hers.
        for request in site.rest("GET", "/requests").body["items"]:
            if request["developer_id"] != owner["id"]:
                site.rest("POST", f"/requests/{request['id']}/decline")
        after = [(what, item) for what, item in snapshot(site) if (what, item) not in before]
        gone = [(what, item) for what, item in before if (what, item) not in snapshot(site)]
        is_eq([g for g in gone if g[1].get("id") not in hers], [], "nothing of the owner changed")
        mine = [a for a in after if a[0] == "requests" and a[1]["developer_id"] != owner["id"]]
        is_eq([a for a in after if a not in mine and a[1].get("id") not in hers], [],
              "and nothing new is the owner's")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "the owner's key works on")

    with case("methods that a route does not take"):
        for route in sorted({route for _, route in ROUTES}):
            path = re.sub(":sha256", cert.sha256, re.sub(":id", key, route))
            faults = pages.method_faults(Browser(site), ROUTES, path) + \
                pages.method_faults(eve, ROUTES, re.sub(r":\w+", "x", route), ("GET", "POST", "PUT"))
            is_eq(faults, [], f"{route}: 405 with what it takes, to whom it may concern, whether it is there or not")
        for method in ("POST", "PUT"):
            is_eq(Browser(site).request(method, "/portal/nothing", follow=False).status, 404, f"{method} to no page")
        answer = site.curl("/portal/renew", "-X", "PUT", cert=cert, data=b"x")
        is_eq((answer.status, answer.headers.get("allow"), answer.json()["code"]), (405, "POST", "method_not_allowed"),
              "a program hears it as one")
        shown = re.search(r'"(/portal/assets/[^"]+)"', Browser(site).get("/portal/").html)[1]
        answer = Browser(site).request("DELETE", shown, follow=False)
        is_eq((answer.status, answer.header("Allow")), (405, "GET, HEAD"), "an asset")

    with case("signed out"):
        nobody = eve
        nobody.cookies = {}
        for method, route in ROUTES:
            faults = []
            for path in paths(route):
                page = nobody.request(method, path, follow=False,
                                      headers={"Accept": "text/html"})
                told = [s for s in secrets if s in page.html and s not in path.replace("%20", " ")]
                if route not in PUBLIC and told:
                    faults.append(f"{path} tells {told}")
            is_eq(faults, [], f"{method} {route}")

    with case("a developer who is switched off"):
        site.rest("PATCH", f"/developers/{owner['id']}", {"active": False})
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 403, "stops at the next request")
        is_eq(site.rest("POST", f"/requests/{waiting}/approve").body["code"], "developer_inactive",
              "and cannot be approved")
        site.rest("PATCH", f"/developers/{owner['id']}", {"active": True})
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "and comes back")
done_testing()
