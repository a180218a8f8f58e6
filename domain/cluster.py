"""The cluster that is wanted from PKS, and a cluster as PKS describes it.

``ClusterSpec`` declares each property of a cluster once: the flag that orders it, what its change does, and
where the document of ``pks cluster --json`` has it. Everything else follows from the declaration.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, get_type_hints

from domain.documents import loads
from domain.finding import Finding

Document = Mapping[str, Any]
"""JSON of the PKS API."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _known_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _pairs(value: object) -> dict[str, str] | None:
    """Both documented forms: a list of names with values, and the text that the CLI takes."""
    if isinstance(value, list):
        named = [item for item in value if isinstance(item, Mapping) and "name" in item]
        return {str(item["name"]): str(item.get("value") or "") for item in named}
    if isinstance(value, str):
        pairs = (item.partition(":") for item in value.split(",") if item)
        return {key.strip(): text.strip() for key, _, text in pairs}
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, Mapping) else None


def _joined(value: Mapping[str, object]) -> str:
    return ",".join(f"{key}:{text}".rstrip(":") for key, text in sorted(value.items()))


@dataclass(frozen=True)
class Property:
    """How PKS treats a property of a cluster.

    Attributes:
        title: What messages call it.
        flag: Flag of `create-cluster`, and of `update-cluster` if a change updates the cluster.
        change: ``updates``: PKS can change it. ``replaces``: only a new cluster can have another value.
        emptied: ``sent``: an empty value is ordered like any other. ``refused``: PKS cannot remove it.
            ``ignored``: an empty value means that PKS decides.
        live: Where the PKS document has it; empty: PKS does not show it.
        read: Its value from that place; None: unknown.
        write: Its value as the flag takes it.
        identifies: A cluster with another value is not the wanted one.
    """

    title: str
    flag: str = ""
    change: Literal["updates", "replaces"] = "updates"
    emptied: Literal["sent", "refused", "ignored"] = "sent"
    live: tuple[str, ...] = ()
    read: Callable[[object], object | None] = _text
    write: Callable[[Any], str] = str
    identifies: bool = False

    def of(self, document: Document) -> object | None:
        """The property's value in a PKS document; None: unknown."""
        if not self.live:
            return None
        value: object = document
        for key in self.live:
            value = value.get(key) if isinstance(value, Mapping) else None
        return self.read(value)


