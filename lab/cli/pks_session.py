"""The login of ``pks`` and its API calls.

``creds.yml`` is in ``~/.pks`` or ``PKS_HOME`` (docs-pks 1.5 ``login``). Only its key ``access_token`` is
documented; the other names are invented. Its values are JSON strings, which YAML parsers accept.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab.cli import rest
from lab.cli.console import CliError

API_PORT, UAA_PORT = 9021, 8443
NOT_AUTHENTICATED = "You are not currently authenticated. Please log in to continue"
_USER_CLIENT = ("pks_cli", "")
"""UAA client for logins of users."""


@dataclass(frozen=True)
class Login:
    """API endpoint, user and tokens of a login."""

    api: str
    username: str = ""
    access_token: str = ""
    refresh_token: str = ""
    ca_cert: str = ""
    skip_ssl_validation: str = ""


class Session:
    """Calls the PKS API with the tokens of ``creds.yml``."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._tls = rest.trust(login.ca_cert, verify=not login.skip_ssl_validation)

    @classmethod
    def saved(cls) -> Session:
        """Returns the session of the last login.

        Raises:
            CliError: There is no login.
        """
        try:
            lines = _file().read_text().splitlines()
        except FileNotFoundError:
            raise CliError(NOT_AUTHENTICATED) from None
        known = {field.name for field in fields(Login)}
        pairs = (line.split(": ", 1) for line in lines)
        return cls(Login(**{key: json.loads(value) for key, value in pairs if key in known}))

    def log_in(self, client: tuple[str, str] | None, password: str) -> None:
        """Gets and saves tokens for the user, or for a UAA client (which gets no refresh token).

        Raises:
            CliError: The credentials are wrong.
        """
        if client is None:
            form = {"grant_type": "password", "username": self._login.username, "password": password}
        else:
            form = {"grant_type": "client_credentials"}
        if not self._obtain(form, client or _USER_CLIENT):
            raise CliError("Credentials were rejected, please try again.")

    def get(self, *path: str) -> Any:
        """Returns the JSON response of ``GET /v1/<path>``."""
        return self.send("GET", path)

    def send(self, method: str, path: tuple[str, ...], document: object = None) -> Any:
        """Sends one request; refreshes an expired access token.

        Raises:
            CliError: The API rejects the request.
        """
        answer = self._call(method, path, document)
        if answer.status == 401 and self._refresh():
            answer = self._call(method, path, document)
        if answer.status == 401:
            raise CliError(NOT_AUTHENTICATED)
        if answer.status == 403:
            raise CliError(
                "You do not have enough privileges to perform this action. "
                "Please contact the PKS administrator."
            )
        if answer.status > 299:
            text = _text(answer.body)
            raise CliError(text if answer.status < 500 else f"{answer.status} {answer.reason}: {text}")
        return json.loads(answer.body) if answer.body else None

    def _call(self, method: str, path: tuple[str, ...], document: object) -> rest.Answer:
        headers = {"Authorization": f"Bearer {self._login.access_token}", "Content-Type": "application/json"}
        url = f"https://{self._login.api}:{API_PORT}/v1/{'/'.join(quote(part, safe='') for part in path)}"
        body = None if document is None else json.dumps(document).encode()
        return rest.call(method, url, self._tls, headers, body)

    def _refresh(self) -> bool:
        token = self._login.refresh_token
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return bool(token) and self._obtain(form, _USER_CLIENT)

    def _obtain(self, form: dict[str, str], client: tuple[str, str]) -> bool:
        answer = rest.ask_token(f"https://{self._login.api}:{UAA_PORT}", self._tls, form, client)
        if answer.status == 401:
            return False
        if answer.status > 299:
            raise CliError(f"{answer.status} {answer.reason}: {_text(answer.body)}")
        tokens = json.loads(answer.body)
        new = {name: tokens.get(name, "") for name in ("access_token", "refresh_token")}
        self._login = Login(**{**asdict(self._login), **new})
        _save(self._login)
        return True


def forget() -> None:
    """Logs out."""
    _file().unlink(missing_ok=True)


def private_file(path: Path, text: str) -> None:
    """Writes a file atomically, readable only by the user."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def _save(login: Login) -> None:
    lines = (f"{key}: {json.dumps(value)}" for key, value in asdict(login).items())
    private_file(_file(), "\n".join([*lines, ""]))


def _file() -> Path:
    return Path(os.environ.get("PKS_HOME") or Path.home() / ".pks") / "creds.yml"


def _text(body: bytes) -> str:
    """Returns the text of an API error, which is ``{"body": text}``."""
    try:
        return str(json.loads(body)["body"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()[:300]
