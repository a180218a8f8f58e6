"""The admission policy that denies new clusters, and its parameters in a ConfigMap.

ValidatingAdmissionPolicy, Kubernetes 1.30 and later. The *object* is denied: Rancher creates the namespaces
of a cluster afterwards, so nothing is left half-made (measured on Rancher 2.15.0). Rancher acts in the name
of the user who asks (``Impersonate-User``, rancher/norman ``store/proxy``), so the API server knows who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.kubernetes.objects import KubernetesObject

CONFIG_MAP = "sprawl-brake"
"""Name of the ConfigMap with the verdict, in Rancher's namespace."""
POLICY = "rancher-on-pks-sprawl-brake"
FLEET = "rancher-on-pks/fleet"
"""Annotation of a cluster that the fleet imports; ``fleet.registration`` sets it."""
_GROUP = "admissionregistration.k8s.io/v1"
_RANCHER = "system:serviceaccount:cattle-system:rancher"
"""Rancher itself: it mirrors imported clusters, and creates those whose ``provisioning.cattle.io`` object was
admitted."""
_REMEDIES = {
    "fleet-only": "Add the cluster to the sites file of the fleet and run its `pulumi up`",
    "closed": "Remove clusters or projects, or enlarge the pod network (python -m capacity says how), "
    "and run `pulumi up` of the server's stack",
}


def remedy(mode: str) -> str:
    """What somebody can do whose cluster is denied in that mode."""
    return _REMEDIES[mode]


def declare(
    name: str,
    namespace: pulumi.Input[str],
    state: pulumi.Output[Mapping[str, Any]],
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare ConfigMap, policy and binding. The binding comes last and goes first.

    Args:
        name: Prefix of the resources' names.
        namespace: Namespace of the ConfigMap.
        state: The verdict: mode, since, reason, headroom and fleetUser.
        opts: Parent and provider.
    """
    verdict = KubernetesObject(
        f"{name}-verdict",
        "v1",
        "ConfigMap",
        metadata={"name": CONFIG_MAP, "namespace": namespace},
        body={"data": state.apply(_data)},
        opts=opts,
    )
    policy = KubernetesObject(
        f"{name}-policy",
        _GROUP,
        "ValidatingAdmissionPolicy",
        metadata={"name": POLICY},
        body={"spec": _SPEC},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=verdict)),
    )
    KubernetesObject(
        f"{name}-binding",
        _GROUP,
        "ValidatingAdmissionPolicyBinding",
        metadata={"name": POLICY},
        body={
            "spec": {
                "policyName": POLICY,
                "validationActions": ["Deny"],
                # Without the verdict nobody may: whoever deletes the ConfigMap does not release the brake.
                "paramRef": {"name": CONFIG_MAP, "namespace": namespace, "parameterNotFoundAction": "Deny"},
            }
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=policy)),
    )


def _data(state: Mapping[str, Any]) -> dict[str, str]:
    texts = {key: str(state[key]) for key in ("mode", "since", "reason", "headroom", "fleetUser")}
    return {**texts, "remedy": remedy(texts["mode"])}


_SPEC: Mapping[str, Any] = {
    "failurePolicy": "Fail",
    "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
    "matchConstraints": {
        "resourceRules": [
            {
                "apiGroups": ["management.cattle.io", "provisioning.cattle.io"],
                "apiVersions": ["*"],
                "operations": ["CREATE"],
                "resources": ["clusters"],
            }
        ]
    },
    "matchConditions": [
        {"name": "not-rancher-itself", "expression": f"request.userInfo.username != '{_RANCHER}'"}
    ],
    "variables": [
        {
            "name": "fleet",
            "expression": "request.userInfo.username == params.data.fleetUser && "
            f"has(object.metadata.annotations) && '{FLEET}' in object.metadata.annotations",
        }
    ],
    "validations": [
        {
            "expression": "params.data.mode == 'open' || "
            "(params.data.mode == 'fleet-only' && variables.fleet)",
            "reason": "Forbidden",
            "messageExpression": "'the sprawl brake is ' + params.data.mode + ' since ' + "
            "params.data.since + ': ' + params.data.reason + '; ' + params.data.headroom + "
            "'. ' + params.data.remedy",
        }
    ],
}
