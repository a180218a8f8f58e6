"""Error responses of the PKS API and of the BOSH Director.

Texts from public sources: an unknown cluster (docs-pks 1.5 ``delete-cluster``), an operation in progress (the
on-demand broker's ``OperationInProgressMessage``), conflicting profile updates (docs-pks 1.19
``network-profiles-define``). All other error texts in this package are invented.
"""

from __future__ import annotations


class ApiError(Exception):
    """The PKS API rejects the request; HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class DirectorError(ApiError):
    """The BOSH Director rejects the request; it also has an error code."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(status, text)
        self.code = code


def not_found(kind: str, name: str) -> ApiError:
    """Error for an unknown ``kind`` of that name."""
    return ApiError(404, f"{kind} {name} not found")


def busy() -> ApiError:
    """Error for a cluster with another operation in progress."""
    return ApiError(422, "An operation is in progress for your service instance. Please try again later.")
