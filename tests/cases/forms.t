#!/usr/bin/python3
"""Shapes that people give a certificate and that are not in tests/certs: made here, by openssl, ssh
and by hand, out of fresh keys, and judged by the rules in lib/cert/cert.h.  Each as admin paste,
portal paste, and admin upload; cert show takes DER from standard input as from a file."""
import atexit
import base64
import concurrent.futures
import gzip
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import cases  # noqa: E402
from cases import openssl  # noqa: E402
from certificates import make_ca, make_cert  # noqa: E402
import der  # noqa: E402
from environment import BIN, HANG_S  # noqa: E402
from tap import done_testing, is_eq, ok  # noqa: E402

ROLES = (("admin", False), ("portal", False), ("admin", True))
OK = "accepted"
EITHER = None  # accepted as this certificate, or refused
KEY = "private_key_pasted"
forms = []


def form(name, text, admin, portal=..., upload=..., digest=...):
    """`admin`, `portal`, `upload`: OK, EITHER, the code of the refusal, or several of them.
    Left out: as the admin's paste."""
    data = text if isinstance(text, bytes) else text.encode()
    portal = admin if portal is ... else portal
    upload = admin if upload is ... else upload
    forms.append((name, data, (admin, portal, upload), sha256 if digest is ... else digest))


def faults_of(role, file, data, want, digest):
    """What cert show makes of it, and what is wrong with that."""
    with tempfile.NamedTemporaryFile(dir=folder) as given:
        given.write(data)
        given.flush()
        done = subprocess.run([BIN + "/certgate", "--json", "cert", "show", "--as", role,
                               given.name if file else "-"], input=b"" if file else data,
                              capture_output=True, check=False, timeout=HANG_S)
    where = f"{role}{', file' if file else ''}: "
    try:
        shown = json.loads(done.stdout)
    except ValueError:
        return [f"{where}status {done.returncode}: {done.stdout[:300]} {done.stderr[:300]}"]
    got = OK if shown["accepted"] else shown["code"]
    wanted = want if isinstance(want, tuple) else (want,)
    faults = []
    if want is not EITHER and got not in wanted:
        faults.append(f"{where}{got} ({shown['reason']}), not {want}")
    if shown["accepted"] and shown["sha256"] != digest:
        faults.append(f"{where}accepted as {shown['sha256']}, not {digest}")
    if not shown["accepted"] and not cases.is_sentence(shown["reason"]):
        faults.append(f"{where}no sentence: {shown['reason']!r}")
    if done.returncode != (0 if shown["accepted"] else 1):
        faults.append(f"{where}status {done.returncode}")
    if b"PRIVATE" in data and cases.repeats(done.stdout + done.stderr, data):
        faults.append(f"{where}repeats the input")
    return faults


def line_ends():
    body = pem.splitlines()
    for name, end in {"LF": "\n", "CRLF": "\r\n", "CR": "\r", "LF CR": "\n\r", "CR CR LF": "\r\r\n",
                      "tabs": "\t", "spaces": " ", "form feeds": "\f", "vertical tabs": "\v",
                      "blank lines": "\n\n\n", "LINE SEPARATOR": "\u2028",
                      "no-break spaces": "\u00a0",
                      "soft hyphens": "\u00ad\n", "zero-width spaces": "\u200b", "nothing": "",
                      r"\n": "\\n", r"\r\n": "\\r\\n", r"\\n": "\\\\n", "%0A": "%0A",
                      "%0d%0a": "%0d%0a",
                      r"\u000a": "\\u000a", "&#10;": "&#10;",
                      "&#x0D;&#x0A;": "&#x0D;&#x0A;"}.items():
        form(f"lines end in {name}", end.join(body) + end, OK)
        form(f"lines end in {name}, none at the end", end.join(body), OK)
    for name, indent in {"spaces": "    ", "tabs": "\t", "both": " \t ",
        "no-break space": "\u00a0"}.items():
        form(f"indented by {name}", "".join(indent + line + "\n" for line in body), OK)
        form(f"{name} at the ends", "".join(line + indent + "\r\n" for line in body), OK)
    for columns in (1, 4, 17, 48, 63, 65, 76, 77, 500, 100000):
        form(f"{columns} columns", der.pem(whole, columns=columns), OK)
    form("quoted in a mail", "".join(f"> {line}\n" for line in body), EITHER)
    form("a diff", "".join(f"+{line}\n" for line in body), EITHER)
    form("numbered lines", "".join(f"{n:4} {line}\n" for n, line in enumerate(body)), "damaged")


