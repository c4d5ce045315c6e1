#!/usr/bin/python3
"""Refused requests can be read by REST, and unknown certificates made into keys: real refusals of each
kind through Apache and several gates; killed gates, floods, restarts; nothing secret in it."""
import hashlib
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

FLOOD = 20000
TOKEN_SENT = "sesame-open-this-is-a-stranger-s-secret-0123456789"
SHORT_SENT = "hunter2-short"

site = Site(gates=3, admins=2, plain=True)
site.open()
rest = site.rest
api = site.make_api()
both = site.make_api("both", auth={"use_certificate": True, "use_token": True})


def refusals(query=""):
    answer = rest("GET", "/refusals" + query)
    if answer.status != 200:
        raise RuntimeError(f"GET /refusals{query}: {answer}")
    return answer.body["items"]


def seen(answer):
    """The item of an answer that a client got, and that it says what the client saw."""
    problem = answer.json()
    items = refusals("?request_id=" + problem["request_id"])
    if not ok(len(items) == 1, f"{problem['code']} is there, once"):
        diag(repr(answer), repr(items))
        return {}
    item = items[0]
    is_eq((item["code"], item["status"], item["request_id"], item["id"]),
          (problem["code"], answer.status, problem["request_id"], problem["request_id"]),
          f"{problem['code']}: what the client saw")
    ok(item["detail"] and problem["detail"].startswith(item["detail"].removesuffix("...")),
       f"{problem['code']}: in the same words")
    return item


known = site.make_cert("known")
stranger = site.make_cert("stranger", extra=("-addext", "subjectAltName=DNS:stranger.example"))
key = site.make_key("Known", known, api, token=True)

with case("an unknown certificate"):
    item = seen(site.curl("/mtls-api/orders/7?secret=query-secret", cert=stranger))
    is_eq((item["sha256"], item["api_id"], item["key_id"], item["method"], item["path"],
           item["address"], item["site"]),
          (stranger.sha256, api["id"], None, "GET", "/mtls-api/orders/7", "127.0.0.1", site.name),
          "everything is said")
    certificate = item["certificate"]
    is_eq((certificate["sha256"], certificate["subject"], certificate["names"]),
          (stranger.sha256, "CN=stranger", ["DNS:stranger.example"]), "its certificate can be read")
    is_eq(certificate["pem"], stranger.pem, "and is there as PEM")
    one = rest("GET", "/refusals/" + item["id"])
    is_eq((one.status, one.body), (200, item), "it can be read by its id")
    colons = ":".join(stranger.sha256[i:i + 2].upper() for i in range(0, 64, 2))
    is_eq([i["id"] for i in refusals("?sha256=" + colons)], [item["id"]],
          "and found by the fingerprint, as people write it")

with case("made into a key"):
    made = rest("POST", f"/refusals/{item['id']}/key",
                {"name": "From a refusal", "access": [{"api_id": "mtls-api"}]})
    is_eq(made.status, 201, "201")
    is_eq([c["sha256"] for c in made.body["credentials"]], [stranger.sha256], "with the certificate")
    ok(made.body["credentials"][0]["proven_at"], "which counts as proven")
    is_eq(made.headers.get("location"), "/admin/api/v1/keys/" + made.body["id"], "where it is")
    is_eq(site.curl("/mtls-api/orders/7", cert=stranger).status, 200, "it calls at once")
    entries = rest("GET", "/audit").body["items"]
    proven = [e for e in entries if e["action"] == "credential.proven"]
    ok(len(proven) == 1 and proven[0]["subject_id"] == made.body["id"] and
       item["id"] in proven[0]["changes"] and stranger.sha256 in proven[0]["changes"],
       "the audit says that possession was proven, and in which request")
    again = rest("POST", f"/refusals/{item['id']}/key", {"name": "Twice"})
    is_eq((again.status, again.body["code"]), (409, "certificate_in_use"), "only once")
    by_pem = site.make_cert("by-pem")
    pem = seen(site.curl("/mtls-api/", cert=by_pem))["certificate"]["pem"]
    is_eq(rest("POST", "/keys", {"name": "By its PEM", "certificate": pem}).status, 201,
          "the PEM that was read makes one as well")
    mixed = rest("POST", f"/refusals/{item['id']}/key", {"name": "Two", "certificate": pem})
    is_eq((mixed.status, mixed.body["errors"][0]["field"]), (422, "certificate"),
          "a second certificate is refused")

