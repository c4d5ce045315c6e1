#!/usr/bin/python3
"""Every row of tests/certs/manifest.tsv that is about the gate: values of SSL_CLIENT_CERT given to
it as they are, and real handshakes through Apache.

All certificates that some row lets in are registered, each with a key of its own, as are those that
are not valid yet or any more (by an administrator at another time): what is refused has to be
refused for its own sake.  What passes has to arrive at the upstream as the right key, with the
right fingerprint; what does not must not arrive at all."""
import base64
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import cases  # noqa: E402
from clock import faketime  # noqa: E402
from environment import HANG_S  # noqa: E402
import fcgi  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

# What OpenSSL does not send without being talked into it, by TLS 1.2 and 1.3.
WEAK = [["--ciphers", "DEFAULT:@SECLEVEL=0", "--tls-max", version] for version in ("1.2", "1.3")]
LAX = {"content/sha1-selfsigned.pem": WEAK,
       "content/md5-selfsigned.pem": WEAK, "content/dsa2048.pem": WEAK[::-1],
       "content/secp256k1.pem": WEAK}
# What curl does not load: clients that do.
S_CLIENT = {"content/duplicate-extension.pem", "content/rsa1024.pem"}
GNUTLS = {"content/utf8string-invalid-bytes.pem"}
# In the store although nobody could register them now: when that is done.
FORCED = {"content/expired-2020.pem": "2019-07-01 12:00:00Z"}

site = Site()
tally = cases.Tally()
marks = 0
key_of = {}  # fingerprint -> id of its key
told = {}  # file -> status and code of its last handshake


class Pair:
    """A file of the corpus and its private key, for curl."""

    def __init__(self, row):
        self.path = os.path.join(cases.CORPUS, row["file"])
        self.key = os.path.join(cases.CORPUS, row["key"])


def digest_of(name):
    """SHA-256 of the DER in a file with one block."""
    text = re.search(rb"-----BEGIN CERTIFICATE-----([^-]*)-----END", cases.contents(name))
    return cases.sha256(base64.b64decode(text.group(1)))


def register_all():
    """A key for each certificate that any row accepts; returns those that could not be."""
    missing = {}
    for row in cases.table("manifest.tsv"):
        digest = row["sha256"]
        if digest == "-" or digest in key_of or row["clock"] != "-" or \
                row["verdict"] == "refused" or row["file"].startswith("gate/"):
            continue
        answer = site.rest("POST", "/keys", {
            "name": row["file"], "certificate": cases.as_text(cases.contents(row["file"])),
            "access": [{"api_id": api["id"]}]})
        if answer.status == 201:
            key_of[digest] = answer.body["id"]
        else:
            missing[row["file"]] = row["verdict"]
    for name, clock in FORCED.items():
        done = site.certgate("--json", "key", "create", "--name", name, "--cert",
                             os.path.join(cases.CORPUS, name), "--api", api["id"], env=faketime(clock))
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stderr}")
        key_of[digest_of(name)] = json.loads(done.stdout)["id"]
    return missing


def path():
    global marks
    marks += 1
    return f"/mtls-api/row-{marks}."


def arrived(target):
    """The header fields with which it reached the upstream; None when it did not."""
    mark = target.rpartition("/")[2]
    found = [r for r in site.upstream_log() if mark in r["target"]]
    if len(found) > 1:
        raise RuntimeError(f"{target} arrived {len(found)} times")
    return {n.lower(): v for n, v in found[0]["headers"]} if found else None


def faults_of(row, target, status, code, refusals):
    """What is wrong with one answer, and with what the upstream saw."""
    seen = arrived(target)
    passed = status == 200
    faults = []
    if passed != (seen is not None):
        return [f"status {status}, and the upstream saw {seen}"]
    if row["verdict"] == "accepted" and not passed:
        return [f"refused: {status} {code}"]
    if row["verdict"] == "refused" and passed:
        return [f"passed as {seen.get('x-certgate-key-name')}"]
    if passed:
        fingerprint = seen.get("x-certgate-fingerprint")
        if fingerprint != row["sha256"]:
            faults.append(f"fingerprint at the upstream: {fingerprint}")
        if seen.get("x-certgate-key-id") != key_of[row["sha256"]]:
            faults.append(f"as {seen.get('x-certgate-key-name')}")
        sent = seen.get("client-cert")
        if sent is not None and cases.sha256(base64.b64decode(sent.strip(":"))) != fingerprint:
            faults.append("Client-Cert is another certificate")
    elif (status, code) not in refusals:
        faults.append(f"refused with {status} {code}")
    return faults


