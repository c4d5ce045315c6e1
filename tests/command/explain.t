#!/usr/bin/python3
"""`certgate explain` says what the gate does (issue 3, done when 9): over a generated table of APIs,
certificates, tokens, access rights, methods and paths the command and the gate, asked through
FastCGI as the web server would, give the same answer."""
import concurrent.futures
import hashlib
import itertools
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import must  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
rest = site.rest
seen = {}


def now(plus_s=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + plus_s))


# --- the parts of the table ---

def stamp(plus_s):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + plus_s))


authority = site.make_ca("authority")
must(rest("POST", "/certificates", {"pem": authority.pem, "kind": "ca"}))
APIS = {
    "by-ca": {"auth": {"use_certificate": True, "trust": "ca",
                       "ca_certificates": [authority.sha256]}},
    "both": {"auth": {"use_certificate": True}},
    "certificates": {"auth": {"use_certificate": True, "use_token": False}},
    "tokens": {"auth": {}},
    "keyless": {"auth": {"keyless": True}},
    "off": {"auth": {"use_certificate": True}, "active": False},
    "own-field": {"auth": {"use_certificate": True, "token_header": "X-Partner-Key"}},
}
apis = {name: site.make_api(name, **members) for name, members in APIS.items()}
everywhere = [{"api_id": a["id"]} for a in apis.values()]


def key(name, cert=None, **members):
    body = {"name": name, "access": everywhere, "token": True, **members}
    if cert is not None:
        body["certificate"] = cert.pem
    made = must(rest("POST", "/keys", body))
    made["own_token"] = made["token"]
    return made


def credential(owner, sha256, **members):
    must(rest("PATCH", f"/keys/{owner['id']}/credentials/{sha256}", members))


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


certs = {"none": None, "unknown": site.make_cert("unknown")}
tokens = {"none": None, "unknown": "a" * 52}
owners = {}
for state in ("good", "issued", "revoked", "off", "later", "ended", "key off", "key expired", "expired"):
    extra = {"not_before": stamp(-60), "not_after": stamp(20)} if state == "expired" else \
        {"ca": authority, "extensions": ["extendedKeyUsage=clientAuth"]} if state == "issued" \
        else {}
    certs[state] = site.make_cert(state, **extra)
    owners[state] = key(state, certs[state])
credential(owners["off"], certs["off"].sha256, active=False)
credential(owners["later"], certs["later"].sha256, active_from="2099-01-01T00:00:00Z")
credential(owners["ended"], certs["ended"].sha256, ends_at="2020-01-01T00:00:00Z")
must(rest("DELETE", f"/keys/{owners['revoked']['id']}/credentials/{certs['revoked'].sha256}"))
must(rest("PATCH", "/keys/" + owners["key off"]["id"], {"active": False}))
must(rest("PATCH", "/keys/" + owners["key expired"]["id"], {"expires_at": now(20)}))
early = site.make_cert("early", not_before="20450101000000Z", not_after="20460101000000Z")
got = rest("POST", "/keys", {"name": "early", "access": everywhere, "certificate": early.pem})
if got.status == 201:
    certs["not yet valid"] = early

other = key("other")
tokens["of the certificate's key"] = "own"
tokens["of another key"] = other["own_token"]
tokens["of a key that is off"] = owners["key off"]["own_token"]
tokens["a fingerprint"] = certs["good"].sha256
tokens["a key's id"] = other["id"]
for name, members in (("bound to the good one", {"bound_to": [certs["good"].sha256]}),
                      ("bound to another", {"bound_to": [certs["revoked"].sha256]}),
                      ("switched off", {"active": False})):
    made = must(rest("POST", f"/keys/{owners['good']['id']}/credentials", {"token": True}))
    credential(owners["good"], made["sha256"], **members)
    tokens[name] = made["token"]

# --- one row ---


def ask_gate(row):
    params = {"REQUEST_URI": row["path"], "REQUEST_METHOD": row.get("method", "GET"),
              "REMOTE_ADDR": row.get("address", "127.0.0.1"),
              "CERTGATE_SITE": row.get("site", "main")}
    if row.get("cert"):
        params["SSL_CLIENT_CERT"] = row["cert"].pem
        params["SSL_CLIENT_VERIFY"] = row.get("verify", "GENEROUS")
    if row.get("token"):
        params[row.get("field", "HTTP_AUTHORIZATION")] = row["token"]
    answer = site.fcgi(params)
    if answer.header("content-type") == "application/problem+json":
        body = json.loads(answer.body)
        return answer.status, body["code"], body["detail"]
    return answer.status, "allowed", None


