"""A fleet through the real engine: a server with subnets enough, two edge clusters, dozens of sites.

With ``LARGE=1`` there are 300; what each costs is measured by ``python -m bench.fleet``.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from components.kubernetes import api as kube
from lab import fleet
from lab.engine import Engine
from lab.foundation.tile import SPARE_POD_BLOCK, SPARE_POD_CIDR
from lab.layout import REPO
from tests.kubernetes_api import kubeconfig
from tests.lab.conftest import Site, outputs
from tests.workflow_step import run_step

pytestmark = pytest.mark.lab

PACK = ("--policy-pack", str(REPO / "policy"), "--policy-pack-config", str(REPO / "policy/config.lab.json"))
REGISTERED = 300 if os.environ.get("LARGE") else 60
# The engine writes the state at the end, not after each of hundreds of steps.
FAST = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
# The fleet knows the server's stack and the kubeconfigs of its sites, and nothing of the foundation.
BLIND = dict.fromkeys(
    [
        *("PKS_API", "PKS_USERNAME", "PKS_PASSWORD", "NSXT_USERNAME", "NSXT_PASSWORD", "VSPHERE_SERVER"),
        *("VSPHERE_USER", "VSPHERE_PASSWORD", "BOSH_CLIENT", "BOSH_CLIENT_SECRET", "DNS_TSIG_SECRET"),
        "KUBECONFIG",
    ],
    "",
)


@dataclass
class Fleet:
    """The two stacks, and Rancher by hand."""

    server: Engine
    engine: Engine

    def run(self, *arguments: str, check: bool = True) -> str:
        done = self.engine.run(*arguments, check=False, env={**BLIND, **FAST})
        assert not check or done.returncode == 0, done.stdout
        return done.stdout if done.returncode == 0 else f"FAILED {done.stdout}"

    def step(self, name: str, *arguments: str) -> tuple[int, str]:
        """Run a step of the workflows; returns its exit code and what it printed."""
        stack, settings = f"fleet/{self.engine.stack}", self.engine.config_file
        variables = {**self.engine.process_environment(), **BLIND, **FAST}
        return run_step(name, stack, settings, *arguments, environment=variables)

    def write(self, *extra: dict[str, Any], registered: int = REGISTERED) -> None:
        near = [{"name": name, "kubeconfig": f"kubeconfigs/{name}.yaml"} for name in fleet.EDGES]
        far = [{"name": f"ship-{number:03}", "registrationOnly": True} for number in range(registered)]
        jane = {"user": "jane", "role": "cluster-member"}
        del near[1]["kubeconfig"]  # in the secret config
        near[0] |= {"labels": {"region": "emea"}, "members": [jane]}  # type: ignore[dict-item]
        fleet.write_sites(self.server.lab, [*near, *far, *extra], [{"name": "jane"}])

    def kubeconfig(self, name: str) -> Path:
        """The file with a site's kubeconfig."""
        return fleet.sites_file(self.server.lab).with_name("kubeconfigs") / f"{name}.yaml"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask Rancher, over TLS that is verified with the server's CA."""
        server = outputs(self.server)
        url = urlsplit(str(server["rancherUrl"]))
        context = ssl.create_default_context(cadata=str(server["caBundle"]))
        with socket.create_connection((str(server["vip"]), url.port or 443), timeout=60) as plain:
            connection = http.client.HTTPSConnection(str(url.hostname), url.port)
            connection.sock = context.wrap_socket(plain, server_hostname=url.hostname)
            headers = {"Authorization": f"Bearer {server['rancherToken']}"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            text = response.read()
            assert response.status < 400, text
            return json.loads(text)

    def clusters(self) -> dict[str, dict[str, Any]]:
        """Imported clusters by name, as Rancher has them."""
        return {
            item["name"]: item for item in self.ask("GET", "/v3/clusters")["data"] if item["id"] != "local"
        }

    def namespaces(self, cluster_id: str) -> list[str]:
        """Namespaces of a cluster on the server's."""
        found = self.ask("GET", "/k8s/clusters/local/api/v1/namespaces")["items"]
        names = [str(item["metadata"]["name"]) for item in found]
        return [name for name in names if cluster_id in name]

    def await_namespaces(self, cluster_id: str, count: int) -> None:
        """Wait until there are so many of them."""
        end = time.monotonic() + 300
        while len(self.namespaces(cluster_id)) != count:
            assert time.monotonic() < end, f"not {count} namespaces of {cluster_id}"
            time.sleep(0.2)

    def await_removals(self) -> None:
        """Wait until removed clusters have no namespaces any more."""
        end = time.monotonic() + 300
        while True:
            there = tuple(item["id"] for item in self.clusters().values())
            if all(name.startswith(there) for name in self.namespaces("c-") if name.startswith("c-")):
                return
            assert time.monotonic() < end, "namespaces of removed clusters remain"
            time.sleep(1)

    @contextlib.contextmanager
    def fault(self, **fault: object) -> Iterator[None]:
        """Rancher fails in some way meanwhile."""
        file = self.server.lab.faults
        file.write_text(json.dumps({"rancher": fault}))
        try:
            yield
        finally:
            file.unlink()

    def kubernetes(self) -> contextlib.AbstractContextManager[kube.Kubernetes]:
        """The server's cluster, by hand."""
        return kube.client(str(outputs(self.server)["kubeconfig"]))

    def operations(self, *arguments: str) -> dict[str, str]:
        """What a preview would do, by resource."""
        steps = self.engine.json("preview", "--json", *arguments)
        assert isinstance(steps, dict)
        found = {step["urn"].rsplit("::", 1)[1]: step["op"] for step in steps["steps"]}
        return {name: op for name, op in found.items() if op not in {"same", "read"}}


@pytest.fixture(scope="module")
def world(bare: Site) -> Iterator[Fleet]:
    """A server whose pods have a /27 each, as hundreds of sites need it."""
    server = bare.beside("hub")
    bare.configure(
        server,
        networkProfileParameters={
            "lb_size": "medium",
            "pod_ip_block_ids": [SPARE_POD_BLOCK],
            "pod_subnet_prefix": 27,
        },
        podNetwork={"blocks": [SPARE_POD_CIDR], "subnetPrefix": 27},
        plannedImportedClusters=str(REGISTERED),
        antiAffinity="off",
    )
    with ThreadPoolExecutor() as pool:
        edges = pool.submit(fleet.make_edges, server, fleet.EDGES)
        done = server.run("up", "--yes", "--skip-preview", check=False)
        assert done.returncode == 0, done.stdout
        edges.result()
    engine = fleet.prepare(server)
    made = Fleet(server, engine)
    text = made.kubeconfig("edge-2").read_text()
    engine.run("config", "set", "--secret", "--path", "kubeconfigs.edge-2", text)
    try:
        yield made
    finally:
        fleet.remove_edges(server, fleet.EDGES)
        server.run("destroy", "--yes", "--skip-preview")


def test_two_edges_become_active_and_the_others_are_registered(world: Fleet) -> None:
    world.write()
    output = world.run("up", "--yes", "--skip-preview", *PACK)
    assert "can't run policy" not in output
    clusters = world.clusters()
    assert len(clusters) == REGISTERED + 2
    assert {clusters[name]["state"] for name in fleet.EDGES} == {"active"}
    assert clusters["edge-1"]["labels"]["region"] == "emea"
    assert [clusters[name]["nodeCount"] for name in fleet.EDGES] == [1, 1]
    commands = world.engine.outputs()["importCommands"]
    assert isinstance(commands, dict)
    assert len(commands) == REGISTERED
    assert commands["ship-000"].startswith("kubectl apply -f https://hub.lab.test:8443/v3/import/")


def test_the_state_holds_no_secret_in_clear(world: Fleet) -> None:
    state = json.dumps(world.engine.json("stack", "export"))
    found = world.engine.outputs()
    commands, passwords = found["importCommands"], found["userPasswords"]
    assert isinstance(commands, dict) and isinstance(passwords, dict)
    token = yaml.safe_load(world.kubeconfig("edge-1").read_text())
    secrets = [*commands.values(), *passwords.values(), token["users"][0]["user"]["token"]]
    secrets += [
        str(outputs(world.server)[name]) for name in ("rancherToken", "rancherPassword", "kubeconfig")
    ]
    assert len(passwords["jane"]) > 20
    assert [secret for secret in secrets if secret in state or json.dumps(secret)[1:-1] in state] == []


def test_a_preview_without_changes_asks_rancher_nothing_and_a_refresh_finds_no_drift(world: Fleet) -> None:
    with world.fault(status=500):
        world.run("preview", "--expect-no-changes")
    world.run("refresh", "--preview-only", "--expect-no-changes")


def test_the_nightly_look_finds_no_drift_and_room(world: Fleet, tmp_path: Path) -> None:
    code, printed = world.step("drift", "--output", str(tmp_path))
    assert code == 0, printed
    found = (tmp_path / "drift.md").read_text()
    assert "### `fleet/hub`: no drift" in found
    assert f"Imported clusters: {REGISTERED + 2} planned" in found


def test_removing_ten_from_the_list_removes_exactly_those(world: Fleet, tmp_path: Path) -> None:
    """As a pull request does it."""
    before = world.clusters()
    world.write(registered=REGISTERED - 10)
    gone = {f"ship-{number:03}" for number in range(REGISTERED - 10, REGISTERED)}
    code, printed = world.step("preview", "--output", str(tmp_path))
    assert code == 0, printed
    comment = (tmp_path / "comment.md").read_text()
    assert "**10 to delete**, **2 to update**" in comment
    assert f"Imported clusters: {REGISTERED + 2} → **{REGISTERED}** planned" in comment
    row = "| `{}` | `pulumi-python:fleet:Site` | **delete** |"
    assert {name for name in before if row.format(name) in comment} == gone
    code, output = world.step("deploy")
    assert code == 0, output
    assert "- 10 deleted" in output
    assert "~ 2 updated" in output  # the figures, and who is awaited
    after = world.clusters()
    assert before.keys() - after.keys() == gone
    assert {name: item["id"] for name, item in after.items()} == {name: before[name]["id"] for name in after}


def test_a_renewed_token_replaces_nothing(world: Fleet, bare: Site) -> None:
    before = world.clusters()
    token = outputs(world.server)["rancherToken"]
    bare.configure(world.server, rancherTokenDays="80")
    world.server.run("up", "--yes", "--skip-preview")
    assert outputs(world.server)["rancherToken"] != token
    world.write(registered=5)  # in the same run, most sites go: with the new token
    output = world.run("up", "--yes", "--skip-preview")
    assert f"- {REGISTERED - 15} deleted" in output
    assert "created" not in output.split("Resources:")[1]
    assert "replaced" not in output.split("Resources:")[1]
    after = world.clusters()
    assert after.keys() == {*fleet.EDGES, *(f"ship-{number:03}" for number in range(5))}
    assert all(after[name]["id"] == before[name]["id"] for name in after)
    assert {after[name]["state"] for name in fleet.EDGES} == {"active"}


def test_a_site_removed_by_hand_and_a_site_out_of_reach_leave_the_others_alone(world: Fleet) -> None:
    before = world.clusters()
    world.ask("DELETE", f"/v3/clusters/{before['ship-000']['id']}")
    assert "FAILED" in world.run("refresh", "--preview-only", "--expect-no-changes", check=False)
    world.run("refresh", "--yes", "--skip-preview")

    world.kubeconfig("dark").write_text(kubeconfig("https://127.0.0.1:1"))
    reached = {"name": "dark", "kubeconfig": "kubeconfigs/dark.yaml"}
    world.write(reached, {"name": "late", "registrationOnly": True}, registered=5)
    assert world.operations().items() >= {"ship-000": "create", "dark": "create", "late": "create"}.items()
    output = world.run("up", "--yes", "--skip-preview", check=False)
    assert "FAILED" in output
    assert "1 of 9 sites are not imported, the others are." in output
    assert "- dark: the agent is not applied to its cluster" in output
    after = world.clusters()
    assert {"ship-000", "dark", "late"} <= after.keys()
    assert after["ship-000"]["id"] != before["ship-000"]["id"]
    assert all(after[name]["id"] == item["id"] for name, item in before.items() if name != "ship-000")
    # It goes on with what is missing, and nothing else.
    assert set(world.operations()) == {"dark", "fleet-agents"}


def test_f6_namespaces_that_survive_their_cluster_are_named_with_the_remedy(world: Fleet) -> None:
    """Somebody deletes a cluster as soon as it has its namespaces: Rancher 2.15.0 leaves all three."""
    world.write(registered=1)
    world.run("up", "--yes", "--skip-preview")
    world.await_removals()
    with world.fault(setup_seconds=20):
        cluster = str(world.ask("POST", "/v3/clusters", {"type": "cluster", "name": "hasty"})["id"])
        world.await_namespaces(cluster, 3)
        world.ask("DELETE", f"/v3/clusters/{cluster}")
    left = world.namespaces(cluster)
    assert len(left) == 3
    output = world.run("refresh", "--yes", "--skip-preview")
    assert "3 namespaces of removed sites remain on the server's cluster" in output
    assert f"Delete them, Rancher does not: kubectl delete namespace {' '.join(sorted(left))}" in output
    world.run("up", "--yes", "--skip-preview")  # outputs are the program's
    assert world.engine.outputs()["leakedNamespaces"] == sorted(left)
    with world.kubernetes() as api:
        for name in left:
            api.delete(f"/api/v1/namespaces/{name}")
    world.await_namespaces(cluster, 0)
    assert "remain" not in world.run("refresh", "--yes", "--skip-preview")
    world.run("up", "--yes", "--skip-preview")
    assert world.engine.outputs()["leakedNamespaces"] == []


def test_f6_the_program_deletes_a_young_cluster_only_when_it_is_set_up(world: Fleet) -> None:
    young = {"name": "young", "registrationOnly": True}
    with world.fault(setup_seconds=40):  # longer than the registration and the start of the next command
        world.write(young, registered=1)
        world.run("up", "--yes", "--skip-preview")
        cluster = str(world.clusters()["young"]["id"])
        assert len(world.namespaces(cluster)) == 3
        world.write(registered=1)
        output = world.run("up", "--yes", "--skip-preview")
    assert "- 1 deleted" in output
    assert "remain" not in output
    assert world.namespaces(cluster) == []


def test_f6_a_deletion_that_an_api_service_blocks_gets_another_remedy(world: Fleet) -> None:
    """Kubernetes' own namespace controller waits for the API that does not answer."""
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.ext.cattle.io"},
        "spec": {
            "group": "ext.cattle.io",
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "imperative-api-extension", "namespace": "cattle-system", "port": 6666},
        },
    }
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    world.write({"name": "blocked", "registrationOnly": True}, registered=1)
    world.run("up", "--yes", "--skip-preview")
    cluster = str(world.clusters()["blocked"]["id"])
    with world.kubernetes() as api:
        api.create(path, service)
        try:
            world.write(registered=1)
            output = world.run("up", "--yes", "--skip-preview")
            assert f"{cluster}-p-" in output
            assert ": deletion is blocked. A common cause is an API service without an answer" in output
            assert "kubectl get apiservice v1.ext.cattle.io: the masters must reach Rancher's pods" in output
            assert "kubectl delete namespace" not in output
        finally:
            api.delete(f"{path}/v1.ext.cattle.io")
    world.await_namespaces(cluster, 0)
    assert "remain" not in world.run("refresh", "--yes", "--skip-preview")


def test_destroy_leaves_nothing_in_rancher_and_on_the_edges(world: Fleet) -> None:
    world.run("destroy", "--yes", "--skip-preview")
    assert world.clusters() == {}
    for name in fleet.EDGES:
        with kube.client(world.kubeconfig(name).read_text()) as api:
            system = api.get("/api/v1/namespaces/cattle-system")
            assert system is None or system["metadata"]["deletionTimestamp"]
