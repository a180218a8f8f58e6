"""HTTPS requests to one server: verified TLS, bounded time and size, retries, no secret in an error."""

from __future__ import annotations

import importlib
import json
import ssl
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from components.runtime.errors import ProviderError, TransientError
from components.runtime.waiting import retry
from domain.http_answers import json_object, reason, retry_seconds
from domain.redaction import Redactor
from domain.urls import through

if TYPE_CHECKING:
    import httpx

_READ_SECONDS = 15.0
_TOTAL_SECONDS = 60.0
_MOST_BYTES = 32 * 2**20
_TRANSIENT = frozenset({429, 502, 503, 504})
"""Answers of a server, or of a proxy in front of it, that another try may not get."""
_REPEATABLE = frozenset({"GET", "HEAD"})


class HttpError(ProviderError):
    """The server refused a request, or its answer cannot be used.

    Attributes:
        status: HTTP status; 0 when there was no answer.
        body: The answer; empty when there was none. It may quote anything, so it is not in the message.
        headers: Headers of the answer; empty when there was none.
    """

    def __init__(
        self, status: int, message: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Make the error."""
        super().__init__(message)
        self.status, self.body, self.headers = status, body, headers or {}


class UnreachableError(HttpError, TransientError):
    """No answer, or a temporary failure: another try may succeed."""


@dataclass(frozen=True)
class Response:
    """An answer with a status below 400."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it has none, or is another kind of document."""
        return json_object(self.text)


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where requests go, and how.

    Attributes:
        name: What messages call it, such as ``Rancher at rancher.example.com``.
        url: Base URL; paths of requests are appended.
        trust: TLS context; see ``components.runtime.tls``.
        address: Connect to this address instead of the URL's host; TLS still verifies the host.
        tls_name: Name to verify in the certificate; empty: the URL's host.
        headers: Headers of each request.
        basic: User name and password of HTTP Basic authentication.
        secrets: Values to keep out of every message.
        proxies: Whether HTTPS_PROXY and NO_PROXY count.
    """

    name: str
    url: str
    trust: ssl.SSLContext
    address: str = ""
    tls_name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    proxies: bool = False


class HttpClient(AbstractContextManager["HttpClient"]):
    """Connections to one server, kept open until ``close``. Safe to use from several threads.

    Reads are repeated when the server cannot be reached; a write is sent once, unless the caller says that
    repeating it does no harm. Redirects are answers, not followed.
    """

    def __init__(self, server: Server) -> None:
        """Make a client; nothing is sent."""
        httpx = _httpx()
        self.server = server
        parts = urlsplit(server.url)
        headers = {"Accept": "application/json", "User-Agent": "rancher-on-pks", **server.headers}
        if server.address:
            headers["Host"] = parts.netloc.rpartition("@")[2]
        self._base = through(server.url, server.address).rstrip("/")
        name = server.tls_name or (server.address and parts.hostname)
        self._extensions = {"sni_hostname": name} if name else {}
        self._redact = Redactor((*server.secrets, *(server.basic[1:] if server.basic else ())))
        self._client = httpx.Client(
            verify=server.trust,
            headers=headers,
            auth=server.basic,
            timeout=_READ_SECONDS,
            trust_env=server.proxies,
        )

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        most_bytes: int = _MOST_BYTES,
        transient: Collection[int] = _TRANSIENT,
        within: float = _TOTAL_SECONDS,
    ) -> Response:
        """One request.

        Args:
            method: HTTP method.
            path: Path below the base URL, with its query.
            body: Sent as JSON; bytes and text are sent as they are.
            headers: Further headers.
            repeatable: Whether another try does no harm; None: reads alone are.
            most_bytes: Largest answer, decompressed.
            transient: Statuses that another try may not get.
            within: Seconds after which no further try begins. The server's Retry-After is honoured.

        Raises:
            UnreachableError: No answer, or a temporary failure, after the last try.
            HttpError: Refused, or the answer is too large.
        """
        again = method in _REPEATABLE if repeatable is None else repeatable
        given = dict(headers or {})
        content = body if body is None or isinstance(body, bytes | str) else json.dumps(body)
        if isinstance(content, str):
            given.setdefault("Content-Type", "application/json")

        def once() -> Response:
            what = f"{self.server.name}: {method} {path.partition('?')[0]}"
            asked = {"url": self._base + path, "content": content, "headers": given}
            response, answer = self._send(what, method, asked, most_bytes)
            if response.status_code >= 400:
                raise self._refusal(what, response, answer.decode(errors="replace"), transient)
            return Response(response.status_code, response.headers, answer)

        return retry(once, within=within) if again else once()

    def _send(
        self, what: str, method: str, asked: Mapping[str, Any], most_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        httpx, deadline = _httpx(), time.monotonic() + _TOTAL_SECONDS
        try:
            with self._client.stream(method, **asked, extensions=self._extensions) as response:
                return response, _read(response, what, most_bytes, deadline)
        except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            # Not the error's text: it may quote a header.
            raise HttpError(0, f"{what}: the request is invalid ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            text = self._redact(str(error) or type(error).__name__)
            kind = HttpError if "CERTIFICATE_VERIFY" in text else UnreachableError
            raise kind(0, f"{what}: no answer ({text})") from None

    def _refusal(
        self, what: str, response: httpx.Response, text: str, transient: Collection[int]
    ) -> HttpError:
        words = self._redact(reason(text) or response.reason_phrase)
        kind = UnreachableError if response.status_code in transient else HttpError
        message = f"{what}: status {response.status_code}: {words}"
        failure = kind(response.status_code, message, text, response.headers)
        if isinstance(failure, UnreachableError):
            failure.retry_after = retry_seconds(response.headers.get("Retry-After", ""), time.time())
        return failure


def _httpx() -> ModuleType:
    """Imports httpx when it is needed, without its command, whose libraries take longer than the rest."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    return importlib.import_module("httpx")


def _read(response: httpx.Response, what: str, most_bytes: int, deadline: float) -> bytes:
    """The body, as long as it stays within the limits: a server may be slow, or its answer endless."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > most_bytes:
            raise HttpError(response.status_code, f"{what}: the answer has more than {most_bytes} bytes")
        if time.monotonic() > deadline:
            raise UnreachableError(0, f"{what}: the answer was not complete after {_TOTAL_SECONDS:g} s")
        parts.append(part)
    return b"".join(parts)
