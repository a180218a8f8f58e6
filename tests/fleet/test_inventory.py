"""The sites files: everything wrong is told at once, with its file and site."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fleet.inventory import Inventory, InventoryError, read
from fleet.kubeconfigs import KubeconfigError, fingerprint
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
        read(files(root, **texts), kubeconfigs or {}, root=root)
    return [problem.replace(f"{root}/sites/", "") for problem in caught.value.problems]


def test_a_file_and_a_folder_of_files(tmp_path: Path) -> None:
    one = read(files(tmp_path, a=GOOD) / "a.yaml", {}, root=tmp_path)
    assert list(one.sites) == ["berlin-01", "ship-17"]
    assert one.access["berlin-01"].file == "sites/keys/berlin.yaml"
    assert (list(one.users), one.projects) == (["jane"], 1)
    more = read(
        files(tmp_path, b="sites: [{name: oslo}]"), {"oslo": config("https://oslo.test")}, root=tmp_path
    )
    assert list(more.sites) == ["berlin-01", "ship-17", "oslo"]
    assert (more.access["oslo"].file, "ship-17" in more.access) == ("", False)
    assert read(files(tmp_path, a="", b=""), {}, root=tmp_path) == Inventory({}, {}, {})


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
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
        "a.yaml: user Jane: name: is 'Jane'; it must be 1 to 63 lower-case",
        "a.yaml: user joe: is listed twice",
        "a.yaml: site Berlin: name: is 'Berlin'; it must be 1 to 63 lower-case",
        "a.yaml: site local: name: is 'local'",
        "a.yaml: site number 4: name: is not given",
        "a.yaml: site paris: kubeconfig keys/none.yaml cannot be read; give a file that exists",
        "a.yaml: site oslo: has no kubeconfig; give one, a file or `pulumi config set --secret",
        "a.yaml: site rome: labels.field.cattle.io/x: is 'field.cattle.io/x'; it is no key",
        "a.yaml: site rome: labels.size: is 'a b'; it must be at most 63",
        "a.yaml: site rome: labels.number: is 3; it must be a text: put it in quotes",
        "a.yaml: site rome: kubeConfig: is not known (docs/fleet.md has the keys)",
        "b.yaml: site twice: the name is taken by a site in a.yaml",
        "b.yaml: site b: its kubeconfig leads to the cluster of site a",
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
        "project System: every cluster has it by itself; remove it",
        "project k: is listed twice; remove one",
    ]
    both = "sites: [{name: a, registrationOnly: true, kubeconfig: keys/berlin.yaml}]"
    assert "is registrationOnly and has a kubeconfig" in problems(tmp_path, a=both)[0]
    twice = "sites: [{name: a, kubeconfig: keys/berlin.yaml}]"
    assert "choose one" in problems(tmp_path, {"a": config()}, a=twice)[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sites: [", "a.yaml: cannot be read: while parsing"),
        ("sites: {name: a}", "a.yaml: sites: "),
        ("places: []", "a.yaml: places: is not known"),
    ],
)
def test_a_file_that_is_none(text: str, told: str, tmp_path: Path) -> None:
    assert problems(tmp_path, a=text)[0].startswith(told)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"sites\.yaml: there is no such file"):
        read(tmp_path / "sites.yaml", {}, root=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InventoryError, match=r"the folder has no file"):
        read(tmp_path / "empty", {}, root=tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is none"),
        ("a: [", "is none"),
        ("current-context: x", "is none"),
        (config("http://berlin.test"), "begins with https"),
        (config(insecure_skip_tls_verify="true"), "insecure-skip-tls-verify"),
    ],
)
def test_a_kubeconfig_that_does_not_do(text: str, told: str) -> None:
    with pytest.raises(KubeconfigError, match=told) as caught:
        fingerprint(text)
    assert "admin-token" not in str(caught.value)


def test_a_fingerprint_is_of_the_cluster_and_not_of_who_logs_in() -> None:
    one = fingerprint(config())
    assert fingerprint(yaml.safe_dump({**yaml.safe_load(config()), "users": []})) == one
    assert fingerprint(config("https://paris.test")) != one
    assert fingerprint(config(certificate_authority_data="QQ==")) != one
