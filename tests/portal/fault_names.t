#!/usr/bin/python3
"""A fault names its field as the page does: what the list above the form says begins with the label, or the
heading, of the field that it leads to; of a list typed in one field it says which one is wrong."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import Developer, entry, wait_mail  # noqa: E402
from show_pages import fill, owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

ZERO, SOON = "0", "soon"
BAD = {"revision": None, "csrf_token": None, "once": None, "code": None, "upload": None, "do": None, "kind": None,
       "had": None, "role": None, "type": None, "auth": None, "approval": None, "renewal": None,
       "email": "nope", "listen_path": "x", "target_url": "x", "documentation_url": "x", "expires_at": SOON,
       "contacts": "a@b.example\nnope", "allowed_ips": "192.0.2.1, 300.1.1.1", "blocked_ips": "x",
       "sign_up_domains": "one.example, @x", "target_urls": "http://one.example/\nx", "password": "short",
       "new": "short", "repeat": "other", "paths": "x", "methods": "a b", "mail_from": "x", "auth.token_header": "a b",
       "base_urls.gate": "x", "base_urls.portal": "x", "base_urls.admin": "x", "cors.allowed_origins": "x",
       "upstream_tls.pinned_sha256": "x", "upstream_tls.client_certificate": "x", "meta": "x", "list": "x",
       "request_headers.set": "Host: x", "request_headers.remove": "a b", "response_headers.add": "x y", "at": "x",
       "active_from": SOON, "ends_at": SOON, "bound_to": "x", "organisation_id": "Nobody", "spki_sha256": "x",
       "url": "x", "address": "x", "sha256": "x", "replaces": "x", "from": "x", "to": "x"}


def named(html, key):
    """What the field, or the set of fields, with this id is called."""
    labels = re.findall(rf'<label[^>]* for="f-{re.escape(key)}"[^>]*>(.*?)</label>', html)
    sets = re.search(rf'<fieldset[^>]* id="f-{re.escape(key)}".*?<legend[^>]*>(.*?)</legend>', html, re.S)
    inner = re.search(rf'<legend class="label">([^<]*)[^\0]{{0,200}}id="f-{re.escape(key)}"', html)
    # A text to accept is folded above its check box.
    folded = re.search(r'<div class="field[^"]*"><details class="more"><summary>([^<]*)</summary>'
                       rf'(?:(?!<summary>).)*? id="f-{re.escape(key)}"', html, re.S)
    found = labels + [m[1] for m in (sets, inner, folded) if m]
    return [" ".join(re.sub(r"<[^>]*>", "", text).split()) for text in found]


def look(browser, path):
    """The faults of every form of the page, each filled in as badly as can be; how many."""
    seen = 0
    page = browser.get(path)
    for form in page.forms:
        buttons = [b for b in form.buttons if not b[1] and b[0] not in ("Sign out", "Test upstream")]
        texts = [f for f in form.fields if f.name and f.kind not in ("hidden", "file", "checkbox", "radio", "select")]
        if not texts or not buttons or form.method != "POST":
            continue
        change = {f.name: BAD.get(f.name, ZERO if re.search("limit|max|ms|days", f.name) else "") for f in texts
                  if BAD.get(f.name, "") is not None}
        told = browser.submit(page, buttons[-1][0], change=change)
        for key, text in re.findall(r'<li><a href="#f-([^"]+)">(.*?)</a></li>', told.html):
            seen += 1
            names = named(told.html, key)
            ok(any(re.match(re.escape(n) + r"( \(no\. \d+\))?(:| [a-z])", text) for n in names),
               f"{path}: “{text[:60]}” of {names}")
    return seen


with Site() as site:
    boss = owner(site)
    pages = fill(site)
    offer = entry(site, "Quotes", [site.make_api("one", "/one/", auth={"use_certificate": True, "use_token": True})],
                  approval="automatic")
    ann = Developer(site, "Ann Partner")
    cert = site.make_cert("ann")
    key = ann.ask(offer, "Key", cert.pem).path.split("?")[0]
    site.rest("PATCH", "/settings", {"terms": "Be kind."})
    ann.submit(ann.get("/portal/organisation"), "Send invitation", {"E-mail": "new@one.example"})
    invite = wait_mail("new@one.example", r"(/portal/invite\?code=\w+)")[1]
    with case("the dashboard"):
        count = sum(look(boss, path) for name, path in pages.items() if "delete" not in path)
        ok(count > 60, f"{count} faults were looked at")
    with case("the portal"):
        found = {path: look(browser, path) for browser, path in (
            (ann, f"/portal/apis/{offer['id']}/request"), (ann, key), (ann, "/portal/organisation"),
            (ann, "/portal/account"), (type(boss)(site), "/portal/join"), (type(boss)(site), "/portal/reset"),
            (type(boss)(site), invite))}
        is_eq([path for path, n in found.items() if not n], [], "each of its forms has faults")
    with case("what is gone meanwhile"):
        for path, label, make in (("/admin/keys/new", "gone", lambda: site.make_api("gone", "/gone/")["id"]),
                                  ("/admin/policies/new", "gone", lambda: site.make_api("gone", "/gone/")["id"])):
            api = make()
            page = boss.get(path)
            site.must("DELETE", f"/apis/{api}", None, 204)
            told = boss.submit(page, "Create", {"Name": "New", label: True})
            like(told.text, f"Access rights: There is no API “{api}”", f"{path}: is a sentence of its own")
    with case("which one of a list"):
        partner = site.rest("GET", "/organisations").body["items"][0]["id"]
        page = boss.submit(boss.get(f"/admin/organisations/{partner}"), "Save", {"Contacts": "a@b.example\nnope\n@"})
        like(page.text, r"Contacts \(no\. 2\) must be .*Contacts \(no\. 3\) must be ", "of several lines")
        page = boss.submit(boss.get("/admin/settings"), "Save", {"Domains that may join": "one.example, @x"})
        like(page.text, r"Domains that may join \(no\. 2\)", "of words with commas")
done_testing()
