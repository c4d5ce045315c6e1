#!/usr/bin/python3
"""Forms of the portal come back with what was typed, and with all that is wrong at its field; a stale one tells
what differs; a refusal for a while says for how long."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from portal import PASSWORD, Developer, entry, pem, wait_mail  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

BAD = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
site = Site()
site.open()
api = site.make_api("orders")
offer = entry(site, "Orders", [api], max_keys_per_developer=10)
ann, taken = Developer(site, "Ann One"), site.make_cert("taken")
site.make_key("Another's", taken)


def at_fields(page):
    return {i[2:] for i in page.ids if i.startswith("e-")}


def value(page, button, label):
    return page.field(page.form(button)[0], label).value.strip().replace("\r\n", "\n")


with case("a request"):
    certificates = {"none": "", "bad": BAD, "another's": taken.pem, "good": pem(site.make_cert("fresh"))}
    for name in ("", "\u200b", "Billing"):
        for which, text in certificates.items():
            wanted = {f for f, wrong in (("name", name != "Billing"), ("certificate", which != "good")) if wrong}
            if not wanted:
                continue
            page = ann.ask(offer, name, text)
            is_eq((page.status, at_fields(page)), (409 if (name, which) == ("Billing", "another's") else 422, wanted),
                  f"{name!r}, a certificate {which}: each fault at its field")
            (unlike if "certificate" in wanted else like)(page.text, "This certificate can be used", "praised if it is good")
            is_eq(value(page, "Request key", "Key name"), name, "the name is there")
    is_eq(site.rest("GET", "/requests").body["items"], [], "nothing was sent")

with case("more access for a key"):
    home = site.rest("GET", "/developers?q=ann.one@").body["items"][0]["organisation_id"]
    for name in ("A", "B", "C"):
        site.make_key(name, site.make_cert(name), api, organisation_id=home)
    for name in ("B", "C"):
        page = ann.submit(ann.form(offer), "Add to my key", {"Key": [name]})
        field = page.field(page.form("Add to my key")[0], "Key")
        is_eq((page.status, [text for _, text, selected in field.options if selected]), (409, [name]), f"{name} stays chosen")

with case("the organisation"):
    fresh = ann.get("/portal/organisation")
    many = "ops@partner.example\nnight@partner.example"
    is_eq(ann.submit(fresh, "Save", {"Contacts": many}).status, 200, "it is saved")
    form = ann.get("/portal/organisation")
    for name, contacts in (("\u200b", ""), ("", "x@y.example"), ("", many), ("Fine", "none\nx@y.example")):
        page = ann.submit(form, "Save", {"Name": name, "Contacts": contacts})
        is_eq((page.status, value(page, "Save", "Contacts"), value(page, "Send invitation", "E-mail")), (422, contacts, ""),
              f"{name!r}, {contacts!r}: as it was typed, also what was emptied")
        is_eq(at_fields(page), {"contacts"} if name == "Fine" else {"name"}, "with the fault at its field")
    page = ann.submit(form, "Send invitation", {"E-mail": "nobody"})
    is_eq((page.status, value(page, "Send invitation", "E-mail"), value(page, "Save", "Contacts"), at_fields(page)),
          (422, "nobody", many, {"email"}), "an invitation: the other form as it is")

with case("a stale form"):
    site.rest("PATCH", f"/organisations/{home}", {"contacts": ["new@partner.example"]})
    page = ann.submit(form, "Save", {"Name": "Mine", "Contacts": many})
    is_eq((page.status, value(page, "Save", "Name"), value(page, "Save", "Contacts")), (412, "Mine", many), "has what was typed")
    like(page.text, "Somebody else changed this", "and says so")
    like(page.text, "“new@partner.example” now", "with what is there now")
    like(page.text, "Name: “Ann One” now, “Mine” in the form", "in each field that differs")
    is_eq(site.rest("GET", f"/organisations/{home}").body["contacts"], ["new@partner.example"], "which stays")
    is_eq(ann.submit(page, "Save").status, 200, "once more it is saved")
    is_eq(site.rest("GET", f"/organisations/{home}").body["name"], "Mine", "as it was typed")
    stale = ann.get("/portal/organisation")
    site.rest("PATCH", f"/organisations/{home}", {"name": "Other"})
    site.rest("PATCH", f"/organisations/{home}", {"name": "Mine"})
    page = ann.submit(stale, "Save")
    is_eq(page.status, 412, "what differs is gone")
    like(page.text, "nothing differs", "then it says that")
    is_eq(ann.submit(ann.get("/portal/organisation"), "Save").status, 200, "it is whole again")
    boss = owner(site)
    for name, contacts in (("\u200b", many), ("Fine", many + "\nnone")):
        page = boss.submit(boss.get(f"/admin/organisations/{home}"), "Save", {"Name": name, "Contacts": contacts})
        is_eq((page.status, value(page, "Save", "Contacts")), (422, contacts), "administrators get their lines back, too")

with case("an invitation"):
    site.rest("PATCH", "/settings", {"terms": "Be *kind*."})
    ann.submit(ann.get("/portal/organisation"), "Send invitation", {"E-mail": "kim@partner.example"})
    code = wait_mail("kim@partner.example", r"/portal/invite\?code=(\w+)")[1]
    kim = Browser(site)
    page = kim.get(f"/portal/invite?code={code}")
    label = "Join Mine"
    page = kim.submit(page, label, {"Name": "", "Password": "short", "I accept the terms": True})
    is_eq((page.status, at_fields(page)), (422, {"name", "password"}), "faults")
    ok(page.field(page.form(label)[0], "I accept the terms").checked, "the terms stay accepted")
    page = kim.submit(page, label, {"Name": "Kim", "Password": PASSWORD, "I accept the terms": False})
    is_eq((page.status, value(page, label, "Name"), at_fields(page)), (422, "Kim", {"terms"}), "they have to be")
    box = page.field(page.form(label)[0], "I accept the terms")
    is_eq((box.checked, box.attrs.get("aria-invalid"), box.attrs.get("aria-describedby"), "autofocus" in box.attrs),
          (False, "true", "e-terms", True), "which the box tells, too")
    is_eq(kim.submit(page, label, {"Password": PASSWORD, "I accept the terms": True}).status, 200, "then it goes on")

with case("too many wrong passwords"):
    form = ann.get("/portal/account")
    wrong = {"Current password": "x" * 600, "New password": PASSWORD + "!", "Repeat new password": PASSWORD + "!"}
    pages = [ann.submit(form, "Save", wrong) for _ in range(22)]
    statuses = [page.status for page in pages]
    is_eq((set(statuses[:20]), set(statuses[20:])), ({422}, {429}), "after 20 no more are looked at")
    ok(int(pages[-1].header("Retry-After") or 0) > 0, "and the answer says for how long")
    like(pages[-1].text, "too many wrong passwords", "as the page does")
done_testing()
