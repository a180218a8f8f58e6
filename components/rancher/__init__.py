"""Rancher itself."""

from components.rancher.bootstrap import RancherBootstrap, RancherBootstrapArgs
from components.rancher.endpoint import RancherEndpointArgs
from components.rancher.server import RancherServer, RancherServerArgs

__all__ = [
    "RancherBootstrap",
    "RancherBootstrapArgs",
    "RancherEndpointArgs",
    "RancherServer",
    "RancherServerArgs",
]
