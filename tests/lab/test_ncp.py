"""NCP's handlers and loop against a fake NSX-T manager over TLS; the cluster is a dictionary."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab.cluster import spec as specs
from lab.cluster.api import Object
from lab.cluster.ncp import namespaces, pods, services
from lab.cluster.ncp.controller import Controller, State
from lab.cluster.ncp.errors import ErrorReporter
from lab.cluster.ncp.nsx import ExhaustedError, Nsx
from lab.cluster.ncp.queue import Item, WorkQueue
from lab.cluster.spec import ClusterSpec, NetworkSpec
from lab.layout import Lab
from tests.lab.fake_cluster import FakeApi
from tests.lab.fake_nsx import FakeNsx, free_net

UUID = "5f3c8a52-5d0c-4bd5-9cd6-4d4a1b3c7e10"
HANDLERS = {
    "namespace": namespaces.reconcile,
    "service": services.reconcile,
    "pod": pods.reconcile,
    "cluster": services.reconcile_cluster,
}


@dataclass
class World:
    """NCP's state with what it acts on."""

    state: State
    nsx: FakeNsx
    api: FakeApi

    def network(self, **changes: Any) -> None:
        """Change the network profile."""
        network = replace(self.state.spec.network, **changes)
        self.state.spec = replace(self.state.spec, network=network)
        specs.save(self.state.lab, self.state.spec)

    def namespace(self, name: str, **annotations: str) -> Object:
        metadata = {"name": name, "uid": f"uid-{name}", "annotations": annotations}
        item: Object = {"metadata": metadata}
        self.state.namespaces[name] = self.api.objects[f"/api/v1/namespaces/{name}"] = item
        return item

    def service(self, key: str, *ports: int, kind: str = "LoadBalancer", **spec: Any) -> Object:
        namespace, name = key.split("/")
        item: Object = {
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}"},
            "spec": {"type": kind, "ports": [{"port": port, "protocol": "TCP"} for port in ports], **spec},
            "status": {"loadBalancer": {}},
        }
        self.state.services[key] = self.api.objects[f"/api/v1/namespaces/{namespace}/services/{name}"] = item
        return item

    def pod(self, key: str, **spec: Any) -> Object:
        namespace, name = key.split("/")
        item: Object = {
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{name}"},
            "spec": {"nodeName": "node-1", **spec},
        }
        self.state.pods[key] = self.api.objects[f"/api/v1/namespaces/{namespace}/pods/{name}"] = item
        return item

    def drop(self, key: str) -> None:
        """Delete a namespace, Service or pod."""
        for store in (self.state.namespaces, self.state.services, self.state.pods):
            store.pop(key, None)

    def addresses(self, item: Object) -> list[str]:
        """Addresses in a Service's status."""
        return [entry["ip"] for entry in item["status"].get("loadBalancer", {}).get("ingress", [])]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    lab = Lab(tmp_path, free_net())
    nsx = FakeNsx({"block": "172.16.0.0/22", "second": "172.20.0.0/24"}, {"pool": []})
    nsx.pools["pool"] += [lab.address(50, number) for number in range(10, 20)]
    network = NetworkSpec(pod_ip_block_ids=("block",), fip_pool_ids=("pool",))
    spec = ClusterSpec(UUID, "demo", 1, lab.address(50, 2), "demo.lab", (), network, "token")
    specs.save(lab, spec)
    runner = await nsx.start(lab)
    api = FakeApi({})
    async with Nsx(lab, UUID) as client:
        state = State(lab, spec, api, client, ErrorReporter(api, enabled=True), load_balancer_seconds=0.0)
        yield World(state, nsx, api)
    await runner.cleanup()


async def test_a_namespace_costs_a_subnet_a_segment_and_an_address(world: World) -> None:
    world.namespace("one")
    await namespaces.reconcile(world.state, "one")
    await namespaces.reconcile(world.state, "one")
    assert [item["cidr"] for item in world.nsx.tagged("subnets", "one")] == ["172.16.0.0/24"]
    assert len(world.nsx.tagged("logical-switches", "one")) == 1
    assert len(world.nsx.addresses("one")) == 1
    assert world.nsx.objects["logical-routers"] == []


