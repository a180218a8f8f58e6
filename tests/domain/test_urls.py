"""URLs that people give: what of them may be shown."""

from __future__ import annotations

import pytest

from domain.urls import has_credentials, hide_userinfo, is_https, public_url, query_values, through


@pytest.mark.parametrize(
    ("url", "shown", "credentials"),
    [
        ("https://charts.example.com/stable", "https://charts.example.com/stable", False),
        ("https://u:p@charts.example.com", "https://charts.example.com", True),
        ("https://u@charts.example.com:8443/a", "https://charts.example.com:8443/a", True),
        ("https://u:p/q@charts.example.com", "https://charts.example.com", True),
        ("https://u:p#q?r@charts.example.com/a?b=c", "https://charts.example.com/a", True),
        ("https://charts.example.com/a@1.0", "https://charts.example.com/a@1.0", False),
        ("https://charts.example.com:443/a@1.0", "https://charts.example.com:443/a@1.0", False),
        ("https://[2001:db8::1]:443/a@1.0", "https://[2001:db8::1]:443/a@1.0", False),
        ("https://charts.example.com?mail=a@b#c", "https://charts.example.com", False),
        ("git@charts.example.com:a/b", "charts.example.com:a/b", True),
        ("", "", False),
    ],
)
def test_public_part(url: str, shown: str, credentials: bool) -> None:
    assert public_url(url) == shown
    assert has_credentials(url) is credentials


def test_texts() -> None:
    text = 'from "https://u:p@a.example.com/x" and http://b.example.com/y@z'
    assert hide_userinfo(text) == 'from "https://a.example.com/x" and http://b.example.com/y@z'
    text = 'parse "postgres://pulumi:s3/cr#et?x@db/state": invalid port ":s3" after host'
    assert hide_userinfo(text) == 'parse "postgres://db/state": invalid port ":s3" after host'
    text = "https://a.example.com:8443/@scope/x and https://[::1]:8443/@y"
    assert hide_userinfo(text) == text


def test_queries() -> None:
    assert query_values("https://a.example.com/x?sv=1&sig=a%2Fb#c") == ["1", "a/b"]
    assert query_values("https://a.example.com/x") == []


@pytest.mark.parametrize("url", ["https://a", "https://a:8443/b?c", "https://[::1]:1"])
def test_an_https_url_has_a_host(url: str) -> None:
    assert is_https(url)


@pytest.mark.parametrize("url", ["", "http://a", "https://", "https://[", "https://a\n", "a", "https:///b"])
def test_what_is_no_https_url(url: str) -> None:
    assert not is_https(url)


@pytest.mark.parametrize(
    ("url", "address", "expected"),
    [
        ("https://u:p@a.test:8443/b", "", "https://a.test:8443/b"),
        ("https://a.test:8443/b", "10.0.0.1", "https://10.0.0.1:8443/b"),
        ("https://a.test", "::1", "https://[::1]"),
    ],
)
def test_an_address_takes_the_place_of_the_host(url: str, address: str, expected: str) -> None:
    assert through(url, address) == expected
