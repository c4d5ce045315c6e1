#!/usr/bin/python3
"""Names are one thing wherever they are given, by REST, pages, command and portal: white space at the
ends goes, what is inside becomes one space, and what cannot be seen is refused, so that no two that look
alike are two."""
import json
import os
import sys
import unicodedata
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from homes import new_id  # noqa: E402
from pages import Browser  # noqa: E402
from portal import Developer, PASSWORD as PORTAL_PASSWORD, entry, pem  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
browser = owner(site)
api = site.make_api()
policy = site.rest("POST", "/policies", {"name": "base", "applies": ["rate"],
                                         "rate": {"limit": 1, "per_seconds": 1}}).body
numbers = iter(range(10000))

# Blank as a whole, whatever it is made of.
BLANK = ["", " ", "   ", "\u00a0", "\u3000\u2003", " \u2009 "]
# Not seen, or showing others as they are not.
UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202a", "\u202e", "\u2066", "\u2069",
          "\u200e", "\u200f", "\u061c", "\u115f", "\u3164", "\uffa0", "\u2800", "\u2028", "\u2029", "\ufe0f",
          "\U000e0061"]
# No characters, or such that others see otherwise.
OTHERWISE = ["\uffff", "\ufdd0", "\U0001fffe", "\ue000", "\U00100000", "\u0600"]
# Marks that belong to a letter, with none before them.
MARKS = ["\u0301", "\u0947", "\u20dd"]
CONTROLS = ["\t", "\n", "\x1f", "\x7f", "\u0085", "\u009b"]
# As it is sent, and as it is from then on.
FOLDED = [(" Ann", "Ann"), ("Ann ", "Ann"), ("\u00a0Ann\u3000", "Ann"), ("Ann  Lee", "Ann Lee"),
          ("Ann\u00a0Lee", "Ann Lee"), ("Ann \u2003 Lee", "Ann Lee"), ("e\u0301te\u0301", "\u00e9t\u00e9"),
          ("\u212b", "\u00c5")]
# Short enough as it is typed, but not in its normal form: each character is two there.
GROWS = "\u0958" * 66
PLAIN = ["Łódź", "日本 株式会社", "Ünïcode ☂", "👩 Lee", "שלום", "عربي", "a-b_c.d/e:f", "O’Brien & Söhne <x>",
         # Joiners where they have a meaning: families, Persian, Devanagari.
         "👨\u200d👩\u200d👧", "می\u200cخواهم", "क्\u200dष"]


def bodies(word):
    """What makes a record of each kind, with the name left out."""
    return {
        "apis": {"listen_path": f"/{word}/", "target_url": "http://127.0.0.1:9/"},
        "keys": {}, "organisations": {}, "tokens": {"role": "viewer"},
        "policies": {"applies": ["rate"], "rate": {"limit": 1, "per_seconds": 1}},
        "catalogue": {"policy_id": policy["id"]},
        "developers": {"email": f"{word}@example.org", "password": PORTAL_PASSWORD},
        "users": {"role": "viewer", "password": PASSWORD},
    }


def create(what, name):
    return site.rest("POST", f"/{what}", {"name": name, **bodies(f"n{next(numbers)}")[what]})


def fields(answer):
    return [e["field"] for e in (answer.body or {}).get("errors", [])]


KINDS = list(bodies(""))

with case("REST"):
    for what in KINDS:
        made = create(what, f"plain {what}")
        is_eq(made.status, 201, f"{what}: made")
        wrong = []
        for name in BLANK + CONTROLS + UNSEEN + OTHERWISE + MARKS:
            for whole in ([name] if name in BLANK else [name, f"{name}admin"] if name in MARKS
                          else [name, f"admin{name}", f"{name}admin", f"ad{name}min"]):
                for answer in (create(what, whole),
                               site.rest("PATCH", f"/{what}/{made.body['id']}", {"name": whole})):
                    if (answer.status, fields(answer)) != (422, ["name"]):
                        wrong.append((whole, answer.status, answer.body))
        is_eq(wrong[:3], [], f"{what}: 422 at name for what cannot be seen, new and changed")
        for name, normal in FOLDED:
            answer = site.rest("PATCH", f"/{what}/{made.body['id']}", {"name": name})
            is_eq((answer.status, answer.body.get("name")), (200, normal), f"{what}: {name!r} becomes {normal!r}")
        for name in PLAIN:
            answer = site.rest("PATCH", f"/{what}/{made.body['id']}", {"name": name})
            is_eq((answer.status, answer.body.get("name")), (200, unicodedata.normalize("NFC", name)),
                  f"{what}: {name!r} is a name")
    for what in ("apis", "policies", "catalogue", "users"):
        create(what, "Twin name")
        for name in (" Twin name", "Twin name ", "Twin  name", "Twin\u00a0name"):
            answer = create(what, name)
            is_eq((answer.status, answer.body["code"]), (409, "name_in_use"), f"{what}: {name!r} is no second one")
    answer = create("keys", "a" * 199 + "\u00e9")
    is_eq((answer.status, fields(answer)), (422, ["name"]), "201 bytes are too long")
    is_eq(create("keys", "a" * 198 + "e\u0301").status, 422, "also before they are put together")
    for what in KINDS:
        answer = create(what, GROWS)
        is_eq((answer.status, [(e["field"], e["message"]) for e in answer.body.get("errors", [])]),
              (422, [("name", "is longer than 200 bytes")]), f"{what}: and after they were taken apart")

