#!/usr/bin/python3
"""Policies: what they give holds in the gate from the next request, is shown with where it comes
from, and goes when they go."""
import base64
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

MANY = 10000
site = Site(gates=2)
site.open()
rest = site.must
api = site.make_api()
other = site.make_api(name="other", listen_path="/other/")
cert = site.make_cert("partner")


def call(path="/mtls-api/a", who=cert, method="GET"):
    answer = site.curl(path, "-X", method, cert=who)
    return answer.status if answer.status == 200 else json.loads(answer.body)["code"]


def entry(target, *paths, **more):
    return {"api_id": target["id"], "paths": list(paths), **more}


key = site.make_key("partner", cert)
path = "/keys/" + key["id"]
gold = rest("POST", "/policies", {"name": "gold", "applies": ["access"],
                                  "access": [entry(api, "/a", "/a/*")]}, 201)
silver = rest("POST", "/policies", {"name": "silver", "applies": ["access", "rate", "quota"],
                                    "access": [entry(api, "/b"), entry(other)],
                                    "rate": {"limit": 100, "per_seconds": 60}}, 201)

with case("what is refused"):
    for body, field in (({"name": "x"}, "applies"), ({"name": "x", "applies": []}, "applies"),
                        ({"name": "x", "applies": ["cake"]}, "applies[0]"),
                        ({"name": "x", "applies": ["rate"], "access": [entry(api)]}, "access"),
                        ({"name": "x", "applies": ["access"],
                          "rate": {"limit": 1, "per_seconds": 1}}, "rate"),
                        ({"name": "x", "applies": ["access"],
                          "quota": {"limit": 1, "period": "day"}}, "quota"),
                        ({"name": "x", "applies": ["rate"], "rate": {"limit": 1}},
                         "rate.per_seconds"),
                        ({"name": "x", "applies": ["rate"],
                          "rate": {"limit": 0, "per_seconds": 1}}, "rate.limit"),
                        ({"name": "x", "applies": ["quota"],
                          "quota": {"limit": 5, "period": "year"}}, "quota.period"),
                        ({"name": "x", "applies": ["access"], "access": [entry(api, "a")]},
                         "access[0].paths"),
                        ({"name": "x", "applies": ["access"],
                          "access": [{"api_id": "nowhere"}]}, "access[0].api_id"),
                        ({"applies": ["access"]}, "name"),
                        ({"name": "x", "applies": ["access"], "key_lifetime_days": 0},
                         "key_lifetime_days")):
        answer = site.rest("POST", "/policies", body)
        is_eq((answer.status, answer.body["errors"][0]["field"]), (422, field), f"{body}")
    is_eq(site.rest("POST", "/policies", {"name": "gold", "applies": ["rate"]}).status, 409,
          "a name that is taken")
    is_eq(site.rest("PATCH", path, {"policy_ids": ["nowhere"]}).body["errors"][0]["field"],
          "policy_ids", "a policy that is not there")
    is_eq(site.rest("PATCH", path, {"policy_ids": ["gold"] * 17}).status, 422, "too many")
    is_eq(len(rest("GET", "/policies")["items"]), 2, "nothing came of them")

with case("what they give"):
    is_eq(call(), "access_denied", "no policy, no access")
    is_eq(rest("PATCH", path, {"policy_ids": ["gold", gold["id"]]})["policy_ids"], [gold["id"]],
          "by name or id, once")
    is_eq([call(), call("/mtls-api/b"), call("/other/x")],
          [200, "path_not_allowed", "access_denied"], "its access")
    rest("PATCH", path, {"access": [entry(other)]})
    is_eq(call("/other/x"), "access_denied", "the key's own access counts no more")
    rest("PATCH", path, {"policy_ids": ["gold", "silver"]})
    is_eq([call(), call("/mtls-api/b"), call("/mtls-api/c"), call("/other/x")],
          [200, 200, "path_not_allowed", 200], "of two, both")
    rest("PATCH", "/policies/" + gold["id"], {"access": [entry(api, "/c")]})
    is_eq([call(), call("/mtls-api/c")], ["path_not_allowed", 200], "a change holds at once")

with case("where it comes from"):
    rest("PATCH", path, {"rate": {"limit": 500, "per_seconds": 1},
                         "expires_at": "2999-01-01T00:00:00Z"})
    got = rest("GET", path + "/effective")
    source = {"type": "policy", "id": silver["id"], "name": "silver"}
    is_eq(got["rate"], {"value": {"limit": 100, "per_seconds": 60}, "from": source}, "the rate")
    is_eq(got["quota"], {"value": None, "from": source}, "applied without a value: no limit")
    is_eq(got["expires_at"], {"value": "2999-01-01T00:00:00Z", "from": {"type": "key"}}, "the end")
    is_eq([a["from"]["name"] for a in got["access"]], ["gold", "silver", "silver"], "each entry")
    is_eq([(p["name"], p["active"]) for p in got["policies"]], [("gold", True), ("silver", True)],
          "the policies")
    said = site.certgate("explain", "--cert", cert.path, "--url", "/mtls-api/c").stdout
    like(said, "policy “gold”", "explain names it")
    unlike_answer = site.curl("/mtls-api/nothing", cert=cert).body
    ok(b"gold" not in unlike_answer, "the client is not told their names")

