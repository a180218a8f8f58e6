"""The admission policy that denies new clusters.

ValidatingAdmissionPolicy, Kubernetes 1.30 and later. The *object* is denied: Rancher creates the namespaces
of a cluster afterwards, so nothing is left half-made (measured on Rancher 2.15.0). Rancher acts in the name
of the user who asks (``Impersonate-User``, rancher/norman ``store/proxy``), so the API server knows who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.kubernetes.objects import KubernetesObject
from domain import brake_policy

POLICY = "rancher-on-pks-sprawl-brake"
_GROUP = "admissionregistration.k8s.io/v1"


def declare(name: str, state: pulumi.Output[Mapping[str, Any]], opts: pulumi.ResourceOptions) -> None:
    """Declare policy and binding.

    Args:
        name: Prefix of the resources' names.
        state: The verdict: mode, since, reason, headroom and fleetUser.
        opts: Parent and provider.
    """
    policy = KubernetesObject(
        f"{name}-policy",
        _GROUP,
        "ValidatingAdmissionPolicy",
        metadata={"name": POLICY},
        body={"spec": state.apply(brake_policy.spec)},
        opts=opts,
    )
    KubernetesObject(
        f"{name}-binding",
        _GROUP,
        "ValidatingAdmissionPolicyBinding",
        metadata={"name": POLICY},
        body={"spec": {"policyName": POLICY, "validationActions": ["Deny"]}},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=policy)),
    )
