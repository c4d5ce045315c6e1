#!/usr/bin/python3
"""The command: init, api, key, token, cert show, help; as root, as the data folder's owner, and as
somebody else.  One file, though long: all cases share one data folder, and go on with what those before
them made in it."""
import atexit
import base64
import concurrent.futures
import hashlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert  # noqa: E402
from environment import BIN, ROOT, TREE, WEB_USER  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, skip, unlike  # noqa: E402

folder = tempfile.mkdtemp(prefix="cgc.", dir="/tmp")
atexit.register(shutil.rmtree, folder, True)
os.chmod(folder, 0o711)
home, proof_file = folder + "/home", folder + "/proof.conf"
made_certs = folder + "/certs"
os.mkdir(made_certs, 0o700)
user = pwd.getpwnam(WEB_USER)
# The programs where everybody can run them.
bin_folder = folder + "/bin"
shutil.copytree(BIN, bin_folder)
os.chmod(bin_folder, 0o755)
CERTS = TREE + "/tests/certs/"


def run(*words, stdin=None, as_user=None, env=None, folder_option=True, **more):
    """(exit status, standard output, standard error)"""
    who = ["setpriv", "--reuid", as_user, "--regid", str(pwd.getpwnam(as_user).pw_gid),
           "--clear-groups"] if as_user else []
    words = [str(w) for w in words]
    command = [*who, bin_folder + "/certgate", *(["--home", home] if folder_option else []), *words]
    environment = {n: v for n, v in os.environ.items() if n != "CERTGATE_HOME"}
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=folder,
                          env={**environment, **(env or {})},
                          stdin=None if stdin is not None else subprocess.DEVNULL, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def does(name, *words, **more):
    """It has to work without a word on standard error; returns its JSON."""
    status, out, err = run("--json", *words, **more)
    if not ok(status == 0 and not err, name):
        diag(f"status {status}", out, err)
    return json.loads(out) if out else None


def refuses(name, pattern, *words, status=1, **more):
    """The status, a reason on standard error, nothing on standard output."""
    got, out, err = run(*words, **more)
    good = got == status and out == "" and re.search(pattern, err, re.S)
    if not ok(good, name):
        diag(f"status {got}, want {status}", out, err, f"pattern: {pattern}")


def owners():
    """Everything in the data folder that is not the owner's alone."""
    wrong = []
    for at, folders, files in os.walk(home):
        for name in [".", *folders, *files]:
            st = os.lstat(os.path.join(at, name))
            if st.st_uid != (user.pw_uid if ROOT else os.geteuid()) or st.st_mode & 0o077:
                wrong.append(f"{at}/{name} {st.st_uid} {st.st_mode:o}")
    return wrong


def read(path):
    with open(path, "rb") as file:
        return file.read()


OWNER = ["--user", WEB_USER] if ROOT else []

