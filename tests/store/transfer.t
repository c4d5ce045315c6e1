#!/usr/bin/python3
"""Export and import: into an empty store and a filled one, what clashes, what is refused, and a kill
in the middle."""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from processes import wait_until  # noqa: E402
from certificates import make_cert  # noqa: E402
from homes import Home, make_export, read_export  # noqa: E402
from shim import build_shim  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402

MANY = 30000
work = tempfile.TemporaryDirectory(prefix="cgt.", dir="/tmp")
folder = work.name
os.chmod(folder, 0o711)


def write(name, text):
    path = f"{folder}/{name}"
    with open(path, "wb") as out:
        out.write(text.encode() if isinstance(text, str) else text)
    os.chmod(path, 0o644)
    return path


def records(home, *kinds):
    whole = home.export()
    return {kind: whole[kind] for kind in kinds or ALL}


ALL = ("users", "apis", "certificates", "keys", "credentials", "tokens")


def import_json(home, path, *args):
    """(exit status, what it printed, what it said)"""
    done = home.certgate("--json", "import", path, *args)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


with case("export"):
    source = Home(folder, "source")
    cert = make_cert(folder, "partner")
    source.certgate("api", "create", "--name", "orders", "--listen-path", "/orders/",
                    "--target-url", "http://127.0.0.1:9/")
    source.certgate("api", "create", "--name", "Łódź \"&<\\", "--listen-path", "/x/",
                    "--target-url", "http://127.0.0.1:9/", "--allowed-ips", "10.0.0.0/8")
    both = source.json("key", "create", "--name", "both", "--cert", cert.path, "--token",
                       "--api", "orders", "--tags", "a", "--tags", "b")
    none = source.json("key", "create", "--name", "off", "--active", "false", "--token",
                       "--expires-at", "2040-01-01T00:00:00Z")
    source.certgate("key", "revoke", both["id"], cert.sha256, "--reason", "left")
    rest = source.json("token", "create", "--name", "t", "--role", "admin")
    path = folder + "/export.json"
    is_eq(source.certgate("export", path).returncode, 0, "is written")
    is_eq(os.stat(path).st_mode & 0o777, 0o600, "for its owner alone")
    with open(path, encoding="utf-8") as text:
        raw = text.read()
    done = source.certgate("export", path)
    is_eq(done.returncode, 1, "a file that is there is not overwritten")
    like(done.stderr, "File exists", "and told of")
    whole = read_export(raw)
    is_eq({kind: len(whole[kind]) for kind in ALL},
          {"users": 1, "apis": 2, "certificates": 1, "keys": 2, "credentials": 3, "tokens": 1},
          "holds all records")
    ok(len(whole["audit"]) > 6, "and the audit")
    with open(source.dir + "/keys/proof", encoding="ascii") as text:
        proof = text.read().strip()
    with open(source.dir + "/keys/audit.key", encoding="ascii") as text:
        audit_key = text.read().strip()
    for name, secret in {"the password": source.password, "a key's token": both["token"],
                         "another's": none["token"], "a REST token": rest["token"],
                         "the proof": proof, "the audit's key": audit_key,
                         "a private key": cert.key_pem.split("\n")[1]}.items():
        ok(len(secret) > 20 and secret not in raw, f"{name} is not in it")
    is_eq(source.certgate("export", "-").stdout, raw, "twice the same")
    is_eq(source.certgate("export", folder + "/no/such").returncode, 1, "no folder: refused")

with case("an export that fails, into a folder that the data folder's owner may not write to"):
    out = folder + "/closed"
    os.mkdir(out, 0o700)
    broken = Home(folder, "broken")
    os.chmod(broken.dir + "/db/key.db", 0)
    shim = build_shim(folder, "fault_shim")

    def export_to(name, home=source, **faults):
        env = dict(os.environ, LD_PRELOAD=shim, FAULT_CALLS="disk", FAULT_PATH="/closed/",
                   **{"FAULT_" + n: str(v) for n, v in faults.items()}) if faults else None
        return subprocess.run(home.command("export", f"{out}/{name}"), env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)

    for name, home, faults, why in (
            ("no data folder", Home(folder, "nowhere", init=False), {}, "cannot be"),
            ("a database that cannot be read", broken, {}, "key.db"),
            ("no room on the disk", source, {"AT": 1}, "cannot be written: No space left")):
        done = export_to("failed.json", home, **faults)
        is_eq((done.returncode, os.listdir(out)), (1, []), f"{name}: nothing is left")
        like(done.stderr, why, f"{name}: and it is said why")
    done = export_to("made.json")
    is_eq((done.returncode, os.listdir(out)), (0, ["made.json"]), "one that does not: is there alone") or \
        diag(done.stderr)
    st = os.stat(out + "/made.json")
    is_eq((st.st_mode & 0o777, st.st_uid, st.st_nlink), (0o600, os.geteuid(), 1), "whole, and its caller's alone")
    with open(out + "/made.json", encoding="utf-8") as text:
        is_eq(text.read(), raw, "with the same in it")
    os.symlink(folder + "/elsewhere", out + "/link.json")
    is_eq((export_to("link.json").returncode, os.path.exists(folder + "/elsewhere")), (1, False),
          "a link is not followed")
    os.chmod(broken.dir + "/db/key.db", 0o600)

