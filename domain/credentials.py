"""Credentials of external systems: from the environment or the stack's config, never from inputs.

The environment wins: the engine gives ``refresh`` and ``destroy`` the config of the last update, which is out
of date once a password was rotated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Lookup = Callable[[str], "str | None"]
"""Returns the value of a config key, or None."""


@dataclass(frozen=True)
class Field:
    """One value of a login.

    Attributes:
        name: Name in the system's own words, such as ``ca_certificate_file``.
        variable: Environment variable, as the system's own tools call it.
        secret: Whether it must never be shown.
    """

    name: str
    variable: str
    secret: bool = False


@dataclass(frozen=True)
class System:
    """An external system and the values of a login to it.

    Attributes:
        name: Prefix of the config keys: field ``ca_certificate_file`` of ``pks`` is ``pksCaCertificateFile``.
        title: What people call it.
        fields: The values.
    """

    name: str
    title: str
    fields: tuple[Field, ...]

    def key(self, field: str) -> str:
        """Config key of a field."""
        return self.name + "".join(word.capitalize() for word in field.split("_"))

    def variable(self, field: str) -> str:
        """Environment variable of a field."""
        return next(item.variable for item in self.fields if item.name == field)

    def read(self, config: Lookup, environment: Mapping[str, str]) -> Login:
        """The values that environment and config have; a missing one is empty."""
        values = {
            field.name: environment.get(field.variable) or config(self.key(field.name)) or ""
            for field in self.fields
        }
        return Login(self, values)

    def where(self, *fields: str) -> str:
        """Where fields are set, for a message: ``pksApi (environment variable PKS_API)``."""
        return ", ".join(f"{self.key(item)} (environment variable {self.variable(item)})" for item in fields)


@dataclass(frozen=True, repr=False)
class Login:
    """The values of a login to a system."""

    system: System
    values: Mapping[str, str]

    def __getitem__(self, field: str) -> str:
        """The value of a field; empty when it is not set."""
        return self.values[field]

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never appear in a message."""
        values = [self.values[field.name] for field in self.system.fields if field.secret]
        return tuple(value for value in values if value)

    def missing(self, *fields: str) -> str:
        """The error for those of these fields that are not set, and where to set them; empty if all are."""
        missing = [field for field in fields if not self.values[field]]
        if not missing:
            return ""
        secret = {field.name for field in self.system.fields if field.secret} & set(missing)
        flag = " (secrets with --secret)" if secret else ""
        return (
            f"no credentials for {self.system.title}: {self.system.where(*missing)} is not set. Set it "
            f"with `pulumi config set`{flag} or in the environment"
        )
