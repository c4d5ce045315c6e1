#!/usr/bin/python3
"""openapi.json describes the REST interface as it is: every route, every answer, every request."""
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from processes import wait_until  # noqa: E402
from rest import BASE  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# JSON Schema 2020-12, as far as it is used; another keyword would not be checked and fails here.
KEYWORDS = {"writeOnly", "default", "type", "enum", "properties", "items", "additionalProperties", "required", "pattern",
            "minimum", "maximum", "minLength", "maxLength", "format", "description", "readOnly",
            "$ref"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

site = Site()
site.open()
rest = site.rest
answer = rest("GET", "/openapi.json", token="")
doc = answer.body


def resolve(ref):
    if not ref.startswith("#/"):
        raise KeyError(ref)
    node = doc
    for part in ref[2:].split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def is_of(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def faults(schema, value, at="$"):
    """What is wrong with a value; an empty list: nothing."""
    if "$ref" in schema:
        return faults(resolve(schema["$ref"]), value, at)
    found = []
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_of(value, k) for k in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{at}: {value!r} is not {schema['pattern']}")
        if schema.get("format") == "date-time" and \
                not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
            found.append(f"{at}: {value!r} is no time")
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 62):
            found.append(f"{at}: {len(value)} characters")
    if is_of(value, "number") and \
            not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{at}: {value} is out of range")
    if isinstance(value, list) and "items" in schema:
        for n, item in enumerate(value):
            found += faults(schema["items"], item, f"{at}[{n}]")
    if isinstance(value, dict):
        members, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        found += [f"{at}: {n} is missing" for n in schema.get("required", []) if n not in value]
        for name, item in value.items():
            if name in members:
                found += faults(members[name], item, f"{at}.{name}")
            elif more is False:
                found.append(f"{at}: {name} is not described")
            elif isinstance(more, dict):
                found += faults(more, item, f"{at}.{name}")
    return found


def fits(schema, value, name):
    found = faults(schema, value)
    if not ok(not found, name):
        diag(*found[:20])


def walk(node, at="#"):
    """Every node with its place."""
    yield at, node
    if isinstance(node, dict):
        for name, value in node.items():
            yield from walk(value, f"{at}/{name}")
    elif isinstance(node, list):
        for n, value in enumerate(node):
            yield from walk(value, f"{at}/{n}")


def operations():
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def schema_of(path, method, status):
    responses = doc["paths"][path][method]["responses"]
    response = responses.get(str(status), responses.get("default"))
    kind = "application/json" if str(status) in responses else "application/problem+json"
    return response.get("content", {}).get(kind, {}).get("schema")


# --- the validator itself: it has to find what it is there for ---

with case("the validator"):
    strict = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1},
                                               "b": {"type": ["string", "null"], "enum": ["x", None]},
                                               "c": {"type": "array", "items": {"type": "string"}},
                                               "t": {"type": "string", "format": "date-time"}},
              "additionalProperties": False, "required": ["a"]}
    is_eq(faults(strict, {"a": 1, "b": None, "c": ["x"], "t": "2026-01-01T00:00:00Z"}), [],
          "takes what fits")
    for value in ({}, [], {"a": 0}, {"a": True}, {"a": "1"}, {"a": 1, "b": "y"}, {"a": 1, "c": [1]},
                  {"a": 1, "d": 1}, {"a": 1, "t": "2026-01-01"}, {"a": 1.5}, {"a": None}):
        ok(faults(strict, value), f"finds {value}")

# --- the document ---

with case("the document"):
    is_eq((answer.status, answer.headers.get("content-type")), (200, "application/json"),
          "is there without a token")
    like(doc.get("openapi"), r"^3\.1\.\d+$", "is OpenAPI 3.1")
    ok(set(doc) <= {"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks",
                    "components", "security", "tags", "externalDocs"}, "has members of OpenAPI only")
    ok(isinstance(doc["info"].get("title"), str) and isinstance(doc["info"].get("version"), str),
       "has title and version")
    ok(set(doc["components"]) <= {"schemas", "securitySchemes", "parameters", "responses",
                                  "requestBodies", "headers", "examples", "links", "callbacks",
                                  "pathItems"}, "has components of OpenAPI only")
    broken = []
    refs = 0
    for at, node in walk(doc):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            refs += 1
            try:
                resolve(node["$ref"])
            except (KeyError, TypeError):
                broken.append(f"{at}: {node['$ref']}")
    ok(refs > 10 and not broken, "every reference leads somewhere") or diag(*broken)
    used = {node["$ref"] for _, node in walk(doc) if isinstance(node, dict) and "$ref" in node}
    is_eq(sorted(n for n in doc["components"]["schemas"]
                 if f"#/components/schemas/{n}" not in used), [], "and every schema is used")
    for name in doc["components"]["schemas"]:
        like(name, r"^[A-Za-z0-9._-]+$", f"the name {name} is allowed")
    schemes = doc["components"]["securitySchemes"]
    is_eq([s for at, node in walk(doc) if at.endswith("/security") for need in node for s in need
           if s not in schemes], [], "every security scheme is there")
    is_eq(doc.get("security"), [{n: []} for n in schemes], "and asked for unless said otherwise")

