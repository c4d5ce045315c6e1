#!/usr/bin/python3
"""An API's upstreams: TLS both ways, several of them, header rules, CORS, addresses rewritten, and
where they may be."""
import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certgate_test import *  # noqa: E402

SERVER_EXTENSIONS = ["extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE"]


def both(cert, *more):
    """A file with the certificate, others, and the private key."""
    path = cert.path + ".both"
    with open(path, "w", encoding="ascii") as out:
        out.write(cert.pem + "".join(c.pem for c in more) + cert.key_pem)
    return path


def register(site, cert, kind):
    status, _, body = site.rest("POST", "/certificates", {"pem": cert.pem, "kind": kind})
    if status != 201:
        raise RuntimeError(f"{kind}: {status} {body}")
    return body["sha256"]


def spki(cert):
    der = subprocess.run(f"openssl x509 -in {cert.path} -noout -pubkey | "
                         "openssl pkey -pubin -outform DER", shell=True, capture_output=True,
                         check=True).stdout
    return hashlib.sha256(der).hexdigest()


def outcome(answer):
    return answer.status, answer.json().get("code") if answer.status >= 400 else None


def change(site, api, **members):
    status, _, body = site.rest("PATCH", f"/apis/{api['id']}", members)
    if status != 200:
        raise RuntimeError(f"PATCH: {status} {body}")
    return body


def fields_of(record, name):
    return [v for n, v in record["headers"] if n.lower() == name]


