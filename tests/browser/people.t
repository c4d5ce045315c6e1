#!/usr/bin/python3
"""What has to do with developers and with mail, in Chromium: pages and mails, light and dark, wide and
narrow."""
import email
import email.policy
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from chromium import Chromium  # noqa: E402
from looks import LOOKS, SHOTS, in_all_looks, look_at  # noqa: E402
from pages import Browser  # noqa: E402
from portal import MAIL, PASSWORD, Developer, entry, mails, pem, wait_mail  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()


def sign_in(browser, email_address, password):
    browser.get("/portal/login")
    browser.type("E-mail", email_address)
    browser.type("Password", password)
    browser.press("Sign in")


with site, Chromium(site) as browser:
    site.rest("PATCH", "/settings", {"base_urls": {n: site.url for n in ("gate", "portal", "admin")},
                                     "portal_title": "Aster APIs"})
    admin = site.rest("GET", "/users").body["items"][0]
    site.rest("PATCH", "/users/" + admin["id"], {"email": "admin@aster.example"})
    api = site.make_api("Payments", "/payments/")

    with case("joining"):
        site.rest("PATCH", "/settings", {"terms": "Be kind to our servers.\n\nDo not share keys."})
        in_all_looks(browser, "join", "/portal/join")
        in_all_looks(browser, "portal login", "/portal/login")
        in_all_looks(browser, "reset", "/portal/reset")
        browser.get("/portal/join")
        browser.type("Name", "Jonas Weber")
        browser.type("E-mail", "jonas@sons")
        browser.type("Password", "short")
        browser.run("document.querySelector('form').noValidate = true")
        browser.press("Join")
        is_eq(browser.focused("name"), "email", "the first field that is wrong has the focus")
        in_all_looks(browser, "join with errors", quiet=False)
        browser.type("E-mail", "jonas.weber@sons.example")
        browser.type("Password", PASSWORD)
        browser.tick("I accept the terms")
        browser.press("Join")
        in_all_looks(browser, "join sent")
        code = wait_mail("jonas.weber@sons.example", r"/portal/confirm\?code=(\w+)")[1]
        in_all_looks(browser, "confirm", f"/portal/confirm?code={code}")
        browser.press("Confirm")
        look_at(browser, "confirmed")
        in_all_looks(browser, "link ended", f"/portal/confirm?code={code}", quiet=False)
        browser.get("/portal/login")
        browser.type("E-mail", "jonas.weber@sons.example")
        browser.type("Password", "wrong")
        browser.press("Sign in")
        is_eq(browser.focused("id"), "password", "after an error the password has the focus")
        in_all_looks(browser, "portal login refused", quiet=False)

    with case("the account and the organisation"):
        site.rest("PATCH", "/settings", {"terms": ""})
        second = Developer(site, "Ines Duarte")
        browser.look(False, 1440)
        sign_in(browser, "jonas.weber@sons.example", PASSWORD)
        in_all_looks(browser, "account", "/portal/account")
        browser.get("/portal/organisation")
        browser.type("E-mail", second.email)
        browser.press("Send invitation")
        invite = wait_mail(second.email, r"/portal/invite\?code=(\w+)")[1]
        in_all_looks(browser, "invitation of who has an account", f"/portal/invite?code={invite}")
        page = second.get(f"/portal/invite?code={invite}")
        second.submit(page, page.forms[-1].buttons[0][0])
        browser.look(False, 1440)
        browser.get("/portal/organisation")
        browser.type("E-mail", "new@sons.example")
        browser.press("Send invitation")
        fresh = wait_mail("new@sons.example", r"/portal/invite\?code=(\w+)")[1]
        in_all_looks(browser, "invitation", f"/portal/invite?code={fresh}")
        in_all_looks(browser, "organisation", "/portal/organisation")
        member = next(d for d in site.rest("GET", "/developers").body["items"] if d["email"] == second.email)
        in_all_looks(browser, "member remove", f"/portal/organisation/members/{member['id']}/remove")

    with case("the dashboard"):
        owner(site)
        browser.driver.delete_all_cookies()
        browser.look(False, 1440)
        browser.sign_in("admin", PASSWORD)
        org = site.rest("GET", "/organisations").body["items"][0]
        key = site.make_key("Billing batch", site.make_cert("billing"), api, organisation_id=org["id"])
        site.rest("PATCH", f"/developers/{member['id']}", {"active": False})
        for name, path in {"developers": "/admin/developers", "developers none": "/admin/developers?q=nobody",
                           "developer new": "/admin/developers/new", "developer": f"/admin/developers/{member['id']}",
                           "developer delete": f"/admin/developers/{member['id']}/delete",
                           "organisations": "/admin/organisations", "organisation new": "/admin/organisations/new",
                           "organisation of the dashboard": f"/admin/organisations/{org['id']}",
                           "key transfer": f"/admin/keys/{key['id']}/transfer", "user": f"/admin/users/{admin['id']}"}.items():
            in_all_looks(browser, name, path)
        browser.get("/admin/developers/new")
        browser.run("document.querySelector('main form').noValidate = true")
        browser.type("Name", "Nobody")
        browser.press("Create")
        is_eq(browser.focused("name"), "email", "the field that is wrong has the focus")
        in_all_looks(browser, "developer new with errors", quiet=False)

    with case("mails"):
        # One of each kind, by what makes it where that is quick, else as it is written by the programs.
        manual = entry(site, "Payments", [api])
        site.rest("PATCH", f"/developers/{member['id']}", {"active": True})
        second.cookies.clear()
        second.sign_in()
        for name in ("first", "second"):
            second.ask(manual, f"Billing {name}", pem(site.make_cert(name)))
        waiting = [r for r in site.rest("GET", "/requests").body["items"] if r["status"] == "pending"]
        site.rest("POST", f"/requests/{waiting[0]['id']}/approve")
        site.rest("POST", f"/requests/{waiting[1]['id']}/decline", {"reason": "The contract has ended. Ask <sales> & legal."})
        site.rest("DELETE", f"/keys/{key['id']}/credentials/{key['credentials'][0]['sha256']}?reason=key_exposed")
        out = Browser(site)
        out.submit(out.get("/portal/reset"), "Send link", {"E-mail": second.email})
        out.submit(out.get("/portal/join"), "Join", {"Name": "Jonas", "E-mail": "jonas.weber@sons.example", "Password": PASSWORD})
        soon = site.make_cert("soon", days=5)
        site.make_key("Soon", soon, api, organisation_id=org["id"])
        wait_until(lambda: site.certgate("steward").returncode == 0, "the housekeeping")
        limited = site.make_cert("limited")
        site.make_key("Limited", limited, api, organisation_id=org["id"], quota={"limit": 2, "period": "day"})
        for _ in range(3):
            site.curl("/payments/x", cert=limited)
        wanted = ["Confirm your e-mail", "A new password", "You have an account", "invites you", "We have your request",
                  "is approved", "was declined", "requests a key", "ends on", "was revoked", "100 % of its quota"]
        everybody = ("jonas.weber@sons.example", second.email, "new@sons.example", "admin@aster.example")

        def subjects():
            return [m.split("\n")[0] for who in everybody for m in mails(who)]
        for word in wanted:
            wait_until(lambda w=word: any(w in s for s in subjects()), f"a mail “{word}”")
        seen = set()
        for name in sorted(os.listdir(MAIL)):
            if not name.endswith(".eml"):
                continue
            with open(f"{MAIL}/{name}", "rb") as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            kind = next((w for w in wanted if w in message["Subject"]), None)
            if not kind or kind in seen:
                continue
            seen.add(kind)
            html, text = message.get_body(("html",)).get_content(), message.get_body(("plain",)).get_content()
            links = set(re.findall(r'href="(https://[^"]*)"', html))
            ok(links and all(l.startswith(site.url + "/") for l in links), f"{kind}: its links lead to base_urls")
            is_eq([l for l in links if l.replace("&amp;", "&") not in text], [], f"{kind}: the text has them too")
            is_eq(re.findall(r"\{\{.*?\}\}|<script|\(null\)|\(\)|“”|\"\"|<td></td>", html.split("<main>")[1] + text), [], f"{kind}: nothing is left of the template")
            ok("\n\n\n" not in text and max(len(l) for l in text.split("\n")) < 200, f"{kind}: the text is in good order")
            path = f"{site.folder}/docs/mail.html"
            with open(path, "w", encoding="utf-8") as file:
                file.write(html)
            if SHOTS:
                with open(f"{SHOTS}/mail-{kind.replace(' ', '-').replace('%', '')}.txt", "w", encoding="utf-8") as file:
                    file.write(message["Subject"] + "\n\n" + text)
            for dark, width in LOOKS:
                browser.look(dark, width)
                browser.driver.get("file://" + path)
                look_at(browser, "mail " + kind.replace("%", ""))
                browser.console()
done_testing()
