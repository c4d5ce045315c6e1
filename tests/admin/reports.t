#!/usr/bin/python3
"""The access report: at each moment it says exactly who gets in, and says so ever after, whatever is
changed, revoked and removed since; as JSON, as a page and as CSV."""
import csv
import hashlib
import io
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
rest = site.must


def next_second():
    """What is done from now on is later than all that was done before."""
    began = int(time.time())
    wait_until(lambda: int(time.time()) > began, "the next second")
    return began


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def report(t, **parameters):
    items, cursor = [], ""
    while True:
        body = rest("GET", f"/reports/access?at={stamp(t)}" + (f"&cursor={cursor}" if cursor else "") +
                    "".join(f"&{n}={v}" for n, v in parameters.items()))
        items += body["items"]
        cursor = body["next"]
        if not cursor:
            return {**body, "items": items}


def facts(found):
    """Of a report what must never change: all but when keys were last used, and the order."""
    return sorted((i["key_id"], i["key"], i["approved_by"], i["approved_at"], i["exact"],
                   tuple(sorted((c["type"], c["sha256"], c["ends_at"]) for c in i["credentials"])),
                   tuple(sorted((a["api_id"], a["api"], a["listen_path"], tuple(a["methods"]),
                                 tuple(a["paths"]), a["policy"]) for a in i["access"])))
                  for i in found["items"])


def sha(cert):
    return cert.sha256.lower().replace(":", "")


class Caller:
    def __init__(self, key, cert=None, token=None):
        self.key, self.cert, self.token = key, cert, token
        self.sha256 = hashlib.sha256(token.encode()).hexdigest() if token else sha(cert)

    def gets_in(self, path):
        field = ["-H", f"Authorization: Bearer {self.token}"] if self.token else []
        return site.curl(path + "x", *field, cert=self.cert).status == 200


apis = {n: site.make_api(n, f"/{n}/", auth={"use_certificate": True, "use_token": n != "certs"})
        for n in ("first", "second", "certs")}
apis["open"] = site.make_api("open", "/open/", auth={"keyless": True})
ids = {n: a["id"] for n, a in apis.items()}
policy = rest("POST", "/policies", {"name": "gold", "applies": ["access"],
                                    "access": [{"api_id": ids["second"]}]}, 201)
certs = [site.make_cert(f"c{i}", subject=f"/CN=c{i}") for i in range(5)]
callers = []


def make(name, cert=None, access=(), **members):
    key = site.make_key(name, cert, access=[{"api_id": ids[a]} for a in access],
                        **({} if cert else {"token": True}), **members)
    callers.append(Caller(key, cert, key.get("token")))
    return key


k1 = make("one", certs[0], ["first", "certs"])
k2 = make("two", None, ["first", "certs"])
k3 = make("three", certs[1], ["first"], policy_ids=[policy["id"]])
org = rest("POST", "/organisations", {"name": "Partner"}, 201)
asker = rest("POST", "/developers", {"name": "Ann", "email": "ann@partner.example", "organisation_id": org["id"]}, 201)
offer = rest("POST", "/catalogue", {"name": "Offer", "policy_id": policy["id"], "approval": "automatic"}, 201)
k5 = rest("POST", "/requests", {"name": "five", "developer_id": asker["id"], "catalogue_id": offer["id"],
                                "certificate": certs[4].pem}, 201)["key_id"]
callers.append(Caller(rest("GET", f"/keys/{k5}"), certs[4]))


def change(path, body):
    return lambda: rest("PATCH", path, body)


def remove(path):
    return lambda: rest("DELETE", path, status=204)


def make_more():
    make("four", certs[2], ["second"])


def add_credential():
    rest("POST", f"/keys/{k1['id']}/credentials", {"certificate": certs[3].pem}, 201)
    callers.append(Caller(k1, certs[3]))


