#!/usr/bin/python3
"""Rotation: by one curl line and in the portal, both certificates at work in between, no call refused."""
import concurrent.futures
import os
import re
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from clock import faketime  # noqa: E402
from portal import PASSWORD, Developer, entry, mails, wait_mail  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

FIELD = "Public certificate (PEM)"


class Load:
    """Calls with a certificate, one after the other, until it is ended."""

    def __init__(self, cert):
        self.cert, self.statuses, self.ended = cert, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        wait_until(lambda: self.statuses, "the first call")

    def run(self):
        while not self.ended.is_set():
            self.statuses.append(site.curl("/mtls-api/x", cert=self.cert).status)

    def end(self):
        more = len(self.statuses) + 2
        wait_until(lambda: len(self.statuses) >= more, "two more calls")
        self.ended.set()
        self.thread.join()
        return set(self.statuses)


def renew(old, new, *args, query="", text=None):
    return site.curl(f"/portal/renew{query}", *args, cert=old,
                     data=(new.pem if text is None else text).encode())


def credentials(key):
    return {c["sha256"]: c for c in site.rest("GET", f"/keys/{key}").body["credentials"]}


with Site() as site:
    api = site.make_api()
    entries = {way: entry(site, f"By {way}", [api], approval="automatic", renewal=way,
                          max_keys_per_developer=20)
               for way in ("session", "certificate", "approval")}
    ann, bob = Developer(site, "Ann Partner"), Developer(site, "Bob Partner")

    def key_of(way, name, cert):
        page = ann.ask(entries[way], name, cert.pem)
        return page.path.split("?")[0].rsplit("/", 1)[-1]

    with case("by one curl line"):
        old, new = site.make_cert("old"), site.make_cert("new")
        key = key_of("session", "Curl", old)
        load = Load(old)
        answer = renew(old, new, query="?overlap_days=3")
        body = answer.json()
        is_eq((answer.status, body["key_id"], body["sha256"], body["replaces"], body["status"]),
              (201, key, new.sha256, old.sha256, "active"), "201")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "the new one works at once")
        is_eq(load.end(), {200}, "and no call with the old one was refused")
        ends = credentials(key)[old.sha256]["ends_at"]
        ok(ends and ends[:10] == body["old_ends_at"][:10], f"the old one ends ({ends})")
        is_eq(credentials(key)[new.sha256]["ends_at"], None, "the new one does not")
        site.rest("PATCH", f"/keys/{key}/credentials/{old.sha256}",
                  {"ends_at": "2020-01-01T00:00:00Z"})
        is_eq(site.curl("/mtls-api/x", cert=old).status, 403, "past its end it is refused")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "and the new one goes on")
        text = wait_mail(ann.email, r'(?s)^"Curl" gets a new certificate.*')[0]
        like(text, f"(?s)A call with a certificate of the key.*{new.sha256}.*{old.sha256}", "all contacts hear of it")
        answer = renew(old, site.make_cert("late"))
        is_eq((answer.status, answer.json()["code"]), (403, "credential_unknown"),
              "it renews nothing any more")

    with case("what is refused"):
        spare = site.make_cert("spare")
        is_eq(renew(None, spare).status, 403, "no certificate")
        is_eq(renew(spare, site.make_cert("x")).json()["code"], "credential_unknown",
              "one that opens nothing")
        is_eq((renew(new, new).status, renew(new, new).json()["code"]), (409, "certificate_yours"),
              "the same again")
        bobs = site.make_cert("bobs")
        bob.ask(entries["session"], "Bob's", bobs.pem)
        got = renew(new, bobs)
        is_eq((got.status, got.json()["status"]), (202, "pending"), "another's waits for the proof")
        ok("Bob" not in got.body.decode(), "whose it is, is not told")
        is_eq(renew(new, spare, text="nonsense").status, 422, "no certificate in the body")
        with open(spare.key, encoding="ascii") as file:
            private = file.read()
        got = renew(new, spare, text=spare.pem + private)
        is_eq((got.status, got.json()["code"]), (422, "private_key_pasted"), "a private key")
        is_eq(renew(new, spare).json()["code"], "key_exposed", "which is exposed from then on")
        is_eq(renew(new, site.make_cert("y"), query="?overlap_days=x").status, 422, "a bad overlap")
        for name, args in (("a page of another site", ("-H", "Sec-Fetch-Site: cross-site")),
                           ("an old browser", ("-H", "Origin: https://evil.example"))):
            is_eq(renew(new, site.make_cert("z"), *args).status, 403, f"{name}: 403")
        target = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/portal/renew",
                  "CERTGATE_PREFIX": "/portal", "SSL_CLIENT_CERT": new.pem,
                  "SSL_CLIENT_VERIFY": "SUCCESS", "CONTENT_LENGTH": str(len(bobs.pem))}
        is_eq(site.fcgi(target, bobs.pem.encode(), socket_path=site.portal_socket,
                        proof=False).status, 403, "without the web server's proof")
        is_eq(len(credentials(key)), 2, "nothing was added")
        site.rest("PATCH", f"/keys/{key}", {"active": False})
        is_eq(renew(new, site.make_cert("w")).status, 403, "a key that is off renews nothing")
        site.rest("PATCH", f"/keys/{key}", {"active": True})
        for name, lists in (("another address", {"allowed_ips": ["192.0.2.0/24"]}),
                            ("one that is blocked", {"blocked_ips": ["127.0.0.0/8", "::1"]})):
            site.rest("PATCH", f"/keys/{key}", lists)
            answer = renew(new, site.make_cert("from afar"), query="?overlap_days=0")
            is_eq((answer.status, answer.json()["code"]), (403, "credential_unknown"), f"from {name}: nothing ends, nothing is added")
            site.rest("PATCH", f"/keys/{key}", {"allowed_ips": [], "blocked_ips": []})
        is_eq((site.curl("/mtls-api/x", cert=new).status, len(credentials(key))), (200, 2), "it works on")

    def prove(code, cert):
        return site.curl(f"/portal/whoami?proof={code}", "-H", "Accept: application/json", cert=cert)

    def proven(answer, cert, name):
        """The proof of what waits for nothing else."""
        is_eq((answer.status, answer.json()["status"]), (202, "pending"), f"{name}: 202")
        code = answer.json()["proof_code"]
        like(answer.json()["detail"], f"whoami[?]proof={code}", f"{name}: it says what to do")
        got = prove(code, cert)
        is_eq((got.status, got.json()["proof"]["status"]), (200, "approved"), f"{name}: proven")

    def has(key, old, new):
        """Whether the key has the new certificate, proven, and the old one ends."""
        states = credentials(key)
        return (states[new.sha256]["claimed"], bool(states[new.sha256]["proven_at"]),
                bool(states[old.sha256]["ends_at"])) == (False, True, True)

    with case("an entry that asks for the proof"):
        asks = {way: entry(site, f"Proof, {way}", [api], approval="automatic", proof="required",
                           renewal=way, max_keys_per_developer=20)
                for way in ("session", "approval")}
        for way, offer in asks.items():
            old, new = site.make_cert(f"{way} proof"), site.make_cert(f"{way} proof next")
            page = ann.ask(offer, f"Proof, {way}", old.pem)
            got = prove(re.search(r"proof=([a-z0-9-]+)", page.text)[1], old)
            is_eq(got.json()["proof"]["status"], "approved", f"{way}: a key whose certificate is proven")
            key = site.rest("GET", f"/certificates/{old.sha256}").body["key_id"]
            answer = renew(old, new)
            is_eq(site.curl("/mtls-api/x", cert=new).status, 403, f"{way}: the next one opens nothing yet")
            is_eq(list(credentials(key)), [old.sha256], f"{way}: and is not the key's")
            request = answer.json()["request_id"]
            is_eq(site.rest("POST", f"/requests/{request}/approve").body["code"], "proof_missing",
                  f"{way}: an administrator cannot pass over it")
            page = ann.get(f"/portal/requests/{request}")
            like(page.text, "Waiting for proof.*the request waits for this", f"{way}: the page says what it waits for")
            code = answer.json()["proof_code"]
            is_eq(prove(code, old).json()["code"], "certificate_other", f"{way}: the old one proves nothing")
            if way == "session":
                proven(answer, new, way)
            else:
                is_eq(prove(code, new).json()["proof"]["status"], "pending", f"{way}: proven, it waits")
                is_eq(site.curl("/mtls-api/x", cert=new).status, 403, f"{way}: for a decision")
                is_eq(site.rest("POST", f"/requests/{request}/approve").status, 200, f"{way}: approved")
            ok(has(key, old, new), f"{way}: proven, and the old one ends")
            is_eq(site.curl("/mtls-api/x", cert=new).status, 200, f"{way}: it works")

    with case("whoever has lost the code asks again"):
        old, new = site.make_cert("lost old"), site.make_cert("lost next")
        page = ann.ask(asks["approval"], "Lost", old.pem)
        prove(re.search(r"proof=([a-z0-9-]+)", page.text)[1], old)
        site.rest("POST", f"/requests/{page.path.split('?')[0].rsplit('/', 1)[-1]}/approve")
        first, again = renew(old, new), renew(old, new)
        is_eq((first.status, again.status, again.json()), (202, 202, first.json()), "the same answer")
        like(again.json()["proof_code"], r"^[a-z0-9-]{14}$", "with the code")
        other = renew(old, site.make_cert("lost other"))
        ok(other.json()["proof_code"] != first.json()["proof_code"], "another certificate has another one")
        is_eq(prove(again.json()["proof_code"], new).json()["proof"]["status"], "pending", "it proves")
        last = renew(old, new).json()
        is_eq((last["status"], "proof_code" in last, last["request_id"]),
              ("pending", False, first.json()["request_id"]), "then it waits for a decision, and needs no code")
        # What waits, but is about something else, is not shown to who has a certificate of this key.
        third = site.make_cert("lost third")
        ann.ask(asks["session"], "Another key", third.pem)
        got = renew(old, third)
        is_eq((got.status, got.json()["code"], "proof_code" in got.json()), (409, "requested_already", False),
              "a request for a new key has its code for its developer alone")

    with case("what somebody else only claims goes to who has its private key"):
        by_hand = entry(site, "By hand", [api], max_keys_per_developer=20)
        for name, offer in (("a key", entries["session"]), ("a request", by_hand)):
            old, new = site.make_cert(f"{name} old"), site.make_cert(f"{name} next")
            key = key_of("session", f"Squatted by {name}", old)
            bob.ask(offer, f"Squats {name}", new.pem)
            answer = renew(old, new)
            ok("Bob" not in answer.body.decode() and "Squats" not in answer.body.decode(),
               f"{name}: by whom is not told")
            request = site.rest("GET", f"/requests/{answer.json()['request_id']}").body
            is_eq((request["disputed"], request["status"], list(credentials(key))),
                  (True, "pending", [old.sha256]), f"{name}: it waits for the proof")
            is_eq(site.curl("/mtls-api/x", cert=old).status, 200, f"{name}: the one in use goes on")
            proven(answer, new, name)
            ok(has(key, old, new), f"{name}: the key has it")
            is_eq(site.rest("GET", f"/certificates/{new.sha256}").body["key_id"], key, f"{name}: that one alone")
            left = [r for r in site.rest("GET", "/requests?q=Squats").body["items"] if r["name"] == f"Squats {name}"]
            is_eq([r["status"] for r in left], ["approved" if offer is entries["session"] else "declined"],
                  f"{name}: what was claimed is over")

    with case("in the portal as well"):
        old, new = site.make_cert("pasted old"), site.make_cert("pasted next")
        key = key_of("session", "Squatted, pasted", old)
        bob.ask(entries["session"], "Squats what is pasted", new.pem)
        page = ann.submit(ann.get(f"/portal/keys/{key}"), "Add certificate", {FIELD: new.pem, "Password": PASSWORD})
        like(page.text, "Waiting for proof", "the request's page")
        got = prove(re.search(r"proof=([a-z0-9-]+)", page.text)[1], new)
        is_eq(got.json()["proof"]["status"], "approved", "proven")
        ok(has(key, old, new), "the key has it")
        text = wait_mail(ann.email, r'(?s)^"Squatted, pasted" gets.*')[0]
        like(text, "was shown with its private key, and added", "the mail says how it came")
        unlike(text, "handshake", "and names no part of the program")

    with case("what an administrator registered, or somebody has proven, does not"):
        old = site.make_cert("old of mine")
        key = key_of("session", "Wishes", old)
        new = site.make_cert("by the administrator")
        site.make_key("of the administrator", new, api)
        answer = renew(old, new)
        got = prove(answer.json()["proof_code"], new)
        is_eq((got.status, got.json()["code"]), (409, "certificate_in_use"), "it stays where it is")
        unlike(got.body.decode(), "of the administrator", "which is not told")
        is_eq(list(credentials(key)), [old.sha256], "the key is as it was")

    with case("a key that nobody asked for has no request to prove anything by"):
        old, new = site.make_cert("made"), site.make_cert("made next")
        made = site.make_key("Made", old, api)["id"]
        bob.ask(entries["session"], "Squats what was made", new.pem)
        answer = renew(old, new)
        is_eq((answer.status, answer.json()["code"]), (409, "certificate_in_use"), "in use")
        like(answer.json()["detail"], "ask the API's owner", "and what to do")
        is_eq((list(credentials(made)), renew(old, site.make_cert("made other")).status), ([old.sha256], 201),
              "another one is added")

    with case("two calls at once ask once"):
        old, new = site.make_cert("raced old"), site.make_cert("raced next")
        page = ann.ask(asks["session"], "Raced", old.pem)
        prove(re.search(r"proof=([a-z0-9-]+)", page.text)[1], old)
        answers = list(concurrent.futures.ThreadPoolExecutor(6).map(lambda _: renew(old, new), range(6)))
        is_eq([a.status for a in answers], [202] * 6, "each is told of what waits")
        is_eq(len({a.body for a in answers}), 1, "which is one request, with one code")
        proven(answers[0], new, "raced")
        got = renew(old, new)
        is_eq((got.status, got.json()["code"]), (409, "certificate_yours"), "once more, and it is the key's")

    with case("in the portal, with the password once more"):
        old, new = site.make_cert("old2"), site.make_cert("new2")
        key = key_of("session", "Pasted", old)
        path = f"/portal/keys/{key}"
        load = Load(old)
        page = ann.submit(ann.get(path), "Add certificate",
                          {FIELD: new.pem, "Password": "wrong", "Both work for": "3"})
        is_eq(page.status, 422, "a wrong password")
        like(page.text, "not the one of your account", "is told")
        field = page.field(page.form("Add certificate")[0], FIELD)
        like(field.value, "BEGIN CERTIFICATE", "the certificate stays in the form")
        is_eq(page.field(page.form("Add certificate")[0], "Password").value, "",
              "the password does not")
        page = ann.submit(page, "Add certificate", {"Password": PASSWORD})
        like(page.text, "The certificate was added", "the right one")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "the new one works at once")
        is_eq(load.end(), {200}, "and no call with the old one was refused")
        ok(credentials(key)[old.sha256]["ends_at"], "the old one ends")
        code = wait_mail(ann.email, r'(?s)^"Pasted" gets.*/portal/stop\?code=(\w+)')[1]
        page = bob.get(f"/portal/stop?code={code}")
        like(page.text, "Stop the new certificate of Pasted\\?", "the page names what it stops")
        ok(new.sha256[:8] in page.html.replace(" ", ""), "with its fingerprint")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "looking at the link does nothing")
        page = bob.submit(page, "Stop it")
        like(page.text, "It is stopped", "its button, for whoever has the mail")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 403, "stops the new one")
        is_eq(site.curl("/mtls-api/x", cert=old).status, 200, "and not the old one")
        is_eq(credentials(key)[old.sha256]["ends_at"], None, "which has no end any more")
        is_eq(bob.get(f"/portal/stop?code={code}").status, 404, "once")

    with case("what came by a call is stopped by its mail as well"):
        old, new = site.make_cert("called old"), site.make_cert("called new")
        called = key_of("certificate", "Called", old)
        is_eq(renew(old, new).status, 201, "renewed")
        code = wait_mail(ann.email, r'(?s)^"Called" gets.*/portal/stop\?code=(\w+)')[1]
        like(bob.submit(bob.get(f"/portal/stop?code={code}"), "Stop it").text, "It is stopped", "its link")
        is_eq([site.curl("/mtls-api/x", cert=c).status for c in (old, new)], [200, 403], "the old one goes on")
        is_eq(credentials(called)[old.sha256]["ends_at"], None, "without an end")

    with case("stopped, although the old one had ended at once"):
        old, new = site.make_cert("cut-old"), site.make_cert("cut-new")
        cut = key_of("session", "Cut", old)
        site.rest("PATCH", f"/keys/{cut}/credentials/{old.sha256}",
                  {"ends_at": "2099-01-01T00:00:00Z"})
        links = re.findall(r"/portal/stop\?code=(\w+)", "".join(mails(ann.email)))
        ann.submit(ann.get(f"/portal/keys/{cut}"), "Add certificate",
                   {FIELD: new.pem, "Password": PASSWORD, "Both work for": "0"})
        is_eq(site.curl("/mtls-api/x", cert=old).status, 403, "the old one opens nothing")
        wait_until(lambda: len(re.findall(r"/portal/stop\?code=(\w+)",
                                          "".join(mails(ann.email)))) > len(links), "the mail")
        code = next(c for c in re.findall(r"/portal/stop\?code=(\w+)", "".join(mails(ann.email)))
                    if c not in links)
        like(bob.submit(bob.get(f"/portal/stop?code={code}"), "Stop it").text, "It is stopped",
             "the new one is stopped")
        is_eq([site.curl("/mtls-api/x", cert=c).status for c in (old, new)], [200, 403],
              "and the old one goes on")
        is_eq(credentials(cut)[old.sha256]["ends_at"], "2099-01-01T00:00:00Z",
              "with the end that it had")

    with case("a certificate that begins later"):
        old = site.make_cert("now", not_after="20491231235959Z")
        later = site.make_cert("later", not_before="20400101000000Z")
        late = key_of("session", "Later", old)
        body = renew(old, later, query="?overlap_days=7").json()
        is_eq(body["old_ends_at"], "2040-01-08T00:00:00Z",
              "the old one goes on until a week after that")
        is_eq(credentials(late)[old.sha256]["ends_at"], "2040-01-08T00:00:00Z", "in the store as well")
        is_eq(site.curl("/mtls-api/x", cert=old).status, 200, "it works")

    with case("none of the old ones ends where that is chosen"):
        third = site.make_cert("third")
        page = ann.submit(ann.get(path), "Add certificate", {
            FIELD: third.pem, "Password": PASSWORD, "It replaces": ["None: both go on"]})
        like(page.text, "The certificate was added", "added")
        is_eq(credentials(key)[third.sha256]["ends_at"], None, "both go on")
        page = ann.submit(ann.get(path), "Add certificate", {
            FIELD: site.make_cert("fourth").pem, "Password": PASSWORD, "Both work for": "x"})
        is_eq(page.status, 422, "an overlap that is no number")

    with case("a key with two APIs, and one without a certificate"):
        site.make_api("second-api")
        more = entry(site, "More", ["second-api"], approval="automatic")
        old, new, last = (site.make_cert(n) for n in ("two1", "two2", "two3"))
        key = key_of("session", "Two APIs", old)
        ann.submit(ann.form(more), "Add to my key", {"Key": ["Two APIs"]})
        is_eq(renew(old, new).status, 201, "renewed once")
        is_eq([site.curl(f"/{api}/x", cert=new).status for api in ("mtls-api", "second-api")],
              [200, 200], "the new certificate opens both")
        for sha256 in credentials(key):
            page = ann.get(f"/portal/keys/{key}/credentials/{sha256}/revoke")
            ann.submit(page, next(b[0] for f in page.forms for b in f.buttons
                                  if b[0].startswith("Revoke")))
        is_eq([site.curl("/mtls-api/x", cert=c).status for c in (old, new)], [403, 403],
              "all are revoked")
        page = ann.submit(ann.get(f"/portal/keys/{key}"), "Add certificate",
                          {FIELD: last.pem, "Password": PASSWORD})
        like(page.text, "The certificate was added", "the key can have another one all the same")
        is_eq(site.curl("/mtls-api/x", cert=last).status, 200, "and works again")

    with case("by certificate alone, where the entry says so"):
        old, new = site.make_cert("old3"), site.make_cert("new3")
        key = key_of("certificate", "Strict", old)
        page = ann.get(f"/portal/keys/{key}")
        ok("Add certificate" not in page.text, "the page has no form")
        form = ann.get(path)
        page = ann.submit(form, "Add certificate", {FIELD: new.pem, "Password": PASSWORD})
        sneaked = ann.request("POST", f"/portal/keys/{key}/renew", body="&".join((
            "csrf_token=" + form.token(), "password=" + PASSWORD.replace(" ", "+"),
            "certificate=" + urllib.parse.quote(site.make_cert("sneak").pem))),
            headers={"Content-Type": "application/x-www-form-urlencoded"})
        is_eq(sneaked.status, 403, "a form that is made up is refused")
        is_eq(len(credentials(key)), 1, "nothing is added by it")
        is_eq(renew(old, site.make_cert("new4")).status, 201, "the call works")

    with case("with approval, where the entry says so"):
        old, new = site.make_cert("old5"), site.make_cert("new5")
        key = key_of("approval", "Asked", old)
        answer = renew(old, new)
        is_eq((answer.status, answer.json()["status"]), (202, "pending"), "202")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 403, "not yet")
        request = site.rest("GET", f"/requests/{answer.json()['request_id']}").body
        is_eq((request["renewal"], request["key_id"], request["replaces"]),
              (True, key, old.sha256), "REST has it")
        like(answer.json()["detail"], "API's owner has approved", "says what it waits for")
        again = renew(old, new, query="?overlap_days=1")
        is_eq((again.status, again.json()), (202, answer.json()), "asked once")
        is_eq(site.rest("POST", f"/requests/{request['id']}/approve").status, 200, "approved")
        is_eq(site.curl("/mtls-api/x", cert=new).status, 200, "it works")
        ok(credentials(key)[old.sha256]["ends_at"], "and the old one ends")
        is_eq(len(site.rest("GET", "/keys?q=Asked").body["items"]), 1, "there is one key")

    with case("what waits for approval counts as asked for"):
        tokens = entry(site, "Tokens", [site.make_api("token-api", auth={"use_certificate": False, "use_token": True})],
                       max_keys_per_developer=500)
        old = site.make_cert("old6")
        page = bob.ask(entries["approval"], "Flood", old.pem)
        key = page.path.split("?")[0].rsplit("/", 1)[-1]
        developer = site.rest("GET", f"/keys/{key}").body["developer_id"]
        asked = len(site.rest("GET", f"/requests?developer_id={developer}&limit=500").body["items"])
        is_eq({site.rest("POST", "/requests", {"developer_id": developer, "catalogue_id": tokens["id"], "token": True,
                                               "name": f"T{i}"}).status for i in range(99 - asked)}, {201},
              "99 requests within a day")
        is_eq(renew(old, site.make_cert("flood1")).status, 202, "a renewal is the 100th")
        answer = renew(old, site.make_cert("flood2"))
        is_eq((answer.status, answer.json()["code"]), (409, "too_many_keys"), "and there are no more")

    with case("strangers who were made contacts"):
        key = key_of("session", "Mails", site.make_cert("old7"))
        organisation = site.rest("GET", f"/keys/{key}").body["organisation_id"]
        site.rest("PATCH", f"/organisations/{organisation}", {"contacts": ["far@stranger.example", ann.email]})

        def told(to):
            return sum("Mails" in text and "/portal/stop?" in text for text in mails(to))
        for i in range(8):
            page = ann.submit(ann.get(f"/portal/keys/{key}"), "Add certificate", {
                FIELD: site.make_cert(f"next{i}").pem, "Password": PASSWORD, "It replaces": ["None: both go on"]})
            like(page.text, "The certificate was added", f"certificate {i} is added")
        wait_until(lambda: told(ann.email) == 8 and told("far@stranger.example") >= 5, "a member hears of each")
        is_eq(told("far@stranger.example"), 5, "a stranger gets five mails within the hour")

    with case("the rule stays when the entry goes"):
        kept = {}
        for way in entries:
            kept[way] = site.make_cert(f"kept-{way}")
            key_of(way, f"Kept {way}", kept[way])
            is_eq(site.rest("DELETE", f"/catalogue/{entries[way]['id']}").status, 204, "it goes")
        got = {way: renew(kept[way], site.make_cert(f"after-{way}")) for way in kept}
        is_eq({way: answer.status for way, answer in got.items()},
              {"session": 201, "certificate": 201, "approval": 403}, "by a call")
        is_eq(got["approval"].json()["code"], "approval_gone", "nobody could approve it")
        strict = site.make_cert("kept proven")
        page = ann.ask(asks["session"], "Kept proven", strict.pem)
        is_eq(prove(re.search(r"proof=([a-z0-9-]+)", page.text)[1], strict).status, 200, "a key that asks for proofs")
        is_eq(site.rest("DELETE", f"/catalogue/{asks['session']['id']}").status, 204, "its entry goes")
        answer = renew(strict, site.make_cert("after proven"))
        is_eq((answer.status, answer.json()["code"]), (403, "approval_gone"), "nothing is added unproven")
        key = got["certificate"].json()["key_id"]
        ok("Add certificate" not in ann.get(f"/portal/keys/{key}").text,
           "by certificate alone, still")

    with case("a key that ended by its policy's life"):
        lives = entry(site, "Lives a day", [api], approval="automatic", renewal="certificate")
        last = site.make_cert("last")
        ann.ask(lives, "Lives a day", last.pem)
        site.rest("PATCH", f"/policies/{lives['policy_id']}", {"key_lifetime_days": 1})
        is_eq(renew(last, site.make_cert("in time")).status, 201, "in time it is renewed")
        site.stop_programs()
        site.start_programs(env=faketime("+25h"))
        site.wait_ready()
        answer = site.curl("/mtls-api/x", cert=last)
        is_eq((answer.status, answer.json().get("code")), (401, "key_expired"), "a day later it has ended")
        answer = renew(last, site.make_cert("too late"))
        is_eq((answer.status, answer.json().get("code")), (403, "credential_unknown"), "and no certificate renews it")
done_testing()
