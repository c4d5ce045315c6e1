#!/usr/bin/python3
"""Records by REST: apis, certificates, keys and credentials are made, read, listed,
changed and removed; conditions and merge patches."""
import base64
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from rest import BASE, JSON, NOWHERE, Rest, api_body, problem  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(admins=3)
site.open()
rest = Rest(site)
apis_only = rest.new_api(name="first")
OF_ACCESS = {"methods": [], "paths": [], "separate": False, "rate": None, "quota": None}

with case("apis"):
    body = api_body(sites=["main"], auth={"use_certificate": True})
    made = rest("POST", "/apis", body)
    is_eq(made.status, 201, "POST answers 201")
    path = "/apis/" + made.body["id"]
    is_eq(made.headers.get("location"), BASE + path, "and where it is")
    is_eq(made.headers.get("etag"), '"1"', "and its tag")
    is_eq(made.headers.get("content-type"), JSON, "as JSON")
    is_eq({n: made.body[n] for n in body if n != "auth"}, {n: body[n] for n in body if n != "auth"},
          "and the record as it was sent")
    is_eq(made.body["auth"], {"use_certificate": True, "use_token": True, "keyless": False,
                              "token_header": "Authorization", "trust": "pinned",
                              "ca_certificates": []},
          "with the defaults of auth")
    is_eq([made.body[n] for n in ("strip_listen_path", "active", "forward_client_cert",
                                  "strip_credential", "timeout_ms", "max_body_bytes",
                                  "browser_pages", "allowed_ips", "blocked_ips")],
          [True, True, True, True, 30000, None, False, [], []], "and all others")
    like(made.body["created_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "times are RFC 3339 in UTC")
    is_eq(made.body["updated_at"], made.body["created_at"], "changed when made")
    like(made.body["id"], r"^[a-z2-7]{26}$", "an id of 128 bit")
    is_eq(rest("GET", path).body, made.body, "GET answers the same")
    is_eq(rest("GET", path).headers.get("etag"), '"1"', "with its tag")
    found = rest("GET", "/apis?limit=500")
    is_eq(found.status, 200, "the list is there")
    ok(made.body in found.body["items"], "and it is on the list")
    changed = rest("PATCH", path, {"timeout_ms": 5000})
    is_eq((changed.status, changed.body["timeout_ms"], changed.body["revision"],
           changed.headers.get("etag")), (200, 5000, 2, '"2"'), "PATCH changes it")
    is_eq(rest("GET", path).body, changed.body, "for good")
    same = rest("PATCH", path, {"timeout_ms": 5000})
    is_eq((same.status, same.body["revision"]), (200, 2), "a patch without a change is none")
    gone = rest("DELETE", path)
    is_eq((gone.status, gone.body), (204, b""), "DELETE answers 204 and nothing")
    problem(rest("GET", path), 404, "not_found", "then it is gone")
    problem(rest("DELETE", path), 404, "not_found", "and cannot be removed twice")
    problem(rest("PATCH", path, {}), 404, "not_found", "or changed")
    head = site.curl(BASE + "/apis", "--head", "-H", "Authorization: Bearer " + site.token)
    is_eq((head.status, head.headers.get("content-type"), head.headers.get("content-length")),
          (200, JSON, str(len(json.dumps(rest("GET", "/apis").body, separators=(",", ":"))))),
          "HEAD answers as GET would")

with case("certificates"):
    cert = site.make_cert("cert", extra=["-addext", "subjectAltName=DNS:a.example,URI:spiffe://x/y"])
    made = rest("POST", "/certificates", {"pem": cert.pem, "kind": "client"})
    is_eq(made.status, 201, "POST of JSON answers 201")
    is_eq(made.headers.get("location"), f"{BASE}/certificates/{cert.sha256}", "and where it is")
    is_eq(made.body["id"], cert.sha256, "the fingerprint is the id")
    is_eq(made.body["sha256"], cert.sha256, "and a member")
    spki = subprocess.run(f"openssl x509 -in {cert.path} -pubkey -noout | openssl pkey -pubin "
                          "-outform DER | sha256sum", shell=True, capture_output=True, text=True,
                          check=True).stdout.split()[0]
    is_eq(made.body["spki_sha256"], spki, "beside that of the public key")
    is_eq([made.body[n] for n in ("kind", "subject", "issuer", "key_id", "private_key_dropped")],
          ["client", "CN=cert", "CN=cert", None, False], "and what it says")
    is_eq(sorted(made.body["names"]), ["DNS:a.example", "URI:spiffe://x/y"], "all its names") or \
        diag(made.body["names"])
    ok(isinstance(made.body["notices"], list), "and notices")
    text = subprocess.run(["openssl", "x509", "-in", cert.path, "-noout", "-serial", "-startdate",
                           "-enddate", "-dateopt", "iso_8601"], capture_output=True, text=True,
                          check=True).stdout
    is_eq(made.body["serial"].lstrip("0").lower(),
          re.search(r"serial=(\S+)", text).group(1).lstrip("0").lower(), "its serial number")
    for member, word in (("not_before", "notBefore"), ("not_after", "notAfter")):
        is_eq(made.body[member].replace("T", " "),
              re.search(word + r"=(.+)", text).group(1), f"its {member}")
    pem = made.body["pem"]
    is_eq(base64.b64decode("".join(pem.strip().splitlines()[1:-1])), cert.der, "and it as PEM")
    once = {n: v for n, v in made.body.items() if n not in ("private_key_dropped", "notices")}
    is_eq(rest("GET", "/certificates/" + cert.sha256).body, once,
          "GET answers the same without what is told once")
    ok(once in rest("GET", "/certificates?limit=500").body["items"], "and it is on the list")
    colons = ":".join(re.findall("..", cert.sha256.upper()))
    for notation in (cert.sha256.upper(), colons, "sha256:" + cert.sha256,
                     "SHA256 Fingerprint=" + colons, " ".join(re.findall("..", cert.sha256))):
        is_eq(rest("GET", "/certificates/" + urllib.parse.quote(notation, safe="")).body, once,
              f"found by {notation[:24]}…")
    problem(rest("POST", "/certificates", {"pem": cert.pem}), 409, "certificate_exists",
            "the same again is a clash")
    is_eq(rest("DELETE", "/certificates/" + cert.sha256).status, 204, "DELETE answers 204")
    problem(rest("GET", "/certificates/" + cert.sha256), 404, "not_found", "then it is gone")
    for name, text, kind in (("PEM", cert.pem.encode(), "application/x-pem-file"),
                             ("PEM as curl sends it", cert.pem.encode(),
                              "application/x-www-form-urlencoded"),
                             ("PEM as text", cert.pem.encode(), "text/plain"),
                             ("DER", cert.der, "application/pkix-cert"),
                             ("DER without a good type", cert.der, "application/octet-stream"),
                             ("PEM with Windows line ends", cert.pem.replace("\n", "\r\n").encode(),
                              "application/x-pem-file")):
        made = rest("POST", "/certificates", body=text, content_type=kind)
        is_eq((made.status, made.body.get("id") if made.status == 201 else made.body),
              (201, cert.sha256), f"{name} as the body")
        rest("DELETE", "/certificates/" + cert.sha256)
    made = rest("POST", "/certificates", {"pem": cert.pem + cert.key_pem})
    is_eq((made.status, made.body.get("private_key_dropped")), (201, True),
          "public and private: the private part is dropped, and said so")
    ok("PRIVATE" not in json.dumps(made.body), "and not answered")
    rest("DELETE", "/certificates/" + cert.sha256)

with case("keys"):
    cert = site.make_cert("key")
    body = {"name": "Billing", "access": [{"api_id": apis_only["id"], "methods": ["GET", "POST"],
                                           "paths": ["/a/*"]}],
            "expires_at": "2099-12-31T23:59:59Z", "tags": ["red", "blue"],
            "meta": {"team": "süd"},
            "certificate": cert.pem + cert.key_pem, "token": True}
    made = rest("POST", "/keys", body)
    is_eq(made.status, 201, "POST answers 201")
    path = "/keys/" + made.body["id"]
    is_eq(made.headers.get("location"), BASE + path, "and where it is")
    is_eq({n: made.body[n] for n in ("name", "access", "expires_at", "tags", "meta", "active")},
          {**{n: body[n] for n in ("name", "expires_at", "tags", "meta")}, "active": True,
           "access": [{**OF_ACCESS, **body["access"][0]}]}, "the record as sent")
    like(made.body["token"], r"^[a-z2-7]{52}$", "the token, once")
    is_eq(made.body["private_key_dropped"], True, "and that the private key was dropped")
    is_eq(sorted(c["type"] for c in made.body["credentials"]), ["certificate", "token"],
          "both credentials")
    by_type = {c["type"]: c for c in made.body["credentials"]}
    is_eq(by_type["certificate"]["sha256"], cert.sha256, "the certificate's fingerprint")
    is_eq(by_type["token"]["sha256"], hashlib.sha256(made.body["token"].encode()).hexdigest(),
          "the token's digest only")
    got = rest("GET", path)
    is_eq(set(made.body) - set(got.body), {"token", "private_key_dropped", "notices"},
          "GET answers all but what is told once")
    ok(made.body["token"] not in json.dumps(rest("GET", "/keys?limit=500").body),
       "nor does the list")
    is_eq(rest("GET", f"/certificates/{cert.sha256}").body["key_id"], made.body["id"],
          "the certificate names its key")
    changed = rest("PATCH", path, {"active": False, "tags": None, "expires_at": None})
    is_eq([changed.status] + [changed.body[n] for n in ("active", "tags", "expires_at")],
          [200, False, [], None], "PATCH changes it")
    by_name = rest("PATCH", path, {"access": [{"api_id": "first"}]})
    is_eq(by_name.body["access"], [{**OF_ACCESS, "api_id": apis_only["id"]}],
          "an API by its name")
    is_eq(rest("DELETE", path).status, 204, "DELETE answers 204")
    problem(rest("GET", path), 404, "not_found", "then it is gone")
    is_eq(rest("GET", f"/certificates/{cert.sha256}").body["key_id"], None,
          "the certificate belongs to nobody")
    is_eq(rest("POST", "/keys", {"name": "again", "certificate": cert.pem}).status, 201,
          "and can get another key")

with case("credentials"):
    old, new = site.make_cert("old"), site.make_cert("new")
    key = rest.new_key(certificate=old.pem)
    path = f"/keys/{key['id']}/credentials"
    made = rest("POST", path, {"certificate": new.pem + new.key_pem})
    is_eq((made.status, made.body["sha256"], made.body["type"], made.body["key_id"],
           made.body["private_key_dropped"], made.body["active"]),
          (201, new.sha256, "certificate", key["id"], True, True), "POST of a certificate")
    is_eq(made.headers.get("location"), f"{BASE}{path}/{new.sha256}", "and where it is")
    is_eq(made.headers.get("etag"), '"1"', "and its tag")
    made = rest("POST", path, {"token": True})
    like(made.body["token"], r"^[a-z2-7]{52}$", "POST of a token, shown once")
    digest = hashlib.sha256(made.body["token"].encode()).hexdigest()
    is_eq(made.body["sha256"], digest, "its digest")
    third = site.make_cert("third")
    made = rest("POST", path, body=third.der, content_type="application/pkix-cert")
    is_eq((made.status, made.body["sha256"]), (201, third.sha256), "POST of DER as it is")
    got = rest("GET", path)
    is_eq({c["sha256"] for c in got.body["items"]},
          {old.sha256, new.sha256, digest, third.sha256}, "all are on the list")
    is_eq(got.body["next"], None, "which ends")
    is_eq({c["sha256"] for c in rest("GET", f"/keys/{key['id']}").body["credentials"]},
          {old.sha256, new.sha256, digest, third.sha256}, "and on the key")
    seen = [c["sha256"] for page in rest.pages(f"{path}?limit=1") for c in page]
    is_eq(seen, sorted([old.sha256, new.sha256, digest, third.sha256]), "page by page, each once")
    is_eq([c["sha256"] for c in rest("GET", f"{path}?q={new.sha256[:10]}").body["items"]],
          [new.sha256], "found by the start of a fingerprint")
    one = f"{path}/{old.sha256}"
    changed = rest("PATCH", one, {"ends_at": "2099-01-01T00:00:00Z"})
    is_eq((changed.status, changed.body["ends_at"], changed.body["revision"]),
          (200, "2099-01-01T00:00:00Z", 2), "PATCH: an end")
    is_eq(rest("PATCH", one, rest("GET", one).body).status, 200, "a whole document as patch")
    is_eq(rest("PATCH", f"{path}/{digest}", {"bound_to": [":".join(re.findall("..", new.sha256))]})
          .body["bound_to"], [new.sha256], "a token is bound, in any notation")
    is_eq(rest("PATCH", f"{path}/{digest}", {"bound_to": []}).body["bound_to"], [], "and loosed")
    problem(rest("PATCH", one, {"bound_to": [new.sha256]}), 422, "bad_value",
            "a certificate is bound to nothing", "bound_to")
    problem(rest("PATCH", one, {"active_from": "2099-01-02T00:00:00Z"}), 422, "bad_value",
            "an end before the beginning", "ends_at")
    for member in ("sha256", "type", "key_id", "added_at", "revoked_at", "revision"):
        problem(rest("PATCH", one, {member: "x"}), 422, "bad_value", f"{member} is not for clients",
                member)
    problem(rest("PATCH", one, {"endz": None}), 400, "unknown_member", "unknown member", "endz")
    problem(rest("PATCH", one, {"active": False}, {"If-Match": '"1"'}), 412, "stale",
            "an old tag")
    problem(rest("DELETE", one, headers={"If-Match": '"1"'}), 412, "stale", "an old tag at DELETE")
    problem(rest("DELETE", one + "?reason=bored"), 422, "bad_value", "an unknown reason", "reason")
    problem(rest("DELETE", one, {"reason": "key_exposed"}), 400, "unknown_member",
            "a reason in a body is not passed over", "reason")
    is_eq(rest("GET", one).body["active"], True, "and nothing was done")
    is_eq(rest("DELETE", one + "?reason=superseded", headers={"If-Match": '"2"'}).status, 204,
          "DELETE with a reason")
    revoked = rest("GET", one).body
    is_eq((revoked["active"], revoked["revoked_reason"]), (False, "superseded"),
          "it is revoked, and still known")
    ok(revoked["revoked_at"], "and says when")
    problem(rest("POST", "/keys", {"name": "thief", "certificate": old.pem}), 409,
            "certificate_revoked", "nobody registers it anew")
    back = rest("PATCH", one, {"active": True})
    is_eq((back.status, back.body["active"], back.body["revoked_at"], back.body["revoked_reason"]),
          (200, True, None, None), "an administrator brings it back")
    for name, body in (("neither", {}), ("both", {"certificate": third.pem, "token": True}),
                       ("no token", {"token": False})):
        is_eq(rest("POST", path, body).status, 422, f"{name} is refused")
    problem(rest("POST", path, {"token": True, "x": 1}), 400, "unknown_member", "unknown member", "x")
    problem(rest("POST", path, {"certificate": third.pem}), 409, "certificate_in_use",
            "the same twice")
    problem(rest("POST", f"/keys/{NOWHERE}/credentials", {"token": True}), 404, "not_found",
            "of no key")
    other = rest.new_key()
    problem(rest("GET", f"/keys/{other['id']}/credentials/{old.sha256}"), 404, "not_found",
            "of another key")
    problem(rest("PATCH", f"/keys/{other['id']}/credentials/{old.sha256}", {"active": False}), 404,
            "not_found", "changed as another key's")
    problem(rest("DELETE", f"/keys/{other['id']}/credentials/{old.sha256}"), 404, "not_found",
            "revoked as another key's")
    problem(rest("GET", f"{path}/nonsense"), 404, "not_found", "by no fingerprint")

with case("If-Match"):
    api = rest.new_api()
    path = "/apis/" + api["id"]
    rest("PATCH", path, {"timeout_ms": 1})
    for tag in ('"1"', '"3"', '"02"', '"0"', '2', 'W/"2"', '""', '"', "", '"2', '2"', "'2'",
                '" 2"', '"2 "', '"+2"', '"-2"', '"0x2"', '"2.0"', '"18446744073709551615"',
                '"18446744073709551618"', '"-1"', '"*"', '"x"', "\"2\\\"", '"２"', '"2"x'):
        problem(rest("PATCH", path, {"timeout_ms": 77}, {"If-Match": tag.encode()}), 412, "stale",
                f"PATCH with {tag!r}")
        problem(rest("DELETE", path, headers={"If-Match": tag.encode()}), 412, "stale",
                f"DELETE with {tag!r}")
    is_eq(rest("GET", path).body["timeout_ms"], 1, "nothing was changed")
    is_eq(rest("PATCH", path, {"timeout_ms": 2}, {"If-Match": '"2"'}).status, 200, "the newest tag")
    is_eq(rest("PATCH", path, {"timeout_ms": 3}, {"If-Match": "*"}).status, 200, "any tag")
    # Of a list one is enough (RFC 9110 section 13.1.1): the record is at 4 here.
    for tags in ('"5", "3"', '"4x", W/"4"', '"5",, "04"', '*, "5"', ', '):
        problem(rest("PATCH", path, {"timeout_ms": 77}, {"If-Match": tags}), 412, "stale",
                f"PATCH with {tags}")
        problem(rest("DELETE", path, headers={"If-Match": tags}), 412, "stale", f"DELETE with {tags}")
    for tags in ('"5", "4"', '"4","9"', 'W/"1", "x,y" , "4" ,', '"1", "2", "3", "4"'):
        got = rest("PATCH", path, {}, {"If-Match": tags})
        is_eq((got.status, rest.etag(path)), (200, '"4"'), f"PATCH with {tags}")
    problem(rest("PATCH", f"/apis/{NOWHERE}", {}, {"If-Match": '"1", "2"'}), 404, "not_found",
            "a list for nothing")
    listed = rest.new_key()
    is_eq(rest("DELETE", f"/keys/{listed['id']}", headers={"If-Match": '"7", "1"'}).status, 204,
          "DELETE with one of a list")
    is_eq(rest("PATCH", path, {"timeout_ms": 4}, {"If-Match": rest.etag(path)}).status, 200,
          "the tag as it was given")
    problem(rest("PATCH", f"/apis/{NOWHERE}", {}, {"If-Match": "*"}), 404, "not_found",
            "any tag of nothing")
    is_eq(rest("DELETE", path, headers={"If-Match": rest.etag(path)}).status, 204, "DELETE with its tag")
    key = rest.new_key()
    problem(rest("PATCH", f"/keys/{key['id']}", {"active": False}, {"If-Match": '"9"'}), 412,
            "stale", "keys")
    problem(rest("DELETE", f"/keys/{key['id']}", headers={"If-Match": '"9"'}), 412, "stale",
            "keys at DELETE")
    cert = site.make_cert("tagged")
    rest("POST", "/certificates", {"pem": cert.pem})
    problem(rest("DELETE", f"/certificates/{cert.sha256}", headers={"If-Match": '"9"'}), 412,
            "stale", "certificates")
    is_eq(rest("DELETE", f"/certificates/{cert.sha256}", headers={"If-Match": '"1"'}).status, 204,
          "certificates with the tag")

with case("two PATCHes at once with one tag"):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for round_ in range(5):
            path = "/apis/" + rest.new_api()["id"]
            tag = rest.etag(path)
            got = list(pool.map(lambda n: rest("PATCH", path, {"timeout_ms": n},
                                               {"If-Match": tag}).status, range(100, 108)))
            is_eq(sorted(got), [200] + [412] * 7, "one wins, the others hear of it")

with case("merge patch"):
    start = {"timeout_ms": 9, "active": False, "max_body_bytes": 7, "sites": ["x", "y"],
             "auth": {"use_certificate": True, "use_token": False, "token_header": "X-Key"},
             "allowed_ips": ["192.0.2.0/24"]}
    auth = {"use_certificate": True, "use_token": False, "token_header": "X-Key",
            "keyless": False, "trust": "pinned", "ca_certificates": []}
    for name, patch, member, want in (
            ("nothing", {}, "auth", auth),
            ("a value", {"timeout_ms": 5}, "timeout_ms", 5),
            ("null is the default", {"timeout_ms": None}, "timeout_ms", 30000),
            ("null of a switch", {"active": None}, "active", True),
            ("null of no default", {"max_body_bytes": None}, "max_body_bytes", None),
            ("zero is not null", {"max_body_bytes": 0}, "max_body_bytes", 0),
            ("a list goes as a whole", {"sites": ["z"]}, "sites", ["z"]),
            ("an empty list", {"sites": []}, "sites", []),
            ("null of a list", {"sites": None}, "sites", []),
            ("nested", {"auth": {"keyless": True}}, "auth", {**auth, "keyless": True}),
            ("nested null", {"auth": {"token_header": None}}, "auth",
             {**auth, "token_header": "Authorization"}),
            ("nested empty", {"auth": {}}, "auth", auth),
            ("null of the nested", {"auth": None}, "auth",
             {"use_certificate": False, "use_token": True, "token_header": "Authorization",
              "keyless": False, "trust": "pinned", "ca_certificates": []}),
            ("an unchanged read-only member", {"revision": 1}, "revision", 1)):
        api = rest.new_api(**start)
        got = rest("PATCH", "/apis/" + api["id"], patch)
        is_eq((got.status, got.body.get(member)), (200, want), name)
        got = rest("GET", "/apis/" + api["id"]).body
        untouched = set(api) - {member, "revision", "updated_at", *patch}
        is_eq({n: got[n] for n in untouched}, {n: api[n] for n in untouched},
              f"{name}: all else is as it was")
        rest("DELETE", "/apis/" + api["id"])
    api = rest.new_api()
    path = "/apis/" + api["id"]
    for member in ("name", "listen_path", "target_url"):
        problem(rest("PATCH", path, {member: None}), 422, "bad_value",
                f"{member} cannot be taken away", member)
    whole = rest("GET", path)
    again = rest("PATCH", path, whole.body)
    is_eq((again.status, again.body), (200, whole.body), "a whole document changes nothing")
    whole.body["timeout_ms"] = 77
    is_eq(rest("PATCH", path, whole.body, {"If-Match": whole.headers.get("etag")}).body["revision"],
          2, "a whole document with one change")
    key = rest.new_key(certificate=site.make_cert("whole").pem, token=True, meta={"a": "1", "b": "2"},
                  access=[{"api_id": api["id"]}])
    whole = rest("GET", "/keys/" + key["id"])
    again = rest("PATCH", "/keys/" + key["id"], whole.body)
    is_eq((again.status, again.body), (200, whole.body), "a whole key, credentials and all")
    is_eq(rest("PATCH", "/keys/" + key["id"], {"meta": {"a": None, "c": "3"}}).body["meta"],
          {"b": "2", "c": "3"}, "names of a map merge one by one")
    for member, value in (("id", "x"), ("created_at", "2020-01-01T00:00:00Z"), ("revision", 99),
                          ("credentials", [])):
        problem(rest("PATCH", "/keys/" + key["id"], {member: value}), 422, "bad_value",
                f"{member} is not for clients", member)
    for kind in (JSON, "application/merge-patch+json", "application/json; charset=utf-8",
                 "APPLICATION/JSON"):
        is_eq(rest("PATCH", path, body=b'{"timeout_ms": 8}', content_type=kind).status, 200,
              f"sent as {kind}")

with case("what the log says"):
    rest.check_log()
done_testing()
