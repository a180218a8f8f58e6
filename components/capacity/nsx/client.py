"""``NsxClient``: GET requests to an NSX-T manager, page by page, within one deadline."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from components.capacity.nsx.access import NSX, NsxError, connection
from components.runtime.credentials import Login
from components.runtime.http import HttpClient, HttpError

Object = Mapping[str, Any]

_ALL_SECONDS = 60.0
"""Deadline for the whole reading: a preview waits for it."""
_ABSENT = frozenset({404, 405, 410, 501})


class AbsentError(NsxError):
    """The manager does not have an object, or does not serve the API that would have it."""


class NsxClient:
    """A manager. Close it, or use it in a ``with``."""

    def __init__(self, login: Login) -> None:
        """Make a client; nothing is sent.

        Raises:
            ProviderError: The login cannot be used.
        """
        server = connection(login)
        self.name = server.name
        self._http = HttpClient(server)
        self._end = time.monotonic() + _ALL_SECONDS

    def __enter__(self) -> NsxClient:
        """The client; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def list(self, path: str, **query: str) -> list[Object]:
        """All objects of a collection.

        Raises:
            ProviderError: See ``get``.
        """
        found: list[Object] = []
        cursor, seen = "", set[str]()
        total, count = 0, 0  # with the first page; its cursor may be there though no page follows
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            results = page.get("results")
            if not isinstance(results, list):
                raise NsxError(f"{self.name}: {path} is not a list of objects. Is it an NSX-T manager?")
            found += (item for item in results if isinstance(item, dict))
            listed = page.get("result_count")
            total, count = total or (listed if isinstance(listed, int) else 0), count + len(results)
            seen.add(cursor)
            cursor = str(page.get("cursor") or "")
            if not cursor or 0 < total <= count:
                return found
            if cursor in seen:
                raise NsxError(f"{self.name}: the pages of {path} repeat. Ask its administrator")

    def get(self, path: str, **query: str) -> Object:
        """One object.

        Raises:
            AbsentError: There is none.
            ProviderError: No answer, no permission, or the deadline passed.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise NsxError(f"{self.name}: not read within {_ALL_SECONDS:g} seconds, at {path}")
        try:
            answer = self._http.request("GET", f"{path}?{urlencode(query)}" if query else path, within=left)
        except HttpError as error:
            if error.status in _ABSENT:
                raise AbsentError(str(error)) from None
            if error.status in {401, 403}:
                raise NsxError(
                    f"{self.name}: the credentials are refused (status {error.status}). Check "
                    f"{NSX.where('username', 'password')}; the auditor role is enough"
                ) from None
            raise
        if answer.status >= 300:
            raise AbsentError(f"{self.name}: {path} is redirected (status {answer.status})")
        return answer.object()
