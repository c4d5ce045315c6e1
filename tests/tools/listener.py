"""Upstreams of a test's own, by what they do with a connection."""
import contextlib
import socket
import ssl
import threading


class Listener:
    """Takes connections and hands them to `serve` in a thread; None: leaves them alone."""

    def __init__(self, serve, backlog=64):
        self.serve = serve
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.sock.getsockname()[1]
        if serve:
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        with sock, contextlib.suppress(OSError):
            self.serve(sock)


def answer_plain(sock):
    """For a Listener: 200 in whatever is asked, and the end."""
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def tls_listener(cert, maximum=None):
    """One that does the same over TLS; `maximum`: the only version, an ssl.TLSVersion."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if maximum:
        context.minimum_version = context.maximum_version = maximum
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(cert.path, cert.key)

    def serve(sock):
        with context.wrap_socket(sock, server_side=True) as inner:
            answer_plain(inner)

    return Listener(serve)