steps = [
    ("nothing was changed", lambda: None),
    ("access is changed", change(f"/keys/{k1['id']}", {"access": [{"api_id": ids["second"]}]})),
    ("renamed", change(f"/keys/{k2['id']}", {"name": "the second"})),
    ("a further credential", add_credential),
    ("a further key", make_more),
    ("a policy is changed", change(f"/policies/{policy['id']}",
                                   {"access": [{"api_id": ids["certs"]}, {"api_id": ids["first"]}]})),
    ("a policy gives keys a life", change(f"/policies/{policy['id']}", {"key_lifetime_days": 1})),
    ("its organisation is off", change(f"/organisations/{org['id']}", {"active": False})),
    ("and on", change(f"/organisations/{org['id']}", {"active": True})),
    ("who asked for it is off", change(f"/developers/{asker['id']}", {"active": False})),
    ("and on", change(f"/developers/{asker['id']}", {"active": True})),
    ("switched off", change(f"/keys/{k3['id']}", {"active": False})),
    ("and on", change(f"/keys/{k3['id']}", {"active": True})),
    ("revoked", remove(f"/keys/{k1['id']}/credentials/{sha(certs[0])}?reason=superseded")),
    ("brought back", change(f"/keys/{k1['id']}/credentials/{sha(certs[0])}", {"active": True})),
    ("a certificate is removed", remove(f"/certificates/{sha(certs[3])}?cascade=true")),
    ("an API without tokens", change(f"/apis/{ids['first']}", {"auth": {"use_token": False}})),
    ("an API is off", change(f"/apis/{ids['second']}", {"active": False})),
    ("an API is removed", remove(f"/apis/{ids['first']}")),
    ("no entry offers a policy", remove(f"/catalogue/{offer['id']}")),
    ("a policy is removed", remove(f"/policies/{policy['id']}?detach=true")),
    ("an API is on", change(f"/apis/{ids['second']}", {"active": True})),
    ("a key is removed", remove(f"/keys/{k1['id']}")),
    ("the keyless API is not", change(f"/apis/{ids['open']}", {"auth": {"keyless": False}})),
]

then = []
with case("at the moment"):
    for name, step in steps:
        step()
        now = next_second()
        found = report(now)
        told = {(i["key_id"], a["listen_path"]) for i in found["items"] for a in i["access"]}
        seen = {(c, a["listen_path"]) for c in callers for a in apis.values()
                if a["id"] != ids["open"] and c.gets_in(a["listen_path"])}
        is_eq(told, {(c.key["id"], path) for c, path in seen},
              f"{name}: it names who gets in, and nobody else")
        is_eq({c["sha256"] for i in found["items"] for c in i["credentials"]},
              {c.sha256 for c, _ in seen}, f"{name}: and with what")
        is_eq([a["api_id"] for a in found["open_apis"]],
              [ids["open"]] if site.curl("/open/x").status == 200 else [],
              f"{name}: and what is open to everybody")
        ok(found["exact"] and found["exact_from"] is None and
           all(i["exact"] for i in found["items"]), f"{name}: it is exact")
        then.append((name, now, found))
        next_second()

with case("ever after"):
    for name, at, found in then:
        again = report(at)
        is_eq(facts(again), facts(found), f"{name}: the same is told later")
        is_eq(again["open_apis"], found["open_apis"], f"{name}: what was open, too")
    is_eq(facts(report(then[2][1], limit=1)), facts(then[2][2]), "page by page")
    is_eq(report(then[0][1] - 86400)["items"], [], "a day before, nobody")

with case("who allowed it"):
    item = [i for i in then[1][2]["items"] if i["key_id"] == k1["id"]][0]
    is_eq((item["approved_by"], item["approved_at"][:10]), ("admin (token test)", stamp(then[1][1])[:10]),
          "who last changed the rights")
    used = wait_until(lambda: [i for i in report(then[0][1])["items"]
                               if i["key_id"] == k2["id"] and i["last_used_at"]], "a use")
    ok(used, "when it was last used")

with case("questions that cannot be answered"):
    is_eq(site.rest("GET", f"/reports/access?at={stamp(time.time() + 3600)}").status, 422,
          "of the future")
    is_eq(site.rest("GET", "/reports/access?at=yesterday").status, 422, "of no time")
    is_eq(site.rest("GET", "/reports/access?format=xml").status, 422, "in no format")
    is_eq(site.rest("GET", "/reports/access?q=x").status, 400, "of words")
    is_eq(site.rest("GET", "/reports/access?cursor=-x").status, 422, "from nowhere")
    is_eq(site.rest("GET", "/reports/access", token="x" * 26).status, 401, "by nobody")