with case("schemas"):
    seen = 0

    def check_schema(schema, at):
        global seen
        seen += 1
        bad = set(schema) - KEYWORDS
        if bad:
            ok(False, f"{at}: keywords {bad}")
        kinds = schema.get("type", [])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind not in TYPES and kind not in ("integer", "number"):
                ok(False, f"{at}: type {kind}")
        if "pattern" in schema:
            re.compile(schema["pattern"])
        if "enum" in schema and (not schema["enum"] or len({str(v) for v in schema["enum"]}) !=
                                 len(schema["enum"])):
            ok(False, f"{at}: enum")
        if "enum" in schema:
            for value in schema["enum"]:
                if not any(is_of(value, k) for k in ([kinds] if isinstance(kinds, str) else kinds)):
                    ok(False, f"{at}: {value!r} of the enum is of another type")
        if "$ref" not in schema and not kinds:
            ok(False, f"{at}: says nothing")
        if "default" in schema and (schema.get("readOnly") or faults(schema, schema["default"])):
            ok(False, f"{at}: the default {schema['default']!r}")
        for name, inner in schema.get("properties", {}).items():
            check_schema(inner, f"{at}.{name}")
        for name in schema.get("required", []):
            if name not in schema.get("properties", {}):
                ok(False, f"{at}: requires {name}, which it does not describe")
        if "items" in schema:
            check_schema(schema["items"], at + "[]")
        elif kinds == "array":
            ok(False, f"{at}: of what?")
        if isinstance(schema.get("additionalProperties"), dict):
            check_schema(schema["additionalProperties"], at + ".*")
        # Problem details may get further members at any time (RFC 9457).
        elif kinds == "object" and "additionalProperties" not in schema and \
                not at.startswith("Problem"):
            ok(False, f"{at}: open to anything")

    for name, schema in doc["components"]["schemas"].items():
        check_schema(schema, name)
    for path, method, operation in operations():
        for at, node in walk(operation):
            if at.endswith("/schema"):
                check_schema(node, f"{method} {path}{at}")
    ok(seen > 100, "are all of words that are known")

with case("operations"):
    found = list(operations())
    ok(len(found) >= 20, "there are many")
    for path, method, operation in found:
        name = f"{method.upper()} {path}: "
        bad = []
        if not path.startswith(BASE + "/"):
            bad.append("another path")
        if not operation.get("summary"):
            bad.append("no summary")
        parameters = operation.get("parameters", [])
        in_path = re.findall(r"\{(\w+)\}", path)
        if sorted(p["name"] for p in parameters if p["in"] == "path") != sorted(in_path):
            bad.append("path parameters")
        if len({(p["in"], p["name"]) for p in parameters}) != len(parameters):
            bad.append("a parameter twice")
        for p in parameters:
            if p["in"] not in ("path", "query", "header") or not p.get("schema") or \
                    (p["in"] == "path" and p.get("required") is not True):
                bad.append(f"parameter {p}")
        responses = operation.get("responses", {})
        success = [s for s in responses if s.startswith("2")]
        if len(success) != 1 or "default" not in responses:
            bad.append(f"responses {list(responses)}")
        for status, response in responses.items():
            if not re.fullmatch(r"[1-5]\d\d|default", status) or not response.get("description"):
                bad.append(f"response {status}")
        if success == ["204"] and "content" in responses["204"]:
            bad.append("204 has content")
        acts = re.search(r"/(test|approve)$", path)  # make nothing
        if (method in ("post", "patch", "put") and not acts) != ("requestBody" in operation):
            bad.append("the body")
        elif "requestBody" in operation and method != "put" and "application/json" not in \
                operation["requestBody"]["content"]:
            bad.append("no JSON")
        if method in ("patch", "put", "delete") and "If-Match" not in [p["name"] for p in parameters]:
            bad.append("no If-Match")
        ok(not bad, name + "is whole") or diag(*bad)
    ids = [o.get("operationId") for _, _, o in found if "operationId" in o]
    is_eq(len(ids), len(set(ids)), "no operationId twice")

