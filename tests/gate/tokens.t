#!/usr/bin/python3
"""Token keys: how a token may be sent, that it is seen once and kept as a hash, what is no token,
and what of it goes on to the upstream."""
import base64
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import must, outcome  # noqa: E402
import fcgi  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site(plain=True)


def patch(path, **members):
    return must(site.rest("PATCH", path, members), 200)


def send(path, *fields, cert=None, base=None, options=()):
    """`fields`: whole header lines."""
    lines = [word for field in fields for word in ("-H", field)]
    return site.curl(path, *lines, *options, cert=cert, base=base)


def raw(path, *fields):
    """Header lines that curl would make neat."""
    lines = "".join(field + "\r\n" for field in fields)
    return site.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n"
                    .encode())


def seen(answer):
    """The fields that the upstream saw, by lower-case name."""
    fields = {}
    for name, value in answer.json()["headers"]:
        fields.setdefault(name.lower(), []).append(value)
    return fields


def forms():
    """With and without Bearer, in any case."""
    good = {
        "Bearer": f"Authorization: Bearer {token}",
        "bearer": f"Authorization: bearer {token}",
        "BEARER": f"Authorization: BEARER {token}",
        "bEARer": f"Authorization: bEARer {token}",
        "the token alone": f"Authorization: {token}",
        "the field's name in lower case": f"authorization: Bearer {token}",
        "the field's name in capitals": f"AUTHORIZATION: {token}",
    }
    for api in "mtls-api", "tokens":
        for name, field in good.items():
            answer = send(f"/{api}/x", field)
            is_eq(outcome(answer), 200, f"{api}: {name}")
            is_eq(seen(answer).get("x-certgate-key-id"), [key["id"]], f"{api}: {name}: whose")
    for name, field in {"no space around": f"Authorization:{token}",
                        "space around": f"Authorization:  \t Bearer {token} \t "}.items():
        is_eq(outcome(raw("/mtls-api/x", field)), 200, name)
    for tls in "1.2", "1.3":
        for http in "--http1.1", "--http2":
            answer = send("/mtls-api/x", good["Bearer"],
                          options=(f"--tlsv{tls}", "--tls-max", tls, http))
            is_eq(outcome(answer), 200, f"TLS {tls}, {http}")
    bad = {
        "Bearer without its space": f"Bearer{token}",
        "Bearer twice": f"Bearer Bearer {token}",
        "another scheme": f"Token {token}",
        "Basic": f"Basic {token}",
        "in quotes": f'Bearer "{token}"',
        "with a comma after it": f"Bearer {token},",
        "twice in a list": f"Bearer {token}, Bearer {token}",
        "capitals": f"Bearer {token.upper()}",
        "the first half": token[:26],
        "the second half": token[26:],
        "one letter more": token + "a",
        "one letter less": token[1:],
        "a star": "*",
        "percent-escaped": "Bearer " + "".join(f"%{ord(c):02x}" for c in token),
    }
    for name, value in bad.items():
        is_eq(outcome(send("/mtls-api/x", "Authorization: " + value)),
              (403, "credential_unknown"), name)
    # Servers take the space from the end of a field.
    for name, value in {"Bearer alone": "Bearer", "with its space": "bearer ",
                        "with spaces": "BEARER   "}.items():
        field = "Authorization: " + value
        is_eq(outcome(raw("/mtls-api/x", field)), (401, "credential_missing"), f"{name} is no token")
        is_eq(outcome(send("/mtls-api/x", field, cert=cert)), 200, f"{name} beside a certificate")
    is_eq(raw("/mtls-api/x", f"Authorization: {token}", f"Authorization: {token}").status, 403,
          "the field twice")
    elsewhere = {
        "in the query": (f"/mtls-api/x?Authorization={token}&token={token}&access_token={token}",),
        "in a cookie": ("/mtls-api/x", f"Cookie: Authorization={token}; token={token}"),
        "in X-Api-Key": ("/mtls-api/x", f"X-Api-Key: {token}"),
        "in Proxy-Authorization": ("/mtls-api/x", f"Proxy-Authorization: Bearer {token}"),
        "in X-Authorization": ("/mtls-api/x", f"X-Authorization: Bearer {token}"),
    }
    for name, words in elsewhere.items():
        is_eq(outcome(send(*words)), (401, "credential_missing"), name)


