"""Parts of a cluster that are down because their VMs are; written by the foundation, read by its daemons.

The file ``outage.json`` of the cluster is read on each use, so changing it starts and ends an outage.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab.cluster.spec import ClusterFiles
from lab.pki import write_private

_FILE = "outage.json"


@dataclass(frozen=True)
class Outage:
    """Nodes whose VMs are down, and whether enough masters run for an etcd quorum."""

    nodes: frozenset[str] = frozenset()
    quorum: bool = True


def save(files: ClusterFiles, outage: Outage) -> None:
    """Publishes the outage to the cluster's daemons."""
    document = {"nodes": sorted(outage.nodes), "quorum": outage.quorum}
    write_private(files.path(_FILE), json.dumps(document).encode(), mode=0o644)


def load(files: ClusterFiles) -> Outage:
    """Returns the current outage."""
    try:
        document = json.loads((files.directory / _FILE).read_text())
    except FileNotFoundError:
        return Outage()
    return Outage(frozenset(document["nodes"]), document["quorum"])
