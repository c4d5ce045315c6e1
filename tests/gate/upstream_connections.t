#!/usr/bin/python3
"""The gate as an HTTP client: bodies through TLS, connections that are used again and that are not,
answers that arrive in pieces, and names that move to another address."""
import contextlib
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import fcgi  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok, skip  # noqa: E402
from website import Site  # noqa: E402

LARGE = 8_000_000
INSIDE = "CERTGATE_TEST_HOSTS"


def register(site, cert, kind):
    status, _, body = site.rest("POST", "/certificates", {"pem": cert.pem, "kind": kind})
    if status != 201:
        raise RuntimeError(f"{kind}: {status} {body}")
    return body["sha256"]


def is_used_again(site, path, connections, name):
    """Calls until a connection to the upstream is used again, of which there are `connections()` so far:
    each thread of the gate keeps its own, and which one takes a request up is the gate's affair."""
    before, statuses = connections(), []

    def once_more():
        statuses.append(site.fcgi({"REQUEST_URI": path}).status)
        return connections() - before < len(statuses)

    wait_until(once_more, "a connection that is used again")
    is_eq(set(statuses), {200}, name)


class Scripted:
    """An upstream that answers each request on a connection with what `answers` has for its path:
    pieces that leave one after the other, and whether the connection then stays."""

    def __init__(self, answers, context=None, address="127.0.0.1", port=0):
        self.answers, self.context, self.seen = answers, context, []
        self.sock = socket.create_server((address, port), backlog=64)
        self.port = self.sock.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.one, args=(sock, self.connections), daemon=True).start()

    def one(self, sock, number):
        with sock, contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            stays, data = True, b""
            while stays:
                while b"\r\n\r\n" not in data:
                    more = sock.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                path = head.split()[1].decode().partition("?")[0]
                self.seen.append((path, number))
                pieces, stays = self.answers[path]
                pieces = pieces() if callable(pieces) else pieces
                for piece in pieces:
                    sock.sendall(piece)
            if stays is None:
                sock.unwrap()

    def close(self):
        self.sock.close()


def tls(site):
    """Large bodies both ways, in both versions of TLS."""
    ca = site.make_ca("Upstream CA")
    server = site.make_cert("tls-server", ca=ca, extensions=[
        "extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE", "subjectAltName=DNS:localhost"])
    trusted = {"ca_certificates": [register(site, ca, "ca")]}
    data = os.urandom(LARGE)
    digest = hashlib.sha256(data).hexdigest()
    for version in ("1.3", "1.2"):
        up = site.more_upstream("tls" + version, "--tls", server.both(), "--tls-max", version)
        site.make_api("tls" + version, auth={"keyless": True}, upstream_tls=trusted,
                      target_url=f"https://localhost:{up.port}")
        path = f"/tls{version}/x"
        for how in ((), ("-H", "Transfer-Encoding: chunked")):
            answer = site.curl(path, "-X", "PUT", "--http1.1", *how, data=data)
            is_eq((answer.status, answer.json()["body_bytes"], answer.json()["body_sha256"]),
                  (200, LARGE, digest), f"TLS {version}: 8 MB to the upstream {' '.join(how)}")
        for what in ("bytes", "chunked"):
            answer = site.curl(f"{path}?up={what}:{LARGE}")
            is_eq((answer.status, answer.rc, len(answer.body)), (200, 0, LARGE),
                  f"TLS {version}: 8 MB from it ({what})")
        is_eq({r["tls"]["version"] for r in up.log()}, {"TLSv" + version}, "by that version")
        is_used_again(site, path, lambda: len({r["connection"] for r in up.log()}),
                      f"TLS {version}: connections are kept")

    # An end that TLS does not vouch for may be anybody's.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.path, server.key)
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    up = Scripted({"/ended": ([head + b"x" * 1000], None), "/cut": ([head + b"x" * 1000], False)},
                  context)
    site.make_api("ends", auth={"keyless": True}, upstream_tls=trusted,
                  target_url=f"https://localhost:{up.port}")
    answer = site.curl("/ends/ended")
    is_eq((answer.status, answer.rc, len(answer.body)), (200, 0, 1000),
          "an answer without a length that ends with TLS is whole")
    answer = site.curl("/ends/cut", "--http1.1")
    ok(answer.status != 200 or answer.rc != 0, "one whose connection just ends is not")
    up.close()


