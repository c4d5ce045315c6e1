#!/usr/bin/python3
"""The list of keys: found by certificate in any notation, filtered by what they are and what they may
call, by REST and on the page alike; page by page, in the order of names, while records change."""
import base64
import datetime
import itertools
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from homes import new_id  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
rest = site.must
browser = owner(site)


def by_rest(limit=50, **asked):
    """Names of all that is found, page by page."""
    found, cursor = [], None
    for _ in range(100):
        query = {**asked, "limit": limit, **({"cursor": cursor} if cursor else {})}
        body = rest("GET", "/keys?" + urllib.parse.urlencode(query))
        if len(body["items"]) > limit or (body["next"] and not body["items"]):
            raise RuntimeError(f"a page of {len(body['items'])}, next {body['next']}")
        found += [k["name"] for k in body["items"]]
        cursor = body["next"]
        if not cursor:
            return found
    raise RuntimeError(f"{asked}: no end of pages")


def names_of(page):
    return [text for text, href in page.links
            if href.startswith("/admin/keys/") and text not in ("Add key", "Show all")]


def by_page(**asked):
    page = browser.get("/admin/keys?" + urllib.parse.urlencode(asked))
    names = names_of(page)
    while True:
        more = [href for text, href in page.links if text == "Next page"]
        if not more:
            return names
        page = browser.get(more[0])
        names += names_of(page)


def both(asked, wanted, what):
    for limit in (1, 2, 50):
        is_eq(by_rest(limit, **asked), wanted, f"{what}: REST, pages of {limit}")
    is_eq(by_page(**asked), wanted, f"{what}: page")


def of_hex(digest, separator="", upper=False):
    text = separator.join(digest[i:i + 2] for i in range(0, len(digest), 2))
    return text.upper() if upper else text


with case("by certificate"):
    certs = {name: site.make_cert(name, subject=f"/CN={name}.partner.example/O={owner}",
                                  extensions=(f"subjectAltName=DNS:{name}.hosts.example",))
             for name, owner in (("delta", "Aster"), ("alpha", "Halden"), ("gamma", "Aster"))}
    for name, cert in certs.items():
        site.make_key(name.upper(), cert)
    gamma = rest("GET", "/keys?q=GAMMA")["items"][0]
    further = site.make_cert("further", subject="/CN=gamma.next.example/O=Aster")
    rest("POST", f"/keys/{gamma['id']}/credentials", {"certificate": further.pem}, 201)
    site.make_key("aster by name")
    site.make_key("Zeta", tags=["aster's"])
    digest = certs["alpha"].sha256.lower().replace(":", "")
    x5t = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
    for q in (digest, digest.upper(), of_hex(digest, ":"), of_hex(digest, ":", True), of_hex(digest, " "),
              "sha256:" + digest, "SHA256 Fingerprint=" + of_hex(digest, ":", True), x5t, x5t[:9],
              digest[:12], of_hex(digest, ":", True)[:29], f"  {digest}\t"):
        both({"q": q}, ["ALPHA"], f"fingerprint {q[:40]!r}")
    both({"q": digest[:40]}, [], "a part that is too long for a start and too short for all")
    both({"q": digest[5:20]}, [], "the middle of one")
    both({"q": "ALPHA.PARTNER"}, ["ALPHA"], "subject")
    both({"q": "delta.hosts"}, ["DELTA"], "alternative name")
    both({"q": "o=aster"}, ["DELTA", "GAMMA"], "a key with two that fit is there once")
    both({"q": "aster"}, ["DELTA", "GAMMA", "Zeta", "aster by name"],
         "by certificate, name and tag, in the order of names")
    rest("DELETE", f"/keys/{gamma['id']}/credentials/{further.sha256}?reason=superseded", status=204)
    both({"q": "gamma.next"}, ["GAMMA"], "also by one that is revoked")
    for q, name in ((of_hex(digest, ":", True), "ALPHA"), ("delta.hosts", "DELTA")):
        done = site.certgate("key", "list", q, "--json")
        is_eq([k["name"] for k in json.loads(done.stdout)], [name], f"the command finds {name}")
    sha1 = "aa" * 20
    notice = rest("GET", f"/keys?q={sha1}")["notice"]
    like(notice, "SHA-1", "SHA-1 is explained by REST")
    ok(notice in browser.get(f"/admin/keys?q={sha1}").text, "and on the page")
    is_eq(set(rest("GET", "/keys?q=alpha")), {"items", "next"}, "else there is nothing to tell")
    rest("DELETE", f"/keys/{gamma['id']}", status=204)
    both({"q": "gamma.next"}, [], "of a key that is gone nothing is found")
    for key in rest("GET", "/keys")["items"]:
        rest("DELETE", f"/keys/{key['id']}", status=204)

