#!/usr/bin/python3
"""Certificates by REST and command: kinds, details, search in any notation, who uses them, safe
removal; rotation of a key's certificates; revocation, and public keys that are blocked because
somebody else has the private key."""
import base64
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import must, read_answer  # noqa: E402
from environment import ROOT, TREE, WEB_USER  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

CORPUS = os.path.join(TREE, "tests/certs")
site = Site()
site.open()
rest = site.rest


def outcome(answer):
    """The status of a success; status and code of a refusal."""
    return answer.status if answer.status < 300 else (answer.status, answer.body["code"])


def corpus(name):
    with open(os.path.join(CORPUS, name), encoding="ascii") as text:
        return text.read()


def sha256_of(pem):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip() + "\n")).hexdigest()


def x5t(sha256):
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def gate(pem, path="/mtls-api/", **more):
    answer = site.fcgi({"REQUEST_URI": path, "SSL_CLIENT_CERT": pem,
                        "SSL_CLIENT_VERIFY": "GENEROUS", **more})
    return 200 if answer.status == 200 else (answer.status,
                                             json.loads(answer.body)["code"])


def audit(action):
    return [e for e in must(rest("GET", "/audit?limit=500"))["items"] if e["action"] == action]


api = site.make_api("mtls-api")
access = [{"api_id": api["id"]}]
PLAIN, RENEWED = corpus("base/plain.pem"), corpus("flow/renewed-same-key.pem")
plain = sha256_of(PLAIN)

with case("kinds"):
    ca, other = site.make_ca("Client CA"), site.make_cert("other")
    made = must(rest("POST", "/certificates", {"pem": ca.pem, "kind": "ca"}), 201)
    is_eq((made["kind"], made["id"], made["key_id"], made["api_ids"]),
          ("ca", ca.sha256, None, []), "a CA's, as JSON")
    is_eq(made["usages"], ["CA", "keyCertSign", "cRLSign"], "with what it may be used for")
    second_ca = site.make_ca("Second CA")
    made = must(rest("POST", "/certificates?kind=ca", body=second_ca.der,
                     content_type="application/octet-stream"), 201)
    is_eq(made["kind"], "ca", "as it is, with ?kind=")
    up = site.make_cert("upstream", extensions=["extendedKeyUsage=serverAuth"])
    is_eq(must(rest("POST", "/certificates?kind=upstream", body=up.pem,
                    content_type="application/x-pem-file"), 201)["kind"], "upstream",
          "what an upstream shows")
    is_eq(must(rest("POST", "/certificates", {"pem": other.pem}), 201)["kind"], "client",
          "without a word: a client's")
    for body in ({"pem": other.pem, "kind": "server"}, {"pem": other.pem, "kind": 1},
                 {"pem": other.pem, "kind": ""}):
        answer = rest("POST", "/certificates", body)
        is_eq((answer.status, answer.body["errors"][0]["field"]), (422, "kind"),
              f"kind {body['kind']!r} is none")
    is_eq(rest("POST", "/certificates?kind=x", body=other.pem,
               content_type="text/plain").status, 422, "nor is ?kind=x")
    is_eq(rest("POST", "/certificates?kind=ca", {"pem": ca.pem}).status, 422,
          "?kind= beside JSON is not passed over")
    is_eq(outcome(rest("POST", "/certificates", {"pem": up.pem, "kind": "ca"})),
          (422, "not_a_ca_certificate"), "a CA's has to be a CA's")
    is_eq(outcome(rest("POST", "/certificates", {"pem": up.pem})),
          (422, "not_a_client_certificate"), "a client's has to be for clients")
    is_eq(outcome(rest("POST", "/certificates", {"pem": ca.pem, "kind": "ca"})),
          (409, "certificate_exists"), "and once")
    for path, body in (("/keys", {"name": "x", "certificate": ca.pem}),):
        answer = rest("POST", path, body)
        is_eq(answer.status, 422, "a registered CA cannot be a key's credential")
    is_eq(must(rest("GET", "/keys"))["items"], [], "no key was made")
    holder = must(rest("POST", "/keys", {"name": "holder"}))
    openssl_default = site.make_cert("openssl default")
    must(rest("POST", "/certificates", {"pem": openssl_default.pem, "kind": "ca"}))
    answer = rest("POST", "/certificates", {"pem": openssl_default.pem})
    is_eq(outcome(answer), (409, "certificate_exists"), "one kind at a time")
    like(answer.body["detail"], "kind ca", "which it tells")
    answer = rest("POST", f"/keys/{holder['id']}/credentials",
                  {"certificate": openssl_default.pem})
    is_eq(outcome(answer), (422, "not_a_client_certificate"), "not by way of a key either")
    like(answer.body["detail"], "kind ca", "with the reason")
    must(rest("DELETE", "/certificates/" + openssl_default.sha256), 204)
    is_eq(outcome(rest("POST", f"/keys/{holder['id']}/credentials",
                       {"certificate": openssl_default.pem})), 201,
          "a self-signed one that says CA:TRUE can, when it is nobody's CA")
    is_eq(outcome(rest("POST", "/certificates", {"pem": openssl_default.pem, "kind": "ca"})),
          (409, "certificate_exists"), "and cannot become a CA then")
    answer = rest("PATCH", "/apis/" + api["id"], {"auth": {
        "trust": "ca", "ca_certificates": [openssl_default.sha256]}})
    is_eq((answer.status, answer.body["errors"][0]["field"]),
          (422, "auth.ca_certificates[0]"), "nor be listed as one")
    must(rest("DELETE", "/keys/" + holder["id"]), 204)

