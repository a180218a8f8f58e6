"""What the fleet's program declares, with a recording engine."""

from __future__ import annotations

from typing import Any

import pulumi

from fleet import access
from fleet.component import Fleet, FleetArgs
from fleet.inventory import ClusterAccess, Inventory, ProjectEntry, SiteEntry, UserEntry
from fleet.share import FleetName
from rancher_on_pks.outputs import CONTRACT_VERSION, RancherStack
from tests.mocks import RecordingMocks, with_engine

FIGURES = {
    "network": {"blocks": [{"cidr": "172.16.0.0/16"}]},
    "demands": [{"name": "hub", "rancherVersion": "2.8", "importedClusters": 2, "projects": 1, "users": 4}],
}
OUTPUTS = {
    "contractVersion": CONTRACT_VERSION,
    "clusterUuid": "uuid",
    "caBundle": "pem",
    "vip": "10.50.0.79",
    "rancherUrl": "https://rancher.test:8443",
    "rancherToken": "token-a:b",
    "podNetwork": {"figures": FIGURES},
}
SITES = {
    "berlin": SiteEntry(name="berlin", projects=(ProjectEntry(name="kiosk"), ProjectEntry(name="till"))),
    "paris": SiteEntry(name="paris", labels={"region": "emea"}),
    "ship": SiteEntry.model_validate({"name": "ship", "registrationOnly": True}),
}
INVENTORY = Inventory(
    SITES,
    {"berlin": ClusterAccess("keys/berlin.yaml", "1234"), "paris": ClusterAccess("", "5678")},
    {"jane": UserEntry(name="jane")},
)


def outputs(args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
    if args.typ == "pulumi:pulumi:StackReference":
        return {"outputs": OUTPUTS, "secretOutputNames": ["rancherToken"]}
    problem = "no route" if args.name == "paris" else ""
    return {
        "cluster_id": f"c-{args.name}",
        "problem": problem,
        "command": "run" if args.name == "ship" else "",
    }


@with_engine
async def test_sites_come_after_the_capacity_gate_and_the_check_of_the_server() -> None:
    mocks = RecordingMocks(outputs)
    reference = pulumi.StackReference("server", stack_name="org/rancher-on-pks/prod")
    server = RancherStack.from_reference(reference, access.REQUIRED)
    own = FleetName(stack="prod", server="org/rancher-on-pks/prod")
    fleet = Fleet(
        "fleet", FleetArgs(server=server, inventory=INVENTORY, timeout_minutes=3, owner="us", name=own)
    )
    assert await fleet.commands.future() == {"ship": "run"}
    assert await fleet.commands.is_secret()
    await fleet.leaked.future()

    kinds = mocks.types()
    assert kinds.count("fleet:Site") == 3
    assert {"capacity:PodNetwork", "fleet:RancherConnection", "fleet:User", "fleet:AgentConnections"} < set(
        kinds
    )
    site = mocks.inputs("pulumi-python:dynamic/fleet:Site", "berlin")
    assert site["endpoint"] == {
        "address": "10.50.0.79",
        "port": 8443,
        "hostname": "rancher.test",
        "ca_bundle": "pem",
    }
    assert site["server_uuid"] == "uuid"
    assert (site["kubeconfig_file"], site["fingerprint"], site["owner"]) == ("keys/berlin.yaml", "1234", "us")
    agents = mocks.inputs("pulumi-python:dynamic/fleet:AgentConnections", "fleet-agents")
    assert agents["awaited"] == {"berlin": "c-berlin"}
    assert agents["registered"] == {"ship": "c-ship"}
    assert agents["problems"] == {"paris": "no route"}
    for name in ("berlin", "ship"):
        needs = {urn.rsplit("::", 1)[1] for urn in mocks.requests[name].dependencies}
        assert {"fleet-rancher", "jane"} <= needs
        assert set(mocks.requests[name].additionalSecretOutputs) == {"token", "command"}
    assert {urn.rsplit("::", 1)[1] for urn in mocks.requests["fleet-rancher"].dependencies} >= {
        "fleet-capacity"
    }
