"""The picture is readable: no text lies over another one or outside of the picture."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from capacity.model.plan import Block, Demand, Network, Plan
from capacity.report.plot import draw, prefixes_for

BLOCKS = tuple(Block(cidr=f"172.{number}.0.0/16") for number in range(16, 22))


def plan(imports: int, *, figures: dict[str, Any] | None = None, **network: Any) -> Plan:
    network = {"blocks": BLOCKS[:1], **network}
    demand = Demand(name="rancher", rancher_version="2.8", imported_clusters=imports, **(figures or {}))
    return Plan(network=Network(**network), demands=(demand,))


PLANS = {
    "article": plan(40),
    "reserve and others": plan(300, blocks=(replace(BLOCKS[0], subnets_used=31),), reserve_percent=10),
    "a thin band": plan(
        100_000, blocks=(replace(BLOCKS[0], subnets_used=40), *BLOCKS[1:]), reserve_percent=10
    ),
    "limits at the same place": plan(
        16, topology="dedicated", floating_ips=88, segment_limit=86, tier1_limit=86, reserve_percent=2
    ),
    "limits beside each other": plan(
        58, topology="dedicated", floating_ips=260, segment_limit=261, tier1_limit=255
    ),
    "limits of Rancher itself": plan(
        4000,
        blocks=(Block(cidr="10.0.0.0/10"),),
        reserve_percent=10,
        figures={"etcd_quota_mb": 1500, "users_per_cluster": 1},
    ),
    "all limits far beyond": plan(
        5000,
        floating_ips=100,
        segment_limit=98,
        tier1_limit=100,
        topology="dedicated",
        figures={"etcd_quota_mb": 5},
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_e5_no_text_lies_over_another(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(plt, "close", drawn.append)
    draw(PLANS[name], prefixes_for(PLANS[name]), tmp_path / "plan.png")
    monkeypatch.undo()
    [figure] = drawn
    try:
        figure.draw_without_rendering()
        [axes] = figure.axes
        end = axes.get_xlim()[1]
        texts = [
            *axes.texts,
            *(label for label in axes.get_xticklabels() if label.get_position()[0] <= end),
            axes.title,
            axes.xaxis.label,
        ]
        boxes = {
            f"{text.get_text()} at {text.get_position()}": text.get_window_extent()
            for text in texts
            if text.get_text()
        }
        for (first, one), (second, other) in itertools.combinations(boxes.items(), 2):
            assert not one.padded(-1).overlaps(other.padded(-1)), f"{first} lies over {second}"
        for text, box in boxes.items():
            assert figure.bbox.padded(1).containsx(box.x0), text
            assert figure.bbox.padded(1).containsx(box.x1), text
    finally:
        plt.close(figure)
