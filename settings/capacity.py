"""Settings of the pod network: its figures and the plan for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr

from capacity.model import figures
from capacity.model.assessment import assess
from capacity.model.plan import CapacityError, Demand, FleetShare, LoadBalancerSize, Network, Plan, camel
from domain.finding import Finding
from domain.rancher_growth import DEFAULT_ETCD_MB, MOST_ETCD_MB
from settings.types import File, Name, Section, Values

_ELSEWHERE = {"rancherVersion": "rancherVersion", "lbSize": "networkProfileParameters.lb_size"}
"""Parts of a plan that other config keys give."""
Count = Annotated[int, Field(ge=0)]


class Share(Section):
    """A fleet's share of the plan."""

    imported_clusters: Count = 0
    projects: Count = 0
    users: Count = 0


def _share(given: Any) -> Any:
    """A number is that of imported clusters."""
    return given if isinstance(given, Mapping) else {"importedClusters": given}


class CapacitySettings(Section):
    """The pod network that the cluster shares with others, and the plan for it."""

    pod_network: Values = {}
    pod_network_measured_at: date | None = None
    planned_imported_clusters: Count = 0
    planned_projects: Count = 0
    planned_users: Annotated[int, Field(ge=1)] = 1
    planned_cluster_members: Count = 0
    planned_project_members: Count = 0
    planned_imports_per_month: Count = 0
    etcd_quota_mb: Annotated[int, Field(ge=1, le=MOST_ETCD_MB)] = DEFAULT_ETCD_MB
    etcd_start_mb: Count = 0
    planned_applications: Count = 0
    fleet_shares: dict[Name, Annotated[Share, BeforeValidator(_share)]] = {}
    leaked_namespaces: Count = 0
    nsx_manager: Name = ""
    nsx_username: Name = ""
    nsx_password: SecretStr | None = None
    nsx_ca_certificate_file: File | None = None

    def plan_for(self, name: str, rancher_version: str, lb_size: LoadBalancerSize) -> Plan | None:
        """The plan of the cluster with that name on the pod network; None without figures.

        Raises:
            CapacityError: The figures contradict each other.
        """
        if not self.pod_network:
            return None
        demand = Demand(
            name=name,
            rancher_version=rancher_version,
            imported_clusters=self.planned_imported_clusters,
            projects=self.planned_projects,
            users=self.planned_users,
            users_per_cluster=self.planned_cluster_members,
            users_per_project=self.planned_project_members,
            imports_per_month=self.planned_imports_per_month,
            etcd_quota_mb=self.etcd_quota_mb,
            etcd_start_mb=self.etcd_start_mb,
            applications=self.planned_applications,
            leaked=self.leaked_namespaces,
            fleet_shares={
                stack: FleetShare(**share.model_dump()) for stack, share in self.fleet_shares.items()
            },
            lb_size=lb_size,
        )
        return Plan(network=figures.network(self.pod_network), demands=(demand,))

    def findings(self, rancher_version: str, profile: Mapping[str, Any] | None = None) -> Iterator[Finding]:
        """What is wrong with the figures; the policies judge whether the plan fits.

        Args:
            rancher_version: Version of Rancher.
            profile: Parameters of the network profile that the stack creates, which the figures must match.
        """
        try:
            if plan := self.plan_for("rancher", rancher_version, "small"):
                assess(plan)
                yield from _contradictions(plan.network, profile or {})
        except CapacityError as error:
            yield _invalid(error)
        yield from self._oversubscribed()
        if self.pod_network_measured_at and self.pod_network_measured_at > datetime.now(UTC).date():
            yield Finding(
                "podNetworkMeasuredAt",
                "is in the future",
                "Set the day on which the figures were read",
                str(self.pod_network_measured_at),
            )
        if self.nsx_manager and not self.pod_network:
            yield Finding(
                "nsxManager",
                "is set, but podNetwork is not",
                "Name the pod IP blocks to read in podNetwork.blocks",
                self.nsx_manager,
            )

    def _oversubscribed(self) -> Iterator[Finding]:
        """Shares of fleets that add up to more than the plan; the administrator is a user of the plan."""
        planned = {
            "imported_clusters": ("plannedImportedClusters", self.planned_imported_clusters),
            "projects": ("plannedProjects", self.planned_projects),
            "users": ("plannedUsers", self.planned_users - 1),
        }
        for name, (key, most) in planned.items():
            total = sum(getattr(share, name) for share in self.fleet_shares.values())
            if total > most:
                yield Finding(
                    "fleetShares",
                    f"{camel(name)} of all fleets add up to {total}, but {key} leaves {most} for them",
                    f"Reduce the shares, or raise {key}",
                    depends_on=(key,),
                )
        if self.fleet_shares and not self.pod_network:
            yield Finding(
                "fleetShares", "is set, but podNetwork is not", "Name the pod IP blocks in podNetwork.blocks"
            )


def _invalid(error: CapacityError) -> Finding:
    """The model's error as a finding about the config key that it names first."""
    name, colon, problem = str(error).partition(": ")
    if not colon or not name.isidentifier():
        return Finding("podNetwork", str(error), depends_on=("rancherVersion",))
    key = _ELSEWHERE.get(name, f"podNetwork.{name}")
    return Finding(key, problem, depends_on=("podNetwork", "rancherVersion"))


def _contradictions(network: Network, profile: Mapping[str, Any]) -> Iterator[Finding]:
    """Figures that contradict the cluster's own network profile.

    Without a prefix the profile has 24 (docs-pks ``network-profiles-define``); the default of the topology
    depends on the release and is not guessed.
    """
    shared = network.topology == "shared"
    expected = {
        "pod_subnet_prefix": ("subnetPrefix", network.subnet_prefix, "pod_subnet_prefix is the subnetPrefix"),
        "pod_routable": ("nat", not network.nat, "nat: false goes with pod_routable: true"),
        "single_tier_topology": ("topology", shared, "topology: shared goes with single_tier_topology: true"),
    }
    actual = {"pod_subnet_prefix": 24, **profile} if profile else {}
    for key, (figure, value, remedy) in expected.items():
        if key in actual and actual[key] != value:
            yield Finding(
                f"podNetwork.{figure}",
                f"does not match networkProfileParameters.{key}, which is {json.dumps(actual[key])} "
                f"({'set' if key in profile else 'default'})",
                f"Make them match: {remedy}",
                depends_on=("podNetwork", "networkProfileParameters"),
            )