with case("pages"):
    for number, (name, want) in enumerate([("  By page\u00a0", "By page"), ("By\u200bpage", None),
                                           ("\u202eegap yB", None), ("\u3000", None), ("By\u3000page two", "By page two")]):
        page = browser.submit(browser.get("/admin/keys/new"), "Create",
                              {"Name": name, "Auth token": True})
        if want:
            is_eq(page.status, 200, f"{name!r} makes a key")
            is_eq([k["name"] for k in site.rest("GET", f"/keys?q={want.replace(' ', '%20')}").body["items"]
                   if k["name"] == want], [want], "with its normal name")
        else:
            is_eq(page.status, 422, f"{name!r}: refused")
            ok("e-name" in page.ids, "told at the field")

with case("the command"):
    made = site.certgate("key", "create", "--name", " By  command\u00a0", "--json")
    is_eq(json.loads(made.stdout)["name"], "By command", "white space is folded")
    for name in ("x\u200by", "\u202ex", "\u00a0"):
        done = site.certgate("key", "create", "--name", name)
        is_eq(done.returncode, 1, f"{name!r}: refused")
        like(done.stderr, r"^certgate: name: ", "with the reason")

with case("the portal"):
    offer = entry(site, "Offer", [api])
    ann = Developer(site, "Ann Partner")
    cert = site.make_cert("ann")
    for name in ("My\u200bkey", "\u202eyek", "\u2003", "x" * 201, GROWS):
        page = ann.ask(offer, name, pem(cert))
        is_eq(page.status, 422, f"{name!r} is no name of a key")
        ok("e-name" in page.ids, "told at the field")
    page = ann.ask(offer, " My \u00a0key ", pem(cert))
    is_eq([r["name"] for r in site.rest("GET", "/requests").body["items"]], ["My key"], "folded, it is")
    stranger = Browser(site)
    for name in ("Bob\u202eson", "\u3000", "Bob\u200b", "x" * 201, GROWS):
        page = stranger.submit(stranger.get("/portal/join"), "Join", {
            "Name": name, "E-mail": "bob@example.org", "Password": PORTAL_PASSWORD})
        is_eq(page.status, 422, f"{name!r} cannot join")
        ok("e-name" in page.ids, "told at the field")

with case("signing in"):
    site.rest("POST", "/users", {"name": "Zo\u00e9 Lee", "role": "viewer", "password": PASSWORD})
    for typed in ("Zo\u00e9 Lee", "Zoe\u0301 Lee", " Zo\u00e9  Lee ", "Zo\u00e9\u00a0Lee"):
        is_eq(Browser(site).sign_in(typed, PASSWORD).status, 200, f"as {typed!r}")
    is_eq(Browser(site).sign_in("Zo\u00e9\u200b Lee", PASSWORD).status, 403, "not with more in it")

# A name, and how people type it.
KNOWN = "Ünder Wërk"
TYPED = [KNOWN, unicodedata.normalize("NFD", KNOWN), "Ünder  Wërk", " Ünder Wërk ", "Ünder\u00a0Wërk",
         unicodedata.normalize("NFD", "\u3000Ünder \u2003 Wërk")]
OTHERS = ["Under Werk", "ÜnderWërk", "Ünder Wërk 2", "Ünder Wërk\u200b"]


def quote(text):
    return urllib.parse.quote(text, safe="")


