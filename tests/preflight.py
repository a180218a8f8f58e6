"""Runs one check of the preflight as the provider does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import Config, ConfigureRequest

from components.preflight import PreflightProvider
from domain.finding import Severity


def configured(**config: str) -> PreflightProvider:
    """The provider as its host process has it."""
    provider = PreflightProvider()
    raw = {f"rancher-on-pks:{key}": value for key, value in config.items()}
    provider.configure(ConfigureRequest(Config(raw, "rancher-on-pks")))
    return provider


def found(
    check: str,
    wanted: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    severity: Severity = "error",
    **config: str,
) -> list[str]:
    """What a check finds, by the names of its own inputs."""
    findings = configured(**config).findings({check: before} if before else {}, {check: dict(wanted)})
    return [str(item).replace(f"{check}.", "") for item in findings if item.severity == severity]
