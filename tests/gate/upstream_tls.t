#!/usr/bin/python3
"""TLS to an API's upstreams: whom the gate trusts, what it shows of itself and keeps sealed, and sessions that go
on."""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import DEADLINE_S, ROOT, WEB_USER  # noqa: E402
import fcgi  # noqa: E402
from homes import files_below  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from upstream import fields  # noqa: E402
from website import Site  # noqa: E402

SERVER_EXTENSIONS = ["extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE"]
GOOD, TLS_FAULT = (200, None), (502, "upstream_tls")


def register(site, cert, kind):
    return site.must("POST", "/certificates", {"pem": cert.pem, "kind": kind}, 201)["sha256"]


def spki(cert):
    der = subprocess.run(f"openssl x509 -in {cert.path} -noout -pubkey | "
                         "openssl pkey -pubin -outform DER", shell=True, capture_output=True,
                         check=True).stdout
    return hashlib.sha256(der).hexdigest()


def outcome(answer):
    return answer.status, answer.json().get("code") if answer.status >= 400 else None


def change(site, api, **members):
    return site.must("PATCH", f"/apis/{api['id']}", members)


def trust(site):
    ca, other = site.make_ca("Upstream CA"), site.make_ca("Other CA")
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    server = site.make_cert("known", ca=ca, extensions=[*SERVER_EXTENSIONS, names])
    named = site.make_cert("named", ca=ca,
                           extensions=[*SERVER_EXTENSIONS, "subjectAltName=DNS:backend.example"])
    late = site.make_cert("late", ca=ca, extensions=[*SERVER_EXTENSIONS, names],
                          not_before="20200101000000Z", not_after="20200201000000Z")
    clients = site.make_cert("of a client", ca=ca, extensions=[
        "extendedKeyUsage=clientAuth", "basicConstraints=CA:FALSE", names])
    any_use = site.make_cert("of any use", ca=ca, extensions=[
        "extendedKeyUsage=anyExtendedKeyUsage", "basicConstraints=CA:FALSE", names])
    no_use = site.make_cert("of no use", ca=ca, extensions=["basicConstraints=CA:FALSE", names])
    alone = site.make_cert("alone", extra=["-addext", names])
    ids = {c: register(site, c, kind) for c, kind in
           ((ca, "ca"), (other, "upstream"), (alone, "upstream"))}
    client = site.make_cert("someclient")
    register(site, client, "client")
    ups = {c: site.more_upstream("tls-" + os.path.basename(c.path), "--tls", c.both())
           for c in (server, named, late, alone, clients, any_use, no_use)}

    def url(cert, host="localhost"):
        return f"https://{host}:{ups[cert].port}"

    api = site.make_api("tls", auth={"keyless": True}, target_url=url(server))
    is_eq(api["upstream_tls"], None, "upstream_tls is null at first")
    is_eq(outcome(site.curl("/tls/x")), TLS_FAULT, "the host's CAs do not know this one: refused")
    is_eq(ups[server].log(), [], "and nothing was sent")

    rows = [
        ("its CA is named", server, "localhost", {"ca_certificates": [ids[ca]]}, GOOD),
        ("by address", server, "127.0.0.1", {"ca_certificates": [ids[ca]]}, GOOD),
        ("one of two", server, "localhost", {"ca_certificates": [ids[other], ids[ca]]}, GOOD),
        ("another CA", server, "localhost", {"ca_certificates": [ids[other]]}, TLS_FAULT),
        ("another name", named, "localhost", {"ca_certificates": [ids[ca]]}, TLS_FAULT),
        ("server_name", named, "localhost",
         {"ca_certificates": [ids[ca]], "server_name": "backend.example"}, GOOD),
        ("a server_name that it has not", server, "localhost",
         {"ca_certificates": [ids[ca]], "server_name": "backend.example"}, TLS_FAULT),
        ("expired", late, "localhost", {"ca_certificates": [ids[ca]]}, TLS_FAULT),
        ("for clients alone", clients, "localhost", {"ca_certificates": [ids[ca]]}, TLS_FAULT),
        ("for any purpose", any_use, "localhost", {"ca_certificates": [ids[ca]]}, GOOD),
        ("without a purpose", no_use, "localhost", {"ca_certificates": [ids[ca]]}, GOOD),
        ("itself", alone, "localhost", {"ca_certificates": [ids[alone]]}, GOOD),
        ("itself, by another name", alone, "localhost",
         {"ca_certificates": [ids[alone]], "server_name": "backend.example"}, TLS_FAULT),
        ("a pin besides", server, "localhost",
         {"ca_certificates": [ids[ca]], "pinned_sha256": [spki(server)]}, GOOD),
        ("one of two pins", server, "localhost",
         {"ca_certificates": [ids[ca]], "pinned_sha256": [spki(alone), spki(server)]}, GOOD),
        ("another's pin", server, "localhost",
         {"ca_certificates": [ids[ca]], "pinned_sha256": [spki(named)]}, TLS_FAULT),
        ("a pin does not take the place of trust", server, "localhost",
         {"pinned_sha256": [spki(server)]}, TLS_FAULT),
        ("its CA is named again", server, "localhost", {"ca_certificates": [ids[ca]]}, GOOD),
        ("another CA again: no kept connection is used", server, "localhost",
         {"ca_certificates": [ids[other]]}, TLS_FAULT),
    ]
    gates = site.pids("gate")
    for name, cert, host, tls, want in rows:
        # Null first: a merge patch would leave what was set before.
        change(site, api, upstream_tls=None)
        shown = change(site, api, target_url=url(cert, host), upstream_tls=tls)["upstream_tls"]
        before = len(ups[cert].log())
        for _ in range(3):
            is_eq(outcome(site.curl("/tls/x")), want, name)
        is_eq(len(ups[cert].log()) - before, 3 if want == GOOD else 0, "as many came there")
        is_eq({k: v for k, v in shown.items() if v},
              {k: v for k, v in tls.items()}, "and it is shown")
        if want == GOOD:
            record = ups[cert].log()[-1]
            asked = tls.get("server_name") or (host if host == "localhost" else None)
            is_eq((record["tls"]["server_name"], record["tls"]["peer_sha256"]), (asked, None),
                  "the name that was asked for, and no certificate of ours")
            is_eq(fields(record, "host"), [f"{host}:{ups[cert].port}"], "Host is the target's")
    is_eq(site.pids("gate"), gates, "the same gate all the time")
    status, _, body = site.rest("DELETE", f"/certificates/{ids[other]}")
    is_eq((status, body.get("code")), (409, "certificate_in_use"),
          "a certificate that an upstream is judged by cannot be deleted")
    bad = [
        ("ca_certificates", [hashlib.sha256(b"x").hexdigest()], r"ca_certificates\[0\]"),
        ("ca_certificates", [client.sha256], r"ca_certificates\[0\]"),
        ("ca_certificates", ["x"], r"ca_certificates\[0\]"),
        ("pinned_sha256", ["00" * 31], r"pinned_sha256\[0\]"),
        ("pinned_sha256", [f"{i:064x}" for i in range(11)], "pinned_sha256"),
        ("server_name", "https://x", "server_name"), ("server_name", "a..b", "server_name"),
        ("server_name", "127.0.0.1", "server_name"), ("server_name", "x:1", "server_name"),
        ("server_name", "", "server_name"),
    ]
    for member, value, field in bad:
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}",
                                    {"upstream_tls": {member: value}})
        is_eq(status, 422, f"{member} {str(value)[:40]} is refused")
        like(body["errors"][0]["field"], r"^upstream_tls\." + field + "$", "and named")
    status, _, _ = site.rest("PATCH", f"/apis/{api['id']}", {"upstream_tls": {"verify": False}})
    is_eq(status, 400, "there is no switch that turns it off")


