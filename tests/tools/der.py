"""Certificates put together by hand, with contents that no tool would write.

Their signature is none: whoever pins a whole certificate does not look at it.
"""
import base64


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        head = bytes([size])
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + head + body


def seq(*parts):
    return tlv(0x30, *parts)


def oid(text):
    arcs = [int(arc) for arc in text.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        piece = bytes([arc & 0x7f])
        while arc := arc >> 7:
            piece = bytes([0x80 | arc & 0x7f]) + piece
        out += piece
    return tlv(6, out)


CN, O, OU, C = "2.5.4.3", "2.5.4.10", "2.5.4.11", "2.5.4.6"
UTF8, PRINTABLE, TELETEX, IA5, BMP, UNIVERSAL = 12, 19, 20, 22, 30, 28
# P-256; its public half is that of whoever asks.
ALGORITHM = seq(oid("1.2.840.10045.4.3.2"))


def name(*attributes):
    """(type, tag, bytes or text) each; a list of them is one RDN of several."""
    rdns = []
    for attribute in attributes:
        several = attribute if isinstance(attribute, list) else [attribute]
        rdns.append(tlv(0x31, *sorted(
            seq(oid(kind), tlv(tag, value.encode() if isinstance(value, str) else value))
            for kind, tag, value in several)))
    return seq(*rdns)


def extension(kind, value, critical=False):
    return seq(oid(kind), tlv(1, b"\xff") if critical else b"", tlv(4, value))


def alt_names(*names):
    """(tag, bytes or text) each: 0x82 DNS, 0x81 e-mail, 0x86 URI, 0x87 IP, 0xa4 a Name."""
    return extension("2.5.29.17", seq(*(
        tlv(tag, value.encode() if isinstance(value, str) else value) for tag, value in names)))


def time(text):
    """YYYYMMDDHHMMSSZ"""
    return tlv(0x17, text[2:].encode()) if "1950" <= text[:4] < "2050" else tlv(0x18, text.encode())


def certificate(spki, subject, issuer=None, serial=b"\x01", extensions=(), dates=None, version=2):
    """The DER."""
    dates = dates or ("20250101000000Z", "20490101000000Z")
    body = seq(tlv(0xa0, tlv(2, bytes([version]))) if version else b"", tlv(2, serial), ALGORITHM,
               subject if issuer is None else issuer, seq(*(time(t) for t in dates)), subject, spki,
               tlv(0xa3, seq(*extensions)) if extensions else b"")
    return seq(body, ALGORITHM, tlv(3, b"\0" + seq(tlv(2, b"\x11" * 32), tlv(2, b"\x22" * 32))))


def pem(der, label="CERTIFICATE", columns=64, end="\n"):
    text = base64.b64encode(der).decode()
    lines = [text[at:at + columns] for at in range(0, len(text), columns)]
    return end.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
