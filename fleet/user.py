"""``User``: a local user of Rancher, for the members of sites."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

import pulumi
from pulumi.dynamic import Resource

from components.rancher.api import Json, RancherError
from components.runtime.errors import ProviderError
from components.runtime.provider import Properties
from fleet.session import ACCESS, FleetProvider, Session

if TYPE_CHECKING:
    from fleet.access import RancherAccess

_ROLE = "user-base"
"""Global role with which a user can log in and use what he is a member of. With ``user`` he could also import
clusters, each of which costs pod subnets."""
_PASSWORD_BYTES = 24


class UserProvider(FleetProvider):
    """Generates a password, which the user must change at the first login."""

    replaces = ("name", "server_uuid")
    updates = ("display_name", *ACCESS)
    delete_before_replace = True

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        if not before:
            return _create(self.sessions.of(wanted), wanted)
        if self.changed(before, wanted, ["display_name"]):
            session, path = self.sessions.of(wanted), f"/v3/users/{before['user_id']}"
            user = session.call("GET", path)
            session.call("PUT", path, {**user, "name": _shown_name(wanted)})
        return {name: before[name] for name in ("user_id", "password")}

    def identity(self, properties: Properties) -> str:
        return str(properties["user_id"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        exists = any(user["id"] == id_ for user in self.sessions.of(known).all("users"))
        return {} if exists else None

    def remove(self, id_: str, known: Properties) -> None:
        session = self.sessions.for_deletion(known)
        if session is None:
            return
        try:
            session.call("DELETE", f"/v3/users/{id_}")
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
        access: RancherAccess,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            name: User name.
            display_name: Name for people; empty: the user name.
            owner: The stack, for the user's description.
            access: Access to Rancher.
            opts: Options.
        """
        props = {
            **access.inputs(),
            "name": name,
            "display_name": display_name,
            "owner": owner,
            "password": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["token", "password"])
        super().__init__(UserProvider(), resource_name, props, pulumi.ResourceOptions.merge(opts, secret))


def _create(session: Session, wanted: Properties) -> Properties:
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    description = f"Made by {wanted['owner']}"
    body = {
        "type": "user",
        "username": wanted["name"],
        "name": _shown_name(wanted),
        "description": description,
        "password": password,
        "mustChangePassword": True,
        "enabled": True,
    }
    try:
        user = session.call("POST", "/v3/users", body, ("id",))
    except RancherError as error:
        if error.code != "NotUnique":
            raise
        user = _of_interrupted_run(session, wanted["name"], description)
        session.call("POST", f"/v3/users/{user['id']}?action=setpassword", {"newPassword": password})
    _grant_login(session, str(user["id"]))
    return {"user_id": str(user["id"]), "password": password}


def _shown_name(wanted: Properties) -> str:
    return str(wanted["display_name"] or wanted["name"])


def _of_interrupted_run(session: Session, name: str, description: str) -> Json:
    """The user of that name, which an interrupted run of this stack has created."""
    found = session.call("GET", f"/v3/users?username={quote(name)}").get("data") or []
    ours = [user for user in found if user.get("username") == name and user.get("description") == description]
    if not ours:
        raise ProviderError(
            f"user {name}: Rancher has a user of that name that this stack did not create. Remove it from "
            "users: members may name users that exist already",
            "name",
        )
    return dict(ours[0])


def _grant_login(session: Session, user_id: str) -> None:
    found = session.call("GET", f"/v3/globalrolebindings?userId={user_id}").get("data") or []
    if not any(item.get("globalRoleId") == _ROLE and item.get("userId") == user_id for item in found):
        session.call("POST", "/v3/globalrolebindings", {"globalRoleId": _ROLE, "userId": user_id})
