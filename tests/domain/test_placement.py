"""Roles of VMs, and how many hosts they need."""

from __future__ import annotations

import pytest

from domain.placement import is_windows_pool, role_of, too_few, without_rule


@pytest.mark.parametrize(
    ("group", "role"),
    [
        ("master", "master"),
        ("worker", "worker"),
        ("worker-tiny-1", "worker"),
        ("windows-worker", None),
        ("windows-worker-a", None),
        ("workerless", None),
        ("master-1", None),
        ("apply-addons", None),
        ("", None),
    ],
)
def test_role_of_an_instance_group(group: str, role: str | None) -> None:
    assert role_of(group) == role


def test_windows_pools() -> None:
    groups = ["windows-worker", "windows-worker-a", "windows-workers", "worker-windows-worker"]
    assert [is_windows_pool(group) for group in groups] == [True, True, False, False]


def test_groups_without_a_rule() -> None:
    groups = {
        "master": 3,
        "worker-a": 2,
        "windows-worker": 2,
        "apply-addons": 1,
        "compilation-1-2": 1,
        "odd": 1,
    }
    assert [str(item) for item in without_rule(groups)] == [
        "no anti-affinity rule holds the 1 VM of the instance group odd. "
        "Create a rule in vCenter if they must run on different hosts",
        "no anti-affinity rule holds the 2 VMs of the Windows pool windows-worker. "
        "Create a rule in vCenter if they must run on different hosts",
    ]


def test_too_few_hosts() -> None:
    assert too_few("master", 3, 3, "c", "must") is None
    assert too_few("master", 1, 0, "c", "must") is None
    error = too_few("master", 3, 1, "c", "must")
    assert error is not None
    assert (error.key, error.severity) == ("masters", "error")
    assert "c has 1 host in service for 3 masters" in error.problem
    warning = too_few("worker", 3, 2, "c", "should")
    assert warning is not None
    assert (warning.key, warning.severity) == ("workers", "warning")
