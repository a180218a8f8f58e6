"""Finds what causes a disagreement: removes from a plan what it can do without."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from bench.chains.rewriting import Plan


def shrink(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    """The smallest plan for which ``still`` holds that leaving out one thing at a time leads to."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            try:
                holds = still(candidate)
            except (KeyError, ValueError, TypeError, IndexError):
                continue
            if holds:
                plan, smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for place in ("sent", "trusted"):
        for number in range(len(plan[place])):
            candidate = copy.deepcopy(plan)
            del candidate[place][number]
            yield candidate
    for name in ("damage", "labels", "lineEnds", "keyForm"):
        if name in plan:
            yield {key: value for key, value in plan.items() if key != name}
    used = {*plan["sent"], *plan["trusted"], *(part.get("issuer") for part in plan["certificates"].values())}
    for name, part in plan["certificates"].items():
        if name not in used:
            candidate = copy.deepcopy(plan)
            del candidate["certificates"][name]
            yield candidate
        for key in part:
            if key not in ("subject", "key", "issuer", "ca"):
                candidate = copy.deepcopy(plan)
                del candidate["certificates"][name][key]
                yield candidate
        for key in ("names", "extensions"):
            for number in range(len(part.get(key, []))):
                candidate = copy.deepcopy(plan)
                del candidate["certificates"][name][key][number]
                yield candidate
