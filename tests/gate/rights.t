#!/usr/bin/python3
"""What a key may call, and from where: paths, methods, addresses.  Each refusal is the row of the contract's
table."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from refusals import NO_ADDRESS, NO_API, NO_RESOURCE, Refusals  # noqa: E402
from tap import case, done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

site = Site()
calls = Refusals(site)
curl, passes, patch, refused, straight = (
    calls.curl, calls.passes, calls.patch, calls.refused, calls.straight)

PATTERNS = [
    ("/exact", ["/exact", "/exact?admin=1"],
     ["/exact/", "/exactly", "/Exact", "/exact%2F", "/%65xact", "/exact;x", "//exact",
      "/x/exact", "/exact/x", "/", "", "?/exact", "/x?/exact"]),
    ("/below/*", ["/below/", "/below/a", "/below/a/b%2Fc//d", "/below/..."],
     ["/below", "/belowx/a", "/below%2Fa", "/x/below/a", "/Below/a", "//below/a"]),
    ("/u/{id}/orders", ["/u/7/orders", "/u/a%2Fb/orders", "/u/%7Bid%7D/orders"],
     ["/u//orders", "/u/7/8/orders", "/u/7/orders/", "/u/7/order", "/u/7", "/U/7/orders"]),
    ("/u/{id}/*", ["/u/7/", "/u/7/x/y"], ["/u/7", "/u//x", "/u/"]),
    ("/", ["/", ""], ["/x", "//"]),
    ("/*", ["/", "", "/x", "//", "/a/b"], []),
]
NO_PATTERNS = ["x", "", "/a/../b", "/a/./b", "/%2e%2e/b", "/a/*/b", "/a*", "//", "/a b", "/a%",
               "/a%zz", "/a?b", "/a\\b", "/{}", "/{a}{b}", "/%00"]


def access_rows():
    """Paths and methods."""
    by_path = (403, "path_not_allowed", NO_RESOURCE, "access rights do not cover this path")
    for pattern, good, bad in PATTERNS:
        key = site.make_key("paths", token=True,
                            access=[{"api_id": mtls["id"], "paths": [pattern]}])
        for path in good:
            passes(f"{pattern} has “{path}”", "/mtls-api" + path, key, token=key["token"])
        for path in bad:
            refused(f"{pattern} has not “{path}”", "/mtls-api" + path, *by_path,
                    token=key["token"])
    dots = site.make_key("dots", token=True, access=[{"api_id": mtls["id"], "paths": ["/p/*"]}])
    for path in "/p/%2e%2e/q", "/p/..;a/q", "/p/..%2fq", "/p/.%2e/q":
        refused(f"no way out by “{path}”", "/mtls-api" + path, 400, "bad_request", None,
                "dot segment", how=straight, token=dots["token"])
    for pattern in NO_PATTERNS:
        done = site.rest("POST", "/keys", {"name": "no", "access": [
            {"api_id": mtls["id"], "paths": [pattern]}]})
        is_eq(done.status, 422, f"“{pattern}” is refused as a pattern")

    get = site.make_key("GET", token=True, access=[{"api_id": mtls["id"], "methods": ["GET"]}])
    passes("GET, as allowed", "/mtls-api/x", get, token=get["token"])
    for method in "POST", "get", "GETX", "OPTIONS", "PROPFIND":
        refused(f"{method}, where GET is allowed", "/mtls-api/x", 403, "method_not_allowed",
                NO_RESOURCE, f"do not cover the method {method}",
                how=lambda path, m=method: curl(path, "-X", m, token=get["token"]))
    is_eq(curl("/mtls-api/x", "-I", token=get["token"]).status, 403, "HEAD is a method of its own")
    passes("a method in a field is not the method", "/mtls-api/x", get,
           how=lambda path: curl(path, "-H", "X-HTTP-Method: POST", token=get["token"]))
    is_eq([r["method"] for r in site.upstream_log()][-1], "GET", "the upstream sees GET")

    several = site.make_key("several", token=True, access=[
        {"api_id": mtls["id"], "methods": ["GET", "HEAD"], "paths": ["/a", "/c/*"]},
        {"api_id": mtls["id"], "methods": ["POST"], "paths": ["/b"]},
        {"api_id": only["id"]}])

    def ask(method):
        return lambda path: curl(path, "-X", method, token=several["token"])

    passes("several entries: the first", "/mtls-api/a", several, how=ask("GET"))
    passes("several entries: the second", "/mtls-api/b", several, how=ask("POST"))
    refused("the path of one, the method of the other", "/mtls-api/a", 403, "method_not_allowed",
            NO_RESOURCE, "method POST", how=ask("POST"))
    refused("and the other way round", "/mtls-api/b", 403, "method_not_allowed", NO_RESOURCE,
            "method GET", how=ask("GET"))
    refused("a path of none", "/mtls-api/d", *by_path, how=ask("GET"))
    refused("an API of none", "/tokens/a", 403, "access_denied", NO_API, "“several”.*“tokens”",
            how=ask("GET"))


ADDRESSES = [
    # allowed, blocked, those that pass, those that do not
    (["192.0.2.0/24"], [], ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"],
     ["192.0.3.1", "127.0.0.1", "2001:db8::1", "", "192.0.2", "192.0.2.1.5", "localhost"]),
    (["192.0.2.7"], [], ["192.0.2.7"], ["192.0.2.8", "192.0.2.70"]),
    (["2001:db8::/32", "198.51.100.0/31"], [], ["2001:db8:1::5", "198.51.100.1"],
     ["2001:db9::", "198.51.100.2", "::1"]),
    ([], ["192.0.2.0/25"], ["192.0.2.128", "::1"], ["192.0.2.127", "::ffff:192.0.2.1"]),
    (["192.0.2.0/24"], ["192.0.2.66"], ["192.0.2.65"], ["192.0.2.66", "198.51.100.1"]),
    (["0.0.0.0/0"], [], ["192.0.2.1", "::ffff:192.0.2.1"], ["2001:db8::1"]),
]


def address_rows():
    """allowed_ips and blocked_ips."""
    no_address = (403, "address_not_allowed", NO_ADDRESS, "are not allowed here: ask.*address")
    api = site.make_api("addresses")
    patch("/keys/" + key_a["id"], access=[*key_a["access"], {"api_id": api["id"]}])
    for allowed, blocked, good, bad in ADDRESSES:
        patch("/apis/" + api["id"], allowed_ips=allowed, blocked_ips=blocked)
        lists = f"allowed {allowed}, blocked {blocked}"
        for address in good:
            passes(f"{lists}: “{address}” may", "/addresses/x", key_a, how=straight, cert=a,
                   REMOTE_ADDR=address)
        for address in bad:
            refused(f"{lists}: “{address}” may not", "/addresses/x", *no_address, how=straight,
                    cert=a, REMOTE_ADDR=address)
    patch("/apis/" + api["id"], allowed_ips=["192.0.2.0/24"], blocked_ips=[])
    refused("by Apache", "/addresses/x", 403, "address_not_allowed", NO_ADDRESS,
            r"127\.0\.0\.1.*ask", cert=a)
    refused("the address comes before the credentials", "/addresses/x", *no_address)
    for field in "X-Forwarded-For", "X-Real-IP", "Client-IP", "Remote-Addr", "True-Client-IP":
        refused(f"{field} moves nobody", "/addresses/x", *no_address,
                how=lambda path, f=field: curl(path, "-H", f + ": 192.0.2.1", cert=a))
    refused("Forwarded moves nobody", "/addresses/x", *no_address,
            how=lambda path: curl(path, "-H", "Forwarded: for=192.0.2.1", cert=a))
    refused("without the proof an address is anybody's word", "/addresses/x", *no_address,
            how=straight, CERTGATE_PROOF=None, REMOTE_ADDR="192.0.2.1", token=token_a)
    patch("/apis/" + api["id"], allowed_ips=["127.0.0.0/8"])
    passes("allowed by Apache", "/addresses/x", key_a, cert=a)
    patch("/apis/" + api["id"], allowed_ips=[], blocked_ips=["127.0.0.1"])
    refused("blocked by Apache", "/addresses/x", *no_address, cert=a)
    for bad in "192.0.2.0/33", "192.0.2", "2001:db8::/129", "example.org", "192.0.2.1/", "":
        done = site.rest("PATCH", "/apis/" + api["id"], {"allowed_ips": [bad]})
        is_eq(done.status, 422, f"“{bad}” is refused as an address")


with site:
    mtls = site.make_api("mtls-api")
    only = site.make_api("certificates", auth={"use_certificate": True, "use_token": False})
    tokens_only = site.make_api("tokens", auth={})
    a = site.make_cert("a")
    key_a = site.make_key("A", a, apis=[mtls, only, tokens_only], token=True)
    token_a = key_a.pop("token")

    for title, part in (("access", access_rows), ("address", address_rows)):
        with case(title):
            part()
    calls.none_arrived(50)
done_testing()