def other_header():
    """token_header."""
    made = patch("/apis/" + field_api["id"], auth={"token_header": "X-Api-Key"})
    is_eq(made["auth"]["token_header"], "X-Api-Key", "set")
    for name, words in {"as it is": f"X-Api-Key: {token}",
                        "with Bearer": f"X-Api-Key: Bearer {token}",
                        "with bEARER": f"x-api-key: bEARER {token}",
                        "in capitals": f"X-API-KEY: {token}"}.items():
        answer = send("/field/x", words)
        is_eq(outcome(answer), 200, name)
        is_eq([n for n in seen(answer) if "key" in n and "certgate" not in n], [],
              f"{name}: not passed on")
    is_eq(outcome(send("/field/x", f"Authorization: Bearer {token}")),
          (401, "credential_missing"), "Authorization no longer counts")
    answer = send("/field/x", f"X-Api-Key: {token}", "Authorization: Basic dXNlcjpwYXNz")
    is_eq((outcome(answer), seen(answer).get("authorization")), (200, ["Basic dXNlcjpwYXNz"]),
          "and is the upstream's own")
    patch("/apis/" + field_api["id"], auth={"token_header": "X-Token"})
    both = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/field/x"), ("HTTPS", "on"),
            ("CERTGATE_PROOF", site.proof), ("REMOTE_ADDR", "127.0.0.1"),
            ("HTTP_X_TOKEN", "x"), ("HTTP_X_TOKEN", token)]
    is_eq(fcgi.request(site.gate_socket, both).status, 400,
          "X-Token beside X_Token, as lighttpd gives them: refused")
    # What servers drop or fold, nobody could send.
    for bad in "", "X Y", "X:Y", "a\nb", "é", "X_Key", "X.Key", "X!":
        done = site.rest("PATCH", "/apis/" + field_api["id"], {"auth": {"token_header": bad}})
        is_eq(done.status, 422, f"{bad!r} is refused as its name")
    # What belongs to the connection or the message, or what the gate makes itself: X-Request-Id would have gone
    # on to the upstream as X-Client-Request-Id.
    for bad in ("Host", "content-length", "Cookie", "Content-Type", "Expect", "Max-Forwards", "Proxy", "TE", "connection",
                "Proxy-Authorization", "Upgrade", "Transfer-Encoding", "x-request-id", "X-Client-Request-Id",
                "X-Forwarded-For", "X-Forwarded-Port", "Forwarded", "Client-Cert", "X-Certgate-Key-Id", "Traceparent"):
        done = site.rest("PATCH", "/apis/" + field_api["id"], {"auth": {"token_header": bad}})
        is_eq(done.status, 422, f"{bad!r} is refused as its name")


def shown_once():
    """The answer that made it, and nothing after."""
    made = must(site.rest("POST", "/keys", {"name": "once", "token": True}), 201)
    credential = made["credentials"][0]
    text = made["token"]
    like(text, "^[a-z2-7]{52}$", "256 bits in base32")
    is_eq(credential["sha256"], hashlib.sha256(text.encode()).hexdigest(),
          "its SHA-256 is what the key keeps")
    further = must(site.rest("POST", f"/keys/{made['id']}/credentials", {"token": True}), 201)
    by_command = json.loads(site.certgate("--json", "key", "create", "--name", "typed",
                                                 "--token", "--api", "mtls-api").stdout)
    by_add = json.loads(site.certgate("--json", "key", "add", by_command["id"],
                                             "--token").stdout)
    texts = [text, further["token"], by_command["token"], by_add["token"], token]
    is_eq(len(set(texts)), len(texts), "each is another")
    patch("/keys/" + made["id"], tags=["x"])
    path = f"/keys/{made['id']}/credentials/{credential['sha256']}"
    answers = {
        "the key": site.rest("GET", "/keys/" + made["id"]),
        "the keys": site.rest("GET", "/keys?limit=500"),
        "the key by its name": site.rest("GET", "/keys?q=once"),
        "the credentials": site.rest("GET", f"/keys/{made['id']}/credentials"),
        "the credential": site.rest("GET", path),
        "a change of the key": site.rest("PATCH", "/keys/" + made["id"], {"tags": []}),
        "a change of the credential": site.rest("PATCH", path, {"active": True}),
        "openapi.json": site.rest("GET", "/openapi.json"),
    }
    for name, answer in answers.items():
        is_eq(answer.status, 200, name)
        body = json.dumps(answer.body)
        is_eq([t for t in texts if t in body], [], f"{name}: no token")
        ok(not isinstance(answer.body, dict) or "token" not in answer.body,
           f"{name}: no such member")
    for words in (["key", "show", made["id"]], ["key", "show", by_command["id"], "--json"],
                  ["key", "list"], ["key", "list", "--json"], ["token", "list"]):
        done = site.certgate(*words)
        is_eq((done.returncode, [t for t in texts if t in done.stdout + done.stderr]), (0, []),
              "certgate " + " ".join(words[:2]))
    for bad in "mine", 1, {"x": 1}, [True]:
        done = site.rest("POST", "/keys", {"name": "own", "token": bad})
        ok(done.status in (400, 422), f"token: {bad!r} is refused: nobody chooses one")
    none = must(site.rest("POST", "/keys", {"name": "none", "token": False}), 201)
    is_eq(none["credentials"], [], "token: false makes none")
    ok("token" not in none, "and shows none")
    for text, want in zip(texts, [(403, "access_denied")] * 2 + [200] * 3):
        is_eq(outcome(send("/mtls-api/x", f"Authorization: {text}")), want, "each is known")
    return texts


