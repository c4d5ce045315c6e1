#!/usr/bin/python3
"""Trust by CA (auth.trust: ca): a certificate has to be registered and to have been issued under
one of the API's CAs, at every request; chains as clients send them, intermediate CAs that are
registered, purposes, dates, revocation lists.  `certgate explain` says the same each time."""
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import must, outcome, read_answer  # noqa: E402
from certificates import Cert  # noqa: E402
from environment import TREE  # noqa: E402
from homes import edit  # noqa: E402
from tap import case, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

CA_EXTENSIONS = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                 "subjectKeyIdentifier=hash"]
CLIENT = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"]


def sub_ca(name, parent, extensions=CA_EXTENSIONS, **kwargs):
    return site.make_cert(name, ca=parent, extensions=list(extensions), **kwargs)


def leaf(name, parent, extensions=CLIENT, **kwargs):
    return site.make_cert(name, ca=parent, extensions=list(extensions), **kwargs)


def with_chain(cert, *above):
    """The same client, whose file has certificates behind its own."""
    path = cert.path[:-4] + f"-chain-{len(above)}-{abs(hash(tuple(a.sha256 for a in above)))}.pem"
    with open(path, "w", encoding="ascii") as out:
        out.write(cert.pem + "".join(a.pem for a in above))
    return Cert(path, cert.key)


def register_ca(cert):
    return must(site.rest("POST", "/certificates", {"pem": cert.pem, "kind": "ca"}))


def register(cert, *apis):
    return site.make_key(os.path.basename(cert.path), cert,
                         access=[{"api_id": a["id"]} for a in apis])


def ca_api(name, *cas, **auth):
    return site.make_api(name, auth={"use_certificate": True, "use_token": False, "trust": "ca",
                                     "ca_certificates": [c.sha256 for c in cas], **auth})


def explain(path, cert):
    done = site.certgate("explain", "--cert", cert.path, "--url", path, "--json")
    told = json.loads(done.stdout)
    return 200 if told["allowed"] else (told["status"], told["code"])


def blocks(cert):
    return re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", cert.pem, re.S)


def as_passed(path, cert, verify="GENEROUS", **more):
    """The gate's answer to what Apache would pass of this file."""
    params = {"REQUEST_URI": path, "SSL_CLIENT_VERIFY": verify, **more}
    for number, pem in enumerate(blocks(cert)):
        params[f"SSL_CLIENT_CERT_CHAIN_{number - 1}" if number else "SSL_CLIENT_CERT"] = pem
    return site.fcgi(params)


def check(path, cert, want, name, told=None, at_handshake=False):
    """Through Apache, and by `certgate explain` with the same file; `told`: of the detail;
    `at_handshake`: Apache refuses it itself, so that the gate is asked behind it."""
    if at_handshake:
        is_eq(site.curl(path, cert=cert).status, 0, name + ": Apache ends the handshake")
    answer = as_passed(path, cert) if at_handshake else site.curl(path, cert=cert)
    is_eq(outcome(answer), want, name)
    if want != 200:
        body = json.loads(answer.body)
        if want[1] == "certificate_untrusted":
            is_eq(body["error"], f"Certificate with SHA256 {cert.sha256} not allowed",
                  name + ": with the text of Tyk")
        if told:
            like(body["detail"], told, name + ": says what to do")
    is_eq(explain(path, cert), want, name + ": explain agrees")


UNTRUSTED = (403, "certificate_untrusted")
site = Site()
site.open()
root, other_root = site.make_ca("Root"), site.make_ca("Other Root")
issuing = sub_ca("Issuing", root)
deeper = sub_ca("Deeper", issuing)

# --- what can be saved ---

