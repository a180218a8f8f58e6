"""Kubeconfig texts."""

from __future__ import annotations

import base64

import yaml

from lab.cluster.spec import ClusterSpec


def kubeconfig(
    spec: ClusterSpec, ca_pem: str, server: str, user: str | None = None, token: str | None = None
) -> str:
    """Returns a kubeconfig for ``server``; without ``user``, that of the cluster's administrator.

    The shape is that of ``pks get-credentials``: cluster, user and context have the cluster's name unless
    another user is given, and the CA is inline.
    """
    user = user or spec.name
    ca = base64.b64encode(ca_pem.encode()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": spec.name, "cluster": {"certificate-authority-data": ca, "server": server}}],
        "users": [{"name": user, "user": {"token": token or spec.admin_token}}],
        "contexts": [{"name": spec.name, "context": {"cluster": spec.name, "user": user}}],
        "current-context": spec.name,
        "preferences": {},
    }
    return yaml.safe_dump(document, sort_keys=False)
