#!/usr/bin/python3
"""What happens at the same moment ends as if one had come after the other: nothing half done, nothing twice,
and nothing that was taken away comes back."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import Developer, entry, request_of  # noqa: E402
from pages import at_once, pressed  # noqa: E402
from tap import case, done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

ROUNDS = 3


def call(cert):
    return site.curl("/mtls-api/x", cert=cert).status


def renew(old, new):
    return site.curl("/portal/renew", cert=old, data=new.pem.encode())


with Site(portals=2) as site:
    api = site.make_api()
    manual = entry(site, "Payments", [api], max_keys_per_developer=100)
    automatic = entry(site, "Quotes", [api], approval="automatic", max_keys_per_developer=100)
    ann = Developer(site, "Ann Partner")

    def key_of(name, cert):
        page = ann.ask(automatic, name, cert.pem)
        return page.path.split("?")[0].rsplit("/", 1)[-1]

    def certificates(key):
        found = site.rest("GET", f"/keys/{key}")
        return {c["sha256"] for c in found.body["credentials"]} if found.status == 200 else None

    with case("approved and withdrawn"):
        for i in range(ROUNDS):
            cert = site.make_cert(f"withdrawn {i}")
            page = ann.ask(manual, f"Withdrawn {i}", cert.pem)
            request = request_of(page)
            approved, withdrawn = at_once(lambda r=request: site.rest("POST", f"/requests/{r}/approve").status,
                                          pressed(ann, page, "Withdraw request"))
            now = site.rest("GET", f"/requests/{request}").body
            is_eq((now["status"], approved, withdrawn.status, call(cert)),
                  ("approved", 200, 409, 200) if now["key_id"] else ("withdrawn", 409, 200, 403),
                  f"{i}: one of the two")

    with case("approved twice, and declined"):
        for i in range(ROUNDS):
            cert = site.make_cert(f"twice {i}")
            request = request_of(ann.ask(manual, f"Twice {i}", cert.pem))
            got = at_once(*[lambda r=request, w=w: site.rest("POST", f"/requests/{r}/{w}").status
                            for w in ("approve", "decline", "approve")])
            status = site.rest("GET", f"/requests/{request}").body["status"]
            is_eq(got, [200, 409, 200] if status == "approved" else [409, 200, 409], f"{i}: {status}")
            is_eq((len([k for k in site.rest("GET", f"/keys?q=Twice%20{i}").body["items"]]), call(cert)),
                  (1, 200) if status == "approved" else (0, 403), f"{i}: a key, or none")

    with case("renewed and revoked"):
        for i in range(ROUNDS):
            old, new = site.make_cert(f"revoked {i}"), site.make_cert(f"after {i}")
            key = key_of(f"Revoked {i}", old)
            answer, gone = at_once(lambda o=old, n=new: renew(o, n), lambda k=key, o=old: site.rest(
                "DELETE", f"/keys/{k}/credentials/{o.sha256}?reason=other").status)
            is_eq((gone, call(old)), (204, 403), f"{i}: the old one is revoked")
            is_eq((call(new), certificates(key)), (200, {old.sha256, new.sha256}) if answer.status == 201 else
                  (403, {old.sha256}), f"{i}: the new one as the answer says ({answer.status})")
            is_eq(renew(old, site.make_cert(f"late {i}")).status, 403, f"{i}: nothing more comes of the old one")

    with case("renewed, and the key given up"):
        for i in range(ROUNDS):
            old, new = site.make_cert(f"given up {i}"), site.make_cert(f"for nothing {i}")
            key = key_of(f"Given up {i}", old)
            page = ann.get(f"/portal/keys/{key}/give-up")
            at_once(lambda o=old, n=new: renew(o, n), pressed(ann, page, f"Give up Given up {i}"))
            is_eq((certificates(key), call(old), call(new)), (None, 403, 403), f"{i}: nothing is left")
            is_eq(ann.ask(automatic, f"Again {i}", new.pem).status, 200, f"{i}: and nothing is in the way")

    with case("two certificates, and one twice"):
        for i in range(ROUNDS):
            old, one, two = (site.make_cert(f"{n} {i}") for n in ("first", "one", "two"))
            key = key_of(f"Two {i}", old)
            got = at_once(*[lambda o=old, c=c: renew(o, c).status for c in (one, two, one)])
            is_eq((got[1], sorted((got[0], got[2]))), (201, [201, 409]), f"{i}: each is added once")
            is_eq((certificates(key), [call(c) for c in (old, one, two)]),
                  ({old.sha256, one.sha256, two.sha256}, [200] * 3), f"{i}: and works")

    with case("proven and withdrawn"):
        for i in range(ROUNDS):
            cert = site.make_cert(f"proven {i}")
            ann.ask(automatic, f"Squat {i}", cert.pem)
            owner = Developer(site, f"Owner {i}")
            page = owner.submit(owner.ask(automatic, f"Proven {i}", cert.pem), "Ask, and prove that it is mine")
            code = re.search(r"proof=([a-z0-9-]+)", page.text)[1]
            proof, withdrawn = at_once(
                lambda c=cert, n=code: site.curl(f"/portal/whoami?proof={n}", "-H", "Accept: application/json", cert=c),
                pressed(owner, page, "Withdraw request"))
            status = site.rest("GET", f"/requests/{request_of(page)}").body["status"]
            is_eq((proof.status, withdrawn.status), (200, 409) if status == "approved" else (404, 200), f"{i}: {status}")
            keys = [k["name"] for k in site.rest("GET", "/keys?limit=500").body["items"]
                    if cert.sha256 in {c["sha256"] for c in k["credentials"]}]
            is_eq(keys, [f"Proven {i}" if status == "approved" else f"Squat {i}"], f"{i}: one key has it")

    with case("two managers make each other a member"):
        def record(email):
            return next((d for d in site.rest("GET", "/developers?limit=500").body["items"] if d["email"] == email), None)
        boss, second = Developer(site, "Boss One"), Developer(site, "Second Boss")
        site.rest("PATCH", f"/developers/{record(second.email)['id']}",
                  {"organisation_id": record(boss.email)["organisation_id"], "role": "manager"})
        got = at_once(*[pressed(who, who.get("/portal/organisation"), f"Make member of {other}")
                        for who, other in ((boss, "Second Boss"), (second, "Boss One"))])
        is_eq(min(p.status for p in got), 200, "one is made one")
        is_eq(sorted(record(who.email)["role"] for who in (boss, second)), ["manager", "member"], "one stays")
done_testing()
