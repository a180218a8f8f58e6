"""Plans from a stack file, and figures that contradict its own network profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from capacity.command.stack_file import read
from capacity.model.plan import CapacityError
from settings.capacity import CapacitySettings

STACK: dict[str, Any] = {
    "clusterName": "edge",
    "rancherVersion": "2.8.5",
    "podNetwork": {"blocks": ["172.16.0.0/16"]},
    "plannedImportedClusters": "40",
}


def _file(tmp_path: Path, **changes: Any) -> Path:
    config = {
        f"rancher-on-pks:{key}": value for key, value in {**STACK, **changes}.items() if value is not None
    }
    path = tmp_path / "Pulumi.edge.yaml"
    path.write_text(yaml.safe_dump({"config": {"other:key": "1", **config}}))
    return path


def test_the_plan_of_a_stack(tmp_path: Path) -> None:
    profile = {"lb_size": "large", "pod_subnet_prefix": 27}
    network = json.dumps(
        {"blocks": ["172.16.0.0/16"], "subnetPrefix": 27}
    )  # as `pulumi config set` writes it
    plan = read(_file(tmp_path, networkProfileParameters=profile, podNetwork=network, leakedNamespaces=3))
    [demand] = plan.demands
    assert (demand.name, demand.rancher_version, demand.imported_clusters) == ("edge", "2.8.5", 40)
    assert (demand.leaked, demand.lb_size, plan.network.subnet_prefix) == (3, "large", 27)


def test_e8_what_role_bindings_and_etcd_depend_on(tmp_path: Path) -> None:
    keys = {
        "plannedClusterMembers": "3",
        "plannedProjectMembers": 2,
        "plannedImportsPerMonth": "5",
        "etcdQuotaMb": "4096",
        "etcdStartMb": "60",
    }
    [demand] = read(_file(tmp_path, **keys)).demands
    assert (demand.users_per_cluster, demand.users_per_project, demand.imports_per_month) == (3, 2, 5)
    assert (demand.etcd_quota_mb, demand.etcd_start_mb) == (4096, 60)
    [demand] = read(_file(tmp_path)).demands
    assert (demand.users_per_cluster, demand.etcd_quota_mb) == (0, 2048)
    with pytest.raises(CapacityError, match="etcdQuotaMb: must be at most 8192"):
        read(_file(tmp_path, etcdQuotaMb="9000"))


def test_what_a_plan_does_not_need_may_be_wrong(tmp_path: Path) -> None:
    secret = {"secure": "AAAB"}
    changes = {"nsxCaCertificateFile": "no/such/file", "nsxPassword": secret, "pksCaCertificateFile": "none"}
    assert read(_file(tmp_path, **changes)).demands[0].imported_clusters == 40


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"podNetwork": None}, "podNetwork is not set. Set its blocks"),
        ({"rancherVersion": None}, "rancherVersion: is not set"),
        ({"rancherVersion": "2.99.0"}, "the namespaces of Rancher 2.99.0 are unknown"),
        ({"plannedUsers": "many"}, 'plannedUsers: must be a whole number ("many")'),
        ({"plannedProjects": -1}, 'plannedProjects: must be at least 0 ("-1")'),
        ({"plannedImportedCluster": "4"}, "plannedImportedCluster: is not a known config key"),
        ({"podNetwork": "{"}, "podNetwork: must be an object"),
        ({"podNetwork": {"blocks": ["172.16.0.0/26"]}}, "172.16.0.0/26 is smaller than one subnet"),
        ({"networkProfileParameters": {"lb_size": "huge"}}, "lbSize: unknown (huge)"),
        (
            {"networkProfileParameters": {"pod_subnet_prefix": 27}},
            "podNetwork.subnetPrefix: does not match networkProfileParameters.pod_subnet_prefix, which is 27",
        ),
    ],
)
def test_a_stack_without_a_sound_plan_is_one_message(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CapacityError) as caught:
        read(_file(tmp_path, **changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "config: 3", "config: [", "a: \x00"])
def test_not_a_stack_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.edge.yaml"
    path.write_text(text)
    with pytest.raises(
        CapacityError,
        match=r"Pulumi\.edge\.yaml: (the file (has no `config`|is not valid YAML)|`config` must be)",
    ):
        read(path)


@pytest.mark.parametrize(
    ("network", "profile", "key"),
    [
        ({}, {}, None),
        ({"subnetPrefix": 27}, {}, None),  # the profile is made by others
        ({}, {"lb_size": "medium"}, None),
        ({"subnetPrefix": 27}, {"lb_size": "medium"}, "subnetPrefix"),  # the profile's default is 24
        ({"subnetPrefix": 27}, {"pod_subnet_prefix": 27}, None),
        ({}, {"pod_subnet_prefix": 27}, "subnetPrefix"),
        ({}, {"pod_routable": True}, "nat"),
        ({"nat": False}, {"pod_routable": True}, None),
        ({"topology": "dedicated"}, {"single_tier_topology": True}, "topology"),
        ({"topology": "dedicated"}, {"single_tier_topology": False}, None),
        ({"topology": "dedicated"}, {"lb_size": "small"}, None),  # its default differs by release
    ],
)
def test_figures_match_the_network_profile(
    network: dict[str, Any], profile: dict[str, Any], key: str | None
) -> None:
    settings = CapacitySettings.model_validate({"podNetwork": {"blocks": ["172.16.0.0/16"], **network}})
    found = [problem.key for problem in settings.findings("2.8.5", profile)]
    assert found == ([] if key is None else [f"podNetwork.{key}"])
