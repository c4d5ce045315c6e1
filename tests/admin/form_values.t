#!/usr/bin/python3
"""What a form holds: saved without a change it changes nothing; refused, or overtaken by somebody else,
it comes back with all that was typed, ticked and chosen; sent twice it makes one record."""
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from pages import encode_multipart  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()

# What is never shown again, and what a form says of itself.
UNSHOWN = {"certificate", "password", "upload", "upstream_tls.client_key", "secret_headers"}
OF_THE_FORM = {"csrf_token", "revision", "once", "had"}
OF_NEW_RIGHTS = {"methods", "paths"}  # of APIs that are ticked anew; no record has them
# POST routes that change no record by a form: they ask once, or say one thing.
NO_FORM = re.compile(r"/(delete|revoke|login|logout|password|test|switch|reset|approve|decline|crl|key)$")


def pairs_of(form):
    """What a browser would send of it as it stands."""
    out = []
    for f in form.fields:
        if f.name is None or f.kind == "file":
            continue
        if f.kind in ("checkbox", "radio"):
            out += [(f.name, f.value or "on")] if f.checked else []
        elif f.kind == "select":
            chosen = [v for v, _, s in f.options if s]
            out += [(f.name, v) for v in chosen or ([f.options[0][0]] if "multiple" not in f.attrs else [])]
        else:
            out.append((f.name, f.value))
    return out


def changed(form):
    """The same with every field changed: typed on, ticked otherwise, chosen otherwise."""
    out, radios = [], {}
    for f in form.fields:
        if f.name is None or f.kind == "file":
            continue
        if f.name in OF_THE_FORM | UNSHOWN:
            out += [(f.name, f.value)] if f.name in OF_THE_FORM else []
        elif f.kind == "checkbox":
            out += [] if f.checked else [(f.name, f.value or "on")]
        elif f.kind == "radio":
            radios.setdefault(f.name, []).append(f)
        elif f.kind == "select":
            others = [v for v, _, s in f.options if not s]
            out += [(f.name, others[-1])] if others else []
        elif f.kind != "hidden":
            out.append((f.name, (f.value + " x").strip()))
        else:
            out.append((f.name, f.value))
    for name, group in radios.items():
        out.append((name, [f.value for f in group if not f.checked][-1]))
    return out


def send(boss, page, form, pairs):
    if form.attrs.get("enctype") == "multipart/form-data":
        kind, body = encode_multipart([(n, v, None) for n, v in pairs])
    else:
        kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode(pairs)
    return boss.request("POST", form.action or page.path, body=body, headers={"Content-Type": kind})


def replaced(pairs, values):
    return [p for p in pairs if p[0] not in values] + list(values.items())


def shown(pairs):
    return sorted(p for p in pairs if p[0] not in OF_THE_FORM | UNSHOWN)


