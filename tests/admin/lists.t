#!/usr/bin/python3
"""Lists and searches by REST: by any part of a name, tag or subject, fingerprints in any notation, in the
order of names, page by page, also among namesakes and while records go; limits and cursors that are none."""
import concurrent.futures
import hashlib
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from rest import Rest, problem  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(admins=3)
site.open()
rest = Rest(site)


def found(what, q, limit):
    """The ids of all that is found, page by page."""
    got = list(rest.pages(f"/{what}?" + urllib.parse.urlencode({"q": q, "limit": limit})))
    if [page for page in got if len(page) > limit]:
        raise RuntimeError(f"{what} {q}: a page of more than {limit}")
    return [item.get("id") or item["sha256" if "sha256" in item else "spki_sha256"] for page in got for item in page]


keys = [("Billing", ["finance", "Batch"]), ("Billing", ["aside"]), ("Billing", []), ("Billing", ["finance"]),
        ("billing two", []), ("Warehouse", ["finance", "nightly batch"]), ("Ünïcode ☂", ["zoo"]),
        ("a b", []), ("a", ["b"]), ("ab", []), ("A.B", [])]
made = []
for name, tags in keys:
    key = rest.must("POST", "/keys", {"name": name, "tags": tags}, 201)
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
            is_eq(found("keys", q, limit), wanted(q), f"{q!r}, pages of {limit}")
    everything = [i for _, i, _ in made]
    is_eq(found("keys", "", 3), everything, "without words, all of them")

with case("in any letter case"):
    organisation = rest.must("POST", "/organisations", {"name": "Größe"}, 201)["id"]
    for number, (name, searched, other) in enumerate((
            ("Überweisung Ärmel", ("überweisung", "ÜBERWEISUNG ÄRM", "u\u0308ber", "überweisung  ärmel"), "uber"),
            ("Straßenbau", ("strassen", "STRASSENBAU", "STRAßE"), "strase"),
            ("ΟΔΟΣ", ("οδος", "Οδο", "οδοσ"), "οδοι"), ("łódź", ("ŁÓDŹ",), "lodz"), ("МОСКВА", ("москва",), "моква"))):
        key = rest.must("POST", "/keys", {"name": name, "tags": [f"tag {name}"]}, 201)["id"]
        tagged = rest.must("POST", "/keys", {"name": f"tagged {number}", "tags": [name.upper()]}, 201)["id"]
        rest.must("POST", "/apis", {"name": name, "listen_path": f"/case{number}/", "target_url": "http://127.0.0.1:9/"}, 201)
        rest.must("POST", "/developers", {"name": name, "email": f"d{number}@example.org", "organisation_id": organisation}, 201)
        cert = site.make_cert(f"case{number}", extra=("-utf8",), subject=f"/O={name}")
        rest.must("POST", "/certificates", {"pem": cert.pem}, 201)
        for q in searched:
            is_eq(sorted(found("keys", q, 50)), sorted([key, tagged]), f"keys: {q} of {name}, and by tag")
            for what in ("apis", "developers", "certificates"):
                is_eq(len(found(what, q, 50)), 1, f"{what}: {q} of {name}")
            is_eq({e["subject_name"] for e in rest.must("GET", "/audit?" + urllib.parse.urlencode({"q": q}))["items"]}
                  >= {name}, True, f"the audit: {q} of {name}")
        for what in ("keys", "apis", "developers", "certificates"):
            is_eq(found(what, other, 50), [], f"{what}: {other} is not {name}")
        for q in (name.lower(), name.upper()):
            page = rest.must("GET", "/keys?" + urllib.parse.urlencode({"tag": q}))["items"]
            is_eq([k["id"] for k in page], [tagged], f"by the whole tag {q}")

with case("while records go"):
    order = wanted("billing")
    first = rest.must("GET", "/keys?q=billing&limit=2")
    is_eq([i["id"] for i in first["items"]], order[:2], "a page")
    rest.must("DELETE", f"/keys/{order[1]}", status=204)
    rest.must("DELETE", f"/keys/{order[2]}", status=204)
    second = rest.must("GET", f"/keys?q=billing&limit=50&cursor={first['next']}")
    is_eq([i["id"] for i in second["items"]], order[3:], "the next one, when its place is gone")
    made = [m for m in made if m[1] not in order[1:3]]
    rest.must("PATCH", f"/keys/{order[0]}", {"name": "renamed", "tags": ["other"]})
    is_eq(found("keys", "other", 50), [order[0]], "by what it is called now")
    is_eq(order[0] in found("keys", "billing", 50), False, "and no more by what it was")