def marks():
    form("a BOM", "\ufeff" + pem, OK)
    form("two BOMs", "\ufeff\ufeff" + pem, OK)
    form("a BOM and CRLF", "\ufeff" + pem.replace("\n", "\r\n"), OK)
    form("a BOM between two copies", pem + "\ufeff" + pem, OK)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        form(encoding, pem.encode(encoding), "utf16")
    form("UTF-16 of base64 alone", base64.b64encode(whole).decode().encode("utf-16"), "utf16")
    form("utf-32", pem.encode("utf-32"), ("utf16", "binary_in_text"))
    for name, (old, new) in {"em dashes": ("-----", "\u2014\u2014"), "en dashes": ("--", "\u2013"),
                             "four": ("-----", "----"), "minus signs": ("-", "\u2212"),
                             "equals signs": ("-----", "====="), "hyphens of Unicode": ("-",
                             "\u2010")}.items():
        form(f"{name} for the dashes", pem.replace(old, new), ("damaged", "no_certificate"))
    form("six dashes", pem.replace("-----", "------"), EITHER)
    form("small letters", pem.replace("BEGIN CERTIFICATE", "begin certificate"), "damaged")
    form("mixed letters", pem.replace("END CERTIFICATE", "End Certificate"), "damaged")
    form("a space in the marker", pem.replace("BEGIN CERT", "BEGIN  CERT"), EITHER)
    form("a space before the dashes", pem.replace("CERTIFICATE-----", "CERTIFICATE -----"), EITHER)
    form("another label at the end", pem.replace("END CERT", "END X509 CERT"), "damaged")
    form("no END", pem.partition("-----END")[0], "damaged")
    form("no BEGIN", pem.partition("\n")[2], "damaged")
    form("BEGIN twice", pem.partition("\n")[0] + "\n" + pem, "damaged")
    form("END twice", pem + "-----END CERTIFICATE-----\n", "damaged")
    form("nothing between", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
         ("damaged", "unreadable", "no_certificate"))
    form("the markers only", "-----BEGIN CERTIFICATE-----", "damaged")
    form("old label", der.pem(whole, "X509 CERTIFICATE"), OK)
    form("trusted label", der.pem(whole, "TRUSTED CERTIFICATE"), "trusted_certificate")
    form("PKCS7 label around it", der.pem(whole, "PKCS7"), "pkcs7")
    form("an unknown label", der.pem(whole, "CERTIFICATES"), ("no_certificate", "damaged"))
    form("attribute certificate", der.pem(whole, "ATTRIBUTE CERTIFICATE"), ("no_certificate",
         "damaged"))


def quoting():
    line = pem.replace("\n", "\\n")
    yaml = "".join(f"  {x}\n" for x in pem.splitlines())
    quoted = {
        "JSON": json.dumps({"certificate": pem}),
        "JSON, one string": json.dumps(pem),
        "JSON in JSON": json.dumps(json.dumps({"c": pem})),
        "single quotes": f"'{pem}'",
        "double quotes": f'"{pem}"',
        "an env file": f'CERT="{line}"',
        "export": f"export CERT='{pem}'",
        "YAML": "cert: |\n" + yaml,
        "YAML, quoted": f'cert: "{line}"',
        "Terraform": f"cert = <<EOT\n{pem}EOT\n",
        "Markdown": f"```pem\n{pem}```",
        "XML": f"<cert>{pem}</cert>",
        "CDATA": f"<![CDATA[{pem}]]>",
        "a mail": f"Dear admin,\n\nhere it is -- thanks!\n\n{pem}\n-- \nPat \u2014 Partner & Co.\n",
        "a prompt": f"$ cat cert.pem\n{pem}$ ",
        "a heading on the same line": "Certificate: " + pem,
        "a log line": "2026-11-25T12:00:00Z cert=" + line,
    }
    for name, text in quoted.items():
        form(name, text, OK)
    for name, safe in {"all of it": "", "but + / =": "+/=", "but letters of URLs": "-+/="}.items():
        form(f"%XX, {name}", urllib.parse.quote(pem, safe=safe), OK)
    form("%XX for each byte", "".join(f"%{b:02x}" for b in pem.encode()), OK)
    form("%XX twice", urllib.parse.quote(urllib.parse.quote(pem, safe=""), safe=""), OK)
    form("a form's encoding", urllib.parse.urlencode({"cert": pem}), EITHER)
    form("plus for every space", pem.replace(" ", "+"), ("damaged", "no_certificate"))
    form("plus signs lost to spaces", pem.replace("+", " ") if "+" in pem else "no plus", EITHER)
    form("entities", "".join(f"&#{b};" for b in pem.encode()), OK)
    form("entities of HTML", pem.replace("+", "&plus;").replace("/", "&sol;").replace("=",
         "&equals;"), OK)
    form("<br>", pem.replace("\n", "<br>\n"), EITHER)
    form("a page around it", f"<html><body><pre>{pem}</pre></body></html>", OK)


