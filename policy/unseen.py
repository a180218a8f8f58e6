"""Namespaces that a preview does not show: of Helm charts, and of manifests that a plugin renders later.

The Kubernetes plugin names the objects of a release (``resourceNames``) once they exist, never at preview:
its check removes them from the inputs, and a preview has a placeholder. So a chart that is not known to
create none needs a figure in the configuration of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pulumi_policy import PolicyResource

from domain import type_tokens as kinds
from policy.demand import chart_namespaces
from policy.helm_release import chart_name
from policy.reading import WrongTypeError, integer

UNSEEN_SCHEMA = {
    "type": "object",
    "default": {},
    "additionalProperties": {"type": "integer", "minimum": 0},
    "description": (
        "Namespaces that a preview does not show, 0 for none: by name of the chart for a Helm release, by "
        "name of the resource for a ConfigFile, ConfigGroup, Chart or Directory of the Kubernetes plugin "
        "that has no objects yet."
    ),
}

_KEY = "unseenNamespaces"
_KNOWN = {"rancher": 0, "rancher-prime": 0, "ingress-nginx": 0, "nginx-ingress": 0}
"""Charts that the program installs. None of their templates creates a namespace."""


_CHARTS: dict[str, str] = {}
"""Name of each release's chart by the release's URN, see ``remember_chart``."""


def remember_chart(urn: str, inputs: Mapping[str, object]) -> None:
    """Remember the chart of a release that is judged alone, before the stack is.

    At the preview that creates the cluster, a stack has no property of the releases in it: their provider
    cannot be configured yet. The engine asks one process of the pack for both judgements.

    Raises:
        WrongTypeError: The chart is not a text.
    """
    if name := chart_name(inputs):
        _CHARTS[urn] = name


def unseen(resources: Sequence[PolicyResource], given: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """Namespaces that no resource shows, and messages about those that nobody declared.

    Args:
        resources: The stack.
        given: Figures of the policy's configuration, see ``UNSEEN_SCHEMA``.

    Yields:
        A number of namespaces with a message, which may be empty.

    Raises:
        WrongTypeError: A figure is not a whole number.
    """
    figures = {**_KNOWN, **{name: _figure(given, name) for name in given}}
    parents = {item.parent.urn for item in resources if item.parent is not None}
    for item in resources:
        try:
            if item.resource_type in kinds.RELEASES:
                yield _of_release(item, figures)
            elif item.resource_type in kinds.RENDERED and item.urn not in parents:
                yield _of_component(item, figures)
        except WrongTypeError as error:
            yield 0, f"{item.name}: {error}"


def _of_release(item: PolicyResource, figures: Mapping[str, int]) -> tuple[int, str]:
    chart = chart_name(item.props) or _CHARTS.get(item.urn) or item.name
    listed, declared = chart_namespaces(item.props), figures.get(chart)
    if listed is None and declared is None:
        return 0, (
            f"release {item.name!r}: a preview does not show which namespaces chart {chart!r} creates. "
            "Count them (`helm template` prints the objects with `kind: Namespace`), and declare the number, "
            "0 for none, in the configuration of policy pod-network-stack: "
            f'{{"unseenNamespaces": {{"{chart}": 0}}}}'
        )
    if listed is not None and declared is not None and len(listed) > declared:
        return 0, (
            f"release {item.name!r}: chart {chart!r} has created {len(listed)} namespaces "
            f"({', '.join(listed)}), {declared} are declared. Correct unseenNamespaces in the configuration "
            "of policy pod-network-stack"
        )
    return max((declared or 0) - len(listed or ()), 0), ""


def _of_component(item: PolicyResource, figures: Mapping[str, int]) -> tuple[int, str]:
    if item.name in figures:
        return figures[item.name], ""
    return 0, (
        f"{item.resource_type.rpartition(':')[2]} {item.name!r} shows no objects yet: its inputs or its "
        "cluster are unknown at preview. Declare the number of namespaces that it creates, 0 for none, in "
        f'the configuration of policy pod-network-stack: {{"unseenNamespaces": {{"{item.name}": 0}}}}'
    )


def _figure(given: Mapping[str, object], name: str) -> int:
    found = integer({_KEY: given}, _KEY, name)
    if not isinstance(found, int) or found < 0:
        raise WrongTypeError((_KEY, name), "a whole number, 0 or more", given[name])
    return found
