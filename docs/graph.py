"""Draws what waits for what, from a stack's state: ``pulumi stack export | python docs/graph.py [--check]``.

The picture in ``docs/architecture.md`` is of the lab's stack. Each box is a component or a lone resource; an
arrow leads to what needs it. Arrows that others imply are left out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("architecture.md")
_DRAWN = re.compile(r"(?<=<!-- graph -->\n).*?(?=<!-- /graph -->)", re.DOTALL)
_ENGINES_OWN = ("pulumi:pulumi:Stack", "pulumi:providers:")

Edges = dict[str, set[str]]
"""A box's name to those of the boxes that it waits for."""


def edges(resources: Sequence[Mapping[str, Any]]) -> Edges:
    """What each component waits for, without what follows from the rest."""
    boxes = dict(_boxes(resources))
    found: Edges = {box: set() for box in boxes.values()}
    for resource in resources:
        box = boxes.get(resource["urn"])
        if box is None:
            continue
        of_properties = resource.get("propertyDependencies", {}).values()
        needed = {*resource.get("dependencies", []), *(urn for urns in of_properties for urn in urns or [])}
        needed.add(resource.get("provider", "").rpartition("::")[0])
        found[box] |= {boxes[urn] for urn in needed if urn in boxes} - {box}
    return {box: _direct(found, box) for box in found}


def mermaid(found: Edges) -> str:
    """The picture as a Mermaid block."""
    lines = [f"  {needed} --> {box}" for box in found for needed in sorted(found[box])]
    return "\n".join(["```mermaid", "flowchart TD", *sorted(lines), "```", ""])


def _boxes(resources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each resource's URN with the name of the outermost component that holds it."""
    parents = {resource["urn"]: resource.get("parent", "") for resource in resources}
    stack = next(urn for urn, parent in parents.items() if not parent and "pulumi:pulumi:Stack" in urn)
    for resource in resources:
        urn = resource["urn"]
        if parents[urn] == stack and resource["type"].startswith(_ENGINES_OWN):
            continue
        while parents.get(urn) and parents[urn] != stack:
            urn = parents[urn]
        if parents.get(urn) == stack:
            yield resource["urn"], urn.rpartition("::")[2]


def _direct(found: Edges, box: str) -> set[str]:
    """What a box waits for and nothing else that it waits for does."""
    implied: set[str] = set()
    for needed in found[box]:
        reached, left = set[str](), list(found[needed])
        while left:
            name = left.pop()
            if name not in reached:
                reached.add(name)
                left += found[name]
        implied |= reached
    return found[box] - implied


def main() -> int:
    """Put the picture into the page, or with ``--check`` tell whether it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the picture is stale")
    check = parser.parse_args().check
    picture = mermaid(edges(json.load(sys.stdin)["deployment"]["resources"]))
    page = PAGE.read_text()
    if check:
        return 0 if picture in page else 1
    PAGE.write_text(_DRAWN.sub(lambda _: picture, page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
