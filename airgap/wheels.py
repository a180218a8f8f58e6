"""The Python packages that ``requirements.txt`` pins, and their files."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from airgap import load
from airgap.problem import AirgapError

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, order=True)
class Requirement:
    """A pinned package.

    Attributes:
        name: Its name in the index.
        version: Its version.
        hashes: SHA-256 of each file that pip accepts.
    """

    name: str
    version: str
    hashes: tuple[str, ...]


def requirements(text: str) -> tuple[Requirement, ...]:
    """The packages that a file made by ``pip-compile --generate-hashes`` pins."""
    found = list(_PINNED.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return tuple(
        Requirement(match[1], match[2], tuple(_HASH.findall(text[match.end() : end])))
        for match, end in zip(found, ends, strict=True)
    )


def interpreter() -> str:
    """What this Python's wheels are for: its version, system and machine."""
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{version} {platform.system()} {platform.machine()}"


def download(file: Path, directory: Path) -> dict[Requirement, list[Path]]:
    """Downloads the wheels that are not in the directory yet, for this Python; returns all by package.

    Raises:
        AirgapError: pip failed, or a package has no wheel for this Python.
    """
    directory.mkdir(parents=True, exist_ok=True)
    wanted = requirements(file.read_text())
    found = _wheels(wanted, directory)
    if not all(found.values()):
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
            *("--requirement", str(file), "--dest", str(directory)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AirgapError(f"the wheels cannot be downloaded: {done.stderr.strip()}")
        found = _wheels(wanted, directory)
    if missing := [f"{item.name}=={item.version}" for item, files in found.items() if not files]:
        raise AirgapError(f"requirements.txt has packages without a wheel: {', '.join(missing)}")
    return found


def _wheels(wanted: tuple[Requirement, ...], directory: Path) -> dict[Requirement, list[Path]]:
    """The wheels in a directory by package; files that no package accepts are left out."""
    digests = {load.sha256(path): path for path in sorted(directory.glob("*.whl"))}
    return {item: [digests[digest] for digest in item.hashes if digest in digests] for item in wanted}
