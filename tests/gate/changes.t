#!/usr/bin/python3
"""What an administrator changes holds from the next request: on a connection that has been open all
the time, in each of several gate processes, and under load."""
import concurrent.futures
import datetime
import json
import os
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import must, read_answer  # noqa: E402
from environment import DEADLINE_S  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

GATES = 3
# Apache's own limits of 100 requests and 5 seconds would end the one connection.
site = Site(gates=GATES, admins=3, extra="MaxKeepAliveRequests 0\n  KeepAliveTimeout 3600")


class Kept:
    """One TLS connection of one client, for all its requests."""

    def __init__(self, cert=None, **kwargs):
        self.sock = site.tls(cert, **kwargs)
        self.requests = 0

    def close(self):
        self.sock.close()

    def get(self, path, token=None, method="GET"):
        self.requests += 1
        field = f"Authorization: Bearer {token}\r\n" if token else ""
        self.sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n".encode())
        return code_of(read_answer(self.sock, method))


def code_of(answer):
    """200, or the refusal's code."""
    if answer.status == 200:
        return 200
    try:
        return json.loads(answer.body)["code"]
    except ValueError:
        return f"{answer.status} {answer.body[:200]!r}"


def each_gate(path, cert=None, token=None, method="GET"):
    """What each gate process answers to a connection of its own, in order."""
    params = {"REQUEST_URI": path, "REQUEST_METHOD": method}
    if cert is not None:
        params.update({"SSL_CLIENT_CERT": cert.pem, "SSL_CLIENT_VERIFY": "GENEROUS"})
    if token is not None:
        params["HTTP_AUTHORIZATION"] = "Bearer " + token
    answers = []
    for pid in gates:
        with site.alone(pid):
            answers.append(code_of(site.fcgi(params)))
    return answers


def patch(path, **members):
    return must(site.rest("PATCH", path, members), 200)


def command(*args):
    done = site.certgate(*args)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def expect(name, want, path="/mtls-api/x", token=None, method="GET", connection=None, who=None):
    """The next request on the old connection, and one to each gate."""
    got = (connection or kept).get(path, token, method)
    is_eq(got, want, f"{name}: the kept connection")
    is_eq(each_gate(path, who or cert, token, method), [want] * GATES, f"{name}: each gate")


def switches():
    """(name, what to do, the code that follows, how to take it back)"""
    key_path, api_path = "/keys/" + key["id"], "/apis/" + api["id"]
    credential = f"{key_path}/credentials/{cert.sha256}"
    whole = [{"api_id": api["id"]}]
    future = "2999-01-01T00:00:00Z"
    past = "2020-01-01T00:00:00Z"
    return [
        ("the key switched off", lambda: patch(key_path, active=False), "key_inactive",
         lambda: patch(key_path, active=True)),
        ("the credential revoked", lambda: must(site.rest("DELETE", credential), 204),
         "credential_inactive", lambda: patch(credential, active=True)),
        ("revoked with a reason",
         lambda: must(site.rest("DELETE", credential + "?reason=superseded"), 204),
         "credential_inactive", lambda: patch(credential, active=True)),
        ("the credential switched off", lambda: patch(credential, active=False),
         "credential_inactive", lambda: patch(credential, active=True)),
        ("the credential's end set", lambda: patch(credential, ends_at=past),
         "credential_inactive", lambda: patch(credential, ends_at=None)),
        ("the credential's begin set", lambda: patch(credential, active_from=future),
         "credential_inactive", lambda: patch(credential, active_from=None)),
        ("the access taken away", lambda: patch(key_path, access=[]), "access_denied",
         lambda: patch(key_path, access=whole)),
        ("the access moved to another API",
         lambda: patch(key_path, access=[{"api_id": other["id"]}]), "access_denied",
         lambda: patch(key_path, access=whole)),
        ("the paths narrowed",
         lambda: patch(key_path, access=[{"api_id": api["id"], "paths": ["/y"]}]),
         "path_not_allowed", lambda: patch(key_path, access=whole)),
        ("the methods narrowed",
         lambda: patch(key_path, access=[{"api_id": api["id"], "methods": ["POST"]}]),
         "method_not_allowed", lambda: patch(key_path, access=whole)),
        ("the API switched off", lambda: patch(api_path, active=False), "api_inactive",
         lambda: patch(api_path, active=True)),
        ("certificates switched off",
         lambda: patch(api_path, auth={"use_certificate": False}), "certificate_not_enabled",
         lambda: patch(api_path, auth={"use_certificate": True})),
        ("the address blocked", lambda: patch(api_path, blocked_ips=["127.0.0.1"]),
         "address_not_allowed", lambda: patch(api_path, blocked_ips=[])),
        ("the API moved to another path", lambda: patch(api_path, listen_path="/moved/"),
         "api_not_found", lambda: patch(api_path, listen_path="/mtls-api/")),
        ("the API moved to another site", lambda: patch(api_path, sites=["other"]),
         "api_not_found", lambda: patch(api_path, sites=[])),
        ("the key switched off by the command",
         lambda: command("key", "set", key["id"], "--active", "false"), "key_inactive",
         lambda: command("key", "set", key["id"], "--active", "true")),
        ("revoked by the command", lambda: command("key", "revoke", key["id"], cert.sha256),
         "credential_inactive", lambda: patch(credential, active=True)),
        ("the API switched off by the command",
         lambda: command("api", "set", api["name"], "--active", "false"), "api_inactive",
         lambda: command("api", "set", api["name"], "--active")),
    ]


