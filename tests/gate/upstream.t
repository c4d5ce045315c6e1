#!/usr/bin/python3
"""An API's upstreams: several of them, header rules, CORS, addresses rewritten, and where they may be."""
import contextlib
import json
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import DEADLINE_S  # noqa: E402
import fcgi  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from upstream import fields, raw_answer  # noqa: E402
from website import Site  # noqa: E402


def outcome(answer):
    return answer.status, answer.json().get("code") if answer.status >= 400 else None


def change(site, api, **members):
    return site.must("PATCH", f"/apis/{api['id']}", members)


def targets(site):
    ups = [site.more_upstream(f"one{i}") for i in range(3)]
    urls = [f"http://127.0.0.1:{up.port}/{i}" for i, up in enumerate(ups)]
    gone = f"http://127.0.0.1:{site.reserve()}"
    api = site.make_api("many", auth={"keyless": True}, target_url=urls[0], target_urls=urls[1:])
    for _ in range(9):
        is_eq(site.curl("/many/x").status, 200, "answered")
    is_eq([[r["target"] for r in up.log()] for up in ups], [[f"/{i}/x"] * 3 for i in range(3)],
          "three upstreams take turns, each below its own path")
    for up in ups:
        up.clear()
    change(site, api, target_url=gone)
    for method, data in (("GET", None), ("POST", b"a body"), ("PUT", b"x" * 200000)):
        for _ in range(3):
            answer = site.curl("/many/x", "-X", method, cert=None, data=data)
            is_eq(answer.status, 200, f"{method}: one that cannot be connected is passed over")
    logs = [up.log() for up in ups]
    is_eq((len(logs[0]), len(logs[1]) + len(logs[2])), (0, 9), "the others have got each once")
    ok(all(r["complete"] for log in logs for r in log), "and whole")
    change(site, api, target_urls=[gone.replace("127.0.0.1", "127.0.0.2")])
    is_eq(outcome(site.curl("/many/x")), (502, "upstream_unreachable"), "when all are down: 502")
    # What may have reached one is never sent to another.
    change(site, api, target_url=urls[0], target_urls=[urls[1]])
    for method, data in (("POST", b"x"), ("GET", None)):
        for up in ups:
            up.clear()
        answer = site.curl("/many/x?up=close", "-X", method, data=data)
        is_eq(outcome(answer), (502, "upstream_invalid"), f"{method}: closed unanswered")
        like(answer.json()["detail"], "without an answer: .* may have done what was asked", "which is told")
        got = sorted(len(up.log()) for up in ups)
        # On a kept connection a GET may be sent once more, to the same upstream.
        ok(got in ([0, 0, 1], [0, 0, 1 if data else 2]), "is sent to no other") or diag(got)
    dying(site, api, urls[1])
    change(site, api, target_url=urls[0], target_urls=[urls[1]])
    # All refuse at first, one comes back.
    ups[0].stop()
    ups[1].stop()
    is_eq(outcome(site.curl("/many/x")), (502, "upstream_unreachable"), "both are gone")
    ups[1].start()
    is_eq(site.curl("/many/x").status, 200, "one that is back is found at once when none is up")
    rows = [(["ftp://x/"], r"target_urls\[0\]"), (["http://a/", "http://u:p@x/"], r"target_urls\[1\]"),
            ([f"http://x/{i}" for i in range(16)], "target_urls")]
    for value, field in rows:
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}", {"target_urls": value})
        is_eq(status, 422, f"{str(value)[:40]} is refused")
        like(body["errors"][0]["field"], f"^{field}$", "and named")


