"""What answers at Rancher's host name say: about the way to Rancher, and about its own cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PING_MEANINGS = {
    404: "nobody serves /ping of {hostname}: check Rancher's Ingress",
    502: "nginx cannot connect to Rancher's pods: see their log",
    503: "Rancher's Service has no ready pod: see kubectl get pods -l app=rancher",
    504: "Rancher's pods do not answer in time: see their log",
}


def is_pong(status: int, body: str) -> bool:
    """Whether Rancher gave this answer to ``/ping``."""
    return status == 200 and body.strip() == "pong"


def ping_meaning(status: int, hostname: str) -> str:
    """Why an answer to ``/ping`` is not Rancher's; it is not quoted: anybody may give it."""
    other = "the answer is not 'pong': another server than Rancher gave it"
    return f"status {status}: {_PING_MEANINGS.get(status, other).format(hostname=hostname)}"


def has_no_rule(status: int, body: str) -> bool:
    """Whether nginx itself (or its default backend) found no rule, rather than Rancher no page."""
    from_nginx = "default backend - 404" in body or "<center>nginx" in body or not body.strip()
    return status == 404 and from_nginx


def cluster_state(cluster: Mapping[str, Any]) -> str:
    """State of a cluster in Rancher in words, with the conditions that are not met."""
    message = str(cluster.get("transitioningMessage") or "no message")
    missing = [
        f"{item['type']} is {item.get('status', 'Unknown')}"
        for item in cluster.get("conditions") or []
        if item.get("status") != "True"
    ]
    return "; ".join([f"{cluster.get('state') or 'no state'}: {message}", *missing])
