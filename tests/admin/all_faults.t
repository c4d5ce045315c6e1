#!/usr/bin/python3
"""All that is wrong with what was sent is told at once, each at its field: by the forms and by REST; nobody
mends one fault only to be told of the next."""
import itertools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
browser = owner(site)
api = site.make_api("orders")
taken = site.make_cert("taken")
site.make_key("Owner", taken)
fresh = site.make_cert("fresh")


def at_fields(page):
    return {i[2:] for i in page.ids if i.startswith("e-")}


# Faults of different kinds: of reading, of checking, of what is there already, of the certificate.
FAULTS = {
    "name": ("Name", " \u200b"), "rate_limit": ("Rate", "soon"), "quota_limit": ("Quota", "-1"),
    "expires_at": ("Expires on", "2001-01-01"), "max_concurrent": ("Concurrent requests", "0"),
    "allowed_ips": ("From these addresses", "300.1.1.1"),
}
CERTIFICATES = {"none": "", "bad": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "taken": taken.pem}
GOOD = {"Name": "Fine", "Mutual TLS": True, "orders": True}

with case("a new key, by the form"):
    form = browser.get("/admin/keys/new")
    wanted, fields = set(FAULTS), {label: value for label, value in FAULTS.values()}
    for what, text in CERTIFICATES.items():
        page = browser.submit(form, "Create", {**GOOD, **fields, "Certificate (PEM)": text})
        is_eq((page.status, at_fields(page)), (422, wanted | {"certificate"}),
              f"certificate {what}: all faults, each at its field")
        summary = [h for _, h in page.links if h.startswith("#f-")]
        is_eq(summary[:3], ["#f-name", "#f-certificate", "#f-rate_limit"], "in the order of the form")
        is_eq(len(summary), len(wanted) + 1, "each once")
    page = browser.submit(form, "Create", {**GOOD, **fields, "Certificate (PEM)": fresh.pem})
    is_eq(at_fields(page), wanted, "with a good certificate all others")
    page = browser.submit(form, "Create", {**GOOD, **fields, "Mutual TLS": False, "Auth token": True})
    is_eq(at_fields(page), wanted, "and for a token")
    for pair in itertools.combinations(FAULTS, 2):
        page = browser.submit(form, "Create", {**GOOD, **dict(FAULTS[f] for f in pair),
                                               "Certificate (PEM)": taken.pem})
        is_eq(at_fields(page), {*pair, "certificate"}, f"{pair} and the certificate")
    page = browser.submit(form, "Create", {**GOOD, "Certificate (PEM)": taken.pem})
    is_eq((page.status, at_fields(page)), (409, {"certificate"}), "the certificate's alone stays a clash")
    is_eq([k["name"] for k in site.rest("GET", "/keys").body["items"]], ["Owner"], "nothing was made by any")
    is_eq(site.rest("GET", f"/certificates/{fresh.sha256}").status, 404, "nor was its certificate kept")

with case("a key that is changed"):
    key = site.rest("GET", "/keys").body["items"][0]
    form = browser.get(f"/admin/keys/{key['id']}/edit")
    page = browser.submit(form, "Save", dict(FAULTS.values()))
    is_eq((page.status, at_fields(page)), (422, set(FAULTS)), "all faults at once")

