"""``python -m capacity measure``: what a live Rancher has, read through the Kubernetes API."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capacity.command.measure import measure
from capacity.model.plan import CapacityError
from components.kubernetes import api as kubernetes_api
from components.kubernetes import stored
from domain.rancher_namespaces import Namespaces
from domain.versions import Version
from tests.config import REPO
from tests.kubernetes_api import FakeApi, running
from tests.servers import Request, Response

MANAGEMENT, RBAC = "/apis/management.cattle.io/v3", "/apis/rbac.authorization.k8s.io/v1"
FLEET = "cluster-fleet-default-c-aaaaa-0123456789ab"
NAMESPACES = (
    *("default", "kube-system", "kube-public", "kube-node-lease", "pks-system"),
    *(
        "cattle-system",
        "cattle-global-data",
        "cattle-new-in-2-16",
        "fleet-local",
        "local",
        "p-11111",
        "p-22222",
    ),
    *("c-aaaaa", "c-aaaaa-p-33333", "c-aaaaa-p-44444", "c-aaaaa-p-55555", FLEET, "u-abcde"),
    *("c-zzzzz", "c-zzzzz-p-66666", "cluster-fleet-default-c-zzzzz-ba9876543210", "shop"),
)
METRICS = """# TYPE apiserver_storage_size_bytes gauge
apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 6.291456e+07
"""


@pytest.fixture
def cluster() -> Iterator[FakeApi]:
    with running() as api:
        for name in NAMESPACES:
            put(api, "/api/v1/namespaces", name)
        for name in ("local", "c-aaaaa"):
            put(api, f"{MANAGEMENT}/clusters", name)
        for cluster, name in (
            *(("local", "p-11111"), ("local", "p-22222")),
            *(("c-aaaaa", "p-33333"), ("c-aaaaa", "p-44444"), ("c-aaaaa", "p-55555")),
        ):
            backing = name if cluster == "local" else f"{cluster}-{name}"
            status = {"backingNamespace": backing}
            put(api, f"{MANAGEMENT}/projects", name, spec={"clusterName": cluster}, status=status)
        put(api, f"{MANAGEMENT}/users", "user-admin", principalIds=["local://user-admin"])
        put(api, f"{MANAGEMENT}/users", "u-abcde", principalIds=["local://u-abcde"])
        put(api, f"{MANAGEMENT}/users", "u-system", principalIds=["system://local", "local://u-system"])
        put(api, f"{MANAGEMENT}/clusterroletemplatebindings", "creator-cluster-owner")
        put(api, f"{MANAGEMENT}/clusterroletemplatebindings", "crtb-1234567890")
        put(api, f"{MANAGEMENT}/projectroletemplatebindings", "creator-project-owner")
        for number in range(30):
            put(api, f"{RBAC}/rolebindings", f"binding-{number}")
        put(api, f"{RBAC}/clusterrolebindings", "binding")
        container = {"image": "registry.example.com:5000/rancher/rancher:v2.16.1"}
        put(
            api,
            "/apis/apps/v1/namespaces/cattle-system/deployments",
            "rancher",
            spec={"template": {"spec": {"containers": [container]}}},
        )
        listed = {"verbs": ["list"]}
        api.objects["/api/v1"] = {
            "resources": [
                {"name": "namespaces", "kind": "Namespace", "namespaced": False, **listed},
                {"name": "bindings", "kind": "Binding", "namespaced": True},
            ]
        }
        group = {"name": "rbac.authorization.k8s.io"}
        version = {"preferredVersion": {"groupVersion": "rbac.authorization.k8s.io/v1"}}
        metrics = {"name": "metrics.k8s.io", "preferredVersion": {"groupVersion": "metrics.k8s.io/v1"}}
        api.objects["/apis"] = {"groups": [{**group, **version}, metrics]}
        api.objects[RBAC] = {
            "resources": [
                {"name": f"{kind.lower()}s", "kind": kind, "namespaced": True, **listed}
                for kind in ("RoleBinding", "ClusterRoleBinding")
            ]
        }
        aggregated = {"group": "metrics.k8s.io", "service": {"name": "metrics-server"}}
        put(api, "/apis/apiregistration.k8s.io/v1/apiservices", "v1.metrics.k8s.io", spec=aggregated)
        api.before = metrics_of(METRICS)
        yield api


def put(api: FakeApi, collection: str, name: str, **content: Any) -> None:
    api.objects[f"{collection}/{name}"] = {"metadata": {"name": name}, **content}


def metrics_of(text: str) -> Any:
    return lambda request: Response(body=text) if request.path == "/metrics" else None


@pytest.fixture
def access(cluster: FakeApi, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(cluster.kubeconfig)
    return path


def counted(access: Path, **given: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(measure(access, None, given.get("version", ""), "json"))
    return found


def test_every_namespace_is_somebodys(access: Path) -> None:
    found = counted(access)
    assert found["fixed"] == [
        *("cattle-global-data", "cattle-new-in-2-16", "cattle-system", "fleet-local", "local"),
        *("p-default", "p-system"),
    ]
    assert (found["registered"], found["connected"], found["users"]) == (3, 1, 1)
    assert found["leaked"] == ["c-zzzzz", "c-zzzzz-p-66666", "cluster-fleet-default-c-zzzzz-ba9876543210"]
    assert (found["applications"], found["namespaces"]) == (["shop"], len(NAMESPACES))
    assert found["counts"] == {
        "clusters": 1,
        "projects": 1,
        "users": 1,
        "cluster_members": 1,
        "project_members": 0,
    }


def test_what_the_api_server_stores_is_counted(access: Path) -> None:
    found = counted(access)
    assert found["stored"] == {
        "role_bindings": 30,
        "cluster_role_bindings": 1,
        "keys": len(NAMESPACES) + 31,
        "etcd_bytes": 60 * 2**20,
    }
    assert found["model"] == {
        "role_bindings": 11 + 12.8 + 5.2 + 2 + 2,
        "cluster_role_bindings": 58 + 2 + 2 + 1,
        "further_keys": 52 + 15 + 6 + 4,
        "further_etcd_mb": 0.5,
    }


def test_a_release_that_the_table_lacks_gets_its_line(access: Path) -> None:
    shown = measure(access, None, "", "table")
    assert "Rancher 2.16.1: 1 imported clusters" in shown
    line = shown[shown.index("    Namespaces(") :].strip().rstrip(",")
    found = eval(line, {"Namespaces": Namespaces, "Version": Version})  # noqa: S307 - it is Python for a file
    assert (found.fixed, found.registered, found.connected) == (7, 3, 1)
    assert "cattle-new-in-2-16" in found.names
    assert "Left behind by deleted clusters: c-zzzzz" in shown
    assert "SUSE documents at least" in shown


def test_a_known_release_is_compared(access: Path) -> None:
    shown = measure(access, None, "2.15.0", "table")
    assert "here and not in the table: cattle-new-in-2-16; in the table and not here: cattle-capi-sy" in shown


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", None),
        ('apiserver_storage_db_total_size_in_bytes{endpoint="https://e:2379"} 5\n', 5),
        ('etcd_db_total_size_in_bytes{endpoint="a"} 4\netcd_db_total_size_in_bytes{endpoint="b"} 7\n', 7),
        ("some_etcd_db_total_size_in_bytes 9\n", None),
    ],
)
def test_the_size_of_etcd_is_that_of_the_largest_member(
    cluster: FakeApi, access: Path, text: str, size: int | None
) -> None:
    cluster.before = metrics_of(text)
    assert counted(access)["stored"]["etcd_bytes"] == size
    assert ("MB in etcd" in measure(access, None, "", "table")) and (
        ("unknown" in measure(access, None, "2.15", "table")) == (size is None)
    )


def test_metrics_that_are_refused_leave_the_size_unknown(cluster: FakeApi, access: Path) -> None:
    cluster.before = lambda request: Response(403, {}) if request.path == "/metrics" else None
    assert counted(access)["stored"]["etcd_bytes"] is None


def test_a_long_list_is_counted_without_reading_it(cluster: FakeApi) -> None:
    pages = {"items": [{}], "metadata": {"continue": "x", "remainingItemCount": 4999}}
    asked: list[str] = []

    def answer(request: Request) -> Response | None:
        asked.append(request.path)
        return Response(body=pages)

    cluster.before = answer
    with kubernetes_api.client(cluster.kubeconfig) as kubernetes:
        assert stored.count(kubernetes, "/api/v1/secrets") == 5000
    assert len(asked) == 1


def test_hostile_names_are_neither_counted_nor_shown(cluster: FakeApi, access: Path) -> None:
    before = counted(access)
    for name in ("\x1b[2J", '"); import os #', "x" * 300, ""):
        cluster.objects[f"/api/v1/namespaces/{name!r}"] = {"metadata": {"name": name}}
    cluster.objects[f"{MANAGEMENT}/projects/odd"] = {"metadata": {"name": "odd", "namespace": "../c"}}
    cluster.objects[f"{MANAGEMENT}/users/odd"] = {"metadata": {"name": "u-odd"}, "principalIds": 7}
    after = counted(access)
    for figure in ("fixed", "applications", "leaked", "namespaces"):
        assert after[figure] == before[figure]
    assert "\x1b" not in measure(access, None, "", "table")
    cluster.objects[f"{MANAGEMENT}/projects/odd"] = {"metadata": {"name": 5}, "spec": [], "status": "x"}
    with pytest.raises(CapacityError, match="the answer is not one of Kubernetes"):
        counted(access)


def test_a_stacks_outputs_lead_to_the_cluster(
    cluster: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = json.dumps({"kubeconfig": cluster.kubeconfig, "rancherUrl": "https://x"})
    file = tmp_path / "outputs.json"
    file.write_text(outputs)
    assert json.loads(measure(None, file, "", "json"))["counts"]["clusters"] == 1
    monkeypatch.setattr(sys, "stdin", io.StringIO(outputs))
    assert json.loads(measure(None, Path("-"), "", "json"))["counts"]["clusters"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda api: drop(api, f"{MANAGEMENT}/clusters"), "Rancher does not run on it"),
        (lambda api: drop(api, "/apis/apps/v1"), "--rancher-version: Rancher's Deployment has no image"),
    ],
)
def test_a_cluster_that_says_too_little(cluster: FakeApi, access: Path, change: Any, message: str) -> None:
    change(cluster)
    with pytest.raises(CapacityError, match=message):
        counted(access)


def drop(api: FakeApi, path: str) -> None:
    for key in [key for key in api.objects if key.startswith(path)]:
        del api.objects[key]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Config", "the kubeconfig has no current context"),
        ("{", "the kubeconfig is not a YAML object"),
        (
            "clusters: [{name: c, cluster: {server: 'https://x'}}]\n"
            "users: [{name: u, user: {exec: {command: touch}}}]\n"
            "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x",
            "`exec`, which is refused: it runs a command on this machine",
        ),
    ],
)
def test_a_kubeconfig_is_hostile_until_checked(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    command = [sys.executable, "-m", "capacity", "measure", "--kubeconfig", str(path)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kubeconfig": 5}', '{"kubeconfig": "[secret]"}'])
def test_outputs_without_a_kubeconfig_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(text)
    with pytest.raises(CapacityError, match=r"no output kubeconfig\. Give what `pulumi stack output"):
        measure(None, file, "", "table")
