"""Reading the NSX-T manager: what others use, page by page, verified, and never more than reading."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from capacity.model import Block, Network
from capacity.nsx import Access, NsxError, read
from tests import pki
from tests.servers import ADDRESS, Request, Response, Server, serve

OURS = "0f3c0a52-5d3b-4f2b-9d83-5b1a6f3f0d11"
NETWORK = Network(
    blocks=(Block(cidr="172.16.0.0/16"), Block(cidr="172.17.0.0/16")), segment_limit=500, tier1_limit=99
)


def _tagged(cluster: str, **values: Any) -> dict[str, Any]:
    return {
        **values,
        "tags": [{"scope": "ncp/project", "tag": "x"}, {"scope": "ncp/cluster", "tag": cluster}],
    }


LISTS: dict[str, list[dict[str, Any]]] = {
    "pools/ip-blocks": [{"id": "a", "cidr": "172.16.0.0/16"}, {"id": "b", "cidr": "172.17.0.0/16"}],
    "pools/ip-subnets?a": [
        _tagged(OURS, cidr="172.16.0.0/24"),
        _tagged(f"pks-{OURS}", cidr="172.16.1.0/24"),
        _tagged("other", cidr="172.16.2.0/24"),
        _tagged("other", cidr="172.16.4.0/23"),
        _tagged("other", cidr="172.16.8.0/26"),
        _tagged("other", cidr="172.16.8.64/26"),
    ],
    "pools/ip-subnets?b": [{"cidr": "172.17.0.0/24"}],
    "pools/ip-pools/p/allocations": [_tagged(OURS), _tagged("other"), _tagged("other")],
    "logical-routers": [
        _tagged("other", router_type="TIER1"),
        _tagged("other", router_type="TIER0"),
        _tagged(OURS, router_type="TIER1"),
    ],
    "logical-switches": [_tagged("other"), _tagged("other"), _tagged(OURS)],
    "loadbalancer/virtual-servers": [_tagged(OURS), _tagged(OURS), _tagged("other")],
}


def _manager(request: Request) -> Response:
    """Pages of two items, for those who know the password."""
    if request.headers.get("authorization") != "Basic " + base64.b64encode(b"auditor:right").decode():
        return Response(403, {"error_message": "The credentials were incorrect"})
    address = urlsplit(request.path)
    path, query = address.path.removeprefix("/api/v1/"), parse_qs(address.query)
    if path == "pools/ip-pools/p":
        return Response(200, {"id": "p", "pool_usage": {"total_ids": 240}})
    items = LISTS.get(path + "".join(f"?{block}" for block in query.get("block_id", [])))
    if items is None:
        return Response(404, {"error_message": "no such thing"})
    first = int(query.get("cursor", ["0"])[0])
    page: dict[str, Any] = {"results": items[first : first + 2], "result_count": len(items)}
    return Response(200, page | ({"cursor": str(first + 2)} if first + 2 < len(items) else {}))


@dataclass(frozen=True)
class Site:
    """A manager that listens, and the CA that its clients trust."""

    server: Server
    ca_file: str

    def access(self, password: str = "right") -> Access:  # noqa: S107
        return Access(f"{ADDRESS}:{self.server.port}", "auditor", password, self.ca_file)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    authority = pki.root()
    with serve(_manager, identity=pki.server(authority, ADDRESS)) as server:
        yield Site(server, pki.write(tmp_path, "ca.pem", authority))


def test_what_others_use(site: Site) -> None:
    found = read(site.access(), NETWORK, OURS, ["p"])
    network = found.network
    # One /24, one /23 that is two, and two /26 in one /24.
    assert [block.subnets_used for block in network.blocks] == [4, 1]
    assert (network.floating_ips, network.floating_ips_used) == (240, 2)
    assert (network.tier1_used, network.segments_used) == (1, 2)
    assert (found.own_subnets, found.virtual_servers) == (2, 2)
    assert {request.method for request in site.server.requests} == {"GET"}


def test_before_the_cluster_exists_everything_is_others(site: Site) -> None:
    found = read(site.access(), replace(NETWORK, tier1_limit=None, segment_limit=None), None)
    assert [block.subnets_used for block in found.network.blocks] == [6, 1]
    assert (found.network.floating_ips, found.own_subnets, found.virtual_servers) == (None, 0, 0)
    assert not any("logical" in path for path in site.server.paths)


def test_wrong_password(site: Site) -> None:
    with pytest.raises(NsxError) as caught:
        read(site.access("wrong"), NETWORK, OURS)
    assert "refuses the credentials (403); check nsxUsername and nsxPassword" in str(caught.value)
    assert "wrong" not in str(caught.value)
    assert "right" not in repr(site.access())


def test_a_block_that_nsx_does_not_have(site: Site) -> None:
    with pytest.raises(NsxError) as caught:
        read(site.access(), Network(blocks=(Block(cidr="10.0.0.0/16"),)), OURS)
    assert "NSX-T has no IP block 10.0.0.0/16 (it has 172.16.0.0/16, 172.17.0.0/16)" in str(caught.value)


def test_a_pool_that_nsx_does_not_have(site: Site) -> None:
    with pytest.raises(NsxError) as caught:
        read(site.access(), NETWORK, OURS, ["missing"])
    assert "pools/ip-pools/missing gave HTTP 404" in str(caught.value)


def test_a_manager_whose_ca_is_not_trusted(site: Site) -> None:
    with pytest.raises(NsxError) as caught:
        read(replace(site.access(), ca_file=""), NETWORK, OURS)
    assert "certificate verify failed" in str(caught.value)
    assert site.server.requests == []


def test_a_ca_file_that_is_none(site: Site, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("none")
    for name in (str(wrong), str(tmp_path / "missing.pem")):
        with pytest.raises(NsxError, match="nsxCaCertificateFile"):
            read(replace(site.access(), ca_file=name), NETWORK, OURS)


def test_a_manager_that_is_not_there() -> None:
    with pytest.raises(NsxError, match="NSX-T manager"):
        read(Access(f"{ADDRESS}:1", "auditor", "right"), NETWORK, OURS)


def test_an_answer_that_is_no_manager(tmp_path: Path) -> None:
    authority = pki.root()
    with serve(lambda _: Response(200, "<html>"), identity=pki.server(authority, ADDRESS)) as server:
        access = Access(f"{ADDRESS}:{server.port}", "a", "b", pki.write(tmp_path, "ca.pem", authority))
        with pytest.raises(NsxError, match="gave no JSON; is it a manager"):
            read(access, NETWORK, OURS)
