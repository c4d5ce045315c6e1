#!/usr/bin/python3
"""/metrics, as Prometheus' own client library reads it: off until somebody is let in, true over several
gates and their deaths, with nothing of clients in it.  The access log, as jq reads it: a line for each
request, without secrets, over rotation, and never in a request's way."""
import base64
import json
import math
import os
import pwd
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import outcome, read_answer  # noqa: E402
from environment import ROOT, WEB_USER  # noqa: E402
from processes import wait_until  # noqa: E402
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

TOKEN = "a-token-for-prometheus-0123456789"
site = Site(gates=3)
site.open()
LOG_FOLDER = site.folder + "/access"
LOG = LOG_FOLDER + "/access.json"
os.mkdir(LOG_FOLDER, 0o700)
if ROOT:
    os.chown(LOG_FOLDER, pwd.getpwnam(WEB_USER).pw_uid, -1)
# What a name may hold, and what would break a line of either format.
NAME = 'q"uo\\te {a="b"} 1'
api = site.make_api(NAME, listen_path="/mtls-api/", rate={"limit": 1000000, "per_seconds": 1})
plain = site.make_api("plain")
cert = site.make_cert("known")
key = site.make_key("key", cert, api, token=True)


def restart(**env):
    site.stop_programs()
    site.start_programs({**os.environ, **env})
    site.wait_ready()


def token_file(text):
    path = site.home + "/keys/metrics.token"
    if text is None:
        os.unlink(path)
        return
    with open(path, "w", encoding="ascii") as out:
        out.write(text)
    if ROOT:
        os.chown(path, pwd.getpwnam(WEB_USER).pw_uid, -1)


def metrics(*args):
    """{(name, labels): value}, after the library's own reading."""
    answer = site.curl("/metrics", *args)
    if answer.status != 200:
        raise RuntimeError(repr(answer))
    found = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            at = (sample.name, tuple(sorted(sample.labels.items())))
            if at in found:
                raise RuntimeError(f"{at} is there twice")
            found[at] = sample.value
    return found


def value(found, name, **labels):
    return sum(v for (n, of), v in found.items()
               if n == name and labels.items() <= dict(of).items())


with case("off"):
    answers = [site.curl("/metrics"), site.curl("/metrics", "-H", f"Authorization: Bearer {TOKEN}")]
    is_eq([outcome(x) for x in answers], [(404, "api_not_found")] * 2, "as if it were not there")
    is_eq(outcome(site.curl("/metrics", "-X", "POST")), (404, "api_not_found"), "for POST, too")

with case("by token"):
    token_file("short\n")
    is_eq(outcome(site.curl("/metrics", "-H", "Authorization: Bearer short")),
          (401, "credential_missing"), "a token that can be guessed is none")
    token_file(TOKEN + "\n")
    is_eq(outcome(site.curl("/metrics", "-H", f"Authorization: Bearer {TOKEN}")), 200, "lets in")
    for wrong in (TOKEN + "x", TOKEN[:-1], "", TOKEN.upper()):
        is_eq(outcome(site.curl("/metrics", "-H", f"Authorization: Bearer {wrong}")),
              (401, "credential_missing"), f"not with {wrong!r}")
    answer = site.curl("/metrics", cert=cert)
    is_eq(outcome(answer), (401, "credential_missing"), "a client's certificate is no token for it")
    like(answer.headers.get("www-authenticate"), "^Bearer ", "as the challenge says")

with case("by address"):
    restart(CERTGATE_METRICS_ALLOW="192.0.2.0/24, 127.0.0.1,::1")
    is_eq(outcome(site.curl("/metrics")), (401, "credential_missing"), "beside a token: both")
    is_eq(outcome(site.curl("/metrics", "-H", f"Authorization: Bearer {TOKEN}")), 200, "with both")
    token_file(None)
    is_eq(outcome(site.curl("/metrics")), 200, "alone")
    got = site.fcgi({"REQUEST_URI": "/metrics", "REMOTE_ADDR": "198.51.100.7"})
    is_eq(got.status, 403, "another address")
    got = site.fcgi({"REQUEST_URI": "/metrics"}, proof=False)
    is_eq(got.status, 403, "an address without the web server's proof is anybody's word")
    is_eq(outcome(site.curl("/metrics", "-X", "POST")), (404, "api_not_found"), "only GET")
    answer = site.curl("/metrics")
    like(answer.headers.get("content-type"), r"^text/plain; version=0\.0\.4", "Content-Type")
    is_eq(answer.headers.get("cache-control"), "no-store", "not to be cached")
    restart(CERTGATE_METRICS_ALLOW="127.0.0.1", CERTGATE_ACCESS_LOG=LOG)

