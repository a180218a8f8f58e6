"""Values of the ingress controller's chart: ``ingress-nginx``, or its predecessor ``nginx-ingress``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.chart_values import conflicts, merge
from domain.finding import Finding
from domain.images import ImageRegistry
from domain.versions import Version

INGRESS_CLASS = "nginx"
"""Class of Rancher's Ingress. NCP ignores an Ingress with this annotation (article, step 4)."""

PREDECESSOR = "nginx-ingress"
"""Name of the older chart, ``stable/nginx-ingress``."""

_CONTROLLER = "ingress-nginx/controller"
_QUAY = "kubernetes-ingress-controller/nginx-ingress-controller"
_CERTGEN = "jettech/kube-webhook-certgen"
_BACKEND = "defaultbackend-amd64"

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


def image_values(chart: str, version: str, registry: ImageRegistry | None) -> dict[str, Any]:
    """The values with which the chart takes its images from a registry; None: as the chart has them.

    Tags and digests stay the chart's. Source: ``values.yaml`` of both charts at their tags. Of
    ``controller.opentelemetry`` before 4.9, whose image is one text with a tag, nothing is known.

    Args:
        chart: Name of the chart.
        version: Its version; one that cannot be read counts as new.
        registry: The registry.
    """
    if registry is None:
        return {}
    known = _read(version)
    secrets = registry.pull_secrets()
    top = {"imagePullSecrets": secrets} if secrets else {}
    if chart == PREDECESSOR:
        return {**top, **_predecessor(known, registry)}
    if known < Version(3, 32):
        controller = {"repository": registry.repository(_controller(known))}
        patch = {"repository": registry.repository(_CERTGEN)}
        backend = {"repository": registry.repository(_BACKEND)}
    else:
        controller = patch = backend = {"registry": registry.address}
    values = _images(controller, patch, backend)
    if Version(4, 9) <= known < Version(4, 12):
        values["controller"]["opentelemetry"] = {"image": {"registry": registry.address}}
    if known >= Version(4, 12):
        values = {"global": {"image": {"registry": registry.address}}}
    return {**top, **values}


def values(
    user: Mapping[str, Any],
    chart: str,
    version: str,
    registry: ImageRegistry | None = None,
    *,
    http_port: int,
    https_port: int,
) -> dict[str, Any]:
    """All values of the release: the program's, overridden by the user's."""
    own = merge(defaults(http_port, https_port), image_values(chart, version, registry))
    return merge(own, user)


def problems(values: Mapping[str, Any]) -> list[Finding]:
    """Returns a finding for each of the user's values that would break the design."""
    return conflicts(values, _FIXED)


def _predecessor(version: Version, registry: ImageRegistry) -> dict[str, Any]:
    if version >= Version(1, 41):
        controller = {"registry": registry.address}
    else:
        controller = {"repository": registry.repository(_QUAY)}
    backend = "defaultbackend" if version < Version(1, 6, 11) else _BACKEND
    return _images(
        controller,
        {"repository": registry.repository(_CERTGEN)},
        {"repository": registry.repository(backend)},
    )


def _images(controller: object, patch: object, backend: object) -> dict[str, Any]:
    return {
        "controller": {"image": controller, "admissionWebhooks": {"patch": {"image": patch}}},
        "defaultBackend": {"image": backend},
    }


def _controller(version: Version) -> str:
    """Repository of the controller in the charts that name it as a whole."""
    if version < Version(2, 11):
        return _QUAY
    return f"k8s-artifacts-prod/{_CONTROLLER}" if version < Version(2, 12, 1) else _CONTROLLER


def _read(version: str) -> Version:
    try:
        return Version.parse(version)
    except ValueError:
        return Version(999)
