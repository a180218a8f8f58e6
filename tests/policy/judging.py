"""Runs policies as the server for the engine does, with the configuration that the engine fills in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

UNKNOWN = UNKNOWN_STRING_VALUE
"""Stands for an input that is unknown at preview."""

Resource = tuple[str, str, Mapping[str, Any]]
"""Type, name, properties."""


def defaults(policy: Policy) -> dict[str, Any]:
    """The configuration that the engine makes from the schema when nothing is set."""
    assert policy.config_schema is not None
    return {key: schema["default"] for key, schema in policy.config_schema.properties.items()}


def judge(
    policy: ResourceValidationPolicy,
    kind: str,
    props: Mapping[str, Any],
    *,
    name: str = "it",
    protect: bool = False,
    **config: Any,
) -> list[str]:
    """The violations of one resource.

    Raises:
        UnknownValueError: The policy read an unknown value: the engine would make it advisory.
    """
    reported: list[str] = []
    checked = unknown_checking_proxy(dict(props))
    settings = {**defaults(policy), **config}
    args = ResourceValidationArgs(kind, checked, _urn(kind, name), name, _options(protect), None, settings)
    policy.validate(args, _reporter(reported))
    return reported


def judge_stack(
    policy: StackValidationPolicy,
    resources: Sequence[Resource],
    *,
    project: str = "rancher-on-pks",
    children_of: str = "",
    **config: Any,
) -> list[str]:
    """The violations of a stack.

    Args:
        policy: The policy.
        resources: What the stack has.
        project: The stack's project.
        children_of: Name of the resource that the others are children of.
        config: The policy's configuration, beside its defaults.

    Raises:
        UnknownValueError: The policy read an unknown value: the engine would make it advisory.
    """
    reported: list[str] = []
    known = [
        PolicyResource(
            kind,
            unknown_checking_proxy(dict(props)),
            _urn(kind, name, project),
            name,
            _options(),
            None,
            None,
            [],
            {},
        )
        for kind, name, props in resources
    ]
    if children_of:
        parent = next(item for item in known if item.name == children_of)
        for item in known:
            item.parent = None if item is parent else parent
    args = StackValidationArgs(known, {**defaults(policy), **config})
    policy.validate(args, _reporter(reported))
    return reported


def _reporter(reported: list[str]) -> ReportViolation:
    def report(message: str, _urn: str | None = None) -> None:
        reported.append(message)

    return report


def _urn(kind: str, name: str, project: str = "rancher-on-pks") -> str:
    return f"urn:pulumi:test::{project}::{kind}::{name}"


def _options(protect: bool = False) -> PolicyResourceOptions:
    return PolicyResourceOptions(protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
