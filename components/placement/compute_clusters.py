"""Names that ``preflight`` imports from here."""

from domain.compute_clusters import unusable_names

__all__ = ["unusable_names"]
