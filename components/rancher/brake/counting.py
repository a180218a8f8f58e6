"""What Rancher's own cluster has now, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi

from capacity.model import figures
from capacity.model.brake import Live, Verdict, decide, scarcest
from capacity.model.plan import CapacityError
from components.kubernetes import api as kubernetes_api
from components.rancher.first_login import USER
from components.runtime.errors import ProviderError
from domain.rancher_quota import OWN_PROJECTS

_MANAGEMENT = "/apis/management.cattle.io/v3"
_LOCAL = "local"


def count(kubeconfig: str) -> tuple[Live, str]:
    """What there is, and the id of the user whose token the stack gives out.

    Raises:
        ProviderError: The cluster cannot be read.
    """
    with kubernetes_api.client(kubeconfig) as kubernetes:
        namespaces = [item["metadata"]["name"] for item in kubernetes.list("/api/v1/namespaces")]
        clusters, projects, users = (
            kubernetes.list(f"{_MANAGEMENT}/{kind}") for kind in ("clusters", "projects", "users")
        )
    names = {item["metadata"]["name"] for item in users}
    live = Live(
        namespaces=len(namespaces),
        clusters=sum(item["metadata"]["name"] != _LOCAL for item in clusters),
        projects=max(len(projects) - OWN_PROJECTS * len(clusters), 0),
        preferences=sum(name in names for name in namespaces),
    )
    fleet = next((item["metadata"]["name"] for item in users if item.get("username") == USER), "")
    return live, fleet


def judge(
    kubeconfig: str, document: Mapping[str, Any], before: Mapping[str, Any], *, close: int, reopen: int
) -> dict[str, Any]:
    """The state of the brake, as the stack's output has it.

    Args:
        kubeconfig: Access to Rancher's cluster.
        document: Figures of the plan.
        before: The state of the last update; empty before the first.
        close: Percent from which on it closes.
        reopen: Percent down to which it stays closed.

    Raises:
        RunError: The cluster cannot be counted, and there is no earlier verdict.
    """
    previous, now = Verdict.of(before), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        live, user = count(kubeconfig)
        use = scarcest(figures.from_document(document), live, now)
    except (ProviderError, CapacityError) as error:
        if previous is None:
            raise pulumi.RunError(
                f"sprawlBrake: what Rancher's cluster takes cannot be counted: {error}"
            ) from None
        pulumi.log.warn(f"sprawl brake: stays {previous.mode}, because it cannot be counted now: {error}")
        return dict(before)
    verdict = decide(previous, use, close=close, reopen=reopen, now=now)
    if verdict.mode == "closed":
        pulumi.log.warn(f"sprawl brake: closed since {verdict.since}: {verdict.reason}")
    return {**vars(verdict), "fleetUser": user}
