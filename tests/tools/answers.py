"""Answers over HTTP, and reading one from a socket."""
import json
import re
import ssl


class Headers(list):
    """(lower-case name, value) in order."""

    def get(self, name, default=None):
        return next((v for n, v in self if n == name.lower()), default)

    def all(self, name):
        return [v for n, v in self if n == name.lower()]


class Answer:
    """Unpacks into status, headers, body.  status 0: no HTTP answer; then `error` says why."""

    def __init__(self, status, headers, body, rc=0, error="", version="", complete=True):
        self.status, self.headers, self.body = status, headers, body
        self.rc, self.error, self.version, self.complete = rc, error, version, complete

    def __iter__(self):
        return iter((self.status, self.headers, self.body))

    def __repr__(self):
        return f"<{self.status} {self.headers} {repr(self.body)[:900]} rc={self.rc} {self.error}>"

    def json(self):
        return json.loads(self.body)


def must(answer, *statuses):
    """The body of an answer that has one of these statuses, or else is a success; RuntimeError."""
    if answer.status not in (statuses or (200, 201, 204)):
        raise RuntimeError(f"{answer!r}, not {statuses}")
    return answer.body


def code_of(answer):
    """Status and code of a refusal; None where it has none."""
    try:
        return answer.status, json.loads(answer.body).get("code")
    except (ValueError, AttributeError):
        return answer.status, None


def outcome(answer):
    """200, or status and code of the refusal."""
    return 200 if answer.status == 200 else code_of(answer)


def split_head(text):
    """The last head of a file with one or more (100, then 200)."""
    blocks = [b for b in re.split(r"\r?\n\r?\n", text) if b.startswith("HTTP/")]
    if not blocks:
        return 0, "", Headers()
    lines = blocks[-1].splitlines()
    first = lines[0].split(" ")
    headers = Headers()
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return int(first[1]), first[0], headers


def read_answer(sock, method="GET"):
    """One HTTP/1.1 answer from a socket.  `complete` is False when it was cut."""
    data = b""

    def more():
        nonlocal data
        try:
            piece = sock.recv(65536)
        except (ConnectionError, ssl.SSLError) as fault:
            if isinstance(fault, TimeoutError):
                raise
            piece = b""
        data += piece
        return bool(piece)

    while True:
        while b"\r\n\r\n" not in data:
            if not more():
                return Answer(0, Headers(), data, error="closed", complete=False)
        head, data = data.split(b"\r\n\r\n", 1)
        status, version, headers = split_head(head.decode("latin-1") + "\r\n\r\n")
        if status >= 200:
            break
    done = Answer(status, headers, b"", version=version)
    if method == "HEAD" or status in (204, 304):
        return done
    if "chunked" in (headers.get("transfer-encoding") or "").lower():
        while True:
            while b"\r\n" not in data:
                if not more():
                    done.complete = False
                    return done
            line, data = data.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            while len(data) < size + 2:
                if not more():
                    done.body += data
                    done.complete = False
                    return done
            done.body += data[:size]
            data = data[size + 2:]
            if size == 0:
                return done
    length = headers.get("content-length")
    while length is None or len(data) < int(length):
        if not more():
            break
    done.body = data
    done.complete = length is None or len(data) == int(length)
    return done
