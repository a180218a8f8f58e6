"""Placement: DRS rules that keep a cluster's masters, and its workers, on different ESXi hosts."""

from components.placement.anti_affinity import AntiAffinity, AntiAffinityArgs
from components.placement.preflight import PlacementPreflight

__all__ = ["AntiAffinity", "AntiAffinityArgs", "PlacementPreflight"]
