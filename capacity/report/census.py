"""A census of a live Rancher as a table and as JSON, beside what the model expects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from capacity.model.census import Census
from domain import rancher_growth as growth

_HEADER = ("", "here", "by the model")


def as_table(census: Census) -> str:
    """Figures, what differs from the table of releases, and the line for it."""
    rows = [_HEADER, *((name, _shown(here), model) for name, here, model in _figures(census))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    ]
    return "\n".join([f"Rancher {_version(census)}: {_counts(census)}.", "", *lines, "", *_remarks(census)])


def as_json(census: Census) -> str:
    """All figures."""
    expected = census.counts.cost
    document = {
        **asdict(census),
        "version": _version(census),
        "documented_role_bindings": census.documented_role_bindings,
        "model": {
            "role_bindings": _rounded(growth.ROLE_BINDINGS_AT_START + expected.role_bindings),
            "cluster_role_bindings": _rounded(
                growth.CLUSTER_ROLE_BINDINGS_AT_START + expected.cluster_role_bindings
            ),
            "further_keys": _rounded(expected.keys),
            "further_etcd_mb": _rounded(expected.etcd_mb),
        },
    }
    return json.dumps(document, indent=2)


def _figures(census: Census) -> Iterator[tuple[str, float | None, str]]:
    """Name, measured figure, and the model's."""
    stored, expected, known = census.stored, census.counts.cost, census.known
    each = census.counts.clusters * known.registered
    yield "namespaces in all", census.namespaces, ""
    yield "namespaces of Rancher itself", len(census.fixed), str(known.fixed or "unknown")
    yield "namespaces of imported clusters", census.registered, str(each if known.fixed else "unknown")
    yield "namespaces of connected agents", census.connected, ""
    bindings = growth.ROLE_BINDINGS_AT_START + expected.role_bindings
    yield "role bindings", stored.role_bindings, str(_rounded(bindings))
    of_cluster = growth.CLUSTER_ROLE_BINDINGS_AT_START + expected.cluster_role_bindings
    yield "cluster role bindings", stored.cluster_role_bindings, str(_rounded(of_cluster))
    yield "keys in etcd", stored.keys, f"{_rounded(expected.keys)} and those of the start"
    size = None if stored.etcd_bytes is None else round(stored.etcd_bytes / 2**20, 1)
    yield "MB in etcd", size, f"{_rounded(expected.etcd_mb)} and those of the start"


def _remarks(census: Census) -> Iterator[str]:
    yield (
        "Keys are the objects of all kinds; the size is that of etcd's file, by the API server's metrics. "
        f"SUSE documents at least {census.documented_role_bindings:,} role bindings, those in the imported "
        "clusters included."
    )
    if census.leaked:
        yield f"Left behind by deleted clusters: {', '.join(census.leaked)}."
    if census.applications:
        yield f"Neither the cluster's nor Rancher's: {', '.join(census.applications)}."
    known = set(census.known.names)
    if known:
        more, fewer = sorted(set(census.fixed) - known), sorted(known - set(census.fixed))
        differences = [
            *([f"here and not in the table: {', '.join(more)}"] if more else []),
            *([f"in the table and not here: {', '.join(fewer)}"] if fewer else []),
        ]
        yield f"The table of releases: {'; '.join(differences) or 'no difference'}."
    try:
        yield f"The line for domain/rancher_namespaces.py:\n{census.row}"
    except ValueError as error:
        yield f"No line for domain/rancher_namespaces.py: {error}."


def _version(census: Census) -> str:
    version = census.version
    return f"{version.major}.{version.minor}.{version.patch}"


def _counts(census: Census) -> str:
    counts = census.counts
    return (
        f"{counts.clusters} imported clusters, {counts.projects} further projects, {counts.users + 1} users, "
        f"{counts.cluster_members} memberships in clusters and {counts.project_members} in projects"
    )


def _shown(figure: float | None) -> str:
    return "unknown" if figure is None else f"{figure:,}"


def _rounded(figure: Any) -> float:
    """One digit after the point, if it is not zero."""
    found = round(float(figure), 1)
    return int(found) if found.is_integer() else found
