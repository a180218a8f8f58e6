"""The article's steps: each makes its components from the settings; ``__main__`` tells which waits for which.

A step that the settings turn off makes nothing and returns None.
"""

from steps.certificates import certificates
from steps.cluster import Inside, cluster, inside, placement
from steps.ingress import Endpoint, helm_engine, ingress
from steps.outputs import cluster_outputs, rancher_outputs
from steps.preflight import Checks, checks
from steps.rancher import bootstrap, rancher

__all__ = [
    "Checks",
    "Endpoint",
    "Inside",
    "bootstrap",
    "certificates",
    "checks",
    "cluster",
    "cluster_outputs",
    "helm_engine",
    "ingress",
    "inside",
    "placement",
    "rancher",
    "rancher_outputs",
]
