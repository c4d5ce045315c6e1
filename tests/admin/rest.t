#!/usr/bin/python3
"""The REST interface (CONTRACT.md, section 3) for apis, certificates, keys and credentials, as a
script, a careless one and a hostile one meet it."""
import concurrent.futures
import os
import sys
import unicodedata
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certgate_test import *  # noqa: E402

BASE = "/admin/api/v1"
JSON = "application/json"
PROBLEM = "application/problem+json"
NOWHERE = "a" * 26

site = Site(admins=3)
site.open()
rest = site.rest
names = iter(range(1, 1000000))


def fresh(word="x"):
    return f"{word}-{next(names)}"


def api_body(**members):
    name = fresh("api")
    return {"name": name, "listen_path": f"/{name}/", "target_url": "http://127.0.0.1:9/",
            **members}


def new_api(**members):
    answer = rest("POST", "/apis", api_body(**members))
    if answer.status != 201:
        raise RuntimeError(repr(answer))
    return answer.body


def new_key(**members):
    answer = rest("POST", "/keys", {"name": fresh("key"), **members})
    if answer.status != 201:
        raise RuntimeError(repr(answer))
    return answer.body


def etag(path):
    return rest("GET", path).headers.get("etag")


def problem(answer, status, code, name, field=None):
    """One refusal, as problem details with everything that they have."""
    body = answer.body if isinstance(answer.body, dict) else {}
    fields = [e.get("field") for e in body.get("errors", [])]
    good = (answer.status == status and answer.headers.get("content-type") == PROBLEM and
            body.get("status") == status and body.get("code") == code and body.get("title") and
            body.get("detail") and body.get("request_id") == answer.headers.get("x-request-id") and
            all(e.get("message") for e in body.get("errors", [])) and
            (field is None or field in fields))
    if not ok(good, name):
        diag(f"want {status} {code} {field}", repr(answer)[:900])
    return good


def viewer(role="viewer", **members):
    made = site.certgate("token", "create", "--name", fresh("token"), "--role", role, "--json",
                         *[w for n, v in members.items() for w in ("--" + n, v)])
    return json_module.loads(made.stdout)


def pages(path):
    """The items of a list, page by page to its end."""
    cursor, n = "", 0
    while cursor is not None:
        n += 1
        if n > 1000:
            raise RuntimeError(f"{path}: the pages have no end")
        page = rest("GET", path + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else "")).body
        yield page["items"]
        cursor = page["next"]


look = viewer()["token"]
apis_only = new_api(name="first")
partner = site.make_cert("partner")

# --- every route's success ---

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
          (200, JSON, str(len(json_module.dumps(rest("GET", "/apis").body, separators=(",", ":"))))),
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
    ok("PRIVATE" not in json_module.dumps(made.body), "and not answered")
    rest("DELETE", "/certificates/" + cert.sha256)

