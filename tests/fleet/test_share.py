"""What one of several fleets may take of its server's plan."""

from __future__ import annotations

import json

import pytest

from bench.standalone import Standalone
from capacity.model.plan import Demand, FleetShare
from domain.finding import FindingError
from fleet.inventory import Inventory, ProjectEntry, SiteEntry, UserEntry
from fleet.share import FleetName, with_fleet
from lab.layout import REPO
from tests.fleet.standalone import OUTPUTS, sites

SERVER = "company/rancher-on-pks/prod"
INVENTORY = Inventory(
    {
        "berlin": SiteEntry(name="berlin", projects=(ProjectEntry(name="kiosk"), ProjectEntry(name="till"))),
        **{name: SiteEntry(name=name) for name in ("paris", "ship")},
    },
    {},
    {"jane": UserEntry(name="jane")},
)


def planned(**shares: FleetShare) -> Demand:
    return Demand(
        name="hub", rancher_version="2.8", imported_clusters=40, projects=4, users=4, fleet_shares=shares
    )


def fleet(stack: str) -> FleetName:
    return FleetName(stack=stack, server=SERVER)


def test_the_plan_has_at_least_what_the_fleet_takes() -> None:
    small = Demand(rancher_version="2.8", imported_clusters=2, projects=1, users=4)
    found = with_fleet(small, INVENTORY, fleet("prod"))
    assert (found.imported_clusters, found.projects, found.users) == (3, 2, 4)
    assert found.fleet_shares == {}
    found = with_fleet(small, Inventory(), fleet("prod"))
    assert (found.imported_clusters, found.projects, found.users) == (2, 1, 4)


def test_d4_a_second_fleet_without_a_share_is_refused() -> None:
    with pytest.raises(FindingError) as caught:
        with_fleet(planned(apac=FleetShare(imported_clusters=9)), INVENTORY, fleet("emea"))
    assert str(caught.value) == (
        "fleetShares: server company/rancher-on-pks/prod has no share for fleet emea. Set one in the "
        "server's stack (`pulumi config set --path fleetShares.emea 3`) and update it. A fleet named as its "
        "server needs none"
    )


def test_d4_the_fleet_named_as_the_server_has_what_the_shares_leave() -> None:
    shares = {"emea": FleetShare(imported_clusters=30, projects=1), "apac": FleetShare(imported_clusters=9)}
    found = with_fleet(planned(**shares), INVENTORY, fleet("prod"))
    assert found.imported_clusters == 42  # 39 of others and 3 here: the pod network is judged by the sum
    assert found.fleet_shares == {**shares, "prod": FleetShare(imported_clusters=3, projects=3, users=3)}


def test_d4_a_fleet_with_a_share_counts_beside_the_others() -> None:
    shares = {"emea": FleetShare(imported_clusters=2), "apac": FleetShare(imported_clusters=38)}
    found = with_fleet(planned(**shares), INVENTORY, fleet("emea"))
    assert found.imported_clusters == 41
    assert found.fleet_shares == shares


@pytest.mark.lab
def test_d4_two_fleets_share_the_plan_of_their_server(fleet: Standalone) -> None:
    """The fleet of the fixture is named ``server`` as its server, so the shares of others limit it."""
    pack = ("--policy-pack", str(REPO / "policy"))

    def serve(**shares: int) -> None:
        network = json.loads(json.dumps(OUTPUTS["podNetwork"]))
        network["figures"]["demands"][0] |= {
            "importedClusters": 52,
            "fleetShares": {name: {"importedClusters": count} for name, count in shares.items()},
        }
        fleet.serve(**{**OUTPUTS, "podNetwork": network})

    serve(emea=50)
    fleet.sites(sites(2))
    assert "can't run policy" not in fleet.pulumi("preview", *pack)
    fleet.sites(sites(50))
    refused = fleet.pulumi("preview", *pack, expect=None)
    assert "the plan with 100 imported clusters" in refused, refused
    assert "[mandatory]" in refused

    serve(server=20)
    assert "imports 50 clusters, but only 20 fit" in fleet.pulumi("preview", *pack, expect=None)
    fleet.sites(sites(20))
    fleet.pulumi("preview", *pack)
