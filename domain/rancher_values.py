"""Values of Rancher's chart: the program's, and what is wrong with the user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.chart_values import conflicts, merge
from domain.finding import Finding
from domain.images import ImageRegistry
from domain.rancher_releases import Release

_NO_INGRESS = "has no effect: the program creates Rancher's Ingress, and the chart creates none"
_INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def defaults(release: Release, *, hostname: str, replicas: int, private_ca: bool) -> dict[str, Any]:
    """The program's values.

    A chart without a switch for its own Ingress (before 2.5.6) creates one that is deleted afterwards; until
    then it has the class nginx, so that NCP creates no NSX-T objects for it.
    """
    ingress: dict[str, Any] = {"tls": {"source": "secret"}}
    if release.has_ingress_switch:
        ingress["enabled"] = False
    else:
        ingress["extraAnnotations"] = {_INGRESS_CLASS_ANNOTATION: "nginx"}
    return {"hostname": hostname, "replicas": replicas, "privateCA": private_ca, "ingress": ingress}


def image_values(release: Release, registry: ImageRegistry | None) -> dict[str, Any]:
    """The values with which chart and Rancher take all images from a registry; None: as they are.

    Sources: ``chart/values.yaml`` and templates at the release tags; Rancher docs, "Air-Gapped Helm CLI
    Install". Before 2.3 Rancher reads its default registry only from the environment.
    """
    if registry is None:
        return {}
    values: dict[str, Any] = {}
    if release.has_default_registry:
        # The bundled charts need no access to GitHub.
        values |= {"systemDefaultRegistry": registry.address, "useBundledSystemChart": True}
    else:
        values["extraEnv"] = [{"name": "CATTLE_SYSTEM_DEFAULT_REGISTRY", "value": registry.address}]
    if not release.prefixes_all_images:
        values["rancherImage"] = registry.repository("rancher/rancher")
        audit_log = registry.repository(release.audit_log_image)
        if release.has_audit_log_object:
            values["auditLog"] = {"image": {"repository": audit_log}}
        else:
            values["busyboxImage"] = audit_log
    if registry.pull_secret:
        values["imagePullSecrets"] = registry.pull_secrets()
        if release.shares_pull_secrets:
            values["systemRegistryInheritsPullSecrets"] = True
    return values


def image_doubts(release: Release, registry: ImageRegistry | None) -> Iterator[Finding]:
    """What pulls images without the login of a registry."""
    if registry and registry.pull_secret and not release.shares_pull_secrets:
        yield Finding(
            key="images",
            problem=f"Rancher {release} has no login for the jobs of its chart, for what it installs later, "
            "and for the agents of imported clusters",
            remedy=f"Let everybody in your network pull from {registry.address}, or give the nodes the login",
            severity="warning",
        )


def values(
    user: Mapping[str, Any],
    release: Release,
    registry: ImageRegistry | None = None,
    *,
    hostname: str,
    replicas: int,
    private_ca: bool,
) -> dict[str, Any]:
    """All values of the release: the program's, overridden by the user's; variables of both are set."""
    own = defaults(release, hostname=hostname, replicas=replicas, private_ca=private_ca)
    own = merge(own, image_values(release, registry))
    variables = [*own.get("extraEnv", []), *user.get("extraEnv", [])]
    return {**merge(own, user), **({"extraEnv": variables} if variables else {})}


def findings(
    values: Mapping[str, Any], release: Release, *, hostname: str, replicas: int, private_ca: bool = True
) -> Iterator[Finding]:
    """What in the user's values conflicts with the design; the keys are paths such as ``ingress.enabled``.

    Args:
        values: The user's values.
        release: The chart's.
        hostname: Rancher's DNS name.
        replicas: As configured.
        private_ca: Whether clients must trust the CA in Secret ``tls-ca``.
    """
    yield from conflicts(
        values,
        {
            "hostname": (hostname, "it is the host name of the certificate and the Ingress"),
            "replicas": (replicas, "it is the configured number of replicas"),
            "ingress.enabled": (False, "the program creates Rancher's Ingress, and there must be only one"),
            "ingress.tls.source": ("secret", "the program creates the certificate's Secret"),
            "tls": ("ingress", "TLS ends at nginx in the cluster; the load balancer works at layer 4"),
            "privateCA": (private_ca, "agents must trust the CA in Secret tls-ca"),
            "fullnameOverride": ("", "Rancher's Ingress leads to the Service 'rancher'"),
            "nameOverride": ("", "Rancher's Ingress leads to the Service 'rancher'"),
        },
    )
    yield from _without_effect(values)
    yield from _variables(values)
    if "bootstrapPassword" in values and not release.has_bootstrap_password:
        yield Finding(
            key="bootstrapPassword",
            problem=f"chart {release} does not have this value, which exists from 2.6.0 on",
            remedy="Remove it",
        )


def _without_effect(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Values of the Ingress that the chart does not create."""
    ingress = values.get("ingress")
    if not isinstance(ingress, Mapping):
        return
    tls = ingress.get("tls")
    names = [name for name in ingress if name not in {"enabled", "tls"}]
    names += [f"tls.{name}" for name in (tls if isinstance(tls, Mapping) else ()) if name != "source"]
    for name in names:
        yield Finding(key=f"ingress.{name}", problem=_NO_INGRESS, remedy="Remove it")


def _variables(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Environment variables in another form than the chart's."""
    variables = values.get("extraEnv", [])
    valid = isinstance(variables, list) and all(
        isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in variables
    )
    if not valid:
        yield Finding(
            key="extraEnv",
            problem="must be a list of objects with name and value or valueFrom, as in a Pod",
            remedy="Correct it",
        )
