#!/usr/bin/python3
"""SIGKILL at random under load: what was acknowledged stays, nothing is half there, nobody waits for
the dead, and the service comes back by itself.

CERTGATE_KILL_SECONDS: how long the load lasts (12)."""
import collections
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certgate_test import *  # noqa: E402

SECONDS = float(os.environ.get("CERTGATE_KILL_SECONDS", "12"))
EVERY_S = 0.1
# Longer than any wait in the programs: who is not answered by then hangs.
HANG_S = 30
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
longest = [0.0]
stop = threading.Event()
commands = {}                 # running ones
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
            longest[0] = max(longest[0], took)
            if took > HANG_S:
                wrong.append(f"{name} took {took:.1f} s")


def note(name, answer, *known):
    """Counts it; a status that nothing explains is wrong."""
    status = answer.status if answer else 0
    counts[f"{name}: {status}"] += 1
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


def command_writer(number):
    n = 0
    while not stop.is_set():
        n += 1
        record = Record(f"command-{number}-{n:05d}")
        record.tags = [["c"]]
        process = subprocess.Popen(
            [site.bin + "/certgate", "--home", site.home, "--json", "key", "create", "--name",
             record.name, "--tags", "c", "--token", "--api", api["id"]], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with lock:
            commands[process.pid] = process
        began = time.monotonic()
        try:
            out, err = process.communicate(timeout=HANG_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            with lock:
                wrong.append("a command hangs")
        finally:
            with lock:
                commands.pop(process.pid, None)
                longest[0] = max(longest[0], time.monotonic() - began)
        counts[f"command: {process.returncode}"] += 1
        if process.returncode == 0:
            made = json_module.loads(out)
            record.id, record.token = made["id"], made["token"]
            with lock:
                records.append(record)
        else:
            with lock:
                maybe.append(record)
                if process.returncode != -signal.SIGKILL and "busy" not in err and \
                        "cannot be used now" not in err:
                    wrong.append(f"command: {process.returncode} {err[-300:]}")


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


def killer():
    rng = random.Random(SEED + 1000)
    while not stop.wait(EVERY_S):
        with lock:
            running = list(commands)
        victims = site.pids("gate") + site.pids("admin")
        pid = rng.choice(running if running and rng.random() < 0.3 else victims or running or [0])
        if pid:
            try:
                # A command that was waited for already is no longer ours to kill.
                with lock:
                    if pid in running and pid not in commands:
                        continue
                    os.kill(pid, signal.SIGKILL)
                counts["kills"] += 1
            except ProcessLookupError:
                pass


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
        if one.body != keys.get(record.id):
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


# --- the run ---

make_certificates(int(min(40 + 4 * SECONDS, 400)))
threads = [threading.Thread(target=f, args=(n,), daemon=True)
           for n, f in enumerate([rest_writer] * 2 + [command_writer] * 2 + [gate_reader] * 3)]
threads.append(threading.Thread(target=killer, daemon=True))
for thread in threads:
    thread.start()
stop.wait(SECONDS)
stop.set()
for thread in threads:
    thread.join(2 * HANG_S)

with case("under load"):
    ok(not any(t.is_alive() for t in threads), "nobody hangs")
    ok(not wrong, "every answer is one that can be explained") or diag(*wrong[:20])
    ok(counts["kills"] >= SECONDS, "many were killed") or diag(counts)
    ok(counts["POST: 201"] > 10 and counts["command: 0"] > 10 and
       counts["gate, a good key: 200"] > 10, "while much was written and read")
    diag(*(f"{n}: {v}" for n, v in sorted(counts.items())),
         f"longest wait {longest[0]:.1f} s, {len(records)} keys acknowledged")

with case("afterwards"):
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
    before = every_key(), every_certificate()
    with open(site.logs + "/supervise.log", errors="replace", encoding="utf-8") as log:
        diag(f"{log.read().count('store_recovered')} recoveries")

with case("after a start anew"):
    is_eq(site.stop_programs(), 0, "all stop when asked")
    left = subprocess.run(["pgrep", "-f", site.home], capture_output=True, text=True, check=False)
    is_eq(left.stdout.split(), [], "nobody is left")
    site.start_programs()
    site.wait_ready()
    ok((every_key(), every_certificate()) == before, "it is all there still")

done_testing()
