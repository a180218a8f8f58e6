"""Certificates as a part of the preflight."""

from __future__ import annotations

from collections.abc import Iterator

from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain.credentials import Lookup
from domain.finding import Finding


class CertificateCheck(Check):
    """Refuses files that the program has judged already, so that all checks report in one message.

    It asks nobody. Its input ``problems`` has the findings, and is absent when there are none.
    """

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        del before, config
        for item in wanted["problems"]:
            yield Finding(item["key"], item["problem"], item["remedy"], item["value"])
