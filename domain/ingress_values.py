"""Values of the ingress controller's chart: ``ingress-nginx``, or its predecessor ``nginx-ingress``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.chart_values import conflicts
from domain.finding import Finding

INGRESS_CLASS = "nginx"
"""Class of Rancher's Ingress. NCP ignores an Ingress with this annotation (article, step 4)."""

_SAME_CLASS = (INGRESS_CLASS, f"Rancher's Ingress has the class {INGRESS_CLASS}")
_FIXED: Mapping[str, tuple[object, str]] = {
    "controller.service.enabled": (True, "NSX-T assigns the virtual IP to the controller's Service"),
    "controller.service.type": ("LoadBalancer", "NSX-T assigns a virtual IP only to a Service of this type"),
    "controller.service.enableHttps": (True, "clients reach Rancher over HTTPS"),
    "controller.ingressClass": _SAME_CLASS,
    "controller.ingressClassResource.name": _SAME_CLASS,
}


def defaults(http_port: int, https_port: int) -> dict[str, Any]:
    """Returns the program's values; both charts support all of them under the same names.

    ``use-forwarded-headers`` stays off: the load balancer works at layer 4, so nginx terminates TLS and sets
    the four headers that Rancher needs (Host, X-Forwarded-Proto, -Port, -For). With the option on, nginx
    would trust these headers from any client.
    """
    return {
        "controller": {
            # One pod on each node: when a node fails, the others still serve (article, step 4).
            "kind": "DaemonSet",
            "ingressClass": INGRESS_CLASS,
            # Otherwise the status of the Ingress lists the addresses of the nodes.
            "publishService": {"enabled": True},
            "service": {"type": "LoadBalancer", "ports": {"http": http_port, "https": https_port}},
            # The webhooks need extra Jobs, and block changes of Ingresses while the controller is down.
            "admissionWebhooks": {"enabled": False},
        }
    }


def problems(values: Mapping[str, Any]) -> list[Finding]:
    """Returns a finding for each of the user's values that would break the design."""
    return conflicts(values, _FIXED)