def policies():
    """A key's own switch and its policies', with none, one and two of them."""
    key_path, whole = "/keys/" + key["id"], [{"api_id": api["id"]}]
    made = [must(site.rest("POST", "/policies", {"name": f"policy {n}", "applies": ["access"],
                                                 "access": whole}), 201)["id"] for n in range(2)]
    for n in range(3):
        patch(key_path, policy_ids=made[:n], access=[] if n else whole)
        expect(f"{n} policies", 200)
        patch(key_path, active=False)
        expect(f"the key is off, {n} policies", "key_inactive")
        patch(key_path, active=True)
        expect(f"on again, {n} policies", 200)
    patch("/policies/" + made[0], active=False)
    expect("one of two policies is off: the other one's rights stay", 200)
    patch("/policies/" + made[1], active=False)
    expect("both are off", "access_denied")
    patch(key_path, active=False)
    patch("/policies/" + made[1], active=True)
    expect("a policy that is switched on does not switch a key on", "key_inactive")
    patch(key_path, active=True)
    expect("with one policy on", 200)
    patch(key_path, policy_ids=[], access=whole)
    for policy in made:
        must(site.rest("DELETE", "/policies/" + policy), 204)


def deletions():
    """What is gone stays gone, also when its name comes back."""
    global api, key
    old = key["id"]
    must(site.rest("DELETE", "/keys/" + old), 204)
    expect("the key deleted", "credential_unknown")
    expect("its token too", "credential_unknown", token=token)
    key = site.make_key("again", cert, api)
    ok(key["id"] != old, "a new key for the certificate has an id of its own")
    expect("the certificate at the new key", 200)
    expect("the old key's token beside it", "credential_unknown", token=token)

    must(site.rest("DELETE", "/apis/" + api["id"]), 204)
    expect("the API deleted", "api_not_found")
    api = site.make_api()
    expect("an API of the same name and path is not the old one", "access_denied")
    is_eq(site.rest("GET", "/keys/" + key["id"]).body["access"], [],
          "the deleted API is out of the access rights")
    patch("/keys/" + key["id"], access=[{"api_id": api["id"]}])
    expect("with access to the new one", 200)
    command("api", "delete", "mtls-api")
    expect("the API deleted by the command", "api_not_found")
    api = site.make_api()
    patch("/keys/" + key["id"], access=[{"api_id": api["id"]}])
    command("key", "delete", key["id"])
    expect("the key deleted by the command", "credential_unknown")
    key = site.make_key("third", cert, api)
    expect("and a third one made", 200)
    must(site.rest("DELETE", "/certificates/" + cert.sha256), 409)
    expect("a certificate in use is not removed", 200)


