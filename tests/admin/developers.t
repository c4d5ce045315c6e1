#!/usr/bin/python3
"""Developers and organisations in the dashboard and by REST: what switching off, moving and deleting
does to their keys, from the next request on."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import MAIL, PASSWORD, Developer, entry, pem  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

with Site() as site:
    api = site.make_api()
    offer = entry(site, "Payments", [api], approval="automatic")
    boss = Browser(site)
    boss.first_sign_in("admin", site.password, PASSWORD)
    ann = Developer(site, "Ann Partner")
    cert = site.make_cert("ann")
    ann.ask(offer, "Anns key", pem(cert))
    site.announce()
    key = site.rest("GET", "/keys").body["items"][0]
    developer = site.rest("GET", "/developers").body["items"][0]
    org = "/organisations/" + developer["organisation_id"]
    who = "/developers/" + developer["id"]

    def call(c=cert):
        answer = site.curl("/mtls-api/x", cert=c)
        return answer.status, answer.json().get("code") if answer.status >= 400 else None

    with case("switching off"):
        is_eq(call(), (200, None), "the key works")
        for path, word in ((org, "the organisation"), (who, "the developer")):
            site.rest("PATCH", path, {"active": False})
            is_eq(call(), (403, "key_inactive"), f"{word} is off: refused at the next request")
            is_eq(ann.get("/portal/keys", follow=False).status, 303, "the session is nobody's")
            page = ann.submit(ann.get("/portal/login"), "Sign in", {"E-mail": ann.email, "Password": PASSWORD})
            is_eq(page.status, 403, "and signs in no more")
            ok(site.rest("GET", f"/keys/{key['id']}").body["active"], "the key itself stays as it was")
            may = site.rest("GET", f"/keys/{key['id']}/effective").body
            is_eq((may["active"], may["off_by"]), (False, word.split()[1]), "what it may do says who keeps it off")
            like(site.certgate("explain", "--cert", cert.path, "--url", "/mtls-api/").stdout,
                 f"NO +key +{word.capitalize()} (that|who) .* is switched off", "explain, too")
            page = boss.get(f"/admin/keys/{key['id']}")
            like(page.text, f"{word.capitalize()} (that|who) .* is switched off", "and its page")
            ok(page.link(word) == "/admin" + path and "Pause" in page.text and "Switch on" not in page.text,
               "which leads to the switch that has to be turned")
            site.rest("PATCH", f"/keys/{key['id']}", {"active": False})
            is_eq(site.rest("GET", f"/keys/{key['id']}/effective").body["off_by"], "key", "its own comes first")
            site.rest("PATCH", path, {"active": True})
            like(boss.get(f"/admin/keys/{key['id']}").text, "Switch on", "where that is the one")
            site.rest("PATCH", f"/keys/{key['id']}", {"active": True})
            may = site.rest("GET", f"/keys/{key['id']}/effective").body
            is_eq((may["active"], may["off_by"]), (True, None), "and nobody's where all are on")
            is_eq(call(), (200, None), f"{word} is back, and so is the key")
            ann.cookies.clear()
            ann.sign_in()

    with case("the pages"):
        page = boss.get("/admin/developers")
        like(page.text, "Ann Partner", "the list has her")
        like(boss.get("/admin/developers?q=ANN.PARTNER@").text, "Ann Partner", "found by the address")
        like(boss.get("/admin/developers?q=nobody").text, "No developer fits", "and told when nobody is")
        page = boss.get(page.link("Ann Partner"))
        page = boss.submit(page, "Save", {"Active": False})
        like(page.text, "Saved", "switched off here")
        is_eq(call(), (403, "key_inactive"), "it holds at once")
        page = boss.submit(page, "Save", {"Active": True, "Name": "Ann P. <b>"})
        is_eq(call(), (200, None), "and back")
        unlike(page.html, "<b>", "a name is text")
        page = boss.submit(boss.get("/admin/developers/new"), "Create",
                           {"Name": "Ben", "E-mail": ann.email, "Organisation": ""})
        is_eq(page.status, 409, "an address is one developer's")
        like(page.text, "another developer with the address", "and it says so at the field")
        page = boss.submit(boss.get("/admin/developers/new"), "Create",
                           {"Name": "Ben", "E-mail": "ben@partner.example", "Organisation": developer["organisation_id"],
                            "Password": PASSWORD})
        like(page.text, "The developer was added", "a second one of the organisation")
        ben = Browser(site)
        page = ben.submit(ben.get("/portal/login"), "Sign in", {"E-mail": "ben@partner.example", "Password": PASSWORD})
        like(ben.get("/portal/keys").text, "Anns key", "who can sign in and sees its keys")

    with case("the role of who gets an organisation of his own"):
        for role, has in ((None, "manager"), ("manager", "manager"), ("member", "member")):
            made = site.rest("POST", "/developers", {"name": "Own", "email": f"own-{has}-{role}@own.example", "role": role})
            is_eq((made.status, made.body["role"]), (201, has), f"{role}: by REST as said, else manager")
            is_eq(site.rest("DELETE", "/developers/" + made.body["id"]).status, 204, "and goes again")
        page = boss.submit(boss.get("/admin/developers/new"), "Create",
                           {"Name": "Own", "E-mail": "own@own.example", "Organisation": ""})
        made = site.rest("GET", "/developers?q=own@own.example").body["items"][0]
        is_eq(made["role"], "manager", "by the form, too")
        is_eq(site.rest("DELETE", "/developers/" + made["id"]).status, 204, "and goes again")

    with case("the organisation in forms"):
        def field_of(page, button):
            return page.field(page.form(button)[0], "Organisation").value

        there = site.rest("GET", org).body
        mine = f"/admin/developers/{developer['id']}"
        page = boss.get(mine)
        is_eq(field_of(page, "Save"), there["name"], "is its name")
        is_eq(boss.submit(page, "Save").status, 200, "which can be sent back")
        is_eq(site.rest("GET", who).body["organisation_id"], there["id"], "and stays what it was")
        page = boss.get(f"/admin/developers/new?organisation={there['id']}")
        is_eq(field_of(page, "Create"), there["name"], "also where a link says which")
        is_eq(boss.submit(boss.get(mine), "Save", {"Organisation": "Nobody <x>"}).status, 422, "one that is not there")
        page = boss.submit(boss.get(mine), "Save", {"Organisation": "Nobody <x>"})
        is_eq(field_of(page, "Save"), "Nobody <x>", "stays as it was typed")
        ok(page.link(there["name"]) == f"/admin/organisations/{there['id']}", "and the link leads to the true one")
        site.rest("PATCH", f"/keys/{key['id']}", {"organisation_id": there["id"]})
        twin = site.rest("POST", "/organisations", {"name": there["name"]}).body
        for page, button in ((boss.get(mine), "Save"), (boss.get(f"/admin/keys/{key['id']}/transfer"), "Save")):
            is_eq(field_of(page, button), there["id"], "of two of a name it is the id")
            is_eq(boss.submit(page, button).status, 200, "so that it can be sent back")
        is_eq(site.rest("GET", who).body["organisation_id"], there["id"], "as it was")
        is_eq(site.rest("DELETE", f"/organisations/{twin['id']}").status, 204, "the other goes")

    with case("a transfer"):
        ann.cookies.clear()
        ann.sign_in()
        page = boss.submit(boss.get("/admin/organisations/new"), "Create",
                           {"Name": "Other Inc", "Contacts": "ops@other.example\nbad"})
        is_eq(page.status, 422, "contacts are addresses")
        page = boss.submit(page, "Create", {"Name": "Other Inc", "Contacts": "ops@other.example"})
        other = page.path.split("/")[-1].split("?")[0]
        page = boss.get(f"/admin/keys/{key['id']}/transfer")
        is_eq(boss.submit(page, "Save", {"Organisation": "Nobody"}).status, 422, "to one that there is")
        boss.submit(page, "Save", {"Organisation": "Other Inc"})
        moved = site.rest("GET", f"/keys/{key['id']}").body
        is_eq((moved["organisation_id"], moved["developer_id"]), (other, None), "the key is the other's")
        unlike(ann.get("/portal/keys").text, "Anns key", "she does not see it any more")
        is_eq(ann.get(f"/portal/keys/{key['id']}").status, 404, "nor reach it")
        is_eq(call(), (200, None), "it works as before")
        site.rest("PATCH", who, {"active": False})
        is_eq(call(), (200, None), "whatever becomes of her")
        site.rest("PATCH", who, {"active": True})
        site.rest("PATCH", "/organisations/" + other, {"active": False})
        is_eq(call(), (403, "key_inactive"), "but not of the other")
        site.rest("PATCH", "/organisations/" + other, {"active": True})
        site.rest("PATCH", f"/keys/{key['id']}", {"organisation_id": None})
        is_eq(call(), (200, None), "a key of nobody's works too")
        site.rest("PATCH", f"/keys/{key['id']}", {"organisation_id": developer["organisation_id"]})

    with case("data, and deleting"):
        ann.cookies.clear()
        ann.sign_in()
        spare = site.make_cert("spare")
        ann.ask(offer, "Anns second", pem(spare))
        page = boss.get(f"/admin{who}/export")
        is_eq((page.status, page.header("Content-Disposition")), (200, 'attachment; filename="developer.json"'), "the data are a file")
        data = json.loads(page.body)
        is_eq(data["developer"]["email"], ann.email, "of her")
        ok([m for m in data["mails"] if m["kind"] == "confirm"], "with the mails she got")
        ok([e for e in data["audit"] if e["action"] == "developer.sign_in"], "and what the audit has")
        is_eq(sorted((r["name"], r["status"], r["certificate_sha256"]) for r in data["requests"]),
              [("Anns key", "approved", cert.sha256), ("Anns second", "approved", spare.sha256)], "what she asked for")
        is_eq([[x["sha256"] for x in data[kind]] for kind in ("credentials", "certificates")],
              [[spare.sha256]] * 2, "what her key is known by")
        for secret in (b"$y$", b"password_hash"):
            unlike(page.body.decode(), re.escape(secret.decode()), f"no {secret.decode()} in it")
        page = boss.get(f"/admin{who}/delete")
        like(page.text, "stay as they are", "deleting says that the keys stay, for there is Ben")
        like(page.text, "The audit keeps what was done", "and what stays of her")
        boss.submit(page, "Delete Ann P. <b>")
        is_eq(site.rest("GET", who).status, 404, "she is gone")
        ok([e for e in site.rest("GET", f"/audit?q={ann.email}").body["items"] if e["action"] == "request.create"],
           "in the audit alone her address is kept")
        is_eq(ann.get("/portal/keys", follow=False).status, 303, "with her session")
        is_eq(call(), (200, None), "the key works on")
        for kind in ("requests", "keys"):
            left = [r for r in site.rest("GET", f"/{kind}").body["items"] if r["name"].startswith("Anns ")]
            is_eq(len(left), 2, f"both records are there in {kind}")
            unlike(json.dumps(left), f"{developer['id']}|{re.escape(ann.email)}", "without a word of her")
        like(boss.get("/admin/requests?status=approved").text, "Somebody who is gone", "the page says so")
        second = site.rest("GET", "/developers").body["items"][0]
        page = boss.get(f"/admin/developers/{second['id']}/delete")
        like(page.text, "the last developer", "of the last one it says that the keys go")
        boss.submit(page, "Delete Ben")
        is_eq(site.rest("GET", org).status, 404, "the organisation is gone")
        is_eq(call()[0], 403, "the key is refused")
        is_eq(site.rest("GET", f"/keys/{key['id']}").status, 404, "and gone")
        for name in os.listdir(MAIL):
            os.unlink(os.path.join(MAIL, name))
        again = Developer(site, "Ann Partner")
        like(again.get("/portal/keys").text, "No key yet", "who joins with the address again finds nothing of before")

    with case("rights"):
        viewer = site.certgate("token", "create", "--name", "v", "--role", "viewer").stdout.split("token: ")[1].split()[0]
        is_eq(site.rest("GET", "/developers", token=viewer).status, 200, "viewers read")
        for method, path, body in (("POST", "/developers", {"name": "x", "email": "x@y.example"}),
                                   ("POST", "/organisations", {"name": "x"}),
                                   ("PATCH", "/organisations/" + other, {"name": "x"}),
                                   ("DELETE", "/organisations/" + other, None)):
            is_eq(site.rest(method, path, body, token=viewer).status, 403, f"and change nothing: {method} {path.split('/')[1]}")

    with case("what is kept comes back"):
        out = site.folder + "/export.json"
        site.certgate("export", out)
        with open(out, encoding="utf-8") as text:
            exported = json.load(text)
        is_eq(([o["name"] for o in exported["organisations"]].count("Other Inc"), len(exported["developers"])), (1, 1),
              "an export has organisations and developers")

    with case("key requests of who is switched off"):
        cora, claimed = Developer(site, "Cora Client"), site.make_cert("claimed")
        asked = cora.ask(entry(site, "By hand", [api]), "Claimed", pem(claimed))
        code = re.search(r"proof=([a-z0-9-]+)", asked.text)[1]
        cora_id, cora_org = next((d["id"], d["organisation_id"])
                                 for d in site.rest("GET", "/developers").body["items"] if d["email"] == cora.email)
        waits = site.rest("GET", f"/requests?developer_id={cora_id}").body["items"][0]
        asking = {"developer_id": cora_id, "catalogue_id": offer["id"], "token": True}
        ways = (("asked for", lambda: site.rest("POST", "/requests", {**asking, "name": "Later"})),
                ("approved", lambda: site.rest("POST", f"/requests/{waits['id']}/approve")),
                ("proven", lambda: site.curl(f"/portal/whoami?proof={code}", "-H", "Accept: application/json",
                                             cert=claimed)))
        for path, word in (("/organisations/" + cora_org, "The developer's organisation"),
                           ("/developers/" + cora_id, "The developer")):
            site.rest("PATCH", path, {"active": False})
            for way, ask in ways:
                answer = ask()
                told = answer.json() if way == "proven" else answer.body
                is_eq((answer.status, told["code"]), (409, "developer_inactive"), f"{word} is off: nothing is {way}")
                like(told["detail"], f"^{word} is switched off", "and it says who is")
            site.rest("PATCH", path, {"active": True})
        is_eq([(r["name"], r["status"], r["proven_at"])
               for r in site.rest("GET", f"/requests?developer_id={cora_id}").body["items"]],
              [("Claimed", "pending", None)], "all is as it was")
        is_eq([ask().status for _, ask in reversed(ways)], [200, 200, 201], "and done once both are on")

    with case("what an administrator is told of a request for a developer"):
        key_id = site.rest("POST", "/requests", {**asking, "name": "Second"}).body["key_id"]
        one = entry(site, "One each", [api], max_keys_per_developer=1)
        wide = entry(site, "Wide", [site.make_api("wide", "/wide/")])
        site.must("POST", "/requests", {**asking, "catalogue_id": one["id"], "name": "First"}, 201)
        site.must("POST", "/requests", {**asking, "catalogue_id": wide["id"], "token": False, "key_id": key_id}, 201)
        own = {"token": False, "certificate": claimed.pem, "name": "Again"}
        for body, wanted in (({"catalogue_id": one["id"], "name": "More"}, (409, "too_many_keys")),
                             ({"token": False, "key_id": key_id}, (409, "access_given")),
                             ({"token": False, "key_id": key_id, "catalogue_id": wide["id"]}, (409, "requested_already")),
                             ({"token": False, "key_id": key["id"]}, (422, "bad_value")),
                             (own, (409, "certificate_yours"))):
            answer = site.rest("POST", "/requests", {**asking, **body})
            is_eq((answer.status, answer.body["code"]), wanted, wanted[1])
            unlike(json.dumps(answer.body), r"(?i)\byours?\b|\byou\b", "is not told as if it were the administrator's own")
done_testing()
