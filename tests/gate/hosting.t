#!/usr/bin/python3
"""Hosting without root: the gate and admin in a user's folder, by .htaccess alone, as plain CGI and under
mod_fcgid."""
import base64
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, TREE, WEB_USER  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

KINDS = ("cgi", "fcgi")


class Hosting(Site):
    """users.test: a virtual host whose folders have .htaccess files; asks for certificates."""

    def apache_conf(self):
        return super().apache_conf() + f"""
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
LoadModule fcgid_module /usr/lib/apache2/modules/mod_fcgid.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /etc/mime.types
ScriptSock "{self.web}/cgisock"
FcgidIPCDir "{self.web}/fcgid"
FcgidProcessTableFile "{self.web}/fcgid.table"
FcgidMinProcessesPerClass 0
# What the head of the example asks for, and no more; below it what Debian's userdir.conf has.
<Directory "{self.docroot}">
  AllowOverride AuthConfig FileInfo Options=ExecCGI,MultiViews
  Options MultiViews Indexes SymLinksIfOwnerMatch IncludesNoExec
  Require method GET POST OPTIONS
</Directory>
<VirtualHost *:{self.port}>
  ServerName users.test
  DocumentRoot "{self.docroot}"
  SSLEngine on
  SSLCertificateFile "{self.server.path}"
  SSLCertificateKeyFile "{self.server.key}"
  SSLVerifyClient optional_no_ca
  SSLVerifyDepth 10
</VirtualHost>
"""


def read(name):
    with open(f"{TREE}/apache-conf/user/{name}", encoding="utf-8") as text:
        return text.read()


def fill(text, changes):
    for old, new in changes.items():
        if old not in text:
            raise RuntimeError(f"the example has no {old}")
        text = text.replace(old, new)
    return text


