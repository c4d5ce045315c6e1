#!/usr/bin/python3
"""The pages of /admin, by a browser without JavaScript: first sign-in, the quickstart by forms alone,
what errors keep and what they never show."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from tap import diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

PASSWORD = "correct horse battery staple"
site = Site()


def told(condition, name, text=""):
    """ok, with the page's text where it is not."""
    if not ok(condition, name):
        diag(str(text)[:1500])


def read(path):
    with open(path, encoding="ascii") as text:
        return text.read()


def main():
    browser = Browser(site)

    # --- the first sign-in ---
    for path in ("/admin", "/admin/", "/admin/keys", "/admin/keys/new", "/admin/nothing"):
        answer = browser.get(path, follow=False)
        is_eq((answer.status, answer.header("Location")), (303, "/admin/login"),
            f"{path} leads to the sign-in page")
    page = browser.sign_in("admin", "a wrong password")
    is_eq(page.status, 403, "a wrong password is refused")
    told("User name or password is wrong." in page.text, "and the page says so")
    is_eq(page.field(page.form("Sign in")[0], "User name").value, "admin", "the name is kept")
    told("a wrong password" not in page.html, "the password is not")
    other = browser.sign_in("nobody", "a wrong password")
    is_eq((other.status, other.text), (page.status, page.text),
        "a name that is not known is answered alike")
    page = browser.sign_in("admin", site.password)
    is_eq(page.path, "/admin/password", "the one-time password leads to its change")
    is_eq(browser.get("/admin/keys", follow=False).header("Location"), "/admin/password",
        "and to nothing else")
    is_eq(site.rest("GET", "/keys", token="",
                  headers={"Cookie": "; ".join(f"{n}={v}" for n, v in browser.cookies.items())})
        .body["code"], "password_must_change", "nor in the REST interface")
    for values, key, text in (
            ({"Current password": "no", "New password": PASSWORD, "Repeat new password": PASSWORD},
             "current", "Current password is not your password."),
            ({"Current password": site.password, "New password": "short",
              "Repeat new password": "short"}, "new", "New password must have at least 12"),
            ({"Current password": site.password, "New password": site.password,
              "Repeat new password": site.password}, "new", "must be another one"),
            ({"Current password": site.password, "New password": PASSWORD,
              "Repeat new password": PASSWORD + "x"}, "repeat", "is not the same")):
        answer = browser.submit(browser.get("/admin/password"), "Save", values)
        is_eq(answer.status, 422, f"{key}: refused")
        told(text in answer.text and f"e-{key}" in answer.ids, f"{key}: told at the field", answer.text)
        told(PASSWORD not in answer.html and site.password not in answer.html,
           f"{key}: no password comes back")
    page = browser.submit(browser.get("/admin/password"), "Save", {
        "Current password": site.password, "New password": PASSWORD,
        "Repeat new password": PASSWORD})
    is_eq((page.status, page.path), (200, "/admin/"), "the new password leads to the overview")
    is_eq(Browser(site).sign_in("admin", site.password).status, 403,
        "the one-time password does not work any more")

    # --- the quickstart by forms ---
    told("Let the first client in" in page.text and "openssl req -x509" in page.text
       and "curl -k --cert cert.pem --key key.pem" in page.text, "an empty overview teaches")
    page = browser.get("/admin/apis")
    told("No API yet" in page.text, "an empty list teaches")
    page = browser.get(page.link("Add API"))
    page = browser.submit(page, "Create", {
        "Name": "mtls-api", "Listen path": "mtls-api", "Target URL": "ftp://x", "Auth token": True,
        "Enable client certificate": True, "Timeout": "soon"})
    is_eq(page.status, 422, "a bad API is refused")
    form = page.form("Create")[0]
    is_eq([page.field(form, n).value for n in ("Name", "Listen path", "Target URL", "Timeout")],
        ["mtls-api", "mtls-api", "ftp://x", "soon"], "what was typed is kept")
    told(page.title.startswith("Error:"), "the title says that it failed", page.title)
    told("e-timeout_ms" in page.ids or "e-listen_path" in page.ids, "it is told at the field")
    page = browser.submit(page, "Create", {
        "Listen path": "/mtls-api/", "Target URL": site.upstream_url, "Timeout": ""})
    is_eq(page.status, 200, "corrected, it is made")
    api = site.rest("GET", "/apis").body["items"][0]
    is_eq((api["name"], api["listen_path"], api["target_url"], api["auth"]["use_certificate"],
         api["auth"]["use_token"], api["auth"]["keyless"], api["active"]),
        ("mtls-api", "/mtls-api/", site.upstream_url, True, True, False, True), "as it was typed")
    told(f"curl --cert cert.pem --key key.pem {site.url}/mtls-api/" in page.text,
       "its page has the line to call it")

    alone, both, upload = (site.make_cert(n) for n in ("alone", "both", "upload"))
    page = browser.submit(browser.get("/admin/keys/new"), "Create", {
        "Name": "Alone", "Mutual TLS": True, "Certificate (PEM)": alone.pem, "mtls-api": True})
    told("The key was created" in page.text, "a key from a certificate alone", page.text)
    told("private key was dropped" not in page.text, "nothing is said of a private key")
    is_eq(site.curl("/mtls-api/my-endpoint", cert=alone).status, 200, "it may call")
    pem = both.pem + read(both.key)
    page = browser.submit(browser.get("/admin/keys/new"), "Create", {
        "Name": "Both", "Mutual TLS": True, "Certificate (PEM)": pem, "mtls-api": True})
    told("The private key was dropped" in page.text, "the page says what became of the private key",
       page.text)
    is_eq(site.curl("/mtls-api/my-endpoint", cert=both).status, 200, "it may call")
    page = browser.submit(browser.get("/admin/keys/new"), "Create", {
        "Name": "Uploaded", "Upload .pem": ("cert.pem", (upload.pem + read(upload.key)).encode()),
        "mtls-api": True})
    told("The private key was dropped" in page.text, "a file with both works as well", page.text)
    is_eq(site.curl("/mtls-api/my-endpoint", cert=upload).status, 200, "it may call")
    der = site.make_cert("der")
    raw = subprocess.run(["openssl", "x509", "-in", der.path, "-outform", "DER"], check=True,
                         capture_output=True).stdout
    page = browser.submit(browser.get("/admin/keys/new"), "Create", {
        "Name": "Binary", "Upload .pem": ("cert.der", raw), "mtls-api": True})
    is_eq(site.curl("/mtls-api/my-endpoint", cert=der).status, 200, "so does a binary file")
    is_eq(site.curl("/mtls-api/my-endpoint").status, 401, "without a certificate nobody may")

    # --- reading before creating ---
    fresh = site.make_cert("fresh", subject="/CN=wh-south-02/O=Kestrel")
    page = browser.submit(browser.get("/admin/keys/new"), "Read certificate", {
        "Name": "Fresh", "Certificate (PEM)": fresh.pem + read(fresh.key), "mtls-api": True,
        "Rate": "50"})
    told("Certificate read" in page.text and "wh-south-02" in page.text, "what was read is shown")
    form = page.form("Create")[0]
    text = page.field(form, "Certificate (PEM)").value
    is_eq(text.split(), fresh.pem.split(), "the public part stands in the field")
    told("PRIVATE KEY" not in page.html, "the private part is gone from the page")
    is_eq((page.field(form, "Name").value, page.field(form, "Rate").value,
         page.field(form, "mtls-api").checked), ("Fresh", "50", True), "the rest is kept")
    is_eq(site.rest("GET", "/keys?q=Fresh").body["items"], [], "nothing was made yet")
    page = browser.submit(page, "Create")
    told("The key was created" in page.text, "then it is made")
    is_eq(site.rest("GET", "/keys?q=Fresh").body["items"][0]["rate"],
        {"limit": 50, "per_seconds": 1}, "with its rate")

    # --- errors ---
    stray = read(site.make_cert("stray").key)
    for what, values in (("a private key alone", {"Certificate (PEM)": stray}),
                         ("text that is none", {"Certificate (PEM)": "SECRET-looking text"}),
                         ("a file that is none", {"Upload .pem": ("x", b"SECRET-looking text")}),
                         ("nothing", {}),
                         ("both ways", {"Certificate (PEM)": fresh.pem,
                                        "Upload .pem": ("x", fresh.pem.encode())}),
                         ("one in use", {"Certificate (PEM)": alone.pem})):
        page = browser.submit(browser.get("/admin/keys/new"), "Create",
                              {"Name": "Kept", "mtls-api": True, "Quota": "1,000", **values})
        told(page.status in (409, 422) and "e-certificate" in page.ids, f"{what}: told at the field",
           f"{page.status} {page.text}")
        form = page.form("Create")[0]
        is_eq((page.field(form, "Name").value, page.field(form, "Quota").value,
             page.field(form, "mtls-api").checked), ("Kept", "1,000", True),
            f"{what}: what was typed is kept")
        told("SECRET" not in page.html and stray.splitlines()[1] not in page.html,
           f"{what}: nothing that may be a private key comes back")
    is_eq(site.rest("GET", "/keys?q=Kept").body["items"], [], "none of them made a key")

    # --- a token, shown once ---
    form_page = browser.get("/admin/keys/new")
    values = {"Name": "Token", "Auth token": True, "mtls-api": True}
    page = browser.submit(form_page, "Create", values)
    told("shown this once" in page.text, "a token is shown", page.text)
    token = re.search(r"Authorization: Bearer ([a-z2-7]{52})", page.text).group(1)
    is_eq(site.curl("/mtls-api/x", "-H", f"Authorization: Bearer {token}").status, 200, "and works")
    page = browser.submit(form_page, "Create", values)
    told("No second token was made" in page.text and token not in page.html,
       "the same form once more makes no second key", page.text)
    told("--cert" not in page.text, "nor does it tell to call with a certificate", page.text)
    is_eq(len(site.rest("GET", "/keys?q=Token").body["items"]), 1, "there is one")
    told(token not in browser.get(page.path).html, "the key's page does not have it")

    # --- changing, rotating, revoking, deleting ---
    key = site.rest("GET", "/keys?q=Alone").body["items"][0]
    link = f"/admin/keys/{key['id']}"
    edit = browser.get(link + "/edit")
    page = browser.submit(edit, "Save", {"Name": "Alone 2", "Quota": "1,000", "Tags": "a, b",
                                         "Expires on": "2099-12-31"})
    record = site.rest("GET", f"/keys/{key['id']}").body
    is_eq((record["name"], record["quota"], record["tags"], record["expires_at"]),
        ("Alone 2", {"limit": 1000, "period": "month"}, ["a", "b"], "2099-12-31T23:59:59Z"),
        "a key is changed")
    page = browser.submit(edit, "Save", {"Name": "Alone 3"})
    is_eq(page.status, 412, "an edit of what is not the newest is refused")
    told("Expires on: “2099-12-31” now, “” in the form" in page.text
       and "Alone 2" in page.text and page.field(page.form("Save")[0], "Name").value == "Alone 3",
       "both versions are told", page.text)
    page = browser.submit(page, "Save")
    is_eq(site.rest("GET", f"/keys/{key['id']}").body["name"], "Alone 3", "and may be saved then")
    page = browser.submit(browser.get(link), "Pause")
    is_eq(site.curl("/mtls-api/x", cert=alone).status, 403, "paused, it is refused")
    browser.submit(page, "Switch on")
    is_eq(site.curl("/mtls-api/x", cert=alone).status, 200, "switched on, it is not")
    second = site.make_cert("second")
    page = browser.submit(browser.get(browser.get(link).link("Rotate")), "Add",
                          {"Certificate (PEM)": second.pem + read(second.key)})
    told("The certificate was added" in page.text and "The private key was dropped" in page.text,
       "a further certificate", page.text)
    is_eq([site.curl("/mtls-api/x", cert=c).status for c in (alone, second)], [200, 200], "both work")
    revoke = f"{link}/credentials/{alone.sha256}/revoke"
    told("superseded" in browser.get(revoke).html, "a revocation asks once, with reasons")
    form = browser.get(revoke).forms[-1]
    browser.submit(browser.get(revoke), form.buttons[0][0], {"Something else": True})
    is_eq([site.curl("/mtls-api/x", cert=c).status for c in (alone, second)], [403, 200],
        "the old one is refused from then on")
    confirm = browser.get(link + "/delete")
    page = browser.submit(confirm, "Delete Alone 3")
    told("The key was deleted" in page.text, "a key is deleted", page.text)
    is_eq(browser.submit(confirm, "Delete Alone 3").status, 200, "pressed twice, it stays deleted")
    is_eq(browser.get(link).status, 404, "and has no page")

    # --- searching ---
    for q in ("both", both.sha256, ":".join(re.findall("..", both.sha256.upper())),
              both.sha256[:12], "Bot"):
        page = browser.submit(browser.get("/admin/keys"), "Search", {"Search keys": q})
        told("Both" in page.text and "Uploaded" not in page.text, f"a key is found by {q[:20]}")
    page = browser.submit(browser.get("/admin/keys"), "Search", {"Search keys": "<nobody>"})
    told("No key fits “<nobody>”" in page.text and "<nobody>" not in page.html, "or is not")

    # --- a key from a refusal ---
    stranger = site.make_cert("stranger", subject="/CN=depot-scanner")
    is_eq(site.curl("/mtls-api/x", cert=stranger).status, 403, "a stranger is refused")
    page = browser.get("/admin/refusals")
    links = [h for t, h in page.links if t.startswith("Make a key from this certificate")]
    is_eq(len(links), 1, "the refusal offers to make a key")
    why = [h for t, h in page.links if t.startswith("Why?")][0]
    told("credential_unknown" in browser.get(why).text
         and "Who is calling is known" in browser.get(why).text, "and says why, step by step")
    page = browser.submit(browser.get("/admin/explain"), "Explain",
                          {"URL": "/mtls-api/x", "SHA-256 of a certificate": both.sha256})
    told("May pass" in page.text and "Key: Both" in page.text, "asked of another, it may pass",
         page.text)
    told("Name a request" in browser.get("/admin/explain").text, "a page without a question teaches")
    is_eq(browser.get("/admin/explain?url=/a/../b").status, 422, "a URL that is none")
    is_eq(browser.get("/admin/explain?request_id=x").status, 422, "a request that is not kept")
    page = browser.get(links[0])
    told("depot-scanner" in page.text and stranger.sha256[:4] in page.text, "with whom to compare")
    stale = page
    page = browser.submit(page, "Create", {"Name": "Depot scanner"})
    is_eq(site.curl("/mtls-api/x", cert=stranger).status, 200, "then it may call")
    made = page.path.split("?")[0]
    page = browser.submit(stale, "Create", {"Name": "Depot scanner"})
    is_eq(page.path.split("?")[0], made, "sent twice, it leads to the same key")
    page = browser.get("/admin/refusals")
    told(not [t for t, _ in page.links if t.startswith("Make a key")]
         and page.link("Depot scanner") == made, "the list names the key instead of offering one", page.text)
    page = browser.get(links[0])
    told("belongs to a key already" in page.text and page.link("Depot scanner") == made
         and stranger.sha256[:4] in page.text, "so does the form's page", page.text)
    told("Create" not in [b[0] for f in page.forms for b in f.buttons], "which has no form then")
    page = browser.submit(stale, "Create", {"Name": "Another"}, change={"once": "a" * 26})
    is_eq(page.status, 409, "a form that was open meanwhile makes no second one")
    told("belongs to a key already" in page.text and page.link("Depot scanner") == made,
         "and is led to the key", page.text)
    told("<h2>The key was not created" not in page.html, "without a list of faults")

    # --- policies ---
    page = browser.get("/admin/policies")
    told("No policy yet" in page.text, "an empty list teaches")
    new = browser.get("/admin/keys/new")
    told("disabled" in new.field(new.form("Create")[0], "Policies").attrs and new.link("Add one") == "/admin/policies/new",
         "the form of a key has no empty list: it says so and leads there", new.text)
    page = browser.submit(browser.get(page.link("Add policy")), "Create",
                          {"Name": "Standard", "Access": False, "Rate": "5"})
    told(page.status == 422 and {"e-applies", "e-rate_limit"} & set(page.ids),
         "a policy that decides nothing is refused", page.text)
    page = browser.submit(page, "Create", {"Access": True, "Rate limit": True, "mtls-api": True,
                                           "Tags": "partner"})
    told("The policy was created" in page.text, "a policy is made", page.text)
    policy = site.rest("GET", "/policies").body["items"][0]
    is_eq((policy["applies"], policy["rate"], [a["api_id"] for a in policy["access"]],
           policy["tags"]), (["access", "rate"], {"limit": 5, "per_seconds": 1}, [api["id"]],
                             ["partner"]), "as it was typed")
    member = site.make_cert("member")
    page = browser.submit(browser.get("/admin/keys/new"), "Create", {
        "Name": "Member", "Certificate (PEM)": member.pem, "Policies": ["Standard"]})
    told("Policy Standard" in page.text, "a key's page says where its rights come from", page.text)
    is_eq(site.curl("/mtls-api/x", cert=member).status, 200, "by its policy it may call")
    path = f"/admin/policies/{policy['id']}"
    page = browser.submit(browser.get(path), "Save", {"Active": False})
    is_eq(site.curl("/mtls-api/x", cert=member).status, 403, "switched off, it gives nothing")
    page = browser.submit(browser.get(path + "/delete"), "Delete Standard")
    is_eq(page.status, 409, "a policy in use is not deleted")
    page = browser.submit(page, "Delete Standard", {"Also take it from the keys that have it": True})
    told("The policy was deleted" in page.text, "unless it is taken from its keys", page.text)

    # --- users, REST tokens ---
    page = browser.submit(browser.get("/admin/users/new"), "Create",
                          {"Name": "vera", "Viewer": True})
    told("shown this once" in page.text, "a user gets a one-time password", page.text)
    password = next(w for w in page.text.split() if re.fullmatch("[a-z2-7]{26}", w))
    vera = Browser(site)
    is_eq(vera.first_sign_in("vera", password, PASSWORD + " of vera").path, "/admin/",
          "and signs in with it")
    is_eq(vera.get("/admin/users").status, 403, "a viewer does not see the users")
    is_eq(browser.submit(browser.get("/admin/users/new"), "Create",
                         {"Name": "vera", "Viewer": True}).status, 409, "a name is there once")
    link = dict(browser.get("/admin/users").links)["vera"]
    browser.submit(browser.get(link), "Save", {"Administrator": True})
    is_eq(vera.get("/admin/keys/new").status, 200, "an administrator may, at once")
    page = browser.submit(browser.get(link), "Give a one-time password")
    told("shown this once" in page.text and vera.get("/admin/", follow=False).status == 303,
         "a new one-time password signs out", page.text)
    browser.submit(browser.get(link + "/delete"), "Delete vera")
    is_eq(browser.get(link).status, 404, "a user is deleted")
    page = browser.submit(browser.get("/admin/tokens"), "Create", {"Name": "script", "Viewer": True})
    token = re.search(r"Bearer ([a-z2-7]{52})", page.text).group(1)
    is_eq([site.rest("GET", "/keys", token=token).status,
           site.rest("POST", "/keys", {"name": "x"}, token=token).status], [200, 403],
          "a REST token of a viewer reads")
    ends = [h for t, h in browser.get("/admin/tokens").links if t.startswith("End script")]
    browser.submit(browser.get(ends[0]), "End script")
    is_eq(site.rest("GET", "/keys", token=token).status, 401, "and ends")

    # --- certificates, audit ---
    authority = site.make_ca("Test CA")
    page = browser.submit(browser.get("/admin/certificates/new"), "Add",
                          {"CA": True, "Certificate (PEM)": authority.pem})
    told("The certificate was added" in page.text, "a CA is added", page.text)
    page = browser.submit(browser.get("/admin/certificates/new"), "Add",
                          {"CA": True, "Certificate (PEM)": authority.pem + authority.key_pem})
    told("This certificate is registered already" in page.text and "The private key was dropped" in page.text
         and "was added" not in page.text, "the same once more is there already, and its private key dropped", page.text)
    pem = browser.get(page.link("Download PEM"))
    is_eq((pem.status, pem.body.split()), (200, authority.pem.encode().split()), "and downloaded")
    page = browser.submit(browser.get(page.link("Delete")), "Delete Test CA")
    told("The certificate was deleted" in page.text, "and deleted", page.text)
    page = browser.get("/admin/audit")
    told("Signed in" in page.text and "Key created" in page.text, "the audit tells of it all")

    # --- the API again ---
    path = f"/admin/apis/{api['id']}"
    page = browser.submit(browser.get(path), "Save", {"Active": False})
    is_eq(site.curl("/mtls-api/x", cert=both).status, 404, "an API is switched off")
    is_eq(site.rest("GET", f"/apis/{api['id']}").body,
        {**api, "active": False, "revision": api["revision"] + 1,
         "updated_at": site.rest("GET", f"/apis/{api['id']}").body["updated_at"]},
        "and nothing else has changed")
    page = browser.submit(browser.get(path + "/delete"), "Delete mtls-api")
    told("The API was deleted" in page.text, "and deleted")

    # --- signing out ---
    cookies = dict(browser.cookies)
    page = browser.submit(browser.get("/admin/"), "Sign out")
    is_eq(page.path, "/admin/login", "signing out leads to the sign-in page")
    browser.cookies = cookies
    is_eq(browser.get("/admin/", follow=False).status, 303, "the old cookie is worth nothing")
    first, second = Browser(site), Browser(site)
    for one in (first, second):
        one.sign_in("admin", PASSWORD)
        is_eq(one.get("/admin/").status, 200, "signed in")
    first.submit(first.get("/admin/password"), "Sign out everywhere")
    is_eq(second.get("/admin/", follow=False).status, 303, "signed out everywhere")

    # --- the way back ---
    made = site.certgate("user", "reset", "admin")
    one_time = re.search(r"^password: (\S+)$", made.stdout, re.M).group(1)
    page = Browser(site).sign_in("admin", one_time)
    is_eq(page.path, "/admin/password", "`certgate user reset` gives a one-time password")


with site:
    main()
done_testing()
