#!/usr/bin/python3
"""What a client sees when it is refused: every row of the contract's table that needs no policies,
limits or CAs; who wins when a certificate and a token come together; and what the gate makes of
each environment that web servers were seen to give."""
import csv
import datetime
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certgate_test import *  # noqa: E402

CORPUS = os.path.join(TREE, "tests/certs")
NOT_FOUND = "Not Found"
MISSING = "Authorization field missing"
CERT_REQUIRED = "Client certificate required"
NO_API = "Access to this API has been disallowed"
NO_RESOURCE = "Access to this resource has been disallowed"
INACTIVE = "Key is inactive, please renew"
EXPIRED = "Key has expired, please renew"
NO_ADDRESS = "access from this IP has been disallowed"
PROXYING = "There was a problem proxying the request"
ANY = object()  # of `error`: the contract leaves it open

# For commands of an administrator, not for the gate: a clock that shows another time, so that the
# store holds what has ended long ago; and a stop in the middle of a transaction.
SHIM = r"""
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *ts)
{
	const char *now = getenv("TEST_NOW");
	long rc = syscall(SYS_clock_gettime, id, ts);
	if (rc == 0 && now && id == CLOCK_REALTIME)
		ts->tv_sec = atoll(now);
	return (int)rc;
}
int fdatasync(int fd)
{
	static int stopped;
	if (getenv("TEST_STOP") && !stopped++)
		(void)raise(SIGSTOP);
	return (int)syscall(SYS_fdatasync, fd);
}
"""

site = Site()
rows = 0
request_ids = set()
must_not_arrive = {}


