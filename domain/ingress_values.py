"""Values of the ingress controller's chart: ``ingress-nginx``, or ``nginx-ingress`` of the article's time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.chart_values import conflicts

INGRESS_CLASS = "nginx"
"""Class of Rancher's Ingress. With this annotation NCP leaves an Ingress alone (article, step 4)."""

_FIXED: Mapping[str, tuple[object, str]] = {
    "controller.service.enabled": (True, "NSX-T gives the virtual IP to the controller's Service"),
    "controller.service.type": ("LoadBalancer", "NSX-T gives the virtual IP to a Service of this type only"),
    "controller.service.enableHttps": (True, "Rancher is reached by HTTPS"),
    "controller.ingressClass": (INGRESS_CLASS, f"Rancher's Ingress has the class {INGRESS_CLASS}"),
    "controller.ingressClassResource.name": (
        INGRESS_CLASS,
        f"Rancher's Ingress has the class {INGRESS_CLASS}",
    ),
}


def defaults(http_port: int, https_port: int) -> dict[str, Any]:
    """The program's values; both charts know all of them, with the same names.

    ``use-forwarded-headers`` stays off: the load balancer in front works at layer 4, so TLS ends at nginx,
    which itself sets the four headers that Rancher wants (Host, X-Forwarded-Proto, -Port, -For). Turned on,
    nginx would believe whatever headers a client sends.
    """
    return {
        "controller": {
            # One on each node: the loss of a node leaves the others' (article, step 4).
            "kind": "DaemonSet",
            "ingressClass": INGRESS_CLASS,
            # Without it the Ingress would show the nodes' addresses as its own.
            "publishService": {"enabled": True},
            "service": {"type": "LoadBalancer", "ports": {"http": http_port, "https": https_port}},
            # Needs Jobs on the side, and no Ingress can be changed while the controller is away.
            "admissionWebhooks": {"enabled": False},
        }
    }


def problems(values: Mapping[str, Any]) -> list[str]:
    """What in the user's values would break the design; empty when nothing does."""
    return [str(found) for found in conflicts(values, _FIXED)]