with case("REST"):
    body = {"name": "\u200b", "rate": {"limit": "soon", "per_seconds": 0}, "quota": {"limit": 0, "period": "day"},
            "expires_at": "2001-01-01T00:00:00Z", "max_concurrent": 0, "allowed_ips": ["300.1.1.1"],
            "policy_ids": ["none"], "access": [{"api_id": "none"}]}
    wanted = {"name", "rate.limit", "rate.per_seconds", "quota.limit", "expires_at", "max_concurrent",
              "allowed_ips", "policy_ids", "access[0].api_id"}

    def told(answer):
        return answer.status, {e["field"] for e in answer.body.get("errors", [])}

    for left in [*itertools.combinations(body, 6), tuple(body)]:
        some = {m: body[m] for m in left}
        there = {f for f in wanted if re.split(r"[.\[]", f)[0] in left}
        is_eq(told(site.rest("POST", "/keys", {"name": "Fine", **some, "certificate": taken.pem})),
              (422, there | {"certificate"}), f"POST {list(left)}")
        is_eq(told(site.rest("PATCH", f"/keys/{key['id']}", some)), (422, there), f"PATCH {list(left)}")
    site.rest("POST", "/policies", {"name": "gold", "applies": ["rate"], "rate": {"limit": 1, "per_seconds": 1}})
    answer = site.rest("POST", "/policies", {"name": "gold", "applies": ["rate"], "key_lifetime_days": 0,
                                             "rate": {"limit": 1, "per_seconds": 1}})
    is_eq(told(answer), (422, {"name", "key_lifetime_days"}), "a name that is taken, beside a fault")
    answer = site.rest("POST", "/policies", {"name": "gold", "applies": ["rate"],
                                             "rate": {"limit": 1, "per_seconds": 1}})
    is_eq((answer.status, answer.body["code"]), (409, "name_in_use"), "alone it stays a clash")
    answer = site.rest("POST", "/policies", {"name": "", "applies": ["nothing"],
                                             "rate": {"limit": 1, "per_seconds": 1}})
    is_eq(told(answer), (422, {"name", "applies[0]"}), "nothing is said of what a bad choice decides about")
    answer = site.rest("POST", "/apis", {"name": " ", "listen_path": "/admin/x/", "target_url": "ftp://h/",
                                         "timeout_ms": 0, "rate": {"limit": 0, "per_seconds": 1}})
    is_eq(told(answer), (422, {"name", "listen_path", "target_url", "timeout_ms", "rate.limit"}), "an API")
    for body, wanted in (({"name": "\u200b", "email": "none"}, {"name", "email"}), ({"name": "Ann"}, {"email"}),
                         ({"name": " ", "email": "ann@example.org"}, {"name"}),
                         ({"name": "", "email": "ann@example.org"}, {"name"}),
                         ({"email": "ann@example.org", "name": "\u200b", "organisation_id": "none"},
                          {"name", "organisation_id"}),
                         ({"name": "Ann", "email": "ann@example.org", "role": "king"}, {"role"}),
                         ({"name": "Ann", "email": "none", "role": 5}, {"email", "role"})):
        is_eq(told(site.rest("POST", "/developers", body)), (422, wanted), f"a developer: {body}")
    is_eq(site.rest("GET", "/organisations").body["items"], [], "no organisation is left of any")

