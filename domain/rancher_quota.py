"""Quotas of projects: Kubernetes counts them in the namespace of their cluster. Pure.

``clusters.management.cattle.io`` has no namespace, so no quota stops imports; one on
``clusters.provisioning.cattle.io`` only loses the mirror of an import (measured on Rancher 2.15.0).
"""

from __future__ import annotations

PROJECTS = "count/projects.management.cattle.io"
"""What is counted."""
OF_LOCAL = "raise-plannedprojects-of-rancher-on-pks"
"""Name of the quota in ``local``. Kubernetes' refusal quotes a quota's name, with what is used and limited:
the name is the place for the remedy."""
OF_SITE = "add-the-project-to-the-sites-file-of-the-fleet"
"""Name of the quota of an imported cluster."""
OWN_PROJECTS = 2
"""Default and System, in each cluster."""


def hard(projects: int) -> dict[str, str]:
    """``spec.hard`` of a quota for that many projects besides Default and System."""
    return {PROJECTS: str(OWN_PROJECTS + projects)}
