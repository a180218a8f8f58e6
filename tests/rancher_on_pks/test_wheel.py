"""The wheel that other programs install: the typed reader of the outputs, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.config import REPO

CONSUMER = """
import sys

sys.path[:0] = [sys.argv[1]]

import pulumi
from rancher_on_pks import RancherStack

class Stack(pulumi.runtime.Mocks):
    def new_resource(self, args):
        values = {"contractVersion": 1.0, "rancherUrl": "https://rancher.test", "rancherToken": "token-a:b"}
        return "id", {"outputs": values, "secretOutputNames": ["rancherToken"]}

    def call(self, args):
        raise AssertionError

pulumi.runtime.set_mocks(Stack())

@pulumi.runtime.test
async def program():
    rancher = RancherStack.from_reference(pulumi.StackReference("company/rancher-on-pks/prod"))
    print(await rancher.rancher_url.future(), await rancher.rancher_token.is_secret())

program()
print([name for name in ("pydantic", "settings", "components", "httpx") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a copy: setuptools writes beside the sources."""
    copy = tmp_path_factory.mktemp("wheel") / "source"
    copy.mkdir()
    for package in ("rancher_on_pks", "settings", "domain"):
        shutil.copytree(REPO / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPO / name, copy)
    command = [sys.executable, "-c", "from setuptools.build_meta import build_wheel; build_wheel('..')"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    [built] = copy.parent.glob("*.whl")
    return zipfile.ZipFile(built)


def test_it_contains_the_reader_alone(wheel: zipfile.ZipFile) -> None:
    code = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert code == {f"rancher_on_pks/{name}" for name in ("__init__.py", "outputs.py", "py.typed")}


def test_it_requires_pulumi_alone(wheel: zipfile.ZipFile) -> None:
    [metadata] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    lines = wheel.read(metadata).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line]
    assert [line.split()[1].partition("<")[0] for line in required] == ["pulumi"]


def test_a_program_of_a_few_lines_reads_the_outputs(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "installed")
    (tmp_path / "program.py").write_text(CONSUMER)
    command = [sys.executable, "-I", str(tmp_path / "program.py"), str(tmp_path / "installed")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split("\n")) == (0, ["https://rancher.test True", "[]", ""]), (
        done.stderr
    )
