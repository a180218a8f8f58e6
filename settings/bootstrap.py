"""Settings of Rancher's first start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from domain.finding import Finding
from domain.rancher_releases import release
from settings.types import Days, Minutes, Section, secret_text


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
        version = release(rancher_version)
        if password is not None and len(password) < version.shortest_password:
            yield Finding(
                "rancherAdminPassword",
                f"has {len(password)} characters; Rancher {rancher_version} requires "
                f"{version.shortest_password}",
                "Run: pulumi config set --secret rancherAdminPassword",
                "***",
                depends_on=("rancherVersion",),
            )
        life = min(self.rancher_token_days, version.longest_token_days or self.rancher_token_days)
        if self.rancher_token_renew_days >= life:
            yield Finding(
                "rancherTokenRenewDays",
                f"must be less than the life of a token, which is {life} days; otherwise each update creates "
                "a new token",
                "Choose a smaller number",
                str(self.rancher_token_renew_days),
                depends_on=("rancherTokenDays",),
            )