def shim():
    """The environment that puts the shim under a command."""
    path = site.certs + "/shim"
    if not os.path.exists(path + ".so"):
        with open(path + ".c", "w", encoding="ascii") as out:
            out.write(SHIM)
        subprocess.run([os.environ.get("CC", "gcc"), "-shared", "-fPIC", "-o", path + ".so",
                        path + ".c"], check=True)
    return {**os.environ, "LD_PRELOAD": path + ".so",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


def certgate_then(when, *args, stdin=None):
    """The command, at another time; returns its JSON."""
    when = datetime.datetime.fromisoformat(when + "+00:00").timestamp()
    done = subprocess.run([site.bin + "/certgate", "--home", site.home, "--json", *args],
                          env={**shim(), "TEST_NOW": str(int(when))}, input=stdin, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"certgate {args}: {done.stderr}")
    return json_module.loads(done.stdout)


class Pem:
    """A certificate without its private key."""

    def __init__(self, name):
        self.path = os.path.join(CORPUS, name)
        with open(self.path, encoding="ascii") as text:
            self.pem = text.read()
        self.sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()


def marked(path):
    """The path with a mark that is found in the upstream's log if it gets there."""
    global rows
    rows += 1
    return path + ("&" if "?" in path else "?") + f"row={rows}."


def curl(path, *args, cert=None, token=None, **kwargs):
    if token is not None:
        args = (*args, "-H", "Authorization: Bearer " + token)
    return site.curl(path, *args, cert=cert, **kwargs)


def straight(path, cert=None, verify=None, token=None, stdin=b"", **variables):
    """To the gate's socket with the proof, as Apache would; an answer like curl's."""
    params = {"REQUEST_URI": path, **variables}
    if cert is not None:
        params.update({"SSL_CLIENT_CERT": cert.pem, "SSL_CLIENT_VERIFY": verify or "GENEROUS"})
    elif verify is not None:
        params["SSL_CLIENT_VERIFY"] = verify
    if token is not None:
        params["HTTP_AUTHORIZATION"] = "Bearer " + token
    got = site.fcgi(params, stdin)
    return Answer(got.status, Headers(got.headers), got.body)


def faults_of(answer, status, code, error, detail):
    """What in this answer is not as the contract says."""
    found = []

    def expect(what, got, want):
        if got != want:
            found.append(f"{what} is {got!r}, not {want!r}")

    headers = answer.headers
    expect("status", answer.status, status)
    expect("content type", headers.get("content-type"), "application/problem+json")
    try:
        body = answer.json()
    except ValueError:
        return found + [f"no JSON: {answer!r}"]
    expect("status in the body", body.get("status"), status)
    expect("code", body.get("code"), code)
    if error is not ANY:
        expect("error", body.get("error"), error)
    if not re.search(detail, body.get("detail", "")):
        found.append(f"detail is {body.get('detail')!r}, not like {detail!r}")
    expect("X-Request-Id", headers.all("x-request-id"), [body.get("request_id")])
    if not re.fullmatch("[a-z2-7]{26}", str(body.get("request_id"))):
        found.append(f"request_id is {body.get('request_id')!r}")
    if body.get("request_id") in request_ids:
        found.append("request_id is that of another request")
    request_ids.add(body.get("request_id"))
    challenge = headers.get("www-authenticate")
    if bool(challenge) != (status == 401):
        found.append(f"WWW-Authenticate is {challenge!r}")
    after = headers.get("retry-after")
    if re.fullmatch("[1-9][0-9]*", after or "") is None if status == 503 else after is not None:
        found.append(f"Retry-After is {after!r}")
    expect("Cache-Control", headers.get("cache-control"), "no-store")
    return found


def refused(name, path, status, code, error, detail, how=curl, arrives=False, **kwargs):
    path = marked(path)
    if not arrives:
        must_not_arrive[f"row={rows}."] = name
    answer = how(path, **kwargs)
    found = faults_of(answer, status, code, error, detail)
    if not is_eq(found, [], name):
        diag(answer)
    return answer


def passes(name, path, key=ANY, how=curl, **kwargs):
    """200, with the upstream's echo, for this key (None: nobody)."""
    answer = how(marked(path), **kwargs)
    if not is_eq(answer.status, 200, name):
        diag(answer)
        return
    if key is not ANY:
        sent = {n.lower(): v for n, v in answer.json()["headers"]}
        is_eq(sent.get("x-certgate-key-id"), key["id"] if key else None, name + ": as that key")


def patch(path, **members):
    status, _, body = site.rest("PATCH", path, members)
    if status != 200:
        raise RuntimeError(f"PATCH {path}: {status} {body}")
    return body


def add_token(key, **members):
    """A further token of a key."""
    status, _, made = site.rest("POST", f"/keys/{key['id']}/credentials", {"token": True})
    if status != 201:
        raise RuntimeError(f"POST credentials: {status} {made}")
    if members:
        patch(f"/keys/{key['id']}/credentials/{made['sha256']}", **members)
    return made["token"]


def key_for(name, cert, *apis, **members):
    return site.make_key(name, cert, access=[{"api_id": api["id"]} for api in apis], **members)


def plain_rows():
    """No API, none or unknown credentials, switches."""
    refused("no API listens there", "/nowhere/x", 404, "api_not_found", NOT_FOUND, "check the URL",
            cert=a)
    refused("nor on the root", "/", 404, "api_not_found", NOT_FOUND, "check the URL")
    refused("a listen path is whole segments", "/mtls-apis/x", 404, "api_not_found", NOT_FOUND,
            "check the URL", cert=a)
    refused("and its case counts", "/MTLS-api/x", 404, "api_not_found", NOT_FOUND,
            "check the URL", cert=a)
    refused("an API of another site", "/elsewhere/x", 404, "api_not_found", NOT_FOUND,
            "check the URL", cert=a)
    refused("an API switched off", "/off/x", 404, "api_inactive", NOT_FOUND, "ask its provider",
            cert=a)
    refused("switched off, without credentials", "/off/x", 404, "api_inactive", NOT_FOUND,
            "ask its provider")

    refused("nothing, certificate or token", "/mtls-api/x", 401, "credential_missing", MISSING,
            r"certificate.*--cert FILE --key FILE.*token in Authorization")
    answer = refused("nothing, certificates only", "/certificates/x", 401, "credential_missing",
                     CERT_REQUIRED, "client certificate.*--cert FILE --key FILE")
    unlike(answer.headers.get("www-authenticate"), "Bearer", "no challenge for tokens there")
    answer = refused("nothing, tokens only", "/tokens/x", 401, "credential_missing", MISSING,
                     "token in the field Authorization")
    like(answer.headers.get("www-authenticate"), "^Bearer", "a challenge for tokens there")
    refused("an empty Authorization", "/tokens/x", 401, "credential_missing", MISSING,
            "token in the field Authorization", how=lambda path: site.curl(
                path, "-H", "Authorization;"))
    refused("nothing, a field of its own", "/field/x", 401, "credential_missing", MISSING,
            "X-Api-Key")
    refused("its token in Authorization", "/field/x", 401, "credential_missing", MISSING,
            "X-Api-Key", token=token_a)
    refused("a token where certificates alone count", "/certificates/x", 401,
            "credential_missing", CERT_REQUIRED, "client certificate", token=token_a)

    for name, cert in ("a registered certificate", a), ("one that nobody registered", stranger):
        refused(f"{name}, certificates not enabled", "/tokens/x", 401, "certificate_not_enabled",
                MISSING, r"does not take certificates.*Enable client certificate.*"
                r"auth\.use_certificate.*token in Authorization", cert=cert)

    refused("a certificate that nobody registered", "/mtls-api/x", 403, "credential_unknown",
            NO_API, f"{stranger.sha256}.*register", cert=stranger)
    refused("the same, certificates only", "/certificates/x", 403, "credential_unknown", NO_API,
            f"{stranger.sha256}.*register", cert=stranger)
    refused("another one by the same name", "/mtls-api/x", 403, "credential_unknown", NO_API,
            f"{namesake.sha256}.*register", cert=namesake)
    refused("the same key pair, another certificate", "/mtls-api/x", 403, "credential_unknown",
            NO_API, f"{renewed.sha256}.*register", cert=renewed)
    refused("a certificate that a registered one signed", "/mtls-api/x", 403,
            "credential_unknown", NO_API, f"{signed.sha256}.*register", cert=signed)
    refused("that with the registered one appended", "/mtls-api/x", 403, "credential_unknown",
            NO_API, f"{signed.sha256}.*register", cert=appended)
    refused("an unknown token", "/mtls-api/x", 403, "credential_unknown", NO_API,
            "token is not known.*copied whole", token="x" * 52)
    refused("a token with its end cut off", "/tokens/x", 403, "credential_unknown", NO_API,
            "copied whole", token=token_a[:-1])
    refused("a token in capitals", "/tokens/x", 403, "credential_unknown", NO_API, "copied whole",
            token=token_a.upper())
    refused("a password", "/tokens/x", 403, "credential_unknown", NO_API, "copied whole",
            how=lambda path: site.curl(path, "-u", f"user:{token_a}"))

    refused("a key without access rights", "/mtls-api/x", 403, "access_denied", NO_API,
            "“no rights”.*“mtls-api”.*access rights", cert=no_rights)
    refused("a key for another API", "/certificates/x", 403, "access_denied", NO_API,
            "“other API”.*“certificates”.*access rights", cert=other_api)
    refused("a key switched off", "/mtls-api/x", 403, "key_inactive", INACTIVE,
            "switched off: ask", cert=key_off)
    refused("HEAD is refused alike", "/mtls-api/x", 403, "key_inactive", INACTIVE, "switched off",
            how=head)


def head(path):
    """HEAD, then GET on the same connection: the fields of the one, the body of the other."""
    with site.tls(key_off) as sock:
        for method in "HEAD", "GET":
            sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = read_answer(sock, method)
            if method == "HEAD":
                fields = answer.headers
    body = answer.json()
    own = ("x-request-id", "date", "connection", "upgrade")  # of one answer, or of Apache
    is_eq([(n, v) for n, v in fields if n not in own],
          [(n, v) for n, v in answer.headers if n not in own],
          "HEAD and GET have the same fields, and no body is between them")
    body["request_id"] = fields.get("x-request-id")
    return Answer(answer.status, fields, json_module.dumps(body).encode())


def combination_rows():
    """Whose request it is when both come."""
    certs = {"A's certificate": a, "unregistered certificate": stranger, "no certificate": None}
    tokens = {"A's token": token_a, "B's token": token_b, "unknown token": "y" * 52,
              "no token": None}
    mismatch = (403, "credential_mismatch", NO_API,
                "does not belong to this certificate.*certificate alone")
    leave_out = (403, "credential_unknown", NO_API, "certificate is registered.*token.*leave it")
    register = (403, "credential_unknown", NO_API, f"{stranger.sha256}.*register")
    copied = (403, "credential_unknown", NO_API, "copied whole")
    missing = (401, "credential_missing", MISSING, "Send")
    required = (401, "credential_missing", CERT_REQUIRED, "client certificate")
    not_enabled = (401, "certificate_not_enabled", MISSING, "use_certificate")
    table = {
        "mtls-api": [key_a, mismatch, leave_out, key_a,
                     register, register, register, register,
                     key_a, key_b, copied, missing],
        # Tokens mean nothing there.
        "certificates": [key_a, key_a, key_a, key_a,
                         register, register, register, register,
                         required, required, required, required],
        # Certificates mean nothing there.
        "tokens": [key_a, key_b, copied, not_enabled,
                   key_a, key_b, copied, not_enabled,
                   key_a, key_b, copied, missing],
    }
    for api, wanted in table.items():
        asked = [(c, t) for c in certs for t in tokens]
        for (c, t), want in zip(asked, wanted):
            name = f"{api}: {c} and {t}"
            if isinstance(want, dict):
                passes(name, f"/{api}/x", want, cert=certs[c], token=tokens[t])
            else:
                refused(name, f"/{api}/x", *want, cert=certs[c], token=tokens[t])


def bound_rows():
    """Tokens that work only together with a certificate."""
    unbound = (403, "credential_mismatch", NO_API, "only together.*send that certificate.*--cert")
    bound = add_token(key_a, bound_to=[a.sha256])
    both = add_token(key_a, bound_to=[a.sha256, second_a.sha256])
    loan = add_token(key_b, bound_to=[stranger.sha256])
    passes("bound token with its certificate", "/mtls-api/x", key_a, cert=a, token=bound)
    passes("also where certificates are not enabled", "/tokens/x", key_a, cert=a, token=bound)
    passes("bound to two, with the second", "/mtls-api/x", key_a, cert=second_a, token=both)
    passes("bound to one that is not registered", "/tokens/x", key_b, cert=stranger, token=loan)
    refused("bound token alone", "/mtls-api/x", *unbound, token=bound)
    refused("bound token alone, tokens only", "/tokens/x", *unbound, token=bound)
    refused("with the key's other certificate", "/mtls-api/x", *unbound, cert=second_a,
            token=bound)
    refused("with a stranger's, tokens only", "/tokens/x", *unbound, cert=stranger, token=bound)
    refused("with a stranger's certificate", "/mtls-api/x", 403, "credential_unknown", NO_API,
            f"{stranger.sha256}.*register", cert=stranger, token=bound)
    refused("with another key's certificate", "/mtls-api/x", 403, "credential_mismatch", NO_API,
            "does not belong to this certificate", cert=b, token=bound)
    refused("certificate in a header field instead", "/tokens/x", *unbound, how=straight,
            token=bound, HTTP_SSL_CLIENT_CERT=a.pem.replace("\n", " "))
    refused("certificate that did not come over TLS", "/tokens/x", *unbound, how=straight,
            cert=a, token=bound, HTTPS=None)
    refused("certificate that the server did not verify", "/tokens/x", *unbound, how=straight,
            cert=a, verify="FAILED:certificate has expired", token=bound)
    done = site.rest("PATCH", f"/keys/{key_a['id']}/credentials/{a.sha256}",
                     {"bound_to": [a.sha256]})
    is_eq(done.status, 422, "a certificate cannot be bound")


def time_rows():
    """What has ended, or not begun."""
    expired, future = Pem("content/expired-2020.pem"), Pem("content/not-yet-valid-2045.pem")
    old = certgate_then("2019-06-01T00:00:00", "key", "create", "--name", "old", "--cert",
                        expired.path, "--api", "mtls-api", "--token")
    site.make_key("future", future, mtls)
    refused("certificate expired", "/mtls-api/x", 403, "certificate_expired",
            "Certificate has expired", r"expired on 20\d\d-\d\d-\d\dT.*new one", how=straight,
            cert=expired)
    refused("certificate expired, beside its key's token", "/mtls-api/x", 403,
            "certificate_expired", "Certificate has expired", "new one", how=straight,
            cert=expired, token=old["token"])
    refused("certificate not yet valid", "/mtls-api/x", 403, "certificate_not_yet_valid",
            "Certificate is not yet valid", r"valid from 2045-\d\d-\d\dT.*wait", how=straight,
            cert=future)
    passes("the expired one's key lives on", "/mtls-api/x", old, token=old["token"])

    for name, dates in (("expired", {"not_before": "20190101000000Z",
                                     "not_after": "20200101000000Z"}),
                        ("not yet valid", {"not_before": "20450101000000Z",
                                           "not_after": "20460101000000Z"})):
        cert = site.make_cert(name, **dates)
        if name == "expired":
            certgate_then("2019-06-01T00:00:00", "key", "create", "--name", name, "--cert",
                          cert.path, "--api", "mtls-api")
        else:
            site.make_key(name, cert, mtls)
        for tls in "1.2", "1.3":
            path = marked("/mtls-api/x")
            must_not_arrive[f"row={rows}."] = name
            answer = site.curl(path, f"--tlsv{tls}", "--tls-max", tls, cert=cert)
            is_eq((answer.status, answer.rc != 0), (0, True),
                  f"certificate {name}, TLS {tls}: Apache ends the handshake")

    ended = add_token(key_a, ends_at="2020-01-01T00:00:00Z")
    waiting = add_token(key_a, active_from="2999-01-01T00:00:00Z")
    running = add_token(key_a, active_from="2020-01-01T00:00:00Z",
                        ends_at="2999-01-01T00:00:00Z")
    inactive = (403, "credential_inactive", INACTIVE, "not in use now: ask")
    refused("token past its ends_at", "/mtls-api/x", *inactive, token=ended)
    refused("token before its active_from", "/mtls-api/x", *inactive, token=waiting)
    passes("token in between", "/mtls-api/x", key_a, token=running)
    passes("and beside its certificate", "/mtls-api/x", key_a, cert=a, token=running)
    refused("an ended token beside a good certificate", "/mtls-api/x", *inactive, cert=a,
            token=ended)

    credential = f"/keys/{key_a['id']}/credentials/{second_a.sha256}"
    passes("certificate before its end", "/mtls-api/x", key_a, cert=second_a)
    patch(credential, ends_at="2020-01-01T00:00:00Z")
    refused("certificate past its ends_at", "/mtls-api/x", *inactive, cert=second_a)
    refused("the same beside a good token", "/mtls-api/x", *inactive, cert=second_a,
            token=token_a)
    patch(credential, ends_at=None, active_from="2999-01-01T00:00:00Z")
    refused("certificate before its active_from", "/mtls-api/x", *inactive, cert=second_a)
    patch(credential, active_from=None, active=False)
    refused("certificate switched off", "/mtls-api/x", *inactive, cert=second_a)
    patch(credential, active=True)
    passes("certificate switched on again", "/mtls-api/x", key_a, cert=second_a)
    is_eq(site.rest("DELETE", credential + "?reason=left").status, 204, "certificate revoked")
    refused("revoked", "/mtls-api/x", 403, "credential_inactive", INACTIVE,
            r"certificate was revoked on 20\d\d-.*ask", cert=second_a)
    refused("revoked, beside a good token", "/mtls-api/x", 403, "credential_inactive", INACTIVE,
            "revoked on", cert=second_a, token=token_a)
    done = site.rest("POST", "/keys", {"name": "again", "certificate": second_a.pem})
    is_eq((done.status, done.body["code"]), (409, "certificate_revoked"),
          "and nobody can register it anew")
    gone = add_token(key_a)
    digest = hashlib.sha256(gone.encode()).hexdigest()
    is_eq(site.rest("DELETE", f"/keys/{key_a['id']}/credentials/{digest}").status, 204,
          "token revoked")
    refused("revoked token", "/mtls-api/x", 403, "credential_inactive", INACTIVE,
            "token was revoked on .*ask", token=gone)
    refused("revoked token beside a good certificate", "/mtls-api/x", 403, "credential_inactive",
            INACTIVE, "token was revoked on .*ask", cert=a, token=gone)

    past = certgate_then("2020-01-01T00:00:00", "key", "create", "--name", "past", "--api",
                         "mtls-api", "--token", "--expires-at", "2021-01-01T00:00:00Z")
    refused("key expired", "/mtls-api/x", 401, "key_expired", EXPIRED,
            "expired on 2021-01-01T00:00:00Z.*renew", token=past["token"])
    done = site.rest("PATCH", "/keys/" + past["id"], {"expires_at": "2022-01-01T00:00:00Z"})
    is_eq(done.status, 422, "an end in the past cannot be set")
    patch("/keys/" + past["id"], expires_at="2999-01-01T00:00:00Z")
    passes("key with a new end", "/mtls-api/x", past, token=past["token"])
    patch("/keys/" + past["id"], expires_at=None)
    passes("key without an end", "/mtls-api/x", past, token=past["token"])


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


BAD_TARGETS = [
    ("..", "/mtls-api/../x", "dot segment"),
    (".. at the end", "/mtls-api/x/..", "dot segment"),
    (".", "/mtls-api/./x", "dot segment"),
    (". at the end", "/mtls-api/.", "dot segment"),
    ("%2e%2e", "/mtls-api/%2e%2e/x", "dot segment"),
    (".%2E", "/mtls-api/.%2E/x", "dot segment"),
    ("..%2f", "/mtls-api/..%2fx", "dot segment"),
    ("%2f..%2f", "/mtls-api/x%2F..%2Fy", "dot segment"),
    ("..%5c", "/mtls-api/..%5Cx", "dot segment"),
    ("..;", "/mtls-api/..;a=b/x", "dot segment"),
    ("a backslash", "/mtls-api/a\\b", "backslash"),
    ("%00", "/mtls-api/a%00b", "control"),
    ("%0d%0a", "/mtls-api/a%0d%0aX:1", "control"),
    ("%7f", "/mtls-api/a%7f", "control"),
    ("%00 in the query", "/mtls-api/x?a=%00", "NUL"),
    ("a control character", "/mtls-api/a\x01b", "control"),
    ("a line break", "/mtls-api/a\nb", "control"),
    ("a space", "/mtls-api/a b", "space"),
    ("a fragment", "/mtls-api/x#y", "fragment"),
    ("a lone %", "/mtls-api/100%", "%"),
    ("% without digits", "/mtls-api/%zz", "%"),
    ("% with one digit", "/mtls-api/%4/x", "%"),
    ("no slash", "mtls-api/x", "begins with a slash"),
    ("*", "*", "begins with a slash"),
    ("nothing", "", "begins with a slash"),
    ("another scheme", "ftp://localhost/mtls-api/x", "begins with a slash"),
    ("65 kB", "/mtls-api/" + "x" * 66000, "longer than"),
]
BAD_FIELDS = [
    ("a length that is no number", {"CONTENT_LENGTH": "1x"}, "Content-Length"),
    ("a negative length", {"CONTENT_LENGTH": "-1"}, "Content-Length"),
    ("a length with a sign", {"CONTENT_LENGTH": "+1"}, "Content-Length"),
    ("a length beyond numbers", {"CONTENT_LENGTH": "9" * 40}, "Content-Length"),
    ("two lengths", {"CONTENT_LENGTH": "1", "HTTP_CONTENT_LENGTH": "2"}, "two lengths"),
    ("length and chunks", {"CONTENT_LENGTH": "1", "HTTP_TRANSFER_ENCODING": "chunked"},
     "both a length and chunks"),
    ("another transfer coding", {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, "transfer coding"),
    ("a line break in a field", {"HTTP_X_A": "a\nX-Certgate-Key-Id: b"}, "line break"),
    ("a carriage return in a field", {"HTTP_X_A": "a\rb"}, "line break"),
    ("a name that is none", {"HTTP_X A": "b"}, "name that is not allowed"),
    ("a colon in a name", {"HTTP_X:A": "b"}, "name that is not allowed"),
    ("201 fields", {f"HTTP_X_{n}": "" for n in range(201)}, "too many header fields"),
    ("a method that is none", {"REQUEST_METHOD": "GE T"}, "method"),
    ("no method", {"REQUEST_METHOD": None}, "method"),
    ("a method of 40 letters", {"REQUEST_METHOD": "X" * 40}, "method"),
]


def bad_request_rows():
    for name, target, detail in BAD_TARGETS:
        answer = straight(target, cert=a)
        if not is_eq(faults_of(answer, 400, "bad_request", None, detail), [], name):
            diag(answer)
    for name, variables, detail in BAD_FIELDS:
        refused(name, "/mtls-api/x", 400, "bad_request", None, detail, how=straight, cert=a,
                **variables)
    for name, fields in (("two Authorization fields", ["HTTP_AUTHORIZATION"] * 2),
                         ("two spellings of one", ["HTTP_AUTHORIZATION", "HTTP_authorization"])):
        path = marked("/mtls-api/x")
        must_not_arrive[f"row={rows}."] = name
        got = fcgi.request(site.gate_socket, [
            ("REQUEST_METHOD", "GET"), ("REQUEST_URI", path), ("HTTPS", "on"),
            ("CERTGATE_PROOF", site.proof), ("REMOTE_ADDR", "127.0.0.1"),
            *((field, "Bearer " + token_a) for field in fields)])
        is_eq(faults_of(Answer(got.status, Headers(got.headers), got.body), 400, "bad_request",
                        None, "more than once"), [], name)
    # By way of Apache: whoever refuses, nothing passes, and what the gate refuses is told in JSON.
    told = 0
    for name, target, _ in BAD_TARGETS:
        if " " in target or "\n" in target or len(target) > 60000:
            continue
        mark = marked("")
        line = f"GET {target}{mark if '?' not in target and '#' not in target else ''} HTTP/1.1"
        must_not_arrive[f"row={rows}."] = name
        answer = site.raw(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
                          cert=a)
        ok(400 <= answer.status < 500, f"{name}, through Apache")
        told += answer.headers.get("content-type") == "application/problem+json"
    ok(told >= 8, "most of them by the gate")
    is_eq([r["target"] for r in site.upstream_log() if ".." in r["target"].partition("?")[0]
           and "/..." not in r["target"]], [], "no dot segment reached the upstream")


def body_rows():
    """max_body_bytes."""
    def send(size, *args, path="/small/x"):
        return lambda p: curl(p, *args, data=b"x" * size, cert=a)

    too_large = (413, "body_too_large", None, r"larger than this API takes \(1000 bytes\)")
    chunked = ("-H", "Transfer-Encoding: chunked")
    for http in "--http1.1", "--http2":
        passes(f"{http}: 1000 bytes of 1000", "/small/x", key_a, how=send(1000, http))
        refused(f"{http}: 1001 bytes", "/small/x", *too_large, how=send(1001, http))
        refused(f"{http}: 50 kB", "/small/x", *too_large, how=send(50000, http))
        passes(f"{http}: no body", "/small/x", key_a, cert=a)
    passes("1000 bytes in chunks", "/small/x", key_a, how=send(1000, *chunked))
    refused("1001 bytes in chunks", "/small/x", *too_large, arrives=True,
            how=send(1001, *chunked))
    refused("200 kB in chunks", "/small/x", *too_large, arrives=True, how=send(200000, *chunked))
    refused("1001 bytes, asked before", "/small/x", *too_large,
            how=send(1001, "-H", "Expect: 100-continue"))
    refused("who may not call is told that first", "/small/x", 403, "credential_unknown", NO_API,
            "register", how=lambda p: curl(p, data=b"x" * 1001, cert=stranger))
    got = [r for r in site.upstream_log() if r["complete"] and r["body_bytes"] > 1000]
    is_eq(got, [], "no upstream got a larger body whole")
    patch("/apis/" + small["id"], max_body_bytes=0)
    passes("limit 0: no body passes", "/small/x", key_a, cert=a)
    passes("limit 0: nor an empty one", "/small/x", key_a, how=send(0))
    nothing = (413, "body_too_large", None, r"\(0 bytes\)")
    refused("limit 0: one byte", "/small/x", *nothing, how=send(1))
    refused("limit 0: one byte in a chunk", "/small/x", *nothing, arrives=True,
            how=send(1, *chunked))
    patch("/apis/" + small["id"], max_body_bytes=None)
    passes("no limit", "/small/x", key_a, how=send(300000))


def keyless_rows():
    """An API that asks nobody."""
    passes("keyless: nothing", "/keyless/x", None)
    passes("keyless: an unknown token", "/keyless/x", None, token="z" * 52)
    passes("keyless: an unknown certificate", "/keyless/x", None, cert=stranger)
    passes("keyless: a registered one names nobody", "/keyless/x", None, cert=a)
    passes("keyless: a key that is switched off", "/keyless/x", None, cert=key_off)
    patch("/apis/" + keyless["id"], blocked_ips=["127.0.0.1"])
    refused("keyless: the address still counts", "/keyless/x", 403, "address_not_allowed",
            NO_ADDRESS, "ask")
    patch("/apis/" + keyless["id"], blocked_ips=[], active=False)
    refused("keyless: and the switch", "/keyless/x", 404, "api_inactive", NOT_FOUND, "ask")
    patch("/apis/" + keyless["id"], active=True)
    refused("keyless: and bad targets", "/keyless/a%00", 400, "bad_request", None, "control",
            how=straight)


class Odd:
    """An upstream of the test's own: `talk` gets each connection."""

    def __init__(self, talk):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE_S)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, args=(talk,), daemon=True)
        self.thread.start()

    def serve(self, talk):
        try:
            while True:
                with self.listener.accept()[0] as sock:
                    sock.settimeout(DEADLINE_S)
                    try:
                        talk(sock)
                    except (OSError, ssl.SSLError):
                        pass
        except OSError:
            pass


