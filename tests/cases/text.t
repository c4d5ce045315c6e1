#!/usr/bin/python3
"""What a stranger wrote into a certificate, in every place that shows it: REST (record, list,
search, audit, refusals), the command (cert show, key create, explain, export; text and JSON), the
log, and the fields that go to the upstream.  Nowhere a control character, an escape for terminals,
a character that turns or hides others, a line of its own, or bytes that are no UTF-8; and what was
there is to be seen as an escape, not left out."""
import json
import os
import re
import ssl
import subprocess
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import cases  # noqa: E402
import der  # noqa: E402
from der import BMP, CN, IA5, O, OU, PRINTABLE, TELETEX, UNIVERSAL, UTF8  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

ESC = "\x1b]0;owned\x07\x1b[2J\x1b[31m"
LINE = ("x\r\n2026-12-01T00:00:00Z gate[1] info login user=\"root\"\r\n"
        "X-Certgate-Key-Id: other\r\n\r\n")
MARKUP = "</script><img src=x onerror=alert(1)>\"'`&{{CN}}{{#S}}<!--"
FORMULAS = ["=HYPERLINK(\"http://evil.example\")", "+1", "-1", "@SUM(A1)", "\t=1", "|calc", "%00"]

# Subject attributes, and what of them must be seen.
SUBJECTS = {
    "escapes for terminals": ([(CN, UTF8, ESC)], r"\x1b[2J\x1b[31m"),
    "C1 controls": ([(CN, UTF8, "a\x9b31m\x85b")], r"a\x9b31m\x85b"),
    "a line of its own": ([(CN, UTF8, LINE)], r"x\x0d\x0a2026"),
    "the same in an organisation": ([(O, UTF8, LINE), (CN, UTF8, "a")], r"O=x\x0d\x0a2026"),
    "tab and vertical tab": ([(CN, UTF8, "a\tb\vc")], r"a\x09b\x0bc"),
    "NUL": ([(CN, UTF8, "good.example\0.evil.example")], r"good.example\x00.evil"),
    "NUL in IA5": ([(CN, IA5, b"good.example\0.evil")], r"good.example\x00.evil"),
    "DEL": ([(CN, UTF8, "a\x7fb")], r"a\x7fb"),
    "bidi": ([(CN, UTF8, "a\u202egnp.exe\u2066b\u200fc\u061cd")],
             r"a\u{202e}gnp.exe\u{2066}b\u{200f}c\u{061c}d"),
    "what cannot be seen": ([(CN, UTF8, "a\u200b\u2060\ufeff\u00ad\u180e\u3164\u115f\ufe0fb")],
                            r"a\u{200b}\u{2060}\u{feff}\u{00ad}\u{180e}\u{3164}\u{115f}\u{fe0f}b"),
    "tags": ([(CN, UTF8, "a\U000e0041\U000e007f\U000e0100b")],
             r"a\u{e0041}\u{e007f}\u{e0100}b"),
    "line separators": ([(CN, UTF8, "a\u2028b\u2029c")], r"a\u{2028}b\u{2029}c"),
    "markup": ([(CN, UTF8, MARKUP), (O, UTF8, MARKUP)], "<img src=x onerror=alert(1)>"),
    "bytes that are no UTF-8": ([(CN, UTF8, b"a\xff\xfe\xc0\x80\xed\xa0\x80z")],
                                r"a\xff\xfe\xc0\x80\xed\xa0\x80z"),
    "a character cut off": ([(CN, UTF8, b"Z\xc3")], r"Z\xc3"),
    "Latin-1": ([(CN, TELETEX, b"Caf\xe9\x9b\x00")], r"Café\x9b\x00"),
    "BMP": ([(CN, BMP, "Zoë\u202e\0".encode("utf-16-be"))], r"Zoë\u{202e}\x00"),
    "half a surrogate in BMP": ([(CN, BMP, b"\xd8\x00\0a")], "\ufffda"),
    "BMP of odd length": ([(CN, BMP, b"\0a\0")], "a"),
    "UniversalString": ([(CN, UNIVERSAL, "a\x1b€".encode("utf-32-be"))], r"a\x1b€"),
    "beyond Unicode": ([(CN, UNIVERSAL, b"\0\x11\0\0\xff\xff\xff\xff\0\0\0a")], "a"),
    "a comma and an equals sign": ([(CN, UTF8, "a,O=Trusted+OU=b\\")], r"a\,O=Trusted\+OU=b\\"),
    "escapes that were there": ([(CN, UTF8, r"a\x1b[31m")], r"a\\x1b[31m"),
    "an unknown type": ([("1.3.6.1.4.1.99999.1", UTF8, ESC)], r"1.3.6.1.4.1.99999.1=\x1b"),
    "a type of many digits": ([("2.999.340282366920938463463374607431768211455", UTF8, "a")], "a"),
    "no text at all": ([(CN, 0x04, b"\x1b[31m")], "#0405"),
    "bits": ([(CN, 0x03, b"\0\x1b[31m")], "#0306"),
    "several in one": ([[(CN, UTF8, "a"), (OU, UTF8, ESC)]], "+OU="),
    "2000 characters": ([(CN, UTF8, "€" * 2000)], "€€€..."),
    "11 kB": ([(CN, UTF8, "\x01" * 11000)], r"\x01\x01..."),
    "1000 attributes": ([(OU, PRINTABLE, "x")] * 700, "OU=x,OU=x"),
    **{f"a formula, {f[0]!r}": ([(CN, UTF8, f)], f.replace("\t", r"\x09")) for f in FORMULAS},
    "nothing": ([], ""),
    "a quotation mark and a line's end": ([(CN, UTF8, 'a" cause="b\n')], r"\x0a"),
}
# Alternative names.
NAMES = {
    "DNS": [(0x82, "a.example\r\n\x1b[31m"), (0x82, b"b\0.example"), (0x82, b"\xff\xfe")],
    "e-mail": [(0x81, "a@b\u202e"), (0x81, MARKUP), (0x81, ESC)],
    "URI": [(0x86, "javascript:alert(1)"), (0x86, "data:text/html,<script>"), (0x86, LINE)],
    "IP": [(0x87, b"\x7f\0\0\1"), (0x87, b"\0" * 15 + b"\1"), (0x87, b"abc"), (0x87, b"")],
    "a Name": [(0xa4, der.name((CN, UTF8, ESC), (O, UTF8, "\u202e")))],
    "other": [(0xa0, der.oid("1.3.6.1.4.1.311.20.2.3") + der.tlv(0xa0, der.tlv(12, ESC.encode())))],
    "registered": [(0x88, b"\x2a\x03\x04"), (0x83, b"\x1b"), (0x85, b"\xa1\x02\x0c\x00")],
    "500": [(0x82, f"a{n}\x1b.example") for n in range(500)],
    "of 10 kB": [(0x82, "\x1b" * 10000)],
    "none": [],
}
SERIALS = {"0": b"\0", "negative": b"\x80", "-1": b"\xff", "1 kB": b"\x7f" * 1000,
           "10 kB": b"\x01" + b"\x1b" * 10000}

