"""Names that ``preflight`` imports from here."""

from domain.vsphere import ComputeCluster, find, label

__all__ = ["ComputeCluster", "find", "label"]
