"""Pod subnets over imported clusters as a picture: what the plan takes, what the blocks hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capacity.advice import rescaled
from capacity.assessment import POD_SUBNETS, assess, with_imports
from capacity.model import Plan

# Okabe and Ito's palette, which colour-blind people can tell apart; the dashes do it in grey print.
_STYLES = (
    ("#000000", "-"),
    ("#0072b2", "--"),
    ("#d55e00", "-."),
    ("#009e73", ":"),
    ("#cc79a7", (0, (5, 1, 1, 1))),
)
_STEPS = 60


def draw(plan: Plan, prefixes: tuple[int, ...], path: Path, *, imports: int | None = None) -> None:
    """Write the picture; its format is that of the path (``.svg`` or ``.png``).

    Args:
        plan: The plan; its imported clusters are marked.
        prefixes: Pod subnet prefixes to compare, one curve each.
        path: Where to write.
        imports: Right end of the axis; chosen from the plan when None.
    """
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only wanted here

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "rancher-on-pks"  # the same picture for the same plan
    mpl.rcParams["svg.fonttype"] = "none"  # text that can be searched
    planned = assess(plan).imported_clusters
    end = imports or max(2 * planned, 2 * (assess(plan).max_imports or 0), 20)
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for prefix, (colour, dashes) in zip(prefixes, _STYLES, strict=False):
        changed = replace(plan, network=rescaled(plan.network, prefix))
        counts = sorted({round(end * step / _STEPS) for step in range(_STEPS + 1)})
        limits = [assess(with_imports(changed, count)).limit(POD_SUBNETS) for count in counts]
        shares = [100 * limit.utilisation for limit in limits]
        most = assess(changed).max_imports or 0
        label = f"/{prefix}: {limits[0].capacity} subnets, {most} clusters"
        axes.plot(counts, shares, color=colour, linestyle=dashes, linewidth=1.8, label=label)
        if most <= end:
            axes.plot(most, 100, marker="x", markersize=9, markeredgewidth=2, color=colour)
            axes.annotate(str(most), (most, 100), xytext=(4, 6), textcoords="offset points", color=colour)
    axes.axhline(100, color="#555555", linewidth=1)
    axes.text(end, 101, "exhausted", ha="right", va="bottom", color="#555555")
    if planned:
        axes.axvline(planned, color="#999999", linewidth=1)
        axes.text(planned, 2, f" plan: {planned}", color="#555555")
    axes.set(xlim=(0, end), ylim=(0, 140), xlabel="imported clusters", ylabel="pod subnets taken (%)")
    blocks = ", ".join(block.cidr for block in plan.network.blocks)
    axes.set_title(f"Pod IP block {blocks} by pod subnet prefix")
    axes.legend(title="pod_subnet_prefix", loc="upper left", frameon=False)
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
