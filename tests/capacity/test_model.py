"""Invalid figures are refused, with one clear message each."""

from __future__ import annotations

import math
from typing import Any

import pytest

from capacity.model import figures
from capacity.model.assessment import assess
from capacity.model.plan import Block, CapacityError, Demand, Network, Plan
from domain.rancher_releases import release
from lab.rancher.namespaces import NAMESPACE, PROJECTS, created
from lab.rancher.release import Release

POD_BLOCK = Block(cidr="172.16.0.0/16")


def plan(version: str | None = "2.8", *, prefix: int = 24, imports: int = 0, **network: Any) -> Plan:
    """One cluster on a default block."""
    return Plan(
        network=Network(blocks=(POD_BLOCK,), subnet_prefix=prefix, **network),
        demands=(Demand(rancher_version=version, imported_clusters=imports),),
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "network.blocks: missing"),
        ({"blocks": []}, "blocks: empty"),
        ({"blocks": ["172.16.0.0/26"]}, "172.16.0.0/26 is smaller than one subnet (/24)"),
        ({"blocks": ["172.16.0.1/16"]}, "172.16.0.1/16 has host bits set"),
        ({"blocks": ["fd00::/16"]}, "fd00::/16 is not IPv4"),
        ({"blocks": ["172.16.0.0/16", "172.16.128.0/17"]}, "172.16.0.0/16 and 172.16.128.0/17 overlap"),
        ({"blocks": ["10.0.0.0/8"], "nodeBlocks": ["10.1.0.0/16"]}, "overlap"),
        (
            {"blocks": [{"cidr": "172.16.0.0/16", "subnetsUsed": 257}]},
            "blocks 172.16.0.0/16: 257 are used, but there are only 256",
        ),
        ({"blocks": [{"cidr": "172.16.0.0/16", "subnetsUsed": -1}]}, "negative (-1)"),
        ({"blocks": ["172.16.0.0/16"], "floatingIps": 4, "floatingIpsUsed": 5}, "floatingIps: 5 are used"),
        (
            {"blocks": ["172.16.0.0/16"], "subnetPrefix": 31},
            "subnetPrefix: out of range (31). Use 1 to 30",
        ),
        (
            {"blocks": ["172.16.0.0/16"], "subnetPrefix": "24"},
            "network.subnetPrefix: must be a valid integer ('24')",
        ),
        (
            {"blocks": ["172.16.0.0/16"], "subnetPrefix": 24.5},
            "network.subnetPrefix: must be a valid integer",
        ),
        ({"blocks": ["172.16.0.0/16"], "subnetPrefix": math.nan}, "network.subnetPrefix: must be"),
        ({"blocks": ["172.16.0.0/16"], "floatingIps": math.inf}, "network.floatingIps: must be"),
        (
            {"blocks": ["172.16.0.0/16"], "subnetPrefix": True},
            "network.subnetPrefix: must be a valid int",
        ),
        (
            {"blocks": ["172.16.0.0/16"], "topology": None},
            "topology: must be 'dedicated' or 'shared'",
        ),
        ({"blocks": [{"cidr": None}]}, "network.blocks.cidr: must be a valid string (None)"),
        ({"blocks": 5}, "network.blocks: must be an object"),
        ({"blocks": ["172.16.0.0/16"], "nat": "yes"}, "network.nat: must be a valid boolean ('yes')"),
        (
            {"blocks": ["172.16.0.0/16"], "topology": "both"},
            "topology: must be 'dedicated' or 'shared'",
        ),
        ({"blocks": ["172.16.0.0/16"], "reservePercent": 100}, "reservePercent: out of range (100)"),
        (
            {"blocks": ["172.16.0.0/16"], "prefix": 24},
            "network.prefix: unknown figure. The known ones are blocks, subnetP",
        ),
        ("172.16.0.0/16", "network: must be an object"),
    ],
)
def test_bad_networks(document: object, message: str) -> None:
    with pytest.raises(CapacityError) as caught:
        figures.network(document)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imported_clusters": -1}, "importedClusters: negative (-1)"),
        ({"projects": -3}, "projects: negative (-3)"),
        ({"crowded": (5, -1)}, "crowded: negative (-1)"),
        ({"lb_size": "huge"}, "lbSize: unknown (huge). Use small, medium, large"),
        ({"imported_clusters": 1, "rancher_version": None}, "rancherVersion is not. Name the version"),
    ],
)
def test_bad_demands(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CapacityError) as caught:
        Demand(**{"rancher_version": "2.8", **changes})
    assert message in str(caught.value)


def test_clusters_of_one_name_cannot_be_told_apart() -> None:
    network = Network(blocks=(POD_BLOCK,))
    with pytest.raises(CapacityError, match="two clusters have the name 'edge'"):
        Plan(network=network, demands=(Demand(name="edge"), Demand(name="edge")))


@pytest.mark.parametrize(
    "version", ["2.1.8", "2.16.0", "3.0", "latest", "2", "", "2.8foo", "2.8.5x", "2.8.", "2.8.5.1"]
)
def test_an_unknown_rancher_is_refused(version: str) -> None:
    with pytest.raises(CapacityError) as caught:
        assess(plan(version))
    assert f"{version}" in str(caught.value)


@pytest.mark.parametrize(
    "version", ["2.2.8", "2.4.18", "2.5.17", "2.6.14", "2.7.18", "2.8.5", "2.11.3", "2.13.0", "2.15.0"]
)
def test_the_table_agrees_with_what_the_simulated_rancher_makes(version: str) -> None:
    simulated = list(created(f"v{version}", "seed", server_url=True))
    line = release(version).namespaces
    assert line.fixed == len({namespace.name for namespace in simulated} | {NAMESPACE})
    named = {namespace.name for namespace in simulated if not namespace.system} | {NAMESPACE, "local"}
    assert named == {name for name in line.names if not name.startswith("p-")}
    assert line.registered == 1 + len(PROJECTS)
    assert line.connected == int(Release(f"v{version}").fleet)


def test_a_version_between_two_lines_counts_as_the_older() -> None:
    assert release("2.7.17").namespaces.fixed == 13
    assert release("v2.12.0").namespaces.fixed == 15
    assert release("v2.12.3").namespaces.fixed == 16
    assert release("2.14").namespaces.fixed == 17


@pytest.mark.parametrize("version", ["2.8.5", "v2.8.5", "2.8", "2.8.5-rc1", "2.8.5+up1"])
def test_a_version_may_be_written_as_charts_and_images_write_it(version: str) -> None:
    assert release(version).namespaces.fixed == 14
