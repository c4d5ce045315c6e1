#!/usr/bin/python3
"""An organisation with many keys, all of them used, and a large catalogue: the pages come, and what they count is
right."""
import json
import os
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import PASSWORD, Developer, entry  # noqa: E402
from show_pages import fill_usage, owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

KEYS = 200
PAGE = 50  # LIST_LIMIT_DEFAULT
site = Site()
site.open()
api = site.make_api("orders")
offer = entry(site, "Orders", [api], max_keys_per_developer=10)
ann = Developer(site, "Ann One")
home = site.rest("GET", "/developers?q=ann.one@").body["items"][0]["organisation_id"]
ids = [f"k{n:025d}" for n in range(KEYS)]


def imported(**records):
    with open(site.folder + "/many.json", "w", encoding="utf-8") as out:
        json.dump({"certgate_export": 1, "schema_version": 4, **records}, out)
    os.chmod(site.folder + "/many.json", 0o644)
    return site.certgate("import", site.folder + "/many.json").returncode


def number(text):
    return int(text.replace(",", ""))


def whole(browser, path, pattern):
    """What fits the pattern on a page and on those behind it: a list for each page, and the last page."""
    found = []
    while path:
        page = browser.get(path)
        is_eq(page.status, 200, f"page {len(found) + 1} is there")
        found.append(re.findall(pattern, page.html))
        path = next((h for t, h in page.links if t == "Next page"), None)
    return found, page


def told(page, what):
    return number(re.search(rf'<dt>{what}</dt><dd><span class="stat__n">([0-9,]+)<', page.html)[1])


