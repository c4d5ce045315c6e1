#!/usr/bin/python3
"""Searches of lists: by any part of a name, tag or subject, in the order of names, page by page, also among
namesakes and while records go."""
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from tap import case, done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()


def rest(method, path, body=None, status=200):
    answer = site.rest(method, path, body)
    if answer.status != status:
        raise RuntimeError(f"{method} {path}: {answer!r}, not {status}")
    return answer.body


def pages(what, q, limit, between=lambda: None):
    """All that is found, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        body = rest("GET", f"/{what}?" + urllib.parse.urlencode({"q": q, "limit": limit, "cursor": cursor}))
        if len(body["items"]) > limit or (body["next"] and not body["items"]):
            raise RuntimeError(f"a page of {len(body['items'])}, next {body['next']}")
        found.append([i.get("id") or i["sha256" if "sha256" in i else "spki_sha256"] for i in body["items"]])
        if len(found) > 100:
            raise RuntimeError(f"{what} {q}: no end of pages")
        cursor = body["next"]
        between()
    return found


def flat(found):
    return [i for page in found for i in page]


keys = [("Billing", ["finance", "Batch"]), ("Billing", ["aside"]), ("Billing", []), ("Billing", ["finance"]),
        ("billing two", []), ("Warehouse", ["finance", "nightly batch"]), ("Ünïcode ☂", ["zoo"]),
        ("a b", []), ("a", ["b"]), ("ab", []), ("A.B", [])]
made = []
for name, tags in keys:
    key = rest("POST", "/keys", {"name": name, "tags": tags}, 201)
    made.append((name.encode(), key["id"], tags))
made.sort(key=lambda k: (k[0], k[1]))


def wanted(q):
    q = q.lower()
    return [i for name, i, tags in made
            if q in name.decode().lower() or i.startswith(q) or any(q in t.lower() for t in tags)]


with case("keys"):
    for q in ("billing", "BILLING", "batch", "finance", "a", "b", "two", "☂", "zoo", "a b", "nothing",
              "inance\nBatch", made[3][1], made[3][1][:9], made[3][1][1:9]):
        for limit in (1, 2, 50):
            is_eq(flat(pages("keys", q, limit)), wanted(q), f"{q!r}, pages of {limit}")
    everything = [i for _, i, _ in made]
    is_eq(flat(pages("keys", "", 3)), everything, "without words, all of them")

with case("in any letter case"):
    organisation = rest("POST", "/organisations", {"name": "Größe"}, 201)["id"]
    for number, (name, searched, other) in enumerate((
            ("Überweisung Ärmel", ("überweisung", "ÜBERWEISUNG ÄRM", "u\u0308ber", "überweisung  ärmel"), "uber"),
            ("Straßenbau", ("strassen", "STRASSENBAU", "STRAßE"), "strase"),
            ("ΟΔΟΣ", ("οδος", "Οδο", "οδοσ"), "οδοι"), ("łódź", ("ŁÓDŹ",), "lodz"), ("МОСКВА", ("москва",), "моква"))):
        key = rest("POST", "/keys", {"name": name, "tags": [f"tag {name}"]}, 201)["id"]
        tagged = rest("POST", "/keys", {"name": f"tagged {number}", "tags": [name.upper()]}, 201)["id"]
        rest("POST", "/apis", {"name": name, "listen_path": f"/case{number}/", "target_url": "http://127.0.0.1:9/"}, 201)
        rest("POST", "/developers", {"name": name, "email": f"d{number}@example.org", "organisation_id": organisation}, 201)
        cert = site.make_cert(f"case{number}", extra=("-utf8",), subject=f"/O={name}")
        rest("POST", "/certificates", {"pem": cert.pem}, 201)
        for q in searched:
            is_eq(sorted(flat(pages("keys", q, 50))), sorted([key, tagged]), f"keys: {q} of {name}, and by tag")
            for what in ("apis", "developers", "certificates"):
                is_eq(len(flat(pages(what, q, 50))), 1, f"{what}: {q} of {name}")
            is_eq({e["subject_name"] for e in rest("GET", "/audit?" + urllib.parse.urlencode({"q": q}))["items"]}
                  >= {name}, True, f"the audit: {q} of {name}")
        for what in ("keys", "apis", "developers", "certificates"):
            is_eq(flat(pages(what, other, 50)), [], f"{what}: {other} is not {name}")
        for q in (name.lower(), name.upper()):
            found = rest("GET", "/keys?" + urllib.parse.urlencode({"tag": q}))["items"]
            is_eq([k["id"] for k in found], [tagged], f"by the whole tag {q}")

with case("while records go"):
    order = wanted("billing")
    first = rest("GET", "/keys?q=billing&limit=2")
    is_eq([i["id"] for i in first["items"]], order[:2], "a page")
    rest("DELETE", f"/keys/{order[1]}", status=204)
    rest("DELETE", f"/keys/{order[2]}", status=204)
    second = rest("GET", f"/keys?q=billing&limit=50&cursor={first['next']}")
    is_eq([i["id"] for i in second["items"]], order[3:], "the next one, when its place is gone")
    made = [m for m in made if m[1] not in order[1:3]]
    rest("PATCH", f"/keys/{order[0]}", {"name": "renamed", "tags": ["other"]})
    is_eq(flat(pages("keys", "other", 50)), [order[0]], "by what it is called now")
    is_eq(order[0] in flat(pages("keys", "billing", 50)), False, "and no more by what it was")

with case("other records"):
    for name in ("gold", "Golden", "silver"):
        rest("POST", "/policies", {"name": name, "applies": ["rate"], "rate": {"limit": 1, "per_seconds": 1}}, 201)
        site.make_api(name, f"/{name.lower()}/")
    for what in ("policies", "apis"):
        for limit in (1, 50):
            ids = flat(pages(what, "gold", limit))
            is_eq([i["name"] for i in (rest("GET", f"/{what}/{n}") for n in ids)], ["Golden", "gold"],
                  f"{what}, pages of {limit}")

with case("certificates"):
    certs = [site.make_cert(f"c{i}", subject=f"/CN=partner {i}/O={'Aster' if i % 2 else 'Halden'}",
                            extensions=(f"subjectAltName=DNS:host{i}.example",)) for i in range(6)]
    for cert in certs:
        rest("POST", "/certificates", {"pem": cert.pem}, 201)

    def sha(cert):
        return cert.sha256.lower().replace(":", "")

    for q, which in (("partner", certs), ("aster", certs[1::2]), ("HOST3.EX", certs[3:4]),
                     ("nobody", []), (sha(certs[2])[:10], certs[2:3]), (sha(certs[2]), certs[2:3])):
        for limit in (1, 2, 50):
            is_eq(flat(pages("certificates", q, limit)), sorted(sha(c) for c in which),
                  f"{q}, pages of {limit}")
    everyone = sorted(i["id"] for i in rest("GET", "/certificates?limit=500")["items"])
    is_eq(flat(pages("certificates", "", 4)), everyone, "without words, all of them")

with case("by the start of a fingerprint, in any notation"):
    key = rest("POST", "/keys", {"name": "Printed", "certificate": certs[0].pem}, 201)["id"]
    rest("POST", "/exposed-keys", {"spki_sha256": sha(certs[1])}, 201)
    for n in (2, 3, 8, 16, 32):
        for cert, lists in ((certs[0], {"certificates": sha(certs[0]), "keys": key,
                                        f"keys/{key}/credentials": sha(certs[0])}),
                            (certs[1], {"exposed-keys": sha(certs[1])})):
            digits = [sha(cert)[i:i + 2] for i in range(0, 2 * n, 2)]
            for q in ("".join(digits), ":".join(digits), ":".join(digits).upper(), " ".join(digits),
                      "SHA256 Fingerprint=" + ":".join(digits).upper(), *([":".join(digits) + ":"] if n < 32 else [])):
                if n == 2 and q.startswith("SHA"):
                    continue
                for what, wanted_id in lists.items():
                    is_eq(wanted_id in flat(pages(what, q, 50)), True, f"{what}: {q}")
            for what in lists:
                is_eq(flat(pages(what, "ff:" + ":".join(digits)[3:] + ":00:00", 50)) == [lists[what]], False,
                      f"{what}: other digits")
done_testing()
