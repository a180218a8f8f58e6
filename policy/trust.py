"""Certificates that Rancher, its agents and browsers trust (article, step 3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy, Severity

from domain import type_tokens as kinds
from policy.helm_release import is_rancher
from policy.reading import UNKNOWN, by_type, plain, value

CA_SECRET = "tls-ca"  # noqa: S105 - a name
CA_KEY = "cacerts.pem"
_TLS = "kubernetes.io/tls"


def ca_key(args: ResourceValidationArgs) -> Iterator[str]:
    """Rancher finds its CA under one key only."""
    if value(args.props, "metadata", "name") != CA_SECRET:
        return
    content = _content(args)
    if content is not UNKNOWN and CA_KEY not in content:
        yield (
            f"secret {CA_SECRET} has {len(content)} keys ({', '.join(sorted(content)) or 'none'}) and not "
            f"{CA_KEY}, the only one that Rancher reads. Put the CA's PEM under {CA_KEY}"
        )


def certificate_lasts(args: ResourceValidationArgs) -> Iterator[str]:
    """A certificate, or a CA, that ends soon takes Rancher and every agent with it."""
    name = value(args.props, "metadata", "name")
    if name == CA_SECRET:
        key = CA_KEY
    elif value(args.props, "type") == _TLS:
        key = "tls.crt"
    else:
        return
    content = _content(args)
    if content is UNKNOWN or key not in content:
        return
    days = int(args.get_config()["certificateDays"])
    remedy = "Give the stack a new one (docs/certificates.md)"
    try:
        end = _first_end(content[key])
    except ValueError:
        yield f"secret {name} holds 0 certificates under {key}, at least 1 is needed. {remedy}"
        return
    left = end - datetime.now(UTC)
    if left < timedelta(days=days):
        yield (
            f"the certificate in secret {name} ends on {end:%Y-%m-%d}, in {left.days} days; at least {days} "
            f"have to be left (certificateDays). {remedy}"
        )


def private_ca(args: ResourceValidationArgs) -> Iterator[str]:
    """Without privateCA the agents are told of no CA, and refuse Rancher's certificate."""
    if not is_rancher(args) or args.get_config()["publicCa"]:
        return
    told = value(args.props, "values", "privateCA")
    if told is not UNKNOWN and told is not True and str(told).lower() != "true":
        yield (
            f"Rancher's value privateCA is {told!r}, and its certificate is of no public CA: agents would "
            "not trust it. Set privateCA to true; or, with a certificate of a public CA, publicCa in the "
            "configuration of policy trusted-certificates"
        )


TRUSTED_CERTIFICATES = ResourceValidationPolicy(
    name="trusted-certificates",
    description="Browsers and agents trust Rancher's certificate, and will for a while.",
    validate=by_type({kinds.SECRET: [ca_key, certificate_lasts], kinds.RELEASE: [private_ca]}),
    config_schema=PolicyConfigSchema(
        {
            "certificateDays": {
                "type": "integer",
                "minimum": 0,
                "default": 14,
                "description": "Days for which a certificate has to be valid at least.",
            },
            "publicCa": {
                "type": "boolean",
                "default": False,
                "description": "Whether Rancher's certificate is of a CA that every system trusts anyway.",
            },
        }
    ),
    display_name="Trusted certificates",
    severity=Severity.HIGH,
    tags=["tls"],
    remediation_steps="See docs/certificates.md: sources, checks, and how a new certificate is given.",
    url="https://ranchermanager.docs.rancher.com/getting-started/installation-and-upgrade/resources/add-tls-secrets",
)


def _content(args: ResourceValidationArgs) -> Any:
    """The Secret's keys and contents; ``UNKNOWN`` when any is."""
    data, text = plain(value(args.props, "data")), plain(value(args.props, "stringData"))
    if data is UNKNOWN or text is UNKNOWN:
        return UNKNOWN
    try:
        decoded = {key: base64.b64decode(item or "") for key, item in (data or {}).items()}
    except (binascii.Error, ValueError):
        decoded = dict.fromkeys(data, b"")
    return {**decoded, **{key: str(item).encode() for key, item in (text or {}).items()}}


def _first_end(pem: bytes) -> datetime:
    """When the first of the certificates ends.

    Raises:
        ValueError: There is none.
    """
    from cryptography import x509  # noqa: PLC0415 - costs 0.1 s, which a stack without certificates saves

    return min(item.not_valid_after_utc for item in x509.load_pem_x509_certificates(pem))