def ends_by_itself():
    """Time is looked at on each request, not when the connection or the cache began."""
    def soon(seconds, form="%Y-%m-%dT%H:%M:%SZ"):
        return (datetime.datetime.now(datetime.timezone.utc) +
                datetime.timedelta(seconds=seconds)).strftime(form)

    def in_time(begin):
        """What `begin` does with a time to come, which it takes in seconds from now, as soon as it is
        done before then, however slow the machine."""
        for seconds in (4, 8, 16, 32, 64):
            end = time.time() + seconds - 1
            done = begin(seconds)
            if time.time() < end:
                return done
        raise TimeoutError("it takes more than a minute")

    def certified(seconds):
        cert = site.make_cert(f"short {seconds}", not_before="20200101000000Z",
                              not_after=soon(seconds, "%Y%m%d%H%M%SZ"))
        answer = site.rest("POST", "/keys", {"name": f"short {seconds}", "certificate": cert.pem,
                                             "access": [{"api_id": api["id"]}]})
        connection = Kept(cert)
        return cert, answer.body, connection, connection.get("/mtls-api/x")

    short, its, connection, got = in_time(certified)
    is_eq(got, 200, "a certificate in its last seconds")
    ending = site.make_key("ending", None, api, token=True)
    others = [site.rest("POST", f"/keys/{key['id']}/credentials", {"token": True}).body
              for _ in range(2)]
    bare = Kept()
    rows = [("the key's end", f"/keys/{ending['id']}", "expires_at", ending["token"],
             200, "key_expired"),
            ("the credential's end", f"/keys/{key['id']}/credentials/{others[0]['sha256']}",
             "ends_at", others[0]["token"], 200, "credential_inactive"),
            ("the credential's begin", f"/keys/{key['id']}/credentials/{others[1]['sha256']}",
             "active_from", others[1]["token"], "credential_inactive", 200)]

    def all_set(seconds):
        for _, path, member, _, _, _ in rows:
            patch(path, **{member: soon(seconds)})
        return [bare.get("/mtls-api/x", text) for _, _, _, text, _, _ in rows]

    is_eq(in_time(all_set), [before for _, _, _, _, before, _ in rows],
          f"before {', '.join(row[0] for row in rows)}")
    for name, path, member, text, before, after in rows:
        wait_until(lambda t=text, a=after: bare.get("/mtls-api/x", t) == a, name, 64 + DEADLINE_S)
        is_eq(each_gate("/mtls-api/x", None, text), [after] * GATES, f"{name}: each gate")
        patch(path, **{member: None})
        is_eq(bare.get("/mtls-api/x", text), 200, f"{name} taken away")
    bare.close()
    wait_until(lambda: connection.get("/mtls-api/x") == "certificate_expired", "its end",
               64 + DEADLINE_S)
    expect("the certificate expired while its connection was open", "certificate_expired",
           connection=connection, who=short)
    connection.close()
    for gone in its, ending:
        must(site.rest("DELETE", "/keys/" + gone["id"]), 204)


def rotation():
    """A second credential, the first one's end, on connections that stay."""
    path = f"/keys/{key['id']}/credentials"
    following = site.make_cert("following")
    new = Kept(following)
    is_eq(new.get("/mtls-api/x"), "credential_unknown", "before it is added")
    must(site.rest("POST", path, {"certificate": following.pem}), 201)
    expect("added", 200, connection=new, who=following)
    expect("the old one beside it", 200)
    must(site.rest("DELETE", f"{path}/{cert.sha256}?reason=superseded"), 204)
    expect("the old one revoked", "credential_inactive")
    expect("the new one stays", 200, connection=new, who=following)
    patch(f"{path}/{cert.sha256}", active=True)
    made = must(site.rest("POST", path, {"token": True}), 201)
    bare = Kept()
    is_eq(bare.get("/mtls-api/x", made["token"]), 200, "a token added")
    is_eq(each_gate("/mtls-api/x", None, made["token"]), [200] * GATES, "in each gate")
    must(site.rest("DELETE", f"{path}/{made['sha256']}"), 204)
    is_eq(bare.get("/mtls-api/x", made["token"]), "credential_inactive", "the token revoked")
    is_eq(each_gate("/mtls-api/x", None, made["token"]), ["credential_inactive"] * GATES,
          "in each gate")
    expect("beside the certificate too", "credential_inactive", token=made["token"])
    is_eq(bare.requests, 2, "on one connection")
    bare.close()
    new.close()


