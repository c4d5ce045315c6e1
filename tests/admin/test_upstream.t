#!/usr/bin/python3
"""“Test upstream”: what an API's upstreams answer, told as it was seen, and nothing reached that the gate
would not reach."""
import contextlib
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)


class Answering:
    """Takes connections and answers each with these bytes; None: never."""

    def __init__(self, answer):
        self.answer, self.seen, self.kept = answer, [], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.kept.append(connection)
                if self.answer is None:
                    continue
                connection.settimeout(60)
                with contextlib.suppress(OSError):
                    self.seen.append(connection.recv(65536))
                    connection.sendall(self.answer)
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()


with site:
    boss = owner(site)
    rest = site.rest
    api = site.make_api()

    def test(**members):
        rest("PATCH", "/apis/" + api["id"], {"target_urls": [], "upstream_tls": None,
                                             "timeout_ms": 30000, **members})
        got = rest("POST", f"/apis/{api['id']}/test")
        return got.body["items"][0] if got.status == 200 else got

    with case("plain"):
        site.upstream_clear()
        seen = test(target_url=site.upstream_url + "/base")
        is_eq((seen["ok"], seen["outcome"], seen["status"], seen["cause"], seen["remedy"]),
              (True, "ok", 200, "", ""), "it answers")
        is_eq(seen["addresses"], [{"address": f"127.0.0.1:{site.upstream_port}", "allowed": True}],
              "from that address")
        is_eq((seen["tls_verified"], seen["certificate"]), (None, None), "without TLS")
        request = site.upstream_log()[-1]
        is_eq((request["method"], request["target"]), ("GET", "/base"), "it was asked for the target URL")
        names = {n.lower() for n, _ in request["headers"]}
        ok(not names & {"authorization", "cookie", "client-cert", "x-certgate-key-id"},
           "without credentials") or diag(*names)
        is_eq(site.upstream_log()[0]["target"], "/base", "once")

    with case("what can go wrong"):
        # Bound and not listening: nobody else gets the port, and connections are refused.
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{bound.getsockname()[1]}"
        seen = test(target_url=gone)
        is_eq((seen["ok"], seen["outcome"], seen["status"]), (False, "unreachable", None),
              "nothing listens")
        like(seen["remedy"], "Nothing listens there", "what to do")
        seen = test(target_url="http://name.invalid/")
        is_eq((seen["outcome"], seen["addresses"]), ("unreachable", []), "a name that is none")
        like(seen["remedy"], "name was not resolved", "what to do")
        seen = test(target_url=Answering(None).url, timeout_ms=200)
        is_eq((seen["outcome"], seen["status"]), ("timeout", None), "silence")
        like(seen["remedy"], "said nothing in time", "what to do")
        seen = test(target_url=Answering(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n").url)
        is_eq(seen["outcome"], "invalid", "another protocol")
        like(seen["remedy"], "not HTTP", "what to do")
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        for times, want in ((1, ("ok", 204)), (32, ("ok", 204)), (33, ("invalid", None)), (100000, ("invalid", None))):
            seen = test(target_url=Answering(interim * times + b"HTTP/1.1 204 No Content\r\n\r\n").url)
            is_eq((seen["outcome"], seen["status"]), want, f"{times} interim answers before it")
        seen = test(target_url=Answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").url)
        is_eq((seen["ok"], seen["status"]), (True, 503), "an answer that is none to be glad of")
        like(seen["remedy"], "not well", "what to do")
        to = Answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        seen = test(target_url=Answering(f"HTTP/1.1 302 Found\r\nLocation: {to.url}/\r\n"
                                         "Content-Length: 0\r\n\r\n".encode()).url)
        is_eq((seen["status"], to.seen), (302, []), "a redirect is told and not followed")
        seen = test(target_url=Answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (1 << 20)).url)
        is_eq((seen["ok"], seen["status"]), (True, 200), "a body without end is not waited for")

    with case("where nobody may go"):
        for address in ("169.254.169.254", "[fe80::1]", "0.0.0.0", "[::ffff:169.254.169.254]"):
            seen = test(target_url=f"http://{address}:{site.upstream_port}/")
            is_eq((seen["outcome"], [a["allowed"] for a in seen["addresses"]]),
                  ("unreachable", [False]), address)
            like(seen["remedy"], "no API may go there", f"{address}: what to do")
        seen = test(target_url=f"https://127.0.0.1:{site.port}/")
        is_eq([a["allowed"] for a in seen["addresses"]], [False], "our own listener")
        site.stop_programs()
        site.start_programs(env={**os.environ, "CERTGATE_UPSTREAM_DENY": "127.0.0.0/8"})
        site.upstream_clear()
        seen = test(target_url=site.upstream_url)
        is_eq(([a["allowed"] for a in seen["addresses"]], site.upstream_log()), ([False], []),
              "what the host's configuration denies")
        site.stop_programs()
        site.start_programs(env={**os.environ, "CERTGATE_UPSTREAM_ALLOW": "10.0.0.0/8"})
        seen = test(target_url=site.upstream_url)
        is_eq(([a["allowed"] for a in seen["addresses"]], site.upstream_log()), ([False], []),
              "and what it does not allow")
        site.stop_programs()
        site.start_programs()

    with case("TLS"):
        server = site.make_cert("localhost", extra=("-addext", "subjectAltName=DNS:localhost"))
        up = site.more_upstream("tls", "--tls", server.both())
        url = f"https://localhost:{up.port}/"
        seen = test(target_url=url)
        is_eq((seen["ok"], seen["outcome"], seen["tls_verified"]), (False, "tls", False),
              "a certificate that nobody knows does not hold")
        is_eq((seen["certificate"] or {}).get("sha256"), server.sha256, "it is shown")
        like(seen["remedy"], "register it with the kind upstream", "what to do")
        is_eq(up.log(), [], "nothing was sent there")
        rest("POST", "/certificates", {"pem": server.pem, "kind": "upstream"})
        seen = test(target_url=url, upstream_tls={"ca_certificates": [server.sha256]})
        is_eq((seen["ok"], seen["status"], seen["tls_verified"], seen["certificate"]["sha256"]),
              (True, 200, True, server.sha256), "registered, it holds") or diag(repr(seen))
        is_eq(seen["certificate"]["names"], ["DNS:localhost"], "with its names")
        seen = test(target_url=url, upstream_tls={"ca_certificates": [server.sha256],
                                                  "server_name": "other.example"})
        is_eq((seen["outcome"], seen["tls_verified"]), ("tls", False), "another name does not")
        seen = test(target_url=url, upstream_tls={"ca_certificates": [server.sha256],
                                                  "pinned_sha256": ["ab" * 32]})
        is_eq(seen["outcome"], "tls", "nor another public key")
        plain = Answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        seen = test(target_url=plain.url.replace("http:", "https:"))
        is_eq((seen["outcome"], seen["certificate"]), ("tls", None), "https asked of an http port")
        seen = test(target_url=f"http://localhost:{up.port}/")
        ok(not seen["ok"], "http asked of an https port")
        client, ca = site.make_cert("us"), site.make_ca("Ours")
        asks = site.more_upstream("asks", "--tls", server.both(), "--client-ca", client.path)
        tls = {"ca_certificates": [server.sha256]}
        seen = test(target_url=f"https://localhost:{asks.port}/", upstream_tls=tls)
        is_eq(seen["outcome"], "tls", "one that asks for a certificate refuses")
        seen = test(target_url=f"https://localhost:{asks.port}/",
                    upstream_tls={**tls, "client_certificate": client.pem, "client_key": client.key_pem})
        is_eq((seen["ok"], seen["status"]), (True, 200), "with the API's own it answers")

    with case("several"):
        rest("PATCH", "/apis/" + api["id"], {"target_url": site.upstream_url, "upstream_tls": None,
                                             "target_urls": [gone, site.upstream_url + "/b"]})
        got = rest("POST", f"/apis/{api['id']}/test").body["items"]
        is_eq([(i["url"], i["ok"]) for i in got],
              [(site.upstream_url, True), (gone, False), (site.upstream_url + "/b", True)],
              "each is asked")

    with case("the page"):
        done = boss.submit(boss.get("/admin/apis/" + api["id"]), "Test upstream")
        is_eq(done.status, 200, "shows what was seen")
        like(done.text, f"{re.escape(site.upstream_url)}.*Answers.*Status 200".replace(" ", r"\s*"),
             "of one that answers")
        like(done.text, "What to do", "and of one that does not what to do")
        is_eq(boss.submit(done, "Test again").status, 200, "and again")

    with case("rights"):
        rest("POST", "/users", {"name": "vera", "role": "viewer", "password": PASSWORD})
        vera = Browser(site)
        vera.sign_in("vera", PASSWORD)
        ok("Test upstream" not in vera.get("/admin/apis/" + api["id"]).text, "viewers have no button")
        site.upstream_clear()
        cookie = {"Cookie": "; ".join(f"{n}={v}" for n, v in vera.cookies.items()),
                  "X-CSRF-Token": vera.get("/admin/").token()}
        is_eq(rest("POST", f"/apis/{api['id']}/test", headers=cookie, token="").status, 403,
              "nor the right by REST")
        is_eq(site.upstream_log(), [], "and nothing was asked")
        is_eq(rest("POST", "/apis/nothing/test").status, 404, "an API that is not there")

done_testing()
