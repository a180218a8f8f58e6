"""The engine's event log of a preview or a refresh (``pulumi ... --event-log FILE``). Pure.

It has one event a line and, unlike ``pulumi preview --json``, what the policies found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ci.problem import StepError
from domain.documents import loads
from domain.redaction import MASK, Redactor
from domain.shapes import Shape, ShapeError, check

REPLACE = "replace"
"""Operation of a resource that is deleted and created again."""

_REPLACEMENTS = {"replace", "create-replacement", "delete-replaced", "import-replacement", "read-replacement"}
_NO_CHANGE = {"same", "read", "refresh", "read-discard", "discard-replaced", "remove-pending-replace"}
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that only the update will know."""
_SECRET_KEY = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the engine's signature of an encrypted value
_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*[A-Za-z]")

Missing = object()

_STATE: Shape = {"inputs": dict, "outputs": dict}
_STEP: Shape = {
    **{"op!": str, "urn!": str, "type!": str, "old": _STATE, "new": _STATE},
    **{"keys": [str], "diffs": [str], "detailedDiff": dict},
}
_EVENT: Shape = {
    "resourcePreEvent": {"metadata!": _STEP},
    "resOutputsEvent": {"metadata!": _STEP},
    "policyEvent": {"message!": str, "policyName!": str, "enforcementLevel!": str, "resourceUrn": str},
    "diagnosticEvent": {"severity!": str, "message!": str},
    "summaryEvent": {"resourceChanges": {str: int}},
}
"""What is read of an event."""


@dataclass(frozen=True)
class Property:
    """A property that changes.

    Attributes:
        path: Its path in the resource's inputs.
        old: What it is; None when it is not there.
        new: What it will be; None when it goes.
    """

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Change:
    """What happens to one resource.

    Attributes:
        urn: Its URN.
        kind: Its type token.
        operation: ``create``, ``update``, ``replace``, ``delete``, or another of the engine's words.
        properties: What changes, of an update or a replacement.
        because: Properties that make it a replacement.
    """

    urn: str
    kind: str
    operation: str
    properties: tuple[Property, ...] = ()
    because: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the resource in the stack."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Violation:
    """What a policy found.

    Attributes:
        policy: Name of the policy.
        mandatory: Whether it stops the update.
        resource: Name of the resource; empty for the stack.
        message: What is wrong, and the remedy.
    """

    policy: str
    mandatory: bool
    resource: str
    message: str


@dataclass
class Report:
    """What a run reported.

    Attributes:
        changes: The resources that change, in the order of the engine.
        counts: Number of resources by operation.
        violations: What the policies found.
        warnings: Warnings.
        errors: Why it failed.
        inputs: The planned inputs of each resource, by type token.
        deployed: The inputs of each resource in the state, by type token.
        finished: Whether the engine wrote its summary.
    """

    changes: list[Change] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    inputs: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    deployed: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    finished: bool = False


def read(lines: Iterable[str], mask: Redactor | None = None) -> Report:
    """Read an event log; a line that a killed run left incomplete is ignored.

    Args:
        lines: The log.
        mask: Hides secrets in every text, before anything is escaped or cut.

    Raises:
        StepError: The engine writes its events in another form.
    """
    report = Report()
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for event in _events(lines, mask or Redactor(())):
        if (step := event.get("resourcePreEvent") or event.get("resOutputsEvent")) is not None:
            metadata = step["metadata"]
            steps.setdefault(metadata["urn"], []).append(metadata)
        elif found := event.get("policyEvent"):
            report.violations.append(_violation(found))
        elif found := event.get("diagnosticEvent"):
            _diagnostic(found, report)
        elif found := event.get("summaryEvent"):
            report.counts = dict(found.get("resourceChanges") or {})
            report.finished = True
    for urn, all_steps in steps.items():
        if (change := _change(urn, all_steps)) is not None:
            report.changes.append(change)
        for step in all_steps[:1]:
            for part, found in (("new", report.inputs), ("old", report.deployed)):
                inputs = (step.get(part) or {}).get("inputs")
                if inputs is not None:
                    found.setdefault(step["type"], []).append(inputs)
    return report


