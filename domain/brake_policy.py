"""The sprawl brake's verdict as an admission policy: the policy, and the verdict that one has. Pure.

The verdict is a set of constants in the policy. As parameters in a ConfigMap it would be lost: an API server
stops watching a built-in kind of parameters when the last binding that uses it is deleted, and does not begin
again before it is restarted (kubernetes/kubernetes#130887). A brake that was turned off and on would then
follow a verdict of the past, or deny everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FLEET = "rancher-on-pks/fleet"
"""Annotation of a cluster that the fleet imports; ``fleet.registration`` sets it."""
_RANCHER = "system:serviceaccount:cattle-system:rancher"
"""Rancher itself: it mirrors imported clusters, and creates those whose ``provisioning.cattle.io`` object was
admitted."""
_TEXTS = ("mode", "since", "reason", "headroom", "fleetUser")
_REMEDIES = {
    "open": "",
    "fleet-only": "Add the cluster to the sites file of the fleet and run its `pulumi up`",
    "closed": "Remove clusters or projects, or enlarge the pod network (python -m capacity says how), "
    "and run `pulumi up` of the server's stack",
}


def spec(state: Mapping[str, Any]) -> dict[str, Any]:
    """The ``spec`` of the ValidatingAdmissionPolicy.

    Args:
        state: The verdict: mode, since, reason, headroom and fleetUser.
    """
    texts = {key: str(state[key]) for key in _TEXTS}
    texts["remedy"] = _REMEDIES[texts["mode"]]
    # A string of JSON is one of CEL.
    constants = [
        {"name": key, "expression": json.dumps(text, ensure_ascii=False)} for key, text in texts.items()
    ]
    fleet = (
        "request.userInfo.username == variables.fleetUser && "
        f"has(object.metadata.annotations) && '{FLEET}' in object.metadata.annotations"
    )
    return {
        "failurePolicy": "Fail",
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
        "variables": [*constants, {"name": "fleet", "expression": fleet}],
        "validations": [
            {
                "expression": "variables.mode == 'open' || "
                "(variables.mode == 'fleet-only' && variables.fleet)",
                "reason": "Forbidden",
                "messageExpression": "'the sprawl brake is ' + variables.mode + ' since ' + "
                "variables.since + ': ' + variables.reason + '; ' + variables.headroom + "
                "'. ' + variables.remedy",
            }
        ],
    }


def state(policy: object) -> dict[str, str] | None:
    """The verdict in the ``spec`` of a policy; None if there is none that can be read."""
    variables = policy.get("variables") if isinstance(policy, Mapping) else None
    found = {}
    for item in variables if isinstance(variables, list) else ():
        if isinstance(item, Mapping) and item.get("name") in _TEXTS:
            found[str(item["name"])] = _constant(item.get("expression"))
    return found if "mode" in found else None


def _constant(expression: object) -> str:
    """The text of a constant; somebody's hand may have written it in CEL's single quotes."""
    text = str(expression)
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip().strip("'")