def spellings(text):
    """A token in the forms in which somebody may have kept it."""
    data = text.encode()
    yield "as it is", data
    yield "in capitals", text.upper().encode()
    yield "its first half", data[:26]
    yield "its second half", data[26:]
    yield "in hex", data.hex().encode()
    yield "in UTF-16", text.encode("utf-16-le")
    yield "backwards", data[::-1]
    for shift in range(3):
        # The middle part of base64, which does not depend on what stands around it.
        yield f"in base64 ({shift})", base64.b64encode(b"\0" * shift + data)[4:-4]
    secret = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    yield "the bytes behind it", secret
    yield "those in hex", secret.hex().encode()
    yield "those in base64", base64.b64encode(secret)[:40]


def files(*folders):
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if os.path.isfile(path):
                    with open(path, "rb") as data:
                        yield path, data.read()


def only_hashed(texts):
    """No file has a token, whatever was done with it."""
    everything = list(files(site.home, site.logs, site.web, site.sockets))
    store = b"".join(data for path, data in everything if path.startswith(site.home + "/db/"))
    for n, text in enumerate(texts):
        found = [(name, path) for name, form in spellings(text) for path, data in everything
                 if form in data]
        is_eq(found, [], f"token {n + 1} is in no file")
        ok(hashlib.sha256(text.encode()).digest() in store, f"token {n + 1}: its SHA-256 is")
    ok(b"holder" in store, "names of keys are found in the same way")
    ok(any(b"supervise" in path.encode() and data for path, data in everything),
       "the programs' log was looked through")
    ok(any(b"/mtls-api/" in data for path, data in everything if path.endswith(".json") or
           site.home in path), "and so were listen paths")


def impostors():
    """What is public, or for another purpose, opens nothing."""
    der = cert.der
    sha256, sha1 = hashlib.sha256(der).digest(), hashlib.sha1(der).digest()
    record = must(site.rest("GET", "/certificates/" + cert.sha256), 200)
    kept_hash = hashlib.sha256(token.encode()).hexdigest()
    rest_tokens = json.loads(site.certgate("--json", "token", "list").stdout)
    values = {
        "fingerprint": cert.sha256,
        "fingerprint in capitals": cert.sha256.upper(),
        "fingerprint with colons": ":".join(f"{b:02X}" for b in sha256),
        "fingerprint in base64": base64.b64encode(sha256).decode(),
        "fingerprint in base64url": base64.urlsafe_b64encode(sha256).decode().rstrip("="),
        "fingerprint in base32": base64.b32encode(sha256).decode().rstrip("=").lower(),
        "SHA-1 fingerprint": sha1.hex(),
        "SHA-256 of the public key": record["spki_sha256"],
        "serial number": record["serial"],
        "certificate in base64": base64.b64encode(der).decode(),
        "id of the certificate's key": key["id"],
        "key id and fingerprint": key["id"] + cert.sha256,
        "name of the key": key["name"],
        "id of the API": apis["mtls-api"]["id"],
        "what the store keeps of the token": kept_hash,
        "the same in base32": base64.b32encode(bytes.fromhex(kept_hash)).decode()
        .rstrip("=").lower(),
        "a REST token": site.token,
        "id of the REST token": rest_tokens[0]["id"],
        "the web server's proof": site.proof,
        "the admin's password": site.password,
    }
    for api in apis:
        for name, value in values.items():
            for form in "Bearer " + value, value:
                answer = send(f"/{api}/x", "Authorization: " + form)
                if not is_eq(outcome(answer), (403, "credential_unknown"),
                             f"{api}: {name}{', with Bearer' if form != value else ''}"):
                    diag(answer)
    for name, value in values.items():
        answer = send("/mtls-api/x", "Authorization: Bearer " + value,
                      base=f"http://localhost:{site.plain_port}")
        is_eq(outcome(answer), (403, "credential_unknown"), f"plain HTTP: {name}")
        answer = send("/mtls-api/x", "Authorization: Bearer " + value, cert=cert)
        is_eq(outcome(answer), (403, "credential_unknown"), f"beside the certificate: {name}")
    for name, value in {"a gate's token": token, "a fingerprint": cert.sha256,
                        "the proof": site.proof, "the REST token's id": rest_tokens[0]["id"],
                        "what the store keeps of the REST token":
                        hashlib.sha256(site.token.encode()).hexdigest()}.items():
        is_eq(site.rest("GET", "/keys", token=value).status, 401, f"REST: {name} opens nothing")
    is_eq(site.rest("GET", "/keys", token="").status, 401, "REST: nor does nothing")
    is_eq(site.rest("GET", "/keys").status, 200, "REST: its own token does")


