#!/usr/bin/python3
"""A private key that came along with a certificate is found nowhere afterwards; nor are the proof
and the tokens; the data folder is closed, and the programs refuse an open one.  One file, though long:
what is searched for is made once, and each part searches memory, files and logs for all of it."""
import base64
import contextlib
import fcntl
import json
import os
import pwd
import re
import select
import socket
import stat
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import Answer, Headers, read_answer  # noqa: E402
from certificates import Cert  # noqa: E402
from environment import DEADLINE_S, ROOT, WEB_USER  # noqa: E402
import fcgi  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

STARTED = time.time() - 1
LARGEST = 64 << 20
NEEDLE = 24


# --- private parts, and looking for them ---

def der_items(data):
    """(tag, content) of each element of a DER sequence's content."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            n = size & 0x7f
            size, at = int.from_bytes(data[at:at + n], "big"), at + n
        yield tag, data[at:at + size]
        at += size


def private_parts(key_path):
    """The numbers that must stay secret, out of the key's DER."""
    der = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key_path, "-outform",
                          "DER"], capture_output=True, check=True).stdout
    (_, whole), = der_items(der)
    inner = [content for tag, content in der_items(whole) if tag == 0x04][0]
    items = list(der_items(inner))
    if items[0][0] == 0x04:  # Ed25519: an octet string in the octet string
        return [items[0][1]]
    (_, fields), = items
    fields = list(der_items(fields))
    if fields[1][0] == 0x04:  # ECPrivateKey
        return [fields[1][1]]
    return [content.lstrip(b"\0") for _, content in fields[3:]]  # d, p, q, …


def kind_of(cert):
    name = {6: "RSA", 1: "elliptic curve"}[len(private_parts(cert.key))]
    if len(cert.key_pem) < 150:
        name = "Ed25519"
    return name + (", old form" if "BEGIN RSA" in cert.key_pem else "")


