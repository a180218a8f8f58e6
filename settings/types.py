"""Types of the settings' values, each with the message for an invalid one."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Section(BaseModel):
    """Base of each section of the settings. A field is a config key in snake case."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


def secret_text(secret: SecretStr | None) -> str | None:
    """The text of a secret setting."""
    return secret.get_secret_value() if secret else None


def _script(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable characters")
    return value


def _name(value: str) -> str:
    if value.startswith("-"):
        raise ValueError("must not start with a hyphen, which command-line tools take for an option")
    if value != value.strip():
        raise ValueError("must not start or end with a space")
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError(
            "must be 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end"
        )
    return value


def _dns_name(value: str) -> str:
    labels = value.split(".")
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("must be a DNS name in lower case, without port or scheme")
    return value


def _cidr(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("must be a CIDR with no host bits set, such as 10.50.0.0/24") from None
    return value


def _file(value: str) -> str:
    try:
        found = Path(value).is_file()
    except OSError:  # a name that is too long, a folder that is closed
        found = False
    if not found:
        raise ValueError("must be an existing file, relative to the folder of Pulumi.yaml or absolute")
    return value


Script = Annotated[str, AfterValidator(_script)]
"""Text of any number of lines."""
Line = Annotated[str, AfterValidator(_line)]
"""Text without line breaks and control characters."""
Name = Annotated[Line, AfterValidator(_name)]
"""Text that is safe as an argument of a command-line tool."""
Label = Annotated[str, AfterValidator(_label)]
DnsName = Annotated[str, AfterValidator(_dns_name)]
Cidr = Annotated[str, AfterValidator(_cidr)]
File = Annotated[Line, AfterValidator(_file)]
Port = Annotated[int, Field(ge=1, le=65535)]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]
Days = Annotated[int, Field(ge=1, le=3650)]
Values = dict[str, Any]
