"""Shapes of what Rancher's API answers, as far as the program reads it (noted down from Rancher 2.15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.shapes import Shape

_FIELDS: dict[str, Any] = {
    **dict.fromkeys(("id", "name", "username", "description", "state", "transitioningMessage"), str),
    **dict.fromkeys(("token", "userId", "expiresAt", "manifestUrl", "command", "value", "removed"), str),
    **dict.fromkeys(("clusterId", "projectId", "roleTemplateId", "globalRoleId"), str),
    **{"ttl": int, "createdTS": float},
    **{"labels": {str: str}, "annotations": {str: str}},
    "conditions": [{"type!": str, "status": str, "message": str}],
}
ANSWER: Mapping[Any, Shape] = {
    **_FIELDS,
    "data": [{**_FIELDS, "id!": str}],
    "pagination": {"next": str},
    "items": [
        {
            "metadata!": {"name!": str, "deletionTimestamp": str},
            "status": {"conditions": [{"type": str, "status": str}]},
        }
    ],
}
"""An object, a collection, or a list of namespaces through Rancher's proxy."""