with case("looked up by REST"):
    known = {what: create(what, KNOWN).body for what in KINDS if what != "developers"}
    known["developers"] = site.rest("POST", "/developers", {
        "name": KNOWN, "organisation_id": known["organisations"]["id"], "email": "known@example.org"}).body
    ids = {what: record["id"] for what, record in known.items()}
    for what in KINDS:
        for typed in TYPED:
            answer = site.rest("GET", f"/{what}/{quote(typed)}")
            is_eq((answer.status, answer.body.get("id")), (200, ids[what]), f"{what}/{typed!r}")
            answer = site.rest("PATCH", f"/{what}/{quote(typed)}", {})
            is_eq((answer.status, answer.body.get("id")), (200, ids[what]), f"PATCH {what}/{typed!r}")
        for typed in OTHERS:
            is_eq(site.rest("GET", f"/{what}/{quote(typed)}").status, 404, f"{what}/{typed!r} is another")
    for typed in TYPED:
        for path, member in ((f"/keys/{quote(typed)}/effective", "key_id"),
                             (f"/developers/{quote(typed)}/export", None)):
            answer = site.rest("GET", path)
            is_eq(answer.status, 200, path)
            if member:
                is_eq(answer.body[member], ids["keys"], "of that one")
        for path in (f"/keys/{quote(typed)}/credentials", f"/users/{quote(typed)}/certificates"):
            is_eq(site.rest("GET", path).status, 200, path)
        for what, members, where in (
                ("keys", {"access": [{"api_id": typed}]}, lambda r: r["access"][0]["api_id"] == ids["apis"]),
                ("keys", {"policy_ids": [typed]}, lambda r: r["policy_ids"] == [ids["policies"]]),
                ("keys", {"organisation_id": typed}, lambda r: r["organisation_id"] == ids["organisations"]),
                ("policies", {"applies": ["access"], "rate": None, "access": [{"api_id": typed}]},
                 lambda r: r["access"][0]["api_id"] == ids["apis"]),
                ("catalogue", {"policy_id": typed}, lambda r: r["policy_id"] == ids["policies"]),
                ("developers", {"organisation_id": typed}, lambda r: r["organisation_id"] == ids["organisations"])):
            answer = site.rest("POST", f"/{what}", {"name": f"By {next(numbers)}",
                                                    **bodies(f"n{next(numbers)}")[what], **members})
            is_eq(answer.status, 201, f"{what} with {members}")
            ok(answer.status == 201 and where(answer.body), "the id is kept")
        found = site.rest("GET", f"/keys?api_id={quote(typed)}")
        is_eq((found.status, len(found.body.get("items", [])) > 0), (200, True), f"keys?api_id={typed!r}")
        for parameter in ("policy_id", "organisation_id"):
            is_eq(site.rest("GET", f"/keys?{parameter}={quote(typed)}").status, 200, f"keys?{parameter}={typed!r}")
        answer = site.rest("POST", "/requests", {"developer_id": typed, "catalogue_id": typed, "name": "x", "token": True})
        is_eq((answer.status, answer.body.get("developer_id"), answer.body.get("catalogue_id")),
              (201, ids["developers"], ids["catalogue"]), f"a request of {typed!r} for {typed!r}")
        is_eq(site.rest("POST", f"/requests/{answer.body['id']}/decline", {"reason": "no"}).status, 200, "declined")
    for typed in OTHERS:
        is_eq(site.rest("GET", f"/keys?api_id={quote(typed)}").status, 422, f"keys?api_id={typed!r} is another")
        is_eq(fields(site.rest("POST", "/keys", {"name": "x", "access": [{"api_id": typed}]})),
              ["access[0].api_id"], f"access to {typed!r} is to another")
    long = "Ü" * 100
    is_eq(site.rest("POST", "/policies", {"name": long, **bodies("x")["policies"]}).status, 201, "a name of 200 bytes")
    is_eq(site.rest("POST", "/keys", {"name": "Long", "policy_ids": [long]}).status, 201, "is found by all of it")

with case("looked up by pages"):
    for typed in TYPED:
        for path in ("keys", "apis", "policies", "catalogue", "organisations", "developers", "users", "tokens"):
            is_eq(browser.get(f"/admin/{path}/{quote(typed)}").status, 200, f"/admin/{path}/{typed!r}")
        page = browser.get(f"/admin/keys?api_id={quote(typed)}")
        is_eq((page.status, KNOWN in page.text), (200, True), f"the keys of {typed!r}")
        page = browser.get(f"/admin/monitoring?key_id={quote(typed)}")
        is_eq(page.status, 200, f"what {typed!r} called")

