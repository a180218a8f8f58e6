"""Which of a Service's addresses is the virtual IP."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.finding import FindingError
from domain.virtual_ip import pick

addresses = st.ip_addresses(v=4).map(str)


@pytest.mark.parametrize(
    ("given_addresses", "network", "expected"),
    [
        (["10.50.0.79", "100.64.128.125"], None, "10.50.0.79"),
        (["100.64.128.125", "10.50.0.79"], None, "10.50.0.79"),
        (["100.127.255.254"], None, None),
        (["100.128.0.1"], None, "100.128.0.1"),
        (["10.50.0.79", "10.60.0.79"], "10.60.0.0/24", "10.60.0.79"),
        (["10.50.0.79"], "10.60.0.0/24", None),
        (["10.50.0.79", "10.50.0.79"], None, "10.50.0.79"),
        ([], None, None),
    ],
)
def test_rule(given_addresses: list[str], network: str | None, expected: str | None) -> None:
    assert pick(given_addresses, network) == expected


def test_several_that_remain_are_listed() -> None:
    with pytest.raises(
        FindingError, match=r"10\.50\.0\.79, 10\.60\.0\.79 \(of .*100\.64\.0\.1, .* Set the network"
    ) as caught:
        pick(["10.50.0.79", "100.64.0.1", "10.60.0.79"], None)
    assert caught.value.finding.key == "network"


@given(st.lists(addresses, max_size=4), addresses)
def test_order_does_not_matter(listed: list[str], network: str) -> None:
    cidr = str(ipaddress.ip_network(f"{network}/8", strict=False))

    def result(order: list[str]) -> str | None:
        try:
            return pick(order, cidr)
        except FindingError:
            return "several"

    assert result(listed) == result(listed[::-1])
