#!/usr/bin/python3
"""Rate, quota and calls under way, over several gates at once: exactly the limit passes, whatever is
killed in between; what is told to clients is true; what was used is remembered."""
import concurrent.futures
import contextlib
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
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

CLIENTS, CALLS, LIMIT = 32, 400, 100
# Apache's own limits of 100 requests and 5 seconds would end the connections.
site = Site(gates=3, extra="MaxKeepAliveRequests 0\n  KeepAliveTimeout 120")
site.open()
rest, api = site.must, site.make_api


def key(name, *apis, **members):
    return site.make_key(name, token=True, apis=apis, **members)


class Client:
    """Calls on one connection; (status, code, fields) of each."""

    def __init__(self, token):
        self.token, self.sock = token, None

    def call(self, path):
        for _ in range(50):
            try:
                if not self.sock:
                    self.sock = site.tls()
                self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                                  f"{self.token}\r\n\r\n".encode())
                answer = read_answer(self.sock)
                if answer.status:
                    return answer
            except OSError:
                pass
            self.close()
        raise RuntimeError("no answer")

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


def code(answer):
    return answer.status if answer.status in (200, 500) else json.loads(answer.body)["code"]


def many(token, path, calls=CALLS):
    """Answers to so many calls by all clients together."""
    left = iter(range(calls))
    lock, answers = threading.Lock(), []

    def work():
        client = Client(token)
        while True:
            with lock:
                if next(left, None) is None:
                    break
            answer = client.call(path)
            with lock:
                answers.append(answer)
        client.close()

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work) for _ in range(CLIENTS)]:
            done.result()
    return answers


def counts(answers):
    found = {}
    for answer in answers:
        found[code(answer)] = found.get(code(answer), 0) + 1
    return found


def field(answer, name):
    return answer.headers.get(name)


a, b = api("a"), api("b")

with case(f"{CLIENTS} clients, {CALLS} calls, {LIMIT} in 600 s"):
    k = key("rate", a, b, rate={"limit": LIMIT, "per_seconds": 600})
    answers = many(k["token"], "/a/x")
    is_eq(counts(answers), {200: LIMIT, "rate_limited": CALLS - LIMIT}, "exactly the limit passes")
    refused = [x for x in answers if x.status != 200]
    is_eq({x.status for x in refused}, {429}, "with 429")
    waits = {int(field(x, "retry-after")) for x in refused}
    ok(waits and 0 < min(waits) and max(waits) <= 600, "and a Retry-After, of the window at most") or diag(waits)
    is_eq({json.loads(x.body)["error"] for x in refused}, {"Rate Limit Exceeded"},
          "with Tyk's text")
    is_eq({field(x, "ratelimit-policy") for x in answers}, {f'"key";q={LIMIT};w=600'},
          "the policy is told to all")
    left = sorted(int(re.search(r'"key";r=(\d+)', field(x, "ratelimit")).group(1))
                  for x in answers if x.status == 200)
    is_eq(left, list(range(LIMIT)), "and to each that passed how many are left")
    is_eq(code(Client(k["token"]).call("/b/x")), "rate_limited", "counted over all APIs of the key")
    rest("PATCH", "/keys/" + k["id"], {"rate": {"limit": LIMIT + 3, "per_seconds": 600}})
    is_eq(counts(many(k["token"], "/a/x", 20)), {200: 3, "rate_limited": 17},
          "a larger limit holds from the next call; what was counted stays")
    rest("PATCH", "/keys/" + k["id"], {"rate": None})
    answer = Client(k["token"]).call("/a/x")
    is_eq((code(answer), field(answer, "ratelimit"), field(answer, "ratelimit-policy")),
          (200, None, None), "without a limit nothing is told")

with case("the wait that is told is enough"):
    k = key("short", a, rate={"limit": 3, "per_seconds": 2})
    client = Client(k["token"])
    for _ in range(2):
        # As many as come before one is refused: on a slow machine, more than three.
        answer = wait_until(lambda: (x := client.call("/a/x")).status == 429 and x, "a refusal")
        seconds = int(field(answer, "retry-after"))
        ok(1 <= seconds <= 2, f"Retry-After: {seconds}")
        time.sleep(seconds)  # what a client does that believes it
        is_eq(code(client.call("/a/x")), 200, "then a call passes")

