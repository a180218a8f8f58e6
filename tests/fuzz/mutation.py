"""Mutations of documents and of bytes. Everything comes from the given ``Random``."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

_DEEP: Any = None
for _ in range(400):
    _DEEP = [_DEEP]

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**31, 10**30, float("inf"), float("nan")),
    *(
        "",
        " ",
        "x",
        "-x",
        "\0",
        "\n",
        "a\nb",
        "é",
        "\u2028",
        "\ud800",
        "{}",
        "[]",
        "null",
        "0",
        "-1",
        "1e999",
    ),
    *(
        "2026-05-01",
        "10.0.0.1",
        "10.0.0.0/33",
        "::1",
        "https://a b",
        "https://[",
        "../../etc/passwd",
        "%s{x}",
    ),
    *("A" * 5000, "9" * 5000, "=" * 99, "0" * 4301),
    *([], {}, [[]], [{}], [None], {"": None}, {"name": "x"}, [1, "a", None], {"a": {"b": []}}, _DEEP),
)
"""Values in the place of others."""
_PIECES = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\r\n",
        b"\n",
        b"\t",
        b" ",
        b"'",
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b": ",
        b",",
        b"- ",
        b"#",
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!python/object:os.system ",
    ),
    *(
        b"---\n",
        b"...",
        b"%",
        b"|",
        b">",
        b"~",
        b"null",
        b"1e999",
        b"0x",
        b"-",
        b"--",
        b"=",
        b"<html>",
        b"\x1f\x8b",
    ),
    *(
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----END CERTIFICATE-----\n",
        b"-----BEGIN",
        b"Error: ",
        b"status code '404'",
    ),
    *(b"[" * 3000, b'{"a":' * 3000, b"- " * 2000, b"A" * 20000, b"9" * 5000, b" " * 5000),
)


def document(draw: Random, sample: Any) -> Any:
    """A JSON document with one to four changes."""
    found = copy.deepcopy(sample)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        found = _changed(draw, found)
    return found


def raw(draw: Random, sample: bytes, others: tuple[bytes, ...] = ()) -> bytes:
    """Bytes with one to six changes."""
    found = bytearray(sample)
    for _ in range(draw.choice((1, 1, 2, 3, 6))):
        start = draw.randint(0, len(found))
        end = min(len(found), start + draw.choice((0, 1, 1, 4, 16, 200)))
        match draw.randrange(8):
            case 0:
                found[start:end] = draw.choice(_PIECES)
            case 1:
                del found[start:end]
            case 2:
                found[start:start] = found[start:end] * draw.choice((1, 1, 2, 50))
            case 3 if found:
                found[min(start, len(found) - 1)] = draw.randrange(256)
            case 4:
                del found[start:]
            case 5:
                found[start:end] = draw.randbytes(draw.choice((1, 4, 64)))
            case 6 if others:
                other = draw.choice(others)
                found[start:end] = other[draw.randint(0, len(other)) :]
            case _:
                lines = bytes(found).splitlines(keepends=True)
                draw.shuffle(lines)
                found = bytearray(b"".join(lines[: draw.choice((len(lines), 3))]))
    return bytes(found)


def text_of(draw: Random, value: Any) -> bytes:
    """The document as JSON; sometimes damaged."""
    try:
        encoded = json.dumps(value).encode()
    except RecursionError:
        encoded = b"[" * 3000
    return raw(draw, encoded) if draw.random() < 0.2 else encoded


def _changed(draw: Random, root: Any) -> Any:
    places = list(_places(root))
    if not places or draw.random() < 0.03:
        return copy.deepcopy(draw.choice(VALUES))  # a later change must not change it for others
    owner, key = draw.choice(places)
    match draw.randrange(10):
        case 0 | 1:
            del owner[key]
        case 2:
            owner[key] = [owner[key]]
        case 3:
            owner[key] = {"x": owner[key]}
        case 4:
            other, place = draw.choice(places)
            owner[key] = _copied(other[place]) if place in _keys(other) else None
        case 5 if isinstance(owner, dict):
            owner[str(key) + draw.choice(("", " ", "s", "\0"))] = owner.pop(key)
        case 6 if isinstance(owner, list):
            owner += [_copied(owner[key])] * draw.choice((1, 2, 300))
        case 7 if isinstance(owner[key], str):
            owner[key] = raw(draw, owner[key].encode(errors="replace")).decode(errors="replace")
        case _:
            owner[key] = copy.deepcopy(draw.choice(VALUES))
    return root


def _copied(value: Any) -> Any:
    """A copy, except of what was put into itself again and again."""
    try:
        return copy.deepcopy(value)
    except RecursionError:
        return None


def _keys(owner: Any) -> Any:
    return owner if isinstance(owner, dict) else range(len(owner))


def _places(root: Any) -> Iterator[tuple[Any, Any]]:
    pending = [root]
    while pending:
        owner = pending.pop()
        if isinstance(owner, dict):
            keys: list[Any] = list(owner)
        elif isinstance(owner, list):
            keys = list(range(len(owner)))[:50]
        else:
            continue
        for key in keys:
            yield owner, key
            pending.append(owner[key])