with case("each kind"):
    # Certificates alone, then with a token of nobody, of its own, of another.
    is_eq(seen(site.curl("/nowhere", cert=stranger))["api_id"], None, "no API: null")
    rest("PATCH", "/apis/" + both["id"], {"active": False})
    is_eq(seen(site.curl("/both/"))["api_id"], both["id"], "an API that is off")
    rest("PATCH", "/apis/" + both["id"], {"active": True, "blocked_ips": ["127.0.0.1"]})
    seen(site.curl("/both/"))
    rest("PATCH", "/apis/" + both["id"], {"blocked_ips": []})
    nobody = seen(site.curl("/both/"))
    is_eq((nobody["sha256"], nobody["certificate"], nobody["token_sha256_start"], nobody["key_id"]),
          (None, None, None, None), "nothing came")
    token = seen(site.curl("/both/", "-H", "Authorization: Bearer " + TOKEN_SENT))
    is_eq(token["token_sha256_start"], hashlib.sha256(TOKEN_SENT.encode()).hexdigest()[:8],
          "an unknown token: the first digits of its digest")
    short = seen(site.curl("/both/", "-H", "Authorization: " + SHORT_SENT))
    is_eq(short["token_sha256_start"], None, "a short one, which could be guessed: not even those")
    mine = seen(site.curl("/both/", "-H", "Authorization: Bearer " + key["token"]))
    is_eq((mine["code"], mine["key_id"]), ("access_denied", key["id"]), "a known token, whose")
    digest = hashlib.sha256(key["token"].encode()).hexdigest()
    is_eq([i["id"] for i in refusals("?sha256=" + digest)], [mine["id"]],
          "found by the digest that the key's credential shows")
    own = seen(site.curl("/both/", cert=known))
    is_eq((own["code"], own["key_id"], own["sha256"], own["certificate"]),
          ("access_denied", key["id"], known.sha256, None), "a known certificate, whose")
    beside = site.make_cert("beside")
    mixed = seen(site.curl("/both/", "-H", "Authorization: Bearer " + key["token"], cert=beside))
    is_eq((mixed["code"], mixed["key_id"], (mixed["certificate"] or {}).get("pem")),
          ("credential_unknown", key["id"], beside.pem), "an unknown certificate beside a token")
    rest("PATCH", "/keys/" + key["id"], {"access": [
        {"api_id": "mtls-api", "methods": ["GET"], "paths": ["/open/*"]}]})
    is_eq(seen(site.curl("/mtls-api/closed", cert=known))["code"], "path_not_allowed", "a path")
    is_eq(seen(site.curl("/mtls-api/open/x", "-X", "DELETE", cert=known))["method"], "DELETE",
          "a method")
    is_eq(seen(site.curl("/mtls-api/%2e%2e/x", cert=known))["code"], "bad_request", "a bad target")
    rest("PATCH", "/keys/" + key["id"], {"active": False})
    is_eq(seen(site.curl("/mtls-api/open/x", cert=known))["key_id"], key["id"], "a key that is off")
    rest("PATCH", "/keys/" + key["id"], {"active": True})
    seen(site.curl("/both/", base=f"http://localhost:{site.plain_port}"))
    site.stop_upstream()
    failed = seen(site.curl("/mtls-api/open/x", cert=known))
    is_eq((failed["code"], failed["status"], failed["key_id"]),
          ("upstream_unreachable", 502, key["id"]), "an upstream that is gone")
    site.start_upstream()

with case("filters"):
    codes = {i["code"] for i in refusals("?limit=500")}
    for code in sorted(codes):
        ok(all(i["code"] == code for i in refusals("?code=" + code)), f"code={code}")
    ok(len(codes) >= 10, "many kinds")
    ok({i["api_id"] for i in refusals("?api_id=" + both["id"])} == {both["id"]}, "api_id")
    ok(all("orders" in i["path"] for i in refusals("?q=ORDERS")) and refusals("?q=ORDERS"), "q")
    everything = [i["id"] for i in refusals("?limit=500")]
    paged, cursor = [], ""
    while cursor is not None:
        page = rest("GET", "/refusals?limit=4" + (f"&cursor={cursor}" if cursor else "")).body
        paged, cursor = paged + [i["id"] for i in page["items"]], page["next"]
    is_eq(paged, everything, "pages hold all of it, in the same order")
    times = [i["at"] for i in refusals("?limit=500")]
    is_eq(times, sorted(times, reverse=True), "the newest first")
    for query, status in (("?colour=red", 400), ("?sha256=beef", 422), ("?cursor=x", 422),
                          ("?limit=501", 422)):
        is_eq(rest("GET", "/refusals" + query).status, status, query)
    is_eq(rest("GET", "/refusals/nothing").status, 404, "an id that nobody had")
    is_eq(rest("POST", f"/refusals/{nobody['id']}/key", {"name": "x"}).status, 422,
          "nothing can be made of a request without a certificate")

with case("rights"):
    is_eq(rest("GET", "/refusals", token="").status, 401, "nobody")
    viewer = rest("POST", "/tokens", {"name": "viewer", "role": "viewer"}).body["token"]
    is_eq(rest("GET", "/refusals", token=viewer).status, 200, "a viewer reads")
    made_by_viewer = rest("POST", f"/refusals/{item['id']}/key", {"name": "No"}, token=viewer)
    is_eq(made_by_viewer.status, 403, "but makes no key")

