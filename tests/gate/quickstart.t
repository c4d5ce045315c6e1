#!/usr/bin/python3
"""The quickstart, typed as a newcomer would: openssl, an API, a key, curl."""
import hashlib
import json
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import Cert  # noqa: E402
from tap import case, diag, done_testing, is_eq, like  # noqa: E402
from website import Site  # noqa: E402

PATH = "/my-endpoint?from=2024-01-01&q=a%20b+c&flag"
VERSIONS = [(tls, http, answer) for tls in ("1.2", "1.3")
            for http, answer in (("--http1.1", "1.1"), ("--http2", "2"))]

# What comes behind the listen path, and what the upstream has to see.
TARGETS = [
    ("a query", "/my-endpoint?x=1&y=two", None),
    ("a query's order, repeats and holes", "/e?b=2&a=1&b=3&&empty=&flag", None),
    ("an empty query", "/e?", None),
    ("a question mark in the query", "/e?a=b?c=d", None),
    ("escapes in the query", "/e?q=%26%3D%23%2B&z=a+b%20c", None),
    ("dots and slashes in the query", "/e?next=https://example.org/../x//y", None),
    ("a trailing slash", "/my-endpoint/", None),
    ("no trailing slash", "/my-endpoint", None),
    ("two slashes", "/a//b", None),
    ("escaped slashes", "/a%2Fb%2fc", None),
    ("an escaped space", "/a%20b", None),
    ("an escaped percent sign", "/100%25/a%25b", None),
    ("UTF-8", "/%E2%82%AC/%c3%a4", None),
    ("bytes that are no UTF-8", "/%ff%FE", None),
    ("parameters of a segment", "/a;v=1,2/b=c@d:e", None),
    ("characters that need no escape", "/~user/-._!$&'()*+,", None),
    ("names that begin with dots", "/.well-known/...x/.hidden", None),
    ("the listen path itself", "/", None),
    ("the listen path without its slash", "", "/"),
    ("the same with a query", "?x=1", "/?x=1"),
    ("the listen path once more", "/mtls-api/mtls-api/", None),
]

site = Site()


