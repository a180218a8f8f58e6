"""The policies of the pack. The engine asks each one for each resource, so that rules share few of them."""

from __future__ import annotations

from pulumi_policy import Policy

from policy.guardrails import RANCHER_DESIGN
from policy.hosts import HOST_FAILURE
from policy.sprawl import POD_NETWORK
from policy.sprawl_stack import POD_NETWORK_STACK
from policy.trust import TRUSTED_CERTIFICATES
from policy.trust_stack import TRUSTED_CERTIFICATES_STACK

POLICIES: list[Policy] = [
    POD_NETWORK,
    POD_NETWORK_STACK,
    TRUSTED_CERTIFICATES,
    TRUSTED_CERTIFICATES_STACK,
    RANCHER_DESIGN,
    HOST_FAILURE,
]
