"""Plans as documents: in the config, in a stack's output, and in what the policies judge.

A document has the plan's fields in camel case; a field that has its default may be left out. Numbers may be
floats without a fraction (protobuf has no others), and a block may be its CIDR alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from capacity.model.assessment import assess, with_use
from capacity.model.limits import POD_SUBNETS
from capacity.model.plan import CapacityError, Network, Plan, camel

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

CONFIGURED, LIVE = "configured", "nsx-t"
"""Where the figures of others come from: the config, or the NSX-T manager."""

_BLOCKS = tuple(camel(field.name) for field in fields(Network) if field.name.endswith("blocks"))


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-safe values, every field named."""
    document: dict[str, Any] = _adapter(Plan).dump_python(plan, mode="json", by_alias=True)
    return document


def summary(plan: Plan) -> dict[str, Any]:
    """Figures of the pod subnets, and the document that they come from."""
    assessment = assess(plan)
    subnets = assessment.limit(POD_SUBNETS.name)
    return {
        "blocks": [block.cidr for block in plan.network.blocks],
        "prefix": plan.network.subnet_prefix,
        "capacity": subnets.capacity,
        "used": subnets.used,
        "planned": subnets.planned,
        "headroom": subnets.headroom,
        "importedClusters": assessment.imported_clusters,
        "maxImportedClusters": assessment.max_imports,
        "figures": to_document(plan),
    }


def from_document(document: object) -> Plan:
    """The plan of a document.

    Raises:
        CapacityError: For the first invalid figure.
    """
    if not isinstance(document, Mapping):
        raise CapacityError(f"figures: not an object ({_shown(document)}). Give network and demands")
    given = dict(document)
    if "network" in given:
        given["network"] = _with_blocks(given["network"])
    plan: Plan = _load(Plan, given, "")
    return plan


def without_use(document: object) -> object:
    """A plan's document without what others use; as it is if an older release wrote it."""
    try:
        plan = from_document(document)
    except CapacityError:
        return document
    return to_document(replace(plan, network=with_use(plan.network, None)))


def network(document: object) -> Network:
    """The network of a document.

    Raises:
        CapacityError: For the first invalid figure.
    """
    found: Network = _load(Network, _with_blocks(document), "network")
    return found


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - the policy pack starts without it

    return TypeAdapter(kind)


def _load(kind: Any, document: object, where: str) -> Any:
    from pydantic import ValidationError  # noqa: PLC0415

    try:
        text = json.dumps(_whole(document), default=str, skipkeys=True)
        return _adapter(kind).validate_json(text)
    except ValidationError as error:
        raise CapacityError(_message(error, where)) from None
    except (RecursionError, ValueError):
        raise CapacityError(f"{where or 'figures'}: cannot be read. Give network and demands") from None


def _message(error: ValidationError, where: str) -> str:
    """The first problem of a document: where, what, and the value."""
    # An unknown figure explains a missing one: a typing error.
    first = min(error.errors(), key=lambda item: item["type"] != "unexpected_keyword_argument")
    path = ".".join(filter(None, (where, *(str(part) for part in first["loc"] if isinstance(part, str)))))
    match first["type"]:
        case "json_invalid":
            return f"{where or 'figures'}: cannot be read. Give network and demands"
        case "missing":
            return f"{path}: missing. Add it"
        case "unexpected_keyword_argument":
            owner = _FIELDS.get(path.split(".")[0] if "." in path else "", _FIELDS[""])
            return f"{path}: unknown figure. The known ones are {', '.join(owner)}"
        case _:
            wanted = str(first["msg"]).removeprefix("Input should be ")
            return f"{path}: must be {wanted} ({_shown(first['input'])})"


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "": tuple(camel(field.name) for field in fields(Plan)),
    "network": tuple(camel(field.name) for field in fields(Network)),
}


def _with_blocks(document: object) -> object:
    """The network's document with each block as an object."""
    if not isinstance(document, Mapping):
        return document
    given = dict(document)
    for key in _BLOCKS:
        if key in given:
            listed = given[key] if isinstance(given[key], list | tuple) else [given[key]]
            given[key] = [{"cidr": item} if isinstance(item, str) else item for item in listed]
    return given


def _whole(value: object) -> object:
    """The value with whole floats as integers; a dataclass field that is absent keeps its default."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 60
