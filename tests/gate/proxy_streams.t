#!/usr/bin/python3
"""Bodies pass the gate as they come, at whatever length and in whatever order of request and answer; and an
answer that was cut never looks whole."""
import hashlib
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from processes import own_memory_kb, wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from upstream import pattern, raw_answer  # noqa: E402
from website import Site  # noqa: E402

MB = 1 << 20
VERSIONS = (("HTTP/1.1", "--http1.1"), ("HTTP/2", "--http2"))


def last(site):
    return site.upstream_log()[-1]


class Puppet:
    """An upstream that does nothing but what the test says, when it says so."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE_S)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sock, self.data = None, b""

    def accept(self):
        """Waits for a request; returns its head."""
        self.sock, _ = self.listener.accept()
        self.sock.settimeout(DEADLINE_S)
        self.data = b""
        return self.until(b"\r\n\r\n")

    def until(self, mark):
        while mark not in self.data:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(f"ended before {mark!r}")
            self.data += more
        piece, self.data = self.data.split(mark, 1)
        return piece

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()


class Curl:
    """A curl that runs meanwhile; its output comes as it comes."""

    def __init__(self, site, path, *args):
        self.process = subprocess.Popen(
            ["curl", "-q", "-sS", "-N", "-g", "--noproxy", "*", "--max-time", "60", "--cacert",
             site.ca, *args, site.url + path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.data = b""

    def until(self, mark):
        end = time.monotonic() + DEADLINE_S
        while mark not in self.data:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no {mark!r} came")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise EOFError(f"ended before {mark!r}: {self.process.stderr.read()}")
            self.data += more
        return True

    def end(self):
        rest, _ = self.process.communicate(timeout=DEADLINE_S)
        self.data += rest
        return self.process.returncode

    def end_or_leave(self):
        """Of an answer that was cut: Apache leaves a stream of HTTP/2 open, until its Timeout; then the
        client goes, which is no status of success either."""
        try:
            return self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.data += self.process.stdout.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def gate_memory(site):
    """The most that all gate processes needed so far, kB."""
    return sum(own_memory_kb(pid)[0] for pid in site.pids("gate"))


def large(site, alice):
    data = pattern(30 * MB)
    digest = hashlib.sha256(data).hexdigest()
    path = site.certs + "/30mb"
    with open(path, "wb") as out:
        out.write(data)
    small = site.certs + "/small"
    with open(small, "wb") as out:
        out.write(data[:100000])

    def call(what, option, name, size):
        out = f"{site.certs}/got.{name.replace('/', '')}.{size}"
        args = {"down": [f"{site.url}/mtls-api/x?up=bytes:{size}"],
                "down, chunked": [f"{site.url}/mtls-api/x?up=chunked:{size}"],
                "up": ["--data-binary", "@" + (path if size > 100000 else small),
                       site.url + "/mtls-api/x"],
                "up, chunked": ["-T", "-", "-X", "POST", site.url + "/mtls-api/x"]}[what]
        with open(path if size > 100000 else small, "rb") as body:
            done = subprocess.run(
                ["curl", "-q", "-sS", "--max-time", "60", "--cacert", site.ca, "--cert", alice.path,
                 "--key", alice.key, option, "-o", out, "-w", "%{http_code}", *args],
                stdin=body, capture_output=True, check=False)
        if what.startswith("down"):
            with open(out, "rb") as got:
                result = hashlib.sha256(got.read()).hexdigest()
        else:
            result = last(site)["body_sha256"]
        os.unlink(out)
        return done.returncode, done.stdout, result

    ways = [(what, version, option) for version, option in VERSIONS
            for what in ("down", "down, chunked", "up", "up, chunked")]
    for what, version, option in ways * 2:  # what a first call needs, it needs once
        call(what, option, version, 100000)
    before = gate_memory(site)
    for what, version, option in ways:
        is_eq(call(what, option, version, 30 * MB), (0, b"200", digest), f"30 MB {what}, {version}")
    after = gate_memory(site)
    ok(after - before < 4000, f"the gate needed {after - before} kB more for 8 times 30 MB")


def live(site, puppet):
    """Each side sees what the other has sent so far before the other goes on: nobody waits for the
    end of anything."""
    for version, option in VERSIONS:
        with Curl(site, "/puppet/events", option, "-H", "Accept: text/event-stream") as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n")
            for n in range(4):
                event = b"data: %d\n\n" % n
                puppet.send(b"%x\r\n%s\r\n" % (len(event), event))
                ok(curl.until(event), f"event {n} came while the answer goes on, {version}")
            puppet.send(b"0\r\n\r\n")
            is_eq((curl.end(), curl.data), (0, b"".join(b"data: %d\n\n" % n for n in range(4))),
                  f"all events, and the end, {version}")
            puppet.close()
        with Curl(site, "/puppet/up", option, "-T", "-", "-X", "POST") as curl:
            for n in range(3):
                curl.process.stdin.write(b"part %d." % n)
                curl.process.stdin.flush()
                if n == 0:
                    like(puppet.accept(), r"(?i)\nTransfer-Encoding: chunked", "a chunked upload")
                puppet.until(b"part %d." % n)
                ok(True, f"part {n} of an upload came before the next was sent, {version}")
            # An answer may begin while the body still comes.
            puppet.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\near")
            curl.process.stdin.write(b"the end")
            curl.process.stdin.close()
            curl.process.stdin = None
            puppet.until(b"0\r\n\r\n")
            puppet.send(b"ly ")
            is_eq((curl.end(), curl.data), (0, b"early "), f"and the answer, {version}")
            puppet.close()


def cut(site, alice):
    rows = {
        "length, 1 kB": "?up=cut:1000", "length, 100 kB": "?up=cut:100000",
        "chunked, 1 kB": "?up=chunkcut:1000", "chunked, 100 kB": "?up=chunkcut:100000",
        "chunk that is none": raw_answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
                                         body=b"5\r\nhello\r\nxyz\r\n"),
        "chunk that ends early": raw_answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
                                            body=b"50\r\nhello"),
        "length, nothing": raw_answer("HTTP/1.1 200 OK", "Content-Length: 5"),
    }
    short = raw_answer("HTTP/1.1 201 Created", "Content-Length: 50", "X-Done: yes", body=b"hello")
    for version, option in VERSIONS:
        def by_the_gate(option=option):
            """Where the upstream is slow to close, the beginning has gone to the client: then it is cut."""
            answer = site.curl("/mtls-api/x" + short, option, cert=alice, data="pay")
            return answer if answer.status == 502 else \
                ok(answer.status == 201 and answer.rc != 0, "begun, and cut") and None

        answer = wait_until(by_the_gate, "an answer that came in one piece")
        is_eq((answer.status, answer.rc, answer.headers.get("retry-after"),
               answer.headers.get("x-done"), answer.json()["code"]), (502, 0, None, None, "upstream_invalid"),
              f"a POST whose short answer breaks off, {version}: the gate says so")
        like(answer.json()["detail"], "may have done", "and that it may have been done")
    for name, query in rows.items():
        for version, option in VERSIONS:
            # What was cut ends soon where the server can say so; no client waits for ever.  One that has
            # seen nothing in that time waits for the beginning.
            for seconds in (3, 60):
                answer = site.curl("/mtls-api/x" + query, option, cert=alice, seconds=seconds)
                if answer.status != 0:
                    break
            ok(answer.status != 200 or answer.rc != 0, f"{name}, {version}: does not look whole")
            if answer.status != 200:
                # What was done must not be asked for again, which a 503 with Retry-After invites to.
                is_eq((answer.status, answer.headers.get("retry-after"), answer.json()["code"]),
                      (502, None, "upstream_invalid"), f"{name}, {version}: or the gate says so")
            is_eq(site.curl("/mtls-api/y", option, cert=alice).json()["target"], "/y",
                  f"{name}, {version}: the next request is fine")
        with site.tls(alice) as sock:
            sock.sendall(f"GET /mtls-api/x{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = read_answer(sock)
            ok(answer.status != 200 or not answer.complete,
               f"{name}: nor on a connection of one's own")


def paused(site, puppet):
    """timeout_ms is for the upstream: the client may take longer over its body."""
    site.make_api("impatient", target_url=puppet.url, auth={"keyless": True}, timeout_ms=2000)
    for version, option in VERSIONS:
        with Curl(site, "/impatient/up", option, "-T", "-", "-X", "POST") as curl:
            curl.process.stdin.write(b"begin")
            curl.process.stdin.flush()
            puppet.accept()
            puppet.until(b"begin")
            time.sleep(3)  # longer than timeout_ms, which is what this is about
            curl.process.stdin.write(b"the end")
            curl.process.stdin.close()
            curl.process.stdin = None
            try:
                got = puppet.until(b"0\r\n\r\n")
            except EOFError as error:
                got = str(error).encode()
            ok(b"the end" in got, f"what comes after a pause arrives, {version}") or diag(got)
            puppet.close()
            curl.end()


def long_fields(site, puppet):
    """Apache says 500 to a line above 8 kB: so the gate says what it was."""
    for n, want in ((8184, b"200"), (8190, b"502" if site.server_kind == "apache" else b"200")):
        with Curl(site, "/puppet/x", "--http1.1", "-w", "%{http_code}") as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 200 OK\r\nX-A: " + b"y" * n + b"\r\nContent-Length: 2\r\n\r\nok")
            curl.end()
            is_eq(curl.data[-3:], want, f"a field of {n} bytes")
            puppet.close()


def cut_by_puppet(site, puppet):
    """The same, when the client has seen the beginning for sure."""
    for version, option in VERSIONS:
        for name, head, more in (
                ("length", b"Content-Length: 100", b"begin"),
                ("chunked", b"Transfer-Encoding: chunked", b"5\r\nbegin\r\n")):
            with Curl(site, "/puppet/x", option) as curl:
                puppet.accept()
                puppet.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + more)
                curl.until(b"begin")
                puppet.close()
                ok(curl.end_or_leave() != 0,
                   f"{name}, {version}: cut in the middle does not look whole")
                is_eq(curl.data, b"begin", "and no byte was added")
    # More of a head than the gate gives to the web server at once, but not all: what has begun
    # must not become the web server's own error, which asks for it again.
    for version, option in VERSIONS:
        with Curl(site, "/puppet/x", option, "-i") as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 201 Created\r\n" + (b"X-Long: " + b"y" * 1000 + b"\r\n") * 12 +
                        b"Content-Length: 100\r\n\r\nbegin")
            puppet.close()
            curl.until(b"\r\n\r\n")
            ok(curl.end_or_leave() != 0 and re.match(rb"HTTP/[\d.]+ 201", curl.data),
               f"12 kB of fields and a short body, {version}: begun, and cut") or diag(curl.data)
    with Curl(site, "/puppet/x", "--http1.1", "-w", "%{http_code}") as curl:
        puppet.accept()
        puppet.send(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: " + b"y" * 1500 + b"\r\n") * 190 + b"\r\n")
        curl.end()
        like(curl.data, r"upstream_invalid.*502\Z", "300 kB of fields are refused")
        puppet.close()
    with Curl(site, "/puppet/x", "--http1.1") as curl:
        puppet.accept()
        puppet.send(b"HTTP/1.1 200 OK\r\n\r\nuntil it closes")
        curl.until(b"closes")
        puppet.close()
        is_eq((curl.end(), curl.data), (0, b"until it closes"),
              "an answer without a length ends with the connection")
    for version, option in VERSIONS:
        with Curl(site, "/puppet/gone", option) as curl:
            puppet.accept()
            puppet.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n")
            curl.until(b"begin")
            curl.process.kill()

            def told():
                puppet.sock.settimeout(0.2)
                try:
                    puppet.send(b"5\r\nagain\r\n")
                    return puppet.sock.recv(1) == b""
                except TimeoutError:
                    return False
                except ConnectionError:
                    return True

            ok(wait_until(told, "the end of the connection to the upstream"),
               f"a client that left: the upstream is told, {version}")


def early(site, alice):
    path = site.certs + "/30mb"
    for version, option in VERSIONS:
        for how in (["--data-binary", "@" + path], ["-T", path, "-H", "Transfer-Encoding: chunked"]):
            if version == "HTTP/2":
                how = how[:2]
            answer = site.curl("/mtls-api/x?up=early:403", option, *how, cert=alice, seconds=30)
            ok(answer.status == 403 or answer.rc != 0,
               f"an upstream that refuses before the body is read, {version} {how[0]}")
            ok(answer.status in (403, 0, 502), f"its answer, or none: {answer.status}") or \
                diag(repr(answer))
            is_eq(site.curl("/mtls-api/y", option, cert=alice).json()["target"], "/y",
                  "the next request is fine")


def stale(site, alice):
    """Connections to the upstream that were kept, and are dead by now."""
    for method in ("GET", "POST"):
        for _ in range(8):
            is_eq(site.curl("/mtls-api/x?up=last", "-X", method, cert=alice).status, 200,
                  f"{method}: an answer on a connection that looks kept")
            site.upstream_clear()
            answer = site.curl("/mtls-api/y", "-X", method, cert=alice)
            if not (answer.status == 200 and len(site.upstream_log()) == 1):
                ok(False, f"{method}: the next goes over another connection, once")
                diag(repr(answer))


def parallel(site, alice):
    """Many at once get each his own."""
    results, errors = {}, []

    def run(n):
        try:
            with site.tls(alice) as sock:
                for i in range(10):
                    body = f"body {n} {i}".encode() * (n + 1)
                    sock.sendall(f"POST /mtls-api/{n}?i={i} HTTP/1.1\r\nHost: localhost\r\n"
                                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    got = read_answer(sock).json()
                    if (got["target"], got["body_sha256"]) != \
                            (f"/{n}?i={i}", hashlib.sha256(body).hexdigest()):
                        errors.append((n, i, got))
            results[n] = True
        except Exception as fault:  # pylint: disable=broad-except
            errors.append((n, repr(fault)))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    is_eq((len(results), errors), (16, []), "16 clients, 10 calls each, each has its own answer")


def setup(whole):
    """The puppet, and who may call the API that the upstream answers for."""
    cert, doll = whole.make_cert("alice", subject="/CN=alice/O=Example"), Puppet()
    whole.make_key("alice", cert, whole.make_api())
    whole.make_api("puppet", target_url=doll.url, auth={"keyless": True})
    return cert, doll


with Site(extra="KeepAliveTimeout 60") as usual:
    owner, doll = setup(usual)
    for title, test, given in (
            ("30 MB", large, owner), ("live", live, doll), ("a pause", paused, doll),
            ("long fields", long_fields, doll),
            ("early answers", early, owner), ("stale connections", stale, owner),
            ("in parallel", parallel, owner)):
        with case(title):
            test(usual, given)
# A cut answer shows when Apache closes the connection.
with Site(extra="KeepAliveTimeout 1") as brief:
    owner, doll = setup(brief)
    for title, test, given in (("cut", cut, owner), ("cut later", cut_by_puppet, doll)):
        with case(title):
            test(brief, given)
done_testing()
