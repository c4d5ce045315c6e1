#!/usr/bin/python3
"""The command's options: a value that means nothing is refused with a sentence, and nothing is done.  What
the command itself reads is wrong usage, status 2, as a word too many is; what the model refuses is status 1,
as in REST.  Every option that a help names has its rows here, or is of those that take any text."""
import atexit
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, WEB_USER  # noqa: E402
from homes import Home  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402

folder = tempfile.mkdtemp(prefix="cgo.", dir="/tmp")
atexit.register(shutil.rmtree, folder, True)
os.chmod(folder, 0o711)
home = Home(folder, "home")
TIMES = ("tomorrow", "2026-13-01T00:00:00Z", "2026-11-26", "12345", "2026-11-26T00:00:00")
NUMBERS = ("many", "-1", "1.5", "1e3", "0x10", "99999999999999999999")
ADDRESSES = ("nonsense", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "1.2.3.4:80", "[::1]")
HASHES = ("nonsense", "00", "g" * 64, "0" * 63, "0" * 65)
USER = ["--user", WEB_USER] if ROOT else []
SUPERVISE = ("supervise", "--sockets", folder, *USER)
# command, option, values, exit status, what the sentence has.  An option without dashes is a word in its place.
ROWS = (
    (("explain", "--url", "/a/"), "--address", (*ADDRESSES, "", "192.0.2.0/24"), 2, "--address takes an IPv4 or IPv6 address, not “VALUE”"),
    (("explain", "--url", "/a/"), "--cert", (folder + "/nowhere", folder), 1, "VALUE cannot be read"),
    (("verify",), "--head", ("nonsense", "", "1", "1:", ":" + "0" * 64, "1:" + "0" * 63, "-1:" + "0" * 64, "1:" + "g" * 64), 2,
     "--head takes NUMBER:HASH"),
    (("cert", "show", "/dev/null"), "--as", ("nobody", "", "Gate"), 2, "--as takes admin, portal or gate, not “VALUE”"),
    (("cert", "add", "/dev/null"), "--kind", ("nothing", "", "CLIENT"), 2, "--kind takes client, ca or upstream, not “VALUE”"),
    (("cert", "get"), "SHA256", HASHES, 1, "“VALUE” is not a SHA-256 fingerprint"),
    (("cert", "delete"), "SHA256", HASHES, 1, "“VALUE” is not a SHA-256 fingerprint"),
    (("cert", "crl"), "CA", HASHES, 1, "“VALUE” is not a SHA-256 fingerprint"),
    (("cert", "block"), "SPKI", HASHES, 1, "“VALUE” is not the SHA-256 of a public key"),
    (("cert", "unblock"), "SPKI", HASHES, 1, "“VALUE” is not the SHA-256 of a public key"),
    (("key", "show"), "KEY", ("nobody",), 1, "There is no key “VALUE”"),
    (("key", "revoke", "k"), "SHA256", HASHES, 1, "“VALUE” is not a SHA-256 fingerprint"),
    (("key", "revoke", "k", "TOKEN"), "--reason", ("boredom", "", "Left"), 1, "reason: must be one of"),
    (("key", "change", "k", "--active", "true"), "SHA256", HASHES, 1, "“VALUE” is not a SHA-256 fingerprint"),
    (("key", "change", "k", "TOKEN"), "--ends-at", TIMES, 1, "ends_at: must be a time such as"),
    (("key", "change", "k", "TOKEN"), "--active-from", TIMES, 1, "active_from: must be a time such as"),
    (("key", "change", "k", "TOKEN"), "--bound-to", HASHES, 1, "bound_to"),
    (("key", "create", "--name", "x"), "--cert", (folder + "/nowhere", folder), 1, "VALUE cannot be read"),
    (("key", "create", "--name", "x"), "--expires-at", TIMES, 1, "expires_at: must be a time such as"),
    (("key", "create", "--name", "x"), "--rate", ("100", "100/", "/60", "0/60", "1/0", "a/b", "1/2/3", "-1/60", "1/minute"), 1, "rate"),
    (("key", "create", "--name", "x"), "--quota", ("1000", "1000/", "/day", "0/day", "1/year", "day/1", "-1/day"), 1, "quota"),
    (("key", "create", "--name", "x"), "--max-concurrent", (*NUMBERS, "0"), 1, "max_concurrent: must be a whole number from 1 to"),
    (("key", "create", "--name", "x"), "--active=", ("maybe", "1", "yes", "True"), 1, "active: must be true or false"),
    (("key", "create", "--name", "x"), "--api", ("nobody",), 1, "There is no API “VALUE”"),
    (("key", "create", "--name", "x"), "--api", ("\udcff",), 1, "access.*api_id"),
    (("key", "create", "--name", "x"), "--policy-ids", ("nobody",), 1, "There is no policy “VALUE”"),
    (("key", "create", "--name", "x"), "--organisation-id", ("nobody",), 1, "There is no organisation “VALUE”"),
    (("policy", "create", "--name", "x"), "--applies", ("nothing", "Rate"), 1, "applies.*must be one of: access, rate, quota"),
    (("policy", "create", "--name", "x"), "--key-lifetime-days", (*NUMBERS, "0"), 1, "key_lifetime_days: must be a whole number"),
    (("policy", "create", "--name", "x", "--applies", "rate"), "--rate", ("100", "0/60"), 1, "rate"),
    (("policy", "create", "--name", "x", "--applies", "quota"), "--quota", ("1000", "1/year"), 1, "quota"),
    (("policy", "create", "--name", "x", "--applies", "access"), "--api", ("nobody",), 1, "There is no API “VALUE”"),
    (("policy", "create", "--name", "x"), "--active=", ("maybe",), 1, "active: must be true or false"),
    (("token", "create", "--name", "x"), "--role", ("king", "", "Admin"), 1, "role: must be one of: viewer, admin, owner"),
    (("token", "create", "--name", "x", "--role", "viewer"), "--owner", ("nobody",), 1, "There is no user “VALUE”"),
    (("token", "create", "--name", "x", "--role", "viewer"), "--expires-at", (*TIMES, "2126-01-01T00:00:00Z"), 1, "expires_at"),
    (("user", "create", "--name", "x"), "--role", ("king",), 1, "role: must be one of"),
    (("user", "create", "--name", "x"), "--email", ("nonsense", "a@", "a b@c.example", "a@b.example,c@d.example"), 1, "email: must be one e-mail address"),
    (("user", "create", "--name", "x", "--role", "viewer"), "--must-change=", ("maybe",), 1, "must_change: must be true or false"),
    (("user", "set", "admin"), "--held=", ("maybe",), 1, "held: must be true or false"),
    (("api", "set", "a"), "--listen-path", ("a b", "x", "/admin/", "/../"), 1, "listen_path"),
    (("api", "set", "a"), "--target-url", ("nonsense", "ftp://h/", "http://", "http://u:p@h/"), 1, "target_url"),
    (("api", "set", "a"), "--use-certificate=", ("maybe",), 1, "use_certificate: must be true or false"),
    (("api", "set", "a"), "--use-token=", ("maybe",), 1, "use_token: must be true or false"),
    (("api", "set", "a"), "--active=", ("maybe",), 1, "active: must be true or false"),
    (("api", "set", "a"), "--trust", ("me", "CA"), 1, "trust: must be one of: pinned, ca"),
    (("api", "set", "a"), "--timeout-ms", (*NUMBERS, "0", "300001"), 1, "timeout_ms: must be a whole number from 1 to 300000"),
    (("api", "set", "a"), "--total-timeout-ms", (*NUMBERS, "0"), 1, "total_timeout_ms: must be a whole number"),
    (("api", "set", "a"), "--max-body-bytes", NUMBERS, 1, "max_body_bytes: must be a whole number"),
    (("api", "set", "a"), "--allowed-ips", ADDRESSES, 1, "“VALUE” is not an address or block"),
    (("api", "set", "a"), "--blocked-ips", (*ADDRESSES, "192.0.2.0/33"), 1, "“VALUE” is not an address or block"),
    (("api", "set", "a"), "--ca-certificates", HASHES, 1, "ca_certificates"),
    (("api", "set", "a"), "--upstream-tls", ("nonsense",), 1, "upstream_tls"),
    (("api", "set", "a"), "--upstream-tls-ca-certificates", HASHES, 1, "upstream_tls.ca_certificates"),
    (("api", "set", "a"), "--upstream-tls-client-certificate", (folder + "/nowhere", "/dev/null"), 1, "."),
    (("api", "set", "a"), "--upstream-tls-client-key", (folder + "/nowhere", "/dev/null"), 1, "."),
    (("api", "set", "a"), "--request-headers-set", ("nonsense", "A b: c", "X: a\nb", ": x", "X: \udcff", "\udcff: x"), 1, "request_headers.set"),
    (("api", "set", "a"), "--secret-headers", ("X-New", "X-New: " + folder + "/nowhere", "X-New:", "A b: /dev/null", ": /dev/null"), 1, "cannot be read|secret_headers"),
    (("api", "set", "a"), "--cors-allowed-origins", ("nonsense", "https://a.example/x"), 1, "cors.allowed_origins"),
    (("settings", "set"), "--base-urls-gate", ("nonsense", "ftp://h"), 1, "base_urls.gate"),
    (("settings", "set"), "--base-urls-portal", ("nonsense",), 1, "base_urls.portal"),
    (("settings", "set"), "--base-urls-admin", ("nonsense",), 1, "base_urls.admin"),
    (("settings", "set"), "--sign-up", ("maybe", "Open"), 1, "sign_up: must be one of: open, closed"),
    (("settings", "set"), "--sign-up-domains", ("a b", "@"), 1, "sign_up_domains"),
    (("settings", "set"), "--catalogue-public=", ("maybe",), 1, "catalogue_public: must be true or false"),
    (("settings", "set"), "--lighttpd-announce-partners=", ("maybe",), 1, "lighttpd_announce_partners: must be true or false"),
    (("settings", "set"), "--mail-from", ("nonsense", "A <a@b.example>"), 1, "mail_from: must be one plain address"),
    (SUPERVISE, "--gates", (*NUMBERS, "0", "65", ""), 2, "--gates takes a number from 1 to 64"),
    (SUPERVISE, "--admins", (*NUMBERS, "0", "65"), 2, "--admins takes a number from 1 to 64"),
    (SUPERVISE, "--portals", (*NUMBERS, "0", "65"), 2, "--portals takes a number from 1 to 64"),
    (SUPERVISE, "--lighttpd-ca", ("here.pem",), 2, "--lighttpd-ca takes the whole path of its file"),
    (SUPERVISE, "--bin", (folder + "/nowhere",), 2, "The folder of the programs, VALUE"),
    (SUPERVISE, "--group", ("nobody-of-that-name",), 2, "There is no group named VALUE"),
    (("supervise", "--sockets", folder), "--user", ("nobody-of-that-name",), 2, "There is no user named VALUE"),
    (("supervise", *USER), "--sockets", ("/" + "s" * 120,), 2, "107"),
    (("init", "--proof-file", folder + "/other.proof"), "--user", ("nobody-of-that-name",), 1, "There is no user VALUE"),
    (("init",), "--proof-file", (folder + "/nowhere/proof",), 1, "VALUE"),
    (("key", "list"), "--home", (folder + "/nowhere", "/" + "h" * 1000), 1, "data folder"),
    (("doctor", "--call", "https://127.0.0.1:9"), "--cacert", (folder + "/nowhere",), 1, "VALUE cannot be read"),
)
# Those that take any text, or a file or folder that the command looks for; the doctor tells of what it does not
# find as its faults (doctor.t).  What explain is asked of, it decides as the gate would.
ANY = {
    "api": {"--name"}, "key": {"--name", "--tags"}, "policy": {"--name"}, "token": {"--name"}, "user": {"--name"},
    "settings": {"--portal-title", "--terms"}, "explain": {"--url", "--method", "--site"},
    "doctor": {"--sockets", "--proof-file", "--apache", "--lighttpd", "--call"},
}
SWITCHES = {
    "cert": {"--cascade", "--delete"}, "key": {"--token"}, "policy": {"--detach"}, "user": {"--password-stdin"},
    "explain": {"--token-stdin"}, "backup": {"--with-key"}, "restore": {"--yes", "--with-key"}, "import": {"--skip-clashes"},
    "mail": {"--watch"}, "lighttpd-ca": {"--watch"}, "supervise": {"--no-mail", "--lighttpd-ca", "--watch"},
    "version": {"--version"},
}

