"""The images that a chart's workloads run, read from its values by the conventions of each chart.

For machines without Helm: the names are the chart's own, only their places are known here. The tests compare
the result with what Helm renders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.images import Image
from domain.rancher_releases import Release

Values = Mapping[str, Any]

INGRESS_CHARTS = ("ingress-nginx", "nginx-ingress")

INGRESS_PLACES = (
    "global.image",
    "controller.image",
    "controller.admissionWebhooks",
    "controller.opentelemetry",
    "controller.extraModules",
    "controller.extraContainers",
    "controller.extraInitContainers",
    "defaultBackend",
)
"""Where an ingress controller's chart has its images, and the switches that turn them on."""

RANCHER_PLACES = (
    "image",
    "rancherImage",
    "rancherImageTag",
    "systemDefaultRegistry",
    "busyboxImage",
    "busyboxImageTag",
    "auditLog",
    "preUpgrade",
    "postDelete",
)
"""The same of Rancher's chart."""


def relevant(values: Values, places: Sequence[str]) -> dict[str, Any]:
    """The part of the values that decides about images."""
    found: dict[str, Any] = {}
    for place in places:
        *parents, last = place.split(".")
        holder = _get(values, *parents)
        if isinstance(holder, Mapping) and last in holder:
            at = found
            for name in parents:
                at = at.setdefault(name, {})
            at[last] = holder[last]
    return found


def ingress_images(values: Values) -> list[Image]:
    """The images of an ingress controller's chart with these values, the chart's own among them.

    Raises:
        FindingError: A value is not the name of an image.
    """
    controller, shared = _object(values, "controller"), _object(values, "global", "image")

    def texts() -> Iterator[str]:
        main = dict(_object(controller, "image"))
        if _on(main.get("chroot")):
            main |= {"image": f"{main.get('image')}-chroot", "digest": main.get("digestChroot")}
        yield _named(main, shared)
        webhooks = _object(controller, "admissionWebhooks")
        patch = _object(webhooks, "patch")
        if _on(webhooks.get("enabled")) and _on(patch.get("enabled")):
            yield _named(patch.get("image"), shared)
        modules = controller.get("extraModules")
        extra = [_object(controller, "opentelemetry"), *_objects(modules)]
        for item in extra:
            if "image" in item and (item is not extra[0] or _on(item.get("enabled"))):
                yield _named(item["image"], {})
        backend = _object(values, "defaultBackend")
        if _on(backend.get("enabled")):
            yield _named(backend.get("image"), shared)
        for holder in (controller, backend) if _on(backend.get("enabled")) else (controller,):
            for kind in ("extraContainers", "extraInitContainers"):
                yield from (str(item["image"]) for item in _objects(holder.get(kind)) if "image" in item)

    return [Image.parse(text) for text in texts()]


def rancher_images(values: Values, release: Release, app_version: str) -> list[Image]:
    """The images of Rancher's chart with these values, the chart's own among them.

    Rancher installs more at run time, as its release's own list of images says.

    Args:
        values: The values.
        release: The chart's.
        app_version: ``appVersion`` of the chart.

    Raises:
        FindingError: A value is not the name of an image.
    """
    default = str(values.get("systemDefaultRegistry") or "").rstrip("/")

    def prefixed(image: Values, repository: str = "") -> str:
        """Name without tag of an image whose registry is the default one or its own."""
        registry = str(image.get("registry") or "").rstrip("/") or default
        return "/".join(filter(None, (registry, str(image.get("repository") or repository))))

    def texts() -> Iterator[str]:
        image = _object(values, "image")
        tag = values.get("rancherImageTag") or image.get("tag") or app_version
        yield f"{values.get('rancherImage') or prefixed(image, 'rancher/rancher')}:{tag}"
        audit = _object(values, "auditLog")
        # Charts before 2.12 have no switch.
        on = _on(audit["enabled"]) if "enabled" in audit else _number(audit.get("level")) > 0
        if on and audit.get("destination") == "sidecar":
            log = _object(audit, "image")
            if busybox := values.get("busyboxImage"):
                mark = values.get("busyboxImageTag")
                yield f"{busybox}:{mark}" if mark else str(busybox)
            elif release.prefixes_all_images:
                yield f"{prefixed(log)}:{log.get('tag')}"
            else:
                yield f"{log.get('repository')}:{log.get('tag')}"
        for hook in ("preUpgrade", "postDelete"):
            part = _object(values, hook)
            job = _object(part, "image")
            if _on(part.get("enabled")) and job.get("repository"):
                yield f"{prefixed(job)}:{job.get('tag')}"

    return [Image.parse(text) for text in texts()]


def _named(image: object, shared: Values) -> str:
    """Name of an image in an object of its parts, or as one text.

    ``ingress-nginx``: ``repository``, or else ``registry`` and ``image``. ``nginx-ingress``: ``repository``,
    after ``registry`` if it has one.
    """
    if not isinstance(image, Mapping):
        return str(image or "")
    registry = str(image.get("registry") or shared.get("registry") or "")
    if image.get("repository"):
        name = str(image["repository"])
        own = str(image.get("registry") or "") if "image" not in image else ""
        name = f"{own}/{name}" if own else name
    else:
        name = f"{registry}/{image.get('image')}"
    tag, digest = image.get("tag"), image.get("digest")
    return f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"


def _get(values: object, *path: str) -> object:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def _object(values: object, *path: str) -> Values:
    found = _get(values, *path)
    return found if isinstance(found, Mapping) else {}


def _objects(found: object) -> list[Values]:
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _on(value: object) -> bool:
    """Whether a switch is on; a chart's values are texts as written."""
    return str(value).lower() == "true"


def _number(value: object) -> int:
    text = str(value or 0)
    return int(text) if text.isdecimal() else 0