with case("init"):
    refuses("an unknown user", "no user nobody-of-that-name", "init", "--user",
            "nobody-of-that-name", "--proof-file", proof_file)
    ok(not os.path.exists(home) and not os.path.exists(proof_file), "and nothing is made")
    refuses("no data folder named", "--home DIR or set CERTGATE_HOME", "init", folder_option=False)
    refuses("an unknown option", "--what", "init", "--what", status=2)
    refuses("a proof file that cannot be", "--proof-file", "init", "--proof-file",
            folder + "/nowhere/proof.conf")
    ok(not os.path.exists(home), "and no data folder is made")
    if ROOT:
        refuses("a proof file that this user may not write", "proof.conf.*--proof-file", "init",
                "--proof-file", proof_file, as_user=WEB_USER)
        ok(not os.path.exists(home), "and no data folder is made, either")
    os.symlink(folder + "/elsewhere", folder + "/link.conf")
    refuses("a link for a proof file", "link.conf", "init", "--proof-file", folder + "/link.conf")
    ok(not os.path.exists(folder + "/elsewhere"), "is not followed")
    if ROOT:
        with open(folder + "/theirs.conf", "w", encoding="ascii"):
            os.chown(folder + "/theirs.conf", user.pw_uid, user.pw_gid)
    with open(folder + "/first.conf", "w", encoding="ascii"):
        os.link(folder + "/first.conf", folder + "/second.conf")
    os.mkfifo(folder + "/pipe.conf")
    for name, path in (("of somebody else", "theirs"), ("with another name", "second"), ("that is a pipe", "pipe")):
        if path == "theirs" and not ROOT:
            continue
        refuses(f"a proof file {name}", f"{path}.conf.*--proof-file", "init", "--proof-file",
                f"{folder}/{path}.conf")
        ok(not os.path.exists(home), "and no data folder is made")
        ok(path == "pipe" or os.path.getsize(f"{folder}/{path}.conf") == 0, "and nothing is written to it")
    with open(proof_file, "w", encoding="ascii") as out:
        out.write("# another's\n")
    refuses("another data folder's proof file", "holds a proof already", "init", *OWNER,
            "--proof-file", proof_file)
    is_eq(read(proof_file), b"# another's\n", "is left as it was")
    ok(not os.path.exists(home), "and no data folder is made")
    os.rename(proof_file, proof_file + ".lighttpd")
    refuses("lighttpd's form of one that is gone",
            f"remove both {proof_file} and {proof_file}.lighttpd", "init", *OWNER, "--proof-file",
            proof_file)
    is_eq((os.path.exists(proof_file), read(proof_file + ".lighttpd")), (False, b"# another's\n"),
          "is left as it was, and nothing is made beside it")
    os.unlink(proof_file + ".lighttpd")
    refuses("a data folder that cannot be made", "cannot be made", "--home",
            "/proc/nowhere/home", "init", *OWNER, "--proof-file", folder + "/nowhere.conf",
            folder_option=False)
    for seconds in ("0.005", "0.02", "0.05"):
        subprocess.run(["timeout", "-s", "KILL", seconds, BIN + "/certgate", "--home", home, "init",
                        *OWNER, "--proof-file", proof_file], capture_output=True, check=False)
        if run("init", *OWNER, "--proof-file", proof_file)[0] == 0:
            subprocess.run(["rm", "-rf", home, proof_file, proof_file + ".lighttpd"], check=True)
        else:
            like(run("init", *OWNER, "--proof-file", proof_file)[2], "already",
                 f"killed after {seconds} s it had been through")
            subprocess.run(["rm", "-rf", home, proof_file, proof_file + ".lighttpd"], check=True)
    ok(not os.path.exists(home), "init goes on where a killed one left off")
    status, out, err = run("init", *OWNER, "--proof-file", proof_file)
    is_eq((status, err), (0, ""), "works")
    like(out, r"^home: .*\nproof_file: .*\nuser: admin\npassword: [a-z2-7]{26}\n\Z",
         "says what it made")
    password = re.search("password: (.*)", out).group(1)
    text = read(proof_file).decode()
    like(text, r"SetEnv CERTGATE_PROOF [0-9a-f]{64}\n", "the proof is for the web server")
    proof = re.search("[0-9a-f]{64}", text).group()
    st = os.stat(proof_file)
    is_eq((st.st_mode & 0o777, st.st_uid), (0o600, os.geteuid()), "and for whoever starts it alone")
    like(read(proof_file + ".lighttpd").decode(), rf'(?m)^var\.certgate_proof = "{proof}"$',
         "lighttpd's form lies beside it")
    st = os.stat(proof_file + ".lighttpd")
    is_eq((st.st_mode & 0o777, st.st_uid), (0o600, os.geteuid()), "as closed")
    is_eq(owners(), [], "all of the data folder is its owner's alone")
    sealing = home + "/keys/seal.key"
    ok(re.fullmatch(rb"[0-9a-f]{64}\n", read(sealing)) and os.stat(sealing).st_mode & 0o777 == 0o600,
       "the sealing key is made")
    everything = b"".join(read(os.path.join(at, f)) for at, _, fs in os.walk(home) for f in fs)
    ok(proof.encode() not in everything and bytes.fromhex(proof) not in everything,
       "the proof itself is not in it")
    ok(password.encode() not in everything, "nor the password")
    ok(b"$y$" in everything, "but its hash")
    files = {p: read(p) for p in (proof_file, home + "/keys/proof")}
    refuses("a second time", "already.*nothing was changed", "init", *OWNER, "--proof-file",
            proof_file)
    is_eq({p: read(p) for p in files}, files, "changes nothing")

with case("where the data folder is"):
    env = {"CERTGATE_HOME": home}
    is_eq(run("api", "list", env=env, folder_option=False), (0, "", ""), "from the environment")
    is_eq(run("api", "list", f"--home={home}/", folder_option=False), (0, "", ""), "--home=DIR")
    is_eq(run("api", "--home", "home", "list", folder_option=False), (0, "", ""),
          "relative, in the middle")
    is_eq(run("api", "list", "--home", home, env={"CERTGATE_HOME": "/nowhere"},
              folder_option=False), (0, "", ""), "the option before the environment")
    refuses("a folder that is not there", "/nowhere", "api", "list", "--home", "/nowhere",
            folder_option=False)
    refuses("a folder that is none of ours", "certgate init", "api", "list", "--home", made_certs,
            folder_option=False)
    refuses("--home without a folder", "--home", "api", "list", "--home", folder_option=False,
            status=2, env=env)

