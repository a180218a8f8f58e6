"""The forecast of namespaces, role bindings and keys in etcd, against what the lab's Rancher makes.

One Rancher on a real control plane grows to 10 and 100 imported clusters, with ``LARGE=1`` to 300, and is
counted as ``python -m capacity measure`` counts.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from capacity.command.measure import take
from capacity.model.assessment import assess
from capacity.model.census import Census
from capacity.model.limits import POD_SUBNETS, ROLE_BINDINGS
from capacity.model.limits.role_bindings import documented_minimum
from capacity.model.plan import Block, Demand, Network, Plan
from components.kubernetes import api as kubernetes_api
from components.kubernetes import stored
from lab import process
from lab.cluster.spec import ClusterFiles
from lab.rancher import PORT
from tests.config import REPO
from tests.lab.running_cluster import UUID, Running, until

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

PASSWORD = "the-first-password"
SPACE = "/api/v1/namespaces"
AT_ONCE = 8
SIZES = (10, 100, 300) if os.environ.get("LARGE") else (10, 100)
WITHIN = 0.05
SETTLED_SECONDS = 1.5

Object = dict[str, Any]


@dataclass
class Rancher:
    """A server in the cluster, and what it has been given."""

    session: aiohttp.ClientSession
    url: str
    kubeconfig: Path
    headers: dict[str, str] = field(default_factory=lambda: {"X-Forwarded-Proto": "https"})
    imported: list[str] = field(default_factory=list)

    async def answers(self) -> bool:
        try:
            async with self.session.get(f"{self.url}/ping") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def ask(self, method: str, path: str, body: Object) -> Object:
        async with self.session.request(method, self.url + path, json=body, headers=self.headers) as response:
            assert response.status in {200, 201}, await response.text()
            answer: Object = await response.json()
            return answer

    async def post(self, kind: str, **body: str) -> str:
        return str((await self.ask("POST", f"/v3/{kind}", body))["id"])

    async def post_once_there(self, kind: str, **body: str) -> str:
        """Create something whose cluster or project has its namespace a moment later."""
        async with asyncio.timeout(20):
            while True:
                try:
                    return await self.post(kind, **body)
                except AssertionError as error:
                    if "not found" not in str(error):
                        raise
                    await asyncio.sleep(0.1)

    async def grow(self, to: int, least: float) -> None:
        """Import clusters until there are that many, and wait until Rancher makes nothing more.

        Args:
            to: Number of clusters.
            least: Role bindings before which a pause of Rancher's is taken for a slow machine.
        """
        turn = asyncio.Semaphore(AT_ONCE)

        async def create(number: int) -> str:
            async with turn:
                return await self.post("clusters", type="cluster", name=f"site-{number}")

        self.imported += await asyncio.gather(*map(create, range(len(self.imported), to)))
        await until(lambda: self.is_settled(least), seconds=900)

    async def is_settled(self, least: float = 0) -> bool:
        """Whether the number of objects of each kind that grows has stayed the same."""
        before = await asyncio.to_thread(self._growing)
        await asyncio.sleep(SETTLED_SECONDS)
        namespaces, bindings, *_ = before
        enough = namespaces > 3 * len(self.imported) and bindings >= least
        return enough and before == await asyncio.to_thread(self._growing)

    def _growing(self) -> list[int]:
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        paths = (SPACE, f"{rbac}/rolebindings", f"{rbac}/roles", "/api/v1/configmaps")
        with kubernetes_api.client(self.kubeconfig.read_text()) as kubernetes:
            return [stored.count(kubernetes, path) for path in paths]

    async def census(self) -> Census:
        def taken() -> Census:
            with kubernetes_api.client(self.kubeconfig.read_text()) as kubernetes:
                return take(kubernetes)

        return await asyncio.to_thread(taken)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rancher(running: Running) -> AsyncIterator[Rancher]:
    api, files = running.api, ClusterFiles(running.lab, UUID)
    await api.create(SPACE, {"metadata": {"name": "cattle-system"}})
    data = {"bootstrapPassword": base64.b64encode(PASSWORD.encode()).decode()}
    secret: Object = {"metadata": {"name": "bootstrap-secret"}, "data": data}
    await api.create(f"{SPACE}/cattle-system/secrets", secret)
    labels = {"app": "rancher"}
    template: Object = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "rancher", "image": "rancher/rancher:v2.15.0"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    deployment: Object = {"metadata": {"name": "rancher"}, "spec": spec}
    await api.create("/apis/apps/v1/namespaces/cattle-system/deployments", deployment)
    async with aiohttp.ClientSession() as session:
        url = f"http://{running.lab.control_plane(running.spec.slot)}:{PORT}"
        found = Rancher(session, url, files.kubeconfig("admin"))
        await until(found.answers, seconds=60)
        login = {"username": "admin", "password": PASSWORD}
        answer = await found.ask("POST", "/v3-public/localProviders/local?action=login", login)
        found.headers["Authorization"] = f"Bearer {answer['token']}"
        server = {"name": "server-url", "value": "https://rancher.example.com"}
        await found.ask("PUT", "/v3/settings/server-url", server)
        # Whether a namespace has a subnet does not matter here.
        await asyncio.to_thread(process.stop, running.lab, files.daemon("ncp"), force=True)
        await until(found.is_settled, seconds=60)
        yield found


def close(found: int, wanted: int) -> bool:
    return abs(found - wanted) <= WITHIN * wanted


async def test_must_hold_the_forecast_for_imported_clusters(rancher: Rancher) -> None:
    start = await rancher.census()
    shown = ["clusters  namespaces  role bindings  forecast  documented minimum  further keys  forecast"]
    for count in SIZES:
        demand = Demand(rancher_version="2.15.0", imported_clusters=count, users=0, connected=False)
        plan = Plan(network=Network(blocks=(Block(cidr="10.0.0.0/8"),)), demands=(demand,))
        wanted = assess(plan)
        bindings = wanted.limit(f"{ROLE_BINDINGS.name} of rancher").planned
        await rancher.grow(count, least=bindings * (1 - WITHIN))
        found = await rancher.census()
        keys, further = found.stored.keys - start.stored.keys, int(found.counts.cost.keys)
        shown.append(
            f"{count:8}  {found.namespaces:10}  {found.stored.role_bindings:13}  {bindings:8}  "
            f"{documented_minimum(demand):18}  {keys:12}  {further:8}"
        )
        print(shown[-1])
        assert found.counts.clusters == count
        assert found.namespaces == wanted.limit(POD_SUBNETS.name).planned, shown
        assert close(found.stored.role_bindings, bindings), shown
        assert close(keys, further), shown
        assert found.stored.role_bindings < documented_minimum(demand), shown


async def test_users_projects_and_members_take_what_was_measured(rancher: Rancher) -> None:
    """Five of each: a real 2.15.0 went from 11 to 205 RoleBindings with ten clusters, 66 of them of these."""
    await rancher.grow(max(len(rancher.imported), 5), least=0)
    before = await rancher.census()
    clusters = rancher.imported[:5]
    for number, cluster in enumerate(clusters):
        user = await rancher.post("users", username=f"user-{number}", password="a-long-password")
        await rancher.post("globalrolebindings", globalRoleId="user", userId=user)
        project = await rancher.post("projects", name=f"project-{number}", clusterId=cluster)
        member = {"userId": user, "roleTemplateId": "cluster-member"}
        await rancher.post_once_there("clusterroletemplatebindings", clusterId=cluster, **member)
        member["roleTemplateId"] = "project-member"
        await rancher.post_once_there("projectroletemplatebindings", projectId=project, **member)
    await until(lambda: rancher.is_settled(before.stored.role_bindings + 60), seconds=120)
    after = await rancher.census()
    counts = after.counts
    assert (counts.projects, counts.users - before.counts.users) == (5, 5)
    assert (counts.cluster_members, counts.project_members) == (5, 5)
    assert after.namespaces - before.namespaces == 5
    assert close(after.stored.role_bindings - before.stored.role_bindings, 66)
    assert after.stored.cluster_role_bindings - before.stored.cluster_role_bindings == 15
    more = float(after.counts.cost.keys - before.counts.cost.keys)
    assert close(after.stored.keys - before.stored.keys, round(more))


async def test_the_command_prints_the_line_of_the_table(rancher: Rancher) -> None:
    def measured(*arguments: str, text: str = "") -> str:
        command = [sys.executable, "-m", "capacity", "measure", *arguments]
        done = subprocess.run(
            command, cwd=REPO, input=text, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    table = await asyncio.to_thread(measured, "--kubeconfig", str(rancher.kubeconfig))
    for part in (
        f"Rancher 2.15.0: {len(rancher.imported)} imported clusters",
        "since=Version(2, 15, 0)",
        "registered=3,",
        "The table of releases: no difference.",
    ):
        assert part in table
    outputs = json.dumps({"kubeconfig": rancher.kubeconfig.read_text()})
    found = json.loads(await asyncio.to_thread(measured, "--outputs", "-", "--format", "json", text=outputs))
    assert found["stored"]["etcd_bytes"] > 2**20
    assert found["leaked"] == []
