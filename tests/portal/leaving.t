#!/usr/bin/python3
"""What was switched off, or taken from somebody, does not come back by going elsewhere: invitations,
removing, deleting, another address."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import PASSWORD, Developer, entry, mails, pem  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like  # noqa: E402
from website import Site  # noqa: E402

with Site() as site:
    api = site.make_api()
    offer = entry(site, "Payments", [api], approval="automatic", max_keys_per_developer=20)
    boss = Developer(site, "Boss One")

    def record(email):
        return next((d for d in site.rest("GET", f"/developers?q={email}").body["items"] if d["email"] == email), None)

    def codes(email, what):
        return [m[1] for m in (re.search(rf"/portal/{what}\?code=(\w+)", t) for t in mails(email)) if m]

    def invite(email, by=boss):
        """The page of a new invitation, for who has the mail."""
        had = len(codes(email, "invite"))
        by.submit(by.get("/portal/organisation"), "Send invitation", {"E-mail": email})
        wait_until(lambda: len(codes(email, "invite")) > had, f"an invitation to {email}")
        return codes(email, "invite")[-1]

    def accept(code, **values):
        """What POST says, whatever the page shows."""
        browser = Browser(site)
        token = browser.get("/portal/login").token()
        body = "&".join(f"{n}={v}" for n, v in {"csrf_token": token, "code": code, **values}.items())
        return browser.request("POST", "/portal/invite", body=body,
                               headers={"Content-Type": "application/x-www-form-urlencoded"})

    def member(name):
        """A new member of the boss's organisation, with a browser."""
        browser, email = Browser(site), name.lower() + "@partner.example"
        page = browser.get(f"/portal/invite?code={invite(email)}")
        browser.submit(page, "Join Boss One", {"Name": name, "Password": PASSWORD})
        browser.submit(browser.get("/portal/login"), "Sign in", {"E-mail": email, "Password": PASSWORD})
        return browser, record(email)

    def ask(browser, name, of=offer):
        """A key and its certificate."""
        cert = site.make_cert(name)
        browser.submit(browser.get(f"/portal/apis/{of['id']}/request"), "Request key",
                       {"Key name": name, "Public certificate (PEM)": pem(cert)})
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, f"the key {name} works")
        return cert

    def refused(cert, what):
        answer = site.curl("/mtls-api/x", cert=cert)
        is_eq((answer.status, answer.json().get("code")), (403, "key_inactive"), what)

    with case("an organisation that is switched off accepts no invitation"):
        bob = Developer(site, "Bob Two")
        cert = ask(bob, "bobs")
        home = record(bob.email)["organisation_id"]
        site.rest("PATCH", f"/organisations/{home}", {"active": False})
        code = invite(bob.email)
        is_eq(Browser(site).get(f"/portal/invite?code={code}").status, 404, "there is no page")
        is_eq(accept(code).status, 404, "nor what its button does")
        refused(cert, "the key stays refused")
        is_eq((record(bob.email)["organisation_id"], site.rest("GET", f"/organisations/{home}").status), (home, 200),
              "everything is where it was")
        site.rest("PATCH", f"/organisations/{home}", {"active": True})
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "switched on, it works")

    with case("nor does a developer who is switched off"):
        site.rest("PATCH", f"/developers/{record(bob.email)['id']}", {"active": False})
        is_eq(Browser(site).get(f"/portal/invite?code={code}").status, 404, "there is no page")
        is_eq(accept(code).status, 404, "nor what its button does")
        refused(cert, "the key stays refused")
        site.rest("PATCH", f"/developers/{record(bob.email)['id']}", {"active": True})
        page = bob.submit(bob.get(f"/portal/invite?code={code}"), "Join Boss One")
        is_eq((page.status, record(bob.email)["organisation_id"]), (200, record(boss.email)["organisation_id"]),
              "switched on, he comes")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "with his key")

    with case("a member who is switched off and then removed, moved or deleted"):
        for name in ("Eve", "Fay", "Gil"):
            browser, developer = member(name)
            cert = ask(browser, name.lower() + "s")
            key = next(k for k in site.rest("GET", "/keys").body["items"] if k["developer_id"] == developer["id"])
            path = f"/developers/{developer['id']}"
            site.rest("PATCH", path, {"active": False})
            refused(cert, f"{name} is off")
            if name == "Eve":
                boss.submit(boss.get(f"/portal/organisation/members/{developer['id']}/remove"), "Remove Eve")
            elif name == "Fay":
                other = site.rest("POST", "/organisations", {"name": "Elsewhere"}).body
                site.rest("PATCH", path, {"organisation_id": other["id"]})
            else:
                site.rest("DELETE", path)
            refused(cert, "gone, the key stays refused")
            now = site.rest("GET", f"/keys/{key['id']}").body
            is_eq((now["active"], now["developer_id"], now["organisation_id"]), (False, None, key["organisation_id"]),
                  "for it is switched off itself, and the organisation's")

    with case("the key of a member who is not switched off goes on without him"):
        browser, developer = member("Hal")
        cert = ask(browser, "hals")
        boss.submit(boss.get(f"/portal/organisation/members/{developer['id']}/remove"), "Remove Hal")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "it works")

    with case("renewing a key whose developer has left"):
        asked = entry(site, "Approved", [api], approval="automatic", renewal="approval")

        def renew(old, new):
            return site.curl("/portal/renew", cert=old, data=new.pem.encode())
        other = site.rest("POST", "/organisations", {"name": "Far"}).body
        for name, leaves in (("Jo", "is removed"), ("Lu", "is deleted"), ("Mo", "is moved")):
            browser, developer = member(name)
            old, new = ask(browser, f"old of {name}", asked), site.make_cert(f"next of {name}")
            if leaves == "is removed":
                boss.submit(boss.get(f"/portal/organisation/members/{developer['id']}/remove"), f"Remove {name}")
            elif leaves == "is deleted":
                site.rest("DELETE", f"/developers/{developer['id']}")
            else:
                site.rest("PATCH", f"/developers/{developer['id']}", {"organisation_id": other["id"]})
            answer = renew(old, new)
            is_eq((answer.status, answer.json()["status"]), (202, "pending"), f"who {leaves}: it waits")
            request = answer.json()["request_id"]
            is_eq(site.rest("GET", f"/requests/{request}").body["developer_id"], record(boss.email)["id"],
                  f"who {leaves}: it is the manager's now")
            is_eq((boss.get(f"/portal/requests/{request}").status,
                   "Approved" in browser.get(f"/portal/requests/{request}").text), (200, False),
                  f"who {leaves}: does not see it")
            is_eq(site.rest("POST", f"/requests/{request}/approve").status, 200, f"who {leaves}: it is approved")
            is_eq(site.curl("/mtls-api/x", cert=new).status, 200, f"who {leaves}: and works")

    with case("renewing a key whose organisation has nobody"):
        browser, developer = member("Oz")
        old = ask(browser, "old of Oz", asked)
        key = site.rest("GET", f"/certificates/{old.sha256}").body["key_id"]
        is_eq(site.rest("PATCH", f"/keys/{key}", {"organisation_id": other["id"]}).status, 200, "it goes to another one")
        site.rest("PATCH", f"/developers/{record('mo@partner.example')['id']}", {"active": False})
        is_eq(site.curl("/mtls-api/x", cert=old).status, 200, "where nobody is who could sign in")
        answer = renew(old, site.make_cert("next of Oz"))
        is_eq((answer.status, answer.json()["code"]), (403, "nobody_to_ask"), "it is refused")
        like(answer.json()["detail"], "ask the API's owner", "and says whom to ask")

    with case("who leaves is no contact any more, and stops nothing by the mails he has"):
        home = record(boss.email)["organisation_id"]

        def contacts(*more):
            """Sets them beside the boss, or tells them."""
            if more:
                site.rest("PATCH", f"/organisations/{home}", {"contacts": [boss.email, *more]})
            return site.rest("GET", f"/organisations/{home}").body["contacts"]

        def stops(email, key_name):
            """The links that he got to stop certificates of this key."""
            return [m[1] for m in (re.search(rf'^"{key_name}" gets(?s:.*)/portal/stop\?code=(\w+)', t)
                                   for t in mails(email)) if m]

        def stop(code):
            browser = Browser(site)
            page = browser.get(f"/portal/stop?code={code}")
            return browser.submit(page, "Stop it").status if page.status == 200 else page.status

        for name, leaves in (("Pat", "is removed"), ("Quin", "is deleted"), ("Rae", "is moved"), ("Sam", "is off"),
                             ("Tom", "was a contact")):
            browser, developer = member(name)
            who = developer["email"]
            old, new = ask(boss, f"old, {name}"), site.make_cert(f"next, {name}")
            key = site.rest("GET", f"/certificates/{old.sha256}").body["key_id"]
            outside = f"{name.lower()}@elsewhere.example"
            contacts(*{"is off": [], "was a contact": [outside]}.get(leaves, [who]))
            told = outside if leaves == "was a contact" else who
            boss.submit(boss.get(f"/portal/keys/{key}"), "Add certificate",
                        {"Public certificate (PEM)": new.pem, "Password": PASSWORD})
            wait_until(lambda: stops(told, f"old, {name}"), f"a link to {told}")
            if leaves == "is removed":
                boss.submit(boss.get(f"/portal/organisation/members/{developer['id']}/remove"), f"Remove {name}")
            elif leaves == "is deleted":
                site.rest("DELETE", f"/developers/{developer['id']}")
            elif leaves == "is moved":
                site.rest("PATCH", f"/developers/{developer['id']}", {"organisation_id": other["id"]})
            elif leaves == "is off":
                site.rest("PATCH", f"/developers/{developer['id']}", {"active": False})
            else:
                contacts(boss.email)
            is_eq(contacts(), [boss.email], f"who {leaves}: is no contact")
            is_eq(stop(stops(told, f"old, {name}")[0]), 404, f"who {leaves}: his link stops nothing")
            is_eq([site.curl("/mtls-api/x", cert=c).status for c in (old, new)], [200, 200],
                  f"who {leaves}: both certificates work on")
            wait_until(lambda: stops(boss.email, f"old, {name}"), "the manager's link")
            is_eq(stop(stops(boss.email, f"old, {name}")[0]), 200, f"who {leaves}: a manager's does")
            is_eq(site.curl("/mtls-api/x", cert=new).status, 403, f"who {leaves}: it is stopped")

    with case("nor does who had the key before"):
        old, new = ask(boss, "moved"), site.make_cert("moved next")
        key = site.rest("GET", f"/certificates/{old.sha256}").body["key_id"]
        boss.submit(boss.get(f"/portal/keys/{key}"), "Add certificate",
                    {"Public certificate (PEM)": new.pem, "Password": PASSWORD})
        wait_until(lambda: stops(boss.email, "moved"), "the link")
        site.rest("PATCH", f"/keys/{key}", {"organisation_id": other["id"]})
        is_eq(stop(stops(boss.email, "moved")[0]), 404, "the link has ended")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "the certificate works on")

    with case("an invitation ends with its manager"):
        browser, second = member("Ida")
        boss.submit(boss.get("/portal/organisation"), "Make manager of Ida")
        code = invite("ida.two@partner.example", browser)
        is_eq(Browser(site).get(f"/portal/invite?code={code}").status, 200, "as a manager she invites")
        boss.submit(boss.get("/portal/organisation"), "Make member of Ida")
        is_eq(Browser(site).get(f"/portal/invite?code={code}").status, 404, "as a member she has none open")
        boss.submit(boss.get("/portal/organisation"), "Make manager of Ida")
        boss.submit(boss.get(f"/portal/organisation/members/{second['id']}/remove"), "Remove Ida")
        is_eq(Browser(site).get(f"/portal/invite?code={code}").status, 404, "removed there is no page")
        is_eq(accept(code, name="Ida", password=PASSWORD.replace(" ", "+")).status, 404, "and no way in")
        is_eq(record("ida.two@partner.example"), None, "nobody is made")

    with case("the last manager does not leave members behind"):
        kim = Developer(site, "Kim Alone")
        code = invite(boss.email, kim)
        page = boss.submit(boss.get(f"/portal/invite?code={code}"), "Join Kim Alone")
        is_eq(page.status, 409, "it is refused")
        like(page.text, "last manager", "with the reason")
        boss.submit(boss.get("/portal/organisation"), "Make manager of Bob Two")
        boss.submit(boss.get(f"/portal/invite?code={code}"), "Join Kim Alone")
        is_eq(record(boss.email)["organisation_id"], record(kim.email)["organisation_id"], "with another one he may go")

    with case("another address"):
        lea = Developer(site, "Lea New")
        developer = record(lea.email)
        lea.submit(lea.get("/portal/reset"), "Send link", {"E-mail": lea.email})
        wait_until(lambda: codes(lea.email, "reset"), "a link for a new password")
        code = codes(lea.email, "reset")[0]
        is_eq(Browser(site).get(f"/portal/reset?code={code}").status, 200, "the link works")
        site.rest("PATCH", f"/organisations/{developer['organisation_id']}",
                  {"contacts": ["ops@lea.example", lea.email]})
        site.rest("PATCH", f"/developers/{developer['id']}", {"email": "lea@new.example"})
        is_eq(Browser(site).get(f"/portal/reset?code={code}").status, 404, "the old mailbox's link has ended")
        is_eq(site.rest("GET", f"/organisations/{developer['organisation_id']}").body["contacts"],
              ["ops@lea.example", "lea@new.example"], "notices go to the new one")
done_testing()
