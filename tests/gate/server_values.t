#!/usr/bin/python3
"""What web servers say of a client's certificate, and what the gate makes of it: every environment that they
were seen to give (tests/certs/gate-env.tsv), and every result of their own verification."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import cases  # noqa: E402
import fcgi  # noqa: E402
from processes import wait_until  # noqa: E402
from refusals import ANY, CERT_REQUIRED, INACTIVE, NO_API, Pem, Refusals  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
calls = Refusals(site)
passes, refused, straight = calls.passes, calls.refused, calls.straight

ENVIRONMENTS = {
    # id: (status, code, what the log says); True: passes as the registered key
    "E01": True, "E02": True, "E03": True, "E04": True,
    "E05": (401, "credential_missing", None),
    "E06": (401, "credential_missing", r"ssl\.ca-file"),
    "E07": (401, "credential_missing", "SSL_CLIENT_CERT is missing"),
    "E08": (401, "credential_missing", None),
    "E09": (401, "credential_missing", None),
    "E10": (403, "certificate_expired", None),
    "E11": (403, "credential_inactive", None),
    "E12": (401, "credential_missing", None),
}
ENVIRONMENT_ERRORS = {"credential_missing": ANY, "certificate_expired": "Certificate has expired",
                      "credential_inactive": INACTIVE}
ENVIRONMENT_DETAILS = {
    "E05": "--cert FILE", "E06": r"ssl\.ca-file", "E07": r"SSLOptions \+ExportCertData.*exportcert",
    "E08": "SSL_CLIENT_VERIFY.*include certgate.conf", "E09": "--cert FILE", "E10": "new one",
    "E11": "revoked on", "E12": "did not come over TLS.*https"}


def environment_rows():
    """tests/certs/gate-env.tsv, in pin mode."""
    table = cases.table("gate-env.tsv")
    is_eq(sorted(row["id"] for row in table), sorted(ENVIRONMENTS), "the rows are these")
    keys = {name: site.make_key(name, Pem(name), mtls, token=True)
            for name in ("base/plain.pem", "base/issued-leaf.pem")}
    calls.certgate_at("2019-06-01 00:00:00", "key", "create", "--name", "old", "--cert",
                      Pem("content/expired-2020.pem").path, "--api", "mtls-api")
    for row in table:
        want = ENVIRONMENTS[row["id"]]
        name = f"{row['id']} {row['SSL_CLIENT_VERIFY'] or 'no verify'} " \
               f"{row['SSL_CLIENT_CERT'] or 'no certificate'}, {row['other']}"
        variables = {"SSL_CLIENT_VERIFY": row["SSL_CLIENT_VERIFY"] or None, "HTTPS": None,
                     "SSL_CLIENT_CERT": None}
        if row["SSL_CLIENT_CERT"]:
            variables["SSL_CLIENT_CERT"] = Pem(row["SSL_CLIENT_CERT"]).pem
        if row["other"] == "HTTPS=on":
            variables["HTTPS"] = "on"
        elif row["other"].startswith("HTTP_"):
            field, _, file = row["other"].partition("=")
            variables.update({"HTTPS": "on", field: Pem(file).pem.replace("\n", " ")})
        else:
            is_eq(row["other"], "HTTPS absent", f"{row['id']}: known variables")
        key = keys.get(row["SSL_CLIENT_CERT"])

        def ask(path, v=variables, **more):
            return straight(path, **{**v, **more})

        if row["registered"] == "revoked":
            # On one connection: before, and after.
            with fcgi.Client(site.gate_socket) as kept:
                uri = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/mtls-api/x",
                       "REMOTE_ADDR": "127.0.0.1", "CERTGATE_PROOF": site.proof}
                params = {k: v for k, v in {**uri, **variables}.items() if v is not None}
                is_eq(kept.request(params, keep=True).status, 200, f"{name}: before")
                site.rest("DELETE",
                          f"/keys/{key['id']}/credentials/{Pem(row['SSL_CLIENT_CERT']).sha256}")
                is_eq(kept.request(params, keep=True).status, 403, f"{name}: kept connection")
        log = site.logs + "/supervise.log"
        logged = os.path.getsize(log)
        if want is True:
            passes(name, "/mtls-api/x", key, how=ask)
        else:
            refused(name, "/mtls-api/x", want[0], want[1], ENVIRONMENT_ERRORS[want[1]],
                    ENVIRONMENT_DETAILS[row["id"]], how=ask)
        if want is not True and want[2]:
            def told():
                with open(log, "rb") as now:
                    now.seek(logged)
                    return re.search(want[2].encode(), now.read())

            ok(wait_until(told, "the log"), f"{name}: the log says why")
        # A token stands in for a certificate that did not come, not for one that came unseen.
        if row["id"] in ("E05", "E06"):
            passes(f"{name}, with a token", "/mtls-api/x", key_a, how=ask, token=token_a)
        if row["id"] == "E07":
            refused(f"{name}, with a token", "/mtls-api/x", 401, "credential_missing", ANY,
                    "ExportCertData", how=ask, token=token_a)


VERIFY = [
    # What a server may say of a registered certificate, and whether it counts.
    ("FAILED:self signed certificate", True),
    ("FAILED:unable to verify the first certificate", True),
    ("FAILED:unable to get local issuer certificate", True),
    ("FAILED:error:00000015:lib(0)::reason(21)", True),
    ("FAILED:18", True),
    ("FAILED:certificate has expired", False),
    ("FAILED:error:0000001A:lib(0)::reason(26)", False),
    ("FAILED:error:0000000A:lib(0)::reason(10)", False),
    ("FAILED:180", False),
    ("FAILED:reason(18) certificate revoked", False),
    ("FAILED:certificate revoked", False),
    ("FAILED:", False),
    ("FAILED", False),
    ("success", False),
    ("SUCCESSFUL", False),
    ("GENEROUS,SUCCESS", False),
    ("0", False),
]


def verify_rows():
    for verify, good in VERIFY:
        if good:
            passes(f"“{verify}”", "/certificates/x", key_a, how=straight, cert=a, verify=verify)
        else:
            refused(f"“{verify}”", "/certificates/x", 403, "certificate_untrusted",
                    f"Certificate with SHA256 {a.sha256} not allowed", "make a new one",
                    how=straight, cert=a, verify=verify)
    refused("the same, of one that nobody registered", "/certificates/x", 403,
            "credential_unknown", NO_API, "register", how=straight, cert=stranger,
            verify="FAILED:certificate has expired")
    refused("“NONE”, and yet a certificate", "/certificates/x", 401, "credential_missing",
            CERT_REQUIRED, "include certgate.conf", how=straight, cert=a, verify="NONE")


def unseen_rows():
    """A token stands in for a certificate that lighttpd could not verify, not for one that came unseen."""
    unseen = (401, "credential_missing", ANY, "ExportCertData")
    for verify, _ in VERIFY:
        for server in "Apache/2.4.71 (Debian)", "lighttpd/1.4.69":
            name = f"“{verify}” without a certificate, with a token, {server}"
            how = {"how": straight, "token": token_a, "verify": verify, "SERVER_SOFTWARE": server}
            if server.startswith("lighttpd") and verify.startswith("FAILED:"):
                passes(name, "/mtls-api/x", key_a, **how)
            else:
                refused(name, "/mtls-api/x", *unseen, **how)


with site:
    mtls = site.make_api("mtls-api")
    only = site.make_api("certificates", auth={"use_certificate": True, "use_token": False})
    a, stranger = site.make_cert("a"), site.make_cert("stranger")
    key_a = site.make_key("A", a, apis=[mtls, only], token=True)
    token_a = key_a.pop("token")

    for title, part in (("verify", verify_rows), ("environment", environment_rows),
                        # Behind those that look for what is logged: there is an end to such lines.
                        ("unseen", unseen_rows)):
        with case(title):
            part()
    calls.none_arrived(15)
done_testing()
