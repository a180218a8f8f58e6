"""Client of Rancher's HTTP API, as far as the first start and the fleet need it."""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any

from components.rancher.endpoint import RancherEndpoint
from components.runtime.http import HttpClient, HttpError, UnreachableError
from domain.http_answers import json_object
from domain.rancher_objects import ANSWER
from domain.rancher_releases import release
from domain.redaction import Redactor, names_secret
from domain.shapes import ShapeError, check

Json = dict[str, Any]

_TRANSIENT = (409, 429, 502, 503, 504)
"""Answers of nginx while a pod is replaced, and of Rancher when two writers meet."""


class RancherError(HttpError):
    """Rancher refused a request, or did not answer. The message never quotes what was sent.

    Attributes:
        code: Rancher's own name for the failure, such as ``NotUnique``.
    """

    def __init__(self, status: int, message: str, code: str = "") -> None:
        """Make the error of an HTTP status (0: there was no answer)."""
        super().__init__(status, message)
        self.code = code


@dataclass(frozen=True)
class Login:
    """A session or an API token, and the id of its user."""

    token: str
    user: str


class Rancher(AbstractContextManager["Rancher"]):
    """JSON requests to one Rancher, with a token or without. Close it, or use it in a ``with``."""

    def __init__(self, endpoint: RancherEndpoint, version: str = "") -> None:
        """Make a client; nothing is sent.

        Args:
            endpoint: Where Rancher is.
            version: Rancher's version; only logins need it.

        Raises:
            ProviderError: The CA bundle cannot be read.
        """
        self._http = HttpClient(endpoint.server())
        self._version = version

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def login(self, username: str, password: str, description: str = "rancher-on-pks") -> Login | None:
        """A session of a local user; None when name or password is wrong.

        Args:
            username: Name of the user.
            password: Its password.
            description: What Rancher lists the session as.

        Raises:
            RancherError: Rancher does not answer, or refuses for another reason.
        """
        body = {"username": username, "password": password, "description": description}
        path = "/v3-public/localProviders/local?action=login"
        if release(self._version).has_v1_login:
            path, body = "/v1-public/login", {**body, "type": "localProvider"}
        try:
            answer = self.call("POST", path, body, repeatable=True)
        except RancherError as error:
            if error.status == http.HTTPStatus.UNAUTHORIZED:
                return None
            raise
        token = answer.get("token")
        if not token:
            raise RancherError(0, f"{self._http.server.name}: the login's answer has no token")
        return self.who(str(token))

    def who(self, token: str) -> Login | None:
        """The user of a token; None when the token is expired, revoked or unknown."""
        if not token:
            return None
        try:
            users = self.call("GET", "/v3/users?me=true", token=token).get("data") or []
        except RancherError as error:
            if error.status == http.HTTPStatus.UNAUTHORIZED:
                return None
            raise
        return Login(token, str(users[0]["id"])) if users else None

    def logout(self, login: Login) -> None:
        """End a session, unless it has ended."""
        with suppress(RancherError):
            self.call("POST", "/v3/tokens?action=logout", {}, token=login.token, repeatable=True)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        repeatable: bool | None = None,
        needed: Sequence[str] = (),
    ) -> Json:
        """One request; transient failures of a repeatable one are retried.

        Args:
            method: HTTP method.
            path: Path, with its query.
            body: JSON.
            token: Of the user; empty: none.
            repeatable: Whether sending it twice does no harm; None: everything but a POST may be.
            needed: Texts that the answer must have.

        Returns:
            The object of the answer; empty when it has none.

        Raises:
            RancherError: Refused, no answer, or one that is not JSON: another server answers.
        """
        text = self.text(method, path, body, token=token, repeatable=repeatable)
        answer = json_object(text)
        if text.strip() and not answer and text.strip() != "{}":
            raise RancherError(
                0,
                f"{self._http.server.name}: {method} {path.partition('?')[0]}: the answer is not JSON, "
                "so another server than Rancher gave it. Check what is between this machine and Rancher",
            )
        try:
            check(answer, {**ANSWER, **{f"{name}!": str for name in needed}})
        except ShapeError as error:
            raise RancherError(
                0,
                f"{self._http.server.name}: {method} {path.partition('?')[0]}: the answer is not one of "
                f"Rancher: {error}",
            ) from None
        return answer

    def text(
        self, method: str, path: str, body: object = None, *, token: str = "", repeatable: bool | None = None
    ) -> str:
        """As ``call``, for an answer that is not JSON.

        Raises:
            RancherError: As ``call``.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        again = method != "POST" if repeatable is None else repeatable
        try:
            return self._http.request(
                method, path, body, headers=headers, repeatable=again, transient=_TRANSIENT
            ).text
        except HttpError as error:
            code = str(json_object(error.body).get("code") or "")
            kind = UnreachableRancherError if isinstance(error, UnreachableError) else RancherError
            raise kind(error.status, Redactor(_secrets(token, body))(str(error)), code) from None


def _secrets(token: str, body: object) -> list[str]:
    """What was sent and must not come back in a message: the token and passwords."""
    fields = body.items() if isinstance(body, Mapping) else ()
    return [token, *(str(value) for name, value in fields if names_secret(str(name)))]


class UnreachableRancherError(RancherError, UnreachableError):
    """No answer, or a temporary failure."""