site = Site()
shown = 0


def is_clean(data, lines=True):
    """Why these bytes are not fit to be shown; None when they are."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as fault:
        return f"no UTF-8: {fault}"
    for at, c in enumerate(text):
        if c == "\n" and lines:
            continue
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or c in "\u3164\u115f\ufe0f":
            return f"U+{ord(c):04x} in {text[max(at - 60, 0):at + 20]!r}"
    return None


def texts(value):
    """All text in a piece of JSON, names of members too."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield member
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


class Faults(list):
    """What is wrong in the places that show one certificate."""

    def data(self, where, data, lines=True):
        why = is_clean(data, lines)
        if why:
            self.append(f"{where}: {why}")

    def json(self, where, value):
        for text in texts(value):
            self.data(where, text.replace("\n", "") if text.startswith("-----BEGIN") else text,
                      False)

    def rest(self, where, *args, **kwargs):
        """Asks by REST; looks at the bytes as they came."""
        answer = site.rest(*args, **kwargs)
        if answer.status >= 500 or not isinstance(answer.body, dict):
            self.append(f"{where}: {answer}")
        self.json(where, answer.body)
        for name, value in answer.headers:
            self.data(f"{where}, field {name}", value, False)
        return answer

    def command(self, where, *args):
        """The command, as text and as JSON."""
        for form in (), ("--json",):
            done = subprocess.run([site.bin + "/certgate", "--home", site.home, *form, *args],
                                  capture_output=True, stdin=subprocess.DEVNULL, check=False)
            if done.returncode not in (0, 1):
                self.append(f"{where}: status {done.returncode} {done.stderr}")
            self.data(where, done.stdout)
            self.data(where + ", standard error", done.stderr)
            if form and done.stdout:
                self.json(where, json.loads(done.stdout))
        return done