with case("saving an API"):
    plain = site.make_cert("not a CA")
    must(site.rest("POST", "/certificates", {"pem": plain.pem}))
    base = {"name": "bad", "listen_path": "/bad/", "target_url": site.upstream_url}

    def save(**auth):
        answer = site.rest("POST", "/apis", {**base, "auth": {
            "use_certificate": True, "trust": "ca", **auth}})
        return answer.status, [e["field"] for e in answer.body.get("errors", [])]

    is_eq(save(), (422, ["auth.ca_certificates"]), "trust ca without a list is refused")
    is_eq(save(ca_certificates=[]), (422, ["auth.ca_certificates"]), "with an empty one")
    is_eq(save(ca_certificates=[root.sha256]), (422, ["auth.ca_certificates[0]"]),
          "with a CA that nobody registered")
    is_eq(save(ca_certificates=[plain.sha256]), (422, ["auth.ca_certificates[0]"]),
          "with a client's certificate")
    is_eq(save(ca_certificates=["xyz"])[0], 422, "with what is no fingerprint")
    register_ca(root)
    is_eq(save(ca_certificates=[root.sha256, "0" * 64]), (422, ["auth.ca_certificates[1]"]),
          "with one that is known and one that is not")

api = ca_api("by-ca", root)
second = None
pinned = site.make_api("pinned", auth={"use_certificate": True, "use_token": False})

with case("saving an API"):
    is_eq(api["auth"]["ca_certificates"], [root.sha256], "the list is shown")
    answer = site.rest("PATCH", "/apis/" + api["id"], {"auth": {"ca_certificates": []}})
    is_eq(answer.status, 422, "it cannot be emptied while trust is ca")
    answer = site.rest("PATCH", "/apis/" + api["id"], {"auth": {"ca_certificates": [
        root.sha256.upper(), ":".join(root.sha256[i:i + 2] for i in range(0, 64, 2))]}})
    is_eq((answer.status, answer.body["auth"]["ca_certificates"]), (200, [root.sha256]),
          "a CA named twice, in two notations, stands once")

# --- chains ---

direct = leaf("direct", root)
under_issuing = leaf("under issuing", issuing)
under_deeper = leaf("under deeper", deeper)
self_signed = site.make_cert("self-signed")
foreign = leaf("foreign", other_root)
for cert in (direct, under_issuing, under_deeper, self_signed, foreign):
    register(cert, api, pinned)

with case("chains"):
    check("/by-ca/", direct, 200, "issued by the CA itself")
    check("/by-ca/", self_signed, UNTRUSTED, "self-signed and registered", "no chain leads")
    check("/by-ca/", foreign, UNTRUSTED, "registered, of another CA")
    check("/by-ca/", with_chain(foreign, other_root), UNTRUSTED, "with that CA sent along")
    check("/by-ca/", with_chain(foreign, root), UNTRUSTED, "with the right CA sent along")
    check("/by-ca/", leaf("unregistered", root), (403, "credential_unknown"),
          "issued by the CA, not registered")
    for cert in (direct, self_signed, foreign, under_issuing):
        check("/pinned/", cert, 200, f"{cert.path[-20:]} where the registration is enough")

with case("intermediate CAs"):
    check("/by-ca/", under_issuing, UNTRUSTED, "not sent, not registered", "intermediate")
    check("/by-ca/", with_chain(under_deeper, deeper), UNTRUSTED, "one of two sent")
    check("/by-ca/", with_chain(under_issuing, issuing), 200, "sent by the client")
    check("/by-ca/", with_chain(under_deeper, deeper, issuing), 200, "both sent")
    check("/by-ca/", with_chain(under_deeper, root, issuing, foreign, deeper), 200,
          "in any order, with others between")
    leaf_as_ca = leaf("leaf as CA", direct)
    register(leaf_as_ca, api)
    check("/by-ca/", with_chain(leaf_as_ca, direct), UNTRUSTED,
          "signed by a registered certificate that is no CA", at_handshake=True)

with case("the chain of another"):
    # The client's own certificate is the first; what it sends behind it identifies nobody.
    stranger = site.make_cert("stranger")
    check("/by-ca/", with_chain(stranger, direct, root), (403, "credential_unknown"),
          "an unknown certificate with a known one behind it")
    check("/pinned/", with_chain(stranger, direct), (403, "credential_unknown"),
          "also where registration is enough")
    check("/by-ca/", with_chain(self_signed, direct, root), UNTRUSTED,
          "a registered one with the chain of another behind it")