with case("an export to who reads no further"):
    end, beginning = os.pipe()
    os.close(end)
    with os.fdopen(beginning, "wb") as out:
        done = subprocess.run(source.command("export", "-"), stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.PIPE, text=True, check=False)
    is_eq(done.returncode, 1, "is told, and does not end in the middle of the store")
    like(done.stderr, "^certgate: .*cannot be written", "with a sentence")

with case("into an empty store"):
    target = Home(folder, "empty")
    before = records(target)
    status, report, said = import_json(target, path)
    is_eq(status, 1, "refused: both have a user named admin")
    like(said, "Nothing was imported: 1 records clash", "with the number")
    like(report["clashes"][0], "users: the name “admin” is taken", "and the record")
    is_eq(records(target), before, "nothing was written")
    is_eq(target.faults(), [], "the store is whole")
    status, report, said = import_json(target, path, "--skip-clashes")
    is_eq(status, 0, "without that user it works")
    is_eq(report["added"], {"Api": 2, "Key": 2, "Credential": 3, "Certificate": 1},
          "it tells how many came")
    like("\n".join(report["clashes"]), r"tokens: \w+ belongs to a user that is not there",
         "the token of the user who stayed out is not let in")
    now = records(target, "apis", "certificates", "keys", "credentials")
    is_eq(now, {kind: whole[kind] for kind in now}, "all others are the same to the last member")
    is_eq(target.faults(), [], "the store is whole, its indexes too")
    newest = target.export()["audit"]
    newest = newest[max(newest)]
    is_eq((newest["action"], json.loads(newest["changes"])["keys"]), ("store.import", 2),
          "the audit tells of it")

with case("again"):
    own = write("own.json", target.certgate("export", "-").stdout)
    status, report, _ = import_json(target, own)
    is_eq((status, report["added"], report["n_clashes"]), (0, {}, 0), "adds nothing")
    is_eq(report["same"], {"Api": 2, "Key": 2, "Credential": 3, "Certificate": 1, "User": 1},
          "and says that all is there")

with case("into a filled store"):
    target.certgate("key", "set", both["id"], "--name", "changed")
    other = json.loads(raw)
    other["users"], other["tokens"] = [], []
    other["apis"].append({**other["apis"][0], "id": "z" * 26, "listen_path": "/third/"})
    other["keys"].append({**other["keys"][0], "id": "y" * 26, "name": "new"})
    # Keys that were used since are no others.
    for record in other["keys"] + other["credentials"]:
        record.update(first_used_at="2026-01-01T00:00:00Z", last_used_at="2026-01-02T00:00:00Z")
    filled = write("filled.json", json.dumps(other))
    before = records(target)
    status, report, said = import_json(target, filled)
    is_eq(status, 1, "with clashes: refused")
    text = "\n".join(report["clashes"])
    like(text, f"keys: {both['id']} is there with other contents", "one changed meanwhile")
    like(text, "apis: the name “.*” is taken", "one whose name is taken")
    is_eq(report["n_clashes"], 2, "no more")
    is_eq(records(target), before, "nothing was written")
    status, report, _ = import_json(target, filled, "--skip-clashes")
    is_eq((status, report["added"]), (0, {"Key": 1}), "skipped: the rest comes in")
    now = records(target)
    is_eq(now["keys"][both["id"]]["name"], "changed", "what was there stays")
    is_eq(now["keys"].pop("y" * 26)["name"], "new", "what was new is there")
    is_eq(now, before, "and nothing else has changed")

