"""Versions and ranges: the cases that decide whether Helm would install a chart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.versions import Version, minor_satisfies, nearest, satisfies

numbers = st.integers(0, 40)
plain_versions = st.builds(Version, numbers, numbers, numbers)


@pytest.mark.parametrize(
    ("version", "constraint", "fits"),
    [
        ("1.36.3", "< 1.37.0-0", True),
        ("1.37.0", "< 1.37.0-0", False),
        ("1.37.0-alpha.1", "< 1.37.0-0", False),
        ("1.28.9+vmware.1", "< 1.29.0-0", True),
        ("1.36.3", ">=1.21.0-0", True),
        ("1.20.15", ">=1.21.0-0", False),
        ("1.28.1-gke.1", "<1.29.0-0", True),
        ("1.28.1-gke.1", "<1.29.0", False),
        ("1.19.5", "< 1.20.0", True),
        ("1.2.5", "1.2.x || ~1.4", True),
        ("1.4.9", "1.2.x || ~1.4", True),
        ("1.5.0", "1.2.x || ~1.4", False),
        ("1.4.0", "1.2 - 1.4", True),
        ("1.5.0", "1.2 - 1.4", False),
        ("1.2.3", ">1.0,<2", True),
        ("1.2.3", ">1.0 <2 !=1.2.3", False),
        ("1.2.3", ">=1.2.3<1.3", True),
        ("1.2.9", ">1.2", False),
        ("1.2.9", "<=1.2", True),
        ("1.3.0", "!=1.2", True),
        ("1.2.7", "!= 1.2.x", False),
        ("1.9.0", "^1.2", True),
        ("0.3.0", "^0.2.3", False),
        ("0.0.4", "^0.0.3", False),
        ("1.4.0", "~>1.4", True),
        ("1.2.3", "=> v1.2.3", True),
        ("1.2.3", "1.2.3", True),
        ("1.2.4", "=1.2.3", False),
        ("1.2.3", "*", True),
        ("1.2.3", "", True),
        ("2.0.0", "1.x.x", False),
    ],
)
def test_range(version: str, constraint: str, *, fits: bool) -> None:
    assert satisfies(Version.parse(version), constraint) is fits


@pytest.mark.parametrize("constraint", ["newest", ">=", "1.2.3.4", "1.02", ">=1.2 or less", "1.2.3foo"])
def test_unreadable_range_is_refused(constraint: str) -> None:
    with pytest.raises(ValueError, match="not a version range"):
        satisfies(Version(1), constraint)


@pytest.mark.parametrize(
    ("minor", "constraint", "fits"),
    [
        ("1.28", "< 1.29.0-0", True),
        ("1.29", "< 1.29.0-0", False),
        ("1.28", ">= 1.28.5", True),
        ("1.28", "1.28.5", True),
        ("1.28", "> 1.28", False),
        ("1.14", ">=1.21.0-0", False),
        ("1.28", ">=1.25.0-0 < 1.27.0-0 || ~1.28", True),
    ],
)
def test_minor_version_fits_if_some_patch_does(minor: str, constraint: str, *, fits: bool) -> None:
    assert minor_satisfies(minor, constraint) is fits


def test_order_is_that_of_semantic_versioning() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0"]
    assert sorted(map(Version.parse, reversed(texts))) == [Version.parse(text) for text in texts]


@given(plain_versions, plain_versions)
def test_bounds_agree_with_the_order(version: Version, bound: Version) -> None:
    text = f"{bound.major}.{bound.minor}.{bound.patch}"
    assert satisfies(version, f">= {text}") is (version >= bound)
    assert satisfies(version, f"<{text}") is not satisfies(version, f">={text}")
    assert satisfies(version, f"{bound.major}.{bound.minor}.x") is (
        (version.major, version.minor) == (bound.major, bound.minor)
    )
    assert satisfies(version, f"^{text}") <= satisfies(version, f">={text}")


def test_nearest_names_what_was_meant() -> None:
    available = ["2.15.0", "2.14.2", "2.14.1", "2.14.0", "2.13.5", "2.2.8", "2.15.0-rc1", "not a version"]
    assert nearest("2.14.9", available, 3) == ["2.14.2", "2.14.1", "2.14.0"]
    assert nearest("latest", available, 2) == ["2.15.0", "2.15.0-rc1"]


def test_text_that_is_no_version() -> None:
    with pytest.raises(ValueError, match=r"'1\.x' is not a version"):
        Version.parse("1.x")