def ask_explain(row):
    words = ["explain", "--json", "--url", row["path"], "--site", row.get("site", "main")]
    if "method" in row:
        words += ["--method", row["method"]]
    if "address" in row:
        words += ["--address", row["address"]]
    if row.get("cert"):
        words += ["--cert", row["cert"].path]
    if row.get("token"):
        words += ["--token-stdin"]
    done = site.certgate(*words, stdin=(row["token"] + "\n") if row.get("token") else None)
    if done.returncode != 0:
        return done.returncode, done.stderr, None, {}
    out = json.loads(done.stdout)
    return out["status"], out["code"], out["detail"], out


def judge(row):
    """None, or what is wrong."""
    status, code, detail = ask_gate(row)
    said_status, said_code, said_detail, out = ask_explain(row)
    seen.setdefault(code, 0)
    seen[code] += 1
    if (status, code) != (said_status, said_code):
        return f"the gate: {status} {code}, explain: {said_status} {said_code}"
    if out["allowed"] != (code == "allowed"):
        return f"allowed: {out['allowed']}"
    if detail is not None and detail != said_detail:
        return f"the gate's words: {detail}\nexplain's: {said_detail}"
    steps = out["steps"]
    if not steps or any(not s["step"] or not s["text"] for s in steps):
        return f"steps: {steps}"
    # All passed but the last, which is the decision's.
    if [s["passed"] for s in steps] != [True] * (len(steps) - 1) + [code == "allowed"]:
        return f"steps: {steps}"
    return None


def table(name, rows, least):
    with case(name):
        rows = list(rows)
        wrong = 0
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for row, fault in zip(rows, pool.map(judge, rows)):
                if fault:
                    wrong += 1
                    if wrong <= 10:
                        ok(False, row["name"])
                        diag(fault)
        ok(wrong == 0 and len(rows) >= least, f"{len(rows)} rows, the same answer to all")


expired_at = must(rest("GET", "/certificates/" + certs["expired"].sha256))["not_after"]
ends_at = must(rest("GET", "/keys/" + owners["key expired"]["id"]))["expires_at"]
wait_until(lambda: now(-1) > max(expired_at, ends_at), "the ends of a certificate and a key")

# --- the tables ---


def identities():
    for api, cert, token in itertools.product(APIS, certs, tokens):
        text = tokens[token]
        if text == "own":
            if cert not in owners:
                continue
            text = owners[cert]["own_token"]
        yield {"name": f"{api}, certificate {cert}, token {token}", "path": f"/{api}/x",
               "cert": certs[cert], "token": text,
               "field": "HTTP_X_PARTNER_KEY" if api == "own-field" else "HTTP_AUTHORIZATION"}


table("who", identities(), 500)

ACCESS = {
    "none": [], "all": [{}], "GET": [{"methods": ["GET"]}],
    "GET and POST": [{"methods": ["GET", "POST"]}], "/a": [{"paths": ["/a"]}],
    "/a/*": [{"paths": ["/a/*"]}], "/{id}/x": [{"paths": ["/{id}/x"]}],
    "GET /a/* or POST /b": [{"methods": ["GET"], "paths": ["/a/*"]},
                            {"methods": ["POST"], "paths": ["/b"]}],
    "another API": [{"api_id": apis["tokens"]["id"]}],
}
partner = {name: site.make_cert(f"rights {n}") for n, name in enumerate(ACCESS)}
for name, entries in ACCESS.items():
    key(name, partner[name], access=[{"api_id": apis["both"]["id"], **e} for e in entries])

PATHS = ["/both", "/both/", "/both/a", "/both/a/", "/both/a/x", "/both/b", "/both/a//x",
         "/both/%61", "/both/a%2Fx", "/both/a?q=/b", "/both//a", "/both/7/x", "/both/7/x/y"]


def rights():
    for name, method, path in itertools.product(ACCESS, ("GET", "POST", "get"), PATHS):
        yield {"name": f"rights {name}: {method} {path}", "path": path, "method": method,
               "cert": partner[name]}


table("what", rights(), 300)


POLICIES = {
    "GET /a/*": {"access": [{"api_id": apis["both"]["id"], "methods": ["GET"], "paths": ["/a/*"]}]},
    "/b": {"access": [{"api_id": apis["both"]["id"], "paths": ["/b"]}]},
    "off": {"access": [{"api_id": apis["both"]["id"]}], "active": False},
    "another API": {"access": [{"api_id": apis["tokens"]["id"]}]},
    "nothing": {"access": []},
}
for name, members in POLICIES.items():
    must(rest("POST", "/policies", {"name": name, "applies": ["access"], **members}))
must(rest("POST", "/policies", {"name": "rate", "applies": ["rate"],
                                "rate": {"limit": 100000, "per_seconds": 1}}))
