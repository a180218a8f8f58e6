"""The table of Rancher's own namespaces against what was counted."""

from __future__ import annotations

import pytest

from lab.rancher.namespaces import NAMESPACE, SYSTEM_ANNOTATION, created

# Namespaces that each release line keeps for good, cattle-system included, once server-url is set.
FIXED = {
    "v2.2.8": 5,
    "v2.3.0": 5,
    "v2.4.18": 6,
    "v2.5.17": 12,
    "v2.6.0": 13,
    "v2.7.11": 13,
    "v2.7.18": 14,
    "v2.8.5": 14,
    "v2.11.3": 15,
    "v2.12.0": 15,
    "v2.12.1": 16,
    "v2.13.0": 17,
    "v2.15.0": 17,
}


@pytest.mark.parametrize(("version", "count"), FIXED.items())
def test_number_of_fixed_namespaces(version: str, count: int) -> None:
    names = {namespace.name for namespace in created(version, "seed", server_url=True)}
    assert len(names | {NAMESPACE}) == count
    assert NAMESPACE not in names


def test_e7_measured_steps_of_2_15_with_turtles_and_ext_tokens() -> None:
    start = {namespace.name for namespace in created("v2.15.0", "seed", server_url=False)}
    later = {namespace.name for namespace in created("v2.15.0", "seed", server_url=True)}
    assert {name for name in start if not name.startswith("p-")} == {
        "cattle-global-data",
        "cattle-impersonation-system",
        "cattle-local-user-passwords",
        "cattle-ui-plugin-system",
        "fleet-default",
        "fleet-local",
        "local",
        "cattle-fleet-system",
        "cattle-fleet-clusters-system",
        # Not part of the measurement: Turtles, on by default, and the first ext token.
        "cattle-turtles-system",
        "cattle-capi-system",
        "cattle-tokens",
    }
    assert later - start == {"cattle-fleet-local-system", "cluster-fleet-local-local-1a3d67d0a899"}


def test_project_namespaces_follow_the_cluster() -> None:
    def projects(seed: str) -> list[str]:
        return [n.name for n in created("v2.15.0", seed, server_url=False) if n.name.startswith("p-")]

    assert len(set(projects("one"))) == 2
    assert projects("one") == projects("one")
    assert set(projects("one")).isdisjoint(projects("two"))
    assert all(len(name) == len("p-xxxxx") for name in projects("one"))


def test_clusters_and_projects_are_marked_as_system() -> None:
    marked = [n.name for n in created("v2.8.5", "seed", server_url=False) if n.system]
    assert marked[0] == "local"
    assert [name[:2] for name in marked[1:]] == ["p-", "p-"]
    manifest = created("v2.8.5", "seed", server_url=False)[0].manifest
    assert manifest == {"metadata": {"name": "local", "annotations": {SYSTEM_ANNOTATION: "true"}}}


@pytest.mark.parametrize("version", ["", "latest", "v2.1.9"])
def test_unknown_versions_are_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"not 2\.2\.0 or later"):
        created(version, "seed", server_url=False)