@dataclass(frozen=True, kw_only=True)
class ClusterSpec:
    """A cluster as it is wanted (docs-pks 1.5 and 1.20 `cli/index`: `create-cluster`, `update-cluster`).

    Attributes:
        name: Name in PKS.
        external_hostname: Name of the Kubernetes API; the API's certificate carries it.
        plan: Name of the plan.
        workers: Worker nodes.
        network_profile: Name of the network profile; empty: the foundation's defaults.
        compute_profile: Name of the compute profile; empty: the plan's machines.
        node_pool_instances: Workers by node pool of the compute profile (TKGI 1.9 and later); the profile has
            the number of a pool that is not named. ``workers`` does not count then: TKGI ignores it.
        tags: Tags of the cluster's VMs.
    """

    name: Annotated[str, Property("name", change="replaces", live=("name",), read=_known_text)]
    external_hostname: Annotated[
        str,
        Property(
            "external hostname",
            "external-hostname",
            change="replaces",
            live=("parameters", "kubernetes_master_host"),
            read=_known_text,
            identifies=True,
        ),
    ]
    plan: Annotated[
        str,
        Property("plan", "plan", change="replaces", live=("plan_name",), read=_known_text, identifies=True),
    ]
    workers: Annotated[
        int,
        Property("workers", "num-nodes", live=("parameters", "kubernetes_worker_instances"), read=_number),
    ]
    network_profile: Annotated[
        str,
        Property(
            "network profile",
            "network-profile",
            emptied="refused",
            live=("network_profile_name",),
            identifies=True,
        ),
    ] = ""
    compute_profile: Annotated[
        str,
        Property(
            "compute profile",
            "compute-profile",
            emptied="refused",
            live=("compute_profile_name",),
            identifies=True,
        ),
    ] = ""
    node_pool_instances: Annotated[
        Mapping[str, int],
        Property("node pool instances", "node-pool-instances", emptied="ignored", write=_joined),
    ] = field(default_factory=dict)
    tags: Annotated[
        Mapping[str, str],
        Property("tags", "tags", live=("parameters", "cluster_tags"), read=_pairs, write=_joined),
    ] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> ClusterSpec:
        """The spec of a resource's inputs; other inputs are ignored."""
        return cls(**{name: inputs[name] for name in properties() if name in inputs})

    def inputs(self) -> dict[str, Any]:
        """The spec as inputs of a resource."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}

    @property
    def worker_count(self) -> int:
        """Workers as far as the spec gives their number: of its node pools, if it names any."""
        return sum(self.node_pool_instances.values()) or self.workers

    def flags(self, names: Iterable[str], *, pools: bool = False) -> list[str]:
        """Command-line flags that order these properties.

        Args:
            names: The properties.
            pools: Whether the workers are in node pools, whose numbers replace that of the workers.
        """
        wanted = set(names)
        if "compute_profile" in wanted:  # a new profile sets its own numbers
            wanted.add("node_pool_instances")
        if pools:
            wanted.discard("workers")
        arguments: list[str] = []
        for name, declared in properties().items():
            value = getattr(self, name)
            if name in wanted and declared.flag and (value or declared.emptied == "sent"):
                arguments += [f"--{declared.flag}", declared.write(value)]
        return arguments

    def creation_flags(self, *, pools: bool = False) -> list[str]:
        """Command-line flags of the creation: every property that is not empty."""
        return self.flags((name for name in properties() if getattr(self, name)), pools=pools)


@functools.cache
def properties() -> Mapping[str, Property]:
    """The declared properties of a cluster by name."""
    hints = get_type_hints(ClusterSpec, include_extras=True)
    return {item.name: hints[item.name].__metadata__[0] for item in fields(ClusterSpec)}


def names(change: str) -> tuple[str, ...]:
    """Names of the properties whose change ``updates`` or ``replaces`` the cluster."""
    return tuple(name for name, declared in properties().items() if declared.change == change)


_ENDED = frozenset({"succeeded", "failed", "error"})
"""States of an action that has ended. PKS has others than `in progress`, such as `queued` (TKGI 1.20)."""


@dataclass(frozen=True)
class LiveCluster:
    """A cluster as PKS describes it (`pks cluster --json`).

    Attributes:
        name: Name in PKS.
        uuid: UUID; BOSH calls the deployment ``service-instance_<uuid>``.
        document: The JSON object.
    """

    name: str
    uuid: str
    document: Document

    @classmethod
    def of(cls, document: object) -> LiveCluster:
        """The cluster that a JSON object describes.

        Raises:
            ValueError: It describes none.
        """
        values = document if isinstance(document, Mapping) else {}
        name, uuid = values.get("name"), values.get("uuid")
        if not (isinstance(name, str) and name and isinstance(uuid, str) and uuid):
            raise ValueError("an object with `name` and `uuid` is expected")
        return cls(name, uuid, values)

    def values(self) -> dict[str, Any]:
        """The values of the declared properties, as far as PKS shows them."""
        found = {name: declared.of(self.document) for name, declared in properties().items()}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def action(self) -> str:
        """The last action: `CREATE`, `UPDATE`, `UPGRADE`, `DELETE` (docs-pks 1.12 has `Create`, too)."""
        return _text(self.document.get("last_action")).upper()

    @property
    def action_state(self) -> str:
        """State of the last action."""
        return _text(self.document.get("last_action_state")).strip().lower()

    @property
    def busy(self) -> bool:
        """Whether an action runs or waits to run: PKS accepts no other order."""
        return self.action_state not in _ENDED

    @property
    def failed(self) -> bool:
        """Whether the last action failed. PKS writes `failed` or `error`."""
        return self.action_state in _ENDED - {"succeeded"}

    @property
    def deleting(self) -> bool:
        """Whether it is being deleted."""
        return self.action == "DELETE" and self.busy

    @property
    def master_ips(self) -> list[str]:
        """Addresses of the Kubernetes API (with NSX-T one virtual IP); empty while they are unknown."""
        addresses = self.document.get("kubernetes_master_ips")
        known = addresses if isinstance(addresses, list) else []
        return [ip for ip in known if isinstance(ip, str) and ip[:1].isdigit()]  # or ["In Progress"]

    @property
    def compute_profile_document(self) -> Document | None:
        """The compute profile's parameters, where PKS shows them (JSON text inside the JSON)."""
        parameters = self.document.get("parameters")
        text = parameters.get("compute_profile") if isinstance(parameters, Mapping) else None
        try:
            found = loads(text) if isinstance(text, str) else text
        except ValueError:
            return None
        return found if isinstance(found, Mapping) else None

    @property
    def kubernetes_version(self) -> str:
        """Version of Kubernetes; empty where PKS does not show it."""
        return _text(self.document.get("k8s_version"))

    @property
    def pks_version(self) -> str:
        """Version of PKS that deployed or last upgraded it; empty where PKS does not show it."""
        return _text(self.document.get("pks_version"))

    @property
    def upgradable(self) -> bool:
        """Whether PKS has a newer version for it."""
        return bool(self.document.get("available_upgrades"))

    def __str__(self) -> str:
        """The last action, its state and its description."""
        words = (self.action, self.action_state, _text(self.document.get("last_action_description")))
        return ", ".join(word for word in words if word)


