#!/usr/bin/python3
"""A table of requests, each sent to the upstream directly and through Apache and lighttpd, over
HTTP/1.1 and HTTP/2: the upstream gets the same, and so does the client, but for the differences that
are listed here (DIFFERENCES), each with its reason.  One that is not listed fails, and so does one
that is listed and never seen."""
import contextlib
import os
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import Answer, Headers, read_answer  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from listener import Listener  # noqa: E402
from tap import case, diag, done_testing, ok  # noqa: E402
from website import Site  # noqa: E402

# Of cut answers.  Apache takes its KeepAliveTimeout for each.
AGAIN = {"apache": 2, "lighttpd": 30}


class Recorder:
    """An upstream that keeps what came, and answers with exactly the bytes it is told to."""

    def __init__(self):
        self.reply, self.closes, self.got = b"", False, []
        self.port = Listener(self.serve).port

    def serve(self, sock):
        with sock, contextlib.suppress(OSError, ValueError, EOFError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = sock.makefile("rb")
            while True:
                request = self.read(stream)
                self.got.append(request)
                sock.sendall(self.reply)
                if self.closes:
                    # What is still unread must not take the answer away.
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):
                        pass
                    return

    @staticmethod
    def read(stream):
        first = stream.readline().rstrip(b"\r\n").split(b" ")
        if len(first) != 3:
            raise EOFError
        fields = {}
        while (line := stream.readline().rstrip(b"\r\n")):
            name, _, value = line.partition(b":")
            fields.setdefault(name.decode("latin-1").lower(), []).append(
                value.strip(b" \t").decode("latin-1"))
        if "transfer-encoding" in fields:
            body, framing = b"", "chunked"
            while (size := int(stream.readline().split(b";")[0], 16)):
                body += stream.read(size)
                stream.readline()
            while stream.readline().rstrip(b"\r\n"):
                pass
        else:
            length = fields.get("content-length")
            body, framing = stream.read(int(length[0]) if length else 0), \
                "length" if length else "none"
        for name in ("transfer-encoding", "content-length"):
            fields.pop(name, None)
        return {"method": first[0].decode("latin-1"), "target": first[1].decode("latin-1"),
                "version": first[2].decode(), "framing": framing, "body": body, "fields": fields}