# --- records ---

with case("api"):
    api = does("create", "api", "create", "--name", "mtls-api", "--listen-path", "/mtls-api",
               "--target-url", "http://127.0.0.1:9/", "--use-certificate", "--allowed-ips",
               "192.0.2.0/24", "--allowed-ips", "::1", "--timeout-ms", "5000")
    is_eq([api["listen_path"], api["allowed_ips"], api["timeout_ms"],
           api["auth"]["use_certificate"], api["auth"]["use_token"]],
          ["/mtls-api/", ["192.0.2.0/24", "::1"], 5000, True, True], "all options count")
    is_eq(does("show by name", "api", "show", "mtls-api"), api, "and gives the record")
    is_eq(does("show by id", "api", "show", api["id"]), api, "and the same")
    is_eq(does("list", "api", "list"), [api], "and all")
    is_eq(does("list TEXT", "api", "list", "MTLS"), [api], "and those that hold it")
    is_eq(does("list of none", "api", "list", "other"), [], "and nothing")
    got = does("set", "api", "set", "mtls-api", "--active=false", "--use-token", "false",
               "--allowed-ips", "", "--timeout-ms", "null", "--token-header", "X-Key")
    is_eq([got["active"], got["auth"], got["allowed_ips"], got["timeout_ms"], got["revision"]],
          [False, {**api["auth"], "use_token": False, "token_header": "X-Key"}, [], 30000, 2],
          "changes what is named and nothing else")
    got = does("a switch alone", "api", "set", "--active", "mtls-api")
    is_eq(got["active"], True, "switches on")
    status, out, err = run("api", "show", "mtls-api")
    like(out, r"(?m)^name: mtls-api$", "for people: a line for each member")
    like(out, r'(?m)^auth: \{"use_certificate": true', "and what is within as JSON")
    for name, pattern, words in (
            ("a name that is there", "another API", ["--name", "mtls-api", "--listen-path", "/x",
                                                     "--target-url", "http://h/"]),
            ("a path that is there", "listens on", ["--name", "x", "--listen-path", "/mtls-api",
                                                    "--target-url", "http://h/"]),
            ("a reserved path", "certgate's own", ["--name", "x", "--listen-path", "/admin/x",
                                                   "--target-url", "http://h/"]),
            ("no path", "listen_path: is missing", ["--name", "x", "--target-url", "http://h/"]),
            ("no number", "whole number", ["--name", "x", "--timeout-ms", "soon"]),
            ("a number in words", "whole number", ["--name", "x", "--timeout-ms", "[1]"]),
            ("neither true nor false", "true or false", ["--name", "x", "--active=maybe"]),
            ("all that is wrong", "name: is missing.*target_url: is missing",
             ["--listen-path", "/x"]),
            ("not UTF-8", "name: must be text", ["--name", os.fsdecode(b"\xff")])):
        refuses(name, pattern, "api", "create", *words)
    got = does("a list of sites", "api", "set", "mtls-api", "--sites", "a")
    refuses("a list with what is not UTF-8", r"sites\[0\]: must be text", "api", "set", "mtls-api",
            "--sites", os.fsdecode(b"\xff"))
    is_eq(does("show", "api", "show", "mtls-api"), got, "changes nothing")
    refuses("set of none", "no API “x”", "api", "set", "x", "--name", "y")
    refuses("show of none", "no API “x”", "api", "show", "x")
    refuses("delete of none", "no API “x”", "api", "delete", "x")
    refuses("set without a change", "", "api", "set", "mtls-api", status=2)
    refuses("set without a name", "", "api", "set", "--name", "x", status=2)
    refuses("show of two", "“b” is not known", "api", "show", "a", "b", status=2)
    refuses("an option of another record", "--cert", "api", "create", "--cert", "x", status=2)
    refuses("an option without its value", "--name", "api", "create", "--name", status=2)
    refuses("a terminal's bytes", r"\\x1b", "api", "show", "\x1b[2J")
    is_eq(run("api", "delete", "mtls-api"), (0, "", ""), "delete says nothing")
    is_eq(does("list", "api", "list"), [], "and it is gone")

api = does("an API for the keys", "api", "create", "--name", "a", "--listen-path", "/a",
           "--target-url", "http://127.0.0.1:9/", "--use-certificate")
