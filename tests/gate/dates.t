#!/usr/bin/python3
"""What ends ends to the second, without a restart and on connections that stay open: certificates,
CAs above them, revocation lists, credentials.  The programs run with a clock that the test sets
(libfaketime); Apache and the clients have the real one."""
import calendar
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import must, outcome, read_answer  # noqa: E402
from clock import faketime  # noqa: E402
from environment import DEADLINE_S, TREE  # noqa: E402
import fcgi  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

CORPUS = os.path.join(TREE, "tests/certs")
# Apache's own limit of 5 seconds would end the connections that stay open.
site = Site(start=False, extra="KeepAliveTimeout 3600")
site.open()
clock_file = site.folder + "/clock"


def set_clock(unix_s):
    """From here on it is this second, and stays it."""
    with open(clock_file + ".new", "w", encoding="ascii") as out:
        out.write(time.strftime("%Y-%m-%d %H:%M:%S\n", time.gmtime(unix_s)))
    os.chmod(clock_file + ".new", 0o644)
    os.rename(clock_file + ".new", clock_file)


def stamp(unix_s):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(unix_s))


def rfc3339(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


class Connection:
    """A TLS connection that stays open."""

    def __init__(self, cert):
        self.sock = site.tls(cert)

    def get(self, path):
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return outcome(read_answer(self.sock))


def start():
    site.start_programs(env=faketime(clock_file))
    site.wait_ready()


# Everything here happens within two hours of now, where REST tokens and the web server are valid.
BASE = int(time.time())
END = BASE + 3600
set_clock(BASE)
start()
api = site.make_api("mtls-api")

with case("the clock"):
    made = must(site.rest("GET", "/apis/" + api["id"]))["created_at"]
    is_eq(made, rfc3339(BASE), "is the test's")

with case("a certificate"):
    cert = site.make_cert("ends", not_before=stamp(BASE - 3600), not_after=stamp(END))
    key = site.make_key("ends", cert, api)
    open_one = Connection(cert)
    is_eq(open_one.get("/mtls-api/"), 200, "gets in")
    set_clock(END)
    is_eq(open_one.get("/mtls-api/"), 200, "in its last second, too")
    set_clock(END + 1)
    is_eq(open_one.get("/mtls-api/"), (403, "certificate_expired"),
          "one second later no more, on the same connection")
    is_eq(Connection(cert).get("/mtls-api/"), (403, "certificate_expired"), "nor on a new one")
    set_clock(BASE)
    is_eq(open_one.get("/mtls-api/"), 200, "a clock that is put right lets him in again")
    later = site.make_cert("later", not_before=stamp(BASE + 600), not_after=stamp(END))
    site.make_key("later", later, api)
    params = {"REQUEST_URI": "/mtls-api/", "SSL_CLIENT_CERT": later.pem,
              "SSL_CLIENT_VERIFY": "GENEROUS"}
    set_clock(BASE + 599)
    is_eq(outcome(site.fcgi(params)), (403, "certificate_not_yet_valid"), "before its first second")
    set_clock(BASE + 600)
    is_eq(outcome(site.fcgi(params)), 200, "in it")

with case("an overlap that ends"):
    # Rotation: a second certificate, both in use, the old one ends at a time.
    set_clock(BASE)
    following = site.make_cert("following", not_after=stamp(END + 3600))
    must(site.rest("POST", f"/keys/{key['id']}/credentials", {"certificate": following.pem}))
    old, new = open_one, Connection(following)
    must(site.rest("PATCH", f"/keys/{key['id']}/credentials/{cert.sha256}",
                   {"ends_at": rfc3339(BASE + 1800)}))
    for at, want in ((BASE, 200), (BASE + 1799, 200),
                     (BASE + 1800, (403, "credential_inactive")),
                     (BASE + 1801, (403, "credential_inactive"))):
        set_clock(at)
        is_eq(old.get("/mtls-api/"), want, f"the old one {at - BASE} s later")
        is_eq(new.get("/mtls-api/"), 200, f"the new one {at - BASE} s later")
    shown = must(site.rest("GET", "/keys/" + key["id"]))["credentials"]
    is_eq({c["sha256"]: c["ends_at"] for c in shown},
          {cert.sha256: rfc3339(BASE + 1800), following.sha256: None}, "both stay with the key")
    early = site.make_cert("early", not_after=stamp(END + 3600))
    must(site.rest("POST", f"/keys/{key['id']}/credentials", {"certificate": early.pem}))
    must(site.rest("PATCH", f"/keys/{key['id']}/credentials/{early.sha256}",
                   {"active_from": rfc3339(BASE + 2000)}))
    connection = Connection(early)
    for at, want in ((BASE + 1999, (403, "credential_inactive")), (BASE + 2000, 200)):
        set_clock(at)
        is_eq(connection.get("/mtls-api/"), want, f"one that begins then, at {at - BASE} s")

with case("the certificate of an upstream"):
    # Also where the session of the connection before is resumed, and no certificate sent.
    set_clock(END - 1800)
    proves = site.make_cert("upstream", not_before=stamp(BASE - 3600), not_after=stamp(END),
                            extensions=["subjectAltName=IP:127.0.0.1"])
    both = proves.path + ".both"
    with open(both, "w", encoding="ascii") as file:
        file.write(proves.pem + proves.key_pem)
    up = site.more_upstream("proves", "--tls", both)
    sha256 = must(site.rest("POST", "/certificates", {"pem": proves.pem, "kind": "upstream"}))["sha256"]
    site.make_api("proves", auth={"keyless": True}, target_url=f"https://127.0.0.1:{up.port}",
                  upstream_tls={"ca_certificates": [sha256]})
    # On one connection to the gate, requests are mostly taken up by one of its threads, each of which has
    # its own sessions.
    with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
        def ask():
            return outcome(gate.request(site.variables({"REQUEST_URI": "/proves/?up=last"}),
                                        keep=True))

        wait_until(lambda: ask() == 200 and up.log()[-1]["tls"]["resumed"], "a session that resumes")
        set_clock(END + 1)
        is_eq(ask(), (502, "upstream_tls"), "is believed to its end and no longer")

with case("a CA above"):
    set_clock(BASE)
    of_ca = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
    # The clock of the programs is behind by what the test has taken so far.
    root = site.make_cert("root", extensions=of_ca, not_before=stamp(BASE - 3600))
    short = site.make_cert("short CA", ca=root, extensions=of_ca, not_before=stamp(BASE - 3600),
                           not_after=stamp(END))
    for ca in (root, short):
        must(site.rest("POST", "/certificates", {"pem": ca.pem, "kind": "ca"}))
    by_ca = site.make_api("by-ca", auth={"use_certificate": True, "trust": "ca",
                                         "ca_certificates": [root.sha256]})
    below = site.make_cert("below", ca=short, not_after=stamp(END + 3600),
                           extensions=["extendedKeyUsage=clientAuth"])
    site.make_key("below", below, by_ca)
    connection = Connection(below)
    is_eq(connection.get("/by-ca/"), 200, "whose certificate is valid")
    set_clock(END)
    is_eq(connection.get("/by-ca/"), 200, "in its last second")
    set_clock(END + 1)
    is_eq(connection.get("/by-ca/"), (403, "certificate_untrusted"),
          "after it, on the same connection, whatever was remembered")
    set_clock(BASE)
    is_eq(connection.get("/by-ca/"), 200, "and back")

with case("a revocation list"):
    folder = site.certs + "/crl"
    os.mkdir(folder)
    with open(folder + "/ca.conf", "w", encoding="ascii") as out:
        out.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\n"
                  f"crlnumber={folder}/number\ndefault_md=sha256\n")
    with open(folder + "/index", "w", encoding="ascii"):
        pass
    with open(folder + "/number", "w", encoding="ascii") as out:
        out.write("01\n")

    def crl(last, following_at):
        subprocess.run(["openssl", "ca", "-config", folder + "/ca.conf", "-gencrl", "-cert",
                        short.path, "-keyfile", short.key, "-out", folder + "/list",
                        "-crl_lastupdate", stamp(last), "-crl_nextupdate", stamp(following_at)],
                       check=True, capture_output=True)
        with open(folder + "/list", "rb") as data:
            return site.rest("PUT", f"/certificates/{short.sha256}/crl", body=data.read(),
                             content_type="application/pkix-crl")

    must(crl(BASE - 60, BASE + 900), 200)
    is_eq(connection.get("/by-ca/"), 200, "that is fresh")
    set_clock(BASE + 900)
    is_eq(connection.get("/by-ca/"), 200, "in the second of its next_update")
    set_clock(BASE + 901)
    is_eq(connection.get("/by-ca/"), (403, "certificate_untrusted"),
          "after it nobody of this CA passes")
    with open(site.logs + "/supervise.log", encoding="utf-8") as text:
        like(text.read(), f"error crl_outdated .*{below.sha256}", "the log says so")
    is_eq(connection.get("/mtls-api/")[0], 403, "(he has no access to the other API)")
    is_eq(crl(BASE - 30, BASE + 900).body["code"], "revocation_list_outdated",
          "one that has ended is not taken")
    must(crl(BASE + 901, BASE + 1800), 200)
    is_eq(connection.get("/by-ca/"), 200, "the next one opens again")
    is_eq(crl(BASE + 902, BASE + 1800).body["code"], "revocation_list_from_future",
          "one of the next second is not taken yet")

with case("F15"):
    # The day ends while the process runs.
    midnight = calendar.timegm((2026, 12, 2, 0, 0, 0))
    set_clock(midnight - 12 * 3600)
    with open(CORPUS + "/content/expires-today.pem", encoding="ascii") as text:
        pem = text.read()
    answer = site.rest("POST", "/keys", {"name": "today", "certificate": pem,
                                         "access": [{"api_id": api["id"]}]})
    must(answer)
    ok(any("2026-12-01T23:59:59Z" in notice for notice in answer.body["notices"]),
       "registered, with a word on its end")
    pids = site.pids("gate")
    params = {"REQUEST_URI": "/mtls-api/", "SSL_CLIENT_CERT": pem, "SSL_CLIENT_VERIFY": "GENEROUS"}
    set_clock(midnight - 1)
    is_eq(outcome(site.fcgi(params)), 200, "accepted at 23:59:59")
    set_clock(midnight)
    is_eq(outcome(site.fcgi(params)), (403, "certificate_expired"), "refused at 00:00:00")
    is_eq(site.pids("gate"), pids, "no restart")
done_testing()