def adoption_findings(live: LiveCluster, wanted: Mapping[str, Any], cli: str) -> Iterator[Finding]:
    """Why an existing cluster of the wanted name cannot be taken over; none when it can.

    Args:
        live: The cluster.
        wanted: Values of the properties that identify a cluster.
        cli: What the command-line tool is called.
    """
    for name, declared, value in _other_values(live, wanted):
        yield Finding(
            name,
            f"cluster {live.name!r} exists with {declared.title} {value!r}, not {wanted[name]!r}",
            "Give the cluster's value, or another cluster name",
        )
    if live.action == "DELETE":
        yield Finding("name", f"cluster {live.name!r} is being deleted ({live})", "Wait until it is gone")
    elif live.failed:
        yield Finding(
            "name", f"cluster {live.name!r} exists and has failed ({live})", failure_advice(live, cli)
        )


def just_ordered(live: LiveCluster, wanted: Mapping[str, Any]) -> bool:
    """Whether the cluster was ordered with these values, and nobody has done more than delete it."""
    return live.action in {"CREATE", "DELETE"} and not any(_other_values(live, wanted))


def _other_values(live: LiveCluster, wanted: Mapping[str, Any]) -> Iterator[tuple[str, Property, object]]:
    """The identifying properties whose value in PKS is not the wanted one, as far as PKS shows it."""
    for name, declared in properties().items():
        value = declared.of(live.document)
        if declared.identifies and value is not None and value != wanted.get(name):
            yield name, declared, value


def node_pools(parameters: Document) -> dict[str, Document]:
    """The node pools of a compute profile's parameters by name (docs-pks 1.20 `compute-profiles-manage`)."""
    customization = parameters.get("cluster_customization")
    pools = customization.get("node_pools") if isinstance(customization, Mapping) else None
    found = [item for item in (pools if isinstance(pools, list) else []) if isinstance(item, Mapping)]
    return {str(item.get("name")): item for item in found}


def failure_advice(live: LiveCluster, cli: str) -> str:
    """What to do about a cluster whose last action failed."""
    if live.action == "CREATE":  # PKS cannot continue a failed creation
        return (
            f"Find the cause with `bosh tasks --recent`, run `{cli} delete-cluster {live.name}`, "
            "and run `pulumi up` when the cluster is gone"
        )
    return (
        "Find the cause with `bosh tasks --recent` and remove it. Then run the Pulumi command again; if it "
        f"refuses the cluster, repeat the failed action with `{cli}` first"
    )
