#!/usr/bin/python3
"""Pages for what takes certificates out of use: the revocation lists of CAs, and public keys that are
blocked."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)


def make_crl(ca):
    """Of a CA, that it has revoked nothing; PEM."""
    folder = site.folder + "/crl"
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/ca.conf", "w", encoding="ascii") as conf:
        conf.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\ncrlnumber={folder}/number\n"
                   "default_md=sha256\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n")
    with open(folder + "/index", "w", encoding="ascii"):
        pass
    with open(folder + "/number", "w", encoding="ascii") as number:
        number.write("01\n")
    return subprocess.run(["openssl", "ca", "-config", folder + "/ca.conf", "-gencrl", "-cert", ca.path,
                           "-keyfile", ca.key, "-crldays", "30"], check=True, capture_output=True,
                          text=True).stdout


with site:
    boss = owner(site)
    rest = site.rest
    ca, other = site.make_ca("One"), site.make_ca("Two")
    for cert in (ca, other):
        rest("POST", "/certificates", {"pem": cert.pem, "kind": "ca"})
    crl = make_crl(ca)
    path = f"/admin/certificates/{ca.sha256}"

    with case("revocation lists"):
        page = boss.get(path)
        like(page.text, "None: the CA’s certificates count", "a CA without one says so")
        bad = boss.submit(boss.get(path + "/crl"), "Save", {"Revocation list (PEM)": "nonsense"})
        ok(bad.status in (400, 422) and "e-list" in bad.ids, "what is none is refused, at the field")
        bad = boss.submit(boss.get(path + "/crl"), "Save", {})
        ok(bad.status == 422 and "e-list" in bad.ids, "and nothing")
        bad = boss.submit(boss.get(f"/admin/certificates/{other.sha256}/crl"), "Save",
                          {"Revocation list (PEM)": crl})
        ok(bad.status == 422 and "e-list" in bad.ids, "and another CA's")
        done = boss.submit(boss.get(path + "/crl"), "Save", {"Revocation list (PEM)": crl})
        like(done.text, "The revocation list was taken.*In force", "the CA's own is taken")
        is_eq(rest("GET", f"/certificates/{ca.sha256}/crl").status, 200, "as REST sees it")
        done = boss.submit(boss.get(path + "/crl"), "Save", {"Upload a file": ("a.crl", crl.encode())})
        like(done.text, "The revocation list was taken", "a file likewise")
        done = boss.submit(boss.get(path + "/crl/delete"), "Forget the list")
        like(done.text, "None: the CA’s certificates count", "and is forgotten")
        is_eq(rest("GET", f"/certificates/{ca.sha256}/crl").status, 404, "as REST sees it")
        client = site.make_cert("client")
        key = site.make_key("K", client)
        is_eq(boss.get(f"/admin/certificates/{client.sha256}/crl").status, 404, "a client has none")

    with case("blocked public keys"):
        like(boss.get("/admin/exposed-keys").text, "None is blocked", "an empty page teaches")
        spki = rest("GET", f"/certificates/{client.sha256}").body["spki_sha256"]
        bad = boss.submit(boss.get("/admin/exposed-keys"), "Block", {"SHA-256 of the public key": "abc"})
        ok(bad.status == 422 and "e-spki_sha256" in bad.ids, "what is no SHA-256 is refused")
        done = boss.submit(boss.get("/admin/exposed-keys"), "Block",
                           {"SHA-256 of the public key": ":".join(re.findall("..", spki.upper()))})
        like(done.text, "Blocked", "any notation is taken")
        credential = rest("GET", f"/keys/{key['id']}").body["credentials"][0]
        is_eq((credential["active"], credential["revoked_reason"]), (False, "key_exposed"),
              "what carries it is revoked")
        sure = boss.get(f"/admin/exposed-keys/{spki}/delete")
        done = boss.submit(sure, "Lift the block")
        like(done.text, "The block is lifted.*None is blocked", "and it is lifted")
        is_eq(boss.submit(sure, "Lift the block").status, 200, "twice is once")

done_testing()
