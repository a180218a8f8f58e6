"""Namespace sprawl: what single resources and whole stacks may take from the pod network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain import type_tokens as kinds
from policy.sprawl import POD_NETWORK
from policy.sprawl_stack import POD_NETWORK_STACK
from tests.policy.judging import UNKNOWN, Resource, judge, judge_stack


def figures(imports: int = 40, *, applications: int = 0, **network: Any) -> dict[str, Any]:
    """Figures as the engine hands them over: numbers are floats."""
    demand = {
        "rancherVersion": "2.8",
        "importedClusters": float(imports),
        "applications": float(applications),
    }
    return {"network": {"blocks": [{"cidr": "172.16.0.0/16"}], **network}, "demands": [demand]}


def namespace(name: str | None) -> Resource:
    return kinds.NAMESPACE, f"ns-{name}", {"metadata": {} if name is None else {"name": name}}


def sites(count: int) -> list[Resource]:
    return [(kinds.SITE, f"site-{index}", {"cluster_name": f"site-{index}"}) for index in range(count)]


def network(document: object) -> Resource:
    return kinds.POD_NETWORK, "capacity", {"figures": document}


CLUSTER: Resource = (kinds.CLUSTER, "cluster", {})


def plan(document: object, **config: Any) -> list[str]:
    return judge(POD_NETWORK, kinds.POD_NETWORK, {"figures": document, "source": UNKNOWN}, **config)


def test_a_plan_that_fits_passes() -> None:
    assert plan(figures(52)) == []


def test_a_plan_beyond_the_block_is_refused_with_figures_and_remedies() -> None:
    [message] = plan(figures(53))
    for part in (
        "53 imported clusters takes 232",
        "25 of 256 must stay free: headroom -1",
        "52 imported clusters fit",
        "pod_subnet_prefix: 25",
        "1 further pod IP block",
        "52 imported clusters instead of 53",
    ):
        assert part in message


@pytest.mark.parametrize(("reserve", "most"), [(0, 59), (10, 52), (50, 27)])
def test_the_reserve_stays_free(reserve: int, most: int) -> None:
    assert plan(figures(most), reservePercent=float(reserve)) == []
    assert plan(figures(most + 1), reservePercent=float(reserve))


def test_a_larger_reserve_of_the_figures_holds() -> None:
    assert "38 of 256 must stay free" in plan(figures(52, reservePercent=15.0))[0]


def test_hundreds_of_clusters_get_the_prefix_that_holds_them() -> None:
    [message] = plan(figures(300))
    assert "pod_subnet_prefix: 27" in message


def test_every_limit_is_judged() -> None:
    document = figures(40, topology="dedicated", tier1Limit=100.0, floatingIps=50.0)
    assert [message.split(":")[0] for message in plan(document)] == ["floating IPs", "Tier-1 routers"]


def test_e8_role_bindings_and_etcd_are_judged_by_the_same_model() -> None:
    wide: dict[str, Any] = {"blocks": [{"cidr": "10.0.0.0/8"}], "subnetPrefix": 27.0}
    assert plan(figures(4217, **wide)) == []
    [message] = plan(figures(4218, **wide))
    for part in (
        "role bindings of rancher: the plan with 4218 imported clusters takes 54002",
        "6000 of 60000 must stay free: headroom -2",
        "4217 imported clusters fit",
        "4217 imported clusters instead of 4218",
    ):
        assert part in message
    small = figures(2000, **wide)
    small["demands"][0]["etcdQuotaMb"] = 600.0
    [message] = plan(small)
    assert "MB in etcd of rancher: the plan with 2000 imported clusters takes 660" in message
    assert "quota-backend-bytes: 4294967296 (4 GB)" in message


def test_e8_a_fleet_beyond_them_is_refused() -> None:
    document = figures(10, blocks=[{"cidr": "10.0.0.0/8"}], subnetPrefix=27.0)
    document["demands"][0] |= {"etcdQuotaMb": 100.0, "usersPerCluster": 2.0}
    most = 236  # 52 keys of a cluster and 8 of two members are 0.38 MB; 10 MB are the reserve
    assert judge_stack(POD_NETWORK_STACK, [network(document), *sites(most)]) == []
    [message] = judge_stack(POD_NETWORK_STACK, [network(document), *sites(most + 1)])
    assert f"imports {most + 1} clusters, but only {most} fit" in message
    assert "MB in etcd of rancher" in message


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (figures(40, subnetPrefix=8.0), "smaller than one subnet"),
        (figures(-1), "negative (-1)"),
        (figures(40, blocks=[{"cidr": "172.16.0.0/16", "subnetsUsed": 300.0}]), "there are only 256"),
        ({**figures(), "demands": [{"rancherVersion": "9.9"}]}, "the namespaces of Rancher 9.9.0"),
        (None, "not an object"),
        ("many", "not an object"),
    ],
)
def test_invalid_figures_are_refused(document: object, reason: str) -> None:
    [message] = plan(document)
    assert "are invalid" in message
    assert reason in message


@pytest.mark.parametrize(
    "document", [UNKNOWN, figures(40, subnetPrefix=UNKNOWN), {**figures(), "demands": UNKNOWN}]
)
def test_unknown_figures_are_refused_instead_of_passed(document: object) -> None:
    [message] = plan(document)
    assert "unknown at preview" in message


@pytest.mark.parametrize(
    ("name", "declared", "accepted"),
    [
        ("cattle-system", ["cattle-system"], True),
        ("team-a", ["cattle-system"], False),
        ("team-a", ["team-*"], True),
        ("Team-a", ["team-*"], False),
        (None, ["*"], False),
        (UNKNOWN, ["cattle-system"], True),
    ],
)
def test_only_declared_namespaces(name: str | None, declared: list[str], accepted: bool) -> None:
    kind, resource, props = namespace(name)
    found = judge(POD_NETWORK, kind, props, name=resource, namespaces=declared)
    assert (found == []) is accepted
    assert all("not declared" in message and declared[0] in message for message in found)


def test_namespaces_with_unknown_metadata_wait_for_the_update() -> None:
    assert judge(POD_NETWORK, kinds.NAMESPACE, {"metadata": UNKNOWN}) == []


@pytest.mark.parametrize(
    ("props", "accepted"),
    [
        ({"createNamespace": True, "namespace": "tools"}, False),
        ({"createNamespace": True, "namespace": UNKNOWN}, False),
        ({"createNamespace": False}, True),
        ({}, True),
        ({"createNamespace": UNKNOWN}, True),
    ],
)
def test_a_release_creates_no_namespace_itself(props: dict[str, Any], accepted: bool) -> None:
    found = judge(POD_NETWORK, kinds.RELEASE, props)
    assert (found == []) is accepted
    assert all("createNamespace to false" in message for message in found)


def test_the_stack_of_the_server_passes() -> None:
    resources = [CLUSTER, network(figures()), namespace("cattle-system")]
    assert judge_stack(POD_NETWORK_STACK, resources) == []


def test_a_cluster_without_figures_is_refused() -> None:
    [message] = judge_stack(POD_NETWORK_STACK, [CLUSTER, namespace("cattle-system")])
    assert "Set podNetwork in its config" in message
    assert judge_stack(POD_NETWORK_STACK, [CLUSTER], requireFigures=False) == []


@pytest.mark.parametrize("name", ["team-b", UNKNOWN, None])
def test_more_namespaces_than_the_budget_are_refused(name: str | None) -> None:
    resources = [network(figures(applications=1)), namespace("cattle-system"), namespace("team-a")]
    assert judge_stack(POD_NETWORK_STACK, resources) == []
    [message] = judge_stack(POD_NETWORK_STACK, [*resources, namespace(name)])
    assert "creates 2 namespaces, its plan has 1" in message


def test_a_fleet_imports_what_the_server_has_room_for() -> None:
    assert judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(52)]) == []
    [message] = judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(55)])
    assert "imports 55 clusters, but only 52 fit: 3 too many" in message
    assert "advise --clusters 55" in message


def test_a_fleet_without_figures_is_refused() -> None:
    [message] = judge_stack(POD_NETWORK_STACK, sites(2))
    assert "2 imported clusters, but the figures of the pod network are missing" in message


def test_a_fleet_with_unknown_figures_is_left_to_the_rule_for_its_figures() -> None:
    assert judge_stack(POD_NETWORK_STACK, [network(UNKNOWN), *sites(2)]) == []


def test_invalid_figures_in_the_stack_are_reported_once_on_their_resource() -> None:
    assert judge_stack(POD_NETWORK_STACK, [network({"network": {}}), *sites(2)]) == []


def test_a_foreign_stack_is_judged_by_figures_in_the_configuration() -> None:
    apps = [namespace("team-a"), namespace("team-b")]
    fitting, tight = figures(40, applications=2), figures(60, applications=1)
    assert judge_foreign(apps, fitting, applications=2.0) == []
    plan_message, count_message = judge_foreign(apps, tight, applications=1.0)
    assert "headroom -30. 52 imported clusters fit" in plan_message
    assert "1 too many" in count_message


def test_a_foreign_stack_is_judged_by_a_file_of_the_owners_output(tmp_path: Path) -> None:
    file = tmp_path / "pod-network.json"
    file.write_text(json.dumps({"capacity": 256, "figures": figures(40, applications=1)}))
    config: dict[str, Any] = {"figuresFile": str(file), "shares": shares(test={"applications": 1.0})}
    assert judge_stack(POD_NETWORK_STACK, [namespace("a")], **config) == []
    assert judge_stack(POD_NETWORK_STACK, [namespace("a"), namespace("b")], **config)


@pytest.mark.parametrize("content", [None, "not json", "[]"])
def test_a_file_without_figures_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "pod-network.json"
    if content is not None:
        file.write_text(content)
    [message] = judge_stack(POD_NETWORK_STACK, [namespace("a")], figuresFile=str(file))
    assert "are invalid" in message


def test_a_stack_that_has_nothing_to_do_with_it_passes() -> None:
    assert judge_stack(POD_NETWORK_STACK, [("random:index/randomPet:RandomPet", "pet", {})]) == []


RANCHER2 = "rancher2:index/"
SITES = [
    f"{RANCHER2}cluster:Cluster",
    f"{RANCHER2}clusterV2:ClusterV2",
    "kubernetes:management.cattle.io/v3:Cluster",
    "kubernetes:provisioning.cattle.io/v1:Cluster",
    "kubernetes:fleet.cattle.io/v1alpha1:Cluster",
    "kubernetes:cluster.x-k8s.io/v1beta1:Cluster",
]
PROJECTS = [f"{RANCHER2}project:Project", "kubernetes:management.cattle.io/v3:Project"]
USERS = [f"{RANCHER2}user:User", "kubernetes:management.cattle.io/v3:User"]
CREATORS = [
    f"{RANCHER2}namespace:Namespace",
    f"{RANCHER2}app:App",
    f"{RANCHER2}appV2:AppV2",
    "kubernetes:management.cattle.io/v3:FleetWorkspace",
    "kubernetes:management.cattle.io/v3:ManagedChart",
    "kubernetes:fleet.cattle.io/v1alpha1:GitRepo",
    "kubernetes:fleet.cattle.io/v1alpha1:Bundle",
    "kubernetes:helm.cattle.io/v1:HelmChart",
    "kubernetes:argoproj.io/v1alpha1:Application",
]


def judge_foreign(resources: list[Resource], document: object, **share: float) -> list[str]:
    """The violations of a stack of another program with a share of that plan."""
    return judge_stack(POD_NETWORK_STACK, resources, figures=document, shares=shares(test=share))


def many(kind: str, count: int) -> list[Resource]:
    return [(kind, f"r-{index}", {}) for index in range(count)]


@pytest.mark.parametrize("kind", SITES)
def test_d1_d2_clusters_of_any_provider_are_imports(kind: str) -> None:
    [message] = judge_stack(POD_NETWORK_STACK, many(kind, 100))
    assert "creates 100 imported clusters, but the figures of the pod network are missing" in message
    [message] = judge_foreign(many(kind, 100), figures(0), importedClusters=52.0)
    assert "imports 100 clusters, but only 52 fit" in message
    assert judge_foreign(many(kind, 52), figures(0), importedClusters=52.0) == []


@pytest.mark.parametrize(
    ("kinds_", "what", "figure", "key", "planned"),
    [
        (PROJECTS, "projects", "projects", "plannedProjects", 3.0),
        (USERS, "users", "users", "plannedUsers", 4.0),  # the administrator is one
        (CREATORS, "namespaces", "applications", "plannedApplications", 3.0),
    ],
)
def test_d1_d2_what_makes_namespaces_behind_the_scenes_is_counted(
    kinds_: list[str], what: str, figure: str, key: str, planned: float
) -> None:
    document = figures(0)
    document["demands"][0][figure] = planned
    for kind in kinds_:
        assert f"creates 1 {what}, but" in judge_stack(POD_NETWORK_STACK, many(kind, 1))[0]
        assert judge_foreign(many(kind, 3), document, **{figure: 3.0}) == []
        [message] = judge_foreign(many(kind, 4), document, **{figure: 3.0})
        assert f"creates 4 {what}, its plan has 3: 1 too many" in message
        assert f"raise the plan ({key})" in message


def release_with(names: object) -> Resource:
    return kinds.RELEASE, "tools", {"name": "tools", "chart": "tools", "resourceNames": names}


def test_d3_namespaces_of_a_chart_are_counted_and_declared() -> None:
    names = {"Namespace/v1": ["a", "cattle-system", "b"], "Deployment.apps/apps/v1": ["a/web"]}
    resource = release_with(names)
    [message] = judge_foreign([resource], figures(0, applications=1), applications=1.0)
    assert "creates 2 namespaces, its plan has 1" in message
    assert judge_foreign([resource], figures(0, applications=2), applications=2.0) == []
    first, second = judge(POD_NETWORK, *resource[::2], name="tools")
    assert "namespace 'a', which the chart of release 'tools' creates, is not declared" in first
    assert "namespace 'b'" in second
    assert judge(POD_NETWORK, *resource[::2], namespaces=["a", "b"]) == []


UNSEEN: list[object] = [UNKNOWN, {"Namespace/v1": UNKNOWN}, None]
"""What a preview has in place of the names: the plugin fills them in when the release is there."""


@pytest.mark.parametrize("names", UNSEEN)
def test_d3_a_chart_that_nobody_has_declared_is_refused(names: object) -> None:
    [message] = judge_stack(POD_NETWORK_STACK, [release_with(names)], figures=figures())
    assert "release 'tools': a preview does not show which namespaces chart 'tools' creates" in message
    assert '{"unseenNamespaces": {"tools": 0}}' in message


@pytest.mark.parametrize("names", UNSEEN)
def test_d3_a_declared_chart_counts_with_its_figure(names: object) -> None:
    def judged(count: float) -> list[str]:
        config: dict[str, Any] = {"unseenNamespaces": {"tools": count}}
        config["figures"], config["shares"] = figures(applications=2), shares(test={"applications": 2.0})
        return judge_stack(POD_NETWORK_STACK, [release_with(names)], **config)

    assert judged(0.0) == judged(2.0) == []
    assert "creates 3 namespaces, its plan has 2" in judged(3.0)[0]


@pytest.mark.parametrize(("chart", "problems"), [("oci://registry/rancher", 0), ("other", 1)])
def test_d3_a_release_of_which_the_stack_shows_nothing_yet_was_seen_before(chart: str, problems: int) -> None:
    name = f"release of {chart}"
    judge(POD_NETWORK, kinds.RELEASE, {"chart": chart}, name=name)
    unknown = dict.fromkeys(("chart", "name", "resourceNames"), UNKNOWN)
    found = judge_stack(POD_NETWORK_STACK, [(kinds.RELEASE, name, unknown)], figures=figures())
    assert [f"chart '{chart}'" in message for message in found] == [True] * problems


@pytest.mark.parametrize("chart", ["rancher", "oci://registry/rancher", "./nginx-ingress-1.41.3.tgz"])
def test_d3_charts_of_the_program_create_none(chart: str) -> None:
    assert judge_stack(POD_NETWORK_STACK, [(kinds.RELEASE, "r", {"chart": chart})]) == []


def test_d3_a_release_that_has_created_more_than_declared_is_reported() -> None:
    release = release_with({"Namespace/v1": ["a", "b"]})
    config: dict[str, Any] = {"figures": figures(applications=2), "unseenNamespaces": {"tools": 1.0}}
    config["shares"] = shares(test={"applications": 2.0})
    [message] = judge_stack(POD_NETWORK_STACK, [release], **config)
    assert "chart 'tools' has created 2 namespaces (a, b), 1 are declared" in message


@pytest.mark.parametrize("names", [{}, {"Secret/v1": ["a/b"]}])
def test_d3_a_chart_that_has_created_none_takes_none(names: object) -> None:
    assert judge_stack(POD_NETWORK_STACK, [release_with(names)]) == []


@pytest.mark.parametrize("kind", sorted(kinds.RENDERED))
def test_d2_manifests_that_a_preview_does_not_show_are_refused(kind: str) -> None:
    component: Resource = (kind, "apps", {})
    [message] = judge_stack(POD_NETWORK_STACK, [component])
    assert "'apps' shows no objects yet" in message
    assert judge_stack(POD_NETWORK_STACK, [component], unseenNamespaces={"apps": 0.0}) == []
    [message] = judge_stack(POD_NETWORK_STACK, [component], unseenNamespaces={"apps": 2.0})
    assert "creates 2 namespaces, but the figures of the pod network are missing" in message


def test_d2_manifests_with_objects_are_counted_by_them() -> None:
    component: Resource = ("kubernetes:yaml/v2:ConfigGroup", "apps", {})
    resources = [component, namespace("a"), namespace("b")]
    [message] = judge_stack(POD_NETWORK_STACK, resources, children_of="apps")
    assert "creates 2 namespaces" in message


@pytest.mark.parametrize("figure", [-1.0, 1.5, "many", [], None])
def test_d3_a_wrong_figure_is_a_finding(figure: object) -> None:
    found = judge_stack(POD_NETWORK_STACK, [namespace("a")], unseenNamespaces={"tools": figure})
    assert "unseenNamespaces.tools: must be a whole number" in found[0]
    assert "creates 1 namespaces" in found[1]


@pytest.mark.parametrize("create", ["true", "True", True])
def test_d5_a_boolean_as_text_counts(create: object) -> None:
    [message] = judge(POD_NETWORK, kinds.RELEASE, {"createNamespace": create, "namespace": "tools"})
    assert "creates namespace 'tools' itself" in message


def shares(**counts: dict[str, float]) -> dict[str, dict[str, float]]:
    return {f"rancher-on-pks/{stack}": count for stack, count in counts.items()}


def test_d4_two_fleets_share_one_plan() -> None:
    """52 imported clusters fit; the stack of the tests has the name ``test``."""
    apart = shares(test={"importedClusters": 30.0}, other={"importedClusters": 22.0})
    assert judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(30)], shares=apart) == []
    [message] = judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(31)], shares=apart)
    assert "imports 31 clusters, but only 30 fit" in message
    both = shares(test={"importedClusters": 50.0}, other={"importedClusters": 50.0})
    [message] = judge_stack(POD_NETWORK_STACK, [network(figures()), *sites(50)], shares=both)
    assert "the shares of all stacks add up to 100 imported clusters, but the plan has room for 52" in message


def test_d4_a_second_stack_without_a_share_is_refused() -> None:
    config: dict[str, Any] = {
        "figures": figures(0, applications=1),
        "shares": shares(other={"applications": 1.0}),
    }
    [message] = judge_stack(POD_NETWORK_STACK, [namespace("team-a")], **config)
    assert "stack rancher-on-pks/test takes 1 namespaces and has no share of the plan" in message
    config["shares"] = shares(test={"applications": 1.0})
    assert judge_stack(POD_NETWORK_STACK, [namespace("team-a")], **config) == []


def test_d4_the_stack_of_the_cluster_has_what_the_shares_leave() -> None:
    resources = [CLUSTER, network(figures(applications=3)), namespace("cattle-system"), namespace("a")]
    assert judge_stack(POD_NETWORK_STACK, resources, shares=shares(other={"applications": 2.0})) == []
    [message] = judge_stack(POD_NETWORK_STACK, resources, shares=shares(other={"applications": 3.0}))
    assert "creates 1 namespaces, its plan has 0" in message


@pytest.mark.parametrize("wrong", [{"test": 3.0}, {"test": {"applications": "many"}}])
def test_d4_shares_of_a_wrong_type_are_a_finding(wrong: dict[str, Any]) -> None:
    found = judge_stack(POD_NETWORK_STACK, [namespace("a")], figures=figures(applications=1), shares=wrong)
    assert "configuration of policy pod-network-stack: " in found[0]


def test_d2_a_namespace_by_any_token_counts() -> None:
    """A custom resource of the core group, and a list."""
    several = ("kubernetes:core/v1:NamespaceList", "many", {"items": [{"metadata": {"name": "a"}}, {}, {}]})
    custom = ("kubernetes:v1:Namespace", "own", {"metadata": {"name": "b"}})
    [message] = judge_foreign([several, custom], figures(applications=1), applications=1.0)
    assert "creates 4 namespaces, its plan has 1" in message
    assert "namespace 'b' is not declared" in judge(POD_NETWORK, *custom[::2])[0]


@pytest.mark.parametrize(
    ("kind", "props", "count"),
    [
        ("kubernetes:core/v1:NamespacePatch", {"metadata": {"name": "a"}}, 1),
        ("kubernetes:core/v1:NamespacePatch", {"metadata": {"name": "kube-system"}}, 0),
        ("kubernetes:core/v1:NamespacePatch", {"metadata": {"name": UNKNOWN}}, 1),
        ("kubernetes:fleet.cattle.io/v1alpha1:BundlePatch", {}, 1),
        ("kubernetes:fleet.cattle.io/v1alpha1:BundleList", {"items": [{}, {}]}, 2),
        ("kubernetes:fleet.cattle.io/v1alpha1:BundleList", {"items": UNKNOWN}, 1),
        ("kubernetes:capsule.clastix.io/v1beta2:Tenant", {}, 1),
        (
            "kubernetes:capsule.clastix.io/v1beta2:Tenant",
            {"spec": {"namespaceOptions": {"quota": 5.0}}},
            5,
        ),
        ("kubernetes:index/manifest:Manifest", {"manifest": {"apiVersion": "v1", "kind": "Namespace"}}, 1),
        ("kubernetes:index/manifest:Manifest", {"manifest": {"apiVersion": "v1", "kind": "Secret"}}, 0),
        ("kubernetes:index/manifest:Manifest", {"manifest": UNKNOWN}, 1),
        ("kubernetes:index/namespaceV1:NamespaceV1", {}, 1),
        ("kubectl:index/manifest:Manifest", {"yamlBody": "apiVersion: v1\nkind: Namespace\n"}, 1),
        ("kubectl:index/manifest:Manifest", {"yamlBody": "kind: Secret\napiVersion: v1\n"}, 0),
        ("kubectl:index/manifest:Manifest", {"yamlBody": UNKNOWN}, 1),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", {}, 0),
        ("command:local:Command", {"create": "kubectl create namespace a"}, 0),
    ],
)
def test_d2_namespaces_by_other_ways(kind: str, props: dict[str, Any], count: int) -> None:
    found = judge_stack(POD_NETWORK_STACK, [(kind, "it", props)])
    assert (f"creates {count} namespaces" in "".join(found)) == bool(count)
    assert bool(found) == bool(count)


def test_d1_projects_of_a_site_and_users_of_a_fleet_count() -> None:
    site: Resource = (kinds.SITE, "berlin", {"projects": [{"name": "kiosk"}, {"name": "till"}]})
    user: Resource = ("pulumi-python:dynamic/fleet:User", "jane", {})
    [message] = judge_stack(POD_NETWORK_STACK, [site, user])
    assert "creates 1 imported clusters, 2 projects, 1 users, but" in message


def fleet_figures(**counts: float) -> dict[str, Any]:
    document = figures(52)
    document["demands"][0]["fleetShares"] = {
        name: {"importedClusters": count} for name, count in counts.items()
    }
    return document


def test_d4_a_fleet_is_judged_by_the_share_in_the_servers_settings() -> None:
    document = fleet_figures(test=30.0, other=22.0)
    assert judge_stack(POD_NETWORK_STACK, [network(document), *sites(30)], project="rancher-fleet") == []
    [message] = judge_stack(POD_NETWORK_STACK, [network(document), *sites(31)], project="rancher-fleet")
    assert "imports 31 clusters, but only 30 fit" in message
    [message] = judge_stack(
        POD_NETWORK_STACK, [network(fleet_figures(other=22.0)), *sites(1)], project="rancher-fleet"
    )
    assert "stack rancher-fleet/test takes 1 imported clusters and has no share" in message


def test_d4_the_shares_of_fleets_leave_no_room_for_other_stacks() -> None:
    found = judge_foreign(sites(3), fleet_figures(emea=50.0), importedClusters=3.0)
    assert "the shares of all stacks add up to 53 imported clusters" in found[0]


def test_d4_a_foreign_stack_needs_a_share() -> None:
    [message] = judge_stack(POD_NETWORK_STACK, [namespace("a")], figures=figures(applications=1))
    assert "stack rancher-on-pks/test takes 1 namespaces and has no share of the plan" in message
    assert '{"rancher-on-pks/test": {"applications": 1, "importedClusters": 0}}' in message


def test_d2_a_patch_creates_declared_namespaces_only() -> None:
    for name, accepted in (("kube-system", True), ("cattle-system", True), ("team-a", False)):
        found = judge(POD_NETWORK, kinds.NAMESPACE_PATCH, {"metadata": {"name": name}})
        assert (found == []) is accepted


def test_d3_a_release_of_another_provider_is_judged_as_well() -> None:
    kind = kinds.RELEASES[1]
    assert "createNamespace to false" in judge(POD_NETWORK, kind, {"createNamespace": True})[0]
    assert "does not show" in judge_stack(POD_NETWORK_STACK, [(kind, "tools", {"chart": "tools"})])[0]
