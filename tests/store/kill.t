#!/usr/bin/python3
"""SIGKILL at random under load, of single processes and of all at once: gates, admins, commands,
and gates and admins that run as plain CGI.  What was acknowledged stays, nothing is half there,
nobody waits for the dead, and the service comes back by itself.

CERTGATE_KILL_SECONDS: how long the load lasts (12); where it is given, nobody may have waited for
long either, which a busy machine cannot promise.  CERTGATE_KILL_SEED: of the random numbers."""
import collections
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import select
import signal
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import fcgi  # noqa: E402
from homes import AS_OWNER  # noqa: E402
from processes import wait_until  # noqa: E402
from rest import without_use  # noqa: E402
from tap import case, diag, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

SECONDS = float(os.environ.get("CERTGATE_KILL_SECONDS", "12"))
EVERY_S = 0.1
# Longer than any wait in the programs, and shorter than that of site.rest: who is not answered by then
# hangs.
HANG_S = 55
# So much longer than SECONDS, at most, it may take until enough has been written and read.
SLOW_S = 300
RECOVERIES = 8           # that a process lives through
REGION_BYTES = 64 << 20  # what each of them may leave in its memory, at most
SEED = int(os.environ.get("CERTGATE_KILL_SEED", str(random.randrange(1 << 30))))
diag(f"CERTGATE_KILL_SEED={SEED}")

site = Site(gates=2, admins=2)
site.open()

api = site.make_api()
good = site.make_key("always good", api=api, token=True)
never = site.make_key("never good", token=True)


class Record:
    """One key as its writer knows it.  Members that are not sure hold every possible value."""

    def __init__(self, name):
        self.name = name
        self.id = None         # of an acknowledged one
        self.tags = []         # possible values
        self.gone = [False]    # possible values
        self.sha256 = None     # of its certificate
        self.token = None


lock = threading.Lock()
records, maybe = [], []       # acknowledged; those whose answer did not come
counts = collections.Counter()
wrong = []
waits = []                    # of every request, in seconds
stop = threading.Event()
running = {}                  # commands and CGI programs, by pid
killed = []                   # descriptors of those who may not be gone yet
certificates = []


def make_certificates(n):
    folder = site.certs
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                    folder + "/load.key"], check=True, capture_output=True)
    for i in range(n):
        done = subprocess.run(["openssl", "req", "-x509", "-key", folder + "/load.key", "-subj",
                               f"/CN=load {i}", "-days", "30"], check=True, capture_output=True,
                              text=True)
        certificates.append(done.stdout)


def timed(name, call, *args, **kwargs):
    """What it answers; None when the connection broke."""
    began = time.monotonic()
    try:
        return call(*args, **kwargs)
    except (OSError, http.client.HTTPException, ssl.SSLError) as fault:
        counts[f"{name}: {type(fault).__name__}"] += 1
        return None
    finally:
        took = time.monotonic() - began
        with lock:
            waits.append(took)
            if took > HANG_S:
                wrong.append(f"{name} took {took:.1f} s")


def note(name, answer, *known):
    """Counts it; a status that nothing explains is wrong."""
    status = answer.status if answer else 0
    counts[f"{name}: {status}"] += 1
    if status in known:
        counts["done"] += 1
    # 502, 503: a program died under the request, or waits for the store.
    if status not in (0, 502, 503, 504, *known):
        with lock:
            wrong.append(f"{name}: {status} {answer.body!r}"[:600])
    return status


