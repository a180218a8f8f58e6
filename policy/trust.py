"""Certificates that Rancher, its agents and browsers trust."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy, Severity

from domain import type_tokens as kinds
from policy.helm_release import is_rancher
from policy.reading import UNKNOWN, Unknown, boolean, by_type, mapping, text

CA_SECRET = "tls-ca"  # noqa: S105 - a name
CA_KEY = "cacerts.pem"
TLS = "kubernetes.io/tls"
TLS_KEY = "tls.crt"
REMEDY = "Give the stack a new one (docs/certificates.md)"


def ca_key(args: ResourceValidationArgs) -> Iterator[str]:
    """Rancher reads its CA from one key only."""
    if text(args.props, "metadata", "name") != CA_SECRET:
        return
    contents = content(args.props)
    if contents is not UNKNOWN and CA_KEY not in contents:
        yield (
            f"secret {CA_SECRET} has {len(contents)} keys ({', '.join(sorted(contents)) or 'none'}) and not "
            f"{CA_KEY}, the only one that Rancher reads. Put the CA's PEM under {CA_KEY}"
        )


def certificate_lasts(args: ResourceValidationArgs) -> Iterator[str]:
    """A server's certificate and what it is sent with, or each CA, expires soon.

    Old and new CA are in the bundle together while a CA is changed: one that lasts is enough here. Which of
    them is in use depends on the server's certificate, so ``policy.trust_stack`` judges that.
    """
    name = text(args.props, "metadata", "name")
    if name == CA_SECRET:
        key = CA_KEY
    elif text(args.props, "type") == TLS:
        key = TLS_KEY
    else:
        return
    contents = content(args.props)
    if contents is UNKNOWN or key not in contents:
        return
    days = int(args.get_config()["certificateDays"])
    try:
        end = _last_end(contents[key]) if key == CA_KEY else _end_of_chain(contents[key])
    except ValueError:
        yield f"secret {name} has no certificate under {key}, at least 1 is needed. {REMEDY}"
        return
    left = end - datetime.now(UTC)
    if left < timedelta(days=days):
        yield (
            f"the certificate in secret {name} expires on {end:%Y-%m-%d}, in {left.days} days; at least "
            f"{days} must be left (certificateDays). {REMEDY}"
        )


def private_ca(args: ResourceValidationArgs) -> Iterator[str]:
    """Without privateCA the agents get no CA, and reject Rancher's certificate."""
    if not is_rancher(args) or args.get_config()["publicCa"]:
        return
    private = boolean(args.props, "values", "privateCA")
    if not private:
        yield (
            f"Rancher's value privateCA is {'not set' if private is None else 'false'}, and its certificate "
            "is not from a public CA: agents would reject it. Set privateCA to true; or, with a certificate "
            "from a public CA, publicCa in the configuration of policy trusted-certificates"
        )


CERTIFICATE_DAYS = "Days for which a certificate must be valid at least."

TRUSTED_CERTIFICATES = ResourceValidationPolicy(
    name="trusted-certificates",
    description="Browsers and agents trust Rancher's certificate, and it does not expire soon.",
    validate=by_type({kinds.SECRET: [ca_key, certificate_lasts], kinds.RELEASE: [private_ca]}),
    config_schema=PolicyConfigSchema(
        {
            "certificateDays": {
                "type": "integer",
                "minimum": 0,
                "default": 14,
                "description": CERTIFICATE_DAYS,
            },
            "publicCa": {
                "type": "boolean",
                "default": False,
                "description": "Whether Rancher's certificate is from a public CA, which every system "
                "trusts.",
            },
        }
    ),
    display_name="Trusted certificates",
    severity=Severity.HIGH,
    tags=["tls"],
    remediation_steps="See docs/certificates.md: sources, checks, and renewal.",
    url="https://ranchermanager.docs.rancher.com/getting-started/installation-and-upgrade/resources/add-tls-secrets",
)


def content(props: object) -> dict[str, bytes] | Unknown:
    """A Secret's keys and contents; ``UNKNOWN`` if any is.

    Raises:
        WrongTypeError: It has a type that a Secret cannot have.
    """
    data, plain = mapping(props, "data"), mapping(props, "stringData")
    if data is UNKNOWN or plain is UNKNOWN:
        return UNKNOWN
    encoded = data or {}
    decoded = {key: _decoded(encoded, key) for key in encoded}
    return {**decoded, **{key: str(item).encode() for key, item in (plain or {}).items()}}


def _decoded(data: Mapping[str, Any], key: str) -> bytes:
    """A value of ``data``; empty when it is not Base64, which the API refuses."""
    encoded = text(data, key)
    try:
        return base64.b64decode(encoded) if isinstance(encoded, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _last_end(pem: bytes) -> datetime:
    """When the last of the certificates ends.

    Raises:
        ValueError: There is none.
    """
    from cryptography import x509  # noqa: PLC0415 - takes 0.1 s, which a stack without certificates saves

    return max(item.not_valid_after_utc for item in x509.load_pem_x509_certificates(pem))


def _end_of_chain(pem: bytes) -> datetime:
    """When the first certificate of the server's path ends, as far as the chain goes.

    Raises:
        ValueError: There is no certificate.
    """
    from policy.trust_path import longest_lasting  # noqa: PLC0415 - costs 0.1 s, see above

    return min(item.x509.not_valid_after_utc for item in longest_lasting(pem, b""))