def talk_plain(sock):
    sock.recv(4096)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def talk_untrusted(sock):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.server.path, site.server.key)
    with context.wrap_socket(sock, server_side=True) as tls:
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def upstream_rows():
    """Failures behind the gate."""
    patch("/apis/" + broken["id"], timeout_ms=20000)
    for name, talk in (("no TLS", talk_plain), ("a certificate of nobody", talk_untrusted)):
        patch("/apis/" + broken["id"], target_url=Odd(talk).url)
        refused(f"upstream: {name}", "/broken/x", 502, "upstream_tls", PROXYING,
                "does not prove who it is.*tell its provider", arrives=True, cert=a)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        port_of = site.upstream_url.rpartition(":")[2]
        plain = site.upstream_url
        for name, target, path, status, code, detail in [
                ("refuses", f"http://127.0.0.1:{port}", "", 502, "upstream_unreachable",
                 "cannot be reached: try again later"),
                ("cannot be resolved", f"http://{'x' * 64}.invalid:{port_of}", "", 502,
                 "upstream_unreachable", "cannot be reached: try again later"),
                ("at an address that is not allowed", f"http://169.254.0.1:{port_of}", "", 502,
                 "upstream_unreachable", "cannot be reached: try again later"),
                ("closes without an answer", plain, "?up=close", 502, "upstream_invalid",
                 "ended the connection without an answer: tell its provider. It may have done"),
                ("nonsense", plain, "?up=raw:" + base64.urlsafe_b64encode(
                    b"SSH-2.0-OpenSSH\r\n").decode(), 502, "upstream_invalid",
                 "not HTTP: tell its provider"),
                ("too slow", plain, "?up=slow:20", 504, "upstream_timeout",
                 "did not answer in time: try again later")]:
            # Only who is to wait until it is over must not wait long.
            patch("/apis/" + broken["id"], target_url=target,
                  timeout_ms=300 if status == 504 else 20000)
            refused(f"upstream: {name}", "/broken/x" + path, status, code,
                    None if status == 504 else PROXYING, detail, arrives=True, cert=a)


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
    with open(CORPUS + "/gate-env.tsv", encoding="utf-8", newline="") as text:
        table = list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))
    is_eq(sorted(row["id"] for row in table), sorted(ENVIRONMENTS), "the rows are these")
    keys = {name: site.make_key(name, Pem(name), mtls, token=True)
            for name in ("base/plain.pem", "base/issued-leaf.pem")}
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


