#!/usr/bin/python3
"""What was called adds up: 10,000 mixed requests over several gates equal the counts by API, key, status
and code, after everything has ended and the run folder is gone; killed gates take back nothing and count
nothing twice; what a key used, and notices of quotas and ends of keys, each once."""
import concurrent.futures
import contextlib
import datetime
import json
import os
import random
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

CLIENTS, CALLS = 16, 10000
# Apache's own limits of 100 requests and 5 seconds would end the connections.
site = Site(gates=3, extra="MaxKeepAliveRequests 0\n  KeepAliveTimeout 120")
site.open()
rest, api = site.must, site.make_api


def key(name, *apis, **members):
    return site.make_key(name, token=True, apis=apis, **members)


def stamp(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def usage(**parameters):
    parameters.setdefault("from", stamp(time.time() - 7200))
    query = "&".join(f"{n}={v}" for n, v in parameters.items())
    return rest("GET", "/usage?" + query)["items"]


def by(member, **parameters):
    """requests of each group, over all spans."""
    found = {}
    name = {"api": "api_id", "key": "key_id"}.get(member, member)
    for item in usage(group_by=member, **parameters):
        found[item[name]] = found.get(item[name], 0) + item["requests"]
    return found


class Client:
    """Calls on one connection."""

    def __init__(self):
        self.sock, self.fault = None, None

    def call(self, token, path, method="GET"):
        """None: no answer came."""
        field = f"Authorization: Bearer {token}\r\n" if token else ""
        try:
            if not self.sock:
                self.sock = site.tls()
            self.sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{field}"
                              "\r\n".encode())
            answer = read_answer(self.sock, method)
            # Apache ends the connection after some of these, not always saying so.
            if answer.status >= 400 and answer.status not in (401, 403, 404):
                self.close()
            if answer.status:
                return answer
            self.fault = answer
        except OSError as fault:
            self.fault = fault
        self.close()
        return None

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


def send(calls, killed=False):
    """Sends all, by all clients together; how often each (status, code) came."""
    left, lock, found = iter(calls), threading.Lock(), {}

    def work():
        client = Client()
        while True:
            with lock:
                one = next(left, None)
            if one is None:
                break
            answer = client.call(*one)
            if answer is None and not killed:
                raise RuntimeError(f"no answer to {one}: {client.fault!r}")
            what = None
            if answer is not None:
                problem = answer.headers.get("content-type") == "application/problem+json"
                what = (answer.status, answer.json()["code"] if problem else "")
            with lock:
                found[what] = found.get(what, 0) + 1
        client.close()

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work) for _ in range(CLIENTS)]:
            done.result()
    return found


a, b, slow = api("a"), api("b"), api("slow")
k1 = key("one", a, b, slow)
k2 = key("two", access=[{"api_id": a["id"], "methods": ["GET"], "paths": ["/ok/*", "/ok"]}])
limited = key("limited", a, rate={"limit": 50, "per_seconds": 3600})

# What is called, how often in a hundred, and what has to be counted.
MIX = [
    (30, (k1["token"], "/a/x"), (a, k1, 200, "")),
    (12, (k1["token"], "/b/x"), (b, k1, 200, "")),
    (5, (k1["token"], "/b/x?up=status:503"), (b, k1, 503, "")),
    (5, (k1["token"], "/a/x?up=status:404"), (a, k1, 404, "")),
    (3, (k1["token"], "/a/x", "HEAD"), (a, k1, 200, "")),
    (15, (k2["token"], "/a/ok/1"), (a, k2, 200, "")),
    (5, (k2["token"], "/a/other"), (a, k2, 403, "path_not_allowed")),
    (3, (k2["token"], "/a/ok", "DELETE"), (a, k2, 403, "method_not_allowed")),
    (3, (k2["token"], "/b/x"), (b, k2, 403, "access_denied")),
    (6, ("a-token-that-nobody-ever-got-from-us", "/a/x"), (a, None, 403, "credential_unknown")),
    (5, (None, "/a/x?key=" + "k" * 26), (a, None, 401, "credential_missing")),
    (4, (k1["token"], "/nowhere"), (None, None, 404, "api_not_found")),
    (1, (k1["token"], "/a/x?up=close"), (a, k1, 502, "upstream_invalid")),
    (3, (None, "/healthz"), None),
]


def expected(member):
    found = {}
    for percent, _, counted in MIX:
        if counted is None:
            continue
        of_api, of_key, status, code = counted
        value = {"api": of_api["id"] if of_api else "", "key": of_key["id"] if of_key else "",
                 "status": status, "code": code}[member]
        found[value] = found.get(value, 0) + percent * CALLS // 100
    return found


