"""The rows of tests/certs/manifest.tsv, one by one, with a count of what was run at the end.

Each pair of row and way in is one TAP test.  `Tally.faults` collects what is not as the row says;
nothing is skipped.
"""
import base64
import collections
import csv
import hashlib
import os
import re
import subprocess

from environment import TREE
from tap import diag, is_eq

CORPUS = os.path.join(TREE, "tests/certs")
ADMIN, PORTAL, UPLOAD = "admin paste", "portal paste", "admin upload"
GATE, TLS = "SSL_CLIENT_CERT value", "TLS client cert"


def table(name):
    """The rows of a table as dicts."""
    with open(os.path.join(CORPUS, name), encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))


def rows(way):
    """The manifest's rows that name this way in."""
    return [row for row in table("manifest.tsv") if way in row["how"].split("; ")]


def contents(name):
    with open(os.path.join(CORPUS, name), "rb") as file:
        return file.read()


def is_der(data):
    """Bytes that no text field takes, but a file may be: standard input is one, too."""
    return data[:1] == b"0" and any(byte < 32 and byte not in b"\t\n\v\f\r" for byte in data)


def as_text(data):
    """The bytes of a file as a text field sends them: what is no UTF-8 goes as Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def repeats(answer, data):
    """Whether 24 bytes of the input stand in the answer."""
    answer = answer if isinstance(answer, bytes) else answer.encode()
    pieces = {data[at:at + 24] for at in range(0, max(len(data) - 23, 0))} if len(data) < 300000 \
        else {data[:24]}
    return any(answer[at:at + 24] in pieces for at in range(0, max(len(answer) - 23, 0)))


def holds_key(row):
    return row["invariant"].startswith("no byte of the private key")


def is_sentence(text):
    """Words, a capital or a quotation mark first, and an end."""
    return bool(isinstance(text, str) and re.match(r"[A-Z“\"]", text) and text.count(" ") >= 3)


class Tally:
    """Counts by way in, level, and verdict."""

    def __init__(self):
        self.counts = collections.Counter()

    def check(self, row, way, faults, by=""):
        """One test: this row by this way in."""
        level, verdict = row["level"], row["verdict"]
        clock = "" if row["clock"] == "-" else f", at {row['clock']}"
        good = is_eq(faults, [], f"{row['file']} ({way}{', ' + by if by else ''}{clock}): "
                                 f"{verdict}, {level}")
        if not good:
            diag(f"because: {row['reason']}")
        self.counts[by or way, level, verdict, good] += 1

    def close(self):
        """The closing lines: how many rows held, by way in, level and verdict."""
        ways = sorted({key[0] for key in self.counts})
        for way in ways:
            parts = []
            for level in ("must", "should", "may"):
                for verdict in ("accepted", "refused", "either"):
                    good = self.counts[way, level, verdict, True]
                    bad = self.counts[way, level, verdict, False]
                    if good or bad:
                        wrong = f", NOT {bad}" if bad else ""
                        parts.append(f"{verdict} ({level}) {good}{wrong}")
            diag(f"{way}: " + "; ".join(parts))
        total = collections.Counter()
        for (_, level, _, good), n in self.counts.items():
            total[level, good] += n
        diag("rows by way in that hold: " + ", ".join(
            f"{level} {total[level, True]} of {total[level, True] + total[level, False]}"
            for level in ("must", "should", "may") if total[level, True] + total[level, False]))


# --- what must be found nowhere ---

def private_number(der):
    """The first of the numbers of a private key that are secret; None where it is sealed."""
    shown = subprocess.run(["openssl", "pkey", "-inform", "DER", "-text", "-noout", "-passin",
                            "pass:"], input=der, capture_output=True, check=False)
    found = re.search(r"^(?:priv|privateExponent):\n((?: +[0-9a-f:]+\n)+)",
                      shown.stdout.decode(), re.M)
    return bytes.fromhex(re.sub("[^0-9a-f]", "", found.group(1))).lstrip(b"\0") if found else None


def key_needles(data):
    """Pieces of the private keys in a text: 24 bytes, and their base64 as it stands there."""
    found = {}
    text = re.sub(rb"\\n|%0A", b"\n", data.replace(b"\0", b"")).replace(b"%20", b" ")
    text = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), text)
    bodies = re.findall(rb"(?is)-----BEGIN (?:[A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END", text)
    if not bodies:
        bodies = re.findall(rb"(?is)-----BEGIN CERTIFICATE-----(.*?)-----END", text) or [text]
    for body in bodies:
        digits = re.sub(rb"(?m)^[A-Za-z-]+: .*$|[^A-Za-z0-9+/]", b"", body)
        der = data if data[:1] == b"0" else base64.b64decode(digits + b"=" * (-len(digits) % 4))
        secret = private_number(der)
        # Sealed ones: anything of their middle.
        at = der.find(secret) if secret else len(der) // 2
        at += -at % 3
        found[der[at:at + 24]] = "bytes"
        found[base64.b64encode(der[at:at + 24])] = "base64"
    return found


def search(folder, needles, skip=()):
    """Files below `folder` that hold one of the needles."""
    hits = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if any(path.startswith(s) for s in skip) or not os.path.isfile(path):
                continue
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except FileNotFoundError:
                continue  # of running programs: it has just gone, or has got its name
            # A line's end may stand anywhere in base64.
            joined = re.sub(rb"[\r\n]+|\\n", b"", data)
            hits += [f"{path}: {what}" for piece, what in needles.items()
                     if piece in data or piece in joined]
    return hits


def openssl(*args, stdin=None):
    done = subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def sha256(data):
    return hashlib.sha256(data).hexdigest()
