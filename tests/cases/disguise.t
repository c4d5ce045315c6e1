#!/usr/bin/python3
"""Private keys in disguise, beside a certificate: base64 and hex of whatever form, and once more around
it.  The portal refuses them, the administrator's form drops them."""
import base64
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert  # noqa: E402
from environment import BIN  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402

work = tempfile.TemporaryDirectory(prefix="cgt.", dir="/tmp")
folder = work.name
cert = make_cert(folder, "rsa", key="rsa")
small = make_cert(folder, "ec")


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True).stdout


def show(way, data):
    done = subprocess.run([BIN + "/certgate", "--json", "cert", "show", "--as", way, "-"], input=data,
                          capture_output=True, check=False)
    return json.loads(done.stdout)


def wrapped(data, width=64):
    text = base64.b64encode(data).decode()
    return "\n".join(text[i:i + width] for i in range(0, len(text), width)) + "\n"


def xml():
    """RSAKeyValue, the numbers out of what openssl prints."""
    text = openssl("rsa", "-in", cert.key, "-noout", "-text").decode()
    numbers, name = {}, None
    for line in text.splitlines():
        if line.startswith(" "):
            numbers[name] += line.strip().replace(":", "")
        else:
            name = line.split(":")[0]
            numbers[name] = ""
    tags = {"Modulus": "modulus", "P": "prime1", "Q": "prime2", "DP": "exponent1", "DQ": "exponent2",
            "InverseQ": "coefficient", "D": "privateExponent"}
    numbers = {tag: base64.b64encode(bytes.fromhex(numbers[n])).decode() for tag, n in tags.items()}
    return "<RSAKeyValue><Exponent>AQAB</Exponent>" + "".join(
        f"<{tag}>{text}</{tag}>" for tag, text in numbers.items()) + "</RSAKeyValue>"


FORMS = {}  # name -> bytes of a private key
for name, path in (("rsa", cert.key), ("ec", small.key)):
    with open(path, "rb") as data:
        FORMS[name + " pem"] = data.read()
    FORMS[name + " der"] = openssl("pkey", "-in", path, "-outform", "DER")
FORMS["rsa traditional der"] = openssl("rsa", "-in", cert.key, "-traditional", "-outform", "DER")
FORMS["ec traditional pem"] = openssl("ec", "-in", small.key)
FORMS["encrypted pem"] = openssl("pkey", "-in", cert.key, "-aes256", "-passout", "pass:x")
FORMS["pkcs12"] = openssl("pkcs12", "-export", "-in", cert.path, "-inkey", cert.key, "-passout", "pass:x")
FORMS["certificate and key"] = cert.pem.encode() + FORMS["rsa pem"]
FORMS["utf-16 pem"] = b"\xff\xfe" + FORMS["rsa pem"].decode().encode("utf-16-le")
FORMS["xml"] = xml().encode()
FORMS["jks"] = b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\1" + os.urandom(900)
FORMS["jceks"] = b"\xce\xce\xce\xce\0\0\0\2\0\0\0\1\0\0\0\1" + os.urandom(900)

WRAPS = {
    "base64 -w0": lambda d: base64.b64encode(d).decode() + "\n",
    "base64": lambda d: wrapped(d, 76),
    "base64url": lambda d: base64.urlsafe_b64encode(d).decode().rstrip("=") + "\n",
    "hex": lambda d: d.hex() + "\n",
    "HEX with colons": lambda d: d.hex(":").upper() + "\n",
    "hex in C": lambda d: "{" + ", ".join(f"0x{b:02x}" for b in d) + "}\n",
    "base64 twice": lambda d: wrapped(wrapped(d).encode()),
    "base64 of hex": lambda d: wrapped(d.hex().encode()),
    "hex of base64": lambda d: wrapped(d).encode().hex() + "\n",
    "a Kubernetes secret": lambda d: "kind: Secret\ndata:\n  tls.key: " +
                                     base64.b64encode(d).decode() + "\ntype: kubernetes.io/tls\n",
}

with case("the certificate alone"):
    other = make_cert(folder, "other")
    for way in ("portal", "admin"):
        plain = show(way, cert.pem.encode())
        ok(plain["accepted"] and "private" not in " ".join(plain["notices"]),
           f"{way}: nothing is said of a private key")
        words = cert.pem + "\nfingerprint " + cert.sha256 + "\n" + base64.b64encode(
            other.pem.encode()).decode() + "\n" + other.pem.encode().hex() + "\n"
        again = show(way, words.encode())
        is_eq((again["accepted"], again["code"], again["notices"]),
              (plain["accepted"], plain["code"], plain["notices"]),
              f"{way}: nor of another certificate in base64 and hex, or of digits")

for form, data in FORMS.items():
    with case(form):
        for wrap, make in WRAPS.items():
            for at, text in (("behind", cert.pem + make(data)), ("before", make(data) + cert.pem)):
                told = show("portal", text.encode())
                is_eq((told["accepted"], told["code"]), (False, "private_key_pasted"),
                      f"{wrap}, {at} the certificate: the portal refuses it")
            told = show("admin", (cert.pem + make(data)).encode())
            ok((told["accepted"] and "private" in " ".join(told["notices"]).lower()) or
               told["code"] in ("key_mismatch", "pkcs12", "private_key_alone"),
               f"{wrap}: the administrator's form drops it") or diag(told)

done_testing()
