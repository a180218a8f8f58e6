"""Settings of Rancher's first start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from components.rancher.api import numbers
from settings.problem import Problem
from settings.types import Days, Minutes, Section, secret_text

_LENGTH = 12
"""Rancher's setting password-min-length, from 2.6.3 on (rancher/rancher pkg/settings)."""


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
        if password is not None and numbers(rancher_version) >= (2, 6, 3) and len(password) < _LENGTH:
            yield Problem(
                "rancherAdminPassword",
                f"has {len(password)} characters; Rancher {rancher_version} wants {_LENGTH}. Run: pulumi "
                "config set --secret rancherAdminPassword",
                "***",
                ("rancherVersion",),
            )
        if self.rancher_token_renew_days >= min(self.rancher_token_days, 90):
            yield Problem(
                "rancherTokenRenewDays",
                f"must be less than the life of a token, which is {min(self.rancher_token_days, 90)} days; "
                "else each update makes another one",
                str(self.rancher_token_renew_days),
                ("rancherTokenDays",),
            )