async def test_a_namespace_tells_what_it_has(world: World) -> None:
    world.network(pod_subnet_prefix=29)
    item = world.namespace("one", team="blue")
    await namespaces.reconcile(world.state, "one")
    await namespaces.add_subnet(world.state, "one")
    await namespaces.reconcile(world.state, "one")
    assert item["metadata"]["annotations"] == {
        "team": "blue",
        "ncp/subnet-0": "172.16.0.0/29",
        "ncp/subnet-1": "172.16.0.8/29",
        "ncp/snat_ip": world.nsx.addresses("one")[0],
    }
    item["metadata"]["annotations"]["ncp/no_snat"] = "true"
    await namespaces.reconcile(world.state, "one")
    assert "ncp/snat_ip" not in item["metadata"]["annotations"]


async def test_the_dedicated_topology_takes_a_router_too(world: World) -> None:
    world.network(single_tier_topology=False)
    world.namespace("one")
    await namespaces.reconcile(world.state, "one")
    assert [item["router_type"] for item in world.nsx.tagged("logical-routers", "one")] == ["TIER1"]


@pytest.mark.parametrize("routable", [True, False])
async def test_no_snat_address_for_routable_pods(world: World, routable: bool) -> None:
    world.network(pod_routable=routable)
    world.namespace("one", **({} if routable else {"ncp/no_snat": "true"}))
    await namespaces.reconcile(world.state, "one")
    assert len(world.nsx.tagged("subnets", "one")) == 1
    assert world.nsx.addresses("one") == []


async def test_a_deleted_namespace_gives_everything_back(world: World) -> None:
    world.network(single_tier_topology=False)
    world.namespace("one")
    world.service("one/web", 80, 443)
    await namespaces.reconcile(world.state, "one")
    await services.reconcile(world.state, "one/web")
    world.drop("one")
    await namespaces.reconcile(world.state, "one")
    assert world.nsx.addresses("one") == []
    for kind in ("subnets", "logical-switches", "logical-routers", "loadbalancer/virtual-servers"):
        assert world.nsx.tagged(kind, "one") == []


async def test_blocks_are_used_in_order_and_run_out(world: World) -> None:
    world.network(pod_ip_block_ids=("block", "second"))
    for number in range(5):
        world.namespace(f"n{number}")
        await namespaces.reconcile(world.state, f"n{number}")
    assert [item["cidr"] for item in world.nsx.tagged("subnets", "n4")] == ["172.20.0.0/24"]
    last = world.namespace("n5")
    with pytest.raises(ExhaustedError):
        await namespaces.reconcile(world.state, "n5")
    assert last["metadata"]["annotations"]["ncp/error.subnet"] == "NAMESPACE_SUBNET_UNREALIZED"
    assert "Pod IP Block is exhausted" in world.api.errors()[0]
    assert world.nsx.addresses("n5") == []

    world.drop("n0")
    await namespaces.reconcile(world.state, "n0")
    await namespaces.reconcile(world.state, "n5")
    address = world.nsx.addresses("n5")[0]
    assert last["metadata"]["annotations"] == {"ncp/subnet-0": "172.16.0.0/24", "ncp/snat_ip": address}
    assert world.api.errors() == []


async def test_an_exhausted_floating_ip_pool_is_told(world: World) -> None:
    world.nsx.pools["pool"].clear()
    item = world.namespace("one")
    with pytest.raises(ExhaustedError):
        await namespaces.reconcile(world.state, "one")
    assert item["metadata"]["annotations"]["ncp/error.snat"] == "NAMESPACE_SNAT_UNREALIZED"
    assert "Floating IP pool is exhausted" in world.api.errors()[0]


async def test_ncp_before_pks_1_7_tells_nobody(world: World) -> None:
    world.state.errors = ErrorReporter(world.api, enabled=False)
    world.nsx.pools["pool"].clear()
    item = world.namespace("one")
    with pytest.raises(ExhaustedError):
        await namespaces.reconcile(world.state, "one")
    assert item["metadata"]["annotations"] == {}
    assert world.api.created == {}


