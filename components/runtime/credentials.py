"""Credentials that a provider cannot do without."""

from __future__ import annotations

from components.runtime.errors import ProviderError
from domain.credentials import Login


def require(login: Login, *fields: str) -> None:
    """Check that these fields are set.

    Raises:
        ProviderError: Names every one that is not, and where to set it.
    """
    if problem := login.missing(*fields):
        raise ProviderError(problem)
