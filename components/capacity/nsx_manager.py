"""Reads from an NSX-T manager what others use of a pod network. Read-only; the auditor role is enough."""

from __future__ import annotations

import time
from collections.abc import Iterable
from urllib.parse import urlencode

from capacity.model.nsx.inventory import AbsentError, Object
from capacity.model.nsx.reading import Reading, read_from
from capacity.model.plan import Network
from components.runtime import tls
from components.runtime.credentials import require
from components.runtime.errors import ProviderError
from components.runtime.http import HttpClient, HttpError, Server
from domain.credentials import Field, Login, System

NSX = System(
    "nsx",
    "NSX-T",
    (
        Field("manager", "NSXT_MANAGER"),
        Field("username", "NSXT_USERNAME"),
        Field("password", "NSXT_PASSWORD", secret=True),
        Field("ca_certificate_file", "NSXT_CA_FILE"),
    ),
)
"""NSX-T. The manager is a host, or host:port; without a CA file the system's CAs are trusted."""

_ALL_SECONDS = 60.0
"""Deadline for the whole reading: a preview waits for it."""
_ABSENT = frozenset({404, 405, 410, 501})


class NsxError(ProviderError):
    """NSX-T cannot be read; the message says why."""


class NsxAbsentError(NsxError):
    """NSX-T does not have a block or pool, or does not serve the API that would have it."""


def read(login: Login, network: Network, cluster: str | None, pools: Iterable[str] = ()) -> Reading:
    """Read how much of the network is taken; see ``read_from`` for the arguments.

    Raises:
        ProviderError: No answer, no permission, or a block or pool that NSX-T does not have.
        CapacityError: More is used than the network's figures allow: those figures are wrong.
    """
    server = _server(login)
    with HttpClient(server) as http:
        try:
            return read_from(_Pages(server.name, http), network, cluster, pools)
        except AbsentError as error:
            raise NsxAbsentError(str(error)) from None


class _Pages:
    """GET requests, page by page, within one deadline."""

    def __init__(self, name: str, http: HttpClient) -> None:
        self.name, self._http = name, http
        self._end = time.monotonic() + _ALL_SECONDS

    def list(self, path: str, **query: str) -> list[Object]:
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


def _server(login: Login) -> Server:
    require(login, "manager", "username", "password")
    manager = login["manager"]
    if "/" in manager or "@" in manager:
        shown = manager.rpartition("@")[2]
        raise NsxError(f"{NSX.where('manager')}: not a host ({shown}). Give the host alone, or host:port")
    return Server(
        name=f"NSX-T manager {manager}",
        url=f"https://{manager}",
        trust=tls.trust_system(login["ca_certificate_file"]),
        basic=(login["username"], login["password"]),
        secrets=login.secrets,
        proxies=True,
    )
