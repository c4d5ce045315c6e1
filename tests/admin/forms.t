#!/usr/bin/python3
"""What a page can do, REST can do, and the other way about: by the tables of routes, the members that
openapi.json says can be written, and the fields of all forms."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import TREE  # noqa: E402
from rest import BASE  # noqa: E402
from show_pages import fill, owner  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)

# Fields of forms that are no members: how pages work, and parameters of what REST does by query.
FIELDS = {
    "csrf_token", "once", "had", "revision", "do", "q", "cursor", "upload",  # every form
    "type",  # certificate or token: REST has a member for each
    "status", "credential", "tag",  # filters of a list: parameters of REST's list
    "reason", "detach", "cascade",  # parameters of removals
    "methods", "paths",  # of APIs that are ticked anew: access.methods, access.paths
    "auth",  # the choice between keyless and not: auth.keyless
    "current", "new", "repeat", "everywhere", "user", "username", "with",  # signing in and out, by sessions alone
    "upstream_tls.client_key.remove",  # null
    "secret_headers.keep", "secret_headers.had",  # secret_headers: value true
    "access.remove",  # an entry less
    "access",  # APIs that are ticked: access.api_id
    "list",  # the body itself
    "url", "method", "address", "request_id", "sha256", "code", "api_id", "key_id", "at", "api", "group_by", "from", "key",
    "step", "to", "status", "credential", "policy_id", "tag",  # reading
}
# Members that pages set otherwise than by a field of their name.
MEMBERS = {
    "auth.keyless": "auth", "token": "type", "pem": "certificate",
    "User.password": "POST /admin/users/:id/reset", "User.must_change": "POST /admin/users/:id/reset",
    "Policy.access": "access.api_id", "Key.access": "access.api_id",
    "Key.active": "POST /admin/keys/:id/switch",
    # Requests are made in the portal, by the developer.
    "KeyRequest.developer_id": "GET /admin/requests", "KeyRequest.catalogue_id": "GET /admin/requests",
}
# What each POST of a page does, as REST does it; None: it has to do with the browser's session.
ROUTES = {
    "/admin/login": None, "/admin/logout": None, "/admin/password": None,
    "/admin/apis/new": "POST /apis", "/admin/apis/:id": "PATCH /apis/{id}",
    "/admin/apis/:id/test": "POST /apis/{id}/test", "/admin/apis/:id/delete": "DELETE /apis/{id}",
    "/admin/keys/new": "POST /keys", "/admin/keys/:id/edit": "PATCH /keys/{id}",
    "/admin/keys/:id/access": "PATCH /keys/{id}", "/admin/keys/:id/switch": "PATCH /keys/{id}",
    "/admin/keys/:id/delete": "DELETE /keys/{id}",
    "/admin/keys/:id/credentials/new": "POST /keys/{id}/credentials",
    "/admin/keys/:id/credentials/:sha256": "PATCH /keys/{id}/credentials/{sha256}",
    "/admin/keys/:id/credentials/:sha256/revoke": "DELETE /keys/{id}/credentials/{sha256}",
    "/admin/policies/new": "POST /policies", "/admin/policies/:id": "PATCH /policies/{id}",
    "/admin/policies/:id/access": "PATCH /policies/{id}",
    "/admin/policies/:id/delete": "DELETE /policies/{id}",
    "/admin/certificates/new": "POST /certificates",
    "/admin/certificates/:sha256/delete": "DELETE /certificates/{sha256}",
    "/admin/certificates/:sha256/crl": "PUT /certificates/{sha256}/crl",
    "/admin/certificates/:sha256/crl/delete": "DELETE /certificates/{sha256}/crl",
    "/admin/exposed-keys": "POST /exposed-keys",
    "/admin/exposed-keys/:sha256/delete": "DELETE /exposed-keys/{sha256}",
    "/admin/refusals/:id/key": "POST /refusals/{id}/key",
    "/admin/users/new": "POST /users", "/admin/users/:id": "PATCH /users/{id}",
    "/admin/users/:id/reset": "PATCH /users/{id}", "/admin/users/:id/delete": "DELETE /users/{id}",
    "/admin/users/:id/certificates/new": "POST /users/{id}/certificates",
    "/admin/users/:id/certificates/:sha256/delete": "DELETE /users/{id}/certificates/{sha256}",
    "/admin/settings": "PATCH /settings",
    "/admin/catalogue/new": "POST /catalogue", "/admin/catalogue/:id": "PATCH /catalogue/{id}",
    "/admin/catalogue/:id/delete": "DELETE /catalogue/{id}",
    "/admin/requests/:id/approve": "POST /requests/{id}/approve",
    "/admin/requests/:id/decline": "POST /requests/{id}/decline",
    "/admin/developers/new": "POST /developers", "/admin/developers/:id": "PATCH /developers/{id}",
    "/admin/developers/:id/delete": "DELETE /developers/{id}",
    "/admin/organisations/new": "POST /organisations",
    "/admin/organisations/:id": "PATCH /organisations/{id}",
    "/admin/organisations/:id/delete": "DELETE /organisations/{id}",
    "/admin/keys/:id/transfer": "PATCH /keys/{id}",
    "/admin/tokens": "POST /tokens", "/admin/tokens/:id": "PATCH /tokens/{id}",
    "/admin/tokens/:id/delete": "DELETE /tokens/{id}",
}

with site:
    boss = owner(site)
    pages = fill(site)
    doc = site.rest("GET", "/openapi.json").body
    schemas = doc["components"]["schemas"]

    def resolve(schema):
        return resolve(schemas[schema["$ref"].rsplit("/", 1)[1]]) if "$ref" in schema else schema

    def members(schema, at=""):
        """Dotted names of what can be written; of lists of objects those of their entries."""
        for name, inner in resolve(schema).get("properties", {}).items():
            inner = resolve(inner)
            if inner.get("readOnly") or at + name == "credentials":
                continue
            items = resolve(inner.get("items", {}))
            if "properties" in inner and inner["properties"]:
                yield from members(inner, f"{at}{name}.")
            # A header rule is one line of its field.
            elif "properties" in items and set(items["properties"]) != {"name", "value"}:
                yield from members(items, f"{at}{name}.")
            else:
                yield at + name

    # Of each resource what a body can hold.
    writable = {}
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            # An action has what it takes in place, and no record.
            if method in ("post", "patch") and body and "$ref" in body["schema"]:
                name = body["schema"]["$ref"].rsplit("/", 1)[1]
                writable.setdefault(re.sub("New$", "", name), set()).update(members(body["schema"]))
    told = {}  # where computed members stand in a record: they cannot be written
    for name in writable:
        told[name] = {m for m in writable[name] if m in (
            "x5t_s256", "usages", "key_id", "api_ids", "private_key_dropped", "notices")}

    # All forms of all pages.
    fields, posts = {}, set()
    for path in pages.values():
        for form in boss.get(path).forms:
            for field in form.fields:
                if field.name:
                    fields.setdefault(re.sub(r"\.\d+\.", ".", field.name), set()).add(form.action)
    with open(TREE + "/cgi-bin/admin/pages/pages.c", encoding="utf-8") as source:
        table = re.findall(r'\{"(GET|POST)", "(/admin[^"]*)"', source.read())

    with case("routes"):
        described = {f"{m.upper()} {p[len(BASE):]}" for p, item in doc["paths"].items() for m in item}
        posted = {p for m, p in table if m == "POST"}
        is_eq(sorted(posted - set(ROUTES)), [], "of every POST of a page is said how REST does it")
        is_eq(sorted(set(ROUTES) - posted), [], "and of no other")
        is_eq(sorted({r for r in ROUTES.values() if r} - described), [], "REST has each of them")
        changing = {r for r in described if r.split()[0] not in ("GET", "HEAD")}
        # A request is made in the portal.
        is_eq(sorted(changing - set(ROUTES.values()) - {"POST /requests"}), [],
              "and pages do all that REST does")

    with case("members"):
        ok(sum(len(m) for m in writable.values()) > 100, "the members are found")
        for name, wanted in sorted(writable.items()):
            missing = [m for m in sorted(wanted - told[name]) if m not in fields and
                       MEMBERS.get(f"{name}.{m}", MEMBERS.get(m)) is None]
            is_eq(missing, [], f"{name}: every member has a field")
        for name, by in MEMBERS.items():
            ok(by in fields or tuple(by.split()) in table, f"{name} is set by {by}")

    with case("fields"):
        ok(len(fields) > 50, "the fields are found")
        known = {m for wanted in writable.values() for m in wanted}
        is_eq(sorted(set(fields) - known - FIELDS), [], "every field of a form is a member")

done_testing()