with case("looked up by the command"):
    for typed in TYPED:
        for what, more in (("key", ("--tags", "x")), ("api", ("--timeout-ms", "900")), ("policy", ("--tags", "x")),
                           ("user", ("--role", "viewer")), ("token", ("--role", "viewer"))):
            done = site.certgate(what, "show", typed, "--json")
            is_eq(done.returncode, 0, f"{what} show {typed!r} {done.stderr}")
            is_eq(json.loads(done.stdout or "{}").get("name"), KNOWN, "that one")
            is_eq(site.certgate(what, "set", typed, *more).returncode, 0, f"{what} set {typed!r}")
        done = site.certgate("key", "create", "--name", "C", "--api", typed, "--policy-ids", typed, "--json")
        is_eq(done.returncode, 0, f"key create --api {typed!r} {done.stderr}")
    is_eq(site.certgate("key", "show", OTHERS[0]).returncode, 1, "another name is another's")
    is_eq(site.certgate("api", "delete", TYPED[1]).returncode, 0, "and deleted by it")
    is_eq(site.rest("GET", f"/apis/{ids['apis']}").status, 404, "that one")

with case("tags"):
    for what in ("keys", "policies"):
        made = create(what, f"tagged {what}").body
        answer = site.rest("PATCH", f"/{what}/{made['id']}", {"tags": [" e\u0301te\u0301 ", "two  words", "\u00e9t\u00e9"]})
        is_eq((answer.status, answer.body.get("tags")), (200, ["\u00e9t\u00e9", "two words"]),
              f"{what}: in their normal form, each once")
        for tag in (" ", "\u3000", "x\u200b", "\u202ex", GROWS):
            answer = site.rest("PATCH", f"/{what}/{made['id']}", {"tags": ["good", tag]})
            is_eq((answer.status, fields(answer)), (422, ["tags[1]"]), f"{what}: {tag!r} is none")
    for typed in ("\u00e9t\u00e9", "e\u0301te\u0301", "two words", "two  words", "two\u00a0words"):
        for parameter in ("tag", "q"):
            is_eq([k["name"] for k in site.rest("GET", f"/keys?{parameter}={quote(typed)}").body["items"]],
                  ["tagged keys"], f"keys?{parameter}={typed!r}")
            ok("tagged keys" in browser.get(f"/admin/keys?{parameter}={quote(typed)}").text, "and on the page")
    ok("tagged keys" in site.certgate("key", "list", "e\u0301te\u0301").stdout, "and by the command")

with case("names from before"):
    ids = {name: new_id() for name in ("old ", "o\u200bld", "two  spaces", "\u202edlo")}
    with open(site.folder + "/old.json", "w", encoding="utf-8") as out:
        json.dump({"certgate_export": 1, "schema_version": 4,
                   "keys": [{"id": i, "name": name, "tags": [" old  tag", "\u200b"]}
                            for name, i in ids.items()]}, out)
    os.chmod(site.folder + "/old.json", 0o644)
    done = site.certgate("import", site.folder + "/old.json")
    is_eq(done.returncode, 0, f"are imported {done.stderr}")
    for name, i in ids.items():
        is_eq(site.rest("GET", f"/keys/{quote(name)}").body.get("id"), i, f"{name!r} is found as it is")
        answer = site.rest("PATCH", f"/keys/{i}", {"tags": ["x", " old  tag"]})
        is_eq((answer.status, answer.body.get("tags")), (200, ["x", " old  tag"]), "so does a tag")
        answer = site.rest("PATCH", f"/keys/{i}", {"tags": ["x"]})
        is_eq((answer.status, answer.body["name"]), (200, name), f"{name!r} stays through other changes")
        answer = site.rest("PATCH", f"/keys/{i}", {"name": name, "active": False})
        is_eq((answer.status, answer.body["name"]), (200, name), "also when it is sent as it was read")
        page = browser.get(f"/admin/keys/{i}/edit")
        is_eq(page.status, 200, "its page opens")
        is_eq(site.rest("PATCH", f"/keys/{i}", {"name": "x\u200b" + name}).status, 422, "a new one has to fit")
        is_eq(site.rest("PATCH", f"/keys/{i}", {"name": "New"}).status, 200, "it can be mended")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")
done_testing()
