"""Settings of the sprawl brake: what stops clusters and projects that nobody planned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from domain.finding import Finding
from domain.versions import Version
from settings.types import Section

Measure = Literal["roles", "quota", "admission"]
_OFF = ("off", False)
"""YAML reads ``off`` without quotes as false."""
_ADMISSION_SINCE = Version(1, 30)
"""Kubernetes version in which ValidatingAdmissionPolicy is stable (KEP-3488)."""


def _measures(value: object) -> object:
    return [] if value in _OFF else value


class BrakeSettings(Section):
    """The measures of the brake, and when it closes and opens."""

    sprawl_brake: Annotated[list[Measure], BeforeValidator(_measures)] = ["quota"]
    brake_close_percent: Annotated[int, Field(ge=1, le=100)] = 95
    brake_open_percent: Annotated[int, Field(ge=0, le=99)] = 90

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures, each once, in a fixed order."""
        known: tuple[Measure, ...] = ("roles", "quota", "admission")
        return tuple(item for item in known if item in self.sprawl_brake)

    def findings(self, kubernetes_version: str, *, counted: bool, bootstrapped: bool) -> Iterator[Finding]:
        """What is wrong between these keys and others.

        Args:
            kubernetes_version: ``major.minor``; empty when it is not configured.
            counted: Whether podNetwork is set.
            bootstrapped: Whether the stack has a login to Rancher.
        """
        if self.brake_open_percent >= self.brake_close_percent:
            yield Finding(
                "brakeOpenPercent",
                f"must be less than brakeClosePercent, which is {self.brake_close_percent}; otherwise the "
                "brake would close and open with each namespace",
                "Lower it",
                str(self.brake_open_percent),
                depends_on=("brakeClosePercent",),
            )
        if "admission" in self.measures:
            yield from _admission_findings(kubernetes_version, counted=counted)
        needing = [item for item in self.measures if item != "quota"]
        if needing and not bootstrapped:
            yield Finding(
                "sprawlBrake",
                "needs Rancher's users, and rancherBootstrap is false",
                "Set rancherBootstrap to true, or leave it out",
                ", ".join(needing),
                depends_on=("rancherBootstrap",),
            )


def _admission_findings(kubernetes_version: str, *, counted: bool) -> Iterator[Finding]:
    if kubernetes_version and Version.parse(kubernetes_version) < _ADMISSION_SINCE:
        yield Finding(
            "sprawlBrake",
            f"needs Kubernetes 1.30, whose API server has ValidatingAdmissionPolicy; the cluster has "
            f"{kubernetes_version} (TKGI has 1.30 only after 1.20)",
            "Use roles and quota; docs/brake.md says what stays open",
            "admission",
            depends_on=("kubernetesVersion",),
        )
    if not counted:
        yield Finding(
            "sprawlBrake",
            "closes by the figures of the pod network, and podNetwork is not set",
            "Set podNetwork, or leave it out",
            "admission",
            depends_on=("podNetwork",),
        )
