#!/usr/bin/python3
"""All “portal paste” rows of tests/certs in the real form, each from an empty store; after each refused
private key nothing of it is found on disk, in logs, in the answer.  (F02, F03, F09, F11)"""
import base64
import hashlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import MAIL, Developer, entry, request_of  # noqa: E402
import cases  # noqa: E402
from clock import faketime  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

tally = cases.Tally()
FIELD = "Public certificate (PEM)"


def empty():
    """What a row left behind goes; what could not go is a fault."""
    faults = []
    for request in site.rest("GET", "/requests?status=pending").body["items"]:
        site.rest("POST", f"/requests/{request['id']}/decline")
    for what in ("keys", "certificates", "exposed-keys"):
        for found in site.rest("GET", f"/{what}?limit=500").body["items"]:
            answer = site.rest("DELETE", f"/{what}/{found['id']}?cascade=true"
                               if what == "certificates" else f"/{what}/{found['id']}")
            if answer.status != 204:
                faults.append(f"{what} {found['id']} stays: {answer.status}")
    return faults


def waiting():
    return site.rest("GET", "/requests?status=pending").body["items"]


def judge(row, data, page):
    """What is not as the row says."""
    faults, found = [], waiting()
    field = page.field(page.form("Request key")[0], FIELD).value if page.status != 200 else ""
    if page.status >= 500 or page.status not in (200, 409, 413, 422):
        faults.append(f"status {page.status}: {page.text[:200]}")
    if page.status == 200:
        if [r["certificate_sha256"] for r in found] != [row["sha256"]]:
            faults.append(f"asked for {[r['certificate_sha256'] for r in found]}")
        if row["verdict"] == "refused":
            faults.append("accepted")
    else:
        if row["verdict"] == "accepted":
            faults.append(f"refused: {page.text[:300]}")
        if found:
            faults.append("a refused one left a request")
        if not page.title.startswith("Error:"):
            faults.append(f"the title is {page.title}")
        if field and "BEGIN CERTIFICATE" not in field:
            faults.append(f"the field holds {field[:100]!r}")
    if cases.holds_key(row):
        if "Consider it exposed" not in page.text or "Make a new pair" not in page.text:
            faults.append(f"does not tell of the exposed key: {page.text[:300]}")
        if field:
            faults.append("the field is not empty")
        # The field's placeholder is no repetition.
        if cases.repeats(page.body.replace(b"-----BEGIN CERTIFICATE-----", b""), data):
            faults.append("the answer repeats the input")
        needles = cases.key_needles(data)
        every.update(needles)
        faults += cases.search(site.folder, needles, [site.certs])
        faults += cases.search(MAIL, needles)
        faults += [f"the answer: {what}" for piece, what in needles.items() if piece in page.body]
    return faults


def blocked():
    return {e["spki_sha256"] for e in site.rest("GET", "/exposed-keys?limit=500").body["items"]}


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def value(tag, *parts):
    """A value of DER."""
    body = b"".join(parts)
    size = len(body).to_bytes(len(body).bit_length() // 8 + 1, "big").lstrip(b"\0")
    return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def numbers(*all_of_them):
    return value(0x30, *(value(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))
                         if isinstance(n, int) else n for n in all_of_them))


