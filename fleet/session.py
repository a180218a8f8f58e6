"""Logins to the server's Rancher in the providers' process, and the access that the program declares now.

A resource's state may hold a token that the server's stack has since replaced. ``pulumi up`` writes the new
one into each resource that stays, but deletes the others last, with their old state. Therefore the one
resource that everything depends on, ``fleet:RancherConnection``, declares the present access in each run of
the program, and deletions use it. ``pulumi refresh`` and ``pulumi destroy`` run no program: for them the
state is all there is.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pulumi.dynamic import ConfigureRequest

from components.rancher.api import Json, Rancher, RancherError
from components.rancher.endpoint import RancherEndpoint
from components.runtime.provider import Properties, Provider, unknown

ACCESS = ("endpoint", "server_uuid", "token")
"""Inputs with the access to Rancher: ``RancherEndpoint``, the UUID of the cluster that it runs on, and the
token, a secret. See ``fleet.access``."""
RENEW = (
    "the token is expired or was replaced. Run `pulumi up` in the server's stack and then in this one, which "
    "stores the new token; then repeat this command"
)
_NO_ANSWER = frozenset({0, 502, 503, 504})
"""Nobody answers, or the ingress in the place of Rancher."""
_LACKS_ROLE = re.compile(r'cannot \w+ resource "(clusters|clusterregistrationtokens|settings)"')
"""Kubernetes' words for a missing role, about what every site needs."""
_LOCAL = "/k8s/clusters/local/api/v1"
"""API of the cluster that Rancher runs on, through Rancher."""
_MOST_PAGES = 100
"""Of 1000 objects: a server that has more, or repeats its pages, is not read to the end."""
_FRESH_SECONDS = 5.0
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Access:
    """How Rancher is reached, with every value known."""

    endpoint: RancherEndpoint
    server_uuid: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Access:
        """The access in a resource's properties."""
        endpoint = RancherEndpoint.of(properties["endpoint"])
        return cls(endpoint, str(properties["server_uuid"]), str(properties["token"]))


class SharedAccessError(RancherError):
    """Rancher fails in a way that concerns every site: no answer, no valid token, no permission.

    A 403 of a quota or an admission policy concerns one site; that of a missing role concerns all.
    """


class Patience:
    """Time for waiting that many operations share. It starts with the first of them."""

    def __init__(self, seconds: float) -> None:
        """Make it; the time does not start yet."""
        self._seconds, self._end, self._lock = seconds, 0.0, threading.Lock()

    def left(self) -> float:
        """Seconds that are left."""
        with self._lock:
            self._end = self._end or time.monotonic() + self._seconds
        return max(self._end - time.monotonic(), 0.0)


