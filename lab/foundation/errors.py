"""Refusals of the PKS API.

Public texts: an absent cluster (docs-pks 1.5 ``delete-cluster``), an operation under way (the on-demand
broker's ``OperationInProgressMessage``), conflicting profile updates (docs-pks 1.19
``network-profiles-define``). All other texts of refusals in this package are invented.
"""

from __future__ import annotations


class ApiError(Exception):
    """The PKS API refuses: HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def absent(kind: str, name: str) -> ApiError:
    """There is no ``kind`` of that name."""
    return ApiError(404, f"{kind} {name} not found")


def busy() -> ApiError:
    """Another operation on the cluster is under way."""
    return ApiError(422, "An operation is in progress for your service instance. Please try again later.")
