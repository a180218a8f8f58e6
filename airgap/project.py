"""The project at its commit, as ``git archive`` gives it."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from airgap.problem import AirgapError


def commit(repository: Path) -> str:
    """The commit that is checked out.

    Raises:
        AirgapError: There is none, or tracked files differ from it.
    """
    changed = _git(repository, "status", "--porcelain", "--untracked-files=no").decode()
    if changed:
        names = ", ".join(line[3:] for line in changed.splitlines()[:5])
        raise AirgapError(f"{repository} has changes that are not committed ({names}). Commit or stash them")
    return _git(repository, "rev-parse", "HEAD").decode().strip()


def export(repository: Path, revision: str, directory: Path) -> dict[str, Path]:
    """Writes the files of a commit into a directory; returns name to file.

    Raises:
        AirgapError: There is no such commit, or it has links.
    """
    archive = directory / "project.tar"
    archive.write_bytes(_git(repository, "archive", "--format=tar", revision))
    with tarfile.open(archive) as content:
        for member in content:
            if not (member.isfile() or member.isdir()):
                raise AirgapError(
                    f"{member.name} is a link, which a bundle does not have. Replace it by a file"
                )
        content.extractall(directory / "project", filter="data")
    return {
        path.relative_to(directory / "project").as_posix(): path
        for path in (directory / "project").rglob("*")
        if path.is_file()
    }


def _git(repository: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise AirgapError(f"git does not run: {error}") from None
    if done.returncode:
        raise AirgapError(f"`{' '.join(command)}`: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
