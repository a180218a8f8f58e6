"""What a bundle has: the project's commit, the wheels, the engine and its plugins."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from airgap import engine, load, project, wheels
from airgap.problem import AirgapError
from lab.layout import REPO

DIGEST = "0" * 64


def git(repository: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", repository, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "checkout"
    made.mkdir()
    (made / "Makefile").write_text("all:\n")
    (made / "run").write_text("#!/bin/sh\n")
    (made / "run").chmod(0o755)
    git(made, "init", "--quiet")
    git(made, "add", ".")
    git(made, "commit", "--quiet", "-m", "first")
    return made


def test_the_project_is_what_was_committed(repository: Path, tmp_path: Path) -> None:
    (repository / "own-notes").write_text("not tracked")
    (tmp_path / "out").mkdir()
    files = project.export(repository, project.commit(repository), tmp_path / "out")
    assert sorted(files) == ["Makefile", "run"]
    assert files["Makefile"].read_text() == "all:\n"
    assert files["run"].stat().st_mode & 0o100


def test_changes_that_are_not_committed_are_refused(repository: Path) -> None:
    (repository / "Makefile").write_text("changed:\n")
    with pytest.raises(AirgapError, match=r"not committed \(Makefile\)\. Commit or stash"):
        project.commit(repository)


def test_a_link_in_the_project_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "link").symlink_to("/etc/passwd")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "link")
    (tmp_path / "out").mkdir()
    with pytest.raises(AirgapError, match="link is a link"):
        project.export(repository, project.commit(repository), tmp_path / "out")


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(AirgapError, match="not a git repository"):
        project.commit(tmp_path)


def test_every_pinned_package_has_its_hashes() -> None:
    found = wheels.requirements((REPO / "requirements.txt").read_text())
    pinned = [line for line in (REPO / "requirements.txt").read_text().splitlines() if "==" in line]
    assert len(found) == len(pinned)
    assert all(package.hashes for package in found)
    assert ("pulumi", engine.sdk_version()) in {(package.name, package.version) for package in found}


def test_hashes_belong_to_their_package() -> None:
    text = f"a==1 \\\n    --hash=sha256:{DIGEST}\n    # via b\nb[x]==2.0.post1 ; python_version > '3' \\\n"
    text += f"    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n"
    assert wheels.requirements(text) == (
        wheels.Requirement("a", "1", (DIGEST,)),
        wheels.Requirement("b", "2.0.post1", ("1" * 64, "2" * 64)),
    )


def test_wheels_that_are_there_are_not_downloaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "wheels" / "a-1-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"content")
    (tmp_path / "wheels" / "older-1-py3-none-any.whl").write_bytes(b"of another requirements.txt")
    file = tmp_path / "requirements.txt"
    file.write_text(f"a==1 --hash=sha256:{load.sha256(wheel)}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    found = wheels.download(file, wheel.parent)
    assert [path for paths in found.values() for path in paths] == [wheel]


def test_a_wheel_that_no_index_has_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"nowhere-to-be-found==1 --hash=sha256:{DIGEST}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AirgapError, match="nowhere-to-be-found"):
        wheels.download(file, tmp_path / "wheels")


def test_plugins_are_those_of_the_installed_sdks() -> None:
    assert [plugin.name for plugin in engine.plugins()] == ["command", "kubernetes", "tls", "vsphere"]


def install(home: Path) -> None:
    """An engine and its plugins, as an installation leaves them."""
    for name in ("pulumi", "pulumi-language-python", "pulumi-language-go", "kubectl"):
        place = home / "bin" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#!/bin/sh\n# {name}\n")
        place.chmod(0o755)
    for plugin in engine.plugins():
        place = home / "plugins" / plugin.folder / f"pulumi-resource-{plugin.name}"
        place.parent.mkdir(parents=True)
        place.write_text(plugin.name)


def test_engine_and_plugins_are_carried(tmp_path: Path) -> None:
    install(tmp_path)
    environment = {"PATH": f"{tmp_path}/bin", "PULUMI_HOME": str(tmp_path)}
    found = engine.carried(environment)
    assert {"pulumi/bin/pulumi", "pulumi/bin/pulumi-language-python"} <= set(found)
    assert not {"pulumi/bin/kubectl", "pulumi/bin/pulumi-language-go"} & set(found)
    assert sum(name.startswith("pulumi/plugins/resource-") for name in found) == len(engine.plugins())


def test_what_is_not_installed_is_named_at_once(tmp_path: Path) -> None:
    environment = {"PATH": os.devnull, "PULUMI_HOME": str(tmp_path)}
    with pytest.raises(AirgapError) as refused:
        engine.carried(environment)
    for name in ("the command pulumi", "the plugin kubernetes 4.", "the plugin vsphere"):
        assert name in str(refused.value)