def die_in_turn(site, api, other, method, body):
    """An upstream that listens no more, and whose kept connection ends when a second request has come.
    Four requests to it and another; what they were answered, and the heads that the dying one got."""
    heads, socks = [], []

    def serve(listener):
        sock, _ = listener.accept()
        socks.append(sock)
        listener.close()
        with sock:
            sock.settimeout(DEADLINE_S)
            data = b""
            while not data.endswith(body or b"\r\n\r\n"):
                piece = sock.recv(65536)
                if not piece:
                    return
                data += piece
            heads.append(data)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
            data = sock.recv(65536)
            if data:
                heads.append(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_S)
        change(site, api, target_urls=[other],
               target_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
            got = []
            for _ in range(4):
                answer = gate.request(site.variables(
                    {"REQUEST_METHOD": method, "REQUEST_URI": "/many/x"}, body), body, True)
                got.append((answer.status, answer.body == b"first" or
                            json.loads(answer.body).get("body_bytes")))
        # Where nobody used the connection again, it is still waited for.
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        thread.join(DEADLINE_S)
    return sorted(got, key=str), heads


def dying(site, api, other):
    """Each thread of the gate keeps its own connections, and which one takes a request up is the gate's
    affair: it is done over until that did which has the dying one's."""
    for method, body in (("GET", b""), ("PUT", b"a body")):
        rounds = []

        def both_came():
            rounds.append(die_in_turn(site, api, other, method, body))
            return len(rounds[-1][1]) == 2

        wait_until(both_came, "the second request on the kept connection")
        want = sorted([(200, True)] + [(200, len(body))] * 3, key=str)
        is_eq([got for got, _ in rounds if got != want], [],
              f"{method}: one that dies with a request on a kept connection: the other gets it")
        like(rounds[-1][1][1], f"^{method} /x ", "the dead one had got it")


def headers(site, alice):
    rules = {"remove": ["X-Gone", "user-agent"], "set": [{"name": "X-Set", "value": "ours"},
                                                        {"name": "Authorization",
                                                         "value": "Basic dTpw"}],
             "add": [{"name": "X-More", "value": "2"}, {"name": "X-More", "value": "3"}]}
    api = site.make_api("rules", request_headers=rules, response_headers={
        "remove": ["Server", "x-powered-by"],
        "set": [{"name": "X-Frame-Options", "value": "DENY"}],
        "add": [{"name": "Cache-Control", "value": "private"}]})
    site.make_key("rules", alice, api)
    answer = site.curl("/rules/x", "-H", "X-Gone: 1", "-H", "X-Set: theirs", "-H", "X-More: 1", "-H",
                       "X-Stays: 4", cert=alice)
    got = answer.json()
    for name, want in (("x-gone", []), ("user-agent", []), ("x-set", ["ours"]),
                       ("authorization", ["Basic dTpw"]), ("x-more", ["1", "2", "3"]),
                       ("x-stays", ["4"])):
        is_eq(fields(got, name), want, f"at the upstream: {name}")
    query = raw_answer("HTTP/1.1 200 OK", "Server: x", "X-Powered-By: y", "X-Frame-Options: ALLOW",
                       "Cache-Control: no-transform", "X-Own: 1", "Content-Length: 2", body=b"ok")
    answer = site.curl("/rules/x" + query, cert=alice)
    for name, want in (("x-powered-by", []), ("x-frame-options", ["DENY"]), ("x-own", ["1"]),
                       ("cache-control", ["no-transform", "private"])):
        got = [v.strip() for line in answer.headers.all(name) for v in line.split(",")]
        is_eq(got, want, f"at the client: {name}")
    ok("x" not in answer.headers.all("server"), "Server is taken out")
    path = f"/apis/{api['id']}"
    both_ways = ["Host", "content-length", "Transfer-Encoding", "connection", "TE", "Upgrade",
                 "Proxy-Authorization", "X-Request-Id", "Bad Name", "x_y", "x:y", "x\r\ny", ""]
    request = ["Client-Cert", "X-Certgate-Key-Id", "x-certgate-anything", "X-Forwarded-For",
               "Forwarded", "traceparent", "SSL-Client-Cert"]
    response = ["Status", "X-Sendfile", "X-Accel-Redirect", "x-lighttpd-send-file",
                "X-RateLimit-Limit", "RateLimit"]
    for member, names in (("request_headers", both_ways + request),
                          ("response_headers", both_ways + response)):
        for name in names:
            for part, value in (("remove", [name]), ("set", [{"name": name, "value": "x"}]),
                                ("add", [{"name": name, "value": "x"}])):
                status, _, body = site.rest("PATCH", path, {member: {part: value}})
                if not (status == 422 and
                        body["errors"][0]["field"].startswith(f"{member}.{part}[0]")):
                    ok(False, f"{member}.{part} {name!r} is refused")
                    diag(status, body)
    for value in ("a\r\nX-B: c", "a\nb", "a\x01b", "x" * 4097):
        status, _, body = site.rest("PATCH", path, {"request_headers": {
            "set": [{"name": "X-A", "value": value}]}})
        is_eq((status, body["errors"][0]["field"]), (422, "request_headers.set[0].value"),
              f"the value {value[:12]!r} is refused")
    status, _, body = site.rest("PATCH", path, {"response_headers": {
        "add": [{"name": "Set-Cookie", "value": "a=b"}]}})
    is_eq(status, 422, "no cookies")
    status, _, body = site.rest("PATCH", path, {"request_headers": {
        "remove": [f"x-{i}" for i in range(51)]}})
    is_eq(status, 422, "not too many")
    done = site.certgate("api", "set", "rules", "--request-headers-set", "X-By: the command: yes",
                         "--response-headers", "null")
    is_eq((done.returncode, fields(site.curl("/rules/x", cert=alice).json(), "x-by")),
          (0, ["the command: yes"]), "set by the command")


def cors(site, alice):
    origin, other = "https://app.example", "https://evil.example"
    api = site.make_api("cors", auth={"use_certificate": True})
    site.make_key("cors", alice, api)
    ask = ("-X", "OPTIONS", "-H", "Access-Control-Request-Method: PUT", "-H",
           "Access-Control-Request-Headers: authorization")
    names = ("access-control-allow-origin", "access-control-allow-methods",
             "access-control-allow-headers", "access-control-allow-credentials",
             "access-control-max-age", "access-control-expose-headers", "vary")

    def said(answer):
        return {n[15:] or n: v for n in names for v in [answer.headers.get(n)] if v}

    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq((answer.status, said(answer)), (401, {}), "off: asked like everybody")
    change(site, api, cors={"allowed_origins": [origin, "http://localhost:3000"],
                            "allowed_methods": ["PUT", "DELETE"],
                            "allowed_headers": ["Authorization", "X-Own"],
                            "exposed_headers": ["X-Request-Id"], "credentials": True})
    site.upstream_clear()
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq((answer.status, answer.body, said(answer)),
          (204, b"", {"allow-origin": origin, "allow-methods": "GET, HEAD, POST, PUT, DELETE",
                      "allow-headers": "Authorization, X-Own", "allow-credentials": "true",
                      "max-age": "600", "expose-headers": "X-Request-Id", "vary": "Origin"}),
          "a preflight is answered without a credential")
    for bad in (other, "https://app.example.evil.example", "https://APP.example", "null",
                "https://app.example:443", "http://app.example"):
        answer = site.curl("/cors/x", *ask, "-H", f"Origin: {bad}")
        is_eq((answer.status, said(answer)), (204, {"vary": "Origin"}), f"{bad} is told nothing")
    is_eq(site.upstream_log(), [], "the upstream saw none of them")
    answer = site.curl("/cors/x", "-X", "OPTIONS", "-H", f"Origin: {origin}")
    is_eq(answer.status, 401, "an OPTIONS that is no preflight needs a credential")
    query = raw_answer("HTTP/1.1 200 OK", "Access-Control-Allow-Origin: *", "Access-Control-Max-Age: 1",
                       "Vary: Accept", "Content-Length: 2", body=b"ok")
    answer = site.curl("/cors/x" + query, "-H", f"Origin: {origin}", cert=alice)
    is_eq([",".join(answer.headers.all(n)).replace(" ", "") for n in names],
          [origin, "", "", "true", "", "X-Request-Id", "Accept,Origin"],
          "an answer says what the gate says, not the upstream")
    answer = site.curl("/cors/x", "-H", f"Origin: {other}", cert=alice)
    is_eq((answer.status, said(answer)), (200, {"vary": "Origin"}),
          "another origin gets the answer, but not its page")
    answer = site.curl("/cors/x", "-H", f"Origin: {origin}")
    is_eq((answer.status, answer.headers.get("access-control-allow-origin")), (401, origin),
          "pages can read why they are refused")
    change(site, api, active=False)
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq(outcome(answer), (404, "api_inactive"), "an API that is off stays off")
    change(site, api, active=True, blocked_ips=["127.0.0.1"])
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq(outcome(answer), (403, "address_not_allowed"), "as does a blocked address")
    change(site, api, blocked_ips=[])
    done = site.certgate("api", "set", "cors", "--cors", "null")
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq((done.returncode, answer.status), (0, 401), "taken away by the command")
    done = site.certgate("api", "set", "cors", "--cors-allowed-origins", origin,
                         "--cors-allowed-origins", "http://localhost:3000",
                         "--cors-credentials")
    answer = site.curl("/cors/x", *ask, "-H", "Origin: http://localhost:3000")
    is_eq((done.returncode, answer.status, answer.headers.get("access-control-allow-origin")),
          (0, 204, "http://localhost:3000"), "set by the command")
    for value in (["*"], ["null"], ["https://app.example/"], ["app.example"], ["https://*.example"],
                  ["https://app.example:443"], ["https://APP.example"], ["ftp://x"], []):
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}",
                                    {"cors": {"allowed_origins": value}})
        is_eq(status, 422, f"the origins {value} are refused")
    for member in ("allowed_methods", "allowed_headers", "exposed_headers"):
        for value in ("*", "a b", "a,b", "a\r\nb"):
            status, _, body = site.rest("PATCH", f"/apis/{api['id']}", {"cors": {member: [value]}})
            is_eq((status, body["errors"][0]["field"]), (422, f"cors.{member}[0]"),
                  f"{member} {value!r} is refused")


