"""The fleet's config and sites files: read here and nowhere else, with every problem reported at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from domain.finding import Finding
from fleet.inventory import Inventory
from fleet.kubeconfigs import CONFIG_KEY
from fleet.sites_file import InventoryError, read_inventory

_REPORTED = 32
"""The language host's exit code for "the error is already reported": no second error line."""
_LONGEST_MINUTES = 1440


@dataclass(frozen=True)
class Configuration:
    """The configuration of one stack.

    Attributes:
        server_stack: Name of the stack with the Rancher server.
        inventory: Sites and users.
        timeout_minutes: Longest time until all agents are connected.
        owner: This stack, written into an annotation of its clusters in Rancher.
    """

    server_stack: str
    inventory: Inventory
    timeout_minutes: int
    owner: str


def load() -> Configuration:
    """The configuration of the current stack. Ends the program with one message when it is invalid."""
    config = pulumi.Config()
    texts = _kubeconfigs(config)
    findings = list(_findings(config, texts))
    inventory = Inventory()
    try:
        inventory = read_inventory(Path(config.get("sites") or "sites.yaml"), texts or {}, root=Path.cwd())
    except InventoryError as error:
        findings += error.findings
    if findings:
        lines = "".join(f"\n  - {finding}" for finding in findings)
        count = "1 problem" if len(findings) == 1 else f"{len(findings)} problems"
        pulumi.log.error(f"stack {pulumi.get_stack()}: {count} with the fleet; nothing was changed:{lines}")
        sys.exit(_REPORTED)
    owner = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    return Configuration(
        config.get("serverStack") or "", inventory, int(config.require("timeoutMinutes")), owner
    )


def _kubeconfigs(config: pulumi.Config) -> Mapping[str, str] | None:
    """Kubeconfigs of the secret config, which the providers read by themselves; None: they are invalid."""
    try:
        given: Any = config.get_object(CONFIG_KEY) or {}
    except (pulumi.ConfigTypeError, ValueError):
        return None
    valid = isinstance(given, dict) and all(isinstance(text, str) for text in given.values())
    return given if valid else None


def _findings(config: pulumi.Config, texts: Mapping[str, str] | None) -> Iterator[Finding]:
    if not config.get("serverStack"):
        name = f"{pulumi.get_organization()}/rancher-on-pks/<env>"
        yield Finding("config serverStack", "is not set", f"Run: pulumi config set serverStack {name}")
    minutes = config.get("timeoutMinutes") or ""
    if not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes) <= _LONGEST_MINUTES):
        problem = f"must be a whole number from 1 to {_LONGEST_MINUTES}"
        yield Finding("config timeoutMinutes", problem, "Correct it", minutes)
    command = f"pulumi config set --secret --path '{CONFIG_KEY}.<site>'"
    if texts is None:
        yield Finding(
            f"config {CONFIG_KEY}", "must be an object with a kubeconfig for each site", f"Run: {command}"
        )
    elif texts and not pulumi.runtime.config.is_config_secret(config.full_key(CONFIG_KEY)):
        yield Finding(f"config {CONFIG_KEY}", "is in plain text", f"Run: {command}")