with case(f"{CALLS} mixed requests"):
    is_eq(sum(m[0] for m in MIX), 100, "the mix is whole")
    calls = [call for percent, call, _ in MIX for _ in range(percent * CALLS // 100)]
    random.Random(6).shuffle(calls)
    answers = send(calls)
    is_eq(sum(answers.values()), CALLS, "all are answered")
    status_seen = {}
    for (status, _), n in answers.items():
        status_seen[status] = status_seen.get(status, 0) + n
    status_seen[200] -= 3 * CALLS // 100  # /healthz
    # A client may have its answer before it is counted.
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: sum(by("status").values()) >= 97 * CALLS // 100, "the counts")
    is_eq(by("status"), status_seen, "while the gates run: by status, as clients saw it")
    site.stop_programs()
    # What a reboot does: what counts now is in the store.
    for name in os.listdir(site.home + "/run"):
        os.unlink(f"{site.home}/run/{name}")
    site.start_programs()
    site.wait_ready()
    for member in ("api", "key", "status", "code"):
        is_eq(by(member), expected(member), f"after the end of everything: by {member}")
        for step in ("minute", "hour", "day"):
            # The day before, too: midnight may just have passed.
            is_eq(by(member, step=step, **{"from": stamp(time.time() - 90000)}), expected(member),
                  f"the same by {step}")
    is_eq(by("status", key_id=k2["id"]), {200: 1500, 403: 1100}, "of one key")
    is_eq(by("code", api_id=b["id"]), {"": 1700, "access_denied": 300}, "of one API")
    whole = usage()
    is_eq(len(whole), 1, "without a step: one sum")
    is_eq((whole[0]["requests"], whole[0]["refused"], whole[0]["upstream_errors"]),
          (9700, 2600, 600), "requests, refused, errors of the upstream")
    for part in ("latency_ms", "upstream_ms", "own_ms"):
        p = whole[0][part]
        ok(0 <= p["p50"] <= p["p95"] <= p["p99"], f"{part}: percentiles in order") or diag(p)
    is_eq([x["upstream_ms"] for x in usage(group_by="code") if x["code"] == "access_denied"],
          [{"p50": None, "p95": None, "p99": None}], "what was not passed on has no upstream part")
    is_eq(usage(**{"from": stamp(time.time() - 7200), "to": stamp(time.time() - 3600)}), [],
          "nothing an hour ago")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")

with case("when a key was used"):
    record = rest("GET", "/keys/" + k1["id"])
    now = time.time()
    for member in ("first_used_at", "last_used_at"):
        ok(record[member] and stamp(now - 3600) < record[member] <= stamp(now),
           f"{member} is told") or diag(record)
    # Uses are known to the minute, which has begun before the key was made.
    ok(record["created_at"] <= record["first_used_at"] <= record["last_used_at"],
       "not before it was made") or diag(record)
    record = rest("GET", "/keys/" + limited["id"])
    is_eq((record["first_used_at"], record["last_used_at"], record["revision"]), (None, None, 1),
          "null for one that was not used")
    is_eq(rest("GET", "/keys/" + k1["id"])["revision"], 1, "and it is no new revision")

with case("when a credential was used"):
    cert = site.make_cert("two")
    both = key("both", a, certificate=cert.pem)
    path = f"/keys/{both['id']}/credentials"
    next_one = rest("POST", path, {"token": True}, 201)
    closed = key("closed", certificate=site.make_cert("closed").pem)

    def uses(of):
        return {c["sha256"]: (c["first_used_at"], c["last_used_at"], c["revision"])
                for c in rest("GET", f"/keys/{of['id']}/credentials")["items"]}
    is_eq(set(uses(both).values()), {(None, None, 1)}, "null for those that were not used")
    client = Client()
    is_eq(client.call(closed["token"], "/a/x").status, 403, "a call that is refused")
    client.close()
    is_eq(site.curl("/a/x", "-H", f"Authorization: Bearer {both['token']}", cert=cert).status, 200,
          "a call with two credentials")
    told = wait_until(lambda: [u for u in uses(both).values() if u[0]][1:] and uses(both), "their use")
    for sha256, (first, last, revision) in told.items():
        if sha256 == next_one["sha256"]:
            is_eq((first, last, revision), (None, None, 1), "not that of the third one")
        else:
            ok(both["created_at"] <= first <= last <= stamp(time.time()) and revision == 1,
               f"{sha256[:4]}: after it was added, and no new revision") or diag(told)
    page = owner(site).get("/admin/keys/" + both["id"])
    cells = re.findall(r'data-label="Last used"[^>]*>(<time|never)', page.html)
    is_eq(sorted(cells), ["<time", "<time", "never"], "its page tells of each")
    is_eq(client.call(next_one["token"], "/a/x").status, 200, "a call with the third")
    client.close()
    wait_until(lambda: uses(both)[next_one["sha256"]][0], "its use")
    # What was noted before is saved before, or with it.
    is_eq(set(uses(closed).values()), {(None, None, 1)}, "no use of those whose call was refused")

with case("slow upstreams"):
    client = Client()
    ok(client.call(k1["token"], "/slow/x?up=slow:0.6"), "a slow call")
    client.close()
    item = wait_until(lambda: [x for x in usage(api_id=slow["id"], step="minute")
                               if (x["latency_ms"]["p50"] or 0) > 400], "the slow call")[0]
    ok(item["upstream_ms"]["p50"] > 400, "it is the upstream's part that is slow") or diag(item)

with case("gates are killed in between"):
    k = key("killed", a)
    before = by("key").get(k["id"], 0)
    stop, kills = threading.Event(), [0]

    def killer():
        while not stop.wait(0.15):
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(site.pids("gate")), signal.SIGKILL)
                kills[0] += 1

    thread = threading.Thread(target=killer)
    thread.start()
    answers = send([(k["token"], "/a/x")] * 2000, killed=True)
    stop.set()
    thread.join()
    wait_until(lambda: len(site.pids("gate")) == 3 and site.curl("/readyz").status == 200,
               "the gates")
    site.stop_programs()
    site.start_programs()
    site.wait_ready()
    ok(kills[0] > 0, f"{kills[0]} kills")
    counted = by("status", key_id=k["id"])
    # A gate that dies between the answer's last byte and the count loses what it had under way; one
    # that dies between the count and the answer has counted what nobody saw.
    passed = answers.get((200, ""), 0)
    ok(before == 0 and passed - kills[0] * CLIENTS <= counted[200] <= 2000,
       f"{passed} answered, {counted[200]} counted") or diag(answers, counted)
    is_eq({s for s in counted if s != 200} - {503}, set(), "nothing that never was")
    again = by("status", key_id=k["id"])
    site.stop_programs()
    site.start_programs()
    site.wait_ready()
    is_eq(by("status", key_id=k["id"]), again, "and it stays so")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")


def audit(action, subject):
    return [x for x in rest("GET", f"/audit?limit=500&q={action}")["items"]
            if x["action"] == action and x["subject_id"] == subject]


with case("a quota that is used up"):
    k = key("quota", a, b, quota={"limit": 5, "period": "day"})
    client = Client()
    got = [client.call(k["token"], "/a/x").status for _ in range(4)]
    item = wait_until(lambda: [x for x in usage(group_by="key")
                               if x["key_id"] == k["id"] and x["requests"] == 4], "the counts")[0]
    is_eq(got, [200] * 4, "four calls")
    is_eq({n: item["quota"][n] for n in ("limit", "used", "remaining")},
          {"limit": 5, "used": 4, "remaining": 1}, "are told")
    ok(stamp(time.time() + 80000) < item["quota"]["resets_at"] <= stamp(time.time() + 86400),
       "with the end of the period")
    is_eq(audit("quota.reached", k["id"]), [], "nothing to tell of yet")
    got = [client.call(k["token"], "/b/x").status for _ in range(4)]
    is_eq(got, [200, 403, 403, 403], "the rest")
    told = wait_until(lambda: audit("quota.reached", k["id"]), "the entry of the audit")
    for _ in range(3):
        client.call(k["token"], "/a/x")
        usage()  # brings the counts
    client.close()
    site.stop_programs()
    site.start_programs()
    site.wait_ready()
    usage()
    is_eq(len(audit("quota.reached", k["id"])), 1, "told once")
    is_eq((told[0]["actor"], told[0]["subject_name"], json.loads(told[0]["changes"])["limit"]),
          ("certgate", "quota", 5), "by whom, of whom, and what")
    is_eq([x["quota"] for x in usage(group_by="key") if x["key_id"] in (k1["id"], "")],
          [None, None], "null where there is none")

with case("keys that end"):
    def ending(name, days, **members):
        return site.make_key(name, expires_at=stamp(time.time() + days * 86400 + 600), **members)

    rest("POST", "/policies", {"name": "short", "applies": ["access"], "key_lifetime_days": 5,
                               "access": [{"api_id": a["id"]}]}, 201)
    keys = {"40 days": ending("40", 40), "20 days": ending("20", 20), "10 days": ending("10", 10),
            "hours": ending("0", 0), "off": ending("off", 3, active=False),
            "by policy": site.make_key("policy", policy_ids=["short"]),
            "soon": site.make_key("soon", expires_at=stamp(time.time() + 15))}
    wait_until(lambda: stamp(time.time()) > keys["soon"]["expires_at"], "the end of a key")

    def round_of_all():
        done = site.certgate("steward")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    round_of_all()
    round_of_all()

    def told(name):
        # A round of the gates' own may have come while it had not ended.
        return [(x["action"], json.loads(x["changes"]).get("within_days"))
                for action in ("key.ends_soon", "key.expired")
                for x in audit(action, keys[name]["id"])
                if name != "soon" or action == "key.expired"]

    is_eq({n: told(n) for n in keys},
          {"40 days": [], "20 days": [("key.ends_soon", 30)], "10 days": [("key.ends_soon", 14)],
           "hours": [("key.ends_soon", 1)], "off": [], "by policy": [("key.ends_soon", 7)],
           "soon": [("key.expired", None)]}, "each is told of, once")
    rest("PATCH", "/keys/" + keys["20 days"]["id"],
         {"expires_at": stamp(time.time() + 13 * 86400)})
    round_of_all()
    is_eq(told("20 days"), [("key.ends_soon", 14), ("key.ends_soon", 30)], "another end is news")
    # A certificate ends by itself, a token where somebody said so.
    holder = site.make_key("holder", site.make_cert("ten-days", days=10), a, token=True)
    digests = {c["type"]: c["sha256"] for c in holder["credentials"]}
    round_of_all()
    round_of_all()

    def told_credentials():
        return {(x["action"], c["sha256"], c.get("within_days"))
                for action in ("credential.ends_soon", "credential.expired")
                for x in audit(action, holder["id"]) for c in [json.loads(x["changes"])]}

    is_eq(told_credentials(), {("credential.ends_soon", digests["certificate"], 14)},
          "a certificate that ends")
    rest("PATCH", f"/keys/{holder['id']}/credentials/{digests['token']}",
         {"ends_at": stamp(time.time() + 6 * 86400)})
    round_of_all()
    is_eq(told_credentials(), {("credential.ends_soon", digests["certificate"], 14),
                               ("credential.ends_soon", digests["token"], 7)}, "a token that ends")
    is_eq(len(audit("credential.ends_soon", holder["id"])), 2, "once each")
    is_eq(site.certgate("verify").returncode, 0, "the audit's chain is whole")

with case("page by page"):
    holders = [key(f"pages {n}", b) for n in range(7)]
    for one in holders:
        site.curl("/b/x", "-H", "Authorization: Bearer " + one["token"])
    begin = stamp(time.time() - 7200)
    names = {k["id"] for k in holders}
    wait_until(lambda: names <= set(by("key")), "the counts")

    def pages(query, limit):
        """All items, as pages of that many."""
        found, cursor = [], ""
        while cursor is not None:
            got = rest("GET", f"/usage?{query}&limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            cursor = got["next"]
            if len(got["items"]) > limit or (cursor is not None and len(got["items"]) < limit):
                return f"a page of {len(got['items'])}"
            found += got["items"]
        return found

    end = stamp(time.time() + 1)
    for group in ("group_by=key", "group_by=key&step=hour", "group_by=code", "group_by=status",
                  "group_by=api&step=minute", "step=minute", ""):
        query = f"from={begin}&to={end}&{group}"
        whole = rest("GET", f"/usage?{query}&limit=500")
        is_eq(whole["next"], None, f"{group}: all fit on a page of 500")
        for limit in (1, 3, 500):
            is_eq(pages(query, limit), whole["items"], f"{group}: the same by {limit}")
    # Without a time: each page is of the time of the first one.
    for group in ("group_by=key", ""):
        whole = rest("GET", f"/usage?{group}&limit=500")["items"]
        of_pages = pages(group, 2)
        is_eq([(x.get("key_id"), x["requests"]) for x in of_pages],
              [(x.get("key_id"), x["requests"]) for x in whole], f"{group}: of the last day")
        is_eq(len({x["at"] for x in of_pages}), 1, "and all of one time")

with case("questions that make no sense"):
    for query, status in (("step=week", 422), ("group_by=method", 422), ("from=yesterday", 422),
                          ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
                          ("since=2026-01-02T00:00:00Z", 400), ("q=x", 400), ("limit=0", 422),
                          ("limit=501", 422), ("cursor=x", 422), ("cursor=1.2.3", 422),
                          ("cursor=2.1.1.0.", 422), ("cursor=1.99999999999999.1.0.", 422)):
        is_eq(site.rest("GET", "/usage?" + query).status, status, query)
    is_eq(site.rest("GET", "/usage?from=2026-01-02T00:00:00%2B02:00").status, 200, "an offset")
    is_eq(site.rest("GET", "/usage?from=2026-01-02T00:00:00+02:00").status, 200,
          "an offset whose plus was not escaped")

done_testing()