# --- values ---

# With a value that is no certificate, or nobody's.
NOBODY = [(401, "credential_missing"), (403, "credential_unknown"), (403, "certificate_expired"),
          (403, "certificate_not_yet_valid")]
DATES = {"content/expired-2020.pem": "certificate_expired",
         "content/expires-today.pem": "certificate_expired",
         "content/not-yet-valid-2045.pem": "certificate_not_yet_valid"}


def ask(value, **more):
    """Straight to the gate, with the proof; returns the path, the status and the code."""
    target = path()
    answer = site.fcgi({"REQUEST_URI": target, "SSL_CLIENT_CERT": value,
                        "SSL_CLIENT_VERIFY": "GENEROUS", **more})
    code = json.loads(answer.body).get("code") if answer.status != 200 else None
    return target, answer.status, code


def by_value(row):
    value = cases.contents(row["file"])
    log = site.logs + "/supervise.log"
    before = os.path.getsize(log)
    target, status, code = ask(value)
    faults = faults_of(row, target, status, code, NOBODY)
    want = DATES.get(row["file"])
    if row["verdict"] == "refused" and want and code != want:
        faults.append(f"code {code}, not {want}")
    # The gate goes on as if no certificate had come, to the token; never past a certificate that
    # it could read.
    target, status, code = ask(value, HTTP_AUTHORIZATION="Bearer " + token)
    seen = arrived(target)
    if row["file"] in ("gate/empty-value.txt", "gate/null-literal.txt"):
        # NONE is what a server says then.
        target, status, code = ask(value, SSL_CLIENT_VERIFY="NONE",
                                   HTTP_AUTHORIZATION="Bearer " + token)
        if status != 200 or arrived(target).get("x-certgate-key-id") != token_key["id"]:
            faults.append(f"with a token and no certificate: {status} {code}")
    elif seen is not None and seen.get("x-certgate-key-id") != token_key["id"]:
        faults.append(f"with another key's token: as {seen}")
    with open(log, "rb") as text:
        text.seek(before)
        lines = text.read().splitlines()
    if len(lines) > 3 or not all(re.fullmatch(rb"[\x20-\x7e\x80-\xff]+", line) for line in lines):
        faults.append(f"the log: {lines}")
    return faults


def at_clock(rows):
    """Rows with a time, in their order, in one run of the programs: the clock is moved on under
    them, on a connection that stays open, without a restart."""
    clock = site.folder + "/clock"
    kept = None

    def move(when):
        with open(clock + ".new", "w", encoding="ascii") as out:
            out.write(when.rstrip("Z") + "\n")
        os.chmod(clock + ".new", 0o644)
        os.rename(clock + ".new", clock)

    rows = sorted(rows, key=lambda row: row["clock"])
    move(rows[0]["clock"])
    site.stop_programs()
    site.start_programs(env=faketime(clock))
    site.wait_ready()
    try:
        for row in rows:
            move(row["clock"])
            digest = digest_of(row["file"])
            if digest not in key_of:
                made = site.rest("POST", "/keys", {
                    "name": row["file"], "access": [{"api_id": api["id"]}],
                    "certificate": cases.as_text(cases.contents(row["file"]))})
                key_of[digest] = made.body["id"]
            faults = by_value(row)
            # And on one connection that has seen every one of these times.
            kept = kept or fcgi.Client(site.gate_socket)
            target = path()
            answer = kept.request({
                "REQUEST_METHOD": "GET", "REQUEST_URI": target, "REMOTE_ADDR": "127.0.0.1",
                "HTTPS": "on", "SSL_CLIENT_VERIFY": "GENEROUS", "CERTGATE_PROOF": site.proof,
                "SSL_CLIENT_CERT": cases.contents(row["file"]), "CERTGATE_SITE": site.name,
                "CERTGATE_PREFIX": "/"}, keep=True)
            if (answer.status == 200) != (row["verdict"] == "accepted"):
                faults.append(f"on the open connection: {answer.status}")
            tally.check(row, cases.GATE, faults)
    finally:
        if kept:
            kept.close()
        site.stop_programs()
        site.start_programs()
        site.wait_ready()


