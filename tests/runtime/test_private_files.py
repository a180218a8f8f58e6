"""Private temporary files: nobody else reads them, and no kill leaves them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.runtime.private_files import private_directory, remove_all, sweep
from tests.config import REPO

_KILLED = """
import os, signal
from components.runtime.private_files import private_directory
with private_directory("pks") as home:
    (home / "creds.yml").write_text("token")
    print(home, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_only_this_user_reads_it_and_it_goes_with_the_body(folder: Path) -> None:
    with private_directory("pks") as home:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        (home / "creds.yml").write_text("token")
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_others_hold_is_not(folder: Path) -> None:
    command = [sys.executable, "-c", _KILLED]
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    left = Path(done.stdout.strip())
    assert (left / "creds.yml").exists()
    (folder / "rancher-on-pks-checkout").mkdir()
    with private_directory("pks") as held:
        assert not left.exists()
        sweep()
        assert held.exists()
    assert [path.name for path in folder.iterdir()] == ["rancher-on-pks-checkout"]


def test_a_link_is_not_followed(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "file").touch()
    (folder / ".rancher-on-pks-private-pks-x").symlink_to(folder / "elsewhere")
    sweep()
    assert (folder / "elsewhere" / "file").exists()


def test_sweeps_and_new_directories_do_not_meet(folder: Path) -> None:
    def used(_number: int) -> bool:
        with private_directory("pks") as home:
            (home / "file").write_text("x")
            return (home / "file").read_text() == "x"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(used, range(400)))
    assert list(folder.iterdir()) == []


def test_an_end_without_cleanup_removes_them_itself(folder: Path) -> None:
    with private_directory("a"), private_directory("b"):
        remove_all()
        assert list(folder.iterdir()) == []
