"""Which Helm release is Rancher, and which version of it."""

from __future__ import annotations

import re

from pulumi_policy import ResourceValidationArgs

from policy.reading import value

_CHARTS = ("rancher", "rancher-prime")
_ARCHIVE = re.compile(r"-v?\d[\w.+-]*\.t(ar\.)?gz$")


def is_rancher(args: ResourceValidationArgs) -> bool:
    """Whether a release is of Rancher's chart; while the chart is unknown, the release's name tells."""
    chart = value(args.props, "chart")
    if isinstance(chart, str):
        return _ARCHIVE.sub("", chart.rstrip("/").rpartition("/")[2]) in _CHARTS
    return value(args.props, "name") in _CHARTS


def version(args: ResourceValidationArgs) -> tuple[int, ...] | None:
    """Version of the release's chart; None when it is not known or not told."""
    found = value(args.props, "version")
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", found) if isinstance(found, str) else None
    return tuple(int(number) for number in match.groups()) if match else None
