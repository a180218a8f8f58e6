"""Which Helm release is Rancher, and which version of it."""

from __future__ import annotations

import re

from pulumi_policy import ResourceValidationArgs

from domain.rancher_releases import Release, release
from policy.reading import value

_CHARTS = ("rancher", "rancher-prime")
_ARCHIVE = re.compile(r"-v?\d[\w.+-]*\.t(ar\.)?gz$")


def is_rancher(args: ResourceValidationArgs) -> bool:
    """Whether a release is of Rancher's chart; while the chart is unknown, the release's name tells."""
    chart = value(args.props, "chart")
    if isinstance(chart, str):
        return _ARCHIVE.sub("", chart.rstrip("/").rpartition("/")[2]) in _CHARTS
    return value(args.props, "name") in _CHARTS


def version(args: ResourceValidationArgs) -> Release | None:
    """The release of Rancher; None while its version is unknown or invalid."""
    found = value(args.props, "version")
    try:
        return release(found) if isinstance(found, str) else None
    except ValueError:
        return None
