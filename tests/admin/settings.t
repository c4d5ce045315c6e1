#!/usr/bin/python3
"""What holds for the whole installation: the record, its page, the command, and where it is used."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)

with site:
    boss = owner(site)
    rest = site.rest

    def settings(*without):
        return {n: v for n, v in rest("GET", "/settings").body.items()
                if n not in ("created_at", "updated_at", *without)}

    def audit():
        return [e for e in rest("GET", "/audit?limit=500").body["items"]
                if e["action"] == "settings.change"]

    defaults = {"id": "settings", "revision": 1, "base_urls": {"gate": "", "portal": "", "admin": ""},
                "portal_title": "API portal", "catalogue_public": True, "sign_up": "open",
                "sign_up_domains": [], "terms": "", "mail_from": "",
                "lighttpd_announce_partners": False}

    with case("defaults"):
        is_eq(settings(), defaults, "are there before anybody has changed anything")
        is_eq(rest("GET", "/settings").headers.get("etag"), '"1"', "as revision 1")
        is_eq(rest("PATCH", "/settings", {}).body["revision"], 1, "no change leaves it")
        is_eq(rest("PATCH", "/settings", {"sign_up": "open"}).body["revision"], 1,
              "nor does one to what it is")
        is_eq(audit(), [], "and the audit")

    with case("changes"):
        got = rest("PATCH", "/settings", {"base_urls": {"gate": "https://API.example.org:443/"},
                                          "sign_up_domains": ["Aster.EXAMPLE", "b.example"]},
                   {"If-Match": '"1"'})
        is_eq((got.status, got.body["revision"]), (200, 2), "one")
        is_eq(got.body["base_urls"], {"gate": "https://api.example.org", "portal": "", "admin": ""},
              "a base in its normal form, the others left alone")
        is_eq(got.body["sign_up_domains"], ["aster.example", "b.example"], "domains too")
        is_eq(rest("PATCH", "/settings", {"sign_up": "closed"}, {"If-Match": '"1"'}).status, 412,
              "a stale one is refused")
        got = rest("PATCH", "/settings", {"base_urls": {"admin": "https://[::1]:8443/admin",
                                                        "portal": "https://example.org/portal/"},
                                          "terms": "# One\r\n\r\n\ttwo"})
        is_eq(got.body["base_urls"], {"gate": "https://api.example.org", "admin": "https://[::1]:8443",
                                      "portal": "https://example.org"}, "the pages' own path is taken off")
        is_eq(got.body["terms"], "# One\n\n\ttwo", "lines and tabs stay, CRLF becomes LF")
        is_eq(len(audit()), 2, "the audit tells of both")
        is_eq(json.loads(audit()[0]["changes"])["terms"], "# One\n\n\ttwo", "and what is new")
        is_eq(rest("PATCH", "/settings", {"base_urls": None, "terms": None, "sign_up_domains": None})
              .body["base_urls"], defaults["base_urls"], "null: the default again")
        is_eq(settings("revision"), {n: v for n, v in defaults.items() if n != "revision"}, "of all")

    with case("refused"):
        before = settings()
        for member, value in (
                ("base_urls", {"gate": "ftp://x"}), ("base_urls", {"gate": "https://u:p@x"}),
                ("base_urls", {"gate": "https://x/path"}), ("base_urls", {"gate": "https://x?q"}),
                ("base_urls", {"gate": "javascript:alert(1)"}), ("base_urls", {"gate": "//x"}),
                ("base_urls", {"gate": "https://x y"}), ("base_urls", {"gate": "https://x\n"}),
                ("base_urls", {"portal": "http://x"}), ("base_urls", {"admin": "http://x"}),
                ("base_urls", {"admin": "https://x/portal"}), ("base_urls", []), ("base_urls", "https://x"),
                ("sign_up", "maybe"), ("sign_up_domains", ["@x.example"]), ("sign_up_domains", ["a b"]),
                ("sign_up_domains", ["-x.example"]), ("sign_up_domains", ["x..example"]),
                ("sign_up_domains", [""]), ("sign_up_domains", ["x" * 64 + ".example"]),
                ("mail_from", "Me <me@x.example>"), ("mail_from", "a@x.example\r\nBcc: b@x.example"),
                ("mail_from", "-f@x.example"), ("mail_from", "a@b@x.example"), ("mail_from", "a"),
                ("portal_title", ""), ("portal_title", "x" * 201), ("terms", "a\x07b"),
                ("terms", "x" * 65537), ("catalogue_public", "yes")):
            got = rest("PATCH", "/settings", {member: value})
            ok(got.status == 422 and got.body["errors"][0]["field"].startswith(member),
               f"{member} {value!r:.50}") or diag(repr(got.body))
        got = rest("PATCH", "/settings", {"surprise": 1})
        is_eq((got.status, got.body["errors"][0]["field"]), (400, "surprise"), "a member nobody knows")
        is_eq(rest("POST", "/settings", {}).status, 405, "there is one, and no second is made")
        is_eq(rest("DELETE", "/settings").status, 405, "nor is it removed")
        is_eq(settings(), before, "and nothing was changed")

    with case("roles"):
        for role in ("admin", "viewer"):
            rest("POST", "/users", {"name": role + "-one", "role": role, "password": PASSWORD})
            browser = Browser(site)
            browser.sign_in(role + "-one", PASSWORD)
            is_eq(browser.get("/admin/settings").status, 403, f"{role}: no page")
            ok("/admin/settings" not in browser.get("/admin/").text, f"{role}: no link")
            cookie = {"Cookie": "; ".join(f"{n}={v}" for n, v in browser.cookies.items()),
                      "X-CSRF-Token": browser.get("/admin/").token()}
            is_eq(rest("GET", "/settings", headers=cookie, token="").status, 403, f"{role}: no REST")
            is_eq(rest("PATCH", "/settings", {"sign_up": "closed"}, cookie, token="").status, 403,
                  f"{role}: no change by REST")

    with case("the page"):
        page = boss.get("/admin/settings")
        is_eq(page.status, 200, "is there")
        done = boss.submit(page, "Save", {"APIs": "https://gate.example", "Name of the portal": "Aster <APIs>",
                                    "Domains that may join": "a.example, b.example",
                                    "Terms to accept": "# <Terms>\n\nBe kind.",
                                    "Sender": "api@aster.example",
                                    "Developers may join by themselves": False,
                                    "Catalogue readable without signing in": False,
                                    "Announce partners": True})
        like(done.text, "Saved", "saves")
        is_eq(settings("id", "revision"), {
            "base_urls": {"gate": "https://gate.example", "portal": "", "admin": ""},
            "portal_title": "Aster <APIs>", "catalogue_public": False, "sign_up": "closed",
            "sign_up_domains": ["a.example", "b.example"], "terms": "# <Terms>\n\nBe kind.",
            "mail_from": "api@aster.example", "lighttpd_announce_partners": True}, "all of it")
        before = settings()
        boss.submit(boss.get("/admin/settings"), "Save", {})
        is_eq(settings(), before, "saved again as it was it stays so, to the last line")
        bad = boss.submit(boss.get("/admin/settings"), "Save", {"Sender": "nobody", "APIs": "gate.example",
                                                          "Terms to accept": "one\ntwo"})
        is_eq(bad.status, 422, "what cannot be is refused")
        like(bad.text, "must be one plain address", "with the reason")
        form, _ = bad.form("Save")
        is_eq(bad.field(form, "Sender").value, "nobody", "and what was typed")
        is_eq(bad.field(form, "Terms to accept").value, "one\ntwo", "in all lines")
        is_eq(settings(), before, "nothing was changed")
        stale = boss.get("/admin/settings")
        rest("PATCH", "/settings", {"portal_title": "Theirs"})
        told = boss.submit(stale, "Save", {"Name of the portal": "Mine"})
        is_eq(told.status, 412, "somebody else was faster")
        like(told.text, "Name of the portal: “Theirs” now, “Mine” in the form", "both versions")
        boss.submit(told, "Save", {})
        is_eq(settings()["portal_title"], "Mine", "and again saves")

    with case("where links lead"):
        api = site.make_api()
        like(boss.get("/admin/apis/" + api["id"]).text, r"https://gate\.example/mtls-api/",
             "curl lines have the gate's base")
        rest("PATCH", "/settings", {"base_urls": {"gate": ""}})
        like(boss.get("/admin/apis/" + api["id"]).text, rf"key\.pem {site.url}/mtls-api/",
             "without one the host that the browser asked for")
        rest("PATCH", "/settings", {"base_urls": {"admin": "https://dash.example"}})
        made = boss.submit(boss.get("/admin/users/new"), "Create", {"Name": "newcomer"})
        like(made.text, r"https://dash\.example/admin/", "the sign-in page's link the dashboard's")

    with case("the command"):
        done = site.certgate("settings", "set", "--base-urls-gate", "https://cmd.example", "--sign-up", "open",
                             "--sign-up-domains", "c.example", "--lighttpd-announce-partners", "false")
        is_eq(done.returncode, 0, "sets") or diag(done.stderr)
        shown = json.loads(site.certgate("--json", "settings", "show").stdout)
        is_eq(shown, rest("GET", "/settings").body, "shows what REST shows")
        is_eq((shown["base_urls"]["gate"], shown["base_urls"]["admin"], shown["sign_up_domains"]),
              ("https://cmd.example", "https://dash.example", ["c.example"]), "and leaves the rest")
        is_eq(site.certgate("settings", "set").returncode, 2, "nothing to set: wrong usage")
        bad = site.certgate("settings", "set", "--mail-from", "x")
        is_eq(bad.returncode, 1, "refuses what cannot be")
        like(bad.stderr, "mail_from", "and names it")

    with case("export"):
        path = site.folder + "/export.json"
        is_eq(site.certgate("export", path).returncode, 0, "an export")
        with open(path, encoding="utf-8") as text:
            records = json.load(text)
        is_eq([s["mail_from"] for s in records["settings"]], ["api@aster.example"], "has them")
        is_eq(site.certgate("import", path).returncode, 0, "and comes back over itself")

done_testing()