def one_after_the_other(site):
    """Which connections are used again."""
    ok_ = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    whole = b"5\r\nhello\r\n0\r\n\r\n"
    answers = {
        # pieces, whether the upstream leaves the connection open; whether it may be used again, body
        "/length": (([ok_ + b"\r\nok"], True), True, b"ok"),
        "/chunks": (([chunked + b"\r\n" + whole], True), True, b"hello"),
        "/pieces": (([bytes([b]) for b in chunked + b"Trailer: x\r\n\r\n" + whole[:-2] +
                      b"X: y\r\n\r\n"], True), True, b"hello"),
        "/interim": (([b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 5 + ok_ + b"\r\nok"], True),
                     True, b"ok"),
        "/waits": (([ok_ + b"Keep-Alive: timeout=60, max=100\r\n\r\nok"], True), True, b"ok"),
        "/close": (([ok_ + b"Connection: close\r\n\r\nok"], True), False, b"ok"),
        "/hurries": (([ok_ + b"Keep-Alive: timeout=1\r\n\r\nok"], True), False, b"ok"),
        "/last": (([ok_ + b"Keep-Alive: timeout=60, max=0\r\n\r\nok"], True), False, b"ok"),
        "/old": (([b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"],
                  True), False, b"ok"),
        "/both": (([chunked + b"Content-Length: 3\r\n\r\n" + whole], True), False, b"hello"),
        "/more": (([ok_ + b"\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"], True), False,
                  b"ok"),
    }
    for path, (answer, again, body) in answers.items():
        up = Scripted({path: answer})
        api = site.make_api("one", auth={"keyless": True}, target_url=f"http://127.0.0.1:{up.port}")
        got = [site.curl("/one" + path) for _ in range(6)]
        is_eq([(a.status, a.rc, a.body) for a in got], [(200, 0, body)] * 6, f"{path}: the answers")
        if again:
            is_used_again(site, "/one" + path, lambda: up.connections,
                          f"{path}: connections are used again")
        else:
            is_eq(len({n for _, n in up.seen}), 6, f"{path}: each has a connection of its own")
        up.close()
        site.rest("DELETE", f"/apis/{api['id']}")
    bad = {
        "no size": b"\r\nhello\r\n0\r\n\r\n", "a bad size": b"x\r\n", "a sign": b"+5\r\nhello\r\n",
        "a large size": b"fffffffffffffffff\r\nx", "LF alone": b"5\nhello\n0\n\n",
        "a chunk that is longer": b"5\r\nhello you\r\n0\r\n\r\n",
    }
    for name, body in bad.items():
        up = Scripted({"/bad": ([chunked + b"\r\n" + body], True)})
        api = site.make_api("bad", auth={"keyless": True}, target_url=f"http://127.0.0.1:{up.port}",
                            timeout_ms=20000)
        for version in ("--http1.1", "--http2"):
            answer = site.curl("/bad/bad", version)
            ok(answer.status != 200 or answer.rc != 0, f"chunks with {name}, {version}: never whole")
        up.close()
        site.rest("DELETE", f"/apis/{api['id']}")
    up = Scripted({"/endless": ([b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000], True)})
    site.make_api("endless", auth={"keyless": True}, target_url=f"http://127.0.0.1:{up.port}",
                  timeout_ms=20000)
    answer = site.curl("/endless/endless")
    is_eq((answer.status, answer.json()["code"]), (502, "upstream_invalid"),
          "interim answers without an end are none")
    up.close()


def in_all(site):
    """total_timeout_ms: also for who never stops sending."""
    up = Scripted({"/quick": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], True),
                   "/drips": (drips, False), "/slow": (waits, False)})
    api = site.make_api("total", auth={"keyless": True}, target_url=f"http://127.0.0.1:{up.port}",
                        timeout_ms=300000)
    is_eq(api["total_timeout_ms"], None, "there is no total limit at first")
    for value in (0, 86400001, "1"):
        answer = site.rest("PATCH", f"/apis/{api['id']}", {"total_timeout_ms": value})
        is_eq((answer.status, answer.body["errors"][0]["field"]), (422, "total_timeout_ms"),
              f"{value!r} is refused")
    answer = site.rest("PATCH", f"/apis/{api['id']}", {"total_timeout_ms": 5000})
    is_eq((answer.status, answer.body["total_timeout_ms"]), (200, 5000), "it is set")
    is_eq(site.curl("/total/quick").body, b"ok", "a call within it")
    # Over HTTP/2 Apache leaves a stream that was cut open for its Timeout.
    answer = site.curl("/total/drips", "--http1.1")
    ok(answer.rc != 0 and answer.body.startswith(b"x"),
       "an answer that drips on is cut, and does not look whole")
    site.rest("PATCH", f"/apis/{api['id']}", {"total_timeout_ms": 1000})
    answer = site.curl("/total/slow")
    is_eq((answer.status, answer.json()["code"]), (504, "upstream_timeout"), "one that does not come")
    # Apache would wait for the body itself.
    with fcgi.Client(site.gate_socket, timeout=60) as client:
        client.begin(site.variables({"REQUEST_URI": "/total/slow", "REQUEST_METHOD": "POST",
                                     "CONTENT_LENGTH": "9"}))
        is_eq(client.answer().status, 504, "a body that does not come holds it up no longer")
    up.close()


