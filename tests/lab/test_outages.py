"""VMs that do not run: what the foundation makes of them, and what the data plane does about dead pods."""

from __future__ import annotations

import json

import pytest

from lab.cluster.outage import Outage
from lab.edge.balancer import Pool, Upstream
from lab.foundation.outages import outage
from lab.foundation.state import Machine
from tests.lab.foundation_site import Site, idle_site, run_cli, site, until

__all__ = ["idle_site", "site"]

MACHINES = [
    Machine(job, f"{job}-{number}", f"vm-{job}-{number}", "172.15.0.9", "AZ1")
    for job in ("master", "worker")
    for number in range(3)
]


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        (set(), Outage()),
        ({"vm-worker-1", "vm-of-others"}, Outage(frozenset({"worker-1"}))),
        ({"vm-master-1", "vm-worker-0"}, Outage(frozenset({"worker-0"}))),
        ({"vm-master-0", "vm-master-2"}, Outage(quorum=False)),
    ],
)
def test_two_of_three_masters_are_needed(down: set[str], expected: Outage) -> None:
    assert outage(MACHINES, down) == expected


def test_a_single_master_that_is_down_is_no_quorum() -> None:
    assert outage(MACHINES[:1], {"vm-master-0"}) == Outage(quorum=False)


async def test_a_cluster_suffers_with_its_vms_until_bosh_makes_them_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = (await site.create())["uuid"]
    [cluster] = site.state["clusters"]
    worker = next(machine for machine in cluster["machines"] if machine["job"] == "worker")

    async def told(expected: Outage) -> bool:
        return bool(site.plane.outages) and site.plane.outages[-1] == expected

    site.down.add(worker["cid"])
    await until(lambda: told(Outage(frozenset({worker["id"]}))))
    known = site.credentials["bosh"]
    access = {"BOSH_ENVIRONMENT": site.lab.bosh_host, "BOSH_CA_CERT": str(site.lab.ca_certificate)}
    access |= {"BOSH_CLIENT": known["client"], "BOSH_CLIENT_SECRET": known["client_secret"]}
    _, out, _ = await run_cli(site, "bosh", "-d", f"service-instance_{uuid}", "vms", "--json", **access)
    rows = {row["vm_cid"]: row["process_state"] for row in json.loads(out)["Tables"][0]["Rows"]}
    assert {cid for cid, state in rows.items() if state == "unresponsive agent"} == {worker["cid"]}

    options = json.loads((site.lab.home / "lab.json").read_text())
    options["options"]["resurrect_seconds"] = 0
    (site.lab.home / "lab.json").write_text(json.dumps(options))

    async def replaced() -> bool:
        [now] = site.state["clusters"]
        found = {machine["id"]: machine["cid"] for machine in now["machines"]}
        return bool(found[worker["id"]] != worker["cid"])

    await until(replaced)
    await until(lambda: told(Outage()))


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_dead_member_gets_its_share_until_it_has_failed_five_times_in_a_row() -> None:
    clock = Clock()
    pool = Pool(clock)
    nodes = ["a", "b", "c"]
    first = [pool.choose(nodes, {"b"}) for _ in range(15)]
    assert first.count("b") == 5
    assert "b" not in [pool.choose(nodes, {"b"}) for _ in range(30)]
    clock.now += 5  # it is tried again
    assert "b" in [pool.choose(nodes, {"b"}) for _ in range(3)]
    # One that answers again starts from the beginning.
    assert [pool.choose(nodes, set()) for _ in range(30)].count("b") == 10
    assert pool.choose([], set()) is None
    assert {pool.choose(["b"], {"b"}) for _ in range(20)} == {"b"}  # the last one is never put aside


async def test_nginx_tries_the_next_pod_when_one_takes_no_connection() -> None:
    down: set[str] = {"b"}
    upstream = Upstream(lambda: down, connect_seconds=0)
    assert all([await upstream.reach(["a", "b", "c"]) for _ in range(6)])
    down |= {"a", "c"}
    assert not await upstream.reach(["a", "b", "c"])
    # Three tries are all: the fourth pod would answer.
    down -= {"c"}
    assert sorted([await upstream.reach(["a", "a", "b", "c"]) for _ in range(4)]) == [False, True, True, True]
