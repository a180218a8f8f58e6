"""Parameters of a network profile (docs-pks 1.2 to TKGI 1.20 `network-profiles-define`).

The names are those of the PKS documents, so a profile's JSON file can be pasted into the config.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from domain import validation
from domain.finding import Finding
from domain.network_profile import flag


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(
            "must be an IP address or a CIDR with no host bits set, such as 10.0.0.0/24"
        ) from None
    return value


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise ValueError("must be an IP address") from None
    return value


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("must not name an object twice")
    return values


Name = Annotated[str, Field(min_length=1)]
Ids = Annotated[list[Name], AfterValidator(_distinct)]
"""UUIDs of NSX-T objects, in the order of their use; an empty list stands for the tile's."""
Prefix = Annotated[int, Field(ge=16, le=30)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Positive = Annotated[int, Field(ge=1)]
FirewallLog = Literal["ALL", "ALLOW", "DENY"]
Failover = Literal["PREEMPTIVE", "NON_PREEMPTIVE"]
Algorithm = Literal["round_robin", "least_connection", "ip_hash", "weighted_round_robin"]
Flag = Annotated[bool, BeforeValidator(flag)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Persistence(_Strict):
    """Session stickiness of the NSX-T ingress."""

    persistence_type: Literal["none", "cookie", "source_ip"] | None = None
    persistence_timeout: Positive | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Persistence:
        if (self.persistence_type is None) != (self.persistence_timeout is None):
            raise ValueError("persistence_type and persistence_timeout must be set together")
        return self


class LogSettings(_Strict):
    """What NCP and the distributed firewall log."""

    log_level: Literal["INFO", "WARNING", "DEBUG", "ERROR", "CRITICAL"] | None = None
    log_dropped_traffic: bool | None = None
    log_firewall_traffic: FirewallLog | None = None
    """TKGI's successor of ``log_dropped_traffic``."""


class NcpExtensions(_Strict):
    """Sections of ``ncp.ini``."""

    nsx_v3: dict[str, Any] | None = None
    coe: dict[str, Any] | None = None
    ha: dict[str, Any] | None = None
    k8s: dict[str, Any] | None = None


class Extensions(_Strict):
    """Raw settings of NCP and its node agent (TKGI)."""

    ncp: NcpExtensions | None = None
    nsx_node_agent: dict[str, Any] | None = Field(None, alias="nsx-node-agent")


class CniParameters(_Strict):
    """Settings of NCP, the container network plugin."""

    nsx_lb: bool | None = None
    nsx_ingress_controller: bool | None = None
    x_forwarded_for: Literal["insert", "replace", "none"] | None = None
    ingress_ip: Address | None = None
    ingress_persistence_settings: Persistence | None = None
    log_settings: LogSettings | None = None
    max_l4_lb_service: Positive | None = None
    l4_persistence_type: Literal["source_ip"] | None = None
    l4_lb_algorithm: Algorithm | None = None
    l4_algorithm: Algorithm | None = None
    """The name of ``l4_lb_algorithm`` in samples (docs-pks 1.5 to 1.9 `network-profiles-ncp-lb`)."""
    top_firewall_section_marker: Name | None = None
    bottom_firewall_section_marker: Name | None = None
    lb_http_request_header_size: Positive | None = None
    lb_http_response_header_size: Positive | None = None
    lb_http_response_timeout: Positive | None = None
    connect_retry_timeout: Positive | None = None
    enable_hostport: bool | None = None
    enable_nodelocaldns: bool | None = None
    enable_err_crd: bool | None = None
    """NSX errors as objects of the cluster (docs-pks 1.6 to 1.20 `network-profiles-ncp-logerr`)."""
    failover_mode: Failover | None = None
    log_firewall_traffic: FirewallLog | None = None
    """This and ``failover_mode`` stand here in docs-pks 1.10 and 1.11 `network-profiles-define`."""
    client_ssl_profile: Name | None = None
    lb_connection_multiplexing_enabled: bool | None = None
    lb_connection_multiplexing_number: Positive | None = None
    extensions: Extensions | None = None


class CniConfigurations(_Strict):
    """The container network plugin: NSX-T is the only one."""

    type: Literal["nsxt"]
    parameters: CniParameters


class NetworkProfileParameters(_Strict):
    """``parameters`` of a network profile. PKS decides about absent keys."""

    lb_size: Literal["small", "medium", "large"] | None = None
    pod_ip_block_ids: Ids | None = None
    pod_subnet_prefix: Prefix | None = None
    pod_routable: Flag | None = None
    fip_pool_ids: Ids | None = None
    t0_router_id: Name | None = None
    master_vms_nsgroup_id: Name | None = None
    node_ip_block_ids: Ids | None = None
    node_routable: Flag | None = None
    node_subnet_prefix: Prefix | None = None
    nodes_dns: Annotated[list[Address], Field(min_length=1, max_length=3)] | None = None
    dns_lookup_mode: Literal["API", "API_INGRESS"] | None = None
    ingress_prefix: Name | None = None
    single_tier_topology: bool | None = None
    infrastructure_networks: Annotated[list[Network], Field(min_length=1)] | None = None
    failover_mode: Failover | None = None
    cni_configurations: CniConfigurations | None = None


_SOURCE = "See `network-profiles-define` in the TKGI documentation"


def findings(parameters: Mapping[str, Any], key: str = "parameters") -> list[Finding]:
    """What is wrong with a profile's parameters.

    Args:
        parameters: ``parameters`` of the profile's JSON document.
        key: What the findings call them.
    """
    try:
        NetworkProfileParameters.model_validate(parameters)
    except ValidationError as error:
        known = [name for model in _Strict.__subclasses__() for name in model.model_fields]
        found = validation.findings(error, place=key, known=known)
        return [replace(item, remedy=_SOURCE) for item in found]
    return []
