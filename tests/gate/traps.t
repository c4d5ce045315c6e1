#!/usr/bin/python3
"""What went wrong in neighbouring programs, as far as no other test looks at it: who a certificate
is, rules for paths, and limits over many processes.  tests/TRAPS.md has the reports."""
import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from certificates import Cert, make_ca  # noqa: E402
from environment import DEADLINE_S, TREE  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

GATES, CLIENTS = 8, 200
site = Site(gates=GATES, plain=True, extra="MaxKeepAliveRequests 0\n  KeepAliveTimeout 120")
site.open()
must = site.must
MANY = 10000  # calls under way at once, where they are not what is tested


def made(name, **members):
    return site.make_api(name, max_concurrent=MANY, **members)


def keyed(name, *apis, **members):
    return site.make_key(name, token=True, apis=apis, max_concurrent=MANY, **members)


def ask(path, token=None, cert=None, method="GET", fields=(), data=None, base=None):
    args = [arg for field in fields for arg in ("-H", field)]
    if token:
        args += ["-H", "Authorization: Bearer " + token]
    args += ["-I"] if method == "HEAD" else ["-X", method]
    return site.curl(path, *args, cert=cert, data=data, base=base)


def code(answer):
    if answer.status == 200:
        return 200
    try:
        return json.loads(answer.body)["code"]
    except ValueError:
        return answer.status


def got(*args, **kwargs):
    return code(ask(*args, **kwargs))