must(rest("POST", "/policies", {"name": "short", "applies": ["quota"], "key_lifetime_days": 1}))
sets = [()] + [(a,) for a in (*POLICIES, "rate", "short")] + \
    list(itertools.combinations(POLICIES, 2)) + [("GET /a/*", "off", "rate"), ("off", "rate")]
ruled = {}
for n, chosen in enumerate(sets):
    for own in ("all", "none"):
        ruled[chosen, own] = site.make_cert(f"ruled {n} {own}")
        key(f"{chosen} {own}", ruled[chosen, own], policy_ids=list(chosen),
            access=[{"api_id": apis["both"]["id"]}] if own == "all" else [])


def policies():
    for chosen, own in ruled:
        for method, path in (("GET", "/both/a/x"), ("POST", "/both/a/x"), ("GET", "/both/b"),
                             ("GET", "/both/c")):
            yield {"name": f"policies {chosen}, own access {own}: {method} {path}", "path": path,
                   "method": method, "cert": ruled[chosen, own]}


table("by policy", policies(), 150)
local = site.make_cert("local")
key("local", local, allowed_ips=["192.0.2.0/24"], blocked_ips=["192.0.2.9"])


def targets():
    for path in ("/", "/nowhere", "/bothx", "/BOTH/", "/bot", "/both;x/", "/both/../both/a",
                 "/both/./a", "/both/%2e%2e/x", "/both/.%2E/", "/both/..;/x", "/both/%2e;x/",
                 "/both/%00", "/both/%0a", "/both/%zz", "/both/%", "/both/a\\b", "/both/..%5c",
                 "/both/..%2fx", "/both#x", "/both/a b", "both/a", "", "*", "/both/?x=%00",
                 "/both/...", "/both/..a", "/both/a..", "//both/a", "/both?", "/b%6fth/a",
                 "http://h/both/a", "HTTPS://h:1/both/a", "http://h", "http://h/../both", "ftp://h/",
                 "/both/" + "x" * 70000, "/both/ü".encode().decode("latin-1")):
        yield {"name": f"target {path[:40]!r}", "path": path, "cert": certs["good"]}
    for method in ("DELETE", "PROPFIND", "M-SEARCH", "x", "X" * 32, "X" * 33, "G T", "GET\t", "", "G:T",
                   "{GET}", "GÉT"):
        yield {"name": f"method {method!r}", "path": "/both/a", "method": method,
               "cert": certs["good"]}


table("how", targets(), 45)

site.make_api("blocked", blocked_ips=["192.0.2.0/24", "2001:db8::/32"], auth={"keyless": True})
site.make_api("allowed", allowed_ips=["192.0.2.0/24", "::1"], auth={"keyless": True})
site.make_api("elsewhere", sites=["a", "b"], auth={"keyless": True})
site.make_api("elsewhere-too", "/both/below/", sites=["a"], auth={"keyless": True})


def places():
    for api, address in itertools.product(("blocked", "allowed", "both"),
                                          ("127.0.0.1", "192.0.2.7", "192.0.3.7", "::1",
                                           "2001:db8::1", "::ffff:192.0.2.7")):
        yield {"name": f"{api} from {address}", "path": f"/{api}/", "address": address,
               "cert": certs["good"]}
    for address in ("192.0.2.7", "192.0.2.9", "127.0.0.1"):
        yield {"name": f"a key from {address}", "path": "/both/", "address": address,
               "cert": local}
    for name, path in itertools.product(("main", "a", "b", "", "A", "c"),
                                        ("/elsewhere/x", "/both/below/x", "/both/below",
                                         "/both/belowx")):
        yield {"name": f"{path} on site {name!r}", "path": path, "site": name,
               "cert": certs["good"]}


table("where", places(), 41)
with case("an address that is none"):
    # explain does not take one (options.t); what a web server passes may be anything.
    for row in {"path": "/blocked/"}, {"path": "/allowed/"}, {"path": "/both/", "cert": local}:
        for address in ("nonsense", "fe80::1%eth0", ""):
            is_eq(ask_gate({**row, "address": address})[:2], (403, "address_not_allowed"), f"{row['path']} from {address!r}: on no list")

site.make_api("secret", "/keyless/secret/", auth={"use_certificate": True, "use_token": False})


