#!/usr/bin/python3
"""What two programs could read in two ways: nested listen paths in other spellings, the gate's own
paths below a prefix, fields that Connection names, tokens bound to a certificate that was revoked,
an API whose target cannot be used."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

with Site() as site:
    partner = site.make_cert("partner")
    open_api = site.make_api("open", auth={"keyless": True})
    secret = site.make_api("secret", listen_path="/open/secret/",
                           target_url=site.upstream_url + "/secret")
    key = site.make_key("partner", partner, secret)

    with case("nested listen paths"):
        is_eq(site.curl("/open/x").status, 200, "the outer one is open")
        is_eq(site.curl("/open/secret/x").status, 401, "the inner one is not")
        is_eq(site.curl("/open/secret/x", cert=partner).status, 200, "but to its key")
        for spelling in ("/open/%73ecret/x", "/open/s%65cre%74/x", "/open//secret/x",
                         "/open///secret/x", "/open/secret;a/x", "/open/secret;a=b;c/x",
                         "/open/%2Fsecret/x", "/open%2Fsecret/x", "/open/;/secret/x",
                         "/%6fpen/secret/x", "/open/secret%2Fx", "/open;v=1/secret/x"):
            answer = site.curl(spelling)
            ok(answer.status in (400, 401, 404), f"{spelling}: not by the outer one")
        for spelling in ("/open/a%20b", "/open/a//b", "/open/a;b=c", "/open/%7euser", "/open/a%2Fb"):
            is_eq(site.curl(spelling).status, 200, f"{spelling}: harmless, so it passes")
        reached = [r["target"] for r in site.upstream_log()]
        ok("/a//b" in reached and "/%7euser" in reached, "as it came")
        ok(not any("SECRET" in t.upper() and t != "/secret/x" for t in reached), "no other spelling arrived")

    with case("the same request again"):
        for path, want in (("/open/a/b?c", "/a/b?c"), ("/open", "/"), ("/open/open/x", "/open/x")):
            site.upstream_clear()
            with site.tls() as sock:
                for _ in range(4):
                    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    read_answer(sock)
            site.curl(path)
            is_eq([r["target"] for r in site.upstream_log()], [want] * 5, f"{path} leads to {want} each time")

    with case("fields that would lead elsewhere"):
        for name in ("X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Original-URL",
                     "X-Original-URI", "X-Rewrite-URL", "X-Script-Name", "X-Forwarded-Host", "Path-Info",
                     "Request-URI", "Certgate-Prefix", "Certgate-Site"):
            site.upstream_clear()
            is_eq(site.curl("/open/secret/x", "-H", f"{name}: /open/x").status, 401, f"{name} opens nothing")
            site.curl("/open/x", "-H", f"{name}: /open/secret/x", cert=partner)
            is_eq([r["target"] for r in site.upstream_log()], ["/x"], "and leads nowhere else")
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            site.upstream_clear()
            site.curl("/open/x", "-H", f"{name}: DELETE")
            is_eq([r["method"] for r in site.upstream_log()], ["GET"], f"{name}: the method stays")

    with case("fields that Connection names"):
        site.upstream_clear()
        is_eq(site.curl("/open/hop", "--http1.1", "-H", "Connection: keep-alive, X-Hop , x-other",
                        "-H", "X-Hop: 1", "-H", "X-Other: 2", "-H", "X-Third: 3").status, 200,
              "passes")
        names = [n.lower() for n, _ in site.upstream_log()[-1]["headers"]]
        ok("x-third" in names, "others arrive")
        ok("x-hop" not in names and "x-other" not in names, "those do not")

    with case("a token bound to a certificate"):
        tokens = site.make_api("tokens", auth={"use_certificate": False})
        bound = site.make_key("bound", None, tokens, token=True)
        token = bound["token"]
        sha256 = key["credentials"][0]["sha256"]
        mine = bound["credentials"][0]["sha256"]
        is_eq(site.rest("PATCH", f"/keys/{bound['id']}/credentials/{mine}",
                        {"bound_to": [sha256]}).status, 200, "is bound")
        is_eq(site.curl("/tokens/x", "-H", f"Authorization: {token}").status, 403, "alone: refused")
        is_eq(site.curl("/tokens/x", "-H", f"Authorization: {token}", cert=partner).status, 200,
              "with it: passes")
        is_eq(site.rest("DELETE", f"/keys/{key['id']}/credentials/{sha256}").status, 204,
              "the certificate is revoked")
        answer = site.curl("/tokens/x", "-H", f"Authorization: {token}", cert=partner)
        is_eq(answer.status, 403, "then it carries the token no more")
        like(answer.body, "credential_inactive", "and that is said")

    with case("a revoked certificate outlives its key"):
        gone = site.make_cert("gone")
        doomed = site.make_key("doomed", gone, secret)
        digest = doomed["credentials"][0]["sha256"]
        is_eq(site.rest("DELETE", f"/keys/{doomed['id']}/credentials/{digest}").status, 204,
              "revoked")
        answer = site.rest("DELETE", f"/certificates/{digest}")
        is_eq((answer.status, answer.body["code"]), (409, "certificate_revoked"),
              "its certificate stays")
        is_eq(site.rest("DELETE", f"/keys/{doomed['id']}").status, 204, "the key is removed")
        like(site.curl("/open/secret/x", cert=gone).body, "credential_inactive", "still refused")
        answer = site.rest("POST", "/keys", {"name": "again", "certificate": gone.pem})
        is_eq((answer.status, answer.body["code"]), (409, "certificate_revoked"),
              "and not registered anew")
        is_eq(site.rest("GET", f"/certificates/{digest}").body["key_id"], None, "it has no key")
        is_eq(site.certgate("verify").returncode, 0, "the store is whole")
        is_eq(site.rest("DELETE", f"/certificates/{digest}?cascade=true").status, 204,
              "an administrator can have it forgotten")
        is_eq(site.rest("POST", "/keys", {"name": "again", "certificate": gone.pem,
                                          "access": [{"api_id": secret["id"]}]}).status, 201,
              "then it can be registered")
        is_eq(site.curl("/open/secret/x", cert=gone).status, 200, "and works")

with Site(prefix="/api") as site:
    with case("the gate's own paths below a prefix"):
        is_eq(site.curl("/api/healthz").status, 200, "are answered where no API is")
        like(site.curl("/api/readyz").body, "ready", "both")
        site.make_api("all", listen_path="/api/", auth={"keyless": True})
        like(site.curl("/api/healthz").body, '"target": "/healthz"', "an API's own path is the API's")
done_testing()
