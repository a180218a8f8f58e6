"""Errors of charts that cannot be used."""

from __future__ import annotations

from components.runtime.errors import ProviderError, TransientError
from domain.finding import Finding


class ChartError(ProviderError):
    """The chart does not exist as described, or access is denied."""

    @classmethod
    def of(cls, finding: Finding) -> ChartError:
        """The error that reports a finding."""
        return cls(f"{finding.problem}. {finding.remedy}", *finding.key.split(","))


class ChartUnreachableError(TransientError):
    """The repository is unreachable; whether it has the chart is unknown."""
