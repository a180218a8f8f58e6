"""``StackFile``: a stack's file (``Pulumi.<stack>.yaml``), read as the engine does, without secrets."""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from domain.finding import Finding
from settings import engine_yaml
from settings.engine_yaml import YamlError
from settings.errors import SettingsError

PROJECT = "rancher-on-pks"
"""Namespace of the server's config keys: the name in ``Pulumi.yaml``."""
_PROVIDERS = ("pulumi", "kubernetes", "tls", "command", "vsphere")
"""Namespaces that the engine and the program's plugins read."""
_ENCRYPTED = "(encrypted)"
_REFUSED = "\t\x85\u2028\u2029"
"""Start of a text of several lines on which the engine fails when it writes the file once more."""


@dataclass(frozen=True)
class Value:
    """A config value.

    Attributes:
        text: As the engine hands it to the program: objects and lists as JSON, null as an empty text.
        encrypted: Whether it is, or contains, an encrypted value; ``text`` has a stand-in for that.
        written: As it is in the file, when the engine reads a scalar as another text.
    """

    text: str
    encrypted: bool = False
    written: str | None = None


@dataclass(frozen=True)
class StackFile:
    """What a stack's file contains.

    Attributes:
        path: The file.
        project: Namespace of the project's keys.
        values: Config key with its namespace to value.
        repeated: Keys that appear both with and without the namespace.
        secrets_provider: What encrypts its secrets; ``default`` when the file does not say.
    """

    path: Path
    project: str
    values: Mapping[str, Value]
    repeated: tuple[str, ...] = ()
    secrets_provider: str = "default"

    @property
    def config(self) -> dict[str, str]:
        """Config key without the project's namespace to text; keys of other namespaces keep theirs."""
        return {short(key, self.project): value.text for key, value in self.values.items()}

    @property
    def encrypted(self) -> frozenset[str]:
        """The keys of ``config`` with an encrypted value: nothing is known of their content."""
        return frozenset(short(key, self.project) for key, value in self.values.items() if value.encrypted)

    def findings(self) -> list[Finding]:
        """Values that the engine reads silently as something else than what is written."""
        repeated = [
            Finding(key, f"is set twice, also as {self.project}:{key}", "Remove one of them")
            for key in self.repeated
        ]
        changed = [
            Finding(
                short(key, self.project),
                f"is read as {value.text!r}",
                _remedy(value.written),
                value.written.strip(),
            )
            for key, value in self.values.items()
            if value.written is not None
        ]
        return repeated + changed


def read(path: Path, project: str = PROJECT) -> StackFile:
    """Read a stack's file.

    Args:
        path: The file.
        project: Namespace of keys without one.

    Raises:
        SettingsError: The file cannot be read, or the engine refuses it.
    """
    try:
        return _read(path, project)
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}"
        raise SettingsError([Finding("", problem, "Check its name and permissions")]) from None
    except YamlError as error:
        raise SettingsError([Finding("", str(error))]) from None


def short(key: str, project: str = PROJECT) -> str:
    """A config key without the project's namespace."""
    return key.removeprefix(f"{project}:")


def namespace_findings(keys: Mapping[str, str], known: list[str]) -> list[Finding]:
    """Keys of a namespace that nothing in the program reads.

    Args:
        keys: Config keys; those of the project without its namespace.
        known: The program's keys.
    """
    found = []
    for key in keys:
        namespace, colon, name = key.partition(":")
        if colon and namespace not in _PROVIDERS:
            close = difflib.get_close_matches(name, known, n=1)
            remedy = f"Use {PROJECT}:{close[0]}" if close else "Remove it"
            found.append(Finding(key, f"belongs to another project, {namespace}", remedy))
    return found


def _read(path: Path, project: str) -> StackFile:
    root = engine_yaml.compose(path.read_bytes())
    if not isinstance(root, yaml.MappingNode):
        raise YamlError("the file has no `config`, so it is not a stack file")
    top = dict(engine_yaml.members(root))
    provider = engine_yaml.value(top["secretsprovider"]) if "secretsprovider" in top else None
    values, repeated = _values(top["config"], project) if "config" in top else ({}, ())
    return StackFile(path, project, values, repeated, str(provider or "default"))


def _values(config: yaml.Node, project: str) -> tuple[dict[str, Value], tuple[str, ...]]:
    if isinstance(config, yaml.ScalarNode) and engine_yaml.scalar(config) is None:
        return {}, ()
    if not isinstance(config, yaml.MappingNode):
        raise YamlError("`config` must be an object of keys and values")
    values: dict[str, Value] = {}
    names: Counter[str] = Counter()
    for name, node in engine_yaml.members(config):
        key = _key(name, project)
        names[key] += 1
        values[key] = _value(key, node)
    return values, tuple(short(key, project) for key, count in names.items() if count > 1)


def _key(name: str, project: str) -> str:
    """A key with its namespace; ``<namespace>:config:<name>`` is an older form."""
    parts = name.split(":")
    if len(parts) == 1:
        return f"{project}:{name}"
    if len(parts) == 3 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    if len(parts) != 2:
        raise YamlError(f"the key {name!r} is invalid. Write it as {project}:<key>")
    return name


def _value(key: str, node: yaml.Node) -> Value:
    found = engine_yaml.value(node)
    plain, encrypted = _engine_value(key, found)
    if isinstance(plain, dict | list):
        return Value(json.dumps(plain, ensure_ascii=False), encrypted)
    if isinstance(found, float):
        text = engine_yaml.go_float(found)
    else:
        text = plain or "" if plain is None or isinstance(plain, str) else json.dumps(plain)
    written = str(node.value) if isinstance(node, yaml.ScalarNode) else text
    same = written == text or found is None or isinstance(found, bool)
    return Value(text, encrypted, None if same else written)


def _remedy(written: str) -> str:
    return "Remove the line break at its start" if written.startswith("\n") else "Write it in quotes"


def _engine_value(key: str, value: Any) -> tuple[Any, bool]:
    """The value that the engine makes of a YAML value, and whether a part of it is encrypted."""
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return _ENCRYPTED, True
        items = {name: _engine_value(key, item) for name, item in value.items()}
        return {name: item for name, (item, _) in items.items()}, any(one for _, one in items.values())
    if isinstance(value, list):
        entries = [_engine_value(key, item) for item in value]
        return [item for item, _ in entries], any(one for _, one in entries)
    return _engine_scalar(key, value), False


def _engine_scalar(key: str, value: Any) -> Any:
    if isinstance(value, str) and "\n" in value:
        if value[0] in _REFUSED:
            raise YamlError(f"{key}: a text of several lines must not start with a tab. Remove it")
        return value.removeprefix("\n")  # lost when the engine writes the file once more
    if isinstance(value, datetime):
        return engine_yaml.go_time(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise YamlError(f"{key} is not a finite number. Write it in quotes if it is a text")
        return json.loads(engine_yaml.go_float(value))
    return value