def by_show(row):
    """certgate cert show --as gate: what it identifies, dates included."""
    env = None if row["clock"] == "-" else faketime(row["clock"])
    done = subprocess.run(
        [site.bin + "/certgate", "cert", "show", "--json", "--as", "gate", "-"],
        input=cases.contents(row["file"]), env=env, capture_output=True,
        check=False)
    shown = json.loads(done.stdout)
    faults = []
    if done.returncode != (0 if shown["accepted"] else 1):
        faults.append(f"exit status {done.returncode}")
    if row["verdict"] == "accepted" and not shown["accepted"]:
        faults.append(f"refused: {shown['reason']}")
    if shown["accepted"] and shown["sha256"] != row["sha256"] and \
            (row["verdict"] != "refused" or shown["sha256"] in key_of):
        faults.append(f"identified as {shown['sha256']}")
    if not shown["accepted"] and not (cases.is_sentence(shown["reason"]) and shown["code"]):
        faults.append(f"refused: {shown}")
    return faults


# --- handshakes ---

# The web server ended it; or the client sent none; or it is nobody's.
REFUSALS = [(0, None), (401, "credential_missing"), (403, "credential_unknown")]

def by_curl(row, options):
    """A request with the real curl; a handshake that ends is a refusal, too."""
    target = path()
    answer = site.curl(target, *options, cert=Pair(row))
    code = answer.json().get("code") if answer.status not in (0, 200) else None
    if answer.rc == 58:
        return [f"curl does not load it: {answer.error}"]
    told[row["file"]] = (answer.status, code)
    return faults_of(row, target, answer.status, code, REFUSALS)


def by_client(row):
    """The same by clients that load what curl does not."""
    target, pair = path(), Pair(row)
    command = ["openssl", "s_client", "-quiet", "-cipher", "DEFAULT:@SECLEVEL=0", "-CAfile",
        site.ca,
               "-cert", pair.path, "-key", pair.key, "-connect",
               f"localhost:{site.port}"] if row["file"] in S_CLIENT else \
        ["gnutls-cli", "--x509cafile", site.ca, "--x509certfile", pair.path, "--x509keyfile",
         pair.key, "--port", str(site.port), "localhost"]
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=HANG_S,
        input=f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    found = re.search(rb"^HTTP/1\.1 (\d+)", done.stdout, re.M)
    if not found and b"alert" not in done.stdout + done.stderr:
        return [f"no handshake: {done.stdout[-500:]} {done.stderr[-500:]}"]
    code = re.search(rb'"code":"([a-z_]+)"', done.stdout)
    told[row["file"]] = (int(found.group(1)) if found else 0, code and code.group(1).decode())
    return faults_of(row, target, *told[row["file"]], REFUSALS)


with site:
    api = site.make_api("mtls-api")
    token_key = site.make_key("token", api=api, token=True)
    token = token_key["token"]

    with case("before anything is registered"):
        for row in cases.rows(cases.GATE):
            target, status, code = ask(cases.contents(row["file"]))
            ok(status in (401, 403) and arrived(target) is None, row["file"])

    with case("registered"):
        missing = register_all()
        is_eq([name for name, verdict in missing.items() if verdict != "either"], [],
              "everything that has to be accepted")
        diag(f"{len(key_of)} certificates are registered; refused although they need not be: "
             f"{sorted(missing) or 'none'}")
        ok(len(key_of) >= 40, "and there is much of it")

    for row in cases.rows(cases.GATE):
        tally.check(row, cases.GATE, by_show(row), "cert show --as gate")

    timed = [row for row in cases.rows(cases.GATE) if row["clock"] != "-"]
    for row in cases.rows(cases.GATE):
        if row["clock"] == "-":
            tally.check(row, cases.GATE, by_value(row))
    ok(len(timed) >= 2, "there are rows with a time")
    at_clock(timed)

    for row in cases.rows(cases.TLS):
        if row["file"] in S_CLIENT | GNUTLS:
            tally.check(row, cases.TLS, by_client(row))
            continue
        faults = []
        for options in LAX.get(row["file"], [[]]):
            faults += by_curl(row, options)
        if row["verdict"] == "either" and row["sha256"] in key_of and told[row["file"]][0] != 200:
            faults.append(f"registered, and yet: {told[row['file']]}")
        tally.check(row, cases.TLS, faults)
    with case("what the web server lets through and nobody could register"):
        for name in ("content/dsa2048.pem", "content/duplicate-extension.pem",
                     "content/sigalg-mismatch.pem", "flow/signature-malleated.pem"):
            is_eq(told[name], (403, "credential_unknown"), name)
    tally.close()
done_testing()
