"""Which Helm release is Rancher, and what its version's chart has."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pulumi_policy import ResourceValidationArgs

from domain.rancher_releases import release
from policy.reading import text

_CHARTS = ("rancher", "rancher-prime")
_ARCHIVE = re.compile(r"-v?\d[\w.+-]*\.t(ar\.)?gz$")


def chart_name(props: Mapping[str, object]) -> str | None:
    """Name of a release's chart, without repository, version and suffix; None while it is unknown.

    Raises:
        WrongTypeError: It is not a text.
    """
    chart = text(props, "chart")
    if not isinstance(chart, str):
        return None
    return _ARCHIVE.sub("", chart.rstrip("/").rpartition("/")[2])


def is_rancher(args: ResourceValidationArgs) -> bool:
    """Whether a release is of Rancher's chart; while the chart is unknown, the release's name decides."""
    return (chart_name(args.props) or text(args.props, "name")) in _CHARTS


def has_ingress_switch(args: ResourceValidationArgs) -> bool:
    """Whether only ``ingress.enabled: false`` keeps the chart from an Ingress; False: version unknown."""
    version = text(args.props, "version")
    try:
        return isinstance(version, str) and release(version).has_ingress_switch
    except ValueError:
        return False
