"""What the ``bosh`` CLI prints with ``--json`` (``ui/json_ui.go`` and ``cmd/instance_table.go``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from domain.documents import shortened
from domain.shapes import Shape, check

Failure = Literal["unknown deployment", "rejected", "untrusted", "transient", "other"]

_STATUS = "status code '{}'"
_FAILURES: Mapping[Failure, re.Pattern[str]] = {
    "unknown deployment": re.compile(rf"{_STATUS.format(404)}|Deployment '[^']*' doesn't exist"),
    "rejected": re.compile(_STATUS.format("40[13]")),
    "untrusted": re.compile(r"x509: |certificate (is not trusted|signed by unknown)", re.I),
    "transient": re.compile(
        "connection (refused|reset)|timed? ?out|unexpected EOF|no route to host|temporary failure"
        # The last is a status 502 to 504, after the CLI's own retries.
        f"|{_STATUS.format('50[0234]')}|Retry: <nil cause>",
        re.I,
    ),
}
_SHAPE: Shape = {"Tables": [{"Rows": [{str: str}]}], "Blocks": [str], "Lines": [str]}
_FRAME = re.compile(
    r"Using (environment|deployment) |Task \d+|\. Done$|Exit code \d|Succeeded$|Deployment '[^']*'$"
)


def vms(document: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    """CIDs of the VMs by instance group, sorted, and the instances without a VM.

    Args:
        document: Of ``bosh vms``. Rows are read by key: newer CLIs have more columns (``stemcell``).

    Raises:
        ShapeError: It is no document of this CLI.
    """
    check(document, _SHAPE)
    groups: dict[str, list[str]] = {}
    without: list[str] = []
    for row in (row for table in document.get("Tables") or [] for row in table.get("Rows") or []):
        instance, cid = str(row.get("instance", "")), str(row.get("vm_cid", ""))
        if row.get("active") == "false":
            continue  # is about to be replaced by an active VM
        if cid in {"", "-"}:
            without.append(instance)
        else:
            groups.setdefault(instance.partition("/")[0], []).append(cid)
    return {group: sorted(cids) for group, cids in groups.items()}, without


def reason(document: Mapping[str, Any], text: str) -> str:
    """Why the CLI failed: with ``--json`` it is in the document, else in the plain text.

    Raises:
        ShapeError: It is no document of this CLI.
    """
    check(document, _SHAPE)
    # A failed task's own reason is among the blocks.
    lines = [*(document.get("Lines") or []), *(document.get("Blocks") or [])] or [text]
    words = " ".join(line for line in lines if not _FRAME.match(line.strip())).split()
    return shortened(" ".join(words))


def failure(text: str) -> Failure:
    """What kind of failure a reason is of."""
    return next((kind for kind, pattern in _FAILURES.items() if pattern.search(text)), "other")
