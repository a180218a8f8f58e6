"""Values of Rancher's chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from domain import rancher_releases as compatibility
from domain.chart_values import conflicts, merge
from domain.finding import Finding

_CA_VARIABLE = "RANCHER_ON_PKS_CA_SHA256"
_INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def defaults(version: str, *, hostname: str, replicas: int, private_ca: bool) -> dict[str, Any]:
    """The program's values for a chart version.

    Without a switch for the chart's own Ingress (before 2.5.6) that is given to nginx until it is deleted, so
    that NCP makes no NSX-T objects for it.
    """
    ingress: dict[str, Any] = {"tls": {"source": "secret"}}
    if compatibility.has_ingress_switch(version):
        ingress["enabled"] = False
    else:
        ingress["extraAnnotations"] = {_INGRESS_CLASS_ANNOTATION: "nginx"}
    return {"hostname": hostname, "replicas": replicas, "privateCA": private_ca, "ingress": ingress}


def combine(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], ca_checksum: pulumi.Input[str]
) -> dict[str, Any]:
    """The program's values with the user's laid over them.

    Rancher reads the CA in Secret ``tls-ca`` when it starts: its checksum in the pods' environment makes a
    new CA restart them, and another server certificate of the same CA not.
    """
    merged = merge(ours, theirs)
    merged["extraEnv"] = [{"name": _CA_VARIABLE, "value": ca_checksum}, *theirs.get("extraEnv", [])]
    return merged


def problems(
    values: Mapping[str, Any], version: str, *, hostname: str, replicas: int, private_ca: bool = True
) -> list[Finding]:
    """Returns a finding for each of the user's values that would break the design; its key is the path.

    Args:
        values: The user's values.
        version: Version of the chart.
        hostname: Rancher's DNS name.
        replicas: As configured.
        private_ca: Whether clients have to trust the CA in Secret ``tls-ca``.
    """
    fixed: dict[str, tuple[object, str]] = {
        "hostname": (hostname, "it is config rancherHostname"),
        "replicas": (replicas, "it is config rancherReplicas"),
        "ingress.enabled": (False, "the program makes Rancher's Ingress itself, and there must be only one"),
        "ingress.tls.source": ("secret", "the certificate comes from config certificateSource"),
        "tls": ("ingress", "TLS ends at nginx in the cluster; the load balancer in front works at layer 4"),
        "privateCA": (private_ca, "agents have to trust the CA in Secret tls-ca"),
        "fullnameOverride": ("", "Rancher's Ingress leads to the Service 'rancher'"),
        "nameOverride": ("", "Rancher's Ingress leads to the Service 'rancher'"),
    }
    found = conflicts(values, fixed)
    if "bootstrapPassword" in values and not compatibility.has_bootstrap_password(version):
        problem = f"chart {version} does not support it; charts from 2.6.0 on do"
        found.append(Finding("bootstrapPassword", problem, "Leave it out"))
    return found