with case("who uses a CA"):
    one = site.make_api("one", auth={"use_certificate": True, "trust": "ca",
                                     "ca_certificates": [ca.sha256]})
    two = site.make_api("two", auth={"use_certificate": True,
                                     "ca_certificates": [ca.sha256, second_ca.sha256]})
    is_eq(sorted(must(rest("GET", "/certificates/" + ca.sha256))["api_ids"]),
          sorted([one["id"], two["id"]]), "the APIs that list it")
    listed = {c["id"]: c for c in must(rest("GET", "/certificates?limit=500"))["items"]}
    is_eq(listed[second_ca.sha256]["api_ids"], [two["id"]], "also in the list")
    for query in ("", "?cascade=true"):
        answer = rest("DELETE", f"/certificates/{ca.sha256}{query}")
        is_eq(outcome(answer), (409, "certificate_in_use"), f"it cannot be removed{query}")
        like(answer.body["detail"], "“one”.*“two”|“two”.*“one”", "the APIs are named")
    done = site.certgate("cert", "delete", ca.sha256, "--cascade")
    is_eq(done.returncode, 1, "nor by command")
    is_eq(must(rest("GET", "/apis/" + one["id"]))["auth"]["ca_certificates"], [ca.sha256],
          "and no API changes")
    must(rest("DELETE", "/apis/" + one["id"]), 204)
    must(rest("PATCH", "/apis/" + two["id"], {"auth": {"ca_certificates": [second_ca.sha256]}}))
    is_eq(rest("DELETE", "/certificates/" + ca.sha256).status, 204, "when none lists it, it can")
    must(rest("DELETE", "/apis/" + two["id"]), 204)

with case("details"):
    key = must(rest("POST", "/keys", {"name": "A", "certificate": PLAIN, "access": access}))
    shown = must(rest("GET", "/certificates/" + plain))
    is_eq((shown["sha256"], shown["x5t_s256"], len(shown["x5t_s256"])), (plain, x5t(plain), 43),
          "the fingerprint in hex and as x5t#S256")
    is_eq(shown["key_id"], key["id"], "the key")
    is_eq((shown["usages"], shown["public_key"], shown["serial"], shown["subject"],
           shown["issuer"]),
          (["digitalSignature", "clientAuth"], "EC P-256", "5d33c88dc4bb117b",
           "CN=partner-01.example,O=Example Partner Ltd,C=GB",
           "CN=partner-01.example,O=Example Partner Ltd,C=GB"), "and what it says")
    for name in ("content/ku-digital-signature-only.pem", "content/v1.pem", "content/san-many.pem"):
        if os.path.exists(os.path.join(CORPUS, name)):
            pem = corpus(name)
            must(rest("POST", "/certificates", {"pem": pem}))
            is_eq(must(rest("GET", "/certificates/" + sha256_of(pem)))["sha256"], sha256_of(pem),
                  name)

