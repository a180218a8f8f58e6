"""Differences between Rancher's releases in the HTTP API.

v2.15.0 was measured. The rest follows the source code of rancher/rancher at the release tags:
``pkg/settings``, ``app/role_data.go``, ``pkg/auth/data/bootstrap_password.go``, ``publicapi/handler.go``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_Triple = tuple[int, int, int]


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

    def since(self, *numbers: int) -> bool:
        """Whether this is version ``numbers`` or later."""
        return self.numbers >= numbers

    @property
    def bootstrap_password(self) -> bool:
        """The Secret ``bootstrap-secret`` contains the first password; before 2.6.0 it was ``admin``."""
        return self.since(2, 6, 0)

    @property
    def v1_public_login(self) -> bool:
        """``POST /v1-public/login`` exists besides the older ``/v3-public``."""
        return self.since(2, 13, 0)

    @property
    def checks_passwords(self) -> bool:
        """Rejects a short password, the user's name and the old password."""
        return self.since(2, 6, 3)

    @property
    def project_namespace_of_cluster(self) -> bool:
        """A project's namespace is ``<cluster>-p-xxxxx``; before, ``p-xxxxx``."""
        return self.since(2, 9, 12)

    @property
    def webhook(self) -> bool:
        """Installs a webhook."""
        return self.since(2, 6, 0)

    @property
    def webhook_names_bindings(self) -> bool:
        """The webhook names bindings of clusters and projects, with 10 characters (measured on 2.15)."""
        return self.since(2, 15, 0)

    @property
    def webhook_denies_new_ca(self) -> bool:
        """Webhook 0.11.0 denies a restarted Rancher changes of cacerts (rancher/rancher#56522)."""
        return self.numbers == (2, 15, 0)

    @property
    def own_registration_token(self) -> bool:
        """Creates the registration token ``default-token`` (measured on 2.15; assumed since 2.6)."""
        return self.since(2, 6, 0)

    @property
    def fleet(self) -> bool:
        """Includes Fleet, which has a namespace for each connected cluster."""
        return self.since(2, 5, 0)

    @property
    def local_hangs(self) -> bool:
        """Cluster ``local`` stays in Provisioning until it is saved, as in the article (2.2)."""
        return not self.since(2, 6, 0)


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
