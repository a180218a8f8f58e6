"""``SprawlBrake``: denies clusters and projects that nobody planned, by means of Kubernetes and Rancher."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.capacity.own_outputs import own_outputs
from components.kubernetes.objects import KubernetesObject
from components.rancher.brake import admission, counting
from components.rancher.brake.roles import BrakeRoles
from components.rancher.endpoint import RancherEndpointArgs
from domain.rancher_quota import OF_LOCAL, hard

OUTPUT = "sprawlBrake"
"""The stack's output with the state, from which the next update knows whether it was closed."""
_LOCAL = "local"
_QUOTA_TIMEOUT = "300s"
"""Kubernetes looks for new countable kinds every 30 s; until then a quota counts nothing."""
_UNCOUNTED = "sprawlBrake has no admission: whoever may import by Rancher's roles does"


@dataclass(frozen=True, kw_only=True)
class SprawlBrakeArgs:
    """A Rancher that answers, and what is to be denied there.

    Attributes:
        measures: Of ``roles``, ``quota``, ``admission``.
        endpoint: Where Rancher is reached.
        token: API token of an administrator. Secret.
        kubeconfig: Of Rancher's cluster. Secret.
        planned_projects: Projects that the plan has besides Default and System; None: no plan, no quota.
        figures: Figures of the plan, for ``admission``.
        close_percent: Percent of the scarcest limit from which on nobody may import.
        open_percent: Percent down to which that stays so.
    """

    measures: tuple[str, ...]
    endpoint: RancherEndpointArgs
    token: pulumi.Input[str] = field(repr=False)
    kubeconfig: pulumi.Input[str] = field(repr=False)
    planned_projects: int | None = None
    figures: pulumi.Input[Mapping[str, Any]] | None = None
    close_percent: int = 95
    open_percent: int = 90


class SprawlBrake(pulumi.ComponentResource):
    """The brake (type ``rancher-on-pks:rancher:SprawlBrake``).

    Produces by measure: ``roles`` a BrakeRoles; ``quota`` a ResourceQuota in the namespace ``local``;
    ``admission`` a ValidatingAdmissionPolicy with the verdict, and its binding. The options must name the
    cluster's Kubernetes provider, and depend on a Rancher that accepts clusters.

    Attributes:
        state: The stack's output ``sprawlBrake``.
    """

    state: pulumi.Output[Mapping[str, Any]]

    def __init__(self, name: str, args: SprawlBrakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the component."""
        super().__init__("rancher-on-pks:rancher:SprawlBrake", name, None, opts)
        child_opts = pulumi.ResourceOptions(parent=self, deleted_with=opts.deleted_with if opts else None)
        state: dict[str, pulumi.Input[Any]] = {"measures": list(args.measures), "memberRole": ""}
        if "roles" in args.measures:
            state["memberRole"] = BrakeRoles(
                f"{name}-roles", endpoint=args.endpoint, token=args.token, opts=child_opts
            ).member_role
        if "quota" in args.measures and args.planned_projects is not None:
            _quota(name, args.planned_projects, child_opts)
        verdict: pulumi.Input[Mapping[str, Any]] = {
            "mode": "open",
            "since": "",
            "reason": _UNCOUNTED,
            "headroom": "",
        }
        if "admission" in args.measures:
            verdict = self._verdict(args)
            admission.declare(name, pulumi.Output.from_input(verdict), child_opts)
        self.state = pulumi.Output.all(state, verdict).apply(lambda parts: {**parts[0], **parts[1]})
        self.register_outputs({"state": self.state})

    def _verdict(self, args: SprawlBrakeArgs) -> pulumi.Output[Mapping[str, Any]]:
        """Counted at each preview and update, once what this component depends on is there."""
        before = own_outputs().get(OUTPUT) or {}

        async def judged(known: list[Any]) -> Mapping[str, Any]:
            await self.urn.future()  # which an Output would make a dependency on the component's own children
            kubeconfig, figures = known
            limits = {"close": args.close_percent, "reopen": args.open_percent}
            return await asyncio.to_thread(counting.judge, kubeconfig, figures, before, **limits)

        found: pulumi.Output[Any] = pulumi.Output.all(args.kubeconfig, args.figures).apply(judged)
        return pulumi.Output.unsecret(found)


def _quota(name: str, planned_projects: int, opts: pulumi.ResourceOptions) -> None:
    """The plugin waits for the quota's status. Until Kubernetes counts the kind, nobody creates projects."""
    waited = pulumi.ResourceOptions(
        custom_timeouts=pulumi.CustomTimeouts(create=_QUOTA_TIMEOUT, update=_QUOTA_TIMEOUT)
    )
    KubernetesObject(
        f"{name}-quota",
        "v1",
        "ResourceQuota",
        metadata={"name": OF_LOCAL, "namespace": _LOCAL},
        body={"spec": {"hard": hard(planned_projects)}},
        opts=pulumi.ResourceOptions.merge(opts, waited),
    )
