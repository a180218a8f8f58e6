"""The pack through the real engine: previews and updates of dynamic resources, passed and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab import build as build_module
from lab.recipes import ENGINE, LANGUAGE_HOST
from tests.lab.test_language_host import Project

PACK = Path(__file__).parents[2] / "policy"

RESOURCES = """
    from pulumi import dynamic

    class Provider(dynamic.ResourceProvider):
        serialize_as_secret_always = False

        def create(self, props):
            return dynamic.CreateResult("made", props)

        def diff(self, id_, olds, news):
            return dynamic.DiffResult(changes=olds.get("figures") != news.get("figures"))

        def update(self, id_, olds, news):
            return dynamic.UpdateResult(news)

    class PodNetwork(dynamic.Resource, module="capacity", name="PodNetwork"):
        def __init__(self, name, props, opts=None):
            super().__init__(Provider(), name, props, opts)

    class Site(dynamic.Resource, module="fleet", name="Site"):
        def __init__(self, name, props, opts=None):
            super().__init__(Provider(), name, props, opts)
"""

PROGRAM = """
    import pulumi
    from resources import PodNetwork, Site

    config = pulumi.Config()
    demand = {"rancherVersion": "2.8", "importedClusters": config.require_int("imports")}
    network = {"blocks": [{"cidr": "172.16.0.0/16"}]}
    ready = PodNetwork("capacity", {"figures": {"network": network, "demands": [demand]}})
    for index in range(config.require_int("sites")):
        # What only the update knows must not keep the pack from judging.
        Site(f"site-{index}", {"cluster_name": ready.id, "index": index})
"""


class Gated(Project):
    """A project that is run with the pack."""

    def gated(self, command: str, *arguments: str, accepted: bool) -> str:
        """Run ``preview`` or ``up`` with the pack, and check the outcome."""
        pack = ["--policy-pack", str(PACK), "--policy-pack-config", str(PACK / "config.lab.json")]
        output = self.pulumi(command, *arguments, *pack, expect=0 if accepted else None)
        # A rule that meets an unknown value would turn advisory and say so in these words.
        assert "can't run policy" not in output
        assert ("[mandatory]" in output) is not accepted, output
        return output

    def plan(self, *, imports: int, sites: int) -> None:
        self.pulumi("config", "set", "imports", str(imports))
        self.pulumi("config", "set", "sites", str(sites))

    def types(self) -> list[str]:
        """Types of what the stack has."""
        deployment = json.loads(self.pulumi("stack", "export"))["deployment"]
        return [item["type"] for item in deployment.get("resources", [])]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gated:
    monkeypatch.setenv("LAB_BUILD_ALL", "1")
    made = Gated(tmp_path, build_module.build(recipes=[ENGINE, LANGUAGE_HOST]).bin)
    made.write("resources.py", RESOURCES)
    made.write("__main__.py", PROGRAM)
    return made


@pytest.mark.lab
def test_a_plan_beyond_the_block_is_refused_before_anything_is_made(project: Gated) -> None:
    project.plan(imports=60, sites=2)
    for command, arguments in (("preview", []), ("up", ["--yes"]), ("up", ["--yes", "--skip-preview"])):
        output = project.gated(command, *arguments, accepted=False)
        assert "52 imported clusters fit" in output
        assert "pod_subnet_prefix: 25" in output
    assert not any("dynamic" in kind for kind in project.types())


@pytest.mark.lab
def test_a_plan_that_fits_passes_and_a_later_one_that_does_not_is_refused(project: Gated) -> None:
    project.plan(imports=40, sites=3)
    project.gated("preview", accepted=True)
    project.gated("up", "--yes", accepted=True)
    assert len([kind for kind in project.types() if kind.endswith("fleet:Site")]) == 3
    project.gated("preview", "--expect-no-changes", accepted=True)
    project.plan(imports=53, sites=3)
    assert "52 imported clusters fit" in project.gated("up", "--yes", accepted=False)


@pytest.mark.lab
def test_more_sites_than_there_is_room_for_are_refused_at_preview(project: Gated) -> None:
    project.plan(imports=40, sites=53)
    output = project.gated("up", "--yes", accepted=False)
    assert "imports 53 clusters, but only 52 fit: 1 too many" in output
    assert not any("dynamic" in kind for kind in project.types())


@pytest.mark.lab
def test_thresholds_come_from_the_configuration(project: Gated) -> None:
    """The engine fills in the defaults, and refuses a configuration that the schema does not allow."""
    project.plan(imports=58, sites=0)
    file = project.root / "pack.json"
    arguments = ["preview", "--policy-pack", str(PACK), "--policy-pack-config", str(file)]
    file.write_text(
        json.dumps({"pod-network": {"reservePercent": 0}, "pod-network-stack": {"reservePercent": 0}})
    )
    project.pulumi(*arguments)
    file.write_text(json.dumps({"pod-network": {"reservePercent": 5}}))
    assert "12 of 256 must stay free" in project.pulumi(*arguments, expect=None)
    file.write_text(json.dumps({"pod-network": {"reservePercent": 95}}))
    assert "reservePercent" in project.pulumi(*arguments, expect=None)


@pytest.mark.lab
def test_an_existing_state_is_judged_without_its_program(project: Gated) -> None:
    project.plan(imports=50, sites=2)
    project.gated("up", "--yes", "--skip-preview", accepted=True)
    project.write("__main__.py", "raise SystemExit('the program does not run')")
    project.gated("policy", "analyze", accepted=True)
    strict = {"pod-network": {"reservePercent": 50}, "pod-network-stack": {"reservePercent": 50}}
    (project.root / "pack.json").write_text(json.dumps(strict))
    arguments = ["--policy-pack", str(PACK), "--policy-pack-config", str(project.root / "pack.json")]
    output = project.pulumi("policy", "analyze", *arguments, expect=None)
    assert "27 imported clusters fit" in output
    assert "[mandatory]" in output
