#!/usr/bin/python3
"""The audit and the REST tokens: who did what, who may read it, and what an attacker who can write to
the store cannot hide."""
import datetime
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from homes import Home, new_id  # noqa: E402
from processes import wait_until  # noqa: E402
from shim import build_shim  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

work = tempfile.TemporaryDirectory(prefix="cgt.", dir="/tmp")
os.chmod(work.name, 0o711)
syslog = work.name + "/syslog"
with open(syslog, "w", encoding="ascii"):
    pass
os.chmod(syslog, 0o666)
# For the command and all that the supervisor starts.
os.environ["LD_PRELOAD"] = build_shim(work.name, "syslog_shim")
os.environ["SYSLOG_TO"] = syslog

site = Site(admins=2)


def newest(n=1):
    return site.rest("GET", f"/audit?limit={n}").body["items"]


def last_number():
    return newest()[0]["number"]


def everything():
    """All entries, newest first, by pages of 7."""
    items, cursor = [], ""
    while cursor is not None:
        page = site.rest("GET", "/audit?limit=7" + (f"&cursor={cursor}" if cursor else "")).body
        items += page["items"]
        cursor = page["next"]
    return items


def heads_in_syslog():
    with open(syslog, encoding="utf-8") as text:
        return [tuple(m.groups()) for m in
                re.finditer(r"^(\d+) certgate audit head (\d+):([0-9a-f]{64})$", text.read(), re.M)]


