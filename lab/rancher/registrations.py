"""Registration tokens of clusters: ``/v3/clusterregistrationtokens``.

As measured: creating a token right after its cluster fails, because the cluster's namespace is created a
moment later. The token's value and commands are filled in after the response, and the commands only once
server-url is set.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.rancher import identity, sprawl
from lab.rancher.answers import settled, shown, stamp
from lab.rancher.context import Call, Context, not_found
from lab.rancher.resource import Resource
from lab.rancher.server_settings import agents_url
from lab.rancher.state import Object

_FILLED_SECONDS = 0.1
_OWN_SECONDS = 0.7
"""Time until Rancher's own ``default-token`` exists."""
_LIFE_SECONDS = 30 * 86_400
_SINGULAR = "clusterRegistrationToken"


def make_default(context: Context, cluster: Object) -> None:
    """Creates the token that Rancher adds to each new cluster."""
    if context.release.own_registration_token:
        _new(context, cluster["id"], "default-token", None, context.clock() + _OWN_SECONDS)


def make_system(context: Context, cluster_id: str) -> None:
    """Creates the token that Rancher adds to a cluster whose agent has connected."""
    if f"{cluster_id}:system" not in context.state.registrations:
        _new(context, cluster_id, "system", None, context.clock())


def forget(context: Context, cluster_id: str) -> None:
    """Removes the tokens of a deleted cluster."""
    for key in [key for key, item in context.state.registrations.items() if item["clusterId"] == cluster_id]:
        del context.state.registrations[key]


def cluster_of(context: Context, token: str) -> str | None:
    """Returns the id of a token's cluster; None if the token is unknown or expired."""
    for item in context.state.registrations.values():
        ends = _end(context, item)
        if item["token"] == token and (ends is None or context.clock() < ends):
            cluster_id: str = item["clusterId"]
            return cluster_id
    return None


def _new(context: Context, cluster_id: str, name: str, creator: str | None, when: float) -> Object:
    return context.record(
        context.state.registrations,
        f"{cluster_id}:{name}",
        name=name,
        clusterId=cluster_id,
        created=when,
        creatorId=creator,
        token=identity.secret(),
    )


def _end(context: Context, item: Object) -> float | None:
    """Returns when a token expires; tokens of older releases never do."""
    return item["created"] + _LIFE_SECONDS if context.release.registration_tokens_expire else None


def _shown(call: Call, item: Object) -> Object:
    own = {**settled(), "clusterId": item["clusterId"], "namespaceId": None}
    return shown(call, _SINGULAR, item, **own)


def _filled(call: Call, item: Object) -> Object:
    """Returns the fields that a controller fills in."""
    token, url = item["token"], agents_url(call.context, item["created"])
    manifest = f"{url}/v3/import/{token}_{item['clusterId']}.yaml" if url else ""
    node = f"-sfL {url}/system-agent-install.sh | sudo sh -s - --server {url} --token {token}"
    filled = {
        "token": token,
        "manifestUrl": manifest,
        "command": f"kubectl apply -f {manifest}" if url else "",
        "insecureCommand": f"curl --insecure -sfL {manifest} | kubectl apply -f -" if url else "",
        "nodeCommand": f"curl {node}" if url else "",
        "insecureNodeCommand": f"curl --insecure {node}" if url else "",
    }
    ends = _end(call.context, item)
    if ends is not None:
        filled |= {"expiresAt": stamp(ends), "tokenSecretName": f"crt-token-{item['name']}"}
    return filled


def _all(call: Call) -> Iterator[Object]:
    # In random order, because the names are random.
    for item in sorted(call.state.registrations.values(), key=lambda item: str(item["uuid"])):
        age = call.now - item["created"]
        if age >= 0:
            yield _shown(call, item) | (_filled(call, item) if age >= _FILLED_SECONDS else {})


def _create(call: Call) -> Object:
    [cluster_id] = call.required("clusterId")
    if not sprawl.has_namespaces(call.context, cluster_id):
        raise not_found("namespaces", cluster_id)
    return _shown(call, _new(call.context, cluster_id, identity.name("crt"), call.user["id"], call.now))


def _delete(call: Call, name: str) -> None:
    del call.state.registrations[name]


RESOURCE = Resource(
    singular=_SINGULAR,
    all=_all,
    create=_create,
    delete=_delete,
    filters=("clusterId", "name", "id"),
)
