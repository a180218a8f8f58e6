"""Representation of a cluster in Rancher's API: the fields that a client may need, as filled by v2.15.0.

The view of a hanging ``local`` combines the message in the source (``clusterdeploy.go``) and the article's
screenshot; it was not recorded from a server in that state.
"""

from __future__ import annotations

from lab.rancher import sprawl
from lab.rancher.answers import condition, links, settled, shown
from lab.rancher.context import Call
from lab.rancher.state import LOCAL, Object

WAITING_FOR_URL = "waiting for server-url setting to be set"
_LINKS = (
    "clusterRegistrationTokens",
    "clusterRoleTemplateBindings",
    "namespaces",
    "nodes",
    "projects",
    "storageClasses",
    "subscribe",
)
_PROJECTS = ("DefaultProjectCreated", "SystemProjectCreated")
_BACKED = ("BackingNamespaceCreated", *_PROJECTS)
_NEW = ("CreatorMadeOwner", "InitialRolesPopulated", *_BACKED)
_CONNECTED = ("Pending", "Provisioned", "Waiting", "Connected", "Ready", "AgentTlsStrictCheck")
_LOCAL = ("Ready", "Pending", "Waiting", "Connected", "CreatorMadeOwner", "SystemAccountCreated", *_BACKED)


def fresh(call: Call, cluster: Object) -> Object:
    """Returns the response to the cluster's creation, which reports it as active."""
    return {**_common(call, cluster), **settled()}


def full(call: Call, cluster: Object) -> Object:
    """Returns the cluster as filled in by Rancher's controllers."""
    local = cluster["id"] == LOCAL
    guarded = not local and sprawl.is_guarded(call.context, cluster)
    found = {
        **_common(call, cluster),
        **(_local_state(cluster) if local else _imported_state(call, cluster)),
        "agentImage": "" if local or not cluster["connected"] else _agent_image(call),
        "agentImageOverride": "",
        "annotations": {
            **cluster["annotations"],
            "authz.management.cattle.io/initial-sync": "true",
            **({sprawl.GUARDED: "true"} if guarded else {}),
        },
        "capabilities": {"type": "/v3/schemas/capabilities"},
        "description": "",
        "desiredAgentImage": "",
        "provider": "",
    }
    if call.context.release.fleet:
        found["fleetWorkspaceName"] = "fleet-local" if local else "fleet-default"
    return found


def _common(call: Call, cluster: Object) -> Object:
    name = cluster["id"]
    local = name == LOCAL
    url = f"{call.base}/v3/clusters/{name}"
    verbs = ("self", "update") if local else ("remove", "self", "update")
    own = {
        "actions": {action: f"{url}?action={action}" for action in ("generateKubeconfig", "importYaml")},
        "annotations": cluster["annotations"],
        "appliedEnableNetworkPolicy": False,
        "dockerRootDir": "/var/lib/docker",
        "enableNetworkPolicy": None if local else False,
        "internal": local,
        "istioEnabled": False,
        "labels": cluster["labels"],
        "links": {
            **links(call, "cluster", name, verbs),
            **{link: f"{url}/{link.lower()}" for link in _LINKS},
        },
        "nodeCount": 1 if local else 0,
        "windowsPreferedCluster": False,
    }
    return shown(call, "cluster", cluster, **own)


def _local_state(cluster: Object) -> Object:
    when = cluster["created"]
    done = cluster["provisioned"]
    conditions = [condition(kind, "True", when) for kind in _LOCAL]
    conditions.append(condition("PreBootstrapped", "Unknown"))
    if done:
        conditions.append(condition("Provisioned", "True", when))
        state = settled()
    else:
        conditions.append(condition("Provisioned", "Unknown", when, WAITING_FOR_URL))
        state = {"state": "provisioning", "transitioning": "yes", "transitioningMessage": WAITING_FOR_URL}
    info = {"type": "/v3/schemas/clusterInfo", "arch": "amd64", "machineProvider": "local", "nodeCount": 0}
    return {**state, "conditions": conditions, "driver": "imported", "info": info}


def _imported_state(call: Call, cluster: Object) -> Object:
    when = cluster["created"]
    set_up = sprawl.has_namespaces(call.context, cluster["id"])
    own = [item for item in call.state.projects.values() if item["clusterId"] == cluster["id"]]
    made = {f"{item['name']}ProjectCreated" for item in own if sprawl.is_made(call.context, item)}
    conditions = [
        condition(kind, "True", when)
        for kind in (_NEW if set_up else ())
        if kind not in _PROJECTS or kind in made
    ]
    info = {"type": "/v3/schemas/clusterInfo", "machineProvider": "imported", "nodeCount": 0}
    since = cluster["connected"]
    if not since:
        conditions += [
            condition("Pending", "Unknown"),
            condition("Provisioned", "Unknown"),
            condition("Waiting", "Unknown", when, "Waiting for API to be available"),
            condition("Connected", "False", when),
        ]
        state = {"state": "pending", "transitioning": "yes", "transitioningMessage": ""}
        return {**state, "conditions": conditions, "driver": "", "info": info}
    agent = cluster["agent"]
    conditions += [condition(kind, "True", since) for kind in _CONNECTED]
    return {
        **settled(),
        "conditions": conditions,
        "driver": "imported",
        "info": {**info, "nodeCount": agent["nodes"]},
        "nodeCount": agent["nodes"],
        "version": {"type": "/v3/schemas/info", "gitVersion": agent["version"]},
    }


def _agent_image(call: Call) -> str:
    return f"rancher/rancher-agent:{call.context.version()}"
