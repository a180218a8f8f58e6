"""Pod subnets over imported clusters as a picture: what the plan takes, what the network holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capacity.model.assessment import Assessment, assess
from capacity.model.blocks import rescaled
from capacity.model.limits import POD_SUBNETS
from capacity.model.limits.kind import Limit, with_reserve
from capacity.model.namespaces import imported, importer, with_imports
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
_SHADE = "#fff3d6"
_TOP = 150
_SHORTEST_AXIS = 20
_LABEL_ROWS = (143, 136, 129, 122, 115, 108)
"""Heights, in percent, of the labels of vertical lines, above the line at 100%."""
_LABEL_WIDTH = 0.3
"""Share of the axis that such a label may take."""
_NUMBER_WIDTH = 0.05
_NAMED_BLOCKS = 2
_THIN = 8
"""Percent of a band that is too low for its label, which then stands above it."""
_BOX = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
"""Keeps labels readable over lines."""


@dataclass(frozen=True)
class Curve:
    """Pod subnets of a plan with one prefix.

    Attributes:
        points: Imported clusters, and the limit with them, in order; straight lines connect them.
    """

    points: tuple[tuple[int, Limit], ...]

    @classmethod
    def of(cls, plan: Plan, prefix: int, end: int) -> Curve:
        """The curve of a plan with another prefix, up to ``end`` imported clusters."""
        used = sum(block.subnets_used for block in plan.network.blocks)
        # Set apart: with a shorter prefix others may use more than there is.
        network = rescaled(POD_SUBNETS.with_use(plan.network, None), prefix)
        first = importer(plan)
        others = imported(plan) - first.imported_clusters if first else 0  # their cost may differ

        def at(imports: int) -> Limit:
            limit = next(POD_SUBNETS.measure(replace(with_imports(plan, imports), network=network)))
            return with_reserve(replace(limit, used=used), network)

        return cls(tuple((imports, at(imports)) for imports in sorted({0, min(others, end), end})))

    @property
    def exhausted(self) -> float | None:
        """Imported clusters that leave only the reserve; None: without any there are too few subnets."""
        start, last = self.points[0], self.points[-1]
        if start[1].headroom < 0:
            return None
        for point in self.points[1:]:
            if point[1].headroom < 0:
                taken = start[1].headroom - point[1].headroom
                return start[0] + (point[0] - start[0]) * start[1].headroom / taken
            start = point
        return last[0] + last[1].headroom / last[1].per_import

    @property
    def label(self) -> str:
        """Text of the legend."""
        most = "too few for any" if self.exhausted is None else f"{int(self.exhausted)} clusters"
        return f"{self.points[0][1].capacity} subnets, {most}"


def prefixes_for(plan: Plan) -> tuple[int, ...]:
    """Prefixes worth comparing: the plan's and the usual ones that its blocks can be cut into."""
    shortest = max(block.prefix for block in plan.network.blocks)
    usual = {prefix for prefix in _COMPARED if prefix >= shortest}
    return tuple(sorted(usual | {plan.network.subnet_prefix}))


def draw(plan: Plan, prefixes: tuple[int, ...], path: Path) -> None:
    """Write the picture; its format is that of the path (``.svg`` or ``.png``).

    Args:
        plan: The plan. The axis is its imported clusters in all, as counted by ``with_imports``.
        prefixes: Pod subnet prefixes to compare, one curve each.
        path: Where to write.

    Raises:
        CapacityError: The format is unknown, there are too many prefixes to distinguish, or the blocks cannot
            be cut into one of them.
        OSError: It cannot be written.
    """
    prefixes = tuple(dict.fromkeys(prefixes))
    if path.suffix not in _FORMATS:
        raise CapacityError(f"{path}: unknown format. End its name with {' or '.join(_FORMATS)}")
    if len(prefixes) > len(_STYLES):
        raise CapacityError(
            f"prefixes: too many to distinguish ({len(prefixes)}). Compare {len(_STYLES)} at most"
        )
    assessment = assess(plan)
    end = _end(assessment, prefixes)
    curves = {prefix: Curve.of(plan, prefix, end) for prefix in prefixes}
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "rancher-on-pks"  # the same picture for the same plan
    mpl.rcParams["svg.fonttype"] = "none"  # searchable text
    mpl.rcParams["hatch.linewidth"] = 0.5
    figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
    try:
        _background(axes, assessment, end)
        _curves(axes, curves, end)
        _vertical_lines(axes, _marks(assessment, end), end)
        axes.set(xlim=(0, end), ylim=(0, _TOP), xlabel="imported clusters", ylabel="pod subnets taken (%)")
        axes.set_yticks(range(0, 101, 20))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"Pod subnets of {_blocks(plan)}, by pod subnet prefix", wrap=True)
        figure.legend(title="pod_subnet_prefix", loc="outside lower center", ncols=2, fontsize="small")
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    finally:
        plt.close(figure)