with case("a chain that is cut short in one connection"):
    # What Apache passes of the chain is gone when a session is resumed; the chain that was found
    # good stays so.
    twin = with_chain(leaf("resumer", issuing), issuing)
    register(twin, api)
    with site.tls(twin, maximum=ssl.TLSVersion.TLSv1_2) as sock:
        sock.sendall(b"GET /by-ca/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        is_eq(read_answer(sock).status, 200, "a full handshake with the chain")
        context, session = sock.context, sock.session
    with site.tls(session=(context, session)) as sock:
        ok(sock.session_reused, "the session is resumed")
        sock.sendall(b"GET /by-ca/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        is_eq(read_answer(sock).status, 200, "the same client without it")
        session = sock.session or session
    # A change of anything makes the gate forget what it knew of clients, but not of the CAs that it
    # has seen in good chains.
    must(site.rest("PATCH", "/apis/" + pinned["id"], {"timeout_ms": 29000}))
    with site.tls(session=(context, session)) as sock:
        ok(sock.session_reused, "the session is resumed again")
        sock.sendall(b"GET /by-ca/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        is_eq(read_answer(sock).status, 200, "also after a change")

with case("registered intermediate CAs"):
    register_ca(issuing)
    register_ca(deeper)
    check("/by-ca/", under_issuing, 200, "one level")
    check("/by-ca/", under_deeper, 200, "two levels")
    narrow = ca_api("by-issuing", issuing)
    register(narrow_leaf := leaf("for issuing", issuing), narrow, api)
    check("/by-issuing/", narrow_leaf, 200, "an issuing CA can be what an API trusts")
    check("/by-ca/", narrow_leaf, 200, "and its root")
    must(site.rest("PATCH", "/keys/" + must(site.rest("GET", "/keys?q=direct"))["items"][0]["id"],
                   {"access": [{"api_id": a["id"]} for a in (api, pinned, narrow)]}))
    check("/by-issuing/", direct, UNTRUSTED, "but not what the root has issued elsewhere")

with case("an intermediate CA that is removed"):
    gone = sub_ca("gone CA", root)
    below_gone = leaf("below gone", gone)
    register(below_gone, api)
    register_ca(gone)
    check("/by-ca/", below_gone, 200, "while it is registered")
    must(site.rest("DELETE", "/certificates/" + gone.sha256), 204)
    check("/by-ca/", below_gone, UNTRUSTED, "its certificates need it sent along from then on")

with case("two APIs with two lists"):
    register_ca(other_root)
    second = ca_api("by-other", other_root)
    for item in must(site.rest("GET", "/keys?limit=500"))["items"]:
        must(site.rest("PATCH", "/keys/" + item["id"], {"access": [
            {"api_id": a["id"]} for a in (api, pinned, narrow, second)]}))
    check("/by-other/", foreign, 200, "each judges by its own")
    check("/by-other/", direct, UNTRUSTED, "the other way round")
    check("/by-ca/", foreign, UNTRUSTED, "also now that its CA is registered")
    must(site.rest("PATCH", "/apis/" + second["id"], {"auth": {
        "ca_certificates": [other_root.sha256, root.sha256]}}))
    check("/by-other/", direct, 200, "a list that grows holds from the next request")
    must(site.rest("PATCH", "/apis/" + second["id"], {"auth": {
        "ca_certificates": [root.sha256]}}))
    check("/by-other/", foreign, UNTRUSTED, "one that shrinks, too")

# --- purposes and constraints ---

with case("purposes"):
    any_purpose = leaf("no purposes", root, ["basicConstraints=CA:FALSE"])
    register(any_purpose, api)
    check("/by-ca/", any_purpose, 200, "a certificate that names no purpose")
    server_only = leaf("for servers", root, ["extendedKeyUsage=serverAuth"])
    answer = site.rest("POST", "/keys", {"name": "x", "certificate": server_only.pem})
    is_eq((answer.status, answer.body["code"]), (422, "not_a_client_certificate"),
          "one for servers alone cannot be registered")
    server_ca = sub_ca("CA for servers", root, CA_EXTENSIONS + ["extendedKeyUsage=serverAuth"])
    client_ca = sub_ca("CA for clients", root, CA_EXTENSIONS + ["extendedKeyUsage=clientAuth"])
    short_ca = sub_ca("CA for leaves", root, ["basicConstraints=critical,CA:TRUE,pathlen:0",
                                              "keyUsage=critical,keyCertSign"])
    too_deep = sub_ca("below it", short_ca)
    no_sign_ca = sub_ca("CA that may not sign", root,
                        ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature"])
    named_ca = sub_ca("CA for names", root, CA_EXTENSIONS +
                      ["nameConstraints=critical,permitted;DNS:partner.example"])
    rows = ((server_ca, [server_ca], UNTRUSTED, "below a CA for servers"),
            (client_ca, [client_ca], 200, "below a CA for clients"),
            (short_ca, [short_ca], 200, "below a CA that may issue leaves"),
            (too_deep, [too_deep, short_ca], UNTRUSTED, "one level further down"),
            (no_sign_ca, [no_sign_ca], UNTRUSTED, "below one that may not sign certificates"))
    for number, (parent, above, want, name) in enumerate(rows):
        cert = leaf(f"purpose {number}", parent)
        register(cert, api)
        check("/by-ca/", with_chain(cert, *above), want, name, at_handshake=want != 200)
    for number, (host, want) in enumerate((("a.partner.example", 200),
                                           ("a.other.example", UNTRUSTED))):
        cert = leaf(f"name {number}", named_ca, CLIENT + [f"subjectAltName=DNS:{host}"])
        register(cert, api)
        check("/by-ca/", with_chain(cert, named_ca), want, f"{host} below a CA for such names",
              at_handshake=want != 200)

with case("a CA of the same name with another key"):
    twin_root = site.make_cert("twin root", subject="/CN=Root", extensions=CA_EXTENSIONS)
    forged = leaf("forged", twin_root)
    register(forged, api)
    check("/by-ca/", forged, UNTRUSTED, "its certificates do not count", "does not hold")
    check("/by-ca/", with_chain(forged, twin_root), UNTRUSTED, "nor with it sent along")
    twin_issuing = sub_ca("twin issuing", other_root, subject="/CN=Issuing")
    forged = leaf("forged too", twin_issuing)
    register(forged, api)
    check("/by-ca/", with_chain(forged, twin_issuing, other_root, *[twin_root] * 5), UNTRUSTED,
          "nor one of an intermediate CA's name")

with case("dates of CAs"):
    def stamp(plus_s):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + plus_s))

    old_ca = sub_ca("old CA", root, not_before="20200101000000Z", not_after="20210101000000Z")
    cert = leaf("below the old CA", old_ca)
    register(cert, api)
    check("/by-ca/", with_chain(cert, old_ca), UNTRUSTED, "below a CA that has ended",
          "not valid now")
    renewed = old_ca.path[:-4] + "-renewed.pem"
    request = site.certs + "/renewed.csr"
    run = subprocess.run
    run(["openssl", "req", "-new", "-key", old_ca.key, "-subj", "/CN=old CA", "-out", request],
        check=True, capture_output=True)
    with open(site.certs + "/renewed.ext", "w", encoding="ascii") as out:
        out.write("\n".join(CA_EXTENSIONS) + "\n")
    run(["openssl", "x509", "-req", "-in", request, "-CA", root.path, "-CAkey", root.key,
         "-set_serial", "77", "-days", "30", "-extfile", site.certs + "/renewed.ext",
         "-out", renewed], check=True, capture_output=True)
    renewed = Cert(renewed, old_ca.key)
    check("/by-ca/", with_chain(cert, old_ca, renewed), 200,
          "with the CA's renewed certificate beside the old one")

# --- SSL_CLIENT_VERIFY and what comes beside, as a web server could say it ---

with case("what the web server says"):
    def said(verify, cert=direct, chain=(), path="/by-ca/", **more):
        params = {"REQUEST_URI": path, "SSL_CLIENT_VERIFY": verify, "SSL_CLIENT_CERT": cert.pem,
                  **more}
        for number, above in enumerate(chain):
            params[f"SSL_CLIENT_CERT_CHAIN_{number}"] = above
        return outcome(site.fcgi(params))

    for verify in ("SUCCESS", "GENEROUS", "FAILED:unable to get local issuer certificate",
                   "FAILED:self-signed certificate in certificate chain", "FAILED:20"):
        is_eq(said(verify), 200, f"{verify}: certgate looks itself")
        is_eq(said(verify, self_signed), UNTRUSTED, f"{verify}: also at a self-signed one")
    is_eq(said("FAILED:certificate has expired"), UNTRUSTED, "another failure is refused")
    is_eq(said("NONE")[0], 401, "NONE: nobody")
    is_eq(said("SUCCESS", HTTPS=None)[0], 401, "without TLS: nobody")
    lone = leaf("lone", sub_ca("lone CA", root))
    register(lone, api)
    lone_ca = Cert(site.certs + "/lone_CA.pem", site.certs + "/lone_CA.key")
    is_eq(said("SUCCESS", lone), UNTRUSTED, "SUCCESS without its CA")
    is_eq(said("SUCCESS", lone, ["", "-", "rubbish", lone_ca.pem[:-40], self_signed.pem]),
          UNTRUSTED, "with rubbish for a chain")
    is_eq(said("SUCCESS", lone, [lone.pem, "rubbish", lone_ca.pem]), 200,
          "with rubbish beside its CA")
    third_ca = sub_ca("third CA", root)
    third = leaf("third", third_ca)
    register(third, api)
    params = {"REQUEST_URI": "/by-ca/", "SSL_CLIENT_VERIFY": "SUCCESS",
              "SSL_CLIENT_CERT": third.pem}
    is_eq(outcome(site.fcgi({**params, "HTTP_SSL_CLIENT_CERT_CHAIN_0":
                                      third_ca.pem.replace("\n", " ")})), UNTRUSTED,
          "a header field is no chain")
    is_eq(outcome(site.fcgi({**params, "SSL_CLIENT_CERT_CHAIN_0": third_ca.pem}, proof=False))[0],
          401, "without the proof nothing counts")

with case("a token beside the certificate"):
    mixed = site.make_api("mixed", auth={"use_certificate": True, "use_token": True, "trust": "ca",
                                         "ca_certificates": [root.sha256]})
    held = site.make_key("held", site.make_cert("held"), mixed, token=True)
    token = held["token"]
    own = Cert(site.certs + "/held.pem", site.certs + "/held.key")
    header = ["-H", f"Authorization: Bearer {token}"]
    is_eq(outcome(site.curl("/mixed/", *header)), 200, "the token alone gets in")
    is_eq(outcome(site.curl("/mixed/", *header, cert=own)), UNTRUSTED,
          "beside a certificate that is not trusted it does not")

with case("the corpus, as web servers say it"):
    # E01 to E04 of tests/certs/gate-env.tsv, in both modes.
    def corpus(name):
        with open(os.path.join(TREE, "tests/certs", name), encoding="ascii") as text:
            return text.read()

    for name in ("ca-root.pem", "ca-issuing.pem"):
        must(site.rest("POST", "/certificates", {"pem": corpus(name), "kind": "ca"}))
    corpus_root = hashlib.sha256(ssl.PEM_cert_to_DER_cert(corpus("ca-root.pem"))).hexdigest()
    by_corpus = site.make_api("by-corpus", auth={"use_certificate": True, "trust": "ca",
                                                 "ca_certificates": [corpus_root]})
    for name in ("plain", "issued-leaf"):
        must(site.rest("POST", "/keys", {
            "name": name, "certificate": corpus(f"base/{name}.pem"),
            "access": [{"api_id": a["id"]} for a in (by_corpus, pinned)]}))
    for row, verify, name, want in (
            ("E01", "FAILED:self-signed certificate", "plain", UNTRUSTED),
            ("E02", "GENEROUS", "plain", UNTRUSTED), ("E03", "SUCCESS", "plain", UNTRUSTED),
            ("E04", "SUCCESS", "issued-leaf", 200)):
        params = {"SSL_CLIENT_VERIFY": verify, "SSL_CLIENT_CERT": corpus(f"base/{name}.pem")}
        is_eq(outcome(site.fcgi({**params, "REQUEST_URI": "/by-corpus/"})), want, f"{row}: by CA")
        is_eq(outcome(site.fcgi({**params, "REQUEST_URI": "/pinned/"})), 200, f"{row}: pinned")

# --- revocation lists ---


class Authority:
    """A CA that keeps a database of what it has revoked."""

    def __init__(self, cert):
        self.cert = cert
        self.dir = site.certs + "/db-" + os.path.basename(cert.path)[:-4]
        os.mkdir(self.dir)
        self.conf = self.dir + "/ca.conf"
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(f"[ca]\ndefault_ca=c\n[c]\ndatabase={self.dir}/index\n"
                      f"crlnumber={self.dir}/number\ndefault_md=sha256\n"
                      f"unique_subject=no\ncrl_extensions=x\n[x]\n"
                      "authorityKeyIdentifier=keyid\n")
        self.revoked = []

    def revoke(self, cert):
        self.revoked.append(cert)

    def crl(self, number, last=-60, until=3600, form="PEM", key=None, extra=""):
        """A list with this number, of now plus `last` seconds, for `until`."""
        with open(self.dir + "/index", "w", encoding="ascii") as out:
            for cert in self.revoked:
                serial = subprocess.run(["openssl", "x509", "-in", cert.path, "-noout", "-serial"],
                                        check=True, capture_output=True,
                                        text=True).stdout.strip().split("=")[1]
                out.write(f"R\t491231235959Z\t260101000000Z\t{serial}\tunknown\t/CN=x\n")
        with open(self.dir + "/number", "w", encoding="ascii") as out:
            out.write(f"{number:02X}\n" if len(f"{number:X}") % 2 == 0 else f"0{number:X}\n")
        conf = self.conf
        if extra:
            conf += ".extra"
            with open(self.conf, encoding="ascii") as text, \
                    open(conf, "w", encoding="ascii") as out:
                out.write(text.read() + extra)
        path = f"{self.dir}/{number}-{last}-{until}.crl"
        subprocess.run(["openssl", "ca", "-config", conf, "-gencrl", "-cert", self.cert.path,
                        "-keyfile", key or self.cert.key, "-out", path,
                        "-crl_lastupdate", stamp(last), "-crl_nextupdate", stamp(until)],
                       check=True, capture_output=True)
        if form == "DER":
            subprocess.run(["openssl", "crl", "-in", path, "-outform", "DER", "-out",
                            path + ".der"], check=True, capture_output=True)
            path += ".der"
        with open(path, "rb") as data:
            return data.read()


def put_crl(cert, data, **kwargs):
    return site.rest("PUT", f"/certificates/{cert.sha256}/crl", body=data,
                     content_type="application/pkix-crl", **kwargs)


with case("revocation lists"):
    revoking_ca = sub_ca("revoking CA", root)
    register_ca(revoking_ca)
    authority, root_authority = Authority(revoking_ca), Authority(root)
    bad, good = leaf("bad", revoking_ca), leaf("good", revoking_ca)
    register(bad, api, pinned)
    register(good, api, pinned)
    check("/by-ca/", bad, 200, "without a list everybody passes")
    is_eq(site.rest("GET", f"/certificates/{revoking_ca.sha256}/crl").status, 404, "there is none")
    must(put_crl(revoking_ca, authority.crl(5)), 200)
    check("/by-ca/", bad, 200, "a list without him lets him pass")
    authority.revoke(bad)
    answer = put_crl(revoking_ca, authority.crl(6, form="DER"))
    is_eq((answer.status, answer.body["number"], answer.body["entries"], answer.body["revision"]),
          (200, "06", 1, 2), "the next one, as DER")
    check("/by-ca/", bad, UNTRUSTED, "it names him", "has revoked this certificate")
    check("/by-ca/", good, 200, "and not the other")
    check("/pinned/", bad, 200, "where registration is all, the CA has no say")
    answer = put_crl(revoking_ca, authority.crl(5))
    is_eq((answer.status, answer.body["code"]), (409, "revocation_list_older"),
          "an older number is refused")
    answer = put_crl(revoking_ca, authority.crl(7, last=-7200))
    is_eq((answer.status, answer.body["code"]), (409, "revocation_list_older"),
          "an older date, too")
    check("/by-ca/", bad, UNTRUSTED, "and changes nothing")
    answer = put_crl(revoking_ca, authority.crl(8, until=-30))
    is_eq((answer.status, answer.body["code"]), (422, "revocation_list_outdated"),
          "one that has ended already")
    answer = put_crl(revoking_ca, authority.crl(8, last=3000))
    is_eq((answer.status, answer.body["code"]), (422, "revocation_list_from_future"),
          "one of tomorrow")
    answer = put_crl(revoking_ca, root_authority.crl(9))
    is_eq((answer.status, answer.body["code"]), (422, "revocation_list_of_another"),
          "another CA's list")
    impostor = sub_ca("impostor", root, subject="/CN=revoking CA")
    answer = put_crl(revoking_ca, Authority(impostor).crl(9))
    is_eq((answer.status, answer.body["code"]), (422, "revocation_list_not_signed"),
          "one that another key has signed")
    answer = put_crl(revoking_ca, authority.crl(
        9, extra="issuingDistributionPoint=critical,@p\n[p]\nonlyuser=TRUE\n"))
    is_eq((answer.status, answer.body["code"]), (422, "partial_revocation_list"), "a partial one")
    for data, code in ((b"", "no_revocation_list"), (b"x", "no_revocation_list"),
                       (bad.pem.encode(), "no_revocation_list"), (b"\x30\x00", "damaged"),
                       (bad.der, "damaged"), (authority.crl(9, form="DER") + b"\x00", "damaged"),
                       (authority.crl(9, form="DER")[:-1], "damaged")):
        answer = put_crl(revoking_ca, data)
        is_eq((answer.status, answer.body["code"]), (422, code), f"{data[:20]!r}: is none")
    answer = put_crl(revoking_ca, b"x" * 700000)
    is_eq(answer.status, 413, "one that is too large")
    is_eq(put_crl(good, authority.crl(9)).status, 422, "for a certificate that is no CA's")
    is_eq(put_crl(stranger, authority.crl(9)).status, 404, "for one that is not registered")
    answer = put_crl(revoking_ca, authority.crl(9), headers={"If-Match": '"1"'})
    is_eq(answer.status, 412, "with an old ETag")
    kept = must(site.rest("GET", f"/certificates/{revoking_ca.sha256}/crl"))
    is_eq((kept["number"], kept["revision"]), ("06", 2), "nothing of that was kept")
    like(kept["pem"], "BEGIN X509 CRL", "it is shown as PEM")
    answer = put_crl(revoking_ca, kept["pem"].encode())
    is_eq((answer.status, answer.body["revision"]), (200, 2), "the same again changes nothing")

with case("a list above"):
    root_authority.revoke(revoking_ca)
    must(put_crl(root, root_authority.crl(1)), 200)
    check("/by-ca/", good, UNTRUSTED, "a CA that its own CA has revoked", "a CA above it")
    must(site.rest("DELETE", f"/certificates/{root.sha256}/crl"), 204)
    check("/by-ca/", good, 200, "until the list is forgotten")

with case("a CA with a renewed certificate"):
    # The same name and key: what the list of the one says counts below the other.
    request = site.certs + "/again.csr"
    run(["openssl", "req", "-new", "-key", revoking_ca.key, "-subj", "/CN=revoking CA", "-out",
         request], check=True, capture_output=True)
    path = site.certs + "/again.pem"
    run(["openssl", "x509", "-req", "-in", request, "-CA", root.path, "-CAkey", root.key,
         "-set_serial", "78", "-days", "30", "-extfile", site.certs + "/renewed.ext",
         "-out", path], check=True, capture_output=True)
    again = Cert(path, revoking_ca.key)
    register_ca(again)
    check("/by-ca/", with_chain(bad, again), UNTRUSTED, "the revoked one stays revoked")
    check("/by-ca/", with_chain(good, again), 200, "the other is let in")

with case("by command"):
    path = site.certs + "/list.crl"
    with open(path, "wb") as out:
        out.write(authority.crl(12))
    done = site.certgate("cert", "crl", revoking_ca.sha256, path, "--json")
    is_eq((done.returncode, json.loads(done.stdout)["number"]), (0, "0c"), "a newer list")
    done = site.certgate("cert", "crl", revoking_ca.sha256)
    like(done.stdout, "number: 0c", "is shown")
    done = site.certgate("cert", "crl", revoking_ca.sha256, "--delete")
    is_eq(done.returncode, 0, "and forgotten")
    check("/by-ca/", bad, 200, "then he passes again")
    is_eq(site.certgate("cert", "crl", revoking_ca.sha256).returncode, 1, "there is none any more")

with case("what is damaged in the store"):
    sent = with_chain(good, revoking_ca), with_chain(bad, revoking_ca)
    must(put_crl(revoking_ca, authority.crl(13)), 200)
    is_eq(edit(site.home, "crl", revoking_ca.sha256).returncode, 0, "a revocation list")
    for cert in (good, bad, *sent):
        check("/by-ca/", cert, UNTRUSTED, f"{os.path.basename(cert.path)}: nobody of its CA",
              "out of date")
    check("/by-ca/", direct, 200, "all others pass")
    answer = put_crl(revoking_ca, authority.crl(14))
    is_eq((answer.status, answer.body["code"]), (409, "clash"), "a newer one is refused")
    like(answer.body["detail"], "damaged: remove it first", "which says what to do")
    must(site.rest("DELETE", f"/certificates/{revoking_ca.sha256}/crl"), 204)
    must(put_crl(revoking_ca, authority.crl(14)), 200)
    check("/by-ca/", good, 200, "with it all is well")
    check("/by-ca/", bad, UNTRUSTED, "for those who are not on it")
    # Its list would not count without it, and a client can send the certificate along.
    is_eq(edit(site.home, "ca", revoking_ca.sha256).returncode, 0, "a CA certificate")
    for cert in (good, bad, *sent):
        is_eq(outcome(site.curl("/by-ca/", cert=cert)), (503, "unavailable"),
              f"{os.path.basename(cert.path)}: nobody can say")
    done = site.certgate("explain", "--cert", bad.path, "--url", "/by-ca/")
    ok(done.returncode == 1 and f"{revoking_ca.sha256} in the store is damaged" in done.stderr,
       "explain says what is wrong")
    check("/pinned/", bad, 200, "where registration is all, nobody asks for it")
    must(site.rest("DELETE", "/certificates/" + revoking_ca.sha256), 204)
    register_ca(revoking_ca)
    must(put_crl(revoking_ca, authority.crl(15)), 200)
    check("/by-ca/", good, 200, "removed, and registered anew")
    check("/by-ca/", bad, UNTRUSTED, "with its list")

with case("whole"):
    is_eq(site.certgate("verify").returncode, 0, "the store is")
done_testing()
