#!/usr/bin/python3
"""What is tried against gateways: requests hidden in requests, lines smuggled into header fields both
ways, upstreams that lead elsewhere, connections that never finish, everything too large, and ten
thousand connections.  Each is refused with its status, and nothing of it is left."""
import contextlib
import hashlib
import os
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import code_of, read_answer  # noqa: E402
from environment import DEADLINE_S, ROOT, SERVER  # noqa: E402
import fcgi  # noqa: E402
from processes import own_memory_kb, wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from upstream import raw_bytes  # noqa: E402
from website import Site  # noqa: E402

CONNECTIONS = 10000


# --- one request in another ---

def smuggling(site):
    """Rows: the head's lines and the body; the statuses that servers give."""
    hidden = b"GET /open/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
    n = len(hidden)
    rows = [
        ("two lengths that differ", f"Content-Length: {n}\r\nContent-Length: 0", hidden),
        ("two lengths in one field", f"Content-Length: {n}, 0", hidden),
        ("a length with a sign", f"Content-Length: +{n}", hidden),
        ("a negative length", "Content-Length: -1", hidden),
        ("a length in hexadecimal", "Content-Length: 0x0", hidden),
        ("a length beyond 64 bits", "Content-Length: 99999999999999999999", b""),
        ("a length with a space", f"Content-Length: {n} 0", hidden),
        ("a coding that nobody knows", "Transfer-Encoding: xchunked", hidden),
        ("chunked, and not last", "Transfer-Encoding: chunked, identity", b"0\r\n\r\n" + hidden),
        ("a space before the colon", "Transfer-Encoding : chunked", b"0\r\n\r\n" + hidden),
        ("a chunk's length with a sign", "Transfer-Encoding: chunked", b"-1\r\n" + hidden),
        ("a chunk's length that is none", "Transfer-Encoding: chunked", b"zz\r\n" + hidden),
        ("a field without a colon", "Content-Length", hidden),
        ("a carriage return alone", f"X: a\rContent-Length: {n}", hidden),
        ("NUL in a field", "X: a\0b", hidden),
        ("HTTP/0.9", None, b"GET /open/x\r\n\r\n" + hidden),
        ("a target with a space", None, b"GET /open/x /open/hidden HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("HTTP/2 inside", None, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden),
    ]
    for name, lines, body in rows:
        site.upstream_clear()
        head = b"" if lines is None else \
            f"POST /open/x HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n".encode()
        with site.tls() as sock:
            sock.sendall(head + body)
            answer = read_answer(sock)
        # 0: closed without an answer, which is one, too.
        ok(answer.status in (0, 400, 411, 413, 501, 505), f"{name}: refused ({answer.status})") or \
            diag(repr(answer))
        is_eq([r["target"] for r in site.upstream_log() if "hidden" in r["target"] or
               r["complete"]], [], f"{name}: and no upstream has a whole request")
    # As the README's table of servers has it.
    for name, lines, statuses in (
            ("a length and chunks", "Content-Length: 9\r\nTransfer-Encoding: chunked", {"apache": 200, "lighttpd": 400}),
            ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5", {"apache": 200, "lighttpd": 400}),
            ("a coding before chunked", "Transfer-Encoding: gzip, chunked", {"apache": 200, "lighttpd": 501}),
            ("two equal lengths", "Content-Length: 15\r\nContent-Length: 15", {"apache": 400, "lighttpd": 400}),
            ("two other lengths", "Content-Length: 15\r\nContent-Length: 5", {"apache": 400, "lighttpd": 400})):
        site.upstream_clear()
        answer = site.raw(f"POST /open/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n\r\n"
                          .encode() + b"5\r\nhello\r\n0\r\n\r\n", method="POST")
        want = statuses[SERVER]
        is_eq(answer.status, want, f"{name}: what the server makes of it")
        is_eq([r["body_sha256"] for r in site.upstream_log()],
              [hashlib.sha256(b"hello").hexdigest()] if want == 200 else [], f"{name}: by the chunks or not at all")
    # What a server does take: it ends where the server says, and what follows is nothing, or a
    # request of this client's with an answer of its own.
    for name, lines in (("a length and chunks", f"Content-Length: {n}\r\nTransfer-Encoding: chunked"),
                        ("chunked twice", "Transfer-Encoding: chunked, chunked"),
                        ("a coding before chunked", "Transfer-Encoding: gzip, chunked")):
        site.upstream_clear()
        with site.tls() as sock:
            sock.sendall(f"POST /open/x HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n".encode() +
                         b"0\r\n\r\n" + hidden)
            answers = [read_answer(sock), read_answer(sock)]
        told = [a.json()["target"] for a in answers if a.status == 200]
        is_eq([r["target"] for r in site.upstream_log()], told,
              f"{name}: {[a.status for a in answers]}, each request with its own answer")
        ok(told in ([], ["/x"], ["/x", "/hidden"]), f"{name}: in order") or diag(told)


def straight(site):
    """The same at the gate's socket, where no web server looks first."""
    rows = [
        ("a length and chunks", {"CONTENT_LENGTH": "3", "HTTP_TRANSFER_ENCODING": "chunked"}),
        ("two lengths", {"CONTENT_LENGTH": "3", "HTTP_CONTENT_LENGTH": "4"}),
        ("a length that only a field tells", {"HTTP_CONTENT_LENGTH": "4"}),
        ("another coding", {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}),
        ("a length with a sign", {"CONTENT_LENGTH": "+3"}),
        ("a length beyond 63 bits", {"CONTENT_LENGTH": "9223372036854775808"}),
        ("a line break in a value", {"HTTP_X_OWN": "a\r\nX-Certgate-Key-Id: forged"}),
        ("a line feed in a value", {"HTTP_X_OWN": "a\nHost: evil"}),
        ("a carriage return in a value", {"HTTP_X_OWN": "a\rb"}),
        ("a line break in a name", {"HTTP_X\r\nHOST": "evil"}),
        ("a colon in a name", {"HTTP_HOST:EVIL": "x"}),
        ("a space in a name", {"HTTP_X Y": "x"}),
        ("an empty name", {"HTTP_": "x"}),
        ("a line break in the content type", {"CONTENT_TYPE": "a/b\r\nX: y"}),
        ("a line break in the method", {"REQUEST_METHOD": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"}),
        ("a space in the method", {"REQUEST_METHOD": "GET /evil"}),
        ("no method", {"REQUEST_METHOD": ""}),
        ("a method of 33 bytes", {"REQUEST_METHOD": "M" * 33}),
        ("a line break in the target", {"REQUEST_URI": "/open/x HTTP/1.1\r\nX: y"}),
        ("a space in the target", {"REQUEST_URI": "/open/x HTTP/1.1"}),
        ("a control byte in the target", {"REQUEST_URI": "/open/\x01"}),
        ("a target that is none", {"REQUEST_URI": "open/x"}),
        ("an escape that is none", {"REQUEST_URI": "/open/%zz"}),
        ("NUL in the target", {"REQUEST_URI": "/open/%00"}),
        ("no target", {"REQUEST_URI": None}),
        ("dot segments", {"REQUEST_URI": "/open/%2e%2e/x"}),
        ("another path than the site's", {"REQUEST_URI": "/open/x", "CERTGATE_PREFIX": "/api"}),
        ("a target of 65 kB", {"REQUEST_URI": "/open/" + "x" * 65536}),
        ("201 fields", {f"HTTP_X_{n}": "1" for n in range(201)}),
    ]
    for name, params in rows:
        site.upstream_clear()
        answer = site.fcgi({"REQUEST_URI": "/open/x", **params}, stdin=b"")
        is_eq((code_of(answer), site.upstream_log()), ((400, "bad_request"), []),
              f"{name}: 400, and nothing at the upstream")
    # What is nobody's word is not passed on as if it were.
    site.upstream_clear()
    answer = site.fcgi({"REQUEST_URI": "/open/x", "REMOTE_ADDR": "1.2.3.4\r\nX-Evil: 1",
                        "HTTP_HOST": "a\"b"})
    names = [n.lower() for n, _ in site.upstream_log()[0]["headers"]]
    is_eq((answer.status, [n for n in names if "evil" in n or n == "x-forwarded-host" or
                           n == "x-forwarded-for"]), (200, []),
          "an address and a host that are none are left out")


# --- answers ---

def injected_answers(site):
    rows = [("a line feed", b"X: a\nSet-Cookie: evil=1"), ("a carriage return", b"X: a\rY: b"),
            ("NUL", b"X: a\0b"), ("a space in a name", b"X Y: b"), ("no name", b": b"),
            ("a folded line", b"X: a\r\n\tb"), ("a control byte", b"X: \x1b[31m"),
            ("no colon", b"evil")]
    for name, line in rows:
        answer = site.curl("/open/x" + raw_bytes(b"HTTP/1.1 200 OK\r\n" + line +
                                                 b"\r\nContent-Length: 2\r\n\r\nok"))
        if name == "a line feed":
            # A line that ends in a line feed alone is a line (RFC 9112, 2.2).
            ok(answer.status in (200, 502), f"{name}: is read as the upstream meant it or refused")
            continue
        is_eq(code_of(answer), (502, "upstream_invalid"), f"{name} in a field of an answer: 502")
    for name, data in (
            ("300 kB of fields", b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 300),
            ("201 fields", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 201)):
        with Listener(data + b"\r\n") as other:
            api = site.make_api("big", target_url=other.url, auth={"keyless": True})
            is_eq(code_of(site.curl("/big/x")), (502, "upstream_invalid"), f"{name}: 502")
            site.rest("DELETE", f"/apis/{api['id']}")


class Listener:
    """Counts who comes; answers each with the same bytes."""

    def __init__(self, data=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.url, self.data, self.came = f"http://127.0.0.1:{self.port}", data, 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.sock.accept()
                self.came += 1
                with sock, contextlib.suppress(OSError):
                    sock.recv(65536)
                    sock.sendall(self.data)
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):
                        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # close() alone leaves accept() waiting.
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


# --- elsewhere ---

def elsewhere(site):
    with Listener() as other:
        host = f"127.0.0.1:{other.port}"
        for target in (f"http://{host}/open/x", f"https://{host}/open/x", f"//{host}/open/x",
                       f"/open/@{host}/", f"/open//{host}/x", f"/open/x?url=http://{host}/",
                       f"/open/http://{host}/", f"/open/x#@{host}/"):
            site.fcgi({"REQUEST_URI": target})
        for name in ("HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED", "HTTP_X_ORIGINAL_URL",
                     "HTTP_X_REWRITE_URL", "SERVER_NAME", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            site.fcgi({"REQUEST_URI": "/open/x", name: f"http://{host}" if "PROXY" in name.upper()
                       else host})
        for status in (301, 302, 303, 307, 308):
            answer = site.curl("/open/x" + raw_bytes(
                f"HTTP/1.1 {status} X\r\nLocation: http://{host}/\r\nContent-Length: 0\r\n\r\n"
                .encode()))
            is_eq((answer.status, answer.headers.get("location")), (status, f"http://{host}/"),
                  f"a {status} is the client's to follow")
        for name, field in (("Refresh", f"0; url=http://{host}/"), ("Alt-Svc", f'h2="{host}"')):
            site.curl("/open/x" + raw_bytes(
                f"HTTP/1.1 200 OK\r\n{name}: {field}\r\nContent-Length: 0\r\n\r\n".encode()))
            site.curl("/open/x")
        is_eq(other.came, 0, "no target, field or redirect of an answer leads elsewhere")
    for url in ("file:///etc/passwd", "gopher://localhost/x", "ftp://localhost/", "unix:/x", "/x",
                "http://user:word@localhost/", "http://", "http://localhost:99999/",
                "http://localhost:0/", "http://a b/", "http://localhost/\r\nX: y",
                "http://localhost/?a", "http://localhost/#a", "javascript:1", "http:///x"):
        answer = site.rest("POST", "/apis", {"name": "evil", "listen_path": "/evil/",
                                             "target_url": url})
        is_eq(answer.status, 422, f"target {url!r}: 422")


# --- slow ones ---

def slow(site):
    """Senders that never finish, and a call beside them."""
    held = []
    # More than a gate has threads, where the head is what does not come.
    for n in range(400):
        client = fcgi.Client(site.gate_socket, timeout=DEADLINE_S)
        begin = fcgi.record(fcgi.BEGIN, struct.pack("!HB5x", fcgi.RESPONDER, fcgi.KEEP))
        variables = fcgi.stream(fcgi.PARAMS, fcgi.pairs(site.variables(
            {"REQUEST_URI": "/open/x", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1000"})))
        # Nothing, half a record, no end of the variables; of some no body, or half of it.
        client.send((b"", begin[:5], begin + variables[:-8], begin + variables,
                     begin + variables + fcgi.record(fcgi.STDIN, b"x" * 500))[n % (5 if n < 100 else 3)])
        held.append(client)
    is_eq([site.curl("/open/x", seconds=DEADLINE_S).status for _ in range(3)], [200] * 3,
          "400 requests that never finish: others are served")
    ended = [held[n].answer().ended for n in (1, 2, 398)]
    is_eq(ended, [False] * 3, "those whose head does not come are cut off")
    client = fcgi.Client(site.gate_socket, timeout=DEADLINE_S)
    client.begin(site.variables({"REQUEST_URI": "/protected/x", "REQUEST_METHOD": "POST",
                                 "CONTENT_LENGTH": "100000000"}))
    is_eq(client.answer().status, 401, "a refusal does not wait for the body")
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for sent in range(1000):
            client.send(fcgi.record(fcgi.STDIN, b"x"))
            time.sleep(0.01)  # the pace of this client: each byte before silence ends it
    client.close()
    ok(sent < 999, f"and one that trickles in behind it holds no thread (ended after {sent} bytes)")
    with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as client:
        request = fcgi.record(fcgi.BEGIN, struct.pack("!HB5x", fcgi.RESPONDER, 0)) + \
            fcgi.stream(fcgi.PARAMS, fcgi.pairs(site.variables({"REQUEST_URI": "/open/x"}))) + \
            fcgi.stream(fcgi.STDIN, b"")
        for byte in request:
            client.send(bytes([byte]))
        is_eq(client.answer().status, 200, "byte by byte it is a request like any other")
    for client in held:
        client.close()
    socks = []
    for _ in range(40):
        sock = site.tls(timeout=DEADLINE_S)
        sock.sendall(b"POST /open/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        socks.append(sock)
    is_eq([site.curl("/open/x").status for _ in range(3)], [200] * 3,
          "40 clients that do not send their bodies: others are served")
    for sock in socks:
        sock.close()


# --- large ones ---

def oversized(site):
    token = site.token_key["token"]
    for name, params, want in (
            ("a token of 60 kB", {"HTTP_AUTHORIZATION": "Bearer " + "t" * 60000},
             (403, "credential_unknown")),
            ("a certificate of 300 kB", {"SSL_CLIENT_VERIFY": "GENEROUS", "SSL_CLIENT_CERT":
                                         "-----BEGIN CERTIFICATE-----\n" + "A" * 300000 +
                                         "\n-----END CERTIFICATE-----\n"}, None),
            ("a field of 60 kB", {"HTTP_AUTHORIZATION": token, "HTTP_X_OWN": "v" * 60000},
             (200, None)),
            ("2 MB of fields", {"HTTP_AUTHORIZATION": token,
                                **{f"HTTP_X_{n}": "v" * 20000 for n in range(100)}},
             (503, "unavailable"))):
        answer = site.fcgi({"REQUEST_URI": "/protected/x", **params})
        if want is None:
            ok(answer.status in (400, 401, 403), f"{name}: refused ({answer.status})")
        else:
            is_eq(code_of(answer), want, f"{name}: {want[0]}")
    small = site.make_api("small", max_body_bytes=1000, auth={"keyless": True})
    is_eq(small["max_body_bytes"], 1000, "(an API that takes 1000 bytes)")
    for n in (1001, 1000000):
        answer = site.fcgi({"REQUEST_URI": "/small/x", "REQUEST_METHOD": "POST",
                            "CONTENT_LENGTH": str(n)}, b"x" * n)
        is_eq(code_of(answer), (413, "body_too_large"), f"a body of {n} bytes: 413")
    answer = site.fcgi({"REQUEST_URI": "/small/x", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": None,
                        "HTTP_TRANSFER_ENCODING": "chunked"}, b"x" * 5000)
    is_eq(code_of(answer), (413, "body_too_large"), "the same without a length: 413")
    for name, target, more in (("a field of 100 kB", b"x", b"X-Own: " + b"v" * 100000 + b"\r\n"),
                               ("2000 fields", b"x", b"X: y\r\n" * 2000),
                               ("a target of 100 kB", b"p" * 100000, b"")):
        status = 0  # closed while it was being sent
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            status = site.raw(b"GET /open/" + target + b" HTTP/1.1\r\nHost: localhost\r\n" + more +
                              b"\r\n").status
        ok(status in (0, 400, 413, 414, 431), f"{name}: {status}")


def nonsense(site):
    """Bytes at the socket that are no FastCGI."""
    pid = site.pids("gate")
    begin = fcgi.record(fcgi.BEGIN, struct.pack("!HB5x", fcgi.RESPONDER, 0))
    rows = (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 64, b"\xff" * 70000, begin * 50,
            struct.pack("!BBHHBx", 9, 1, 1, 8, 0) + b"\0" * 8,
            struct.pack("!BBHHBx", 1, 77, 1, 65535, 255) + b"x" * 65790,
            begin + fcgi.record(fcgi.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xff"),
            begin + fcgi.record(fcgi.PARAMS, b"\x7f\x7fx") + fcgi.record(fcgi.PARAMS),
            begin + fcgi.record(fcgi.STDIN, b"x"), begin + fcgi.record(fcgi.ABORT),
            fcgi.record(fcgi.BEGIN, struct.pack("!HB5x", 77, 0)) + fcgi.record(fcgi.PARAMS),
            fcgi.record(fcgi.END, b"\0" * 8), os.urandom(5000))
    for data in rows:
        with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as client:
            with contextlib.suppress(ConnectionError):
                client.send(data)
                client.sock.shutdown(socket.SHUT_WR)
            ok(client.answer().status != 200, f"{data[:12]!r}…: is no request")
    is_eq((site.pids("gate"), site.curl("/open/x").status), (pid, 200), "the same gate serves")


# --- what is remembered ---

def remembered(site, partner):
    """A certificate that was read before is compared whole."""
    params = {"REQUEST_URI": "/protected/x", "SSL_CLIENT_VERIFY": "GENEROUS"}
    for _ in range(3):
        is_eq(site.fcgi({**params, "SSL_CLIENT_CERT": partner.pem}).status, 200, "the certificate")
    pem = partner.pem
    for at in (40, len(pem) // 2, len(pem) - 40):
        other = pem[:at] + ("A" if pem[at] != "A" else "B") + pem[at + 1:]
        if pem[at] == "\n":
            continue
        answer = site.fcgi({**params, "SSL_CLIENT_CERT": other})
        ok(answer.status in (401, 403), f"another byte at {at}: {answer.status}")
    is_eq(site.fcgi({**params, "SSL_CLIENT_CERT": pem.replace("\n", " ")}).status, 200,
          "the same with spaces between its lines")
    for verify in ("NONE", "FAILED:certificate has expired", ""):
        answer = site.fcgi({**params, "SSL_CLIENT_CERT": pem, "SSL_CLIENT_VERIFY": verify})
        ok(answer.status in (401, 403), f"what the server says of it counts each time: {verify!r}")
    answer = site.fcgi({**params, "SSL_CLIENT_CERT": pem}, proof=False)
    is_eq(answer.status, 401, "and so does the proof")


# --- many ---

def state(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as text:
        values = dict(line.split(":", 1) for line in text)
    # An ordinary user may not look at a program's descriptors.
    return (int(values["Threads"]), len(os.listdir(f"/proc/{pid}/fd")) if ROOT else 0,
            own_memory_kb(pid)[1])


def many(site):
    pid, = site.pids("gate")

    def connect(n):
        for i in range(n):
            with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as client:
                if i % 10 == 0:
                    client.request(site.variables({"REQUEST_URI": "/protected/x"}), keep=True)
                elif i % 10 == 1:
                    client.send(b"\1\1\0")
                elif i % 10 == 2:
                    client.begin(site.variables({"REQUEST_URI": "/protected/x"}))

    def settled(threads, fds):
        return lambda: state(pid)[0] <= threads and state(pid)[1] <= fds

    connect(CONNECTIONS // 5)
    for _ in range(50):
        with site.tls() as sock:
            sock.sendall(b"GET /protected/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_answer(sock)
    threads, fds, rss = state(pid)
    connect(CONNECTIONS)
    for _ in range(200):
        with site.tls() as sock:
            sock.sendall(b"GET /protected/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_answer(sock)
    # The web server keeps some connections of its own.
    with contextlib.suppress(TimeoutError):
        wait_until(settled(threads, fds + 20), "the descriptors")
    now = state(pid)
    diag(f"threads, descriptors, kB: {(threads, fds, rss)} before, {now} after")
    is_eq(now[0], threads, f"{CONNECTIONS} connections leave no thread")
    ok(now[1] <= fds + 20, "no descriptor")
    ok(now[2] - rss < 4096, f"and no memory ({now[2] - rss} kB)")
    is_eq(site.curl("/open/x").status, 200, "and the gate serves")


with Site() as whole:
    PARTNER = whole.make_cert("partner")
    whole.make_api("open", auth={"keyless": True})
    whole.protected = whole.make_api("protected")
    whole.make_key("partner", PARTNER, whole.protected)
    whole.token_key = whole.make_key("token", token=True, api=whole.protected)
    for title, test, arguments in (
            ("smuggling", smuggling, ()), ("at the socket", straight, ()),
            ("answers", injected_answers, ()), ("elsewhere", elsewhere, ()), ("slow", slow, ()),
            ("too large", oversized, ()), ("nonsense", nonsense, ()),
            ("remembered", remembered, (PARTNER,)), ("many", many, ())):
        with case(title):
            test(whole, *arguments)
done_testing()
