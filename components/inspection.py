"""Resources that make nothing: what an environment must offer, asked before anything is created.

Whatever is not to be made when the environment refuses depends on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, UpdateResult

from components.provider import Properties, Provider, ProviderError, plain

Problem = tuple[str, str]
"""Name of the property (empty: it is about none) and what is wrong with it."""


class InspectionProvider(Provider):
    """Asks in ``check``, only when the wanted things are new or have changed; tells every problem at once."""

    def problems(self, wanted: Properties, before: Properties) -> Iterator[Problem]:
        """What is wrong.

        Args:
            wanted: The properties.
            before: Those of the last update; empty at the first.

        Raises:
            ProviderError: It cannot be told.
        """
        raise NotImplementedError

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        before, wanted = plain(_olds), plain(news)
        if before == wanted:
            return CheckResult(news, [])
        try:
            found = list(self.problems(wanted, before))
        except ProviderError as error:
            found = [("", str(error))]
        return CheckResult(news, [CheckFailure(name, reason) for name, reason in found])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=plain(_olds) != plain(_news))

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("inspected", plain(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(plain(_news))