def time_text(seconds):
    when = datetime.datetime.fromtimestamp(time.time() + seconds, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


with site:
    secrets_seen = {"the password": site.password, "the token": site.token, "the proof": site.proof}
    # Of a year: what ends within 30 days is told in the audit, whenever that is seen.
    cert, second = site.make_cert("partner", days=400), site.make_cert("second", days=400)
    secrets_seen["a private key"] = "".join(cert.key_pem.split("\n")[1:-2])
    owner = site.rest("GET", "/tokens").body["items"][0]["owner_id"]

    def change(method, path, body, action, subject, name, how=None):
        """One change by REST, and the entry that it has to leave."""
        before, began = last_number(), int(time.time())
        answer = site.rest(method, path, body)
        wanted = {"POST": 201, "PATCH": 200, "DELETE": 204}[method]
        if not is_eq(answer.status, wanted, f"{method} {path.split('/')[1]}: done"):
            diag(answer)
            return answer.body
        # The steward may tell of an end in between.
        entries = [e for e in reversed(newest(10)) if e["number"] > before and e["actor"] != "certgate"]
        actions = [action] if isinstance(action, str) else action
        is_eq([e["action"] for e in entries], actions, f"{actions[0]}: is in the audit")
        entry = entries[0]
        record = answer.body if isinstance(answer.body, dict) else {}
        is_eq((entry["subject_id"], entry["subject_name"]), (subject or record["id"], name),
              f"{actions[0]}: of what")
        is_eq((entry["actor"], entry["actor_id"], entry["from_address"]),
              ("admin (token test)", owner, "127.0.0.1"), f"{actions[0]}: who, from where")
        is_eq(entry["request_id"], answer.headers.get("x-request-id"),
              f"{actions[0]}: by which request")
        ok(time_text(began - time.time()) <= entry["at"] <= time_text(1), f"{actions[0]}: when")
        told = json.loads(entry["changes"]) if entry["changes"] else {}
        is_eq({n: told.get(n) for n in how or {}}, how or {}, f"{actions[0]}: how")
        return record

    with case("each change"):
        api = change("POST", "/apis", {"name": "orders", "listen_path": "/orders/", "target_url":
                                       "http://127.0.0.1:9/"}, "api.create", None, "orders",
                     {"listen_path": "/orders/", "active": True})
        change("PATCH", "/apis/" + api["id"], {"active": False}, "api.change", api["id"], "orders",
               {"active": False})
        key = change("POST", "/keys", {"name": "k", "access": [{"api_id": api["id"]}],
                                       "certificate": cert.pem + cert.key_pem, "token": True},
                     ["key.create", "certificate.create", "credential.add", "credential.add"],
                     None, "k", {"name": "k"})
        secrets_seen["a key's token"] = key["token"]
        path = "/keys/" + key["id"]
        change("PATCH", path, {"tags": ["x"]}, "key.change", key["id"], "k", {"tags": ["x"]})
        change("POST", path + "/credentials", {"certificate": second.pem},
               ["certificate.create", "credential.add"], second.sha256, "CN=second")
        one = f"{path}/credentials/{second.sha256}"
        change("PATCH", one, {"active": False}, "credential.change", key["id"], "k",
               {"sha256": second.sha256, "active": False})
        change("DELETE", one, None, "credential.revoke", key["id"], "k",
               {"sha256": second.sha256})
        alone = site.make_cert("alone")
        change("POST", "/certificates", {"pem": alone.pem}, "certificate.create", alone.sha256,
               "CN=alone")
        change("DELETE", "/certificates/" + alone.sha256, None, "certificate.delete", alone.sha256,
               "CN=alone")
        made = change("POST", "/tokens", {"name": "t", "role": "viewer"}, "token.create", None, "t",
                      {"name": "t"})
        secrets_seen["a REST token"] = made["token"]
        change("PATCH", "/tokens/" + made["id"], {"role": "admin"}, "token.change", made["id"], "t",
               {"role": "admin"})
        change("DELETE", "/tokens/" + made["id"], None, "token.delete", made["id"], "t")
        change("DELETE", path, None, "key.delete", key["id"], "k")
        change("DELETE", "/apis/" + api["id"], None, "api.delete", api["id"], "orders")

    with case("changes by the command"):
        by_command = json.loads(site.certgate("--json", "key", "create", "--name", "by hand",
                                              "--token").stdout)
        secrets_seen["a token by the command"] = by_command["token"]
        entries = newest(2)
        is_eq([e["action"] for e in entries], ["credential.add", "key.create"], "are in it")
        is_eq((entries[1]["actor"], entries[1]["subject_name"]),
              (f"command (uid {os.getuid()})", "by hand"), "who and what")
        site.certgate("user", "set", "admin", "--held", "false")
        before = last_number()
        site.certgate("key", "revoke", by_command["id"], by_command["credentials"][0]["sha256"])
        is_eq((last_number(), newest()[0]["action"]), (before + 1, "credential.revoke"),
              "a revocation")

    with case("what changes nothing"):
        key = site.make_key("still", None)
        before = last_number()
        refusals = [site.rest("PATCH", "/keys/" + key["id"], {"name": "still"}),
                    site.rest("PATCH", "/keys/" + key["id"], {"name": ""}),
                    site.rest("PATCH", "/keys/" + key["id"], {"name": "x"},
                              headers={"If-Match": '"99"'}),
                    site.rest("POST", "/keys", {"nonsense": 1}),
                    site.rest("DELETE", "/keys/none"), site.rest("GET", "/keys"),
                    site.rest("POST", "/keys", {"name": "x"}, token="wrong")]
        is_eq([a.status for a in refusals], [200, 422, 412, 400, 404, 200, 401],
              "changes without a change, and refusals")
        is_eq(last_number(), before, "leave no entry")

    with case("lists"):
        items = everything()
        is_eq([e["number"] for e in items], list(range(len(items), 0, -1)),
              "by pages, newest first, each once")
        ok(len(items) > 20, f"{len(items)} entries")
        actor_id = next(e["actor_id"] for e in items if e.get("actor_id"))
        for q, wanted in (("credential.revoke", lambda e: e["action"] == "credential.revoke"),
                          (key["id"], lambda e: e["subject_id"] == key["id"]),
                          ("by%20hand", lambda e: e["subject_name"] == "by hand"),
                          ("command", lambda e: e["actor"].startswith("command")),
                          (actor_id, lambda e: actor_id in (e.get("actor_id"), e["subject_id"])),
                          (items[5]["request_id"],
                           lambda e: e["request_id"] == items[5]["request_id"])):
            found = site.rest("GET", f"/audit?limit=500&q={q}").body["items"]
            is_eq(found, [e for e in items if wanted(e)], f"q={q[:20]}")
            ok(found, "finds something")
        is_eq(site.rest("GET", "/audit?q=nowhere-to-be-found").body, {"items": [], "next": None},
              "or nothing")
        got, cursor = [], ""
        while cursor is not None:
            page = site.rest("GET", f"/audit?limit=1&q=key.{'&cursor=' + cursor if cursor else ''}")
            got += page.body["items"]
            cursor = page.body["next"]
        is_eq(got, [e for e in items if "key." in e["action"]], "q by pages of one")
        is_eq(len(site.rest("GET", "/audit").body["items"]), min(50, len(items)), "50 by default")
        for bad, status in (("cursor=x", 422), ("cursor=0", 422), ("cursor=-1", 422),
                            ("limit=0", 422), ("limit=501", 422), ("number=1", 400)):
            is_eq(site.rest("GET", "/audit?" + bad).status, status, f"{bad}: refused")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            is_eq(site.rest(method, "/audit", {}).status, 405, f"{method}: nobody changes it")

    with case("secrets"):
        text = json.dumps(everything())
        for name, secret in secrets_seen.items():
            ok(len(secret) > 15 and secret not in text, f"{name} is in no entry")
        listed = json.dumps(site.rest("GET", "/tokens?limit=500").body)
        ok(site.token not in listed and hashlib.sha256(site.token.encode()).hexdigest()
           not in listed, "a token is not listed, nor its digest")

    with case("roles"):
        tokens = {}
        for role in ("viewer", "admin", "owner"):
            tokens[role] = site.rest("POST", "/tokens", {"name": role, "role": role}).body
        own = "/tokens/" + tokens["viewer"]["id"]
        for role, allowed in (("viewer", False), ("admin", False), ("owner", True)):
            word = tokens[role]["token"]
            is_eq(site.rest("GET", "/audit", token=word).status, 200, f"{role} reads the audit")
            shown = [e["changes"] for e in site.rest("GET", "/audit?q=token.create", token=word).body["items"]]
            ok(shown and all(bool(c) == allowed for c in shown),
               f"{role} reads {'what' if allowed else 'nothing of what'} tokens were given")
            got = [site.rest("GET", "/tokens", token=word).status,
                   site.rest("GET", own, token=word).status,
                   site.rest("POST", "/tokens", {"name": "n", "role": "viewer"},
                             token=word).status,
                   site.rest("PATCH", own, {"name": "m"}, token=word).status]
            is_eq(got, [200, 200, 201, 200] if allowed else [403] * 4,
                  f"{role} {'has' if allowed else 'has no'} hand on tokens")
        is_eq(site.rest("POST", "/keys", {"name": "x"}, token=tokens["viewer"]["token"]).status, 403,
              "a viewer changes nothing")
        made = site.rest("POST", "/keys", {"name": "x"}, token=tokens["admin"]["token"])
        is_eq(made.status, 201, "an admin does")
        is_eq(newest()[0]["actor"], "admin (token admin)", "and the audit says by which token")
        for path in ("/audit", "/tokens"):
            is_eq(site.rest("GET", path, token="").status, 401, f"{path}: nobody without a token")

    with case("a token's owner and end"):
        record = tokens["admin"]
        is_eq(record["owner_id"], owner, "it is the caller's own")
        ok(time_text(360 * 86400) < record["expires_at"] <= time_text(365 * 86400),
           "it ends after a year")
        for end in (time_text(-5), time_text(400 * 86400), "tomorrow"):
            answer = site.rest("POST", "/tokens", {"name": "n", "expires_at": end})
            is_eq((answer.status, answer.body["errors"][0]["field"]), (422, "expires_at"),
                  f"an end {end[:10]} is refused")
        is_eq(site.rest("POST", "/tokens", {"name": "n", "token": "x" * 26}).status, 400,
              "nobody chooses a token")
        is_eq(site.rest("POST", "/tokens", {"name": "n", "owner_id": new_id()}).status, 422,
              "nor another owner")
        brief = site.rest("POST", "/tokens", {"name": "brief", "expires_at": time_text(10)}).body
        is_eq(site.rest("GET", "/keys", token=brief["token"]).status, 200, "before its end it works")
        wait_until(lambda: site.rest("GET", "/keys", token=brief["token"]).status != 200, "its end")
        ok(time_text(0) >= brief["expires_at"], "not before its end")
        is_eq(site.rest("GET", "/keys", token=brief["token"]).status, 401, "it ends")
        fresh = site.rest("POST", "/tokens", {"name": "fresh"}).body
        is_eq(fresh["last_used_at"], None, "a new one was never used")
        began, before = time_text(0), last_number()
        site.rest("GET", "/keys", token=fresh["token"])
        seen = site.rest("GET", "/tokens/" + fresh["id"]).body
        ok(began <= seen["last_used_at"] <= time_text(0), "its use is noted")
        site.rest("GET", "/keys", token=fresh["token"])
        is_eq({**seen, "last_used_at": None}, {n: v for n, v in fresh.items() if n != "token"},
              "which is no change of the record")
        is_eq(last_number(), before, "nor one for the audit")
        gone = tokens["owner"]
        is_eq(site.rest("DELETE", "/tokens/" + gone["id"]).status, 204, "one is deleted")
        is_eq(site.rest("GET", "/keys", token=gone["token"]).status, 401, "and refused at once")
        is_eq(site.rest("DELETE", "/tokens/" + gone["id"]).status, 404, "it is gone")

    with case("never more right than its owner"):
        # Users come by import so far.
        vera, words = new_id(), [new_id(), new_id()]
        users = {"certgate_export": 1, "schema_version": 1,
                 "users": [{"id": vera, "name": "vera", "role": "viewer"}],
                 "tokens": [{"id": new_id(), "name": "greedy", "role": "owner", "owner_id": vera,
                             "expires_at": time_text(86400),
                             "sha256": hashlib.sha256(words[0].encode()).hexdigest()},
                            {"id": new_id(), "name": "past", "role": "viewer", "owner_id": vera,
                             "expires_at": time_text(-86400),
                             "sha256": hashlib.sha256(words[1].encode()).hexdigest()}]}
        with open(site.folder + "/users.json", "w", encoding="ascii") as out:
            json.dump(users, out)
        is_eq(site.certgate("import", site.folder + "/users.json").returncode, 0, "a viewer")
        is_eq(site.rest("GET", "/keys", token=words[0]).status, 200, "her token reads")
        is_eq([site.rest("POST", "/keys", {"name": "x"}, token=words[0]).status,
               site.rest("GET", "/tokens", token=words[0]).status], [403, 403],
              "and no more, whatever its own role")
        is_eq(site.rest("GET", "/keys", token=words[1]).status, 401, "an expired one does nothing")
        done = site.certgate("token", "create", "--owner", "vera", "--name", "n", "--role", "admin")
        is_eq(done.returncode, 1, "one with more is not made")
        like(done.stderr, "role.*more than vera may do", "with the reason")
        done = site.certgate("token", "create", "--owner", "vera", "--name", "n")
        own = re.search(r"^token: (\S+)$", done.stdout, re.M).group(1)
        raised = json.loads(site.certgate("--json", "token", "list", "n").stdout)
        raised = next(t["id"] for t in raised if t["owner_id"] == vera and t["name"] == "n")
        answer = site.rest("PATCH", "/tokens/" + raised, {"role": "owner"})
        is_eq(answer.status, 422, "nor made of one with less")
        is_eq(site.rest("GET", "/tokens", token=own).status, 403, "it stays with what it had")
        site.certgate("user", "set", "vera", "--held", "true")
        is_eq([site.rest("GET", "/keys", token=w).status for w in (words[0], own)], [401, 401],
              "with their owner held they end")
        site.certgate("user", "set", "vera", "--held", "false")
        is_eq(site.rest("GET", "/keys", token=own).status, 200, "and come back with her")

    with case("syslog"):
        faults = []

        def write(n):
            for i in range(5):
                if site.rest("POST", "/keys", {"name": f"w {n} {i}"}).status != 201:
                    faults.append(n)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        is_eq(faults, [], "changes at the same time")
        entries = {int(n): h for _, n, h in heads_in_syslog()}
        home = Home(site.folder, "home", init=False)
        exported = home.export()["audit"]
        # One transaction may write several entries: its head is the last.
        is_eq({n: exported[n]["hmac"] for n in entries}, entries, "each head is that of its entry")
        numbers = [int(n) for _, n, _ in heads_in_syslog()]
        is_eq(numbers, sorted(set(numbers)), "each once, in order")
        is_eq(numbers[-1], max(exported), "up to the newest")
        single = {n for n, e in exported.items() if e["action"] in ("api.create", "key.change",
                                                                    "token.delete")}
        ok(single and single <= set(numbers), "every change told of its head")
        is_eq({p for p, _, _ in heads_in_syslog()}, {str(10 * 8 + 5)}, "to authpriv, as a notice")

    with case("the chain"):
        with open(site.home + "/revoked.log", "rb") as data:
            ok(data.read(), "a store with a past")
        saved = site.folder + "/home/saved"
        is_eq(site.certgate("backup", saved).returncode, 0, "copies of it are made from a backup")
        whole = home.faults()
        is_eq(whole, [], "verify finds nothing wrong with it")
        last = numbers[-1]
        middle = last // 2
        head = f"{last}:{exported[last]['hmac']}"
        half = f"{middle}:{exported[middle]['hmac']}"
        is_eq(home.faults("--head", head), [], "nor with its head")
        is_eq(home.faults("--head", half), [], "nor with an earlier one")
        shut = Home(site.folder, "copy")
        shutil.copy2(site.home + "/keys/audit.key", shut.dir + "/keys/audit.key")

        def after(*edits, head=None):
            """What verify finds after these edits."""
            shut.put_db(saved + "/db")
            for edit in edits:
                done = shut.edit(*edit) if isinstance(edit, tuple) else shut.certgate(*edit)
                if done.returncode != 0:
                    raise RuntimeError(done.stderr)
            return " ".join(shut.faults(*(["--head", head] if head else [])))

        is_eq(after(head=head), "", "an untouched copy")
        for number in (1, 2, middle, last):
            like(after(("change", number)), rf"audit entry {number} was changed",
                 f"entry {number} changed: found")
            like(after(("insert", number)), r"was changed|does not follow",
                 f"one inserted before {number}: found")
        for number in (1, 2, middle, last - 1):
            like(after(("remove", number)), rf"audit entry {number} is missing",
                 f"entry {number} removed: found")
        is_eq(after(("cut", middle)), "", "a cut end cannot be seen in what is left")
        like(after(("cut", middle), head=head), f"cut or replaced: its entry {last} is not the one",
             "but with a head that was noted")
        like(after(("cut", last), head=head), "cut or replaced", "one entry is enough")
        like(after(("cut", 1), head=head), "cut or replaced", "and so are all")
        like(after(("cut", middle), *[["key", "create", "--name", f"{n}"]
                                      for n in range(last - middle + 2)], head=head),
             "cut or replaced", "also when others have come in their place")
        is_eq(after(("cut", middle), head=f"{middle - 1}:{exported[middle - 1]['hmac']}"), "",
              "an older head does not tell of what came later")
        like(after(head=f"{last + 5}:{'0' * 64}"), "cut or replaced", "a head of the future")
        like(after(head=f"{middle}:{'0' * 64}"), "cut or replaced", "a wrong one")
        told = json.loads(shut.certgate("--json", "verify", "--head", f"{middle}:{'0' * 64}").stdout)
        is_eq(told["audit_head"], head, "and the head that it has is told all the same")
        for wrong in ("5", "5:", "x:" + "0" * 64, "5:" + "0" * 63, ":" + "0" * 64):
            is_eq(shut.certgate("verify", "--head", wrong).returncode, 2, f"--head {wrong[:8]}: usage")
        os.unlink(shut.dir + "/keys/audit.key")
        like(after(), "another host's key", "without the host's key nothing is vouched for")
work.cleanup()
done_testing()