def rewriting(site):
    up = site.upstream_url
    host = up[len("http://"):]
    apis = [site.make_api("moved", auth={"keyless": True}, target_url=up + "/base",
                          target_urls=["http://second.example/other"], rewrite_location=True),
            site.make_api("kept", auth={"keyless": True}, target_url=up + "/base",
                          strip_listen_path=False, rewrite_location=True),
            site.make_api("asis", auth={"keyless": True}, target_url=up + "/base"),
            site.make_api("bare", auth={"keyless": True}, target_url=up, rewrite_location=True)]
    change(site, apis[0], target_urls=[])

    def via(path, *lines):
        return site.curl(path + raw_answer("HTTP/1.1 302 Found", *lines, "Content-Length: 0"))

    rows = [
        ("moved", f"{up}/base/x?y=/base/#z", "/moved/x?y=/base/#z"), ("moved", "/base/x", "/moved/x"),
        ("moved", "/base", "/moved"), ("moved", "/base?q", "/moved?q"), ("moved", up + "/base", "/moved"),
        ("moved", f"HTTP://{host.upper()}/base/X", "/moved/X"),
        ("moved", "/basement/x", "/basement/x"), ("moved", "/x", "/x"), ("moved", up + "/x", up + "/x"),
        ("moved", "x/y", "x/y"), ("moved", "//base/x", "//base/x"),
        ("moved", "https://elsewhere.example/base/x", "https://elsewhere.example/base/x"),
        ("moved", f"https://{host}/base/x", f"https://{host}/base/x"),
        ("moved", f"http://{host}1/base/x", f"http://{host}1/base/x"),
        ("moved", f"http://{host}@evil.example/base/x", f"http://{host}@evil.example/base/x"),
        ("moved", "/base//evil.example", "/moved//evil.example"),
        ("kept", "/base/kept/x", "/kept/x"), ("kept", "/base//evil.example", "/base//evil.example"),
        ("kept", "/base/\\evil.example", "/base/\\evil.example"),
        ("kept", "/base/\t/evil.example", "/base/\t/evil.example"),
        ("kept", up + "/base\t//evil.example", up + "/base\t//evil.example"),
        ("bare", "/\t/evil.example", "/\t/evil.example"),
        ("kept", up + "/base", "/"), ("bare", "/x", "/bare/x"), ("bare", up, "/bare"),
        ("bare", up + "/?q", "/bare/?q"), ("asis", "/base/x", "/base/x"),
        ("asis", up + "/base/x", up + "/base/x"),
    ]
    for name, location, want in rows:
        answer = via(f"/{name}/y", f"Location: {location}", f"Content-Location: {location}")
        is_eq((answer.status, answer.headers.get("location"),
               answer.headers.get("content-location")), (302, want, want),
              f"{name}: {location} becomes {want}")
    cookies = [
        ("moved", "a=b; Path=/base/x; HttpOnly", "a=b; Path=/moved/x; HttpOnly"),
        ("moved", "a=/base;path=/base;Secure", "a=/base; Path=/moved;Secure"),
        ("moved", "a=b; Path=/", "a=b; Path=/"), ("moved", "a=b", "a=b"),
        ("moved", "path=/base/x", "path=/base/x"), ("bare", "a=b; Path=/", "a=b; Path=/bare/"),
        ("asis", "a=b; Path=/base", "a=b; Path=/base"),
    ]
    for name, cookie, want in cookies:
        is_eq(via(f"/{name}/y", f"Set-Cookie: {cookie}").headers.all("set-cookie"), [want],
              f"{name}: {cookie} becomes {want}")


