"""The CA that Rancher's certificate leads to must last: judged over both Secrets, at the end of a preview."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pulumi_policy import (
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from domain import type_tokens as kinds
from policy.reading import UNKNOWN, WrongTypeError, value
from policy.trust import (
    CA_KEY,
    CA_SECRET,
    CERTIFICATE_DAYS,
    REMEDY,
    TLS,
    TLS_KEY,
    TRUSTED_CERTIFICATES,
    content,
)


def authority_lasts(resources: list[PolicyResource], days: int) -> Iterator[str]:
    """Judge the path in use: while CAs are changed, the old one may expire beside the new one."""
    secrets = [resource.props for resource in resources if resource.resource_type == kinds.SECRET]
    found = [(props, contents) for props in secrets if (contents := _contents(props))]
    bundles = [item[CA_KEY] for props, item in found if _name(props) == CA_SECRET and CA_KEY in item]
    for props, contents in found:
        if value(props, "type") == TLS and TLS_KEY in contents:
            for bundle in bundles:
                yield from _judge(contents[TLS_KEY], bundle, str(_name(props)), days)


def _name(props: object) -> object:
    return value(props, "metadata", "name")


def _contents(props: object) -> dict[str, bytes]:
    """A Secret's contents; empty if unknown or invalid, which the policy on the Secret reports."""
    try:
        contents = content(props)
    except WrongTypeError:
        return {}
    return {} if contents is UNKNOWN else contents


def _judge(chain: bytes, bundle: bytes, name: str, days: int) -> Iterator[str]:
    from policy.trust_path import longest_lasting  # noqa: PLC0415 - costs 0.1 s

    try:
        path = longest_lasting(chain, bundle)
    except ValueError:
        return  # reported by the policy on the Secret itself
    first = min(path, key=lambda item: item.x509.not_valid_after_utc)
    end = first.x509.not_valid_after_utc
    left = end - datetime.now(UTC)
    if first is not path[0] and left < timedelta(days=days):
        yield (
            f"the CA {first.name}, which the certificate in secret {name} leads to, expires on "
            f"{end:%Y-%m-%d}, in {left.days} days; at least {days} must be left (certificateDays). {REMEDY}"
        )


def validate(args: StackValidationArgs, report: ReportViolation) -> None:
    """Report what the rule finds."""
    for message in authority_lasts(args.resources, int(args.get_config()["certificateDays"])):
        report(message, None)


TRUSTED_CERTIFICATES_STACK = StackValidationPolicy(
    name="trusted-certificates-stack",
    description="The CA that Rancher's certificate leads to must last as well.",
    validate=validate,
    config_schema=PolicyConfigSchema(
        {
            "certificateDays": {
                "type": "integer",
                "minimum": 0,
                "default": 14,
                "description": CERTIFICATE_DAYS,
            },
        }
    ),
    display_name="CA in use",
    severity=Severity.HIGH,
    tags=["tls"],
    remediation_steps="Change the CA with old and new one in the bundle: docs/certificates.md, Rotation.",
    url=TRUSTED_CERTIFICATES.url,
)