# Nothing to notice about the second.
quiet = {"days": 365, "extensions": ["basicConstraints=CA:FALSE"]}
cert, cert2 = make_cert(made_certs, "partner"), make_cert(made_certs, "next", **quiet)
both = made_certs + "/both.pem"
with open(both, "w", encoding="ascii") as out:
    out.write(cert.pem + cert.key_pem)
os.chmod(both, 0o600)

with case("key"):
    # Of files that only the caller may read, when the caller is root.
    status, out, err = run("--json", "key", "create", "--name", "Billing", "--cert", both, "--api",
                           "a", "--tags", "x", "--tags", "tag-y", "--expires-at",
                           "2099-01-01T00:00:00Z")
    is_eq(status, 0, "create from public and private in one file") or diag(err)
    like(err, "(?i)private key", "says that it drops the private key")
    key = json.loads(out)
    is_eq([key["name"], key["access"], key["tags"], key["expires_at"],
           [c["sha256"] for c in key["credentials"]]],
          ["Billing", [{"api_id": api["id"], "methods": [], "paths": [], "separate": False,
                        "rate": None, "quota": None}], ["x", "tag-y"],
           "2099-01-01T00:00:00Z", [cert.sha256]], "and all options count")
    ok("token" not in key, "no token that was not asked for")
    secret = cert.key_pem.splitlines()[1]
    ok(secret not in out + err, "the private key is not repeated")
    ok(not any(secret.encode() in read(os.path.join(at, f)) for at, _, fs in os.walk(home)
               for f in fs), "and nowhere in the data folder")
    refuses("the same certificate again", "Billing.*" + key["id"], "key", "create", "--name", "x",
            "--cert", cert.path)
    status, out, err = run("--json", "key", "create", "--name", "Tokens", "--token", "--api", "a")
    made = json.loads(out)
    like(made["token"], r"^[a-z2-7]{52}$", "create with a token shows it")
    ok(made["token"] not in run("--json", "key", "show", "Tokens")[1], "once")
    is_eq(does("show", "key", "show", "Billing")["id"], key["id"], "by name")
    is_eq(does("show", "key", "show", key["id"])["id"], key["id"], "by id")
    is_eq([k["name"] for k in does("list", "key", "list")], ["Billing", "Tokens"], "in order")
    is_eq([k["name"] for k in does("list by tag", "key", "list", "tag-y")], ["Billing"], "those only")
    got = does("set", "key", "set", "Billing", "--active", "false", "--expires-at", "null")
    is_eq((got["active"], got["expires_at"], got["access"]), (False, None, key["access"]),
          "changes what is named")
    got = does("add a certificate", "key", "add", "Billing", "--cert", cert2.path)
    is_eq((got["sha256"], got["key_id"]), (cert2.sha256, key["id"]), "to that key")
    got = does("add a token", "key", "add", "Billing", "--token")
    like(got["token"], r"^[a-z2-7]{52}$", "which is shown once")
    is_eq(len(does("show", "key", "show", "Billing")["credentials"]), 3, "three credentials")
    is_eq(run("key", "revoke", "Billing", ":".join(re.findall("..", cert2.sha256.upper())),
              "--reason", "left"), (0, "", ""), "revoke, in another notation, says nothing")
    got = {c["sha256"]: c for c in does("show", "key", "show", "Billing")["credentials"]}
    is_eq((got[cert2.sha256]["active"], got[cert2.sha256]["revoked_reason"],
           got[cert.sha256]["active"]), (False, "left", True), "that one and no other")
    refuses("the revoked one again", "revoked", "key", "add", "Tokens", "--cert", cert2.path)
    refuses("an unknown reason", "other, superseded, left", "key", "revoke", "Billing",
            cert.sha256, "--reason", "bored")
    refuses("another key's", "no such credential", "key", "revoke", "Tokens", cert.sha256)
    refuses("no fingerprint", "not a SHA-256", "key", "revoke", "Billing", "nonsense")
    refuses("revoke what?", "", "key", "revoke", "Billing", status=2)
    refuses("add what?", "", "key", "add", "Billing", status=2)
    refuses("add both", "", "key", "add", "Billing", "--token", "--cert", cert.path, status=2)
    refuses("a file that is not there", "nowhere.pem.*No such file", "key", "create", "--name", "x",
            "--cert", "/nowhere.pem")
    refuses("a folder for a file", "Is a directory", "key", "create", "--name", "x", "--cert",
            made_certs)
    refuses("no certificate in it", "certificate", "key", "create", "--name", "x", "--cert",
            cert.key)
    refuses("no such API", "no API “none”", "key", "create", "--name", "x", "--api", "none")
    refuses("an end that is past", "in the past", "key", "create", "--name", "x", "--expires-at",
            "2001-01-01T00:00:00Z")
    is_eq([k["name"] for k in does("list", "key", "list")], ["Billing", "Tokens"],
          "nothing was made of what was refused")
    for _ in range(2):
        does("a name twice", "key", "create", "--name", "Twin")
    refuses("which is meant?", "more than one key.*its id", "key", "delete", "Twin")
    twins = does("list", "key", "list", "Twin")
    is_eq(len(twins), 2, "both are there")
    is_eq(run("key", "delete", twins[0]["id"]), (0, "", ""), "delete by id")
    is_eq(run("key", "delete", "Twin"), (0, "", ""), "then the other by name")
    spaced = does("from standard input", "key", "create", "--name", "From pipe", "--cert", "-",
                  stdin=make_cert(made_certs, "piped", **quiet).pem.encode())
    is_eq(len(spaced["credentials"]), 1, "with its certificate")

