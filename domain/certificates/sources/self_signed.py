"""``SelfSigned``: a CA is created here, for trials."""

from __future__ import annotations

from domain.certificates.sources.source import Given, Material, Source
from domain.certificates.verdict import OpenSSL
from domain.finding import Finding


class SelfSigned(Source):
    """Nothing is given, so nothing can be wrong with it."""

    issues = True

    def check(self, given: Given, openssl: OpenSSL) -> tuple[Material, list[Finding]]:
        del given, openssl
        return Material(), []
