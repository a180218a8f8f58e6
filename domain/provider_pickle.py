"""What a stored dynamic provider is: a pickle that names a class of the program, and nothing else."""

from __future__ import annotations

import pickletools

PACKAGES = ("components", "fleet")
"""The packages that hold the program's providers."""

_STRINGS = {"SHORT_BINUNICODE", "BINUNICODE"}
_SHAPE = ["text", "text", "STACK_GLOBAL", "EMPTY_TUPLE", "NEWOBJ", "STOP"]
"""An instance without state, of a class referred to by name."""
_NEUTRAL = {"PROTO", "FRAME", "MEMOIZE"}


class ForeignPickleError(ValueError):
    """A pickle that is no reference to a class of the program."""


def provider_reference(pickled: bytes) -> tuple[str, str]:
    """Module and class that a provider's pickle names. Nothing is imported or run.

    Raises:
        ForeignPickleError: It holds anything else: a function, arguments, state, another package.
    """
    try:
        steps = [(code.name, value) for code, value, _ in pickletools.genops(pickled)]
    except ValueError as error:
        raise ForeignPickleError(f"no pickle: {error}") from None
    meaning = [(name, value) for name, value in steps if name not in _NEUTRAL]
    texts = [str(value) for name, value in meaning if name in _STRINGS]
    shape = ["text" if name in _STRINGS else name for name, _ in meaning]
    if shape != _SHAPE:
        raise ForeignPickleError("its pickle does more than name a class")
    module, name = texts
    if module.partition(".")[0] not in PACKAGES or not module.replace(".", "_").isidentifier():
        raise ForeignPickleError(f"module {module[:80]!r}")
    if not name.isidentifier():
        raise ForeignPickleError(f"class {name[:80]!r} of {module[:80]!r}")
    return module, name
