"""Data folders without a web server, and what tests do to stores: see tests/store/*.t.

  home = Home(folder, "one")          # certgate init
  home.certgate("key", "list")
  home.edit("remove", 3)              # tests/tools/store_edit.c
  home.export()["keys"]               # all records
"""
import base64
import hashlib
import json
import os
import re
import signal
import subprocess

from environment import BIN, HANG_S, ROOT, WEB_USER

EDIT = os.path.join(os.path.dirname(BIN), "tests/tools/store_edit")
AS_OWNER = ["setpriv", "--reuid", WEB_USER, "--regid", WEB_USER, "--clear-groups"] if ROOT else []


def edit(home, *args):
    """store_edit on a data folder; its result."""
    return subprocess.run([EDIT, home, *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=HANG_S)


def die_inside(home):
    """A process is killed in the middle of a write: whoever comes next recovers the store."""
    with subprocess.Popen([EDIT, home, "inside"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    if line != "inside\n":
        raise RuntimeError(f"store_edit inside said {line!r}")


def read_export(text):
    """Its members, with the records by id (or digest, or number)."""
    out = json.loads(text)
    for name, records in out.items():
        if isinstance(records, list):
            out[name] = {r.get("id") or r.get("sha256") or r.get("number"): r for r in records}
    return out


def new_id():
    return base64.b32encode(os.urandom(16)).decode().lower().rstrip("=")


def make_export(path, n, meta_bytes=0, api="bulk", methods=(), sample=0):
    """An export with an API and n keys, each with a token and meta of some bytes.  Of `sample` keys,
    evenly spread, the token is known: returns {id: token}."""
    api_id = new_id()
    ids = [new_id() for _ in range(n)]
    known = {ids[i * n // sample]: new_id() for i in range(sample)}
    meta = {"filler": "x" * meta_bytes} if meta_bytes else {}
    access = [{"api_id": api_id, "methods": list(methods)}]
    with open(path, "w", encoding="ascii") as out:
        out.write('{"certgate_export": 1, "schema_version": 2,\n"apis": [')
        json.dump({"id": api_id, "name": api, "listen_path": f"/{api}/",
                   "target_url": "http://127.0.0.1:9/"}, out)
        out.write('],\n"keys": [')
        for i, key in enumerate(ids):
            out.write((",\n" if i else "\n") + json.dumps(
                {"id": key, "name": f"{api} {i:07d}", "access": access, "meta": meta}))
        out.write('],\n"credentials": [')
        for i, key in enumerate(ids):
            digest = hashlib.sha256(known[key].encode()).digest() if key in known else \
                os.urandom(32)
            out.write((",\n" if i else "\n") + json.dumps(
                {"sha256": digest.hex(), "type": "token", "key_id": key}))
        out.write("]}\n")
    os.chmod(path, 0o644)
    return known


def files_below(folder):
    """(path, contents) of those that can be read; some come and go meanwhile."""
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(root, name), "rb") as data:
                    yield os.path.join(root, name), data.read()
            except OSError:
                pass


class Home:
    """A data folder of its own below `folder`; init=False: it is not made."""

    def __init__(self, folder, name, init=True):
        self.base = folder
        self.dir = os.path.join(folder, name)
        self.password = None
        if init:
            done = self.certgate("init", *(["--user", WEB_USER] if ROOT else []),
                                 "--proof-file", self.dir + ".proof")
            if done.returncode != 0:
                raise RuntimeError(f"certgate init failed: {done.stderr}")
            self.password = re.search(r"^password: (\S+)$", done.stdout, re.M).group(1)

    def command(self, *args):
        return [BIN + "/certgate", "--home", self.dir, *map(str, args)]

    def certgate(self, *args, stdin=None, seconds=HANG_S):
        return subprocess.run(self.command(*args), capture_output=True, text=True, check=False,
                              timeout=seconds, **({"stdin": subprocess.DEVNULL} if stdin is None
                                                  else {"input": stdin}))

    def json(self, *args, **kwargs):
        """What it prints; None when it was refused."""
        done = self.certgate("--json", *args, **kwargs)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def edit(self, *args):
        return edit(self.dir, *args)

    def export(self):
        done = self.certgate("export", "-")
        if done.returncode != 0:
            raise RuntimeError(f"certgate export failed: {done.stderr}")
        return read_export(done.stdout)

    def put_db(self, databases):
        """A copy of a folder of databases takes the place of its own; nobody may have it open."""
        for name in os.listdir(self.dir + "/run"):
            os.unlink(f"{self.dir}/run/{name}")
        subprocess.run(["rm", "-r", self.dir + "/db"], check=True)
        subprocess.run(["cp", "-a", databases, self.dir + "/db"], check=True)

    def export_id(self):
        """The store's id, as revoked.log has it."""
        with open(self.dir + "/revoked.log", encoding="ascii") as text:
            return text.readline().split()[1]

    def faults(self, *args):
        """What verify finds: a list of sentences."""
        done = self.certgate("--json", "verify", *args)
        if not done.stdout:
            raise RuntimeError(f"certgate verify failed: {done.stderr}")
        return json.loads(done.stdout)["faults"]
