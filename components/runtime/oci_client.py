"""``OciRepository``: reads one repository of an OCI registry (OCI Distribution Specification)."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from components.runtime.downloads import Downloads
from components.runtime.http import HttpError, Response
from domain import oci


class OciRepository:
    """One repository in the API of a registry. Answers the challenges of the registry."""

    def __init__(self, downloads: Downloads, host: str, name: str, login: str) -> None:
        """Make it; ``login`` is the header ``Authorization`` of user name and password, or empty."""
        self._downloads, self._name, self._login = downloads, name, login
        self._root = oci.api(host, name)
        self._authorization = ""

    def get(self, path: str, accept: str = "*/*") -> Response:
        """What is at a path below the repository.

        Raises:
            HttpError: No answer, or a status of 400 and above.
            FindingError: The registry's token service cannot be used.
        """
        try:
            return self._once(path, accept)
        except HttpError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            refusal = error
        for authorization in self._authorizations(refusal.headers.get("www-authenticate", "")):
            self._authorization = authorization
            try:
                return self._once(path, accept)
            except HttpError as error:
                if error.status != HTTPStatus.UNAUTHORIZED:
                    raise
                refusal = error
        raise refusal

    def find(self, path: str, accept: str = "*/*") -> Response | None:
        """As ``get``; None when the path does not exist."""
        try:
            return self.get(path, accept)
        except HttpError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def _once(self, path: str, accept: str) -> Response:
        url = f"{self._root}/{path}"
        return self._downloads.request(url, authorization=self._authorization, accept=accept)

    def _authorizations(self, header: str) -> Iterator[str]:
        """Headers ``Authorization`` that answer the challenges: a token first, then the login itself."""
        offered = oci.challenges(header)
        use_login = self._login and (not offered or any(scheme == "basic" for scheme, _ in offered))
        for scheme, parameters in offered:
            if scheme == "bearer":
                try:
                    yield f"Bearer {self._token(parameters)}"
                except HttpError as error:
                    if error.status != HTTPStatus.UNAUTHORIZED or not use_login:
                        raise
        if use_login:
            yield self._login

    def _token(self, challenge: dict[str, str]) -> str:
        url = oci.token_url(challenge, self._root, self._name)
        answer = self._downloads.request(url, authorization=self._login)
        return oci.token(answer.object(), self._root)