names = ["=1+1", "+cmd", "-2", "@SUM(A1)", "a, \"b\"; c", "plain", "Ünï ☂"]
with case("more than a page of open APIs"):
    there = len(report(next_second())["open_apis"])
    many = [site.make_api(f"open {n}", f"/open{n}/", auth={"keyless": True})["id"] for n in range(110)]
    full = next_second()
    is_eq(len(report(full)["open_apis"]), there + 110, "all of them")
    for one in many:
        rest("DELETE", f"/apis/{one}", status=204)
    is_eq(len(report(next_second())["open_apis"]), there, "none, once they are removed")
    is_eq(len(report(full)["open_apis"]), there + 110, "but before that, all of them")

with case("as a file"):
    for name in names:
        make(name, None, ["second"])
    now = next_second()
    answer = site.rest("GET", f"/reports/access?at={stamp(now)}&format=csv")
    is_eq((answer.status, answer.headers.get("content-type").split(";")[0]), (200, "text/csv"), "by format=csv")
    lines = list(csv.reader(io.StringIO(answer.body.decode("utf-8"), newline="")))
    is_eq([line[0] for line in lines if not line[1]],
          ["everybody (keyless API)"] * len(report(now)["open_apis"]), "what is open has a line")
    is_eq({len(line) for line in lines}, {13}, "every line has the same columns")
    like(answer.body.decode("utf-8"), r"\r\n\Z", "lines end in CRLF")
    found = report(now)
    is_eq(sorted((line[1], line[3]) for line in lines[1:] if line[1]),
          sorted((i["key_id"], a["api_id"]) for i in found["items"] for a in i["access"]),
          "it has what the JSON has")
    cells = [line[0] for line in lines[1:]]
    for name in names:
        ok(("'" + name if name[0] in "=+-@" else name) in cells, f"{name}: as text")
    is_eq([c for line in lines for c in line if c[:1] in ("=", "+", "-", "@", "\t", "\r")], [],
          "no cell begins as a formula")
    accepted = site.rest("GET", f"/reports/access?at={stamp(now)}",
                         headers={"Accept": "text/csv"})
    is_eq(accepted.body, answer.body, "by Accept")

with case("as a page"):
    browser = owner(site)
    page = browser.get("/admin/reports/access")
    is_eq(page.status, 200, "is there")
    for name in names:
        ok(name in page.text, f"{name} is on it")
    old = browser.get("/admin/reports/access?at=" + stamp(then[0][1])[:19])
    ok("two" in old.text and "the second" not in old.text, "of a time before")
    link = page.link("Download CSV")
    is_eq(browser.get(link).header("Content-Type").split(";")[0], "text/csv", "leads to the file")
    wrong = browser.get("/admin/reports/access?at=nonsense")
    is_eq(wrong.status, 422, "a wrong time is told")
    ok("is not a time" in wrong.text, "at its field")
    is_eq(Browser(site).get("/admin/reports/access.csv", follow=False).status, 303,
          "who is not signed in gets no file")

with case("after an import"):
    other = Site(name="other")
    other.open()
    api = other.make_api("brought", "/brought/")
    other.make_key("brought", api=api, token=True)
    exported = other.certgate("export", other.folder + "/out.json")
    with open(other.folder + "/out.json", encoding="utf-8") as text:
        records = json.load(text)
    other.close()
    for name in ("users", "tokens", "audit"):
        records[name] = []
    before = next_second()
    path = site.folder + "/in.json"
    with open(path, "w", encoding="utf-8") as out:
        json.dump(records, out)
    os.chmod(path, 0o644)
    done = site.certgate("import", path)
    is_eq((done.returncode, done.stderr), (0, ""), "is done")
    now = next_second()
    found = report(now)
    ok(found["exact_from"] is not None and found["exact"], "it says from when on it is exact")
    item = [i for i in found["items"] if i["key"] == "brought"]
    is_eq([i["exact"] for i in item], [True], "what came is told, from then on exactly")
    found = report(before)
    is_eq(found["exact"], False, "before, it is not")
    is_eq({i["exact"] for i in found["items"] if i["key"] != "brought"}, {True},
          "but what was made here is sure")
    is_eq({i["exact"] for i in found["items"] if i["key"] == "brought"} - {False}, set(),
          "and what came is not")
done_testing()
