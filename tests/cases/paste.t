#!/usr/bin/python3
"""Every row of tests/certs/manifest.tsv that people paste or upload, by every way in there is:

  admin paste   POST /keys and POST /certificates with the text in JSON; `cert show --as admin -`,
                for which standard input is a file
  admin upload  POST /certificates and a key's POST /credentials with the file as body;
                `cert show --as admin FILE`; `key create --cert FILE`
  portal paste  `cert show --as portal -`

Each from an empty store, and after a refusal the store is as it was."""
import json
import os
import re
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import cases  # noqa: E402
from clock import faketime  # noqa: E402
from environment import HANG_S  # noqa: E402
from processes import own_memory_kb  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
tally = cases.Tally()


# --- the store, before and after ---

def store():
    """What is in it that a registration could have made."""
    made = {}
    for what in "keys", "certificates":
        answer = site.rest("GET", f"/{what}?limit=500")
        made[what] = [item["id"] for item in answer.body["items"]]
    made["audit"] = site.rest("GET", "/audit?limit=1").body["items"]
    return made


def empty():
    """Away with all of it.  What is left then, if anything."""
    for key in site.rest("GET", "/keys?limit=500").body["items"]:
        site.rest("DELETE", f"/keys/{key['id']}")
    for found in site.rest("GET", "/certificates?limit=500").body["items"]:
        site.rest("DELETE", f"/certificates/{found['id']}?cascade=true")
    now = store()
    return [f"left over: {what} {now[what]}" for what in ("keys", "certificates") if now[what]]


# --- REST ---

def refusal_faults(answer, row, data):
    """A refusal by REST as the contract says."""
    body = answer.body
    if not 400 <= answer.status < 500 or not isinstance(body, dict):
        return [f"status {answer.status}: {str(body)[:300]}"]
    faults = []
    if answer.headers.get("content-type") != "application/problem+json":
        faults.append(f"content type {answer.headers.get('content-type')}")
    if body.get("status") != answer.status or not re.fullmatch("[a-z0-9_]+", body.get("code", "")):
        faults.append(f"status and code in the body: {body.get('status')}, {body.get('code')}")
    if not cases.is_sentence(body.get("detail")):
        faults.append(f"no sentence: {body.get('detail')!r}")
    if cases.repeats(json.dumps(body, ensure_ascii=False), data):
        faults.append(f"repeats the input: {body}")
    if "413" in row["invariant"] and answer.status != 413:
        faults.append(f"status {answer.status}, not 413")
    if "JSON_" in body["detail"]:
        faults.append(f"the words of a library: {body['detail']}")
    return faults


def judge(row, accepted, sha256, why):
    """What is wrong with a verdict."""
    want = row["verdict"]
    # Refused with a fingerprint: only while another key has it, which this row sees to.
    if accepted and want == "refused":
        return [f"accepted as {sha256}"]
    if accepted and sha256 != row["sha256"]:
        return [f"accepted as {sha256}, not {row['sha256']}"]
    if not accepted and want == "accepted":
        return [f"refused: {why}"]
    return []


def memory_kb():
    """The most that the administrator's program has had at once."""
    return own_memory_kb(site.pids("admin")[0])[0]


def by_rest(row, data, send, fingerprint_of):
    """Sends, judges the answer, looks into the store, and empties it."""
    owner = None
    if row["verdict"] == "refused" and row["sha256"] != "-":
        owner = site.make_key("the other owner", PLAIN)
        others = site.rest("GET", "/keys/" + owner["id"]).body
    before, memory = store(), memory_kb()
    answer = send(data)
    grown = memory_kb() - memory
    accepted = 200 <= answer.status < 300
    faults = judge(row, accepted, fingerprint_of(answer) if accepted else None, answer.body)
    if "8 MB" in row["invariant"] and grown > 8 * 1024:
        faults.append(f"memory grew by {grown} kB")
    if accepted:
        kept = site.rest("GET", "/certificates/" + row["sha256"])
        if kept.status != 200 or kept.body["sha256"] != row["sha256"] or \
                "PRIVATE KEY" in kept.body["pem"] or \
                cases.sha256(ssl.PEM_cert_to_DER_cert(kept.body["pem"])) != row["sha256"]:
            faults.append(f"kept: {kept.status} {kept.body}")
        if cases.holds_key(row) != answer.body["private_key_dropped"]:
            faults.append(f"private_key_dropped is {answer.body['private_key_dropped']}")
    else:
        faults += refusal_faults(answer, row, data)
        if store() != before:
            faults.append(f"the store is not as before: {before}, {store()}")
    if owner:
        if answer.status != 409 or answer.body.get("code") != "certificate_in_use" or \
                "the other owner" not in answer.body["detail"]:
            faults.append(f"{answer.status} {answer.body}")
        if site.rest("GET", "/keys/" + owner["id"]).body != others:
            faults.append("the other key was changed")
    return faults + empty()