# What is wrong by itself, by resource: members and the fields that are told.  Choices that nobody knows stand
# beside all else; what is read and what is checked, lists of one kind beside each other, clashes.
site.rest("POST", "/organisations", {"name": "Known"})
site.rest("POST", "/developers", {"name": "Ann", "email": "taken@example.org", "organisation_id": "Known"})
site.rest("POST", "/catalogue", {"name": "Offer", "policy_id": "gold"})
site.rest("POST", "/users", {"name": "Somebody", "role": "viewer", "password": "a long enough password"})
BAD_IP = ["300.1.1.1"]
WRONG = {
    "apis": ({"name": "Good", "listen_path": "/good/", "target_url": "http://127.0.0.1:9/"}, [
        ({"name": "\u200b"}, {"name"}), ({"name": "orders"}, {"name"}), ({"name": 5}, {"name"}),
        ({"listen_path": "/orders/"}, {"listen_path"}), ({"listen_path": "/admin/x"}, {"listen_path"}),
        ({"target_url": "ftp://x/"}, {"target_url"}), ({"target_url": None}, {"target_url"}),
        ({"target_urls": ["nothing", "http://ok/", "x"]}, {"target_urls[0]", "target_urls[2]"}),
        ({"allowed_ips": BAD_IP}, {"allowed_ips"}), ({"blocked_ips": BAD_IP}, {"blocked_ips"}),
        ({"timeout_ms": "soon"}, {"timeout_ms"}), ({"active": "yes"}, {"active"}),
        ({"auth": {"trust": "nobody"}}, {"auth.trust"}), ({"auth": {"token_header": "a b"}}, {"auth.token_header"}),
        ({"request_headers": {"set": [{"name": "Host", "value": "x"}], "add": [{"name": "TE", "value": "x"}]}},
         {"request_headers.set[0].name", "request_headers.add[0].name"}),
        ({"response_headers": {"remove": ["a b"]}}, {"response_headers.remove[0]"}),
        ({"cors": {"allowed_origins": ["x"], "allowed_methods": ["a b"], "exposed_headers": ["a b"]}},
         {"cors.allowed_origins[0]", "cors.allowed_methods[0]", "cors.exposed_headers[0]"}),
        ({"upstream_tls": {"server_name": "..", "pinned_sha256": ["x"]}}, {"upstream_tls.pinned_sha256[0]"})]),
    "keys": ({"name": "Good"}, [
        ({"name": " "}, {"name"}), ({"tags": ["\u200b", "ok", "\u202e"]}, {"tags[0]", "tags[2]"}),
        ({"access": [{"api_id": "none", "methods": ["get", "POST"], "paths": ["x"]}]},
         {"access[0].api_id", "access[0].methods", "access[0].paths"}),
        ({"access": [{"api_id": "orders", "methods": [5], "paths": ["x"], "quota": {"limit": 1, "period": "eon"}},
                     {"api_id": 7, "paths": ["x"]}, {"api_id": "none"}]},
         {"access[0].methods[0]", "access[0].quota.period", "access[1].api_id"}),
        ({"policy_ids": ["none"]}, {"policy_ids"}), ({"organisation_id": "none"}, {"organisation_id"}),
        ({"allowed_ips": BAD_IP}, {"allowed_ips"}), ({"blocked_ips": BAD_IP}, {"blocked_ips"}),
        ({"quota": {"limit": 1, "period": "eon"}}, {"quota.period"}), ({"expires_at": "soon"}, {"expires_at"}),
        ({"meta": {"a": 5, "b": "\u0001", "c": "fine"}}, {"meta.a", "meta.b"})]),
    "policies": ({"name": "Good", "applies": ["rate"], "rate": {"limit": 1, "per_seconds": 1}}, [
        ({"name": "gold"}, {"name"}), ({"applies": ["rate", "all"]}, {"applies[1]"}),
        ({"access": [{"api_id": "none", "methods": ["get"]}], "applies": ["rate", "access"]},
         {"access[0].api_id", "access[0].methods"}),
        ({"rate": {"limit": 0, "per_seconds": 0}}, {"rate.limit", "rate.per_seconds"}),
        ({"tags": [" "]}, {"tags[0]"}), ({"key_lifetime_days": -1}, {"key_lifetime_days"})]),
    "catalogue": ({"name": "Good", "policy_id": "gold"}, [
        ({"name": "Offer"}, {"name"}), ({"policy_id": "none"}, {"policy_id"}), ({"approval": "perhaps"}, {"approval"}),
        ({"proof": 5}, {"proof"}), ({"renewal": "never"}, {"renewal"}), ({"visible": 1}, {"visible"}),
        ({"documentation_url": "javascript:x"}, {"documentation_url"}),
        ({"description": "[x](javascript:y)"}, {"description"}), ({"max_keys_per_developer": 0}, {"max_keys_per_developer"})]),
    "developers": ({"name": "Good", "email": "good@example.org", "organisation_id": "Known"}, [
        ({"name": "\u202e"}, {"name"}), ({"email": "none"}, {"email"}), ({"email": "taken@example.org"}, {"email"}),
        ({"organisation_id": "none"}, {"organisation_id"}), ({"role": "king"}, {"role"}), ({"active": 5}, {"active"}),
        ({"password": "short"}, {"password"})]),
    "organisations": ({"name": "Good"}, [
        ({"name": ""}, {"name"}), ({"contacts": ["none"]}, {"contacts[0]"}), ({"active": "x"}, {"active"})]),
    "users": ({"name": "Good", "role": "viewer", "password": "a long enough password"}, [
        ({"name": "Somebody"}, {"name"}), ({"role": "king"}, {"role"}), ({"password": "short"}, {"password"}),
        ({"password": None}, {"password"}), ({"email": "none"}, {"email"}), ({"must_change": 1}, {"must_change"})]),
}
# Of a clash alone it is 409.
CLASHES = [{"name": "orders"}, {"listen_path": "/orders/"}, {"name": "gold"}, {"name": "Offer"}, {"name": "Somebody"},
           {"email": "taken@example.org"}]


