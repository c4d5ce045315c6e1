#!/usr/bin/python3
"""What fails fails closed, says so, and comes back by itself: upstreams and programs (the store:
unreadable.t)."""
import contextlib
import glob
import http.client
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import code_of  # noqa: E402
from certificates import Cert  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from listener import Listener, answer_plain, tls_listener  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402


UNREACHABLE, TLS = (502, "upstream_unreachable"), (502, "upstream_tls")
INVALID, TIMEOUT = (502, "upstream_invalid"), (504, "upstream_timeout")


# --- upstreams ---

def full_listener():
    """One that no further connection gets through to."""
    listener = Listener(None, backlog=0)
    listener.fill = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", listener.port))
        listener.fill.append(sock)
    return listener


def upstreams(site):
    ca = site.make_ca("upstream CA")
    expired = site.make_cert("expired", ca=ca, subject="/CN=localhost",
                             not_before="20200101000000Z", not_after="20210101000000Z",
                             extensions=["subjectAltName=DNS:localhost,IP:127.0.0.1"])
    own = site.make_cert("own", subject="/CN=localhost",
                         extra=["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
    up = site.upstream_url
    plain, silent, full = Listener(answer_plain), Listener(None), full_listener()
    for_real = {"timeout_ms": 20000}
    short = {"timeout_ms": 400}
    rows = [
        ("port where nobody listens", f"http://127.0.0.1:{site.reserve()}", "", for_real, UNREACHABLE),
        ("name that does not resolve", "http://nothing.invalid", "", for_real, UNREACHABLE),
        ("connection closed without an answer", up, "?up=close", for_real, (502, "upstream_invalid")),
        ("TLS of nobody known", f"https://localhost:{tls_listener(own).port}", "", for_real, TLS),
        ("TLS that has expired", f"https://localhost:{tls_listener(expired).port}", "", for_real,
         TLS),
        ("TLS 1.1", f"https://localhost:{tls_listener(own, ssl.TLSVersion.TLSv1_1).port}", "",
         for_real, TLS),
        ("TLS where there is none", f"https://127.0.0.1:{plain.port}", "", for_real, TLS),
        ("no TLS where there is", f"http://127.0.0.1:{tls_listener(own).port}", "", for_real, None),
        ("nonsense", up, "?up=raw:bm9uc2Vuc2UNCg0K", for_real, INVALID),
        ("slow to answer", up, "?up=slow:20", short, TIMEOUT),
        ("never answers", f"http://127.0.0.1:{silent.port}", "", short, TIMEOUT),
        ("never says hello", f"https://127.0.0.1:{silent.port}", "", short, TIMEOUT),
        ("cannot be connected to", f"http://127.0.0.1:{full.port}", "", short, TIMEOUT),
    ]
    texts = {502: "There was a problem proxying the request"}
    for number, (name, url, query, more, want) in enumerate(rows):
        api = site.make_api(f"row{number}", target_url=url, auth={"keyless": True}, **more)
        for method in ("GET", "POST"):
            answer = site.curl(f"/row{number}/x{query}", "-X", method)
            if want is None:
                ok(answer.status == 502, f"{name}: 502")
                continue
            if not is_eq(code_of(answer), want, f"{method}, {name}: {want}"):
                continue
            got = answer.json()
            is_eq((got.get("error"), answer.headers.get("content-type"), got["request_id"]),
                  (texts.get(want[0]), "application/problem+json",
                   answer.headers.get("x-request-id")), "as a problem, with the text for scripts")
            like(got["detail"], r"^The service behind this API .*(try again|tell its provider)",
                 "and says what to do")
            unlike(answer.body, r"127\.0\.0\.1|localhost|nothing\.invalid",
                   "and nothing of what is behind")
        is_eq(site.rest("DELETE", f"/apis/{api['id']}").status, 204, "(the API is removed)")
    site.make_api("good", auth={"keyless": True})
    is_eq(site.curl("/good/x").status, 200, "another API is served all the while")
    site.make_api("stalls", auth={"keyless": True}, **short)
    answer = site.curl("/stalls/x?up=stall:20", "--http1.1", seconds=20)
    ok(answer.status != 200 or answer.rc != 0, "one that stops in the middle does not look whole")
    # As long in all as only a slower machine than any is silent in between.
    site.make_api("drips", auth={"keyless": True}, timeout_ms=5000)
    answer = site.curl("/drips/x?up=drip:0.3")
    is_eq((answer.status, len(answer.body), answer.rc), (200, 20, 0),
          "the limit is for a silence, not for the whole")
    site.stop_upstream()
    is_eq(code_of(site.curl("/good/x")), UNREACHABLE, "the upstream is stopped")
    site.start_upstream()
    is_eq(site.curl("/good/x").status, 200, "and is used again when it is back")


def addresses(site):
    """Addresses where no upstream may be.  Rows with the upstream's port would be answered if they
    were not refused."""
    port = site.upstream_port
    rows = [("link-local, metadata", "http://169.254.169.254/"),
            ("link-local as a number", "http://2852039166/"),
            ("link-local, hexadecimal", "http://0xa9.0xfe.0xa9.0xfe/"),
            ("link-local in IPv6", "http://[fe80::1]/"),
            ("link-local, IPv4 in IPv6", "http://[::ffff:169.254.169.254]/"),
            ("any address", f"http://0.0.0.0:{port}/"), ("any address, short", f"http://0:{port}/"),
            ("any address of IPv6", f"http://[::]:{port}/"),
            ("any address, IPv4 in IPv6", f"http://[::ffff:0.0.0.0]:{port}/"),
            ("multicast", "http://224.0.0.1/"), ("multicast of IPv6", "http://[ff02::1]/"),
            ("broadcast", "http://255.255.255.255/"),
            ("own listener", f"https://127.0.0.1:{site.port}/row/"),
            ("own listener by name", f"https://localhost:{site.port}/row/"),
            ("own listener, IPv4 in IPv6", f"https://[::ffff:127.0.0.1]:{site.port}/row/")]
    for name, url in rows:
        made = site.rest("POST", "/apis", {"name": "row", "listen_path": "/row/", "target_url": url,
                                           "auth": {"keyless": True}, "timeout_ms": 5000})
        if made.status == 422:
            ok(True, f"{name}: refused when it is entered")
            continue
        site.upstream_clear()
        answer = site.curl("/row/x")
        is_eq((code_of(answer), site.upstream_log()), (UNREACHABLE, []), f"{name}: refused")
        with open(site.logs + "/supervise.log", encoding="utf-8") as log:
            said = [line for line in log if answer.headers.get("x-request-id", "?") in line]
        like(said, "where no upstream may be", "and the log says why")
        site.rest("DELETE", f"/apis/{made.body['id']}")
    site.make_api("loop", target_url=f"http://127.0.0.1:{site.plain_port}/loop/",
                  auth={"keyless": True})
    is_eq(code_of(site.curl("/loop/x")), UNREACHABLE, "a loop by way of another listener ends")
    made = site.make_api("local", target_url=f"http://localhost:{port}", auth={"keyless": True})
    is_eq((made["name"], site.curl("/local/x").status), ("local", 200), "the host itself is allowed")


# --- the programs ---

def load(site, cert, stranger, times, disturb):
    """Several clients call while `disturb` is done so often.  Returns what they saw."""
    stop, seen, threads = threading.Event(), [], []

    def calls(n):
        while not stop.is_set():
            who = stranger if n % 3 == 2 else cert
            path = f"/mtls-api/{n}?i={len(seen)}"
            how = ("--http1.1", "--http2")[n % 2]
            # A curl of twenty calls on one connection, or as many as it can have.
            done = subprocess.run(
                ["curl", "-q", "-s", "--max-time", "60", "--cacert", site.ca, "--cert", who.path,
                 "--key", who.key, how, "-w", "\nSEEN %{http_code} %{exitcode}\n",
                 f"{site.url}{path}&c=[1-20]"], capture_output=True, check=False)
            for body, mark in re.findall(rb"([\s\S]*?)\nSEEN (\d+ \d+)\n", done.stdout):
                seen.append((who is cert, int(mark.split()[0]), int(mark.split()[1]), body))

    for n in range(6):
        threads.append(threading.Thread(target=calls, args=(n,), daemon=True))
        threads[-1].start()
    for _ in range(times):
        disturb()
        enough = len(seen) + 5
        wait_until(lambda: len(seen) > enough, "answers between two disturbances")
    stop.set()
    for thread in threads:
        # One call may have been cut so that only the client's own patience ends it.
        thread.join(60 + DEADLINE_S)
        ok(not thread.is_alive(), "a client has come to its end")
    return seen


def kills(site):
    api = site.make_api()
    good, stranger = site.make_cert("good"), site.make_cert("stranger")
    site.make_key("good", good, api)

    def kill_some():
        program = random.choice(("gate", "gate", "admin", "all"))
        pids = site.pids("gate") + site.pids("admin") if program == "all" else \
            [random.choice(site.pids(program) or [0])]
        site.kill(*[pid for pid in pids if pid > 0])
        with contextlib.suppress(OSError, http.client.HTTPException):
            site.rest("GET", "/keys")

    seen = load(site, good, stranger, 20, kill_some)
    statuses = {}
    for mine, status, rc, _ in seen:
        key = ("good" if mine else "stranger", status if rc == 0 else f"cut {status}")
        statuses[key] = statuses.get(key, 0) + 1
    diag(statuses)
    ok(statuses.get(("good", 200), 0) > 0, "calls went well between the kills")
    is_eq({s for who, s in statuses if who == "stranger" and not isinstance(s, str)} -
          {403, 502, 503}, set(), "a stranger is never let in")
    is_eq({s for who, s in statuses if who == "good" and not isinstance(s, str)} -
          {200, 502, 503}, set(), "who may is never told that he may not")
    is_eq([body for mine, status, rc, body in seen if mine and status == 200 and rc == 0 and
           b'"body_sha256"' not in body], [], "what looks whole is whole")
    bad = [body for _, status, rc, body in seen if status in (502, 503) and rc == 0 and
           b'"code":"unavailable"' not in body and b'"code":"upstream_' not in body]
    is_eq(bad, [], "the errors between are problems with a code")
    wait_until(lambda: len(site.pids("gate")) == 2 and len(site.pids("admin")) == 2,
               "all programs")
    ok(True, "all programs run again")
    wait_until(lambda: site.curl("/readyz").status == 200, "readiness")
    is_eq([site.curl("/mtls-api/x", cert=good).status for _ in range(10)], [200] * 10,
          "and the service is whole")
    is_eq([site.curl("/mtls-api/x", cert=stranger).status for _ in range(4)], [403] * 4,
          "for those who may")
    is_eq([site.rest("GET", "/keys").status for _ in range(4)], [200] * 4, "REST, too")


def supervisor_killed(site):
    cert = site.certs + "/good"
    good = Cert(cert + ".pem", cert + ".key")
    site.stop_programs(signal.SIGKILL)
    site.start_programs()
    wait_until(lambda: site.curl("/mtls-api/x", cert=good).status == 200, "the service")
    ok(True, "a supervisor that was killed, started again, serves")


def awaiting_sigterm(site):
    """The two gates, once both are so far that SIGTERM is no end at once."""
    def blocked(pid):
        """In a thread that serves: the main one waits for it, which the kernel tells as not blocked."""
        for path in glob.glob(f"/proc/{pid}/task/*/status"):
            with open(path, encoding="utf-8") as status:
                if int(re.search(r"SigBlk:\s*(\w+)", status.read())[1], 16) >> (signal.SIGTERM - 1) & 1:
                    return True
        return False
    pids = site.pids("gate")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pids if len(pids) == 2 and all(blocked(pid) for pid in pids) else None


def sigterm(site):
    """A gate that is told to end finishes what it has begun."""
    site.make_api("open", auth={"keyless": True})
    for version in ("--http1.1", "--http2"):
        site.upstream_clear()
        running = [subprocess.Popen(
            ["curl", "-q", "-sS", "--max-time", "60", "--cacert", site.ca, version, "-w",
             "\n%{http_code}", "--data-binary", "x" * 100000, f"{site.url}/open/{n}?up=slow:1.5"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(8)]
        wait_until(lambda: len(site.upstream_log()) == 8, "8 requests at the upstream")
        old = wait_until(lambda: awaiting_sigterm(site), "two gates")
        for pid in old:
            os.kill(pid, signal.SIGTERM)
        outs = [process.communicate(timeout=DEADLINE_S)[0] for process in running]
        is_eq([out.rpartition(b"\n")[2] for out in outs], [b"200"] * 8,
              f"{version}: running requests are finished")
        is_eq([b'"body_bytes": 100000' in out for out in outs], [True] * 8, "in full")
        wait_until(lambda: len(site.pids("gate")) == 2 and not set(site.pids("gate")) & set(old),
                   "new gates")
        is_eq(site.curl("/open/x").status, 200, f"{version}: and others serve")
        with open(site.logs + "/supervise.log", encoding="utf-8") as log:
            ended = [line for line in log for pid in old if f'pid="{pid}"' in line]
        is_eq([line.rstrip().rpartition(" ")[2] for line in ended], ['0"'] * len(old),
              "the old ones ended well")


def restart_under_load(site):
    """An orderly end and a new start of one gate after the other loses no request."""
    cert = site.certs + "/good"
    good = Cert(cert + ".pem", cert + ".key")
    stranger = Cert(site.certs + "/stranger.pem", site.certs + "/stranger.key")

    def end_one():
        old = site.pids("gate")
        os.kill(old[0], signal.SIGTERM)
        wait_until(lambda: len(site.pids("gate")) == 2 and old[0] not in site.pids("gate"),
                   "a new gate")

    seen = load(site, good, stranger, 4, end_one)
    diag(f"{len(seen)} answers")
    wrong = [(mine, status, rc, body[:200]) for mine, status, rc, body in seen
             if (status, rc) != ((200 if mine else 403), 0)]
    is_eq(wrong, [], "every answer is the right one")


with Site(plain=True) as first:
    with case("upstreams"):
        upstreams(first)
    with case("addresses"):
        addresses(first)

with Site(gates=2, admins=2) as two:
    for title, test in (("SIGKILL under load", kills), ("SIGTERM", sigterm),
                        ("SIGTERM under load", restart_under_load),
                        ("SIGKILL of the supervisor", supervisor_killed)):
        start = time.monotonic()
        with case(title):
            test(two)
        diag(f"{title}: {time.monotonic() - start:.1f} s")
done_testing()