def readings():
    # What another program may read as a path of the API that asks for a certificate.
    for path, cert in itertools.product(
            ("/keyless//secret/x", "/keyless/%73ecret/x", "/keyless/;a/secret/x",
             "/keyless/secret;v/x", "/keyless/secret%2fx", "/keyless/secret%2Fx",
             "/keyless/%2fsecret/x", "/keyless/secre%74", "/keyless/secret;", "/keyless/;/;/secret",
             "//keyless/secret/x", "/%6beyless/secret/x", "/keyless;x/secret/x",
             "/keyless/secret//x", "/keyless/secret/%78", "/keyless/secret/x;v", "/keyless/a//x",
             "/keyless/a;secret/x", "/keyless/%25secret/x", "/keyless/secret%253bx",
             "/keyless/secret/x%2f..a", "/keyless/public/secret%2fx"), ("none", "good")):
        yield {"name": f"reading {path}, certificate {cert}", "path": path, "cert": certs[cert]}
    # Both on other sites: whose path it is differs there.
    for path, name in itertools.product(("/elsewhere//x", "/both//below/x", "/both/%62elow/x",
                                         "/both/below;/x"), ("main", "a", "b")):
        yield {"name": f"reading {path} on site {name}", "path": path, "site": name,
               "cert": certs["good"]}


table("as an upstream may read it", readings(), 50)


def verdicts():
    # What the web server says of an expired one; explain knows only the certificate.
    for state in certs:
        if certs[state] is not None and state in ("expired", "not yet valid"):
            yield {"name": f"{state}, seen by the web server", "path": "/both/x",
                   "cert": certs[state], "verify": "FAILED:certificate has expired"}
    for verify in ("SUCCESS", "GENEROUS", "FAILED:self-signed certificate", "FAILED:18"):
        yield {"name": f"SSL_CLIENT_VERIFY {verify}", "path": "/both/x", "cert": certs["good"],
               "verify": verify}


table("as the web server says", verdicts(), 5)

# --- all of it was really met ---

with case("the tables"):
    for code in ("allowed", "api_not_found", "api_inactive", "credential_missing",
                 "certificate_not_enabled", "credential_unknown", "credential_mismatch",
                 "credential_inactive", "key_inactive", "key_expired", "certificate_expired",
                 "certificate_untrusted", "access_denied", "path_not_allowed", "method_not_allowed", "address_not_allowed",
                 "bad_request"):
        ok(seen.get(code), f"met {code}")
    is_eq(sorted(set(seen) - {"certificate_not_yet_valid"}), sorted([
        "allowed", "api_not_found", "api_inactive", "credential_missing",
        "certificate_not_enabled", "credential_unknown", "credential_mismatch",
        "credential_inactive", "key_inactive", "key_expired", "certificate_expired",
        "certificate_untrusted", "access_denied", "path_not_allowed", "method_not_allowed", "address_not_allowed",
        "bad_request"]), "and nothing else")

# --- as a person asks it ---

with case("in words"):
    asked = site.certgate("explain", "--url", site.url + "/both/x", "--cert", certs["good"].path)
    is_eq(asked.returncode, 0, "exits 0 when it is allowed")
    like(asked.stdout, r"(?s)^ok +api .*\nok +method .*\nallowed\n\Z", "step by step, then yes")
    asked = site.certgate("explain", "--url", "/tokens/x", "--cert", certs["good"].path)
    is_eq(asked.returncode, 0, "exits 0 when it is refused")
    like(asked.stdout, r"(?s)NO +identity .*use_certificate.*\nrefused: 401 certificate_not_enabled"
         r"\n\Z", "the step that refuses, what to do, and the code")
    asked = site.certgate("explain", "--url", "/both/../x")
    is_eq((asked.returncode, asked.stdout.splitlines()[-1]), (0, "refused: 400 bad_request"),
          "a target that could be read two ways")
    asked = site.certgate("explain", "--url", "/both/x", "--cert", "/nowhere.pem")
    is_eq((asked.returncode, asked.stdout), (1, ""), "a file that is not there")
    asked = site.certgate("explain", "--url", "/both/x", "--cert", certs["good"].key)
    is_eq((asked.returncode, asked.stdout), (1, ""), "a file without a certificate")
    text = subprocess.run(["openssl", "x509", "-in", certs["good"].path, "-text"],
                          capture_output=True, text=True, check=True).stdout
    asked = site.certgate("explain", "--url", "/both/x", "--cert", "-", stdin=text)
    like(asked.stdout, r"allowed\n\Z", "a certificate with openssl's text around it")
    secret = owners["good"]["own_token"]
    asked = site.certgate("explain", "--url", "/both/x", "--token-stdin", stdin=secret)
    like(asked.stdout, r"allowed\n\Z", "a token")
    unlike(asked.stdout + asked.stderr, secret, "which is not repeated")

with case("it only looks"):
    before = must(rest("GET", "/keys/" + owners["good"]["id"]))
    number = len(site.upstream_log())
    for _ in range(5):
        site.certgate("explain", "--url", "/both/x", "--cert", certs["good"].path)
    is_eq(must(rest("GET", "/keys/" + owners["good"]["id"])), before, "the key is as it was")
    is_eq(len(site.upstream_log()), number, "nothing reached the upstream")

done_testing()
