"""Calls of a site's gate that are to be refused, each with its status and code, and what is to pass."""
import hashlib
import json
import os
import re
import ssl

from answers import Answer, Headers
from clock import faketime
from environment import TREE
from tap import diag, is_eq, ok

CORPUS = os.path.join(TREE, "tests/certs")
# Of `error`.
NOT_FOUND = "Not Found"
MISSING = "Authorization field missing"
CERT_REQUIRED = "Client certificate required"
NO_API = "Access to this API has been disallowed"
NO_RESOURCE = "Access to this resource has been disallowed"
INACTIVE = "Key is inactive, please renew"
EXPIRED = "Key has expired, please renew"
NO_ADDRESS = "access from this IP has been disallowed"
PROXYING = "There was a problem proxying the request"
ANY = object()  # the contract leaves it open


class Pem:
    """A certificate of the corpus, without its private key."""

    def __init__(self, name):
        self.path = os.path.join(CORPUS, name)
        with open(self.path, encoding="ascii") as text:
            self.pem = text.read()
        self.sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()


class Refusals:
    """Of a site.  Each call has a mark, which is looked for in the upstream's log at the end."""

    def __init__(self, site):
        self.site = site
        self.marks = 0
        self.must_not_arrive = {}
        self.request_ids = set()

    def marked(self, path, refused=None):
        """The path with its mark; `refused`: the name of a call that must not reach the upstream."""
        self.marks += 1
        if refused is not None:
            self.must_not_arrive[f"row={self.marks}."] = refused
        return path + ("&" if "?" in path else "?") + f"row={self.marks}."

    def curl(self, path, *args, cert=None, token=None, **kwargs):
        if token is not None:
            args = (*args, "-H", "Authorization: Bearer " + token)
        return self.site.curl(path, *args, cert=cert, **kwargs)

    def straight(self, path, cert=None, verify=None, token=None, stdin=b"", **variables):
        """To the gate's socket with the proof, as Apache would; an answer like curl's."""
        params = {"REQUEST_URI": path, **variables}
        if cert is not None:
            params.update({"SSL_CLIENT_CERT": cert.pem, "SSL_CLIENT_VERIFY": verify or "GENEROUS"})
        elif verify is not None:
            params["SSL_CLIENT_VERIFY"] = verify
        if token is not None:
            params["HTTP_AUTHORIZATION"] = "Bearer " + token
        got = self.site.fcgi(params, stdin)
        return Answer(got.status, Headers(got.headers), got.body)

    def is_refusal(self, answer, status, code, error, detail, name):
        """One check."""
        if not is_eq(self._faults(answer, status, code, error, detail), [], name):
            diag(answer)

    def _faults(self, answer, status, code, error, detail):
        """What in this answer is not as the contract says."""
        found = []

        def expect(what, got, want):
            if got != want:
                found.append(f"{what} is {got!r}, not {want!r}")

        headers = answer.headers
        expect("status", answer.status, status)
        expect("content type", headers.get("content-type"), "application/problem+json")
        try:
            body = answer.json()
        except ValueError:
            return found + [f"no JSON: {answer!r}"]
        expect("status in the body", body.get("status"), status)
        expect("code", body.get("code"), code)
        if error is not ANY:
            expect("error", body.get("error"), error)
        if not re.search(detail, body.get("detail", "")):
            found.append(f"detail is {body.get('detail')!r}, not like {detail!r}")
        expect("X-Request-Id", headers.all("x-request-id"), [body.get("request_id")])
        if not re.fullmatch("[a-z2-7]{26}", str(body.get("request_id"))):
            found.append(f"request_id is {body.get('request_id')!r}")
        if body.get("request_id") in self.request_ids:
            found.append("request_id is that of another request")
        self.request_ids.add(body.get("request_id"))
        challenge = headers.get("www-authenticate")
        if bool(challenge) != (status == 401):
            found.append(f"WWW-Authenticate is {challenge!r}")
        after = headers.get("retry-after")
        if re.fullmatch("[1-9][0-9]*", after or "") is None if status == 503 else after is not None:
            found.append(f"Retry-After is {after!r}")
        expect("Cache-Control", headers.get("cache-control"), "no-store")
        return found

    def refused(self, name, path, status, code, error, detail, how=None, arrives=False, **kwargs):
        """Calls and checks; returns the answer.  `arrives`: the upstream hears of it all the same."""
        answer = (how or self.curl)(self.marked(path, None if arrives else name), **kwargs)
        self.is_refusal(answer, status, code, error, detail, name)
        return answer

    def passes(self, name, path, key=ANY, how=None, **kwargs):
        """200, with the upstream's echo, for this key (None: nobody)."""
        answer = (how or self.curl)(self.marked(path), **kwargs)
        if not is_eq(answer.status, 200, name):
            diag(answer)
            return
        if key is not ANY:
            sent = {n.lower(): v for n, v in answer.json()["headers"]}
            is_eq(sent.get("x-certgate-key-id"), key["id"] if key else None, name + ": as that key")

    def patch(self, path, **members):
        return self.site.must("PATCH", path, members)

    def add_token(self, key, **members):
        """A further token of a key."""
        made = self.site.must("POST", f"/keys/{key['id']}/credentials", {"token": True}, 201)
        if members:
            self.patch(f"/keys/{key['id']}/credentials/{made['sha256']}", **members)
        return made["token"]

    def certgate_at(self, when, *args):
        """The command, at another time, so that the store holds what has ended long ago; its JSON."""
        done = self.site.certgate("--json", *args, env=faketime(when))
        if done.returncode != 0:
            raise RuntimeError(f"certgate {args}: {done.stderr}")
        return json.loads(done.stdout)

    def none_arrived(self, at_least):
        """The last two checks; so many calls, and more, were refused."""
        arrived = "\n".join(r["target"] for r in self.site.upstream_log())
        is_eq([name for mark, name in self.must_not_arrive.items() if mark in arrived], [],
              "nothing that was refused reached the upstream")
        ok(len(self.must_not_arrive) > at_least and "row=" in arrived, "and the marks are looked for")
