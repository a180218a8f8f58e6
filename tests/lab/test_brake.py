"""The sprawl brake against the real API server: what it denies under a race, and what is left of it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ci import brake
from domain.rancher_quota import OF_LOCAL, OF_SITE, PROJECTS
from fleet.session import Sessions
from lab import bringup
from lab.cluster.api import Object
from lab.cluster.spec import ClusterFiles
from lab.layout import Lab
from tests.lab.fake_nsx import free_net
from tests.lab.program import ProgramStack
from tests.lab.rancher_in_cluster import CLUSTERS, MIRRORS, InCluster, rancher_in
from tests.lab.running_cluster import cluster, until

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

_BLOCK = "172.16.0.0/18"
_SUBNETS = 64
"""Pod subnets of it; Rancher and Kubernetes take about 24 of them."""
_PROGRAM = """
import pulumi
from components.kubernetes.objects import KubernetesProvider
from components.rancher.brake.component import SprawlBrake, SprawlBrakeArgs
from components.rancher.endpoint import RancherEndpointArgs

known = pulumi.Config().require_object("brake")
provider = KubernetesProvider("cluster", kubeconfig=known["kubeconfig"], cluster_identifier="one")
if known["measures"]:
    endpoint = RancherEndpointArgs(**known.pop("endpoint"))
    args = SprawlBrakeArgs(**{**known, "measures": tuple(known["measures"])}, endpoint=endpoint)
    brake = SprawlBrake("sprawl-brake", args, pulumi.ResourceOptions(provider=provider))
    pulumi.export("sprawlBrake", brake.state)
