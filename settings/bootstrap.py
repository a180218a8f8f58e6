"""Settings of Rancher's first start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from domain.finding import Finding
from domain.versions import Version
from settings.types import Days, Minutes, Section, secret_text

_PASSWORD_LENGTH = 12
_PASSWORD_LENGTH_SINCE = Version(2, 6, 3)
"""From here on Rancher's setting password-min-length is 12 (rancher/rancher pkg/settings)."""
_TOKEN_DAYS = 90
"""Longest life of a token (rancher/rancher pkg/settings, auth-token-max-ttl-minutes)."""


class BootstrapSettings(Section):
    """Password, server URL, token, and the cluster ``local``."""

    rancher_bootstrap: bool = True
    rancher_admin_password: SecretStr | None = None
    rancher_telemetry: Literal["out", "in"] = "out"
    rancher_token_days: Days = 90
    rancher_token_renew_days: Annotated[int, Field(ge=0, le=3650)] = 30
    rancher_local_timeout_minutes: Minutes = 10

    def findings(self, rancher_version: str) -> Iterator[Finding]:
        """What is wrong between these keys."""
        password = secret_text(self.rancher_admin_password)
        strict = Version.parse(rancher_version) >= _PASSWORD_LENGTH_SINCE
        if password is not None and strict and len(password) < _PASSWORD_LENGTH:
            yield Finding(
                "rancherAdminPassword",
                f"has {len(password)} characters; Rancher {rancher_version} requires {_PASSWORD_LENGTH}",
                "Run: pulumi config set --secret rancherAdminPassword",
                "***",
                depends_on=("rancherVersion",),
            )
        life = min(self.rancher_token_days, _TOKEN_DAYS)
        if self.rancher_token_renew_days >= life:
            yield Finding(
                "rancherTokenRenewDays",
                f"must be less than the life of a token, which is {life} days; otherwise each update creates "
                "a new token",
                "Choose a smaller number",
                str(self.rancher_token_renew_days),
                depends_on=("rancherTokenDays",),
            )