with case("what is told"):
    before = metrics()
    for _ in range(5):
        site.curl("/mtls-api/x", cert=cert)
    for _ in range(3):
        site.curl("/mtls-api/x?up=status:500", cert=cert)
    for _ in range(4):
        site.curl('/mtls-api/y"}evil', "-H", 'Authorization: Bearer evil"} 1')
    site.curl('/nowhere/evil"}')
    # A client may have its answer before it is counted, and before it is no more under way.
    after = wait_until(lambda: (now := metrics()) and value(now, "certgate_requests_total") -
                       value(before, "certgate_requests_total") >= 13 and
                       value(now, "certgate_requests_in_flight") == 1 and now, "the counts")

    def grown(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    total = "certgate_requests_total"
    is_eq(grown(total, api=NAME, api_id=api["id"], status="2xx", code=""), 5, "passed")
    is_eq(grown(total, api=NAME, status="5xx", code=""), 3, "the upstream's errors")
    is_eq(grown(total, api=NAME, status="4xx", code="credential_missing") +
          grown(total, api=NAME, status="4xx", code="credential_unknown"), 4, "refused")
    is_eq(grown(total, api="", status="4xx", code="api_not_found"), 1, "no API")
    is_eq(grown(total), 13, "and nothing else")
    for name, n in (("request", 12), ("upstream", 8), ("own", 12)):
        name = f"certgate_{name}_duration_seconds"
        is_eq(grown(name + "_count", api=NAME), n, f"{name}: how many")
        is_eq(grown(name + "_bucket", api=NAME, le="+Inf"), n, f"{name}: the last bucket has all")
        bounds = sorted((float(dict(of)["le"]), v) for (n2, of), v in after.items()
                        if n2 == name + "_bucket" and dict(of)["api"] == NAME)
        ok(len(bounds) > 10 and bounds[-1][0] == math.inf and
           all(x[1] <= y[1] for x, y in zip(bounds, bounds[1:])), f"{name}: buckets grow")
        ok(grown(name + "_sum", api=NAME) > 0, f"{name}: a sum")
    is_eq(value(after, "certgate_gates"), 3, "how many gates")
    is_eq(value(after, "certgate_requests_in_flight"), 1, "this request alone is under way")
    is_eq(value(after, "certgate_store_recoveries_total"), 0, "no recovery")
    is_eq((value(after, "certgate_requests_counted_as_other_total"),
           value(after, "certgate_requests_not_counted_total")), (0, 0), "all found room")
    generation = value(after, "certgate_generation")
    site.rest("PATCH", "/keys/" + key["id"], {"tags": ["x"]})
    ok(value(metrics(), "certgate_generation") != generation, "the generation moves")
    unlike(site.curl("/metrics").body, "evil|/x|nowhere|" + key["id"] + "|" + cert.sha256,
           "nothing of clients")

with case("gates that die"):
    held = []
    for _ in range(4):
        sock = site.tls(cert)
        sock.sendall(b"GET /mtls-api/x?up=slow:600 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        held.append(sock)
    wait_until(lambda: value(metrics(), "certgate_requests_in_flight") == 5, "four under way")
    ok(True, "requests under way are told, over all gates")
    count = value(metrics(), "certgate_requests_total", api=NAME, status="2xx")
    site.kill(*site.pids("gate"))
    wait_until(lambda: site.curl("/readyz").status == 200 and len(site.pids("gate")) == 3,
               "the gates")
    # Web servers may send it once more to the next gate.
    for sock in held:
        sock.close()
    wait_until(lambda: value(metrics(), "certgate_requests_in_flight") == 1, "the dead")
    ok(True, "what the dead had under way is not")
    is_eq(value(metrics(), "certgate_requests_total", api=NAME, status="2xx"), count,
          "what was counted stays")


def jq(program, *files):
    """Of whole lines: one that is being written has no end yet."""
    lines = b""
    for path in files or [LOG]:
        with open(path, "rb") as log:
            text = log.read()
        lines += text[:text.rfind(b"\n") + 1]
    done = subprocess.run(["jq", "-c", program], input=lines.decode(), capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def logged(answer, *files):
    """The line of an answer."""
    id_ = answer.headers.get("x-request-id")
    return wait_until(lambda: jq(f'select(.request_id == "{id_}")', *files), "its line")[0]


def secret(text):
    return base64.b64encode(text.encode()).decode()


with case("access log"):
    answer = site.curl("/mtls-api/orders?token=" + "s3cret-in-query", "-H", "Cookie: a=s3cret-cookie",
                       "-H", "X-Secret: s3cret-header", cert=cert, data=b"s3cret-body")
    line = logged(answer)
    is_eq({n: line[n] for n in ("api", "api_id", "key_id", "method", "path", "status", "code",
                                "bytes_in", "address", "site")},
          {"api": NAME, "api_id": api["id"], "key_id": key["id"], "method": "POST",
           "path": "/mtls-api/orders", "status": 200, "code": "", "bytes_in": 11,
           "address": "127.0.0.1", "site": "main"}, "what, by whom, how")
    is_eq(line["bytes_out"], len(answer.body), "bytes that went out")
    ok(0 < line["upstream_ms"] <= line["duration_ms"], "how long") or diag(line)
    like(line["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "when")
    line = logged(site.curl("/mtls-api/x", "-H", "Authorization: Bearer s3cret-token-s3cret-token"))
    is_eq((line["key_id"], line["status"], line["code"], line["upstream_ms"]),
          ("", 403, "credential_unknown", None), "a refusal")
    line = logged(site.curl("/metrics-not"))
    is_eq((line["api"], line["code"]), ("", "api_not_found"), "no API")
    site.curl("/healthz")
    wait_until(lambda: jq('select(.path == "/healthz")'), "health")
    for path in ('/mtls-api/a"b', "/mtls-api/%0a%22", "/mtls-api/" + "x" * 5000, "/mtls-api/\\",
                 "/mtls-api/../x"):
        answer = site.curl(path, cert=cert)
        if answer.headers.get("x-request-id"):
            line = logged(answer)
            ok(len(line["path"]) <= 1027, f"{path[:20]}: is one line")
    got = site.fcgi({"REQUEST_URI": "/mtls-api/\xff\xfe\x1b[31m\n{\"status\":1}",
                     "REQUEST_METHOD": "GET"})
    ok(got.status == 400 and jq("."), "bytes that are no text leave it whole")
    got = site.fcgi({"REQUEST_URI": "/mtls-api/../bad?token=s3cret-in-a-bad-target"})
    is_eq(got.status, 400, "a target that makes no sense")
    wait_until(lambda: jq('select(.path == "/mtls-api/../bad")'), "its line")
    got = site.fcgi({"REQUEST_URI": "/mtls-api/x", "CERTGATE_SITE": "spoofed",
                     "REMOTE_ADDR": "192.0.2.9"}, proof=False)
    wait_until(lambda: not jq('select(.site == "spoofed" or .address == "192.0.2.9")') and
               jq('select(.site == "" and .path == "/mtls-api/x")'), "the line")
    ok(True, "without the proof neither site nor address")
    with open(LOG, encoding="utf-8") as text:
        unlike(text.read(), "s3cret|" + key["token"] + "|" + secret("s3cret")[:7], "no secrets")
    is_eq(os.stat(LOG).st_mode & 0o777, 0o600, "nobody else can read it")

with case("rotation"):
    os.rename(LOG, LOG + ".1")
    answer = site.curl("/mtls-api/rotated", cert=cert)
    ok(logged(answer, *[LOG] if wait_until(lambda: os.path.exists(LOG), "a new file") else []),
       "goes on in a new file")
    answers = [site.curl("/mtls-api/many", cert=cert) for _ in range(30)]
    wait_until(lambda: len(jq('select(.path == "/mtls-api/many")', LOG, LOG + ".1")) >= 30,
               "the lines")
    is_eq(sorted(x["request_id"] for x in jq('select(.path == "/mtls-api/many")', LOG)),
          sorted(x.headers.get("x-request-id") for x in answers), "each request once")
    site.stop_programs()
    is_eq(len(jq('select(.path == "/mtls-api/many")', LOG)), 30, "all of it is there at the end")
    site.start_programs({**os.environ, "CERTGATE_METRICS_ALLOW": "127.0.0.1",
                         "CERTGATE_ACCESS_LOG": LOG_FOLDER + "/pipe"})

with case("a log that cannot be written"):
    os.mkfifo(LOG_FOLDER + "/pipe")
    if ROOT:
        os.chown(LOG_FOLDER + "/pipe", pwd.getpwnam(WEB_USER).pw_uid, -1)
    site.wait_ready()
    is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "nobody reads the pipe")
    # Somebody opened it and does not read: its 64 kB are soon full.
    pipe = os.open(LOG_FOLDER + "/pipe", os.O_RDONLY | os.O_NONBLOCK)
    sock = site.tls(cert)
    statuses = set()
    for _ in range(90):
        sock.sendall(f"GET /mtls-api/{'x' * 1500} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        statuses.add(read_answer(sock).status)
    is_eq(statuses, {200}, "nor reads from it: requests go on")
    sock.close()
    os.close(pipe)
    restart(CERTGATE_ACCESS_LOG="/dev/full")
    is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "a full disk")
    wait_until(lambda: "access_log_lost" in open(site.logs + "/supervise.log", encoding="utf-8",
                                                 errors="replace").read(), "the program's log")
    ok(True, "the program's log says so")

with case("syslog"):
    restart(CERTGATE_ACCESS_LOG="syslog")
    is_eq(site.curl("/mtls-api/x", cert=cert).status, 200, "a request goes on")

with case("settings that make no sense"):
    site.stop_programs()
    for name, wrong in (("CERTGATE_METRICS_ALLOW", "127.0.0.1,somewhere"),
                        ("CERTGATE_ACCESS_LOG", "relative/path")):
        like(site.refused_start({name: wrong}), name + " in the environment takes .*" + wrong,
             f"{name}: nothing starts, and it is told why")
        is_eq(site.curl("/mtls-api/x", cert=cert).status, 503, f"{name}: nobody is let in")

done_testing()
