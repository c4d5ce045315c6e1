#!/usr/bin/python3
"""The rows of tests/certs/flows.tsv as far as REST and the command carry them, step by step as a
person would do it, each from an empty store; and two administrators at one key.  (F15, a clock that
passes notAfter under a running program, is in gate.t.)"""
import contextlib
import hashlib
import os
import ssl
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import read_answer  # noqa: E402
import cases  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

AT_ONCE = 50

# Apache itself ends none of the connections that stay open.
site = Site(gates=2, admins=2, extra="KeepAliveTimeout 600\n  RequestReadTimeout header=0")
flows = {row["id"]: row for row in cases.table("flows.tsv")}
run = []


class File:
    """A certificate of the corpus, with its private key where there is one."""

    def __init__(self, name, key="keys/s_base.key"):
        self.path, self.key = (os.path.join(cases.CORPUS, n) for n in (name, key))
        self.pem = cases.contents(name).decode()
        self.sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(
            self.pem.replace("\r", ""))).hexdigest()


@contextlib.contextmanager
def flow(name):
    """A row of the table, from an empty store; the keys in it are gone afterwards."""
    run.append(name)
    with case(f"{name} {flows[name]['steps'][:60]}" if name in flows else name):
        empty()
        yield
    empty()


def empty():
    for key in site.rest("GET", "/keys?limit=500").body["items"]:
        site.rest("DELETE", f"/keys/{key['id']}")
    for found in site.rest("GET", "/certificates?limit=500").body["items"]:
        site.rest("DELETE", f"/certificates/{found['id']}?cascade=true")
    left = [site.rest("GET", f"/{what}").body["items"] for what in ("keys", "certificates")]
    if left != [[], []]:
        raise RuntimeError(f"left over: {left}")


def call(cert, **kwargs):
    """Status and code of one request with it."""
    answer = site.curl("/mtls-api/x", cert=cert, **kwargs)
    return (answer.status, answer.json()["code"]) if answer.status != 200 else (200, None)


