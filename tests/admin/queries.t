#!/usr/bin/python3
"""One rule for what stands in the query of a REST route: a parameter that is not known, is there twice or
cannot be read is refused on every route, a value that cannot be one as well, and a cursor counts for the
question that gave it.  The table of routes is openapi.json's."""
import datetime
import itertools
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from show_pages import owner  # noqa: E402
from portal import PASSWORD, entry  # noqa: E402
from processes import wait_until  # noqa: E402
from rest import BASE, NOWHERE  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
api = site.make_api()
cert = site.make_cert("one")
site.make_key("One", cert, api)
doc = site.rest("GET", "/openapi.json").body


def told(answer):
    body = answer.body if isinstance(answer.body, dict) else {}
    return answer.status, body.get("code"), [e["field"] for e in body.get("errors", [])]


with case("every route"):
    asked = 0
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            plain = re.sub(r"\{[a-z0-9_]+\}", NOWHERE, path[len(BASE):])
            known = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
            body = {} if method in ("post", "patch", "put") else None
            asked += 1
            wrong = []
            for query in ("x=1", "x", "=1", "Q=1", "limit%00=1", "LIMIT=1", "%zz=1", "x=%zz", "filter[a]=b",
                          *(f"{n}={v}&{n}={v}" for n, v in ((n, "true" if n == "cascade" else "1") for n in known)),
                          *(() if "limit" in known else ("limit=1",)), *(() if "q" in known else ("q=1",))):
                answer = site.rest(method.upper(), f"{plain}?{query}", body)
                if answer.status != 400:
                    wrong.append((query, answer.status))
            is_eq(wrong, [], f"{method.upper()} {path}: 400 for what it does not know")
            answer = site.rest(method.upper(), f"{plain}?x=1", body)
            if not (ok(told(answer)[1] == "unknown_parameter" and "“x”" in answer.body["detail"], "naming it")):
                diag(repr(answer))
    ok(asked > 60, f"{asked} routes")
    is_eq(site.rest("GET", "/settings?x=1").status, 400, "the settings too")
    is_eq(site.rest("GET", "/keys?x=1", token="wrong").status, 401, "who may not ask is told nothing of it")
    is_eq(len(site.rest("GET", "/keys").body["items"]), 1, "nothing was made or removed by any")

with case("words"):
    for path, field in (("/requests?status=bogus", "status"), ("/requests?status=", "status"),
                        ("/requests?status=PENDING", "status"), ("/requests?cursor=x&status=pending", "cursor"),
                        ("/requests?cursor=1.&status=pending", "cursor"), ("/usage?step=week", "step"),
                        ("/usage?group_by=owner", "group_by"), ("/usage?group_by=", "group_by"),
                        ("/reports/access?format=xml", "format"), ("/reports/access?at=yesterday", "at"),
                        ("/keys?status=bogus", "status"), ("/keys?credential=x", "credential")):
        is_eq(told(site.rest("GET", path)), (422, "bad_value", [field]), f"{path}: 422")

with case("all that is wrong with a question is told at once"):
    for path, query in (("/usage", "limit=0&to=x&from=x&step=x&group_by=x&api_id=none&key_id=none"),
                        ("/reports/access", "limit=0&at=x&format=x"), ("/refusals", "limit=0&code=x&sha256=x&api_id=none"),
                        ("/requests", "limit=0&status=x&developer_id=none&catalogue_id=none&key_id=none"),
                        ("/keys", "limit=0&cursor=x&status=&tag=&api_id=none&policy_id=none"),
                        ("/keys", "credential=x&api_id=&policy_id=&organisation_id=none"),
                        ("/apis", "limit=0&cursor=x"), ("/requests", "limit=0&cursor=x"),
                        (f"/users/{site.rest('GET', '/users').body['items'][0]['id']}/certificates", "limit=0&cursor=x"),
                        ("/keys", "status=x&credential=x&api_id=none&policy_id=none&organisation_id=none")):
        names = [part.split("=")[0] for part in query.split("&")]
        for some in [*([n] for n in names), *itertools.combinations(names, 2), names]:
            answer = site.rest("GET", f"{path}?" + "&".join(p for p in query.split("&") if p.split("=")[0] in some))
            is_eq((answer.status, sorted(e["field"] for e in answer.body.get("errors", []))), (422, sorted(some)),
                  f"{path}: {', '.join(some)}")

