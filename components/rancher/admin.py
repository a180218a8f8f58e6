"""Rancher's administrator, its server URL and an API token, through Rancher's API."""

from __future__ import annotations

from collections.abc import Iterator

from components.rancher import api_token
from components.rancher.api import Login, Rancher, RancherError
from components.rancher.endpoint import RancherEndpoint
from components.rancher.first_login import USER, log_in
from components.runtime.errors import ProviderError, log
from components.runtime.http import UnreachableError
from components.runtime.provider import Properties, Provider, unknown
from domain.finding import Finding
from domain.rancher_releases import release


class AdminProvider(Provider):
    """Logs in with any valid credentials, so that each run can continue an interrupted one."""

    updates = ("endpoint", "server_url", "telemetry", "password", "token_days")

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        del before
        if unknown(wanted["version"], wanted["token_days"], wanted["renew_days"]):
            return
        life = api_token.longest_life(wanted["version"], wanted["token_days"])
        if wanted["renew_days"] >= life:
            yield Finding(
                key="renew_days",
                problem=f"must be less than the life of a token, {life} days; each update would create one",
                value=str(wanted["renew_days"]),
                remedy="Lower it",
                depends_on=("token_days",),
            )

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        return not unknown(wanted["renew_days"], wanted["token_days"]) and api_token.is_due(before, wanted)

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        with _client(wanted) as rancher:
            login = log_in(rancher, wanted, before)
            _set(rancher, login, "server-url", wanted["server_url"])
            if release(wanted["version"]).has_telemetry:
                _set(rancher, login, "telemetry-opt", wanted["telemetry"])
            token = api_token.ensure(rancher, login, wanted, before)
            if login.token != before.get("token"):
                rancher.logout(login)
            return token

    def identity(self, properties: Properties) -> str:
        del properties
        return USER

    def observe(self, id_: str, known: Properties) -> Properties | None:
        """What somebody changed: the server URL, the password, the token."""
        try:
            with _client(known) as rancher:
                login = rancher.who(str(known.get("token") or ""))
                if login is None:
                    return {"token_expires": ""}
                url = rancher.call("GET", "/v3/settings/server-url", token=login.token).get("value")
                try:
                    session = rancher.login(USER, str(known["password"]), known["description"])
                    if session:
                        rancher.logout(session)
                finally:  # a login whose answer is lost leaves a session
                    api_token.revoke_others(rancher, login, known)
                return {"server_url": url, "password": known["password"] if session else ""}
        except RancherError as error:
            if error.status and not isinstance(error, UnreachableError):
                raise
            log.warning("warning: %s; the state of %s stays as of the last update", error, id_)
            return {}

    def remove(self, id_: str, known: Properties) -> None:
        """Revoke the token, which must not outlive the stack. Rancher itself goes with its cluster."""
        del id_
        try:
            with _client(known) as rancher:
                login = rancher.who(str(known.get("token") or ""))
                if login := login or rancher.login(USER, str(known["password"]), known["description"]):
                    api_token.revoke_all(rancher, login, known)
        except ProviderError as error:
            log.warning("warning: the API token is not revoked: %s", error)


def _client(properties: Properties) -> Rancher:
    return Rancher(RancherEndpoint.of(properties["endpoint"]), properties["version"])


def _set(rancher: Rancher, login: Login, name: str, value: str) -> None:
    path = f"/v3/settings/{name}"
    if rancher.call("GET", path, token=login.token).get("value") != value:
        rancher.call("PUT", path, {"name": name, "value": value}, token=login.token)