with case("quota"):
    k = key("quota", a, b, quota={"limit": LIMIT, "period": "day"})
    answers = many(k["token"], "/a/x")
    is_eq(counts(answers), {200: LIMIT, "quota_exceeded": CALLS - LIMIT},
          "exactly the quota passes")
    refused = [x for x in answers if x.status != 200]
    is_eq({x.status for x in refused}, {403}, "with 403")
    is_eq({json.loads(x.body)["error"] for x in refused}, {"Quota exceeded"},
          "with Tyk's text")
    is_eq({field(x, "x-ratelimit-limit") for x in answers}, {str(LIMIT)}, "X-RateLimit-Limit")
    is_eq(sorted(int(field(x, "x-ratelimit-remaining")) for x in answers if x.status == 200),
          list(range(LIMIT)), "X-RateLimit-Remaining")
    resets = {int(field(x, "x-ratelimit-reset")) for x in answers}
    now = time.time()
    is_eq(len(resets), 1, "X-RateLimit-Reset is one time")
    ok(now + 86400 - 600 < min(resets) <= now + 86400, "a day after the first call")
    ok(all(0 < int(field(x, "retry-after")) <= 86400 for x in refused), "Retry-After")
    is_eq(code(Client(k["token"]).call("/b/x")), "quota_exceeded", "over all APIs of the key")

with case("explain"):
    done = site.certgate("explain", "--token-stdin", "--url", "/a/x", stdin=k["token"])
    like(done.stdout, r"NO +limits +The key has used its quota of 100 calls", "says why")
    like(done.stdout, "refused: 403 quota_exceeded", "as the gate does")
    fresh = key("fresh", a, quota={"limit": 2, "period": "day"}, rate={"limit": 9, "per_seconds": 9})
    for _ in range(5):
        done = site.certgate("explain", "--token-stdin", "--url", "/a/x", stdin=fresh["token"])
    like(done.stdout, r"(?s)ok +limits .*allowed", "a key that has some left")
    is_eq(field(Client(fresh["token"]).call("/a/x"), "x-ratelimit-remaining"), "1",
          "and counts nothing")

with case("what a refused call does not use up"):
    k = key("both", a, rate={"limit": 5, "per_seconds": 3600},
            quota={"limit": 100, "period": "month"})
    answers = many(k["token"], "/a/x", 50)
    is_eq(counts(answers), {200: 5, "rate_limited": 45}, "the rate refuses")
    is_eq({field(x, "x-ratelimit-remaining") for x in answers if x.status != 200}, {"95"},
          "the quota was used by those that passed")
    rest("PATCH", "/keys/" + k["id"], {"rate": None, "active": False})
    is_eq(code(Client(k["token"]).call("/a/x")), "key_inactive", "refused for another reason")
    rest("PATCH", "/keys/" + k["id"], {"active": True})
    is_eq(field(Client(k["token"]).call("/a/x"), "x-ratelimit-remaining"), "94",
          "neither did that use it up")
    is_eq(field(Client(k["token"]).call("/a/x?up=status:500"), "x-ratelimit-remaining"), "93",
          "whatever the upstream answers")

with case("by API"):
    k = key("separate", access=[{"api_id": a["id"], "separate": True}, {"api_id": b["id"]}],
            rate={"limit": 4, "per_seconds": 3600})
    is_eq([counts(many(k["token"], f"/{x}/x", 10))[200] for x in "ab"], [4, 4],
          "separate: its own counters")
    k = key("narrow", access=[{"api_id": a["id"], "rate": {"limit": 2, "per_seconds": 3600},
                               "quota": {"limit": 50, "period": "week"}}, {"api_id": b["id"]}],
            rate={"limit": 6, "per_seconds": 3600})
    answers = many(k["token"], "/a/x", 10)
    is_eq(counts(answers), {200: 2, "rate_limited": 8}, "an entry's limit narrows its API")
    is_eq(field(answers[0], "ratelimit-policy"), '"key";q=6;w=3600, "api";q=2;w=3600',
          "both are told")
    is_eq(counts(many(k["token"], "/b/x", 10)), {200: 4, "rate_limited": 6},
          "the rest of the key's limit is left for the other one")
    busy = api("busy", rate={"limit": 7, "per_seconds": 3600})
    ks = [key(f"one of {n}", busy, rate={"limit": 100, "per_seconds": 3600}) for n in range(3)]
    got = [x for k in ks for x in many(k["token"], "/busy/x", 5)]
    is_eq(counts(got), {200: 7, "rate_limited": 8}, "an API's own rate, over all keys")
    is_eq([counts(many(k["token"], "/busy/x", 1)) for k in ks], [{"rate_limited": 1}] * 3,
          "refuses all of them")
    k = key("not begun", busy, quota={"limit": 9, "period": "day"})
    answer, now = Client(k["token"]).call("/busy/x"), time.time()
    is_eq((code(answer), field(answer, "x-ratelimit-remaining")), ("rate_limited", "9"),
          "also one whose quota has not begun")
    ok(now + 86400 - 600 < int(field(answer, "x-ratelimit-reset")) <= now + 86400,
       "which would end a day from then")
    rest("PATCH", "/apis/" + busy["id"], {"rate": None})
    used = 100 - 1 - int(re.search(r"r=(\d+)", field(Client(ks[0]["token"]).call("/busy/x"),
                                                    "ratelimit")).group(1))
    is_eq(used, 5, "and what it refused did not count for the key")
    nobody = api("nobody", auth={"keyless": True}, rate={"limit": 2, "per_seconds": 3600})
    is_eq([site.curl("/nobody/x").status for _ in range(4)], [200, 200, 429, 429],
          "also where nobody is identified")