def strip():
    """strip_credential."""
    def got(path, *fields, **kwargs):
        answer = send(path, *fields, **kwargs)
        if answer.status != 200:
            raise RuntimeError(f"{answer!r}")
        return answer.json()["target"], seen(answer)

    bearer = f"Authorization: Bearer {token}"
    path = "/mtls-api/x?b=2&a=1&token=t&Authorization=u"
    target, fields = got(path, bearer, "Cookie: a=1; Authorization=2", "X-Api-Key: mine")
    is_eq(fields.get("authorization"), None, "the token is not passed on")
    is_eq(target, path[len("/mtls-api"):], "the query is as it was")
    is_eq((fields.get("cookie"), fields.get("x-api-key")),
          (["a=1; Authorization=2"], ["mine"]), "so are other fields")
    is_eq(got("/mtls-api/x", f"Authorization: {token}")[1].get("authorization"), None,
          "nor is one without Bearer")
    is_eq(got("/mtls-api/x", f"authorization: {token}")[1].get("authorization"), None,
          "nor in another spelling")
    is_eq(got("/mtls-api/x", bearer, cert=cert)[1].get("authorization"), None,
          "nor beside a certificate")
    answer = site.fcgi({"REQUEST_URI": "/mtls-api/x", "HTTP_Authorization": token})
    ok(token.encode() not in answer.body and answer.status == 200,
       "nor where a server does not fold the name")
    patch("/apis/" + apis["mtls-api"]["id"], strip_credential=False)
    is_eq(got("/mtls-api/x", bearer)[1].get("authorization"), [f"Bearer {token}"],
          "strip_credential off: passed on as sent")
    is_eq(got("/mtls-api/x", f"Authorization: {token}")[1].get("authorization"), [token],
          "also without Bearer")
    patch("/apis/" + apis["mtls-api"]["id"], strip_credential=True)
    is_eq(got("/mtls-api/x", bearer)[1].get("authorization"), None, "on again: not")
    is_eq(got("/certificates/x", "Authorization: Basic dTpw", cert=cert)[1].get("authorization"),
          ["Basic dTpw"], "where tokens mean nothing, the field is the upstream's")
    is_eq(got("/keyless/x", "Authorization: Basic dTpw")[1].get("authorization"),
          ["Basic dTpw"], "and on a keyless API")
    site.upstream_clear()
    send("/mtls-api/x", f"Authorization: Bearer {token}x")
    is_eq(site.upstream_log(), [], "what is refused does not get there at all")


with site:
    cert = site.make_cert("holder")
    apis = {"mtls-api": site.make_api(), "tokens": site.make_api("tokens", auth={})}
    field_api = site.make_api("field")
    certificates = site.make_api("certificates", auth={"use_certificate": True,
                                                       "use_token": False})
    site.make_api("keyless", auth={"keyless": True})
    key = site.make_key("holder", cert, token=True, access=[
        {"api_id": api["id"]} for api in (*apis.values(), field_api, certificates)])
    token = key.pop("token")

    with case("forms"):
        forms()
    with case("token_header"):
        other_header()
    with case("shown once"):
        shown = shown_once()
    with case("impostors"):
        impostors()
    with case("kept as a hash"):
        only_hashed(shown)
        site.stop_programs()
        only_hashed(shown)
        site.start_programs()
        site.wait_ready()
        is_eq(outcome(send("/mtls-api/x", f"Authorization: {token}")), 200, "it works on")
    with case("strip"):
        strip()
done_testing()