with case("any way to write it"):
    backwards = dict(reversed(list(json.loads(raw).items())))
    backwards["users"], backwards["tokens"] = [], []
    backwards = {n: [dict(reversed(list(r.items()))) for r in v] if isinstance(v, list) else v
                 for n, v in backwards.items()}
    ok(list(backwards).index("credentials") < list(backwards).index("keys") <
       list(backwards).index("apis"), "members in an order in which references lead ahead")
    texts = {"indented": json.dumps(backwards, indent=7),
             "tight": json.dumps(backwards, separators=(",", ":")),
             "escaped": json.dumps(backwards, ensure_ascii=True),
             "with odd space": "\r\n\t " + json.dumps(backwards, ensure_ascii=False, indent=1)
             .replace("\n", " \t\r\n\n") + "\n\n "}
    wanted = {kind: whole[kind] for kind in ("apis", "certificates", "keys", "credentials")}
    for name, text in texts.items():
        target = Home(folder, "way-" + name.replace(" ", "-"))
        status, report, said = import_json(target, write("way.json", text))
        ok(status == 0 and report["n_clashes"] == 0, f"{name}: taken {said}")
        is_eq(records(target, *wanted), wanted, f"{name}: the same records")

with case("what is none"):
    target = Home(folder, "clean")
    before, audit = records(target), len(target.export()["audit"])
    plain = json.loads(raw)
    plain["users"], plain["tokens"] = [], []
    good = json.dumps(plain)

    def changed(**members):
        return json.dumps({**plain, **members})

    key, credential = plain["keys"][0], plain["credentials"][0]
    bad = {
        "an empty file": "", "white space": " \n", "a word": "export", "a list": "[]",
        "an empty object": "{}", "another program's": '{"version": 1, "items": []}',
        "no mark of an export": json.dumps({n: v for n, v in plain.items()
                                            if n != "certgate_export"}),
        "no version": json.dumps({n: v for n, v in plain.items() if n != "schema_version"}),
        "a newer export": changed(certgate_export=2), "no number": changed(certgate_export="1"),
        "a newer schema": changed(schema_version=1000), "schema 0": changed(schema_version=0),
        "a member of tomorrow": changed(wallets=[]),
        "a record with a member of tomorrow": changed(keys=[{**key, "tomorrow": 1}]),
        "a record that is none": changed(keys=["key"]), "no list": changed(keys={}),
        "null": changed(keys=None), "a number for a name": changed(keys=[{**key, "name": 5}]),
        "no id": changed(keys=[{n: v for n, v in key.items() if n != "id"}]),
        "a short digest": changed(credentials=[{**credential, "sha256": "ab"}]),
        "a digest that is none": changed(credentials=[{**credential, "sha256": "x" * 64}]),
        "another type": changed(credentials=[{**credential, "type": "password"}]),
        "a time that is none": changed(keys=[{**key, "created_at": "yesterday"}]),
        "the same member twice": good[:-1] + ', "keys": []}',
        "a member of a record twice": good.replace('"name": "both"',
                                                   '"name": "both", "name": "x"'),
        "text behind": good + "{}", "two": good + good, "not UTF-8": good.encode().replace(
            b"both", b"bo\xffth"), "a NUL": good.encode().replace(b"both", b"bo\0th"),
        "a comma too many": good.replace("[{", "[,{", 1),
        "a comma too few": good.replace("}, {", "} {", 1),
        "a bracket too few": good.replace("]", "", 1), "deep": "[" * 100000,
        "a very long name": changed(keys=[{**key, "name": "n" * 2000000}]),
    }
    rng = random.Random(6)
    for n in sorted(rng.sample(range(1, len(good) - 1), 25)):
        bad[f"cut at {n}"] = good[:n]
    for name, text in bad.items():
        status, _, said = import_json(target, write("bad.json", text))
        if not ok(status == 1 and said.startswith("certgate: ") and len(said) > 20,
                  f"{name}: refused"):
            diag(status, said)
    os.mkfifo(folder + "/pipe")
    os.chmod(folder + "/pipe", 0o644)
    writer = os.open(folder + "/pipe", os.O_RDWR)
    os.write(writer, good.encode()[:1000])
    for name, path in (("a folder", folder), ("a pipe", folder + "/pipe")):
        status, _, said = import_json(target, path)
        is_eq(status, 1, f"{name}: refused")
        like(said, r"is no file: an export is read twice", "and it says what to do")
    os.close(writer)
    is_eq(target.certgate("import", folder + "/no").returncode, 1, "no such file: refused")
    is_eq(records(target), before, "nothing was written by any of them")
    is_eq(len(target.export()["audit"]), audit, "nor any entry of the audit")
    is_eq(import_json(target, write("good.json", good))[0], 0, "the one that they were made of "
          "is taken")

