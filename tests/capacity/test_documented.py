"""What the documentation of each release of NSX-T shows is understood."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from capacity.model.nsx.inventory import LoadBalancer
from capacity.model.nsx.reading import Reading
from capacity.model.plan import Block, Network
from components.capacity.nsx_manager import NsxAbsentError, NsxError, read
from tests import pki
from tests.capacity.test_nsx import login
from tests.servers import ADDRESS, Request, Response, serve

DOCUMENTED = Path(__file__).with_name("documented")
BLOCK = "192.168.0.0/16"
_EMPTY: dict[str, Any] = {"results": []}


class Manager:
    """An NSX-T that gives the documented answers, and no objects where none are documented."""

    def __init__(self, folder: Path) -> None:
        self.ca = pki.root()
        self.ca_file = pki.write(folder, "ca.pem", self.ca)
        self.answers: dict[str, Any] = {}

    def documented(self, *files: str) -> Manager:
        for file in files:
            self.answers |= json.loads((DOCUMENTED / file).read_text())
        return self

    def answer(self, request: Request) -> Response:
        path = urlsplit(request.path).path
        apis = {known.split("/api/v1")[0] for known in self.answers}
        if path.split("/api/v1")[0] not in apis:
            return Response(404, {"httpStatus": "NOT_FOUND"})
        return Response(200, self.answers.get(path, _EMPTY))

    def read(
        self, blocks: tuple[str, ...] = (BLOCK,), pools: tuple[str, ...] = (), cluster: str | None = None
    ) -> Reading:
        network = Network(blocks=tuple(Block(cidr=cidr) for cidr in blocks), segment_limit=50, tier1_limit=50)
        with serve(self.answer, identity=pki.server(self.ca, ADDRESS)) as server:
            return read(login(f"{ADDRESS}:{server.port}", "a", "b", self.ca_file), network, cluster, pools)


@pytest.fixture
def nsx(tmp_path: Path) -> Iterator[Manager]:
    yield Manager(tmp_path)


def _tag(item: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    return {**item, "tags": [{"scope": "ncp/cluster", "tag": cluster}]}


def test_the_last_manager_api(nsx: Manager) -> None:
    """The page of the IP blocks shows one block of one, and yet a cursor."""
    found = nsx.documented("4.2/manager.json").read()
    assert [block.subnets_used for block in found.network.blocks] == [1]
    assert (found.network.tier1_used, found.network.segments_used) == (0, 1)
    assert (found.api, found.own_subnets, found.skipped, found.load_balancers) == ("manager API", 0, 0, ())


def test_the_documented_load_balancer_is_the_clusters_if_it_is_tagged(nsx: Manager) -> None:
    nsx.documented("4.2/manager.json")
    for page in nsx.answers.values():
        page["results"] = [_tag(item, "pks-uuid") for item in page["results"]]
    found = nsx.read(cluster="uuid")
    assert found.load_balancers == (LoadBalancer("small", 1),)
    assert [block.subnets_used for block in found.network.blocks] == [0]
    assert (found.own_subnets, found.network.segments_used) == (1, 0)


def test_blocks_of_3_1_with_host_bits_and_a_pool_without_addresses(nsx: Manager) -> None:
    pool = "9b636d18-49a2-4e63-a1ec-10c0e50d554d"
    found = nsx.documented("3.1/manager.json").read((BLOCK, "1.1.0.0/16"), (pool,))
    assert [block.subnets_used for block in found.network.blocks] == [0, 0]
    assert (found.network.floating_ips, found.network.floating_ips_used, found.skipped) == (0, 0, 0)


def test_the_error_of_3_1(nsx: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Response(403, json.loads((DOCUMENTED / "3.1/error-403.json").read_text()))
    monkeypatch.setattr(nsx, "answer", lambda _: refused)
    with pytest.raises(NsxError, match=r"the credentials are refused \(status 403\). Check nsxUsername"):
        nsx.read()


def test_the_structures_of_2_0_and_2_3(nsx: Manager) -> None:
    """Values are words for their types there: nothing that could count, and no crash."""
    nsx.documented("2.0/manager.json")
    with pytest.raises(NsxAbsentError, match=r"has no IP block 192.168.0.0/16 \(manager API; known: none\)"):
        nsx.read()
    nsx.documented("2.3/manager.json")
    nsx.answers["/api/v1/pools/ip-blocks"]["results"][0]["cidr"] = BLOCK
    nsx.answers["/api/v1/pools/ip-pools/string"] = {"pool_usage": {"total_ids": 5, "allocated_ids": 1}}
    found = nsx.read(pools=("string",))
    assert [block.subnets_used for block in found.network.blocks] == [1]
    assert (found.network.floating_ips, found.network.floating_ips_used) == (5, 1)


def test_the_policy_api(nsx: Manager) -> None:
    """The size of a subnet is a text there; two of 16 addresses share a slot of 256."""
    found = nsx.documented("9.0/policy.json", "3.2/policy.json").read(pools=("IpPool-Tenant-1",))
    assert [block.subnets_used for block in found.network.blocks] == [1]
    assert (found.network.floating_ips, found.network.floating_ips_used) == (14, 1)
    assert (found.network.tier1_used, found.network.segments_used) == (1, 0)
    assert (found.api, found.load_balancers) == ("policy API", ())


@pytest.mark.parametrize(
    ("counted", "listed", "own", "used"),
    [
        (0, ["10.0.0.5"], [], 1),
        (4, ["10.0.0.5"], [], 4),
        (4, ["10.0.0.5"], ["10.0.0.5"], 3),
        (4, ["10.0.0.5"], ["10.0.0.6"], 3),
        (1, ["10.0.0.5"], ["10.0.0.6"], 1),
        (None, ["10.0.0.5"], [], 1),
    ],
)
def test_addresses_that_the_policy_api_counts_and_does_not_list(
    nsx: Manager, counted: int | None, listed: list[str], own: list[str], used: int
) -> None:
    """``PolicyPoolUsage``: the manager counts the allocated ones, ``ip-allocations`` has intents."""
    nsx.documented("9.0/policy.json", "3.2/policy.json")
    prefix = "/policy/api/v1/infra"
    usage = {"total_ips": 14, **({"allocated_ip_allocations": counted} if counted is not None else {})}
    nsx.answers[f"{prefix}/ip-pools/IpPool-Tenant-1"] = {"id": "IpPool-Tenant-1", "pool_usage": usage}
    nsx.answers[f"{prefix}/ip-pools/IpPool-Tenant-1/ip-allocations"]["results"] = [
        {"allocation_ip": address} for address in listed
    ]
    nsx.answers[f"{prefix}/lb-virtual-servers"] = {
        "results": [_tag({"ip_address": address}, "uuid") for address in own]
    }
    found = nsx.read(pools=("IpPool-Tenant-1",), cluster="uuid")
    assert (found.network.floating_ips, found.network.floating_ips_used) == (14, used)
