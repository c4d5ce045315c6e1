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
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
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
    shutil.copy(host_ca.path, BUNDLE)
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
    # As they are now, also where a pin is set besides.
    pin = subprocess.run(f"openssl x509 -in {site.certs}/server-host.pem -noout -pubkey | openssl pkey -pubin -outform DER "
                         "| sha256sum", shell=True, capture_output=True, check=True, text=True).stdout.split()[0]
    site.make_api("pinned", auth={"keyless": True}, upstream_tls={"pinned_sha256": [pin]},
                  target_url=f"https://localhost:{upstreams['host'].port}")

    def put(ca):
        shutil.copy(ca.path, BUNDLE + ".new")
        os.chmod(BUNDLE + ".new", 0o644)
        os.rename(BUNDLE + ".new", BUNDLE)

    for name, make, want in (
            ("as before", lambda: None, 200), ("others", lambda: put(own_ca), 502), ("the first again", lambda: put(host_ca), 200),
            ("closed to the gate", lambda: os.chmod(BUNDLE, 0), 503), ("open again", lambda: os.chmod(BUNDLE, 0o644), 200),
            ("none", lambda: os.unlink(BUNDLE), 502), ("there again", lambda: put(host_ca), 200)):
        make()
        is_eq([site.curl(path).status for path in ("/api0/x", "/pinned/x") for _ in range(2)], [want] * 4,
              f"the host's CAs are {name}: {want}")
done_testing()
