"""Rancher itself."""

from components.rancher.bootstrap import RancherBootstrap, RancherBootstrapArgs
from components.rancher.server import RancherServer, RancherServerArgs

__all__ = ["RancherBootstrap", "RancherBootstrapArgs", "RancherServer", "RancherServerArgs"]
