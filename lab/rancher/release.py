"""What differs between Rancher's releases, for the HTTP API.

v2.15.0 was measured. The rest is read from the source of rancher/rancher at the release tags:
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
    """A version of Rancher, ordered, with what it knows and does."""

    text: str
    """As in the image's tag, such as ``v2.15.0``."""

    @property
    def numbers(self) -> _Triple:
        """Major, minor and patch; zeros when the tag is not a version."""
        match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.text)
        return (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)

    def __lt__(self, other: Release) -> bool:
        return self.numbers < other.numbers

    def since(self, *numbers: int) -> bool:
        """Whether this is ``numbers`` or later."""
        return self.numbers >= numbers

    @property
    def bootstrap_password(self) -> bool:
        """First password from the Secret ``bootstrap-secret``; before 2.6.0 it was ``admin``."""
        return self.since(2, 6, 0)

    @property
    def v1_public_login(self) -> bool:
        """``POST /v1-public/login`` besides the older ``/v3-public``."""
        return self.since(2, 13, 0)

    @property
    def checks_passwords(self) -> bool:
        """Refuses a short password, the user's name and the old password again."""
        return self.since(2, 6, 3)

    @property
    def project_namespace_of_cluster(self) -> bool:
        """Namespace of a project is ``<cluster>-p-xxxxx``; before, ``p-xxxxx``."""
        return self.since(2, 9, 12)

    @property
    def webhook(self) -> bool:
        """It installs a webhook."""
        return self.since(2, 6, 0)

    @property
    def webhook_names_bindings(self) -> bool:
        """Its webhook names bindings of clusters and projects, with 10 characters (measured on 2.15)."""
        return self.since(2, 15, 0)

    @property
    def webhook_denies_new_ca(self) -> bool:
        """Its webhook 0.11.0 lets no restarted Rancher change the setting cacerts (rancher/rancher#56522)."""
        return self.numbers == (2, 15, 0)

    @property
    def own_registration_token(self) -> bool:
        """Makes the registration token ``default-token`` by itself (measured on 2.15; taken for 2.6 on)."""
        return self.since(2, 6, 0)

    @property
    def fleet(self) -> bool:
        """Fleet comes with it, in which each connected cluster has a namespace."""
        return self.since(2, 5, 0)

    @property
    def local_hangs(self) -> bool:
        """Cluster ``local`` stays in Provisioning until it is saved, as the article met it (2.2)."""
        return not self.since(2, 6, 0)


@dataclass(frozen=True)
class Setting:
    """A setting: the releases that have it and its default."""

    name: str
    default: str = ""
    since: _Triple = (2, 2, 0)
    before: _Triple = (99, 0, 0)
    source: str = "default"
    """``env`` marks a value that comes with the image and cannot be changed."""
    public: bool = False
    """Whether it can be read without a login."""


_SETTINGS = (
    Setting("server-url"),
    Setting("first-login", "true", public=True),
    Setting("cacerts", public=True),
    Setting("install-uuid", source="db"),
    Setting("server-version", "dev", source="env"),
    Setting("agent-image", source="env"),
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
    """The settings that a release has, by name."""
    return {item.name: item for item in _SETTINGS if item.since <= release.numbers < item.before}
