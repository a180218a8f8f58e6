"""Reading the NSX-T manager: what others use, page by page, over verified TLS, read-only."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from capacity.model.nsx.inventory import LoadBalancer
from capacity.model.plan import Block, CapacityError, Network
from components.capacity import nsx_manager
from components.capacity.nsx_manager import NSX, NsxError, read
from components.runtime.errors import ProviderError
from domain.credentials import Login
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


def _allocated(address: str, *clusters: str) -> dict[str, Any]:
    """An allocation; NCP need not tag it."""
    return {"allocation_id": address, "tags": [{"scope": "ncp/cluster", "tag": tag} for tag in clusters]}


LISTS: dict[str, list[dict[str, Any]]] = {
    "pools/ip-blocks": [
        {"id": "a", "cidr": "172.16.0.0/16"},
        {"id": "b", "cidr": "172.17.0.0/16"},
        {"id": "n", "cidr": "172.15.0.0/16"},
    ],
    "pools/ip-subnets?n": [
        {"cidr": "172.15.0.0/24", "tags": [{"scope": "pks/cluster", "tag": OURS}]},
        {"cidr": "172.15.1.0/24", "tags": [{"scope": "pks/cluster", "tag": "other"}]},
    ],
    "pools/ip-subnets?a": [
        _tagged(OURS, cidr="172.16.0.0/24"),
        _tagged(f"pks-{OURS}", cidr="172.16.1.0/24"),
        _tagged("other", cidr="172.16.2.0/24"),
        _tagged("other", cidr="172.16.4.0/23"),
        _tagged("other", cidr="172.16.8.0/26"),
        _tagged("other", cidr="172.16.8.64/26"),
    ],
    "pools/ip-subnets?b": [{"cidr": "172.17.0.0/24"}],
    "pools/ip-pools/p/allocations": [
        _allocated("10.50.0.10", OURS),
        _allocated("10.50.0.11", "other"),
        _allocated("10.50.0.12", "other"),
        _allocated("10.50.0.13"),  # of a virtual server of ours
        _allocated("10.50.0.14"),  # SNAT address of a router of ours
        _allocated("10.50.0.15"),
    ],
    "logical-routers": [
        _tagged("other", router_type="TIER1"),
        _tagged("other", router_type="TIER0"),
        {
            "router_type": "TIER1",
            "tags": [
                {"scope": "ncp/cluster", "tag": f"pks-{OURS}"},
                {"scope": "ncp/snat_ip", "tag": "10.50.0.14"},
            ],
        },
    ],
    "logical-switches": [_tagged("other"), _tagged("other"), _tagged(OURS)],
    "loadbalancer/virtual-servers": [
        _tagged(OURS, ip_address="10.50.0.13"),
        _tagged(OURS, ip_address="10.50.0.13"),
        _tagged("other", ip_address="10.50.0.15"),
    ],
    "loadbalancer/services": [
        _tagged(f"pks-{OURS}", size="MEDIUM", virtual_server_ids=["x", "y"]),
        _tagged(f"pks-{OURS}", size="SMALL"),
        _tagged("other", size="LARGE", virtual_server_ids=["z"]),
    ],
}


def _manager(request: Request) -> Response:
    """Pages of two items, for the right password."""
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
    """A running manager, and the CA that its clients trust."""

    server: Server
    ca_file: str

    def login(self, password: str = "right", *, ca_file: str | None = None) -> Login:  # noqa: S107
        manager = f"{ADDRESS}:{self.server.port}"
        return login(manager, "auditor", password, self.ca_file if ca_file is None else ca_file)


def login(manager: str, username: str, password: str, ca_file: str = "") -> Login:
    values = {"manager": manager, "username": username, "password": password, "ca_certificate_file": ca_file}
    return Login(NSX, values)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    authority = pki.root()
    with serve(_manager, identity=pki.server(authority, ADDRESS)) as server:
        yield Site(server, pki.write(tmp_path, "ca.pem", authority))


def test_what_others_use(site: Site) -> None:
    found = read(site.login(), NETWORK, OURS, ["p"])
    network = found.network
    # One /24, one /23 that is two, and two /26 in one /24.
    assert [block.subnets_used for block in network.blocks] == [4, 1]
    assert (network.floating_ips, network.floating_ips_used) == (240, 3)
    assert (network.tier1_used, network.segments_used) == (1, 2)
    assert found.own_subnets == 2
    assert found.load_balancers == (LoadBalancer("medium", 2), LoadBalancer("small", 0))
    assert {request.method for request in site.server.requests} == {"GET"}


def test_before_the_cluster_exists_everything_is_others(site: Site) -> None:
    found = read(site.login(), replace(NETWORK, tier1_limit=None, segment_limit=None), None)
    assert [block.subnets_used for block in found.network.blocks] == [6, 1]
    assert (found.network.floating_ips, found.own_subnets, found.load_balancers) == (None, 0, ())
    assert not any("logical" in path or "loadbalancer" in path for path in site.server.paths)


def test_node_blocks_are_read_too(site: Site) -> None:
    network = replace(NETWORK, node_blocks=(Block(cidr="172.15.0.0/16", subnets_used=9),))
    found = read(site.login(), network, OURS)
    assert [block.subnets_used for block in found.network.node_blocks] == [1]
    assert found.own_subnets == 2  # of pods


def test_more_in_use_than_the_limits_allow(site: Site) -> None:
    with pytest.raises(CapacityError, match="segmentLimit: 2 are used, but there are only 1"):
        read(site.login(), replace(NETWORK, segment_limit=1), OURS)


def test_wrong_password(site: Site) -> None:
    with pytest.raises(NsxError) as caught:
        read(site.login("wrong"), NETWORK, OURS)
    assert "the credentials are refused (status 403). Check nsxUsername" in str(caught.value)
    assert "wrong" not in str(caught.value)
    assert "right" not in repr(site.login())


@pytest.mark.parametrize("missing", ["username", "password"])
def test_missing_credentials_are_named(missing: str) -> None:
    values = {"manager": "nsx.test", "username": "auditor", "password": "right", "ca_certificate_file": ""}
    with pytest.raises(ProviderError, match=f"nsx{missing.capitalize()} .* is not set"):
        read(Login(NSX, {**values, missing: ""}), NETWORK, OURS)


def test_a_block_that_nsx_does_not_have(site: Site) -> None:
    with pytest.raises(NsxError) as caught:
        read(site.login(), Network(blocks=(Block(cidr="10.0.0.0/16"),)), OURS)
    assert "has no IP block 10.0.0.0/16 (manager API; known: 172.15.0.0/16, 172.16.0.0/16, " in str(
        caught.value
    )


def test_a_pool_that_nsx_does_not_have(site: Site) -> None:
    with pytest.raises(NsxError, match=r"pools/ip-pools/missing: status 404: no such thing"):
        read(site.login(), NETWORK, OURS, ["missing"])


def test_a_manager_whose_ca_is_not_trusted(site: Site) -> None:
    with pytest.raises(ProviderError, match=r"certificate verify failed"):
        read(site.login(ca_file=""), NETWORK, OURS)
    assert site.server.requests == []


def test_an_invalid_ca_file(site: Site, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("none")
    for name in (str(wrong), str(tmp_path / "missing.pem")):
        with pytest.raises(ProviderError, match=r"the CA certificate file .* cannot be read"):
            read(site.login(ca_file=name), NETWORK, OURS)


def test_an_unreachable_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nsx_manager, "_ALL_SECONDS", 0.2)
    with pytest.raises(ProviderError, match=r"NSX-T manager .* no answer"):
        read(login(f"{ADDRESS}:1", "auditor", "right"), NETWORK, OURS)


def test_a_manager_given_as_url() -> None:
    with pytest.raises(NsxError, match=r"nsxManager .*not a host .* Give the host alone"):
        read(login("https://nsx.test/", "auditor", "right"), NETWORK, OURS)


def test_a_manager_that_is_too_slow(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nsx_manager, "_ALL_SECONDS", -1.0)
    with pytest.raises(NsxError, match="not read within -1 seconds, at /api/v1/pools/ip-blocks"):
        read(site.login(), NETWORK, OURS)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("<html>", "is not a list of objects. Is it an NSX-T manager"),
        ([], "is not a list of objects"),
        ({"message": "hello"}, "is not a list of objects"),
        ({"results": [{"id": "a"}]}, "has no IP block"),
        ({"results": [], "cursor": "7"}, "the pages of /api/v1/pools/ip-blocks repeat"),
    ],
)
def test_answers_of_another_server(tmp_path: Path, answer: Any, text: str) -> None:
    authority = pki.root()
    with serve(lambda _: Response(200, answer), identity=pki.server(authority, ADDRESS)) as server:
        access = login(f"{ADDRESS}:{server.port}", "a", "b", pki.write(tmp_path, "ca.pem", authority))
        with pytest.raises(NsxError, match=text):
            read(access, NETWORK, OURS)


def _odd(request: Request) -> Response:
    """A shared manager with blocks and objects of others in every form that NSX-T knows."""
    lists: dict[str, list[Any]] = {
        "pools/ip-blocks": [
            {"id": "v6", "cidr": "fd00::/48"},
            {"id": "none"},
            {"id": "text", "cidr": "everything"},
            {"id": "a", "cidr": "172.16.0.1/16", "_create_user": "admin"},
            {"id": "b", "cidr": "172.17.255.255/16"},
            "not an object",
        ],
        "pools/ip-subnets": [
            {"cidr": "172.16.0.1/24", "tags": None},
            {"tags": [{"scope": "ncp/cluster"}, "x", {"tag": OURS}]},
            {"cidr": "?", "tags": {}},
            _tagged(OURS, cidr="172.16.9.9/24"),
        ],
        "logical-routers": [{"tags": 5}, {"router_type": "TIER1"}, {"router_type": None}],
        "logical-switches": [{}, _tagged(OURS)],
        "loadbalancer/services": [{"size": None}, _tagged(OURS)],
        "loadbalancer/virtual-servers": [{}],
    }
    path, _, query = request.path.removeprefix("/api/v1/").partition("?")
    if path.endswith("/p"):
        return Response(200, {"pool_usage": {"total_ids": "7"}})
    items = lists.get(path, [{}, {"allocation_id": 5}])
    return Response(200, {"results": [] if "block_id=b" in query else items})


def test_a8_host_bits_are_ignored_and_odd_objects_of_others_are_skipped(tmp_path: Path) -> None:
    authority = pki.root()
    with serve(_odd, identity=pki.server(authority, ADDRESS)) as server:
        ca_file = pki.write(tmp_path, "ca.pem", authority)
        found = read(login(f"{ADDRESS}:{server.port}", "a", "b", ca_file), NETWORK, OURS, ["p"])
    assert [block.subnets_used for block in found.network.blocks] == [3, 0]
    assert found.own_subnets == 1
    assert (found.network.tier1_used, found.network.segments_used) == (1, 1)
    assert (found.network.floating_ips, found.network.floating_ips_used) == (7, 2)
    assert found.load_balancers == (LoadBalancer("unknown", 0),)
    assert found.skipped == 3


@pytest.mark.parametrize("kind", ["seconds", "date", "none", "invalid"])
@pytest.mark.parametrize("status", [429, 503])
def test_a9_a_busy_manager_is_asked_again_after_the_time_that_it_names(
    tmp_path: Path, status: int, kind: str
) -> None:
    header = {"seconds": "1", "date": formatdate(time.time() + 2, usegmt=True), "invalid": "soon"}.get(kind)
    busy = [Response(status, {"error_code": "102"}, {"Retry-After": header} if header else {})]
    authority = pki.root()

    def answer(request: Request) -> Response:
        return busy.pop() if busy else _manager(request)

    with serve(answer, identity=pki.server(authority, ADDRESS)) as server:
        ca_file = pki.write(tmp_path, "ca.pem", authority)
        start = time.monotonic()
        found = read(login(f"{ADDRESS}:{server.port}", "auditor", "right", ca_file), NETWORK, OURS)
    assert [block.subnets_used for block in found.network.blocks] == [4, 1]
    assert kind not in {"seconds", "date"} or time.monotonic() - start >= 0.9


def test_a9_a_manager_that_asks_for_too_long_a_pause_is_given_up_at_once(tmp_path: Path) -> None:
    authority = pki.root()
    with serve(
        lambda _: Response(429, {"error_message": "exceeded request rate"}, {"Retry-After": "3600"}),
        identity=pki.server(authority, ADDRESS),
    ) as server:
        ca_file = pki.write(tmp_path, "ca.pem", authority)
        start = time.monotonic()
        with pytest.raises(ProviderError, match="status 429: exceeded request rate"):
            read(login(f"{ADDRESS}:{server.port}", "auditor", "right", ca_file), NETWORK, OURS)
    assert time.monotonic() - start < 5
    assert len(server.requests) == 1


def _without_manager_api(request: Request) -> Response:
    """NSX 9, with subnets whose place in the block is unknown, and a pool without its usage."""
    if request.path.startswith("/api/v1"):
        return Response(404, {"httpStatus": "NOT_FOUND"})
    lists: dict[str, list[Any]] = {
        "ip-blocks": [
            {"path": "/infra/ip-blocks/a", "cidr": "172.16.0.0/16"},
            {"path": "/infra/ip-blocks/b", "cidr_list": ["172.17.0.0/16"]},
        ],
        "ip-pools": [{"id": "one", "tags": _tagged(OURS)["tags"]}, {"id": "two"}],
        "ip-pools/one/ip-subnets": [{"ip_block_path": "/infra/ip-blocks/a", "size": 256}],
        "ip-pools/two/ip-subnets": [
            {"ip_block_path": "/infra/ip-blocks/a", "size": 512},
            {"ip_block_path": "/infra/ip-blocks/a", "size": 128},
            {"ip_block_path": "/infra/ip-blocks/a", "size": 128},
            {"ip_block_path": "/infra/ip-blocks/b", "size": 64, "start_ip": "172.17.0.64"},
            {"ip_block_path": "/infra/ip-blocks/b", "size": 64, "start_ip": "172.17.0.0"},
            {"ip_block_path": "/infra/ip-blocks/b"},
        ],
        "ip-pools/p/ip-subnets": [
            {"allocation_ranges": [{"start": "10.0.0.10", "end": "10.0.0.19"}, {"start": "?"}, None]},
        ],
        "ip-pools/p/ip-allocations": [{"allocation_ip": "10.0.0.10"}, {}],
        "tier-1s": [{}, _tagged(OURS)],
        "segments": [{}, {}, _tagged(OURS)],
    }
    path = request.path.removeprefix("/policy/api/v1/infra/")
    return Response(200, {"id": "p"} if path == "ip-pools/p" else {"results": lists.get(path, [])})


def test_a10_the_policy_api_is_read_where_there_is_no_manager_api(tmp_path: Path) -> None:
    authority = pki.root()
    with serve(_without_manager_api, identity=pki.server(authority, ADDRESS)) as server:
        ca_file = pki.write(tmp_path, "ca.pem", authority)
        found = read(login(f"{ADDRESS}:{server.port}", "a", "b", ca_file), NETWORK, OURS, ["p"])
    assert found.api == "policy API"
    assert [block.subnets_used for block in found.network.blocks] == [2 + 1, 1 + 1]
    assert found.own_subnets == 1
    assert (found.network.floating_ips, found.network.floating_ips_used) == (10, 2)
    assert (found.network.tier1_used, found.network.segments_used) == (1, 2)
