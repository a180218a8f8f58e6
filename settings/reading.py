"""Reads a stack's config into ``Settings`` and reports every problem at once.

The engine knows no types of the keys, because it would refuse one wrong value at a time: see ``Pulumi.yaml``.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from domain import validation
from domain.documents import loads
from domain.finding import Finding
from settings import stack_file
from settings.errors import SettingsError
from settings.model import Settings
from settings.stack_file import StackFile
from settings.types import Section

REPORTED = 32
"""Exit code of a program that has reported its error: the language host adds no second one."""

SECTIONS: dict[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
FIELDS: dict[str, FieldInfo] = {
    str(field.alias): field for section in SECTIONS.values() for field in section.model_fields.values()
}
"""Config key to field."""
_SECRETS = {key for key, field in FIELDS.items() if field.annotation == SecretStr | None}
_OBJECTS = {key for key, field in FIELDS.items() if str(field.annotation).startswith(("dict", "list"))}
_REMEDIES = {
    "missing": "Run: pulumi config set {key} {example}",
    "dict_type": "Run: pulumi config set --path {key}.NAME VALUE",
    "list_type": "Run: pulumi config set --path '{key}[0]' VALUE",
}
_EXAMPLES = {key: str(field.examples[0]) for key, field in FIELDS.items() if field.examples}


def parse(
    config: Mapping[str, str], encrypted: Collection[str] | None = None, hidden: Collection[str] = ()
) -> Settings:
    """The settings that a stack's config describes.

    Args:
        config: Key (without the project's name) to value, objects and lists as JSON. Empty counts as not set.
        encrypted: Keys that are encrypted in the stack's file; None when that does not matter.
        hidden: Keys whose value is a stand-in for an unknown one; their content is not checked.

    Raises:
        SettingsError: With every problem found.
    """
    given, findings = _given(config, encrypted)
    settings: dict[str, Section] = {}
    for name, section in SECTIONS.items():
        aliases = {str(field.alias) for field in section.model_fields.values()}
        values = {key: value for key, value in given.items() if key in aliases}
        try:
            settings[name] = section.model_validate(values)
        except ValidationError as error:
            wrong = field_findings(error)
            known = {item.key for item in findings}.union(hidden)
            findings += [item for item in wrong if _key(item.key) not in known]
            settings[name] = _stand_in(section, values, {_key(item.key) for item in wrong})
    broken = {_key(finding.key) for finding in findings} | set(hidden)
    model = Settings.model_validate(settings)

    def judged(found: Iterable[Finding]) -> list[Finding]:
        return [item for item in found if broken.isdisjoint(map(_key, (item.key, *item.depends_on)))]

    findings += judged(model.findings())
    certificates = judged(model.certificate_findings())
    if findings or certificates:
        raise SettingsError([*findings, *certificates], None if findings else model)
    return model


def parse_file(file: StackFile) -> Settings:
    """The settings in a stack's file, with a stand-in for each encrypted value.

    Raises:
        SettingsError: With every problem found, except what only the content of a secret could tell.
    """
    return _parse(file.config, file.encrypted, file.findings(), hidden=file.encrypted)


def _parse(
    config: Mapping[str, str],
    encrypted: Collection[str],
    misread: Sequence[Finding],
    hidden: Collection[str] = (),
) -> Settings:
    """``parse`` with findings about the file, which take precedence over those about the same keys."""
    findings = list(misread)
    try:
        settings = parse(config, encrypted, hidden)
    except SettingsError as error:
        if not misread:
            raise
        known = {finding.key for finding in findings}
        findings += [finding for finding in error.findings if finding.key not in known]
    if findings:
        raise SettingsError(findings)
    return settings


def load() -> Settings:
    """The settings of the current stack. Ends the program with one message when they are invalid.

    What is wrong with certificate files alone is left to the preflight, which reports it with the rest.
    """
    from pulumi.runtime.config import (  # noqa: PLC0415 - parse() is of use without Pulumi
        CONFIG,
        get_config_env,
        is_config_secret,
    )

    stack = {**get_config_env(), **CONFIG.get()}
    config = {stack_file.short(key): value for key, value in stack.items()}
    encrypted = {stack_file.short(key) for key in stack if is_config_secret(key)}
    try:
        return _parse(config, encrypted, _misread(config))
    except SettingsError as error:
        return error.usable or refuse(error)


def refuse(error: SettingsError) -> NoReturn:
    """End the program with this one message."""
    import pulumi  # noqa: PLC0415 - see load

    pulumi.log.error(f"stack {pulumi.get_stack()}: {error}")
    sys.exit(REPORTED)


def _misread(config: Mapping[str, str]) -> list[Finding]:
    """Values in the stack's file that YAML reads as something else, as far as the engine has used them.

    The engine does not say which file it has read: one given with ``--config-file`` is not checked.
    """
    import pulumi  # noqa: PLC0415 - see load

    path = Path(f"Pulumi.{pulumi.get_stack()}.yaml")
    if not path.exists():
        return []
    try:
        file = stack_file.read(path)
    except SettingsError as error:
        return list(error.findings)
    same = {key for key, text in file.config.items() if config.get(key) == text}
    return [item for item in file.findings() if item.key in file.repeated or item.key in same]


def effective(settings: Settings, masked: Collection[str] = ()) -> dict[str, Any]:
    """Every key with its value, given or default; secrets and ``masked`` keys are not shown."""
    sections = (getattr(settings, name).model_dump(mode="json", by_alias=True) for name in SECTIONS)
    values = {key: value for section in sections for key, value in section.items()}
    return {**values, **dict.fromkeys(masked, "***")}


def decode(key: str, text: str) -> Any:
    """The value of a key: objects and lists from JSON, everything else as text."""
    if key in _OBJECTS:
        with contextlib.suppress(ValueError):  # the section reports what is wrong
            return loads(text)
    return text


def _given(
    config: Mapping[str, str], encrypted: Collection[str] | None
) -> tuple[dict[str, Any], list[Finding]]:
    """The program's keys that are set, and what is wrong with keys and the kind of their values."""
    findings = stack_file.namespace_findings(config, list(FIELDS))
    given: dict[str, Any] = {}
    for key, text in config.items():
        if text == "" or ":" in key:
            continue
        if key not in FIELDS:
            findings.append(unknown_key(key))
            continue
        given[key] = decode(key, text)
        if key not in _OBJECTS and _is_structure(text):
            findings.append(Finding(key, "must be a single value, not an object or list", _remedy(key)))
        elif key in _SECRETS and encrypted is not None and key not in encrypted:
            remedy = f"Run: pulumi config set --secret {key}"
            findings.append(Finding(key, "is in plain text", remedy, "***"))
    return given, findings


def unknown_key(key: str) -> Finding:
    """The finding for a key that the program does not have."""
    close = difflib.get_close_matches(key, FIELDS, n=1)
    hint = f"Did you mean {close[0]}? " if close else "docs/configuration.md lists the keys. "
    shown = key if key.isprintable() else ascii(key)[1:-1]
    return Finding(shown, "is not a known config key", f"{hint}Remove it: pulumi config rm {shown}")


def _key(path: str) -> str:
    """The config key of a path such as ``clusterTags.owner``."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _is_structure(text: str) -> bool:
    if text[:1] not in ("{", "["):
        return False
    try:
        return isinstance(loads(text), dict | list)
    except ValueError:
        return False


def field_findings(error: ValidationError) -> list[Finding]:
    """What a section finds wrong with its keys."""
    return validation.findings(error, examples=_EXAMPLES, secrets=_SECRETS, remedies=_REMEDIES)


def _remedy(key: str) -> str:
    secret = "--secret " if key in _SECRETS else ""
    return f"Run: pulumi config set {secret}{key} {_EXAMPLES.get(key, 'VALUE')}"


def _stand_in(section: type[Section], values: Mapping[str, Any], broken: Collection[str]) -> Section:
    """A section with harmless values for its broken keys, so that the others can still be compared."""
    valid = {key: value for key, value in values.items() if key not in broken}
    aliases = [str(field.alias) for field in section.model_fields.values()]
    examples = {key: _EXAMPLES[key] for key in aliases if key in _EXAMPLES and key not in valid}
    return section.model_validate({**examples, **valid})