# --- routes: what is described is there, and what is there is described ---

cert, spare = site.make_cert("one"), site.make_cert("two")
api = site.make_api(sites=["main"])
key = site.make_key("key", cert, api, token=True, tags=["t"], meta={"a": "b"})


def real(path):
    ids = {"apis": api["id"], "keys": key["id"], "certificates": cert.sha256}
    path = path.replace("{id}", ids.get(path[len(BASE) + 1:].split("/")[0], "x"))
    return path.replace("{sha256}", cert.sha256)[len(BASE):]


with case("routes"):
    described = {(p, m.upper()) for p, m, _ in operations()}
    for path, item in doc["paths"].items():
        got = rest("PROPFIND", real(path))
        allowed = set((got.headers.get("allow") or "").split(", ")) - {""}
        want = {m.upper() for m in item if m in METHODS}
        is_eq((got.status, allowed - {"HEAD"}), (405, want),
              f"{path} takes what is described and nothing else")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            got = rest(method, real(path), token="", headers={"Content-Length": "0"}
                       if method in ("POST", "PUT", "PATCH") else None)
            # 401: it is there.  Only openapi.json needs no token.
            want = 405 if (path, method) not in described else \
                200 if doc["paths"][path][method.lower()].get("security") == [] else 401
            is_eq(got.status, want, f"{method} {path}")
        if (path, "GET") in described:
            got, head = rest("GET", real(path)), rest("HEAD", real(path))
            is_eq((head.status, head.headers.get("content-type"), head.body),
                  (got.status, got.headers.get("content-type"), b""), f"HEAD {path} is GET without the body")
    # The reverse: the program's table, as the source has it.
    with open(TREE + "/cgi-bin/admin/rest/rest.c", encoding="utf-8") as source:
        table = set(re.findall(r'\{\{"([A-Z]+)", REST_BASE "([^"]+)"', source.read()))
    ok(len(table) >= 20, "the program's table is found")
    is_eq({(BASE + re.sub(r":(\w+)", r"{\1}", p), m) for m, p in table}, described,
          "every route of the program is described")
    resources = {p[len(BASE) + 1:].split("/")[0] for p in doc["paths"]} - {"openapi.json"}
    ok({"apis", "certificates", "keys"} <= resources, "of the resources those that are "
       "built")

# --- what is answered is what is described ---


def check(method, path, body=None, status=200, described=None, **more):
    """One call; its answer has to fit, and so has its body."""
    got = rest(method, path, body, **more)
    described = BASE + (described or re.sub(
        r"/credentials/[0-9a-f]{64}$", "/credentials/{sha256}",
        re.sub(r"^/(apis|keys|policies|users|organisations|developers|catalogue|"
               r"requests)/[^/?]+", r"/\1/{id}",
               re.sub(r"^/certificates/.+", "/certificates/{sha256}", path.split("?")[0]))))
    name = f"{method} {path[:60]} -> {status}"
    is_eq(got.status, status, name) or diag(repr(got))
    schema = schema_of(described, method.lower(), status)
    if status == 204:
        ok(schema is None and got.body == b"", f"{name}: nothing, as described")
        return got
    fits(schema, got.body, f"{name}: the answer")
    if body is not None and status < 300:
        request = doc["paths"][described][method.lower()]["requestBody"]["content"]
        fits(request["application/json"]["schema"], body, f"{name}: the body")
    return got


