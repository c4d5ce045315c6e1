#!/usr/bin/python3
"""However much is written, the data folder stays small, and so does what a recovery has to read.

A process writes the same keys again and again, and is killed while it goes on.  Counted are bytes
and files, never seconds; how long the recovery took is told.

CERTGATE_WRITES: how many writes (10000)."""
import os
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from homes import EDIT, Home, make_export  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402

WRITES = int(os.environ.get("CERTGATE_WRITES") or 10000)
KEYS = 1000        # as store_edit has it
IMPORTED = 8000
LOG_FILES = 2      # one that is written, and the one before while something in it is needed
LOG_BYTES = 2 << 20   # since the last checkpoint: 1 MB that is no reason for one, and a commit
DB_BYTES = 16 << 20   # of 1000 keys of 1 kB, and of the rest of the store
HANG_S = 60 + WRITES * 0.1
CHECKPOINT = 11       # the library's number for such a record


def log_files(home):
    return sorted(name for name in os.listdir(home.dir + "/db") if name.startswith("log."))


def log_since_checkpoint(home):
    """How much log there is from where the last checkpoint says that a recovery has to begin.  A log
    is a chain of records: of the record before, of this one's length, of its check sum; then its
    kind, transaction, that one's record before, and here the position as file and offset."""
    begin, end = (0, 0), (0, 0)
    for name in log_files(home):
        number = int(name.partition(".")[2])
        with open(f"{home.dir}/db/{name}", "rb") as file:
            log = file.read()
        at = 0
        while at + 12 <= len(log):
            length, = struct.unpack_from("=I", log, at + 4)
            if length == 0:
                break
            if length >= 12 + 24 and struct.unpack_from("=I", log, at + 12) == (CHECKPOINT,):
                begin = struct.unpack_from("=II", log, at + 12 + 16)
            at += length
            end = (number, at)
    if begin[0] == 0:
        raise RuntimeError(f"there is no checkpoint in {log_files(home)}")
    sizes = {int(n.partition(".")[2]): os.path.getsize(f"{home.dir}/db/{n}")
             for n in log_files(home)}
    return sum(sizes[n] for n in range(begin[0], end[0])) + end[1] - begin[1]


def db_bytes(home):
    return sum(entry.stat().st_size for entry in os.scandir(home.dir + "/db")
               if entry.name.endswith(".db"))


def write(home, n):
    """Lets n writes be done, and kills the writer in one of those behind; the most log files that
    there ever were."""
    most = 0
    with subprocess.Popen([EDIT, home.dir, "write", str(n)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as process:
        os.set_blocking(process.stdout.fileno(), False)

        def written():
            nonlocal most
            most = max(most, len(log_files(home)))
            if process.poll() is not None:
                raise RuntimeError("store_edit ended")
            return process.stdout.read()

        try:
            is_eq(wait_until(written, f"{n} writes", HANG_S), b"written\n", f"{n} writes")
        finally:
            process.kill()
    return most


with tempfile.TemporaryDirectory(prefix="cgt.") as folder:
    os.chmod(folder, 0o755)
    home = Home(folder, "one")
    sizes = []
    for part in ("the first half", "the second half"):
        with case(part):
            files = write(home, WRITES // 2)
            ok(files <= LOG_FILES, f"never more than {LOG_FILES} log files") or diag(files)
            since = log_since_checkpoint(home)
            ok(since <= LOG_BYTES, "a recovery has little to read") or diag(since)
            began = time.monotonic()
            done = home.certgate("key", "list")
            took = time.monotonic() - began
            is_eq(done.returncode, 0, "the store recovers") or diag(done.stderr)
            sizes.append(db_bytes(home))
            diag(f"{files} log files at most, {since >> 10} kB of log since the checkpoint, "
                 f"{sizes[-1] >> 10} kB of databases; the next command took {took:.2f} s, "
                 f"with recovery: {'store_recovered' in done.stderr}")
    with case("in the end"):
        number = int(log_files(home)[-1].partition(".")[2])
        ok(number > 1, "the log went from file to file") or diag(number)
        ok(max(sizes) <= DB_BYTES, "the databases are of the size of what is in them")
        done = home.certgate("verify")
        ok(done.stdout.startswith("whole: true\n"), "the store is whole") or diag(done.stdout)
        is_eq(len(home.export()["keys"]), KEYS, "with every key")
    with case("an import"):
        make_export(folder + "/export.json", IMPORTED)
        done = home.certgate("import", folder + "/export.json", seconds=HANG_S)
        is_eq(done.returncode, 0, "is done") or diag(done.stderr)
        since = log_since_checkpoint(home)
        ok(since <= LOG_BYTES, "its few large commits are followed by checkpoints too") or \
            diag(since)
done_testing()
