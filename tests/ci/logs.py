"""Event logs as the engine writes them, made of the few parts that a test is about."""

from __future__ import annotations

import json
from typing import Any

from ci.events import Report, read
from domain.redaction import Redactor

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

CLUSTER = "pulumi-python:dynamic/pks:Cluster"
RELEASE = "kubernetes:helm.sh/v3:Release"
IN_RANCHER = "rancher-on-pks:rancher:RancherServer$rancher-on-pks:helm:HelmRelease$"


def urn(kind: str, name: str, parents: str = "") -> str:
    return f"urn:pulumi:prod::rancher-on-pks::{parents}{kind}::{name}"


def step(
    op: str,
    kind: str,
    name: str,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    *,
    parents: str = "",
    event: str = "resourcePreEvent",
    **more: Any,
) -> dict[str, Any]:
    """The event of one step."""
    states = {
        "old": None if old is None else {"inputs": old, "outputs": old},
        "new": None if new is None else {"inputs": new, "outputs": {}},
    }
    return {event: {"metadata": {"op": op, "urn": urn(kind, name, parents), "type": kind, **states, **more}}}


def summary(**counts: int) -> dict[str, Any]:
    return {"summaryEvent": {"resourceChanges": counts, "result": "succeeded"}}


def diagnostic(severity: str, message: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": f"<{{%reset%}}>{message}<{{%reset%}}>\n"}}


def violation(message: str, *, level: str = "mandatory", name: str = "capacity-figures") -> dict[str, Any]:
    kind = "pulumi-python:dynamic/capacity:PodNetwork"
    event = {"policyName": "pod-network", "enforcementLevel": level, "message": message}
    return {"policyEvent": {**event, "resourceUrn": urn(kind, name)}}


def log(*events: dict[str, Any]) -> list[str]:
    return [json.dumps(event) for event in events]


def report(*events: dict[str, Any], mask: Redactor | None = None) -> Report:
    return read(log(*events), mask)
