#!/usr/bin/python3
"""Requests that no API gets, whoever sends them: targets and fields that are malformed, and bodies that are too
large.  Each refusal is the row of the contract's table."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from answers import Answer, Headers  # noqa: E402
import fcgi  # noqa: E402
from refusals import NO_API, Refusals  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

site = Site()
calls = Refusals(site)
curl, marked, passes, patch, refused, straight = (
    calls.curl, calls.marked, calls.passes, calls.patch, calls.refused, calls.straight)

BAD_TARGETS = [
    ("..", "/mtls-api/../x", "dot segment"),
    (".. at the end", "/mtls-api/x/..", "dot segment"),
    (".", "/mtls-api/./x", "dot segment"),
    (". at the end", "/mtls-api/.", "dot segment"),
    ("%2e%2e", "/mtls-api/%2e%2e/x", "dot segment"),
    (".%2E", "/mtls-api/.%2E/x", "dot segment"),
    ("..%2f", "/mtls-api/..%2fx", "dot segment"),
    ("%2f..%2f", "/mtls-api/x%2F..%2Fy", "dot segment"),
    ("..%5c", "/mtls-api/..%5Cx", "dot segment"),
    ("..;", "/mtls-api/..;a=b/x", "dot segment"),
    ("a backslash", "/mtls-api/a\\b", "backslash"),
    ("%00", "/mtls-api/a%00b", "control"),
    ("%0d%0a", "/mtls-api/a%0d%0aX:1", "control"),
    ("%7f", "/mtls-api/a%7f", "control"),
    ("%00 in the query", "/mtls-api/x?a=%00", "NUL"),
    ("a control character", "/mtls-api/a\x01b", "control"),
    ("a line break", "/mtls-api/a\nb", "control"),
    ("a space", "/mtls-api/a b", "space"),
    ("a fragment", "/mtls-api/x#y", "fragment"),
    ("a lone %", "/mtls-api/100%", "%"),
    ("% without digits", "/mtls-api/%zz", "%"),
    ("% with one digit", "/mtls-api/%4/x", "%"),
    ("no slash", "mtls-api/x", "begins with a slash"),
    ("*", "*", "begins with a slash"),
    ("nothing", "", "begins with a slash"),
    ("another scheme", "ftp://localhost/mtls-api/x", "begins with a slash"),
    ("65 kB", "/mtls-api/" + "x" * 66000, "longer than"),
]
BAD_FIELDS = [
    ("a length that is no number", {"CONTENT_LENGTH": "1x"}, "Content-Length"),
    ("a negative length", {"CONTENT_LENGTH": "-1"}, "Content-Length"),
    ("a length with a sign", {"CONTENT_LENGTH": "+1"}, "Content-Length"),
    ("a length beyond numbers", {"CONTENT_LENGTH": "9" * 40}, "Content-Length"),
    ("two lengths", {"CONTENT_LENGTH": "1", "HTTP_CONTENT_LENGTH": "2"}, "two lengths"),
    ("length and chunks", {"CONTENT_LENGTH": "1", "HTTP_TRANSFER_ENCODING": "chunked"},
     "both a length and chunks"),
    ("another transfer coding", {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, "transfer coding"),
    ("a line break in a field", {"HTTP_X_A": "a\nX-Certgate-Key-Id: b"}, "line break"),
    ("a carriage return in a field", {"HTTP_X_A": "a\rb"}, "line break"),
    ("a name that is none", {"HTTP_X A": "b"}, "name that is not allowed"),
    ("a colon in a name", {"HTTP_X:A": "b"}, "name that is not allowed"),
    ("201 fields", {f"HTTP_X_{n}": "" for n in range(201)}, "too many header fields"),
    ("a method that is none", {"REQUEST_METHOD": "GE T"}, "method"),
    ("no method", {"REQUEST_METHOD": None}, "method"),
    ("a method of 40 letters", {"REQUEST_METHOD": "X" * 40}, "method"),
]


def bad_request_rows():
    for name, target, detail in BAD_TARGETS:
        calls.is_refusal(straight(target, cert=a), 400, "bad_request", None, detail, name)
    for name, variables, detail in BAD_FIELDS:
        refused(name, "/mtls-api/x", 400, "bad_request", None, detail, how=straight, cert=a,
                **variables)
    for name, fields in (("two Authorization fields", ["HTTP_AUTHORIZATION"] * 2),
                         ("two spellings of one", ["HTTP_AUTHORIZATION", "HTTP_authorization"])):
        got = fcgi.request(site.gate_socket, [
            ("REQUEST_METHOD", "GET"), ("REQUEST_URI", marked("/mtls-api/x", name)), ("HTTPS", "on"),
            ("CERTGATE_PROOF", site.proof), ("REMOTE_ADDR", "127.0.0.1"),
            *((field, "Bearer " + token_a) for field in fields)])
        calls.is_refusal(Answer(got.status, Headers(got.headers), got.body), 400, "bad_request", None,
                         "more than once", name)
    # By way of Apache: whoever refuses, nothing passes, and what the gate refuses is told in JSON.
    told = 0
    for name, target, _ in BAD_TARGETS:
        if " " in target or "\n" in target or len(target) > 60000:
            continue
        mark = marked("", name)
        line = f"GET {target}{mark if '?' not in target and '#' not in target else ''} HTTP/1.1"
        answer = site.raw(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
                          cert=a)
        ok(400 <= answer.status < 500, f"{name}, through Apache")
        told += answer.headers.get("content-type") == "application/problem+json"
    ok(told >= 8, "most of them by the gate")
    is_eq([r["target"] for r in site.upstream_log() if ".." in r["target"].partition("?")[0]
           and "/..." not in r["target"]], [], "no dot segment reached the upstream")


def body_rows():
    """max_body_bytes."""
    def send(size, *args, path="/small/x"):
        return lambda p: curl(p, *args, data=b"x" * size, cert=a)

    too_large = (413, "body_too_large", None, r"larger than this API takes \(1000 bytes\)")
    chunked = ("-H", "Transfer-Encoding: chunked")
    for http in "--http1.1", "--http2":
        passes(f"{http}: 1000 bytes of 1000", "/small/x", key_a, how=send(1000, http))
        refused(f"{http}: 1001 bytes", "/small/x", *too_large, how=send(1001, http))
        refused(f"{http}: 50 kB", "/small/x", *too_large, how=send(50000, http))
        passes(f"{http}: no body", "/small/x", key_a, cert=a)
    passes("1000 bytes in chunks", "/small/x", key_a, how=send(1000, *chunked))
    refused("1001 bytes in chunks", "/small/x", *too_large, arrives=True,
            how=send(1001, *chunked))
    refused("200 kB in chunks", "/small/x", *too_large, arrives=True, how=send(200000, *chunked))
    refused("1001 bytes, asked before", "/small/x", *too_large,
            how=send(1001, "-H", "Expect: 100-continue"))
    refused("who may not call is told that first", "/small/x", 403, "credential_unknown", NO_API,
            "register", how=lambda p: curl(p, data=b"x" * 1001, cert=stranger))
    got = [r for r in site.upstream_log() if r["complete"] and r["body_bytes"] > 1000]
    is_eq(got, [], "no upstream got a larger body whole")
    patch("/apis/" + small["id"], max_body_bytes=0)
    passes("limit 0: no body passes", "/small/x", key_a, cert=a)
    passes("limit 0: nor an empty one", "/small/x", key_a, how=send(0))
    nothing = (413, "body_too_large", None, r"\(0 bytes\)")
    refused("limit 0: one byte", "/small/x", *nothing, how=send(1))
    refused("limit 0: one byte in a chunk", "/small/x", *nothing, arrives=True,
            how=send(1, *chunked))
    patch("/apis/" + small["id"], max_body_bytes=None)
    passes("no limit", "/small/x", key_a, how=send(300000))


with site:
    mtls = site.make_api("mtls-api")
    small = site.make_api("small", max_body_bytes=1000)
    a, stranger = site.make_cert("a"), site.make_cert("stranger")
    key_a = site.make_key("A", a, apis=[mtls, small], token=True)
    token_a = key_a.pop("token")

    for title, part in (("bad request", bad_request_rows), ("body", body_rows)):
        with case(title):
            part()
    calls.none_arrived(30)
done_testing()
