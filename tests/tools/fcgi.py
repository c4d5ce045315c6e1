"""A FastCGI client that says exactly what a test wants said, to a unix socket.

  answer = fcgi.request("/run/x/gate.sock", {"REQUEST_METHOD": "GET", ...}, b"body")
  answer.status, answer.headers, answer.body, answer.ended
"""
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RESPONDER = 1
KEEP = 1


def record(kind, data=b"", request_id=1):
    return struct.pack("!BBHHBx", 1, kind, request_id, len(data), 0) + data


def stream(kind, data):
    """A whole stream: its records and the empty one that ends it."""
    pieces = [record(kind, data[at:at + 65000]) for at in range(0, len(data), 65000)]
    return b"".join(pieces) + record(kind)


def pairs(params):
    """Name-value pairs; takes a dict, or a list of pairs where a name may come twice."""
    out = b""
    for name, value in params.items() if isinstance(params, dict) else params:
        name = name if isinstance(name, bytes) else name.encode()
        value = value if isinstance(value, bytes) else value.encode()
        for text in (name, value):
            out += bytes([len(text)]) if len(text) < 128 else struct.pack("!I",
                                                                          len(text) | 1 << 31)
        out += name + value
    return out


class Answer:
    """What came back.  `ended`: END_REQUEST came; without it the server shows the answer as cut."""

    def __init__(self, out, err, ended, app_status):
        self.out, self.err, self.ended, self.app_status = out, err, ended, app_status
        head, mark, self.body = out.partition(b"\r\n\r\n")
        if not mark:
            head, mark, self.body = out.partition(b"\n\n")
        self.headers = []
        self.status = 200 if mark else 0
        for line in head.splitlines():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "status":
                self.status = int(value.split()[0])
            else:
                self.headers.append((name.lower(), value.strip()))

    def header(self, name):
        """The first value, or None."""
        return next((v for n, v in self.headers if n == name.lower()), None)


class Client:
    """One connection.  With keep=True it can take several requests."""

    def __init__(self, path, timeout=60):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(path)
        self.rest = b""

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def begin(self, params, keep=False, rest=b""):
        """Sends BEGIN and all the variables; the body is the caller's to send."""
        self.sock.sendall(record(BEGIN, struct.pack("!HB5x", RESPONDER, KEEP if keep else 0)) +
                          stream(PARAMS, pairs(params)) + rest)

    def begin_whole(self, params):
        """Sends a request without a body in one piece, for a connection that is kept: the other side has not
        to wait for the rest, however busy this machine is."""
        self.begin(params, True, stream(STDIN, b""))

    def send(self, data):
        self.sock.sendall(data)

    def take(self, n):
        while len(self.rest) < n:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.rest += data
        data, self.rest = self.rest[:n], self.rest[n:]
        return data

    def answer(self):
        out, err = b"", b""
        try:
            while True:
                head = self.take(8)
                if head is None:
                    break
                _, kind, _, length, padding = struct.unpack("!BBHHBx", head)
                data = self.take(length + padding)
                if data is None:
                    break
                data = data[:length]
                if kind == STDOUT:
                    out += data
                elif kind == STDERR:
                    err += data
                elif kind == END:
                    return Answer(out, err, True, struct.unpack("!I", data[:4])[0])
        except ConnectionError:
            pass
        return Answer(out, err, False, None)

    def request(self, params, stdin=b"", keep=False):
        self.begin(params, keep)
        try:
            self.send(stream(STDIN, stdin))
        except (BrokenPipeError, ConnectionResetError):
            pass  # an early refusal; the answer is there to read
        return self.answer()


def request(path, params, stdin=b"", timeout=60):
    with Client(path, timeout) as client:
        return client.request(params, stdin)
