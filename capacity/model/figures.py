"""Plans as documents: in the config, in a stack's output, and as what the policies judge.

A document is the plan's fields in camel case; a field that has its default may be left out. Numbers may be
floats without a fraction (protobuf has no others).
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping
from typing import Any

from capacity.model.plan import Block, CapacityError, Demand, Network, Plan

_WORDS = re.compile(r"_(\w)")


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-safe values, every field named."""
    return {"network": _dump(plan.network), "demands": [_dump(demand) for demand in plan.demands]}


def from_document(document: Mapping[str, Any]) -> Plan:
    """The plan of a document.

    Raises:
        CapacityError: With the first figure that cannot be right.
    """
    if not isinstance(document, Mapping):
        raise CapacityError(f"figures must be an object with network and demands, not {document!r}")
    extra = sorted(str(key) for key in document if key not in {"network", "demands"})
    if extra:
        raise CapacityError(f"{extra[0]} is no part of the figures; they have network and demands")
    demands = document.get("demands", [])
    if not isinstance(demands, list | tuple):
        raise CapacityError("demands must be a list, one entry a cluster")
    return Plan(
        network=network(document.get("network", {})),
        demands=tuple(_load(Demand, item, "demands") for item in demands),
    )


def network(document: object) -> Network:
    """The network of a document.

    Raises:
        CapacityError: With the first figure that cannot be right.
    """
    return _load(Network, document, "network")


_T = typing.TypeVar("_T", Network, Demand, Block)


def _load(kind: type[_T], document: object, where: str) -> _T:
    if not isinstance(document, Mapping):
        raise CapacityError(f"{where} must be an object, not {document!r}")
    types = typing.get_type_hints(kind)
    names = {_camel(field.name): field.name for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key not in names:
            raise CapacityError(f"{where}: {key} is no figure; known are {', '.join(names)}")
        values[names[key]] = _value(types[names[key]], value, f"{where}.{key}")
    missing = [
        _camel(field.name)
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.name not in values
    ]
    if missing:
        raise CapacityError(f"{where}: {missing[0]} is missing")
    return kind(**values)


def _value(wanted: Any, value: object, where: str) -> object:
    if wanted == tuple[Block, ...]:
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(_load(Block, {"cidr": i} if isinstance(i, str) else i, where) for i in items)
    if wanted == tuple[int, ...]:
        if not isinstance(value, list | tuple):
            raise CapacityError(f"{where} must be a list of whole numbers, not {value!r}")
        return tuple(_integer(item, where) for item in value)
    if wanted == int | None and value is None:
        return None
    if wanted in (int, int | None):
        return _integer(value, where)
    if wanted is bool:
        if not isinstance(value, bool):
            raise CapacityError(f"{where} is {value!r}; it must be true or false")
        return value
    if not isinstance(value, str) and not (value is None and wanted == str | None):
        raise CapacityError(f"{where} is {value!r}; it must be a text")
    return value


def _integer(value: object, where: str) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        raise CapacityError(f"{where} is {value!r}; it must be a whole number")
    return int(typing.cast(float, value))


def _dump(item: Any) -> dict[str, Any]:
    return {_camel(field.name): _plain(getattr(item, field.name)) for field in dataclasses.fields(item)}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_dump(item) if isinstance(item, Block) else item for item in value]
    return value


def _camel(name: str) -> str:
    return _WORDS.sub(lambda match: match[1].upper(), name)
