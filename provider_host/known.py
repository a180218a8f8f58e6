"""Loads a provider that the state names, without unpickling it."""

from __future__ import annotations

import importlib

from components.runtime.errors import ProviderError
from components.runtime.provider import Provider
from domain.provider_pickle import ForeignPickleError, provider_reference


def load(pickled: bytes) -> Provider:
    """The provider that a pickle of the program names; what it says is not run.

    The engine stores providers as pickles, in the state too. Whoever can write the state could otherwise run
    code with the credentials of the next ``refresh`` or ``destroy``.

    Raises:
        ProviderError: It is no provider of this program.
    """
    try:
        module, name = provider_reference(pickled)
        found = getattr(importlib.import_module(module), name, None)
    except (ForeignPickleError, ImportError) as error:
        raise _foreign(str(error)) from None
    if not (isinstance(found, type) and issubclass(found, Provider) and found.__module__ == module):
        raise _foreign(f"{module}.{name} is no provider")
    return found()


def _foreign(reason: str) -> ProviderError:
    return ProviderError(
        f"the state names a dynamic provider that is not one of this program ({reason}). It was not loaded. "
        "Somebody may have changed the state: compare it with the checkpoints in `pulumi stack history`, and "
        "change the backend's credentials"
    )
