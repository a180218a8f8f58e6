"""Missing commands of Helm v2 are reported before anything is created."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.preflight import found

HELM2 = 'echo \'Client: &version.Version{SemVer:"v2.17.0", GitCommit:"a690bad", GitTreeState:"clean"}\''
HELM3 = 'echo \'version.BuildInfo{Version:"v3.22.0", GitCommit:"", GoVersion:"go1.26"}\''
TILLER = "echo v2.17.0"


def command(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def reasons(**wanted: Any) -> list[tuple[str, str]]:
    parts = [text.partition(": ") for text in found("helm2", wanted)]
    return [(key, reason) for key, _, reason in parts]


def test_good_commands(tmp_path: Path) -> None:
    helm, tiller = command(tmp_path, "helm2", HELM2), command(tmp_path, "tiller", TILLER)
    assert reasons(helm=helm, tiller=tiller) == []
    for image in ("", "registry.example.com:5000/tiller:v2.17.0", "registry.example.com:5000/tiller"):
        assert reasons(helm=helm, image=image) == []


def test_all_missing_commands_are_reported_together() -> None:
    missing = reasons(helm="no-helm2", tiller="/no/tiller")
    assert [name for name, _ in missing] == ["helm", "tiller"]
    assert "the command 'no-helm2' is not on PATH" in missing[0][1]
    assert "the command '/no/tiller' is not on PATH" in missing[1][1]


@pytest.mark.parametrize("script", [HELM3, "echo 'unknown flag' >&2; exit 1", "true"])
def test_another_helm(tmp_path: Path, script: str) -> None:
    [(name, reason)] = reasons(helm=command(tmp_path, "helm", script), image="")
    assert name == "helm"
    assert "is not helm v2: it prints " in reason
    assert "Give the path of helm v2 (v2.17.0 is the last version)" in reason


@pytest.mark.parametrize("where", ["tiller", "image"])
def test_versions_that_differ(tmp_path: Path, where: str) -> None:
    other = {"tiller": command(tmp_path, "tiller", "echo v2.16.1"), "image": "example.com/tiller:v2.16.1"}
    [(name, reason)] = reasons(helm=command(tmp_path, "helm2", HELM2), **{where: other[where]})
    assert name == f"helm,{where}"
    assert "helm2 has version v2.17.0, but Tiller has v2.16.1" in reason
    assert reason.endswith("Use the same version of both")
