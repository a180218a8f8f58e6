"""Settings of the registry from which nodes pull all images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from domain.finding import Finding
from domain.images import ImageRegistry, address_problem, digest_problems
from settings.types import DnsName, File, Name, Section

PULL_SECRET = "image-registry"  # noqa: S105 - a name
"""Name of the Secret that the program makes from user name and password."""

_MOST_BYTES = 2**20


class ImageSettings(Section):
    """The registry, its login, and the digests that its images must have."""

    image_registry: Name = ""
    image_registry_ca_file: File | None = None
    image_pull_secret_username: Name = ""
    image_pull_secret_password: SecretStr | None = None
    image_pull_secret: DnsName = ""
    image_lock_file: File | None = None

    @property
    def registry(self) -> ImageRegistry | None:
        """The registry; None: each image comes from its own."""
        if not self.image_registry:
            return None
        return ImageRegistry(self.image_registry, self.image_pull_secret or self._own_secret)

    @property
    def makes_pull_secret(self) -> bool:
        """Whether the program makes the Secret with the login."""
        return bool(self.registry and self._own_secret and not self.image_pull_secret)

    @property
    def digests(self) -> dict[str, str] | None:
        """``repository:tag`` to digest of the lock file; None without one.

        Raises:
            ValueError: The file is no JSON object.
        """
        if self.image_lock_file is None:
            return None
        with Path(self.image_lock_file).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError("it has more than 1 MB")
        try:
            found = json.loads(content)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if not isinstance(found, dict):
            raise ValueError("it is not a JSON object")  # noqa: TRY004 - the input is wrong
        return found

    @property
    def _own_secret(self) -> str:
        return PULL_SECRET if self.image_pull_secret_username else ""

    def findings(self) -> Iterator[Finding]:
        """What is wrong between these keys."""
        if not self.image_registry:
            yield from self._without_registry()
            return
        if problem := address_problem(self.image_registry):
            remedy = "Use a name such as harbor.example.com/rancher"
            yield Finding("imageRegistry", problem, remedy, self.image_registry)
        if bool(self.image_pull_secret_username) != bool(self.image_pull_secret_password):
            yield Finding(
                "imagePullSecretUsername",
                "is valid only together with imagePullSecretPassword",
                "Set both or neither",
                self.image_pull_secret_username,
                depends_on=("imagePullSecretPassword",),
            )
        yield from self._lock_findings()

    def _without_registry(self) -> Iterator[Finding]:
        for field, info in type(self).model_fields.items():
            if field != "image_registry" and getattr(self, field):
                key = str(info.alias)
                remedy = f"Set imageRegistry, or run: pulumi config rm {key}"
                yield Finding(
                    key, "has no effect without imageRegistry", remedy, depends_on=("imageRegistry",)
                )

    def _lock_findings(self) -> Iterator[Finding]:
        shown = self.image_lock_file or ""
        try:
            digests = self.digests or {}
        except (OSError, ValueError) as error:
            problem = f"is not a JSON object of repository:tag to digest: {error}"
            yield Finding("imageLockFile", problem, "Correct the file", shown)
            return
        for finding in digest_problems(digests):
            yield replace(finding, key="imageLockFile", remedy="Correct the file")
