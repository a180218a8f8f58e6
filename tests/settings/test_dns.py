"""The settings of the DNS records."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settings.dns import DnsSettings
from tests.dns.sites import SECRET

RANCHER, API = "rancher.example.com", "api.other.org"
RFC2136 = {"dnsMode": "rfc2136", "dnsServer": "ns1.example.com"}


def problems(**config: Any) -> dict[str, str]:
    found = DnsSettings.model_validate(config).findings(RANCHER, API)
    return {finding.key: str(finding) for finding in found}


def test_good_settings() -> None:
    assert problems() == {}
    assert problems(**RFC2136, dnsZone="example.com", dnsTsigName="key_1", dnsTsigSecret=SECRET) == {}
    assert problems(dnsMode="command", dnsCreateCommand="a", dnsDeleteCommand="b", dnsApiRecord="true") == {}


def test_names_that_get_a_record() -> None:
    def names(**config: Any) -> tuple[str, ...]:
        return DnsSettings.model_validate(config).dns_hostnames(RANCHER, API)

    assert names() == ()
    assert names(**RFC2136) == (RANCHER,)
    assert names(**RFC2136, dnsApiRecord=True) == (RANCHER, API)


def test_what_a_mode_needs() -> None:
    assert problems(dnsMode="rfc2136") == {
        "dnsServer": "dnsServer: is not set, but dnsMode is rfc2136. "
        "Run: pulumi config set dnsServer ns1.example.com"
    }
    assert set(problems(dnsMode="command")) == {"dnsCreateCommand", "dnsDeleteCommand"}
    assert "Set dnsMode to rfc2136 or command" in problems(dnsApiRecord=True)["dnsApiRecord"]


def test_zone_has_to_hold_the_names() -> None:
    assert problems(**RFC2136, dnsZone="ample.com")["dnsZone"] == (
        f"dnsZone: does not contain rancherHostname {RANCHER} (ample.com). "
        "Set the zone of that name, or run: pulumi config rm dnsZone"
    )
    both = problems(**RFC2136, dnsZone="example.com", dnsApiRecord=True)
    assert f"does not contain externalHostname {API}" in both["dnsZone"]


def test_secret_is_not_shown() -> None:
    text = problems(**RFC2136, dnsTsigSecret="hush, hush")["dnsTsigSecret"]
    assert text.startswith("dnsTsigSecret: is not base64")
    assert "hush" not in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dnsMode", "route53"),
        ("dnsServer", "https://ns1"),
        ("dnsServer", "ns1:70000"),
        ("dnsResolver", "10.0.0.2:"),
        ("dnsTtl", "0"),
        ("dnsTsigAlgorithm", "hmac-md5"),
        ("dnsTsigName", "a key"),
        ("dnsTimeoutMinutes", "-1"),
    ],
)
def test_bad_values(key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        DnsSettings.model_validate({key: value})