def told_status(parts):
    return 409 if all(p in CLASHES for p in parts) else 422


with case("any two of a resource's faults, and all of them, by REST"):
    for what, (good, faults) in WRONG.items():
        for some in [*itertools.combinations(faults, 1), *itertools.combinations(faults, 2)]:
            if len(some) == 2 and set(some[0][0]) & set(some[1][0]):
                continue
            body, wanted = dict(good), set()
            for members, fields in some:
                body.update(members)
                wanted |= fields
            is_eq(told(site.rest("POST", f"/{what}", body)), (told_status([m for m, _ in some]), wanted),
                  f"{what}: {[m for m, _ in some]}")
        every = {}
        for members, fields in faults:
            every.update({m: (v, {f for f in fields if re.split(r"[.\[]", f)[0] == m}) for m, v in members.items()})
        is_eq(told(site.rest("POST", f"/{what}", {**good, **{m: v for m, (v, _) in every.items()}})),
              (422, set().union(*(f for _, f in every.values()))), f"{what}: all at once")
        made = site.rest("POST", f"/{what}", good).body["id"]
        patch = {m: v for m, (v, _) in every.items() if v is not None}
        is_eq(told(site.rest("PATCH", f"/{what}/{made}", patch)),
              (422, set().union(*(every[m][1] for m in patch))), f"{what}: all at once of one that is changed")
        is_eq(site.rest("DELETE", f"/{what}/{made}").status, 204, "which stayed as it was")

