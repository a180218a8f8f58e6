"""``ImageCheck``: whether the image registry has every image that the stack runs."""

from __future__ import annotations

from collections.abc import Iterator

from components.runtime.preflight import Check
from components.runtime.provider import Properties
from domain.credentials import Lookup
from domain.finding import Finding


class ImageCheck(Check):
    """Looks up the images that the charts name, and further ones.

    Inputs:
        registry: Address of the registry.
        ca_file: PEM file with its CA; empty: the system's.
        username: User of the registry; empty: none.
        charts: Each with the fields of ``ChartReference`` except the password, ``kind`` (``ingress`` or
            ``rancher``), ``values`` and ``plain_values`` (without the registry), as far as they are about
            images.
        further: Images that no chart names: ``target``, ``source`` and ``origin`` of each.
        digests: ``repository:tag`` to the digest that the tag must have; None: any.
    """

    def findings(self, wanted: Properties, before: Properties, config: Lookup) -> Iterator[Finding]:
        from components.images import search  # noqa: PLC0415 - only new images are looked up

        del before
        yield from search.findings(wanted, config)