colons = ":".join(plain[i:i + 2] for i in range(0, 64, 2)).upper()
NOTATIONS = {"hex": plain, "upper case": plain.upper(), "colons": colons,
             "spaces": colons.replace(":", " "), "sha256:": "sha256:" + plain,
             "SHA256:": "SHA256:" + colons, "openssl's": "SHA256 Fingerprint=" + colons,
             "openssl 3's": "sha256 Fingerprint=" + colons, "x5t#S256": x5t(plain)}


def quote(text):
    return "".join(f"%{b:02X}" for b in text.encode())


def search(q):
    answer = rest("GET", "/certificates?q=" + quote(q))
    return answer.status, [c["id"] for c in answer.body.get("items", [])], \
        answer.body.get("notice")


with case("one by any notation"):
    for name, text in NOTATIONS.items():
        answer = rest("GET", "/certificates/" + quote(text))
        is_eq((answer.status, answer.body.get("id")), (200, plain), name)
        answer = rest("GET", f"/keys/{key['id']}/credentials/{quote(text)}")
        is_eq((answer.status, answer.body.get("sha256")), (200, plain), name + ": the credential")
    is_eq(rest("GET", "/certificates/..").status, 400, "'..': no path")
    for text in (plain[:63], plain + "0", plain[:40], "%", "*", "'", '"', "x5t", x5t(plain)[:42],
                 x5t(plain)[:42] + "_" if x5t(plain)[42] != "_" else x5t(plain)[:42] + "-"):
        is_eq(rest("GET", "/certificates/" + quote(text)).status, 404, f"{text!r}: not there")

with case("F08: search"):
    for name, text in NOTATIONS.items():
        is_eq(search(text), (200, [plain], None), name)
    for text in (plain[:4], plain[:8], plain[:8].upper(), colons[:11], "sha256:" + plain[:10],
                 plain[:32], x5t(plain)[:6], x5t(plain)[:42]):
        status, found, notice = search(text)
        ok(status == 200 and plain in found and notice is None, f"the start {text!r} finds it")
    sha1 = hashlib.sha1(ssl.PEM_cert_to_DER_cert(PLAIN)).hexdigest()
    for text in (sha1, sha1.upper(), ":".join(sha1[i:i + 2] for i in range(0, 40, 2)), plain[:40]):
        status, found, notice = search(text)
        is_eq((status, found), (200, []), f"{text[:12]}…: 40 digits find nothing")
        like(notice, "SHA-256", "and get the hint that SHA-256 is needed")
    for text in (plain[:39], plain[:41], plain[:63], plain + "0", sha1[:39], sha1 + "0", "%", "*",
                 "..", "'", '"', "' OR 1=1 --", "\\", "%%", "x" * 500, "a" * 64, "0" * 64):
        is_eq(search(text), (200, [], None), f"{text[:20]!r} ({len(text)}): nothing found")
    is_eq(search("partner-01")[1], [plain], "a part of the subject")
    done = site.certgate("cert", "list", sha1, "--json")
    is_eq((done.returncode, json.loads(done.stdout)), (0, []), "by command, too")
    like(done.stderr, "SHA-256", "with the hint")
    done = site.certgate("cert", "get", colons, "--json")
    is_eq(json.loads(done.stdout)["x5t_s256"], x5t(plain), "one by command")