with case("hostile text"):
    for name, path in (("bytes", b"/x/\xff\xfe\xc2\x9b31m<script>"), ("long", b"/x/" + b"a" * 7000),
                       ("bidi", "/x/\u202egnp.exe".encode()), ("umlaut", "/x/ä".encode())):
        answer = site.fcgi({"REQUEST_URI": path.decode("latin-1")})
        found = refusals("?limit=1")[0]
        text = found["path"]
        ok(all(ord(c) >= 0x20 and not 0x7f <= ord(c) < 0xa0 and not 0x202a <= ord(c) <= 0x202e
               for c in text) and len(text.encode()) <= 255, f"{name}: {text[:40]}")
    evil = site.make_cert("evil", subject="/CN=\u202e<b>x", extra=("-utf8",))
    shown = seen(site.curl("/mtls-api/", cert=evil))["certificate"]["subject"]
    is_eq(shown, "CN=\\u{202e}<b>x", "a subject")
    unproven = site.fcgi({"REQUEST_URI": "/mtls-api/", "SSL_CLIENT_CERT": evil.pem,
                          "SSL_CLIENT_VERIFY": "GENEROUS", "REMOTE_ADDR": "192.0.2.9"},
                         proof=False)
    found = refusals("?limit=1")[0]
    is_eq((found["address"], found["sha256"], found["site"]), (None, None, None),
          "what did not come from the web server is not repeated")


def flood(start, n, variables):
    for i in range(start, start + n):
        site.fcgi({"REQUEST_URI": "/both/", "SSL_CLIENT_VERIFY": "NONE", "REMOTE_ADDR": "198.51.100.7",
                   "HTTP_AUTHORIZATION": f"Bearer stranger-{i:08d}-abcdefghijklmnop", **variables})


with case("a flood"):
    before = {i["id"] for i in refusals("?limit=500") if i["key_id"]}
    # Addresses whose part of the ring the flood does not share: most of them.
    for i in range(32):
        site.fcgi({"REQUEST_URI": "/both/newcomer", "REMOTE_ADDR": f"203.0.113.{i}"})
    workers = [threading.Thread(target=flood, args=(k * (FLOOD // 4), FLOOD // 4, {}))
               for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ok(before <= {i["id"] for i in refusals("?limit=500") if i["key_id"]},
       "what concerns known keys is all there")
    ok(len(refusals("?limit=500&q=newcomer")) >= 16, "most other strangers, too")
    is_eq(site.curl("/mtls-api/open/x", cert=known).status, 200, "the known are served")
    ok(rest("GET", "/refusals/" + failed["id"]).status == 200, "and the oldest failure is found")

with case("killed gates"):
    stop = threading.Event()

    def call():
        while not stop.is_set():
            try:
                flood(0, 1, {"REMOTE_ADDR": "192.0.2.77"})
            except OSError:
                pass

    workers = [threading.Thread(target=call) for _ in range(4)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(8):
            site.kill(wait_until(lambda: site.pids("gate"), "a gate")[0])
            wait_until(lambda: len(site.pids("gate")) == 3, "a new gate")
            ok(all(len(i["request_id"]) == 26 and i["code"] for i in refusals("?limit=500")),
               "every item is whole")
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    seen(site.curl("/mtls-api/closed", cert=known))

with case("a restart"):
    site.stop_programs()
    site.start_programs()
    site.wait_ready()
    is_eq(rest("GET", "/refusals/" + failed["id"]).body["code"], "upstream_unreachable",
          "forgets nothing")

with case("no secrets"):
    seen(site.curl("/mtls-api/?token=" + key["token"], "-H", "Cookie: id=cookie-secret-1", "-H",
                   "Authorization: Bearer " + TOKEN_SENT, cert=known))
    with open(site.home + "/run/refusals", "rb") as ring:
        data = ring.read()
    ok(len(data) < 16 * 1024 * 1024 and os.stat(site.home + "/run/refusals").st_blocks * 512 >=
       len(data), "the file has its size and its room")
    is_eq(oct(os.stat(site.home + "/run/refusals").st_mode & 0o777), "0o600", "and is private")
    ok(stranger.der in data, "it holds what was refused")
    for name, secret in (("an unknown token", TOKEN_SENT), ("a known one", key["token"]),
                         ("a short one", SHORT_SENT), ("the REST token", site.token),
                         ("the proof", site.proof), ("a query", "query-secret"),
                         ("a cookie", "cookie-secret-1"), ("a flood's", "stranger-0000")):
        found = subprocess.run(["grep", "-rlaF", "--", secret, site.home + "/run"],
                               capture_output=True, text=True, check=False).stdout
        is_eq(found, "", name + " is nowhere in the run folder")

done_testing()
