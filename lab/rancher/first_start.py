"""Objects that Rancher creates on its first start: the administrator and the cluster ``local``."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from lab.cluster.api import KubernetesApi
from lab.rancher import clusters, identity, roles, users
from lab.rancher.context import Context
from lab.rancher.namespaces import NAMESPACE
from lab.rancher.state import Object

_SECRET = "bootstrap-secret"  # noqa: S105  a name
_KEY = "bootstrapPassword"
_PATH = f"/api/v1/namespaces/{NAMESPACE}/secrets"


async def ensure(api: KubernetesApi, context: Context, secrets: Mapping[str, Object]) -> None:
    """Creates them on the first start; afterwards the first password is ignored.

    Args:
        secrets: The Secrets of cattle-system, by ``namespace/name``.
    """
    if context.state.created:
        return
    given = decoded(secrets, _SECRET, _KEY) if context.release.bootstrap_password else users.FIRST_PASSWORD
    begin(context, given or await _generated(api), generated=not given)


def begin(context: Context, password: str, *, generated: bool = False) -> None:
    """Creates them, with this first password."""
    context.state.created = context.clock()
    users.make_administrator(context, password, generated=generated)
    roles.make_builtin(context)
    clusters.make_local(context)
    context.commit()


def decoded(secrets: Mapping[str, Object], name: str, key: str) -> str:
    """Returns a value of a Secret in cattle-system; empty if it does not exist."""
    data = secrets.get(f"{NAMESPACE}/{name}", {}).get("data") or {}
    return base64.b64decode(data.get(key, "")).decode()


async def _generated(api: KubernetesApi) -> str:
    """Generates a random first password and stores it in the Secret where operators look for it."""
    password = identity.secret()
    data = {_KEY: base64.b64encode(password.encode()).decode()}
    secret: Object = {"metadata": {"name": _SECRET, "namespace": NAMESPACE}, "type": "Opaque", "data": data}
    if not await api.create(_PATH, secret):
        await api.patch(f"{_PATH}/{_SECRET}", {"data": data})
    return password
