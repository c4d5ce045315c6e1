#!/usr/bin/python3
"""What records say of certificates is what the certificates say: in an import, and in the store."""
import copy
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert  # noqa: E402
from homes import Home  # noqa: E402
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

done_testing()