class Needles:
    """Pieces of secrets in the forms in which they could lie about."""

    def __init__(self):
        self.pieces = {}

    def add_bytes(self, name, secret):
        for at in sorted({0, len(secret) - NEEDLE, (len(secret) - NEEDLE) // 2,
                          (len(secret) - NEEDLE) // 3}):
            piece = secret[at:at + NEEDLE]
            self.pieces[piece] = f"{name}: raw bytes at {at}"
            self.pieces[piece.hex().encode()] = f"{name}: hex at {at}"
            self.pieces[piece.hex().upper().encode()] = f"{name}: upper hex at {at}"
        # 15 bytes are 20 letters, some of which lie within one line of any PEM; three in a row
        # have every alignment.
        for start in {0, len(secret) // 2, max(len(secret) - 24, 0)}:
            for at in range(start, min(start + 9, len(secret) - 14)):
                text = base64.b64encode(secret[at:at + 15])
                self.pieces[text] = f"{name}: base64 at {at}"

    def add_text(self, name, secret):
        text = secret.encode()
        for at in (0, len(text) - 20):
            self.pieces[text[at:at + 20]] = f"{name}: text at {at}"
        with contextlib.suppress(ValueError):
            self.pieces[bytes.fromhex(secret)[:NEEDLE]] = f"{name}: as bytes"

    def find(self, data):
        """Which of them are in there.  There are thousands: most often one look at each place is
        enough to know that none is."""
        starts = {piece[:8] for piece in self.pieces}
        if len(self.pieces) > 300 and starts.isdisjoint(data[at:at + 8] for at in range(len(data))):
            return []
        return sorted({name for piece, name in self.pieces.items() if piece in data})


def without_blank_pages(data):
    """The regions and logs are large and mostly empty."""
    page, blank = 4096, bytes(4096)
    if len(data) < 64 * page:
        return data
    pages = [data[at:at + page] for at in range(0, len(data), page)]
    return b"".join(p for p in pages if p != blank)


def files_below(folder, since=None):
    for where, folders, names in os.walk(folder, onerror=lambda fault: None):
        folders[:] = [f for f in folders if os.path.join(where, f) not in SKIPPED]
        for name in names:
            path = os.path.join(where, name)
            with contextlib.suppress(OSError):
                info = os.lstat(path)
                if stat.S_ISREG(info.st_mode) and info.st_size <= LARGEST and \
                        (since is None or info.st_mtime >= since):
                    yield path


SKIPPED = set()


def search(needles, site, places=None):
    """[(file, what)] of all that lies about; the files where secrets belong are left out."""
    # Where the test itself keeps what it sends, and what tests beside this one have.
    SKIPPED.add(site.certs)
    for name in os.listdir("/tmp"):
        if not os.path.join("/tmp", name) == site.folder and \
                (name.startswith(("cgt.", "bash_jobs")) or not os.access("/tmp/" + name, os.R_OK)):
            SKIPPED.add(os.path.join("/tmp", name))
    found, n_files = [], 0
    places = places or [(site.folder, None), ("/tmp", STARTED), ("/var/tmp", STARTED),
                        ("/dev/shm", STARTED)]
    for folder, since in places:
        for path in files_below(folder, since):
            if path in (site.proof_file, site.proof_file + ".lighttpd"):
                continue
            with contextlib.suppress(FileNotFoundError):
                # An ordinary user's programs leave nothing of another user's.
                if not ROOT and os.stat(path).st_uid != os.getuid():
                    continue
                with open(path, "rb") as data:
                    n_files += 1
                    found += [(path, what)
                              for what in needles.find(without_blank_pages(data.read()))]
    return found, n_files


def memory_of(pid):
    """What a program has in its writable memory; root only."""
    pieces = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, rights = line.split()[:2]
            first, last = (int(at, 16) for at in where.split("-"))
            if rights.startswith("rw") and rights[3] == "p":
                with contextlib.suppress(OSError):
                    memory.seek(first)
                    pieces.append(without_blank_pages(memory.read(last - first)))
    return b"".join(pieces)


def both(cert):
    return cert.pem + cert.key_pem


# --- the ways in ---

def slowly(site, head, body, size, chunked=False):
    """A REST call over many small TCP packets."""
    with site.tls() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head += ["Host: localhost", f"Authorization: Bearer {site.token}",
                 "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"]
        sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        for at in range(0, len(body), size):
            piece = body[at:at + size]
            sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            # Each on its own: the web server has it before the next one leaves.
            wait_until(lambda: fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4) == b"\0" * 4,
                       "the packet's way to the server")
        if chunked:
            sock.sendall(b"0\r\n\r\n")
        return read_answer(sock)


def breaks_off(site, body):
    """Half of a call, then silence and the end."""
    with site.tls() as sock:
        sock.sendall(f"POST /admin/api/v1/keys HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                     f"{site.token}\r\nContent-Type: application/json\r\nContent-Length: "
                     f"{len(body) + 100}\r\n\r\n".encode() + body)
    return Answer(0, Headers(), b"")


def as_file(site, name, text):
    path = os.path.join(site.certs, name)
    with open(path, "w", encoding="ascii") as out:
        out.write(text)
    os.chmod(path, 0o600)
    return path


def command(site, *args, stdin=None):
    done = site.certgate(*args, stdin=stdin)
    return Answer(done.returncode, Headers(), (done.stdout + done.stderr).encode())


def everything(site, api):
    """Yields (name, certificate with the key that was sent, answer, statuses that are right,
    whether the certificate was taken)."""
    access = [{"api_id": api["id"]}]
    kinds = iter(["ec", "rsa", "ed25519"] * 20)

    def fresh(name):
        return site.make_cert("secret " + name, key=next(kinds))

    def rest(name, *args, want, taken, change=lambda text: text, **kwargs):
        cert = fresh(name)
        path, wrap = args
        text = change(both(cert))
        kwargs = dict(kwargs, json=wrap(text)) if wrap else dict(kwargs, body=text)
        answer = site.rest("POST", path, **kwargs)
        return name, cert, answer, want, taken

    def key_json(name):
        return lambda text: {"name": name, "access": access, "certificate": text}

    holder = site.make_key("holder", token=True, api=api)
    more = f"/keys/{holder['id']}/credentials"
    raw = {"content_type": "application/x-pem-file"}
    # First, in a program whose libraries call many a function for the first time.
    for name, size, chunked in (("many small packets", 37, False), ("packets of one byte", 1, False),
                                ("many small chunks", 41, True)):
        cert = fresh(name)
        body = json.dumps(key_json(name)(both(cert))).encode()
        yield (name, cert, slowly(site, ["POST /admin/api/v1/keys HTTP/1.1",
                                         "Content-Type: application/json"], body, size, chunked),
               (201,), True)
    cert = fresh("raw in small packets")
    yield ("raw in small packets", cert,
           slowly(site, [f"POST /admin/api/v1{more} HTTP/1.1",
                         "Content-Type: application/x-pem-file"], both(cert).encode(), 29),
           (201,), True)
    for n in range(3):
        yield rest(f"key by JSON {n}", "/keys", key_json(f"j{n}"), want=(201,), taken=True)
        yield rest(f"certificate by JSON {n}", "/certificates", lambda text: {"pem": text},
                   want=(201,), taken=True)
        yield rest(f"certificate, raw {n}", "/certificates", None, want=(201,), taken=True, **raw)
        yield rest(f"credential, raw {n}", more, None, want=(201,), taken=True, **raw)
        yield rest(f"credential by JSON {n}", more, lambda text: {"certificate": text},
                   want=(201,), taken=True)
        cert = fresh(f"command {n}")
        yield (f"command {n}", cert,
               command(site, "key", "create", "--name", f"c{n}", "--api", api["name"], "--cert",
                       as_file(site, f"c{n}.both", both(cert))), (0,), True)
    yield rest("key before the certificate", "/keys", key_json("first"), want=(201,), taken=True,
               change=lambda text: text[text.index("-----BEGIN P"):] +
               text[:text.index("-----BEGIN P")])
    yield rest("CRLF, and text around", "/keys", key_json("crlf"), want=(201,), taken=True,
               change=lambda text: "Bag Attributes\r\n" + text.replace("\n", "\r\n") + "end")
    yield rest("key twice", "/keys", key_json("twice"), want=(201,), taken=True,
               change=lambda text: text + text[text.index("-----BEGIN P"):])
    cert = fresh("shown")
    yield ("cert show, standard input", cert, command(site, "cert", "show", "-", stdin=both(cert)),
           (0,), False)
    cert = fresh("shown to portal")
    yield ("cert show --as portal", cert,
           command(site, "cert", "show", "--as", "portal", "-", stdin=both(cert)), (1,), False)
    cert = site.make_cert("secret old form", key="rsa")
    subprocess.run(["openssl", "rsa", "-in", cert.key, "-traditional", "-out", cert.key],
                   check=True, capture_output=True)
    cert = Cert(cert.path, cert.key)
    yield ("RSA PRIVATE KEY", cert, site.rest("POST", "/keys", key_json("old form")(both(cert))),
           (201,), True)
    # Refused: what is refused has been read as well.
    other = fresh("other")

    def mismatched(text):
        return other.pem + text[text.index("-----BEGIN P"):]

    yield rest("another's key, JSON", "/keys", key_json("m"), want=(422,), taken=False,
               change=mismatched)
    yield rest("another's key, raw", more, None, want=(422,), taken=False, change=mismatched, **raw)
    cert = fresh("another's key, command")
    yield ("another's key, command", cert,
           command(site, "key", "create", "--name", "m", "--cert",
                   as_file(site, "m.both", mismatched(both(cert)))), (1,), False)
    yield rest("private key alone", "/keys", key_json("p"), want=(422,), taken=False,
               change=lambda text: text[text.index("-----BEGIN P"):])
    yield rest("certificate that is damaged", "/keys", key_json("d"), want=(422,), taken=False,
               change=lambda text: text.replace("MII", "MIJ", 1))
    yield rest("unknown member", "/keys", lambda text: {**key_json("u")(text), "certifikate": text},
               want=(400,), taken=False)
    yield rest("key as the name", "/keys", lambda text: {"name": text}, want=(422,), taken=False)
    yield rest("key as a number's value", "/keys",
               lambda text: {"name": "x", "max_concurrent": text}, want=(400, 422), taken=False)
    yield rest("key as a token", more, lambda text: {"token": text}, want=(422,), taken=False)
    yield rest("key in an array", "/keys", lambda text: {"name": "x", "certificate": [text]},
               want=(422,), taken=False)
    yield rest("JSON that breaks off", "/keys", None, want=(400,), taken=False,
               change=lambda text: '{"name": "x", "certificate": ' + json.dumps(text))
    yield rest("PEM sent as JSON", "/keys", None, want=(400,), taken=False)
    yield rest("wrong media type", "/keys", None, want=(415,), taken=False,
               content_type="text/plain")
    yield rest("without a token", "/keys", key_json("t"), want=(401,), taken=False, token="")
    yield rest("with a wrong token", "/keys", key_json("t"), want=(401,), taken=False,
               token="x" * 40)
    yield rest("to a path that is not there", "/nothing", key_json("t"), want=(404,), taken=False)
    yield rest("too large", "/keys", key_json("l"), want=(413,), taken=False,
               change=lambda text: text + "x" * (600 * 1024))
    yield rest("too large, raw", "/certificates", None, want=(413,), taken=False,
               change=lambda text: text + "x" * (300 * 1024), **raw)
    cert = fresh("breaks off")
    yield ("a call that breaks off", cert,
           breaks_off(site, json.dumps(key_json("b")(both(cert))).encode()), (0,), False)
    twice = fresh("in use")
    site.make_key("in use", twice, api)
    yield ("in use already", twice, site.rest("POST", "/keys", key_json("again")(both(twice))),
           (409,), False)


def left_of(site, needles):
    return [found for pid in site.pids("admin") for found in needles.find(memory_of(pid))]


def private_keys(site):
    api = site.make_api()
    keys, public, lasts = Needles(), Needles(), {}
    for name, cert, answer, want, taken in everything(site, api):
        mine = Needles()
        for part in private_parts(cert.key):
            mine.add_bytes(cert.path, part)
        keys.pieces.update(mine.pieces)
        lasts[kind_of(cert)] = cert
        if ROOT:
            # The answer is on its way before the request's memory is wiped.
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: not left_of(site, mine), "the end of the request")
            is_eq(left_of(site, mine), [], f"{name}: nothing of the key in admin's memory")
        if taken:
            public.pieces[cert.der[-40:-16]] = cert.sha256
            if answer.status == 201:
                body = answer.body if isinstance(answer.body, dict) else answer.json()
                is_eq(body["private_key_dropped"], True, f"{name}: the answer says it was dropped")
            else:
                like(answer.body, r"(?i)private key", f"{name}: the command says it was dropped")
        text = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body)
        text = text.encode() if isinstance(text, str) else text
        text += repr(answer.headers).encode()
        ok(answer.status in want, f"{name}: {want}") or diag(f"got {answer.status} {text[:500]}")
        is_eq(mine.find(text), [], f"{name}: nothing of the key in the answer")
    if ROOT:
        ok(any(len(memory_of(pid)) > 100000 for pid in site.pids("admin")),
           "admin's memory was looked at")
    # What the search has to be able to find: the key of the last of each kind, in each form.
    for kind, cert in lasts.items():
        forms = {"PEM": cert.key_pem.encode(), "JSON": json.dumps(both(cert)).encode(),
                 "raw": b"".join(private_parts(cert.key)),
                 "hex": private_parts(cert.key)[0].hex().encode()}
        for shift in range(3):
            forms[f"base64, shifted by {shift}"] = \
                base64.b64encode(b"12"[:shift] + private_parts(cert.key)[0])
        for form, data in forms.items():
            with open(site.logs + "/control", "wb") as out:
                out.write(b"before " + data + b" after")
            found, _ = search(keys, site, [(site.logs, None)])
            is_eq({path for path, _ in found}, {site.logs + "/control"},
                  f"{kind} as {form} is found where it was put")
    os.unlink(site.logs + "/control")
    found, _ = search(public, site, [(site.home, None)])
    is_eq({what for _, what in found}, set(public.pieces.values()),
          "of each certificate that was taken, the public part is found in the data folder")
    return keys


