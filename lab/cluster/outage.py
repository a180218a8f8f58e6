"""What of a cluster is down because its VMs are: told by the foundation, read by all that plays a part.

The file ``outage.json`` of the cluster is read at each use, so an outage starts and ends with its change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab.cluster.spec import ClusterFiles
from lab.pki import write_private

_FILE = "outage.json"


@dataclass(frozen=True)
class Outage:
    """Nodes whose VM does not run, and whether the masters that do are enough for etcd to decide."""

    nodes: frozenset[str] = frozenset()
    quorum: bool = True


def save(files: ClusterFiles, outage: Outage) -> None:
    """Tell the cluster's daemons."""
    document = {"nodes": sorted(outage.nodes), "quorum": outage.quorum}
    write_private(files.path(_FILE), json.dumps(document).encode(), mode=0o644)


def load(files: ClusterFiles) -> Outage:
    """What is down now."""
    try:
        document = json.loads((files.directory / _FILE).read_text())
    except FileNotFoundError:
        return Outage()
    return Outage(frozenset(document["nodes"]), document["quorum"])