def _events(lines: Iterable[str], mask: Redactor) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        try:
            event = mask.document(loads(line))
            if isinstance(event, dict):
                check(event, _EVENT)
                yield cast(Mapping[str, Any], event)
        except json.JSONDecodeError:
            continue
        except (ShapeError, ValueError) as error:  # what is left out could be the change that matters
            raise StepError(f"the engine's event log has an unknown form: {error}") from None


def _change(urn: str, steps: list[Mapping[str, Any]]) -> Change | None:
    """The one change that several steps of a resource amount to; None: none."""
    relevant = [step for step in steps if step["op"] not in _NO_CHANGE]
    if not relevant:
        return None
    replaced = [step for step in relevant if step["op"] in _REPLACEMENTS]
    main = next((step for step in replaced if step.get("old") and step.get("new")), relevant[0])
    operation = REPLACE if replaced else str(main["op"])
    both = operation in {"update", REPLACE}
    return Change(
        urn=urn,
        kind=main["type"],
        operation=operation,
        properties=tuple(_properties(main)) if both else (),
        because=tuple(main.get("keys") or ()) if replaced else (),
    )


def _properties(step: Mapping[str, Any]) -> Iterator[Property]:
    """The leaves that differ, of the properties that the engine names, or else of all inputs."""
    old, new = step.get("old") or {}, step.get("new") or {}
    changed = {_head(path) for path in (*(step.get("diffs") or ()), *(step.get("detailedDiff") or ()))}
    shown: set[str] = set()
    for part in ("inputs", "outputs"):
        before, after = old.get(part) or {}, new.get(part) or {}
        if part == "outputs" and not after:  # a preview knows no outputs, a refresh does
            continue
        keys = changed or (before.keys() | after.keys() if part == "inputs" else set())
        for key in sorted(keys - shown):
            if key.startswith("__"):
                continue
            for found in _leaves(key, before.get(key, Missing), after.get(key, Missing)):
                shown.add(key)
                yield found
    for key in sorted(changed - shown):
        value = (new.get("inputs") or {}).get(key, (old.get("inputs") or {}).get(key))
        # Both are hidden, so they look alike.
        if not key.startswith("__") and MASK in json.dumps(_clear(value)):
            yield Property(key, MASK, MASK)


def _leaves(path: str, old: object, new: object) -> Iterator[Property]:
    old, new = _clear(old), _clear(new)
    if old == new or (new is Missing and not old):  # a provider's default that is not filled in yet
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            if not key.startswith("__"):
                yield from _leaves(f"{path}.{key}", old.get(key, Missing), new.get(key, Missing))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(f"{path}[{index}]", before, after)
    else:
        yield Property(path, _text(old), _text(new))


def _clear(value: object) -> object:
    """The value without the engine's signatures."""
    if isinstance(value, Mapping):
        return MASK if _SECRET_KEY in value else {key: _clear(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clear(item) for item in value]
    return "(known after the update)" if value == _UNKNOWN else value


def _text(value: object) -> str | None:
    if value is Missing:
        return None
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _head(path: str) -> str:
    """The first key of a property path."""
    return re.split(r"[.\[]", path.removeprefix('["').replace('"]', "."), maxsplit=1)[0]


def _violation(event: Mapping[str, Any]) -> Violation:
    message = plain(event["message"])
    urn = str(event.get("resourceUrn") or "")
    return Violation(
        policy=event["policyName"],
        mandatory=event["enforcementLevel"] == "mandatory",
        resource="" if ":pulumi:Stack::" in urn else urn.rsplit("::", 1)[-1],
        message=message,
    )


def _diagnostic(event: Mapping[str, Any], report: Report) -> None:
    if event.get("ephemeral"):
        return
    severity = event["severity"]
    text = plain(event["message"])
    if not text:
        return
    if severity == "warning" and text not in report.warnings:
        report.warnings.append(text)
    elif severity == "error" and text not in report.errors:
        report.errors.append(text)


def plain(text: str) -> str:
    """The text without the engine's colours."""
    return _COLOUR.sub("", text).strip()
