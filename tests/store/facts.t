#!/usr/bin/python3
"""What records say of certificates is what the certificates say, in an import and in the store; and
what they refer to is there."""
import copy
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_ca, make_cert  # noqa: E402
from homes import Home, new_id  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402

work = tempfile.TemporaryDirectory(prefix="cgt.", dir="/tmp")
folder = work.name
os.chmod(folder, 0o711)


def fresh(name):
    return Home(folder, name)


def take(home, whole):
    """(exit status, what clashed, what was added)"""
    path = folder + "/import.json"
    with open(path, "w", encoding="utf-8") as out:
        json.dump(whole, out)
    os.chmod(path, 0o644)
    done = home.certgate("--json", "import", path)
    told = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, told.get("clashes"), told.get("added")


names = ",".join(f"DNS:host-{i}.example" for i in range(300))
cert = make_cert(folder, "partner", extensions=(f"subjectAltName={names}",))
other = make_cert(folder, "other")
source = fresh("source")
source.certgate("api", "create", "--name", "x", "--listen-path", "/x/", "--target-url",
                "http://127.0.0.1:9/")
source.json("key", "create", "--name", "K", "--cert", cert.path, "--token", "--api", "x")
source.json("cert", "block", "5a" * 32)
WHOLE = json.loads(source.certgate("export", "-").stdout)
WHOLE["users"], WHOLE["tokens"], WHOLE["audit"] = [], [], []

with case("as it was"):
    is_eq(len(WHOLE["certificates"][0]["names"]), 300, "all names of a certificate are kept")
    home = fresh("good")
    is_eq(take(home, copy.deepcopy(WHOLE))[:2], (0, []), "an export is taken")
    is_eq(home.faults(), [], "and is whole")
    is_eq(home.export()["certificates"], source.export()["certificates"], "with all names")

FALSE = (
    ("certificates", "not_after", "2099-01-01T00:00:00Z"),
    ("certificates", "not_before", "2001-01-01T00:00:00Z"),
    ("certificates", "subject", "CN=somebody else"),
    ("certificates", "issuer", "CN=somebody else"),
    ("certificates", "serial", "01"),
    ("certificates", "public_key", "RSA 8192"),
    ("certificates", "spki_sha256", "00" * 32),
    ("certificates", "names", ["DNS:bank.example"]),
    ("certificates", "names", []),
    ("certificates", "id", "00" * 32),
    ("certificates", "pem", other.pem),
    ("credentials", "not_after", "2099-01-01T00:00:00Z"),
    ("credentials", "not_before", None),
    ("exposed_keys", "id", "00" * 32),
)
home = fresh("false")
for section, member, value in FALSE:
    with case(f"{section}: {member} {str(value)[:20]}"):
        whole = copy.deepcopy(WHOLE)
        for record in whole[section]:
            if record.get("type") != "token":
                if member not in record and member != "pem":
                    ok(False, f"there is no {member} in {sorted(record)}")
                record[member] = value
        status, clashes, _ = take(home, whole)
        is_eq(status, 1, "is refused")
        like(" ".join(clashes or []), f"{section}: .* is not valid", "and named")
        wrong = [r for r in home.export()[section].values() if r.get(member) == value and
                 r.get("type") != "token"]
        is_eq(wrong, [], "it is not in the store")
        is_eq(home.faults(), [], "which is whole")

with case("in the store"):
    for what, pattern in (("subject", "Its subject is not"), ("ends", "Its not_after is not"),
                          ("counts", "not those of its certificate")):
        home = fresh(what)
        take(home, copy.deepcopy(WHOLE))
        is_eq(home.edit(what, 0).returncode, 0, f"{what}: falsified")
        like(" ".join(home.faults()), pattern, f"{what}: verify says so")



def with_all_references():
    """A home in which something refers to a record of each kind: its ids by kind."""
    home = fresh("references")
    ca = make_ca(folder)
    with open(folder + "/crl.cfg", "w", encoding="ascii") as out:
        out.write("crl_next_update = 30\ncrl_number = 1\n")
    subprocess.run(["certtool", "--generate-crl", "--load-ca-privkey", ca.key,
                    "--load-ca-certificate", ca.path, "--template", folder + "/crl.cfg",
                    "--outfile", folder + "/crl.pem"], check=True, capture_output=True)
    home.json("cert", "add", ca.path, "--kind", "ca")
    home.json("cert", "crl", ca.sha256, folder + "/crl.pem")
    user = home.json("user", "create", "--name", "second", "--role", "viewer")["id"]
    token = home.json("token", "create", "--name", "T", "--role", "viewer", "--owner", user)["id"]
    api = home.json("api", "create", "--name", "x", "--listen-path", "/x/", "--target-url",
                    "https://127.0.0.1:9/", "--upstream-tls-ca-certificates", ca.sha256)["id"]
    policy = home.json("policy", "create", "--name", "P", "--applies", "access", "--api", "x")["id"]
    key = home.json("key", "create", "--name", "K", "--cert", cert.path, "--api", "x",
                    "--policy-ids", policy)["id"]
    entry = new_id()
    added = take(home, {"certgate_export": 1, "schema_version": WHOLE["schema_version"],
                        "catalogue": [{"id": entry, "name": "E", "policy_id": policy}],
                        "user_certificates": [{"id": other.sha256, "sha256": other.sha256,
                                               "user_id": user}]})
    if added[0] != 0:
        raise RuntimeError(f"import: {added}")
    return home, {"Api": api, "Policy": policy, "Key": key, "User": user, "Certificate": cert.sha256,
                  "Token": token, "CA": ca.sha256, "CatalogueEntry": entry}


with case("references"):
    home, ids = with_all_references()
    is_eq(home.faults(), [], "whole at first")
    subprocess.run(["cp", "-a", home.dir + "/db", folder + "/whole"], check=True)
    for what, table, key, want in (
            ("drop", "Api", "Api",
             ["The key {Key} has access to an API that is not there ({Api}).",
              "The policy {Policy} has access to an API that is not there ({Api})."]),
            ("drop", "Policy", "Policy",
             ["The catalogue entry {CatalogueEntry} offers a policy that is not there ({Policy}).",
              "The key {Key} has a policy that is not there ({Policy})."]),
            ("drop", "Key", "Key",
             ["The credential {Certificate} belongs to a key that is not there ({Key})."]),
            ("drop", "Certificate", "Certificate",
             ["The certificate of the credential {Certificate} is not there."]),
            ("drop", "Certificate", "CA",
             ["The API {Api} trusts a CA that is not there ({CA}).",
              "The CA of the revocation list {CA} is not there."]),
            ("drop", "User", "User",
             [f"The certificate {other.sha256} signs in a user who is not there.",
              "The token {Token} belongs to a user who is not there."]),
            ("copy", "Policy", "Policy", ["A record of Policy lies under another one's key."])):
        home.put_db(folder + "/whole")
        is_eq(home.edit(what, table, ids[key]).returncode, 0, f"{what} {key}")
        is_eq(sorted(home.faults()), [w.format(**ids) for w in want], f"{what} {key}: verify says so")

done_testing()