# --- filters: keys of every kind, and what each is ---
NOW = datetime.datetime.now(datetime.timezone.utc)


def at(days):
    return (NOW + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


apis = {name: site.make_api(name, f"/{name}/")["id"] for name in ("orders", "people")}
policies = {name: rest("POST", "/policies", body, 201)["id"] for name, body in {
    "gold": {"name": "gold", "applies": ["access"], "access": [{"api_id": apis["people"]}]},
    "plain": {"name": "plain", "applies": ["rate"], "rate": {"limit": 1, "per_seconds": 1}}}.items()}
organisations = {name: rest("POST", "/organisations", {"name": name}, 201)["id"] for name in ("Aster", "Kestrel")}
# Of a credential: type, end in days (None: without), switched on, revoked.
CERT, TOKEN = "certificate", "token"
credentials = {
    "none": [], "token": [(TOKEN, None, True, False)], "cert": [(CERT, 300, True, False)],
    "ends": [(CERT, 9, True, False)], "over": [(CERT, -3, True, False)],
    "ends, but token": [(CERT, 9, True, False), (TOKEN, None, True, False)],
    "over and off": [(CERT, -3, False, False)], "revoked": [(CERT, 300, True, True)],
    "revoked, token": [(CERT, 300, True, True), (TOKEN, 20, True, False)],
    "switched off": [(TOKEN, None, False, False)],
}
keys = {}
for number, (what, (active, expires)) in enumerate(itertools.product(
        credentials, ((True, None), (True, 9), (True, -9), (False, None)))):
    keys[f"{what} {active} {expires}"] = {
        "credentials": credentials[what], "active": active, "expires": expires,
        "api": ["orders", "people", None][number % 3], "policy": ["gold", None, "plain", None][number % 4],
        "organisation": ["Aster", None, "Kestrel", None, None][number % 5],
        "tags": [["Batch"], [], ["batch", "night"], ["batches"]][number % 4]}


def status_of(key):
    if not key["active"]:
        return "off"
    if key["expires"] is not None and key["expires"] < 0:
        return "expired"
    usable = [c for c in key["credentials"] if c[2] and not c[3]]
    working = [c for c in usable if c[1] is None or c[1] > 0]
    if not working:
        return "expired" if usable else "no_credential"
    last = min(max(1000 if c[1] is None else c[1] for c in working),
               1000 if key["expires"] is None else key["expires"])
    return "active" if last > 30 else "ending"


def fits(key, asked):
    status, named = asked.get("status"), [key["api"], *(["people"] if key["policy"] == "gold" else [])]
    return ((not status or status_of(key) in ((status, "ending") if status == "active" else (status,)))
            and ("credential" not in asked or
                 any(c[0] == asked["credential"] and not c[3] for c in key["credentials"]))
            and ("api" not in asked or asked["api"] in named)
            and ("policy" not in asked or asked["policy"] == key["policy"])
            and ("organisation" not in asked or asked["organisation"] == key["organisation"])
            and ("tag" not in asked or asked["tag"].lower() in [t.lower() for t in key["tags"]]))


def wanted(asked, q=""):
    """The start of an id finds as well, and ids are random."""
    return sorted((n for n, key in keys.items()
                   if fits(key, asked) and (q in n.lower() or key["id"].startswith(q)
                                            or any(q in t.lower() for t in key["tags"]))), key=str.encode)


ID_OF = {"api": apis, "policy": policies, "organisation": organisations}


def query(asked, q="", by_name=False):
    out = {"q": q} if q else {}
    for name, value in asked.items():
        if name in ID_OF:
            out[name + "_id"] = value if by_name else ID_OF[name][value]
        else:
            out[name] = value
    return out


with case("the keys"):
    export = {"certgate_export": 1,
              "schema_version": json.loads(site.certgate("export", "-").stdout)["schema_version"],
              "keys": [], "credentials": []}
    for name, key in keys.items():
        key["id"] = new_id()
        export["keys"].append({
            "id": key["id"], "name": name, "active": key["active"], "tags": key["tags"],
            **({"expires_at": at(key["expires"])} if key["expires"] is not None else {}),
            **({"access": [{"api_id": apis[key["api"]]}]} if key["api"] else {}),
            **({"policy_ids": [policies[key["policy"]]]} if key["policy"] else {}),
            **({"organisation_id": organisations[key["organisation"]]} if key["organisation"] else {})})
        for kind, days, active, revoked in key["credentials"]:
            own = {"sha256": os.urandom(32).hex()}
            if kind == CERT:
                # What is over was given an end; else it is the certificate's own.
                made = rest("POST", "/certificates", {
                    "pem": site.make_cert(f"c{len(export['credentials'])}", days=max(days, 20)
                                          if days != 9 else 9).pem}, 201)
                own = {n: made[n] for n in ("sha256", "not_before", "not_after")}
            export["credentials"].append({
                **own, "type": kind, "key_id": key["id"], "active": active,
                **({"ends_at": at(days)} if days is not None and (kind == TOKEN or days < 0) else {}),
                **({"revoked_at": at(-1), "revoked_reason": "other"} if revoked else {})})
    path = site.folder + "/keys.json"
    with open(path, "w", encoding="ascii") as out:
        json.dump(export, out)
    os.chmod(path, 0o644)
    done = site.certgate("import", path)
    is_eq(done.returncode, 0, f"imported {done.stderr}")

with case("filters"):
    choices = {"status": ["active", "ending", "expired", "no_credential", "off"],
               "credential": [CERT, TOKEN], "api": list(apis), "policy": list(policies),
               "organisation": list(organisations), "tag": ["batch", "BATCH", "night", "bat", "none"]}
    single = [{name: value} for name, values in choices.items() for value in values]
    double = [{a: choices[a][0], b: choices[b][-1]} for a, b in itertools.combinations(choices, 2)]
    for asked in single + double + [{"status": "active", "credential": TOKEN, "api": "people",
                                     "organisation": "Aster", "tag": "batch"}]:
        for limit in (3, 50):
            is_eq(by_rest(limit, **query(asked)), wanted(asked), f"{asked}, pages of {limit}")
        is_eq(by_page(**query(asked)), wanted(asked), f"{asked}: page")
    found = [wanted(asked) for asked in single]
    ok(sum(1 for names in found if names) > 12 and all(len(n) < len(keys) for n in found),
       "each filter lets some through and some not")
    for asked in ({"api": "people"}, {"policy": "gold", "organisation": "Aster"}):
        is_eq(by_rest(**query(asked, by_name=True)), wanted(asked), f"{asked} by name")
    for q in ("token", "ends", "zzz", keys["token True None"]["id"][:5]):
        asked = {"status": "active", "credential": TOKEN}
        is_eq(by_rest(2, **query(asked, q)), wanted(asked, q), f"{q!r} among {asked}")
        is_eq(by_page(**query(asked, q)), wanted(asked, q), f"{q!r} among {asked}: page")
    badges = {"off": "Off", "expired": "Expired", "no_credential": "No credential",
              "ending": "Ends in", "active": ""}
    for status, words in badges.items():
        page = browser.get(f"/admin/keys?status={status}")
        shown = [row.split("</tr>")[0] for row in page.html.split("<tr>")[2:]]
        ok(shown and all(words in row for row in shown), f"{status}: the badges say {words!r}")

with case("what cannot be asked"):
    for name, value, text in (
            ("status", "bogus", "must be one of: active, ending"), ("status", "Active", "must be one of"),
            ("status", "", "is empty"), ("credential", "mtls", "must be one of: certificate, token"),
            ("api_id", "nothing", "There is no API"), ("policy_id", "nothing", "There is no policy"),
            ("organisation_id", "nothing", "There is no organisation"), ("tag", "", "is empty")):
        answer = site.rest("GET", "/keys?" + urllib.parse.urlencode({name: value}))
        errors = answer.body.get("errors", [{}])
        is_eq((answer.status, [e.get("field") for e in errors]), (422, [name]), f"{name}={value!r}: 422")
        like(errors[0].get("message", ""), text, "with the reason")
    is_eq(site.rest("GET", "/keys?active=true").status, 400, "an unknown one: 400")
    for asked in ("status=bogus", "policy_id=nothing", "api_id=%3Cb%3E"):
        page = browser.get(f"/admin/keys?{asked}")
        is_eq((page.status, names_of(page)), (422, []), f"page, {asked}: 422 without keys")
        ok("This cannot be shown" in page.text and page.link("Show all"), "it says so, and leads on")
        ok("<b>" not in page.html, "and shows nothing of it as markup")

with case("on the page"):
    page = browser.get("/admin/keys")
    form, _ = page.form("Apply")
    for label in ("Status", "Credential", "API", "Policy", "Organisation", "Tag"):
        ok(page.field(form, label), f"a field “{label}”")
    page = browser.submit(page, "Apply", {"Status": ["Active"], "Credential": ["Auth token"], "Tag": "batch",
                                          "Policy": ["gold"], "Search keys": "t"})
    asked = {"status": "active", "credential": TOKEN, "tag": "batch", "policy": "gold"}
    is_eq(names_of(page), wanted(asked, "t"), "chosen in the form")
    form, _ = page.form("Apply")
    is_eq([[t for _, t, chosen in page.field(form, n).options if chosen]
           for n in ("Status", "Credential", "Policy")], [["Active"], ["Auth token"], ["gold"]],
          "the choice is kept")
    is_eq([page.field(form, n).value for n in ("Tag", "Search keys")], ["batch", "t"], "what was typed too")
    for text, without in (("Remove filter Status: Active", "status"), ("Remove filter Policy: gold", "policy"),
                          ("Remove filter Credential: Auth token", "credential"),
                          ("Remove filter Tag: batch", "tag")):
        less = browser.get(page.link(text))
        is_eq(names_of(less), wanted({n: v for n, v in asked.items() if n != without}, "t"), text)
        ok(text not in [t for t, _ in less.links], "it is gone then, the others stay")
    is_eq(by_page(), sorted(keys, key=str.encode), "all, when nothing is asked for")
    ok("Remove filter" not in browser.get("/admin/keys").text, "then there is nothing to remove")

with case("odd questions"):
    for asked, found in (("q=%0a", None), ("q=%0atoken%0a", "token"), ("q=to%0aken", []), ("q=%01", []),
                         ("q=%ff", []), ("q=%c2%85", []), ("q=t%00", None)):
        page = browser.get(f"/admin/keys?{asked}")
        if found is not None:
            is_eq(names_of(page), wanted({}, found) if found else [], f"{asked}: does not list everything")
        ok(page.status in (200, 400), f"{asked}: is answered")
    for asked in ("q=%zz", "q=%", "x=%f", "%zz=1"):
        is_eq(browser.get(f"/admin/keys?{asked}").status, 400, f"{asked}: cannot be read, and is told so")

with case("while keys change"):
    order = wanted({"status": "off"})
    first = rest("GET", "/keys?status=off&limit=2")
    is_eq([k["name"] for k in first["items"]], order[:2], "a page")
    rest("PATCH", f"/keys/{keys[order[1]]['id']}", {"active": True})
    rest("PATCH", f"/keys/{keys[order[3]]['id']}", {"active": True})
    second = rest("GET", f"/keys?status=off&limit=50&cursor={first['next']}")
    is_eq([k["name"] for k in second["items"]], [order[2], *order[4:]], "the next one, as it is by now")
    key = rest("POST", "/keys", {"name": "A new one", "token": True}, 201)
    is_eq(by_rest(status="active")[0], "A new one", "a new key is there at once")
    rest("DELETE", f"/keys/{key['id']}/credentials/{key['credentials'][0]['sha256']}", status=204)
    is_eq(by_rest(status="no_credential")[0], "A new one", "its token is revoked: it has none")
    rest("PATCH", f"/policies/{policies['plain']}", {"applies": ["access"], "rate": None, "access": [{"api_id": apis["orders"]}]})
    is_eq(set(by_rest(api_id="orders")),
          {n for n, k in keys.items() if k["api"] == "orders" or k["policy"] == "plain"},
          "a policy that gives access gives its keys")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")
done_testing()
