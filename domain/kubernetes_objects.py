"""Shapes of what a Kubernetes API answers, as far as the program reads it (Kubernetes API reference)."""

from __future__ import annotations

from typing import Any

from domain.shapes import Shape

_CONDITIONS: Shape = [{"type!": str, "status!": str, "reason": str, "message": str}]
_CONTAINERS: Shape = [
    {
        **{"name!": str, "restartCount": int, "ready": bool},
        "state": {str: {"exitCode": int, "reason": str, "message": str}},
        "lastState": {"terminated": {"exitCode": int, "reason": str, "message": str}},
    }
]
_METADATA: dict[str, Any] = {
    **{"name": str, "namespace": str, "generation": int, "continue": str},
    **{"creationTimestamp": str, "deletionTimestamp": str},
    **{"labels": {str: str}, "annotations": {str: str}},
}
_SPEC: Shape = {
    **{"replicas": int, "type": str, "selector": {"matchLabels": {str: str}}},
    "template": {"spec": {"containers": [{"env": [{"name": str, "value": str}]}]}},
    **{"error-object-ns": str, "error-object-name": str},
}
_STATUS: Shape = {
    **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), int),
    **dict.fromkeys(("observedGeneration", "desiredNumberScheduled"), int),
    **dict.fromkeys(("updatedNumberScheduled", "numberAvailable"), int),
    "conditions": _CONDITIONS,
    "containerStatuses": _CONTAINERS,
    "initContainerStatuses": _CONTAINERS,
    "loadBalancer": {"ingress": [{"ip": str}]},
}
_FIELDS: dict[str, Any] = {
    "apiVersion": str,
    "kind": str,
    "data": {str: str},
    "roleRef": {"name!": str},
    "subjects": [{"kind!": str, "name!": str, "namespace": str}],
    "involvedObject": {"name": str},
    "resources": [{"kind!": str, "name!": str, "namespaced!": bool}],
}
OBJECT: Shape = {**_FIELDS, "metadata": _METADATA, "spec": _SPEC, "status": dict}
"""An object."""
STATUS: Shape = {"metadata": dict}
"""The answer to a deletion: a Status, or the object."""
LISTED: Shape = {**_FIELDS, "metadata!": {**_METADATA, "name!": str}, "spec": _SPEC, "status": _STATUS}
"""An object of a collection."""
LIST: Shape = {"metadata": _METADATA, "items": [LISTED]}
"""A page of a collection."""