def as_pem(label, der):
    return (f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n")


def members(der):
    """What is in a SEQUENCE, each with its tag and length."""
    def size(at):
        n = der[at + 1]
        return (2, n) if n < 128 else (2 + (n & 127), int.from_bytes(der[at + 2:at + 2 + (n & 127)], "big"))
    at, found = size(0)[0], []
    while at < len(der):
        head, body = size(at)
        found.append(der[at:at + head + body])
        at += head + body
    return found


def public_of(key):
    return openssl("pkey", "-pubout", "-outform", "DER", data=key)


def forgeries(kind, key):
    """Texts in the form of private keys around the public half of this one."""
    spki, odd = public_of(key), int.from_bytes(b"\x5a" * 120, "big") | 1
    algorithm = members(spki)[0]
    if kind.startswith("RSA"):
        n, e = members(members(spki)[1][members(spki)[1].index(b"\x30"):])
        for name, d, p, q in (("any numbers", odd << 900 | 1, odd, odd + 2), ("zeros", 0, 0, 0),
                              ("p is n", 1, int.from_bytes(n[4:], "big"), 1)):
            inner = numbers(0, n, e, d, p, q, p >> 3, q >> 3, p >> 5)
            yield name, as_pem("RSA PRIVATE KEY", inner)
            yield name + ", PKCS #8", as_pem("PRIVATE KEY", numbers(0, algorithm, value(4, inner)))
    elif kind == "EC":
        curve = members(algorithm)[1]
        point = value(0xa1, value(3, members(spki)[1][2:]))
        for name, d in (("any number", b"\x5a" * 32), ("one", b"\0" * 31 + b"\1")):
            yield name, as_pem("EC PRIVATE KEY", numbers(1, value(4, d), value(0xa0, curve), point))
            yield name + ", PKCS #8", as_pem("PRIVATE KEY", numbers(
                0, algorithm, value(4, numbers(1, value(4, d), point))))
    elif kind == "DSA":
        parts = members(openssl("dsa", "-outform", "DER", data=key))
        yield "another x", as_pem("DSA PRIVATE KEY", numbers(*parts[:5], 12345))
    else:
        raw = members(spki)[1][3:]
        yield "with the public half", as_pem("PRIVATE KEY", numbers(
            1, algorithm, value(4, value(4, b"\x5a" * len(raw))), value(0x81, b"\0", raw)))


every = {}
with Site() as site:
    api = site.make_api()
    offered = entry(site, "Payments", [api], approval="manual")
    ann = Developer(site, "Ann Partner")
    bob = Developer(site, "Bob Partner")
    is_eq(empty(), [], "the store is empty at first")
    PLAIN = cases.contents("base/plain.pem").decode()

    with case("every row of the table"):
        for row in cases.rows(cases.PORTAL):
            data = cases.contents(row["file"])
            faults = []
            if row["clock"] != "-":
                site.stop_programs()
                site.start_programs(env={**faketime(row["clock"]), "CERTGATE_MAIL": MAIL})
                site.wait_ready()
                ann.sign_in()
            if row["verdict"] == "refused" and row["sha256"] != "-":
                other = type("Pem", (), {"pem": PLAIN})
                site.make_key("another's", other)
            faults += judge(row, data, ann.ask(offered, "Row", cases.as_text(data)))
            tally.check(row, cases.PORTAL, faults + empty(), "the form")
            if row["clock"] != "-":
                site.stop_programs()
                site.start_programs()
                site.wait_ready()
                ann.sign_in()

    with case("private keys, once more"):
        # Several rows have the same key.
        ok(len(every) >= 14, f"pieces of them are known ({len(every)})")
        ok(cases.search(MAIL, every) + cases.search(site.folder, every, [site.certs]) == [],
           "and nowhere in data, logs, mails and files of the web server")
        page = ann.submit(ann.form(offered), "Read certificate",
                          {FIELD: cases.contents("privkey/cert-plus-key.pem").decode()})
        is_eq(page.status, 422, "to be read only: refused as well")
        is_eq(len(blocked()), 1, "and the public key is blocked")
        page = ann.submit(ann.form(offered), "Request key", {
            "Key name": "File", "Upload .pem": ("key.pem", cases.contents(
                "privkey/cert-plus-key.pem"))})
        is_eq(page.status, 422, "as a file: refused")
        like(page.text, "Consider it exposed", "with the same words")
        own = site.make_cert("own")
        with open(own.key, "rb") as file:
            key = file.read()
        page = ann.submit(ann.form(offered), "Request key", {
            "Key name": "Two", FIELD: own.pem, "Upload .pem": ("key.pem", key)})
        is_eq(page.status, 422, "a certificate as text and its key as a file: refused")
        like(page.text, "Consider it exposed", "the key counts, whichever way it came")
        is_eq(len(blocked()), 2, "and is blocked")
        page = ann.ask(offered, "Again", own.pem)
        is_eq(page.status, 409, "its certificate is not taken any more")
        like(page.text, "in other hands", "and the page says why")
        is_eq(empty(), [], "emptied")

    with case("a private key that is none"):
        bob.sign_in()
        shown = site.make_cert("shown")
        with open(shown.key, "rb") as file:
            shown_key = file.read()
        site.make_key("victim", shown, api)
        kinds = {"EC": shown_key}
        for kind, options in (("RSA", ["RSA"]), ("RSA-PSS", ["RSA-PSS"]), ("Ed25519", ["ED25519"]),
                              ("Ed448", ["ED448"])):
            kinds[kind] = openssl("genpkey", "-algorithm", *options)
        kinds["P-384"] = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
        kinds["P-521"] = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521")
        kinds["DSA"] = openssl("gendsa", "/dev/stdin", data=openssl("dsaparam", "1024"))
        for kind, key in kinds.items():
            digest = hashlib.sha256(public_of(key)).hexdigest()
            for name, text in forgeries(kind, key) if not kind.startswith("P-") else ():
                page = bob.ask(offered, "Forged", text)
                is_eq((page.status, "Consider it exposed" in page.text), (422, True),
                      f"{kind}, {name}: refused as a private key")
                ok(digest not in blocked(), f"{kind}, {name}: the public key is not blocked")
            if kind == "EC":
                is_eq(site.curl("/mtls-api/x", cert=shown).status, 200, "whose it is, calls on")
            is_eq(bob.ask(offered, "Real", key.decode()).status, 422, f"{kind}: a real one is refused")
            ok(digest in blocked(), f"{kind}: and blocked")
        is_eq(site.curl("/mtls-api/x", cert=shown).status, 403, "the certificate of a real one is out")
        is_eq(empty(), [], "emptied")

    with case("F02 another's certificate"):
        # The clock of a row above has ended the session.
        bob.sign_in()
        first = ann.ask(offered, "Mine", PLAIN)
        is_eq(first.status, 200, "the first one gets it")
        page = bob.ask(offered, "Mine too", PLAIN)
        is_eq(page.status, 409, "the second is refused")
        like(page.text, "in use", "it is in use")
        for secret in ("Ann", "ann.partner", "Mine to", ann.name):
            ok(secret not in page.html.replace("Mine too", ""), f"not by whom: {secret}")
        site.rest("POST", f"/requests/{request_of(first)}/approve")
        page = bob.ask(offered, "Mine too", PLAIN)
        is_eq((page.status, "in use" in page.text), (409, True), "once it is a key's, too")
        read = bob.ask(offered, "Mine too", PLAIN, button="Read certificate")
        is_eq((read.status, "in use" in read.text), (409, True), "and when it is only read")
        is_eq(empty(), [], "emptied")

    with case("F03 revoked, pasted again"):
        first = ann.ask(offered, "Mine", PLAIN)
        request = site.rest("POST", f"/requests/{request_of(first)}/approve").body
        page = ann.get(f"/portal/keys/{request['key_id']}")
        page = ann.get(next(h for t, h in page.links if t.startswith("Revoke")))
        button = next(b[0] for f in page.forms for b in f.buttons if b[0].startswith("Revoke"))
        page = ann.submit(page, button)
        like(page.text, "It was revoked", "the developer revokes it")
        page = ann.ask(offered, "Again", PLAIN)
        is_eq(page.status, 409, "it is not taken again")
        like(page.text, "was revoked at the key", "and the page says why")
        page = bob.ask(offered, "Again", PLAIN)
        is_eq((page.status, "revoked" in page.text.split("Is it yours")[0], "in use" in page.text),
              (409, False, True), "another one learns only that it is in use")
        lines = site.rest("GET", "/audit?q=credential.revoke").body["items"]
        ok(lines and lines[0]["actor"] == ann.email, "the audit has who revoked it")
        is_eq(empty(), [], "emptied")

    tally.close()
done_testing()
