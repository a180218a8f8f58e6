"""DER, as far as certificates are put together here."""

from __future__ import annotations


def replaced(body: bytes, old: bytes, new: bytes) -> bytes:
    """Returns a SEQUENCE with something in it replaced; lengths may differ."""
    header = 2 if body[1] < 0x80 else 2 + (body[1] & 0x7F)
    return encode(0x30, body[header:].replace(old, new, 1))


def encode(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