OF_ACCESS = {"methods": [], "paths": [], "separate": False, "rate": None, "quota": None}

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
    ok(made.body["token"] not in json_module.dumps(rest("GET", "/keys?limit=500").body),
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
    key = new_key(certificate=old.pem)
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
    seen = [c["sha256"] for page in pages(f"{path}?limit=1") for c in page]
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
    problem(rest("DELETE", one, {"reason": "key_exposed"}), 400, "unknown_member", "a reason in a body is not passed over",
            "reason")
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
    other = new_key()
    problem(rest("GET", f"/keys/{other['id']}/credentials/{old.sha256}"), 404, "not_found",
            "of another key")
    problem(rest("PATCH", f"/keys/{other['id']}/credentials/{old.sha256}", {"active": False}), 404,
            "not_found", "changed as another key's")
    problem(rest("DELETE", f"/keys/{other['id']}/credentials/{old.sha256}"), 404, "not_found",
            "revoked as another key's")
    problem(rest("GET", f"{path}/nonsense"), 404, "not_found", "by no fingerprint")

# --- conditions ---

with case("If-Match"):
    api = new_api()
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
        is_eq((got.status, etag(path)), (200, '"4"'), f"PATCH with {tags}")
    problem(rest("PATCH", f"/apis/{NOWHERE}", {}, {"If-Match": '"1", "2"'}), 404, "not_found",
            "a list for nothing")
    listed = new_key()
    is_eq(rest("DELETE", f"/keys/{listed['id']}", headers={"If-Match": '"7", "1"'}).status, 204,
          "DELETE with one of a list")
    is_eq(rest("PATCH", path, {"timeout_ms": 4}, {"If-Match": etag(path)}).status, 200,
          "the tag as it was given")
    problem(rest("PATCH", f"/apis/{NOWHERE}", {}, {"If-Match": "*"}), 404, "not_found",
            "any tag of nothing")
    is_eq(rest("DELETE", path, headers={"If-Match": etag(path)}).status, 204, "DELETE with its tag")
    key = new_key()
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
            path = "/apis/" + new_api()["id"]
            tag = etag(path)
            got = list(pool.map(lambda n: rest("PATCH", path, {"timeout_ms": n},
                                               {"If-Match": tag}).status, range(100, 108)))
            is_eq(sorted(got), [200] + [412] * 7, "one wins, the others hear of it")

# --- merge patch ---

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
        api = new_api(**start)
        got = rest("PATCH", "/apis/" + api["id"], patch)
        is_eq((got.status, got.body.get(member)), (200, want), name)
        got = rest("GET", "/apis/" + api["id"]).body
        untouched = set(api) - {member, "revision", "updated_at", *patch}
        is_eq({n: got[n] for n in untouched}, {n: api[n] for n in untouched},
              f"{name}: all else is as it was")
        rest("DELETE", "/apis/" + api["id"])
    api = new_api()
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
    key = new_key(certificate=site.make_cert("whole").pem, token=True, meta={"a": "1", "b": "2"},
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

# --- what is refused ---

with case("unknown members"):
    api, key = new_api(), new_key()
    long_name = "é" * 40
    for name, method, path, body, field in (
            ("api", "POST", "/apis", api_body(nmae="x"), "nmae"),
            ("api, null", "POST", "/apis", api_body(nmae=None), "nmae"),
            ("api, nested", "POST", "/apis", api_body(auth={"use_certficate": True}),
             "auth.use_certficate"),
            ("api, nested null", "POST", "/apis", api_body(auth={"x": None}), "auth.x"),
            ("api, patch", "PATCH", "/apis/" + api["id"], {"nmae": "x"}, "nmae"),
            ("api, patch null", "PATCH", "/apis/" + api["id"], {"nmae": None}, "nmae"),
            ("api, patch nested null", "PATCH", "/apis/" + api["id"], {"auth": {"x": None}},
             "auth.x"),
            ("key", "POST", "/keys", {"name": "k", "akcess": []}, "akcess"),
            ("key, null", "POST", "/keys", {"name": "k", "akcess": None}, "akcess"),
            ("key, access entry", "POST", "/keys",
             {"name": "k", "access": [{"api_id": api["id"]}, {"api_id": api["id"], "path": []}]},
             "access[1].path"),
            ("key, access entry null", "PATCH", "/keys/" + key["id"],
             {"access": [{"api_id": api["id"], "methodz": None}]}, "access[0].methodz"),
            ("key, made with what only PATCH's answer has", "POST", "/keys",
             {"name": "k", "credentials": []}, "credentials"),
            ("key, another case", "POST", "/keys", {"Name": "k"}, "Name"),
            ("key, with the one-time answer", "PATCH", "/keys/" + key["id"], {"token": "x"},
             "token"),
            ("certificate", "POST", "/certificates", {"pem": partner.pem, "pme": 1}, "pme"),
            ("certificate, null", "POST", "/certificates", {"pem": partner.pem, "x": None}, "x"),
            ("an empty name", "POST", "/apis", api_body(**{"": 1}), ""),
            ("markup", "POST", "/apis", api_body(**{"<script>": 1}), "<script>"),
            ("a secret of the store", "POST", "/apis", api_body(password_hash="x"),
             "password_hash")):
        problem(rest(method, path, body), 400, "unknown_member", name, field)
    got = rest("POST", "/apis", api_body(**{long_name: 1}))
    ok(problem(got, 400, "unknown_member", "a long name") and
       got.body["errors"][0]["field"].startswith("é" * 20), "is named as far as it fits")
    is_eq(rest("GET", "/apis/" + api["id"]).body, api, "nothing was changed")

with case("bad values"):
    api, key = new_api(), new_key()
    entry = {"api_id": api["id"]}
    for name, resource, member, value, field in (
            ("text: number", "apis", "name", 1, "name"),
            ("text: null", "apis", "name", None, "name"),
            ("text: empty", "apis", "name", "", "name"),
            ("text: list", "apis", "name", ["x"], "name"),
            ("text: 201 bytes", "apis", "name", "x" * 201, "name"),
            ("text: 64 kB", "apis", "name", "x" * 65536, "name"),
            ("text: newline", "apis", "name", "a\nb", "name"),
            ("text: escape", "apis", "name", "\x1b[2J", "name"),
            ("text: C1", "apis", "name", "\x9b2J", "name"),
            ("switch: text", "apis", "active", "true", "active"),
            ("switch: number", "apis", "active", 1, "active"),
            ("switch: object", "apis", "active", {}, "active"),
            ("number: text", "apis", "timeout_ms", "5", "timeout_ms"),
            ("number: real", "apis", "timeout_ms", 5.5, "timeout_ms"),
            ("number: whole real", "apis", "timeout_ms", 5.0, "timeout_ms"),
            ("number: zero", "apis", "timeout_ms", 0, "timeout_ms"),
            ("number: negative", "apis", "timeout_ms", -1, "timeout_ms"),
            ("number: too large", "apis", "timeout_ms", 3600001, "timeout_ms"),
            ("number: 2^63-1", "apis", "max_body_bytes", 2**63 - 1, "max_body_bytes"),
            ("number: negative limit", "apis", "max_body_bytes", -1, "max_body_bytes"),
            ("list: text", "apis", "sites", "main", "sites"),
            ("list: number in it", "apis", "sites", ["a", 1], "sites[1]"),
            ("list: 501", "apis", "sites", ["x"] * 501, "sites"),
            ("object: text", "apis", "auth", "x", "auth"),
            ("object: list", "apis", "auth", [], "auth"),
            ("enum", "apis", "auth", {"trust": "blind"}, "auth.trust"),
            ("nested switch", "apis", "auth", {"keyless": "no"}, "auth.keyless"),
            ("nobody is let in", "apis", "auth", {"use_token": False}, "auth"),
            ("token header: space", "apis", "auth", {"token_header": "X Key"}, "auth.token_header"),
            ("token header: colon", "apis", "auth", {"token_header": "X:"}, "auth.token_header"),
            ("token header: empty", "apis", "auth", {"token_header": ""}, "auth.token_header"),
            ("token header: Host", "apis", "auth", {"token_header": "Host"}, "auth.token_header"),
            ("token header: Cookie", "apis", "auth", {"token_header": "cookie"},
             "auth.token_header"),
            ("token header: Content-Length", "apis", "auth", {"token_header": "Content-Length"},
             "auth.token_header"),
            ("address", "apis", "allowed_ips", ["192.0.2.0/33"], "allowed_ips"),
            ("address: name", "apis", "blocked_ips", ["localhost"], "blocked_ips"),
            ("address: empty", "apis", "allowed_ips", [""], "allowed_ips[0]"),
            ("time: word", "keys", "expires_at", "tomorrow", "expires_at"),
            ("time: number", "keys", "expires_at", 4102444800, "expires_at"),
            ("time: 30 February", "keys", "expires_at", "2099-02-30T00:00:00Z", "expires_at"),
            ("time: past", "keys", "expires_at", "2020-01-01T00:00:00Z", "expires_at"),
            ("time: after year 9999", "keys", "expires_at", "9999-12-31T23:59:59-01:00",
             "expires_at"),
            ("access: object", "keys", "access", {}, "access"),
            ("access: text in it", "keys", "access", ["x"], "access[0]"),
            ("access: no API named", "keys", "access", [{}], "access[0].api_id"),
            ("access: null API", "keys", "access", [{"api_id": None}], "access[0].api_id"),
            ("access: no such API", "keys", "access", [{"api_id": NOWHERE}], "access[0].api_id"),
            ("access: method", "keys", "access", [{**entry, "methods": ["G T"]}],
             "access[0].methods"),
            ("access: path", "keys", "access", [entry, {**entry, "paths": ["x"]}],
             "access[1].paths"),
            ("access: path expression", "keys", "access", [{**entry, "paths": ["/(a|b)"]}],
             "access[0].paths"),
            ("access: dots", "keys", "access", [{**entry, "paths": ["/a/../b"]}],
             "access[0].paths"),
            ("tags: text", "keys", "tags", "red", "tags"),
            ("meta: list", "keys", "meta", [], "meta"),
            ("meta: number in it", "keys", "meta", {"a": 1}, "meta.a"),
            ("meta: object in it", "keys", "meta", {"a": {}}, "meta.a"),
            ("token: text", "keys", "token", "mine", "token"),
            ("certificate: number", "keys", "certificate", 1, "certificate"),
            ("certificate: nothing", "keys", "certificate", "", "certificate"),
            ("certificate: no certificate", "keys", "certificate", "hello", "certificate")):
        base = api_body() if resource == "apis" else {"name": fresh("key")}
        got = rest("POST", "/" + resource, {**base, member: value})
        body = got.body if isinstance(got.body, dict) else {}
        if not ok(got.status == 422 and field in [e["field"] for e in body.get("errors", [])],
                  f"{name}: POST"):
            diag(repr(got)[:600])
        if member not in ("token", "certificate"):
            target = api if resource == "apis" else key
            got = rest("PATCH", f"/{resource}/{target['id']}", {member: value})
            body = got.body if isinstance(got.body, dict) else {}
            # A merge patch takes null as "take it away".
            if not ok(got.status == 422 and
                      field in [e["field"] for e in body.get("errors", [])], f"{name}: PATCH"):
                diag(repr(got)[:600])
    is_eq(rest("GET", "/apis/" + api["id"]).body, api, "the API is as it was")
    is_eq(rest("GET", "/keys/" + key["id"]).body, {n: key[n] for n in key},
          "the key is as it was")
    got = rest("POST", "/apis", {"name": 1, "listen_path": "x", "target_url": 2, "active": "no"})
    is_eq({e["field"] for e in got.body["errors"]}, {"name", "listen_path", "target_url", "active"},
          "all wrong kinds at once")
    got = rest("POST", "/apis", {"auth": {"use_token": False}, "allowed_ips": ["x"]})
    is_eq({e["field"] for e in got.body["errors"]},
          {"name", "listen_path", "target_url", "auth", "allowed_ips"}, "all bad values at once")
    problem(rest("POST", "/certificates", {"pem": partner.pem, "kind": "root"}), 422, "bad_value",
            "a kind that is not there", "kind")
    problem(rest("POST", "/certificates", {"pem": 1}), 422, "bad_value", "a number for PEM", "pem")
    problem(rest("POST", "/certificates", {}), 422, "bad_value", "no PEM", "pem")

with case("target_url"):
    for url in ("ftp://h/", "file:///etc/passwd", "h", "//h/", "/x", "http://", "http:///x", "http:h",
                "http://user@h/", "http://user:secret@h/", "http://:secret@h/", "http://@h/",
                "http://h/x?y", "http://h/x#y", "http://h:0/", "http://h:65536/", "http://h:x/",
                "http://h h/", "http://h/\r\nX: y", "javascript:alert(1)", "http://h\\@evil/",
                "http://[::1/", "unix:/run/x", "gopher://h/", "http://ü/", "http://h/ü",
                "http://h/" + "x" * 2048, "http://h/..", "http://h/.", "http://h/a/../b", "http://h/a/./b/",
                "http://h/a/%2e%2E/b", "http://h/a/.%2e", "http://h/%2e/", "http://h/a%2f..%2fb", "http://h/a/..%5cb"):
        got = rest("POST", "/apis", api_body(target_url=url))
        problem(got, 422, "bad_value", f"{url[:40]!r} is refused", "target_url")
        if "secret" in url:
            unlike(json_module.dumps(got.body), "secret", "and not repeated")
    for url in ("http://h", "https://h/", "HTTPS://H:8443/a/b/", "http://192.0.2.1:1/%20/",
                "http://[2001:db8::1]:80/x"):
        got = rest("POST", "/apis", api_body(target_url=url))
        is_eq((got.status, got.body.get("target_url")), (201, url), f"{url} is taken")

with case("listen_path"):
    for path in ("/admin", "/admin/", "/admin/x", "/admin/api/v1", "/portal", "/portal/keys/",
                 "/healthz", "/healthz/x/", "/readyz/", "/metrics", "/metrics/a/b", "/",
                 "/.well-known", "/.well-known/", "/.well-known/acme-challenge",
                 "/.well-known/acme-challenge/x"):
        problem(rest("POST", "/apis", api_body(listen_path=path)), 422, "reserved_path", path,
                "listen_path")
        problem(rest("PATCH", "/apis/" + apis_only["id"], {"listen_path": path}), 422,
                "reserved_path", f"{path} by PATCH", "listen_path")
    for path in ("x", "", "//x", "/x//y", "/x/../y", "/./x", "/%2e%2e/admin", "/%61dmin/", "/x?y",
                 "/x#y", "/x y", "/x\\y", "/ü/", "/%zz", "/%00", "/{x}", "http://h/x",
                 "/" + "x" * 1024):
        problem(rest("POST", "/apis", api_body(listen_path=path)), 422, "bad_value",
                f"{path[:40]!r} is no path", "listen_path")
    for path in ("/my%20api/", "/caf%c3%a9/", "/café/", "/my api/", "/admin%2fx/", "/x;v=1/", "/x;", "/a%2Fb"):
        got = rest("POST", "/apis", api_body(listen_path=path))
        problem(got, 422, "bad_value", f"{path} is refused", "listen_path")
        told = got.body["errors"][0]["message"]
        ok("/my-api/" in told and "%XX" not in told, "and it is said what to write") or diag(told)
    for path, want in (("/adminx", "/adminx/"), ("/x/admin/", "/x/admin/"), ("/A-b_c.d~e", "/A-b_c.d~e/"),
                       ("/a:b@c!$&'()*+,=/", "/a:b@c!$&'()*+,=/"),
                       ("/.well-known/other", "/.well-known/other/")):
        got = rest("POST", "/apis", api_body(listen_path=path))
        is_eq((got.status, got.body.get("listen_path")), (201, want), f"{path} is {want}")
        called = json_module.loads(site.fcgi({"REQUEST_URI": want + "x"}).body)["code"]
        is_eq(called, "credential_missing", "and can be called")

with case("clashes"):
    api = new_api(sites=["one", "two"])
    problem(rest("POST", "/apis", api_body(name=api["name"])), 409, "name_in_use",
            "an API of the same name")
    other = new_api()
    problem(rest("PATCH", "/apis/" + other["id"], {"name": api["name"]}), 409, "name_in_use",
            "renamed to it")
    same = api["listen_path"]
    problem(rest("POST", "/apis", api_body(listen_path=same)), 409, "listen_path_in_use",
            "the same path on all sites")
    problem(rest("POST", "/apis", api_body(listen_path=same[:-1], sites=["two"])), 409,
            "listen_path_in_use", "the same path on a shared site")
    problem(rest("PATCH", "/apis/" + other["id"], {"listen_path": same}), 409,
            "listen_path_in_use", "moved to it")
    is_eq(rest("POST", "/apis", api_body(listen_path=same, sites=["three"])).status, 201,
          "the same path on another site")
    is_eq(rest("POST", "/apis", api_body(listen_path=same + "below/")).status, 201,
          "a path below it")
    cert = site.make_cert("clash")
    owner = new_key(name="The Owner", certificate=cert.pem)
    got = rest("POST", "/keys", {"name": "second", "certificate": cert.pem})
    problem(got, 409, "certificate_in_use", "a certificate that has a key")
    like(got.body.get("detail"), "The Owner.*" + owner["id"], "names the key")
    is_eq([k for k in rest("GET", "/keys?q=second").body["items"]], [], "and makes none")
    got = rest("DELETE", "/certificates/" + cert.sha256)
    problem(got, 409, "certificate_in_use", "removing it")
    like(got.body.get("detail"), owner["id"], "names the key, too")
    is_eq(rest("DELETE", f"/certificates/{cert.sha256}?cascade=true").status, 204,
          "unless it is to go from the key, too")
    is_eq(rest("GET", "/keys/" + owner["id"]).body["credentials"], [], "which it then has")
    two = [new_key(name="twins"), new_key(name="twins")]
    ok(two[0]["id"] != two[1]["id"], "two keys may share a name")
    problem(rest("DELETE", "/keys/twins"), 409, "name_ambiguous", "which then names neither")
    is_eq([rest("GET", "/keys/" + k["id"]).status for k in two], [200, 200], "both are there")

with case("50 registrations of one certificate at once"):
    cert = site.make_cert("wanted")
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        got = list(pool.map(lambda n: rest("POST", "/keys",
                                           {"name": f"racer-{n}", "certificate": cert.pem}),
                            range(50)))
    is_eq(sorted(a.status for a in got), [201] + [409] * 49, "one gets it")
    is_eq({a.body.get("code") for a in got if a.status == 409}, {"certificate_in_use"},
          "the others hear why")
    is_eq(len(rest("GET", "/keys?q=racer-").body["items"]), 1, "and one key is made")
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        got = list(pool.map(lambda n: rest("POST", "/apis", api_body(name="only one")).status,
                            range(25)))
    is_eq(sorted(got), [201] + [409] * 24, "likewise one name of an API")

# --- who may ---

ROUTES = [("GET", "/apis", None), ("POST", "/apis", {}), ("GET", f"/apis/{NOWHERE}", None),
          ("PATCH", f"/apis/{NOWHERE}", {}), ("DELETE", f"/apis/{NOWHERE}", None),
          ("GET", "/certificates", None), ("POST", "/certificates", {"pem": partner.pem}),
          ("GET", "/certificates/" + "0" * 64, None),
          ("DELETE", "/certificates/" + "0" * 64, None), ("GET", "/keys", None),
          ("POST", "/keys", {}), ("GET", f"/keys/{NOWHERE}", None),
          ("PATCH", f"/keys/{NOWHERE}", {}), ("DELETE", f"/keys/{NOWHERE}", None),
          ("GET", f"/keys/{NOWHERE}/credentials", None),
          ("POST", f"/keys/{NOWHERE}/credentials", {"token": True}),
          ("GET", f"/keys/{NOWHERE}/credentials/" + "0" * 64, None),
          ("PATCH", f"/keys/{NOWHERE}/credentials/" + "0" * 64, {}),
          ("DELETE", f"/keys/{NOWHERE}/credentials/" + "0" * 64, None)]

with case("without a token"):
    for method, path, body in ROUTES:
        got = rest(method, path, body, token="")
        problem(got, 401, "unauthorized", f"{method} {path[:30]}")
        like(got.headers.get("www-authenticate") or "", "^Bearer ", "says which way")

with case("not a token"):
    key_token = new_key(token=True)["token"]
    digest = hashlib.sha256(site.token.encode()).hexdigest()
    for name, value in (("nothing", ""), ("the scheme alone", "Bearer"),
                        ("the scheme and a space", "Bearer "), ("another", "Bearer " + "a" * 52),
                        ("no scheme", site.token), ("Basic", "Basic " + site.token),
                        ("as a password", "Basic " + base64.b64encode(
                            b"admin:" + site.token.encode()).decode()),
                        ("upper case", "Bearer " + site.token.upper()),
                        ("a digit more", f"Bearer {site.token}a"),
                        ("a digit less", "Bearer " + site.token[:-1]),
                        ("twice", f"Bearer {site.token} {site.token}"),
                        ("a list", f"Bearer {site.token}, Bearer {site.token}"),
                        ("its digest", "Bearer " + digest),
                        ("a key's token", "Bearer " + key_token),
                        ("64 kB", "Bearer " + "a" * 7000),
                        ("the one-time password", "Bearer " + site.password)):
        got = rest("GET", "/apis", token="", headers={"Authorization": value})
        problem(got, 401, "unauthorized", name)
    is_eq(rest("GET", "/apis", token="", headers={"Authorization": "bEARER  " + site.token}).status,
          200, "the scheme's case is free")
    for query in ("access_token", "token", "api_key", "Authorization", "authorization"):
        got = rest("GET", f"/apis?{query}={site.token}", token="")
        problem(got, 401, "unauthorized", f"?{query}=")
    for header in ("X-Api-Key", "X-Authorization", "Cookie", "Proxy-Authorization", "Token"):
        got = rest("GET", "/apis", token="", headers={
            header: ("token=" if header == "Cookie" else "") + site.token})
        problem(got, 401, "unauthorized", f"the field {header}")
    got = rest("POST", "/apis", {**api_body(), "access_token": site.token}, token="")
    problem(got, 401, "unauthorized", "in the body")

with case("a viewer"):
    api, key = new_api(), new_key(certificate=site.make_cert("seen").pem)
    sha256 = key["credentials"][0]["sha256"]
    for path in ("/apis", "/apis/" + api["id"], "/keys", "/keys/" + key["id"], "/certificates",
                 "/certificates/" + sha256, f"/keys/{key['id']}/credentials",
                 f"/keys/{key['id']}/credentials/{sha256}"):
        is_eq(rest("GET", path, token=look).status, 200, f"reads {path[:20]}")
    for method, path, body in (
            ("POST", "/apis", api_body()), ("PATCH", "/apis/" + api["id"], {"active": False}),
            ("DELETE", "/apis/" + api["id"], None), ("POST", "/keys", {"name": "x", "token": True}),
            ("PATCH", "/keys/" + key["id"], {"active": False}),
            ("DELETE", "/keys/" + key["id"], None),
            ("POST", "/certificates", {"pem": partner.pem}),
            ("DELETE", "/certificates/" + sha256, None),
            ("DELETE", f"/certificates/{sha256}?cascade=true", None),
            ("POST", f"/keys/{key['id']}/credentials", {"token": True}),
            ("PATCH", f"/keys/{key['id']}/credentials/{sha256}", {"active": False}),
            ("DELETE", f"/keys/{key['id']}/credentials/{sha256}", None)):
        got = rest(method, path, body, token=look)
        problem(got, 403, "denied", f"may not {method} {path[:24]}")
        if body is not None:
            for junk in ({"no such": 1}, {"name": 5}, []):
                problem(rest(method, path, junk, token=look), 403, "denied", "whatever he sends")
            problem(rest(method, path, token=look, body="{", headers={"Content-Type": JSON}), 403,
                    "denied", "nor what is no JSON")
        ok("token" not in got.body, "and gets no token")
    is_eq((rest("GET", "/apis/" + api["id"]).body, rest("GET", "/keys/" + key["id"]).body["active"],
           len(rest("GET", f"/keys/{key['id']}").body["credentials"])), (api, True, 1),
          "nothing was changed")
    is_eq(rest("POST", "/keys", {"name": "by an admin"}, token=viewer("admin")["token"]).status, 201,
          "an administrator may")

with case("a token that ends"):
    made = viewer("owner")
    is_eq(rest("GET", "/apis", token=made["token"]).status, 200, "works")
    is_eq(site.certgate("token", "set", made["id"], "--role", "viewer").returncode, 0, "is set down")
    problem(rest("POST", "/apis", api_body(), token=made["token"]), 403, "denied",
            "and may no more")
    is_eq(site.certgate("token", "delete", made["id"]).returncode, 0, "is deleted")
    problem(rest("GET", "/apis", token=made["token"]), 401, "unauthorized", "and is refused at once")

# --- methods, types, sizes ---

with case("methods"):
    for path, allow in (("/apis", "GET, HEAD, POST"), (f"/apis/{NOWHERE}",
                                                      "GET, HEAD, PATCH, DELETE"),
                        ("/certificates", "GET, HEAD, POST"),
                        ("/certificates/" + "0" * 64, "GET, HEAD, DELETE"),
                        ("/keys", "GET, HEAD, POST"),
                        (f"/keys/{NOWHERE}", "GET, HEAD, PATCH, DELETE"),
                        (f"/keys/{NOWHERE}/credentials", "GET, HEAD, POST"),
                        (f"/keys/{NOWHERE}/credentials/x", "GET, HEAD, PATCH, DELETE"),
                        ("/openapi.json", "GET, HEAD")):
        for method in ("PUT", "OPTIONS", "PROPFIND", "get", "DELETE", "POST", "PATCH"):
            if method in allow.split(", "):
                continue
            got = rest(method, path, headers={"Content-Type": JSON})
            problem(got, 405, "method_not_allowed", f"{method} {path[:20]}")
            is_eq(set((got.headers.get("allow") or "").split(", ")), set(allow.split(", ")),
                  "says which there are")
    is_eq(rest("TRACE", "/apis").status, 405, "TRACE is none of ours")
    got = rest("POST", "/apis/" + apis_only["id"], {"active": False},
               headers={"X-HTTP-Method-Override": "PATCH"})
    is_eq(got.status, 405, "a method in a field is none")

with case("no such resource"):
    for path in ("", "/", "/api", "/apis/", f"/apis/{NOWHERE}/x", "/users/", "/nothing",
                 "/APIS", "//apis", "/keys//credentials", f"/keys/{NOWHERE}/credentials/",
                 "/openapi.json/", "/openapi"):
        got = rest("GET", path)
        problem(got, 404, "not_found", f"GET {path!r}")
    for path in (f"/apis/{NOWHERE}", "/apis/x%2Fy", "/apis/%20", "/apis/" + "x" * 3000,
                 "/apis/%FF%FE", "/apis/" + "%C3%A9" * 70, "/apis/%3Cscript%3E", "/keys/%27%20OR%201",
                 "/certificates/" + "0" * 64, "/certificates/x", "/certificates/" + "0" * 40,
                 f"/keys/{NOWHERE}/credentials"):
        problem(rest("GET", path), 404, "not_found", f"GET {path[:40]}")
    for path in ("/apis/..", "/apis/%2e%2e/keys", "/apis/%00", "/apis/%0a", "/apis/\\x",
                 "/../../x", "/apis/%zz"):
        got = rest("GET", path)
        ok(got.status in (400, 404), f"GET {path} leads nowhere") or diag(repr(got))

with case("media types"):
    text = json_module.dumps(api_body()).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                 "application/xml", "text/json", "application/jsonx", "application/json5", "json",
                 "application/x-pem-file"):
        problem(rest("POST", "/apis", body=text, content_type=kind), 415,
                "unsupported_media_type", f"{kind} at POST")
        problem(rest("PATCH", "/apis/" + apis_only["id"], body=b"{}", content_type=kind), 415,
                "unsupported_media_type", f"{kind} at PATCH")
    problem(rest("POST", "/keys", body=partner.pem.encode(), content_type="text/plain"), 415,
            "unsupported_media_type", "a key from PEM alone")
    is_eq(rest("POST", "/apis", body=text, content_type="application/json;charset=UTF-8").status,
          201, "parameters are no matter")

with case("bodies"):
    for name, text in (("nothing", b""), ("space", b"  "), ("text", b"hello"), ("half", b'{"name": '),
                       ("list", b"[]"), ("null", b"null"), ("string", b'"x"'), ("number", b"1"),
                       ("after the end", b'{"name": "x"} x'), ("two", b"{}{}"),
                       ("trailing comma", b'{"name": "x",}'), ("single quotes", b"{'name': 'x'}"),
                       ("comment", b'{/**/"name": "x"}'), ("duplicate", b'{"name": "x", "name": "y"}'),
                       ("nested duplicate", b'{"auth": {"keyless": false, "keyless": true}}'),
                       ("escaped duplicate", b'{"name": "x", "n\\u0061me": "y"}'),
                       ("Latin-1", b'{"name": "\xfc"}'), ("overlong", b'{"name": "\xc0\xaf"}'),
                       ("half a surrogate", b'{"name": "\\ud800"}'), ("NUL", b'{"name": "a\\u0000b"}'),
                       ("raw NUL", b'{"name": "a\x00b"}'), ("raw newline", b'{"name": "a\nb"}'),
                       ("UTF-16", '{"name": "x"}'.encode("utf-16")),
                       ("BOM", b'\xef\xbb\xbf{"name": "x"}'),
                       ("NaN", b'{"timeout_ms": NaN}'), ("infinity", b'{"timeout_ms": 1e999}'),
                       ("20 digits", b'{"timeout_ms": 99999999999999999999}'),
                       ("deep", b'{"name":' + b"[" * 100000 + b"]" * 100000 + b"}"),
                       ("deep and open", b"[" * 500000)):
        for path in ("/apis", "/keys", "/certificates"):
            problem(rest("POST", path, body=text), 400, "bad_request", f"{name} at {path}")
        problem(rest("PATCH", "/apis/" + apis_only["id"], body=text), 400, "bad_request",
                f"{name} at PATCH")
    is_eq(rest("GET", "/apis/" + apis_only["id"]).body["revision"], 1, "nothing was changed")
    for size, path, kind in ((512 * 1024 + 1, "/apis", JSON), (5 << 20, "/keys", JSON),
                             (512 * 1024 + 1, "/certificates", JSON),
                             (256 * 1024 + 1, "/certificates", "application/x-pem-file")):
        text = b'{"name": "' + b"x" * (size - 12) + b'"}'
        problem(rest("POST", path, body=text, content_type=kind), 413, "too_large",
                f"{size} bytes at {path}")
    chunks = site.curl(BASE + "/apis", "-H", "Transfer-Encoding: chunked", "-H",
                       "Authorization: Bearer " + site.token, "-H", "Content-Type: " + JSON,
                       data=b" " * (1 << 20))
    is_eq((chunks.status, chunks.json()["code"]), (413, "too_large"), "in chunks as well")
    text = json_module.dumps(api_body()).encode()
    is_eq(site.curl(BASE + "/apis", "-H", "Transfer-Encoding: chunked", "-H",
                    "Authorization: Bearer " + site.token, "-H", "Content-Type: " + JSON,
                    data=text).status, 201, "a small body in chunks is fine")
    is_eq(rest("POST", "/apis", body=b" " * (512 * 1024 - len(text)) + text).status, 409,
          "512 kB are read")

# --- lists ---

with case("lists"):
    made = set()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        # Names that sort as bytes, many of them the same.
        wanted = [f"walk-{n % 40:02d}{'é' if n % 3 == 0 else ''}" for n in range(120)]
        for key in pool.map(lambda name: new_key(name=name, tags=["walked", name[-2:]]), wanted):
            made.add(key["id"])
    for limit in (1, 7, 50, 119, 120, 500):
        got = list(pages(f"/keys?q=walk-&limit={limit}"))
        is_eq([len(p) for p in got if len(p) > limit], [], f"limit {limit}: no page has more")
        seen = [k["id"] for page in got for k in page]
        is_eq((len(seen), set(seen)), (120, made), f"limit {limit}: every key once")
    seen = [(k["name"].encode(), k["id"]) for page in pages("/keys?limit=50") for k in page]
    ok(made <= {k for _, k in seen} and seen == sorted(seen), "all, in the order of names")
    is_eq(len(rest("GET", "/keys").body["items"]), 50, "50 unless asked otherwise")
    is_eq(set(rest("GET", "/keys").body), {"items", "next"}, "items and next, nothing else")
    first = rest("GET", "/keys?q=walk-&limit=10").body
    for gone in first["items"][-3:]:
        rest("DELETE", "/keys/" + gone["id"])
    rest_of = rest("GET", "/keys?q=walk-&limit=500&cursor=" + first["next"]).body
    is_eq(len(rest_of["items"]), 110, "a cursor outlives the record it stands on")
    for query, why in (("limit=0", "limit"), ("limit=501", "limit"), ("limit=-1", "limit"),
                       ("limit=x", "limit"), ("limit=", "limit"), ("limit=1.5", "limit"),
                       ("limit=99999999999999999999", "limit")):
        for path in ("/apis", "/keys", "/certificates"):
            problem(rest("GET", f"{path}?{query}"), 422, "bad_value", f"{path}?{query}", why)
    key = new_key()
    for path in ("/apis", "/keys", "/certificates", f"/keys/{key['id']}/credentials"):
        for cursor in ("x", ".", "zz.x", "6", "616.x", "61", "61.", "0" * 63, "0" * 65, "%25",
                       "%FF", "6" * 2000 + ".x", "-1", "null", "61." + "x" * 200):
            problem(rest("GET", f"{path}?cursor={cursor}"), 422, "bad_value",
                    f"{path[:16]}?cursor={cursor[:20]}", "cursor")
        for query in ("limt=5", "page=2", "offset=1", "filter=x"):
            got = rest("GET", f"{path}?{query}")
            ok(got.status == 400 and query.split("=")[0] in got.body["detail"],
               f"{path[:16]}?{query} is not ignored") or diag(repr(got))
        problem(rest("GET", f"{path}?q=%zz"), 400, "bad_request", f"{path[:16]}: a bad escape")
    empty = rest("GET", "/keys?q=there-is-no-such-key").body
    is_eq(empty, {"items": [], "next": None}, "nothing is an empty list")

with case("searches"):
    cert = site.make_cert("searched", subject="/O=Example & Söhne/CN=Needle", extra=["-utf8"])
    rest("POST", "/certificates", {"pem": cert.pem})
    key = new_key(name="Find <me> 100%", tags=["Blue Team"])
    api = new_api(name="Haystack API")

    def found(resource, q):
        return [i["id"] for i in rest("GET", f"/{resource}?q=" + urllib.parse.quote(q)).body["items"]]

    for q in ("Find", "find <ME>", "<me>", "100%", "blue team", "Blue", key["id"], key["id"][:12]):
        is_eq(found("keys", q), [key["id"]], f"a key by {q!r}")
    for q in ("haystack", "HAYSTACK api", api["id"]):
        is_eq(found("apis", q), [api["id"]], f"an API by {q!r}")
    pairs = re.findall("..", cert.sha256)
    for q in (cert.sha256, cert.sha256.upper(), ":".join(pairs), ":".join(pairs).upper(),
              " ".join(pairs), "sha256:" + cert.sha256, "SHA256 Fingerprint=" + ":".join(pairs).upper(),
              "sha256 Fingerprint=" + ":".join(pairs), cert.sha256[:8], ":".join(pairs[:6]).upper(),
              " ".join(re.findall(".{8}", cert.sha256)), "  " + cert.sha256 + "\n",
              "Needle", "needle", "CN=Needle", "Söhne"):
        is_eq(found("certificates", q), [cert.sha256], f"a certificate by {q[:24]!r}…")
    sha1 = hashlib.sha1(cert.der).hexdigest()
    is_eq(found("certificates", sha1), [], "SHA-1 finds nothing")
    for q in ("' OR '1'='1", "*", ".*", "%", "\\", "\x01"):
        is_eq(rest("GET", "/keys?q=" + urllib.parse.quote(q)).status, 200, f"{q!r} is only text")

with case("a search over more than memory holds at once"):
    # Each of these packs about 100 kB; together they are more than one request may use.
    for n in range(100):
        new_key(name=f"fat-{n:03d}", meta={f"m{i}": "x" * 4000 for i in range(25)})
    got = rest("GET", "/keys?q=there-is-no-such-key")
    is_eq((got.status, got.body.get("items")), (200, []), "ends with an answer")
    got = rest("GET", "/keys?q=fat-099")
    is_eq((got.status, len(got.body.get("items", []))), (200, 1), "and finds the last")
    api = new_api()
    fat = rest("GET", "/keys?q=fat-0&limit=20").body["items"]
    for key in fat:
        rest("PATCH", "/keys/" + key["id"], {"access": [{"api_id": api["id"]}]})
    is_eq(rest("DELETE", "/apis/" + api["id"]).status, 204, "an API goes that many use")
    is_eq([rest("GET", "/keys/" + k["id"]).body["access"] for k in fat[:3]], [[]] * 3,
          "out of all their rights")

# --- hostile texts, and what must not be there ---

with case("texts"):
    for name, text in (("markup", "<script>alert(1)</script>"), ("quotes", "\"'`\\"),
                       ("template", "{{name}} {% x %} ${x} #{x}"), ("bidi", "abc\u202efdp.exe"),
                       ("isolates", "\u2066x\u2069"), ("zero width", "a\u200bb"),
                       ("tags", "a\U000e0041"), ("emoji", "🔑"), ("combining", "e\u0301"),
                       ("path", "../../etc/passwd"), ("format", "%s%n%x"), ("formula", "=1+1"),
                       ("spaces", "  x  "), ("noncharacter", "\ufffe"), ("line separator", "a\u2028b"),
                       ("200 bytes", "é" * 100)):
        got = rest("POST", "/keys", {"name": text, "tags": [text], "meta": {text: text}})
        if got.status == 201:
            again = rest("GET", "/keys/" + got.body["id"]).body
            is_eq(again["meta"], {text: text}, f"{name} comes back as it was")
            # names.t tells their rule.
            normal = unicodedata.normalize("NFC", text.strip())
            is_eq((again["name"], again["tags"]), (normal, [normal]), f"{name} as a name and a tag")
            is_eq(rest("DELETE", "/keys/" + got.body["id"]).status, 204, f"{name} goes again")
        else:
            problem(got, 422, "bad_value", f"{name} is refused")
        got = rest("POST", "/apis", {**api_body(), "listen_path": "/" + text})
        ok(got.status in (201, 422), f"{name} as a path") or diag(repr(got))
        got = rest("POST", "/keys", {"name": "x", "access": [{"api_id": text}]})
        problem(got, 422, "bad_value", f"{name} as an API", "access[0].api_id")
    for code in [*range(1, 32), 127, *range(128, 160)]:
        got = rest("POST", "/keys", {"name": f"a{chr(code)}b"})
        if got.status != 422:
            ok(False, f"control {code:#x} is refused")
            break
    else:
        ok(True, "every control character is refused")
    value = "x" * 4096
    got = rest("POST", "/keys", {"name": fresh(), "meta": {"big": value}})
    is_eq((got.status, got.body.get("meta")), (201, {"big": value}), "4 kB of meta")
    problem(rest("POST", "/keys", {"name": fresh(), "meta": {"big": value + "x"}}), 422,
            "bad_value", "one byte more", "meta.big")

with case("answers"):
    for answer in (rest("GET", "/apis"), rest("GET", "/apis", token=""), rest("GET", "/nowhere"),
                   rest("POST", "/apis", api_body()), rest("OPTIONS", "/apis"),
                   rest("OPTIONS", "/apis", token="", headers={
                       "Origin": "https://evil.example", "Access-Control-Request-Method": "POST",
                       "Access-Control-Request-Headers": "authorization"}),
                   rest("GET", "/apis", headers={"Origin": "https://evil.example"}),
                   rest("GET", "/openapi.json", headers={"Origin": "null"})):
        ok(not [n for n, _ in answer.headers if n.startswith("access-control-")],
           f"{answer.status}: nothing is said to other origins")
        is_eq(answer.headers.get("x-content-type-options"), "nosniff", "no guessing of types")
        is_eq(answer.headers.get("cache-control"), "no-store", "nothing is kept")
        like(answer.headers.get("x-request-id"), r"^[a-z2-7]{26}$", "each has an id")
    got = rest("GET", "/nowhere", headers={"X-Request-Id": "mine"})
    ok(got.headers.get("x-request-id") != "mine", "that a client cannot choose")

with case("what the log says"):
    with open(site.logs + "/supervise.log", errors="replace", encoding="utf-8") as log:
        text = log.read()
    unlike(text, "rest_failed", "no request failed by a fault of ours")
    unlike(text, re.escape(site.token), "the token is not in it")
    unlike(text, "ERROR|runtime error|database_failed", "nor any fault")

done_testing()