async def test_pods_get_addresses_of_their_namespace_and_more_subnets_when_it_is_full(world: World) -> None:
    world.network(pod_subnet_prefix=29)  # addresses .2 to .6
    world.namespace("one")
    await namespaces.reconcile(world.state, "one")
    for number in range(7):
        world.pod(f"one/p{number}")
        await pods.reconcile(world.state, f"one/p{number}")
    given = [pod["metadata"]["annotations"][pods.ADDRESS] for pod in world.state.pods.values()]
    assert given == [f"172.16.0.{last}" for last in (2, 3, 4, 5, 6, 10, 11)]
    assert len(world.nsx.tagged("logical-switches", "one")) == 2

    world.drop("one/p1")
    await pods.reconcile(world.state, "one/p1")
    await pods.reconcile(world.state, "one/p8")
    again = world.pod("one/p8")
    await pods.reconcile(world.state, "one/p8")
    assert again["metadata"]["annotations"][pods.ADDRESS] == "172.16.0.3"


async def test_an_address_is_not_given_twice_while_the_watch_is_behind(world: World) -> None:
    world.namespace("one")
    await namespaces.reconcile(world.state, "one")
    world.pod("one/a")
    await pods.reconcile(world.state, "one/a")
    world.pod("one/a")  # an older event arrives: the annotation is not in it yet
    other = world.pod("one/b")
    await pods.reconcile(world.state, "one/b")
    assert other["metadata"]["annotations"][pods.ADDRESS] == "172.16.0.3"


async def test_a_pod_gets_one_address_while_the_watch_is_behind(world: World) -> None:
    world.namespace("one")
    await namespaces.reconcile(world.state, "one")
    world.pod("one/a")
    await pods.reconcile(world.state, "one/a")
    older = world.pod("one/a")
    await pods.reconcile(world.state, "one/a")
    assert "annotations" not in older["metadata"]
    older["metadata"]["uid"] = "of another pod of that name"
    await pods.reconcile(world.state, "one/a")
    assert older["metadata"]["annotations"][pods.ADDRESS]


async def test_a_pod_of_a_namespace_without_subnet_waits_and_says_why(world: World) -> None:
    item = world.pod("one/a")
    host = world.pod("one/host", hostNetwork=True)
    await pods.reconcile(world.state, "one/a")
    await pods.reconcile(world.state, "one/host")
    assert "annotations" not in item["metadata"]
    assert "annotations" not in host["metadata"]
    (event,) = world.api.created.values()
    assert event["reason"] == "FailedCreatePodSandBox"
    assert event["involvedObject"]["name"] == "a"


async def test_a_load_balancer_service_gets_two_addresses(world: World) -> None:
    item = world.service("one/web", 80, 443)
    await services.reconcile(world.state, "one/web")
    await services.reconcile(world.state, "one/web")
    (floating,) = world.nsx.addresses("one")
    assert floating in world.addresses(item)
    (transit,) = (ip for ip in world.addresses(item) if ip != floating)
    assert ipaddress.ip_address(transit) in ipaddress.ip_network("100.64.0.0/10")
    servers = world.nsx.tagged("loadbalancer/virtual-servers", "one")
    assert sorted((server["ip_address"], server["port"]) for server in servers) == [
        (floating, "443"),
        (floating, "80"),
    ]


def test_the_order_of_the_two_addresses_differs_among_services() -> None:
    first = {services.status_addresses(UUID, f"one/s{number}", "10.50.0.79")[0] for number in range(20)}
    assert len(first) == 2
    assert services.status_addresses(UUID, "a/b", "10.50.0.79") == services.status_addresses(
        UUID, "a/b", "10.50.0.79"
    )


async def test_ports_follow_the_service_and_a_changed_type_gives_back(world: World) -> None:
    world.service("one/web", 80, 443)
    await services.reconcile(world.state, "one/web")
    world.service("one/web", 443, 8443)
    await services.reconcile(world.state, "one/web")
    servers = world.nsx.tagged("loadbalancer/virtual-servers", "one")
    assert sorted(server["port"] for server in servers) == ["443", "8443"]
    item = world.service("one/web", 443, kind="ClusterIP")
    item["status"] = {"loadBalancer": {"ingress": [{"ip": "10.50.0.79"}]}}
    await services.reconcile(world.state, "one/web")
    assert world.nsx.tagged("loadbalancer/virtual-servers", "one") == []
    assert world.nsx.addresses("one") == []
    assert world.addresses(item) == []