with case("other records"):
    for name in ("gold", "Golden", "silver"):
        rest.must("POST", "/policies", {"name": name, "applies": ["rate"], "rate": {"limit": 1, "per_seconds": 1}}, 201)
        site.make_api(name, f"/{name.lower()}/")
    for what in ("policies", "apis"):
        for limit in (1, 50):
            ids = found(what, "gold", limit)
            is_eq([i["name"] for i in (rest.must("GET", f"/{what}/{n}") for n in ids)], ["Golden", "gold"],
                  f"{what}, pages of {limit}")

with case("certificates"):
    certs = [site.make_cert(f"c{i}", subject=f"/CN=partner {i}/O={'Aster' if i % 2 else 'Halden'}",
                            extensions=(f"subjectAltName=DNS:host{i}.example",)) for i in range(6)]
    for cert in certs:
        rest.must("POST", "/certificates", {"pem": cert.pem}, 201)

    def sha(cert):
        return cert.sha256.lower().replace(":", "")

    for q, which in (("partner", certs), ("aster", certs[1::2]), ("HOST3.EX", certs[3:4]),
                     ("nobody", []), (sha(certs[2])[:10], certs[2:3]), (sha(certs[2]), certs[2:3])):
        for limit in (1, 2, 50):
            is_eq(found("certificates", q, limit), sorted(sha(c) for c in which),
                  f"{q}, pages of {limit}")
    everyone = sorted(i["id"] for i in rest.must("GET", "/certificates?limit=500")["items"])
    is_eq(found("certificates", "", 4), everyone, "without words, all of them")

with case("by the start of a fingerprint, in any notation"):
    key = rest.must("POST", "/keys", {"name": "Printed", "certificate": certs[0].pem}, 201)["id"]
    rest.must("POST", "/exposed-keys", {"spki_sha256": sha(certs[1])}, 201)
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
                    is_eq(wanted_id in found(what, q, 50), True, f"{what}: {q}")
            for what in lists:
                is_eq(found(what, "ff:" + ":".join(digits)[3:] + ":00:00", 50) == [lists[what]], False,
                      f"{what}: other digits")

with case("lists"):
    made = set()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        # Names that sort as bytes, many of them the same.
        wanted = [f"walk-{n % 40:02d}{'é' if n % 3 == 0 else ''}" for n in range(120)]
        for key in pool.map(lambda name: rest.new_key(name=name, tags=["walked", name[-2:]]), wanted):
            made.add(key["id"])
    for limit in (1, 7, 50, 119, 120, 500):
        got = list(rest.pages(f"/keys?q=walk-&limit={limit}"))
        is_eq([len(p) for p in got if len(p) > limit], [], f"limit {limit}: no page has more")
        seen = [k["id"] for page in got for k in page]
        is_eq((len(seen), set(seen)), (120, made), f"limit {limit}: every key once")
    seen = [(k["name"].encode(), k["id"]) for page in rest.pages("/keys?limit=50") for k in page]
    ok(made <= {k for _, k in seen} and seen == sorted(seen), "all, in the order of names")
    is_eq(len(rest("GET", "/keys").body["items"]), 50, "50 unless asked otherwise")
    for what in ("keys", "certificates", "apis", "requests", "audit", "refusals"):
        is_eq(set(rest("GET", f"/{what}").body), {"items", "next"}, f"{what}: items and next, nothing else")
    first = rest("GET", "/keys?q=walk-&limit=10").body
    for gone in first["items"][-3:]:
        rest("DELETE", "/keys/" + gone["id"])
    rest_of = rest("GET", "/keys?q=walk-&limit=500&cursor=" + first["next"]).body
    is_eq(len(rest_of["items"]), 110, "a cursor outlives the record it stands on")
    for query, why in (("limit=0", "limit"), ("limit=501", "limit"), ("limit=-1", "limit"),
                       ("limit=x", "limit"), ("limit=", "limit"), ("limit=1.5", "limit"),
                       ("limit=99999999999999999999", "limit")):
        for path in ("/apis", "/keys", "/certificates"):
            problem(rest("GET", f"{path}?{query}"), 422, "bad_value", f"{path}?{query}", why)
    key = rest.new_key()
    for path in ("/apis", "/keys", "/certificates", f"/keys/{key['id']}/credentials"):
        for cursor in ("x", ".", "zz.x", "6", "616.x", "61", "61.", "0" * 63, "0" * 65, "%25",
                       "%FF", "6" * 2000 + ".x", "-1", "null", "61." + "x" * 200):
            problem(rest("GET", f"{path}?cursor={cursor}"), 422, "bad_value",
                    f"{path[:16]}?cursor={cursor[:20]}", "cursor")
        for query in ("limt=5", "page=2", "offset=1", "filter=x"):
            got = rest("GET", f"{path}?{query}")
            ok(got.status == 400 and query.split("=")[0] in got.body["detail"],
               f"{path[:16]}?{query} is not ignored") or diag(repr(got))
        problem(rest("GET", f"{path}?q=%zz"), 400, "bad_request", f"{path[:16]}: a bad escape")
    empty = rest("GET", "/keys?q=there-is-no-such-key").body
    is_eq(empty, {"items": [], "next": None}, "nothing is an empty list")