def bare():
    text = base64.b64encode(whole).decode()
    lines = "\n".join(text[n:n + 64] for n in range(0, len(text), 64))
    for name, data in {"one line": text, "a line's end": text + "\n", "lines": lines, "CRLF":
                       lines.replace("\n", "\r\n"), "indented": "  " + lines.replace("\n", "\n  "),
                       "quotes": f'"{text}"', "%XX": urllib.parse.quote(text, safe=""), "a BOM":
                       "\ufeff" + text}.items():
        form(f"base64 alone, {name}", data, OK)
    form("base64 alone, without padding", text.rstrip("="), EITHER if text.endswith("=") else OK)
    form("base64 alone, for URLs", base64.urlsafe_b64encode(whole),
         EITHER if re.search("[+/]", text) else OK)
    form("base64 twice", base64.b64encode(text.encode()), EITHER)
    form("base64 of the PEM", base64.b64encode(pem.encode()), EITHER)
    form("hex", whole.hex(), EITHER)
    form("a fingerprint", sha256, ("no_certificate", "damaged", "unreadable"))
    form("a fingerprint with colons", ":".join(re.findall("..", sha256)), "no_certificate")
    form("a file's name", "/etc/ssl/cert.pem", "no_certificate")


def damage():
    text = base64.b64encode(whole).decode()

    def block(body):
        return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"

    for name, body in {"cut by one": text[:-1], "cut by four": text[:-4],
        "half": text[:len(text) // 2],
                       "one letter more": text.rstrip("=") + "A", "a foreign letter":
                       text[:100] + "?" + text[101:], "a letter of another script":
                       text[:100] + "\u0410" + text[101:],
                           "an ellipsis": text[:100] + "..." + text[200:],
                       "padding in the middle": text[:100] + "=" + text[100:], "a comment":
                       text[:64] + "\n# comment\n" + text[64:],
                           "a header": "Proc-Type: 4,ENCRYPTED\n\n" + text,
                       "a dash": text[:64] + "-" + text[64:], "more padding": text + "====",
                       "another text behind": text + "AAAA"}.items():
        form(f"damaged: {name}", block(body), ("damaged", "unreadable"))
    for name, made in {"a byte more": whole + b"\0", "two in one block": whole + whole,
                       "the outer length one less": whole[:3] + bytes([whole[3] - 1]) + whole[4:],
                       "another tag": b"\x31" + whole[1:]}.items():
        form(f"damaged: {name}", der.pem(made), ("damaged", "unreadable", "not_der"),
             digest=cases.sha256(made))
    form("a point that is not on its curve", der.pem(der.certificate(
        spki[:-1] + bytes([spki[-1] ^ 1]), der.name((der.CN, der.UTF8, "x")))), "key_type")
    form("BER: indefinite length", der.pem(b"\x30\x80" + whole[4:] + b"\0\0"), ("not_der",
         "damaged"))
    form("BER: a longer length", der.pem(b"\x30\x83\0" + whole[2:4] + whole[4:]), ("not_der",
         "damaged"))
    form("binary in the middle", pem[:200].encode() + b"\x01\x02\x00" + pem[200:].encode(),
         "binary_in_text")
    form("a NUL at the end", pem.encode() + b"\0", "binary_in_text")
    form("a NUL, then another", pem.encode() + b"\0" + other.encode(), "binary_in_text")
    form("an escape for terminals", "\x1b[31m" + pem, "binary_in_text")
    for name, text in {"nothing": "", "white space": " \r\n\t", "a BOM alone": "\ufeff",
        "quotes": '""',
                       "a word": "certificate", "a sentence": "Please find attached.",
                       "null": "null"}.items():
        form(name, text, "no_certificate")
    form("260 kB", "A" * 260 * 1024, "input_too_large")
    form("260 kB around it", pem + "#" * 260 * 1024, "input_too_large")
    form("250 kB of text around it", "lorem ipsum " * 21000 + "\n" + pem, OK)
    form("10,000 BEGIN lines", "-----BEGIN CERTIFICATE-----\n" * 9000, "damaged")
    form("21 certificates", "".join(many), "too_many_certificates")


def several():
    for order in itertools.permutations((leaf.pem, issuing.pem, root.pem)):
        names = ["leaf", "issuing", "root"]
        title = ", ".join(names[(leaf.pem, issuing.pem, root.pem).index(x)] for x in order)
        form(f"chain: {title}", "".join(order), OK, digest=leaf.sha256)
        form(f"chain with the leaf's key: {title}", leaf.key_pem + "".join(order), OK, KEY,
             digest=leaf.sha256)
    form("leaf and root", root.pem + leaf.pem, "several_certificates")
    form("leaf and issuing", issuing.pem + leaf.pem, OK, digest=leaf.sha256)
    form("leaf and issuing, twice", (issuing.pem + leaf.pem) * 2, OK, digest=leaf.sha256)
    form("ten times the same", pem * 10, OK)
    form("the same in two forms", pem + pem.replace("\n", "\r\n"), OK)
    form("the same in two labels", pem + der.pem(whole, "X509 CERTIFICATE"), OK)
    form("two unrelated", pem + other, "several_certificates")
    form("two unrelated, the key of one", pem + other + key, (OK, "several_certificates"), KEY)
    form("a good one and a damaged one", pem + pem.replace("END", "EMD"), "damaged")
    for name, text in beside.items():
        form(f"{name}, then it", text + pem, OK)
        form(f"it, then {name}", pem + text, OK)


def other_things():
    for name, (text, code) in things.items():
        form(f"{name}", text, code)
    for name, made in {"a request": request_der, "a revocation list": crl_der,
        "a public key": public_der,
                       "PKCS#7": p7_der}.items():
        codes = ("certificate_request", "revocation_list", "public_key", "pkcs7", "unreadable",
            "not_der")
        form(f"{name} between CERTIFICATE markers", der.pem(made), codes)
        form(f"{name}, base64 alone", base64.b64encode(made), codes)
        form(f"{name}, binary", made, "binary_in_text", upload=codes)
    form("binary", whole, "binary_in_text", upload=OK)
    form("binary and a line's end", whole + b"\n", "binary_in_text", upload="damaged")
    form("binary, twice", whole * 2, "binary_in_text", upload="damaged")
    form("binary behind a BOM", b"\xef\xbb\xbf" + whole, "binary_in_text")
    form("gzip", gzip.compress(pem.encode()), "binary_in_text")
    form("a Java key store", b"\xfe\xed\xfe\xed\0\0\0\2" + whole, "binary_in_text", KEY)


def private_keys():
    alone = ("private_key_alone", "pkcs12")
    for name, text in keys.items():
        form(f"{name} alone", text, alone, KEY)
        form(f"{name}, then it", text + "\n" + pem, OK, KEY)
        form(f"it, then {name}", pem + text, OK, KEY)
    for name in ("PKCS#8", "SEC1", "encrypted"):
        text = keys[name]
        for how, change in {"CRLF": lambda t: t.replace("\n", "\r\n"),
            "CR": lambda t: t.replace("\n", "\r"),
                            "one line": lambda t: t.replace("\n", " "),
                            "joined": lambda t: t.replace("\n", ""),
                            r"\n": lambda t: t.replace("\n", "\\n"),
                            "%XX": lambda t: urllib.parse.quote(t, safe=""),
                            "JSON": json.dumps, "indented": lambda t: t.replace("\n",
                            "\n\t"),
                            "a BOM": lambda t: "\ufeff" + t,
                            "entities": lambda t: "".join(f"&#{ord(c)};" for c in t)}.items():
            # An encrypted one in headers of its own keeps its lines.
            form(f"{name} and it, {how}", change(text + pem), OK, KEY)
            form(f"it and {name}, {how}", change(pem + text), OK, KEY)
    form("in UTF-16", (pem + key).encode("utf-16"), ("utf16",), KEY)
    form("behind a NUL", (pem + "\0" + key).encode(), "binary_in_text", KEY)
    form("60 kB later", pem + "#\n" * 30000 + key, OK, KEY)
    form("between two copies", pem + key + pem, OK, KEY)
    form("of another certificate", pem + other_key, "key_mismatch", KEY)
    form("its own and another", pem + other_key + key, OK, KEY)
    form("small letters", pem + key.replace("PRIVATE", "private"), EITHER, KEY)
    form("em dashes", pem + key.replace("-----", "\u2014\u2014"), EITHER, KEY)
    form("no markers", pem + "\n" + key.replace("-----BEGIN PRIVATE KEY-----", "").replace(
        "-----END PRIVATE KEY-----", ""), EITHER, KEY)
    form("between CERTIFICATE markers", pem + key.replace("PRIVATE KEY", "CERTIFICATE"), EITHER,
         KEY)
    form("cut in the middle", pem + key[:len(key) // 2], EITHER, KEY)
    form("binary", openssl("pkey", "-in", pair.key, "-outform", "DER"), "binary_in_text", KEY,
         upload="private_key_alone")
    form("words about it",
         "Without a private key: the private key - both halves - stays with you.\n" + pem, OK)
    form("PKCS#12, binary", p12, ("binary_in_text",), KEY, upload=("pkcs12", "private_key_alone"))
    form("PKCS#12, base64", base64.b64encode(p12), ("pkcs12", "private_key_alone"), KEY)
    form("PKCS#12 as openssl prints it", p12_text, OK, KEY)
    form("PKCS#12 as openssl prints it, without the key", p12_public, OK)


# --- what they are made of ---

folder = tempfile.mkdtemp(prefix="cgt.", dir="/tmp")
atexit.register(shutil.rmtree, folder, True)
pair = make_cert(folder, "pair", subject="/CN=partner/O=Partner & Söhne", extra=["-utf8"])
pem, key, whole, sha256 = pair.pem, pair.key_pem, pair.der, pair.sha256
second = make_cert(folder, "second")
other, other_key = second.pem, second.key_pem
root = make_ca(folder, "Root")
issuing = make_cert(folder, "Issuing", ca=root, extensions=["basicConstraints=critical,CA:TRUE"])
leaf = make_cert(folder, "Leaf", ca=issuing)
spki = openssl("pkey", "-pubout", "-outform", "DER", "-in", pair.key)
many = [der.pem(der.certificate(spki, der.name((der.CN, der.UTF8, f"n{n}")))) for n in range(21)]

public_der = spki
request_der = openssl("req", "-new", "-key", pair.key, "-subj", "/CN=x", "-outform", "DER")
request = openssl("req", "-new", "-key", pair.key, "-subj", "/CN=x").decode()
with open(folder + "/ca.conf", "w", encoding="ascii") as out:
    out.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\ndefault_md=sha256\n"
              "default_crl_days=30\n")
with open(folder + "/index", "w", encoding="ascii"):
    pass
crl = openssl("ca", "-gencrl", "-config", folder + "/ca.conf", "-cert", root.path, "-keyfile",
              root.key).decode()
crl_der = openssl("crl", "-outform", "DER", stdin=crl.encode())
p7 = openssl("crl2pkcs7", "-nocrl", "-certfile", pair.path).decode()
p7_der = openssl("crl2pkcs7", "-nocrl", "-certfile", pair.path, "-outform", "DER")
p12 = openssl("pkcs12", "-export", "-in", pair.path, "-inkey", pair.key, "-name", "Partner",
              "-passout", "pass:x")
p12_text = openssl("pkcs12", "-nodes", "-passin", "pass:x", stdin=p12).decode()
p12_public = openssl("pkcs12", "-nokeys", "-passin", "pass:x", stdin=p12).decode()
pkey_text = openssl("pkey", "-in", pair.key, "-text", "-noout").decode()


def jwk(private):
    """The pair as JSON (RFC 7518)."""
    def number(pattern, text):
        digits = re.search(pattern + r":\n((?: +[0-9a-f:]+\n)+)", text).group(1)
        return bytes.fromhex(re.sub("[^0-9a-f]", "", digits))

    def url(data):
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    point = number("pub", pkey_text)[1:]
    members = {"kty": "EC", "crv": "P-256", "x": url(point[:32]), "y": url(point[32:])}
    if private:
        members["d"] = url(number("priv", pkey_text)[-32:])
    return members


PUTTY = ("PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\nComment: x\n"
         f"Public-Lines: 3\n{base64.b64encode(spki).decode()}\nPrivate-Lines: 1\n"
         f"{'A' * 44}\nPrivate-MAC: 00\n")
keys = {
    "PKCS#8": key,
    "SEC1": openssl("ec", "-in", pair.key).decode(),
    "EC PARAMETERS and SEC1": openssl("ecparam", "-name", "prime256v1").decode() +
                              openssl("ec", "-in", pair.key).decode(),
    "encrypted": openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", "pass:x").decode(),
    "encrypted, old form": openssl("ec", "-in", pair.key, "-aes128", "-passout", "pass:x").decode(),
    "PKCS#8, base64 alone": re.sub("-----.*?-----", "", key),
    "OpenSSH": cases.contents("privkey/openssh-private.key").decode(),
    "PuTTY": PUTTY,
    "openssl's words": pkey_text,
    "JSON": json.dumps(jwk(True)) + "\n",
    "JSON in lines": json.dumps(jwk(True), indent=2) + "\n",
    "PGP": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n=AAAA\n"
           "-----END PGP PRIVATE KEY BLOCK-----\n",
}
beside = {
    "a request": request,
    "a revocation list": crl,
    "a public key": openssl("pkey", "-pubin", "-inform", "DER", stdin=spki).decode(),
    "openssl x509 -text": openssl("x509", "-in", pair.path, "-text", "-noout").decode(),
    "its dates": openssl("x509", "-in", pair.path, "-noout", "-dates", "-subject",
    "-fingerprint").decode(),
    "EC parameters": openssl("ecparam", "-name", "prime256v1").decode(),
    "a public key as JSON": json.dumps(jwk(False)) + "\n",
    "Bag Attributes": "Bag Attributes\n    localKeyID: 01 02 03\n    friendlyName: Müller\n"
                      "Key Attributes: <No Attributes>\nsubject=CN = x\n\nissuer=CN = x\n\n",
    "dashes": "----------------------------------------\n",
    "a shell's prompt": "-----> done\n",
}
things = {
    "a request": (request, "certificate_request"),
    "a new request": (request.replace("CERTIFICATE REQ", "NEW CERTIFICATE REQ"),
    "certificate_request"),
    "a revocation list": (crl, "revocation_list"),
    "a public key": (beside["a public key"], "public_key"),
    "PKCS#7": (p7, "pkcs7"),
    "an SSH key": ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyq x@y\n",
                   "ssh_key"),
    "an SSH key of ECDSA": ("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI= x\n",
                            "ssh_key"),
    "an SSH2 key": ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n",
    "ssh_key"),
    "a public key of PGP": ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n=AAAA\n"
                            "-----END PGP PUBLIC KEY BLOCK-----\n", "no_certificate"),
    "a public key as JSON": (json.dumps(jwk(False)), "no_certificate"),
    "a set of keys as JSON": (json.dumps({"keys": [jwk(False)]}), "no_certificate"),
    "a page": ("<!DOCTYPE html><html><body>404 Not Found</body></html>", "no_certificate"),
    "DH parameters": ("-----BEGIN DH PARAMETERS-----\nMEYCQQ==\n-----END DH PARAMETERS-----\n",
    "no_certificate"),
}

for part in (line_ends, marks, quoting, bare, damage, several, other_things, private_keys):
    before = len(forms)
    part()
    forms[before:] = [(f"{part.__name__.replace('_', ' ')}: {name}", *rest)
                      for name, *rest in forms[before:]]

with concurrent.futures.ThreadPoolExecutor(4) as pool:
    asked = [[pool.submit(faults_of, role, file, data,
                          wants[2] if cases.is_der(data) and want != KEY else want, digest)
              for (role, file), want in zip(ROLES, wants)] for _, data, wants, digest in forms]
    for (name, *_), futures in zip(forms, asked):
        is_eq([fault for future in futures for fault in future.result()], [], name)
ok(len(forms) > 300, f"{len(forms)} forms, each in {len(ROLES)} ways")
done_testing()
