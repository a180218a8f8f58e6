"""``python -m tests.lab.stack_life NAME``: the life of a stack's PKS resources, in a process of providers."""

from __future__ import annotations

import sys
from typing import Any

from pulumi.dynamic import Config, ConfigureRequest

from components.pks.cluster import ClusterProvider
from components.pks.network_profile import NetworkProfileProvider
from components.runtime.provider import Provider


def main(name: str, executable: str) -> None:
    """Create, read, resize and delete a network profile and a cluster."""
    profile = {"name": f"lb-{name}", "description": name, "parameters": {"lb_size": "medium"}}
    cluster: dict[str, Any] = {
        **{"name": name, "external_hostname": f"{name}.example.com", "plan": "rancher", "workers": 3},
        **{"network_profile": f"lb-{name}", "compute_profile": "", "node_pool_instances": {}, "tags": {}},
        "timeout_minutes": 5,
    }

    def configured(kind: type[Provider]) -> Provider:
        provider = kind()
        config = Config({"rancher-on-pks:pksCli": executable}, "rancher-on-pks")
        provider.configure(ConfigureRequest(config))
        return provider

    profiles, clusters = configured(NetworkProfileProvider), configured(ClusterProvider)
    first = profiles.create(profile)
    second = clusters.create(cluster)
    assert clusters.read(second.id, second.outs or {}).id == second.id
    resized = clusters.update(second.id, second.outs or {}, {**cluster, "workers": 4}).outs or {}
    clusters.delete(second.id, resized)
    profiles.delete(first.id, first.outs or {})


if __name__ == "__main__":
    main(*sys.argv[1:])