with case("of a key's credentials, and of a user's certificates"):
    user = rest.must("POST", "/users", {"name": "Somebody", "role": "viewer", "password": "a long enough password"}, 201)
    for what in (f"keys/{key['id']}/credentials", f"users/{user['id']}/certificates"):
        digests = [rest.must("POST", f"/{what}", {"certificate": site.make_cert(f"{what[:4]}-{n}").pem}, 201)["sha256"]
                   for n in range(5)]
        everything = [item["sha256"] for item in rest.must("GET", f"/{what}")["items"]]
        ok(set(digests) <= set(everything) and everything == sorted(everything), "they are in the order of their digests")
        for limit in (1, 2, 3, 50):
            pages = list(rest.pages(f"/{what}?limit={limit}"))
            is_eq([item["sha256"] for page in pages for item in page], everything, f"{what[:5]}: pages of {limit}, all of them")
            is_eq(max(len(page) for page in pages), min(limit, len(everything)), "none is longer")
        for q in (digests[0], digests[0][:8].upper(), ":".join(re.findall("..", digests[0].upper())[:8])):
            is_eq(found(what, q, 50), [digests[0]], f"by the start {q[:12]}")
        is_eq(found(what, "nothing", 50), [], "what is none finds none")
        for bad in ("x", "0" * 63):
            problem(rest("GET", f"/{what}?cursor={bad}"), 422, "bad_value", f"{what[:5]}?cursor={bad[:5]}", "cursor")

with case("searches"):
    cert = site.make_cert("searched", subject="/O=Example & Söhne/CN=Needle", extra=["-utf8"])
    rest("POST", "/certificates", {"pem": cert.pem})
    key = rest.new_key(name="Find <me> 100%", tags=["Blue Team"])
    api = rest.new_api(name="Haystack API")

    for q in ("Find", "find <ME>", "<me>", "100%", "blue team", "Blue", key["id"], key["id"][:12]):
        is_eq(found("keys", q, 50), [key["id"]], f"a key by {q!r}")
    for q in ("haystack", "HAYSTACK api", api["id"]):
        is_eq(found("apis", q, 50), [api["id"]], f"an API by {q!r}")
    pairs = re.findall("..", cert.sha256)
    for q in (cert.sha256, cert.sha256.upper(), ":".join(pairs), ":".join(pairs).upper(),
              " ".join(pairs), "sha256:" + cert.sha256, "SHA256 Fingerprint=" + ":".join(pairs).upper(),
              "sha256 Fingerprint=" + ":".join(pairs), cert.sha256[:8], ":".join(pairs[:6]).upper(),
              " ".join(re.findall(".{8}", cert.sha256)), "  " + cert.sha256 + "\n",
              "Needle", "needle", "CN=Needle", "Söhne"):
        is_eq(found("certificates", q, 50), [cert.sha256], f"a certificate by {q[:24]!r}…")
    sha1 = hashlib.sha1(cert.der).hexdigest()
    is_eq(found("certificates", sha1, 50), [], "SHA-1 finds nothing")
    for q in ("' OR '1'='1", "*", ".*", "%", "\\", "\x01"):
        is_eq(rest("GET", "/keys?q=" + urllib.parse.quote(q)).status, 200, f"{q!r} is only text")

with case("a search over more than memory holds at once"):
    # Each of these packs about 100 kB; together they are more than one request may use.
    for n in range(100):
        rest.new_key(name=f"fat-{n:03d}", meta={f"m{i}": "x" * 4000 for i in range(25)})
    got = rest("GET", "/keys?q=there-is-no-such-key")
    is_eq((got.status, got.body.get("items")), (200, []), "ends with an answer")
    got = rest("GET", "/keys?q=fat-099")
    is_eq((got.status, len(got.body.get("items", []))), (200, 1), "and finds the last")
    api = rest.new_api()
    fat = rest("GET", "/keys?q=fat-0&limit=20").body["items"]
    for key in fat:
        rest("PATCH", "/keys/" + key["id"], {"access": [{"api_id": api["id"]}]})
    is_eq(rest("DELETE", "/apis/" + api["id"]).status, 204, "an API goes that many use")
    is_eq([rest("GET", "/keys/" + k["id"]).body["access"] for k in fat[:3]], [[]] * 3,
          "out of all their rights")

with case("what the log says"):
    rest.check_log()
done_testing()
