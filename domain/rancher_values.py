"""Values of Rancher's chart: the program's, and what is wrong with the user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.chart_values import conflicts
from domain.finding import Finding
from domain.rancher_releases import Release

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
    if "bootstrapPassword" in values and not release.has_bootstrap_password:
        yield Finding(
            key="bootstrapPassword",
            problem=f"chart {release} does not have this value, which exists from 2.6.0 on",
            remedy="Remove it",
        )