with case("answers"):
    check("GET", "/apis")
    made = check("POST", "/apis", {"name": "b", "listen_path": "/b/", "target_url": "http://h/",
                                   "auth": {"use_certificate": True, "trust": "pinned"},
                                   "max_body_bytes": 5, "sites": ["x"],
                                   "allowed_ips": ["192.0.2.0/24"]}, 201).body
    check("GET", "/apis/" + made["id"])
    check("GET", "/apis/" + api["id"])
    check("PATCH", "/apis/" + made["id"], {"active": False})
    check("PATCH", "/apis/" + made["id"], rest("GET", "/apis/" + made["id"]).body)
    check("POST", f"/apis/{api['id']}/test", described="/apis/{id}/test")
    check("POST", "/apis/nothing/test", status=404, described="/apis/{id}/test")
    check("DELETE", "/apis/" + made["id"], status=204)

    check("GET", "/users")
    made = check("POST", "/users", {"name": "u", "role": "admin", "password": "long enough to be one"},
                 201).body
    ok("password" not in made, "a password is never answered")
    check("GET", "/users/" + made["id"])
    check("PATCH", "/users/" + made["id"], {"role": "viewer", "password": "long enough again"})
    check("PATCH", "/users/" + made["id"], rest("GET", "/users/" + made["id"]).body)
    for bad in ({"name": "v"}, {"name": "v", "password": "short"}, {"name": "v", "password": 5}):
        check("POST", "/users", bad, 422, described="/users")
    badge = site.make_cert("badge")
    certs = "/users/{id}/certificates"
    check("POST", f"/users/{made['id']}/certificates", {"certificate": badge.pem}, 201, described=certs)
    check("GET", f"/users/{made['id']}/certificates", described=certs)
    for method, status in (("GET", 200), ("DELETE", 204), ("GET", 404)):
        check(method, f"/users/{made['id']}/certificates/{badge.sha256}", status=status,
              described=certs + "/{sha256}")
    check("DELETE", "/users/" + made["id"], status=204)

    check("GET", "/organisations")
    org = check("POST", "/organisations", {"name": "Acme", "contacts": ["Ops@Acme.example"]}, 201).body
    is_eq(org["contacts"], ["ops@acme.example"], "addresses are kept in lower case")
    check("GET", "/organisations/" + org["id"])
    check("PATCH", "/organisations/" + org["id"], {"active": False})
    check("PATCH", "/organisations/" + org["id"], rest("GET", "/organisations/" + org["id"]).body)
    check("PATCH", "/organisations/" + org["id"], {"active": True})
    check("GET", "/developers")
    dev = check("POST", "/developers", {"name": "Ann", "email": "Ann@Acme.example", "organisation_id": "Acme",
                                        "role": "manager", "password": "long enough to be one"}, 201).body
    is_eq((dev["email"], dev["organisation_id"]), ("ann@acme.example", org["id"]), "a developer of it")
    ok("password" not in dev and "password_hash" not in dev, "a developer's password is never answered")
    check("GET", "/developers/" + dev["id"])
    check("PATCH", "/developers/" + dev["id"], {"role": "member", "password": "long enough again"})
    check("PATCH", "/developers/" + dev["id"], rest("GET", "/developers/" + dev["id"]).body)
    for bad in ({"name": "v"}, {"name": "v", "email": "x"}, {"name": "v", "email": "a@b.example", "password": "short"},
                {"name": "v", "email": "a@b.example", "organisation_id": "nobody"}):
        check("POST", "/developers", bad, 422, described="/developers")
    check("POST", "/developers", {"name": "v", "email": "ANN@acme.example"}, 409)
    check("GET", f"/developers/{dev['id']}/export", described="/developers/{id}/export")
    check("DELETE", "/organisations/" + org["id"], status=409)
    own = check("POST", "/developers", {"name": "Bo", "email": "bo@b.example"}, 201).body
    is_eq(rest("GET", "/organisations/" + own["organisation_id"]).body["name"], "Bo",
          "who names no organisation gets one")
    plan = check("POST", "/policies", {"name": "plan", "applies": ["access"],
                                       "access": [{"api_id": api["id"]}]}, 201).body
    entry = check("POST", "/catalogue", {"name": "e", "policy_id": "plan", "proof": "optional",
                                         "description": "# A\n\nB [c](mailto:a@b.example)\r\n",
                                         "documentation_url": "https://d.example"}, 201).body
    is_eq((entry["policy_id"], entry["description"][:6]), (plan["id"], "# A\n\nB"), "the policy by name")
    check("GET", "/catalogue")
    check("GET", "/catalogue/" + entry["id"])
    check("PATCH", "/catalogue/" + entry["id"], {"approval": "manual", "renewal": "approval"})
    check("PATCH", "/catalogue/" + entry["id"], rest("GET", "/catalogue/" + entry["id"]).body)
    for bad in ({"name": "f"}, {"name": "f", "policy_id": "none"},
                {"name": "f", "policy_id": plan["id"], "description": "[x](javascript:alert(1))"},
                {"name": "f", "policy_id": plan["id"], "description": "![x](https://e.example/p)"},
                {"name": "f", "policy_id": plan["id"], "description": "![x](//e.example/p)"},
                {"name": "f", "policy_id": plan["id"], "documentation_url": "mailto:a@b.example"}):
        check("POST", "/catalogue", bad, 422, described="/catalogue")
    check("POST", "/catalogue", {"name": "e", "policy_id": plan["id"]}, 409)
    asking = {"developer_id": dev["id"], "catalogue_id": entry["id"]}
    asked = [check("POST", "/requests", {**asking, "name": f"k{n}", **more}, 201).body
             for n, more in enumerate(({"token": True}, {"certificate": site.make_cert("asked").pem}))]
    check("GET", "/requests")
    for query in ("status=pending", "developer_id=" + dev["id"], "catalogue_id=" + entry["id"]):
        is_eq(len(rest("GET", "/requests?" + query).body["items"]), 2, f"/requests?{query}")
    page = check("GET", "/requests?status=pending&limit=1").body
    is_eq([len(page["items"]), len(rest("GET", "/requests?status=pending&limit=1&cursor=" +
                                        page["next"]).body["items"])], [1, 1], "in pages")
    check("GET", "/requests/" + asked[0]["id"])
    for bad in ({**asking, "name": "x"}, {**asking, "token": True}, {"name": "x", "token": True},
                {**asking, "name": "x", "certificate": "nonsense"}):
        check("POST", "/requests", bad, 422, described="/requests")
    check("POST", "/requests", {**asking, "name": "x", "status": "approved"}, 400, described="/requests")
    act = "/requests/{id}/"
    check("POST", f"/requests/{asked[1]['id']}/approve", {"x": 1}, 400, described=act + "approve")
    check("POST", f"/requests/{asked[0]['id']}/decline", {"reason": 5}, 422, described=act + "decline")
    check("POST", f"/requests/{asked[0]['id']}/decline", {"reason": "no"}, described=act + "decline")
    check("POST", f"/requests/{asked[0]['id']}/decline", described=act + "decline")
    check("POST", f"/requests/{asked[0]['id']}/approve", status=409, described=act + "approve")
    check("POST", f"/requests/{asked[1]['id']}/approve", described=act + "approve")
    check("GET", "/requests?key_id=" + rest("GET", "/requests/" + asked[1]["id"]).body["key_id"])
    check("DELETE", "/catalogue/" + entry["id"], status=204)
    check("GET", "/catalogue/" + entry["id"], status=404)
    check("DELETE", "/policies/plan?detach=true", status=204, described="/policies/{id}")

    check("DELETE", "/developers/" + dev["id"], status=204)
    check("GET", "/organisations/" + org["id"], status=404)
    check("DELETE", "/developers/" + own["id"], status=204)
    check("DELETE", "/organisations/" + check("POST", "/organisations", {"name": "Empty"}, 201).body["id"],
          status=204)

    check("GET", "/settings")
    check("PATCH", "/settings", {"base_urls": {"gate": "https://api.example.org"}, "sign_up": "closed",
                                 "terms": "# Terms\n\nBe kind.", "mail_from": "api@example.org"})
    check("PATCH", "/settings", rest("GET", "/settings").body)
    check("PATCH", "/settings", {"mail_from": "nobody"}, 422)

    check("GET", "/keys")
    full = check("POST", "/keys", {"name": "full", "certificate": spare.pem + spare.key_pem,
                                   "token": True, "expires_at": "2099-01-01T00:00:00Z",
                                   "access": [{"api_id": api["id"], "methods": ["GET"],
                                               "paths": ["/x/*"]}],
                                   "tags": ["a"], "meta": {"b": "c"}}, 201).body
    bare = check("POST", "/keys", {"name": "bare"}, 201).body
    check("GET", "/keys/" + full["id"])
    check("GET", "/keys/" + bare["id"])
    check("PATCH", "/keys/" + bare["id"], {"active": False})
    check("GET", "/keys?limit=1&q=full")
    path = f"/keys/{full['id']}/credentials"
    token = next(c["sha256"] for c in full["credentials"] if c["type"] == "token")
    check("GET", path)
    check("GET", path + "?limit=1")
    check("POST", path, {"token": True}, 201)
    third = site.make_cert("three")
    check("POST", path, {"certificate": third.pem}, 201)
    check("GET", f"{path}/{third.sha256}")
    check("PATCH", f"{path}/{token}", {"bound_to": [third.sha256],
                                       "ends_at": "2099-01-01T00:00:00Z",
                                       "active_from": "2026-01-01T00:00:00Z"})
    check("GET", f"{path}/{token}")
    check("DELETE", f"{path}/{third.sha256}", status=204)
    check("GET", f"{path}/{third.sha256}")
    check("GET", "/keys/" + full["id"])

    check("GET", "/policies")
    policy = check("POST", "/policies", {
        "name": "gold", "applies": ["access", "rate", "quota"], "tags": ["a"],
        "access": [{"api_id": api["id"], "paths": ["/x/*"], "separate": True,
                    "rate": {"limit": 5, "per_seconds": 1}}],
        "rate": {"limit": 100, "per_seconds": 60}, "quota": {"limit": 9, "period": "week"},
        "key_lifetime_days": 90}, 201).body
    check("GET", "/policies/" + policy["id"])
    check("PATCH", "/policies/" + policy["id"], {"quota": None})
    check("PATCH", "/keys/" + bare["id"], {"policy_ids": ["gold"], "max_concurrent": 5,
                                           "rate": {"limit": 1, "per_seconds": 1}})
    check("GET", "/keys/" + bare["id"] + "/effective")
    check("DELETE", "/policies/" + policy["id"], status=409)
    check("DELETE", "/policies/" + policy["id"] + "?detach=perhaps", status=422)
    check("DELETE", "/policies/" + policy["id"] + "?detach=true", status=204)

    # A key with a quota, one without, nobody's.
    quick = site.make_key("quick", api=api, token=True, quota={"limit": 9, "period": "hour"})
    for token in (quick["token"], key["token"], "a-token-that-nobody-has-0123456789"):
        site.curl("/mtls-api/x", "-H", f"Authorization: Bearer {token}")
    wait_until(lambda: len(rest("GET", "/usage?group_by=key").body["items"]) == 3, "the counts")
    for query in ("", "?step=minute", "?step=hour&group_by=api", "?step=day&group_by=key",
                  "?group_by=key", "?group_by=status", "?group_by=code&api_id=" + api["id"]):
        check("GET", "/usage" + query)
    check("GET", "/usage?step=week", status=422)

    check("GET", "/certificates")
    fourth = site.make_cert("four", extra=["-addext", "subjectAltName=DNS:x"])
    check("POST", "/certificates", {"pem": fourth.pem, "kind": "client"}, 201)
    check("GET", "/certificates/" + fourth.sha256)
    check("GET", "/certificates/" + cert.sha256)
    check("DELETE", "/certificates/" + fourth.sha256, status=204)
    # Of the corpus: subjects that are empty, odd, long.
    for name in ("empty-subject", "san-300", "utf8-umlaut", "notafter-9999", "xss-script-cn", "v1"):
        with open(f"{TREE}/tests/certs/content/{name}.pem", encoding="latin-1") as text:
            pem = text.read()
        got = rest("POST", "/certificates", {"pem": pem})
        if got.status == 201:
            fits(schema_of(BASE + "/certificates", "post", 201), got.body, f"{name}: POST")
            check("GET", "/certificates/" + got.body["id"])
        else:
            fits(schema_of(BASE + "/certificates", "post", got.status), got.body,
                 f"{name}: a refusal")

    check("DELETE", "/keys/" + full["id"], status=204)
    check("GET", "/apis", status=401, token="")
    check("GET", "/apis/nowhere", status=404)
    check("POST", "/apis", {"nmae": 1}, 400)
    check("POST", "/apis", {"name": 1, "auth": {"use_token": False}}, 422)
    check("POST", "/apis", {"name": api["name"], "listen_path": "/x/", "target_url": "http://h/"},
          409)
    check("POST", "/keys", {"name": "x", "certificate": cert.pem}, 409)
    check("PATCH", "/apis/" + api["id"], {"active": False}, 412, headers={"If-Match": '"99"'})

