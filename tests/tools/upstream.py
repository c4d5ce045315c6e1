#!/usr/bin/python3
"""An upstream for the demo and for the tests.

usage: upstream.py [--host ADDRESS] [--port N] [--port-file FILE] [--log FILE]
                   [--tls FILE [--client-ca FILE] [--tls-max 1.2|1.3] [--tls-fails-resumed]]

--tls: HTTPS with the certificate and private key in FILE; --client-ca: a client has to show a
certificate issued under one in FILE; --tls-fails-resumed: gives tickets, and ends a TLS 1.3 handshake
that comes with one.

Port 0 is any free one; the port is printed, and written to --port-file once it listens.  It speaks
HTTP/1.1 on plain sockets, so that every byte is as it came and nothing is made better on the way.

Answers with a JSON echo of the request, unless the query's first parameter is `up=WHAT`:

  status:503      the echo with this status (204 and 304 without a body)
  slow:SECONDS    waits before the head
  stall:SECONDS   waits after half of the body
  bytes:N         N bytes, always the same, with Content-Length
  chunked:N       the same, chunked
  cut:N           promises 2 N bytes, sends N, closes
  chunkcut:N      chunked, N bytes, closes without the last chunk
  long:N          promises N bytes, sends 2 N, closes
  sse:N           N events, one each 0.2 s
  drip:SECONDS    a body of 20 bytes, so long between two
  early:STATUS    answers before it reads the body, then closes
  last            the echo, then closes a connection that looked kept
  close           closes without an answer
  raw:BASE64URL   exactly these bytes, then closes

The log has one JSON object a line for each request that came, written before the answer: method,
target, headers (in order), body_bytes, body_sha256, complete, connection (a number), and with TLS
tls: its version, the server_name that was asked for, whether its session was resumed, and peer_sha256
(of the client's certificate).
"""
import argparse
import base64
import hashlib
import itertools
import json
import os
import signal
import socket
import ssl
import threading
import time

HEAD_MAX = 1 << 20
CHUNK = 65536
REASONS = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
           403: "Forbidden", 404: "Not Found", 500: "Internal Server Error",
           503: "Service Unavailable"}


