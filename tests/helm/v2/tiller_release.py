"""A release as Helm v2 records it: ``hapi.release.Release`` in protobuf, gzipped, in base64."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """``hapi/release/status.proto``."""

    UNKNOWN = 0
    DEPLOYED = 1
    DELETED = 2
    SUPERSEDED = 3
    FAILED = 4
    DELETING = 5
    PENDING_INSTALL = 6
    PENDING_UPGRADE = 7
    PENDING_ROLLBACK = 8


@dataclass(frozen=True)
class Chart:
    """The displayed fields of ``hapi/chart/metadata.proto``."""

    name: str
    version: str
    app_version: str = ""

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"


@dataclass(frozen=True)
class Release:
    """One revision. Times are seconds since 1970."""

    name: str
    revision: int
    namespace: str
    chart: Chart
    manifest: str
    config: str
    status: Status
    description: str = ""
    first_deployed: int = 0
    last_deployed: int = 0

    def encode(self) -> str:
        """Returns the text stored in a ConfigMap."""
        status = _number(1, self.status)
        info = [_bytes(1, status), _time(2, self.first_deployed), _time(3, self.last_deployed)]
        info.append(_text(5, self.description))
        metadata = _text(1, self.chart.name) + _text(4, self.chart.version)
        metadata += _text(10, "v1") + _text(13, self.chart.app_version)
        message = [
            _text(1, self.name),
            _bytes(2, b"".join(info)),
            _bytes(3, _bytes(1, metadata)),
            _bytes(4, _text(1, self.config)),
            _text(5, self.manifest),
            _number(7, self.revision),
            _text(8, self.namespace),
        ]
        return base64.b64encode(gzip.compress(b"".join(message))).decode()


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value if value else b""


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value) if value else b""


def _time(number: int, seconds: int) -> bytes:
    return _bytes(number, _number(1, seconds))
