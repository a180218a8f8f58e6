"""The article's steps: each declares its components from the settings; ``__main__`` connects them.

A step that the settings turn off declares nothing and returns None.
"""

from steps.brake import brake
from steps.certificates import certificates
from steps.cluster import InCluster, cluster, in_cluster
from steps.guard import declared, guard
from steps.ingress import Endpoint, helm_engine, ingress
from steps.outputs import cluster_outputs, rancher_outputs
from steps.placement import placement
from steps.preflight import Preflight, preflight
from steps.rancher import bootstrap, password, rancher

__all__ = [
    "Endpoint",
    "InCluster",
    "Preflight",
    "bootstrap",
    "brake",
    "certificates",
    "cluster",
    "cluster_outputs",
    "declared",
    "guard",
    "helm_engine",
    "in_cluster",
    "ingress",
    "password",
    "placement",
    "preflight",
    "rancher",
    "rancher_outputs",
]