# --- other secrets ---

def use_tokens(site):
    """All that somebody could be tempted to write a line about."""
    secrets = Needles()
    api = site.make_api("tokens", auth={"use_certificate": True})
    site.make_api("down", target_url="http://127.0.0.1:1", auth={"use_token": True})
    down = site.rest("GET", "/apis?q=down").body["items"][0]
    access = [{"api_id": api["id"]}, {"api_id": down["id"]}]
    by_rest = site.make_key("by rest", token=True, access=access)["token"]
    done = site.certgate("--json", "key", "create", "--name", "by command", "--token", "--api",
                         "tokens")
    by_command = json.loads(done.stdout)["token"]
    key = site.make_key("holder of more", token=True, access=access)
    added = site.rest("POST", f"/keys/{key['id']}/credentials", {"token": True}).body["token"]
    known = site.make_cert("known")
    site.make_key("known", known, access=access)
    unknown = "wrong-" + os.urandom(20).hex()
    for name, token in (("API token by REST", by_rest), ("API token by command", by_command),
                        ("API token, added", added), ("unknown token", unknown),
                        ("REST token", site.token), ("proof", site.proof),
                        ("first password", site.password)):
        secrets.add_text(name, token)
    for token, status in ((by_rest, 200), (by_command, 200), (added, 200), (unknown, 403)):
        for word in ("", "Bearer "):
            answer = site.curl("/tokens/x", "-H", f"Authorization: {word}{token}")
            is_eq(answer.status, status, f"a call with a token: {status}")
            is_eq(secrets.find(answer.body + repr(answer.headers).encode()), [],
                  "and no secret in what the upstream was sent or what came back")
        site.curl("/tokens/%2e%2e/x", "-H", f"Authorization: {token}")
        site.curl("/tokens/x?up=close", "-H", f"Authorization: {token}")
        site.curl("/tokens/x?up=raw:bm8", "-H", f"Authorization: {token}")
        site.curl("/tokens/x", "-H", f"Authorization: {token}", cert=known)
        site.curl("/tokens/x", "-H", f"Authorization: {token}", "-H", "Authorization: twice")
    is_eq(site.curl("/down/x", "-H", f"Authorization: {by_rest}").status, 502, "an upstream down")
    is_eq(site.rest("GET", "/keys", token=unknown).status, 401, "REST with a wrong token")
    site.fcgi({"REQUEST_URI": "/tokens/x", "HTTP_X_EVIL": site.proof + "\r\nx"})
    record = json.dumps([site.rest("GET", "/keys").body, site.rest("GET", "/apis").body,
                                site.rest("GET", "/openapi.json").body])
    is_eq(secrets.find(record.encode()), [], "no record shows one")
    for what in ("key", "token", "api"):
        listed = site.certgate("--json", what, "list").stdout
        is_eq(secrets.find(listed.encode()), [], f"{what} list shows none")
    return secrets


