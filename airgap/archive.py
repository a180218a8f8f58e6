"""Writes a bundle: the loader, the checksums, then every file in the order of their names.

It has neither owners nor times, and nothing is compressed again: equal files give equal bytes.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

from airgap import load
from airgap.problem import AirgapError


def write(bundle: Path, files: Mapping[str, Path]) -> str:
    """Writes the bundle, completely or not at all, and returns its SHA-256.

    Args:
        bundle: The archive.
        files: Name in the bundle to file, besides the loader and the checksums.

    Raises:
        AirgapError: A name has no place in a bundle.
    """
    named = {load.LOADER: Path(load.__file__), **dict(sorted(files.items()))}
    digests = {name: load.sha256(path) for name, path in named.items()}
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()
    try:
        load.checksums(sums)  # the loader's own rules for names
    except load.BundleError as error:
        raise AirgapError(f"the bundle would not load: {error}") from None
    temporary = bundle.with_name(f".{bundle.name}-{os.getpid()}")
    try:
        _write(temporary, named, sums)
        digest = load.sha256(temporary)
        temporary.rename(bundle)
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _write(bundle: Path, files: Mapping[str, Path], sums: bytes) -> None:
    with bundle.open("wb") as file:
        for name, path in files.items():
            size, mode = path.stat().st_size, path.stat().st_mode
            file.write(load.header(load.entry(name, size, executable=bool(mode & 0o100))))
            with path.open("rb") as source:
                while part := source.read(2**20):
                    file.write(part)
            file.write(bytes(-size % tarfile.BLOCKSIZE))
            if name == load.LOADER:
                file.write(load.header(load.entry(load.CHECKSUMS, len(sums))) + sums)
                file.write(bytes(-len(sums) % tarfile.BLOCKSIZE))
        file.write(load.END)
