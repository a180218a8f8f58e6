"""``Admin``: Rancher's administrator, its server URL and an API token, through Rancher's API."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.kubernetes import api as kube
from components.rancher.api import Login, Rancher, RancherError, connect, numbers
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider, changed, plain, unknown

USER = "admin"
_INPUTS = ["address", "port", "hostname", "ca_bundle", "server_url", "telemetry", "password", "token_days"]
_BOOTSTRAP_SECRET = "/api/v1/namespaces/cattle-system/secrets/bootstrap-secret"  # noqa: S105 - a path
_DESCRIPTION = "rancher-on-pks"


class AdminProvider(Provider):
    """Logs in with what still works: the token, the wanted password, the last one, the first one."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        olds, news = plain(_olds), plain(_news)
        due = _is_due(str(olds.get("token_expires") or ""), news["renew_days"])
        return DiffResult(changes=bool(changed(olds, news, _INPUTS)) or (due and not unknown(news)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(USER, _establish(plain(props), {}))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_establish(plain(_news), plain(_olds)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What somebody changed: the server URL, the password, the token."""
        known = plain(props)
        try:
            with connect(known) as rancher:
                return ReadResult(id_, _observed(rancher, known))
        except RancherError as error:
            if error.status:
                raise
            log.warning("warning: %s; kept as it was at the last update", error)
            return ReadResult(id_, known)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """The token must not outlive the stack; Rancher itself goes with its cluster."""
        known = plain(_props)
        try:
            with connect(known) as rancher:
                _revoke(rancher, known)
        except ProviderError as error:
            log.warning("warning: the API token is not revoked: %s", error)


class Admin(Resource, module="rancher", name="Admin"):
    """Rancher after its first start, type ``pulumi-python:dynamic/rancher:Admin``.

    Attributes:
        token: API token. Secret.
        token_expires: When it ends, ISO 8601 in UTC.
    """

    token: pulumi.Output[str]
    token_expires: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        address: pulumi.Input[str],
        port: int,
        hostname: str,
        ca_bundle: pulumi.Input[str],
        version: str,
        kubeconfig: pulumi.Input[str],
        password: pulumi.Input[str],
        server_url: str,
        telemetry: str,
        token_days: int,
        renew_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            address: The virtual IP.
            port: Its port for HTTPS.
            hostname: Rancher's DNS name.
            ca_bundle: PEM of the CAs to trust.
            version: Rancher's version.
            kubeconfig: Secret; for the first password, which Rancher keeps in its cluster.
            password: Secret. The administrator's.
            server_url: URL that agents are to use.
            telemetry: ``in`` or ``out``; only before 2.11.
            token_days: Life of the token; from 2.8 on Rancher allows 90 at most.
            renew_days: It is renewed by an ``up`` so many days before its end.
            opts: Must depend on a Rancher that answers.
        """
        props = {
            "address": address,
            "port": port,
            "hostname": hostname,
            "ca_bundle": ca_bundle,
            "version": version,
            "kubeconfig": pulumi.Output.secret(kubeconfig),
            "password": pulumi.Output.secret(password),
            "server_url": server_url,
            "telemetry": telemetry,
            "token_days": token_days,
            "renew_days": renew_days,
            "token": None,
            "token_name": None,
            "token_expires": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig", "password", "token"])
        super().__init__(AdminProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _establish(wanted: Properties, last: Properties) -> Properties:
    """Bring Rancher to what is wanted; may be cut off anywhere and repeated."""
    with connect(wanted) as rancher:
        login = rancher.who(str(last.get("token") or ""))
        session = None
        if login:
            _set_password(rancher, login, wanted["password"])
        else:
            login = session = _log_in(rancher, wanted, last)
        _set(rancher, login, "server-url", wanted["server_url"])
        if numbers(wanted["version"]) < (2, 11):
            _set(rancher, login, "telemetry-opt", wanted["telemetry"])
        token = _token(rancher, login, wanted, last)
        if session:
            rancher.logout(session)
        return {**wanted, **token}


def _log_in(rancher: Rancher, wanted: Properties, last: Properties) -> Login:
    """A session by the first password that is right, and the wanted one in its place."""
    tried = {""}
    for password in _passwords(wanted, last):
        if password not in tried and (login := rancher.login(USER, password)):
            if password != wanted["password"]:
                body = {"currentPassword": password, "newPassword": wanted["password"]}
                _change(rancher, login, "/v3/users?action=changepassword", body)
            return login
        tried.add(password)
    raise ProviderError(
        f"Rancher at {wanted['hostname']}: neither the wanted nor the last known nor the first password of "
        f"user {USER} is right, and there is no token that is. Set config rancherAdminPassword to the one in "
        "force (pulumi config set --secret), or make one with `kubectl -n cattle-system exec "
        "deploy/rancher -- reset-password`, and run pulumi up again"
    )


def _passwords(wanted: Properties, last: Properties) -> Iterator[str]:
    yield str(wanted["password"])
    yield str(last.get("password") or "")
    if numbers(wanted["version"]) < (2, 6):
        yield "admin"
        return
    with kube.client(wanted["kubeconfig"]) as kubernetes:
        secret = kubernetes.get(_BOOTSTRAP_SECRET) or {}
    encoded = (secret.get("data") or {}).get("bootstrapPassword") or ""
    yield base64.b64decode(encoded).decode()


def _set_password(rancher: Rancher, login: Login, password: str) -> None:
    """With a token, which needs no old password; nothing when it is in force already."""
    if session := rancher.login(USER, password):
        rancher.logout(session)
        return
    _change(rancher, login, f"/v3/users/{login.user}?action=setpassword", {"newPassword": password})


def _change(rancher: Rancher, login: Login, path: str, body: dict[str, str]) -> None:
    try:
        rancher.call("POST", path, body, token=login.token)
    except RancherError as error:
        raise ProviderError(
            f"{error}. Set another config rancherAdminPassword (pulumi config set --secret), and run pulumi "
            "up again"
        ) from None


def _set(rancher: Rancher, login: Login, name: str, value: str) -> None:
    path = f"/v3/settings/{name}"
    if rancher.call("GET", path, token=login.token).get("value") != value:
        rancher.call("PUT", path, {"name": name, "value": value}, token=login.token)


def _token(rancher: Rancher, login: Login, wanted: Properties, last: Properties) -> Properties:
    """The last token when it is good for long enough, else a new one in its place."""
    kept = {name: last.get(name) for name in ("token", "token_name", "token_expires")}
    same = last.get("token_days") == wanted["token_days"] and login.token == last.get("token")
    if same and not _is_due(str(last["token_expires"]), wanted["renew_days"]):
        return kept
    life = timedelta(days=wanted["token_days"])
    body = {"type": "token", "description": _DESCRIPTION, "ttl": int(life.total_seconds() * 1000)}
    made = rancher.call("POST", "/v3/tokens", body, token=login.token)
    found = rancher.call("GET", f"/v3/tokens/{made['name']}", token=str(made["token"]))
    _revoke(rancher, {**last, "token": login.token})
    return {
        "token": made["token"],
        "token_name": made["name"],
        "token_expires": found.get("expiresAt") or f"{datetime.now(UTC) + life:%Y-%m-%dT%H:%M:%SZ}",
    }


def _revoke(rancher: Rancher, known: Properties) -> None:
    name = known.get("token_name")
    if name and known.get("token"):
        try:
            rancher.call("DELETE", f"/v3/tokens/{name}", token=str(known["token"]))
        except RancherError as error:
            if error.status not in {401, 404}:  # it is gone
                raise


def _observed(rancher: Rancher, known: Properties) -> Properties:
    login = rancher.who(str(known.get("token") or ""))
    if login is None:
        return {**known, "token_expires": ""}
    url = rancher.call("GET", "/v3/settings/server-url", token=login.token).get("value")
    session = rancher.login(USER, str(known["password"]))
    if session:
        rancher.logout(session)
    return {**known, "server_url": url, "password": known["password"] if session else ""}


def _is_due(expires: str, renew_days: int) -> bool:
    try:
        end = datetime.fromisoformat(expires)
    except ValueError:
        return True
    return end - datetime.now(UTC) < timedelta(days=renew_days)