with case("off and gone"):
    rest("PATCH", "/policies/" + silver["id"], {"active": False})
    is_eq([call("/mtls-api/c"), call("/mtls-api/b"), call("/other/x")],
          [200, "path_not_allowed", "access_denied"], "one is off: the other one's rights stay")
    is_eq(rest("GET", path + "/effective")["rate"],
          {"value": {"limit": 500, "per_seconds": 1}, "from": {"type": "key"}},
          "the key's own rate holds again")
    rest("PATCH", path, {"active": False})
    is_eq(call("/mtls-api/c"), "key_inactive", "a key that is off is off, whatever they say")
    rest("PATCH", path, {"active": True})
    answer = site.rest("DELETE", "/policies/" + gold["id"])
    is_eq((answer.status, answer.body["code"]), (409, "policy_in_use"), "in use: not removed")
    like(answer.body["detail"], "“partner”", "it names the key")
    is_eq(call("/mtls-api/c"), 200, "nothing was changed")
    is_eq(site.rest("DELETE", f"/policies/{gold['id']}?detach=true",
                    headers={"If-Match": '"1"'}).status, 412, "an old revision")
    is_eq(rest("GET", path)["policy_ids"], [gold["id"], silver["id"]], "takes it from nobody")
    rest("DELETE", f"/policies/{gold['id']}?detach=true", status=204)
    is_eq(rest("GET", path)["policy_ids"], [silver["id"]], "taken from the key")
    is_eq([call("/mtls-api/c"), call("/other/x")], ["access_denied", 200],
          "all are off or gone: the key's own access")

with case("lifetime"):
    short = rest("POST", "/policies", {"name": "short", "applies": ["access"],
                                       "access": [entry(api)], "key_lifetime_days": 1}, 201)
    rest("PATCH", path, {"policy_ids": ["short"]})
    got = rest("GET", path + "/effective")["expires_at"]
    is_eq(got["from"]["name"], "short", "the earlier end is the policy's")
    is_eq(call("/mtls-api/c"), 200, "and has not come yet")
    rest("PATCH", path, {"expires_at": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                     time.gmtime(time.time() + 3600))})
    is_eq(rest("GET", path + "/effective")["expires_at"]["from"]["type"], "key", "now the key's")
    rest("POST", "/policies", {"name": "ends only", "key_lifetime_days": 1}, 201)
    rest("PATCH", path, {"policy_ids": ["ends only"], "expires_at": None})
    is_eq(rest("GET", path + "/effective")["expires_at"]["from"]["name"], "ends only",
          "a policy may say this alone")
    is_eq(call("/other/x"), 200, "and the key's own rights hold beside it")

with case("an API that goes"):
    rest("POST", "/policies", {"name": "doomed", "applies": ["access"],
                               "access": [entry(other), entry(api)]}, 201)
    rest("DELETE", "/apis/" + other["id"], status=204)
    is_eq([a["api_id"] for a in rest("GET", "/policies/doomed")["access"]], [api["id"]],
          "is taken out of policies")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")

with case("by command"):
    done = site.certgate("policy", "create", "--name", "by command", "--applies", "access",
                         "--applies", "rate", "--applies", "quota", "--api", "mtls-api",
                         "--rate", "100/60", "--quota", "1000/day")
    is_eq(done.returncode, 0, "create") or diag(done.stderr)
    made = rest("GET", "/policies/by%20command")
    is_eq((made["rate"], made["quota"]), ({"limit": 100, "per_seconds": 60},
                                          {"limit": 1000, "period": "day"}), "the limits")
    is_eq(site.certgate("policy", "set", "by command", "--rate", "null").returncode, 0, "set")
    is_eq(rest("GET", "/policies/by%20command")["rate"], None, "null takes a limit away")
    for wrong in ("100", "100/", "/60", "x/60", "100/60/60", "-1/60"):
        done = site.certgate("policy", "set", "by command", "--rate", wrong)
        is_eq(done.returncode, 1, f"--rate {wrong}")
        like(done.stderr, "rate", "says which member is wrong")
    site.certgate("key", "set", "partner", "--policy-ids", "by command")
    is_eq(rest("GET", path)["policy_ids"], [made["id"]], "a key gets it")
    is_eq(site.certgate("policy", "delete", "by command").returncode, 1, "in use")
    is_eq(site.certgate("policy", "delete", "by command", "--detach").returncode, 0, "detached")

with case(f"{MANY} keys with one policy"):
    shared = rest("POST", "/policies", {"name": "shared", "applies": ["access"],
                                        "access": [entry(api, "/a")]}, 201)
    export = json.loads(site.certgate("export", "-").stdout)
    sample = [site.make_cert(f"many {n}") for n in range(3)]
    keys = [site.make_key(f"sample {n}", c, policy_ids=["shared"]) for n, c in enumerate(sample)]
    bulk = site.folder + "/bulk.json"
    ids = [base64.b32encode(os.urandom(16)).decode().lower().rstrip("=") for _ in range(MANY)]
    with open(bulk, "w", encoding="ascii") as out:
        json.dump({"certgate_export": 1, "schema_version": export["schema_version"],
                          "keys": [{"id": i, "name": f"bulk {i}", "policy_ids": [shared["id"]]}
                                   for i in ids]}, out)
    os.chmod(bulk, 0o644)
    done = site.certgate("import", bulk)
    is_eq(done.returncode, 0, "imported") or diag(done.stderr)
    is_eq([call("/mtls-api/a", c) for c in sample], [200] * 3, "they may")
    rest("PATCH", "/policies/" + shared["id"], {"access": [entry(api, "/b")]})
    is_eq([call("/mtls-api/a", c) for c in sample], ["path_not_allowed"] * 3,
          "a change holds for all from the next request")
    rest("DELETE", f"/policies/{shared['id']}?detach=true", status=204)
    is_eq([call("/mtls-api/b", c) for c in sample], ["access_denied"] * 3, "taken from all")
    is_eq({tuple(rest("GET", f"/keys/{i}")["policy_ids"]) for i in ids[::100]}, {()},
          "also from those that nobody has asked for")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")

done_testing()
