"""Placement: masters and workers of a cluster on different ESXi hosts, by DRS rules."""

from components.placement.anti_affinity import AntiAffinity, AntiAffinityArgs
from components.placement.preflight import Hosts, Placement

__all__ = ["AntiAffinity", "AntiAffinityArgs", "Hosts", "Placement"]
