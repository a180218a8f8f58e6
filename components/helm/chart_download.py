"""Requests to chart repositories: redirects are followed, credentials stay with the host they are for."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import SplitResult

from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.runtime import tls
from components.runtime.http import HttpClient, HttpError, Response, Server, UnreachableError
from domain.chart_urls import basic, joined, login_in, may_follow, split
from domain.charts import ChartReference
from domain.urls import public_url, query_values

_REDIRECTS = 10
_MOST_BYTES = 64 * 2**20
"""Largest index or archive. The index of a hundred charts with all their versions has some 20 MB."""
_TRANSIENT = (429, *range(500, 600))


class Download:
    """GET requests for one chart. Use it in a ``with``."""

    def __init__(self, reference: ChartReference) -> None:
        """Prepare the requests; nothing is sent.

        Raises:
            ProviderError: The CA file cannot be read.
        """
        self.reference = reference
        self._trust = tls.trust_system(reference.ca_file)
        secrets = (reference.password, *query_values(reference.repository))
        self._secrets = tuple(filter(None, secrets))
        self._clients: dict[str, HttpClient] = {}

    def __enter__(self) -> Download:
        """The requests; connections are closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def get(self, url: str, *, authorization: str = "", accept: str = "*/*", missing: str = "") -> Response:
        """The answer to a GET, after up to ten redirects.

        Args:
            url: Address, with its query.
            authorization: Header of that name; see ``request``.
            accept: Header of that name.
            missing: Problem that a status 404 means.

        Raises:
            ChartUnreachableError: No answer, or a temporary failure.
            ChartError: Any other failure.
        """
        try:
            return self.request(url, authorization=authorization, accept=accept)
        except HttpError as error:
            raise explained(error, missing) from None

    def request(self, url: str, *, authorization: str = "", accept: str = "*/*") -> Response:
        """As ``get``. Redirects get the authorization only within the host of ``url`` and its subdomains, on
        the same port, and never over HTTP after HTTPS.

        Raises:
            HttpError: No answer, or a status of 400 and above.
            FindingError: A URL is invalid.
            ChartError: There are too many redirects.
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
        raise ChartError(f"{public_url(first.geturl())} redirects more than {_REDIRECTS} times", "repository")

    def _client(self, parts: SplitResult) -> HttpClient:
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if origin not in self._clients:
            server = Server(name=origin, url=origin, trust=self._trust, secrets=self._secrets, proxies=True)
            self._clients[origin] = HttpClient(server)
        return self._clients[origin]


def explained(error: HttpError, missing: str = "") -> ChartError | ChartUnreachableError:
    """The failure of a request in terms of charts; ``missing`` is the problem that a status 404 means."""
    if isinstance(error, UnreachableError):
        return ChartUnreachableError(f"the chart repository is unreachable: {error}", "repository")
    if "CERTIFICATE_VERIFY" in str(error):
        remedy = "Set the CA file of the chart repositories, or correct the certificate"
        return ChartError(f"the repository's certificate is not trusted: {error}. {remedy}", "ca_file")
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        remedy = "Set user name and password of the chart repositories, or correct the name of the chart"
        return ChartError(f"access is denied: {error}. {remedy}", "username")
    problem = f"{missing}: {error}" if error.status == HTTPStatus.NOT_FOUND and missing else str(error)
    return ChartError(f"{problem}. Check the address of the chart repository", "repository")