def openssl(*words, data):
    return subprocess.run(["openssl", *words], input=data, check=True, capture_output=True).stdout


with case("a certificate as text or DER, out of a file or standard input"):
    turns = iter(range(1000))

    def forms():
        """A certificate of its own in each form, its SHA-256 and its private key's file."""
        for kind in ("PEM", "DER"):
            for way in ("a file", "standard input"):
                one = make_cert(made_certs, f"form {next(turns)}", **quiet)
                data = openssl("x509", "-outform", kind, data=one.pem.encode())
                path = f"{made_certs}/form.{kind}"
                with open(path, "wb") as out:
                    out.write(data)
                yield f"{kind} in {way}", one, *(("-", data) if way != "a file" else (path, None))

    def shown_sha256(pem):
        return hashlib.sha256(base64.b64decode("".join(pem.splitlines()[1:-1]))).hexdigest()

    places = {
        "cert show": (lambda one, path: ["cert", "show", path], lambda got: got["sha256"]),
        "cert show --as portal": (lambda one, path: ["cert", "show", "--as", "portal", path],
                                  lambda got: got["sha256"]),
        "cert add": (lambda one, path: ["cert", "add", path], lambda got: got["sha256"]),
        "key create": (lambda one, path: ["key", "create", "--name", "f", "--cert", path],
                       lambda got: got["credentials"][0]["sha256"]),
        "key add": (lambda one, path: ["key", "add", "Tokens", "--cert", path],
                    lambda got: got["sha256"]),
        "an API's client certificate": (
            lambda one, path: ["api", "set", "a", "--upstream-tls-client-certificate", path,
                               "--upstream-tls-client-key", one.key],
            lambda got: shown_sha256(got["upstream_tls"]["client_certificate"])),
        "one of its chain": (
            lambda one, path: ["api", "set", "a", "--upstream-tls-client-chain", path],
            lambda got: shown_sha256(got["upstream_tls"]["client_chain"][0])),
    }
    for place, (words, sha256_of) in places.items():
        for form, one, path, data in forms():
            got = does(f"{place}: {form}", *words(one, path), stdin=data)
            is_eq(got and sha256_of(got), one.sha256, "the right one")
    for form, one, path, data in forms():
        does(f"key create: {form}", "key", "create", "--name", one.sha256[:8], "--cert", path, "--api",
             "a", stdin=data)
        got = does(f"explain: {form}", "explain", "--url", "/a/", "--cert", path, stdin=data)
        is_eq(got["allowed"], True, "the right one")
    # What is none, in words of one kind.
    bundle = openssl("crl2pkcs7", "-nocrl", "-certfile", cert.path, data=b"")
    for kind in ("PEM", "DER"):
        data = openssl("pkcs7", "-outform", kind, data=bundle)
        for place, (words, _) in places.items():
            refuses(f"{place}: a PKCS#7 bundle, {kind}", "is a PKCS#7 bundle.*openssl pkcs7",
                    *words(cert, "-"), stdin=data)
    for words in (["explain", "--url", "/a/", "--cert", "-", "--token-stdin"],
                  ["api", "set", "a", "--upstream-tls-client-certificate", "-",
                   "--upstream-tls-client-key", "-"]):
        refuses(f"standard input twice: {words[0]}", "read once", *words,
                stdin=(cert.pem + cert.key_pem).encode())
    status, out, err = run("--json", "api", "set", "a", "--upstream-tls-client-certificate", both,
                           "--upstream-tls-client-key", cert.key)
    is_eq(status, 0, "a client certificate beside its private key") or diag(err)
    like(err, "(?i)private key", "of which it is said that it is dropped")
    ok("PRIVATE" not in out, "and it is not shown")
    does("away with it", "api", "set", "a", "--upstream-tls", "null")