class Kept:
    """A client with one connection over TLS that stays open."""

    def __init__(self, cert):
        self.sock = site.tls(cert)

    def call(self):
        self.sock.sendall(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = read_answer(self.sock)
        return (answer.status, answer.json()["code"]) if answer.status != 200 else (200, None)


def record_of(key):
    return site.rest("GET", "/keys/" + key["id"]).body


def verified():
    """certgate verify: records, indexes, references."""
    done = site.certgate("verify")
    return is_eq(done.returncode, 0, "certgate verify finds nothing wrong") or \
        diag(done.stdout, done.stderr)


# --- the flows ---

def f01():
    a = site.make_key("Key A", plain, api)
    was = record_of(a)
    for name in ("base/plain.pem", "form/crlf.pem", "form/one-line-joined.pem"):
        for sent in ("POST", "/keys", {"name": "Key B", "certificate":
                                       cases.contents(name).decode()}), \
                    ("POST", "/certificates", {"pem": cases.contents(name).decode()}):
            done = site.rest(*sent)
            if sent[1] == "/keys":
                is_eq((done.status, done.body["code"]), (409, "certificate_in_use"),
                      f"{name} for key B")
                like(done.body["detail"], "Key A", "names key A")
            else:
                is_eq((done.status, done.body["code"]), (409, "certificate_exists"),
                      f"{name} on its own")
        done = site.certgate("key", "create", "--name", "Key B", "--cert",
                             os.path.join(cases.CORPUS, name))
        is_eq(done.returncode, 1, f"{name} for key B by the command")
        like(done.stderr, "Key A", "names key A")
    is_eq([k["name"] for k in site.rest("GET", "/keys").body["items"]], ["Key A"],
          "there is no key B")
    is_eq(record_of(a), was, "key A is unchanged")
    is_eq(call(plain), (200, None), "and works")


def f03():
    key = site.make_key("A", plain, api)
    is_eq(site.rest("DELETE", f"/keys/{key['id']}/credentials/{plain.sha256}").status, 204,
        "revoke")
    is_eq(call(plain), (403, "credential_inactive"), "the call is refused")
    done = site.rest("POST", "/keys", {"name": "B", "certificate": plain.pem})
    is_eq((done.status, done.body["code"]), (409, "certificate_revoked"),
          "nobody registers it again")
    is_eq(site.rest("PATCH", f"/keys/{key['id']}/credentials/{plain.sha256}",
                    {"active": True}).status, 200, "an administrator lets it in again")
    is_eq(call(plain), (200, None), "and it works")
    actions = [e["action"] for e in site.rest("GET", "/audit?limit=10").body["items"]]
    is_eq([a for a in actions if a.startswith("credential.")][:2],
          ["credential.change", "credential.revoke"], "the audit has both")


def f04():
    key = site.make_key("A", plain, api, tags=["old"])
    is_eq(call(plain), (200, None), "registered")
    kept = Kept(plain)
    is_eq(kept.call(), (200, None), "on a connection that stays open")
    is_eq(site.rest("DELETE", "/keys/" + key["id"]).status, 204, "the key is deleted")
    is_eq((call(plain), kept.call()), ((403, "credential_unknown"),) * 2,
          "its certificate is nobody's, on the open connection too")
    is_eq(site.rest("GET", "/certificates/" + plain.sha256).body["key_id"], None,
          "the certificate is known, without a key")
    again = site.make_key("A again", plain)
    is_eq(call(plain), (403, "access_denied"), "registered again: none of the old key's rights")
    record = record_of(again)
    is_eq((record["access"], record["tags"], len(record["credentials"])), ([], [], 1),
          "nor anything else of it")
    site.rest("PATCH", "/keys/" + again["id"], {"access": [{"api_id": api["id"]}]})
    is_eq((call(plain), kept.call()), ((200, None),) * 2, "with rights of its own it works")
    verified()


def f05():
    key = site.make_key("A", plain, api, quota={"limit": 100, "period": "day"})
    done = site.rest("POST", f"/keys/{key['id']}/credentials", {"certificate": renewed.pem})
    is_eq(done.status, 201, "the next certificate is added")
    old, new = Kept(plain), Kept(renewed)
    is_eq((call(plain), call(renewed), old.call(), new.call()), ((200, None),) * 4, "both work")
    seen = site.upstream_log()[-2:]
    is_eq({v for r in seen for n, v in r["headers"] if n.lower() == "x-certgate-key-id"},
          {key["id"]}, "as one key")
    left = [int(site.curl("/mtls-api/x", cert=c).headers.get("x-ratelimit-remaining"))
            for c in (plain, renewed, plain)]
    is_eq(left, [95, 94, 93], "and share one quota")
    is_eq(site.rest("DELETE", f"/keys/{key['id']}/credentials/{plain.sha256}"
                              "?reason=superseded").status, 204, "the old one ends")
    is_eq((call(plain), old.call()), ((403, "credential_inactive"),) * 2,
          "it is refused, on the open connection too")
    is_eq((call(renewed), new.call()), ((200, None),) * 2, "the new one goes on")


def f06():
    a, b = site.make_key("Key A", plain, api, token=True), site.make_key("Key B", other, api)
    kept = Kept(plain)
    is_eq((kept.call(), call(plain)), ((200, None),) * 2, "before")
    done = site.rest("DELETE", "/certificates/" + plain.sha256)
    is_eq((done.status, done.body["code"]), (409, "certificate_in_use"), "refused at first")
    like(done.body["detail"], f"Key A|{a['id']}", "with the key that uses it")
    like(done.body["detail"], "cascade=true", "and how to go on")
    is_eq((kept.call(), call(plain)), ((200, None),) * 2, "and nothing happened")
    is_eq(site.rest("DELETE", f"/certificates/{plain.sha256}?cascade=true").status, 204,
          "confirmed")
    is_eq((kept.call(), call(plain)), ((403, "credential_unknown"),) * 2,
          "refused at once, on the open connection too")
    is_eq([c["type"] for c in record_of(a)["credentials"]], ["token"], "the key has only its token")
    is_eq(site.rest("GET", "/certificates/" + plain.sha256).status, 404, "the certificate is gone")
    is_eq(site.rest("GET", f"/keys/{a['id']}/credentials/{plain.sha256}").status, 404,
          "the credential too")
    is_eq([c["key_id"] for c in site.rest("GET", "/certificates").body["items"]], [b["id"]],
          "the list has the other one")
    is_eq(call(other), (200, None), "which still works")
    verified()


def notations(digest):
    """Ways to write a SHA-256."""
    pairs = [digest[n:n + 2] for n in range(0, 64, 2)]
    return {"lower case": digest, "upper case": digest.upper(), "colons": ":".join(pairs),
            "colons, upper case": ":".join(pairs).upper(), "spaces": " ".join(pairs),
            "sha256:": "sha256:" + digest, "SHA256:": "SHA256:" + digest.upper(),
            "openssl's line": "sha256 Fingerprint=" + ":".join(pairs).upper(),
            "openssl 1's line": "SHA256 Fingerprint=" + ":".join(pairs).upper(),
            "white space around": f" {digest} "}


def f07():
    key = site.make_key("A", plain, api)
    for name, text in notations(plain.sha256).items():
        quoted = urllib.parse.quote(text, safe="")
        for what, path, member in (
                ("certificate", f"/certificates/{quoted}", "id"),
                ("credential", f"/keys/{key['id']}/credentials/{quoted}", "sha256")):
            answer = site.rest("GET", path)
            if answer.status in (301, 302, 303, 307, 308):
                answer = site.rest("GET", urllib.parse.urlsplit(
                    answer.headers.get("location")).path.partition("/api/v1")[2])
            is_eq((answer.status, answer.body.get(member)), (200, plain.sha256),
                  f"{what} by {name}")
    colons = urllib.parse.quote(notations(plain.sha256)["colons"], safe=":")
    is_eq(site.rest("GET", "/certificates/" + colons).status, 200, "colons as they are")


def search(q):
    answer = site.rest("GET", "/certificates?q=" + urllib.parse.quote(q, safe=""))
    return answer.status, [c["id"] for c in answer.body["items"]] if answer.status == 200 else \
        answer.body


def f08():
    site.make_key("A", plain, api)
    site.make_key("B", other, api)
    digest = plain.sha256
    found, nothing = (200, [digest]), (200, [])
    for n in (4, 8, 16, 64):
        is_eq(search(digest[:n]), found, f"the first {n} digits")
    is_eq(search(digest[:8].upper()), found, "in upper case")
    is_eq(search(digest[:2] + ":" + digest[2:4] + ":" + digest[4:6] + ":" + digest[6:8]), found,
          "with colons")
    for name, text in notations(digest).items():
        is_eq(search(text), found, f"all of it, {name}")
    sha1 = hashlib.sha1(ssl.PEM_cert_to_DER_cert(plain.pem)).hexdigest()
    is_eq(search(sha1), nothing, "its SHA-1 finds nothing")
    for name, path in (("certificate", f"/certificates/{sha1}"),
                       ("certificate, with colons",
                        "/certificates/" + ":".join(sha1[n:n + 2] for n in range(0, 40, 2)))):
        answer = site.rest("GET", path)
        is_eq(answer.status, 404, f"{name} by its SHA-1: 404")
        like(answer.body["detail"], "SHA-256", "with a hint that SHA-256 is needed")
    for text in (digest[1:40], digest[:38] + "00", sha1 + "a", digest + "a", digest[:40] + "x", "%",
                 "*", "..", "../../etc/passwd", "'", '"', "' OR 1=1 --", "\\", "_", "?", "[a-f]",
                 "\u202e", "😀", "a" * 200):
        is_eq(search(text), nothing, f"{text[:70]!r} finds nothing")
    for raw in ("%00", "%ff", "%", "%zz", "a%00b", "a" * 5000):
        answer = site.rest("GET", "/certificates?q=" + raw)
        ok(answer.status == 200 and not answer.body["items"] or 400 <= answer.status < 500,
           f"q={raw[:20]}: nothing, or a refusal")
    for raw in ("%25", "*", "..", "%2e%2e", "%22", "%27", "%00", "x", "a" * 63, "a" * 65, "%ff",
                "sha256:", "%20", ":" * 64):
        answer = site.rest("GET", "/certificates/" + raw)
        ok(400 <= answer.status < 500, f"/certificates/{raw[:20]}: {answer.status}")


def f12():
    site.make_key("A", plain, api)
    is_eq(call(plain), (200, None), "the registered one")
    site.upstream_clear()
    for name, cert in (("the same key pair, renewed", renewed), ("the same subject", same),
                       ("the same but for the signature", malleated)):
        is_eq(call(cert), (403, "credential_unknown"), name)
        done = site.rest("GET", "/certificates/" + cert.sha256)
        is_eq(done.status, 404, "and it is not known")
    is_eq(site.upstream_log(), [], "nothing arrived")


def f13():
    key = site.make_key("A", plain, api)
    path = "/keys/" + key["id"]
    kept = Kept(plain)
    is_eq(kept.call(), (200, None), "before")
    for name, change, want in (
            ("no rights", {"access": []}, (403, "access_denied")),
            ("rights", {"access": [{"api_id": api["id"]}]}, (200, None)),
            ("another method", {"access": [{"api_id": api["id"], "methods": ["POST"]}]},
             (403, "method_not_allowed")),
            ("another path", {"access": [{"api_id": api["id"], "paths": ["/y"]}]},
             (403, "path_not_allowed")),
            ("this path", {"access": [{"api_id": api["id"], "paths": ["/x"]}]}, (200, None)),
            ("switched off", {"active": False}, (403, "key_inactive")),
            ("switched on", {"active": True}, (200, None))):
        is_eq(site.rest("PATCH", path, change).status, 200, name)
        is_eq(kept.call(), want, f"{name}: the next request on the open connection")
    kept.sock.close()


def at_once(jobs):
    """Runs them at the same moment; their results, in order."""
    start, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def work(n):
        start.wait()
        results[n] = jobs[n]()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def f14():
    forms = ["base/plain.pem", "form/crlf.pem", "form/one-line-joined.pem", "form/indented.pem"]
    jobs = [lambda n=n: site.rest("POST", "/keys", {
        "name": f"number {n}", "access": [{"api_id": api["id"]}], "token": n % 2 == 0,
        "certificate": cases.contents(forms[n % len(forms)]).decode()}) for n in range(AT_ONCE)]
    before = site.rest("GET", "/audit?limit=1").body["items"][0]["number"]
    answers = at_once(jobs)
    made = [a.body for a in answers if a.status == 201]
    is_eq(len(made), 1, "exactly one has made its key")
    is_eq([(a.status, a.body["code"]) for a in answers if a.status != 201],
          [(409, "certificate_in_use")] * (AT_ONCE - 1), "the others are told that it is in use")
    like(" ".join(a.body["detail"] for a in answers if a.status != 201),
         f"^(?:[^“]*“{made[0]['name']}”[^“]*){{{AT_ONCE - 1}}}$", "by whom")
    keys = site.rest("GET", "/keys?limit=500").body["items"]
    is_eq([k["id"] for k in keys], [made[0]["id"]], "there is one key")
    is_eq([c["key_id"] for c in site.rest("GET", "/certificates?limit=500").body["items"]],
          [made[0]["id"]], "and one certificate, which is its")
    is_eq([c["sha256"] for c in keys[0]["credentials"] if c["type"] == "certificate"],
          [plain.sha256], "as its credential")
    entries = [e for e in site.rest("GET", "/audit?limit=200").body["items"]
               if e["number"] > before]
    is_eq(sorted({e["action"] for e in entries}),
          ["certificate.create", "credential.add", "key.create"], "the audit has nothing else")
    is_eq([e["subject_id"] for e in entries if e["action"] == "key.create"], [made[0]["id"]],
          "than of that one")
    is_eq(call(plain), (200, None), "and it works")
    # Certificates alone, and as credentials of keys that are there, race alike.
    keys = [site.make_key(f"key {n}") for n in range(10)]
    answers = at_once([lambda k=k: site.rest("POST", f"/keys/{k['id']}/credentials",
                                             {"certificate": other.pem}) for k in keys] +
                      [lambda: site.rest("POST", "/certificates", {"pem": other.pem})] * 10)
    credentials, alone = answers[:10], answers[10:]
    is_eq(sorted(a.status for a in credentials), [201] + [409] * 9, "one key gets a credential")
    ok(sorted(a.status for a in alone) in ([201] + [409] * 9, [409] * 10),
       "and the certificate is made once")
    is_eq(len([1 for k in keys if record_of(k)["credentials"]]), 1, "one key has it")
    verified()


def administrators():
    """Two of them, each with a list of changes to one key; If-Match keeps each from writing over
    what it has not seen."""
    key = site.make_key("shared", plain, api, tags=[])
    path, refused = "/keys/" + key["id"], []

    def work(who):
        for n in range(12):
            while True:
                seen = site.rest("GET", path)
                tags = seen.body["tags"] + [f"{who}-{n}"]
                done = site.rest("PATCH", path, {"tags": tags},
                                 headers={"If-Match": seen.headers.get("etag")})
                if done.status == 200:
                    break
                if done.status != 412:
                    raise RuntimeError(f"{done}")
                refused.append(who)
        return True

    is_eq(at_once([lambda: work("ann"), lambda: work("bob")]), [True, True], "both got through")
    tags = record_of(key)["tags"]
    is_eq(sorted(tags), sorted(f"{who}-{n}" for who in ("ann", "bob") for n in range(12)),
          "every change of both is there")
    is_eq([t for t in tags if t.startswith("ann")], [f"ann-{n}" for n in range(12)], "in order")
    diag(f"{len(refused)} times the other one had been first")
    seen = site.rest("GET", path)
    first = site.rest("PATCH", path, {"name": "by Ann"}, {"If-Match": seen.headers.get("etag")})
    second = site.rest("PATCH", path, {"name": "by Bob"}, {"If-Match": seen.headers.get("etag")})
    is_eq((first.status, second.status, second.body["code"]), (200, 412, "stale"),
          "who has seen the older one is told")
    like(second.body["detail"], r"\.$", "in a sentence")
    is_eq(record_of(key)["name"], "by Ann", "and nothing is lost")
    is_eq(site.rest("DELETE", path, headers={"If-Match": seen.headers.get("etag")}).status, 412,
          "nor deleted")
    # Without If-Match the members that a patch does not name stay.
    is_eq(sorted(a.status for a in at_once(
        [lambda: site.rest("PATCH", path, {"name": "new name"}),
         lambda: site.rest("PATCH", path, {"tags": ["new"]})])), [200, 200], "without If-Match")
    record = record_of(key)
    is_eq((record["name"], record["tags"]), ("new name", ["new"]), "both changes are there")


with site:
    api = site.make_api("mtls-api")
    plain, renewed = File("base/plain.pem"), File("flow/renewed-same-key.pem")
    same = File("flow/same-subject-other-key.pem", "keys/s_two.key")
    malleated, other = File("flow/signature-malleated.pem"), File("base/issued-leaf.pem")

    for name, steps in (("F01", f01), ("F03", f03), ("F04", f04), ("F05", f05), ("F06", f06),
                        ("F07", f07), ("F08", f08), ("F12", f12), ("F13", f13), ("F14", f14),
                        ("two administrators", administrators)):
        with flow(name):
            steps()
    elsewhere = {"F02": "tests/portal/paste.t", "F09": "tests/portal/paste.t",
                 "F10": "tests/gate/secrets.t", "F11": "tests/portal/self_service.t",
                 "F15": "gate.t"}
    is_eq(sorted(set(run) & set(flows) | set(elsewhere)), sorted(flows), "every row has its place")
done_testing()
