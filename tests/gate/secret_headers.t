#!/usr/bin/python3
"""secret_headers: fields for the upstream whose values are sealed, sent, and never shown."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, WEB_USER  # noqa: E402
from homes import files_below  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from upstream import fields  # noqa: E402
from website import Site  # noqa: E402

ONE, TWO, THREE, FOUR = ("Bearer " + os.urandom(20).hex() for _ in range(4))
KEPT = True


with Site() as site:
    boss = owner(site)
    api = site.make_api("secret", auth={"keyless": True}, secret_headers=[
        {"name": "Authorization", "value": ONE}, {"name": "X-Api-Key", "value": TWO}])
    path, page_path = f"/apis/{api['id']}", f"/admin/apis/{api['id']}"

    def sent(name):
        """What the upstream gets when a client sends its own."""
        answer = site.curl("/secret/x", "-H", f"{name}: of the client", "-H", f"{name.lower()}: twice")
        if answer.status != 200:
            return answer.status, answer.json().get("code")
        return fields(answer.json(), name.lower())

    def change(**members):
        return site.must("PATCH", path, members)["secret_headers"]

    def shown():
        return site.rest("GET", path).body["secret_headers"]

    with case("sent and not shown"):
        names = [{"name": "Authorization", "value": KEPT}, {"name": "X-Api-Key", "value": KEPT}]
        is_eq(api["secret_headers"], names, "who made it is shown that there is a value")
        is_eq(shown(), names, "and who reads it")
        is_eq(sent("Authorization"), [ONE], "the upstream gets it, in the place of the client's")
        is_eq(sent("X-Api-Key"), [TWO], "and the other")
        is_eq(json.loads(site.certgate("--json", "api", "show", "secret").stdout)["secret_headers"], names,
              "the command shows as much")
        is_eq(site.make_api("none")["secret_headers"], [], "an API without has an empty list")
        # To the gate itself: Apache answers it.
        for method, want in (("GET", [ONE]), ("TRACE", [])):
            answer = site.fcgi({"REQUEST_URI": "/secret/x", "REQUEST_METHOD": method, "HTTP_AUTHORIZATION": "x"})
            is_eq((answer.status, fields(json.loads(answer.body), "authorization")), (200, want),
                  f"{method}: {len(want)} is sent")

    with case("changed"):
        is_eq(change(timeout_ms=20000), names, "another change leaves them")
        is_eq([sent("Authorization"), sent("X-Api-Key")], [[ONE], [TWO]], "as they are")
        whole = site.rest("GET", path).body
        change(**{n: whole[n] for n in ("secret_headers", "name", "target_url")})
        is_eq([sent("Authorization"), sent("X-Api-Key")], [[ONE], [TWO]], "what was read can be sent back")
        change(secret_headers=[names[1], {"name": "Authorization", "value": THREE}])
        is_eq([sent("Authorization"), sent("X-Api-Key")], [[THREE], [TWO]],
              "one is changed and the other left, in another order")
        is_eq(change(secret_headers=[names[1]]), [names[1]], "one is taken out")
        is_eq([sent("Authorization"), sent("X-Api-Key")], [["of the client, twice"], [TWO]],
              "and what the client sends goes on again")
        is_eq(change(secret_headers=None), [], "all are taken out")
        is_eq(sent("X-Api-Key"), ["of the client, twice"], "likewise")
        change(secret_headers=[{"name": "Authorization", "value": ONE}, {"name": "X-Api-Key", "value": "x y z"}])
        is_eq(sent("X-Api-Key"), ["x y z"], "a value with spaces")
        change(secret_headers=[names[0], {"name": "X-Api-Key", "value": TWO}])

    with case("refused"):
        before = shown()
        for bad, field in (
                ([{"name": "X-New", "value": True}], "[0].value"), ([{"name": "X-New"}], "[0].value"),
                ([{"name": "X-New", "value": ""}], "[0].value"),
                ([{"name": "X-New", "value": False}], "[0].value"),
                ([{"name": "X-New", "value": FOUR + "\r\nX-Evil: 1"}], "[0].value"),
                ([{"name": "X-New", "value": FOUR + "\n"}], "[0].value"),
                ([{"name": "X-New", "value": FOUR * 200}], "[0].value"),
                ([{"name": "x-api-key", "value": True}], "[0].value"),
                ([names[0], {"name": "authorization", "value": FOUR}], "[1].name"),
                ([{"value": FOUR}], "[0].name"), ([{"name": "X New", "value": FOUR}], "[0].name"),
                ([{"name": "Host", "value": FOUR}], "[0].name"),
                ([{"name": "Connection", "value": FOUR}], "[0].name"),
                ([{"name": "Client-Cert", "value": FOUR}], "[0].name"),
                ([{"name": "X-Certgate-Key-Id", "value": FOUR}], "[0].name"),
                ([{"name": f"X-{i}", "value": FOUR} for i in range(51)], ""),
                ([FOUR], "[0]"), (FOUR, "")):
            status, _, body = site.rest("PATCH", path, {"secret_headers": bad})
            is_eq((status, body["errors"][0]["field"] if status == 422 else body), (422, "secret_headers" + field),
                  f"{json.dumps(bad)[:60]}: refused")
            unlike(json.dumps(body), FOUR[-20:], "without the value in the answer")
        status, _, body = site.rest("PATCH", path, {
            "request_headers": {"set": [{"name": "authorization", "value": "x"}]}})
        is_eq((status, body["errors"][0]["field"]), (422, "secret_headers[0].name"),
              "one that request_headers.set has, too")
        for where in ("request_headers", "response_headers"):
            status, _, body = site.rest("PATCH", path, {where: {"secret_headers": before}})
            is_eq(status, 400, f"{where} has none")
        is_eq((shown(), sent("Authorization")), (before, [ONE]), "and nothing was changed")

    with case("the form"):
        page = boss.get(page_path)
        unlike(page.html, ONE[-20:], "no value is in it")
        boss.submit(page, "Save")
        is_eq([shown(), sent("Authorization"), sent("X-Api-Key")], [before, [ONE], [TWO]],
              "saved untouched it leaves them")
        label = "Requests: set, with a secret value"
        bad = boss.submit(boss.get(page_path), "Save", {label: "X-More: " + FOUR, "Target URL": "ftp://x"})
        is_eq(bad.status, 422, "a fault elsewhere")
        unlike(bad.html, FOUR[-20:], "the value does not come back")
        like(bad.text, "Type them again", "which is said")
        bad = boss.submit(boss.get(page_path), "Save", {label: FOUR})
        is_eq(bad.status, 422, "a line without a name")
        ok("e-secret_headers" in bad.ids, "is told at the field")
        unlike(bad.html, FOUR[-20:], "without what was typed")
        boss.submit(boss.get(page_path), "Save", {label: f"x-api-key: {THREE}\n\nX-More: {FOUR}"})
        is_eq([sent("Authorization"), sent("X-Api-Key"), sent("X-More")], [[ONE], [THREE], [FOUR]],
              "one is typed anew, one is new, one stays")
        form = boss.get(page_path)
        boss.submit(form, "Save", {"Keep the value of Authorization": False, "Keep the value of X-More": False})
        is_eq([n["name"] for n in shown()], ["x-api-key"], "those that are not kept go")
        is_eq(sent("Authorization"), ["of the client, twice"], "and are not sent")
        mine = boss.get(page_path)
        change(secret_headers=[{"name": "x-api-key", "value": True}, {"name": "X-Other", "value": TWO}])
        again = boss.submit(mine, "Save", {"Name": "secret anew"})
        is_eq(again.status, 412, "who saves what somebody else has changed is asked again")
        boss.submit(again, "Save")
        is_eq(([n["name"] for n in shown()], sent("X-Other")), (["x-api-key", "X-Other"], [TWO]),
              "and does not take out what came meanwhile")
        change(name="secret", secret_headers=[])
        done = boss.submit(boss.get("/admin/apis/new"), "Create", {
            "Name": "fresh", "Listen path": "/fresh/", "Target URL": site.upstream_url,
            label: "Authorization: " + FOUR})
        like(done.text, "created", "a new API with one")
        is_eq(site.rest("GET", "/apis?q=fresh").body["items"][0]["secret_headers"], [names[0]], "has it")

    with case("the command"):
        change(secret_headers=[{"name": "Authorization", "value": ONE}, {"name": "X-Api-Key", "value": TWO}])
        value = site.folder + "/value"
        with open(value, "w", encoding="utf-8") as out:
            out.write(THREE + "\n")
        done = site.certgate("api", "set", "secret", "--secret-headers", "X-Api-Key", "--secret-headers",
                             f"X-More:{value}")
        is_eq(done.returncode, 0, "one is kept, and one is read out of a file") or diag(done.stderr)
        is_eq([sent("X-Api-Key"), sent("X-More"), sent("Authorization")], [[TWO], [THREE], ["of the client, twice"]],
              "and what is not named goes")
        for word in (f"X-More: {value}.none", "X-New", "X-More:", ": " + value):
            done = site.certgate("api", "set", "secret", "--secret-headers", word)
            is_eq(done.returncode, 1, f"{word!r}: refused")
            unlike(done.stdout + done.stderr, THREE[-20:], "without a value")
        done = site.certgate("api", "set", "secret", "--secret-headers", "X-More: -", stdin=FOUR + "\r\n")
        is_eq((done.returncode, sent("X-More")), (0, [FOUR]), "out of standard input")
        is_eq((site.certgate("api", "set", "secret", "--secret-headers", "").returncode, shown()), (0, []),
              "an empty one empties the list")
        os.unlink(value)

    with case("sealed"):
        change(secret_headers=[{"name": "Authorization", "value": ONE}, {"name": "X-Api-Key", "value": TWO}])
        backup = site.folder + "/backup"
        os.makedirs(backup)
        if ROOT:
            shutil.chown(backup, WEB_USER, WEB_USER)
        is_eq(site.certgate("backup", backup).returncode, 0, "a backup")
        export = site.certgate("export", "-").stdout
        audit = json.dumps(site.rest("GET", "/audit?limit=500").body)
        for what, text in (("export", export), ("audit", audit),
                           ("REST description", json.dumps(site.rest("GET", "/openapi.json").body))):
            leaks = [s for s in (ONE, TWO, THREE, FOUR) if s[-20:] in text]
            is_eq(leaks, [], f"no value is in the {what}")
        like(audit, "secret_headers", "which tells that they were changed")
        leaks = {name for name, data in files_below(site.folder)
                 for s in (ONE, TWO, THREE, FOUR) if s[-20:].encode() in data}
        is_eq(leaks - {site.upstream.log_file}, set(),
              "no file has one in the clear: store, logs, backup")

        first = site.certgate("seal", "rotate")
        like(first.stdout, r"sealed_anew: 3\n", "under another key they are sealed anew")
        os.unlink(site.home + "/keys/seal.previous")
        site.kill(*site.pids("gate"))
        wait_until(lambda: site.curl("/readyz").status == 200, "the gates")
        is_eq([sent("Authorization"), sent("X-Api-Key")], [[ONE], [TWO]],
              "and open under the new one, without the one before")

        copy = json.loads(site.certgate("export", "-").stdout)
        for name, section in copy.items():
            if isinstance(section, list):
                copy[name] = [a for a in section if a.get("name") == "secret"]
        copy["apis"][0].update(id="a" * 26, name="copied", listen_path="/copied/")
        moved = site.folder + "/moved.json"
        with open(moved, "w", encoding="utf-8") as out:
            json.dump(copy, out)
        os.chmod(moved, 0o644)
        done = site.certgate("import", moved)
        answer = site.curl("/copied/x")
        n = len(site.upstream.log())
        is_eq((done.returncode, answer.status, answer.json()["code"]), (0, 502, "upstream_unreachable"),
              "in another record they do not open") or diag(done.stderr)
        is_eq(len(site.upstream.log()), n, "and nothing is sent without them")
        with open(site.logs + "/supervise.log", encoding="utf-8") as log:
            like(log.read(), "secret_headers_unusable", "the gate's log says why")
done_testing()
