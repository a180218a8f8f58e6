"""Looks images up in their registry, as a node will."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from components.runtime.downloads import Downloads
from components.runtime.errors import ProviderError, TransientError
from components.runtime.http import HttpError, UnreachableError
from components.runtime.oci_client import OciRepository
from components.runtime.waiting import retry
from domain import image_manifests
from domain.finding import FindingError
from domain.images import Image


class RegistryError(ProviderError):
    """The registry cannot be asked: it is not trusted, or refuses an answer."""


class RegistryUnreachableError(TransientError):
    """The registry does not answer."""


class DeniedError(ProviderError):
    """The login may not pull the image, or the registry has no such project."""


@dataclass(frozen=True)
class Found:
    """What a registry has under the name of an image.

    Attributes:
        digest: Digest of what the name stands for; empty: it is missing.
        problem: Why a node cannot run it; empty if it can.
    """

    digest: str = ""
    problem: str = ""


def look_up(image: Image, downloads: Downloads, login: str) -> Found:
    """Finds an image by its digest, or else by its tag and the digest that it stands for.

    Args:
        image: Name of the image.
        downloads: Requests that trust the registry's CA.
        login: Header ``Authorization`` of user name and password, or empty.

    Raises:
        RegistryError, RegistryUnreachableError, DeniedError: The registry gives no answer that can be used.
    """
    repository = OciRepository(downloads, image.registry, image.repository, login)
    try:
        return retry(lambda: _look_up(image, repository))
    except FindingError as error:
        raise RegistryError(error.finding.text, "registry") from None
    except UnreachableError as error:
        raise RegistryUnreachableError(f"is unreachable: {error}", "registry") from None
    except HttpError as error:
        if "CERTIFICATE_VERIFY" in str(error):
            remedy = "Set the CA file of the image registry, or correct the certificate"
            raise RegistryError(f"its certificate is not trusted: {error}. {remedy}", "ca_file") from None
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise DeniedError(str(error), "username") from None
        raise RegistryError(f"{error}. Check the address of the image registry", "registry") from None


def _look_up(image: Image, repository: OciRepository) -> Found:
    found = repository.find(f"manifests/{image.digest or image.tag}", image_manifests.ACCEPT)
    if found is None:
        tagged = image.tag and repository.find(f"manifests/{image.tag}", image_manifests.ACCEPT)
        if not (image.digest and tagged):
            return Found()
        has = _sha256(tagged.content)
        return Found(has, f"has digest {has} instead of {image.digest}, which the chart pins")
    digest = _sha256(found.content)
    if image.digest and digest != image.digest:
        return Found(digest, f"is answered with other content ({digest})")
    if not image.digest and repository.find(f"manifests/{digest}", image_manifests.ACCEPT) is None:
        return Found(digest, f"is not found by its digest {digest}")
    return Found(digest, _platform_problem(found.object(), repository))


def _platform_problem(manifest: dict[str, object], repository: OciRepository) -> str:
    wanted = image_manifests.PLATFORM
    if image_manifests.is_index(manifest):
        child = image_manifests.platform_digest(manifest)
        if not child:
            return f"is for {_listed(image_manifests.platforms(manifest))}, not {wanted}"
        found = repository.find(f"manifests/{child}", image_manifests.ACCEPT)
        if found is None:
            return f"lacks its manifest for {wanted}"
        manifest = found.object()
    digest = image_manifests.config_digest(manifest)
    config = repository.find(f"blobs/{digest}") if digest else None
    if config is None:
        return "is incomplete, or not an image"
    platform = image_manifests.platform(config.object())
    return "" if platform == wanted else f"is for {platform}, not {wanted}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no platform"


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