with case("lists"):
    # Something in each of them, and something missing in each.
    rest("POST", "/exposed-keys", {"spki_sha256": "a" * 64})
    rest("POST", "/policies", {"name": "listed", "applies": ["rate"]})
    rest("POST", "/catalogue", {"name": "listed", "policy_id": "listed"})
    rest("POST", "/users", {"name": "listed", "password": "long enough to be one"})
    site.certgate("token", "create", "--name", "of a year")
    site.curl("/nowhere")
    site.curl("/mtls-api/", cert=site.make_cert("stranger"))
    filled = set()
    for path, method, operation in operations():
        if method == "get" and "{" not in path and not path.endswith("openapi.json"):
            got = check("GET", path[len(BASE):]).body
            if got.get("items"):
                filled.add(path[len(BASE):])
            for item in got.get("items") or []:
                one = f"{path[len(BASE):]}/{item.get('id')}"
                if f"{path}/{{id}}" in doc["paths"]:
                    check("GET", one, described=path[len(BASE):] + "/{id}")
    is_eq({"/apis", "/keys", "/policies", "/catalogue", "/users", "/tokens", "/audit", "/refusals",
           "/certificates", "/exposed-keys", "/usage"} - filled, set(), "none is empty")

with case("what has to be given, and what it is if not"):
    long_one = "long enough to be one"
    for path, least in (
            ("/apis", lambda n: {"name": n, "listen_path": f"/{n}/", "target_url": "http://h/"}),
            ("/keys", lambda n: {"name": n}), ("/users", lambda n: {"name": n, "password": long_one}),
            ("/organisations", lambda n: {"name": n}),
            ("/developers", lambda n: {"name": n, "email": n + "@example.org"}),
            ("/policies", lambda n: {"name": n}), ("/tokens", lambda n: {"name": n}),
            ("/catalogue", lambda n: {"name": n, "policy_id": "listed"}),
            ("/exposed-keys", lambda n: {"spki_sha256": hashlib.sha256(n.encode()).hexdigest()})):
        schema = resolve(doc["paths"][BASE + path]["post"]["requestBody"]["content"]
                         ["application/json"]["schema"]["$ref"])
        # Whatever else must be there, the schema cannot say.
        more = {"key_lifetime_days": 9} if path == "/policies" else {}
        is_eq(sorted(schema.get("required", [])), sorted(least("x")), f"{path}: what is required")
        for n, member in enumerate(least("x")):
            body = {**least(f"without{n}"), **more}
            del body[member]
            for given in (body, {**body, member: None}):
                got = rest("POST", path, given)
                # What is wrong makes no organisation, which is told as well.
                told = {e["field"] for e in got.body.get("errors", [])} - {"organisation_id"}
                is_eq((got.status, told), (422, {member}), f"{path} without {member}")
        made = check("POST", path, {**least("least"), **more}, 201).body

        def compare(members, got, at):
            for name, inner in members.items():
                if inner.get("readOnly") or inner.get("writeOnly") or f"{at}{name}" in sent or \
                        name in ("certificate", "token"):
                    continue
                if "properties" in inner and isinstance(got.get(name), dict):
                    compare(inner["properties"], got[name], f"{at}{name}.")
                elif "default" in inner:
                    is_eq(got[name], inner["default"], f"{path}: {at}{name} as described")
                # The descriptions say what these are.
                elif name not in {"/tokens": ["expires_at"],
                                  "/developers": ["organisation_id", "role"]}.get(path, []):
                    ok(got[name] is None and "null" in inner["type"],
                       f"{path}: {at}{name} has no default") or diag(repr(got[name]))

        sent = {**least("x"), **more}
        compare(schema["properties"], made, "")

with case("what is refused is described as such"):
    # A member that the schema does not have is one that the program refuses, and the reverse.
    for path, schema, base in (("/apis", "Api", {"name": "s", "listen_path": "/s/",
                                                 "target_url": "http://h/"}),
                               ("/policies", "Policy", {"name": "s", "applies": ["access"]}),
                               ("/keys", "KeyNew", {"name": "s"})):
        members = doc["components"]["schemas"][schema]["properties"]
        for member, inner in members.items():
            got = rest("POST", path, {**base, member: base.get(member)})
            if inner.get("readOnly"):
                got = rest("POST", path, {**base, member: "x"})
                is_eq(got.status, 422, f"{path}: {member} is read only")
            else:
                ok(got.status != 400, f"{path}: {member} is known") or diag(repr(got))
                if got.status == 201:
                    rest("DELETE", f"{path}/{got.body['id']}")
        for member in ("credentials", "private_key_dropped", "notices", "x"):
            if member not in members:
                is_eq(rest("POST", path, {**base, member: None}).status, 400,
                      f"{path}: {member} is not")

done_testing()
