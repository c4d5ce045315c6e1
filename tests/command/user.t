#!/usr/bin/python3
"""certgate user: people are made, changed and removed on the host, and
no password is ever an argument; what else the command tells or refuses in words of its own."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

SECRET = "a password of one's own"
site = Site()
site.open()


def run(*words, stdin=None):
    done = site.certgate("--json", *words, stdin=stdin)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def may_sign_in(name, password):
    """The page that comes after it; None: he may not."""
    page = Browser(site).sign_in(name, password)
    return None if page.path == "/admin/login" else page.path


with case("create"):
    status, made, err = run("user", "create", "--name", "Vera", "--role", "viewer", "--email",
                            "vera@example.org")
    is_eq((status, err, made["name"], made["role"], made["email"], made["must_change"]),
          (0, "", "Vera", "viewer", "vera@example.org", True), "with a one-time password")
    is_eq(may_sign_in("Vera", made["password"]), "/admin/password", "which has to be changed first")
    status, made, err = run("user", "create", "--name", "Ada", "--role", "admin", "--password-stdin",
                            stdin=SECRET + "\n")
    is_eq((status, err, made["role"], made["must_change"]), (0, "", "admin", False),
          "with a password from standard input")
    ok("password" not in made and "password_hash" not in made, "which is not shown")
    ok(may_sign_in("Ada", SECRET) not in (None, "/admin/password"), "and signs in at once")
    like(site.certgate("user", "create", "--name", "Lines").stdout, r"(?m)^password: \S{20,}$",
         "as lines, too")
    for words, stdin, want in (
            (("--name", "x", "--password-stdin"), "short", "password"),
            (("--name", "x", "--password-stdin"), "", "password"),
            (("--name", "x", "--password-stdin"), "a NUL \0 in a long one", "password"),
            (("--name", "Ada"), None, "Ada"), ((), None, "name"),
            (("--name", "x", "--role", "king"), None, "role"),
            (("--name", "x", "--email", "nowhere"), None, "email")):
        status, made, err = run("user", "create", *words, stdin=stdin)
        is_eq((status, made), (1, None), f"{words}: refused")
        like(err, want, "and says why")
    is_eq(sorted(u["name"] for u in run("user", "list")[1]), ["Ada", "Lines", "Vera", "admin"],
          "nothing else was made")
    is_eq(run("user", "create", "--name", "x", "--password", SECRET)[0], 2, "never as an argument")

with case("set"):
    is_eq((run("user", "set", "Vera", "--role", "admin")[1]["role"],
           run("user", "show", "Vera")[1]["role"]), ("admin", "admin"), "a role")
    is_eq(run("user", "set", "Vera", "--email", "null")[1]["email"], None, "an address taken away")
    before = run("user", "show", "Ada")[1]
    status, made, err = run("user", "set", "Ada", "--password-stdin", stdin="short")
    is_eq((status, made), (1, None), "a password that is too short")
    status, made, err = run("user", "set", "Ada", "--role", "viewer", "--password-stdin", stdin="short")
    is_eq((status, run("user", "show", "Ada")[1]), (1, before), "and nothing beside it is changed")
    got = site.rest("PATCH", "/users/" + before["id"], {"role": "viewer", "password": "short"})
    is_eq((got.status, run("user", "show", "Ada")[1]), (422, before), "by REST neither")
    status, made, err = run("user", "set", "Ada", "--role", "viewer", "--password-stdin",
                            stdin="another one, long enough")
    is_eq((status, made["role"]), (0, "viewer"), "a password and a role")
    is_eq(may_sign_in("Ada", SECRET), None, "the old one is over")
    ok(may_sign_in("Ada", "another one, long enough"), "the new one is in force")
    is_eq(run("user", "set", "admin", "--role", "viewer")[0], 1, "the last owner stays one")
    is_eq(run("user", "set", "Ada")[0], 2, "nothing is wrong usage")
    is_eq(run("user", "set", "nobody", "--role", "viewer")[0], 1, "nobody of that name")

with case("delete"):
    is_eq(run("user", "delete", "Ada")[0], 0, "is done")
    is_eq((run("user", "show", "Ada")[0], may_sign_in("Ada", "another one, long enough")), (1, None),
          "and nobody signs in any more")
    status, _, err = run("user", "delete", "admin")
    is_eq(status, 1, "the last owner is not")
    like(err, "last owner", "and it says so")
    is_eq(site.certgate("verify").returncode, 0, "the store is whole")
    actions = [e["action"] for e in site.rest("GET", "/audit").body["items"]]
    ok({"user.create", "user.change", "user.delete", "user.password"} <= set(actions),
       "the audit has all of it")

with case("limits in words of the command"):
    for kind, words in (("policy", ["create", "--name", "x", "--applies", "rate"]),
                        ("key", ["create", "--name", "x"]), ("api", ["create", "--name", "x"])):
        for rate in ("abc", "100", "100/", "/60", "100/minute", "x/60", "1.5/60", "-1/60", "100/60/1", ""):
            status, made, err = run(kind, *words, "--rate", rate)
            is_eq((status, made), (1, None), f"{kind}: --rate {rate!r}")
            like(err, r"--rate: write requests/seconds, such as 100/60", "says what to write")
    for quota in ("abc", "1000", "1000/", "x/day"):
        like(run("key", "create", "--name", "x", "--quota", quota)[2],
             r"--quota: write requests/period, such as 1000/day", f"--quota {quota!r}")
    like(run("key", "create", "--name", "x", "--quota", "5/fortnight")[2], "hour, day, week, month",
         "a period that is none")
    like(run("api", "create", "--name", "x", "--upstream-tls-client-key", "/nowhere.key")[2],
         "/nowhere.key cannot be read", "a file that is not there")
    is_eq(run("key", "list")[1], [], "nothing was made")

with case("keys, listed"):
    api = site.make_api()
    made = [site.make_key(f"key {n}", site.make_cert(f"cert {n}"), api, token=True) for n in range(3)]
    site.make_key("bare")
    listed = {k["id"]: k for k in run("key", "list")[1]}
    by_rest = {k["id"]: k for k in site.rest("GET", "/keys").body["items"]}
    is_eq(listed, by_rest, "as REST lists them, with their credentials")
    is_eq([len(listed[k["id"]]["credentials"]) for k in made], [2, 2, 2], "all of them")

done_testing()
