"""Warns of ``NSXError`` objects: what NCP could not create in NSX-T for a cluster (PKS 1.7 and later)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from components.kubernetes import api as kubernetes_api
from components.runtime.errors import ProviderError

_PATHS = ("/apis/vmware.eng.com/v1/nsxerrors", "/apis/nsx.vmware.com/v1/nsxerrors")
"""docs-pks ``nsxt-health`` has the first group, the manifest of NCP 2.5.1 the second."""
_SHOWN = 5


def watch(kubeconfig: pulumi.Output[str]) -> pulumi.Output[bool]:
    """Warn at each preview and update once the kubeconfig is known; False: the cluster cannot be read."""
    return kubeconfig.apply(lambda text: asyncio.to_thread(report, text))


def report(kubeconfig: str) -> bool:
    """Log a warning for each NSXError, and the number of namespaces; False: the cluster cannot be read."""
    try:
        with kubernetes_api.client(kubeconfig) as kubernetes:
            errors = [item for path in _PATHS for item in kubernetes.list(path)]
            namespaces = len(kubernetes.list("/api/v1/namespaces"))
    except ProviderError as error:
        pulumi.log.warn(f"pod network: the cluster's namespaces and NSXErrors are unknown: {error}")
        return False
    if errors:  # else a preview without changes has nothing to say
        pulumi.log.info(f"pod network: the cluster has {namespaces} namespaces now")
    for item in errors[:_SHOWN]:
        pulumi.log.warn(_text(item.get("spec") or {}))
    if len(errors) > _SHOWN:
        pulumi.log.warn(f"pod network: {len(errors) - _SHOWN} more NSXErrors; see `kubectl get nsxerrors`")
    return True


def _text(spec: Mapping[str, Any]) -> str:
    where = "/".join(filter(None, (spec.get("error-object-ns"), spec.get("error-object-name"))))
    messages = spec.get("message") or "no message"
    text = "; ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
    return f"pod network: NSX-T fails for {spec.get('error-object-type', 'object')} {where}: {text}"
