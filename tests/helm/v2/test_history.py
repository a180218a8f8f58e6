"""What Helm v2 recorded, and how a release becomes Helm 3's."""

from __future__ import annotations

import pytest

from components.helm.v2 import history, permissions
from components.helm.v2.migration import Helm2Migration
from components.kubernetes.api import Kubernetes
from components.runtime.errors import ProviderError
from tests.helm.v2 import tiller_api
from tests.helm.v2.tiller_api import BINDINGS, add_record, bindings
from tests.helm.v2.tiller_release import Chart, Status
from tests.kubernetes_api import NAMESPACE, FakeApi

MIGRATION = Helm2Migration()
OWNER = {"meta.helm.sh/release-name": "rancher", "meta.helm.sh/release-namespace": NAMESPACE}
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/rancher"
INGRESS = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses/rancher"
CLUSTER_ROLE_BINDING = f"{BINDINGS}/rancher"


@pytest.fixture(autouse=True)
def prepared(api: FakeApi) -> None:
    tiller_api.prepare(api)


@pytest.mark.parametrize("storage", ["configmaps", "secrets"])
def test_record_is_read_from_either_storage(api: FakeApi, kubernetes: Kubernetes, storage: str) -> None:
    add_record(api, storage=storage, status=Status.SUPERSEDED)
    add_record(api, storage=storage, revision=12)
    add_record(api, storage=storage, name="nginx")
    found = history.find(kubernetes, "rancher")
    assert [(record.number, record.status) for record in found] == [(1, "SUPERSEDED"), (12, "DEPLOYED")]
    content = history.content(found[-1])
    assert (content.namespace, content.chart, content.version) == (NAMESPACE, "rancher", "2.2.8")
    assert content.manifest == tiller_api.MANIFEST


@pytest.mark.parametrize("damaged", ["", "%%%", "AAAA", "H4sIAAAAAAAA"])
def test_record_that_cannot_be_read_is_named(api: FakeApi, kubernetes: Kubernetes, damaged: str) -> None:
    api.objects[add_record(api)]["data"]["release"] = damaged
    [record] = history.find(kubernetes, "rancher")
    with pytest.raises(ProviderError, match=r"kubectl -n kube-system get configmaps rancher\.v1"):
        history.content(record)


def test_records_follow_tiller_to_its_other_storage_and_back(api: FakeApi, kubernetes: Kubernetes) -> None:
    add_record(api, status=Status.SUPERSEDED)
    add_record(api, revision=2)
    before = {path: item["data"] for path, item in api.objects.items()}
    assert history.move(kubernetes, "rancher", "secrets") == 2
    assert {record.storage for record in history.find(kubernetes, "rancher")} == {"secrets"}
    assert history.content(history.find(kubernetes, "rancher")[-1]).chart == "rancher"
    assert history.move(kubernetes, "rancher", "configmaps") == 2
    assert {path: item["data"] for path, item in api.objects.items()} == before


def test_objects_get_the_marks_by_which_helm_3_takes_them_over(api: FakeApi, kubernetes: Kubernetes) -> None:
    add_record(api)
    for path in (DEPLOYMENT, CLUSTER_ROLE_BINDING):
        api.objects[path] = {"metadata": {"name": "rancher", "labels": {"heritage": "Tiller"}}}
    done = MIGRATION.hand_over(kubernetes, NAMESPACE, "rancher", "rancher", "2.2.8")
    assert done == ["Helm 3 adopts 2 objects of Helm v2 release rancher"], "there is no Ingress any more"
    for path in (DEPLOYMENT, CLUSTER_ROLE_BINDING):
        assert api.objects[path]["metadata"] == {
            "name": "rancher",
            "annotations": OWNER,
            "labels": {"heritage": "Tiller", "app.kubernetes.io/managed-by": "Helm"},
        }


def test_kind_of_an_api_that_is_gone_is_looked_up_where_it_is_now(
    api: FakeApi, kubernetes: Kubernetes
) -> None:
    add_record(api)
    api.objects[INGRESS] = {"metadata": {"name": "rancher"}}
    MIGRATION.hand_over(kubernetes, NAMESPACE, "rancher", "rancher", "2.2.8")
    assert api.objects[INGRESS]["metadata"]["annotations"] == OWNER


def test_move_to_another_version_at_the_same_time_is_refused(api: FakeApi, kubernetes: Kubernetes) -> None:
    add_record(api, chart=Chart("rancher", "2.2.8"))
    api.objects[DEPLOYMENT] = {"metadata": {"name": "rancher"}}
    with pytest.raises(ProviderError, match=r"rancher 2\.2\.8, not rancher 2\.8\.5\. Migrate to Helm 3 with"):
        MIGRATION.hand_over(kubernetes, NAMESPACE, "rancher", "rancher", "2.8.5")
    assert "annotations" not in api.objects[DEPLOYMENT]["metadata"]


def test_after_the_move_tiller_has_neither_records_nor_rights(api: FakeApi, kubernetes: Kubernetes) -> None:
    add_record(api)
    add_record(api, name="nginx")
    subject = {"kind": "ServiceAccount", "namespace": "kube-system", "name": "tiller"}
    role = {"kind": "ClusterRole", "name": "cluster-admin"}
    api.objects[f"{BINDINGS}/left"] = {"metadata": {"name": "left"}, "roleRef": role, "subjects": [subject]}
    assert MIGRATION.forget(kubernetes, "rancher") == [
        "deleted 1 revisions of Helm v2 release rancher",
        "deleted ClusterRoleBinding left of Tiller",
    ]
    assert history.find(kubernetes, "rancher") == []
    assert len(history.find(kubernetes, "nginx")) == 1
    assert bindings(api) == []
    assert MIGRATION.hand_over(kubernetes, NAMESPACE, "rancher", "rancher", "2.8.5") == []


def test_rights_of_others_are_left_alone(api: FakeApi, kubernetes: Kubernetes) -> None:
    tiller = {"kind": "ServiceAccount", "namespace": "kube-system", "name": "tiller"}
    admin = {"kind": "User", "name": "chip"}
    role = {"name": "cluster-admin"}
    api.objects[f"{BINDINGS}/a"] = {"metadata": {"name": "a"}, "roleRef": role, "subjects": [admin]}
    api.objects[f"{BINDINGS}/b"] = {
        "metadata": {"name": "b"},
        "roleRef": {"name": "view"},
        "subjects": [tiller],
    }
    assert permissions.revoke_all(kubernetes) == []
    api.objects[f"{BINDINGS}/c"] = {"metadata": {"name": "c"}, "roleRef": role, "subjects": [admin, tiller]}
    with pytest.raises(ProviderError, match="kubectl edit clusterrolebinding c"):
        permissions.revoke_all(kubernetes)
    assert bindings(api) == ["a", "b", "c"]


def test_rights_end_with_what_they_were_for(api: FakeApi, kubernetes: Kubernetes) -> None:
    def fail() -> None:
        with permissions.granted(kubernetes, "rancher"):
            assert bindings(api) == ["tiller-rancher"]
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert bindings(api) == []