with case("a request of a developer"):
    offer = site.rest("GET", "/catalogue/Offer").body
    ann = site.rest("GET", "/developers/Ann").body["id"]
    good = {"name": "Good", "developer_id": ann, "catalogue_id": offer["id"], "certificate": fresh.pem}
    faults = [({"name": "\u200b"}, {"name"}), ({"name": 5}, {"name"}), ({"name": None}, {"name"}),
              ({"developer_id": "none"}, {"developer_id"}), ({"developer_id": None}, {"developer_id"}),
              ({"developer_id": ""}, {"developer_id"}), ({"catalogue_id": "none"}, {"catalogue_id"}),
              ({"catalogue_id": 5}, {"catalogue_id"}), ({"certificate": CERTIFICATES["bad"]}, {"certificate"}),
              ({"certificate": taken.pem}, {"certificate"}), ({"certificate": None}, {"certificate"}),
              ({"certificate": 5}, {"certificate"}), ({"token": "x"}, {"token"}), ({"token": True}, {"token"})]
    everything = [({"name": " ", "developer_id": "none", "catalogue_id": "none", "certificate": pem, "token": "x"},
                   {"name", "developer_id", "catalogue_id", "certificate", "token"}) for pem in (CERTIFICATES["bad"], 5)]
    for some in [*itertools.combinations(faults, 1), *itertools.combinations(faults, 2), *((e,) for e in everything)]:
        if len(some) == 2 and set(some[0][0]) & set(some[1][0]):
            continue
        body, wanted = dict(good), set()
        for members, fields in some:
            body.update(members)
            wanted |= fields
        if body.get("token") is True and body["certificate"] in (None, 5, CERTIFICATES["bad"]):
            wanted -= {"token"}  # beside no certificate it is what is asked for
        if body["certificate"] is None and body.get("token"):
            wanted -= {"certificate"}
        if body["certificate"] == taken.pem and ("developer_id" in wanted or wanted == {"certificate"}):
            wanted -= {"certificate"}  # a clash, which is of a developer; alone it has no field
        answer = site.rest("POST", "/requests", body)
        alone = [members for members, _ in some] == [{"certificate": taken.pem}]
        if wanted or alone:
            is_eq(told(answer), (409 if alone else 422, wanted), f"{[m for m, _ in some]}")
        else:
            is_eq(site.rest("POST", f"/requests/{answer.body['id']}/decline").status, 200, "a token alone is a wish")
        listed = [e["field"] for e in answer.body.get("errors", [])]
        is_eq(len(listed), len(set(listed)), "each once")
    for body, wanted in (({"key_id": "none"}, {"key_id"}), ({"key_id": 5}, {"key_id"}), ({"key_id": ""}, {"key_id"}),
                         ({"key_id": "Owner", "certificate": fresh.pem}, {"certificate"}),
                         ({"key_id": "Owner", "token": True}, {"token"}),
                         ({"key_id": "Owner", "name": "Other"}, {"name"}), ({"key_id": "Owner", "name": ""}, {"name"}),
                         ({"key_id": "Owner", "name": "Other", "certificate": fresh.pem, "token": True},
                          {"name", "certificate", "token"}),
                         ({"key_id": "none", "developer_id": "none"}, {"key_id", "developer_id"})):
        is_eq(told(site.rest("POST", "/requests", {"developer_id": ann, "catalogue_id": "Offer", **body})), (422, wanted),
              f"{list(body)}")
    answer = site.rest("POST", "/requests", {**good, "status": "approved", "x": 1})
    is_eq((*told(answer), answer.body["code"]), (400, {"status", "x"}, "unknown_member"), "what nobody knows, by its name")
    for path in ("/requests", "/keys", "/certificates"):
        member = "pem" if path == "/certificates" else "certificate"
        answer = site.rest("POST", path, {"x": 1, "y": 2, member: CERTIFICATES["bad"]})
        is_eq((answer.status, answer.body["code"], answer.body["detail"][:3]), (400, "unknown_member", "x: "),
              f"{path}: the sentence is of the fault whose code it is")
    is_eq(site.rest("GET", "/requests?status=pending").body["items"], [], "no request is left of any")
    made = site.rest("POST", "/requests", good)
    is_eq(made.status, 201, "without a fault it is made")
    answer = site.rest("POST", f"/requests/{made.body['id']}/decline", {"reason": "no", "code": 1, "x": 2})
    is_eq((*told(answer), answer.body["code"]), (400, {"code", "x"}, "unknown_member"), "declining names it, too")
    is_eq(told(site.rest("POST", f"/requests/{made.body['id']}/decline", {"reason": 5})), (422, {"reason"}), "no text")

with case("other bodies with a certificate"):
    somebody = site.rest("GET", "/users/Somebody").body["id"]
    for path, member in (("/certificates", "pem"), ("/keys/Owner/credentials", "certificate"),
                         (f"/users/{somebody}/certificates", "certificate")):
        for body, wanted in (({member: CERTIFICATES["bad"]}, (422, {member})), ({member: 5}, (422, {member})),
                             ({member: fresh.pem, "x": 1, "y": 2}, (400, {"x", "y"}))):
            is_eq(told(site.rest("POST", path, body)), wanted, f"POST {path} {list(body)}: each at its field")
    is_eq(told(site.rest("POST", "/certificates", {"pem": fresh.pem, "kind": "x"})), (422, {"kind"}), "a kind")

with case("clashes"):
    answer = site.rest("POST", "/apis", {"name": "orders", "listen_path": "/orders/", "target_url": "http://127.0.0.1:9/"})
    is_eq((*told(answer), answer.body["code"]), (409, {"name", "listen_path"}, "name_in_use"), "name and path, both")
    answer = site.rest("POST", "/apis", {"name": "Other", "listen_path": "/orders/", "target_url": "http://127.0.0.1:9/"})
    is_eq((*told(answer), answer.body["code"]), (409, {"listen_path"}, "listen_path_in_use"), "the path alone")
    answer = site.rest("PATCH", "/apis/orders", {"listen_path": "/admin/", "name": ""})
    is_eq((*told(answer), answer.body["code"]), (422, {"name", "listen_path"}, "reserved_path"), "a reserved one")
    form = browser.get("/admin/apis/new")
    page = browser.submit(form, "Create", {"Name": "orders", "Listen path": "/orders/", "Target URL": "http://127.0.0.1:9/"})
    is_eq((page.status, at_fields(page)), (409, {"name", "listen_path"}), "on the page, too")
    page = browser.submit(form, "Create", {"Name": "orders", "Listen path": "/orders/", "Target URL": "ftp://x/",
                                           "Not from these addresses": "x", "From these addresses": "x"})
    is_eq((page.status, at_fields(page)), (422, {"name", "listen_path", "target_url", "allowed_ips", "blocked_ips"}),
          "beside faults")

