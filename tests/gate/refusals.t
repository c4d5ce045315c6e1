#!/usr/bin/python3
"""Who is refused, and what he is told: every row of the contract's table about credentials that needs no
policies, limits or CAs; who wins when a certificate and a token come together; and what cannot be served now."""
import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import Answer, read_answer  # noqa: E402
from certificates import Cert  # noqa: E402
from listener import Listener, answer_plain, tls_listener  # noqa: E402
from refusals import (CERT_REQUIRED, EXPIRED, INACTIVE, MISSING, NOT_FOUND,  # noqa: E402
                      NO_ADDRESS, NO_API, PROXYING, Pem, Refusals)
from shim import build_shim  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site()
calls = Refusals(site)
add_token, certgate_at, marked, passes, patch, refused, straight = (
    calls.add_token, calls.certgate_at, calls.marked, calls.passes, calls.patch,
    calls.refused, calls.straight)


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
    return Answer(answer.status, fields, json.dumps(body).encode())


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
    large = site.make_cert("large", extensions=[
        "subjectAltName=" + ",".join(f"DNS:{n:060}.example" for n in range(190))])
    for version in (["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]):
        refused(f"a certificate that Apache takes for too large to pass on, beside a token, {version[0]}",
                "/mtls-api/x", 401, "credential_missing", MISSING, "ExportCertData.*under 12 kB[.]$",
                how=lambda path, version=version: calls.curl(path, *version, cert=large, token=token_a))
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
    old = certgate_at("2019-06-01 00:00:00", "key", "create", "--name", "old", "--cert",
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
            certgate_at("2019-06-01 00:00:00", "key", "create", "--name", name, "--cert",
                          cert.path, "--api", "mtls-api")
        else:
            site.make_key(name, cert, mtls)
        for tls in "1.2", "1.3":
            answer = site.curl(marked("/mtls-api/x", name), f"--tlsv{tls}", "--tls-max", tls, cert=cert)
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

    past = certgate_at("2020-01-01 00:00:00", "key", "create", "--name", "past", "--api",
                         "mtls-api", "--token", "--expires-at", "2021-01-01T00:00:00Z")
    refused("key expired", "/mtls-api/x", 401, "key_expired", EXPIRED,
            "expired on 2021-01-01T00:00:00Z.*renew", token=past["token"])
    done = site.rest("PATCH", "/keys/" + past["id"], {"expires_at": "2022-01-01T00:00:00Z"})
    is_eq(done.status, 422, "an end in the past cannot be set")
    patch("/keys/" + past["id"], expires_at="2999-01-01T00:00:00Z")
    passes("key with a new end", "/mtls-api/x", past, token=past["token"])
    patch("/keys/" + past["id"], expires_at=None)
    passes("key without an end", "/mtls-api/x", past, token=past["token"])


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


def upstream_rows():
    """Failures behind the gate."""
    patch("/apis/" + broken["id"], timeout_ms=20000)
    for name, listener in (("no TLS", Listener(answer_plain)),
                           ("a certificate of nobody", tls_listener(site.server))):
        patch("/apis/" + broken["id"], target_url=f"https://127.0.0.1:{listener.port}")
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


def unavailable_rows():
    """The gate cannot know: 503."""
    passes("before", "/mtls-api/x", key_a, how=straight, cert=a)
    # An administrator's command stops in the middle of its transaction, the store's lock in hand.
    holder = subprocess.Popen([site.bin + "/certgate", "--home", site.home, "key", "set",
                               key_b["id"], "--tags", "x"], env={
                                   **os.environ, "LD_PRELOAD": build_shim(site.folder, "fault_shim"),
                                   "FAULT_CALLS": "disk", "FAULT_DO": "stop", "FAULT_AT": "2"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        pid, status = os.waitpid(holder.pid, os.WUNTRACED)
        ok(pid == holder.pid and os.WIFSTOPPED(status), "a command stopped while it writes")
        passes("whom the gate knows passes", "/mtls-api/x", key_a, how=straight, cert=a)
        answers = {}

        def ask(path, cert):
            answers[path.partition("?")[0]] = straight(path, cert=cert)

        # At once: each waits for the lock until it gives up.
        threads = [threading.Thread(target=ask, args=(marked("/mtls-api/x", "503"), late)),
                   threading.Thread(target=ask, args=("/readyz", None))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for path, answer in answers.items():
            calls.is_refusal(answer, 503, "unavailable", None,
                             "store cannot be read.*(try again|see the log)", f"{path}: 503")
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

    apis = [mtls, only, tokens_only, field, broken, off, elsewhere]
    key_a = site.make_key("A", a, apis=apis, token=True)
    key_b = site.make_key("B", b, apis=apis, token=True)
    token_a, token_b = key_a.pop("token"), key_b.pop("token")
    is_eq(site.rest("POST", f"/keys/{key_a['id']}/credentials",
                    {"certificate": second_a.pem}).status, 201, "a second certificate of A")
    site.make_key("no rights", no_rights)
    site.make_key("other API", other_api, mtls)
    site.make_key("off", key_off, mtls, active=False)
    site.make_key("late", late, mtls)

    for title, part in (("refused", plain_rows), ("both", combination_rows), ("bound", bound_rows),
                        ("ends", time_rows), ("keyless", keyless_rows), ("upstream", upstream_rows),
                        ("unavailable", unavailable_rows)):
        with case(title):
            part()
    calls.none_arrived(60)
done_testing()