with case("many at once"):
    wanted = make_cert(made_certs, "wanted")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: run("key", "create", "--name", f"racer {n}", "--cert",
                                          wanted.path)[0], range(16)))
    is_eq(sorted(got), [0] + [1] * 15, "one certificate, one key")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: run("key", "create", "--name", f"fast {n}", "--token")[0],
                            range(32)))
    is_eq(got, [0] * 32, "and 32 keys in the time of a few")
    is_eq(len(does("list", "key", "list", "fast")), 32, "all of them there")

with case("token"):
    status, out, err = run("token", "create", "--name", "script", "--role", "admin")
    is_eq((status, err), (0, ""), "create")
    token = re.search(r"(?m)^token: (\S+)$", out).group(1)
    like(token, r"^[a-z2-7]{52}$", "shows it once")
    shown = does("show", "token", "show", "script")
    is_eq((shown["name"], shown["role"]), ("script", "admin"), "by name")
    ok(not {"token", "sha256"} & set(shown), "without it")
    like(shown["expires_at"], r"^20\d\d-", "it ends, a year from now at the latest")
    is_eq([t["name"] for t in does("list", "token", "list")], ["script"], "all")
    is_eq(does("set", "token", "set", "script", "--role", "viewer")["role"], "viewer", "changes it")
    digest = hashlib.sha256(token.encode()).hexdigest()
    out = run("--json", "token", "list")[1] + run("token", "list")[1]
    ok(token not in out and digest not in out, "neither it nor its digest is shown again")
    refuses("an unknown role", "viewer, admin, owner", "token", "create", "--name", "x", "--role",
            "root")
    refuses("without a name", "name: is missing", "token", "create")
    refuses("of nobody", "no user “bob”", "token", "create", "--name", "x", "--owner", "bob")
    refuses("past a year", "a year", "token", "create", "--name", "x", "--expires-at",
            "2099-01-01T00:00:00Z")
    is_eq(run("token", "delete", "script"), (0, "", ""), "delete")
    is_eq(does("list", "token", "list"), [], "and it is gone")

