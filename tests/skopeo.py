"""The real ``skopeo`` of a user, whose images come from a registry on loopback."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helm.registry import Registry
from tests.servers import ADDRESS


def require() -> None:
    """Skips the test without skopeo."""
    if shutil.which("skopeo") is None:
        missing = "skopeo is not installed (Debian: apt-get install skopeo)"
        if os.environ.get("REQUIRE_REGISTRY"):  # as in .ci/run
            pytest.fail(missing)
        pytest.skip(missing)


@dataclass(frozen=True)
class User:
    """Whoever runs skopeo.

    Attributes:
        home: The home directory.
    """

    home: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment that finds the user's files."""
        return {"HOME": str(self.home), "REGISTRY_AUTH_FILE": str(self.home / "auth.json")}

    def trust(self, registry: Registry) -> None:
        """Trusts a registry's CA."""
        place = self.home / ".config/containers/certs.d" / f"{ADDRESS}:{registry.port}"
        place.mkdir(parents=True)
        shutil.copy(registry.ca_file, place / "ca.crt")

    def redirect(self, hosts: Iterable[str], registry: Registry) -> None:
        """Reads the images of other registries in this one (containers-registries.conf(5))."""
        place = f"{ADDRESS}:{registry.port}"
        lines = [f'[[registry]]\nprefix = "{host}"\nlocation = "{place}"\n' for host in sorted(set(hosts))]
        self.trust(registry)
        (self.home / ".config/containers/registries.conf").write_text("".join(lines))

    def log_in(self, address: str, name: str, password: str) -> None:
        """Writes what ``skopeo login`` would."""
        login = base64.b64encode(f"{name}:{password}".encode()).decode()
        self.home.mkdir(exist_ok=True)
        (self.home / "auth.json").write_text(json.dumps({"auths": {address: {"auth": login}}}))
