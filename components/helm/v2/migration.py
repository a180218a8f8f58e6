"""From Helm v2 to Helm 3 without touching what runs.

Before Helm 3 installs, the objects of the Helm v2 release get the marks that let it take them over;
afterwards Tiller's records go. A move that is cut off anywhere is repeated as a whole by the next run.
"""

from __future__ import annotations

from components.helm import ownership
from components.helm.v2 import permissions as tiller_rights
from components.helm.v2 import records as tiller_records
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError


def adopt(kubernetes: Kubernetes, namespace: str, release: str, chart: str, version: str) -> list[str]:
    """Mark the objects of a release of Helm v2, if there is one, as Helm 3's.

    Args:
        kubernetes: The cluster.
        namespace: Namespace of the release.
        release: Its name.
        chart: Name of the chart that Helm 3 is to install.
        version: Its version.

    Returns:
        What was done, in words.

    Raises:
        ProviderError: The release is another one, of another version, or half-changed: what only the old one
            has would stay behind with nobody to remove it.
    """
    records = tiller_records.find(kubernetes, release)
    current = tiller_records.intact(records)
    if current is None:
        return []
    found = current.content
    if found.namespace != namespace:
        return []
    if (found.chart, found.version) != (chart, version):
        raise ProviderError(
            f"Helm v2 release {release!r} is of chart {found.chart} {found.version}, not {chart} {version}. "
            "Move to Helm 3 with the same chart and version first, then change them"
        )
    if records[-1].status != tiller_records.DEPLOYED:
        raise ProviderError(
            f"revision {records[-1].revision} of Helm v2 release {release!r} did not end well. Have Helm v2 "
            "mend it first (pulumi config set helmEngine v2, pulumi up), then move to Helm 3"
        )
    count = ownership.adopt(kubernetes, found.manifest, namespace, release)
    return [f"Helm 3 takes over {count} objects of Helm v2 release {release}"]


def forget(kubernetes: Kubernetes, release: str) -> list[str]:
    """Remove Tiller's records of the release and any rights it still has; returns what was done, in words."""
    count = tiller_records.remove(kubernetes, release)
    if not count:
        return []
    names = tiller_rights.withdraw(kubernetes)
    return [
        f"removed {count} records of Helm v2 release {release}",
        *(f"removed cluster-admin binding {name} of Tiller" for name in names),
    ]