with case("F04: registered again"):
    answer = rest("DELETE", "/certificates/" + plain)
    is_eq(outcome(answer), (409, "certificate_in_use"), "a key's own is not removed")
    like(answer.body["detail"], key["id"], "the key is named")
    is_eq(gate(PLAIN), 200, "it gets in")
    must(rest("DELETE", f"/certificates/{plain}?cascade=true"), 204)
    is_eq(gate(PLAIN), (403, "credential_unknown"), "with cascade it goes, at once")
    is_eq(must(rest("GET", "/keys/" + key["id"]))["credentials"], [], "the key has it no more")
    fresh = must(rest("POST", "/keys", {"name": "B", "certificate": PLAIN}))
    is_eq(gate(PLAIN), (403, "access_denied"), "registered again it has no rights left over")
    must(rest("DELETE", "/keys/" + key["id"]), 204)
    must(rest("DELETE", "/keys/" + fresh["id"]), 204)
    is_eq(gate(PLAIN), (403, "credential_unknown"), "and goes with its key")

with case("F12: relatives of a registered certificate"):
    key = must(rest("POST", "/keys", {"name": "F12", "certificate": PLAIN, "access": access}))
    for name in ("renewed-same-key", "same-subject-other-key", "signature-malleated"):
        is_eq(gate(corpus(f"flow/{name}.pem")), (403, "credential_unknown"),
              f"{name}: unregistered")
    is_eq(gate(PLAIN), 200, "itself: known")

with case("F01: registered twice"):
    for name in ("base/plain.pem", "form/crlf.pem"):
        with open(os.path.join(CORPUS, name), "rb") as data:
            answer = rest("POST", "/keys", {"name": "B", "certificate": data.read().decode()})
        is_eq(outcome(answer), (409, "certificate_in_use"), f"{name}: refused")
        like(answer.body["detail"], f"“F12” .{key['id']}.", "the key is named")
    is_eq([k["name"] for k in must(rest("GET", "/keys?q=B"))["items"] if k["name"] == "B"], [],
          "no key was made")