def forbidden(site, answer, name):
    """Not connected, because no upstream may be there: not because nobody answers there."""
    is_eq(outcome(answer), (502, "upstream_unreachable"), f"{name}: no answer")
    request_id = answer.json()["request_id"]

    def line():
        with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as log:
            return next((one for one in log if f'"{request_id}"' in one), "")

    wait_until(line, "the log's line")
    like(line(), "where no upstream may be", f"{name}: it is not connected, and the log says why")


def where(site):
    """Addresses that no upstream may have, however they are written."""
    port = site.upstream_port
    api = site.make_api("where", auth={"keyless": True})
    denied = ["169.254.169.254", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "0.0.0.0",
              "[::]", "[fe80::1]", "[ff02::1]", "224.0.0.1", "255.255.255.255", "2852039166",
              "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::169.254.169.254]",
              "[::ffff:0.0.0.0]"]
    for host in denied:
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}",
                                    {"target_url": f"http://{host}:{port}/"})
        if status == 422:
            ok(True, f"{host} is refused when it is set")
            continue
        forbidden(site, site.curl("/where/x"), host)
    own = change(site, api, target_url=f"http://127.0.0.1:{site.port}/")["target_url"]
    forbidden(site, site.curl("/where/x"), own + ", our own")
    for host in ("localhost:1", f"localhost:{port}", "localhost", "elsewhere.example:65535"):
        forbidden(site, site.curl("/where/x", "-H", f"Host: {host}"), f"{own}, whatever Host says ({host})")
    change(site, api, target_url=site.upstream_url)
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", "elsewhere.example:65535"):
        is_eq(site.curl("/where/x", "-H", f"Host: {host}").status, 200, f"Host: {host} makes nothing our own")
    site.upstream_clear()
    answer = site.curl("/where/x" + raw_answer(
        "HTTP/1.1 302 Found", f"Location: {site.upstream_url}/elsewhere", "Content-Length: 0"))
    is_eq((answer.status, len(site.upstream_log())), (302, 1), "a redirect is not followed")


