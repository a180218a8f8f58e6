"""What Tiller stores."""

from __future__ import annotations

import base64
import gzip

import pytest

from domain.helm_v2 import TillerRevision


def revision(message: bytes) -> TillerRevision:
    text = base64.b64encode(gzip.compress(message)).decode()
    return TillerRevision("configmaps", {"metadata": {"name": "rancher.v1"}, "data": {"release": text}})


METADATA = b"\x0a\x07rancher" + b"\x22\x052.2.8"
CHART = b"\x0a" + bytes([len(METADATA)]) + METADATA
FIELDS = b"\x1a" + bytes([len(CHART)]) + CHART + b"\x42\x0dcattle-system"


@pytest.mark.parametrize(
    "further",
    [
        b"",
        b"\x38\x80\x01",  # varint: the number of the revision
        b"\x09" + bytes(8),  # fixed64
        b"\x0d" + bytes(4),  # fixed32
        b"\x7a\x01x",  # a field that is not known
    ],
)
def test_other_fields_are_skipped(further: bytes) -> None:
    for message in (further + FIELDS, FIELDS + further):
        content = revision(message).content
        assert (content.namespace, content.chart, content.version) == ("cattle-system", "rancher", "2.2.8")
        assert content.manifest == ""


def test_the_last_of_repeated_fields_counts() -> None:
    assert revision(FIELDS + b"\x42\x07default").content.namespace == "default"


@pytest.mark.parametrize(
    "damaged",
    [
        FIELDS[:-1],
        FIELDS + b"\xff",
        FIELDS + b"\x2a\xff\xff\xff\xff\x0f",  # a manifest that is longer than the message
        FIELDS + b"\x0b" * 1000,  # groups that do not end
        FIELDS + b"\x42\x01\xff",  # not UTF-8
        FIELDS.replace(b"\x42", b"\x4a"),  # no namespace
        b"\x18\x01" + FIELDS[-15:],  # a chart that is a number
    ],
)
def test_damaged_record_is_named(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"revision rancher\.v1 of Helm v2 in kube-system is damaged"):
        _ = revision(damaged).content
