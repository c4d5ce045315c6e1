"""Certificates and their keys, made with the openssl command."""
import base64
import hashlib
import os
import re
import subprocess
import tempfile

# How long they hold.  What ends within 30 days is told in the audit and by mail, at the latest an hour
# after it was registered and otherwise whenever the next gate starts: not in the midst of any test.
DAYS = 400


def openssl(*args, **kwargs):
    done = subprocess.run(["openssl", *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, args))}\n{done.stderr}")
    return done.stdout


class Cert:
    """A certificate and its key, as files and as bytes."""

    def __init__(self, path, key):
        self.path, self.key = path, key
        with open(path, encoding="ascii") as text:
            self.pem = text.read()
        with open(key, encoding="ascii") as text:
            self.key_pem = text.read()
        first = self.pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
        self.der = base64.b64decode(first)
        self.sha256 = hashlib.sha256(self.der).hexdigest()

    def both(self, *chain):
        """The path of a file with it, the certificates of `chain` and its private key, as servers take it."""
        with open(self.path + ".both", "w", encoding="ascii") as out:
            out.write(self.pem + "".join(cert.pem for cert in chain) + self.key_pem)
        return self.path + ".both"


def make_cert(folder, name, key="ec", days=DAYS, extra=(), ca=None, subject=None, extensions=(),
              not_before=None, not_after=None):
    """A certificate made with the openssl command: self-signed as in the quickstart, or issued by
    `ca` (a Cert).  `key`: ec, rsa, ed25519.  `extra`: further arguments of `openssl req`.
    `extensions`: lines such as "extendedKeyUsage=serverAuth"; they replace openssl's own.
    `not_before`, `not_after`: YYYYMMDDHHMMSSZ."""
    base = os.path.join(folder, re.sub(r"[^A-Za-z0-9_.-]", "_", name))
    cert_path, key_path = base + ".pem", base + ".key"
    subject = subject or f"/CN={name}"
    kinds = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
             "rsa": ["-newkey", "rsa:2048"], "ed25519": ["-newkey", "ed25519"]}
    new_key = [*kinds[key], "-nodes", "-keyout", key_path]
    if ca is None and not (not_before or not_after or extensions):
        openssl("req", "-x509", *new_key, "-days", days, "-subj", subject, "-out", cert_path,
                 *extra)
        return Cert(cert_path, key_path)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        conf = os.path.join(work, "ca.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.write("[ca]\ndefault_ca=c\n[c]\n"
                      f"database={work}/index\nnew_certs_dir={work}\nrand_serial=yes\n"
                      "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\n[x]\n")
            out.write("\n".join(extensions or ["basicConstraints=CA:FALSE"]) + "\n")
        with open(work + "/index", "w", encoding="ascii"):
            pass
        request = os.path.join(work, "req.pem")
        openssl("req", "-new", *new_key, "-subj", subject, "-out", request, *extra)
        signer = ["-selfsign", "-keyfile", key_path] if ca is None else \
            ["-cert", ca.path, "-keyfile", ca.key]
        dates = ["-days", days]
        if not_before or not_after:
            dates = ["-startdate", not_before or "20200101000000Z",
                     "-enddate", not_after or "20491231235959Z"]
        openssl("ca", "-config", conf, "-batch", "-notext", "-preserveDN", "-extensions", "x",
                 "-in", request, "-out", cert_path, *signer, *dates)
    return Cert(cert_path, key_path)


def make_ca(folder, name="Test CA"):
    return make_cert(folder, name, extensions=["basicConstraints=critical,CA:TRUE",
                                               "keyUsage=critical,keyCertSign,cRLSign",
                                               "subjectKeyIdentifier=hash"])
