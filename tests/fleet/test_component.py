"""What the fleet's program declares, with a recording engine."""

from __future__ import annotations

from typing import Any

import pulumi

from fleet import session as access
from fleet.component import Fleet, FleetArgs, with_fleet
from fleet.inventory import Inventory, Project, Reachable, Site, User
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
    "berlin": Site(name="berlin", projects=(Project(name="kiosk"), Project(name="till"))),
    "paris": Site(name="paris", labels={"region": "emea"}),
    "ship": Site.model_validate({"name": "ship", "registrationOnly": True}),
}
INVENTORY = Inventory(
    SITES,
    {"berlin": Reachable("keys/berlin.yaml", "1234"), "paris": Reachable("", "5678")},
    {"jane": User(name="jane")},
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
async def test_sites_come_after_the_gate_and_the_look_at_the_server() -> None:
    mocks = RecordingMocks(outputs)
    reference = pulumi.StackReference("server", stack_name="org/rancher-on-pks/prod")
    server = RancherStack.from_reference(reference, access.REQUIRED)
    fleet = Fleet("fleet", FleetArgs(server=server, inventory=INVENTORY, timeout_minutes=3, owner="us"))
    assert await fleet.commands.future() == {"ship": "run"}
    assert await fleet.commands.is_secret()
    await fleet.leaked.future()

    kinds = mocks.types()
    assert kinds.count("fleet:Site") == 3
    assert {"capacity:PodNetwork", "fleet:Server", "fleet:User", "fleet:Arrivals"} < set(kinds)
    site = mocks.inputs("pulumi-python:dynamic/fleet:Site", "berlin")
    assert site["rancher"] == {
        "address": "10.50.0.79",
        "port": 8443,
        "hostname": "rancher.test",
        "ca_bundle": "pem",
        "server": "uuid",
    }
    assert (site["kubeconfig"], site["edge"], site["owner"]) == ("keys/berlin.yaml", "1234", "us")
    arrivals = mocks.inputs("pulumi-python:dynamic/fleet:Arrivals", "fleet-arrivals")
    assert arrivals["awaited"] == {"berlin": "c-berlin"}
    assert arrivals["registered"] == {"ship": "c-ship"}
    assert arrivals["problems"] == {"paris": "no route"}
    for name in ("berlin", "ship"):
        needs = {urn.rsplit("::", 1)[1] for urn in mocks.requests[name].dependencies}
        assert {"fleet-server", "jane"} <= needs
        assert set(mocks.requests[name].additionalSecretOutputs) == {"token", "command"}
    assert {urn.rsplit("::", 1)[1] for urn in mocks.requests["fleet-server"].dependencies} >= {
        "fleet-capacity"
    }


def test_the_figures_have_at_least_what_the_fleet_takes() -> None:
    [demand] = with_fleet({"figures": FIGURES}, INVENTORY)["demands"]
    assert (demand["importedClusters"], demand["projects"], demand["users"]) == (3, 2, 4)
    [none] = with_fleet({"figures": FIGURES}, Inventory({}, {}, {}))["demands"]
    assert (none["importedClusters"], none["projects"], none["users"]) == (2, 1, 4)
