"""Rancher's HTTP API, as far as the first start and the fleet need it. Only our CA is trusted."""

from __future__ import annotations

import http
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.probe import Target, trust
from components.provider import ProviderError

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]

_SECONDS = 15.0
_ATTEMPTS = 6
_PAUSE_SECONDS = 2.0
_TRANSIENT = frozenset({409, 429, 502, 503, 504})
"""Answers of nginx while a pod is replaced, and of Rancher when two writers meet."""


class RancherError(ProviderError):
    """Rancher refused a request. The message names it and Rancher's own words, never what was sent."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        """Make the error of an HTTP status (0: there was no answer) and of Rancher's name for it."""
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Login:
    """A session or an API token, and who it stands for."""

    token: str
    user: str


class Rancher:
    """JSON requests to one Rancher, with a token or without."""

    def __init__(self, client: httpx.Client, target: Target, version: tuple[int, ...]) -> None:
        """Use ``client`` instead."""
        self._client, self._target, self._version = client, target, version

    def login(self, username: str, password: str) -> Login | None:
        """A session of a local user; None when name or password is wrong.

        Raises:
            RancherError: Rancher does not answer, or something else is wrong.
        """
        body = {"username": username, "password": password, "description": "rancher-on-pks"}
        path = "/v3-public/localProviders/local?action=login"
        if self._version >= (2, 13):  # where the older way is deprecated
            path, body = "/v1-public/login", {**body, "type": "localProvider"}
        try:
            token = str(self.call("POST", path, body)["token"])
        except RancherError as error:
            if error.status == http.HTTPStatus.UNAUTHORIZED:
                return None
            raise
        return self.who(token)

    def who(self, token: str) -> Login | None:
        """Whom the token stands for; None when it is expired, revoked or unknown."""
        if not token:
            return None
        try:
            users = self.call("GET", "/v3/users?me=true", token=token)["data"]
        except RancherError as error:
            if error.status == http.HTTPStatus.UNAUTHORIZED:
                return None
            raise
        return Login(token, str(users[0]["id"])) if users else None

    def logout(self, login: Login) -> None:
        """End a session, if it still lasts."""
        with suppress(RancherError):
            self.call("POST", "/v3/tokens?action=logout", {}, token=login.token)

    def call(self, method: str, path: str, body: object = None, *, token: str = "") -> Json:
        """One request; answers that pass are asked for again.

        Returns:
            The object of the answer; empty when it has none.

        Raises:
            RancherError: Refused, no answer, or no end of temporary failures.
        """
        return _object(self.text(method, path, body, token=token))

    def text(self, method: str, path: str, body: object = None, *, token: str = "") -> str:
        """As ``call``, for an answer that is no object.

        Raises:
            RancherError: As ``call``.
        """
        from tenacity import (  # noqa: PLC0415 - a preview needs none
            Retrying,
            retry_if_exception,
            stop_after_attempt,
            wait_fixed,
        )

        attempts = Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_fixed(_PAUSE_SECONDS),
            reraise=True,
        )
        return attempts(self._once, method, path, body, token)

    def _once(self, method: str, path: str, body: object, token: str) -> str:
        import httpx  # noqa: PLC0415

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        what = f"Rancher at {self._target.hostname}: {method} {path}"
        try:
            response = self._client.request(
                method, path, json=body, headers=headers, extensions={"sni_hostname": self._target.hostname}
            )
        except httpx.HTTPError as error:
            raise RancherError(0, f"{what}: no answer ({error or type(error).__name__})") from None
        if response.status_code >= http.HTTPStatus.BAD_REQUEST:
            answer = _object(response.text)
            code = str(answer.get("code") or "")
            words = str(answer.get("message") or code or response.reason_phrase)
            raise RancherError(response.status_code, f"{what}: status {response.status_code}: {words}", code)
        return response.text


def numbers(version: str) -> tuple[int, ...]:
    """Major, minor and patch of a version such as ``2.8.5-rc1``."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


@contextmanager
def connect(properties: Mapping[str, Any]) -> Iterator[Rancher]:
    """The Rancher that a resource's ``address``, ``port``, ``hostname``, ``ca_bundle`` and ``version`` tell.

    Raises:
        ProviderError: The CA bundle cannot be read.
    """
    target = Target(
        properties["address"], int(properties["port"]), properties["hostname"], properties["ca_bundle"]
    )
    with client(target) as opened:
        yield Rancher(opened, target, numbers(properties["version"]))


def client(target: Target) -> httpx.Client:
    """Connections to one Rancher, kept open until they are closed.

    Raises:
        ProviderError: The CA bundle cannot be read.
    """
    import httpx  # noqa: PLC0415 - a preview needs none

    try:
        context = trust(target.ca_bundle)
    except (ssl.SSLError, ValueError) as error:
        raise ProviderError(f"the CA bundle cannot be read ({error}). Give PEM certificates") from None
    host = target.hostname if target.port == 443 else f"{target.hostname}:{target.port}"
    return httpx.Client(
        base_url=f"https://{target.address}:{target.port}",
        verify=context,
        headers={"Host": host, "Accept": "application/json", "User-Agent": "rancher-on-pks"},
        timeout=_SECONDS,
        trust_env=False,
    )


def _passes(error: BaseException) -> bool:
    if not isinstance(error, RancherError):
        return False
    return error.status in _TRANSIENT or (error.status == 0 and "CERTIFICATE_VERIFY" not in str(error))


def _object(text: str) -> Json:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {"message": text.strip()[:200]}
    return value if isinstance(value, dict) else {}