def sent_in_pieces(site, data, cuts):
    """What a web server sends to the gate, each piece after the one before was read."""
    with fcgi.Client(site.gate_socket) as client:
        for begin, end in zip([0, *cuts], [*cuts, len(data)]):
            client.send(data[begin:end])
            wait_until(lambda: fcntl.ioctl(client.sock, termios.TIOCOUTQ, b"\0" * 4) == b"\0" * 4,
                       "the gate to read")
        return client.answer()


def pieces_of_requests(site):
    """However a request reaches the gate, its memory holds nothing of the token or the body
    afterwards: of the library's buffers it wipes what was used."""
    api = site.make_api("pieces", auth={"use_token": True})
    token = site.make_key("in pieces", token=True, api=api)["token"]
    secret = os.urandom(40).hex()
    needles = Needles()
    needles.add_text("token", token)
    needles.add_text("body", secret)

    def request(*, first, filler=0, body=b"", sent=token):
        """(the bytes, where the token begins, where the body does)"""
        params = site.variables({"REQUEST_URI": "/pieces/x",
                                 "REQUEST_METHOD": "POST" if body else "GET"},
                                body)
        fields = {"HTTP_AUTHORIZATION": "Bearer " + sent, "HTTP_X_FILL": "f" * filler}
        params = {**fields, **params} if first else {**params, **fields}
        data = fcgi.record(fcgi.BEGIN, b"\0\1\0\0\0\0\0\0") + \
            fcgi.stream(fcgi.PARAMS, fcgi.pairs(params))
        return data + fcgi.stream(fcgi.STDIN, body), data.index(sent.encode()), len(data)

    def try_one(name, data, *cuts, status=200):
        answer = sent_in_pieces(site, data, cuts)
        is_eq((answer.status, answer.ended), (status, True), f"{name}: {status}")
        if ROOT:
            def left():
                return [what for pid in site.pids("gate") for what in needles.find(memory_of(pid))]
            # The answer is on its way before the request's memory is wiped.
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: not left(), "the end of the request")
            is_eq(left(), [], f"{name}: nothing of it in the gate's memory")

    for first in (True, False):
        where = "early" if first else "late"
        data, at, _ = request(first=first)
        try_one(f"in one piece, the token {where}", data)
        try_one(f"a cut in the head, the token {where}", data, 3)
        try_one(f"a cut behind the token, {where}", data, at + len(token))
        try_one(f"a cut in the token, {where}", data, at + 20)
        try_one(f"a last piece of one byte, the token {where}", data, len(data) - 1)
        data, at, _ = request(first=first, filler=20000)
        try_one(f"three buffers, the token {where}", data)
        data, _, begin = request(first=first, body=secret.encode() + b"b" * 20000)
        try_one(f"a body of three buffers, the token {where}", data)
        try_one(f"a body in pieces, the token {where}", data, begin, begin + 9000, len(data) - 9)
        data, _, begin = request(first=first, body=b"b" * 100 + secret.encode())
        try_one(f"a short body, the token {where}", data)
        try_one(f"a short body in pieces, the token {where}", data, begin, begin + 120)
        # Refused, a request goes less deep, and writes over less.
        for size in (20, 80):
            unknown = "wrong-" + os.urandom(size).hex()
            needles.add_text("unknown token", unknown)
            try_one(f"an unknown token of {len(unknown)} letters, {where}", request(first=first, sent=unknown)[0],
                    status=403)


