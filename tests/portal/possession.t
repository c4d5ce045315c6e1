#!/usr/bin/python3
"""A certificate that is pasted is claimed; who shows its private key in a handshake, together with the
code of a request, has proven it, and a proof beats a claim."""
import concurrent.futures
import copy
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import PASSWORD, Developer, entry, request_of, wait_mail  # noqa: E402
from certificates import Cert  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

JSON = ("-H", "Accept: application/json")


def code_of(page):
    return re.search(r"proof=([a-z0-9-]+)", page.text)[1]


def prove(code, cert, *args, path="/portal/whoami"):
    return site.curl(f"{path}?proof={code}", *JSON, *args, cert=cert)


def request(page):
    return site.rest("GET", f"/requests/{request_of(page)}").body


with Site() as site:
    api = site.make_api()
    manual = entry(site, "Payments", [api], max_keys_per_developer=20)
    automatic = entry(site, "Quotes", [api], approval="automatic", max_keys_per_developer=20)
    strict = entry(site, "Strict", [api], approval="automatic", proof="required",
                   max_keys_per_developer=20)
    site.rest("POST", "/users", {"name": "watcher", "role": "admin", "password": "x" * 20,
                                 "email": "watcher@host.example"})
    owner, thief = Developer(site, "Olga Owner"), Developer(site, "Theo Thief")
    other = site.make_cert("other")

    with case("proven in time"):
        cert = site.make_cert("good")
        page = owner.ask(manual, "Billing", cert.pem)
        code = code_of(page)
        like(code, r"^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$", "the page shows a code")
        like(page.text, "Not seen yet", "and that it was not seen")
        answer = prove(code, other)
        is_eq((answer.status, answer.json()["code"]), (409, "certificate_other"),
              "another certificate proves nothing")
        is_eq(prove("aaaa-bbbb-cccc", cert).status, 404, "nor does another code")
        is_eq(prove(code, None).status, 403, "nor no certificate")
        is_eq(request(page)["proven_at"], None, "it is not proven by any of these")
        answer = prove(code, cert)
        is_eq((answer.status, answer.json()["proof"]),
              (200, {"proven": True, "request": "Billing", "status": "pending"}), "the right one does")
        ok(request(page)["proven_at"], "REST says when")
        like(owner.get(page.path).text, "Proven", "the page says so")
        is_eq(prove(code, cert).status, 404, "the code works once")
        key = site.rest("POST", f"/requests/{request_of(page)}/approve").body["key_id"]
        credential = site.rest("GET", f"/keys/{key}").body["credentials"][0]
        is_eq((credential["claimed"], bool(credential["proven_at"])), (False, True),
              "the credential is proven as well")

    with case("somebody who pasted another's certificate loses it to the owner's proof"):
        cert = site.make_cert("wanted")
        stolen = thief.ask(automatic, "Loot", cert.pem)
        like(stolen.text, "The key is yours", "the thief claims it, at once")
        loot = site.rest("GET", "/keys?q=Loot").body["items"][0]
        is_eq(loot["credentials"][0]["claimed"], True, "the credential is claimed")
        page = owner.ask(manual, "Mine", cert.pem)
        is_eq(page.status, 409, "the owner's claim is refused")
        like(page.text, "in use.*Is it yours", "with a way out")
        page = owner.submit(page, "Ask, and prove that it is mine")
        is_eq(page.status, 200, "the request is made")
        like(page.text, "Waiting for proof", "and waits for the proof")
        is_eq(request(page)["disputed"], True, "REST says that somebody else has it")
        answer = site.rest("POST", f"/requests/{request_of(page)}/approve")
        is_eq((answer.status, answer.body["code"]), (409, "proof_missing"),
              "it cannot be approved before")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "so far it opens the thief's key")
        is_eq(prove(code_of(page), cert).status, 200, "the owner shows the private key")
        is_eq(site.rest("GET", f"/keys/{loot['id']}").body["credentials"], [],
              "the thief's key has it no more")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 403, "nor does it open anything")
        made = site.rest("POST", f"/requests/{request_of(page)}/approve").body
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "approved, it opens the owner's key")
        is_eq(site.rest("GET", "/certificates/" + cert.sha256).body["key_id"], made["key_id"],
              "that one alone")
        text = wait_mail(thief.email, r"(?s).*Somebody else has shown the private key.*")[0]
        for secret in (owner.name, owner.email, "Mine", "Olga"):
            ok(secret not in text and secret not in thief.get("/portal/keys").text,
               f"the thief does not learn: {secret}")
        wait_mail("watcher@host.example", "Somebody else has shown the private key")
        ok(True, "the administrator is told")
        wait_mail(owner.email, "Mine")
        ok(True, "and so is the owner")
        page = thief.ask(manual, "Again", cert.pem)
        is_eq((page.status, "in use" in page.text), (409, True), "the thief cannot claim it again")
        page = thief.submit(page, "Ask, and prove that it is mine")
        is_eq(prove(code_of(page), other).status, 409, "nor prove it")
        thief.submit(page, "Withdraw request")

    with case("a claim that waits yields as well"):
        cert = site.make_cert("waiting")
        theirs = thief.ask(manual, "Loot 2", cert.pem)
        page = owner.submit(owner.ask(manual, "Mine 2", cert.pem), "Ask, and prove that it is mine")
        is_eq(prove(code_of(page), cert).status, 200, "proven")
        is_eq(request(theirs)["status"], "declined", "the thief's request is declined")
        ok("Olga" not in thief.get(theirs.path).text, "without a name")

    with case("what an administrator registered, or somebody has proven, stays"):
        cert = site.make_cert("registered")
        site.make_key("by hand", cert, api)
        page = thief.submit(thief.ask(manual, "Loot 3", cert.pem), "Ask, and prove that it is mine")
        answer = prove(code_of(page), cert)
        is_eq((answer.status, answer.json()["code"]), (409, "certificate_in_use"), "it stays")
        ok("by hand" not in answer.body.decode(), "and nothing is told")
        thief.submit(page, "Withdraw request")

    def revoke(who, key, cert, reason, shown=True):
        """Revokes a certificate in the portal; without the choice on its page by hand."""
        path = f"/portal/keys/{key}/credentials/{cert.sha256}/revoke"
        page = who.get(path)
        is_eq('value="key_exposed"' in page.html, shown, "the page offers to tell of an exposed key"
              if shown else "of what is only claimed, the page offers not to tell of its key")
        got = who.request("POST", path, urllib.parse.urlencode(
            {"csrf_token": page.token(), "reason": reason}),
            {"Content-Type": "application/x-www-form-urlencoded"})
        is_eq((got.status, "It was revoked" in got.text), (200, True), f"it is revoked ({reason})")

    def key_named(name):
        found = [k for k in site.rest("GET", f"/keys?q={urllib.parse.quote(name)}").body["items"] if k["name"] == name]
        return found[0]["id"] if found else None

    def around(name, victim):
        """A certificate of another CA around the victim's public key."""
        base = os.path.join(site.certs, name)
        with open(base + ".pub", "wb") as file:
            file.write(subprocess.run(["openssl", "x509", "-in", victim.path, "-noout", "-pubkey"],
                                      check=True, capture_output=True).stdout)
        for args in (("req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", base + ".key", "-subj",
                      f"/CN={name}", "-out", base + ".csr"),
                     ("x509", "-req", "-in", base + ".csr", "-force_pubkey", base + ".pub", "-CA",
                      ca.path, "-CAkey", ca.key, "-CAcreateserial", "-days", "30", "-out",
                      base + ".pem")):
            subprocess.run(["openssl", *args], check=True, capture_output=True)
        return Cert(base + ".pem", base + ".key")

    ca = site.make_ca("Thief CA")
    site.rest("PATCH", f"/catalogue/{automatic['id']}", {"max_keys_per_developer": 20})

    with case("who only claims a certificate does not speak for its key"):
        victim = site.make_cert("victim")
        site.make_key("Victim", victim, api)
        made = around("around", victim)
        like(thief.ask(automatic, "Around", made.pem).text, "The key is yours",
             "a certificate around another's public key is claimed")
        revoke(thief, key_named("Around"), made, "key_exposed", shown=False)
        is_eq(site.rest("GET", "/exposed-keys").body["items"], [], "no public key is blocked")
        is_eq(site.curl("/mtls-api/x", cert=victim).status, 200, "the other's certificate works on")
        second = site.make_cert("second of the thief")
        thief.ask(automatic, "Proven", second.pem)
        waiting = [r for r in site.rest("GET", "/requests?q=Proven").body["items"]
                   if r["name"] == "Proven"][0]
        is_eq(prove(code_of(thief.get(f"/portal/requests/{waiting['id']}")), second).status, 200,
              "one that is proven")
        revoke(thief, key_named("Proven"), second, "key_exposed")
        is_eq(len(site.rest("GET", "/exposed-keys").body["items"]), 1, "speaks for its key")

    with case("a claim that was revoked yields as well"):
        for name, gone in (("revoked", False), ("revoked and given up", True)):
            cert = site.make_cert(name)
            thief.ask(automatic, name, cert.pem)
            loot = key_named(name)
            revoke(thief, loot, cert, "other", shown=False)
            if gone:
                is_eq(site.rest("DELETE", f"/keys/{loot}").status, 204, "the key is gone")
            page = owner.ask(automatic, "Mine " + name, cert.pem)
            is_eq(page.status, 409, f"{name}: the owner's claim is refused")
            page = owner.submit(page, "Ask, and prove that it is mine")
            answer = prove(code_of(page), cert)
            is_eq((answer.status, answer.json()["proof"]["status"]), (200, "approved"),
                  f"{name}: the owner proves it")
            is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, f"{name}: and it works")

    with case("what was claimed and revoked, an administrator can register"):
        cert = site.make_cert("registered later")
        thief.ask(automatic, "Loot 4", cert.pem)
        answer = site.rest("POST", "/keys", {"name": "Theirs", "certificate": cert.pem})
        is_eq((answer.status, answer.body["code"]), (409, "certificate_in_use"), "not while it works")
        loot = key_named("Loot 4")
        revoke(thief, loot, cert, "other", shown=False)
        answer = site.rest("POST", f"/keys/{loot}/credentials", {"certificate": cert.pem})
        is_eq((answer.status, answer.body["code"]), (409, "certificate_revoked"),
              "not at the key where it was revoked")
        site.make_key("Theirs", cert, api)
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "but at another one, and it works")
        is_eq(site.rest("GET", f"/keys/{loot}").body["credentials"], [], "the thief's has it no more")

    with case("the owner's own revocation, and an exposed key, stay"):
        cert = site.make_cert("own")
        owner.ask(automatic, "Own", cert.pem)
        made = [r for r in site.rest("GET", "/requests?q=Own").body["items"] if r["name"] == "Own"][0]
        code = code_of(owner.get(f"/portal/requests/{made['id']}"))
        revoke(owner, key_named("Own"), cert, "other", shown=False)
        answer = prove(code, cert)
        is_eq((answer.status, answer.json()["code"]), (409, "certificate_revoked"),
              "what was revoked does not come back by its code")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 403, "and opens nothing")
        cert = site.make_cert("exposed later")
        thief.ask(automatic, "Loot 5", cert.pem)
        page = owner.submit(owner.ask(automatic, "Mine 5", cert.pem), "Ask, and prove that it is mine")
        is_eq(site.rest("DELETE", f"/keys/{key_named('Loot 5')}/credentials/{cert.sha256}"
                        "?reason=key_exposed").status, 204, "an administrator blocks the key")
        answer = prove(code_of(page), cert)
        is_eq((answer.status, answer.json()["code"]), (409, "key_exposed"), "it cannot be proven")

    with case("what signs somebody in to the dashboard"):
        badge = site.make_cert("badge")
        watcher = site.rest("GET", "/users?q=watcher").body["items"][0]["id"]
        is_eq(site.rest("POST", f"/users/{watcher}/certificates", {"certificate": badge.pem}).status,
              201, "a user's certificate")
        for entry_of in (manual, automatic):
            page = owner.ask(entry_of, "Badge", badge.pem)
            is_eq((page.status, "in use" in page.text, "dashboard" in page.text), (409, True, False),
                  f"{entry_of['name']}: in use, and no word of what for")
            page = owner.submit(page, "Ask, and prove that it is mine")
            is_eq(page.status, 409, "nor by a proof")

    with case("an entry that asks for the proof"):
        cert = site.make_cert("strict")
        page = owner.ask(strict, "Strict", cert.pem)
        like(page.text, "Waiting", "it waits although it is automatic")
        is_eq(site.rest("POST", f"/requests/{request_of(page)}/approve").body["code"],
              "proof_missing", "an administrator cannot pass over it")
        answer = prove(code_of(page), cert)
        is_eq((answer.status, answer.json()["proof"]["status"]), (200, "approved"),
              "the proof approves it")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "and the key works")

    with case("an entry that asks for the proof is not passed by another one's key"):
        cert = site.make_cert("pasted")
        owner.ask(automatic, "Pasted", cert.pem)
        page = owner.submit(owner.form(strict), "Add to my key", {"Key": ["Pasted"]})
        is_eq(page.status, 409, "a key whose certificate is only claimed does not get it")
        like(page.text, "only claimed", "and it says why")
        key = site.rest("GET", "/keys?q=Pasted").body["items"][0]
        is_eq(len(key["policy_ids"]), 1, "it has the one policy")
        asked = site.rest("GET", f"/requests?key_id={key['id']}").body["items"][0]
        code = code_of(owner.get(f"/portal/requests/{asked['id']}"))
        is_eq(prove(code, cert).status, 200, "once it is proven")
        page = owner.submit(owner.form(strict), "Add to my key", {"Key": ["Pasted"]})
        is_eq((page.status, len(site.rest("GET", f"/keys/{key['id']}").body["policy_ids"])),
              (200, 2), "it gets it")

    with case("nor by a further certificate"):
        old, new = site.make_cert("proven"), site.make_cert("next")
        page = owner.ask(strict, "Renewed", old.pem)
        is_eq(prove(code_of(page), old).status, 200, "a key whose certificate is proven")
        key = site.rest("GET", "/keys?q=Renewed").body["items"][0]["id"]
        page = owner.submit(owner.get(f"/portal/keys/{key}"), "Add certificate", {
            "Public certificate (PEM)": new.pem, "Password": PASSWORD})
        like(page.text, "the request waits for this", "the next one waits for its proof")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 403, "and opens nothing")
        is_eq(site.rest("POST", f"/requests/{request_of(page)}/approve").body["code"],
              "proof_missing", "an administrator cannot pass over it")
        code = code_of(page)
        is_eq(prove(code, old).json()["code"], "certificate_other", "the old one proves nothing")
        answer = prove(code, new)
        is_eq((answer.status, answer.json()["proof"]["status"]), (200, "approved"),
              "the proof approves it")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "it works")
        states = {c["sha256"]: c for c in site.rest("GET", f"/keys/{key}").body["credentials"]}
        ok(states[new.sha256]["proven_at"] and states[old.sha256]["ends_at"],
           "proven, and the old one ends")
        wait_mail(owner.email, r"/portal/stop\?code=(\w+)")
        ok(True, "the organisation is told, with a link that stops it")

    with case("two developers ask with the same certificate at the same moment"):
        cert = site.make_cert("raced")
        forms = [(who, who.form(manual)) for who in (owner, thief) for _ in range(6)]
        pages = list(concurrent.futures.ThreadPoolExecutor(len(forms)).map(
            lambda one: copy.copy(one[0]).ask(manual, "Raced", cert.pem, page=one[1]), forms))
        standing = [r for r in site.rest("GET", "/requests?status=pending").body["items"]
                    if r["certificate_sha256"] == cert.sha256]
        is_eq(len(standing), 1, "one of them has it")
        is_eq(sorted({p.status for p in pages}), [200, 409], "the others hear that it is in use")

    with case("what counts as a handshake"):
        cert = site.make_cert("facts")
        page = owner.ask(manual, "Facts", cert.pem)
        code = code_of(page)
        target = {"REQUEST_URI": f"/portal/whoami?proof={code}", "QUERY_STRING": f"proof={code}",
                  "CERTGATE_PREFIX": "/portal", "SSL_CLIENT_CERT": cert.pem}
        for name, more, proof in (
                ("no proof of the web server", {"SSL_CLIENT_VERIFY": "SUCCESS"}, False),
                ("no TLS", {"SSL_CLIENT_VERIFY": "SUCCESS", "HTTPS": "off"}, True),
                ("nothing said of the handshake", {"SSL_CLIENT_VERIFY": None}, True),
                ("a failed one", {"SSL_CLIENT_VERIFY": "FAILED:certificate revoked"}, True),
                ("a header field", {"SSL_CLIENT_CERT": None, "HTTP_SSL_CLIENT_CERT": cert.pem,
                                    "SSL_CLIENT_VERIFY": "NONE"}, True)):
            got = site.fcgi({n: v for n, v in {**target, **more}.items() if v is not None},
                            socket_path=site.portal_socket, proof=proof)
            ok(got.status >= 400, f"{name}: {got.status}")
        for name, args in (("a page of another site", ("-H", "Sec-Fetch-Site: cross-site")),
                           ("a page of this site", ("-H", "Sec-Fetch-Site: same-origin")),
                           ("an old browser", ("-H", "Origin: https://evil.example"))):
            is_eq(prove(code, cert, *args).status, 403, f"{name}: 403")
        is_eq(request(page)["proven_at"], None, "none of these has proven it")

    with case("in a browser that has the certificate"):
        shown = copy.copy(owner)
        shown.cert, shown.headers = cert, {"Accept": "text/html"}
        page = shown.get(f"/portal/whoami?proof={code}")
        like(page.text, "Prove that this certificate is yours", "the page asks")
        stranger = copy.copy(thief)
        stranger.cert, stranger.headers = cert, {"Accept": "text/html"}
        wrong = stranger.submit(stranger.get(f"/portal/whoami?proof={code}"),
                                "Prove it with this certificate")
        is_eq(wrong.status, 404, "another's session proves nothing")
        page = shown.submit(page, "Prove it with this certificate")
        like(page.text, "Proven", "the button proves it")

    with case("the page without a proof"):
        page = shown.get("/portal/whoami")
        like(page.text, "A client certificate came", "a certificate came")
        like(page.text, "CN=facts", "it says whose it is")
        nobody = copy.copy(owner)
        nobody.cookies, nobody.headers = {}, {"Accept": "text/html"}
        like(nobody.get("/portal/whoami").text, "No client certificate came", "or none, signed out")
done_testing()