def as_key(data):
    return site.rest("POST", "/keys", {"name": "row", "certificate": cases.as_text(data)})


def as_json(data):
    return site.rest("POST", "/certificates", {"pem": cases.as_text(data), "kind": "client"})


def as_body(data):
    return site.rest("POST", "/certificates", body=data, content_type="application/x-pem-file")


def as_credential(data):
    """Of a key that is there before; it goes with the certificates."""
    return site.rest("POST", f"/keys/{standing['id']}/credentials", body=data,
                     content_type="application/octet-stream")


def of_key(answer):
    held = [c["sha256"] for c in answer.body["credentials"] if c["type"] == "certificate"]
    return held[0] if len(held) == 1 else held


def of_record(answer):
    return answer.body["sha256"]


# --- the command ---

def certgate(*args, stdin=None, clock="-", check_clean=True):
    """The command's status and its output as bytes."""
    env = None if clock == "-" else faketime(clock)
    done = subprocess.run([site.bin + "/certgate", "--home", site.home, *args], env=env,
                          capture_output=True, check=False, timeout=HANG_S,
                          **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}))
    if check_clean:
        for text in done.stdout, done.stderr:
            if not is_clean(text):
                raise RuntimeError(f"certgate {args}: hostile text came through: {text[:400]!r}")
    return done


def is_clean(text):
    """UTF-8 without control characters but line ends."""
    try:
        text = text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", text)


MEMBERS = ["accepted", "certificates", "code", "notices", "reason", "sha256"]
CERTIFICATE = ["issuer", "names", "not_after", "not_before", "public_key", "serial", "sha256",
               "subject"]


def by_show(row, data, role, file):
    """cert show, as text and as JSON."""
    arguments = ["cert", "show", "--as", role, os.path.join(cases.CORPUS, row["file"])
                 if file else "-"]
    stdin = None if file else data
    told = certgate("--json", *arguments, stdin=stdin, clock=row["clock"])
    shown = json.loads(told.stdout)
    faults = []
    if not set(MEMBERS) <= set(shown):
        faults.append(f"members: {sorted(shown)}")
    if told.returncode != (0 if shown["accepted"] else 1):
        faults.append(f"exit status {told.returncode}")
    if row["verdict"] == "refused" and row["sha256"] != "-":
        # Whose it is only the store knows.
        row = {**row, "verdict": "accepted"}
    faults += judge(row, shown["accepted"], shown["sha256"], shown["reason"])
    if shown["accepted"]:
        first = shown["certificates"][0]
        if first["sha256"] != shown["sha256"] or not set(CERTIFICATE) <= set(first) or \
                shown["reason"] is not None or shown["code"] is not None:
            faults.append(f"accepted, and yet: {shown}")
    else:
        if not cases.is_sentence(shown["reason"]) or \
                not re.fullmatch("[a-z0-9_]+", shown["code"] or "") or shown["sha256"] is not None:
            faults.append(f"refused, and yet: {shown}")
        if shown["reason"] not in told.stderr.decode():
            faults.append(f"standard error: {told.stderr!r}")
    if not shown["accepted"] and cases.repeats(told.stdout + told.stderr, data):
        faults.append("repeats the input")
    # Every tenth also as text: the same verdict.
    if tally_turn() and (certgate(*arguments, stdin=stdin, clock=row["clock"]).returncode !=
                         told.returncode):
        faults.append("as text: another verdict")
    return faults


