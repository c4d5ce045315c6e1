#!/usr/bin/python3
"""Forms that choose among records of which there are more than a page shows: what is chosen already stays
chosen, whichever place it has among them."""
import hashlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
import der  # noqa: E402
from homes import new_id  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

MANY = 520  # more than LIST_LIMIT_MAX
site = Site()


def public_key(cert):
    """The SubjectPublicKeyInfo of a certificate."""
    pem = subprocess.run(["openssl", "x509", "-in", cert.path, "-noout", "-pubkey"], check=True,
                         capture_output=True, text=True).stdout
    return subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True, capture_output=True,
                          input=pem.encode()).stdout


with site:
    boss = owner(site)
    must = site.must
    spki = public_key(site.make_cert("any"))
    # basicConstraints: a CA
    is_ca = der.extension("2.5.29.19", der.seq(der.tlv(1, b"\xff")), True)
    authorities = []
    for n in range(MANY):
        text = f"CA {n:03d}"
        whole = der.certificate(spki, der.name((der.CN, der.UTF8, text)), extensions=(is_ca,),
                                dates=("20250101000000Z", "20491231235959Z"))
        authorities.append((hashlib.sha256(whole).hexdigest(), der.pem(whole), text))
    authorities.sort()
    names = [f"n{n:03d}" for n in range(MANY)]
    apis = [{"id": new_id(), "name": n, "listen_path": f"/{n}/", "target_url": "http://127.0.0.1:9/"} for n in names]
    policies = [{"id": new_id(), "name": n, "applies": ["access"], "access": [{"api_id": a["id"]}]}
                for n, a in zip(names, apis)]
    # Of each the first and the last ones are chosen.
    some = [0, 1, MANY - 2, MANY - 1]
    trusted = [authorities[i][0] for i in some]
    apis[0]["auth"] = {"use_certificate": True, "trust": "ca", "ca_certificates": trusted}
    apis[0]["upstream_tls"] = {"ca_certificates": trusted}
    access = [{"api_id": apis[i]["id"]} for i in some]
    key = {"id": new_id(), "name": "Key", "access": access, "policy_ids": [policies[i]["id"] for i in some]}
    policies[0]["access"] = access
    entry = {"id": new_id(), "name": "Entry", "policy_id": policies[-1]["id"]}
    path = site.folder + "/many.json"
    with open(path, "w", encoding="ascii") as out:
        json.dump({"certgate_export": 1,
                   "schema_version": json.loads(site.certgate("export", "-").stdout)["schema_version"],
                   "certificates": [{"id": sha256, "sha256": sha256, "spki_sha256": hashlib.sha256(spki).hexdigest(),
                                     "kind": "ca", "pem": pem, "subject": f"CN={text}", "issuer": f"CN={text}",
                                     "serial": "01", "not_before": "2025-01-01T00:00:00Z",
                                     "not_after": "2049-12-31T23:59:59Z", "public_key": "EC P-256"}
                                    for sha256, pem, text in authorities],
                   "apis": apis, "policies": policies, "keys": [key], "catalogue": [entry]}, out)
    os.chmod(path, 0o644)
    done = site.certgate("import", path)
    is_eq(done.returncode, 0, f"imported {done.stderr}{done.stdout[:300]}")

    for what, page, read in (
            ("a key", f"/admin/keys/{key['id']}/edit", f"/keys/{key['id']}"),
            ("a key's access", f"/admin/keys/{key['id']}/access", f"/keys/{key['id']}"),
            ("a policy", f"/admin/policies/{policies[0]['id']}", f"/policies/{policies[0]['id']}"),
            ("a catalogue entry", f"/admin/catalogue/{entry['id']}", f"/catalogue/{entry['id']}"),
            ("an API", f"/admin/apis/{apis[0]['id']}", f"/apis/{apis[0]['id']}")):
        with case(what):
            before = must("GET", read)
            shown = boss.get(page)
            last = authorities[-1][2] if what == "an API" else names[-1]
            says = [t for f in shown.forms for x in f.fields for t in [x.value] + [t for _, t, s in x.options if s]]
            like(shown.text + " ".join(says), last,
                 "the last one that is chosen is there by its name")
            is_eq(boss.submit(shown, "Save").status, 200, "saved without a change")
            is_eq(must("GET", read), before, "it changes nothing")
            if what not in ("a key's access",):
                # Each of these forms has a name.
                back = boss.submit(boss.get(page), "Save", {"Name": "\u200b"})
                is_eq(back.status, 422, "with a fault it comes back")
                boss.submit(back, "Save", {"Name": before["name"]})
                is_eq(must("GET", read), before, "with all that was chosen")

    with case("filters"):
        def filtered(page, name):
            """What the filter's field says, and whether it is typed."""
            field = next(x for f in page.forms for x in f.fields if x.name == name)
            return "list" in field.attrs, field.value

        for path, name, records in (("keys", "policy_id", policies), ("keys", "api_id", apis),
                                    ("monitoring", "api_id", apis), ("refusals", "api_id", apis)):
            is_eq(filtered(boss.get(f"/admin/{path}"), name), (True, ""), f"{path}: {name} can be typed, of so many")
            for i in some:
                for asked in (records[i]["id"], names[i]):
                    page = boss.get(f"/admin/{path}?{name}={asked}")
                    is_eq((page.status, filtered(page, name)), (200, (True, names[i])),
                          f"{path}: filtered by {name} {asked}, it says so by its name")
            page = boss.get(f"/admin/{path}?{name}=nobody")
            is_eq((page.status, filtered(page, name)), (422, (True, "nobody")), f"{path}: what there is not stays typed")
        for asked, wanted in ((apis[-1]["id"], ["Key"]), (names[-1], ["Key"]), (names[2], [])):
            page = boss.get(f"/admin/keys?api_id={asked}")
            is_eq([t for t, h in page.links if h == f"/admin/keys/{key['id']}"], wanted, f"keys of {asked}")

    with case("names in lists"):
        # What is used of the last API, by the last key.
        site.curl(f"/{names[-1]}/x")
        wait_until(lambda: names[-1] in boss.get("/admin/monitoring?group_by=api").text, "the counts, by the API's name")
        for path in ("keys", "policies", f"keys/{key['id']}", "refusals", "monitoring?group_by=api", "monitoring?group_by=code"):
            page = boss.get(f"/admin/{path}")
            is_eq([i for i in {a["id"] for a in apis} if i in page.text], [], f"{path}: no id of an API is read")
        for path, name in (("keys", names[0]), (f"keys/{key['id']}", names[-1]), ("refusals", names[-1]),
                           (f"policies?q={names[-1]}", names[-1]), ("monitoring?group_by=api", names[-1])):
            ok(name in boss.get(f"/admin/{path}").text, f"{path}: {name} is named")

    with case("an access right to an API that is not offered"):
        page = boss.submit(boss.get(f"/admin/keys/{key['id']}/access"), "Save", {"API": names[-3]})
        is_eq(page.status, 200, "is given by its name")
        is_eq([a["api_id"] for a in must("GET", f"/keys/{key['id']}")["access"]],
              [apis[i]["id"] for i in some] + [apis[-3]["id"]], "beside those that were there")
        page = boss.submit(boss.get(f"/admin/keys/{key['id']}/access"), "Save", {"API": "nobody"})
        is_eq((page.status, "There is no API “nobody”" in page.text), (422, True), "one that there is not is told")
        for path in ("/admin/keys/new", f"/admin/keys/{key['id']}/edit", "/admin/policies/new"):
            ok("The first 500 APIs by name" in boss.get(path).text, f"{path}: says that it does not offer all")

    with case("a policy that is not offered"):
        page = boss.submit(boss.get("/admin/catalogue/new"), "Create", {"Name": "Other", "Policy": names[-2]})
        is_eq(([e["policy_id"] for e in must("GET", "/catalogue?q=Other")["items"]], page.status),
              ([policies[-2]["id"]], 200), "is offered to developers by its name")
        page = boss.submit(boss.get("/admin/catalogue/new"), "Create", {"Name": "Third", "Policy": "nobody"})
        is_eq((page.status, "e-policy_id" in page.ids), (422, True), "one that there is not is told at its field")

    with case("a choice among them all"):
        page = boss.get(f"/admin/apis/{apis[1]['id']}")
        for field in ("auth.ca_certificates", "upstream_tls.ca_certificates"):
            ok(len([f for f in page.form("Save")[0].fields if f.name == field]) >= 500, f"{field}: of 500")

done_testing()
