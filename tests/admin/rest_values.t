#!/usr/bin/python3
"""What REST refuses of a record: members that are not known, values that cannot be,
addresses and paths, what clashes with what is there, and hostile texts."""
import concurrent.futures
import json
import os
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from rest import NOWHERE, Rest, api_body, fresh, problem  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site(admins=3)
site.open()
rest = Rest(site)
apis_only = rest.new_api(name="first")
partner = site.make_cert("partner")

with case("unknown members"):
    api, key = rest.new_api(), rest.new_key()
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
    api, key = rest.new_api(), rest.new_key()
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
            unlike(json.dumps(got.body), "secret", "and not repeated")
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
        called = json.loads(site.fcgi({"REQUEST_URI": want + "x"}).body)["code"]
        is_eq(called, "credential_missing", "and can be called")

with case("clashes"):
    api = rest.new_api(sites=["one", "two"])
    problem(rest("POST", "/apis", api_body(name=api["name"])), 409, "name_in_use",
            "an API of the same name")
    other = rest.new_api()
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
    owner = rest.new_key(name="The Owner", certificate=cert.pem)
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
    two = [rest.new_key(name="twins"), rest.new_key(name="twins")]
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

with case("what the log says"):
    rest.check_log()
done_testing()
