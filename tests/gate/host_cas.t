#!/usr/bin/python3
"""Without upstream_tls.ca_certificates an upstream proves itself to the host's CAs, with them to these
alone.  The host's are replaced for this test in a mount namespace of its own, which takes root."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from tap import done_testing, is_eq, skip  # noqa: E402
from website import Site  # noqa: E402

INSIDE = "CERTGATE_TEST_HOST_CAS"
if INSIDE not in os.environ:
    may = subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /etc/ssl/certs"],
                         stderr=subprocess.DEVNULL, check=False)
    if may.returncode != 0:
        skip("the host's CAs", "no mount namespace is to be had here")
        done_testing()
        sys.exit(0)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "/usr/bin/python3", *sys.argv])

subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/etc/ssl/certs"], check=True)
with Site() as site:
    host_ca, own_ca = site.make_ca("Host CA"), site.make_ca("Own CA")
    shutil.copy(host_ca.path, "/etc/ssl/certs/ca-certificates.crt")
    shutil.copy(host_ca.path, "/etc/ssl/certs/host.pem")
    for name in os.listdir("/etc/ssl/certs"):
        os.chmod("/etc/ssl/certs/" + name, 0o644)
    upstreams = {}
    for label, ca in (("host", host_ca), ("own", own_ca)):
        cert = site.make_cert("server-" + label, ca=ca, extensions=[
            "extendedKeyUsage=serverAuth", "subjectAltName=DNS:localhost"])
        upstreams[label] = site.more_upstream(label, "--tls", cert.both())
    status, _, body = site.rest("POST", "/certificates", {"pem": own_ca.pem, "kind": "ca"})
    own = {"ca_certificates": [body["sha256"]]}
    for number, (label, tls, want) in enumerate((
            ("host", None, 200), ("own", None, 502), ("own", own, 200), ("host", own, 502))):
        site.make_api(f"api{number}", auth={"keyless": True}, upstream_tls=tls,
                      target_url=f"https://localhost:{upstreams[label].port}")
        is_eq(site.curl(f"/api{number}/x").status, want,
              f"an upstream of the {label} CA, with {'the own' if tls else 'no'} CA named")
done_testing()
