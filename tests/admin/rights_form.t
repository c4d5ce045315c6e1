#!/usr/bin/python3
"""Access rights entry by entry, of keys and of policies, and the rest of a key in its form."""
import datetime
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)

with site:
    boss = owner(site)
    rest = site.rest
    one, two = site.make_api("one", "/one/"), site.make_api("two", "/two/")
    key = site.make_key("Key", api=one, token=True)
    policy = rest("POST", "/policies", {"name": "P", "applies": ["access"],
                                        "access": [{"api_id": one["id"]}]}).body

    def nth(page, label, n):
        """The n-th field with this label, by its name."""
        form, _ = page.form("Save")
        wanted = page.labels[label][n]
        return [f for f in form.fields if f.attrs.get("id") == wanted][0].name

    for what, path, read in (("key", f"/admin/keys/{key['id']}", f"/keys/{key['id']}"),
                             ("policy", f"/admin/policies/{policy['id']}", f"/policies/{policy['id']}")):
        def access():
            return rest("GET", read).body["access"]

        with case(what):
            ok(f'{path}/access"' in boss.get(path + ("/edit" if what == "key" else "")).html,
               "a link leads there")
            page = boss.get(path + "/access")
            before = access()
            boss.submit(page, "Save")
            is_eq(access(), before, "saved without a change it stays as it is")
            page = boss.get(path + "/access")
            boss.submit(page, "Save", change={
                nth(page, "Methods", 0): "GET, HEAD", nth(page, "Paths", 0): "/a/*, /b",
                nth(page, "Rate of its own", 0): "10", "access.0.rate.per_seconds": "60",
                nth(page, "Quota of its own", 0): "1,000", "access.0.quota.period": "day",
                "access.0.separate": "on", nth(page, "API", 0): two["id"],
                nth(page, "Paths", 1): "/c"})
            is_eq(access(), [
                {"api_id": one["id"], "methods": ["GET", "HEAD"], "paths": ["/a/*", "/b"], "separate": True,
                 "rate": {"limit": 10, "per_seconds": 60}, "quota": {"limit": 1000, "period": "day"}},
                {"api_id": two["id"], "methods": [], "paths": ["/c"], "separate": False, "rate": None,
                 "quota": None}], "every member, and one more entry")
            before = access()
            boss.submit(boss.get(path + "/access"), "Save")
            is_eq(access(), before, "saved again it stays so")
            page = boss.get(path + "/access")
            bad = boss.submit(page, "Save", change={
                nth(page, "Paths", 1): "no slash", nth(page, "Methods", 0): "get"})
            is_eq(bad.status, 422, "faults are refused")
            ok("e-1-paths" in bad.ids and "e-0-methods" in bad.ids, "each told at its field")
            is_eq([a["id"] for t, a in bad.tags if "autofocus" in a], ["f-0-methods"],
                  "the first has the focus")
            is_eq(access(), before, "and nothing was changed")
            boss.submit(boss.get(path + "/access"), "Save", change={"access.0.remove": "on"})
            is_eq(access(), before[1:], "an entry is taken away")
            page = boss.get(path + "/access")
            rest("PATCH", read, {"tags": ["theirs"]})
            told = boss.submit(page, "Save", change={"access.0.methods": "PUT"})
            is_eq(told.status, 412, "somebody else was faster")
            form, _ = told.form("Save")
            is_eq([f.value for f in form.fields if f.name == "access.0.methods"], ["PUT"],
                  "what was typed stays")
            boss.submit(told, "Save")
            is_eq(access()[0]["methods"], ["PUT"], "and is saved when it is sent again")

    with case("a key's other members"):
        path = f"/admin/keys/{key['id']}/edit"
        boss.submit(boss.get(path), "Save", {
            "From these addresses": "192.0.2.0/24, 2001:db8::1", "Not from these addresses": "192.0.2.9",
            "Concurrent requests": "7", "Further facts": "contract: A-17\nphone: +49 30: 1"})
        got = rest("GET", f"/keys/{key['id']}").body
        is_eq((got["allowed_ips"], got["blocked_ips"], got["max_concurrent"], got["meta"]),
              (["192.0.2.0/24", "2001:db8::1"], ["192.0.2.9"], 7,
               {"contract": "A-17", "phone": "+49 30: 1"}), "are set")
        boss.submit(boss.get(path), "Save")
        is_eq(rest("GET", f"/keys/{key['id']}").body["meta"], got["meta"], "and stay")
        bad = boss.submit(boss.get(path), "Save", {"From these addresses": "nowhere"})
        ok(bad.status == 422 and "e-allowed_ips" in bad.ids, "a fault is told at its field")
        ok([1 for t, a in bad.tags if t == "details" and "open" in a], "which is unfolded")
        boss.submit(boss.get(path), "Save", {"From these addresses": "", "Not from these addresses": "",
                                             "Concurrent requests": "", "Further facts": ""})
        got = rest("GET", f"/keys/{key['id']}").body
        is_eq((got["allowed_ips"], got["blocked_ips"], got["max_concurrent"], got["meta"]),
              ([], [], None, {}), "and are taken away")

    with case("stale"):
        for path, button in ((f"/admin/keys/{key['id']}/edit", "Save"),
                             (f"/admin/policies/{policy['id']}", "Save")):
            page = boss.get(path)
            rest("PATCH", path.replace("/admin", "").replace("/edit", ""),
                 {"access": [{"api_id": one["id"]}, {"api_id": two["id"]}]})
            told = boss.submit(page, button, {"one": False, "two": False})
            is_eq(told.status, 412, f"{path.split('/')[2]}: somebody else was faster")
            like(told.text, "Access rights: “one, two” now, “” in the form", "what is ticked differs")

    with case("a credential"):
        sha256 = [c["sha256"] for c in key["credentials"]][0]
        cert = site.make_cert("bound")
        path = f"/admin/keys/{key['id']}/credentials/{sha256}"

        def credential():
            return rest("GET", f"/keys/{key['id']}/credentials/{sha256}").body

        before = credential()
        ok(path in boss.get(f"/admin/keys/{key['id']}").html, "a link leads to it")
        boss.submit(boss.get(path), "Save")
        is_eq(credential(), before, "saved without a change it stays as it is")
        boss.submit(boss.get(path), "Save", {
            "Counts from": "2026-01-01", "Ends at": "2099-01-31T12:00:00Z", "Active": False,
            "Only beside one of these certificates": cert.sha256})
        got = credential()
        is_eq((got["active_from"], got["ends_at"], got["active"], got["bound_to"]),
              ("2026-01-01T00:00:00Z", "2099-01-31T12:00:00Z", False, [cert.sha256]), "each member")
        bad = boss.submit(boss.get(path), "Save", {"Ends at": "soon"})
        ok(bad.status == 422 and "e-ends_at" in bad.ids, "a fault is told at its field")
        page = boss.get(path)
        rest("PATCH", f"/keys/{key['id']}/credentials/{sha256}", {"ends_at": None})
        told = boss.submit(page, "Save", {"Ends at": "2098-01-01"})
        is_eq(told.status, 412, "somebody else was faster")
        like(told.text, "Ends at: “” now, “2098-01-01” in the form", "both versions")
        boss.submit(told, "Save")
        is_eq(credential()["ends_at"], "2098-01-01T00:00:00Z", "and again saves")

    with case("a REST token"):
        soon = (datetime.date.today() + datetime.timedelta(days=60)).isoformat()
        page = boss.get("/admin/tokens")
        made = boss.submit(page, "Create", {"Name": "robot", "Expires on": soon})
        like(made.text, "robot", "is made")
        again = boss.submit(page, "Create", {"Name": "robot", "Expires on": soon})
        like(again.text, "The token was made already.*robot was made once", "sent twice it is made once")
        got = rest("GET", "/tokens?q=robot").body["items"]
        is_eq([(t["name"], t["expires_at"], t["role"]) for t in got],
              [("robot", soon + "T00:00:00Z", "viewer")], "with its end") if got else ok(False)
        path = "/admin/tokens/" + got[0]["id"]
        boss.submit(boss.get(path), "Save", {"Name": "robot 2", "Administrator": True})
        got = rest("GET", "/tokens/" + got[0]["id"]).body
        is_eq((got["name"], got["role"]), ("robot 2", "admin"), "it can be changed")
        bad = boss.submit(boss.get(path), "Save", {"Expires on": "2999-01-01"})
        ok(bad.status == 422 and "e-expires_at" in bad.ids, "a fault is told at its field")

    with case("a user"):
        made = rest("POST", "/users", {"name": "ada", "role": "viewer",
                                       "password": "correct horse battery staple"}).body
        path = "/admin/users/" + made["id"]
        boss.submit(boss.get(path), "Save", {"Name": "Ada L", "Administrator": True})
        got = rest("GET", "/users/" + made["id"]).body
        is_eq((got["name"], got["role"]), ("Ada L", "admin"), "name and role")
        bad = boss.submit(boss.get(path), "Save", {"Name": "admin", "Owner": True})
        form, _ = bad.form("Save")
        is_eq((bad.status, bad.field(form, "Name").value, bad.field(form, "Owner").checked),
              (409, "admin", True), "a name that is taken is refused, and what was typed stays")

done_testing()
