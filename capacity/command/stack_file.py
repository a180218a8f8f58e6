"""The plan in a stack file (``Pulumi.<env>.yaml``), read without the engine and the other settings.

Other keys may be invalid or name files that do not exist yet: planning comes before there is a stack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from capacity.model.plan import CapacityError, Plan
from settings import stack_file
from settings.capacity import CapacitySettings
from settings.errors import SettingsError
from settings.reading import FIELDS, decode, field_findings, unknown_key
from settings.types import Values


class _Keys(CapacitySettings):
    """The settings that make a plan."""

    cluster_name: str
    rancher_version: str
    network_profile_parameters: Values = Field(default_factory=dict)


_ELSEWHERE = {"nsxManager", "nsxUsername", "nsxPassword", "nsxCaCertificateFile"}
"""Access to NSX-T, which a plan does not need."""
_KEYS = {str(field.alias) for field in _Keys.model_fields.values()} - _ELSEWHERE


def read(path: Path) -> Plan:
    """Read a stack's plan.

    Raises:
        CapacityError: The file cannot be read, or has no plan, or an invalid one.
    """
    try:
        keys = _Keys.model_validate(_given(path))
    except SettingsError as error:
        raise CapacityError(f"{path}: {error.findings[0]}") from None
    except ValidationError as error:
        raise CapacityError(f"{path}: {field_findings(error)[0]}") from None
    profile = keys.network_profile_parameters
    for finding in keys.findings(keys.rancher_version, profile):
        raise CapacityError(f"{path}: {finding}")
    plan = keys.plan_for(keys.cluster_name, keys.rancher_version, profile.get("lb_size", "small"))
    if plan is None:
        raise CapacityError(f"{path}: podNetwork is not set. Set its blocks")
    return plan


def _given(path: Path) -> dict[str, Any]:
    """The keys of a plan that the file sets."""
    file = stack_file.read(path)
    given = {key: text for key, text in file.config.items() if text != "" and ":" not in key}
    findings = [finding for finding in file.findings() if finding.key in _KEYS]
    findings += [unknown_key(key) for key in sorted(given.keys() - FIELDS)]
    if findings:
        raise SettingsError(findings)
    return {key: decode(key, text) for key, text in given.items() if key in _KEYS}