GOOD, TLS_FAULT = (200, None), (502, "upstream_tls")


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
    ups = {c: site.more_upstream("tls-" + os.path.basename(c.path), "--tls", both(c))
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
            is_eq(fields_of(record, "host"), [f"{host}:{ups[cert].port}"], "Host is the target's")
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


def files_below(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(root, name), "rb") as data:
                    yield os.path.join(root, name), data.read()
            except OSError:
                pass


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
    ups = [site.more_upstream("asks13", "--tls", both(server), "--client-ca", ours.path),
           site.more_upstream("asks12", "--tls", both(server), "--client-ca", ours.path,
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
        text = json_module.dumps(body)
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
    is_eq(json_module.loads(done.stdout)["upstream_tls"]["client_key"], True, "shown as there")
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
    sealed = [a["upstream_tls"]["client_key"] for a in json_module.loads(done.stdout)["apis"]
              if a["upstream_tls"] and a["upstream_tls"]["client_key"]]
    is_eq((len(sealed), len(set(sealed))), (2, 2), "has the keys, sealed, each in its own way")
    needles = [n for c in (us, us_ec, stranger) for n in inner(c.key_pem)] + \
        [inner(pkcs1)[0]]
    leaks = {name for name, data in files_below(site.folder) for n in needles
             if n in data and not name.startswith(site.certs)}
    is_eq(leaks, set(), "no file has any of the private keys: store, logs, backup, export")
    audit = json_module.dumps(site.rest("GET", "/audit?limit=500").body)
    ok(not any(n.decode() in audit for n in needles if n.isascii()), "nor the audit")
    like(audit, "client_key", "which tells that one was set")

    # A sealed key is its record's alone, and this host's.
    copy = json_module.loads(done.stdout)
    for name, section in copy.items():
        if isinstance(section, list):
            copy[name] = [a for a in section if a.get("name") == "mutual0"]
    copy["apis"][0].update(id="a" * 26, name="copied", listen_path="/copied/")
    moved = site.folder + "/moved.json"
    with open(moved, "w", encoding="utf-8") as out:
        json_module.dump(copy, out, indent=1)
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
    up = site.more_upstream("keeps", "--tls", both(server), "--client-ca", ours.path)
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
        up = site.more_upstream("resumes" + version, "--tls", both(server), "--tls-max", version,
                                "--client-ca", ours.path)
        known = {"ca_certificates": [ids[0]], "client_certificate": us.pem,
                 "client_key": us.key_pem}
        api = site.make_api("resumes" + version, auth={"keyless": True}, upstream_tls=known,
                            target_url=f"https://localhost:{up.port}")
        # One connection to the gate is one of its threads, which has its own sessions.
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
    up = site.more_upstream("cannot-resume", "--tls", both(server), "--tls-fails-resumed")
    site.make_api("fails", auth={"keyless": True}, target_url=f"https://localhost:{up.port}",
                  upstream_tls={"ca_certificates": [ids[0]]})
    with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
        got = [gate.request(site.variables({"REQUEST_URI": "/fails/x?up=last"}), keep=True).status
               for _ in range(4)]
    is_eq((got, [r["tls"]["resumed"] for r in up.log()]), ([200] * 4, [False] * 4),
          "an upstream whose handshake fails with its own ticket: another without")


def targets(site):
    ups = [site.more_upstream(f"one{i}") for i in range(3)]
    urls = [f"http://127.0.0.1:{up.port}/{i}" for i, up in enumerate(ups)]
    gone = f"http://127.0.0.1:{site.reserve()}"
    api = site.make_api("many", auth={"keyless": True}, target_url=urls[0], target_urls=urls[1:])
    for _ in range(9):
        is_eq(site.curl("/many/x").status, 200, "answered")
    is_eq([[r["target"] for r in up.log()] for up in ups], [[f"/{i}/x"] * 3 for i in range(3)],
          "three upstreams take turns, each below its own path")
    for up in ups:
        up.clear()
    change(site, api, target_url=gone)
    for method, data in (("GET", None), ("POST", b"a body"), ("PUT", b"x" * 200000)):
        for _ in range(3):
            answer = site.curl("/many/x", "-X", method, cert=None, data=data)
            is_eq(answer.status, 200, f"{method}: one that cannot be connected is passed over")
    logs = [up.log() for up in ups]
    is_eq((len(logs[0]), len(logs[1]) + len(logs[2])), (0, 9), "the others have got each once")
    ok(all(r["complete"] for log in logs for r in log), "and whole")
    change(site, api, target_urls=[gone.replace("127.0.0.1", "127.0.0.2")])
    is_eq(outcome(site.curl("/many/x")), (502, "upstream_unreachable"), "when all are down: 502")
    # What may have reached one is never sent to another.
    change(site, api, target_url=urls[0], target_urls=[urls[1]])
    for method, data in (("POST", b"x"), ("GET", None)):
        for up in ups:
            up.clear()
        answer = site.curl("/many/x?up=close", "-X", method, data=data)
        is_eq(outcome(answer), (502, "upstream_invalid"), f"{method}: closed unanswered")
        like(answer.json()["detail"], "without an answer: .* may have done what was asked", "which is told")
        got = sorted(len(up.log()) for up in ups)
        # On a kept connection a GET may be sent once more, to the same upstream.
        ok(got in ([0, 0, 1], [0, 0, 1 if data else 2]), "is sent to no other") or diag(got)
    dying(site, api, urls[1])
    change(site, api, target_url=urls[0], target_urls=[urls[1]])
    # All refuse at first, one comes back.
    ups[0].stop()
    ups[1].stop()
    is_eq(outcome(site.curl("/many/x")), (502, "upstream_unreachable"), "both are gone")
    ups[1].start()
    is_eq(site.curl("/many/x").status, 200, "one that is back is found at once when none is up")
    rows = [(["ftp://x/"], r"target_urls\[0\]"), (["http://a/", "http://u:p@x/"], r"target_urls\[1\]"),
            ([f"http://x/{i}" for i in range(16)], "target_urls")]
    for value, field in rows:
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}", {"target_urls": value})
        is_eq(status, 422, f"{str(value)[:40]} is refused")
        like(body["errors"][0]["field"], f"^{field}$", "and named")


def dying(site, api, other):
    """An upstream that listens no more, and whose kept connection ends when a request has come."""
    heads = []

    def serve(listener):
        sock, _ = listener.accept()
        listener.close()
        with sock:
            sock.settimeout(DEADLINE_S)
            data = b""
            while not data.endswith(b"a body" if data.startswith(b"PUT") else b"\r\n\r\n"):
                piece = sock.recv(65536)
                if not piece:
                    return
                data += piece
            heads.append(data)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
            heads.append(sock.recv(65536))

    for method, body in (("GET", b""), ("PUT", b"a body")):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            change(site, api, target_urls=[other],
                   target_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
            thread = threading.Thread(target=serve, args=(listener,))
            thread.start()
            # One connection to the gate is one of its threads, which keeps its own to upstreams.
            with fcgi.Client(site.gate_socket, timeout=DEADLINE_S) as gate:
                got = []
                for _ in range(4):
                    answer = gate.request(site.variables(
                        {"REQUEST_METHOD": method, "REQUEST_URI": "/many/x"}, body), body, True)
                    got.append((answer.status, answer.body == b"first" or
                                json.loads(answer.body).get("body_bytes")))
            thread.join(DEADLINE_S)
        is_eq((sorted(got, key=str), len(heads)),
              (sorted([(200, True)] + [(200, len(body))] * 3, key=str), 2),
              f"{method}: one that dies with a request on a kept connection: the other gets it")
        like(heads.pop(), f"^{method} /x ", "the dead one had got it")
        heads.clear()


def headers(site, alice):
    rules = {"remove": ["X-Gone", "user-agent"], "set": [{"name": "X-Set", "value": "ours"},
                                                        {"name": "Authorization",
                                                         "value": "Basic dTpw"}],
             "add": [{"name": "X-More", "value": "2"}, {"name": "X-More", "value": "3"}]}
    api = site.make_api("rules", request_headers=rules, response_headers={
        "remove": ["Server", "x-powered-by"],
        "set": [{"name": "X-Frame-Options", "value": "DENY"}],
        "add": [{"name": "Cache-Control", "value": "private"}]})
    site.make_key("rules", alice, api)
    answer = site.curl("/rules/x", "-H", "X-Gone: 1", "-H", "X-Set: theirs", "-H", "X-More: 1", "-H",
                       "X-Stays: 4", cert=alice)
    got = answer.json()
    for name, want in (("x-gone", []), ("user-agent", []), ("x-set", ["ours"]),
                       ("authorization", ["Basic dTpw"]), ("x-more", ["1", "2", "3"]),
                       ("x-stays", ["4"])):
        is_eq(fields_of(got, name), want, f"at the upstream: {name}")
    raw = "HTTP/1.1 200 OK\r\nServer: x\r\nX-Powered-By: y\r\nX-Frame-Options: ALLOW\r\n" \
          "Cache-Control: no-transform\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nok"
    query = "?up=raw:" + base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")
    answer = site.curl("/rules/x" + query, cert=alice)
    for name, want in (("x-powered-by", []), ("x-frame-options", ["DENY"]), ("x-own", ["1"]),
                       ("cache-control", ["no-transform", "private"])):
        got = [v.strip() for line in answer.headers.all(name) for v in line.split(",")]
        is_eq(got, want, f"at the client: {name}")
    ok("x" not in answer.headers.all("server"), "Server is taken out")
    path = f"/apis/{api['id']}"
    both_ways = ["Host", "content-length", "Transfer-Encoding", "connection", "TE", "Upgrade",
                 "Proxy-Authorization", "X-Request-Id", "Bad Name", "x_y", "x:y", "x\r\ny", ""]
    request = ["Client-Cert", "X-Certgate-Key-Id", "x-certgate-anything", "X-Forwarded-For",
               "Forwarded", "traceparent", "SSL-Client-Cert"]
    response = ["Status", "X-Sendfile", "X-Accel-Redirect", "x-lighttpd-send-file",
                "X-RateLimit-Limit", "RateLimit"]
    for member, names in (("request_headers", both_ways + request),
                          ("response_headers", both_ways + response)):
        for name in names:
            for part, value in (("remove", [name]), ("set", [{"name": name, "value": "x"}]),
                                ("add", [{"name": name, "value": "x"}])):
                status, _, body = site.rest("PATCH", path, {member: {part: value}})
                if not (status == 422 and
                        body["errors"][0]["field"].startswith(f"{member}.{part}[0]")):
                    ok(False, f"{member}.{part} {name!r} is refused")
                    diag(status, body)
    for value in ("a\r\nX-B: c", "a\nb", "a\x01b", "x" * 4097):
        status, _, body = site.rest("PATCH", path, {"request_headers": {
            "set": [{"name": "X-A", "value": value}]}})
        is_eq((status, body["errors"][0]["field"]), (422, "request_headers.set[0].value"),
              f"the value {value[:12]!r} is refused")
    status, _, body = site.rest("PATCH", path, {"response_headers": {
        "add": [{"name": "Set-Cookie", "value": "a=b"}]}})
    is_eq(status, 422, "no cookies")
    status, _, body = site.rest("PATCH", path, {"request_headers": {
        "remove": [f"x-{i}" for i in range(51)]}})
    is_eq(status, 422, "not too many")
    done = site.certgate("api", "set", "rules", "--request-headers-set", "X-By: the command: yes",
                         "--response-headers", "null")
    is_eq((done.returncode, fields_of(site.curl("/rules/x", cert=alice).json(), "x-by")),
          (0, ["the command: yes"]), "set by the command")


def cors(site, alice):
    origin, other = "https://app.example", "https://evil.example"
    api = site.make_api("cors", auth={"use_certificate": True})
    site.make_key("cors", alice, api)
    ask = ("-X", "OPTIONS", "-H", "Access-Control-Request-Method: PUT", "-H",
           "Access-Control-Request-Headers: authorization")
    names = ("access-control-allow-origin", "access-control-allow-methods",
             "access-control-allow-headers", "access-control-allow-credentials",
             "access-control-max-age", "access-control-expose-headers", "vary")

    def said(answer):
        return {n[15:] or n: v for n in names for v in [answer.headers.get(n)] if v}

    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq((answer.status, said(answer)), (401, {}), "off: asked like everybody")
    change(site, api, cors={"allowed_origins": [origin, "http://localhost:3000"],
                            "allowed_methods": ["PUT", "DELETE"],
                            "allowed_headers": ["Authorization", "X-Own"],
                            "exposed_headers": ["X-Request-Id"], "credentials": True})
    site.upstream_clear()
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq((answer.status, answer.body, said(answer)),
          (204, b"", {"allow-origin": origin, "allow-methods": "GET, HEAD, POST, PUT, DELETE",
                      "allow-headers": "Authorization, X-Own", "allow-credentials": "true",
                      "max-age": "600", "expose-headers": "X-Request-Id", "vary": "Origin"}),
          "a preflight is answered without a credential")
    for bad in (other, "https://app.example.evil.example", "https://APP.example", "null",
                "https://app.example:443", "http://app.example"):
        answer = site.curl("/cors/x", *ask, "-H", f"Origin: {bad}")
        is_eq((answer.status, said(answer)), (204, {"vary": "Origin"}), f"{bad} is told nothing")
    is_eq(site.upstream_log(), [], "the upstream saw none of them")
    answer = site.curl("/cors/x", "-X", "OPTIONS", "-H", f"Origin: {origin}")
    is_eq(answer.status, 401, "an OPTIONS that is no preflight needs a credential")
    raw = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Max-Age: 1\r\n" \
          "Vary: Accept\r\nContent-Length: 2\r\n\r\nok"
    query = "?up=raw:" + base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")
    answer = site.curl("/cors/x" + query, "-H", f"Origin: {origin}", cert=alice)
    is_eq([",".join(answer.headers.all(n)).replace(" ", "") for n in names],
          [origin, "", "", "true", "", "X-Request-Id", "Accept,Origin"],
          "an answer says what the gate says, not the upstream")
    answer = site.curl("/cors/x", "-H", f"Origin: {other}", cert=alice)
    is_eq((answer.status, said(answer)), (200, {"vary": "Origin"}),
          "another origin gets the answer, but not its page")
    answer = site.curl("/cors/x", "-H", f"Origin: {origin}")
    is_eq((answer.status, answer.headers.get("access-control-allow-origin")), (401, origin),
          "pages can read why they are refused")
    change(site, api, active=False)
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq(outcome(answer), (404, "api_inactive"), "an API that is off stays off")
    change(site, api, active=True, blocked_ips=["127.0.0.1"])
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq(outcome(answer), (403, "address_not_allowed"), "as does a blocked address")
    change(site, api, blocked_ips=[])
    done = site.certgate("api", "set", "cors", "--cors", "null")
    answer = site.curl("/cors/x", *ask, "-H", f"Origin: {origin}")
    is_eq((done.returncode, answer.status), (0, 401), "taken away by the command")
    done = site.certgate("api", "set", "cors", "--cors-allowed-origins", origin,
                         "--cors-allowed-origins", "http://localhost:3000",
                         "--cors-credentials")
    answer = site.curl("/cors/x", *ask, "-H", "Origin: http://localhost:3000")
    is_eq((done.returncode, answer.status, answer.headers.get("access-control-allow-origin")),
          (0, 204, "http://localhost:3000"), "set by the command")
    for value in (["*"], ["null"], ["https://app.example/"], ["app.example"], ["https://*.example"],
                  ["https://app.example:443"], ["https://APP.example"], ["ftp://x"], []):
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}",
                                    {"cors": {"allowed_origins": value}})
        is_eq(status, 422, f"the origins {value} are refused")
    for member in ("allowed_methods", "allowed_headers", "exposed_headers"):
        for value in ("*", "a b", "a,b", "a\r\nb"):
            status, _, body = site.rest("PATCH", f"/apis/{api['id']}", {"cors": {member: [value]}})
            is_eq((status, body["errors"][0]["field"]), (422, f"cors.{member}[0]"),
                  f"{member} {value!r} is refused")


def rewriting(site):
    up = site.upstream_url
    host = up[len("http://"):]
    apis = [site.make_api("moved", auth={"keyless": True}, target_url=up + "/base",
                          target_urls=["http://second.example/other"], rewrite_location=True),
            site.make_api("kept", auth={"keyless": True}, target_url=up + "/base",
                          strip_listen_path=False, rewrite_location=True),
            site.make_api("asis", auth={"keyless": True}, target_url=up + "/base"),
            site.make_api("bare", auth={"keyless": True}, target_url=up, rewrite_location=True)]
    change(site, apis[0], target_urls=[])

    def via(path, *lines):
        raw = "\r\n".join(("HTTP/1.1 302 Found", *lines, "Content-Length: 0", "", ""))
        query = "?up=raw:" + base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")
        return site.curl(path + query)

    rows = [
        ("moved", f"{up}/base/x?y=/base/#z", "/moved/x?y=/base/#z"), ("moved", "/base/x", "/moved/x"),
        ("moved", "/base", "/moved"), ("moved", "/base?q", "/moved?q"), ("moved", up + "/base", "/moved"),
        ("moved", f"HTTP://{host.upper()}/base/X", "/moved/X"),
        ("moved", "/basement/x", "/basement/x"), ("moved", "/x", "/x"), ("moved", up + "/x", up + "/x"),
        ("moved", "x/y", "x/y"), ("moved", "//base/x", "//base/x"),
        ("moved", "https://elsewhere.example/base/x", "https://elsewhere.example/base/x"),
        ("moved", f"https://{host}/base/x", f"https://{host}/base/x"),
        ("moved", f"http://{host}1/base/x", f"http://{host}1/base/x"),
        ("moved", f"http://{host}@evil.example/base/x", f"http://{host}@evil.example/base/x"),
        ("moved", "/base//evil.example", "/moved//evil.example"),
        ("kept", "/base/kept/x", "/kept/x"), ("kept", "/base//evil.example", "/base//evil.example"),
        ("kept", "/base/\\evil.example", "/base/\\evil.example"),
        ("kept", up + "/base", "/"), ("bare", "/x", "/bare/x"), ("bare", up, "/bare"),
        ("bare", up + "/?q", "/bare/?q"), ("asis", "/base/x", "/base/x"),
        ("asis", up + "/base/x", up + "/base/x"),
    ]
    for name, location, want in rows:
        answer = via(f"/{name}/y", f"Location: {location}", f"Content-Location: {location}")
        is_eq((answer.status, answer.headers.get("location"),
               answer.headers.get("content-location")), (302, want, want),
              f"{name}: {location} becomes {want}")
    cookies = [
        ("moved", "a=b; Path=/base/x; HttpOnly", "a=b; Path=/moved/x; HttpOnly"),
        ("moved", "a=/base;path=/base;Secure", "a=/base; Path=/moved;Secure"),
        ("moved", "a=b; Path=/", "a=b; Path=/"), ("moved", "a=b", "a=b"),
        ("moved", "path=/base/x", "path=/base/x"), ("bare", "a=b; Path=/", "a=b; Path=/bare/"),
        ("asis", "a=b; Path=/base", "a=b; Path=/base"),
    ]
    for name, cookie, want in cookies:
        is_eq(via(f"/{name}/y", f"Set-Cookie: {cookie}").headers.all("set-cookie"), [want],
              f"{name}: {cookie} becomes {want}")


def forbidden(site, answer, name):
    """Not connected, because no upstream may be there: not because nobody answers there."""
    is_eq(outcome(answer), (502, "upstream_unreachable"), f"{name}: no answer")
    request_id = answer.json()["request_id"]

    def line():
        with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as log:
            return next((one for one in log if f'"{request_id}"' in one), "")

    wait_until(line, "the log's line")
    like(line(), "where no upstream may be", f"{name}: it is not connected, and the log says why")


def where(site):
    """Addresses that no upstream may have, however they are written."""
    port = site.upstream_port
    api = site.make_api("where", auth={"keyless": True})
    denied = ["169.254.169.254", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "0.0.0.0",
              "[::]", "[fe80::1]", "[ff02::1]", "224.0.0.1", "255.255.255.255", "2852039166",
              "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::169.254.169.254]",
              "[::ffff:0.0.0.0]"]
    for host in denied:
        status, _, body = site.rest("PATCH", f"/apis/{api['id']}",
                                    {"target_url": f"http://{host}:{port}/"})
        if status == 422:
            ok(True, f"{host} is refused when it is set")
            continue
        forbidden(site, site.curl("/where/x"), host)
    own = change(site, api, target_url=f"http://127.0.0.1:{site.port}/")["target_url"]
    forbidden(site, site.curl("/where/x"), own + ", our own")
    change(site, api, target_url=site.upstream_url)
    site.upstream_clear()
    raw = f"HTTP/1.1 302 Found\r\nLocation: {site.upstream_url}/elsewhere\r\n" \
          "Content-Length: 0\r\n\r\n"
    query = "?up=raw:" + base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")
    answer = site.curl("/where/x" + query)
    is_eq((answer.status, len(site.upstream_log())), (302, 1), "a redirect is not followed")


def configured(site):
    api = site.make_api("conf", auth={"keyless": True})
    rows = [
        ({"CERTGATE_UPSTREAM_DENY": "127.0.0.0/8"}, "127.0.0.1", 502),
        ({"CERTGATE_UPSTREAM_DENY": "10.0.0.0/8 127.0.0.1"}, "[::ffff:127.0.0.1]", 502),
        ({"CERTGATE_UPSTREAM_DENY": "10.0.0.0/8,fd00::/8"}, "127.0.0.1", 200),
        ({"CERTGATE_UPSTREAM_ALLOW": "10.0.0.0/8"}, "127.0.0.1", 502),
        ({"CERTGATE_UPSTREAM_ALLOW": "127.0.0.1"}, "127.0.0.1", 200),
        ({"CERTGATE_UPSTREAM_ALLOW": "127.0.0.0/8", "CERTGATE_UPSTREAM_DENY": "127.0.0.1"},
         "127.0.0.1", 502),
        ({"CERTGATE_UPSTREAM_ALLOW": "0.0.0.0/0"}, "169.254.169.254", 502),
    ]
    for env, host, want in rows:
        site.stop_programs()
        site.start_programs(env={**os.environ, **env})
        change(site, api, target_url=f"http://{host}:{site.upstream_port}/")
        answer = site.curl("/conf/x")
        if want == 502:
            forbidden(site, answer, f"{env}: {host}")
        else:
            is_eq(answer.status, want, f"{env}: {host} gives {want}")
    site.stop_programs()
    like(site.refused_start({"CERTGATE_UPSTREAM_DENY": "127.0.0.0/8, all"}), "takes addresses",
         "what cannot be read: nothing starts")
    is_eq(outcome(site.curl("/conf/x")), (503, "unavailable"), "and nothing is let through")
    site.start_programs()


with Site() as whole:
    ALICE = whole.make_cert("alice")
    BOB = whole.make_cert("bob")
    for title, test, arguments in (
            ("trust", trust, ()), ("mutual TLS", mutual, ()), ("TLS sessions", resumed, ()),
            ("connections over changes", kept_over_changes, ()),
            ("targets", targets, ()),
            ("header rules", headers, (ALICE,)), ("CORS", cors, (BOB,)),
            ("addresses rewritten", rewriting, ()), ("where upstreams may be", where, ()),
            ("configured", configured, ())):
        with case(title):
            test(whole, *arguments)
done_testing()
