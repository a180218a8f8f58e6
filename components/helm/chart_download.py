"""Requests to chart repositories, and their failures in terms of charts."""

from __future__ import annotations

from http import HTTPStatus

from components.helm.chart_errors import ChartError, ChartUnreachableError
from components.runtime.downloads import Downloads
from components.runtime.http import HttpError, Response, UnreachableError
from domain.charts import ChartReference
from domain.urls import query_values


class Download(Downloads):
    """GET requests for one chart. Use it in a ``with``."""

    def __init__(self, reference: ChartReference) -> None:
        """Prepare the requests; nothing is sent.

        Raises:
            ProviderError: The CA file cannot be read.
        """
        super().__init__(reference.ca_file, (reference.password, *query_values(reference.repository)))

    def get(self, url: str, *, authorization: str = "", accept: str = "*/*", missing: str = "") -> Response:
        """As ``request``.

        Args:
            url: Address, with its query.
            authorization: Header of that name.
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