class Session:
    """A login to one Rancher. Lists are kept for a moment: one request serves all sites.

    Attributes:
        url: URL of Rancher.
        patience: What all deletions together wait for the namespaces of removed clusters.
    """

    def __init__(self, access: Access, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Make it; nothing is sent.

        Raises:
            ProviderError: The CA bundle cannot be read.
        """
        self._rancher, self._token = Rancher(access.endpoint), access.token
        self.url = access.endpoint.url
        self.patience = Patience(patience_seconds)
        self._lists: dict[str, tuple[float, list[Json]]] = {}
        self._listing = threading.Lock()

    def call(self, method: str, path: str, body: object = None, needed: Sequence[str] = ()) -> Json:
        """One request; the answer has the texts ``needed``.

        Raises:
            SharedAccessError: No answer, no valid token, or no permission that every site needs.
            RancherError: Refused.
        """
        with _shared_errors():
            return self._rancher.call(method, path, body, token=self._token, needed=needed)

    def text(self, path: str) -> str:
        """The text at a path that needs no login.

        Raises:
            SharedAccessError: No answer.
            RancherError: Refused.
        """
        with _shared_errors(login=False):
            return self._rancher.text("GET", path)

    def all(self, kind: str, fresh: float = _FRESH_SECONDS) -> list[Json]:
        """Every object of a kind (``clusters``), as of at most ``fresh`` seconds ago.

        Raises:
            RancherError: As ``call``.
        """
        return self._list(
            kind, fresh, lambda: self._pages(f"/v3/{kind}?limit=1000"), needed=kind == "clusters"
        )

    def namespaces(self, fresh: float = _FRESH_SECONDS) -> list[Json]:
        """The namespaces of the server's cluster, as of at most ``fresh`` seconds ago.

        Raises:
            RancherError: As ``call``.
        """
        return self._list("/namespaces", fresh, lambda: self.local("GET", "namespaces").get("items") or [])

    def quotas(self, fresh: float = _FRESH_SECONDS) -> list[Json]:
        """The resource quotas of the server's cluster, as of at most ``fresh`` seconds ago.

        Raises:
            RancherError: As ``call``.
        """
        return self._list(
            "/resourcequotas", fresh, lambda: self.local("GET", "resourcequotas").get("items") or []
        )

    def local(self, method: str, path: str, body: object = None) -> Json:
        """One request to the core API of the server's cluster, such as for ``namespaces/default``.

        Raises:
            RancherError: As ``call``.
        """
        return self.call(method, f"{_LOCAL}/{path}", body)

    def _list(
        self, key: str, fresh: float, fetch: Callable[[], list[Json]], *, needed: bool = False
    ) -> list[Json]:
        with self._listing:
            when, found = self._lists.get(key, (0.0, []))
            if key not in self._lists or time.monotonic() - when > fresh:
                with _shared_errors(needed=needed):
                    found = fetch()
                self._lists[key] = (time.monotonic(), found)
            return found

    def _pages(self, path: str) -> list[Json]:
        found: list[Json] = []
        for _ in range(_MOST_PAGES):
            page = self.call("GET", path)
            found += page.get("data") or []
            try:
                following = urlsplit((page.get("pagination") or {}).get("next") or "")
            except ValueError:
                raise RancherError(0, f"{self.url}: the next page of {path} has no valid address") from None
            path = f"{following.path}?{following.query}"
            if not following.path:
                return found
        raise RancherError(0, f"{self.url}: {path.partition('?')[0]} has more than {_MOST_PAGES} pages")


class Sessions:
    """The sessions of one providers' process, and the access that the running program has declared."""

    def __init__(self, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Make it; nothing is declared.

        Args:
            patience_seconds: See ``Session.patience``.
        """
        self._patience_seconds = patience_seconds
        self._open: dict[Access, Session] = {}
        self._declared: Access | None = None
        self._lock = threading.Lock()

    def declare(self, properties: Properties) -> None:
        """Note the access of the running program; unknown values (only at preview) are not noted."""
        if not unknown(*(properties[name] for name in ACCESS)):
            self._declared = Access.of(properties)

    def of(self, properties: Properties) -> Session:
        """The session with a resource's own access.

        Raises:
            ProviderError: The CA bundle cannot be read.
        """
        return self._session(Access.of(properties))

    def for_deletion(self, properties: Properties) -> Session | None:
        """The session to delete a resource with, from its state; None when its Rancher was replaced.

        Raises:
            ProviderError: The CA bundle cannot be read.
        """
        own, declared = Access.of(properties), self._declared
        if declared is None:
            return self._session(own)
        return self._session(declared) if declared.server_uuid == own.server_uuid else None

    def _session(self, access: Access) -> Session:
        with self._lock:
            if access not in self._open:
                self._open[access] = Session(access, self._patience_seconds)
            return self._open[access]


@contextmanager
def _shared_errors(*, login: bool = True, needed: bool = False) -> Iterator[None]:
    """Marks failures that concern every site.

    Args:
        login: Whether the token was sent.
        needed: Whether every site needs the permission for this request.
    """
    try:
        yield
    except RancherError as error:
        remedy = "" if error.status in _NO_ANSWER else None
        if error.status == HTTPStatus.UNAUTHORIZED and login:
            remedy = f": {RENEW}"
        elif error.status == HTTPStatus.FORBIDDEN and (needed or _LACKS_ROLE.search(str(error))):
            remedy = ". The token must belong to an administrator"
        if remedy is None:
            raise
        raise SharedAccessError(error.status, f"{error}{remedy}", error.code) from None


@cache
def of_this_process() -> Sessions:
    """The sessions that all providers of a process share: the SDK makes one provider of each class."""
    return Sessions()


class FleetProvider(Provider):
    """Base of the fleet's providers.

    Attributes:
        sessions: Logins to Rancher.
    """

    sessions: Sessions

    def configure(self, req: ConfigureRequest) -> None:
        super().configure(req)
        self.sessions = of_this_process()
