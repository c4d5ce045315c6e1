#!/usr/bin/python3
"""The whole way behind lighttpd: its certificates' file, the quickstart, and what it does not carry."""
import base64
import hashlib
import json
import os
import re
import ssl
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT  # noqa: E402
from answers import code_of, read_answer  # noqa: E402
from certificates import openssl  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site(server="lighttpd", strangers=False, plain=True)


def subjects(path):
    """Of each certificate in the file."""
    with open(path, encoding="ascii") as text:
        pems = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", text.read(), re.S)
    return [subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"], input=pem,
                           capture_output=True, text=True, check=True).stdout.strip()[8:]
            for pem in pems]


def seen(answer):
    return answer.json()["target"]


def header_of(answer, name):
    return [v for n, v in answer.json()["headers"] if n.lower() == name.lower()]


class Kept:
    """One TLS connection for several requests."""

    def __init__(self, cert, **kwargs):
        self.sock = site.tls(cert, **kwargs)

    def get(self, path, more=""):
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        return read_answer(self.sock)


with site:
    partner = site.make_cert("partner")
    stranger = site.make_cert("stranger")
    authority = site.make_cert("Partner CA", extensions=["basicConstraints=critical,CA:TRUE"])
    issued = site.make_cert("issued", ca=authority)
    api = site.make_api()

    with case("before anybody is registered"):
        is_eq(subjects(site.client_cas), ["CN=certgate: nobody is announced"],
              "the file has a certificate that stands for nobody, or lighttpd would not start")
        is_eq(stat.S_IMODE(os.stat(site.client_cas).st_mode), 0o644, "lighttpd may read it")
        is_eq(site.curl("/healthz").status, 200, "the gate answers")

    with case("a certificate that nobody registered"):
        for tls in ("1.2", "1.3"):
            answer = site.curl("/mtls-api/x", f"--tlsv{tls}", "--tls-max", tls, cert=stranger)
            is_eq(code_of(answer), (401, "credential_missing"),
                  f"TLS {tls}: none is passed on: 401")
        like(answer.json()["detail"], r"ssl\.ca-file", "and the refusal says where it has to be")
        with open(site.logs + "/supervise.log", encoding="utf-8") as log:
            like(log.read(), r"certificate_unusable.*reason\(18\).*ssl\.ca-file",
                 "so does the gate's log")
        who = site.curl("/portal/whoami", cert=stranger).json()
        is_eq((who["received"], who["certificate"]), ("refused", None), "whoami says so")
        like(who["verify"], r"^FAILED:.*reason\(18\)", "with the server's own words")

    with case("the quickstart, self-signed"):
        key = site.make_key("Partner", partner, api)
        for tls in ("1.2", "1.3"):
            for http, version in (("--http1.1", "1.1"), ("--http2", "2")):
                answer = site.curl("/mtls-api/my-endpoint?a=b", http, f"--tlsv{tls}", "--tls-max",
                                   tls, cert=partner)
                what = f"TLS {tls}, HTTP/{version}"
                is_eq((answer.status, answer.version), (200, f"HTTP/{version}"), f"{what}: 200")
                is_eq((seen(answer), header_of(answer, "x-certgate-key-id")),
                      ("/my-endpoint?a=b", [key["id"]]), f"{what}: path, query and key arrive")
        is_eq(header_of(answer, "client-cert"),
              [":" + base64.b64encode(partner.der).decode() + ":"], "and the certificate")
        is_eq(subjects(site.client_cas), ["CN=partner"], "its name is announced")
        who = site.curl("/portal/whoami", cert=partner).json()
        is_eq((who["received"], who["verify"], who["registered"], who["certificate"]["sha256"]),
              ("certificate", "SUCCESS", "known", partner.sha256), "whoami knows it")

    with case("a certificate that a CA has issued"):
        site.make_key("Issued", issued, api)
        is_eq(code_of(site.curl("/mtls-api/x", cert=issued)), (401, "credential_missing"),
              "does not arrive without its CA")
        is_eq(site.rest("POST", "/certificates", {"pem": authority.pem, "kind": "ca"}).status, 201,
              "its CA is registered")
        is_eq(site.curl("/mtls-api/x", cert=issued).status, 200, "with its CA in the file it does")
        forged = site.make_cert("forged", ca=authority)
        is_eq(code_of(site.curl("/mtls-api/x", cert=forged)), (403, "credential_unknown"),
              "another one of that CA arrives, and is nobody")
        is_eq(site.rest("DELETE", "/certificates/" + authority.sha256).status, 204,
              "the CA is removed again")

    with case("tokens"):
        token = site.make_key("Token", api=api, token=True)["token"]
        bearer = f"Authorization: Bearer {token}"
        is_eq(site.curl("/mtls-api/x", "-H", bearer).status, 200, "a token: 200")
        is_eq(code_of(site.curl("/mtls-api/x", "-H", bearer, cert=partner)),
              (403, "credential_mismatch"), "another key's token beside a certificate: 403")
        is_eq(code_of(site.curl("/mtls-api/x", "-H", bearer + "x")), (403, "credential_unknown"),
              "a wrong one: 403")

    with case("what a client says in header fields"):
        pem = partner.pem.replace("\n", " ")
        for name, value in (("SSL_CLIENT_CERT", pem), ("SSL-CLIENT-CERT", pem),
                            ("SSL_CLIENT_VERIFY", "SUCCESS"), ("SSL-CLIENT-VERIFY", "SUCCESS"),
                            ("Client-Cert", f":{base64.b64encode(partner.der).decode()}:"),
                            ("X_Certgate_Key_Id", key["id"]), ("X-Certgate-Key-Id", key["id"]),
                            ("X-Certgate-Fingerprint", partner.sha256), ("HTTPS", "on"),
                            ("CERTGATE_PROOF", site.proof), ("CERTGATE-PROOF", site.proof)):
            answer = site.curl("/mtls-api/x", "-H", f"{name}: {value}")
            is_eq(code_of(answer), (401, "credential_missing"), f"{name}: is nothing without one")
            answer = site.curl("/mtls-api/x", "-H", f"{name}: {value}", cert=issued)
            is_eq(answer.status == 200 and header_of(answer, "x-certgate-fingerprint"),
                  False if answer.status != 200 else [issued.sha256],
                  f"{name}: nor beside another certificate")

    with case("plain HTTP"):
        base = f"http://127.0.0.1:{site.plain_port}"
        is_eq(code_of(site.curl("/mtls-api/x", base=base)), (401, "credential_missing"), "401")
        is_eq(code_of(site.curl("/mtls-api/x", "-H", f"SSL_CLIENT_CERT: {pem}", "-H", "HTTPS: on",
                                base=base)), (401, "credential_missing"), "whatever it claims")
        is_eq(site.curl("/portal/whoami", base=base).json()["received"], "no_tls",
              "whoami says why")

    with case("revoked"):
        gone = site.make_cert("gone")
        gone_key = site.make_key("Gone", gone, api)
        kept, other = Kept(gone), Kept(partner)
        is_eq((kept.get("/mtls-api/x").status, other.get("/mtls-api/x").status), (200, 200),
              "two kept connections: 200")
        done = site.rest("DELETE", f"/keys/{gone_key['id']}/credentials/{gone.sha256}")
        is_eq(done.status, 204, "one certificate is revoked")
        is_eq(code_of(kept.get("/mtls-api/x")), (403, "credential_inactive"),
              "refused at its next request on the kept connection")
        is_eq(other.get("/mtls-api/x").status, 200, "the other one goes on")
        is_eq(code_of(site.curl("/mtls-api/x", cert=gone)), (401, "credential_missing"),
              "once it has left the file it does not arrive any more")
        ok("CN=gone" not in subjects(site.client_cas), "its name is not announced")

    with case("a resumed session"):
        first = site.tls(partner, maximum=ssl.TLSVersion.TLSv1_2)
        context, session = first.context, first.session
        first.close()
        again = site.tls(session=(context, session))
        again.sendall(b"GET /mtls-api/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        is_eq((again.session_reused, read_answer(again).status), (True, 200),
              "still has its certificate")
        again.close()

    with case("bodies"):
        for n in (0, 1, 70000, 1000000):
            body = os.urandom(n)
            for http in ("--http1.1", "--http2"):
                got = site.curl("/mtls-api/x", http, "-X", "POST", "-H", f"Content-Length: {n}",
                                cert=partner, data=body).json()
                is_eq((got["method"], got["body_sha256"]),
                      ("POST", hashlib.sha256(body).hexdigest()), f"{n} bytes, {http}")
        body = os.urandom(200000)
        answer = site.curl("/mtls-api/x", "--http1.1", "-H", "Transfer-Encoding: chunked",
                           cert=partner, data=body)
        is_eq(answer.json()["body_sha256"], hashlib.sha256(body).hexdigest(),
              "in chunks, HTTP/1.1: arrives, with a length")
        answer = site.raw(b"POST /admin/api/v1/apis HTTP/1.1\r\nHost: localhost\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
        is_eq(answer.status, 411, "in chunks that come slowly, to /admin: 411, no file is written")
        is_eq(os.listdir(site.web + "/uploads"), [], "no file is left of any body")

    with case("paths"):
        for path in ("/a%2Fb%2fc", "/a//b", "/a;v=1,2/b", "/a%20b", "/100%25/a%25b", "/x~", "/x.inc",
                     "/%E2%82%AC", "/%41", "/", "/?x=%2F&&y", "/a?b?c", "/[x]", "/~user/...x"):
            answer = site.curl("/mtls-api" + path, cert=partner)
            is_eq(answer.status == 200 and seen(answer), path, f"{path} as it was sent")
        for path in ("/../admin/x", "/%2e%2e/x", "/..%2fx", "/a%00", "/a%0ab"):
            answer = site.curl("/mtls-api" + path, cert=partner)
            ok(answer.status in (400, 404), f"{path} is refused ({answer.status})")
        site.upstream_clear()
        is_eq(site.curl("/mtls-api/x", "-H", "Range: bytes=0-1", cert=partner).status, 200,
              "what a Range field asks for is the upstream's affair")

    with case("restarts"):
        kept = Kept(partner)
        is_eq(kept.get("/mtls-api/x").status, 200, "a kept connection")
        starts = site.web_starts()
        site.make_key("Next", site.make_cert("next"), api)
        site.announce()
        is_eq(site.web_starts(), starts + 1, "a new certificate: a new lighttpd")
        site.announce()
        is_eq(site.web_starts(), starts + 1, "nothing new: none")
        is_eq(site.curl("/mtls-api/x", cert=partner).status, 200, "and it serves")

    with case("the gate is down"):
        site.stop_programs()
        is_eq(site.curl("/mtls-api/x").status, 503, "503, as a page of lighttpd's own")
        site.start_programs()
        wait_until(lambda: site.curl("/healthz").status == 200, "the gate")
        ok(True, "and back by itself")

    with case("the writer"):
        path = site.folder + "/tls/own.pem"
        site.certgate("settings", "set", "--lighttpd-announce-partners", "false")
        done = site.certgate("--json", "lighttpd-ca", path)
        is_eq(json.loads(done.stdout), {"file": path, "changed": True}, "says what it did")
        is_eq(subjects(path), ["CN=certgate: nobody is announced"],
              "unless the settings say so nobody is in the file")
        before = os.stat(path).st_ino
        site.certgate("lighttpd-ca", path)
        is_eq(os.stat(path).st_ino, before, "what is right is left alone")
        site.certgate("settings", "set", "--lighttpd-announce-partners")
        site.certgate("lighttpd-ca", path)
        is_eq(sorted(subjects(path)), ["CN=issued", "CN=next", "CN=partner"],
              "where they do, those of keys; not those whose key is gone")
        is_eq(sorted(name for name in os.listdir(site.folder + "/tls") if "own" in name),
              ["own.pem"], "no other file is left")
        done = site.certgate("lighttpd-ca", site.folder + "/nowhere/x.pem")
        is_eq(done.returncode, 1, "a folder that is not there: refused")
        like(done.stderr, "nowhere/x.pem cannot be written", "with a sentence")

    with case("subjects without end"):
        long = site.make_cert("long", subject="/CN=" + "x" * 64 + "".join(
            f"/OU={i:02d}" + "y" * 60 for i in range(8)))
        site.make_key("Long", long, api)
        site.certgate("lighttpd-ca", path)
        ok(not any("CN=xxx" in name for name in subjects(path)),
           "a certificate with a very long one is left out")
        before = os.stat(path).st_ino
        # One key pair, many certificates.
        for number in range(70):
            many = f"{site.certs}/many.pem"
            openssl("req", "-x509", "-key", partner.key, "-days", "30", "-out", many, "-subj",
                     f"/CN={number:064d}" + "".join(f"/OU={i}" + "z" * 60 for i in range(5)))
            with open(many, encoding="ascii") as text:
                pem = text.read()
            site.rest("POST", "/keys", {"name": f"Many {number}", "certificate": pem})
        done = site.certgate("lighttpd-ca", path)
        is_eq(done.returncode, 1, "more than a handshake can hold: refused")
        like(done.stderr, "bytes of subjects.*stays as it was", "with a sentence")
        is_eq(os.stat(path).st_ino, before, "and the file is the one that it was")
        is_eq(site.curl("/mtls-api/x", cert=partner).status, 200, "those in it are served on")

    with case("doctor"):
        options = ["--sockets", site.sockets, "--proof-file", site.proof_file, "--call", site.url,
                   "--cacert", site.ca]
        conf = site.web + "/lighttpd.conf"
        done = site.certgate("doctor", "--lighttpd", conf, *options)
        is_eq((done.returncode, done.stderr), (0, ""), "finds no fault")
        like(done.stdout, r"(?m)^ok +lighttpd +Paths lead to the gate", "in the configuration")
        like(done.stdout, r"(?m)^skipped +call +TLS 1\.3: lighttpd passes on only",
             "and says what it could not try")
        done = site.certgate("doctor", "--lighttpd", conf)
        is_eq(done.returncode, 0, "where its paths are, it takes from the configuration") or diag(done.stdout)
        like(done.stdout, f"(?m)^ok +socket +{site.sockets}/gate.sock", "the sockets")
        like(done.stdout, "(?m)^ok +proof +lighttpd's configuration holds one that the programs take", "the proof")
        with open(conf, encoding="utf-8") as text:
            whole = text.read()
        # lighttpd 1.4.69 -p dies where the include is simply not there.
        for what, (old, new), want in (
                ("no exportcert", ('exportcert = "enable"', 'exportcert = "disable"'),
                 "No client certificate reaches"),
                ("no include", ('include var.certgate + "/host.conf"', "var.gone = 1"), "opens a path to the gate"),
                ("no ca-file", (f'ssl.ca-file = "{site.client_cas}"', ""), "ssl.ca-file is not set"),
                ("another ca-file", (site.client_cas, "/dev/null"), "has no certificate"),
                ("another proof", (f'include "{site.proof_file}.lighttpd"', f'var.certgate_proof = "{"0" * 64}"'),
                 "(?m)^FAULT +proof +lighttpd's configuration holds a proof of another data folder"),
                ("enforce", ('enforce = "disable"', 'enforce = "enable"'), "(?s)warning.*TLS alert"),
                ("a mistake", (f'include "{site.proof_file}.lighttpd"', ""), "would not start with .*Undefined config variable: var.certgate_proof"),
                ("a mistake beside the proof", (f'include "{site.proof_file}.lighttpd"', f'var.certgate_proof "{site.proof}"'), "would not start"),
                ("no certificate in the block", ("  ssl.pemfile = ", "  # "), "ssl.pemfile has to be set in same")):
            with open(site.web + "/broken.conf", "w", encoding="utf-8") as out:
                out.write(whole.replace(old, new))
            done = site.certgate("doctor", "--lighttpd", site.web + "/broken.conf",
                                 *options[:4])
            like(done.stdout, want, what)
            # An ordinary user may not read all of it: what keeps lighttpd from starting is no fault then.
            told = what == "enforce" or (not ROOT and what in ("a mistake", "a mistake beside the proof", "no certificate in the block"))
            is_eq(done.returncode, 0 if told else 1, f"{what}: its exit status")
            unlike(done.stdout, site.proof, f"{what}: and never shows the proof")
done_testing()
