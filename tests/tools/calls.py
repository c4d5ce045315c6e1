"""Calling a test site: with curl, by REST, with bytes of one's own, and past the web server."""
import http.client
import json as json_module
import os
import socket
import ssl
import subprocess

import fcgi
from answers import Answer, Headers, must, read_answer, split_head


class Calls:
    """Of a Site."""

    def curl(self, path, *args, cert=None, data=None, base=None, seconds=60):
        """The real curl.  `path` goes out as it is; `data`: bytes for --data-binary."""
        self.curls += 1
        out = f"{self.certs}/curl.{self.curls}"
        command = ["curl", "-q", "-sS", "-g", "--path-as-is", "--noproxy", "*", "--max-time",
                   str(seconds), "--cacert", self.ca, "-D", out + ".head", "-o", out + ".body"]
        if cert is not None:
            self.announce()
            command += ["--cert", cert.path, "--key", cert.key]
        if data is not None:
            command += ["--data-binary", "@-"]
        command += [*map(str, args), (base or self.url) + path]
        data = data.encode() if isinstance(data, str) else data
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        texts = []
        for name in (out + ".head", out + ".body"):
            try:
                with open(name, "rb") as text:
                    texts.append(text.read())
                os.unlink(name)
            except FileNotFoundError:
                texts.append(b"")
        status, version, headers = split_head(texts[0].decode("latin-1"))
        return Answer(status, headers, texts[1], done.returncode,
                      done.stderr.decode(errors="replace").strip(), version,
                      done.returncode == 0)

    def rest(self, method, path, json=None, headers=None, token=None, body=None,
             content_type="application/json"):
        """The REST interface with the owner's token (token="": none).  The body that comes back is
        parsed where it is JSON.  Returns an Answer."""
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=60,
                                                 context=context)
        sent = {}
        token = self.token if token is None else token
        if token:
            sent["Authorization"] = "Bearer " + token
        if json is not None:
            body = json_module.dumps(json)
            sent["Content-Type"] = "application/merge-patch+json" \
                if method == "PATCH" else content_type
        elif body is not None:
            sent["Content-Type"] = content_type
        sent.update(headers or {})
        try:
            connection.request(method, "/admin/api/v1" + path, body=body, headers=sent)
            answer = connection.getresponse()
            data = answer.read()
            got = Headers((n.lower(), v) for n, v in answer.getheaders())
            if data and "json" in (got.get("content-type") or ""):
                data = json_module.loads(data)
            return Answer(answer.status, got, data)
        finally:
            connection.close()

    def must(self, method, path, json=None, status=200, **kwargs):
        """The body of an answer of `rest` that has this status; RuntimeError."""
        return must(self.rest(method, path, json, **kwargs), status)

    def tls(self, cert=None, maximum=None, alpn=("http/1.1",), server_name="localhost",
            session=None, timeout=60):
        """A TLS connection for bytes of one's own.  `maximum`: ssl.TLSVersion."""
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = False
        if maximum is not None:
            context.maximum_version = maximum
        if session is not None:
            context = session[0]
        elif cert is not None:
            self.announce()
            context.load_cert_chain(cert.path, cert.key)
        if alpn and session is None:
            context.set_alpn_protocols(list(alpn))
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        sock = context.wrap_socket(raw, server_hostname=server_name,
                                   session=session[1] if session else None)
        return sock

    def raw(self, data, cert=None, method="GET", **kwargs):
        """Sends exactly these bytes over TLS (HTTP/1.1) and reads one answer."""
        with self.tls(cert, **kwargs) as sock:
            sock.sendall(data)
            return read_answer(sock, method)

    def variables(self, params=None, stdin=b"", proof=True):
        """Of a request to the gate, as a web server would set them; None in `params`: not that."""
        variables = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/", "SERVER_PROTOCOL": "HTTP/1.1",
                     "SERVER_NAME": "localhost", "SERVER_PORT": str(self.port),
                     "SERVER_ADDR": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1",
                     "REMOTE_PORT": "40000", "HTTPS": "on", "SSL_CLIENT_VERIFY": "NONE",
                     "HTTP_HOST": f"localhost:{self.port}", "CERTGATE_PREFIX": "/",
                     "CERTGATE_SITE": self.name}
        if proof:
            variables["CERTGATE_PROOF"] = self.proof
        if stdin:
            variables["CONTENT_LENGTH"] = str(len(stdin))
        variables.update(params or {})
        return {n: v for n, v in variables.items() if v is not None}

    def fcgi(self, params=None, stdin=b"", proof=True, socket_path=None, **more):
        """Straight to the gate's socket, as a web server would."""
        return fcgi.request(socket_path or self.gate_socket,
                            self.variables(params, stdin, proof), stdin, **more)
