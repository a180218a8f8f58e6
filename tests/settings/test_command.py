"""``python -m settings``: a stack's file checked without the engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from settings import PROJECT
from tests.config import ARTICLE, GOOD, REPO


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "settings", *arguments]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)


def _file(tmp_path: Path, **changes: object) -> str:
    path = tmp_path / "Pulumi.x.yaml"
    config = {f"{PROJECT}:{key}": value for key, value in {**GOOD, **changes}.items()}
    path.write_text(yaml.safe_dump({"config": config}))
    return str(path)


def test_the_articles_environment_with_its_defaults() -> None:
    done = _run(ARTICLE)
    assert (done.returncode, done.stderr) == (0, "")
    shown = yaml.safe_load(done.stdout)
    assert shown["clusterName"] == "czpksrancher05"
    assert shown["rancherTimeoutMinutes"] == 20
    assert shown["privateKey"] is None


def test_every_problem_is_reported_and_other_files_are_still_checked(tmp_path: Path) -> None:
    done = _run(
        "--quiet",
        _file(tmp_path, workers="x", rancherHostname="UPPER"),
        ARTICLE,
        "none",
    )
    assert done.returncode == 1
    assert "has 2 problems" in done.stderr
    assert "workers" in done.stderr
    assert "rancherHostname" in done.stderr
    assert "none" in done.stderr
    assert ARTICLE not in done.stderr
    assert done.stdout == ""


def test_an_encrypted_secret_is_masked_and_not_judged(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        certificateSource="files",
        privateKey={"secure": "v1:abc"},
        pksPassword={"secure": "v1:def"},
        certificateFile="missing.pem",
    )
    done = _run(path)
    assert done.returncode == 1
    assert "missing.pem" in done.stderr
    done = _run(_file(tmp_path, pksPassword={"secure": "v1:def"}))
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout)["pksPassword"] == "***"
    assert "encrypted, so not checked: pksPassword" in done.stderr
    assert "v1:def" not in done.stdout + done.stderr


def test_a_secret_in_plain_text_is_refused_and_not_shown(tmp_path: Path) -> None:
    done = _run(_file(tmp_path, pksPassword="hunter2"))
    assert done.returncode == 1
    assert "pksPassword: is in plain text (***)" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_what_is_no_stack_file(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("a: [")
    assert "the file is not valid YAML" in _run(str(other)).stderr
    other.write_text("a: 1")
    assert "clusterName: is not set" in _run(str(other)).stderr


def test_the_template_for_a_new_environment_is_valid() -> None:
    done = _run("docs/environment.template.yaml")
    assert (done.returncode, done.stderr) == (0, "")
