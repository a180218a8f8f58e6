"""Pod subnets over imported clusters as a picture: what the plan takes, what the network holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capacity.model.assessment import POD_SUBNETS, Limit, assess, namespaces_an_import, with_imports
from capacity.model.blocks import rescaled
from capacity.model.plan import CapacityError, Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which colour-blind people can tell apart; the dashes do it in grey print.
_STYLES: tuple[tuple[str, Any], ...] = (
    ("#000000", "-"),
    ("#0072b2", "--"),
    ("#d55e00", "-."),
    ("#009e73", ":"),
    ("#cc79a7", (0, (5, 1, 1, 1))),
    ("#56b4e9", (0, (8, 3))),
    ("#e69f00", (0, (1, 3))),
)
_COMPARED = (24, 25, 26, 27)
_FORMATS = (".png", ".svg")
_GREY = "#555555"
_TOP = 140


@dataclass(frozen=True)
class Curve:
    """Pod subnets of a plan with one prefix; a line, for each import costs the same.

    Attributes:
        start: The limit without imported clusters.
        cost: Subnets that an imported cluster takes.
    """

    start: Limit
    cost: int

    @classmethod
    def of(cls, plan: Plan, prefix: int) -> Curve:
        """The curve of a plan as if its pod subnets had that prefix."""
        empty = with_imports(replace(plan, network=rescaled(plan.network, prefix)), 0)
        importer = next(demand for demand in empty.demands if demand.rancher_version is not None)
        return cls(assess(empty).limit(POD_SUBNETS), namespaces_an_import(importer))

    @property
    def exhausted(self) -> float | None:
        """Imported clusters at which nothing is left but the reserve; None: it is never left."""
        return self.start.headroom / self.cost if self.start.headroom >= 0 else None

    @property
    def label(self) -> str:
        """What the legend says."""
        most = max(self.start.headroom // self.cost, 0)
        return f"{self.start.capacity} subnets, {most} clusters"

    def share(self, imports: float) -> float:
        """Percent of the subnets that are taken."""
        return 100 * (self.start.used + self.start.planned + imports * self.cost) / self.start.capacity


def prefixes_for(plan: Plan) -> tuple[int, ...]:
    """Prefixes worth comparing: the plan's and the usual ones that its blocks can be cut into."""
    shortest = max(block.prefix for block in plan.network.blocks)
    usual = {prefix for prefix in _COMPARED if prefix >= shortest}
    return tuple(sorted(usual | {plan.network.subnet_prefix}))


def draw(plan: Plan, prefixes: tuple[int, ...], path: Path, *, imports: int | None = None) -> None:
    """Write the picture; its format is that of the path (``.svg`` or ``.png``).

    Args:
        plan: The plan; the imported clusters of its first Rancher are the axis, and those planned are marked.
        prefixes: Pod subnet prefixes to compare, one curve each.
        path: Where to write.
        imports: Right end of the axis; chosen from the plan when None.

    Raises:
        CapacityError: Another format, more prefixes than can be told apart, or one that no block has.
        OSError: It cannot be written.
    """
    prefixes = tuple(dict.fromkeys(prefixes))
    if path.suffix not in _FORMATS:
        raise CapacityError(f"{path}: the picture is {' or '.join(_FORMATS)}; name it so")
    if len(prefixes) > len(_STYLES):
        raise CapacityError(
            f"prefixes: {len(prefixes)} are given, but only {len(_STYLES)} can be told apart; compare fewer"
        )
    curves = {prefix: Curve.of(plan, prefix) for prefix in prefixes}
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only wanted here

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "rancher-on-pks"  # the same picture for the same plan
    mpl.rcParams["svg.fonttype"] = "none"  # text that can be searched
    planned = next(demand.imported_clusters for demand in plan.demands if demand.rancher_version is not None)
    end = imports or max(2 * planned, 2 * (assess(with_imports(plan, 0)).max_imports or 0), 20)
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    try:
        _curves(axes, curves, end)
        _limits(axes, plan, end)
        if planned:
            axes.axvline(planned, color=_GREY, linewidth=1)
            axes.text(planned, 2, f" plan: {planned}", color=_GREY)
        axes.set(xlim=(0, end), ylim=(0, _TOP), xlabel="imported clusters", ylabel="pod subnets taken (%)")
        blocks = ", ".join(block.cidr for block in plan.network.blocks)
        axes.set_title(f"Pod IP block {blocks} by pod subnet prefix")
        figure.legend(title="pod_subnet_prefix", loc="outside lower center", ncols=2, fontsize="small")
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    finally:
        plt.close(figure)


def _curves(axes: Axes, curves: dict[int, Curve], end: int) -> None:
    for (prefix, curve), (colour, dashes) in zip(curves.items(), _STYLES, strict=False):
        shares = [curve.share(0), curve.share(end)]
        label = f"/{prefix}: {curve.label}"
        axes.plot([0, end], shares, color=colour, linestyle=dashes, linewidth=1.8, label=label)
        if curve.exhausted is not None and curve.exhausted <= end:
            at = (curve.exhausted, curve.share(curve.exhausted))
            axes.plot(*at, marker="x", markersize=9, markeredgewidth=2, color=colour)
            most = str(int(curve.exhausted))
            axes.annotate(most, at, xytext=(7, -13), textcoords="offset points", color=colour)


def _limits(axes: Axes, plan: Plan, end: int) -> None:
    """What others use, the end of the subnets, the reserve, and where another limit is hit before."""
    empty = assess(with_imports(plan, 0))
    subnets = empty.limit(POD_SUBNETS)
    axes.axhline(100, color=_GREY, linewidth=1.5)
    axes.text(end, 101, "exhausted", ha="right", va="bottom", color=_GREY)
    if plan.network.reserve_percent:
        free = 100 - plan.network.reserve_percent
        axes.axhline(free, color=_GREY, linewidth=1, linestyle=":")
        axes.text(end, free + 1, "reserve", ha="right", va="bottom", color=_GREY)
    if subnets.used:
        axes.axhspan(0, 100 * subnets.used / subnets.capacity, color="#dddddd", hatch="//", linewidth=0)
        axes.text(end, 2, "used by others", ha="right", color=_GREY)
    for limit in empty.limits:
        left = limit.imports_left()
        if limit.name != POD_SUBNETS and left is not None and 0 <= left <= end:
            axes.axvline(left, color=_GREY, linewidth=1, linestyle="--")
            axes.text(left, 120, f"{limit.name}: {left} ", ha="right", va="center", color=_GREY)