with case("usage"):
    for words in ([], ["nothing"], ["key"], ["key", "frobnicate"], ["api"], ["token"], ["cert"],
                  ["cert", "show"], ["cert", "show", "x", "y"], ["cert", "show", "--as", "root", "x"],
                  ["cert", "list", "x", "y"], ["cert", "add"], ["cert", "get"], ["cert", "delete"],
                  ["cert", "crl"], ["cert", "crl", "a", "b", "--delete"], ["cert", "block"], ["explain"], ["key", "show"], ["key", "delete"],
                  ["key", "list", "a", "b"], ["help", "nothing"], ["--what"],
                  ["key", "list", "--what"], ["key", "create", "--naem", "x"], ["supervise"]):
        status, out, err = run(*words)
        ok(status == 2 and out == "" and err, f"{words} is wrong usage") or diag(status, out, err)
    for words in (["help"], ["--help"], ["help", "key"], ["key", "--help"], ["key", "create", "--help"],
                  ["help", "cert"], ["help", "explain"], ["help", "token"], ["help", "api"],
                  ["help", "init"]):
        status, out, err = run(*words, folder_option=False)
        ok(status == 0 and err == "" and out, f"{words} is help") or diag(status, out, err)
    like(run("help", "key")[1], "^key list", "help KEY is about keys")
    unlike(run("help", "key")[1], "(?m)^token", "and about nothing else")
    for command in ("init", "cert", "api", "key", "token", "explain"):
        like(run("help")[1], rf"(?m)^{command} ", f"help names {command}")
    for words in (["--json", "key", "list"], ["key", "--json", "list"], ["key", "list", "--json"],
                  ["key", "list", "Billing", "--json"], ["key", "--json", "list", "Billing"]):
        status, out, err = run(*words)
        ok(status == 0 and isinstance(json.loads(out), list), f"{words} is JSON")
    terms = "many words " * 1000
    is_eq(run("settings", "set", "--terms", terms)[0], 0, "a long text")
    ok(f"\nterms: {terms}\n" in run("settings", "show")[1], "is shown whole")
    for words in (["key", "list"], ["key", "list", "--json"], ["settings", "show"], ["token", "create", "--name", "full"],
                  ["explain", "--url", "/a/"], ["explain", "--url", "/a/", "--json"], ["explain", "--url", "/../"],
                  ["cert", "show", cert.path], ["doctor"], ["doctor", "--json"], ["version"], ["help"], ["export", "-"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([bin_folder + "/certgate", "--home", home, *words], stdin=subprocess.DEVNULL,
                                  stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        is_eq(done.returncode, 1, f"{words}: what cannot be written is no success")
        like(done.stderr, "written", f"{words}: and the reason is told")
        is_eq("done all the same" in done.stderr, "create" in words, f"{words}: and what was done")
    refuses("an option twice", "“--name” .*twice", "key", "create", "--name", "one", "--name", "two", status=2)
    refuses("an option without its value", "“--home” .*lacks its value", "key", "list", "--home", status=2)

# --- who ---

with case("users"):
    is_eq(owners(), [], "after all that everything is still the owner's alone")
    if ROOT:
        is_eq(run("api", "list", "--json", as_user=WEB_USER)[0], 0, "the owner may, without root")
        refuses("another user may not", "cannot be used|another user", "api", "list",
                as_user="nobody")
        refuses("nor read what only root may", "Permission denied", "key", "create", "--name", "x",
                "--cert", both, as_user=WEB_USER)
        st = os.stat(home)
        os.chmod(home, 0o750)
        refuses("a data folder that is open to others", "chmod 700", "api", "list")
        os.chmod(home, 0o700)
        is_eq((os.stat(home).st_uid, os.stat(home).st_mode), (st.st_uid, st.st_mode), "is as it was")
        os.mkdir(folder + "/for-all", 0o755)
        os.mkdir(folder + "/for-root", 0o700)
        is_eq(run("backup", folder + "/for-all/copy")[0], 0, "root's backup, in a folder of root's")
        made = os.stat(folder + "/for-all/copy")
        is_eq((made.st_uid, made.st_mode & 0o777), (user.pw_uid, 0o700), "is the owner's alone")
        for path in ("/for-root/copy", "/for-root"):
            for way in ("backup", "restore"):
                refuses(f"{way} {path}, which is closed to it", "is closed to the data folder's owner", way, folder + path)
        # Root's groups go, too: a folder of root's group is closed to it.
        os.mkdir(folder + "/roots", 0o750)
        os.chmod(folder + "/roots", 0o750)
        shutil.copy(cert.path, folder + "/roots/x.pem")
        status, out, err = run("--json", "explain", "--url", "/a/", "--cert", folder + "/roots/x.pem")
        is_eq(status, 0, "files are read before root's rights go") or diag(err)
    else:
        skip("as root", "this run is not root's")

# --- cert show ---

MEMBERS = {"accepted", "sha256", "reason", "code", "notices", "certificates"}


def cert_show(way, file, stdin):
    data = read(CERTS + file)
    status, out, err = run("cert", "show", "--as", way, "--json", "-" if stdin else CERTS + file,
                           stdin=data if stdin else None, folder_option=False)
    if status not in (0, 1):
        raise RuntimeError(f"{file}: status {status} {err}")
    return status, json.loads(out), out, err


with case("cert show"):
    good = read(CERTS + "base/plain.pem")
    sha256 = "8cb2071fe7c86a96ecd2df433b1e4c2683e36195080079c750ed7ad1ba97e126"
    for way, file, want, count in (
            ("admin", "base/plain.pem", sha256, 1), ("portal", "base/plain.pem", sha256, 1),
            ("gate", "base/plain.pem", sha256, 1),
            ("admin", "form/chain-root-first.pem",
             "dee4f5e1d1ae26473cdc61983cd48bfe03a63f3e03a41a6659232aa351786d9f", 3),
            ("admin", "privkey/cert-plus-key.pem", None, 1),
            ("portal", "privkey/cert-plus-key.pem", "", 0),
            ("portal", "privkey/key-only-pkcs8.pem", "", 0), ("admin", "form/csr.pem", "", 0),
            ("admin", "form/empty.pem", "", 0), ("admin", "content/rsa1024.pem", "", 0),
            ("gate", "gate/two-certs-value.txt", "", 0), ("gate", "form/empty.pem", "", 0)):
        status, got, out, err = cert_show(way, file, False)
        name = f"{file} as {way}"
        ok(MEMBERS <= set(got), f"{name}: has its members") or diag(out)
        if want == "":
            is_eq((status, got["accepted"], got["sha256"], got["certificates"]),
                  (1, False, None, []), f"{name}: refused")
            ok(got["reason"] and got["code"] and got["reason"] in err, f"{name}: says why") or \
                diag(out, err)
        else:
            is_eq((status, got["accepted"], got["reason"], got["code"], len(got["certificates"])),
                  (0, True, None, None, count), f"{name}: accepted")
            is_eq(got["sha256"], want or got["sha256"], f"{name}: the right one")
            is_eq(got["certificates"][0]["sha256"], got["sha256"], f"{name}: first on the list")
            ok({"sha256", "spki_sha256", "subject", "issuer", "serial", "not_before", "not_after",
                "public_key", "names"} <= set(got["certificates"][0]), f"{name}: with its facts")
    status, out, err = run("cert", "show", "-", stdin=good, folder_option=False)
    like(out, r"(?m)^sha256: " + sha256, "for people, from standard input, as the admin form")
    status, out, err = run("cert", "show", CERTS + "form/csr.pem", folder_option=False)
    ok(status == 1 and out == "" and err.startswith("certgate: "), "a refusal in words")
    refuses("a file that is not there", "No such file", "cert", "show", "/nowhere.pem")
    if ROOT:
        refuses("a file that this user may not read", "Permission denied", "cert", "show", both,
                as_user="nobody")
        status, out, err = run("cert", "show", "-", stdin=good, as_user="nobody",
                               folder_option=False)
        is_eq(status, 0, "needs no data folder and no rights")
    for file in ("ansi-escape-cn", "newline-in-cn", "bidi-cn", "nul-in-cn", "xss-script-cn"):
        for words in ([], ["--json"]):
            done = run("cert", "show", *words, CERTS + f"content/{file}.pem", folder_option=False)
            unlike(done[1] + done[2], "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
                   f"{file} is safe on a terminal{' as JSON' if words else ''}")
    big = b"x" * (256 * 1024 + 1) + good
    status, out, err = run("cert", "show", "--json", "-", stdin=big, folder_option=False)
    is_eq((status, json.loads(out)["accepted"]), (1, False), "what is too large is refused")
    for way in ("admin", "portal", "gate"):
        status, out, err = run("cert", "show", "--json", "--as", way, "-", folder_option=False,
                               stdin=read(CERTS + "form/junk-1mb.bin"))
        is_eq((status, json.loads(out)["accepted"]), (1, False), f"junk as {way}")

with case("cert show, the whole table"):
    with open(CERTS + "manifest.tsv", encoding="utf-8") as table:
        rows = [dict(zip(("file", "area", "how", "verdict", "level", "sha256", "reason", "invariant",
                          "source", "clock", "key"), line.rstrip("\n").split("\t")))
                for line in list(table)[1:]]
    ways = {"admin paste": ("admin", True), "portal paste": ("portal", True),
            "admin upload": ("admin", False), "SSL_CLIENT_CERT value": ("gate", False)}
    jobs = []
    # A text field takes no DER; standard input is a file, and does.
    ways_of_der = {"admin upload": ("admin", False)}
    for row in rows:
        # Refused only because of what the store holds, or at another time: not here.
        if row["clock"] != "-" or (row["verdict"] == "refused" and row["sha256"] != "-"):
            continue
        its_ways = ways_of_der if row["file"] == "form/der.cer" else ways
        jobs += [(row, how, *its_ways[how]) for how in row["how"].split("; ") if how in its_ways]
    keys = {}
    for name in os.listdir(CERTS + "keys"):
        keys[name] = read(CERTS + "keys/" + name).splitlines()[1][:48].decode()

    def judge(job):
        row, how, way, stdin = job
        try:
            status, got, out, err = cert_show(way, row["file"], stdin)
        except (RuntimeError, ValueError) as fault:
            return str(fault)
        if any(secret in out + err for secret in keys.values()):
            return "a private key is repeated"
        if got["accepted"] != (status == 0):
            return "the status says something else"
        if way == "gate":
            # The gate's reading says which one it is; whether it counts the store says.
            want = {"accepted": row["sha256"]}.get(row["verdict"])
            return None if want is None or got["sha256"] == want else f"got {got['sha256']}"
        if got["accepted"] and row["verdict"] != "refused" and got["sha256"] != row["sha256"]:
            return f"got {got['sha256']}"
        if row["level"] == "must" and row["verdict"] != "either" and \
                got["accepted"] != (row["verdict"] == "accepted"):
            return f"{row['verdict']} was wanted: {got['reason']}"
        return None

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for job, fault in zip(jobs, pool.map(judge, jobs)):
            if fault:
                ok(False, f"{job[0]['file']}, {job[1]}")
                diag(fault, job[0]["reason"])
    ok(len(jobs) > 200, f"{len(jobs)} pairs of file and way in were looked at")

done_testing()