def pattern(n):
    """n bytes that are the same each time."""
    line = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+\n"
    return (line * (n // len(line) + 1))[:n]


def raw_bytes(data):
    """The query that has exactly these bytes answered."""
    return "?up=raw:" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def raw_answer(*lines, body=b""):
    """The query that has exactly this head and body answered."""
    return raw_bytes("\r\n".join((*lines, "", "")).encode("latin-1") + body)


def folded(name):
    """As a CGI host folds a field's name."""
    return name.lower().replace("_", "-")


def fields(record, name):
    """The values of a field in a record of the log."""
    return [v for n, v in record["headers"] if folded(n) == name]


def readable(echo):
    """JSON with a line for each member and each header field."""
    members = []
    for name, value in echo.items():
        text = json.dumps(value)
        if name == "headers":
            text = "[\n    " + ",\n    ".join(json.dumps(pair) for pair in value) + "\n  ]"
        members.append(f"  {json.dumps(name)}: {text}")
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


class Gone(Exception):
    """The other side closed, or sent what is no HTTP."""


class Connection:
    def __init__(self, sock, number, log, context):
        self.sock, self.number, self.log, self.context = sock, number, log, context
        self.rest, self.tls = b"", None

    def more(self):
        data = self.sock.recv(CHUNK)
        if not data:
            raise Gone
        self.rest += data

    def line(self):
        while b"\n" not in self.rest:
            if len(self.rest) > HEAD_MAX:
                raise Gone
            self.more()
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r")

    def pieces(self, n):
        while n > 0:
            if not self.rest:
                self.more()
            piece, self.rest = self.rest[:n], self.rest[n:]
            n -= len(piece)
            yield piece

    def body(self, headers):
        """The body's pieces, decoded."""
        fields = {name.lower(): value for name, value in headers}
        if "chunked" in fields.get("transfer-encoding", "").lower():
            while True:
                try:
                    size = int(self.line().split(b";")[0], 16)
                except ValueError:
                    raise Gone from None
                yield from self.pieces(size)
                if size == 0:
                    while self.line():
                        pass
                    return
                self.line()
        else:
            yield from self.pieces(int(fields.get("content-length", "0")))

    def head(self):
        first = self.line().decode("latin-1")
        parts = first.split(" ")
        headers = []
        while True:
            line = self.line().decode("latin-1")
            if not line:
                break
            name, _, value = line.partition(":")
            headers.append([name, value.strip(" \t")])
        if len(parts) != 3:
            raise Gone
        return parts[0], parts[1], headers

    def send(self, data):
        self.sock.sendall(data)

    def answer(self, method, status, fields, body, chunked=False, length=None):
        """Sends one answer; `length` is what it says, when that is not the truth."""
        bodiless = status in (204, 304) or status < 200
        head = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        head += [f"{name}: {value}" for name, value in fields]
        if chunked:
            head.append("Transfer-Encoding: chunked")
        elif not bodiless:
            head.append(f"Content-Length: {len(body) if length is None else length}")
        self.send("\r\n".join(head).encode("latin-1") + b"\r\n\r\n")
        if method == "HEAD" or bodiless:
            return
        if chunked:
            for at in range(0, len(body), CHUNK):
                piece = body[at:at + CHUNK]
                self.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        else:
            self.send(body)

    def one(self):
        """One request; False when the connection ends with it."""
        method, target, headers = self.head()
        first = target.partition("?")[2].split("&")[0]
        what, _, value = first[3:].partition(":") if first.startswith("up=") else ("", "", "")
        digest, size, complete = hashlib.sha256(), 0, False
        if what == "early":
            self.write_log(method, target, headers, 0, None, False)
            self.answer(method, int(value), [("Connection", "close")], b"early\n")
            return False
        if any(name.lower() == "expect" for name, _ in headers):
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            for piece in self.body(headers):
                digest.update(piece)
                size += len(piece)
            complete = True
        finally:
            self.write_log(method, target, headers, size, digest.hexdigest(), complete)
        fields = dict((name.lower(), text) for name, text in headers)
        who = fields.get("x-certgate-key-name", "somebody without a key")
        echo = {
            "message": f"Hello {who}, this is the upstream: your request came through.",
            "method": method,
            "target": target,
            "headers": headers,
            "body_bytes": size,
            "body_sha256": digest.hexdigest(),
        }
        return self.special(what, value, method, readable(echo))

    def special(self, what, value, method, echo):
        as_json = [("Content-Type", "application/json")]
        as_bytes = [("Content-Type", "application/octet-stream")]
        closing = as_bytes + [("Connection", "close")]
        if what == "status":
            self.answer(method, int(value), as_json, echo)
        elif what == "slow":
            time.sleep(float(value))
            self.answer(method, 200, as_json, echo)
        elif what == "stall":
            half = len(echo) // 2
            self.answer(method, 200, as_json, echo[:half], length=len(echo))
            time.sleep(float(value))
            self.send(echo[half:])
        elif what == "bytes":
            self.answer(method, 200, as_bytes, pattern(int(value)))
        elif what == "chunked":
            self.answer(method, 200, as_bytes, pattern(int(value)), chunked=True)
            if method != "HEAD":
                self.send(b"0\r\n\r\n")
        elif what == "cut":
            self.answer(method, 200, as_bytes, pattern(int(value)), length=2 * int(value))
            return False
        elif what == "chunkcut":
            self.answer(method, 200, as_bytes, pattern(int(value)), chunked=True)
            return False
        elif what == "long":
            self.answer(method, 200, closing, pattern(2 * int(value)), length=int(value))
            return False
        elif what == "sse":
            events = [("Content-Type", "text/event-stream")]
            self.answer(method, 200, events, b"", chunked=True)
            for n in range(int(value)):
                event = b"data: %d\n\n" % n
                self.send(b"%x\r\n%s\r\n" % (len(event), event))
                time.sleep(0.2)
            self.send(b"0\r\n\r\n")
        elif what == "drip":
            body = pattern(20)
            self.answer(method, 200, as_bytes, b"", length=len(body))
            for n in range(len(body)):
                self.send(body[n:n + 1])
                time.sleep(float(value))
        elif what == "last":
            # The end leaves with the answer: nobody has the one and could miss the other.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            self.answer(method, 200, as_json, echo)
            return False
        elif what == "close":
            return False
        elif what == "raw":
            self.send(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            return False
        else:
            self.answer(method, 200, as_json, echo)
        return True

    def write_log(self, method, target, headers, size, digest, complete):
        if self.log is None:
            return
        record = {"method": method, "target": target, "headers": headers, "body_bytes": size,
                  "body_sha256": digest, "complete": complete, "connection": self.number}
        if self.tls:
            record["tls"] = self.tls
        # One write: lines of threads do not mix.
        os.write(self.log, (json.dumps(record) + "\n").encode())

    def offers_session(self):
        """Whether the ClientHello that waits has the extension pre_shared_key (RFC 8446, 4.2.11)."""
        hello = b""
        while len(hello) < 5 or len(hello) < 5 + int.from_bytes(hello[3:5], "big"):
            hello = self.sock.recv(CHUNK, socket.MSG_PEEK)
            if not hello:
                raise Gone
        at = 43  # behind record, handshake, version and random: session id, suites, compression
        at += 1 + hello[at]
        at += 2 + int.from_bytes(hello[at:at + 2], "big")
        at += 1 + hello[at] + 2
        while at + 4 <= len(hello):
            if hello[at:at + 2] == b"\0\x29":
                return True
            at += 4 + int.from_bytes(hello[at + 2:at + 4], "big")
        return False

    def shake_hands(self):
        if self.context.fails_resumed and self.offers_session():
            self.send(b"\x15\x03\x03\0\2\2\x50")  # fatal, internal_error
            raise Gone
        # Apart, so that the end of a refused handshake is awaited like any other.
        self.sock = self.context.wrap_socket(self.sock, server_side=True,
                                             do_handshake_on_connect=False)
        self.sock.do_handshake()
        peer = self.sock.getpeercert(binary_form=True)
        self.tls = {"version": self.sock.version(),
                    "server_name": getattr(self.sock, "asked_name", None),
                    "resumed": bool(self.sock.session_reused),
                    "peer_sha256": hashlib.sha256(peer).hexdigest() if peer else None}

    def serve(self):
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                self.shake_hands()
            while self.one():
                pass
        except (Gone, OSError, ValueError):
            pass
        finally:
            # What was sent must arrive although unread bytes are waiting: no reset.
            try:
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.settimeout(10)
                while self.sock.recv(CHUNK):
                    pass
            except OSError:
                pass
            self.sock.close()


def tls_context(options):
    if not options.tls:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    if options.tls_max == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    def remember(sock, name, _):
        sock.asked_name = name

    context.sni_callback = remember
    context.fails_resumed = options.tls_fails_resumed
    return context


def main():
    parser = argparse.ArgumentParser(description="An upstream for the demo and for the tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--log")
    parser.add_argument("--tls")
    parser.add_argument("--client-ca")
    parser.add_argument("--tls-max")
    parser.add_argument("--tls-fails-resumed", action="store_true")
    options = parser.parse_args()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: os._exit(0))
    log = None
    if options.log:
        log = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    context = tls_context(options)
    listener = socket.create_server((options.host, options.port), backlog=512)
    port = listener.getsockname()[1]
    print(port, flush=True)
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="ascii") as out:
            out.write(f"{port}\n")
        os.rename(options.port_file + ".new", options.port_file)
    for number in itertools.count(1):
        sock, _ = listener.accept()
        connection = Connection(sock, number, log, context)
        threading.Thread(target=connection.serve, daemon=True).start()


if __name__ == "__main__":
    main()