with case("a key's certificate and the rest, by REST"):
    for pem, wanted in ((CERTIFICATES["bad"], {"certificate"}), (5, {"certificate"}), (taken.pem, {"certificate"})):
        answer = site.rest("POST", "/keys", {"name": "", "certificate": pem, "token": "x", "allowed_ips": BAD_IP})
        is_eq(told(answer)[0], 422, "refused")
        ok(told(answer)[1] >= wanted | {"token"}, f"{answer.body['errors']}: certificate and token")
    answer = site.rest("POST", "/keys", {"name": "", "certificate": CERTIFICATES["bad"], "allowed_ips": BAD_IP})
    is_eq(told(answer), (422, {"certificate", "name", "allowed_ips"}), "and all of the record")

with case("passwords"):
    form = browser.get("/admin/password")
    page = browser.submit(form, "Save", {"Current password": "wrong", "New password": "short", "Repeat new password": "x"})
    is_eq((page.status, at_fields(page)), (422, {"current", "new", "repeat"}), "of one's own: all at once")

with case("lines of a key's further facts"):
    form = browser.get("/admin/keys/new")
    lines = "good: x\n\nzzz\na=b\n: y\ngood: again\nother:"
    page = browser.submit(form, "Create", {"Name": " ", "Auth token": True, "Further facts": lines})
    is_eq((page.status, at_fields(page)), (422, {"name", "meta"}), "a new one: beside other faults")
    for number, text in ((3, "no colon"), (4, "no colon"), (5, "no name"), (6, "there before")):
        like(page.text, rf"[Ll]ine {number} has [a ]*[a-z ]*{text}", f"line {number}: {text}")
    unlike(page.text, "[Ll]ine [1278] ", "of no other line")
    ok("zzz" in page.html, "what was typed comes back")
    form = browser.get(f"/admin/keys/{key['id']}/edit")
    page = browser.submit(form, "Save", {"Name": "\u200b", "Further facts": "zzz"})
    is_eq((page.status, at_fields(page)), (422, {"name", "meta"}), "one that is there, too")
    is_eq(site.rest("GET", f"/keys/{key['id']}").body["meta"], {}, "which stays as it was")
    page = browser.submit(form, "Save", {"Further facts": "zzz"})
    is_eq((page.status, at_fields(page)), (422, {"meta"}), "alone, too")
    page = browser.submit(form, "Save", {"Further facts": "a: b\nc: d: e"})
    is_eq((page.status, site.rest("GET", f"/keys/{key['id']}").body["meta"]), (200, {"a": "b", "c": "d: e"}),
          "good lines are kept")

with case("settings"):
    is_eq(told(site.rest("PATCH", "/settings", {"base_urls": {"gate": "x", "admin": "ftp://y"}, "portal_title": "",
                                                "sign_up": "never", "mail_from": "x", "sign_up_domains": ["@"]})),
          (422, {"base_urls.gate", "base_urls.admin", "portal_title", "sign_up", "mail_from", "sign_up_domains[0]"}),
          "all at once")

with case("very many"):
    answer = site.rest("POST", "/keys", {"name": "", "access": [{"api_id": f"none {i}"} for i in range(400)]})
    listed = len(answer.body["errors"])
    is_eq(answer.status, 422, "are refused")
    ok(50 <= listed <= 100, f"{listed} are listed")
    like(answer.body["detail"], rf"And {401 - listed} more", "and the number of the rest is told")
    done = site.certgate("key", "create", "--name", " ", *(w for i in range(400) for w in ("--api", f"none {i}")))
    like(done.stderr, r"and \d+ more faults", "by the command, too")
done_testing()