# --- the folder ---

def modes(site):
    owner = pwd.getpwnam(WEB_USER).pw_uid if ROOT else os.getuid()
    wrong, n = [], 0
    for where, folders, names in os.walk(site.home):
        for path, want in [(where, stat.S_IFDIR | 0o700)] + \
                          [(os.path.join(where, name), stat.S_IFREG | 0o600) for name in names]:
            try:
                info = os.lstat(path)
            except FileNotFoundError:
                continue  # of a program that has done with it
            n += 1
            if info.st_mode != want or info.st_uid != owner:
                wrong.append((path, oct(info.st_mode), info.st_uid))
    is_eq(wrong, [], "folders are 0700, files 0600, all the programs' user's")
    ok(n > 10, f"{n} were looked at")
    info = os.stat(site.proof_file)
    is_eq((stat.S_IMODE(info.st_mode), info.st_uid), (0o600, os.geteuid()),
          "the web server's proof is its starter's alone")
    for name in os.listdir(site.bin):
        ok(not os.stat(os.path.join(site.bin, name)).st_mode & 0o6000, f"{name} is not setuid")


def starts(site, program):
    """Runs a program as the supervisor would; (status or None when it serves, what it said)."""
    user = ["setpriv", "--reuid", WEB_USER, "--regid", WEB_USER, "--clear-groups"] if ROOT else []
    path = site.sockets + "/refuse.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        with fcgi.Client(path) as client, subprocess.Popen(
                [*user, os.path.join(site.bin, program)], stdin=listener, cwd="/",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "CERTGATE_HOME": site.home}) as process:
            os.unlink(path)
            # Waits in the listener's queue until somebody serves it.
            client.begin({"REQUEST_METHOD": "GET", "REQUEST_URI": "/", "CERTGATE_PREFIX": "/"})
            client.send(fcgi.stream(fcgi.STDIN, b""))
            wait_until(lambda: process.poll() is not None or
                       select.select([client.sock], [], [], 0)[0], f"{program} to serve or end")
            status = process.poll()
            # One that cannot start says so to whoever waits, and ends.
            if status is None and client.answer().status == 503:
                status = process.wait(DEADLINE_S)
            process.terminate()
            process.wait(DEADLINE_S)
            return status, process.stdout.read().decode()