turn = 0


def tally_turn():
    global turn
    turn += 1
    return turn % 10 == 0


def by_create(row, data):
    """key create --cert FILE."""
    before = store()
    done = certgate("--json", "key", "create", "--name", "row", "--cert",
                    os.path.join(cases.CORPUS, row["file"]), clock=row["clock"])
    accepted = done.returncode == 0
    held = [c["sha256"] for c in json.loads(done.stdout)["credentials"]] if accepted else []
    faults = judge(row, accepted, held[0] if len(held) == 1 else held, done.stderr)
    if not accepted:
        if done.returncode != 1 or not re.match(rb"certgate: [A-Z].*\.\)?", done.stderr):
            faults.append(f"exit status {done.returncode}, {done.stderr!r}")
        if store() != before:
            faults.append("the store is not as before")
    elif cases.holds_key(row) and b"private key" not in done.stderr:
        faults.append(f"does not tell that the private key was dropped: {done.stderr!r}")
    if cases.repeats(done.stderr, data):
        faults.append("repeats the input")
    return faults + empty()


# --- all rows ---

class At:
    """The programs at a row's time, where it has one."""

    def __init__(self, clock):
        self.clock = clock

    def __enter__(self):
        if self.clock != "-":
            site.stop_programs()
            site.start_programs(env=faketime(self.clock))
            site.wait_ready()

    def __exit__(self, *_):
        if self.clock != "-":
            site.stop_programs()
            site.start_programs()
            site.wait_ready()


needles = {}

with site:
    with open(os.path.join(cases.CORPUS, "base/plain.pem"), encoding="ascii") as text:
        PLAIN = type("Pem", (), {"pem": text.read()})

    with case("the table"):
        is_eq(sorted({way for row in cases.table("manifest.tsv")
                      for way in row["how"].split("; ")}),
              sorted([cases.ADMIN, cases.PORTAL, cases.UPLOAD, cases.GATE, cases.TLS]),
              "has these ways in, each of which is tried here or in gate.t")
    with case("the store"):
        is_eq(empty(), [], "is empty at first")

    for row in cases.rows(cases.ADMIN):
        data = cases.contents(row["file"])
        with At(row["clock"]):
            tally.check(row, cases.ADMIN, by_rest(row, data, as_key, of_key), "POST /keys")
            if row["sha256"] == "-" or row["verdict"] != "refused":
                tally.check(row, cases.ADMIN, by_rest(row, data, as_json, of_record),
                            "POST /certificates")
        if not cases.is_der(data):
            tally.check(row, cases.ADMIN, by_show(row, data, "admin", False), "cert show --as admin")
        if cases.holds_key(row):
            needles.update(cases.key_needles(data))

    for row in cases.rows(cases.UPLOAD):
        data = cases.contents(row["file"])
        tally.check(row, cases.UPLOAD, by_rest(row, data, as_body, of_record),
                    "POST /certificates, the file")
        tally.check(row, cases.UPLOAD, by_show(row, data, "admin", True),
                    "cert show --as admin FILE")
        tally.check(row, cases.UPLOAD, by_show(row, data, "admin", False), "cert show --as admin -")
        tally.check(row, cases.UPLOAD, by_create(row, data), "key create --cert")
        standing = site.make_key("standing")
        tally.check(row, cases.UPLOAD, by_rest(row, data, as_credential, of_record),
                    "POST /credentials, the file")

    for row in cases.rows(cases.PORTAL):
        data = cases.contents(row["file"])
        if not cases.is_der(data):
            tally.check(row, cases.PORTAL, by_show(row, data, "portal", False),
                        "cert show --as portal")
        if cases.holds_key(row):
            needles.update(cases.key_needles(data))

    with case("private keys that came along"):
        ok(len(needles) >= 20, "their pieces are known")
        with open(site.certs + "/needle", "wb") as out:
            out.write(next(iter(needles)))
        is_eq(len(cases.search(site.certs, needles)), 1, "and would be found")
        is_eq(cases.search(site.folder, needles, [site.certs]), [],
              "nowhere in data, logs, and files of the web server")
    tally.close()
done_testing()