def _end(assessment: Assessment, prefixes: Iterable[int]) -> int:
    """Right end of the axis: beyond the plan and the end of its subnets, not far beyond all curves."""
    plan, planned = assessment.plan, assessment.imported_clusters

    def exhausted(prefix: int) -> float:
        return Curve.of(plan, prefix, planned).exhausted or 0.0

    most = max(planned, assessment.max_imports or 0, exhausted(plan.network.subnet_prefix))
    farthest = max(map(exhausted, prefixes))
    return int(max(min(2 * most, 1.5 * farthest), _SHORTEST_AXIS))


def _blocks(plan: Plan) -> str:
    blocks = plan.network.blocks
    named = ", ".join(block.cidr for block in blocks[:_NAMED_BLOCKS])
    more = len(blocks) - _NAMED_BLOCKS
    return f"{named} and {more} more blocks" if more > 0 else named


def _background(axes: Axes, assessment: Assessment, end: int) -> None:
    """What others use, the end of the subnets, and the reserve."""
    subnets, reserve = assessment.limit(POD_SUBNETS.name), assessment.plan.network.reserve_percent
    axes.axhline(100, color=_GREY, linewidth=1.5)
    axes.text(end, 101, "exhausted ", ha="right", va="bottom", color=_GREY)
    if reserve:
        axes.axhspan(100 - reserve, 100, facecolor=_SHADE, linewidth=0)
        note: dict[str, Any] = {"color": _GREY, "fontsize": "small", "bbox": {**_BOX, "facecolor": _SHADE}}
        axes.text(end * 0.99, 100 - reserve / 2, "reserve", ha="right", va="center", **note)
    if subnets.used:
        used = 100 * subnets.used / subnets.capacity
        axes.axhspan(0, used, facecolor="#eeeeee", edgecolor="#999999", hatch="///", linewidth=0)
        prefix = assessment.plan.network.subnet_prefix
        axes.text(
            end * 0.99,
            used / 2 if used >= _THIN else used + 1,
            f"used by others (/{prefix})",
            ha="right",
            va="center" if used >= _THIN else "bottom",
            color=_GREY,
            bbox=_BOX,
        )


def _curves(axes: Axes, curves: Mapping[int, Curve], end: int) -> None:
    rows = _Rows(_NUMBER_WIDTH * end, 4)
    marked = sorted(curves.items(), key=lambda item: item[1].exhausted or 0.0)
    styles = dict(zip(curves, _STYLES, strict=False))
    for prefix, curve in curves.items():
        colour, dashes = styles[prefix]
        shares = [100 * limit.utilisation for _, limit in curve.points]
        numbers = [imports for imports, _ in curve.points]
        axes.plot(
            numbers, shares, color=colour, linestyle=dashes, linewidth=1.8, label=f"/{prefix}: {curve.label}"
        )
    for prefix, curve in marked:
        if curve.exhausted is not None and curve.exhausted <= end:
            limit = curve.points[0][1]
            at = (curve.exhausted, 100 * (limit.capacity - limit.reserve) / limit.capacity)
            colour = styles[prefix][0]
            axes.plot(*at, marker="x", markersize=9, markeredgewidth=2, color=colour)
            shift = (5, -14 - 12 * rows.place(curve.exhausted))
            axes.annotate(
                str(int(curve.exhausted)),
                at,
                xytext=shift,
                textcoords="offset points",
                color=colour,
                fontsize="small",
                bbox=_BOX,
            )


def _marks(assessment: Assessment, end: int) -> dict[int, str]:
    """Labels of vertical lines by position: the plan, and where another limit is exhausted."""
    planned, names = assessment.imported_clusters, dict[int, list[str]]()
    if 0 < planned <= end:
        names[planned] = ["plan"]
    for limit in assessment.limits:
        left = assessment.imports_left(limit)
        if limit.kind is not POD_SUBNETS and left is not None and planned + left <= end:
            names.setdefault(planned + left, []).append(limit.name)
    marks = {position: f"{', '.join(found)}: {position}" for position, found in names.items()}
    if planned > end:
        beyond = f"plan: {planned} (beyond the axis)"
        marks[end] = f"{marks[end]}; {beyond}" if end in marks else beyond
    return marks


def _vertical_lines(axes: Axes, marks: Mapping[int, str], end: int) -> None:
    rows = _Rows(_LABEL_WIDTH * end, len(_LABEL_ROWS))
    for position, text in sorted(marks.items()):
        axes.axvline(position, color=_GREY, linewidth=1, linestyle="-" if text.startswith("plan") else "--")
        side, shown = ("right", f"{text} ") if position > end / 2 else ("left", f" {text}")
        height = _LABEL_ROWS[rows.place(position)]
        axes.text(position, height, shown, ha=side, va="center", color=_GREY, fontsize="small", bbox=_BOX)


class _Rows:
    """Gives labels that would overlap different rows."""

    def __init__(self, width: float, count: int) -> None:
        self._width = width
        self._last = [float("-inf")] * count

    def place(self, position: float) -> int:
        """The first row that is free at the position; the one that has been free longest if none is."""
        free = [row for row, last in enumerate(self._last) if position - last >= self._width]
        row = free[0] if free else self._last.index(min(self._last))
        self._last[row] = position
        return row