def open_folder(site):
    site.stop_programs()
    for program in ("gate", "admin"):
        status, said = starts(site, program)
        is_eq(status, None, f"{program} starts with the folder as it was made") or diag(said)
    for folder in ("", "/db", "/run", "/keys"):
        path = site.home + folder
        for mode in (0o750, 0o705, 0o701, 0o720):
            os.chmod(path, mode)
            for program in ("gate", "admin"):
                status, said = starts(site, program)
                ok(status not in (None, 0), f"{program} refuses {folder or '/'} of {mode:o}")
                if mode == 0o750:
                    like(said, re.escape(path) + r" is open to other users", "and says why")
                    like(said, "chmod 700", "and what to do")
            os.chmod(path, 0o700)
        os.chmod(path, 0o750)
        done = site.certgate("key", "list")
        is_eq(done.returncode, 1, f"the command refuses {folder or '/'} of 750")
        like(done.stderr, "chmod 700", "and says what to do")
        os.chmod(path, 0o700)
    if ROOT:
        os.chown(site.home + "/db", 0, 0)
        status, said = starts(site, "gate")
        ok(status not in (None, 0), "another's folder is refused")
        like(said, "another user", "and it says so")
        os.chown(site.home + "/db", pwd.getpwnam(WEB_USER).pw_uid, -1)
    site.start_programs()
    site.wait_ready()
    is_eq(site.rest("GET", "/keys").status, 200, "all is well afterwards")