with case("many keys"):
    # Names in another order than ids.
    names = {i: f"key {(n * 7) % KEYS:03d}" for n, i in enumerate(ids)}
    is_eq(imported(keys=[{"id": i, "name": names[i], "organisation_id": home, "policy_ids": [offer["policy_id"]]}
                         for i in ids]), 0, "they are there")
    by_name = sorted(ids, key=names.get)
    fill_usage(site, [api["id"]], ids, 20)
    pages, last = whole(ann, "/portal/keys", r'href="/portal/keys/(k0\d+)"')
    is_eq(([len(p) for p in pages], [i for p in pages for i in p]), ([PAGE] * (KEYS // PAGE), by_name),
          "all of them by name, page by page")
    ok("Search my keys" in last.text and "orders" in last.text, "with a search, and what they open by its name")
    is_eq(re.findall(r'href="/portal/keys/(k0\d+)"', ann.get("/portal/keys?q=KEY+12").html),
          [i for i in by_name if names[i].startswith("key 12")], "searched")
    is_eq("No key fits “zzz”" in ann.get("/portal/keys?q=zzz").text, True, "for what there is not")
    is_eq(ann.get("/portal/keys?cursor=zzz").status, 422, "a cursor of nobody is refused")
    for what in ("Requests", "Refused"):
        first = last = None
        while not last or told(first, what) != told(last, what):  # its days are others after midnight
            first = ann.get("/portal/usage")
            pages, last = whole(ann, "/portal/usage", rf'<td data-label="{what}"[^>]*>([0-9,]+)<')
        is_eq((sum(len(p) for p in pages), sum(number(n) for p in pages for n in p)), (KEYS, told(last, what)),
              f"{what}: a line of each, which come to the whole, told on each page")
        ok(told(last, what) > 0, "and there are some")
    page = ann.get(f"/portal/apis/{offer['id']}")
    is_eq(re.findall(r'href="/portal/keys/(k0\d+)"', page.html), by_name[:PAGE], "an entry's page has the first ones")
    ok("And others" in page.text, "and says that there are more")
    for path in ("/portal/", f"/portal/apis/{offer['id']}/request", f"/portal/keys/{ids[0]}"):
        is_eq(ann.get(path).status, 200, f"{path.replace(offer['id'], 'ID')}: is there")
    like(ann.get("/portal/").text, "You have a key", "the catalogue knows of them")

with case("a key that asks for more is kept, whichever it is"):
    more = entry(site, "More", [api], max_keys_per_developer=10)
    extra = [{"id": f"x{n:025d}", "name": f"a {n:03d}", "organisation_id": home} for n in range(520)]
    is_eq(imported(keys=extra), 0, "more keys than a form offers")
    form = ann.get(f"/portal/apis/{more['id']}/request")
    like(form.text, "The first 500 by name", "it says so")
    post = urllib.parse.urlencode({"csrf_token": form.token(), "key_id": ids[0], "once_add": ""})
    answer = ann.request("POST", f"/portal/apis/{more['id']}/request", body=post,
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    made = site.must("GET", "/requests?status=pending")["items"]
    is_eq((answer.status, [r["key_id"] for r in made]), (200, [ids[0]]), "another one of the own can be asked for")
    site.must("POST", f"/requests/{made[0]['id']}/decline")
    for one in extra:
        site.rest("DELETE", f"/keys/{one['id']}")

with case("those that end are told on the first page, whichever page they are on"):
    for i, days in ((by_name[-1], 5), (by_name[-2], 7)):
        site.must("POST", f"/keys/{i}/credentials", {"certificate": site.make_cert("c" + i, days=days).pem}, 201)
    page = ann.get("/portal/keys")
    is_eq(re.findall(r"(key \d+): the certificate ends in", page.text), [names[by_name[-1]], names[by_name[-2]]],
          "both")
    following = next(h for t, h in page.links if t == "Next page")
    is_eq("the certificate ends" in ann.get(following).text, False, "and on it alone")

with case("a large catalogue"):
    numbers = [f"{n:025d}" for n in range(520)]
    is_eq(imported(apis=[{"id": "a" + n, "name": "api " + n, "listen_path": f"/{n}/", "target_url": "http://127.0.0.1:9/"}
                         for n in numbers],
                   policies=[{"id": "p" + n, "name": "plan " + n, "applies": ["access"], "access": [{"api_id": "a" + n}]}
                             for n in numbers],
                   catalogue=[{"id": "c" + n, "name": "entry " + n, "policy_id": "p" + n, "visible": int(n) % 10 != 3,
                               "description": f"It *says* zebra{int(n)}."} for n in numbers]), 0, "is there")
    shown = [n for n in numbers if int(n) % 10 != 3]
    for browser in (ann, Browser(site)):
        pages, _ = whole(browser, "/portal/", r'href="/portal/apis/c(0\d+)"')
        is_eq([n for p in pages for n in p], shown, "all of it, page by page, and nothing that is hidden")
        ok(max(len(p) for p in pages) <= PAGE, "no page is long")
        for q, wanted in ((numbers[-1], numbers[-1:]), ("zebra51", [n for n in shown if "zebra51" in f"zebra{int(n)}"]),
                          ("ZEBRA518", [numbers[518]]), ("zebra513", []), ("plan", [])):
            is_eq(re.findall(r'href="/portal/apis/c(0\d+)"', browser.get("/portal/?q=" + q).html), wanted, f"searched: {q}")
    page = ann.get(f"/portal/apis/c{numbers[-1]}")
    ok(f"api {numbers[-1]}" in page.text and f"/{numbers[-1]}/" in page.text, "an API behind the 500th is named")

with case("many requests"):
    people = [site.must("POST", "/developers", {"name": f"Person {n}", "email": f"person{n}@example.org",
                                                "password": PASSWORD}, 201) for n in range(3)]
    # The last one to come is the only one of somebody, and for another entry.
    last = "r" + "9" * 25
    asked = [{"id": f"r{n:025d}" if n < 599 else last, "name": f"asked {n}", "status": "pending",
              "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1700000000 + n)),
              "developer_id": people[n == 599]["id"], "catalogue_id": "c" + numbers[n == 599]} for n in range(600)]
    is_eq(imported(requests=asked), 0, "are there")
    boss = owner(site)
    pages, _ = whole(boss, "/admin/requests", r'href="/admin/requests/(r\d+)"')
    found = list(dict.fromkeys(i for p in pages for i in p))
    is_eq(found, [r["id"] for r in asked], "all of them, page by page, the first to come first")
    for q, wanted in (("asked 599", [last]), ("person1@example", [last]), ("Person 1", [last]),
                      ("entry " + numbers[1], [last]), ("Person 2", []), ("nobody", [])):
        found = re.findall(r'href="/admin/requests/(r\d+)"', boss.get("/admin/requests?q=" + urllib.parse.quote(q)).html)
        is_eq(sorted(set(found)), wanted, f"searched: {q}")
    listed, cursor = [], ""
    while cursor is not None:
        body = site.must("GET", f"/requests?status=pending&limit=500{cursor and '&cursor='}{cursor}")
        listed += [r["id"] for r in body["items"]]
        cursor = body["next"]
    is_eq(listed, [r["id"] for r in reversed(asked)], "REST has them all, the newest first")
done_testing()
