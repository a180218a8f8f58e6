"""The settings as the real engine hands them to the program, compared with ``python -m settings``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.standalone import engine_environment
from lab import build as build_module
from lab.recipes import ENGINE, LANGUAGE_HOST
from tests.config import REPO
from tests.settings.stack_files import STRUCTURES, judge, samples, structure
from tests.settings.test_stack_file import RECORDED

pytestmark = pytest.mark.lab

PROGRAM = """
import json, pathlib
from settings import load
from settings.reading import effective

pathlib.Path("loaded.json").write_text(json.dumps(effective(load())))
"""
LABELLED = """
from settings import labels
from things import Thing

labels.register({("trial:Thing", ""): {"size": "thingSize"}})
Thing("good", size=1)
Thing("refused", size=-1)
Thing("failing", size=0)
"""
THINGS = """
from pulumi.dynamic import Resource
from components.runtime.errors import ProviderError
from components.runtime.provider import Provider
from domain.finding import Finding

class ThingProvider(Provider):
    updates = ("size",)

    def findings(self, before, wanted):
        if wanted["size"] < 0:
            yield Finding("size", "must not be negative")

    def apply(self, wanted, before):
        if wanted["size"] == 0:
            raise ProviderError("there is nothing of that size. Choose another", "size")
        return {}

    def identity(self, properties):
        return "thing"

class Thing(Resource, module="trial", name="Thing"):
    def __init__(self, name, *, size):
        super().__init__(ThingProvider(), name, {"size": size})
"""


class Project:
    """The program's project with another program in it, and one stack."""

    def __init__(self, root: Path, program: str) -> None:
        self.root = root
        built = build_module.build(recipes=[ENGINE, LANGUAGE_HOST])
        self.environment = {
            **engine_environment(built.bin, root / "home"),
            "PYTHONPATH": str(REPO),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
        }
        (root / "state").mkdir()
        (root / "__main__.py").write_text(program)
        project = yaml.safe_load((REPO / "Pulumi.yaml").read_text())
        project["runtime"]["options"]["virtualenv"] = sys.prefix
        del project["plugins"]  # it loads no provider of another program, such as Thing
        (root / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        self.run("stack", "init", "t")
        self.file = root / "Pulumi.t.yaml"
        self.salt = self.file.read_bytes()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def load(self, content: bytes) -> dict[str, object] | str:
        """What ``load`` makes of a stack file: the settings, or the error."""
        loaded = self.root / "loaded.json"
        loaded.unlink(missing_ok=True)
        self.file.write_bytes(content + (self.salt if b"---" not in content else b""))
        done = self.run("preview", "--stack", "t")
        assert "Traceback" not in done.stdout, content.decode(errors="replace") + done.stdout
        assert (done.returncode == 0) == loaded.exists(), done.stdout
        return json.loads(loaded.read_text()) if loaded.exists() else done.stdout


def agree(project: Project, content: bytes) -> None:
    """Both give the same settings, or both refuse the same keys."""
    found = project.load(content)
    shown = content.decode(errors="replace")
    project.file.write_bytes(content + project.salt)
    checked = judge(project.file)
    if isinstance(found, dict) or isinstance(checked, dict):
        assert found == checked, f"{shown}\n{found}\n{checked}"
    elif "the configuration has" in found and "" not in checked:
        keys = re.findall(r"^ +- ([\w:-]+): ", found, re.MULTILINE)
        assert set(keys) == checked, f"{shown}\n{found}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("settings"), PROGRAM)


def test_c9_scalars_of_every_type(project: Project, tmp_path: Path) -> None:
    for content in samples(tmp_path, 200):
        agree(project, content.encode())


def test_the_recorded_values_are_the_engines(tmp_path: Path) -> None:
    """``engine_values.json``, against which the unit tests compare."""
    program = """
import json, pathlib
from pulumi.runtime.config import CONFIG, get_config_env

pathlib.Path("loaded.json").write_text(json.dumps({**get_config_env(), **CONFIG.get()}))
"""
    recorded = {value: found for value, found in RECORDED.items() if found is not None}
    lines = [f"  rancher-on-pks:k{number}: {value}" for number, value in enumerate(recorded)]
    loaded = Project(tmp_path, program).load("\n".join(["config:", *lines, ""]).encode())
    assert isinstance(loaded, dict), loaded
    assert [loaded[f"rancher-on-pks:k{number}"] for number in range(len(recorded))] == list(recorded.values())


@pytest.mark.parametrize("start", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_c9_structures(project: Project, start: bytes) -> None:
    agree(project, structure(start))


def test_errors_of_a_resource_name_config_keys(tmp_path: Path) -> None:
    (tmp_path / "things.py").write_text(THINGS)
    project = Project(tmp_path, LABELLED)
    preview = project.run("preview", "--stack", "t").stdout
    assert "thingSize: must not be negative" in preview
    (tmp_path / "__main__.py").write_text(LABELLED.replace('Thing("refused", size=-1)', ""))
    update = project.run("up", "--yes", "--skip-preview", "--stack", "t").stdout
    assert "thingSize: there is nothing of that size. Choose another" in update
    assert "Traceback" not in update


def test_labels_change_no_resource(tmp_path: Path) -> None:
    """A stack that was deployed without labels, or with others, has nothing to update."""
    (tmp_path / "things.py").write_text(THINGS)
    good = "\n".join(LABELLED.splitlines()[:-2])
    project = Project(tmp_path, "\n".join(line for line in good.splitlines() if "register" not in line))
    assert project.run("up", "--yes", "--skip-preview", "--stack", "t").returncode == 0
    (tmp_path / "__main__.py").write_text(good)
    done = project.run("preview", "--expect-no-changes", "--stack", "t")
    assert done.returncode == 0, done.stdout
