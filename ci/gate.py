"""What must not be deleted or replaced as a side effect: Rancher, or the trust in it, would be lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ci.events import REPLACE, Change
from domain import type_tokens as types

LABEL = "pulumi-allow-destructive"
"""Label that approves the destruction in a pull request."""

_RANCHER = "rancher-on-pks:rancher:RancherServer$rancher-on-pks:helm:HelmRelease$"
"""Parents of Rancher's release, which is a Release or, with Helm v2, a Command."""
_RELEASES = {types.RELEASE, "command:local:Command"}

_LOSSES: Mapping[str, str] = {
    types.CLUSTER: "the Kubernetes cluster with everything in it, Rancher's data too",
    types.NETWORK_PROFILE: "the network profile, which no cluster can change: the cluster goes with it",
    types.NAMESPACE: "the namespace with everything in it",
    types.SECRET: "the CA or the certificate that Rancher, its agents and browsers rely on",
    "tls:index/privateKey:PrivateKey": "a private key: its certificates have to be issued again",
    "tls:index/selfSignedCert:SelfSignedCert": "the CA: every agent and browser has to trust another one",
}


def destroyed(changes: Iterable[Change]) -> list[str]:
    """One message for each resource whose destruction needs approval."""
    return [
        f"{change.name} ({change.kind}) would be {_verb(change)}. It is {loss}"
        for change in changes
        if change.operation in {REPLACE, "delete"} and (loss := _loss(change))
    ]


def _loss(change: Change) -> str | None:
    if change.kind in _RELEASES and _RANCHER in change.urn:
        return "Rancher's release"
    return _LOSSES.get(change.kind)


def _verb(change: Change) -> str:
    if change.operation != REPLACE:
        return "deleted"
    return f"replaced, because of {', '.join(change.because)}" if change.because else "replaced"
