"""TSIG secrets and the text of a record."""

from __future__ import annotations

from domain.dns import record_text, tsig_secret_problem


def test_a_secret_is_base64_and_is_not_shown() -> None:
    assert tsig_secret_problem("c2VjcmV0", "dnsTsigSecret") is None
    for secret in ("", "hush, hush", "c2VjcmV"):
        found = tsig_secret_problem(secret, "dnsTsigSecret")
        assert str(found).startswith("dnsTsigSecret: is not base64. Set the value")
        assert "hush" not in str(found)


def test_record_text() -> None:
    assert record_text("rancher.example.com", 300, "10.0.0.1") == "rancher.example.com. 300 IN A 10.0.0.1"
