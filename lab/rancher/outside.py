"""What others do to Rancher's custom resources with ``kubectl``: Rancher's controllers act on it.

Projects and clusters that are created or deleted get or lose their namespaces. Other changes by others are
not noticed, and are overwritten with the next change that Rancher makes.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab.rancher import clusters, kinds, projects
from lab.rancher.context import Context
from lab.rancher.kinds import RECORD, Kind
from lab.rancher.state import LOCAL, Object

KINDS = (kinds.CLUSTERS, kinds.PROJECTS)
"""The kinds that are watched."""


def accept(context: Context, kind: Kind, found: Mapping[str, Object], place: str) -> None:
    """Brings the state in line with one object.

    Args:
        context: Rancher.
        kind: Kind of the object.
        found: All objects of the kind by ``namespace/name``, or name.
        place: Key of the object; it is deleted if ``found`` lacks it.
    """
    key = place.replace("/", ":")
    records = getattr(context.state, kind.field)
    item = found.get(place)
    if item is None:
        if key in records and key != LOCAL:
            _deleted(context, kind, records[key])
    elif key not in records and RECORD not in (item["metadata"].get("annotations") or {}):
        _created(context, kind, key, item)
    else:
        return
    context.commit()


def _created(context: Context, kind: Kind, key: str, item: Object) -> None:
    title = (item.get("spec") or {}).get("displayName") or item["metadata"]["name"]
    if kind is kinds.CLUSTERS:
        clusters.adopt(context, key, title)
    else:
        cluster_id, _, name = key.partition(":")
        projects.adopt(context, cluster_id, name, title)


def _deleted(context: Context, kind: Kind, record: Object) -> None:
    if kind is kinds.PROJECTS:
        projects.drop(context, record)
    elif record["removed"] is None:
        clusters.forget(context, record)
