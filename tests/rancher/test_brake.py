"""``SprawlBrake``: what each measure declares, and what happens to Rancher's roles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi
import pytest

from capacity.model import figures
from components.kubernetes import api as kube
from components.rancher.brake import component, counting
from components.rancher.brake.component import SprawlBrake, SprawlBrakeArgs
from components.rancher.brake.roles import BrakeRolesProvider
from components.rancher.endpoint import RancherEndpointArgs
from components.runtime.errors import ProviderError
from domain import brake_policy, rancher_roles
from tests.capacity.test_model import plan
from tests.mocks import RecordingMocks, with_engine
from tests.rancher.world import World, world

POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"


def args(*measures: str, **changes: Any) -> SprawlBrakeArgs:
    endpoint = RancherEndpointArgs(address="10.50.0.79", port=443, hostname="rancher.test", ca_bundle="pem")
    given: dict[str, Any] = {
        "measures": measures,
        "endpoint": endpoint,
        "token": "token-a:b",
        "kubeconfig": "the kubeconfig",
        "planned_projects": 4,
        "figures": figures.to_document(plan()),
    }
    return SprawlBrakeArgs(**{**given, **changes})


class Cluster:
    """Rancher's cluster, with that many namespaces."""

    def __init__(self, namespaces: int) -> None:
        self.items = {
            "/api/v1/namespaces": [f"n-{number}" for number in range(namespaces)],
            "/apis/management.cattle.io/v3/clusters": ["local", "c-1"],
            "/apis/management.cattle.io/v3/projects": ["p-1", "p-2", "p-3", "p-4", "p-5"],
        }

    def list(self, path: str) -> list[dict[str, Any]]:
        if path.endswith("/users"):
            return [{"metadata": {"name": "user-abcde"}, "username": "admin"}]
        return [{"metadata": {"name": name}} for name in self.items[path]]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster(40)

    @contextmanager
    def client(_: str) -> Iterator[Cluster]:
        yield found

    monkeypatch.setattr(kube, "client", client)
    monkeypatch.setattr(component, "own_outputs", dict)
    return found


def declared(given: SprawlBrakeArgs) -> tuple[RecordingMocks, Mapping[str, Any]]:
    """Everything that the component declares, and its state, which must not be secret."""
    mocks, states = RecordingMocks(), []

    async def declare() -> None:
        made = SprawlBrake("sprawl-brake", given)
        assert not await made.state.is_secret()
        states.append(await made.state.future() or {})

    with_engine(declare)()  # type: ignore[unused-coroutine]
    return mocks, states[0]


def test_quota_alone_is_one_object_and_asks_nobody() -> None:
    mocks, state = declared(args("quota"))
    assert (state["measures"], state["mode"]) == (["quota"], "open")
    assert mocks.types() == ["rancher-on-pks:rancher:SprawlBrake", "kubernetes:core/v1:ResourceQuota"]
    quota = mocks.inputs("kubernetes:core/v1:ResourceQuota", "sprawl-brake-quota")
    assert quota["spec"]["hard"] == {"count/projects.management.cattle.io": "6"}
    assert quota["metadata"]["namespace"] == "local"


def test_without_a_plan_there_is_no_quota() -> None:
    mocks, _ = declared(args("quota", planned_projects=None))
    assert mocks.types() == ["rancher-on-pks:rancher:SprawlBrake"]


def test_the_verdict_is_in_the_policy(cluster: Cluster) -> None:
    del cluster
    mocks, state = declared(args("admission", kubeconfig=pulumi.Output.secret("the kubeconfig")))
    assert (state["mode"], state["fleetUser"], state["percent"]) == ("fleet-only", "user-abcde", 15.6)
    spec = mocks.inputs(POLICY, "sprawl-brake-policy")["spec"]
    verdict = brake_policy.state(spec)
    assert verdict
    assert (verdict["mode"], verdict["fleetUser"]) == ("fleet-only", "user-abcde")
    assert verdict["headroom"].startswith("216 of 256 pod subnets were left at ")
    [validation] = spec["validations"]
    assert validation["reason"] == "Forbidden"
    binding = mocks.inputs(f"{POLICY}Binding", "sprawl-brake-binding")["spec"]
    assert binding == {"policyName": "rancher-on-pks-sprawl-brake", "validationActions": ["Deny"]}


