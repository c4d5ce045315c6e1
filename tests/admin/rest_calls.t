#!/usr/bin/python3
"""Calls of REST, whatever the record: who may, methods, paths, media types and
bodies, and what every answer and the log say."""
import base64
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from rest import BASE, JSON, NOWHERE, Rest, api_body, problem  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(admins=3)
site.open()
rest = Rest(site)
look = rest.new_token()["token"]
apis_only = rest.new_api(name="first")
partner = site.make_cert("partner")
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
    key_token = rest.new_key(token=True)["token"]
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
    api, key = rest.new_api(), rest.new_key(certificate=site.make_cert("seen").pem)
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
    is_eq(rest("POST", "/keys", {"name": "by an admin"}, token=rest.new_token("admin")["token"]).status, 201,
          "an administrator may")

with case("a token that ends"):
    made = rest.new_token("owner")
    is_eq(rest("GET", "/apis", token=made["token"]).status, 200, "works")
    is_eq(site.certgate("token", "set", made["id"], "--role", "viewer").returncode, 0, "is set down")
    problem(rest("POST", "/apis", api_body(), token=made["token"]), 403, "denied",
            "and may no more")
    is_eq(site.certgate("token", "delete", made["id"]).returncode, 0, "is deleted")
    problem(rest("GET", "/apis", token=made["token"]), 401, "unauthorized", "and is refused at once")

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
    text = json.dumps(api_body()).encode()
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
    text = json.dumps(api_body()).encode()
    is_eq(site.curl(BASE + "/apis", "-H", "Transfer-Encoding: chunked", "-H",
                    "Authorization: Bearer " + site.token, "-H", "Content-Type: " + JSON,
                    data=text).status, 201, "a small body in chunks is fine")
    is_eq(rest("POST", "/apis", body=b" " * (512 * 1024 - len(text)) + text).status, 409,
          "512 kB are read")

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
    rest.check_log()
done_testing()