def set_up(kind, program, folder):
    """As the head of the example says."""
    path = f"{site.docroot}/{folder}"
    os.makedirs(path)
    values = {"/~alice/api": f"/{folder}", "0" * 64: site.proof}
    htaccess = read("htaccess")
    script = fill(read("certgate.cgi"), {"/usr/lib/certgate/cgi-bin": site.bin, "/srv/alice/certgate": site.home,
                                         "PROGRAM=gate": f"PROGRAM={program}"})
    if kind == "cgi":
        htaccess = fill(htaccess, {"RewriteRule !^certgate\\.fcgi$ certgate.fcgi": "RewriteRule !^certgate\\.cgi$ certgate.cgi"})
        # suexec, which takes another host than this, hides them from the program.
        htaccess = re.sub(r"(?m)^SetEnv CERTGATE_.*\n", "", htaccess)
        script = fill(script, values)
    else:
        htaccess = fill(htaccess, values)
    for name, text, mode in ((".htaccess", htaccess, 0o640), (f"certgate.{kind}", script, 0o700)):
        with open(f"{path}/{name}", "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(f"{path}/{name}", mode)
    if ROOT:
        subprocess.run(["chown", "-R", f"{WEB_USER}:{WEB_USER}", path], check=True)


def call(path, *args, **kwargs):
    """users.test, whose certificate says localhost."""
    return site.curl(path, "-k", "--resolve", f"users.test:{site.port}:127.0.0.1", *args,
                     base=f"https://users.test:{site.port}", **kwargs)


def own_doctor():
    """What doctor says to a user without root, who has a data folder and nothing else."""
    folder = site.folder + "/mine"
    os.mkdir(folder)
    as_user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if ROOT else []
    if ROOT:
        os.chmod(site.folder, 0o711)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    for args in (["init", "--proof-file", folder + "/proof"], ["doctor"]):
        done = subprocess.run([*as_user, site.bin + "/certgate", "--home", folder + "/data", *args],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done


# The programs beside it stand for those that a host with root would have: only their data is used.
with Hosting(prefix="/none", server="apache") as site:
    alice, stranger = site.make_cert("alice"), site.make_cert("stranger")
    for kind in KINDS:
        set_up(kind, "gate", f"{kind}/api")
    api = {kind: site.make_api(f"{kind}-api", f"/{kind}/api/orders/") for kind in KINDS}
    key = site.make_key("Alice", alice, access=[{"api_id": a["id"]} for a in api.values()], token=True)
    site.stop_programs()

    with case("doctor"):
        done = own_doctor()
        like(done.stdout, "(?m)^skipped +socket .*mod_fcgid and CGI there are none", "asks an ordinary user for no sockets")
        is_eq((done.returncode, re.findall("(?m)^FAULT.*", done.stdout)), (0, []), "and finds no fault")

    for kind in KINDS:
        base = f"/{kind}/api"
        with case(kind):
            answer = call(base + "/orders/a/b?x=1&y=%20", cert=alice)
            is_eq(answer.status, 200, "a certificate gets in")
            echo = answer.json()
            is_eq((echo["method"], echo["target"]), ("GET", "/a/b?x=1&y=%20"), "the target arrives as it was sent")
            fields = dict((n.lower(), v) for n, v in echo["headers"])
            is_eq(fields.get("x-certgate-fingerprint"), alice.sha256, "and who it was")
            is_eq(call(base + "/orders/x", cert=stranger).json()["code"], "credential_unknown", "a stranger does not")
            refused = call(base + "/orders/x")
            is_eq((refused.status, refused.json()["code"], refused.headers.get("content-type")),
                  (401, "credential_missing", "application/problem+json"), "nor who has none")
            for method in ("PUT", "DELETE", "PATCH"):
                is_eq(call(base + "/orders/x", "-X", method, cert=alice).json()["method"], method, f"{method} passes")
            body = os.urandom(100000)
            answer = call(base + "/orders/up", cert=alice, data=body)
            is_eq((answer.status, answer.json()["body_sha256"]), (200, hashlib.sha256(body).hexdigest()), "a body arrives")
            is_eq(call(base + "/orders/x?up=status:503", cert=alice).status, 503, "the upstream's status is passed on")
            is_eq(len(call(base + "/orders/x?up=bytes:300000", cert=alice).body), 300000, "so is a large answer")
            cut = call(base + "/orders/x?up=cut:1000", cert=alice)
            ok(not cut.complete or cut.status >= 500, "one that was cut does not look whole")
            raw = base64.urlsafe_b64encode(b"HTTP/1.1 200 OK\r\nLocation: /" + kind.encode() +
                                           b"/api/orders/inside\r\nContent-Length: 2\r\n\r\nhi").decode()
            answer = call(base + "/orders/x?up=raw:" + raw, cert=alice)
            is_eq(answer.status, 302, "200 with a Location becomes a redirect")
            unlike(site.upstream_log(), "/inside", "and is no further request")
            forged = call(base + "/orders/x", "-H", "SSL_CLIENT_CERT: " + alice.pem.replace("\n", " "), "-H",
                          "SSL-CLIENT-VERIFY: SUCCESS", "-H", "Client-Cert: :AAAA:", "-H", f"Certgate-Proof: {site.proof}")
            is_eq(forged.status, 401, "header fields that claim a certificate are nothing")
            is_eq(call(base + "/../api/orders/x", cert=alice).status in (400, 404), True, "dot segments are refused")
            for inside in ("/.htaccess", f"/certgate.{kind}"):
                unlike(call(base + inside).body, site.proof + "|CERTGATE_HOME=", f"{inside} is not shown")
            is_eq(call(base + "/healthz").status, 200, "/healthz")

        with case(kind + ", the proof"):
            path = f"{site.docroot}{base}/" + (".htaccess" if kind == "fcgi" else "certgate.cgi")
            with open(path, encoding="utf-8") as text:
                whole = text.read()
            with open(path, "w", encoding="utf-8") as out:
                out.write(whole.replace(site.proof, "0" * 64))
            is_eq(call(base + "/orders/x", cert=alice).status, 401, "without it no certificate counts")
            with open(path, "w", encoding="utf-8") as out:
                out.write(whole)

        with case(kind + ", tokens"):
            answer = call(base + "/orders/x", "-H", f"Authorization: Bearer {key['token']}", cert=alice)
            is_eq(answer.status, 200, "Authorization reaches the gate")
            unlike(answer.body, key["token"], "and goes no further")

        with case(kind + ", admin"):
            set_up(kind, "admin", "admin")
            like(call("/admin/login").body, "Sign in", "a page")
            answer = call("/admin/api/v1/keys", "-H", f"Authorization: Bearer {site.token}")
            is_eq([k["name"] for k in answer.json()["items"]], ["Alice"], "REST")
            shutil.rmtree(site.docroot + "/admin")

    with case("counters are shared"):
        done = site.certgate("key", "set", "Alice", "--rate", "3/3600")
        is_eq(done.returncode, 0, "a rate")
        got = [call(f"/{kind}/api/orders/x", cert=alice).status for kind in ("cgi", "fcgi", "cgi", "fcgi", "cgi")]
        is_eq(got, [200, 200, 200, 429, 429], "three in an hour, whichever way they come")
        is_eq(site.certgate("steward").returncode, 0, "certgate steward, for cron")
done_testing()