def rest_writer(number):
    rng = random.Random(SEED + number)
    mine, n = [], 0
    while not stop.is_set():
        n += 1
        what = rng.random()
        live = [r for r in mine if r.gone == [False]]
        if what < 0.6 or not live:
            record = Record(f"rest-{number}-{n:05d}")
            body = {"name": record.name, "tags": ["0"], "access": [{"api_id": api["id"]}]}
            pem = None
            with lock:
                if certificates and rng.random() < 0.5:
                    pem = certificates.pop()
            if pem:
                body["certificate"] = pem
                record.sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
            else:
                body["token"] = True
            record.tags = [["0"]]
            answer = timed("POST", site.rest, "POST", "/keys", body)
            if note("POST", answer, 201) == 201:
                record.id, record.token = answer.body["id"], answer.body.get("token")
                with lock:
                    records.append(record)
                mine.append(record)
            else:
                with lock:
                    maybe.append(record)
        elif what < 0.9:
            record = rng.choice(live)
            tags = [f"{number}-{n}"]
            answer = timed("PATCH", site.rest, "PATCH", "/keys/" + record.id, {"tags": tags})
            if note("PATCH", answer, 200) == 200:
                record.tags = [tags]
            else:
                record.tags = record.tags + [tags]
        else:
            record = rng.choice(live)
            # Before the answer comes nobody knows.
            record.gone = [False, True]
            answer = timed("DELETE", site.rest, "DELETE", "/keys/" + record.id)
            if note("DELETE", answer, 204) == 204:
                record.gone = [True]
            # It is refused from the next request on, whatever else is going on.
            if record.gone == [True] and record.token:
                answer = timed("gate", ask_gate, record.token)
                note("gate, a key that was removed", answer, 403)


