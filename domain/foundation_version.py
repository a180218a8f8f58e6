"""Which Kubernetes version a PKS foundation deploys, as far as its clusters show it.

Each release of PKS deploys one version of Kubernetes (docs-pks 1.5 ``release-notes``), and PKS shows both
versions for each cluster. A cluster keeps its versions until it is upgraded, so only the clusters of the
newest PKS version tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.cluster import LiveCluster
from domain.finding import Finding
from domain.versions import Version

_MINOR = re.compile(r"v?(\d+\.\d+)(\.|$)")


@dataclass(frozen=True)
class Deployed:
    """What the foundation deploys.

    Attributes:
        minor: ``major.minor`` of Kubernetes.
        cluster: Name of a cluster that shows it.
        pks: Version of PKS that deployed that cluster.
        certain: Whether no cluster reports that PKS was upgraded since.
    """

    minor: str
    cluster: str
    pks: str
    certain: bool


def minor(version: str) -> str:
    """``major.minor`` of a Kubernetes version; empty if the text is none."""
    found = _MINOR.match(version)
    return found[1] if found else ""


def deployed(clusters: Iterable[LiveCluster]) -> Deployed | None:
    """What the clusters of the newest PKS version show; None if there are none, or they differ."""
    known = [
        (version, cluster)
        for cluster in clusters
        if (version := _version(cluster.pks_version)) and minor(cluster.kubernetes_version)
    ]
    if not known:
        return None
    newest = max(version for version, _ in known)
    latest = [cluster for version, cluster in known if version == newest]
    minors = {minor(cluster.kubernetes_version) for cluster in latest}
    if len(minors) > 1:
        return None
    certain = not any(cluster.upgradable for cluster in latest)
    return Deployed(minors.pop(), latest[0].name, latest[0].pks_version, certain)


def findings(wanted: str, found: Deployed, *, strict: bool) -> Iterator[Finding]:
    """Why a new cluster would not have the Kubernetes version that is expected.

    Args:
        wanted: ``major.minor`` that is expected.
        found: What the foundation deploys.
        strict: Whether another version is an error; otherwise it is a warning.
    """
    if wanted == found.minor:
        return
    may_be_newer = not found.certain and Version.parse(wanted) > Version.parse(found.minor)
    yield Finding(
        "kubernetes_version",
        f"the foundation deploys Kubernetes {found.minor} (cluster {found.cluster!r} of PKS {found.pks}), "
        f"not {wanted}",
        f"Set it to {found.minor}, or turn this comparison off if PKS was upgraded since",
        severity="error" if strict and not may_be_newer else "warning",
    )


def version_findings(name: str, live: str, expected: str) -> Iterator[Finding]:
    """Whether a cluster's version of Kubernetes, if PKS shows it, is the expected one; empty: any."""
    if live and expected and minor(str(live)) != expected:
        yield Finding(
            "expected_version",
            f"cluster {name!r} runs Kubernetes {live}, not {expected}",
            "Set it to the cluster's version; chart versions are checked against it",
        )


def _version(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except ValueError:
        return None
