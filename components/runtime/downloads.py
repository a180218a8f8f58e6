"""GET requests to any host: redirects are followed, credentials stay with the host they are for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self
from urllib.parse import SplitResult

from components.runtime import tls
from components.runtime.http import HttpClient, HttpError, Response, Server
from domain.chart_urls import basic, joined, login_in, may_follow, split
from domain.urls import public_url

_REDIRECTS = 10
_MOST_BYTES = 64 * 2**20
"""Largest answer. The index of a hundred charts with all their versions has some 20 MB."""
_TRANSIENT = (429, *range(500, 600))


class Downloads:
    """GET requests with one set of trusted CAs. Use it in a ``with``."""

    def __init__(self, ca_file: str, secrets: Collection[str] = ()) -> None:
        """Prepare the requests; nothing is sent.

        Args:
            ca_file: PEM file with the only CAs to trust; empty: the system's.
            secrets: Values to keep out of every message.

        Raises:
            ProviderError: The CA file cannot be read.
        """
        self._trust = tls.trust_system(ca_file)
        self._secrets = tuple(filter(None, secrets))
        self._clients: dict[str, HttpClient] = {}

    def __enter__(self) -> Self:
        """The requests; connections are closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def request(self, url: str, *, authorization: str = "", accept: str = "*/*") -> Response:
        """The answer to a GET, after up to ten redirects.

        Redirects get the authorization only within the host of ``url`` and its subdomains, on the same port,
        and never over HTTP after HTTPS.

        Args:
            url: Address, with its query.
            authorization: Header of that name.
            accept: Header of that name.

        Raises:
            HttpError: No answer, a status of 400 and above, or too many redirects.
            FindingError: A URL is invalid.
        """
        first = split(url)
        for _ in range(_REDIRECTS + 1):
            parts = split(url)
            own = authorization if may_follow(first, parts) else ""
            sent = own or basic(login_in(parts))
            response = self._client(parts).request(
                "GET",
                parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl(),
                headers={"Accept": accept, **({"Authorization": sent} if sent else {})},
                repeatable=False,  # callers retry
                most_bytes=_MOST_BYTES,
                transient=_TRANSIENT,
            )
            target = response.headers.get("location")
            if not target or not 300 <= response.status < 400:
                return response
            url = joined(url, target)
        raise HttpError(0, f"{public_url(first.geturl())} redirects more than {_REDIRECTS} times")

    def _client(self, parts: SplitResult) -> HttpClient:
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if origin not in self._clients:
            server = Server(name=origin, url=origin, trust=self._trust, secrets=self._secrets, proxies=True)
            self._clients[origin] = HttpClient(server)
        return self._clients[origin]