with site:
    boss = owner(site)
    rest, must = site.rest, site.must
    one, two = site.make_api("one", "/one/", target_urls=["http://127.0.0.1:9/", "http://127.0.0.1:10/"],
                             response_headers={"set": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}), \
        site.make_api("two", "/two/")
    authority = site.make_ca("Authority")
    must("POST", "/certificates", {"pem": authority.pem, "kind": "ca"}, 201)
    policies = [must("POST", "/policies", {
        "name": n, "applies": ["access", "rate", "quota"], "access": [{"api_id": one["id"]}], "tags": ["a", "b"],
        "rate": {"limit": 5000, "per_seconds": 7}, "quota": {"limit": 9, "period": "day"}}, 201) for n in ("P", "Q")]
    cert, spare = site.make_cert("cert"), site.make_cert("spare")
    key = site.make_key("Key", cert, one, policy_ids=[policies[1]["id"]], rate={"limit": 3, "per_seconds": 60},
                        quota={"limit": 1000, "period": "week"}, tags=["x", "y"], meta={"a": "1", "b": "two words"},
                        expires_at="2098-01-01T10:00:00Z", allowed_ips=["192.0.2.0/24"], max_concurrent=4)
    entry = must("POST", "/catalogue", {
        "name": "Entry", "policy_id": policies[1]["id"], "description": "First.\n\n* one\n* two", "proof": "required",
        "documentation_url": "https://docs.example/", "approval": "automatic", "renewal": "approval"}, 201)
    partners = [must("POST", "/organisations", {"name": n, "contacts": ["a@one.example", "b@two.example"]}, 201)
                for n in ("Partner", "Rival")]
    developer = must("POST", "/developers", {"name": "Ada", "email": "ada@one.example", "role": "member",
                                             "organisation_id": partners[0]["id"]}, 201)
    must("PATCH", f"/keys/{key['id']}", {"organisation_id": partners[0]["id"]})
    user = must("POST", "/users", {"name": "ursula", "role": "admin", "email": "u@one.example",
                                   "password": PASSWORD}, 201)
    token = must("POST", "/tokens", {"name": "robot", "role": "admin"}, 201)
    must("PATCH", "/settings", {"terms": "One.\n\nTwo.", "sign_up_domains": ["one.example", "two.example"],
                                "mail_from": "api@one.example"})

    # route, its page, where REST has the record, a fault, what somebody else does meanwhile, what is told then
    CHANGES = (
        ("/admin/apis/:id", f"/admin/apis/{one['id']}", f"/apis/{one['id']}", {"listen_path": "/admin/"},
         {"max_concurrent": 3}, "Concurrent requests: “3” now"),
        ("/admin/keys/:id/edit", f"/admin/keys/{key['id']}/edit", f"/keys/{key['id']}", {"name": ""},
         {"max_concurrent": 3}, "Concurrent requests: “3” now"),
        ("/admin/keys/:id/access", f"/admin/keys/{key['id']}/access", f"/keys/{key['id']}",
         {"access.0.paths": "no slash"}, {"tags": ["z"]}, "press Save again"),
        ("/admin/keys/:id/credentials/:sha256", f"/admin/keys/{key['id']}/credentials/{cert.sha256}",
         f"/keys/{key['id']}/credentials/{cert.sha256}", {"ends_at": "never"}, {"ends_at": "2097-01-01T00:00:00Z"},
         "Ends at: “2097-01-01T00:00:00Z” now"),
        ("/admin/keys/:id/transfer", f"/admin/keys/{key['id']}/transfer", f"/keys/{key['id']}",
         {"organisation_id": "Nobody"}, {"organisation_id": partners[1]["id"]}, "Organisation: “Rival” now"),
        ("/admin/policies/:id", f"/admin/policies/{policies[0]['id']}", f"/policies/{policies[0]['id']}", {"name": ""},
         {"tags": ["z"]}, "Tags: “z” now"),
        ("/admin/policies/:id/access", f"/admin/policies/{policies[0]['id']}/access", f"/policies/{policies[0]['id']}",
         {"access.0.paths": "no slash"}, {"tags": ["zz"]}, "press Save again"),
        ("/admin/catalogue/:id", f"/admin/catalogue/{entry['id']}", f"/catalogue/{entry['id']}", {"name": ""},
         {"description": "Third."}, "Description: “Third.” now"),
        ("/admin/developers/:id", f"/admin/developers/{developer['id']}", f"/developers/{developer['id']}", {"name": ""},
         {"email": "other@one.example"}, "E-mail: “other@one.example” now"),
        ("/admin/organisations/:id", f"/admin/organisations/{partners[0]['id']}", f"/organisations/{partners[0]['id']}",
         {"contacts": "nobody"}, {"contacts": ["c@one.example"]}, "Contacts: “c@one.example” now"),
        ("/admin/users/:id", f"/admin/users/{user['id']}", f"/users/{user['id']}", {"name": ""},
         {"email": "other@one.example"}, "E-mail: “other@one.example” now"),
        ("/admin/tokens/:id", f"/admin/tokens/{token['id']}", f"/tokens/{token['id']}", {"expires_at": "never"},
         {"role": "viewer"}, "Role: “viewer” now"),
        ("/admin/settings", "/admin/settings", "/settings", {"mail_from": "nobody"},
         {"portal_title": "Theirs"}, "Name of the portal: “Theirs” now"),
    )
    # route, its page, what to type, where REST lists what was made
    MAKES = (
        ("/admin/apis/new", "/admin/apis/new", {"name": "Made", "listen_path": "/made/", "target_url": "http://127.0.0.1:9/"},
         "/apis?q=made"),
        ("/admin/keys/new", "/admin/keys/new", {"name": "Made", "certificate": site.make_cert("made").pem}, "/keys?q=made"),
        ("/admin/keys/:id/credentials/new", f"/admin/keys/{key['id']}/credentials/new", {"certificate": spare.pem},
         f"/keys/{key['id']}/credentials?q={spare.sha256}"),
        ("/admin/policies/new", "/admin/policies/new", {"name": "Made", "applies": "rate", "rate.limit": "1"},
         "/policies?q=made"),
        ("/admin/certificates/new", "/admin/certificates/new", {"certificate": site.make_cert("lone").pem},
         "/certificates?q=lone"),
        ("/admin/exposed-keys", "/admin/exposed-keys", {"spki_sha256": "5a" * 32}, "/exposed-keys"),
        ("/admin/users/new", "/admin/users/new", {"name": "made"}, "/users?q=made"),
        ("/admin/users/:id/certificates/new", f"/admin/users/{user['id']}/certificates/new",
         {"certificate": site.make_cert("badge").pem}, f"/users/{user['id']}/certificates"),
        ("/admin/catalogue/new", "/admin/catalogue/new", {"name": "Made", "policy_id": policies[0]["id"]}, "/catalogue?q=made"),
        ("/admin/developers/new", "/admin/developers/new", {"name": "Made", "email": "made@one.example"}, "/developers?q=made"),
        ("/admin/organisations/new", "/admin/organisations/new", {"name": "Crafted", "contacts": "a@b.example"},
         "/organisations?q=crafted"),
        ("/admin/tokens", "/admin/tokens", {"name": "made"}, "/tokens?q=made"),
    )

    with case("the table"):
        with open(TREE + "/cgi-bin/admin/pages/pages.c", encoding="utf-8") as source:
            posts = set(re.findall(r'\{"POST", "(/admin[^"]*)"', source.read()))
        is_eq(sorted(p for p in posts if not NO_FORM.search(p)), sorted(r[0] for r in CHANGES + MAKES),
              "has every form that saves a record")

    def form_of(page, button):
        return page.form(button)[0]

    for route, path, read, fault, theirs, told in CHANGES:
        with case(route):
            before = must("GET", read)
            page = boss.get(path)
            form = form_of(page, "Save")
            is_eq(send(boss, page, form, pairs_of(form)).status, 200, "saved without a change")
            is_eq(must("GET", read), before, "it changes nothing")

            sent = replaced(changed(form), fault)
            back = send(boss, page, form, sent)
            ok(back.status in (409, 422), "with a fault it is refused") or diag(back.status, back.text)
            is_eq(shown(pairs_of(form_of(back, "Save"))), shown(sent), "and comes back as it was sent")
            is_eq(must("GET", read), before, "nothing was changed")

            must("PATCH", read, theirs)
            sent = pairs_of(form) if "access" in route else changed(form)
            back = send(boss, page, form, sent)
            is_eq(back.status, 412, "overtaken, it is refused")
            is_eq(shown(pairs_of(form_of(back, "Save"))), shown(sent), "and comes back as it was sent")
            like(back.text, re.escape(told), "with what the other has changed")
            if "access" not in route:
                # Each field that is not what is there now; a choice of several may be told one by one.
                fresh = shown(pairs_of(form_of(boss.get(path), "Save")))
                differ = {n for n, _ in set(shown(sent)) ^ set(fresh)} - OF_NEW_RIGHTS
                lines = re.findall("<li>([^<]*: “[^<]*” now, “[^<]*” in the form)</li>", back.html)
                ok(len(lines) >= len(differ), "and all that differs") or diag(sorted(differ), *lines)
                ok(not [x for x in lines if not x[0].isupper()], "by its label") or diag(*lines)
            is_eq(must("GET", read)["revision"], before["revision"] + 1, "which nobody overwrote")

    for route, path, typed, listed in MAKES:
        with case(route):
            page = boss.get(path)
            button = "Add" if "certificate" in typed and "/keys/new" not in route else \
                "Block" if "exposed" in route else "Create"
            form = form_of(page, button)
            pairs = replaced(pairs_of(form), typed)
            before = len(must("GET", listed)["items"])
            first = send(boss, page, form, pairs)
            ok(first.status == 200, "it is made") or diag(first.status, first.text)
            again = send(boss, page, form, pairs)
            ok(again.status == 200, "sent twice it is no fault") or diag(again.status, again.text)
            is_eq(len(must("GET", listed)["items"]), before + 1, "and one is made")
            like(again.html, 'class="note note--(ok|warn)', "which the page says")

    with case("declining a request"):
        must("PATCH", f"/catalogue/{entry['id']}", {"approval": "manual"})
        asked = must("POST", "/requests", {"developer_id": developer["id"], "catalogue_id": entry["id"],
                                           "name": "Asked", "token": True}, 201)
        path, reason = f"/admin/requests/{asked['id']}", "é" * 600  # more than REASON_MAX bytes
        page = boss.get(path)
        form = [f for f in page.forms if f.action.endswith("/decline")][0]
        back = send(boss, page, form, replaced(pairs_of(form), {"reason": reason}))
        is_eq(back.status, 422, "with too long a reason it is refused")
        form = [f for f in back.forms if f.action.endswith("/decline")][0]
        is_eq([f.value for f in form.fields if f.name == "reason"], [reason], "which comes back as it was typed")
        ok([a for t, a in back.tags if t == "details" and "open" in a], "where it is seen")
        is_eq(must("GET", f"/requests/{asked['id']}")["status"], "pending", "and nothing was declined")

done_testing()