def drips():
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"1\r\nx\r\n"
        time.sleep(0.05)


def waits():
    """For longer than any client here."""
    time.sleep(200)
    yield b""


def names(site):
    """A name is asked for with each new connection."""
    def lead(*addresses):
        with open("/etc/hosts", "w", encoding="ascii") as out:
            out.write("127.0.0.1 localhost\n" +
                      "".join(f"{address} moves.test\n" for address in addresses))

    def answer_of(text):
        return {"/x": ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n" + text],
                       False)}

    first = Scripted(answer_of(b"first"), address="127.0.0.1")
    other = Scripted(answer_of(b"other"), address="127.0.0.2", port=first.port)
    lead("127.0.0.1")
    site.make_api("moves", auth={"keyless": True}, target_url=f"http://moves.test:{first.port}")
    is_eq(site.curl("/moves/x").body, b"first", "a name leads to its address")
    lead("127.0.0.2")
    is_eq(site.curl("/moves/x").body, b"other", "and from the next connection on to its new one")
    lead("127.0.0.3", "127.0.0.2")
    is_eq(site.curl("/moves/x").body, b"other", "where one address refuses, the next is tried")
    lead("169.254.169.254", "127.0.0.1")
    is_eq(site.curl("/moves/x").body, b"first", "one that is not allowed is left out")
    lead("169.254.169.254")
    is_eq(site.curl("/moves/x").status, 502, "and alone it is refused")
    lead()
    answer = site.curl("/moves/x")
    is_eq((answer.status, answer.json()["code"]), (502, "upstream_unreachable"), "a name that is gone")
    first.close()
    other.close()


if INSIDE not in os.environ:
    with Site() as whole:
        for title, test in (("TLS", tls), ("one after the other", one_after_the_other),
                            ("in all", in_all)):
            with case(title):
                test(whole)
    may = subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"],
                         stderr=subprocess.DEVNULL, check=False)
    if may.returncode != 0:
        skip("names", "no mount namespace is to be had here")
        done_testing()
        sys.exit(0)
    os.environ[INSIDE] = str(os.getpid())
    # The rest in a process of its own, whose /etc/hosts is its own.
    inner = subprocess.run(["unshare", "--mount", "/usr/bin/python3", *sys.argv], check=False,
                           capture_output=True, text=True)
    for line in inner.stderr.splitlines():
        diag(line)
    for line in inner.stdout.splitlines():
        name = line.partition(" - ")[2]
        if line.startswith(("ok ", "not ok ")):
            ok(line.startswith("ok "), "names: " + name)
        elif line.startswith("#"):
            diag(line)
    ok(inner.returncode == 0, "names: came to its end")
else:
    with tempfile.NamedTemporaryFile(prefix="hosts.") as hosts:
        os.chmod(hosts.name, 0o644)
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
    with Site() as whole:
        names(whole)
done_testing()