with case("by policy"):
    rest("POST", "/policies", {"name": "three", "applies": ["rate"],
                               "rate": {"limit": 3, "per_seconds": 3600}}, 201)
    ks = [key(f"policy {n}", a, policy_ids=["three"], rate={"limit": 50, "per_seconds": 3600})
          for n in range(2)]
    is_eq([counts(many(k["token"], "/a/x", 10))[200] for k in ks], [3, 3],
          "each of its keys gets the limit")
    rest("PATCH", "/policies/three", {"rate": {"limit": 5, "per_seconds": 3600}})
    is_eq([counts(many(k["token"], "/a/x", 10))[200] for k in ks], [2, 2], "changed at once")

with case("calls under way"):
    slow = api("slow", max_concurrent=6)
    k, k2 = key("slow", slow, max_concurrent=4), key("slow too", slow)

    def begin(token):
        client = Client(token)
        client.sock = site.tls()
        client.sock.sendall(f"GET /slow/x?up=slow:600 HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                            f"Bearer {token}\r\n\r\n".encode())
        return client

    def refused_with(token):
        return code(Client(token).call("/slow/x"))

    def under_way(n):
        """For sure: a call that asks whether they are could take the place of one."""
        wait_until(lambda: len([r for r in site.upstream_log() if "up=slow:600" in r["target"]]) == n,
                   f"{n} calls at the upstream")

    held = [begin(k["token"]) for _ in range(4)]
    under_way(4)
    answer = Client(k["token"]).call("/slow/x")
    is_eq((code(answer), field(answer, "retry-after")), ("too_many_concurrent", "1"),
          "a fifth is refused")
    held += [begin(k2["token"]) for _ in range(2)]
    under_way(6)
    ok(True, "another key goes on")
    is_eq(refused_with(k2["token"]), "too_many_concurrent", "the API's own limit, over all keys")
    site.kill(*site.pids("gate"))
    wait_until(lambda: refused_with(k["token"]) == 200, "the killed gates' calls")
    ok(True, "what killed gates had under way is given back")
    for client in held:
        client.close()

with case("gates are killed in between"):
    k = key("killed", a, rate={"limit": LIMIT, "per_seconds": 3600},
            quota={"limit": LIMIT - 20, "period": "month"})
    stop, kills = threading.Event(), [0]

    def killer():
        while not stop.wait(0.15):
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(site.pids("gate")), signal.SIGKILL)
                kills[0] += 1

    thread = threading.Thread(target=killer)
    thread.start()
    answers = many(k["token"], "/a/x", 600)
    stop.set()
    thread.join()
    wait_until(lambda: len(site.pids("gate")) == 3, "the gates")
    answers += wait_until(lambda: (x := many(k["token"], "/a/x", 100)) and
                          not {c for c in counts(x)} - {200, "quota_exceeded", "rate_limited"} and x,
                          "ordinary answers")
    passed = counts(answers).get(200, 0)
    # A call that was counted and whose gate died before it answered has used up its place.
    ok(LIMIT - 20 - kills[0] * CLIENTS <= passed <= LIMIT - 20,
       f"{passed} passed of {LIMIT - 20}, {kills[0]} kills: never more") or diag(counts(answers))
    is_eq(code(Client(k["token"]).call("/a/x")), "quota_exceeded", "and no place is left over")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")

with case("after the end of everything"):
    k = key("remembered", a, quota={"limit": 50, "period": "month"})
    is_eq(counts(many(k["token"], "/a/x", 20)), {200: 20}, "some are used")
    reset = field(Client(k["token"]).call("/a/x"), "x-ratelimit-reset")
    site.stop_programs()
    site.start_programs()
    site.wait_ready()
    answer = Client(k["token"]).call("/a/x")
    is_eq((field(answer, "x-ratelimit-remaining"), field(answer, "x-ratelimit-reset")),
          ("28", reset), "a restart forgets nothing")
    site.kill(*site.pids("gate"), *site.pids("admin"))
    wait_until(lambda: site.curl("/readyz").status == 200, "the service")
    is_eq(field(Client(k["token"]).call("/a/x"), "x-ratelimit-remaining"), "27",
          "nor does a kill of all")
    # What a reboot does: the run folder is gone.
    site.stop_programs()
    for name in os.listdir(site.home + "/run"):
        os.unlink(f"{site.home}/run/{name}")
    site.start_programs()
    site.wait_ready()
    answer = Client(k["token"]).call("/a/x")
    is_eq((field(answer, "x-ratelimit-remaining"), field(answer, "x-ratelimit-reset")),
          ("26", reset), "nor does a reboot")

done_testing()