with case("F06: removed while a connection is open"):
    used = site.make_cert("F06")
    owner = site.make_key("F06", used, api)
    with site.tls(used) as sock:
        def again():
            sock.sendall(b"GET /mtls-api/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return read_answer(sock).status
        is_eq(again(), 200, "it gets in")
        answer = rest("DELETE", "/certificates/" + used.sha256)
        is_eq(outcome(answer), (409, "certificate_in_use"), "the warning")
        like(answer.body["detail"], owner["id"], "names the key")
        must(rest("DELETE", f"/certificates/{used.sha256}?cascade=true"), 204)
        is_eq(again(), 403, "refused at once, on the same connection")
    is_eq(site.certgate("verify").returncode, 0, "no index entry is left over")
    must(rest("DELETE", "/keys/" + key["id"]), 204)

# --- rotation ---

with case("F05: rotation by REST"):
    key = must(rest("POST", "/keys", {"name": "rotating", "certificate": PLAIN,
                                      "access": access, "tags": ["kept"]}))
    base = f"/keys/{key['id']}/credentials"
    renewed = sha256_of(RENEWED)
    must(rest("POST", base, {"certificate": RENEWED}), 201)
    is_eq((gate(PLAIN), gate(RENEWED)), (200, 200), "both get in")
    must(rest("PATCH", f"{base}/{plain}", {"ends_at": "2020-01-01T00:00:00Z"}))
    is_eq((gate(PLAIN), gate(RENEWED)), ((403, "credential_inactive"), 200),
          "the old one is ended; it is the same key pair, but another certificate")
    must(rest("PATCH", f"{base}/{plain}", {"ends_at": "2999-01-01T00:00:00Z"}))
    is_eq(gate(PLAIN), 200, "an end can be moved")
    must(rest("DELETE", f"{base}/{plain}?reason=superseded"), 204)
    is_eq((gate(PLAIN), gate(RENEWED)), ((403, "credential_inactive"), 200), "or ended now")
    shown = must(rest("GET", "/keys/" + key["id"]))
    is_eq((shown["id"], shown["tags"], shown["access"][0]["api_id"],
           {c["sha256"]: c["revoked_reason"] for c in shown["credentials"]}),
          (key["id"], ["kept"], api["id"], {plain: "superseded", renewed: None}),
          "rights and history stay with the key")
    is_eq(audit("credential.revoke")[0]["changes"].count("superseded"), 1, "the audit says why")
    must(rest("DELETE", "/keys/" + key["id"]), 204)
    must(rest("DELETE", f"/certificates/{plain}?cascade=true"), 204)

with case("rotation by command"):
    first, second = site.make_cert("first"), site.make_cert("second")
    done = site.certgate("key", "create", "--name", "by command", "--cert", first.path, "--api",
                         "mtls-api", "--json")
    key = json.loads(done.stdout)
    done = site.certgate("key", "add", "by command", "--cert", second.path)
    is_eq((done.returncode, gate(first.pem), gate(second.pem)), (0, 200, 200), "both get in")
    done = site.certgate("key", "change", "by command", first.sha256, "--ends-at",
                         "2020-01-01T00:00:00Z", "--json")
    is_eq((done.returncode, json.loads(done.stdout)["ends_at"]),
          (0, "2020-01-01T00:00:00Z"), "the old one gets an end")
    is_eq((gate(first.pem), gate(second.pem)), ((403, "credential_inactive"), 200), "at once")
    done = site.certgate("key", "change", "by command", first.sha256, "--ends-at", "null")
    is_eq((done.returncode, gate(first.pem)), (0, 200), "which can be taken back")
    done = site.certgate("key", "revoke", key["id"], first.sha256, "--reason", "superseded")
    is_eq((done.returncode, gate(first.pem)), (0, (403, "credential_inactive")), "or now")
    done = site.certgate("key", "change", key["id"], first.sha256, "--active", "true")
    is_eq((done.returncode, gate(first.pem)), (0, 200), "an administrator brings it back")
    for words in (("change",), ("change", key["id"]), ("change", key["id"], first.sha256),
                  ("change", key["id"], first.sha256, "--revoked-at", "x")):
        is_eq(site.certgate("key", *words).returncode, 2, f"key {' '.join(words)[:30]}: wrong use")
    is_eq(site.certgate("key", "change", key["id"], first.sha256, "--ends-at", "soon").returncode,
          1, "what is no time is refused")
    must(rest("DELETE", "/keys/" + key["id"]), 204)

# --- exposed keys ---

with case("key_exposed"):
    # Three certificates of one key pair: two registered at two keys, one not.
    SAME = [PLAIN, RENEWED]
    third = site.certs + "/third.pem"
    subprocess.run(["openssl", "req", "-x509", "-new", "-key", CORPUS + "/keys/s_base.key",
                    "-subj", "/CN=third", "-days", "30", "-out", third], check=True,
                   capture_output=True)
    with open(third, encoding="ascii") as text:
        THIRD = text.read()
    keys = [must(rest("POST", "/keys", {"name": f"pair {i}", "certificate": pem,
                                        "access": access, "token": True}))
            for i, pem in enumerate(SAME)]
    apart = site.make_cert("apart")
    site.make_key("apart", apart, api)
    spki = must(rest("GET", "/certificates/" + plain))["spki_sha256"]
    is_eq(must(rest("GET", "/certificates/" + renewed))["spki_sha256"], spki,
          "the public key is the same")
    is_eq([gate(p) for p in SAME], [200, 200], "both get in")
    token = [c for c in keys[0]["credentials"] if c["type"] == "token"][0]["sha256"]
    answer = rest("DELETE", f"/keys/{keys[0]['id']}/credentials/{token}?reason=key_exposed")
    is_eq((answer.status, answer.body["errors"][0]["field"]), (422, "reason"),
          "a token has no public key")
    answer = rest("DELETE", f"/keys/{keys[0]['id']}/credentials/{plain}?reason=lost")
    is_eq(answer.status, 422, "other reasons are refused")
    is_eq(must(rest("GET", "/exposed-keys"))["items"], [], "nothing is blocked")
    viewer = re.search(r"^token: (\S+)$", site.certgate(
        "token", "create", "--name", "v", "--role", "viewer").stdout, re.M).group(1)
    is_eq(rest("DELETE", f"/keys/{keys[0]['id']}/credentials/{plain}?reason=key_exposed",
               token=viewer).status, 403, "a viewer may not")
    is_eq(rest("POST", "/exposed-keys", {"spki_sha256": spki}, token=viewer).status, 403,
          "nor block one by itself")
    before = audit("credential.revoke")
    must(rest("DELETE", f"/keys/{keys[0]['id']}/credentials/{plain}?reason=key_exposed"), 204)
    is_eq([gate(p) for p in SAME], [(403, "credential_inactive")] * 2,
          "no certificate of the pair gets in any more")
    is_eq(gate(apart.pem), 200, "others do")
    reasons = [c["revoked_reason"] for k in keys
               for c in must(rest("GET", "/keys/" + k["id"]))["credentials"]
               if c["type"] == "certificate"]
    is_eq(reasons, ["key_exposed"] * 2, "both say why")
    is_eq(len(audit("credential.revoke")) - len(before), 2, "the audit has both")
    is_eq([e["subject_id"] for e in audit("exposed_key.create")], [spki], "and the public key")
    blocked = must(rest("GET", "/exposed-keys"))["items"]
    is_eq([(k["id"], k["spki_sha256"]) for k in blocked], [(spki, spki)], "it is on the list")
    is_eq(must(rest("GET", "/exposed-keys?q=" + spki[:8]))["items"], blocked, "and is found there")
    is_eq(must(rest("GET", "/exposed-keys/" + spki.upper()))["id"], spki, "and alone")
    for name, call in {
            "as a certificate": lambda: rest("POST", "/certificates", {"pem": THIRD}),
            "as a CA": lambda: rest("POST", "/certificates", {"pem": THIRD, "kind": "ca"}),
            "with a key": lambda: rest("POST", "/keys", {"name": "x", "certificate": THIRD}),
            "at a key": lambda: rest("POST", f"/keys/{keys[1]['id']}/credentials",
                                     {"certificate": THIRD}),
            "the revoked one again": lambda: rest("POST", "/keys", {"name": "x",
                                                                    "certificate": PLAIN})}.items():
        answer = call()
        is_eq(outcome(answer), (409, "key_exposed"), f"{name}: refused")
        like(answer.body["detail"], "make a new key", "with what to do")
    done = site.certgate("key", "create", "--name", "x", "--cert", third)
    is_eq((done.returncode, "make a new key" in done.stderr), (1, True), "by command: refused")
    is_eq(gate(THIRD), (403, "credential_unknown"), "unregistered it is a stranger")
    log = open(site.home + "/revoked.log", encoding="ascii").read()
    ok(f" public_key {spki}\n" in log and f" credential {plain}\n" in log and
       f" credential {renewed}\n" in log, "revoked.log has it all, for a restore")
    must(rest("POST", "/exposed-keys", {"spki_sha256": spki}), 201)
    is_eq(len(audit("exposed_key.create")), 1, "blocked once more: nothing happens")
    must(rest("DELETE", f"/certificates/{plain}?cascade=true"), 204)
    is_eq(outcome(rest("POST", "/certificates", {"pem": PLAIN})), (409, "key_exposed"),
          "forgetting a certificate does not lift the block on its key")

with case("lifting a block"):
    is_eq(rest("PATCH", f"/keys/{keys[1]['id']}/credentials/{renewed}", {"active": True},
               token=viewer).status, 403, "a viewer may not")
    is_eq(rest("DELETE", "/exposed-keys/" + spki, token=viewer).status, 403, "in neither way")
    is_eq(rest("DELETE", "/exposed-keys/" + spki, headers={"If-Match": '"9"'}).status, 412,
          "not at another revision")
    must(rest("PATCH", f"/keys/{keys[1]['id']}/credentials/{renewed}", {"active": True}))
    is_eq(gate(RENEWED), 200, "an administrator brings a certificate back")
    is_eq(must(rest("GET", "/exposed-keys"))["items"], [], "and with it the key")
    is_eq([e["subject_id"] for e in audit("exposed_key.delete")], [spki], "as the audit says")
    is_eq(rest("DELETE", "/exposed-keys/" + spki).status, 404, "it is not blocked any more")
    must(rest("POST", "/keys", {"name": "back", "certificate": PLAIN, "access": access}), 201)
    is_eq(gate(PLAIN), 200, "so it can be registered again")

with case("blocked without a certificate"):
    # As the portal does it with a private key that somebody pastes.
    made = must(rest("POST", "/exposed-keys", {"spki_sha256": spki}), 201)
    is_eq(made["id"], spki, "by the SHA-256 of the public key")
    is_eq([gate(p) for p in SAME], [(403, "credential_inactive")] * 2,
          "what carries it is refused from then on")
    for body in ({}, {"spki_sha256": "xyz"}, {"spki_sha256": None}, {"spki_sha256": plain[:40]}):
        is_eq(rest("POST", "/exposed-keys", body).status, 422, f"{body}: refused")
    is_eq(rest("POST", "/exposed-keys", {"key": spki}).status, 400, "and what is not known")
    must(rest("DELETE", "/exposed-keys/" + spki), 204)
    is_eq([gate(p) for p in SAME], [(403, "credential_inactive")] * 2,
          "lifting that brings no credential back")
    owner = must(rest("GET", "/certificates/" + renewed))["key_id"]
    must(rest("PATCH", f"/keys/{owner}/credentials/{renewed}", {"active": True}))
    is_eq([gate(p) for p in SAME], [(403, "credential_inactive"), 200],
          "each is brought back for itself")
    done = site.certgate("cert", "block", spki)
    is_eq((done.returncode, gate(RENEWED)), (0, (403, "credential_inactive")), "by command")
    is_eq(site.certgate("cert", "unblock", spki).returncode, 0, "and lifted")
    is_eq(site.certgate("cert", "unblock", spki).returncode, 1, "once")

with case("a CA whose key is exposed"):
    root, sub = site.make_ca("Exposed Root"), None
    must(rest("POST", "/certificates", {"pem": root.pem, "kind": "ca"}))
    sub = site.make_cert("exposed sub", ca=root, extensions=[
        "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"])
    by_ca = site.make_api("by-ca", auth={"use_certificate": True, "trust": "ca",
                                         "ca_certificates": [root.sha256]})
    direct = site.make_cert("direct", ca=root, extensions=["extendedKeyUsage=clientAuth"])
    below = site.make_cert("below", ca=sub, extensions=["extendedKeyUsage=clientAuth"])
    for cert in (direct, below):
        site.make_key(cert.path, cert, by_ca)
    passed = {"SSL_CLIENT_CERT_CHAIN_0": sub.pem}
    is_eq((gate(direct.pem, "/by-ca/"), gate(below.pem, "/by-ca/", **passed)), (200, 200),
          "its certificates get in, also below an intermediate CA")

    def public_key(cert):
        der = subprocess.run(["openssl", "x509", "-in", cert.path, "-noout", "-pubkey"],
                             check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der,
                             check=True, capture_output=True).stdout
        return hashlib.sha256(der).hexdigest()

    must(rest("POST", "/exposed-keys", {"spki_sha256": public_key(sub)}), 201)
    is_eq((gate(direct.pem, "/by-ca/"), gate(below.pem, "/by-ca/", **passed)),
          (200, (403, "certificate_untrusted")), "an exposed intermediate CA counts no more")
    must(rest("POST", "/exposed-keys", {"spki_sha256": public_key(root)}), 201)
    is_eq(gate(direct.pem, "/by-ca/"), (403, "certificate_untrusted"),
          "nor one that the API trusts")
    must(rest("DELETE", "/exposed-keys/" + public_key(root)), 204)
    must(rest("PATCH", "/apis/" + by_ca["id"], {"active": True, "timeout_ms": 29999}))
    is_eq(gate(direct.pem, "/by-ca/"), 200, "until the block is lifted")

with case("F03: revoked and pasted again"):
    cert = site.make_cert("F03")
    key = site.make_key("F03", cert, api)
    must(rest("DELETE", f"/keys/{key['id']}/credentials/{cert.sha256}"), 204)
    is_eq(gate(cert.pem), (403, "credential_inactive"), "refused")
    is_eq(outcome(rest("POST", "/keys", {"name": "x", "certificate": cert.pem})),
          (409, "certificate_revoked"), "cannot be registered again")

with case("revoked twice"):
    cert = site.make_cert("twice")
    path = f"/keys/{site.make_key('twice', cert, api)['id']}/credentials/{cert.sha256}"

    def revoked(reason):
        must(rest("DELETE", f"{path}?reason={reason}"), 204)
        return rest("GET", path).body["revoked_reason"]

    is_eq([revoked(r) for r in ("left", "superseded", "other")], ["left"] * 3,
          "the first reason stays")
    revision = rest("GET", path).body["revision"]
    is_eq((revoked("left"), rest("GET", path).body["revision"]), ("left", revision),
          "nothing is changed")
    is_eq([revoked(r) for r in ("key_exposed", "other")], ["key_exposed"] * 2,
          "but that of an exposed key comes above all")

with case("restore"):
    # A backup of the time before must not bring an exposed key back.
    os.mkdir(site.folder + "/backups", 0o700)
    if ROOT:
        shutil.chown(site.folder + "/backups", WEB_USER)
    saved = site.folder + "/backups/saved"
    owner = must(rest("GET", "/certificates/" + renewed))["key_id"]
    must(rest("PATCH", f"/keys/{owner}/credentials/{renewed}", {"active": True}))
    is_eq(gate(RENEWED), 200, "before")
    done = site.certgate("backup", saved)
    is_eq(done.returncode, 0, "a backup " + done.stderr)
    must(rest("POST", "/exposed-keys", {"spki_sha256": spki}), 201)
    done = site.certgate("export", "-")
    exported = done.stdout
    site.stop_programs()
    done = site.certgate("restore", saved, "--yes")
    is_eq(done.returncode, 0, "restored " + done.stderr)
    site.start_programs()
    site.wait_ready()
    is_eq(gate(RENEWED), (403, "credential_inactive"), "the certificate is refused")
    is_eq([k["id"] for k in must(rest("GET", "/exposed-keys"))["items"]
           if k["id"] == spki], [spki], "its public key is blocked")
    is_eq(outcome(rest("POST", "/certificates", {"pem": THIRD})), (409, "key_exposed"),
          "nothing with it can be registered")
    done = site.certgate("verify")
    is_eq(done.returncode, 0, "the store is whole " + done.stdout[-300:])

with case("export and import"):
    fresh = site.folder + "/fresh"
    subprocess.run([site.bin + "/certgate", "--home", fresh, "init", "--proof-file",
                    site.folder + "/fresh.conf", *(["--user", WEB_USER] if ROOT else [])],
                   check=True, capture_output=True)

    def elsewhere(*words, stdin=None):
        return subprocess.run([site.bin + "/certgate", "--home", fresh, *words], text=True,
                              capture_output=True, check=False, input=stdin or "")

    path = site.folder + "/export.json"
    whole = json.loads(exported)
    whole["users"], whole["tokens"] = [], []
    with open(path, "w", encoding="utf-8") as out:
        json.dump(whole, out)
    done = elsewhere("import", path)
    is_eq(done.returncode, 0, "an export with CAs and blocked keys is taken " + done.stderr)
    is_eq(elsewhere("verify").returncode, 0, "it is whole there")
    again = json.loads(elsewhere("export", "-").stdout)
    for section in ("certificates", "crls", "exposed_keys", "apis", "credentials"):
        is_eq(again[section], whole[section], f"the same {section}")
    # A credential that was good elsewhere does not come in by a key that is blocked here.
    for credential in whole["credentials"]:
        if credential["sha256"] == renewed:
            credential.update(active=True, revoked_at=None, revoked_reason=None)
            key_id = credential["key_id"]
    elsewhere("key", "delete", key_id)
    elsewhere("cert", "delete", renewed, "--cascade")
    whole["exposed_keys"], whole["audit"] = [], []
    with open(path, "w", encoding="utf-8") as out:
        json.dump(whole, out)
    done = elsewhere("import", path, "--skip-clashes")
    told = json.loads(elsewhere("export", "-").stdout)
    is_eq([c["active"] for c in told["credentials"] if c["sha256"] == renewed and c["active"]], [],
          "an import does not revive it")
done_testing()
