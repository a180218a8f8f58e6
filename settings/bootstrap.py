"""Settings of Rancher's first start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from domain.rancher_releases import release
from settings.problem import Problem
from settings.types import Days, Minutes, Section, secret_text


class BootstrapSettings(Section):
    """Password, server URL, token, and the cluster ``local``."""

    rancher_bootstrap: bool = True
    rancher_admin_password: SecretStr | None = None
    rancher_telemetry: Literal["out", "in"] = "out"
    rancher_token_days: Days = 90
    rancher_token_renew_days: Annotated[int, Field(ge=0, le=3650)] = 30
    rancher_local_timeout_minutes: Minutes = 10

    def bootstrap_problems(self, rancher_version: str) -> Iterator[Problem]:
        """What is wrong between these keys."""
        password = secret_text(self.rancher_admin_password)
        needed = release(rancher_version).shortest_password
        if password is not None and len(password) < needed:
            yield Problem(
                "rancherAdminPassword",
                f"has {len(password)} characters; Rancher {rancher_version} needs {needed}. Run: pulumi "
                "config set --secret rancherAdminPassword",
                "***",
                ("rancherVersion",),
            )
        life = min(self.rancher_token_days, release(rancher_version).longest_token_days or 3650)
        if self.rancher_token_renew_days >= life:
            yield Problem(
                "rancherTokenRenewDays",
                f"must be less than the life of a token, which is {life} days; "
                "else each update makes another one",
                str(self.rancher_token_renew_days),
                ("rancherTokenDays",),
            )
