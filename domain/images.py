"""Container images: their names, and their names in the registry that mirrors them.

Sources: ``reference`` package of the distribution project (grammar and the defaults of Docker Hub); OCI Image
Specification (digests, platforms).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from domain.finding import Finding, FindingError

DOCKER_HUB = "docker.io"
_HUB_ALIASES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_OFFICIAL = "library"
_LONGEST = 255
"""Characters of registry and repository together."""

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Image:
    """A container image as a pod names it, with the defaults of Docker Hub filled in.

    Attributes:
        registry: Host of the registry, with its port if it has one.
        repository: Path in the registry.
        tag: Tag; empty only with a digest.
        digest: ``sha256:...`` that pins the image; empty: the tag decides.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Image:
        """Reads ``[registry/]repository[:tag][@digest]``.

        Raises:
            FindingError: The text is not the name of an image; its key is ``image``.
        """
        name, at, digest = text.partition("@")
        head, slash, tail = name.rpartition("/")
        last, colon, tag = tail.partition(":")
        registry, repository = _split(f"{head}{slash}{last}")
        valid = (
            len(registry) + len(repository) < _LONGEST
            and _HOST.fullmatch(registry)
            and _REPOSITORY.fullmatch(repository)
            and (_TAG.fullmatch(tag) if colon else True)
            and (_DIGEST.fullmatch(digest) if at else True)
        )
        if not valid:
            raise FindingError("image", f"{text[:_LONGEST]!r} is not the name of an image", "Correct it")
        return cls(registry, repository, tag or ("" if at else "latest"), digest)

    @property
    def path(self) -> str:
        """Repository and tag, as lock files name it."""
        return f"{self.repository}:{self.tag}" if self.tag else f"{self.repository}@{self.digest}"

    @property
    def copied(self) -> str:
        """Where tools that know either tag or digest read it: by digest, which does not move."""
        mark = f"@{self.digest}" if self.digest else f":{self.tag}"
        return f"{self.registry}/{self.repository}{mark}"

    def __str__(self) -> str:
        """``registry/repository:tag@digest``."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


@dataclass(frozen=True)
class ImageRegistry:
    """The registry from which nodes pull every image, such as a project in Harbor.

    An image has there the path that it has in its own registry; one of Docker Hub without a path is below
    ``library/``, as Harbor's replication and proxy cache store it.

    Attributes:
        address: ``host[:port][/path]``, without a scheme and without a slash at its end.
        pull_secret: Name of the Secret with the login, in each namespace that needs it; empty: none.
    """

    address: str
    pull_secret: str = ""

    @property
    def host(self) -> str:
        """Host, with its port if it has one."""
        return self.address.partition("/")[0]

    def repository(self, path: str) -> str:
        """Name of a repository here, from its path in its own registry."""
        return f"{self.address}/{path}"

    def mirrored(self, image: Image) -> Image:
        """The image's name here."""
        host, _, path = self.address.partition("/")
        where = "/".join(filter(None, (path, image.repository)))
        return replace(image, registry=host, repository=where)

    def holds(self, image: Image) -> bool:
        """Whether the image is named here."""
        return f"{image.registry}/{image.repository}".startswith(f"{self.address}/")

    def path(self, image: Image) -> str:
        """Repository and tag below this address: the path in the image's own registry."""
        return f"{image.registry}/{image.path}".removeprefix(f"{self.address}/")

    def pull_secrets(self) -> list[dict[str, str]]:
        """``imagePullSecrets`` of a pod or a ServiceAccount."""
        return [{"name": self.pull_secret}] if self.pull_secret else []


@dataclass(frozen=True, order=True)
class MirroredImage:
    """An image that the stack runs.

    Attributes:
        target: Its name in pods: with an image registry, the one there.
        source: Its name without an image registry: where it can be copied from.
        origin: What runs it: a chart, or another part of the program.
    """

    target: Image
    source: Image
    origin: str = ""


def address_problem(address: str) -> str:
    """What is wrong with the address of an image registry; empty if nothing is."""
    if "://" in address:
        return "has a scheme, which names of images do not have"
    host, slash, path = address.partition("/")
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
    if not _HOST.fullmatch(host) or not (name and ("." in name or port or name == "localhost")):
        return "must start with the host name of a registry"
    if slash and not _REPOSITORY.fullmatch(path):
        return "must end with a path of lower-case letters, digits, slashes, hyphens, dots and underscores"
    return ""


def digest_problems(digests: Mapping[str, object]) -> list[Finding]:
    """What is wrong with the content of a lock file: ``repository:tag`` to digest."""
    found = []
    for name, digest in digests.items():
        repository, _, tag = str(name).rpartition(":")
        if not (_REPOSITORY.fullmatch(repository) and _TAG.fullmatch(tag)):
            found.append(
                Finding("digests", "has a name that is not repository:tag", "", str(name)[:_LONGEST])
            )
        elif not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
            found.append(Finding("digests", f"has no sha256 digest for {name}", "", str(digest)[:80]))
    return found


def copy_commands(missing: Iterable[MirroredImage]) -> list[str]:
    """Commands that copy images into the registry with all platforms, so that digests stay the same.

    skopeo accepts no name with both tag and digest.
    """
    return [
        f"skopeo copy --all docker://{image.source.copied} docker://{replace(image.target, digest='').copied}"
        for image in missing
    ]


def _split(name: str) -> tuple[str, str]:
    """Registry and repository; the first part is a registry if it has a dot or a port, or is localhost."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, name
    if registry in _HUB_ALIASES:
        registry = DOCKER_HUB
        repository = repository if "/" in repository else f"{_OFFICIAL}/{repository}"
    return registry, repository