def run(name, argv, env=None, stdin=b""):
    """A process of its own, which may be killed: (status, output, errors)."""
    began = time.monotonic()
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        with lock:
            running[process.pid] = process
        try:
            out, err = process.communicate(stdin, timeout=HANG_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            with lock:
                wrong.append(f"{name} hangs")
        finally:
            with lock:
                running.pop(process.pid, None)
                waits.append(time.monotonic() - began)
    err = err.decode(errors="replace")
    with lock:
        counts["recoveries by commands and CGI programs"] += err.count("store_recovered")
    return process.returncode, out, err


def command_writer(number):
    n = 0
    while not stop.is_set():
        n += 1
        record = Record(f"command-{number}-{n:05d}")
        record.tags = [["c"]]
        status, out, err = run("a command", [
            site.bin + "/certgate", "--home", site.home, "--json", "key", "create", "--name",
            record.name, "--tags", "c", "--token", "--api", api["id"]])
        counts[f"command: {status}"] += 1
        if status == 0:
            made = json.loads(out)
            record.id, record.token = made["id"], made["token"]
            with lock:
                counts["done"] += 1
                records.append(record)
        else:
            with lock:
                maybe.append(record)
                if status != -signal.SIGKILL and "busy" not in err and \
                        "cannot be used now" not in err:
                    wrong.append(f"command: {status} {err[-300:]}")


def cgi(program, params, stdin=b""):
    """As a web server runs a plain CGI program; None when it was killed."""
    env = {"PATH": os.environ["PATH"], "GATEWAY_INTERFACE": "CGI/1.1", "CERTGATE_HOME": site.home,
           **site.variables(params, stdin)}
    status, out, err = run(f"{program} as CGI", [*AS_OWNER, f"{site.bin}/{program}"], env, stdin)
    answer = fcgi.Answer(out, err, status == 0, status)
    # A gate that cannot open its store answers so; an admin ends.
    if status != 0:
        counts[f"{program} as CGI ended: {status}"] += 1
        if status != -signal.SIGKILL and "busy" not in err and "cannot be used now" not in err:
            with lock:
                wrong.append(f"{program} as CGI: {status} {out[-300:]} {err[-300:]}")
        return None
    return answer


def cgi_client(number):
    rng = random.Random(SEED + 200 + number)
    n = 0
    while not stop.is_set():
        n += 1
        if rng.random() < 0.5:
            token, status = rng.choice([(good["token"], 200), (never["token"], 403)])
            answer = cgi("gate", {"REQUEST_URI": "/mtls-api/x",
                                  "HTTP_AUTHORIZATION": "Bearer " + token})
            note("gate as CGI", answer, status)
            continue
        record = Record(f"cgi-{number}-{n:05d}")
        record.tags = [["0"]]
        body = json.dumps({"name": record.name, "tags": ["0"], "token": True,
                                  "access": [{"api_id": api["id"]}]}).encode()
        answer = cgi("admin", {"REQUEST_METHOD": "POST", "REQUEST_URI": "/admin/api/v1/keys",
                               "CERTGATE_PREFIX": "/admin/", "CONTENT_TYPE": "application/json",
                               "HTTP_AUTHORIZATION": "Bearer " + site.token}, body)
        if note("admin as CGI", answer, 201) == 201:
            made = json.loads(answer.body)
            record.id, record.token = made["id"], made["token"]
            with lock:
                records.append(record)
        else:
            with lock:
                maybe.append(record)


def ask_gate(token):
    answer = site.fcgi({"REQUEST_URI": "/mtls-api/x", "HTTP_AUTHORIZATION": "Bearer " + token},
                       timeout=HANG_S)
    if answer.status == 0:
        raise ConnectionError("the gate died")
    return answer


def gate_reader(number):
    rng = random.Random(SEED + 100 + number)
    while not stop.is_set():
        what = rng.random()
        with lock:
            known = [r for r in records[-50:] if r.token and r.gone == [False]]
        if what < 0.4:
            answer = timed("gate", ask_gate, good["token"])
            note("gate, a good key", answer, 200)
        elif what < 0.6:
            answer = timed("gate", ask_gate, never["token"])
            note("gate, a key without rights", answer, 403)
        elif what < 0.8:
            answer = timed("gate", ask_gate, "x" * 52)
            note("gate, an unknown token", answer, 403)
        elif known:
            record = rng.choice(known)
            answer = timed("gate", ask_gate, record.token)
            # Its writer may be removing it just now.
            note("gate, a new key", answer, 200, *([403] if record.gone != [False] else []))


def is_server(pid):
    """A gate or admin of the supervisor."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            comm, _, rest = stat.read().partition(" (")[2].rpartition(") ")
    except OSError:
        return False
    return comm in ("gate", "admin") and int(rest.split()[1]) == site.processes["supervise"].pid


def servers():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and is_server(name)]


def recoveries():
    with open(site.logs + "/supervise.log", errors="replace", encoding="utf-8") as log:
        return counts["recoveries by commands and CGI programs"] + \
            log.read().count("store_recovered")


def regions_and_memory(pid):
    """How many regions of the store from before a recovery it still has mapped, and the memory that
    it takes up, in bytes; (0, 0) when it is gone."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            old = sum(line.endswith("__db.001 (deleted)\n") for line in maps)
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            resident = re.search(r"^VmRSS:\s+(\d+) kB", status.read(), re.M)
        return old, int(resident[1]) * 1024 if resident else 0
    except OSError:
        return 0, 0


def is_running(pid):
    """One of our own, not waited for yet."""
    with lock:
        process = running.get(pid)
    return process is not None and process.returncode is None


def kill(pid):
    """Never another one that has got its number: what is asked after the descriptor was had holds
    for the process behind it."""
    with contextlib.suppress(ProcessLookupError):
        fd = os.pidfd_open(pid)
        try:
            if is_running(pid) or is_server(pid):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
                counts["kills"] += 1
                killed.append(os.dup(fd))
        finally:
            os.close(fd)


def killed_are_gone():
    """Such a descriptor can be read from when its process has ended."""
    for fd in select.select(killed, [], [], 0)[0]:
        killed.remove(fd)
        os.close(fd)
    return not killed


def killer():
    rng = random.Random(SEED + 1000)
    done = 0
    while not stop.wait(EVERY_S):
        # Where nothing gets done between two kills, nothing would be shown by them.
        if counts["done"] == done:
            continue
        done = counts["done"]
        with lock:
            own = list(running)
        victims = servers()
        killed_are_gone()
        for pid in victims:
            old, memory = regions_and_memory(pid)
            peak[0], peak[1] = max(peak[0], old), max(peak[1], memory)
        if rng.random() < 0.1:
            counts["kills of all at once"] += 1
            for pid in victims + own:
                kill(pid)
        else:
            groups = [group for group in (victims, own) if group]
            for pid in rng.sample(rng.choice(groups), 1) if groups else []:
                kill(pid)


def every_key():
    """All by the index of names, page by page."""
    found, cursor = {}, ""
    while cursor is not None:
        page = site.rest("GET", "/keys?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        if page.status != 200:
            raise RuntimeError(repr(page))
        for key in page.body["items"]:
            if key["id"] in found:
                raise RuntimeError(f"{key['id']} is on the list twice")
            found[key["id"]] = key
        cursor = page.body["next"]
    return found


def every_certificate():
    found, cursor = {}, ""
    while cursor is not None:
        page = site.rest("GET", "/certificates?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        if page.status != 200 or any(c["id"] in found for c in page.body["items"]):
            raise RuntimeError(repr(page))
        found.update((c["id"], c) for c in page.body["items"])
        cursor = page.body["next"]
    return found


def differences(before, now):
    """By id or hash, of what every_key() or every_certificate() told at two times."""
    return [f"{name}: {before.get(name)} became {now.get(name)}" for name in {**before, **now}
            if without_use(before.get(name, {})) != without_use(now.get(name, {}))]


def faults():
    """What is not as it was acknowledged, or half there."""
    found = []
    keys, certs = every_key(), every_certificate()
    names = {k["name"]: k for k in keys.values()}
    for record in records:
        one = site.rest("GET", "/keys/" + record.id)
        there = one.status == 200
        if (not there) not in record.gone:
            found.append(f"{record.name}: status {one.status}, gone {record.gone}")
            continue
        if there != (record.id in keys):
            found.append(f"{record.name}: by id {there}, by name {record.id in keys}")
        if not there:
            if record.name in names:
                found.append(f"{record.name}: its name stayed")
            continue
        if without_use(one.body) != without_use(keys.get(record.id, {})):
            found.append(f"{record.name}: differs on the list")
        if one.body["tags"] not in record.tags:
            found.append(f"{record.name}: tags {one.body['tags']}, not one of {record.tags}")
        digests = [c["sha256"] for c in one.body["credentials"]]
        want = record.sha256 or hashlib.sha256(record.token.encode()).hexdigest()
        if digests != [want]:
            found.append(f"{record.name}: credentials {digests}")
    # Also of those whose answer never came: all of it or nothing.
    for record in maybe:
        key, cert = names.get(record.name), certs.get(record.sha256)
        if key and len(key["credentials"]) != 1:
            found.append(f"{record.name}: {len(key['credentials'])} credentials")
        if key and record.sha256 and not (cert and cert["key_id"] == key["id"]):
            found.append(f"{record.name}: no certificate")
        if not key and cert:
            found.append(f"{record.name}: a certificate without its key")
    # By the table of certificates, which knows nothing of names.
    for sha256, cert in certs.items():
        key = keys.get(cert["key_id"]) if cert["key_id"] else None
        if cert["key_id"] and not (key and sha256 in [c["sha256"] for c in key["credentials"]]):
            found.append(f"the certificate {sha256} belongs to {cert['key_id']}, who has it not")
    known = {r.name for r in records + maybe} | {"always good", "never good"}
    found += [f"{n}: nobody made it" for n in names if n not in known]
    return found


def enough():
    """The load was one, and so were the kills."""
    return counts["kills"] >= 20 and counts["kills of all at once"] >= 2 and recoveries() and all(
        counts[name] > 10 for name in ("POST: 201", "command: 0", "gate, a good key: 200",
                                       "gate as CGI: 200", "admin as CGI: 201"))


# --- the run ---

make_certificates(int(min(40 + 4 * SECONDS, 400)))
at_start = max(regions_and_memory(pid)[1] for pid in servers())
peak = [0, 0]
threads = [threading.Thread(target=f, args=(n,), daemon=True)
           for n, f in enumerate([rest_writer] * 2 + [command_writer] * 2 + [gate_reader] * 3 +
                                 [cgi_client] * 2)]
threads.append(threading.Thread(target=killer, daemon=True))
for thread in threads:
    thread.start()
stop.wait(SECONDS)
for _ in range(SLOW_S):
    if enough():
        break
    stop.wait(1)
stop.set()
for thread in threads:
    thread.join(2 * HANG_S)

with case("under load"):
    ok(not any(t.is_alive() for t in threads), "nobody hangs")
    ok(not wrong, "every answer is one that can be explained") or diag(*wrong[:20])
    ok(enough(), "many were killed while much was written and read") or diag(counts)
    waits.sort()
    within = waits[int(len(waits) * 0.999)]
    diag(*(f"{n}: {v}" for n, v in sorted(counts.items())),
         f"{recoveries()} recoveries",
         f"{len(records)} keys acknowledged; {len(waits)} waits, 99.9 % within {within:.2f} s, "
         f"the longest {waits[-1]:.2f} s")
    if "CERTGATE_KILL_SECONDS" in os.environ:
        ok(within < 2 and waits[-1] < 5, "99.9 % wait less than 2 s, and none 5 s")

with case("afterwards"):
    # Before that they may still accept a connection, and whoever called is cut off.
    wait_until(killed_are_gone, "the end of all who were killed")

    def well():
        return site.rest("GET", "/keys?limit=1").status == 200 and \
            site.curl("/mtls-api/x", "-H", "Authorization: Bearer " + good["token"]).status == 200
    wait_until(well, "the service")
    ok(True, "the service works again, by itself")
    wait_until(lambda: (len(site.pids("gate")), len(site.pids("admin"))) == (2, 2),
               "as many programs as before")
    found = faults()
    ok(not found, "all that was acknowledged is there, and nothing is there by half") or \
        diag(*found[:30])
    for n in range(8):
        answer = site.rest("POST", "/keys", {"name": f"after {n}"})
        if answer.status != 201:
            ok(False, f"write {n}")
            diag(repr(answer))
    is_eq(len(site.rest("GET", "/keys?q=after").body["items"]), 8, "new writes go on")
    check = site.certgate("verify")
    ok(check.returncode == 0 and check.stdout.startswith("whole: true\n"),
       "the indexes fit the records, and the audit is one chain") or \
        diag(check.stdout, check.stderr)
    before = every_key(), every_certificate()
    # Who has lived through so many looks on when it is used: so is each of them.
    wait_until(lambda: well() and all(regions_and_memory(pid)[0] < RECOVERIES
                                      for pid in servers()), "successors")
    ok(True, f"nobody stays who has lived through {RECOVERIES} recoveries")
    now = max(regions_and_memory(pid)[1] for pid in servers())
    ok(now < at_start + RECOVERIES * REGION_BYTES, "nobody keeps the memory of more")
    diag(f"memory: {at_start >> 20} MB at the start, at most {peak[1] >> 20} MB with {peak[0]} "
         f"recoveries under load, {now >> 20} MB now")

with case("after a start anew"):
    is_eq(site.stop_programs(), 0, "all stop when asked")
    left = subprocess.run(["pgrep", "-f", site.home], capture_output=True, text=True, check=False)
    is_eq(left.stdout.split(), [], "nobody is left")
    site.start_programs()
    site.wait_ready()
    found = differences(before[0], every_key()) + differences(before[1], every_certificate())
    ok(not found, "it is all there still") or diag(*found[:30])

done_testing()
