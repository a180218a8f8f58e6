"""The parameters of a network profile, typed (docs-pks 1.5 and TKGI 1.19 `network-profiles-define`).

The names are those of the PKS documents, so a profile's JSON file can be pasted into the config.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator


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
        raise ValueError("must name each object once")
    return values


Name = Annotated[str, Field(min_length=1)]
Ids = Annotated[list[Name], Field(min_length=1), AfterValidator(_distinct)]
"""UUIDs of NSX-T objects, in the order in which they are used up."""
Prefix = Annotated[int, Field(ge=16, le=30)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Positive = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Persistence(_Strict):
    """Session stickiness of the NSX-T ingress."""

    persistence_type: Literal["none", "cookie", "source_ip"] | None = None
    persistence_timeout: Positive | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Persistence:
        if (self.persistence_type is None) != (self.persistence_timeout is None):
            raise ValueError("persistence_type and persistence_timeout go together: set both or neither")
        return self


class LogSettings(_Strict):
    """What NCP and the distributed firewall log."""

    log_level: Literal["INFO", "WARNING", "DEBUG", "ERROR", "CRITICAL"] | None = None
    log_dropped_traffic: bool | None = None
    log_firewall_traffic: Name | None = None
    """TKGI's name for ``log_dropped_traffic``."""


class NcpExtensions(_Strict):
    """Sections of ``ncp.ini`` handed on as they are."""

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
    l4_lb_algorithm: Literal["round_robin", "least_connection", "ip_hash", "weighted_round_robin"] | None = (
        None
    )
    top_firewall_section_marker: Name | None = None
    bottom_firewall_section_marker: Name | None = None
    lb_http_request_header_size: Positive | None = None
    lb_http_response_header_size: Positive | None = None
    lb_http_response_timeout: Positive | None = None
    connect_retry_timeout: Positive | None = None
    enable_hostport: bool | None = None
    enable_nodelocaldns: bool | None = None
    client_ssl_profile: Name | None = None
    lb_connection_multiplexing_enabled: bool | None = None
    lb_connection_multiplexing_number: Positive | None = None
    extensions: Extensions | None = None


class CniConfigurations(_Strict):
    """The container network plugin: NSX-T is the only one."""

    type: Literal["nsxt"]
    parameters: CniParameters


class NetworkProfileParameters(_Strict):
    """``parameters`` of a network profile. Absent keys are left to PKS."""

    lb_size: Literal["small", "medium", "large"] | None = None
    pod_ip_block_ids: Ids | None = None
    pod_subnet_prefix: Prefix | None = None
    pod_routable: bool | None = None
    fip_pool_ids: Ids | None = None
    t0_router_id: Name | None = None
    master_vms_nsgroup_id: Name | None = None
    node_ip_block_ids: Ids | None = None
    node_routable: bool | None = None
    node_subnet_prefix: Prefix | None = None
    nodes_dns: Annotated[list[Address], Field(min_length=1, max_length=3)] | None = None
    dns_lookup_mode: Literal["API", "API_INGRESS"] | None = None
    ingress_prefix: Name | None = None
    single_tier_topology: bool | None = None
    infrastructure_networks: Annotated[list[Network], Field(min_length=1)] | None = None
    failover_mode: Literal["PREEMPTIVE", "NON_PREEMPTIVE"] | None = None
    cni_configurations: CniConfigurations | None = None


def problems(parameters: Mapping[str, Any]) -> list[str]:
    """What is wrong with a profile's parameters; each entry names the key. Empty when nothing is."""
    try:
        NetworkProfileParameters.model_validate(parameters)
    except ValidationError as error:
        return [_describe(item["loc"], item["type"], item["msg"], item["input"]) for item in error.errors()]
    return []


def _describe(location: tuple[int | str, ...], kind: str, message: str, given: object) -> str:
    path = ".".join(str(part) for part in location) or "parameters"
    if kind == "extra_forbidden":
        keys = (
            f"; the keys are {', '.join(NetworkProfileParameters.model_fields)}" if len(location) == 1 else ""
        )
        return f"{path} is no key of a network profile{keys}"
    if kind == "missing":
        return f"{path} is not set"
    text = message.removeprefix("Value error, ").replace("Input should", "should")
    return f"{path} = {given!r}: {text}"
