"""What depends on Rancher's version: one table of release lines, one ``Release`` to ask.

Sources, unless a member names another: ``kubeVersion`` and the values in ``chart/`` of rancher/rancher at
every release tag, and ``pkg/settings/setting.go``. The charts set no lower bound for Kubernetes; those up to
2.4.12 and of the 2.5 line (except 2.5.5) set no upper bound either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.finding import Finding
from domain.rancher_namespaces import Namespaces, namespaces_of
from domain.versions import Version, minor_satisfies

AGENT = "rancher/rancher-agent"
"""Image of the agents in imported clusters; its tag is that of Rancher's own."""

_NO_BOUND = ""
_KUBERNETES = {
    Version(2, 0): _NO_BOUND,
    Version(2, 4, 13): "< 1.20.0-0",
    Version(2, 5): _NO_BOUND,
    Version(2, 5, 5): "< 1.20.0",
    Version(2, 5, 6): _NO_BOUND,
    Version(2, 6): "< 1.22.0-0",
    Version(2, 6, 3): "< 1.23.0-0",
    Version(2, 6, 4): "< 1.24.0-0",
    Version(2, 6, 7): "< 1.25.0-0",
    Version(2, 7, 2): "< 1.26.0-0",
    Version(2, 7, 5): "< 1.27.0-0",
    Version(2, 7, 11): "< 1.28.0-0",
    Version(2, 8, 3): "< 1.29.0-0",
    Version(2, 9): "< 1.31.0-0",
    Version(2, 10): "< 1.32.0-0",
    Version(2, 11): "< 1.33.0-0",
    Version(2, 12): "< 1.34.0-0",
    Version(2, 13): "< 1.35.0-0",
    Version(2, 14): "< 1.36.0-0",
    Version(2, 15): "< 1.37.0-0",
}
"""First chart version to the range of Kubernetes versions that it and the following ones accept."""

_UNKNOWN_FROM = Version(2, 16)
"""First version that the table does not know; there the chart's own ``kubeVersion`` decides."""

_BETA_INGRESS_END = Version(1, 22)
"""First Kubernetes version without extensions/v1beta1, which the charts without a bound use."""


