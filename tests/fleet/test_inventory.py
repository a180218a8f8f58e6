"""The sites files: every problem is reported at once, with its file and site."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.inventory import Inventory
from fleet.sites_file import InventoryError, read_inventory
from tests.kubernetes_api import kubeconfig

GOOD = """
users:
  - name: jane
sites:
  - name: berlin-01
    kubeconfig: keys/berlin.yaml
    labels: {region: emea, example.com/tier: gold}
    projects: [{name: kiosk, members: [{user: jane, role: project-owner}]}]
  - name: ship-17
    registrationOnly: true
"""


def config(server: str = "https://berlin.test:6443", **cluster: str) -> str:
    return kubeconfig(server, **cluster)


def files(root: Path, **texts: str) -> Path:
    folder = root / "sites"
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "keys" / "berlin.yaml").write_text(config())
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def problems(root: Path, kubeconfigs: dict[str, str] | None = None, **texts: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        read_inventory(files(root, **texts), kubeconfigs or {}, root=root)
    return [problem.replace(f"{root}/sites/", "") for problem in map(str, caught.value.findings)]


def test_a_file_and_a_folder_of_files(tmp_path: Path) -> None:
    one = read_inventory(files(tmp_path, a=GOOD) / "a.yaml", {}, root=tmp_path)
    assert list(one.sites) == ["berlin-01", "ship-17"]
    assert one.access["berlin-01"].kubeconfig_file == "sites/keys/berlin.yaml"
    assert (list(one.users), one.projects) == (["jane"], 1)
    more = read_inventory(
        files(tmp_path, b="sites: [{name: oslo}]"), {"oslo": config("https://oslo.test")}, root=tmp_path
    )
    assert list(more.sites) == ["berlin-01", "ship-17", "oslo"]
    assert (more.access["oslo"].kubeconfig_file, "ship-17" in more.access) == ("", False)
    assert read_inventory(files(tmp_path, a="", b=""), {}, root=tmp_path) == Inventory()


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    wrong = """
    users: [{name: Jane}, {name: joe}, {name: joe}]
    sites:
      - name: Berlin
        registrationOnly: true
      - name: local
        registrationOnly: true
      - name: twice
        registrationOnly: true
      - {registrationOnly: true}
      - name: paris
        kubeconfig: keys/none.yaml
      - name: oslo
      - name: rome
        registrationOnly: true
        kubeconfig: keys/berlin.yaml
        labels: {"field.cattle.io/x": "y", size: "a b", number: 3}
        projects: [{name: Default}, {name: kiosk}, {name: kiosk}]
        kubeConfig: x
    """
    other = "sites: [{name: twice, registrationOnly: true}, {name: a, kubeconfig: keys/berlin.yaml}, " + (
        "{name: b, kubeconfig: keys/berlin.yaml}]"
    )
    found = problems(tmp_path, {"nobody": config()}, a=wrong, b=other)
    expected = [
        "a.yaml: user Jane: name: must be 1 to 63 lower-case letters",
        "a.yaml: user joe: is listed twice. Remove one",
        "a.yaml: site Berlin: name: must be 1 to 63 lower-case letters",
        "a.yaml: site local: name: must be",
        "a.yaml: site number 4: name: is not set",
        "a.yaml: site paris: kubeconfig keys/none.yaml cannot be read",
        "a.yaml: site oslo: has no kubeconfig. Set `kubeconfig` to a file, or run `pulumi config set",
        "a.yaml: site rome: labels.field.cattle.io/x: is reserved",
        "a.yaml: site rome: labels.size: must be at most 63",
        "a.yaml: site rome: labels.number: must be text (3). Put it in quotes",
        "a.yaml: site rome: kubeConfig: is not a known key. See docs/fleet.md",
        "b.yaml: site twice: a site in a.yaml has the same name",
        "b.yaml: site b: its kubeconfig leads to the same cluster as that of site a",
        "config kubeconfigs.nobody: there is no site of that name",
    ]
    left = [text.replace(f"{tmp_path}/sites/", "") for text in found]
    for start in expected:
        [hit] = [text for text in left if text.startswith(start)] or [f"missing: {start}: {left}"]
        assert not hit.startswith("missing"), hit
        left.remove(hit)
    assert left == []


def test_projects_are_named_once_and_a_site_is_reached_in_one_way(tmp_path: Path) -> None:
    projects = "sites: [{name: a, registrationOnly: true, projects: [{name: System}, {name: k}, {name: k}]}]"
    assert [text.partition(": site a: ")[2] for text in problems(tmp_path, a=projects)] == [
        "project System: every cluster has this project. Remove it",
        "project k: is listed twice. Remove one of them",
    ]
    both = "sites: [{name: a, registrationOnly: true, kubeconfig: keys/berlin.yaml}]"
    assert "has more than one of: a kubeconfig here" in problems(tmp_path, a=both)[0]
    twice = "sites: [{name: a, kubeconfig: keys/berlin.yaml}]"
    assert "Choose one" in problems(tmp_path, {"a": config()}, a=twice)[0]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("sites: [", "a.yaml: cannot be read: it is not YAML at line 2"),
        ("sites: {name: a}", "a.yaml: sites: "),
        ("places: []", "a.yaml: places: is not a known key"),
    ],
)
def test_a_file_that_is_not_a_sites_file(text: str, start: str, tmp_path: Path) -> None:
    assert problems(tmp_path, a=text)[0].startswith(start)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"sites\.yaml: there is no such file"):
        read_inventory(tmp_path / "sites.yaml", {}, root=tmp_path)
    with pytest.raises(InventoryError, match=r"A: cannot be read: "):
        read_inventory(tmp_path / ("A" * 300), {}, root=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InventoryError, match=r"the folder has no file"):
        read_inventory(tmp_path / "empty", {}, root=tmp_path)
