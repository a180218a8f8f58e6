"""The plan in a stack file (``Pulumi.<env>.yaml``), read without the engine and the other settings.

Other keys may be invalid or name files that do not exist yet: planning comes before there is a stack.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from capacity.model.plan import CapacityError, Plan
from settings.capacity import CapacitySettings
from settings.model import Settings
from settings.reading import PROJECT
from settings.types import Values


class _Keys(CapacitySettings):
    """The settings that make a plan."""

    cluster_name: str
    rancher_version: str
    network_profile_parameters: Values = Field(default_factory=dict)


_OBJECTS = {"podNetwork", "networkProfileParameters"}
_ELSEWHERE = {"nsxManager", "nsxUsername", "nsxPassword", "nsxCaCertificateFile"}
"""Access to NSX-T, which a plan does not need."""


def read(path: Path) -> Plan:
    """Read a stack's plan.

    Raises:
        CapacityError: The file has no plan, or an invalid one.
        OSError: The file cannot be read.
    """
    given = _config(path)
    aliases = {str(field.alias) for field in _Keys.model_fields.values()} - _ELSEWHERE
    try:
        keys = _Keys.model_validate({key: value for key, value in given.items() if key in aliases})
    except ValidationError as error:
        raise CapacityError(f"{path}: {_problem(error)}") from None
    profile = keys.network_profile_parameters
    for problem in keys.capacity_problems(keys.rancher_version, profile):
        raise CapacityError(f"{path}: {problem}")
    plan = keys.plan_for(keys.cluster_name, keys.rancher_version, profile.get("lb_size", "small"))
    if plan is None:
        raise CapacityError(f"{path}: podNetwork is not set. Set its blocks")
    return plan


def _config(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CapacityError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    stack = document.get("config") if isinstance(document, dict) else None
    if not isinstance(stack, dict) or not stack:
        raise CapacityError(f"{path} has no `config`, so it is not a stack file")
    prefix = f"{PROJECT}:"
    given = {
        key.removeprefix(prefix): _value(key.removeprefix(prefix), value)
        for key, value in stack.items()
        if str(key).startswith(prefix)
    }
    unknown = given.keys() - {str(field.alias) for field in Settings.model_fields.values()}
    if unknown:
        raise CapacityError(f"{path}: {min(unknown)} is not a known config key. Pulumi.yaml has the keys")
    return {key: value for key, value in given.items() if value != ""}


def _value(key: str, value: Any) -> Any:
    if key in _OBJECTS and isinstance(value, str) and value:
        try:
            return json.loads(value)
        except ValueError:
            return value  # the model says what is wrong
    return value


def _problem(error: ValidationError) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0])
    if first["type"] == "missing":
        return f"{key} is not set"
    reason = str(first["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    return f"{key} = {json.dumps(first['input'], default=str)}: {reason}"
