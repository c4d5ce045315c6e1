#!/usr/bin/python3
"""GET /portal/whoami: what it says to each caller, and what it never says."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

# What SSL_CLIENT_VERIFY may say, with and without a certificate -> `received`.
STATES = [
    ("SUCCESS", True, "certificate"), ("GENEROUS", True, "certificate"),
    ("FAILED:self-signed certificate", True, "certificate"),
    ("FAILED:certificate has expired", True, "certificate"),
    (None, True, "certificate"),
    ("NONE", False, "none"), (None, False, "none"), ("", False, "none"),
    ("SUCCESS", False, "not_passed"), ("GENEROUS", False, "not_passed"),
    ("FAILED:error:00000012:lib(0)::reason(18)", False, "refused"),
]
MEMBERS = ["certificate", "detail", "received", "registered", "verify"]

with Site(plain=True) as site:
    partner, stranger = site.make_cert("partner"), site.make_cert("stranger")
    hostile = site.make_cert("hostile", subject="/CN=<script>\x1b[31m\u202eevil\"/O=x",
                             extra=("-utf8",))
    api = site.make_api()
    key = site.make_key("Secret name of a customer", partner, api, tags=["tagged"])

    def direct(**variables):
        """Straight to the portal's socket."""
        proof = variables.pop("proof", True)
        return site.fcgi({"REQUEST_URI": "/portal/whoami", "CERTGATE_PREFIX": "/portal",
                          **variables}, socket_path=site.portal_socket, proof=proof)

    def body_of(got):
        return json.loads(got.body)

    with case("a registered certificate"):
        for option in ("--http1.1", "--http2"):
            answer = site.curl("/portal/whoami", option, cert=partner)
            is_eq(answer.status, 200, f"{option}: 200")
            who = answer.json()
            is_eq((sorted(who), who["received"], who["registered"]),
                  (MEMBERS, "certificate", "known"), f"{option}: known")
        certificate = who["certificate"]
        is_eq((certificate["sha256"], certificate["subject"], certificate["valid_now"],
               certificate["public_key"]), (partner.sha256, "CN=partner", True, "EC P-256"),
              "it is this one")
        like(who["verify"], "^(GENEROUS|FAILED:self-signed certificate)$", "the server's words")
        is_eq(answer.headers.get("content-type"), "application/json", "as JSON")
        is_eq(answer.headers.get("cache-control"), "no-store", "that nobody keeps")
        unlike(answer.body, f"Secret name|tagged|{key['id']}", "and not whose it is")

    with case("one that nobody registered"):
        who = site.curl("/portal/whoami", cert=stranger).json()
        is_eq((who["received"], who["registered"], who["certificate"]["sha256"]),
              ("certificate", "unknown", stranger.sha256), "unknown")
        like(who["detail"], "not registered", "and what to do")

    with case("one that was revoked"):
        site.rest("DELETE", f"/keys/{key['id']}/credentials/{partner.sha256}")
        who = site.curl("/portal/whoami", cert=partner).json()
        is_eq(who["registered"], "revoked", "revoked")
        like(who["detail"], "new private", "and what to do")
        site.rest("DELETE", f"/keys/{key['id']}")
        is_eq(site.curl("/portal/whoami", cert=partner).json()["registered"], "revoked",
              "also when its key is gone")

    with case("none"):
        who = site.curl("/portal/whoami").json()
        is_eq((who["received"], who["certificate"], who["registered"]), ("none", None, None),
              "none came")
        like(who["detail"], r"curl --cert cert\.pem --key key\.pem https://", "and how to show one")
        who = site.curl("/portal/whoami", "-H", "Host: evil.example", "-H",
                        "SSL_CLIENT_CERT: " + partner.pem.replace("\n", " "), "-H",
                        "SSL-CLIENT-VERIFY: SUCCESS").json()
        is_eq(who["received"], "none", "whatever header fields say")
        unlike(str(who), "evil", "and they are not repeated")

    with case("plain HTTP"):
        who = site.curl("/portal/whoami", base=f"http://127.0.0.1:{site.plain_port}").json()
        is_eq((who["received"], who["verify"]), ("no_tls", None), "is told so")

    with case("a hostile subject"):
        answer = site.curl("/portal/whoami", cert=hostile)
        is_eq(answer.status, 200, "is shown")
        unlike(answer.body.decode("unicode_escape"), "[\x00-\x1f\x7f\u202a-\u202e]",
               "without control and bidi characters")

    with case("without the web server's proof"):
        pem = partner.pem
        for name, proof in (("none", None), ("a wrong one", "0" * 64), ("an empty one", "")):
            got = direct(proof=False, CERTGATE_PROOF=proof, SSL_CLIENT_CERT=pem,
                         SSL_CLIENT_VERIFY="SUCCESS")
            who = body_of(got)
            is_eq((who["received"], who["certificate"], who["verify"]), ("no_proof", None, None),
                  f"{name}: nothing is believed")

    with case("what the server passes"):
        for verify, with_one, want in STATES:
            who = body_of(direct(SSL_CLIENT_VERIFY=verify,
                                 SSL_CLIENT_CERT=stranger.pem if with_one else ""))
            is_eq((who["received"], who["verify"]), (want, verify or None),
                  f"{verify!r}, {'one' if with_one else 'none'}")
        for name, value in (("half of one", stranger.pem[:300]), ("two", stranger.pem * 2),
                            ("text", "certificate")):
            who = body_of(direct(SSL_CLIENT_VERIFY="SUCCESS", SSL_CLIENT_CERT=value))
            is_eq((who["received"], who["certificate"]), ("damaged", None), name)
        who = body_of(direct(SSL_CLIENT_VERIFY="FAILED:\xff\x1b[31m", SSL_CLIENT_CERT=""))
        is_eq(who["received"], "refused", "a verify that is no text does not break it")

    with case("the rest of /portal"):
        for path in ("/portal/x", "/portal/whoami/x", "/portal/Whoami"):
            answer = site.curl(path)
            is_eq((answer.status, answer.headers.get("location")), (303, "/portal/login"),
                  f"{path}: signed out, one has to sign in first")
        for path, to in (("/portal/whoami/", "/portal/whoami"), ("/portal/renew/?a=b", "/portal/renew?a=b")):
            for method in ("GET", "POST"):
                answer = site.curl(path, "-X", method)
                is_eq((answer.status, answer.headers.get("location")), (308, to), f"{method} {path}: without the slash")
        is_eq(site.curl("/portalx").json()["code"], "api_not_found", "/portalx is the gate's")
        is_eq(site.curl("/portal/whoami?x=proof&y").status, 200, "a query does not matter")
        answer = site.raw(b"HEAD /portal/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n", method="HEAD")
        ok(answer.status == 200 and int(answer.headers.get("content-length")) > 0,
           "HEAD is answered")
        answer = site.curl("/portal/whoami", "-X", "POST")
        is_eq((answer.status, answer.headers.get("location")), (303, "/portal/login"), "POST: the page's, signed in")
        for method in ("PUT", "DELETE", "OPTIONS"):
            answer = site.curl("/portal/whoami", "-X", method)
            is_eq((answer.status, answer.headers.get("allow")), (405, "GET, HEAD, POST"), f"{method}: none of its")
        is_eq(site.curl("/portal/%2e%2e/admin/api/v1/apis").status, 400, "dot segments: 400")

    with case("the store is gone"):
        os.rename(site.home + "/db", site.home + "/away")
        site.kill(*site.pids("portal"))
        wait_until(lambda: site.curl("/portal/whoami").status == 503, "a portal without its store")
        answer = site.curl("/portal/whoami", cert=stranger)
        is_eq(answer.json()["code"], "unavailable", "503")
        unlike(answer.body, site.folder, "that shows no path of the host")
        os.rename(site.home + "/away", site.home + "/db")
        wait_until(lambda: site.curl("/portal/whoami").status == 200, "the portal")
        ok(True, "and back by itself")
done_testing()
