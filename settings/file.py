"""A stack's file (``Pulumi.<env>.yaml``) read without the engine, and so without its secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from settings.model import Settings
from settings.reading import PROJECT, parse

_ENCRYPTED = "(encrypted)"


@dataclass(frozen=True)
class FileSettings:
    """What a file gives.

    Attributes:
        settings: The settings, with a stand-in for each encrypted value.
        encrypted: The keys whose values are encrypted; nothing is known of their content.
    """

    settings: Settings
    encrypted: frozenset[str]

    def effective(self) -> dict[str, Any]:
        """Every key with its value, given or default; secrets masked."""
        masked = dict.fromkeys(self.encrypted, "***")
        return {**self.settings.model_dump(mode="json", by_alias=True), **masked}


def read(path: Path) -> FileSettings:
    """Read and check a stack's file.

    Raises:
        SettingsError: With every problem found, except what only the content of a secret could tell.
        OSError: The file cannot be read.
        ValueError: It is no stack file.
    """
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no valid YAML: {error}") from None
    stack = document.get("config") if isinstance(document, dict) else {}
    if not stack:
        raise ValueError(f"{path} has no `config`: it is no stack file")
    prefix = f"{PROJECT}:"
    given = {key.removeprefix(prefix): value for key, value in stack.items() if key.startswith(prefix)}
    encrypted = {key for key, value in given.items() if isinstance(value, dict) and set(value) == {"secure"}}
    config = {key: _ENCRYPTED if key in encrypted else _text(value) for key, value in given.items()}
    return FileSettings(parse(config, encrypted, hidden=encrypted), frozenset(encrypted))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
