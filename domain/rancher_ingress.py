"""Rancher's Ingress, in place of the chart's own: the API version of the cluster, and the object itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.ingress_values import INGRESS_CLASS
from domain.versions import Version

_V1, _BETA = "networking.k8s.io/v1", "extensions/v1beta1"
_FIRST_V1 = Version(1, 19)

_NAME = "rancher-ingress"
"""As in the article; the chart's own is called ``rancher``."""

_SERVICE, _PORT = "rancher", 80
"""Service of Rancher's chart, and its port."""

_TIMEOUTS = {"proxy-connect-timeout": "30", "proxy-read-timeout": "1800", "proxy-send-timeout": "1800"}
"""Seconds; agents and shells keep websockets open (defaults of the chart's own Ingress)."""


def api_version(kubernetes_version: str) -> str:
    """API version of Ingresses in a cluster of this Kubernetes version (``major.minor``)."""
    return _V1 if Version.parse(kubernetes_version) >= _FIRST_V1 else _BETA


def other_version(version: str) -> str:
    """The API version before, or after, this one."""
    return _BETA if version == _V1 else _V1


def manifest(version: str, namespace: Any, hostnames: Sequence[str], tls_secret_name: str) -> dict[str, Any]:
    """The Ingress.

    Its class annotation selects nginx, so NCP creates no NSX-T objects for it.

    Args:
        version: See ``api_version``.
        namespace: Namespace of Rancher; taken as it is.
        hostnames: DNS names of Rancher.
        tls_secret_name: Secret in the namespace with the certificate of the names.
    """
    path: dict[str, Any] = {"backend": {"serviceName": _SERVICE, "servicePort": _PORT}}
    if version == _V1:
        backend = {"service": {"name": _SERVICE, "port": {"number": _PORT}}}
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": version,
        "kind": "Ingress",
        "metadata": {
            "name": _NAME,
            "namespace": namespace,
            "annotations": {
                "kubernetes.io/ingress.class": INGRESS_CLASS,
                **{f"nginx.ingress.kubernetes.io/{key}": value for key, value in _TIMEOUTS.items()},
                # It has no backend until Rancher is installed, and the plugin would wait for one.
                "pulumi.com/skipAwait": "true",
            },
        },
        "spec": {
            "rules": [{"host": name, "http": {"paths": [path]}} for name in hostnames],
            "tls": [{"hosts": list(hostnames), "secretName": tls_secret_name}],
        },
    }
