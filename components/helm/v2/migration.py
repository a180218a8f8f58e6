"""Migration of a release to Helm 3 without a change to its workloads.

Before Helm 3 installs the release, its objects get the ownership metadata that lets Helm 3 adopt them. After
that, Tiller's history of the release is deleted. The migration is idempotent: the next run repeats an
interrupted one.
"""

from __future__ import annotations

from components.helm.v2 import history, ownership, permissions
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError
from domain.helm_v2 import DEPLOYED, last_complete


class Helm2Migration:
    """Releases of Helm v2 as the ``Predecessor`` of Helm 3's."""

    def hand_over(
        self, kubernetes: Kubernetes, namespace: str, release: str, chart: str, version: str
    ) -> list[str]:
        """Prepares the objects of a release for adoption by Helm 3.

        Args:
            kubernetes: The cluster.
            namespace: Namespace of the release.
            release: Its name.
            chart: Name of the chart that Helm 3 installs.
            version: Its version.

        Returns:
            A log of what was done.

        Raises:
            ProviderError: The release has another chart or version, or its last change is incomplete: objects
                that only the old revision has would remain with no release to delete them.
        """
        revisions = history.find(kubernetes, release)
        current = last_complete(revisions)
        if current is None:
            return []
        found = history.content(current)
        if found.namespace != namespace:
            return []
        if (found.chart, found.version) != (chart, version):
            raise ProviderError(
                f"Helm v2 release {release!r} has chart {found.chart} {found.version}, not {chart} "
                f"{version}. Migrate to Helm 3 with the same chart and version first, then change them"
            )
        if revisions[-1].status != DEPLOYED:
            raise ProviderError(
                f"revision {revisions[-1].number} of Helm v2 release {release!r} is incomplete. Run "
                "`pulumi up` with Helm v2 first, which repairs it, then migrate to Helm 3"
            )
        count = ownership.annotate(kubernetes, found.manifest, namespace, release, adopt=True)
        return [f"Helm 3 adopts {count} objects of Helm v2 release {release}"]

    def forget(self, kubernetes: Kubernetes, release: str) -> list[str]:
        """Deletes Tiller's history of the release, and permissions that Tiller still has; returns a log."""
        count = history.remove(kubernetes, release)
        if not count:
            return []
        names = permissions.revoke_all(kubernetes)
        return [
            f"deleted {count} revisions of Helm v2 release {release}",
            *(f"deleted ClusterRoleBinding {name} of Tiller" for name in names),
        ]
