"""Loads a bundle: verifies every file, then puts each where the program finds it.

It needs Python alone, and the bundle's first member is a copy of it:

    tar -xOf BUNDLE load.py | python3 - BUNDLE --into rancher-on-pks

The project goes into the directory, everything else below its subdirectory ``carried``. Nothing is written
there unless every file has its checksum.
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import hmac
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

LOADER = "load.py"
CHECKSUMS = "SHA256SUMS"
INVENTORY = "inventory.json"
PROJECT = "project"
"""Directory of the project in a bundle; its content becomes that of the target."""
CARRIED = "carried"
"""Directory of everything else in the target."""
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
END = bytes(2 * tarfile.BLOCKSIZE)
"""The end of an archive."""
_MOST_CHECKSUMS = 64 * 2**20
_CHUNK = 2**20


class BundleError(Exception):
    """A bundle cannot be loaded; the message says why, and what helps."""


def entry(name: str, size: int, *, executable: bool = False) -> tarfile.TarInfo:
    """The only kind of member that a bundle has: a regular file without owner and time."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o755 if executable else 0o644
    return member


def header(member: tarfile.TarInfo) -> bytes:
    """The member's blocks in the archive: one, or more for a long name."""
    return member.tobuf(tarfile.GNU_FORMAT)


class Reader:
    """Reads a bundle front to back. It accepts only what ``entry`` describes, byte by byte."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = os.fstat(file.fileno()).st_size

    def member(self, name: str) -> tarfile.TarInfo:
        """The header of the next member, which must have this name.

        Raises:
            BundleError: It is another one, damaged, no regular file, or larger than the archive.
        """
        blocks = self._take(len(header(entry(name, 0))), name)
        try:
            found = tarfile.TarInfo.frombuf(blocks[-tarfile.BLOCKSIZE :], "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise BundleError(f"{name}: its header in the archive is damaged ({error})") from None
        if found.type != tarfile.REGTYPE:
            raise BundleError(
                f"{found.name}: is not a regular file. A bundle has no links, directories or devices"
            )
        if blocks != header(entry(name, found.size, executable=found.mode == 0o755)):
            raise BundleError(f"{name}: the archive has {found.name!r} here, or a header that no bundle has")
        if found.size > self._left:
            raise BundleError(f"{name}: is cut off, or claims to be larger than the archive")
        return found

    def content(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        """The member's content in parts."""
        for start in range(0, member.size, _CHUNK):
            yield self._take(min(_CHUNK, member.size - start), member.name)
        if any(self._take(-member.size % tarfile.BLOCKSIZE, member.name)):
            raise BundleError(f"{member.name}: is followed by bytes that belong to no file")

    def end(self) -> None:
        """Checks that the archive ends here.

        Raises:
            BundleError: It does not.
        """
        if self._left != len(END) or self._file.read(self._left) != END:
            raise BundleError(f"the archive does not end after the last file in {CHECKSUMS}")

    def _take(self, size: int, name: str) -> bytes:
        self._left -= size
        taken = self._file.read(size)
        if len(taken) < size:
            raise BundleError(f"{name}: the archive ends before it")
        return taken