def at_once(n, path, tokens):
    """Codes of n calls by as many clients, all let loose at the same moment."""
    barrier, answers = threading.Barrier(n), [None] * n

    def call(i):
        barrier.wait()
        data = (f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Authorization: Bearer {tokens[i % len(tokens)]}\r\n\r\n").encode()
        for _ in range(20):
            try:
                answers[i] = code(site.raw(data, timeout=DEADLINE_S))
                return
            except ConnectionRefusedError:
                pass  # more than the listener's queue holds

    threads = [threading.Thread(target=call, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {c: answers.count(c) for c in set(answers)}


LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit",
          "ratelimit-policy")


def told(answer):
    """What an answer says of limits; None where it does not."""
    return {n: answer.headers.get(n) for n in LIMITS}


def left(answer):
    """(quota, rate) that is left."""
    rate = re.search(r'"key";r=(\d+)', answer.headers.get("ratelimit") or "")
    quota = answer.headers.get("x-ratelimit-remaining")
    return quota and int(quota), rate and int(rate.group(1))


api = made("mtls-api")
certs_only = made("certs", auth={"use_certificate": True, "use_token": False})

# --- who a certificate is ---

with case("the same name and serial number from another CA"):
    def issue(ca, name, serial):
        base = f"{site.certs}/{name}"
        for words in (("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                       "-nodes", "-keyout", base + ".key", "-subj", "/CN=partner/O=Partner",
                       "-out", base + ".csr"),
                      ("x509", "-req", "-in", base + ".csr", "-CA", ca.path, "-CAkey", ca.key,
                       "-set_serial", serial, "-days", "30", "-out", base + ".pem")):
            subprocess.run(["openssl", *words], check=True, capture_output=True)
        return Cert(base + ".pem", base + ".key")

    os.mkdir(site.certs + "/twin")
    ca, twin_ca = site.make_ca("The CA"), make_ca(site.certs + "/twin", "The CA")
    partner, twin = issue(ca, "partner", "77"), issue(twin_ca, "twin", "77")
    again = issue(ca, "again", "77")
    key = site.make_key("partner", partner, certs_only)
    is_eq([got("/certs/x", cert=c) for c in (partner, twin, again)],
          [200, "credential_unknown", "credential_unknown"], "is somebody else")
    must("POST", "/keys", {"name": "twin", "certificate": twin.pem}, 201)
    is_eq([got("/certs/x", cert=c) for c in (partner, twin)], [200, "access_denied"],
          "registered as well: two keys, each its own rights")
    renewed = site.make_cert("renewed", subject="/CN=partner/O=Partner")
    is_eq(got("/certs/x", cert=renewed), "credential_unknown", "a renewed one is not yet known")

with case("signed by a registered client"):
    # With and without the CA bit, sent alone and with its signer behind it.
    for name, extensions in (("plain", []), ("CA:TRUE", ["basicConstraints=critical,CA:TRUE"])):
        signer = site.make_cert("signer " + name, extensions=extensions or
                                ["basicConstraints=CA:FALSE"])
        site.make_key("signer " + name, signer, certs_only)
        forged = site.make_cert("forged " + name, ca=signer, subject="/CN=partner/O=Partner")
        with open(forged.path + ".chain", "w", encoding="ascii") as out:
            out.write(forged.pem + signer.pem)
        for cert in (forged, Cert(forged.path + ".chain", forged.key)):
            answer = ask("/certs/x", cert=cert)
            # A signer that is no CA already ends the handshake.
            ok(answer.status == 0 or code(answer) == "credential_unknown",
               f"{name}: the signer's rights are not inherited") or diag(answer)
        is_eq(got("/certs/x", cert=signer), 200, f"{name}: the signer itself gets in")

with case("pasted without a handshake"):
    # Whoever has only the public part has nothing.
    pem = partner.pem.replace("\n", "\r\n")
    encoded = urllib.parse.quote(partner.pem)
    for name, kwargs in {
            "as the body": {"method": "POST", "data": partner.pem},
            "as a form": {"method": "POST", "data": "certificate=" + encoded},
            "as JSON": {"method": "POST", "data": json.dumps({"certificate": pem})},
            "as a cookie": {"fields": ["Cookie: SSL_CLIENT_CERT=" + encoded]},
            "as a token": {"token": base64.b64encode(partner.der).decode()}}.items():
        is_eq(got("/certs/x", **kwargs), "credential_missing", name)
    is_eq(got("/certs/x?SSL_CLIENT_CERT=" + encoded[:1500]), "credential_missing", "in the query")
    bystander = site.make_cert("bystander")
    must("POST", "/certificates", {"pem": bystander.pem}, 201)
    is_eq(got("/certs/x", cert=bystander), "credential_unknown",
          "registered without a key, it grants nothing")

with case("what is public, in query and cookie"):
    for name, value in {"fingerprint": partner.sha256, "key id": key["id"],
                        "both": key["id"] + partner.sha256}.items():
        for path in "/mtls-api/x", "/certs/x":
            for base in None, f"http://localhost:{site.plain_port}":
                rows = [ask(f"{path}?Authorization={value}&token={value}&key={value}", base=base),
                        ask(path, fields=[f"Cookie: Authorization={value}; token={value}"],
                            base=base)]
                is_eq([code(a) for a in rows], ["credential_missing"] * 2,
                      f"{name}, {path}{', plain HTTP' if base else ''}")

with case("what the README says that an upstream is told"):
    with open(TREE + "/README.md", encoding="utf-8") as text:
        section = text.read().split("## What an upstream sees")[1].split("\n## ")[0]
    named = {n.lower() for n in re.findall(r"`([A-Za-z][A-Za-z-]+)`", section)}
    answer = ask("/certs/x", cert=partner, fields=["X-Request-Id: mine", "Accept:", "User-Agent:"])
    set_by_us = {n.lower() for n, _ in answer.json()["headers"]} - {"host"}
    ok(len(set_by_us) >= 10, f"{len(set_by_us)} fields are set")
    is_eq(sorted(set_by_us - named), [], "each is in the README")
    is_eq([n for n in set_by_us if "_" in n], [], "none has an underscore, which gets lost")

# --- keys ---

with case("keys without an end"):
    for wrong in 0, -1, "", "never", "0":
        answer = site.rest("POST", "/keys", {"name": "x", "expires_at": wrong})
        ok(answer.status in (400, 422), f"expires_at {wrong!r} is not taken for a time")
    forever = keyed("forever", api, expires_at=None)
    is_eq((forever["expires_at"], must("GET", f"/keys/{forever['id']}/effective")["expires_at"]),
          (None, {"value": None, "from": {"type": "key"}}), "null is never")
    is_eq(got("/mtls-api/x", forever["token"]), 200, "it works")
    must("PATCH", "/keys/" + forever["id"], {"expires_at": "2999-01-01T00:00:00Z"})
    is_eq(must("PATCH", "/keys/" + forever["id"], {"expires_at": None})["expires_at"], None,
          "an end can be taken away")

# --- rules for paths ---

with case("rules for paths"):
    ruled = keyed("ruled", access=[{"api_id": api["id"], "paths": [
        "/admin", "/op/*", "/item/{id}", "/a%20b"]}])
    rows = [("/admin", "/admin"), ("/admin?x=/op/", "/admin?x=/op/"),
            ("/op/x", "/op/x"), ("/op/", "/op/"), ("/op//x//", "/op//x//"),
            ("/op/a%2F..%2Fadmin", "bad_request"), ("/item/7", "/item/7"),
            ("/item/a%2Fb", "/item/a%2Fb"), ("/item/a%2fb", "/item/a%2fb"), ("/a%20b", "/a%20b"),
            ("/x/admin", "path_not_allowed"), ("/admin/", "path_not_allowed"),
            ("/admin/x", "path_not_allowed"), ("/admins", "path_not_allowed"),
            ("/xadmin", "path_not_allowed"), ("/ADMIN", "path_not_allowed"),
            ("/%61dmin", "path_not_allowed"), ("/admin%2F", "path_not_allowed"),
            ("/admin;x", "path_not_allowed"), ("//admin", "path_not_allowed"),
            ("/op", "path_not_allowed"), ("/op%2Fx", "path_not_allowed"),
            ("/opx/y", "path_not_allowed"), ("/x?/op/y", "path_not_allowed"),
            ("/item/", "path_not_allowed"), ("/item/7/8", "path_not_allowed"),
            ("/item//7", "path_not_allowed"), ("/item/7/", "path_not_allowed"),
            ("/op/../admin", "bad_request"), ("/op/%2e%2e/admin", "bad_request"),
            ("/op/.%2E/secret", "bad_request"), ("/op/..%2fsecret", "bad_request"),
            ("/op/..;/secret", "bad_request"), ("/op/..\\secret", "bad_request"),
            ("/op/./x", "bad_request"), ("/op/%00", 404), ("/op/x%5c..%5c", "bad_request")]
    for path, want in rows:
        site.upstream_clear()
        answer = site.raw(f"GET /mtls-api{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                          f"{ruled['token']}\r\nConnection: close\r\n\r\n".encode())
        log = [r["target"] for r in site.upstream_log()]
        if isinstance(want, str) and want.startswith("/"):
            is_eq((answer.status, log), (200, [want]), f"{path}: judged and forwarded as it came")
        else:
            ok(code(answer) == want or (want == 404 and 400 <= answer.status < 500),
               f"{path}: {want}") or diag(answer)
            is_eq(log, [], f"{path}: nothing reached the upstream")

with case("patterns that nobody could save"):
    export = json.loads(site.certgate("export", "-").stdout)
    ids = [base64.b32encode(os.urandom(16)).decode().lower().rstrip("=") for _ in range(2)]
    odd = ["*", "x", "(", "[a-", "{a}", "**", "/x*", "/*/x", ".*", "^/", "/[", "%", "/%zz"]
    path = site.folder + "/odd.json"
    with open(path, "w", encoding="ascii") as out:
        json.dump({"certgate_export": 1, "schema_version": export["schema_version"],
                          "keys": [{"id": ids[0], "name": "odd", "access": [
                              {"api_id": certs_only["id"], "paths": odd}]}]}, out)
    os.chmod(path, 0o644)
    done = site.certgate("import", path)
    is_eq(done.returncode, 1, "the import does not take them")
    like(done.stdout, "is not valid.*paths", "and says what is wrong")
    is_eq(site.rest("GET", "/keys/" + ids[0]).status, 404, "the key is left out")
    for pattern in odd:
        answer = site.rest("POST", "/keys", {"name": "odd", "access": [
            {"api_id": api["id"], "paths": [pattern]}]})
        is_eq((answer.status, (answer.body.get("errors") or [{}])[0].get("field")),
              (422, "access[0].paths"), f"{pattern}: not saved")

# --- limits ---

with case(f"{CLIENTS} clients at once, {GATES} gates"):
    is_eq(len(site.pids("gate")), GATES, "so many gates run")
    limited = keyed("rate", api, rate={"limit": 37, "per_seconds": 3600})
    is_eq(at_once(CLIENTS, "/mtls-api/x", [limited["token"]]),
          {200: 37, "rate_limited": CLIENTS - 37}, "exactly the rate passes")
    limited = keyed("quota", api, quota={"limit": 80, "period": "day"})
    is_eq(at_once(CLIENTS, "/mtls-api/x", [limited["token"]]),
          {200: 80, "quota_exceeded": CLIENTS - 80}, "exactly the quota")
    is_eq(at_once(CLIENTS, "/mtls-api/x", [limited["token"]]), {"quota_exceeded": CLIENTS},
          "and none of the next")
    busy = made("busy", rate={"limit": 53, "per_seconds": 3600})
    is_eq(at_once(CLIENTS, "/busy/x", [keyed(f"busy {n}", busy)["token"] for n in range(5)]),
          {200: 53, "rate_limited": CLIENTS - 53}, "exactly the API's own rate, of several keys")

with case("what is told of limits"):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = made("dead", target_url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        small = made("small", max_body_bytes=10)
        narrow = keyed("narrow", access=[
            {"api_id": api["id"], "paths": ["/x", "/y/*"]}, {"api_id": dead["id"]},
            {"api_id": small["id"]}], rate={"limit": 30, "per_seconds": 86400},
            quota={"limit": 20, "period": "month"})
        token = narrow["token"]
        first = ask("/mtls-api/x", token)
        want = [19, 29]
        is_eq([*left(first)], want, "the first call")
        reset = first.headers.get("x-ratelimit-reset")
        # Those that are counted tell where the client stands, whatever came of them.
        for name, status, args, kwargs in (
                ("another", 200, "/mtls-api/x", {}), ("HEAD", 200, "/mtls-api/x", {"method": "HEAD"}),
                ("POST", 200, "/mtls-api/x", {"method": "POST", "data": "x"}),
                ("the upstream's 404", 404, "/mtls-api/x?up=status:404", {}),
                ("the upstream's 503", 503, "/mtls-api/x?up=status:503", {}),
                ("an answer without a body", 204, "/mtls-api/x?up=status:204", {}),
                ("an upstream that is not there", 502, "/dead/x", {}),
                ("an upstream that talks nonsense", 502, "/mtls-api/x?up=close", {}),
                ("a body that turns out too large", 413, "/small/x",
                 {"method": "POST", "data": "x" * 300000,
                  "fields": ["Transfer-Encoding: chunked"]})):
            answer = ask(args, token, **kwargs)
            want = [n - 1 for n in want]
            is_eq((answer.status, [*left(answer)]), (status, want), name)
            is_eq((answer.headers.get("x-ratelimit-limit"), answer.headers.get("x-ratelimit-reset"),
                   answer.headers.get("ratelimit-policy"), [len(answer.headers.all(n)) for n in LIMITS]),
                  ("20", reset, '"key";q=30;w=86400', [1] * 5), f"{name}: the rest of it, once")
        # Those that are refused use nothing up.
        for name, status, args, kwargs in (
                ("a path", "path_not_allowed", "/mtls-api/z", {}),
                ("no access", "access_denied", "/busy/x", {}),
                ("a bad target", "bad_request", "/mtls-api/../x", {}),
                ("a body that says to be too large", "body_too_large", "/small/x",
                 {"method": "POST", "data": "x" * 20}),
                ("nobody's path", "api_not_found", "/nowhere", {})):
            answer = ask(args, token, **kwargs)
            is_eq((code(answer), told(answer)), (status, dict.fromkeys(LIMITS)),
                  f"refused for {name}")
        want = [n - 1 for n in want]
        is_eq([*left(ask("/mtls-api/x", token))], want, "none of those was counted")
        while want[0] > 0:
            want = [n - 1 for n in want]
            answer = ask("/mtls-api/x", token)
            if [*left(answer)] != want:
                is_eq([*left(answer)], want, "falls by one")
        answer = ask("/mtls-api/x", token)
        is_eq((code(answer), [*left(answer)], answer.headers.get("x-ratelimit-reset")),
              ("quota_exceeded", want, reset), "refused, with the same fields")
        ok(int(answer.headers.get("retry-after")) > 20 * 86400, "and when it begins anew")

with case("never more left than before, whoever answers"):
    walker = keyed("walker", api, rate={"limit": 5000, "per_seconds": 86400},
                   quota={"limit": 5000, "period": "week"})
    seen, faults = [[] for _ in range(16)], []

    def walk(mine):
        with site.tls(timeout=DEADLINE_S) as sock:
            for _ in range(20):
                sock.sendall(f"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                             f"{walker['token']}\r\n\r\n".encode())
                mine.append(left(read_answer(sock)))

    threads = [threading.Thread(target=walk, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in seen:
        faults += [(a, b) for a, b in zip(mine, mine[1:]) if not (a[0] > b[0] and a[1] > b[1])]
    is_eq(faults, [], "each client sees it fall")
    is_eq(sorted(q for mine in seen for q, _ in mine), list(range(5000 - 320, 5000)),
          "and each number is told once")

with case("a quota that is raised or lowered"):
    raised = keyed("raised", api, quota={"limit": 5, "period": "month"})
    tries = [got("/mtls-api/x", raised["token"]) for _ in range(12)]
    is_eq((tries.count(200), tries[:5]), (5, [200] * 5), "used up, and tried on")
    must("PATCH", "/keys/" + raised["id"], {"quota": {"limit": 8, "period": "month"}})
    tries = [got("/mtls-api/x", raised["token"]) for _ in range(6)]
    is_eq(tries, [200] * 3 + ["quota_exceeded"] * 3, "three more are three more")
    must("PATCH", "/keys/" + raised["id"], {"quota": {"limit": 4, "period": "month"}})
    answer = ask("/mtls-api/x", raised["token"])
    is_eq((code(answer), left(answer)[0]), ("quota_exceeded", 0), "lowered below what is used: 0")
    must("PATCH", "/keys/" + raised["id"], {"quota": None})
    is_eq(got("/mtls-api/x", raised["token"]), 200, "without one: no limit")

with case("entries of one API with limits of their own"):
    # A shorter period of one entry must not begin the longer one's anew, nor use it up.
    entries = [{"api_id": api["id"], "paths": ["/hour"], "quota": {"limit": 2, "period": "hour"}},
               {"api_id": api["id"], "paths": ["/month"], "quota": {"limit": 3, "period": "month"}},
               {"api_id": api["id"], "paths": ["/rate"], "rate": {"limit": 4, "per_seconds": 1000}},
               {"api_id": api["id"], "paths": ["/rates"], "methods": ["GET"],
                "rate": {"limit": 1, "per_seconds": 3600}}]
    parts = keyed("parts", access=entries)
    passes = dict.fromkeys(("hour", "month", "rate", "rates"), 0)
    for _ in range(6):
        for name in passes:
            passes[name] += got(f"/mtls-api/{name}", parts["token"]) == 200
    is_eq(passes, {"hour": 2, "month": 3, "rate": 4, "rates": 1}, "each has its own counters")
    month = ask("/mtls-api/month", parts["token"]).headers
    hour = ask("/mtls-api/hour", parts["token"]).headers
    is_eq((month.get("x-ratelimit-limit"), hour.get("x-ratelimit-limit")), ("3", "2"),
          "and its own figures")
    ok(int(month.get("x-ratelimit-reset")) - int(hour.get("x-ratelimit-reset")) > 20 * 86400,
       "and its own period")
    must("PATCH", "/keys/" + parts["id"], {"access": entries[::-1]})
    is_eq([got(f"/mtls-api/{name}", parts["token"]) for name in ("hour", "month")],
          ["quota_exceeded"] * 2, "their order does not matter")
    by_policy = [must("POST", "/policies", {"name": f"part {n}", "applies": ["access"],
                                            "access": [entry]}, 201)["id"]
                 for n, entry in enumerate(entries[:2])]
    must("PATCH", "/keys/" + parts["id"], {"policy_ids": by_policy})
    is_eq([got(f"/mtls-api/{name}", parts["token"]) for name in ("hour", "month")],
          ["quota_exceeded"] * 2, "nor by which way the key has them")

with case("an API without a limit of its own"):
    must("POST", "/policies", {"name": "three", "applies": ["quota"],
                               "quota": {"limit": 3, "period": "day"}}, 201)
    heir = keyed("heir", access=[{"api_id": api["id"], "quota": {"limit": 100, "period": "day"}},
                                 {"api_id": busy["id"]}, {"api_id": small["id"]}],
                 policy_ids=["three"])
    is_eq([got(f"/{name}/x", heir["token"]) for name in ("small", "mtls-api", "small")], [200] * 3,
          "the policy's quota is for all of them together")
    is_eq([got(f"/{name}/x", heir["token"]) for name in ("small", "mtls-api")],
          ["quota_exceeded"] * 2, "and refuses at all of them, whatever their own")

with case("one limit off, the others on"):
    both = made("both", rate={"limit": 3, "per_seconds": 3600})
    k = keyed("both", both, rate={"limit": 5, "per_seconds": 3600})

    def calls(n):
        return [got("/both/x", k["token"]) for _ in range(n)].count(200)

    is_eq(calls(6), 3, "the API's refuses first")
    must("PATCH", "/apis/" + both["id"], {"rate": None})
    is_eq(calls(6), 2, "it is off: the key's still counts")
    must("PATCH", "/apis/" + both["id"], {"rate": {"limit": 7, "per_seconds": 3600}})
    must("PATCH", "/keys/" + k["id"], {"rate": None})
    ok(calls(9) < 9, "the key's is off: the API's still counts")
    must("PATCH", "/keys/" + k["id"], {"quota": {"limit": 1, "period": "hour"}})
    must("PATCH", "/apis/" + both["id"], {"rate": None})
    is_eq(calls(3), 1, "a quota does not need a rate")

with case("whose counters"):
    same = {"rate": {"limit": 4, "per_seconds": 3600}, "quota": {"limit": 9, "period": "day"}}
    one, two = keyed("one", api, busy, **same), keyed("two", api, busy, **same)
    is_eq([[got("/mtls-api/x", k["token"]) for _ in range(6)].count(200) for k in (one, two)],
          [4, 4], "equal limits are not one limit")
    like_a, like_b = (made(f"like-{n}", rate={"limit": 2, "per_seconds": 3600}) for n in "ab")
    k = keyed("free", like_a, like_b)
    is_eq([[got(f"/like-{n}/x", k["token"]) for _ in range(4)].count(200) for n in "ab"], [2, 2],
          "nor are those of two APIs")
    cert, following = site.make_cert("counted"), site.make_cert("following")
    k = keyed("counted", api, certificate=cert.pem, quota={"limit": 6, "period": "day"})
    plain = f"http://localhost:{site.plain_port}"
    tries = [got("/mtls-api/x", k["token"]), got("/mtls-api/x", cert=cert),
             got("/mtls-api/x", k["token"], cert=cert),
             got("/mtls-api/x", k["token"], base=plain)]
    is_eq((tries, left(ask("/mtls-api/x", k["token"]))[0]), ([200] * 4, 1),
          "one for all of a key's credentials, hosts and processes")
    must("POST", f"/keys/{k['id']}/credentials", {"certificate": following.pem}, 201)
    must("DELETE", f"/keys/{k['id']}/credentials/{cert.sha256}?reason=superseded", status=204)
    is_eq([got("/mtls-api/x", cert=following) for _ in range(3)],
          [200, "quota_exceeded", "quota_exceeded"], "which a renewed certificate goes on with")
    gone = must("DELETE", "/keys/" + k["id"], status=204)
    k = keyed("counted", api, quota={"limit": 6, "period": "day"})
    is_eq(left(ask("/mtls-api/x", k["token"]))[0], 5,
          "a key of the same name begins with its own")

done_testing()
