"""An inventory as text, JSON, and for what copies images: ``skopeo sync`` and Harbor's replication."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from airgap.inventory import Inventory
from airgap.problem import AirgapError
from domain.images import copy_commands


def text(inventory: Inventory) -> str:
    """For people."""
    return "\n".join(_lines(inventory)) + "\n"


def _lines(inventory: Inventory) -> Iterator[str]:
    yield f"Images ({len(inventory.images)})"
    for image in inventory.images:
        yield f"  {image.source}  {image.origin}"
        if image.target != image.source:
            yield f"    as {image.target}"
    if not inventory.run_time:
        yield "  and those that Rancher installs at run time (--rancher-images)"
    yield "Charts"
    for chart in inventory.charts:
        place = "local" if chart.reference.is_local else chart.reference.source
        yield f"  {chart.reference.chart} {chart.reference.version}  {place}  {_digest(chart.sha256)}"
    yield f"Pulumi {inventory.engine or 'is not on this machine'}"
    for plugin, digest in inventory.plugins:
        yield f"  plugin {plugin.name} {plugin.version}  {_digest(digest)}"
    yield f"Python packages for {inventory.python} ({len(inventory.wheels)})"
    for wheel in inventory.wheels:
        chosen = _digest(wheel.hashes[0]) if len(wheel.hashes) == 1 else f"{len(wheel.hashes)} files"
        yield f"  {wheel.name} {wheel.version}  {chosen}"
    yield "Commands"
    for command in inventory.commands:
        yield f"  {command.name}  {command.purpose}  {_digest(command.sha256)}"


def _digest(sha256: str) -> str:
    return f"sha256:{sha256}" if sha256 else "not on this machine"


def as_json(inventory: Inventory) -> str:
    """For programs."""
    return json.dumps(inventory.document(), indent=2) + "\n"


def skopeo(inventory: Inventory) -> str:
    """The source of ``skopeo sync --src yaml`` (skopeo-sync(1)): tags, or digests of images without one.

    ``sync`` is for directories. Into a registry it copies ``a/b/name`` as ``name``, or with ``--scoped`` as
    ``registry/a/b/name``, and ``imageRegistry`` expects ``a/b/name``.
    """
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for image in (image.source for image in inventory.images):
        repositories = found.setdefault(image.registry, {"images": {}})["images"]
        versions = repositories.setdefault(image.repository, [])
        if (wanted := image.tag or image.digest) not in versions:
            versions.append(wanted)
    return yaml.safe_dump(found)


def copy(inventory: Inventory) -> str:
    """``skopeo copy`` for each image, to its name below ``imageRegistry``.

    Raises:
        AirgapError: ``imageRegistry`` is not set.
    """
    if not inventory.registry:
        raise AirgapError("imageRegistry is not set, which says where images go. Set it in the stack's file")
    return "".join(f"{line}\n" for line in copy_commands(inventory.images))


def lock(inventory: Inventory) -> str:
    """The content of ``imageLockFile``: each image whose digest is known, as ``imageRegistry`` has it."""
    images = (image.source for image in inventory.images if image.source.tag)
    return json.dumps({image.path: image.digest for image in images if image.digest}, indent=2) + "\n"


def harbor(inventory: Inventory) -> str:
    """Replication rules for Harbor's API (``POST /api/v2.0/replication/policies``), one for each source.

    ``dest_namespace_replace_count`` 0 keeps the whole path of an image below the project, as
    ``imageRegistry`` expects it. A rule's filters are lists of names and tags, so a rule may also copy a tag
    that only another of its images needs.
    """
    sources: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for image in (image.source for image in inventory.images):
        sources[image.registry].append((image.repository, image.tag or image.digest))
    project = inventory.registry.partition("/")[2]
    rules = [_rule(inventory.stack, registry, project, images) for registry, images in sources.items()]
    return json.dumps(rules, indent=2) + "\n"


def _rule(stack: str, registry: str, project: str, images: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "name": f"rancher-{stack}-{registry.replace(':', '-')}",
        "description": f"Images of the stack {stack} from {registry}",
        "src_registry": {"name": registry, "url": f"https://{registry}"},
        "dest_namespace": project,
        "dest_namespace_replace_count": 0,
        "filters": [
            {"type": "name", "value": _any(name for name, _ in images)},
            {"type": "tag", "value": _any(tag for _, tag in images), "decoration": "matches"},
        ],
        "trigger": {"type": "manual"},
        "replicate_deletion": False,
        "override": False,
        "enabled": True,
    }


def _any(values: Iterator[str]) -> str:
    """Harbor's pattern for one of these."""
    found = sorted(set(values))
    return found[0] if len(found) == 1 else f"{{{','.join(found)}}}"


FORMATS: Mapping[str, Callable[[Inventory], str]] = {
    "text": text,
    "json": as_json,
    "skopeo": skopeo,
    "copy": copy,
    "harbor": harbor,
    "lock": lock,
}