async def test_a_full_load_balancer_is_followed_by_another_until_the_edge_is_full(world: World) -> None:
    world.nsx.virtual_servers = 2
    for number in range(4):
        world.service(f"one/s{number}", 80)
        await services.reconcile(world.state, f"one/s{number}")
    assert len(world.nsx.objects["loadbalancer/services"]) == 2
    item = world.service("one/s4", 80)
    with pytest.raises(ExhaustedError):
        await services.reconcile(world.state, "one/s4")
    notes = item["metadata"]["annotations"]
    assert notes["ncp/error.loadbalancer"] == "SERVICE_LOADBALANCER_UNREALIZED"
    assert "10087: Number of loadbalancer requested exceed Edge node limit" in world.api.errors()[0]
    assert world.addresses(item) == []


async def test_without_auto_scaling_the_size_is_the_limit(world: World) -> None:
    world.network(l4_lb_auto_scaling=False)
    world.nsx.virtual_servers = 1
    world.service("one/web", 80, 443)
    with pytest.raises(ExhaustedError, match="load balancer service limit"):
        await services.reconcile(world.state, "one/web")


async def test_max_l4_lb_service_counts_services(world: World) -> None:
    world.network(max_l4_lb_service=1)
    world.service("one/a", 80, 443)
    await services.reconcile(world.state, "one/a")
    await services.reconcile(world.state, "one/a")
    world.service("one/b", 80)
    with pytest.raises(ExhaustedError, match="max_l4_lb_service 1"):
        await services.reconcile(world.state, "one/b")


async def test_a_service_may_ask_for_its_address(world: World) -> None:
    wanted = world.nsx.pools["pool"][5]
    item = world.service("one/web", 443, loadBalancerIP=wanted)
    await services.reconcile(world.state, "one/web")
    assert wanted in world.addresses(item)


async def test_the_loop_takes_lost_answers_without_allocating_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.cluster.ncp.controller._RETRY_SECONDS", 0.02)
    for name in ("one", "two"):
        world.namespace(name)
    item = world.service("two/web", 443)
    world.nsx.fail_next = 3

    def done() -> bool:
        own = world.nsx.tagged("loadbalancer/virtual-servers", None)
        addresses = len(world.nsx.addresses("one")), len(world.nsx.addresses("two"))
        # A SNAT address for each namespace, and the Service's.
        return bool(world.addresses(item)) and addresses == (1, 2) and len(own) == 2

    await _run_until(world, done)
    for kind in ("subnets", "logical-switches"):
        assert len(world.nsx.tagged(kind, "one")) == len(world.nsx.tagged(kind, "two")) == 1


async def test_a_restarted_ncp_finds_what_it_owns_and_frees_what_is_gone(world: World) -> None:
    for number in range(3):
        world.namespace(f"n{number}")
    await _run_until(world, lambda: all(world.nsx.addresses(f"n{number}") for number in range(3)))
    world.drop("n1")  # while NCP is away
    async with Nsx(world.state.lab, UUID) as client:
        world.state.nsx, world.state.queue = client, WorkQueue()
        await _run_until(
            world, lambda: not world.nsx.addresses("n1") and not world.nsx.tagged("subnets", "n1")
        )
    assert len(world.nsx.objects["subnets"]) == 2
    assert len(world.nsx.addresses("n0")) == 1


async def test_a_block_added_to_the_profile_solves_exhaustion(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.cluster.ncp.controller._EXHAUSTED_RETRY_SECONDS", 0.02)
    for number in range(5):
        last = world.namespace(f"n{number}")
    await _run_until(world, lambda: bool(world.api.errors()))
    world.network(pod_ip_block_ids=("block", "second"))
    world.state.queue = WorkQueue()
    annotations = last["metadata"]["annotations"]
    await _run_until(world, lambda: annotations.get("ncp/subnet-0") == "172.20.0.0/24")
    assert not world.api.errors()
    assert set(annotations) == {"ncp/subnet-0", "ncp/snat_ip"}


async def test_the_queue_hands_out_each_item_once_and_in_time() -> None:
    queue = WorkQueue()
    late, early = Item("service", "late"), Item("service", "early")
    queue.add(late, 0.05)
    queue.add(early, 10)
    queue.add(early)
    assert await queue.get() == early
    assert await queue.get() == late
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), 0.05)


async def _run_until(world: World, done: Callable[[], bool]) -> None:
    running = asyncio.create_task(Controller(world.state, HANDLERS).run())
    try:
        async with asyncio.timeout(60):
            while not done():
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