with case("references that lead nowhere"):
    target = Home(folder, "nowhere")
    status, report, said = import_json(target, write("no.json", changed(apis=[],
                                                                        certificates=[])))
    is_eq(status, 1, "is told as a failure")
    text = "\n".join(report["clashes"])
    like(text, f"keys: {both['id']} belongs to an API that is not there", "a key")
    like(text, f"credentials: {cert.sha256} belongs to a", "a certificate")
    ok(both["id"] not in records(target, "keys")["keys"], "such a record is left out")
    is_eq(target.faults(), [], "so the store is whole")

with case("records that nobody could make"):
    target = Home(folder, "invalid")
    key, api = dict(plain["keys"][0]), dict(plain["apis"][0])
    key["access"] = [{"api_id": api["id"], "paths": ["*"]}]
    odd_api = {"id": "odd", "name": "odd", "listen_path": "/admin/x/", "target_url": "http://h/"}
    policy = {"id": "policy", "name": "odd", "applies": []}
    status, report, said = import_json(target, write("odd.json", changed(
        keys=[key], apis=plain["apis"] + [odd_api], policies=[policy], credentials=[])))
    is_eq(status, 1, "is told as a failure")
    text = "\n".join(report["clashes"])
    like(text, f"keys: {key['id']} is not valid: .*paths", "a pattern that could not be saved")
    like(text, "apis: odd is not valid: .*listen_path", "a path of certgate's own")
    like(text, "policies: policy is not valid: .*applies", "a policy that does nothing")
    is_eq([len(records(target, kind)[kind]) for kind in ("keys", "apis")],
          [0, len(plain["apis"])], "they are left out, the others are there")

with case("killed in the middle and repeated"):
    many = folder + "/many.json"
    make_export(many, MANY)
    shim = build_shim(folder, "fault_shim")
    log = folder + "/calls"

    def import_under(home, **faults):
        """With FAULT_… for tests/tools/fault_shim.c, which sees the calls that write the log."""
        env = dict(os.environ, LD_PRELOAD=shim, FAULT_CALLS="disk", FAULT_PATH="/db/log.",
                   **{"FAULT_" + name: str(value) for name, value in faults.items()})
        return subprocess.run(home.command("import", many), env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode

    def count(home):
        return len(home.export()["keys"])

    def stopped_export(home, sig):
        """Whether it was whole, and what else is there, after a signal in its midst."""
        into = tempfile.mkdtemp(dir=folder)
        with subprocess.Popen(home.command("export", into + "/x.json"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_until(lambda: os.listdir(into) or process.poll() is not None, "an export that has begun")
            process.send_signal(sig)
        left = os.listdir(into)
        if "x.json" in left:
            with open(into + "/x.json", encoding="utf-8") as file:
                read_export(file.read())
        return [name for name in left if name != "x.json"]

    write("calls", "")
    os.chmod(log, 0o666)
    straight = Home(folder, "straight")
    is_eq(import_under(straight, LOG=log), 0, "for comparison, one that is not killed")
    with open(log, encoding="ascii") as lines:
        calls = sum(1 for _ in lines)
    for sig in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        is_eq(stopped_export(straight, sig), [], f"an export that gets {sig.name} leaves nothing but a whole one")
    target = Home(folder, "killed")
    counts = []
    # The second one passes over what is there, and writes the rest.
    for at in (calls // 8, calls // 6):
        is_eq(import_under(target, DO="kill", AT=at), -signal.SIGKILL,
              f"killed at its {at}th of {calls} calls")
        counts.append(count(target))
    ok(0 < counts[0] < counts[1] < MANY, f"keys after each kill: {counts}")
    is_eq(target.faults(), [], "whole after the kills")
    status, report, said = import_json(target, many)
    is_eq(status, 0, "repeated, it goes through")
    ok(report["same"].get("Key", 0) > 0, "it finds what is there")
    is_eq(report["n_clashes"], 0, "nothing clashes")
    kinds = ("apis", "keys", "credentials")
    ok(records(target, *kinds) == records(straight, *kinds), "the same records are there")
    is_eq(count(target), MANY, "all of them")
    is_eq(target.faults(), [], "whole")
work.cleanup()
done_testing()