def unavailable_rows():
    """The gate cannot know: 503."""
    passes("before", "/mtls-api/x", key_a, how=straight, cert=a)
    # An administrator's command stops in the middle of its transaction, the store's lock in hand.
    holder = subprocess.Popen([site.bin + "/certgate", "--home", site.home, "key", "set",
                               key_b["id"], "--tags", "x"], env={**shim(), "TEST_STOP": "1"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        pid, status = os.waitpid(holder.pid, os.WUNTRACED)
        ok(pid == holder.pid and os.WIFSTOPPED(status), "a command stopped while it writes")
        passes("whom the gate knows passes", "/mtls-api/x", key_a, how=straight, cert=a)
        answers = {}

        def ask(path, cert):
            answers[path.partition("?")[0]] = straight(path, cert=cert)

        # At once: each waits for the lock until it gives up.
        must_not_arrive[f"row={rows + 1}."] = "503"
        threads = [threading.Thread(target=ask, args=(marked("/mtls-api/x"), late)),
                   threading.Thread(target=ask, args=("/readyz", None))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for path, answer in answers.items():
            if not is_eq(faults_of(answer, 503, "unavailable", None,
                                   "store cannot be read.*(try again|see the log)"),
                         [], f"{path}: 503"):
                diag(answer)
        is_eq(len(answers), 2, "both answered")
    finally:
        os.kill(holder.pid, signal.SIGCONT)
        holder.wait()
    passes("then the store is free, and the next request passes", "/mtls-api/x", cert=late)

    site.stop_programs()
    answer = site.curl("/mtls-api/x", cert=a)
    is_eq((answer.status, answer.headers.get("content-type"), answer.json()["code"]),
          (503, "application/problem+json", "unavailable"), "no gate at all: Apache says so")
    like(answer.headers.get("retry-after"), "^[1-9]", "with Retry-After")
    site.start_programs()
    site.wait_ready()
    passes("a new gate", "/mtls-api/x", key_a, cert=a)


with site:
    mtls = site.make_api("mtls-api")
    only = site.make_api("certificates", auth={"use_certificate": True, "use_token": False})
    tokens_only = site.make_api("tokens", auth={})
    field = site.make_api("field", auth={"token_header": "X-Api-Key"})
    off = site.make_api("off", active=False)
    elsewhere = site.make_api("elsewhere", sites=["other"])
    keyless = site.make_api("keyless", auth={"keyless": True})
    small = site.make_api("small", max_body_bytes=1000)
    broken = site.make_api("broken", timeout_ms=300)
    a, second_a, b, stranger, no_rights, other_api, key_off, late = (
        site.make_cert(n) for n in ("a", "second-a", "b", "stranger", "no-rights", "other-api",
                                    "key-off", "late"))
    namesake = site.make_cert("namesake", subject="/CN=a")
    signed = site.make_cert("signed", ca=a, subject="/CN=a")
    with open(signed.path + ".chain", "w", encoding="ascii") as out:
        out.write(signed.pem + a.pem)
    appended = Cert(signed.path + ".chain", signed.key)
    subprocess.run(["openssl", "req", "-x509", "-key", a.key, "-subj", "/CN=a", "-days", "30",
                    "-out", a.path + ".renewed"], check=True)
    renewed = Cert(a.path + ".renewed", a.key)

    apis = [mtls, only, tokens_only, field, small, broken, off, elsewhere]
    key_a = key_for("A", a, *apis, token=True)
    key_b = key_for("B", b, *apis, token=True)
    token_a, token_b = key_a.pop("token"), key_b.pop("token")
    is_eq(site.rest("POST", f"/keys/{key_a['id']}/credentials",
                    {"certificate": second_a.pem}).status, 201, "a second certificate of A")
    site.make_key("no rights", no_rights)
    site.make_key("other API", other_api, mtls)
    site.make_key("off", key_off, mtls, active=False)
    site.make_key("late", late, mtls)

    for title, part in (("refused", plain_rows), ("both", combination_rows),
                        ("bound", bound_rows), ("verify", verify_rows), ("ends", time_rows),
                        ("access", access_rows), ("address", address_rows),
                        ("bad request", bad_request_rows), ("body", body_rows),
                        ("keyless", keyless_rows), ("upstream", upstream_rows),
                        ("environment", environment_rows), ("unavailable", unavailable_rows)):
        with case(title):
            part()

    arrived = "\n".join(r["target"] for r in site.upstream_log())
    is_eq([name for mark, name in must_not_arrive.items() if mark in arrived], [],
          "nothing that was refused reached the upstream")
    ok(len(must_not_arrive) > 150 and "row=" in arrived, "and the marks are looked for")
done_testing()
