"""Settings of the DNS records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from domain.dns import DEFAULT_TSIG_ALGORITHM, TsigAlgorithm, tsig_secret_problem
from domain.finding import Finding
from settings.types import DnsName, Script, Section, secret_text

_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:(\d{1,5}))?")


def _address(value: str) -> str:
    found = _ADDRESS.fullmatch(value)
    if not found or not 0 < int(found[3] or 53) <= 65535:
        raise ValueError("must be a host or host:port, such as ns1.example.com or 10.0.0.53:5353")
    return value


Address = Annotated[str, AfterValidator(_address)]


class DnsSettings(Section):
    """How the records of Rancher's host name and, optionally, of the Kubernetes API are made."""

    dns_mode: Literal["none", "rfc2136", "command"] = "none"
    dns_server: Address | None = None
    dns_zone: DnsName | None = None
    dns_ttl: Annotated[int, Field(ge=1, le=86400)] = 300
    # Credentials: read in the providers' process (components/dns/transport.py), and checked here.
    dns_tsig_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] | None = None
    dns_tsig_algorithm: TsigAlgorithm = DEFAULT_TSIG_ALGORITHM
    dns_tsig_secret: SecretStr | None = None
    dns_create_command: Script = ""
    dns_delete_command: Script = ""
    dns_resolver: Address | None = None
    dns_timeout_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 10
    dns_api_record: bool = False
    dns_move_record: bool = False

    def dns_hostnames(self, rancher_hostname: str, external_hostname: str) -> tuple[str, ...]:
        """The names that get a record; none with mode ``none``."""
        if self.dns_mode == "none":
            return ()
        return (rancher_hostname, external_hostname) if self.dns_api_record else (rancher_hostname,)

    def findings(self, rancher_hostname: str, external_hostname: str) -> Iterator[Finding]:
        """What is wrong between these keys."""
        needed: dict[str, dict[str, tuple[str | None, str]]] = {
            "rfc2136": {"dnsServer": (self.dns_server, "ns1.example.com")},
            "command": {
                "dnsCreateCommand": (self.dns_create_command, "./dns-set.sh"),
                "dnsDeleteCommand": (self.dns_delete_command, "./dns-remove.sh"),
            },
            "none": {},
        }
        for key, (value, example) in needed[self.dns_mode].items():
            if not value:
                yield Finding(
                    key,
                    f"is not set, but dnsMode is {self.dns_mode}",
                    f"Run: pulumi config set {key} {example}",
                    depends_on=("dnsMode",),
                )
        if self.dns_mode == "none" and self.dns_api_record:
            yield Finding(
                "dnsApiRecord",
                "needs a dnsMode that makes records",
                "Set dnsMode to rfc2136 or command",
                "true",
                depends_on=("dnsMode",),
            )
        secret = secret_text(self.dns_tsig_secret)
        if secret and (finding := tsig_secret_problem(secret, "dnsTsigSecret")):
            yield finding
        names = {"rancherHostname": rancher_hostname, "externalHostname": external_hostname}
        for key, hostname in names.items():
            wanted = hostname in self.dns_hostnames(rancher_hostname, external_hostname)
            if wanted and self.dns_zone and not f".{hostname}".endswith(f".{self.dns_zone}"):
                yield Finding(
                    "dnsZone",
                    f"does not contain {key} {hostname}",
                    "Set the zone of that name, or run: pulumi config rm dnsZone",
                    self.dns_zone,
                    depends_on=(key, "dnsMode", "dnsApiRecord"),
                )
