"""Settings of the PKS cluster and of the access to PKS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from domain import network_profile_parameters
from domain.cluster import ClusterSpec, properties
from domain.finding import Finding
from settings.types import DnsName, File, Label, Line, Minutes, Name, Section, Values


def _tags(value: dict[str, str]) -> dict[str, str]:
    # `--tags "k1:v1,k2:v2,keyOnly"` (TKGI 1.19 `cli/index`) has no way to quote its separators.
    if any(not key or set(":,") & set(key + text) for key, text in value.items()):
        raise ValueError("must have no empty name, and no comma or colon in names and values")
    return value


def _pools(value: dict[str, int]) -> dict[str, int]:
    # `--node-pool-instances "name:n,name:n"` (TKGI 1.20 `cli/index`) has no way to quote its separators.
    if any(not name or set(":, ") & set(name) for name in value):
        raise ValueError("names of node pools must not be empty or contain a comma, colon or blank")
    return value


def _masters(value: int) -> int:
    if value not in {1, 3, 5}:  # docs-pks 1.5 `plans`
        raise ValueError("must be 1, 3 or 5")
    return value


class ClusterSettings(Section):
    """The cluster, its network profile, and how PKS is reached."""

    cluster_name: Label = Field(examples=["czpksrancher05"])
    external_hostname: DnsName = Field(examples=["czpksrancher05.example.com"])
    plan: Name = Field(examples=["rancher"])
    plan_masters: Annotated[int, AfterValidator(_masters)] = 3
    plan_workers: Annotated[int, Field(ge=1)] = 3
    plan_privileged: bool = True
    workers: Annotated[int, Field(ge=0)] = 0
    kubernetes_version: Annotated[str, Field(examples=["1.28"], pattern=r"^(1\.[0-9]{2})?$")] = ""
    kubernetes_version_check: bool = True
    network_profile: Name = ""
    network_profile_description: Line = ""
    network_profile_parameters: Values = {}
    compute_profile: Name = ""
    node_pool_instances: Annotated[dict[Name, Annotated[int, Field(ge=1)]], AfterValidator(_pools)] = {}
    cluster_tags: Annotated[dict[Name, Name], AfterValidator(_tags)] = {}
    api_access: Literal["hostname", "master-ip"] = "hostname"
    cluster_timeout_minutes: Minutes = 90
    protect_cluster: bool = False

    # Credentials: read in the providers' process (components/pks/credentials.py), and checked here.
    pks_cli: Name = "pks"
    pks_api: Name = ""
    pks_username: Name = ""
    pks_password: SecretStr | None = None
    pks_client: Name = ""
    pks_client_secret: SecretStr | None = None
    pks_ca_certificate_file: File | None = None

    @property
    def spec(self) -> ClusterSpec:
        """The cluster to create."""
        renamed = {
            "name": self.cluster_name,
            "workers": self.workers or self.plan_workers,
            "tags": self.cluster_tags,
        }
        same = {name: getattr(self, name) for name in properties() if name not in renamed}
        return ClusterSpec.of({**same, **renamed})

    def findings(self) -> Iterator[Finding]:
        """What is wrong between these keys."""
        yield from network_profile_parameters.findings(
            self.network_profile_parameters, "networkProfileParameters"
        )
        if self.network_profile_parameters and not self.network_profile:
            yield Finding(
                "networkProfile",
                "is not set, but networkProfileParameters is",
                "Run: pulumi config set networkProfile lb-medium",
            )
        if self.node_pool_instances and not self.compute_profile:
            yield Finding(
                "computeProfile",
                "is not set, but nodePoolInstances is",
                "Set the compute profile that has the node pools",
            )
        if self.pks_username and self.pks_client:
            yield Finding(
                "pksClient",
                "is set together with pksUsername",
                "Keep one of them. Run: pulumi config rm pksClient",
                self.pks_client,
            )