class Row:
    """A request, and what the upstream answers.  `h1`: HTTP/2 cannot say it, or curl does not.
    `wrong`: the answer is none of HTTP/1.1.  `refused`: no upstream is to see such a request."""

    def __init__(self, name, method="GET", target="/t/x", fields=(), body=None, chunked=False,
                 reply=None, closes=False, h1=False, wrong=False, refused=False, trailer=b""):
        self.name, self.method, self.target, self.fields = name, method, target, list(fields)
        self.body, self.chunked, self.h1 = body, chunked, h1
        self.reply = answer(body=b"hello") if reply is None else reply
        self.closes, self.wrong, self.refused, self.trailer = closes, wrong, refused, trailer

    def bytes(self, host):
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        body = self.body or b""
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
            pieces = [body[at:at + 7000] for at in range(0, len(body), 7000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + \
                b"0\r\n" + self.trailer + b"\r\n"
        elif self.body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answer(status="200 OK", fields=(), body=b"", framing="length", length=None, end=b"0\r\n\r\n"):
    lines = [f"HTTP/1.1 {status}"] + [f"{name}: {value}" for name, value in fields]
    if framing == "length":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        pieces = [body[at:at + 5000] for at in range(0, len(body), 5000)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + end
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


# --- the table ---

def make_rows():
    some, much = bytes(range(256)) * 3, bytes(range(256)) * 400
    rows = []
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT",
                   "SEARCH", "MKCOL", "LOCK"):
        for what, body, chunked in (("no body", None, False), ("an empty body", b"", False),
                                    ("some bytes", some, False), ("100 kB", much, False),
                                    ("100 kB of unknown length", much, True)):
            if method == "GET" and chunked:
                continue
            rows.append(Row(f"{method}, {what}", method, body=body, chunked=chunked,
                            fields=[("Content-Type", "application/x-odd; a=\"b\"")]
                            if body else []))
    rows.append(Row("HEAD", "HEAD", reply=answer(body=b"", length=5)))
    rows.append(Row("HEAD of unknown length", "HEAD", reply=answer(framing="none")))
    rows.append(Row("a trailer", "POST", body=some, chunked=True, trailer=b"X-Sum: 1\r\n",
                    fields=[("Trailer", "X-Sum")], h1=True))
    rows.append(Row("Expect", "POST", body=some, fields=[("Expect", "100-continue")], h1=True))
    for target in ("/t", "/t/", "/t//", "/t/a//b", "/t/a/", "/t/a%2Fb", "/t/a%2fb", "/t/a%5Cb",
                   "/t/a;b=c;d", "/t/a,b", "/t/%41", "/t/%c3%bc", "/t/a%20b", "/t/a+b", "/t/a%25b",
                   "/t/a%3Fb", "/t/a%23b", "/t/~a", "/t/a...b", "/t/...", "/t/a:b@c", "/t/a!$&'()*b",
                   "/t/[a]", "/t/a|b", "/t/?", "/t/?a", "/t/?a=b&&c=&=d", "/t/?a?b", "/t/?a=%2F",
                   "/t/?a=/../b", "/t/?a=b%20c+d", "/t/?a=%zz", "/t/?a=[b]{c}", "/t/?a=http://b/c",
                   "/t/?a=%0A", "/t/?\"<>^`", "/t/" + "p" * 240, "/t/" + "p/" * 2500,
                   "/t/" + "s" * 300, "/t/x?" + "q" * 5000):
        rows.append(Row(f"target {target[:40]}", target=target))
    for target in ("/t/../x", "/t/./x", "/t/%2e%2e/x", "/t/a/..", "/t/..%2fx", "/t/%2e/x",
                   "/t/a\\..\\b", "/t/%00"):
        rows.append(Row(f"target {target}", target=target, refused=True))
    for name, value in (("Accept", "text/html;q=0.5, */*"), ("Accept-Encoding", "br, gzip"),
                        ("User-Agent", "odd \"agent\" (x; y)"), ("X-Own", "a  b"), ("X-Own", ""),
                        ("X-Own", "\xc3\xbc"), ("X-Own", "a:b;c,d"), ("X-Own", "v" * 7000),
                        ("Range", "bytes=0-1"), ("If-None-Match", "W/\"x\""),
                        ("If-Modified-Since", "Tue, 15 Nov 1994 08:12:31 GMT"),
                        ("Origin", "https://elsewhere.example"), ("Cache-Control", "no-cache"),
                        ("Authorization", "Basic eDp5"), ("Cookie", "a=1; b=2"),
                        ("Referer", "https://elsewhere.example/?a"), ("Via", "1.0 fred"),
                        ("X-Real-Ip", "1.2.3.4"), ("Tracestate", "a=b"), ("Content-Language", "de"),
                        ("Date", "Tue, 15 Nov 1994 08:12:31 GMT"), ("Upgrade-Insecure-Requests", "1"),
                        ("X-Http-Method-Override", "DELETE"), ("Prefer", "return=minimal"),
                        ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                        ("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "1.2.3.4"),
                        ("X-Request-Id", "mine"), ("Client-Cert", ":AA==:"),
                        ("X-Certgate-Key-Id", "forged"), ("Cookie", "a=1; __Host-certgate-x=2")):
        rows.append(Row(f"{name}: {value[:20]}", fields=[(name, value)]))
    rows.append(Row("a field twice", fields=[("X-A", "1"), ("X-B", "2"), ("X-A", "3")]))
    for name, value in (("Connection", "x-hop"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"),
                        ("Upgrade", "websocket"), ("Proxy-Connection", "keep-alive"),
                        ("Proxy-Authorization", "Basic eDp5")):
        rows.append(Row(f"{name} of the hop", fields=[(name, value), ("X-Hop", "1")], h1=True))
    for status in ("201 Created", "202 Accepted", "203 Odd", "206 Partial Content", "207 Multi-Status",
                   "226 IM Used", "300 Multiple", "301 Moved", "302 Found", "303 See Other",
                   "307 Temporary", "308 Permanent", "400 Bad", "401 Unauthorized", "402 Pay",
                   "403 Forbidden", "404 Not Found", "405 Method", "406 Not", "408 Timeout",
                   "409 Conflict", "410 Gone", "412 Pre", "413 Large", "415 Type", "416 Range",
                   "418 Teapot", "422 Entity", "423 Locked", "429 Many", "451 Legal", "500 Error",
                   "501 Not", "502 Bad", "503 Unavailable", "504 Timeout", "507 Storage", "599 Own"):
        fields = [("Content-Type", "text/plain")]
        if status[0] == "3":
            fields.append(("Location", "https://elsewhere.example/x?y"))
        rows.append(Row(f"answer {status}", reply=answer(status, fields, b"body")))
    for status in ("204 No Content", "304 Not Modified"):
        rows.append(Row(f"answer {status}", reply=answer(status, [("ETag", "\"x\"")], framing="none")))
    for size in (0, 1, 8191, 8192, 8193, 70000, 300000):
        body = bytes(n % 251 for n in range(size))
        rows.append(Row(f"answer of {size} bytes", reply=answer(body=body)))
        rows.append(Row(f"answer of {size} bytes in chunks", reply=answer(body=body,
                                                                          framing="chunked")))
    rows.append(Row("answer that ends with the connection", closes=True,
                    reply=answer(body=b"until it closes", framing="none")))
    rows.append(Row("100 before the answer", reply=b"HTTP/1.1 100 Continue\r\n\r\n" +
                    answer(body=b"x")))
    rows.append(Row("103 before the answer", reply=b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" +
                    answer(body=b"x")))
    rows.append(Row("a trailer in the answer", reply=answer(
        body=b"x", framing="chunked", end=b"0\r\nX-Sum: 1\r\n\r\n")))
    for fields in ([("X-Own", "a  b")], [("X-Own", "")], [("X-Own", "\xc3\xbc")],
                   [("ETag", "W/\"x\""), ("Cache-Control", "max-age=1"), ("Vary", "Origin")],
                   [("Set-Cookie", "a=1; Path=/; Secure"), ("Set-Cookie", "b=2")],
                   [("WWW-Authenticate", "Basic realm=\"x\"")], [("Content-Encoding", "br")],
                   [("Access-Control-Allow-Origin", "*")], [("Location", "https://a.example/")],
                   [("Link", "</x>; rel=preload"), ("Link", "</y>")], [("Retry-After", "7")],
                   [("Date", "Tue, 15 Nov 1994 08:12:31 GMT")], [("Server", "own/1")],
                   [("Last-Modified", "Tue, 15 Nov 1994 08:12:31 GMT")], [("Age", "1")],
                   [("Content-Range", "bytes 0-4/10")], [("Accept-Ranges", "bytes")],
                   [("Strict-Transport-Security", "max-age=1")], [("X-RateLimit-Limit", "5")],
                   [("Content-Security-Policy", "default-src 'self'")], [("X-Long", "v" * 7000)],
                   [("Status", "500 No")], [("X-Sendfile", "/etc/passwd")],
                   [("X-Accel-Redirect", "/admin/")], [("X-Request-Id", "theirs")],
                   [("Set-Cookie", "__Host-certgate-x=1")], [("Keep-Alive", "timeout=9")],
                   [("Clear-Site-Data", "\"*\"")], [("Alt-Svc", "h3=\":443\"; ma=86400")], [("Trailer", "X-T")], [("Upgrade", "h2c")],
                   [("Connection", "x-hop"), ("X-Hop", "1")]):
        rows.append(Row(f"answer with {fields[0][0]}: {fields[0][1][:20]}",
                        reply=answer(fields=fields, body=b"hello")))
    rows.append(Row("answer cut", closes=True, reply=answer(body=b"half", length=8)))
    rows.append(Row("answer of 100 kB cut", closes=True, reply=answer(body=much, length=300000)))
    rows.append(Row("chunks cut", closes=True, reply=answer(body=b"half", framing="chunked", end=b"")))
    rows.append(Row("chunks of 100 kB cut", closes=True,
                    reply=answer(body=much, framing="chunked", end=b"")))
    for name, reply in (("nonsense", b"nonsense\r\n\r\n"), ("status 99", answer("99 X")),
                        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                                        b"Content-Length: 2\r\n\r\nab"),
                        ("NUL in a field", answer(fields=[("X", "a\0b")])),
                        ("a folded field", answer(fields=[("X", "a\r\n b")]))):
        rows.append(Row(f"answer that is none: {name}", closes=True, reply=reply, wrong=True))
    return rows


# --- what came of it ---

def fields_of(pairs):
    fields = {}
    for name, value in pairs:
        fields.setdefault(name.lower(), []).append(value)
    return fields


def client_side(got, method):
    fields = fields_of(got.headers)
    framing = "length" if "content-length" in fields else "open"
    length = fields.pop("content-length", None)
    fields.pop("transfer-encoding", None)
    return {"status": got.status, "fields": fields, "body": b"" if method == "HEAD" else got.body,
            "complete": got.complete, "framing": framing, "length": length}


class Direct:
    def send(self, row, upstream):
        host = f"127.0.0.1:{upstream.port}"
        with socket.create_connection(("127.0.0.1", upstream.port), timeout=DEADLINE_S) as sock:
            sock.sendall(row.bytes(host))
            return client_side(read_answer(sock, row.method), row.method)


class Through:
    def __init__(self, site, cert, version):
        self.site, self.cert, self.version = site, cert, version
        self.context = ssl.create_default_context(cafile=site.ca)
        self.context.load_cert_chain(cert.path, cert.key)

    def send(self, row, upstream):
        if self.version == "h2" and " cut" in row.name:
            # Apache leaves a stream of HTTP/2 that was cut open, until its Timeout.  Less than this is
            # a wait for its beginning.
            found = self.curl(row, 3)
            if found["status"] == 0:
                upstream.got.clear()
                found = self.curl(row, 40)
            return found
        if self.version == "h2":
            return self.curl(row, 40)
        raw = socket.create_connection(("127.0.0.1", self.site.port), timeout=DEADLINE_S)
        with self.context.wrap_socket(raw, server_hostname="localhost") as sock:
            sock.sendall(row.bytes(f"localhost:{self.site.port}"))
            return client_side(read_answer(sock, row.method), row.method)

    def curl(self, row, seconds):
        given = {name.lower() for name, _ in row.fields}
        args = ["-I"] if row.method == "HEAD" else ["-i", "-X", row.method]
        for name, value in row.fields:
            args += ["-H", f"{name}: {value}" if value else f"{name};"]
        for name in {"accept", "user-agent", "content-type"} - given:
            args += ["-H", f"{name}:"]
        if row.body is not None:
            args += ["-T", "-"] if row.chunked else ["--data-binary", "@-"]
        done = subprocess.run(
            [a.encode("latin-1") for a in (
                "curl", "-q", "-sS", "-g", "--http2", "--path-as-is", "--max-time", str(seconds), "--cacert",
                self.site.ca, "--cert", self.cert.path, "--key", self.cert.key, "--request-target",
                row.target, *args, self.site.url + "/")],
            input=row.body or b"", capture_output=True, check=False)
        head, rest, status, headers = b"", done.stdout, 0, Headers()
        while rest.startswith(b"HTTP/"):
            head, _, rest = rest.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            status = int(first.split(" ")[1])
            headers = Headers((n.lower(), v.strip()) for n, _, v in
                              (line.partition(":") for line in lines))
            if status >= 200:
                break
        return client_side(Answer(status, headers, rest, complete=done.returncode == 0), row.method)


# --- the differences ---

class Found:
    """One difference.  side: request or answer; what: the part, or "field NAME"."""

    def __init__(self, row, road, side, what, values, answers):
        self.row, self.server, self.version = row, road[0], road[1]
        self.side, self.what = side, what
        self.direct, self.through = values
        self.answers = answers

    def __repr__(self):
        return f"{self.side}, {self.what}: {repr(self.direct)[:300]} -> {repr(self.through)[:300]}"


def compare(row, road, direct, through):
    """The differences between two (request or None, answer)."""
    found, answers = [], (direct[1], through[1])
    for side, a, b in (("request", direct[0], through[0]), ("answer", direct[1], through[1])):
        if a is None or b is None:
            if a is not b:
                found.append(Found(row, road, side, "is there", (a is not None, b is not None),
                                   answers))
            continue
        for part in a:
            if part != "fields" and a[part] != b[part]:
                found.append(Found(row, road, side, part, (a[part], b[part]), answers))
        names = a["fields"].keys() | b["fields"].keys()
        for name in sorted(names):
            values = a["fields"].get(name), b["fields"].get(name)
            if values[0] != values[1]:
                found.append(Found(row, road, side, "field " + name, values, answers))
    return found


def is_field(side, *names, added=None):
    """A field of these; added: it was not there."""
    return lambda d: d.side == side and d.what[6:] in names and d.what.startswith("field ") and \
        (added is None or (d.direct is None) == added)


def is_error_of_ours(d):
    return d.side == "answer" and (d.what in ("status", "body", "length", "framing", "complete") or
                                   d.what.startswith("field "))


def is_shown_as_cut(d):
    """A cut answer that does not look whole: an error in its place, or its beginning, cut."""
    direct, through = d.answers
    beginning = not through["complete"] and direct["body"].startswith(through["body"])
    return not direct["complete"] and (through["status"] == 502 or beginning) and \
        is_error_of_ours(d)


def is_length_found(d):
    """A length in place of chunks, and the right one."""
    direct, through = d.answers
    return d.side == "answer" and d.what in ("framing", "length") and direct["complete"] and \
        direct["framing"] == "open" and through["length"] == [str(len(direct["body"]))]


def is_without_length(d):
    return d.server == "lighttpd" and d.row.method == "POST" and \
        (d.row.body is None or d.row.chunked) and d.answers[1]["status"] in (411, 0) and \
        ((d.side, d.what) == ("request", "is there") or is_error_of_ours(d))


# (name, reason, whether a difference is this one)
DIFFERENCES = [
    ("identity", "who the client is: the contract's fields; a client's own are taken out first",
     is_field("request", "client-cert", "x-certgate-key-id", "x-certgate-key-name",
              "x-certgate-fingerprint", "x-client-request-id")),
    ("hop", "who called whom: made by the gate",
     is_field("request", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
              "x-request-id")),
    ("trace", "traceparent is made where the client sent none",
     is_field("request", "traceparent", added=True)),
    ("hop by hop", "fields of one connection are not passed on (RFC 9110, 7.6.1)",
     lambda d: is_field("request", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
                        "proxy-connection", "proxy-authorization", added=False)(d) or
     (is_field("request", "x-hop", added=False)(d) and
      ("Connection", "x-hop") in d.row.fields)),
    ("our cookies", "certgate's own cookies are not for upstreams",
     lambda d: is_field("request", "cookie")(d) and d.direct == ["a=1; __Host-certgate-x=2"] and
     d.through == ["a=1"]),
    ("lists", "a field that comes twice is one list: CGI has one variable for it",
     lambda d: d.side == "request" and isinstance(d.direct, list) and
     [", ".join(d.direct)] == d.through),
    ("no length", "where HTTP/2 ends a request with its head, or lighttpd has no body, CGI does not "
     "tell an empty body from none",
     lambda d: d.side == "request" and d.what == "framing" and not d.row.body and
     {d.direct, d.through} == {"none", "length"}),
    ("Apache's chunks", "Apache reads ahead 16 kB, and then may know the length of all",
     lambda d: d.server == "apache" and d.side == "request" and d.what == "framing" and
     (d.direct, d.through) == ("chunked", "length") and len(d.row.body) < 16384),
    ("lighttpd's chunks", "lighttpd takes a body of unknown length whole, and then knows it",
     lambda d: d.server == "lighttpd" and d.side == "request" and d.what == "framing" and
     (d.direct, d.through) == ("chunked", "length")),
    ("refused", "what two programs could read in two ways is refused: 400",
     lambda d: d.row.refused and ((d.side, d.what) == ("request", "is there") or
                                  is_error_of_ours(d))),
    ("not HTTP", "an answer that is none of HTTP/1.1 becomes a 502",
     lambda d: d.row.wrong and is_error_of_ours(d)),
    ("cut", "an answer that was cut is cut, or an error; never whole", is_shown_as_cut),
    ("length found", "a short answer of unknown length may get one", is_length_found),
    ("Apache's lists", "Apache makes one field of those of one name, but for Set-Cookie",
     lambda d: d.server == "apache" and d.side == "answer" and isinstance(d.direct, list) and
     d.what != "field set-cookie" and [", ".join(d.direct)] == d.through),
    ("lighttpd's empty fields", "lighttpd drops fields with nothing in them",
     lambda d: d.server == "lighttpd" and (d.direct, d.through) == ([""], None)),
    ("lighttpd's 411", "lighttpd wants a length with POST", is_without_length),
    ("lighttpd's line breaks", "lighttpd refuses escaped control characters, in a query, too",
     lambda d: d.server == "lighttpd" and "%0A" in d.row.target and
     ((d.side, d.what) == ("request", "is there") or is_error_of_ours(d))),
    ("request id", "X-Request-Id is the gate's own", is_field("answer", "x-request-id")),
    ("the server", "the web server says its own name and the time, and of its own connection",
     lambda d: is_field("answer", "date", "server", "connection", "keep-alive")(d) or
     (d.server == "apache" and is_field("answer", "upgrade")(d) and
      d.through in (["h2"], ["h2, h2"]))),
    ("answer hop by hop", "fields of one connection are not passed on",
     lambda d: is_field("answer", "trailer", "upgrade", added=False)(d) or
     (is_field("answer", "x-hop", added=False)(d))),
    ("for a CGI host", "what a CGI host would take for an order never reaches it",
     is_field("answer", "status", "x-sendfile", "x-accel-redirect", added=False)),
    ("round the gate", "an address of the upstream's own, where clients would go from then on",
     is_field("answer", "alt-svc", added=False)),
    ("of the whole host", "what would speak for the host, on which the dashboard may be",
     lambda d: is_field("answer", "clear-site-data", added=False)(d) or
     (is_field("answer", "set-cookie")(d) and d.direct == ["__Host-certgate-x=1"])),
]
# Not seen each time, because it depends on what is faster.
SOMETIMES = [
    ("lighttpd's cut", "over HTTP/2 lighttpd 1.4.69 ends an answer of unknown length that broke off "
     "like one that did not",
     lambda d: d.server == "lighttpd" and d.version == "h2" and d.row.name.startswith("chunks") and
     not d.answers[0]["complete"] and is_error_of_ours(d)),
]
seen = set()


def unlisted(found):
    """Those that no entry explains."""
    rest = []
    for d in found:
        name = next((name for name, _, is_it in DIFFERENCES + SOMETIMES if is_it(d)), None)
        seen.add(name)
        if name is None:
            rest.append(d)
    return rest


def ask(road, row, upstream):
    upstream.got.clear()
    upstream.reply, upstream.closes = row.reply, row.closes
    got = road.send(row, upstream)
    if len(upstream.got) > 1:
        raise RuntimeError(f"{len(upstream.got)} requests reached the upstream")
    return (upstream.got[0] if upstream.got else None), got


def run(server, upstream, rows, direct):
    # A cut answer shows when Apache closes the connection.
    with Site(server=server, extra="KeepAliveTimeout 1") as site:
        cert = site.make_cert("partner")
        api = site.make_api("t", target_url=f"http://127.0.0.1:{upstream.port}",
                            strip_listen_path=False, auth={"use_certificate": True,
                                                           "use_token": False})
        site.make_key("partner", cert, api)
        for version in ("h1", "h2"):
            road = Through(site, cert, version)
            with case(f"{server}, {version}"):
                for row in rows:
                    if version == "h2" and row.h1:
                        continue
                    found = compare(row, (server, version), direct[row], ask(road, row, upstream))
                    rest = unlisted(found)
                    ok(not rest, row.name) or diag(*rest)
        # The end may come before, with or after the beginning.
        with case(f"{server}, h1, again and again"):
            road = Through(site, cert, "h1")
            for row in (r for r in rows if "chunks" in r.name and " cut" in r.name):
                rest = [d for _ in range(AGAIN[server]) for d in unlisted(compare(
                    row, (server, "h1"), direct[row], ask(road, row, upstream)))]
                ok(not rest, row.name) or diag(*rest)


def main():
    upstream, rows = Recorder(), make_rows()
    ok(len(rows) >= 150, f"{len(rows)} requests")
    direct = {}
    for row in rows:
        direct[row] = ask(Direct(), row, upstream)
    for server in ("apache", "lighttpd"):
        run(server, upstream, rows, direct)
    for name, reason, _ in DIFFERENCES:
        ok(name in seen, f"listed difference “{name}”: {reason}")


main()
done_testing()
