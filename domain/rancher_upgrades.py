"""Which changes of a deployed Rancher are supported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.finding import Finding
from domain.rancher_releases import Release

_WEBHOOK_VARIABLE = "CATTLE_RANCHER_WEBHOOK_VERSION"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a deployed Rancher depends on.

    Attributes:
        release: Its release.
        ca: Identifies the CA bundle that it gives to agents; empty: none.
        webhook: Webhook version that it is pinned to; empty: that of the release.
    """

    release: Release
    ca: str
    webhook: str = ""


def findings(deployed: Deployment, wanted: Deployment) -> Iterator[Finding]:
    """Why a deployed Rancher must not be changed in this way. The keys are ``version`` and ``ca``."""
    old, new = deployed.release, wanted.release
    if new.version < old.version:
        yield Finding(
            key="version",
            problem=f"Rancher {new} is older than the deployed {old}: a rollback without a restore of "
            "Rancher's data is not supported and may break it (SUSE KB 000021304)",
            remedy=f"Keep {old}, or restore a backup as Rancher's documentation of rollbacks describes",
        )
    if new.version.major == old.version.major and new.version.minor > old.version.minor + 1:
        following = f"{old.version.major}.{old.version.minor + 1}"
        yield Finding(
            key="version",
            problem=f"an upgrade of Rancher from {old} to {new} skips a minor version, which is not "
            "supported (SUSE KB 360051866152)",
            remedy=f"Upgrade to the latest {following} first",
        )
    if wanted.ca != deployed.ca and old.webhook_denies_new_ca(deployed.webhook):
        yield Finding(
            key="ca",
            problem=f"another CA restarts Rancher, and with the webhook of {old} it then ends with "
            '"setting is read only" (rancher/rancher#56522)',
            remedy="Keep the CA bundle and upgrade Rancher first, to a release with webhook 0.11.1 or later; "
            "then change the bundle. Without an upgrade, delete the ValidatingWebhookConfiguration "
            "rancher.cattle.io just before the update and restart the Deployment rancher-webhook after it",
        )


def pinned_webhook(values: Mapping[str, Any]) -> str:
    """The webhook version that the values of Rancher's chart pin; empty: none."""
    variables = values.get("extraEnv") or []
    pins = [item.get("value") for item in variables if item.get("name") == _WEBHOOK_VARIABLE]
    return str(pins[-1] or "") if pins else ""
