"""Copies of images as OCI layouts, by ``skopeo`` or ``crane``: whichever is on PATH."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from airgap.problem import AirgapError
from domain.images import Image

_INDEX = "index.json"
_SECONDS = 3600


@dataclass(frozen=True)
class Tool:
    """A command that copies images with all their platforms, so that their digests stay the same."""

    command: str
    pull: Callable[[Image, Path], list[str]]
    push: Callable[[Path, Image, Path | None], list[str]]


def _skopeo_push(place: Path, image: Image, ca: Path | None) -> list[str]:
    trust = ["--dest-cert-dir", str(ca)] if ca else []
    return ["copy", "--all", "--preserve-digests", *trust, f"oci:{place}", f"docker://{image}"]


_TOOLS = (
    Tool(
        "skopeo",
        lambda image, place: [
            "copy",
            "--all",
            "--preserve-digests",
            f"docker://{image.copied}",
            f"oci:{place}",
        ],
        _skopeo_push,
    ),
    Tool(
        "crane",
        lambda image, place: ["pull", "--format=oci", image.copied, str(place)],
        lambda place, image, _: ["push", str(place), str(image)],
    ),
)


def tool(path: str | None = None) -> Tool:
    """The first of the tools that is on PATH.

    Raises:
        AirgapError: None is.
    """
    for candidate in _TOOLS:
        if shutil.which(candidate.command, path=path):
            return candidate
    names = " nor ".join(candidate.command for candidate in _TOOLS)
    raise AirgapError(f"neither {names} is on PATH, which copy images. Install one of them")


def folder(image: Image) -> str:
    """Directory of an image's OCI layout; a colon would end the path for skopeo."""
    name = f"{image.registry}/{image.repository}/{image.tag or image.digest}"
    return f"images/{name.replace(':', '_')}"


def pull(image: Image, directory: Path) -> Image:
    """Copies an image into ``folder(image)`` below the directory; returns it with its digest.

    Raises:
        AirgapError: It cannot be copied, or its tag has moved to another digest.
    """
    place = directory / folder(image)
    place.parent.mkdir(parents=True, exist_ok=True)
    chosen = tool()
    _run([chosen.command, *chosen.pull(image, place)], f"{image} cannot be copied", {})
    digest = _digest(place)
    if image.digest and digest != image.digest:
        raise AirgapError(f"{image}: the copy has digest {digest}. Check the lock file, or who moved the tag")
    return replace(image, digest=digest)


def push(image: Image, target: Image, directory: Path, ca_file: str | None) -> Image:
    """Copies the layout of an image below the directory into a registry; returns the name without digest.

    Args:
        image: The image, as it was pulled.
        target: Its name there.
        directory: Where the layouts are.
        ca_file: The CA of the registry; None: the system's.

    Raises:
        AirgapError: The layout is missing, or the registry refuses it.
    """
    place = directory / folder(image)
    if not (place / _INDEX).is_file():
        raise AirgapError(f"{image} is not in this bundle. Make it with --images, or copy the image yourself")
    chosen = tool()
    named = replace(target, digest="") if target.tag else target
    with _trust(ca_file) as trust:
        variables = {"SSL_CERT_FILE": str(trust / "ca.crt")} if trust and chosen.command == "crane" else {}
        command = [chosen.command, *chosen.push(place, named, trust)]
        _run(command, f"{named} cannot be pushed", variables)
    return named


@contextlib.contextmanager
def _trust(ca_file: str | None) -> Iterator[Path | None]:
    """A directory with the CA as ``ca.crt``, as container engines keep it."""
    if ca_file is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(ca_file, Path(directory, "ca.crt"))
        yield Path(directory)


def _digest(layout: Path) -> str:
    try:
        [manifest] = json.loads((layout / _INDEX).read_text())["manifests"]
        return str(manifest["digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AirgapError(f"{layout} is not the OCI layout of one image ({error!r}). Copy it again") from None


def _run(command: list[str], problem: str, variables: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AirgapError(f"{problem}: {command[0]} did not end within an hour") from None
    if done.returncode:
        reason = (done.stderr or done.stdout).strip()
        raise AirgapError(f"{problem}: {reason}. If access is denied: {command[0]} login")