with Site() as home:
    with case("private keys"):
        KEYS = private_keys(home)
    with case("tokens and the proof"):
        OTHERS = use_tokens(home)
    with case("requests that come in pieces"):
        pieces_of_requests(home)
    with case("while the programs run"):
        for label, what in (("private key", KEYS), ("token or proof", OTHERS)):
            hits, looked_at = search(what, home)
            is_eq(hits, [], f"no {label} in the data folder, logs and temporary folders")
            ok(looked_at > 25, f"{looked_at} files were searched")
        if ROOT:
            for worker in home.pids("gate") + home.pids("admin"):
                is_eq(os.stat(f"/proc/{worker}/environ").st_uid, 0,
                      "a program leaves no core file, and nobody but root looks into it")
    with case("file modes"):
        modes(home)
    with case("after a kill and a recovery"):
        home.kill(*home.pids("admin"), *home.pids("gate"))
        wait_until(lambda: home.curl("/healthz").status == 200, "the gate")
        wait_until(lambda: home.rest("GET", "/keys").status == 200, "admin")
        hits, _ = search(KEYS, home)
        is_eq(hits, [], "no private key")
        hits, _ = search(OTHERS, home)
        is_eq(hits, [], "no token or proof")
        modes(home)
    with case("an open data folder"):
        open_folder(home)
    home.stop_programs()
    home.stop_web()
    with case("after the end"):
        hits, _ = search(KEYS, home)
        is_eq(hits, [], "no private key")
        hits, _ = search(OTHERS, home)
        is_eq(hits, [], "no token or proof")
done_testing()
