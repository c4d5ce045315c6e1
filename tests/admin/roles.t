#!/usr/bin/python3
"""Who may do what: every route of the REST interface and every page, for nobody, viewers, administrators
and owners."""
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from pages import Browser  # noqa: E402
from show_pages import PASSWORD, fill, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

ROLES = ("nobody", "viewer", "admin", "owner")
site = Site(plain=True)


def sources(path, pattern):
    with open(TREE + path, encoding="utf-8") as source:
        return re.findall(pattern, source.read())


with site:
    boss = owner(site)
    tokens = {"nobody": "", "owner": site.token}
    people = {"nobody": Browser(site), "owner": boss}
    for role in ("viewer", "admin"):
        site.rest("POST", "/users", {"name": role + "-one", "role": role, "password": PASSWORD})
        people[role] = Browser(site)
        people[role].sign_in(role + "-one", PASSWORD)
        tokens[role] = site.rest("POST", "/tokens", {"name": role, "role": role}).body["token"]
    site.make_key("Key", site.make_cert("one"), site.make_api())

    def contents():
        """Everything, but for when it was used."""
        done = site.certgate("export", "-")
        records = json.loads(done.stdout)
        records.pop("audit")
        for token in records["tokens"]:
            token.pop("last_used_at", None)
        return {n: r for n, r in records.items() if n != "exported_at"}

    with case("REST"):
        table = sources("/cgi-bin/admin/rest/rest.c",
                        r'\{\{"([A-Z]+)", REST_BASE "([^"]+)", ([A-Z_0 |]+), \w+\}')
        ok(len(table) > 40, f"the program's table is found ({len(table)})")
        owners = {p.split("/")[1] for _, p, flags in table if "REST_OWNER" in flags}
        ok({"users", "tokens", "settings"} <= owners, "settings, tokens and users are for owners alone")
        before = contents()
        for method, path, flags in table:
            real = re.sub(r":\w+", "0" * 64, path)
            body = None if method in ("GET", "DELETE") else {}
            for role in ROLES:
                got = site.rest(method, real, body, token=tokens[role])
                if "REST_OPEN" in flags:
                    want = got.status == 200
                elif role == "nobody":
                    want = got.status == 401
                elif ("REST_OWNER" in flags and role != "owner") or \
                        ((method != "GET" or path.endswith("/export")) and role == "viewer"):
                    # What is kept of a person is for administrators.
                    want = got.status == 403
                else:
                    want = got.status not in (401, 403) and got.status < 500
                ok(want, f"{role}: {method} {path} is {got.status}")
        ok(contents() == before, "and nothing was changed")

    with case("pages"):
        table = sources("/cgi-bin/admin/pages/pages.c",
                        r'\{"(GET|POST)", "(/admin[^"]*)", ([A-Z_0 |]+), \w+\}')
        ok(len(table) > 60, f"the program's table is found ({len(table)})")
        before = contents()
        for method, path, flags in table:
            if path in ("/admin/login", "/admin/logout", "/admin/password"):
                continue
            real = re.sub(r":\w+", "0" * 64, path)
            for role in ROLES:
                body, headers = None, {}
                if method == "POST":
                    # With a right form token: the right alone decides.
                    token = people[role].get("/admin/").token() or ""
                    body = urllib.parse.urlencode({"csrf_token": token})
                    headers = {"Content-Type": "application/x-www-form-urlencoded"}
                got = people[role].request(method, real, body, headers, follow=False)
                if role == "nobody":
                    want = got.status == 303 and got.header("Location") == "/admin/login"
                elif ("PAGE_OWNER" in flags and role != "owner") or \
                        ("PAGE_ADMIN" in flags and role == "viewer"):
                    want = got.status == 403
                else:
                    want = got.status not in (401, 403) and got.status < 500
                ok(want, f"{role}: {method} {path} is {got.status}")
            ok(method == "GET" or "PAGE_ADMIN" in flags or "PAGE_OWNER" in flags,
               f"{path}: what changes something says who may")
        ok(contents() == before, "and nothing was changed")

    with case("what viewers see"):
        viewer, pages = people["viewer"], fill(site)
        mine = [path for method, path, flags in table
                if method == "GET" and "PAGE_ADMIN" not in flags and "PAGE_OWNER" not in flags]
        # Of each page with a record's id one that is there.
        shown = [path for path in mine if ":" not in path] + \
            [next((real for real in pages.values() if re.fullmatch(re.sub(r":\w+", "[0-9a-z]{26,}", path), real)), None)
             for path in mine if ":" in path and not path.endswith("/pem")]
        is_eq((shown.count(None), len(shown) > 20), (0, True), f"every page is looked at ({len(shown)})")
        for path in filter(None, shown):
            page = viewer.get(path)
            is_eq(page.status, 200, f"{path}: is shown")
            posts = {f.action for f in page.forms if f.method == "POST"}
            ok(posts <= {"/admin/logout", "/admin/password", "/admin/login"},
               f"{path}: no form that does not work") or diag(*posts)
            links = {h.split("?")[0] for _, h in page.links if h.startswith("/admin/")}
            shut = {re.sub(r":\w+", "[^/]+", p) for m, p, f in table
                    if m == "GET" and ("PAGE_ADMIN" in f or "PAGE_OWNER" in f)}
            is_eq(sorted(h for h in links if any(re.fullmatch(s, h) for s in shut) and
                         not any(re.fullmatch(re.sub(r":\w+", "[^/]+", p), h) for m, p, f in table
                                 if m == "GET" and "PAGE_ADMIN" not in f and "PAGE_OWNER" not in f)), [],
                  f"{path}: no link that leads to a refusal")

done_testing()
