"""The fleet's config and sites: read here and nowhere else, every problem told at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from fleet.inventory import Inventory, InventoryError, read
from fleet.kubeconfigs import CONFIG_KEY

_REPORTED = 32
"""The language host's exit code for "the user has been told": no second error line."""


@dataclass(frozen=True)
class Configuration:
    """Of one stack.

    Attributes:
        server_stack: Name of the stack with the Rancher server.
        inventory: Sites and users.
        timeout_minutes: Longest time until all agents are connected.
        owner: This stack, as clusters in Rancher are marked with.
    """

    server_stack: str
    inventory: Inventory
    timeout_minutes: int
    owner: str


def load() -> Configuration:
    """The configuration of the current stack. Ends the program with one message when it cannot be used."""
    config = pulumi.Config()
    problems: list[str] = []
    server_stack = config.get("serverStack") or ""
    if not server_stack:
        problems.append(
            "config serverStack: is not set. Run: pulumi config set serverStack "
            f"{pulumi.get_organization()}/rancher-on-pks/<env>"
        )
    minutes = config.get("timeoutMinutes") or ""
    if not minutes.isdigit() or not 1 <= int(minutes) <= 1440:
        problems.append(f"config timeoutMinutes = {minutes}: must be a whole number from 1 to 1440")
    kubeconfigs = _kubeconfigs(config, problems)
    inventory = Inventory({}, {}, {})
    try:
        inventory = read(Path(config.get("sites") or "sites.yaml"), kubeconfigs, root=Path.cwd())
    except InventoryError as error:
        problems += error.problems
    if problems:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        pulumi.log.error(f"stack {pulumi.get_stack()}: {count} with the fleet; nothing was changed:{lines}")
        sys.exit(_REPORTED)
    owner = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    return Configuration(server_stack, inventory, int(minutes), owner)


def _kubeconfigs(config: pulumi.Config, problems: list[str]) -> Mapping[str, str]:
    """The texts of the secret config; the providers read them by themselves."""
    key = config.full_key(CONFIG_KEY)
    try:
        given: Any = config.get_object(CONFIG_KEY)
    except (pulumi.ConfigTypeError, ValueError):
        given = ""
    if not given:
        return {}
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        problems.append(f"config {CONFIG_KEY}: must be an object of site and kubeconfig")
        return {}
    if not pulumi.runtime.config.is_config_secret(key):
        problems.append(
            f"config {CONFIG_KEY}: is in plain text. Run: pulumi config set --secret --path "
            f"'{CONFIG_KEY}.<site>'"
        )
    return given
