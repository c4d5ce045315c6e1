#!/usr/bin/python3
"""All that is wrong with what was sent is told at once, each at its field: by the forms and by REST; nobody
mends one fault only to be told of the next."""
import itertools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq  # noqa: E402
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
    "expires_at": ("Expires on", "2001-01-01"), "max_concurrent": ("Under way at once", "0"),
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

    # A list of faults has eight.
    for left in itertools.combinations(body, 6):
        some = {m: body[m] for m in left}
        there = {f for f in wanted if re.split(r"[.\[]", f)[0] in left}
        if len(there) > 7:
            continue
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
                          {"name", "organisation_id"})):
        is_eq(told(site.rest("POST", "/developers", body)), (422, wanted), f"a developer: {body}")
    is_eq(site.rest("GET", "/organisations").body["items"], [], "no organisation is left of any")
done_testing()