with case("requests"):
    offers = [entry(site, f"Offer {n}", [api], max_keys_per_developer=100) for n in range(2)]
    people = [site.rest("POST", "/developers", {"name": f"Dev {n}", "email": f"dev{n}@example.org",
                                                "password": PASSWORD}).body for n in range(2)]
    made = []
    for n in range(8):
        answer = site.rest("POST", "/requests", {
            "name": f"Key {n}", "developer_id": people[n % 2]["id"], "catalogue_id": offers[n // 4]["id"],
            "certificate": site.make_cert(f"r{n}").pem})
        is_eq(answer.status, 201, f"request {n}")
        made.append(answer.body)
    for n in (1, 2):
        site.rest("POST", f"/requests/{made[n]['id']}/decline", {"reason": "no"})
        made[n]["status"] = "declined"

    def listed(limit=50, **query):
        found, cursor = [], None
        for _ in range(20):
            more = {"cursor": cursor} if cursor else {}
            body = site.rest("GET", "/requests?" + urllib.parse.urlencode({**query, "limit": limit, **more})).body
            found += [r["id"] for r in body["items"]]
            cursor = body["next"]
            if not cursor:
                break
        return found

    for query in ({"status": "pending"}, {"developer_id": people[0]["id"]}, {"catalogue_id": offers[1]["id"]},
                  {"status": "declined", "developer_id": people[1]["id"]},
                  {"status": "pending", "developer_id": people[0]["id"], "catalogue_id": offers[0]["id"]},
                  {"developer_id": people[0]["id"], "catalogue_id": offers[1]["id"]}):
        wanted = {r["id"] for r in made if all(r[n] == v for n, v in query.items())}
        for limit in (1, 3, 50):
            found = listed(limit, **query)
            is_eq((set(found), len(found)), (wanted, len(wanted)), f"{list(query)}: all fit, pages of {limit}")
    first = site.rest("GET", "/requests?status=pending&limit=2").body
    rest_of = [i for i in listed(status="pending") if i not in [r["id"] for r in first["items"]]]
    site.rest("POST", f"/requests/{first['items'][1]['id']}/decline", {"reason": "no"})
    second = site.rest("GET", f"/requests?status=pending&limit=50&cursor={first['next']}").body
    is_eq([r["id"] for r in second["items"]], rest_of, "a cursor outlives the request it stands on")

with case("cursors of the usage"):
    for n in range(3):
        site.curl("/mtls-api/x", cert=cert)
        site.curl(f"/nowhere-{n}/")
    now = datetime.datetime.now(datetime.timezone.utc)
    wait_until(lambda: len(site.rest("GET", "/usage?group_by=code").body["items"]) > 1, "the counts")
    question = {"group_by": "code", "limit": 1}

    def ask(**query):
        return site.rest("GET", "/usage?" + urllib.parse.urlencode(query))

    first = ask(**question).body
    ok(first["next"], "there is a next page")
    is_eq(len(ask(**question, cursor=first["next"]).body["items"]), 1, "of its own question")
    for other in ({"group_by": "status"}, {"group_by": "api"}, {}, {"group_by": "code", "step": "hour"},
                  {"group_by": "code", "api_id": api["id"]}, {"group_by": "code", "key_id": "One"},
                  {"group_by": "code", "api_id": ""},
                  {"group_by": "code", "from": (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")},
                  {"group_by": "code", "to": now.strftime("%Y-%m-%dT%H:%M:%SZ")}):
        is_eq(told(ask(**other, cursor=first["next"])), (422, "bad_value", ["cursor"]), f"not of {other}")
    for bad in ("x", "", ".", first["next"] + "x" * 3000, first["next"].split(".", 1)[1]):
        answer = ask(**question, cursor=bad)
        ok(answer.status == 422 or bad.startswith(first["next"]), f"not {bad[:20]!r}")

with case("by name, and of what there is no more"):
    name = "Größe  und Maß"
    second = site.make_api(name, "/second/")
    gone = site.make_key("Gone soon", site.make_cert("gone"), second)
    site.curl("/second/x", cert=site.make_cert("unknown"))
    site.make_key("Twin", token=True)
    site.make_key("Twin", token=True)

    def quote(text):
        return urllib.parse.quote(text, safe="")

    wait_until(lambda: site.rest("GET", f"/usage?api_id={second['id']}").body["items"], "the counts")
    wanted = site.rest("GET", f"/usage?api_id={second['id']}").body["items"][0]["requests"]
    for typed in ("Größe und Maß", "Größe  und Maß", "Gro\u0308ße und Maß"):
        body = site.rest("GET", f"/usage?api_id={quote(typed)}").body
        is_eq([i["requests"] for i in body.get("items", [])], [wanted], f"usage?api_id={typed!r}")
        body = site.rest("GET", f"/refusals?api_id={quote(typed)}").body
        is_eq([r["api_id"] for r in body.get("items", [])], [second["id"]], f"refusals?api_id={typed!r}")
    is_eq(site.rest("GET", "/usage?key_id=One&api_id=mtls-api").status, 200, "usage of a key and an API by name")
    is_eq(site.rest("GET", "/usage?key_id=").status, 200, "and of no key")
    people = {p["name"]: p["id"] for p in site.rest("GET", "/developers").body["items"]}
    for query in ("developer_id=Dev%200", "catalogue_id=Offer%200", f"developer_id={people['Dev 0']}&status=pending"):
        is_eq(len(site.rest("GET", f"/requests?{query}").body.get("items", [])) > 0, True, f"requests?{query}")
    for path, fields in (("/usage?api_id=nothing", ["api_id"]), (f"/usage?key_id={NOWHERE}", ["key_id"]),
                         ("/usage?key_id=Twin", ["key_id"]), ("/usage?api_id=x&key_id=y", ["api_id", "key_id"]),
                         (f"/usage?api_id={gone['id']}", ["api_id"]), ("/refusals?api_id=nothing", ["api_id"]),
                         ("/refusals?code=not_a_code", ["code"]), ("/refusals?code=", ["code"]),
                         ("/refusals?code=allowed", ["code"]), ("/refusals?code=x&api_id=y", ["code", "api_id"]),
                         ("/requests?developer_id=nobody", ["developer_id"]),
                         ("/requests?catalogue_id=nothing&key_id=x", ["catalogue_id", "key_id"])):
        answer = site.rest("GET", path)
        is_eq(told(answer), (422, "bad_value", fields), f"{path}: 422")
        first = (answer.body.get("errors") or [{"message": "no fault"}])[0]
        is_eq(answer.body.get("detail"), f"{fields[0]}: {first['message']}", f"{path}: the sentence is of the first fault")
    message = site.rest("GET", "/refusals?code=not_a_code").body["errors"][0]["message"]
    like(message, "rate_limited.*upstream_timeout", "all the codes are named")
    for code in re.findall("[a-z_]{8,}", message.split(":")[1]):
        is_eq(site.rest("GET", f"/refusals?code={code}").status, 200, f"{code} is one")
    is_eq(site.rest("DELETE", f"/keys/{gone['id']}").status, 204, "the key goes")
    is_eq(site.rest("DELETE", f"/apis/{second['id']}").status, 204, "the API goes")
    for path in (f"/usage?api_id={second['id']}", f"/refusals?api_id={second['id']}"):
        is_eq(len(site.rest("GET", path).body.get("items", [])) > 0, True, f"{path}: what is kept of it is told by its id")
    is_eq(site.rest("GET", f"/usage?key_id={gone['id']}").status, 200, "of the key, too")
    is_eq(told(site.rest("GET", f"/usage?api_id={quote(name)}")), (422, "bad_value", ["api_id"]), "by name it is no more")
    boss = owner(site)
    for path, status in ((f"monitoring?api_id={second['id']}", 200), (f"monitoring?key_id={gone['id']}", 200),
                         ("monitoring?api_id=mtls-api", 200), ("monitoring?api_id=nothing", 422),
                         (f"refusals?api_id={second['id']}", 200), ("refusals?api_id=mtls-api", 200),
                         ("refusals?api_id=nothing", 422), ("refusals?code=not_a_code", 422),
                         ("refusals?code=rate_limited", 200)):
        is_eq(boss.get(f"/admin/{path}").status, status, f"/admin/{path}: {status}")

with case("numbers"):
    raw = site.curl("/admin/api/v1/usage?group_by=code", "-H", f"Authorization: Bearer {site.token}").body
    raw = raw.decode() if isinstance(raw, bytes) else raw
    numbers = re.findall(r"[0-9]+\.[0-9]+(?:e[-+]?[0-9]+)?", re.sub(r'"[^"]*"', "", raw))
    ok(numbers, "there are some with fractions")
    is_eq([n for n in numbers if n != repr(float(n))], [], "each as short as it can be")

with case("a report of long ago"):
    for at in ("1960-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2001-01-01T00:00:00Z"):
        body = site.rest("GET", f"/reports/access?at={at}").body
        is_eq((body["at"], body["exact_from"], body["exact"], body["items"]), (at, None, True, []),
              f"{at}: exact, and nobody could call")
    export = site.certgate("export", "-").stdout
    with open(site.folder + "/empty.json", "w", encoding="utf-8") as out:
        out.write('{"certgate_export": 1, "schema_version": 4, "keys": [{"id": "' + NOWHERE + '", "name": "x"}]}')
    os.chmod(site.folder + "/empty.json", 0o644)
    is_eq(site.certgate("import", site.folder + "/empty.json").returncode, 0, "something is imported")
    for at in ("1960-01-01T00:00:00Z", "2001-01-01T00:00:00Z"):
        body = site.rest("GET", f"/reports/access?at={at}").body
        ok(body["exact_from"] and body["exact"] is False, f"{at}: then it says from when on it is exact")
done_testing()