home.certgate("api", "create", "--name", "a", "--listen-path", "/a/", "--target-url", "http://127.0.0.1:9/")
key = home.json("key", "create", "--name", "k", "--token", "--api", "a")
token = key["credentials"][0]["sha256"]

with case("the table"):
    commands = sorted(set(re.findall(r"(?m)^([a-z-]+) ", home.certgate("help").stdout)) - {"certgate"})
    ok(len(commands) > 15, f"commands: {commands}")
    for command in commands:
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", home.certgate("help", command).stdout))
        rows = {option.rstrip("=") for words, option, *_ in ROWS if words[0] == command}
        is_eq(sorted(named - rows - ANY.get(command, set()) - SWITCHES.get(command, set())), [],
              f"{command}: each option of its help is looked at")


def everything():
    whole = home.export()
    # When something was looked at is no change.
    return {kind: {i: {n: v for n, v in r.items() if n not in ("last_used_at",)} for i, r in records.items()}
            for kind, records in whole.items() if isinstance(records, dict)}


before = everything()
for words, option, values, status, sentence in ROWS:
    with case(f"{' '.join(words[:2])} {option}"):
        for value in values:
            given = [option + value] if option.endswith("=") else [option, value] if option.startswith("--") else [value]
            done = home.certgate(*(token if word == "TOKEN" else word for word in words), *given)
            name = repr(value[:40])
            is_eq((done.returncode, done.stdout), (status, ""), f"{name}: status {status}") or diag(done.stderr[:300])
            like(done.stderr, "^certgate: ", f"{name}: a sentence")
            like(done.stderr.splitlines()[0] if done.stderr else "", sentence.replace("VALUE", re.escape(value)), f"{name}: what is wrong")
with case("after all that"):
    is_eq(everything(), before, "nothing was changed")
    is_eq(sorted(os.listdir(folder)), ["home", "home.proof", "home.proof.lighttpd"], "and nothing made")
    for address in ("192.0.2.1", "::1", "::ffff:192.0.2.1"):
        is_eq(home.certgate("explain", "--url", "/a/", "--address", address).returncode, 0, f"the address {address} is one")
with case("a folder whose name is no UTF-8"):
    made = Home(folder, "of \udcff")
    is_eq(made.certgate("key", "list").returncode, 0, "is made, and its owner's password told")
done_testing()