def resumption():
    """A session from before does not carry the right with it."""
    for name, version in ("1.2", ssl.TLSVersion.TLSv1_2), ("1.3", ssl.TLSVersion.TLSv1_3):
        first = Kept(cert, maximum=version)
        is_eq(first.get("/mtls-api/x"), 200, f"TLS {name}: a session begins")
        session = (first.sock.context, first.sock.session)
        first.close()
        credential = f"/keys/{key['id']}/credentials/{cert.sha256}"
        again = Kept(session=session)
        ok(again.sock.session_reused, f"TLS {name}: it can be resumed")
        is_eq(again.get("/mtls-api/x"), 200, f"TLS {name}: and passes")
        must(site.rest("DELETE", credential), 204)
        is_eq(again.get("/mtls-api/x"), "credential_inactive",
              f"TLS {name}: revoked, on the resumed connection")
        session = (again.sock.context, again.sock.session)
        again.close()
        third = Kept(session=session)
        ok(third.sock.session_reused, f"TLS {name}: resumed once more")
        for _ in range(3):
            is_eq(third.get("/mtls-api/x"), "credential_inactive", f"TLS {name}: still revoked")
        third.close()
        patch(credential, active=True)


def under_load():
    """Changes again and again while every gate is busy filling its cache."""
    stop = threading.Event()
    params = {"REQUEST_URI": "/mtls-api/x", "SSL_CLIENT_CERT": cert.pem,
              "SSL_CLIENT_VERIFY": "GENEROUS"}
    seen = {200: 0, "key_inactive": 0, "api_inactive": 0}
    turns = [("/keys/" + key["id"], False, "key_inactive"), ("/keys/" + key["id"], True, 200),
             ("/apis/" + api["id"], False, "api_inactive"), ("/apis/" + api["id"], True, 200)]

    def load(_):
        while not stop.is_set():
            code = code_of(site.fcgi(params))
            with lock:
                seen[code] = seen.get(code, 0) + 1

    def other_changes(n):
        while not stop.is_set():
            patch("/keys/" + strangers[n]["id"], tags=["x"])

    lock = threading.Lock()
    wrong = []
    # What others change makes the gates read all anew while the change that counts comes.
    strangers = [site.make_key(f"stranger {n}") for n in range(2)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(load, n) for n in range(6)]
        workers += [pool.submit(other_changes, n) for n in range(2)]
        try:
            for n in range(25):
                for path, active, want in turns:
                    patch(path, active=active)
                    got = [kept.get("/mtls-api/x")]
                    got += [code_of(site.fcgi(params)) for _ in range(2 * GATES)]
                    if got != [want] * len(got):
                        wrong.append((n, want, got))
        finally:
            stop.set()
        for worker in workers:
            worker.result()
    is_eq(wrong, [], "100 changes, each seen by the next requests")
    is_eq(sorted(map(str, seen)), ["200", "api_inactive", "key_inactive"],
          "nobody saw anything else")
    ok(min(seen.values()) > 0, "and the load met all")


with site:
    gates = site.pids("gate")
    api = site.make_api()
    other = site.make_api("other")
    cert = site.make_cert("partner")
    key = site.make_key("partner", cert, api, token=True)
    token = key.pop("token")
    kept = Kept(cert)

    with case("before"):
        is_eq(len(gates), GATES, "so many gates run")
        expect("the certificate", 200)
        expect("with the key's token", 200, token=token)
        got = each_gate("/nowhere/")
        is_eq(got, ["api_not_found"] * GATES, "each gate can be asked by itself")

    with case("changes"):
        for title, change, after, back in switches():
            change()
            expect(title, after)
            back()
            expect(f"{title}, and back", 200)

    with case("other targets"):
        patch("/apis/" + api["id"], target_url=site.upstream_url + "/v2")
        site.upstream_clear()
        expect("a new target_url", 200)
        is_eq({r["target"] for r in site.upstream_log()}, {"/v2/x"}, "is used at once")
        patch("/apis/" + api["id"], target_url=site.upstream_url)

    for title, part in (("rotation", rotation), ("resumption", resumption),
                        ("policies", policies), ("load", under_load), ("time", ends_by_itself),
                        ("deletion", deletions)):
        with case(title):
            part()

    with case("all the time"):
        is_eq(site.pids("gate"), gates, "the same gates ran")
        ok(kept.requests > 100, "the one connection took them all")
done_testing()