def configured(site):
    api = site.make_api("conf", auth={"keyless": True})
    rows = [
        ({"CERTGATE_UPSTREAM_DENY": "127.0.0.0/8"}, "127.0.0.1", 502),
        ({"CERTGATE_UPSTREAM_DENY": "10.0.0.0/8 127.0.0.1"}, "[::ffff:127.0.0.1]", 502),
        ({"CERTGATE_UPSTREAM_DENY": "10.0.0.0/8,fd00::/8"}, "127.0.0.1", 200),
        ({"CERTGATE_UPSTREAM_ALLOW": "10.0.0.0/8"}, "127.0.0.1", 502),
        ({"CERTGATE_UPSTREAM_ALLOW": "127.0.0.1"}, "127.0.0.1", 200),
        ({"CERTGATE_UPSTREAM_ALLOW": "127.0.0.0/8", "CERTGATE_UPSTREAM_DENY": "127.0.0.1"},
         "127.0.0.1", 502),
        ({"CERTGATE_UPSTREAM_ALLOW": "0.0.0.0/0"}, "169.254.169.254", 502),
    ]
    for env, host, want in rows:
        site.stop_programs()
        site.start_programs(env={**os.environ, **env})
        change(site, api, target_url=f"http://{host}:{site.upstream_port}/")
        answer = site.curl("/conf/x")
        if want == 502:
            forbidden(site, answer, f"{env}: {host}")
        else:
            is_eq(answer.status, want, f"{env}: {host} gives {want}")
    site.stop_programs()
    like(site.refused_start({"CERTGATE_UPSTREAM_DENY": "127.0.0.0/8, all"}), "takes addresses",
         "what cannot be read: nothing starts")
    is_eq(outcome(site.curl("/conf/x")), (503, "unavailable"), "and nothing is let through")
    site.start_programs()


with Site() as whole:
    owner, other_owner = whole.make_cert("alice"), whole.make_cert("bob")
    for title, test, *given in (
            ("targets", targets), ("header rules", headers, owner), ("CORS", cors, other_owner),
            ("addresses rewritten", rewriting), ("where upstreams may be", where),
            ("configured", configured)):
        with case(title):
            test(whole, *given)
done_testing()
