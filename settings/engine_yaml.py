"""YAML as the Pulumi engine reads it (Go library gopkg.in/yaml.v3, functions ``resolve`` and ``mapping``).

PyYAML reads YAML 1.1: ``yes`` is a boolean and ``1:30`` a number there, but texts to the engine.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import yaml

_MOST_NODES = 100_000
_PLAIN = "plain"
_TEXT = "tag:yaml.org,2002:str"
_BINARY = "tag:yaml.org,2002:binary"
_TYPES = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null", "timestamp")}
_KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:([Tt ])(\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[+-]\d\d:\d\d)?)?")
_INTEGERS = (
    (re.compile(r"[-+]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[-+]?0[bB][01]+"), 2),
    (re.compile(r"[-+]?0[oO]?[0-7]+"), 8),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), 10),
)


class YamlError(ValueError):
    """The engine refuses the text, or reads only a part of it."""


class _Loader(yaml.CSafeLoader):
    """Leaves plain scalars unresolved."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]


def compose(raw: bytes) -> yaml.Node | None:
    """The first document of a file; None when it is empty.

    Raises:
        YamlError: It is not YAML, or has more than one document.
    """
    try:
        documents = list(yaml.compose_all(raw.decode("utf-8-sig"), Loader=_Loader))
    except UnicodeDecodeError:
        raise YamlError("the file is not UTF-8 text") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlError(f"the file is not valid YAML: {' '.join(str(error).split())}") from None
    if len(documents) > 1:
        raise YamlError("the file has more than one document, of which Pulumi reads only the first")
    return documents[0] if documents else None


def members(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    """Keys and values of a mapping, merged ones (``<<``) last.

    Raises:
        YamlError: A key is not a text, or appears twice.
    """
    seen: set[Hashable] = set()
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag == _PLAIN and key.value == "<<":
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            continue
        name = scalar(key) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise YamlError(f"line {_line(key)}: the key {key.value!r} is not a text. Write it in quotes")
        if name in seen:
            raise YamlError(f"line {_line(key)}: the key {name} appears twice. Remove one of them")
        seen.add(name)
        yield name, value
    for source in merged:
        if not isinstance(source, yaml.MappingNode):
            raise YamlError(f"line {_line(source)}: `<<` needs a mapping")
        for name, value in members(source):
            if name not in seen:
                seen.add(name)
                yield name, value


def value(node: yaml.Node) -> Any:
    """The value of a node.

    Raises:
        YamlError: The engine refuses it.
    """
    return _value(node, [_MOST_NODES], ())


def scalar(node: yaml.ScalarNode) -> Any:
    """The value of a scalar: text, whole number, float, boolean, None, or a ``datetime``.

    Raises:
        YamlError: It does not have the type of its tag.
    """
    text = str(node.value)
    if node.tag == _PLAIN:
        return plain(text)
    if node.tag == _BINARY:
        try:
            return base64.b64decode(text).decode()
        except (binascii.Error, ValueError):
            raise YamlError(f"line {_line(node)}: the value is not base64 of a text") from None
    if node.tag in _TYPES and isinstance(plain(text), str):
        raise YamlError(f"line {_line(node)}: {text} does not have the type of its tag")
    return plain(text) if node.tag in _TYPES else text


def plain(text: str) -> Any:
    """The value of a scalar without quotes."""
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    if text[:1] not in "0123456789+-.":
        return text
    if (moment := _moment(text)) is not None:
        return moment
    bare = text.replace("_", "") if text[0] != "." else text
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(bare):
            number = int(re.sub(r"0[xXbBoO]", "0", bare, count=1), base)
            if -(2**63) <= number < 2**64:
                return number
    if _FLOAT.fullmatch(bare) and math.isfinite(float(bare)):
        return float(bare)
    return text


def _value(node: yaml.Node, budget: list[int], parents: tuple[yaml.Node, ...]) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise YamlError("the file has too many values, counting those of aliases")
    if node in parents:
        raise YamlError(f"line {_line(node)}: an anchor contains itself")
    if isinstance(node, yaml.MappingNode):
        return {name: _value(item, budget, (*parents, node)) for name, item in members(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, budget, (*parents, node)) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - the third and last kind
    return scalar(node)


def _moment(text: str) -> datetime | None:
    found = _DATE.fullmatch(text)
    if not found or (found[4] == " " if found[9] else found[4] in ("T", "t")):
        return None  # a zone is required after `T`, and not allowed after a space
    zone = (found[9] or "+00:00").replace("Z", "+00:00")
    clock = [f"{int(part or 0):02}" for part in found.group(5, 6, 7)]
    fraction = (found[8] or "")[:7]
    day = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
    try:
        return datetime.fromisoformat(f"{day}T{':'.join(clock)}{fraction}{zone}")
    except ValueError:
        return None


def go_float(number: float) -> str:
    """A finite float as Go's JSON encoder writes it, after the engine has written and read it once more."""
    if number == 0:
        return "0"
    if 1e-6 <= abs(number) < 1e21:
        text = f"{Decimal(repr(number)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return repr(number).replace("e-0", "e-")


def go_time(moment: datetime) -> str:
    """A time as Go's ``Time.String`` writes it."""
    zone = moment.strftime("%z")
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    name = "UTC" if moment.utcoffset() == UTC.utcoffset(None) else zone
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {zone} {name}"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
