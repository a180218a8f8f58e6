"""Agents of imported clusters: the manifest that installs one, and the endpoint to which it reports.

A real agent opens a tunnel (a websocket to ``/v3/connect``). The lab's sends one request instead, with the
token from its manifest:

    POST /lab/agent   Authorization: Bearer <registration token>   {"version": "v1.28.11", "nodes": 3}

``lab.agent``, which acts as the agent, sends it once the manifest's Deployment ``cattle-cluster-agent`` has a
ready pod, to the URL in the agent's environment (CATTLE_SERVER), with TLS verified as the agent does. The
manifest is a shortened form of the real one; the response to an invalid token is invented.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import yaml
from aiohttp import web

from lab.rancher import registrations
from lab.rancher.answers import answer
from lab.rancher.auth import unauthenticated
from lab.rancher.context import CONTEXT, Context, invalid, read_body
from lab.rancher.namespaces import NAMESPACE
from lab.rancher.server_settings import agents_url
from lab.rancher.state import Object

DEPLOYMENT = "cattle-cluster-agent"
_FILE = re.compile(r"(?P<token>[a-z0-9]+)_(?P<cluster>[a-z0-9-]+)\.yaml")


async def manifest(request: web.Request) -> web.Response:
    """Handles ``GET /v3/import/<token>_<cluster>.yaml``, authorised by the token in the path."""
    context = request.app[CONTEXT]
    match = _FILE.fullmatch(request.match_info["file"])
    if match is None or registrations.cluster_of(context, match["token"]) != match["cluster"]:
        return web.Response(status=404, text="404 page not found\n")
    documents = _objects(context, match["token"])
    return web.Response(text=yaml.safe_dump_all(documents, sort_keys=False), content_type="text/plain")


async def connect(request: web.Request) -> web.Response:
    """Handles ``POST /lab/agent``: the token's cluster is connected from now on."""
    context = request.app[CONTEXT]
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    cluster = context.state.clusters.get(registrations.cluster_of(context, token) or "")
    if cluster is None:
        return unauthenticated()
    body = await read_body(request)
    version, nodes = body.get("version"), body.get("nodes")
    if not isinstance(version, str) or not isinstance(nodes, int):
        raise invalid("version (text) and nodes (number) are required")
    cluster["agent"] = {"version": version, "nodes": nodes}
    cluster["connected"] = cluster["connected"] or context.clock()
    registrations.make_system(context, cluster["id"])
    context.commit()
    return answer({"cluster": cluster["id"]})


def _objects(context: Context, token: str) -> list[Object]:
    """Returns the objects that ``kubectl apply -f`` creates in the imported cluster."""
    url, ca = agents_url(context, context.clock()), context.ca()
    digest = hashlib.sha256((url + token).encode()).hexdigest()[:10]
    credentials, account = f"cattle-credentials-{digest}", "cattle"
    labels = {"app": DEPLOYMENT}
    environment = {
        "CATTLE_SERVER": url,
        # Empty without a private CA: the agent then trusts the system's CAs.
        "CATTLE_CA_CHECKSUM": hashlib.sha256(ca.encode()).hexdigest() if ca else "",
        "CATTLE_CLUSTER": "true",
    }
    container = {
        "name": "cluster-register",
        "image": context.agent_image,
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "volumeMounts": [
            {"name": "cattle-credentials", "mountPath": "/cattle-credentials", "readOnly": True}
        ],
    }
    volume = {"name": "cattle-credentials", "secret": {"secretName": credentials}}
    pod = {"serviceAccountName": account, "containers": [container], "volumes": [volume]}
    here = {"namespace": NAMESPACE}
    shared = list(_pull_secrets(context))
    if shared:
        pod["imagePullSecrets"] = [{"name": item["metadata"]["name"]} for item in shared]
    subject = {"kind": "ServiceAccount", "name": account, **here}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    data = {"url": url, "token": token, "namespace": ""}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, **here}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "cattle-admin-binding"},
            "subjects": [subject],
            "roleRef": role,
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": credentials, **here},
            "type": "Opaque",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        },
        *shared,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": DEPLOYMENT, **here},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    ]


def _pull_secrets(context: Context) -> Iterator[Object]:
    """Yields copies of the pull secrets that Rancher shares with imported clusters, from 2.15 on."""
    names = context.environment().get("CATTLE_BASE_REGISTRY_PULL_SECRETS", "")
    for name in filter(None, names.split(",")):
        if found := context.secret(name):
            metadata = {"name": name, "namespace": NAMESPACE}
            yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **_content(found)}


def _content(secret: Object) -> Object:
    return {name: secret[name] for name in ("type", "data")}
