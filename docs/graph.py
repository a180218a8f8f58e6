"""Draws a stack's dependencies from its state: ``pulumi stack export | python docs/graph.py [--check]``.

The graph in ``docs/architecture.md`` is of the lab's stack. Each box is a component, or a resource outside of
components; an arrow points to what depends on it. Arrows that others imply are omitted.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import console

PAGE = Path(__file__).with_name("architecture.md")
_GRAPH = re.compile(r"(?<=<!-- graph -->\n).*?(?=<!-- /graph -->)", re.DOTALL)
_ENGINE_TYPES = ("pulumi:pulumi:Stack", "pulumi:providers:")

Edges = dict[str, set[str]]
"""Name of a box to the names of the boxes on which it depends."""


def edges(resources: Sequence[Mapping[str, Any]]) -> Edges:
    """The direct dependencies of each box."""
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
    """The graph as a Mermaid block."""
    lines = [f"  {needed} --> {box}" for box in found for needed in sorted(found[box])]
    return "\n".join(["```mermaid", "flowchart TD", *sorted(lines), "```", ""])


def _boxes(resources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """URN of each resource, with the name of its outermost component."""
    parents = {resource["urn"]: resource.get("parent", "") for resource in resources}
    stack = next(urn for urn, parent in parents.items() if not parent and "pulumi:pulumi:Stack" in urn)
    for resource in resources:
        urn = resource["urn"]
        if parents[urn] == stack and resource["type"].startswith(_ENGINE_TYPES):
            continue
        while parents.get(urn) and parents[urn] != stack:
            urn = parents[urn]
        if parents.get(urn) == stack:
            yield resource["urn"], urn.rpartition("::")[2]


def _direct(found: Edges, box: str) -> set[str]:
    """The dependencies of a box that none of its other dependencies has."""
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
    """Write the graph into the page, or with ``--check`` fail when it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the graph is stale")
    check = parser.parse_args().check
    graph = mermaid(edges(json.load(sys.stdin)["deployment"]["resources"]))
    page = PAGE.read_text()
    if check:
        return 0 if graph in page else 1
    PAGE.write_text(_GRAPH.sub(lambda _: graph, page))
    return 0


if __name__ == "__main__":
    console.run(main)
