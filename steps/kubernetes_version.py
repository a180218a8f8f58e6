"""The Kubernetes version that charts must support: of the config, the stack's cluster, or the foundation."""

from __future__ import annotations

import pulumi

from components.capacity.own_outputs import own_outputs
from components.pks.provider import client
from components.runtime.errors import ProviderError
from domain.finding import Finding
from domain.foundation_version import deployed, minor
from settings import Settings, SettingsError, refuse


def kubernetes_version(settings: Settings) -> str:
    """``major.minor``. PKS is asked only before the stack's first update.

    Ends the program when neither config nor foundation has it, or Rancher or the sprawl brake does not run
    on it.
    """
    if settings.cluster.kubernetes_version:
        return settings.cluster.kubernetes_version
    found = minor(str(own_outputs().get("kubernetesVersion") or ""))
    try:
        found = found or _deployed()
    except ProviderError as error:
        refuse(SettingsError([_unset(str(error))]))
    if not found:
        refuse(SettingsError([_unset("no cluster of the foundation shows which version it deploys")]))
    if wrong := [*settings.rancher.findings(found), *settings.brake_findings(found)]:
        refuse(SettingsError(wrong))
    return found


def _deployed() -> str:
    pks = client(pulumi.Config().get)
    pks.login()
    found = deployed(pks.clusters())
    if found is None or not found.certain:
        return ""
    pulumi.log.info(
        f"kubernetesVersion: {found.minor}, as cluster {found.cluster!r} of PKS {found.pks} has it"
    )
    return found.minor


def _unset(problem: str) -> Finding:
    remedy = "Run: pulumi config set kubernetesVersion 1.28"
    return Finding("kubernetesVersion", f"is not set, and {problem}", remedy)