def show(title, whole, must_hold, member="subject"):
    """One certificate through all places."""
    global shown
    faults, digest, pem = Faults(), cases.sha256(whole), der.pem(whole)
    path = f"{site.certs}/hostile.pem"
    with open(path, "w", encoding="ascii") as out:
        out.write(pem)
    # Unknown: a refusal at the gate, and its line.
    variables = {"REQUEST_URI": "/mtls-api/x", "SSL_CLIENT_CERT": pem,
                 "SSL_CLIENT_VERIFY": "GENEROUS"}
    answer = site.fcgi(variables)
    faults.data("the gate's refusal", answer.out.replace(b"\r\n", b"\n"))
    if answer.status != 403 or digest not in answer.body.decode():
        faults.append(f"unknown at the gate: {answer.status} {answer.body}")
    faults.command("explain", "explain", "--cert", path, "--url", "/mtls-api/x")
    for role in "admin", "portal", "gate":
        faults.command(f"cert show --as {role}", "cert", "show", "--as", role, path)
    # Beside another one: what was found is told.
    faults.rest("two certificates", "POST", "/certificates", {"pem": plain + pem})
    done = faults.rest("POST /keys", "POST", "/keys", {
        "name": "hostile", "certificate": pem, "access": [{"api_id": api["id"]}]})
    # What cannot be registered is shown by the command all the same.
    record = (json.loads(site.certgate("--json", "cert", "show", "--as", "gate",
                                              path).stdout)["certificates"] or [None])[0]
    if done.status == 201:
        shown += 1
        record = faults.rest("the record", "GET", "/certificates/" + digest).body
    seen = record[member] if record else None
    if record and must_hold not in (seen if isinstance(seen, str) else json.dumps(seen)):
        faults.append(f"{member} is {seen!r}, without {must_hold!r}")
    if done.status == 201:
        if len(record["subject"]) > 600 or len(record["issuer"]) > 600 or \
                len(record["serial"]) > 140 or any(len(n) > 260 for n in record["names"]) or \
                sum(len(n) for n in record["names"]) > 64 * 1024:
            faults.append(f"too long to be shown: {str(record)[:300]}")
        faults.rest("the list", "GET", "/certificates")
        faults.rest("the key", "GET", "/keys/" + done.body["id"])
        faults.rest("search", "GET", "/certificates?q=example")
        faults.rest("in use", "POST", "/keys", {"name": "second", "certificate": pem})
        faults.rest("known", "POST", "/certificates", {"pem": pem})
        site.upstream_clear()
        answer = site.fcgi(variables)
        if answer.status != 200:
            faults.append(f"at the gate: {answer.status} {answer.body}")
        else:
            (arrived,) = site.upstream_log()
            if not all(re.fullmatch("[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?", v)
                       for _, v in arrived["headers"]):
                faults.append(f"fields at the upstream: {arrived['headers']}")
        site.rest("DELETE", "/keys/" + done.body["id"])
        site.rest("DELETE", "/certificates/" + digest)
        faults.rest("the audit", "GET", "/audit?limit=5")
        faults.command("key create", "key", "create", "--name", "hostile", "--cert", path)
        for key in site.rest("GET", "/keys").body["items"]:
            site.rest("DELETE", "/keys/" + key["id"])
        site.rest("DELETE", "/certificates/" + digest)
    is_eq(list(faults), [], f"{title}: {'registered' if done.status == 201 else done.body['code']}")
    return done


with site:
    api = site.make_api("mtls-api")
    plain = cases.contents("base/plain.pem").decode()
    pair = site.make_cert("pair")
    spki = cases.openssl("pkey", "-pubout", "-outform", "DER", "-in", pair.key)
    honest = der.name((CN, UTF8, "partner"))

    with case("subject"):
        for title, (attributes, must_hold) in SUBJECTS.items():
            show(title, der.certificate(spki, der.name(*attributes), issuer=honest), must_hold)
    with case("issuer"):
        for title in ("escapes for terminals", "a line of its own", "markup", "bidi", "11 kB",
                      "bytes that are no UTF-8"):
            attributes, must_hold = SUBJECTS[title]
            show(title, der.certificate(spki, honest, issuer=der.name(*attributes)), must_hold,
                 "issuer")
    with case("alternative names"):
        for title, names in NAMES.items():
            show(title, der.certificate(spki, honest, extensions=[der.alt_names(*names)]), "",
                 "names")
    with case("serial"):
        for title, serial in SERIALS.items():
            show(title, der.certificate(spki, honest, serial=serial), "", "serial")
    with case("a 64 kB name"):
        done = show("is refused", der.certificate(spki, der.name((CN, UTF8, ESC * 4000))), "")
        is_eq((done.status, done.body["code"]), (422, "certificate_too_large"), "by its size")
    with case("a key of an unknown kind"):
        strange = der.seq(der.seq(der.oid("1.3.6.1.4.1.99999." + "1" * 3000)),
                          der.tlv(3, b"\0" * 40))
        done = show("is refused", der.certificate(strange, honest), "")
        ok(done.body["code"] in ("key_type", "unreadable"), "as such")
    with case("the corpus"):
        for row in cases.rows(cases.ADMIN):
            if row["area"] == "2 content" and row["clock"] == "-" and row["file"].rpartition(
                    "/")[2].startswith(("ansi", "bidi", "bmp", "cn-", "ctem", "dn-", "empty",
                    "form",
                                        "new", "nul", "path", "san", "serial", "tele", "utf8",
                                        "xss")):
                block = cases.contents(row["file"]).decode()
                show(row["file"], ssl.PEM_cert_to_DER_cert(
                    block[block.index("-----BEGIN CERT"):]), "")
    ok(shown >= 60, f"{shown} certificates were registered and shown")

    with case("afterwards"):
        site.certgate("export", site.folder + "/export.json")
        done = Faults()
        done.command("verify", "verify")
        done.rest("the whole audit", "GET", "/audit?limit=500")
        with open(site.logs + "/supervise.log", "rb") as log:
            done.data("the log", log.read())
        is_eq(list(done), [], "audit and log")
        ok(not [name for _, _, names in os.walk(site.folder) for name in names
                if "passwd" in name or "owned" in name], "no file has a name out of a certificate")
done_testing()
