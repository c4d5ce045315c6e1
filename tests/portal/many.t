#!/usr/bin/python3
"""An organisation with many keys, all of them used, and a large catalogue: the pages come, and what they count is
right."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import Developer, entry  # noqa: E402
from show_pages import fill_usage  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

KEYS = 200
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


with case("many keys"):
    is_eq(imported(keys=[{"id": i, "name": f"key {i[-3:]}", "organisation_id": home, "policy_ids": [offer["policy_id"]]}
                         for i in ids]), 0, "they are there")
    fill_usage(site, [api["id"]], ids, 20)
    page = ann.get("/portal/usage")
    is_eq(page.status, 200, "their usage is a page")
    for what in ("Requests", "Refused"):
        whole = number(re.search(rf'<dt>{what}</dt><dd><span class="stat__n">([0-9,]+)<', page.html)[1])
        each = [number(n) for n in re.findall(rf'<td data-label="{what}"[^>]*>([0-9,]+)<', page.html)]
        is_eq((len(each), sum(each)), (KEYS, whole), f"{what}: a line of each, which come to the whole")
        ok(whole > 0, f"and there are some: {whole}")
    for path in ("/portal/keys", f"/portal/apis/{offer['id']}"):
        page = ann.get(path)
        is_eq((page.status, len(set(re.findall(r'href="/portal/keys/(k0\d+)"', page.html)))), (200, KEYS),
              f"{path.replace(offer['id'], 'ID')}: all of them")
    for path in ("/portal/", f"/portal/apis/{offer['id']}/request", f"/portal/keys/{ids[0]}"):
        is_eq(ann.get(path).status, 200, f"{path.replace(offer['id'], 'ID')}: is there")

with case("a large catalogue"):
    numbers = [f"{n:025d}" for n in range(450)]
    is_eq(imported(apis=[{"id": "a" + n, "name": "api " + n, "listen_path": f"/{n}/", "target_url": "http://127.0.0.1:9/"}
                         for n in numbers],
                   policies=[{"id": "p" + n, "name": "plan " + n, "applies": ["access"], "access": [{"api_id": "a" + n}]}
                             for n in numbers],
                   catalogue=[{"id": "c" + n, "name": "entry " + n, "policy_id": "p" + n} for n in numbers]), 0, "is there")
    page = ann.get("/portal/")
    is_eq((page.status, len(re.findall(r'href="/portal/apis/c0\d+"', page.html))), (200, len(numbers)), "all of it on the page")
    is_eq(len(re.findall(r'href="/portal/apis/c0\d+"', ann.get("/portal/?q=" + numbers[-1]).html)), 1, "and is searched")
done_testing()
