#!/usr/bin/python3
"""A restore gives nothing back that was taken away since the backup, whatever it was."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert  # noqa: E402
from environment import ROOT, WEB_USER  # noqa: E402
from pages import Browser  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
OLD, NEW = "the old password of long ago", "the new password of today"
SOON = "2040-01-01T00:00:00Z"


def rest(method, path, json=None, status=(200, 201, 204), **more):
    answer = site.rest(method, path, json, **more)
    if answer.status not in status:
        raise RuntimeError(f"{method} {path}: {answer.status} {answer.body}")
    return answer.body


def time_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def code(cert, path="/mtls-api/"):
    answer = site.curl(path, cert=cert)
    return 200 if answer.status == 200 else answer.json()["code"]


def credential(key, cert, **patch):
    path = f"/keys/{key['id']}/credentials/{cert.sha256}"
    return rest("PATCH", path, patch) if patch else rest("GET", path)


def signs_in(site_path, name, password):
    """Whether a password counts."""
    browser = Browser(site)
    label = "User name" if site_path == "/admin" else "E-mail"
    page = browser.submit(browser.get(f"{site_path}/login"), "Sign in",
                          {label: name, "Password": password})
    return page.path != f"{site_path}/login"


def make_crl(ca, number):
    folder = f"{site.folder}/crl{number}"
    os.makedirs(folder)
    with open(folder + "/ca.conf", "w", encoding="ascii") as conf:
        conf.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\ncrlnumber={folder}/number\n"
                   "default_md=sha256\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n")
    with open(folder + "/index", "w", encoding="ascii"):
        pass
    with open(folder + "/number", "w", encoding="ascii") as text:
        text.write(f"{number:02X}\n")
    return subprocess.run(["openssl", "ca", "-config", folder + "/ca.conf", "-gencrl", "-cert", ca.path,
                           "-keyfile", ca.key, "-crldays", "30"], check=True, capture_output=True,
                          text=True).stdout


with site:
    os.mkdir(site.folder + "/backups", 0o700)
    if ROOT:
        shutil.chown(site.folder + "/backups", WEB_USER)
    boss = owner(site)
    api = site.make_api()
    off = site.make_api("off", "/off/", auth={"use_certificate": True})
    open_to_all = site.make_api("open", "/open/", auth={"keyless": True})
    issuer = site.make_ca("Issuer")
    rest("POST", "/certificates", {"pem": issuer.pem, "kind": "ca"})
    issued_api = site.make_api("issued", "/issued/", auth={
        "use_certificate": True, "trust": "ca", "ca_certificates": [issuer.sha256]})
    certs, keys = {}, {}
    for name in ("ends", "ends later", "left", "exposed", "expires", "narrowed", "moved ip", "untouched"):
        certs[name] = site.make_cert(name)
        keys[name] = rest("POST", "/keys", {"name": name, "certificate": certs[name].pem,
                                            "access": [{"api_id": a["id"]} for a in (api, off)]})
    certs["issued"] = make_cert(site.certs, "issued", ca=issuer)
    keys["issued"] = site.make_key("issued", certs["issued"], issued_api)
    bound = rest("POST", "/keys", {"name": "bound", "token": True, "access": [{"api_id": off["id"]}]})
    users = {role: rest("POST", "/users", {"name": "an " + role, "role": role, "password": OLD,
                                           "must_change": False}) for role in ("owner", "admin")}
    token = rest("POST", "/tokens", {"name": "less", "role": "owner"})
    ends = rest("POST", "/tokens", {"name": "ends", "role": "owner"})
    policy = rest("POST", "/policies", {"name": "P", "applies": ["access"],
                                        "access": [{"api_id": api["id"]}, {"api_id": off["id"]}]})
    entry = rest("POST", "/catalogue", {"name": "E", "policy_id": policy["id"], "approval": "automatic"})
    group = rest("POST", "/organisations", {"name": "Group", "contacts": ["x@example.org"]})
    people = {name: rest("POST", "/developers", {
        "name": name, "email": f"{name}@example.org", "organisation_id": group["id"], "password": OLD,
        "role": "manager"}) for name in ("gone", "lower", "switched", "same")}
    is_eq([code(c, "/issued/" if n == "issued" else "/off/") for n, c in certs.items()],
          [200] * len(certs), "all get in before the backup")
    ok(signs_in("/admin", "an owner", OLD) and signs_in("/portal", "same@example.org", OLD), "people too")

    saved = site.folder + "/backups/saved"
    done = site.certgate("backup", saved)
    is_eq(done.returncode, 0, "a backup " + done.stderr)

    # All that takes something away.
    credential(keys["ends"], certs["ends"], ends_at=time_text(1))
    credential(keys["ends later"], certs["ends later"], ends_at=SOON)
    rest("DELETE", f"/keys/{keys['left']['id']}/credentials/{certs['left'].sha256}?reason=left")
    rest("DELETE", f"/keys/{keys['exposed']['id']}/credentials/{certs['exposed'].sha256}"
         "?reason=key_exposed")
    revoked_at = {c["sha256"]: c["revoked_at"]
                  for c in json.loads(site.certgate("export", "-").stdout)["credentials"]}
    rest("PATCH", f"/keys/{keys['expires']['id']}", {"expires_at": SOON})
    rest("PATCH", f"/keys/{keys['narrowed']['id']}", {"access": [{"api_id": api["id"]}]})
    rest("PATCH", f"/keys/{keys['moved ip']['id']}", {"allowed_ips": ["192.0.2.1"]})
    rest("PATCH", f"/keys/{keys['untouched']['id']}", {"name": "renamed", "tags": ["x"]})
    rest("PATCH", f"/keys/{bound['id']}/credentials/{bound['credentials'][0]['sha256']}",
         {"bound_to": [certs["untouched"].sha256]})
    rest("PATCH", f"/apis/{off['id']}", {"active": False})
    rest("PATCH", f"/apis/{open_to_all['id']}", {"auth": {"keyless": False, "use_token": True}})
    rest("PUT", f"/certificates/{issuer.sha256}/crl", body=make_crl(issuer, 2),
         content_type="application/x-pem-file")
    rest("PATCH", f"/users/{users['owner']['id']}", {"role": "viewer"})
    rest("PATCH", f"/users/{users['admin']['id']}", {"password": NEW})
    rest("PATCH", f"/tokens/{token['id']}", {"role": "viewer"})
    rest("PATCH", f"/tokens/{ends['id']}", {"expires_at": time_text(3600)})
    rest("PATCH", f"/policies/{policy['id']}", {"access": [{"api_id": api["id"]}]})
    rest("PATCH", f"/catalogue/{entry['id']}", {"approval": "manual"})
    rest("PATCH", "/settings", {"sign_up": "closed"})
    rest("DELETE", f"/developers/{people['gone']['id']}")
    rest("PATCH", f"/developers/{people['lower']['id']}", {"role": "member"})
    rest("PATCH", f"/developers/{people['switched']['id']}", {"active": False})
    rest("PATCH", f"/developers/{people['same']['id']}", {"password": NEW})

    site.stop_programs()
    done = site.certgate("--json", "restore", saved, "--yes")
    is_eq((done.returncode, json.loads(done.stdout or "{}").get("held")), (0, False),
          "restored, nobody is held " + done.stderr)
    site.start_programs()
    site.wait_ready()
    told = json.loads(site.certgate("export", "-").stdout)
    of = {c["sha256"]: c for c in told["credentials"]}

    with case("credentials"):
        wait_until(lambda: code(certs["ends"]) == "credential_inactive", "the end of a second")
        ok(of[certs["ends"].sha256]["ends_at"], "one that was to end ends")
        is_eq(of[certs["ends later"].sha256]["ends_at"], SOON, "and one that ends later")
        is_eq([of[certs[n].sha256]["revoked_reason"] for n in ("left", "exposed")],
              ["left", "key_exposed"], "the reasons are kept")
        is_eq([of[certs[n].sha256]["revoked_at"] for n in ("left", "exposed")],
              [revoked_at[certs[n].sha256] for n in ("left", "exposed")], "and the times")
        is_eq([of[c]["held"] for c in (bound["credentials"][0]["sha256"],)], [True],
              "a token that was bound is held")

    with case("keys"):
        is_eq(rest("GET", f"/keys/{keys['expires']['id']}")["expires_at"], SOON, "an end stays")
        is_eq([code(certs[n]) for n in ("narrowed", "moved ip")], ["credential_inactive"] * 2,
              "what may call less is held until somebody has looked")
        is_eq(code(certs["untouched"]), 200, "what lost nothing goes on")
        credential(keys["narrowed"], certs["narrowed"], held=False)
        is_eq(code(certs["narrowed"]), 200, "the held one too, when somebody says so")

    with case("APIs"):
        is_eq(code(certs["untouched"], "/off/"), "api_inactive", "one that was switched off stays off")
        is_eq(code(None, "/open/"), "api_inactive", "one that let everybody in is off")
        ok(code(certs["issued"], "/issued/") != 200, "a CA with a newer list lets nobody in")
        is_eq(rest("GET", f"/certificates/{issuer.sha256}/crl")["held"], True, "which it says")
        rest("PUT", f"/certificates/{issuer.sha256}/crl", body=make_crl(issuer, 3),
             content_type="application/x-pem-file")
        is_eq(code(certs["issued"], "/issued/"), 200, "until the newest is there")
        is_eq(site.certgate("verify").returncode, 0, "the store is whole")

    with case("people"):
        is_eq(rest("GET", f"/users/{users['owner']['id']}")["role"], "viewer", "a role stays lowered")
        is_eq([signs_in("/admin", "an admin", p) for p in (OLD, NEW)], [False, True],
              "of passwords the new one counts")
        is_eq(rest("GET", f"/tokens/{token['id']}")["role"], "viewer", "a token's role stays lowered")
        ok(rest("GET", f"/tokens/{ends['id']}")["expires_at"] <= time_text(3601), "its end stays")
        is_eq([rest("GET", f"/developers/{people[n]['id']}")["active"] for n in people],
              [False, True, False, True], "developers who were switched off or removed are off")
        is_eq(rest("GET", f"/developers/{people['lower']['id']}")["role"], "member", "a role of theirs")
        is_eq([signs_in("/portal", "same@example.org", p) for p in (OLD, NEW)], [False, True],
              "and their passwords")

    with case("what gives access to others"):
        is_eq(rest("GET", f"/policies/{policy['id']}")["held"], True, "a policy that gives less is held")
        shown = rest("GET", f"/catalogue/{entry['id']}")
        is_eq((shown["visible"], shown["approval"]), (False, "manual"),
              "an entry that is given less freely is hidden")
        is_eq(rest("GET", "/settings")["sign_up"], "closed", "joining stays closed")

done_testing()