@dataclass(frozen=True)
class Release:
    """A release of Rancher.

    Attributes:
        version: Its version without a pre-release: a candidate is like the release it becomes.
    """

    version: Version

    @property
    def kubernetes(self) -> str:
        """The Kubernetes versions that its chart accepts; empty: any, or unknown."""
        if self.version >= _UNKNOWN_FROM:
            return _NO_BOUND
        first = max((first for first in _KUBERNETES if first <= self.version), default=None)
        return _KUBERNETES[first] if first else _NO_BOUND

    @property
    def namespaces(self) -> Namespaces:
        """The namespaces that it creates.

        Raises:
            ValueError: They are unknown: it is older than 2.2 or newer than the table.
        """
        return namespaces_of(self.version)

    @property
    def has_ingress_switch(self) -> bool:
        """Whether the chart's value ``ingress.enabled`` turns its own Ingress off."""
        return self.version >= Version(2, 5, 6)

    @property
    def has_bootstrap_password(self) -> bool:
        """Whether the first password is the chart's ``bootstrapPassword`` or generated; before: ``admin``."""
        return self.version >= Version(2, 6)

    @property
    def shortest_password(self) -> int:
        """Characters that a password needs: the setting ``password-min-length``, from 2.6.3 on."""
        return 12 if self.version >= Version(2, 6, 3) else 1

    @property
    def has_default_registry(self) -> bool:
        """Whether its chart has ``systemDefaultRegistry`` and ``useBundledSystemChart``."""
        return self.version >= Version(2, 3)

    @property
    def prefixes_all_images(self) -> bool:
        """Whether ``systemDefaultRegistry`` precedes the names of all images of its chart; before 2.12.3 only
        those of its jobs."""
        return self.version >= Version(2, 12, 3)

    @property
    def audit_log_image(self) -> str:
        """Repository on Docker Hub of the audit log's sidecar, as its chart has it by default."""
        if self.version < Version(2, 6, 9):
            return "library/busybox"
        return (
            "rancher/mirrored-library-busybox"
            if self.version < Version(2, 7)
            else "rancher/mirrored-bci-micro"
        )

    @property
    def has_audit_log_object(self) -> bool:
        """Whether that image is the chart's ``auditLog.image``; before 2.7 it is ``busyboxImage``."""
        return self.version >= Version(2, 7)

    @property
    def shares_pull_secrets(self) -> bool:
        """Whether Rancher gives its pull secrets to what it installs and to imported clusters, and its chart
        gives them to its jobs."""
        return self.version >= Version(2, 15)

    @property
    def has_telemetry(self) -> bool:
        """Whether it has the setting ``telemetry-opt``."""
        return self.version < Version(2, 11)

    @property
    def longest_token_days(self) -> int | None:
        """Longest life of an API token: the default of ``auth-token-max-ttl-minutes``; None: no limit."""
        return 90 if self.version >= Version(2, 8) else None

    @property
    def has_v1_login(self) -> bool:
        """Whether logins go to ``/v1-public/login``; ``/v3-public`` is deprecated from then on."""
        return self.version >= Version(2, 13)

    def webhook_denies_new_ca(self, pinned: str = "") -> bool:
        """Whether Rancher ends itself when it is restarted with another CA than before.

        Webhook 0.11.0, which comes with 2.15.0, denies the change of the setting ``cacerts``. Webhook 0.11.1
        allows it; 0.10 and older do not check it (measured; rancher/rancher#56522, rancher/webhook#1771).

        Args:
            pinned: Webhook version that CATTLE_RANCHER_WEBHOOK_VERSION sets, such as ``110.0.1+up0.11.1``.
        """
        if not pinned:
            return self.version == Version(2, 15)
        return (pinned.partition("+up")[2] or pinned).lstrip("v").startswith("0.11.0")

    def findings(self, kubernetes_version: str) -> Iterator[Finding]:
        """Why it cannot run on a cluster (error), or is unlikely to (warning).

        Args:
            kubernetes_version: ``major.minor``.

        Raises:
            ValueError: The Kubernetes version is invalid.
        """
        both = ("version", "kubernetes_version")
        accepted = self.kubernetes
        if accepted and not minor_satisfies(kubernetes_version, accepted):
            fitting = [line for line in _lines() if _accepts(line, kubernetes_version)]
            lines = "one of the lines " + ", ".join(fitting) if fitting else "another version"
            yield Finding(
                key="version",
                problem=f"Rancher {self} runs on Kubernetes {accepted}, not {kubernetes_version}",
                remedy=f"Choose {lines}",
                depends_on=both,
            )
        elif not (accepted or self.has_ingress_switch) and (
            Version.parse(kubernetes_version) >= _BETA_INGRESS_END
        ):
            yield Finding(
                key="version",
                problem=f"Rancher {self} is unlikely to run on Kubernetes {kubernetes_version}: its chart's "
                "Ingress has the API extensions/v1beta1, which Kubernetes removed in "
                f"{_BETA_INGRESS_END.major}.{_BETA_INGRESS_END.minor}",
                remedy="Choose a newer version",
                severity="warning",
                depends_on=both,
            )

    def __str__(self) -> str:
        """``2.8.5``."""
        return f"{self.version.major}.{self.version.minor}.{self.version.patch}"


def release(version: str) -> Release:
    """The release of a version such as ``2.8.5`` or ``v2.15.0-rc1``.

    Raises:
        ValueError: The version is invalid.
    """
    parsed = Version.parse(version)
    return Release(Version(parsed.major, parsed.minor, parsed.patch))


def _lines() -> list[str]:
    """``2.6``, ``2.7``, ...: lines with a bound."""
    return list(
        dict.fromkeys(f"{first.major}.{first.minor}" for first in _KUBERNETES if first >= Version(2, 6))
    )


def _accepts(line: str, kubernetes_version: str) -> bool:
    """Whether the last version of the line accepts the cluster."""
    first = Version.parse(line)
    return minor_satisfies(kubernetes_version, Release(Version(first.major, first.minor, 999)).kubernetes)
