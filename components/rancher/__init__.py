"""Rancher itself."""

from components.rancher.server import RancherServer, RancherServerArgs

__all__ = ["RancherServer", "RancherServerArgs"]
