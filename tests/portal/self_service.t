#!/usr/bin/python3
"""A developer gets from nothing to a working call alone: with a certificate pasted into a form."""
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import Developer, entry, pem, request_of  # noqa: E402
from processes import wait_until  # noqa: E402
from rest import without_use  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, skip, unlike  # noqa: E402
from website import Site  # noqa: E402

with Site() as site:
    api, second = site.make_api(), site.make_api("second-api")
    token_api = site.make_api("token-api", auth={"use_certificate": False, "use_token": True})
    manual = entry(site, "Payments", [api], {"applies": ["access", "rate"],
                                             "rate": {"limit": 50, "per_seconds": 1}},
                   description="Pay in & out.\n\n## Calls\n\n<b>x</b> [docs](https://d.example)")
    automatic = entry(site, "Quotes", [second], approval="automatic")
    hidden = entry(site, "Hidden", [second], visible=False)
    tokens = entry(site, "Tokens", [token_api], approval="automatic")
    ann = Developer(site, "Ann Partner")

    with case("the catalogue"):
        page = ann.get("/portal/")
        is_eq(page.status, 200, "there it is")
        like(page.text, "Payments", "it has the entry")
        like(page.text, "50 a second", "with its rate")
        unlike(page.text, "Hidden", "and not the hidden one")
        is_eq(ann.get(page.link("Payments")).status, 200, "its card is a link with its name")
        is_eq(ann.get(f"/portal/apis/{hidden['id']}").status, 404, "the hidden one has no page")
        page = ann.get(page.link("Payments"))
        like(page.html, "<h2>Calls</h2>", "the description is Markdown")
        like(page.html, "&lt;b&gt;x&lt;/b&gt;", "whose HTML is shown as text")
        like(page.html, 'href="https://d.example"', "and whose links lead somewhere")
        like(page.text, "curl --cert client.crt --key client.key", "there is a line to paste")
        is_eq(page.link("Request a key"), f"/portal/apis/{manual['id']}/request", "and the link")

    with case("a key, approved by hand"):
        cert = site.make_cert("ann")
        page = ann.ask(manual, "Billing & batch", pem(cert), button="Read certificate")
        is_eq(page.status, 200, "the certificate is read")
        like(page.text, "This certificate can be used", "it can be used")
        like(page.text, "CN=ann", "it says whose it is")
        page = ann.submit(page, "Request key")
        is_eq(page.status, 200, "the request is sent")
        like(page.text, "Waiting for approval", "it waits")
        like(page.text, "Billing & batch", "it has its name")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 403, "nothing is opened yet")
        request = site.rest("GET", f"/requests/{request_of(page)}").body
        is_eq((request["status"], request["name"], request["catalogue_id"]),
              ("pending", "Billing & batch", manual["id"]), "REST has it")
        is_eq(request["certificate_sha256"], cert.sha256, "with the certificate")
        ok("proof_code" not in request, "the code is the developer's alone")
        answer = site.rest("POST", f"/requests/{request['id']}/approve")
        is_eq((answer.status, answer.body["status"]), (200, "approved"), "it is approved")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "the next call gives 200")
        again = site.rest("POST", f"/requests/{request['id']}/approve")
        is_eq((again.status, again.body["key_id"]), (200, answer.body["key_id"]),
              "approving twice gives one key")
        is_eq(len(site.rest("GET", "/keys").body["items"]), 1, "there is one key")
        key = site.rest("GET", f"/keys/{answer.body['key_id']}").body
        is_eq((key["name"], key["policy_ids"], key["developer_id"]),
              ("Billing & batch", [manual["policy_id"]], request["developer_id"]),
              "the key has the policy and its developer")
        ok(key["organisation_id"], "and belongs to an organisation")
        ok(key["approved_by"], "and says who approved it")
        is_eq(site.rest("POST", f"/requests/{request['id']}/decline").status, 409,
              "what is approved cannot be declined")
        page = ann.get("/portal/keys")
        like(page.text, "Billing & batch", "it is among the developer's keys")
        page = ann.get(page.link("Billing & batch"))
        like(page.text, "curl --cert client.crt --key client.key", "the key's page has the line")
        wait_until(lambda: "Seen" in ann.get(page.path).text, "the page says that it was used")
        like(ann.get(page.path).text, "Seen (just now|1 minute ago), 200", "and how it went")

    with case("a refusal on the key's page, with its remedy"):
        site.rest("PATCH", f"/apis/{api['id']}", {"blocked_ips": ["127.0.0.1", "::1"]})
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 403, "a call is refused")
        shown = ann.get(page.path).text
        like(shown, "address_not_allowed", "the page lists it")
        like(shown, "Seen (just now|[0-9]+ minutes? ago), 403", "and no longer says that all is well")
        site.rest("PATCH", f"/apis/{api['id']}", {"blocked_ips": []})

    with case("a second API with the same certificate"):
        is_eq(site.curl("/second-api/x", cert=cert).status, 403, "not yet")
        page = ann.form(automatic)
        unlike(page.text, "Waiting", "nothing waits")
        page = ann.submit(page, "Add to my key")
        is_eq(page.status, 200, "it is added")
        is_eq(site.curl("/second-api/x", cert=cert).status, 200, "the next call gives 200")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "and the first API still does")
        ok("Add to my key" not in ann.form(automatic).text, "it is not offered twice")
        page = ann.ask(automatic, "Other", pem(cert))
        is_eq(page.status, 409, "the certificate again for a new key")
        like(page.text, "belongs to the key “Billing & batch”", "names the own key")

    with case("a key that the owner has made or limited"):
        own = site.make_cert("own")
        kept = site.make_key("By hand", own, api)
        organisation = site.rest("GET", "/keys?q=Billing").body["items"][0]["organisation_id"]
        site.rest("PATCH", f"/keys/{kept['id']}", {"organisation_id": organisation})
        page = ann.submit(ann.form(automatic), "Add to my key", {"Key": ["By hand"]})
        is_eq(page.status, 409, "rights of its own are not replaced")
        like(page.text, "rights of its own", "and it says so")
        is_eq(site.curl("/mtls-api/x", cert=own).status, 200, "they hold")
        tight = entry(site, "Tight", [api], {"applies": ["access", "rate"],
                                             "rate": {"limit": 2, "per_seconds": 3600}})
        wide = entry(site, "Wide", [second], {"applies": ["access", "rate"],
                                              "rate": {"limit": 50, "per_seconds": 1}},
                     approval="automatic")
        request = request_of(ann.ask(tight, "Limited", pem(site.make_cert("limited"))))
        limited = site.rest("POST", f"/requests/{request}/approve").body["key_id"]
        page = ann.submit(ann.form(wide), "Add to my key", {"Key": ["Limited"]})
        like(page.text, "Waiting for approval", "a larger limit waits, though the entry is automatic")
        is_eq(site.rest("GET", f"/keys/{limited}").body["policy_ids"], [tight["policy_id"]],
              "the key is as it was")
        ann.submit(page, "Withdraw request")

    with case("adding an API gives no more than was granted, and takes nothing"):
        def rate(n):
            return {"limit": n, "per_seconds": 60}

        def quota(n):
            return {"limit": n, "period": "month"}

        def plan(key_rate, *entries, **members):
            return {"applies": ["access"] + ["rate"] * bool(key_rate), "access": list(entries),
                    **({"rate": rate(key_rate)} if key_rate else {}), **members}

        def of(api, **members):
            return {"api_id": api["id"], **members}
        at_once, waits, lost = "at once", "waits", "lost"
        # The key's plan, the plan that is added to it, and what becomes of that.
        rows = (
            ("a smaller limit of the whole key", plan(20, of(api)), plan(10, of(second)), waits),
            ("the same", plan(20, of(api)), plan(20, of(second)), at_once),
            ("a larger one", plan(20, of(api)), plan(50, of(second)), waits),
            ("a smaller one, and a limit of its entry", plan(20, of(api)), plan(10, of(second, rate=rate(5))), at_once),
            ("a smaller one, and a larger limit of its entry", plan(20, of(api)),
             plan(10, of(second, rate=rate(15))), waits),
            ("a limit of its entry alone", plan(20, of(api)), plan(0, of(second, rate=rate(500))), at_once),
            ("a limit for a key that has none", plan(0, of(api)), plan(10, of(second)), lost),
            ("the same, where the key's own entry is smaller", plan(0, of(api, rate=rate(5))),
             plan(10, of(second)), at_once),
            ("a larger limit for the same API", plan(0, of(api, rate=rate(5))), plan(0, of(api, rate=rate(50))), at_once),
            ("the same API at the key's larger limit", plan(50, of(api, rate=rate(5))), plan(10, of(api)), waits),
            ("a larger rate with a smaller quota for the same API", plan(0, of(api, rate=rate(5), quota=quota(9000))),
             plan(0, of(api, rate=rate(50), quota=quota(100))), lost),
            ("the same for other methods", plan(0, of(api, methods=["GET"], rate=rate(5), quota=quota(9000))),
             plan(0, of(api, methods=["POST"], rate=rate(50), quota=quota(100))), at_once),
            ("an end", plan(0, of(api)), plan(0, of(second), key_lifetime_days=30), lost),
            ("a later end", plan(0, of(api), key_lifetime_days=30), plan(0, of(second), key_lifetime_days=60), at_once),
        )
        adder = Developer(site, "Ada Adder")
        for i, (name, had, added, want) in enumerate(rows):
            first = entry(site, f"First {i}", [], had, approval="automatic")
            more = entry(site, f"More {i}", [], added, approval="automatic")
            adder.ask(first, f"Key {i}", pem(site.make_cert(f"adds{i}")))
            key = [k for k in site.rest("GET", f"/keys?q=Key {i}".replace(" ", "%20")).body["items"]
                   if k["name"] == f"Key {i}"][0]["id"]
            page = adder.submit(adder.form(more), "Add to my key", {"Key": [f"Key {i}"]})
            has = site.rest("GET", f"/keys/{key}").body["policy_ids"]
            got = at_once if len(has) == 2 else waits if "Waiting for approval" in page.text else \
                lost if page.status == 409 and f"With this API your key “Key {i}” would have" in page.text else page.text
            is_eq(got, want, name)
            # A person who sees it may do what nobody else can.
            if want != at_once:
                asked = site.rest("GET", f"/requests?q=Key%20{i}").body["items"]
                developer = next(r["developer_id"] for r in asked if r["name"] == f"Key {i}")
                waiting = next((r for r in asked if r["status"] == "pending" and r["name"] == f"Key {i}"), None) or \
                    site.rest("POST", "/requests", {"developer_id": developer, "catalogue_id": more["id"],
                                                    "key_id": key}).body
                if waiting["status"] == "pending":
                    site.rest("POST", f"/requests/{waiting['id']}/approve")
                is_eq(len(site.rest("GET", f"/keys/{key}").body["policy_ids"]), 2, f"{name}: an administrator can add it")

    with case("a name leads to no key of another"):
        answers = []
        for name in ("Billing & batch", "Nobody's", "By hand"):
            page = ann.form(manual)
            got = ann.request("POST", f"/portal/apis/{manual['id']}/request", body=urllib.parse.urlencode(
                {"csrf_token": page.token(), "key_id": name}),
                headers={"Content-Type": "application/x-www-form-urlencoded"})
            answers.append((got.status, "is not one of the organisation's keys" in got.text))
        is_eq(answers, [(422, True)] * 3, "whether there is one or not")

    with case("at once"):
        other = site.make_cert("other")
        page = ann.ask(automatic, "Quick", pem(other))
        like(page.text, "The key is yours", "the key is there")
        is_eq(site.curl("/second-api/x", cert=other).status, 200, "the next call gives 200")

    with case("declined with a reason"):
        page = ann.ask(manual, "Third", pem(site.make_cert("third")))
        request = request_of(page)
        answer = site.rest("POST", f"/requests/{request}/decline", {"reason": "Use <your> CA."})
        is_eq((answer.status, answer.body["status"], answer.body["reason"]),
              (200, "declined", "Use <your> CA."), "REST declines")
        like(ann.get(page.path).text, "Use <your> CA.", "the developer reads why")
        is_eq(site.rest("POST", f"/requests/{request}/approve").status, 409, "and that is that")

    with case("withdrawn"):
        page = ann.ask(manual, "Fourth", pem(site.make_cert("third")))
        page2 = ann.submit(page, "Withdraw request")
        like(page2.text, "The request was withdrawn", "it is withdrawn")
        is_eq(site.rest("GET", f"/requests/{request_of(page)}").body["status"], "withdrawn",
              "REST says so")

    with case("a token instead"):
        page = ann.form(tokens)
        ok("Public certificate (PEM)" not in page.labels, "no certificate is asked for")
        page = ann.ask(tokens, "Script")
        page = ann.submit(page, "Make the token")
        token = next(page.html[m:m + 52] for m in range(len(page.html))
                     if page.html[m - 1] == ">" and re.fullmatch("[a-z2-7]{52}", page.html[m:m + 52]))
        is_eq(site.curl("/token-api/x", "-H", f"Authorization: {token}").status, 200, "it works")
        page = ann.get(page.link("I have copied it"))
        ok(token not in page.html, "it is not shown again")
        page2 = ann.submit(page, "Make another token", {"Password": "wrong"})
        is_eq(page2.status, 422, "another one needs the password")

    with case("no more than the entry gives"):
        site.rest("PATCH", f"/catalogue/{automatic['id']}", {"max_keys_per_developer": 1})
        page = ann.ask(automatic, "Too many", pem(site.make_cert("fifth")))
        is_eq(page.status, 409, "one too many")
        like(page.text, "gets no more than 1 key of this API", "says so")

    with case("the commands of the page, for who has no certificate"):
        page = ann.form(manual)
        tabs = {name: html.unescape(text) for name, text in re.findall(
            r'data-tab="(\w+)"><pre[^>]*>(.*?)</pre>', page.html, re.S)}
        is_eq(sorted(tabs), ["keytool", "macos", "openssl", "powershell"], "there is one by system")
        for name, words in (("openssl", "Tested"), ("keytool", "Tested"), ("powershell", "Not tested"),
                            ("macos", "Not tested")):
            note = re.search(rf'data-tab="{name}".*?<p[^>]*>(.*?)</p>', page.html, re.S)[1]
            like(note, words, f"{name}: {words.lower()}")
        for name in ("openssl", "keytool"):
            if not shutil.which(name):
                skip(f"{name}: its command is run", "it is not installed")
                continue
            folder = tempfile.mkdtemp(dir=site.certs)
            # One after the other: keytool asks for a password of the store, and reads on.
            for command in re.split(r"\n(?=keytool)", tabs[name]):
                done = subprocess.run(["sh", "-ec", command], cwd=folder, check=False,
                                      input=b"changeit\n" * 2, capture_output=True)
            with open(folder + "/client.crt", encoding="ascii") as file:
                made = file.read()
            is_eq(done.returncode, 0, f"{name}: its command runs") or diag(done.stderr)
            like(ann.ask(manual, name, made, button="Read certificate").text,
                 "This certificate can be used", f"{name}: what it makes is taken")

    with case("sent twice"):
        form = ann.form(manual)
        cert6 = site.make_cert("sixth")
        first = ann.ask(manual, "Twice", pem(cert6), page=form)
        twice = ann.ask(manual, "Twice", pem(cert6), page=form)
        is_eq(request_of(first), request_of(twice), "is one request")

    with case("reading a certificate sends nothing, whatever is chosen"):
        both = entry(site, "Either", [site.make_api("both-api", auth={"use_certificate": True, "use_token": True})],
                     approval="automatic")

        def made():
            """When a key was used is noted later than the use, and is not made by a form."""
            return [without_use(item) for path in ("/requests", "/keys")
                    for item in site.rest("GET", path).body["items"]]
        before = made()
        page = ann.form(both)
        for button, text in (("Read certificate", pem(site.make_cert("looked-at"))), ("Read certificate", "")):
            values = {"Key name": "Looking", "Auth token": True, "Public certificate (PEM)": text}
            answer = ann.submit(page, button, values)
            is_eq(answer.status, 200 if text else 422, f"{button}, {'with' if text else 'without'} one")
            like(answer.text, "can be used" if text else "is missing: paste it", "says what it is")
        is_eq(made(), before, "nothing was made")
        page = ann.submit(page, "Request key", {"Key name": "Sent", "Auth token": True})
        is_eq(page.path.split("?")[0].rsplit("/", 1)[0], "/portal/keys", "but the button below makes the key")

    with case("a description that is taken can be shown"):
        answer = site.rest("PATCH", f"/catalogue/{hidden['id']}", {"description": ">" * 20000})
        is_eq((answer.status, [e["field"] for e in answer.body.get("errors", [])]), (422, ["description"]),
              "20,000 quotes within each other are refused")
        site.rest("PATCH", f"/catalogue/{manual['id']}", {"description": "-\n\n***\n" * 9000})
        is_eq(ann.get(f"/portal/apis/{manual['id']}").status, 200, "a long one is shown")

    with case("approved by nobody"):
        quick = entry(site, "Quick", [second], approval="automatic")
        bob = Developer(site, "Bob Partner")
        is_eq(bob.ask(quick, "At once", pem(site.make_cert("at-once"))).status, 200, "given at once")
        key = site.rest("GET", "/keys?q=At%20once").body["items"][0]
        is_eq(key["approved_by"], "automatic", "the key says that it was automatic")
        request = site.rest("GET", f"/requests?key_id={key['id']}").body["items"][0]
        is_eq(request["decided_by"], "automatic", "so does the request")
        items = site.rest("GET", "/reports/access?limit=500").body["items"]
        is_eq([i["approved_by"] for i in items if i["key_id"] == key["id"]], ["automatic"], "and the report")

    with case("errors stand at the fields"):
        page = ann.ask(manual, "", pem(site.make_cert("seventh")))
        is_eq(page.status, 422, "without a name")
        like(page.title, "^Error:", "the title says so")
        field = page.field(page.form("Request key")[0], "Public certificate (PEM)")
        like(field.value, "BEGIN CERTIFICATE", "a good certificate stays in the form (F11)")
        page = ann.ask(manual, "Empty", "")
        like(page.text, "is missing: paste it", "without a certificate")

    with case("used-up policies"):
        is_eq(site.rest("DELETE", f"/policies/{manual['policy_id']}").status, 409,
              "a policy that is offered stays")
        is_eq(site.rest("DELETE", f"/policies/{manual['policy_id']}?detach=true").status, 409,
              "with detach too")

    with case("a catalogue that is private"):
        is_eq(site.curl("/portal/").status, 200, "readable signed out")
        site.rest("PATCH", "/settings", {"catalogue_public": False})
        is_eq(site.curl("/portal/").status, 303, "or not")
        is_eq(site.curl(f"/portal/apis/{manual['id']}").status, 303, "nor an entry")
done_testing()