def checksums(content: bytes) -> dict[str, str]:
    """Name to SHA-256 of each file, in the order of the archive.

    Raises:
        BundleError: A line is damaged, or a name would lead outside the target.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        parts = _LINE.fullmatch(line)
        if not parts:
            raise BundleError(f"{CHECKSUMS}: line {number} is damaged")
        digest, name = parts.groups()
        path = PurePosixPath(name)
        outside = path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable()
        if outside or str(path) != name or path.parts[:2] == (PROJECT, CARRIED) or name in found:
            raise BundleError(f"{CHECKSUMS}: line {number} has a name that is not allowed ({name!a})")
        found[name] = digest
    return found


def unpack(bundle: Path, directory: Path) -> None:
    """Writes the bundle's files into an empty directory, each verified.

    Raises:
        BundleError: Files are damaged: all of them by name; or the archive is none of ``bundle``.
    """
    with bundle.open("rb") as file:
        reader = Reader(file)
        loader = b"".join(reader.content(_small(reader, LOADER)))
        sums = b"".join(reader.content(_small(reader, CHECKSUMS)))
        expected = checksums(sums)
        if not hmac.compare_digest(expected.pop(LOADER, ""), hashlib.sha256(loader).hexdigest()):
            raise BundleError(f"{LOADER}: differs from its checksum. Copy the bundle again")
        _place(directory, CHECKSUMS).write_bytes(sums)
        _place(directory, LOADER).write_bytes(loader)
        damaged = [name for name, digest in expected.items() if not _written(reader, directory, name, digest)]
        reader.end()
    if damaged:
        raise BundleError("\n".join(f"{name}: differs from its checksum" for name in damaged))


def _small(reader: Reader, name: str) -> tarfile.TarInfo:
    member = reader.member(name)
    if member.size > _MOST_CHECKSUMS:
        raise BundleError(f"{name}: is too large ({member.size} bytes)")
    return member


def _written(reader: Reader, directory: Path, name: str, digest: str) -> bool:
    """Writes the next member; returns whether it has the checksum."""
    member = reader.member(name)
    place = _place(directory, name)
    found = hashlib.sha256()
    with place.open("xb") as file:
        for part in reader.content(member):
            found.update(part)
            file.write(part)
    place.chmod(member.mode)
    return hmac.compare_digest(found.hexdigest(), digest)


def _place(directory: Path, name: str) -> Path:
    """Where a file of the bundle is in the target."""
    path = PurePosixPath(name)
    own = path.parts[0] == PROJECT
    place = directory.joinpath(*path.parts[1:]) if own else directory / CARRIED / path
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def extract(bundle: Path, target: Path) -> None:
    """Puts the bundle into ``target``, completely or not at all; a target that has it already is verified.

    Raises:
        BundleError: The bundle is damaged, or the target has something else.
    """
    if (target / CARRIED / CHECKSUMS).exists():
        _verify(bundle, target)
        return
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BundleError(f"{target} exists and is not empty. Choose another directory with --into")
    target.parent.mkdir(parents=True, exist_ok=True)
    size, free = bundle.stat().st_size, shutil.disk_usage(target.parent).free
    if size > free:
        raise BundleError(f"{target.parent} has {free >> 20} MB free, the bundle needs {size >> 20} MB")
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        unpack(bundle, staging)
        staging.chmod(0o755)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _verify(bundle: Path, target: Path) -> None:
    """Checks that the target has what this bundle carries; the project may have changed since."""
    carried = target / CARRIED
    with bundle.open("rb") as file:
        reader = Reader(file)
        list(reader.content(_small(reader, LOADER)))
        sums = b"".join(reader.content(_small(reader, CHECKSUMS)))
    if sums != (carried / CHECKSUMS).read_bytes():
        raise BundleError(f"{target} has another bundle. Choose another directory with --into")
    for name, digest in checksums(sums).items():
        if name.startswith(f"{PROJECT}/"):
            continue
        place = carried / name
        if not place.is_file() or sha256(place) != digest:
            raise BundleError(
                f"{place}: differs from its checksum. Remove {target} and load the bundle again"
            )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            found.update(part)
    return found.hexdigest()


def check(bundle: Path, digest: str) -> None:
    """Compares the whole archive with a checksum that came on another way.

    Raises:
        BundleError: It is another one.
    """
    if not hmac.compare_digest(sha256(bundle), digest.lower()):
        raise BundleError(f"{bundle}: its SHA-256 is not {digest}. Copy the bundle again")


def make_environment(target: Path, python: str) -> None:
    """Makes the project's ``.venv`` from the wheels, as ``make`` would; no index is asked.

    Raises:
        BundleError: The Python has another version than the wheels are for, or pip failed.
    """
    done = target / ".venv" / ".installed"
    if done.exists():
        return
    wanted = json.loads((target / CARRIED / INVENTORY).read_text())["python"]
    show = "import platform as p; print('.'.join(p.python_version_tuple()[:2]), p.system(), p.machine())"
    found = _run([python, "-c", show], target).strip()
    if found != wanted:
        raise BundleError(f"{python} is {found}, but the wheels are for {wanted}. Give another with --python")
    _run([python, "-m", "venv", ".venv"], target)
    pip = [str(target / ".venv/bin/python"), "-m", "pip"]
    install = [*pip, "install", "--quiet", "--no-compile", "--no-index"]
    wheels = ["--find-links", str(target / CARRIED / "wheels")]
    _run([*install, *wheels, "--require-hashes", "-r", "requirements.txt"], target)
    _run([*install, "--no-deps", "--no-build-isolation", "--editable", "."], target)
    done.touch()


def _run(command: list[str], directory: Path) -> str:
    """Runs a command without pip's settings of this machine, and returns its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise BundleError(f"`{shlex.join(command)}`: {error}") from None
    if done.returncode:
        raise BundleError(f"`{shlex.join(command)}` failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout


def install_plugins(target: Path) -> None:
    """Copies the resource plugins into the plugin folder of Pulumi's home.

    Raises:
        BundleError: A plugin of that version is there, but with other content.
    """
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    for carried in sorted((target / CARRIED / "pulumi" / "plugins").glob("*/*")):
        installed = home / carried.parent.name / carried.name
        if installed.exists():
            if not filecmp.cmp(carried, installed, shallow=False):
                raise BundleError(f"{installed}: is not the plugin of the bundle. Remove its directory")
            continue
        installed.parent.mkdir(parents=True, exist_ok=True)
        temporary = installed.with_name(f".{installed.name}-{os.getpid()}")
        shutil.copy(carried, temporary)
        temporary.rename(installed)


def write_variables(target: Path) -> Path:
    """Writes the shell variables that lead the project to what was carried; returns the file."""
    carried = target / CARRIED
    commands = ":".join(shlex.quote(str(carried / name)) for name in ("pulumi/bin", "tools"))
    lines = [
        f'export PATH={commands}:"$PATH"',
        "export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true PULUMI_SKIP_UPDATE_CHECK=true",
        f"export PIP_NO_INDEX=1 PIP_FIND_LINKS={shlex.quote(str(carried / 'wheels'))}",
    ]
    if (carried / "lab").is_dir():
        lines.append(f"export LAB_CACHE={shlex.quote(str(carried / 'lab'))}")
    variables = carried / "env"
    variables.write_text("\n".join(lines) + "\n")
    return variables


def main(arguments: list[str] | None = None) -> int:
    """Loads a bundle; returns 1 if it is refused."""
    parser = argparse.ArgumentParser(prog=LOADER, description="Verify a bundle and put it in place.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--into", type=Path, default=Path("rancher-on-pks"), metavar="DIR", help="default: rancher-on-pks"
    )
    parser.add_argument("--sha256", metavar="HEX", help="what `bundle` printed; carry it on another way")
    parser.add_argument("--python", default=sys.executable, help="for the environment (default: this one)")
    parser.add_argument("--push", metavar="STACK", help="then push images and charts as its settings say")
    given = parser.parse_args(arguments)
    target = given.into.resolve()
    try:
        if given.sha256:
            check(given.bundle, given.sha256)
        extract(given.bundle, target)
        install_plugins(target)
        variables = write_variables(target)
        make_environment(target, given.python)
    except (BundleError, OSError) as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return 1
    print(f"Loaded into {target}. Next: cd {shlex.quote(str(target))} && . {CARRIED}/{variables.name}")
    if given.push:
        command = f'. {CARRIED}/{variables.name} && exec .venv/bin/python -m airgap push --stack "$1"'
        return subprocess.run(["sh", "-c", command, "sh", given.push], cwd=target, check=False).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