def test_a_cluster_that_cannot_be_counted_keeps_the_last_verdict(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = figures.to_document(plan())
    cluster.items["/api/v1/namespaces"] = [f"n-{number}" for number in range(250)]
    closed = counting.judge("k", document, {}, close=95, reopen=90)
    assert closed["mode"] == "closed"

    def refused(_: str) -> Any:
        raise ProviderError("no route")

    monkeypatch.setattr(kube, "client", refused)
    monkeypatch.setattr(pulumi.log, "warn", lambda *_: None)
    assert counting.judge("k", document, closed, close=95, reopen=90) == closed
    with pytest.raises(pulumi.RunError, match="cannot be counted: no route"):
        counting.judge("k", document, {}, close=95, reopen=90)


# --- roles -----------------------------------------------------------------------------------------


def test_only_the_creation_of_projects_is_left_out() -> None:
    create = {"apiGroups": ["management.cattle.io"], "resources": ["projects"], "verbs": ["create"]}
    mixed = {
        "apiGroups": ["management.cattle.io"],
        "resources": ["projects", "nodes"],
        "verbs": ["get", "create"],
    }
    other = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}
    kept = rancher_roles.without_projects([create, mixed, other])
    assert kept == [
        {**mixed, "resources": ["nodes"]},
        {**mixed, "resources": ["projects"], "verbs": ["get"]},
        other,
    ]
    assert not rancher_roles.may_create_projects(kept)


@pytest.mark.parametrize(
    ("rule", "imports"),
    [
        ({"apiGroups": ["management.cattle.io"], "resources": ["clusters"], "verbs": ["create"]}, True),
        ({"apiGroups": ["provisioning.cattle.io"], "resources": ["clusters"], "verbs": ["*"]}, True),
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, True),
        (
            {"apiGroups": ["management.cattle.io"], "resources": ["fleetworkspaces"], "verbs": ["create"]},
            True,
        ),
        ({"apiGroups": ["management.cattle.io"], "resources": ["clusters"], "verbs": ["get"]}, False),
        ({"resources": None}, False),
    ],
)
def test_which_roles_import(rule: dict[str, Any], imports: bool) -> None:
    assert rancher_roles.may_import([rule]) == imports


@pytest.mark.parametrize("version", ["2.2.8", "2.15.0"])
async def test_roles_are_changed_watched_and_put_back(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = BrakeRolesProvider()
    async with world(version, monkeypatch) as rancher:
        token = (await rancher.create())["token"]
        before = await roles(rancher, token)
        wanted = {"endpoint": rancher.inputs["endpoint"], "token": token}
        made = dict((await rancher.run(provider.create, wanted)).outs or {})
        changed = await roles(rancher, token)
        assert changed["globalroles"]["user"]["newUserDefault"] is False
        assert changed["globalroles"]["user-base"]["newUserDefault"] is True
        assert changed["roletemplates"]["cluster-member"]["locked"] is True
        assert changed["roletemplates"]["cluster-owner"]["locked"] is False
        copy = changed["roletemplates"][made["member_role"]]
        member = changed["roletemplates"]["cluster-member"]
        assert len(copy["rules"]) == len(member["rules"]) - 1
        assert json.dumps(copy["rules"]).count('"projects"') == 0
        seen = dict((await rancher.run(provider.read, "roles", made)).outs or {})
        assert seen == made

        path = "/v3/roletemplates/projects-create"
        assert (await rancher.server.ask("PUT", path, {"locked": False}, token=token)).status == 200
        seen = dict((await rancher.run(provider.read, "roles", made)).outs or {})
        assert seen["deviations"] == ["roletemplates/projects-create"]
        assert provider.diff("roles", seen, wanted).changes
        again = dict((await rancher.run(provider.update, "roles", seen, wanted)).outs or {})
        assert again["original"] == made["original"]
        assert again["member_role"] == made["member_role"]

        await rancher.run(provider.delete, "roles", again)
        assert await roles(rancher, token) == before


async def roles(rancher: World, token: str) -> dict[str, dict[str, Any]]:
    found = {}
    for kind in ("globalroles", "roletemplates"):
        data = (await rancher.server.ask("GET", f"/v3/{kind}", token=token)).body["data"]
        found[kind] = {item["id"]: item for item in data}
    return found
