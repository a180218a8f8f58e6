"""Differences between Rancher's releases in the HTTP API.

v2.15.0 was measured. The rest follows the source code of rancher/rancher at the release tags:
``pkg/settings``, ``app/role_data.go``, ``pkg/auth/data/bootstrap_password.go``, ``publicapi/handler.go``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_Triple = tuple[int, int, int]


class _Since:
    """Feature of a release: whether it is this version or a later one."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def __get__(self, release: Release, owner: type[Release]) -> bool:
        return release.numbers >= self._numbers


@total_ordering
@dataclass(frozen=True)
class Release:
    """A version of Rancher, comparable, with its features."""

    text: str
    """The image's tag, such as ``v2.15.0``."""

    @property
    def numbers(self) -> _Triple:
        """Major, minor and patch; zeros if the tag is not a version."""
        match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.text)
        return (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)

    def __lt__(self, other: Release) -> bool:
        return self.numbers < other.numbers

    bootstrap_password = _Since(2, 6, 0)
    """The Secret ``bootstrap-secret`` contains the first password; before, it was ``admin``."""
    v1_public_login = _Since(2, 13, 0)
    """``POST /v1-public/login`` exists besides the older ``/v3-public``."""
    checks_passwords = _Since(2, 6, 3)
    """Rejects a short password, the user's name and the old password."""
    project_namespace_of_cluster = _Since(2, 9, 12)
    """A project's namespace is ``<cluster>-p-xxxxx``; before, ``p-xxxxx``."""
    webhook = _Since(2, 6, 0)
    """Installs a webhook."""
    webhook_names_bindings = _Since(2, 15, 0)
    """The webhook names bindings of clusters and projects, with 10 characters (measured on 2.15)."""
    own_registration_token = _Since(2, 6, 0)
    """Creates the registration token ``default-token`` (measured on 2.15; assumed since 2.6)."""
    registration_tokens_expire = _Since(2, 15, 0)
    fleet = _Since(2, 5, 0)
    """Includes Fleet, which has a namespace for each connected cluster."""

    @property
    def webhook_denies_new_ca(self) -> bool:
        """Webhook 0.11.0 denies a restarted Rancher changes of cacerts (rancher/rancher#56522)."""
        return self.numbers == (2, 15, 0)

    @property
    def local_hangs(self) -> bool:
        """Cluster ``local`` stays in Provisioning until it is saved, as in the article (2.2)."""
        return self.numbers < (2, 6, 0)


@dataclass(frozen=True)
class Setting:
    """A setting: the releases that have it, and its default."""

    name: str
    default: str = ""
    since: _Triple = (2, 2, 0)
    before: _Triple = (99, 0, 0)
    source: str = "default"
    """``env`` marks a value that comes from the image and cannot be changed."""
    public: bool = False
    """Whether it is readable without a login."""


_SETTINGS = (
    Setting("server-url"),
    Setting("first-login", "true", public=True),
    Setting("cacerts", public=True),
    Setting("install-uuid", source="db"),
    Setting("server-version", "dev", source="env"),
    Setting("agent-image", source="env"),
    Setting("system-default-registry"),
    Setting("auth-user-session-ttl-minutes", "960"),
    Setting("auth-token-max-ttl-minutes", "0", since=(2, 4, 6), before=(2, 8, 0)),
    Setting("auth-token-max-ttl-minutes", "129600", since=(2, 8, 0)),
    Setting("telemetry-opt", "prompt", before=(2, 6, 0)),
    Setting("telemetry-opt", since=(2, 6, 0), before=(2, 11, 0)),
    Setting("ui-default-landing", "vue", since=(2, 6, 0)),
    Setting("password-min-length", "12", since=(2, 6, 3)),
    Setting("agent-tls-mode", "strict", since=(2, 7, 16)),
    Setting("eula-agreed", since=(2, 8, 4)),
)


def settings_of(release: Release) -> dict[str, Setting]:
    """Returns the settings of a release, by name."""
    return {item.name: item for item in _SETTINGS if item.since <= release.numbers < item.before}