"""
_KINDS = (
    "/api/v1/namespaces/local/resourcequotas",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
    "/apis/management.cattle.io/v3/globalroles",
    "/apis/management.cattle.io/v3/roletemplates",
)


class Stack(ProgramStack):
    """A stack of a program that has nothing but the brake."""

    def configure(self, **changes: Any) -> None:
        """Set the component's arguments; of what is not named the last value stays."""
        self.known: dict[str, Any] = {**getattr(self, "known", {}), **changes}
        self.set(brake=self.known)

    async def brake(self) -> dict[str, Any]:
        """The state that the stack exports."""
        found: dict[str, Any] = json.loads(await self.run("stack", "output", "sprawlBrake", "--json"))
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rancher(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InCluster]:
    async with (
        cluster(tmp_path_factory.mktemp("cluster"), _BLOCK, 240) as running,
        rancher_in(running) as made,
    ):
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(rancher: InCluster, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    directory = tmp_path_factory.mktemp("engine")
    lab = Lab(directory / "lab", free_net())
    bringup.prepare(lab)
    made = await Stack.make(lab, directory / "program", _PROGRAM, {})
    running = rancher.running
    made.configure(
        measures=[],
        endpoint=rancher.endpoint,
        token=rancher.token,
        kubeconfig=Path(ClusterFiles(running.lab, running.spec.uuid).kubeconfig("admin")).read_text(),
        planned_projects=3,
        figures=figures(_BLOCK),
    )
    return made


def figures(block: str) -> Object:
    demand = {"name": "rancher", "rancherVersion": "2.15.0"}
    return {"network": {"blocks": [{"cidr": block}]}, "demands": [demand]}


async def objects(rancher: InCluster) -> dict[str, Any]:
    """What the brake could leave behind, without what changes by itself."""
    found = {}
    for path in _KINDS:
        for item in (await rancher.running.api.request("GET", path))["items"]:
            inner = {key: value for key, value in item.items() if key not in {"metadata", "status"}}
            found[f"{path}/{item['metadata']['name']}"] = inner
    return found


async def race(*attempts: Awaitable[tuple[int, str]]) -> tuple[Counter[int], set[str]]:
    """Forty at a time, in no order; statuses and the texts of refusals."""
    mixed = sorted(attempts, key=lambda _: secrets.randbelow(1_000_000))
    places = asyncio.Semaphore(40)

    async def placed(attempt: Awaitable[tuple[int, str]]) -> tuple[int, str]:
        async with places:
            return await attempt

    done = await asyncio.gather(*map(placed, mixed))
    return Counter(status for status, _ in done), {text for status, text in done if status != 201}


async def settled(rancher: InCluster, *, denied: bool) -> None:
    """Wait until the API server has noticed a policy, or its end; it looks about once a second."""

    async def noticed() -> bool:
        status, _ = await rancher.kubectl_cluster(f"{CLUSTERS}?dryRun=All")
        return (status == 403) == denied

    await until(noticed, 180)


@pytest.mark.skipif(not os.environ.get("RACE"), reason="RACE=1 runs it: up to ten minutes")
async def test_must_2_a_thousand_racing_creations_take_nothing_beyond_the_limit(
    rancher: InCluster, stack: Stack
) -> None:
    before = await objects(rancher)
    stack.configure(measures=["quota", "admission"])
    await stack.run("up", "--skip-preview")
    state = await stack.brake()
    assert state["mode"] == "fleet-only"
    assert state["percent"] < 60
    other = await rancher.user("second-admin", "admin")
    await settled(rancher, denied=True)

    # Projects: three are planned; the API server itself counts, once it knows the kind.
    async def counted() -> bool:
        quota = await rancher.running.api.request("GET", f"{_KINDS[0]}/{OF_LOCAL}")
        return PROJECTS in (quota.get("status", {}).get("used") or {})

    await until(counted, 400)
    statuses, texts = await race(
        *(rancher.api_project("local", rancher.token) for _ in range(250)),
        *(rancher.kubectl_project("local") for _ in range(250)),
    )
    # Kubernetes may count an attempt that it denied until it counts again, every five minutes: then it
    # admits one too few, never one too many.
    assert statuses[201] <= 3
    assert statuses[201] + statuses[403] == 500
    assert {
        text for text in texts if f"exceeded quota: {OF_LOCAL}" not in text or "limited" not in text
    } == set()
    for _ in range(3):
        await rancher.api_project("local", rancher.token)
    status, text = await rancher.kubectl_project("local")
    assert status == 403
    assert f"used: {PROJECTS}=5, limited: {PROJECTS}=5" in text
    assert 4 <= len(await rancher.projects("local")) <= 5
    await stack.run("refresh", "--expect-no-changes")  # planned projects are no drift

    # Clusters: those of two fleets pass, those of anybody else do not, administrators included.
    fleets = [(f"fleet-{number}", Sessions()) for number in range(2)]
    imports = asyncio.gather(
        *(
            rancher.site(owner, f"{owner}-{site}", sessions=sessions)
            for owner, sessions in fleets
            for site in range(2)
        )
    )
    statuses, texts = await race(
        *(rancher.api_cluster(other) for _ in range(200)),
        *(rancher.api_cluster(rancher.token) for _ in range(50)),
        *(rancher.kubectl_cluster() for _ in range(200)),
        *(rancher.kubectl_cluster(MIRRORS) for _ in range(50)),
    )
    assert statuses == {403: 500}
    for text in texts:
        assert "the sprawl brake is fleet-only since " in text
        assert " pod subnets were left" in text
        assert "Add the cluster to the sites file of the fleet" in text
    sites = await imports
    assert [site["problem"] for site in sites] == [""] * 4
    assert sorted((await rancher.imported()).values()) == ["fleet-0-0", "fleet-0-1", "fleet-1-0", "fleet-1-1"]

    # Their quotas allow no project besides Default and System.
    site_id = sites[0]["cluster_id"]

    async def set_up() -> bool:
        return len(await rancher.projects(site_id)) == 2

    await until(set_up, 60)
    statuses, texts = await race(
        *(rancher.api_project(site_id, rancher.token) for _ in range(20)),
        *(rancher.kubectl_project(site_id) for _ in range(20)),
    )
    assert statuses == {403: 40}
    assert all(f"exceeded quota: {OF_SITE}" in text for text in texts)

    # At the limit nobody passes, and a site that is refused is its own problem alone.
    stack.configure(figures=figures("172.16.0.0/19"))
    output = await stack.run("up", "--skip-preview", "--target", brake.TARGET)
    assert "sprawl brake: closed since" in output
    closed = await stack.brake()
    assert closed["mode"] == "closed"
    session = Sessions()
    late = asyncio.gather(
        *(rancher.site("fleet-0", f"late-{number}", sessions=session) for number in range(4))
    )
    statuses, texts = await race(
        *(rancher.api_cluster(other) for _ in range(20)),
        *(rancher.api_cluster(rancher.token) for _ in range(20)),
        *(rancher.kubectl_cluster() for _ in range(20)),
    )
    assert statuses == {403: 60}
    assert all("the sprawl brake is closed since " in text and "32 pod subnets" in text for text in texts)
    for site in await late:
        assert "Remove clusters or projects, or enlarge the pod network" in site["problem"]
    assert len(await rancher.imported()) == 4

    async def whole() -> bool:
        return not await rancher.half_built()

    await until(whole, 60)

    # It opens again, and says since when.
    stack.configure(figures=figures(_BLOCK))
    await stack.run("up", "--skip-preview")
    opened = await stack.brake()
    assert opened["mode"] == "fleet-only"
    assert opened["since"] >= closed["since"]
    assert await stack.changes("preview") == {}
    assert (await rancher.site("fleet-0", "late-0"))["problem"] == ""

    # Must hold 6: off removes exactly what it made.
    stack.configure(measures=[])
    await stack.run("up", "--skip-preview")
    assert await objects(rancher) == before
    await settled(rancher, denied=False)
    assert (await rancher.api_cluster(other))[0] == 201


async def test_must_2_roles_refuse_a_new_user_and_are_put_back(rancher: InCluster, stack: Stack) -> None:
    stack.configure(measures=[])
    await stack.run("up", "--skip-preview")
    await settled(rancher, denied=False)
    before = await objects(rancher)
    free = await new_user(rancher, "before")
    assert (await rancher.api_cluster(free))[0] == 201
    stack.configure(measures=["roles"])
    await stack.run("up", "--skip-preview")
    bound = await new_user(rancher, "after")
    status, text = await rancher.api_cluster(bound)
    assert status == 403
    assert 'cannot create resource "clusters" in API group "management.cattle.io"' in text
    member = (await stack.brake())["memberRole"]
    [cluster_id, *_] = await rancher.imported()
    users = (await rancher.ask("GET", "/v3/users?username=after")).body["data"]
    binding = {"clusterId": cluster_id, "userId": users[0]["id"]}
    path = "/v3/clusterroletemplatebindings"
    refused = await rancher.ask("POST", path, {**binding, "roleTemplateId": "cluster-member"})
    assert (refused.status, refused.body["message"]) == (422, "Role is locked and cannot be assigned")
    assert (await rancher.ask("POST", path, {**binding, "roleTemplateId": member})).status == 201
    assert (await rancher.api_project(cluster_id, bound))[0] == 403

    # Somebody changes a role: a refresh shows it, the next update puts it right.
    role = (await rancher.ask("GET", "/v3/globalroles/user")).body
    await rancher.ask("PUT", "/v3/globalroles/user", {**role, "newUserDefault": True})
    await stack.run("refresh", "--skip-preview")
    assert await stack.changes("preview") == {"sprawl-brake-roles": "update"}
    await stack.run("up", "--skip-preview")
    assert (await rancher.ask("GET", "/v3/globalroles/user")).body["newUserDefault"] is False

    stack.configure(measures=[])
    await stack.run("up", "--skip-preview")
    assert await objects(rancher) == before


async def new_user(rancher: InCluster, name: str) -> str:
    """As the UI and identity providers make one: with the global roles that are the default."""
    roles = (await rancher.ask("GET", "/v3/globalroles")).body["data"]
    [default] = [role["id"] for role in roles if role["newUserDefault"]]
    return await rancher.user(name, default)


async def test_a_brake_that_is_turned_off_and_on_again_follows_its_new_verdict(
    rancher: InCluster, stack: Stack
) -> None:
    for block, mode in (("172.16.0.0/20", "closed"), (_BLOCK, "fleet-only")):
        stack.configure(measures=["admission"], figures=figures(block))
        await stack.run("up", "--skip-preview")
        await settled(rancher, denied=True)
        status, text = await rancher.kubectl_cluster(f"{CLUSTERS}?dryRun=All")
        assert (status, f"the sprawl brake is {mode} since" in text) == (403, True), text
        stack.configure(measures=[])
        await stack.run("up", "--skip-preview")
        await settled(rancher, denied=False)


async def test_must_3_sprawl_exhausts_the_block_without_the_brake_and_cannot_with_it(
    rancher: InCluster, stack: Stack
) -> None:
    people = await rancher.user("people", "user")
    for measures in (["quota", "admission"], ["roles", "quota"]):
        stack.configure(measures=measures)
        await stack.run("up", "--skip-preview")
        await settled(rancher, denied="admission" in measures)
        newcomer = await new_user(rancher, f"newcomer-{len(measures)}-{measures[0]}")
        known = await rancher.running.names("/api/v1/namespaces")
        token = people if "admission" in measures else newcomer
        statuses, _ = await race(*(rancher.api_cluster(token) for _ in range(40)))
        assert statuses == {403: 40}
        await asyncio.sleep(3)
        assert await rancher.running.names("/api/v1/namespaces") <= known
        assert len(rancher.running.nsx.objects["subnets"]) < _SUBNETS

    stack.configure(measures=[])
    await stack.run("up", "--skip-preview")

    async def exhausted() -> bool:
        await rancher.api_cluster(people)
        errors = (await rancher.running.api.request("GET", "/apis/vmware.eng.com/v1/nsxerrors"))["items"]
        return any("Pod IP Block is exhausted" in str(item["spec"]["message"]) for item in errors)

    await until(exhausted, 120)