def typed(line, **values):
    """Runs a line in the newcomer's folder; {name} stands for a value."""
    words = {name: shlex.quote(str(value)) for name, value in values.items()}
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"}
    return subprocess.run(["bash", "-c", line.format(**words)], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def call(path, options=""):
    """The quickstart's curl line: (status, HTTP version, body)."""
    site.announce()
    done = typed("curl -q -sS -g --path-as-is --noproxy '*' --max-time 60 -k --cert cert.pem "
                 f"--key key.pem {options} "
                 "-w '\\n%{{http_version}} %{{http_code}}' {url}", url=site.url + path)
    body, _, last = done.stdout.rpartition("\n")
    version, _, status = last.partition(" ")
    return int(status or 0), version, body + done.stderr


def make_by_rest(certificate):
    api = site.rest("POST", "/apis", {
        "name": "mtls-api", "listen_path": "/mtls-api/", "target_url": site.upstream_url,
        "auth": {"use_certificate": True}})
    is_eq(api.status, 201, "POST /apis")
    with open(f"{folder}/{certificate}", encoding="ascii") as text:
        key = site.rest("POST", "/keys", {
            "name": "Partner", "certificate": text.read(),
            "access": [{"api_id": api.body["id"]}]})
    is_eq(key.status, 201, "POST /keys")
    is_eq(key.body["private_key_dropped"], certificate != "cert.pem",
          "the answer says whether a private key was dropped")
    is_eq([(c["type"], c["sha256"]) for c in key.body["credentials"]],
          [("certificate", fingerprint)], "the key has the certificate's fingerprint")
    return api.body["id"], key.body["id"]


def make_by_command(certificate):
    api = site.certgate("api", "create", "--json", "--name", "mtls-api", "--listen-path",
                        "/mtls-api/", "--target-url", site.upstream_url, "--use-certificate")
    is_eq((api.returncode, api.stderr), (0, ""), "certgate api create")
    key = site.certgate("--json", "key", "create", "--name", "Partner", "--cert",
                        f"{folder}/{certificate}", "--api", "mtls-api")
    is_eq(key.returncode, 0, "certgate key create")
    if certificate != "cert.pem":
        like(key.stderr, "(?i)private key", "says that the private key was dropped")
    made = json.loads(key.stdout)
    is_eq([(c["type"], c["sha256"]) for c in made["credentials"]],
          [("certificate", fingerprint)], "the key has the certificate's fingerprint")
    return json.loads(api.stdout)["id"], made["id"]


def remove_by_rest(api, key):
    is_eq(site.rest("DELETE", "/keys/" + key).status, 204, "DELETE of the key")
    is_eq(site.rest("DELETE", "/apis/" + api).status, 204, "DELETE of the API")


def remove_by_command(api, key):
    is_eq(site.certgate("key", "delete", key).returncode, 0, "certgate key delete")
    is_eq(site.certgate("api", "delete", api).returncode, 0, "certgate api delete")


def key_of(echo):
    return next((v for n, v in echo["headers"] if n.lower() == "x-certgate-key-id"), None)


with site:
    folder = site.certs + "/newcomer"
    os.mkdir(folder, 0o700)

    with case("openssl"):
        made = typed("openssl req -x509 -newkey rsa:4096 -keyout key.pem -out cert.pem -days 365 "
                     "-nodes -subj /CN=partner")
        is_eq(made.returncode, 0, "makes a certificate")
        typed("cat cert.pem key.pem > both.pem; cat key.pem cert.pem > key-first.pem")
        fingerprint = Cert(folder + "/cert.pem", folder + "/key.pem").sha256
        shown = typed("openssl x509 -in cert.pem -noout -fingerprint -sha256").stdout
        is_eq(shown.strip().rpartition("=")[2].replace(":", "").lower(), fingerprint,
              "with this fingerprint")

    with case("before there is an API"):
        is_eq(call("/mtls-api/my-endpoint")[0], 404, "404")

    WAYS = [("REST, public and private in one file", make_by_rest, "both.pem", remove_by_rest),
            ("REST, public part alone", make_by_rest, "cert.pem", remove_by_rest),
            ("command, public and private in one file", make_by_command, "both.pem",
             remove_by_command),
            ("command, private part first", make_by_command, "key-first.pem", remove_by_rest),
            ("command, public part alone", make_by_command, "cert.pem", remove_by_command)]
    for name, make, certificate, remove in WAYS:
        with case(name):
            ids = make(certificate)
            for tls, http, version in VERSIONS:
                what = f"TLS {tls}, HTTP/{version}"
                status, got, body = call("/mtls-api" + PATH,
                                         f"--tlsv{tls} --tls-max {tls} {http}")
                if not is_eq((status, got), (200, version), f"{what}: 200"):
                    diag(body)
                    continue
                echo = json.loads(body)
                is_eq((echo["method"], echo["target"]), ("GET", PATH),
                      f"{what}: the upstream's body; it saw path and query as sent")
                is_eq(key_of(echo), ids[1], f"{what}: and the key")
            remove(*ids)
            is_eq(call("/mtls-api/my-endpoint")[0], 404, "gone with the API: 404")

    with case("mistakes that newcomers make"):
        api = site.rest("POST", "/apis", {"name": "mtls-api", "listen_path": "/mtls-api",
                                          "target_url": site.upstream_url}).body
        is_eq(api["listen_path"], "/mtls-api/", "a listen path without its slash gets one")
        status, _, body = call("/mtls-api/my-endpoint")
        is_eq(status, 401, "“Enable client certificate” left off: 401")
        like(body, '"certificate_not_enabled"', "with its code")
        like(body, "use_certificate", "and what to switch on")
        site.rest("PATCH", "/apis/" + api["id"], {"auth": {"use_certificate": True}})
        status, _, body = call("/mtls-api/my-endpoint")
        is_eq(status, 403, "the certificate not registered: 403")
        like(body, fingerprint, "with the fingerprint to register")
        done = site.rest("POST", "/keys", {"name": "Partner", "certificate": "cert.pem"})
        is_eq(done.status, 422, "a file's name for a certificate: 422")
        with open(folder + "/key.pem", encoding="ascii") as text:
            done = site.rest("POST", "/keys", {"name": "Partner", "certificate": text.read()})
        is_eq(done.status, 422, "the private key alone: 422")
        like(json.dumps(done.body), "certificate", "with a sentence")
        done = site.certgate("key", "create", "--name", "Partner", "--cert", folder + "/key.pem",
                             "--api", "mtls-api")
        is_eq(done.returncode, 1, "the same by the command: 1")
        with open(folder + "/cert.pem", encoding="ascii") as text:
            pem = text.read()
        key = site.rest("POST", "/keys", {"name": "Partner", "certificate": pem})
        is_eq(key.status, 201, "a key without access rights can be made")
        status, _, body = call("/mtls-api/my-endpoint")
        is_eq(status, 403, "but calls nothing")
        like(body, '"access_denied"', "with its code")
        like(body, "access rights", "and what to add")
        again = site.rest("POST", "/keys", {"name": "Other", "certificate": pem})
        is_eq((again.status, again.body["code"]), (409, "certificate_in_use"),
              "the certificate a second time: 409")
        like(again.body["detail"], "Partner", "which names the key that has it")
        site.rest("PATCH", "/keys/" + key.body["id"], {"access": [{"api_id": api["id"]}]})
        is_eq(call("/mtls-api/my-endpoint")[0], 200, "with access: 200")

    for name, sent, seen in TARGETS:
        status, _, body = call("/mtls-api" + sent)
        got = json.loads(body)["target"] if status == 200 else (status, body)
        is_eq(got, sent if seen is None else seen, f"target: {name}")

    with case("a body"):
        for http in ("--http1.1", "--http2"):
            status, _, body = call("/mtls-api/my-endpoint",
                                   http + " --data-binary @cert.pem -X PUT")
            echo = json.loads(body)
            is_eq((status, echo["method"], echo["body_sha256"]),
                  (200, "PUT", hashlib.sha256(pem.encode()).hexdigest()),
                  f"{http}: method and bytes arrive")

    with case("target_url with a path"):
        site.rest("PATCH", "/apis/" + api["id"], {"target_url": site.upstream_url + "/v1/base"})
        is_eq(json.loads(call("/mtls-api/x?y")[2])["target"], "/v1/base/x?y",
              "comes first")
        is_eq(json.loads(call("/mtls-api?y")[2])["target"], "/v1/base?y",
              "and alone for the listen path without its slash")
        site.rest("PATCH", "/apis/" + api["id"], {"strip_listen_path": False})
        is_eq(json.loads(call("/mtls-api/x?y")[2])["target"], "/v1/base/mtls-api/x?y",
              "the listen path stays where it is not to be stripped")
done_testing()
