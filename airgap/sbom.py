"""The bill of materials of a bundle (CycloneDX 1.6): wheels, plugins, charts, images, with digests.

It has no time and no random number, so that equal bundles have equal ones.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from airgap.inventory import Inventory
from domain.images import Image

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "rancher-on-pks")
_ROOT = "rancher-on-pks"

Component = dict[str, Any]


def sbom(inventory: Inventory) -> str:
    """The document."""
    components = sorted(_components(inventory), key=lambda component: component["bom-ref"])
    unique = list({component["bom-ref"]: component for component in components}.values())
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": _ROOT,
                "name": _ROOT,
                "version": inventory.commit,
            }
        },
        "components": unique,
        "dependencies": [{"ref": _ROOT, "dependsOn": [component["bom-ref"] for component in unique]}],
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{serial}"}, indent=2) + "\n"


def _components(inventory: Inventory) -> Iterator[Component]:
    for wheel in inventory.wheels:
        purl = f"pkg:pypi/{wheel.name.lower().replace('_', '-')}@{quote(wheel.version)}"
        yield _component("library", wheel.name, wheel.version, purl, *wheel.hashes)
    if inventory.engine:
        own = [command.sha256 for command in inventory.commands if command.name == "pulumi"]
        yield _component(
            "application", "pulumi", inventory.engine, f"pkg:generic/pulumi@{inventory.engine}", *own
        )
    for plugin, digest in inventory.plugins:
        name = f"pulumi-resource-{plugin.name}"
        yield _component("application", name, plugin.version, f"pkg:generic/{name}@{plugin.version}", digest)
    for chart in inventory.charts:
        name = chart.file.removesuffix(f"-{chart.reference.version}.tgz")
        place = (
            "" if chart.reference.is_local else f"?repository_url={quote(chart.reference.source, safe='')}"
        )
        purl = f"pkg:helm/{name}@{quote(chart.reference.version)}{place}"
        yield _component("application", name, chart.reference.version, purl, chart.sha256)
    for image in (image.source for image in inventory.images):
        digest = image.digest.removeprefix("sha256:")
        yield _component("container", image.repository, image.tag or image.digest, _purl(image), digest)


def _purl(image: Image) -> str:
    """The type ``oci`` identifies an image by its digest, ``docker`` by its tag."""
    place = quote(f"{image.registry}/{image.repository}", safe="")
    if image.digest:
        name = image.repository.rpartition("/")[2]
        tag = f"&tag={image.tag}" if image.tag else ""
        return f"pkg:oci/{name}@{quote(image.digest, safe='')}?repository_url={place}{tag}"
    return f"pkg:docker/{image.repository}@{image.tag}?repository_url={quote(image.registry, safe='')}"


def _component(kind: str, name: str, version: str, purl: str, *digests: str) -> Component:
    hashes = [{"alg": "SHA-256", "content": digest} for digest in digests if digest]
    found = {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return {**found, **({"hashes": hashes} if hashes else {})}
