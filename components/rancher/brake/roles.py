"""``BrakeRoles``: only administrators can import, and only they and owners of clusters create projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi

from components.rancher.api import Json, Rancher, RancherError
from components.rancher.endpoint import RancherEndpoint, RancherEndpointArgs
from components.runtime.errors import ProviderError, log
from components.runtime.provider import Properties, Provider
from components.runtime.resource import DynamicResource
from domain import rancher_roles as roles

_GLOBAL = "globalroles"
_TEMPLATE = "roletemplates"
NAME = "Cluster Member without Projects"
_DESCRIPTION = "Made by rancher-on-pks: as Cluster Member, but for the creation of projects"


class BrakeRolesProvider(Provider):
    """Changes fields of Rancher's roles, and remembers what they were.

    It reads what each role allows from the live server: the roles differ from 2.2 to 2.15, and an
    administrator may have added some.
    """

    updates = ("endpoint", "token")

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        del wanted
        return bool(before.get("deviations"))

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        with _roles(wanted) as found:
            # Only what this resource changed first is put back at the end.
            original = {**found.deviations(), **(before.get("original") or {})}
            for path, values in found.wanted():
                found.change(path, values)
            return {"member_role": found.member_role(), "original": original, "deviations": []}

    def identity(self, properties: Properties) -> str:
        del properties
        return "roles"

    def observe(self, id_: str, known: Properties) -> Properties | None:
        try:
            with _roles(known) as found:
                deviations = sorted(found.deviations())
                if not found.template_is_complete():
                    deviations.append(NAME)
                return {"deviations": deviations}
        except RancherError as error:
            log.warning("warning: the state of Rancher's %s is unknown: %s", id_, error)
            return {}

    def remove(self, id_: str, known: Properties) -> None:
        """Put back what was changed. A role that is gone, or a silent Rancher, stops no destroy."""
        try:
            with _roles(known) as found:
                for path, values in known["original"].items():
                    found.change(path, values)
                found.delete_template(str(known["member_role"]))
        except ProviderError as error:
            log.warning("warning: Rancher's %s are not as before the sprawl brake: %s", id_, error)


@contextmanager
def _roles(properties: Properties) -> Iterator[_Roles]:
    with Rancher(RancherEndpoint.of(properties["endpoint"])) as rancher:
        yield _Roles(rancher, str(properties["token"]))


class _Roles:
    """Rancher's roles, and what is wanted of them."""

    def __init__(self, rancher: Rancher, token: str) -> None:
        self._rancher, self._token = rancher, token
        self._items = {
            f"{kind}/{item['id']}": item
            for kind in (_GLOBAL, _TEMPLATE)
            for item in self._ask("GET", f"{kind}?limit=1000").get("data") or []
        }

    def wanted(self) -> Iterator[tuple[str, dict[str, bool]]]:
        """Each role by path, with the fields that are wanted of it."""
        for path, item in self._items.items():
            rules = item.get("rules") or []
            if path == f"{_GLOBAL}/{roles.BASE}":
                yield path, {"newUserDefault": True}
            elif path.startswith(_GLOBAL) and roles.may_import(rules):
                yield path, {"newUserDefault": False}
            elif item.get("context") == "cluster" and roles.may_create_projects(rules):
                yield path, {"locked": True}  # nobody can be given it any more

    def deviations(self) -> dict[str, dict[str, bool]]:
        """The fields that are not as wanted, with their values."""
        found: dict[str, dict[str, bool]] = {}
        for path, values in self.wanted():
            live = {name: bool(self._items[path].get(name)) for name in values}
            if live != values:
                found[path] = live
        return found

    def change(self, path: str, values: Mapping[str, bool]) -> None:
        """Give a role these fields, unless it has them or is gone."""
        item = self._items.get(path)
        if item is None or all(bool(item.get(name)) == value for name, value in values.items()):
            return
        self._ask("PUT", path, {**item, **values})

    def member_role(self) -> str:
        """Id of the role of members without projects: created, or brought in line with Cluster Member."""
        known, fields = self._template(), self._fields()
        if known is None:
            return str(self._ask("POST", _TEMPLATE, fields)["id"])
        if not self.template_is_complete():
            self._ask("PUT", f"{_TEMPLATE}/{known['id']}", {**known, **fields})
        return str(known["id"])

    def template_is_complete(self) -> bool:
        """Whether it exists and is as wanted."""
        known = self._template() or {}
        return all((known.get(name) or []) == (value or []) for name, value in self._fields().items())

    def delete_template(self, name: str) -> None:
        """Delete the role of members without projects."""
        if f"{_TEMPLATE}/{name}" in self._items:
            self._ask("DELETE", f"{_TEMPLATE}/{name}")

    def _template(self) -> Json | None:
        return next((item for item in self._items.values() if item.get("description") == _DESCRIPTION), None)

    def _fields(self) -> dict[str, Any]:
        member = self._items.get(f"{_TEMPLATE}/{roles.MEMBER}") or {}
        return {
            "type": "roleTemplate",
            "name": NAME,
            "description": _DESCRIPTION,
            "context": "cluster",
            "rules": roles.without_projects(member.get("rules") or []),
            "roleTemplateIds": member.get("roleTemplateIds") or [],
        }

    def _ask(self, method: str, path: str, body: object = None) -> Json:
        return self._rancher.call(method, f"/v3/{path}", body, token=self._token)


class BrakeRoles(DynamicResource, module="rancher", name="BrakeRoles"):
    """Roles that make no namespaces, type ``pulumi-python:dynamic/rancher:BrakeRoles``.

    Attributes:
        member_role: Id of the role for members of clusters, who cannot create projects.
    """

    member_role: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: RancherEndpointArgs,
        token: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            resource_name: Name in the stack.
            endpoint: Where Rancher is reached.
            token: API token of an administrator. Secret.
            opts: Must depend on a Rancher that accepts clusters.
        """
        props = {
            "endpoint": endpoint.inputs(),
            "token": token,
            **dict.fromkeys(("member_role", "original", "deviations")),
        }
        super().__init__(BrakeRolesProvider(), resource_name, props, opts, secrets=["token"])
