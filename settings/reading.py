"""Reads a stack's config into :class:`Settings` and reports every problem at once.

The engine is given no types, because it would refuse one wrong value at a time: see the comment in
``Pulumi.yaml``.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import sys
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from settings.cluster import Instances
from settings.model import Settings
from settings.problem import Problem, SettingsError

PROJECT = "rancher-on-pks"
"""Namespace of the config keys: the name in ``Pulumi.yaml``."""


def parse(
    config: Mapping[str, str], encrypted: Collection[str] | None = None, hidden: Collection[str] = ()
) -> Settings:
    """The settings that a stack's config describes.

    Args:
        config: Key (without the project's name) to value, objects and lists as JSON. Empty counts as not set.
        encrypted: The keys that are encrypted in the stack's file; None when that is of no concern.
        hidden: Keys whose value stands for one that is not known; nothing is said of its content.

    Raises:
        SettingsError: With every problem found.
    """
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, text in config.items():
        if text == "":
            continue
        given[key] = text
        if key in _OBJECTS:
            with contextlib.suppress(ValueError):  # the model says what is wrong
                given[key] = json.loads(text)
        if key in _SECRETS and encrypted is not None and key not in encrypted:
            problems.append(Problem(key, f"is in plain text. Run: pulumi config set --secret {key}", "***"))
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems += [_field_problem(item) for item in error.errors()]
        settings = _stand_in(given, {problem.key for problem in problems})
    broken = {problem.key for problem in problems} | set(hidden)
    problems += [found for found in settings.problems() if not broken & {found.key, *found.others}]
    if problems:
        raise SettingsError(problems)
    return settings


def load() -> Settings:
    """The settings of the current stack. Ends the program with one message when they cannot be used."""
    import pulumi  # noqa: PLC0415 - parse() is of use without Pulumi
    from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret  # noqa: PLC0415

    prefix = f"{PROJECT}:"
    stack = {**get_config_env(), **CONFIG.get()}
    config = {key.removeprefix(prefix): value for key, value in stack.items() if key.startswith(prefix)}
    encrypted = {key for key in config if is_config_secret(prefix + key)}
    try:
        return parse(config, encrypted)
    except SettingsError as error:
        pulumi.log.error(f"stack {pulumi.get_stack()}: {error}")
        sys.exit(32)  # the language host's code for "the user has been told": no second error line


def _aliases(*, annotation: object) -> frozenset[str]:
    fields = Settings.model_fields.values()
    return frozenset(str(field.alias) for field in fields if field.annotation == annotation)


_SECRETS = _aliases(annotation=SecretStr | None)
_OBJECTS = (
    _aliases(annotation=dict[str, Any])
    | _aliases(annotation=dict[str, str])
    | _aliases(annotation=list[str])
    | _aliases(annotation=dict[str, Instances])
)
_EXAMPLES = {
    str(field.alias): field.examples[0] for field in Settings.model_fields.values() if field.examples
}
_KEYS = [str(field.alias) for field in Settings.model_fields.values()]


def _field_problem(error: Mapping[str, Any]) -> Problem:
    """A complaint of the model in our words."""
    key = str(error["loc"][0])
    match error["type"]:
        case "missing":
            return Problem(key, f"is not set. Run: pulumi config set {key} {_EXAMPLES[key]}")
        case "extra_forbidden":
            close = difflib.get_close_matches(key, _KEYS, n=1)
            question = f"did you mean {close[0]}?" if close else "Pulumi.yaml has the keys."
            return Problem(key, f"is no key of this program; {question} Remove it: pulumi config rm {key}")
        case "string_pattern_mismatch":
            reason = "does not have the right form"
        case "int_parsing" | "int_from_float" | "int_type":
            reason = "must be a whole number"
        case "bool_parsing" | "bool_type":
            reason = "must be true or false"
        case "dict_type":
            reason = f"must be an object. Set a member with: pulumi config set --path {key}.NAME VALUE"
        case "list_type":
            reason = f"must be a list. Set a member with: pulumi config set --path '{key}[0]' VALUE"
        case _:
            reason = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    example = f", for example {_EXAMPLES[key]}" if key in _EXAMPLES else ""
    value = "***" if key in _SECRETS else json.dumps(error["input"], default=str)
    inside = "".join(f" (at {part})" for part in error["loc"][1:])
    return Problem(key, f"{reason}{inside}{example}", value)


def _stand_in(given: Mapping[str, Any], broken: Collection[str]) -> Settings:
    """Settings with harmless values for the broken keys, so that the others can still be compared."""
    sound = {key: value for key, value in given.items() if key not in broken}
    return Settings.model_validate(
        {**{key: _EXAMPLES[key] for key in _EXAMPLES if key not in sound}, **sound}
    )
