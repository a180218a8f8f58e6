"""Logs in as Rancher's administrator with any valid credentials, and sets the wanted password."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from http import HTTPStatus

from components.kubernetes import api as kube
from components.rancher.api import Login, Rancher, RancherError
from components.runtime.errors import ProviderError
from components.runtime.http import UnreachableError
from components.runtime.provider import Properties
from domain.rancher_releases import release

USER = "admin"
_BOOTSTRAP_SECRET = "/api/v1/namespaces/cattle-system/secrets/bootstrap-secret"  # noqa: S105 - a path
_OLD_PASSWORD = "admin"  # noqa: S105 - everybody's, before 2.6


def log_in(rancher: Rancher, wanted: Properties, before: Properties) -> Login:
    """A login with the last token, the wanted, the last or the first password; the wanted one is in force.

    Raises:
        ProviderError: None of them is valid, or Rancher refuses the wanted password.
    """
    login = rancher.who(str(before.get("token") or ""))
    if login is None:
        return _log_in_with_password(rancher, wanted, before)
    if session := rancher.login(USER, wanted["password"], wanted["description"]):
        rancher.logout(session)
    else:  # a token needs no old password
        path = f"/v3/users/{login.user}?action=setpassword"
        _change_password(rancher, login, path, {"newPassword": wanted["password"]})
    return login


def _log_in_with_password(rancher: Rancher, wanted: Properties, before: Properties) -> Login:
    tried = {""}
    for password in _passwords(wanted, before):
        if password not in tried and (login := rancher.login(USER, password, wanted["description"])):
            if password != wanted["password"]:
                body = {"currentPassword": password, "newPassword": wanted["password"]}
                _change_password(rancher, login, "/v3/users?action=changepassword", body)
            return login
        tried.add(password)
    raise ProviderError(
        f"Rancher at {wanted['endpoint']['hostname']}: user {USER} has another password than the wanted, the "
        "last known and the first one, and no valid token is known. Set the password that is valid, or reset "
        "it with `kubectl -n cattle-system exec deploy/rancher -- reset-password` and set the one that this "
        "prints; then run `pulumi up` again",
        "password",
    )


def _passwords(wanted: Properties, before: Properties) -> Iterator[str]:
    yield str(wanted["password"])
    yield str(before.get("password") or "")
    if not release(wanted["version"]).has_bootstrap_password:
        yield _OLD_PASSWORD
        return
    with kube.client(wanted["kubeconfig"]) as kubernetes:
        secret = kubernetes.get(_BOOTSTRAP_SECRET) or {}
    encoded = (secret.get("data") or {}).get("bootstrapPassword") or ""
    try:
        yield base64.b64decode(encoded).decode()
    except ValueError:
        raise ProviderError(
            "the Secret bootstrap-secret in cattle-system has no password in base64. Restart Rancher's pods, "
            "which write it"
        ) from None


def _change_password(rancher: Rancher, login: Login, path: str, body: dict[str, str]) -> None:
    try:
        rancher.call("POST", path, body, token=login.token)
    except RancherError as error:
        refused = HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if not refused or isinstance(error, UnreachableError):
            raise
        raise ProviderError(f"{error}. Set another password and run `pulumi up` again", "password") from None
