"""``User``: a local user of Rancher whom the fleet's members name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.rancher.api import RancherError
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties, Provider, changed, plain
from fleet.session import ACCESS, Session, learn, newest, other_server, replaced, session

_ROLE = "user"
"""Global role that lets somebody log in and see what he is a member of."""
_PASSWORD_BYTES = 24


class UserProvider(Provider):
    """The password is generated and has to be changed at the first login."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        olds, news = plain(_olds), plain(_news)
        learn(news)
        moved = [*changed(olds, news, ["name"]), *(["rancher"] if other_server(olds, news) else [])]
        return DiffResult(
            changes=bool(moved or changed(olds, news, ["display_name", *ACCESS])),
            replaces=moved,
            delete_before_replace=True,
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        login = session(wanted)
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        mark = f"Made by {wanted['owner']}"
        body = {
            "type": "user",
            "username": wanted["name"],
            "name": wanted["display_name"] or wanted["name"],
            "description": mark,
            "password": password,
            "mustChangePassword": True,
            "enabled": True,
        }
        try:
            user = login.call("POST", "/v3/users", body)
        except RancherError as error:
            if error.code != "NotUnique":
                raise
            user = _cut_off(login, wanted["name"], mark)
            login.call("POST", f"/v3/users/{user['id']}?action=setpassword", {"newPassword": password})
        _allow(login, str(user["id"]))
        return CreateResult(str(user["id"]), {**wanted, "password": password})

    def update(self, id_: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        olds, news = plain(_olds), plain(_news)
        if changed(olds, news, ["display_name"]):
            login = session(news)
            user = login.call("GET", f"/v3/users/{id_}")
            login.call("PUT", f"/v3/users/{id_}", {**user, "name": news["display_name"] or news["name"]})
        return UpdateResult({**news, "password": olds["password"]})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        there = any(user["id"] == id_ for user in session(known).all("users"))
        return ReadResult(id_, known) if there else ReadResult("", {})

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        known = plain(_props)
        if replaced(known):
            return
        try:
            session(newest(known)).call("DELETE", f"/v3/users/{id_}")
        except RancherError as error:
            if error.status != 404:
                raise


class User(Resource, module="fleet", name="User"):
    """A local user, type ``pulumi-python:dynamic/fleet:User``.

    Attributes:
        password: The first password. Secret.
    """

    password: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        display_name: str,
        owner: str,
        access: Mapping[str, pulumi.Input[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: Name in the stack.
            name: User name.
            display_name: Name for people; empty: the user name.
            owner: The stack, for the user's description.
            access: How Rancher is reached (``fleet.session.inputs``).
            opts: As for every resource.
        """
        props = {**access, "name": name, "display_name": display_name, "owner": owner, "password": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token", "password"])
        super().__init__(UserProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _cut_off(login: Session, name: str, mark: str) -> Properties:
    """The user of that name, which this stack made before it was cut off."""
    found = login.call("GET", f"/v3/users?username={quote(name)}").get("data") or []
    ours = [user for user in found if user.get("username") == name and user.get("description") == mark]
    if not ours:
        raise ProviderError(
            f"user {name}: Rancher has one of that name that is not of this stack. Remove it from users: "
            "members may name users that are there already"
        )
    return dict(ours[0])


def _allow(login: Session, user_id: str) -> None:
    found = login.call("GET", f"/v3/globalrolebindings?userId={user_id}").get("data") or []
    if not any(item.get("globalRoleId") == _ROLE and item.get("userId") == user_id for item in found):
        login.call("POST", "/v3/globalrolebindings", {"globalRoleId": _ROLE, "userId": user_id})
