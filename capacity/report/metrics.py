"""A plan's assessment as OpenMetrics, for node_exporter's textfile collector or a Pushgateway."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from capacity.model.assessment import Assessment
from domain.brake_state import MODES, BrakeState

PREFIX = "rancher_pks"
"""First part of every name."""


def exposition(
    assessment: Assessment,
    *,
    stack: str,
    measured_at: date | None,
    exported_at: datetime,
    brake: BrakeState | None = None,
    surviving: int | None = None,
) -> str:
    """The text, ending in ``# EOF``.

    Args:
        assessment: The plan, with what others use.
        stack: Value of the label ``stack``, which tells apart the foundations that one Prometheus sees.
        measured_at: Day of the figures of others; None: they are live, or of unknown age.
        exported_at: Now.
        brake: State of the sprawl brake; None: there is none, or it is unknown.
        surviving: Namespaces found that survived their cluster; None: nobody looked.
    """
    registry = CollectorRegistry()
    metrics = _Metrics(registry, stack)
    for limit in assessment.limits:
        on = {"limit": limit.name}
        metrics.set("limit_capacity", "Objects of a kind that there can be.", limit.capacity, on)
        metrics.set("limit_used", "Objects that others than the plan's clusters use.", limit.used, on)
        metrics.set("limit_planned", "Objects that the plan takes when it is deployed.", limit.planned, on)
        metrics.set("limit_reserve", "Objects that the policies keep free.", limit.reserve, on)
        metrics.set(
            "limit_headroom", "Objects beyond plan and reserve; below 0: missing.", limit.headroom, on
        )
        left = assessment.imports_left(limit)
        if left is not None:
            metrics.set("limit_imports_left", "Imported clusters that fit beyond the plan.", left, on)
        months = assessment.months_left(limit)
        if months is not None:
            metrics.set("limit_months_left", "Months until it is met, at the imports per month.", months, on)
    for demand in assessment.plan.demands:
        on = {"cluster": demand.name}
        metrics.set("imported_clusters", "Imported clusters of the plan.", demand.imported_clusters, on)
        metrics.set("leaked_namespaces", "Namespaces that deleted clusters left behind.", demand.leaked, on)
    first = assessment.first_exhausted_at
    if first is not None:
        metrics.set("exhausted_at_import", "Number of the imported cluster that exceeds a limit.", first)
    if surviving is not None:
        metrics.set("surviving_namespaces", "Namespaces found that survived their cluster.", surviving)
    if brake:
        for mode in MODES:
            meaning = "1: the sprawl brake is in this mode."
            metrics.set("brake_mode", meaning, mode == brake.mode, {"mode": mode})
        if brake.since:
            metrics.set("brake_since_seconds", "When that mode began.", brake.since.timestamp())
    if measured_at:
        day = datetime.combine(measured_at, time.min, UTC)
        metrics.set("figures_time_seconds", "Day on which the figures of others were read.", day.timestamp())
    metrics.set("export_time_seconds", "When these figures were written.", round(exported_at.timestamp()))
    metrics.set("fits", "1: the plan exceeds no limit; 0: it exceeds one.", assessment.fits)
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


class _Metrics:
    """Gauges of one stack, each declared at its first sample."""

    def __init__(self, registry: CollectorRegistry, stack: str) -> None:
        self._registry, self._stack = registry, stack
        self._gauges: dict[str, Gauge] = {}

    def set(self, name: str, meaning: str, value: float, labels: dict[str, str] | None = None) -> None:
        labels = {"stack": self._stack, **(labels or {})}
        if name not in self._gauges:
            self._gauges[name] = Gauge(f"{PREFIX}_{name}", meaning, [*labels], registry=self._registry)
        self._gauges[name].labels(**labels).set(value)