def inner(key_pem):
    """What only the private key holds: a piece of its base64, and its bytes."""
    lines = key_pem.strip().splitlines()[1:-1]
    der = base64.b64decode("".join(lines))
    # RSA: behind the modulus, which is public; EC: at the start.
    at = 432 if len(der) > 600 else 48
    return lines[at // 48].encode(), der[at - 10:at + 14]


def rotate(site, paths):
    """The sealing key is changed, whole and broken off in the middle."""
    def read(name):
        with open(f"{site.home}/keys/{name}", encoding="ascii") as file:
            return file.read()

    def write(name, text):
        with open(f"{site.home}/keys/{name}", "w", encoding="ascii") as file:
            file.write(text)

    def all_good(when):
        site.kill(*site.pids("gate"))
        wait_until(lambda: site.curl("/readyz").status == 200, "the gates")
        is_eq([outcome(site.curl(path)) for path in paths], [GOOD] * len(paths), when)

    first = read("seal.key")
    is_eq(site.certgate("seal", "rotate").stdout, f"sealed_anew: {len(paths)}\n",
          "the sealing key is changed")
    ok(read("seal.key") != first, "it is another one")
    is_eq(read("seal.previous"), first, "the one before is kept")
    is_eq(os.stat(site.home + "/keys/seal.key").st_mode & 0o777, 0o600, "for nobody else to read")
    all_good("keys of upstreams still open")
    os.unlink(site.home + "/keys/seal.previous")
    all_good("without the one before, too")
    # What a kill between the new key and the sealing leaves.
    write("seal.previous", read("seal.key"))
    write("seal.key", os.urandom(32).hex() + "\n")
    all_good("a change that was broken off: what is under the one before opens")
    for _ in range(2):
        is_eq(site.certgate("seal", "rotate").returncode, 0, "changed again")
        all_good("after which all is under the new key")
    is_eq({name for name in os.listdir(site.home + "/keys") if "seal" in name},
          {"seal.key", "seal.previous"}, "no other file is left")
    is_eq(site.certgate("verify").returncode, 0, "and the store is whole")


def mutual(site):
    ca, ours = site.make_ca("Server CA"), site.make_ca("Our CA")
    middle = site.make_cert("middle", ca=ours,
                            extensions=["basicConstraints=critical,CA:TRUE",
                                        "keyUsage=critical,keyCertSign"])
    server = site.make_cert("asks", ca=ca, extensions=[
        *SERVER_EXTENSIONS, "subjectAltName=DNS:localhost"])
    us = site.make_cert("us", key="rsa", ca=ours)
    us_ec = site.make_cert("us-ec", key="ec", ca=middle)
    stranger = site.make_cert("stranger")
    root = register(site, ca, "ca")
    ups = [site.more_upstream("asks13", "--tls", server.both(), "--client-ca", ours.path),
           site.more_upstream("asks12", "--tls", server.both(), "--client-ca", ours.path,
                              "--tls-max", "1.2")]
    apis = [site.make_api(f"mutual{i}", auth={"keyless": True},
                          target_url=f"https://localhost:{up.port}",
                          upstream_tls={"ca_certificates": [root]}) for i, up in enumerate(ups)]
    for i, up in enumerate(ups):
        is_eq(outcome(site.curl(f"/mutual{i}/x")), TLS_FAULT, "without a certificate: refused")
        ok(not up.log(), "nothing came through")
        shown = change(site, apis[i], upstream_tls={"client_certificate": us.pem,
                                                    "client_key": us.key_pem})["upstream_tls"]
        is_eq((shown["client_key"], shown["client_certificate"].split()),
              (True, us.pem[us.pem.index("-----BEGIN"):].split()),
              "the certificate is shown, of the key only that it is there")
        is_eq(outcome(site.curl(f"/mutual{i}/x")), GOOD, "with its certificate")
        is_eq(up.log()[-1]["tls"]["peer_sha256"], us.sha256, "which the upstream sees")
        shown = change(site, apis[i], timeout_ms=20000)["upstream_tls"]
        is_eq((shown["client_key"], outcome(site.curl(f"/mutual{i}/x"))), (True, GOOD),
              "another change leaves it")
        whole = site.rest("GET", f"/apis/{apis[i]['id']}").body
        change(site, apis[i], upstream_tls=whole["upstream_tls"], name=whole["name"])
        is_eq(outcome(site.curl(f"/mutual{i}/x")), GOOD, "what was read can be sent back")
        change(site, apis[i], upstream_tls={"client_certificate": us_ec.pem,
                                            "client_chain": [middle.pem],
                                            "client_key": us_ec.key_pem})
        is_eq(outcome(site.curl(f"/mutual{i}/x")), GOOD, "another one, with its chain")
        is_eq(up.log()[-1]["tls"]["peer_sha256"], us_ec.sha256, "is shown from the next request")
        change(site, apis[i], upstream_tls={"client_certificate": stranger.pem,
                                            "client_chain": None,
                                            "client_key": stranger.key_pem})
        is_eq(outcome(site.curl(f"/mutual{i}/x")), TLS_FAULT,
              "one that the upstream does not trust: refused")
        change(site, apis[i], upstream_tls={"client_certificate": us.pem, "client_chain": None,
                                            "client_key": us.key_pem})
    change(site, apis[1], upstream_tls={"client_certificate": us_ec.pem, "client_chain": [middle.pem],
                                        "client_key": us_ec.key_pem})
    for i, cert in enumerate((us, us_ec)):
        for host in (f"localhost:{ups[1 - i].port}", f"localhost:{ups[i].port}", "elsewhere.example"):
            is_eq(outcome(site.curl(f"/mutual{i}/x", "-H", f"Host: {host}")), GOOD, f"Host: {host}")
            is_eq(ups[i].log()[-1]["tls"]["peer_sha256"], cert.sha256, "the API's own certificate is shown")
    change(site, apis[1], upstream_tls={"client_certificate": us.pem, "client_chain": None,
                                        "client_key": us.key_pem})
    rotate(site, [f"/mutual{i}/x" for i in range(len(ups))])
    for i in range(len(ups)):
        change(site, apis[i], upstream_tls={"client_certificate": None, "client_key": None})
        is_eq(outcome(site.curl(f"/mutual{i}/x")), TLS_FAULT,
              "taken away: no kept connection is used")
    path = f"/apis/{apis[0]['id']}"
    encrypted = subprocess.run(["openssl", "pkcs8", "-topk8", "-in", us.key, "-passout", "pass:x"],
                               capture_output=True, text=True, check=True).stdout
    legacy = subprocess.run(["openssl", "rsa", "-in", us.key, "-traditional", "-aes128", "-passout",
                             "pass:x"], capture_output=True, text=True, check=True).stdout
    rows = [({"client_certificate": us.pem, "client_key": legacy}, "client_key"),
            ({"client_certificate": us.pem, "client_key": us.key_pem[:-30]}, "client_key"),
            ({"client_certificate": us.pem, "client_key": us.key_pem[:400] +
              us.key_pem[500:]}, "client_key"),
            ({"client_certificate": us.pem}, "client_key"),
            ({"client_key": us.key_pem}, "client_certificate"),
            ({"client_certificate": us.pem, "client_key": us_ec.key_pem}, "client_key"),
            ({"client_certificate": us.pem, "client_key": "x"}, "client_key"),
            ({"client_certificate": us.pem, "client_key": us.pem}, "client_key"),
            ({"client_certificate": us.pem, "client_key": True}, "client_key"),
            ({"client_certificate": us.pem, "client_key": encrypted}, "client_key"),
            ({"client_certificate": "x", "client_key": us.key_pem}, "client_certificate"),
            ({"client_chain": [middle.pem]}, "client_chain")]
    for tls, field in rows:
        status, _, body = site.rest("PATCH", path, {"upstream_tls": tls})
        is_eq((status, body["errors"][0]["field"] if status == 422 else body),
              (422, "upstream_tls." + field), f"{sorted(tls)}: {field} is refused")
        text = json.dumps(body)
        ok(not any(inner(c.key_pem)[0].decode() in text for c in (us, us_ec)),
           "and nothing of the key comes back")
    # With PKCS #1 too.
    pkcs1 = subprocess.run(["openssl", "rsa", "-in", us.key, "-traditional"], capture_output=True,
                           text=True, check=True).stdout
    change(site, apis[0], upstream_tls={"client_certificate": us.pem, "client_key": pkcs1})
    is_eq(outcome(site.curl("/mutual0/x")), GOOD, "a key in the old form")
    sec1 = subprocess.run(["openssl", "ec", "-in", us_ec.key], capture_output=True, text=True,
                          check=True).stdout
    change(site, apis[0], upstream_tls={
        "client_certificate": us_ec.pem, "client_chain": [middle.pem],
        "client_key": "EC:\r\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                      "-----END EC PARAMETERS-----\n" + sec1.replace("\n", "\r\n") + us_ec.pem})
    is_eq(outcome(site.curl("/mutual0/x")), GOOD, "an EC key with what openssl writes around it")
    change(site, apis[0], upstream_tls={"client_certificate": us.pem, "client_chain": None,
                                        "client_key": pkcs1})
    status, _, body = site.rest("PATCH", path, {"upstream_tls": {"client_certificate": us_ec.pem}})
    is_eq((status, body["errors"][0]["field"]), (422, "upstream_tls.client_key"),
          "another certificate needs its own key")

    # By the command.
    done = site.certgate("api", "set", "mutual1", "--upstream-tls-client-certificate", us.path,
                         "--upstream-tls-client-key", us.key)
    is_eq((done.returncode, outcome(site.curl("/mutual1/x"))), (0, GOOD), "set by the command")
    done = site.certgate("--json", "api", "show", "mutual1")
    is_eq(json.loads(done.stdout)["upstream_tls"]["client_key"], True, "shown as there")
    done = site.certgate("api", "set", "mutual1", "--upstream-tls-client-key",
                         site.folder + "/none")
    is_eq(done.returncode, 1, "a file that is not there is refused")

    # Nowhere in the clear.
    backup, export = site.folder + "/backup", site.folder + "/export.json"
    if ROOT:
        os.makedirs(backup)
        shutil.chown(backup, WEB_USER, WEB_USER)
    done = site.certgate("backup", backup)
    is_eq(done.returncode, 0, "a backup")
    ok(not os.path.exists(backup + "/seal.key"), "has no seal.key")
    done = site.certgate("export", "-")
    is_eq(done.returncode, 0, "an export")
    with open(export, "w", encoding="utf-8") as out:
        out.write(done.stdout)
    sealed = [a["upstream_tls"]["client_key"] for a in json.loads(done.stdout)["apis"]
              if a["upstream_tls"] and a["upstream_tls"]["client_key"]]
    is_eq((len(sealed), len(set(sealed))), (2, 2), "has the keys, sealed, each in its own way")
    needles = [n for c in (us, us_ec, stranger) for n in inner(c.key_pem)] + \
        [inner(pkcs1)[0]]
    leaks = {name for name, data in files_below(site.folder) for n in needles
             if n in data and not name.startswith(site.certs)}
    is_eq(leaks, set(), "no file has any of the private keys: store, logs, backup, export")
    audit = json.dumps(site.rest("GET", "/audit?limit=500").body)
    ok(not any(n.decode() in audit for n in needles if n.isascii()), "nor the audit")
    like(audit, "client_key", "which tells that one was set")

    # A sealed key is its record's alone, and this host's.
    copy = json.loads(done.stdout)
    for name, section in copy.items():
        if isinstance(section, list):
            copy[name] = [a for a in section if a.get("name") == "mutual0"]
    copy["apis"][0].update(id="a" * 26, name="copied", listen_path="/copied/")
    moved = site.folder + "/moved.json"
    with open(moved, "w", encoding="utf-8") as out:
        json.dump(copy, out, indent=1)
    os.chmod(moved, 0o644)
    done = site.certgate("import", moved)
    is_eq((done.returncode, outcome(site.curl("/copied/x"))), (0, TLS_FAULT),
          "in another record it does not open") or diag(done.stderr)
    seal = site.home + "/keys/seal.key"
    with open(seal, encoding="ascii") as text:
        kept = text.read()
    with open(seal, "w", encoding="ascii") as out:
        out.write("00" * 32 + "\n")
    change(site, apis[0], timeout_ms=21000)  # another generation
    is_eq(outcome(site.curl("/mutual0/x")), TLS_FAULT, "with another seal.key: refused")
    with open(seal, "w", encoding="ascii") as out:
        out.write(kept)
    change(site, apis[0], timeout_ms=22000)
    is_eq(outcome(site.curl("/mutual0/x")), GOOD, "with its own again it works")


def kept_over_changes(site):
    """A kept TLS connection goes on whatever else is changed, and no longer when what it was made with is."""
    ca, ours = site.make_ca("CA of kept ones"), site.make_ca("Our CA of kept ones")
    server = site.make_cert("keeps", ca=ca, extensions=[*SERVER_EXTENSIONS, "subjectAltName=DNS:localhost"])
    us, other = site.make_cert("us kept", ca=ours), site.make_cert("us changed", ca=ours)
    up = site.more_upstream("keeps", "--tls", server.both(), "--client-ca", ours.path)
    known = {"ca_certificates": [register(site, ca, "ca")], "pinned_sha256": [spki(server)],
             "client_certificate": us.pem, "client_key": us.key_pem}
    api = site.make_api("keeps", auth={"keyless": True}, upstream_tls=known,
                        target_url=f"https://localhost:{up.port}")
    bystander, key = site.make_api("bystander"), site.make_key("bystander")
    turn = iter(range(1000))
    # One connection to the gate is one of its threads, which keeps its own to upstreams.
    with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
        def connection():
            answer = gate.request(site.variables({"REQUEST_URI": "/keeps/x"}), keep=True)
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {answer.body}")
            return up.log()[-1]["connection"]

        def goes_on(make_change):
            before = connection()
            make_change()
            return connection() == before

        for name, make_change in (
                ("a key is made", lambda: site.make_key(f"kept {next(turn)}")),
                ("a key is changed", lambda: site.rest("PATCH", f"/keys/{key['id']}", {"tags": [str(next(turn))]})),
                ("another API is changed", lambda: change(site, bystander, timeout_ms=1000 + next(turn))),
                ("another API gets a CA", lambda: change(site, bystander, upstream_tls={
                    "ca_certificates": known["ca_certificates"], "server_name": f"a{next(turn)}.example"})),
                ("a certificate is registered",
                 lambda: register(site, site.make_cert(f"kept {next(turn)}", extensions=SERVER_EXTENSIONS), "upstream")),
                ("a setting is changed", lambda: site.rest("PATCH", "/settings", {"portal_title": str(next(turn))})),
                ("its own time limit is changed", lambda: change(site, api, timeout_ms=20000 + next(turn))),
                ("its own certificates are given again", lambda: change(site, api, upstream_tls=known)),
                ("all that is sealed is sealed anew", lambda: site.certgate("seal", "rotate"))):
            # Once more where this machine was so slow that it was idle for too long.
            wait_until(lambda make_change=make_change: goes_on(make_change), f"one that goes on: {name}")
            ok(True, f"{name}: the connection goes on")
        for name, tls in (
                ("the client certificate", {"client_certificate": other.pem, "client_key": other.key_pem}),
                ("the CAs", {"ca_certificates": [*known["ca_certificates"], register(site, ours, "ca")]}),
                ("the pins", {"pinned_sha256": [spki(server), spki(us)]}),
                ("the name", {"server_name": "localhost"})):
            ok(not goes_on(lambda tls=tls: change(site, api, upstream_tls=tls)), f"{name} changed: a new one is made")
        is_eq(up.log()[-1]["tls"]["peer_sha256"], other.sha256, "with what is there now")


def resumed(site):
    """A new connection resumes the TLS session of the one before: once, for whom it was, and not past
    what the upstream has to prove."""
    ca, other, ours = (site.make_ca(f"{who} CA of sessions") for who in ("Server", "Other", "Our"))
    names = [*SERVER_EXTENSIONS, "subjectAltName=DNS:localhost"]
    server = site.make_cert("resumes", ca=ca, extensions=names)
    us = site.make_cert("us-again", ca=ours)
    ids = [register(site, c, "ca") for c in (ca, other)]
    for version in ("1.3", "1.2"):
        up = site.more_upstream("resumes" + version, "--tls", server.both(), "--tls-max", version,
                                "--client-ca", ours.path)
        known = {"ca_certificates": [ids[0]], "client_certificate": us.pem,
                 "client_key": us.key_pem}
        api = site.make_api("resumes" + version, auth={"keyless": True}, upstream_tls=known,
                            target_url=f"https://localhost:{up.port}")
        # On one connection to the gate, requests are mostly taken up by one of its threads, each of which
        # has its own sessions.
        with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
            def ask():
                path = f"/resumes{version}/x?up=last"
                answer = gate.request(site.variables({"REQUEST_URI": path}), keep=True)
                return answer.status, json.loads(answer.body).get("code")

            def resumes(n):
                before = len(up.log())
                is_eq([ask() for _ in range(n)], [GOOD] * n, "each over a connection of its own")
                return [r["tls"]["resumed"] for r in up.log()[before:]]

            is_eq(resumes(1), [False], f"TLS {version}: a full handshake")
            # The gate starts anew with what it knows of an API when anything is changed.
            wait_until(lambda: resumes(5) == [True] * 5, "all others resume")
            is_eq(({r["tls"]["peer_sha256"] for r in up.log()},
                   len({r["connection"] for r in up.log()}) == len(up.log())), ({us.sha256}, True),
                  "with our certificate")
            before = len(up.log())
            for tls, want in (
                    ({"pinned_sha256": [spki(server)]}, GOOD),
                    ({"pinned_sha256": [spki(us)]}, TLS_FAULT),
                    ({"pinned_sha256": None, "ca_certificates": [ids[1]]}, TLS_FAULT),
                    ({"ca_certificates": [ids[0]]}, GOOD),
                    ({"server_name": "elsewhere.example"}, TLS_FAULT),
                    ({"server_name": "localhost"}, GOOD)):
                change(site, api, upstream_tls=tls)
                is_eq(ask(), want, f"TLS {version}: {list(tls)[0]} is changed: {want}")
            # The second of these three goes back to what was proven at first: it may resume that.
            got = [r["tls"]["resumed"] for r in up.log()[before:]]
            is_eq((len(got), got[0], got[-1]), (3, False, False), "and what was before is resumed no more")
            # Another process has no use for the tickets of the one before: a full handshake.
            up.stop()
            up.start()
            is_eq(resumes(1), [False], f"TLS {version}: a ticket that is not taken")
            wait_until(lambda: resumes(1) == [True], "the next one is")
    up = site.more_upstream("cannot-resume", "--tls", server.both(), "--tls-fails-resumed")
    site.make_api("fails", auth={"keyless": True}, target_url=f"https://localhost:{up.port}",
                  upstream_tls={"ca_certificates": [ids[0]]})
    with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
        got = [gate.request(site.variables({"REQUEST_URI": "/fails/x?up=last"}), keep=True).status
               for _ in range(4)]
    is_eq((got, [r["tls"]["resumed"] for r in up.log()]), ([200] * 4, [False] * 4),
          "an upstream whose handshake fails with its own ticket: another without")


def renegotiation(site):
    """An upstream that asks for another handshake waits for it: its answer is given up at once."""
    ca = site.make_ca("CA of handshakes")
    server = site.make_cert("asks again", ca=ca, extensions=[*SERVER_EXTENSIONS, "subjectAltName=DNS:localhost"])
    port, log = site.reserve(), site.logs + "/asks-again.log"
    up = site.spawn("asks-again", ["openssl", "s_server", "-tls1_2", "-accept", f"127.0.0.1:{port}", "-cert",
                                   server.path, "-key", server.key], stdin=subprocess.PIPE)

    def has_said(text):
        with open(log, "rb") as said:
            return text in said.read()

    wait_until(lambda: has_said(b"ACCEPT"), "openssl s_server")
    site.make_api("again", auth={"keyless": True}, timeout_ms=300000, target_url=f"https://localhost:{port}",
                  upstream_tls={"ca_certificates": [register(site, ca, "ca")]})
    # With R it asks for a certificate, too.
    for letter in ("r", "R"):
        with ThreadPoolExecutor(1) as one:
            call = one.submit(site.curl, f"/again/{letter}")
            wait_until(lambda letter=letter: has_said(f"GET /{letter} HTTP/1.1".encode()), "the request")
            up.stdin.write(letter.encode() + b"\n")
            up.stdin.flush()
            is_eq(outcome(call.result()), TLS_FAULT, f"s_server {letter}: refused")
    with open(site.logs + "/supervise.log", encoding="utf-8") as said:
        is_eq(len(re.findall(r'outcome="tls" .*\(renegotiation\)', said.read())), 2, "and the log says why")


with Site() as whole:
    for title, test, *given in (
            ("trust", trust), ("mutual TLS", mutual), ("TLS sessions", resumed),
            ("connections over changes", kept_over_changes), ("renegotiation", renegotiation)):
        with case(title):
            test(whole, *given)
done_testing()
