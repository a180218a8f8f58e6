"""The contract of the stack's outputs: the one place that names, types and explains them.

The program exports a ``RancherStack``; another program reads one with ``RancherStack.from_reference``.
"""

# No `from __future__ import annotations`: the contract is read from the annotations.
import dataclasses
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self, get_args

import pulumi
from pydantic.alias_generators import to_camel

CONTRACT_VERSION = 1
"""Raised when an output is renamed, removed or changes its type, secretness or meaning; not for a new one."""

VERSION_OUTPUT = "contractVersion"


class _Secret:
    """Marks an output that is exported as a secret."""


SECRET: Final = _Secret()

Text = pulumi.Input[str]
Object = pulumi.Input[Mapping[str, Any]]


@dataclass(frozen=True)
class Definition:
    """What the contract says of one output.

    Attributes:
        field: Name in ``RancherStack``.
        name: Name as exported.
        type: ``text`` or ``object``.
        secret: Whether it is exported as a secret.
        meaning: What it tells, and when it is absent.
    """

    field: str
    name: str
    type: str
    secret: bool
    meaning: str


@dataclass(frozen=True, kw_only=True)
class RancherStack:
    """The outputs of a Rancher server's stack. A field is exported under its name in camel case.

    Those that may be None are absent while certificate source ``csr`` waits for the signed certificate.
    """

    cluster_name: Annotated[Text, "Name of the PKS cluster."]
    cluster_uuid: Annotated[
        Text, "UUID of the cluster in PKS; BOSH calls its deployment `service-instance_<uuid>`."
    ]
    api_endpoint: Annotated[Text, "URL of the cluster's Kubernetes API."]
    kubernetes_version: Annotated[Text, "Kubernetes version of the live cluster."]
    kubeconfig: Annotated[Text, SECRET, "Kubeconfig of a cluster administrator."]
    rancher_hostname: Annotated[Text, "DNS name of Rancher."]
    ca_bundle: Annotated[Text, "PEM of the CAs that Rancher's clients have to trust; empty while not known."]
    certificate_request: Annotated[Text | None, "PEM of the request for the CA; only with source `csr`."] = (
        None
    )
    certificate_expiry: Annotated[Text | None, "End of Rancher's certificate, ISO 8601 in UTC."] = None
    vip: Annotated[Text | None, "Virtual IP of the ingress, which Rancher's DNS name has to lead to."] = None
    dns_record: Annotated[
        Text | None,
        "DNS record that leads to Rancher: made by the stack, or with dnsMode `none` to be made.",
    ] = None
    rancher_url: Annotated[Text | None, "URL of Rancher."] = None
    rancher_version: Annotated[Text | None, "Version of Rancher that is rolled out."] = None
    rancher_user: Annotated[
        Text | None,
        "Name of Rancher's administrator; absent, as the next four, with rancherBootstrap false.",
    ] = None
    rancher_password: Annotated[Text | None, SECRET, "The administrator's password."] = None
    rancher_token: Annotated[Text | None, SECRET, "API token of the administrator."] = None
    rancher_token_expiry: Annotated[
        Text | None, "End of the token, ISO 8601 in UTC; an update renews it in time."
    ] = None
    local_cluster_state: Annotated[Text | None, "State of Rancher's own cluster."] = None
    pod_network: Annotated[
        Object | None,
        "Pod subnets of the network: blocks, prefix, capacity, used (by others), planned, headroom, "
        "importedClusters, maxImportedClusters, and the figures they come from (docs/capacity.md); absent "
        "without the setting podNetwork.",
    ] = None
    anti_affinity_rules: Annotated[
        Object | None, "Names of the DRS rules by vSphere cluster; absent with antiAffinity `off`."
    ] = None

    def export(self) -> None:
        """Export every value that is there."""
        pulumi.export(VERSION_OUTPUT, CONTRACT_VERSION)
        for item in definitions():
            value = getattr(self, item.field)
            if value is not None:
                pulumi.export(item.name, pulumi.Output.secret(value) if item.secret else value)

    @classmethod
    def from_reference(cls, reference: pulumi.StackReference, required: Collection[str] = ()) -> Self:
        """The outputs of another stack: each field is an Output, of None where that stack has none.

        What the producer exported as a secret stays one.

        Args:
            reference: The producer.
            required: Names of fields that the reader cannot do without.

        Raises:
            RunError: (when an output is used) The producer has another version of the contract, or lacks
                one of the required outputs.
        """

        def output(item: Definition) -> pulumi.Output[Any]:
            def checked(found: list[Any]) -> Any:
                stack, version, value = found
                _check_version(stack, version)
                if item.field in required and value is None:
                    raise pulumi.RunError(
                        f"stack {stack} has no output {item.name} ({item.meaning.rstrip('.')}). Set what it "
                        "comes from in that stack's config, run `pulumi up` there, and then here again"
                    )
                return value

            version = reference.get_output(VERSION_OUTPUT)
            return pulumi.Output.all(reference.name, version, reference.get_output(item.name)).apply(checked)

        return cls(**{item.field: output(item) for item in definitions()})


@functools.cache
def definitions() -> tuple[Definition, ...]:
    """Every output of the contract, in the order of their fields."""
    return tuple(_definition(item.name, item.type) for item in dataclasses.fields(RancherStack))


def _definition(field: str, hint: Any) -> Definition:
    kind, *marks = get_args(hint)
    types = {Text: "text", Text | None: "text", Object: "object", Object | None: "object"}
    return Definition(field, to_camel(field), types[kind], SECRET in marks, str(marks[-1]))


def _check_version(stack: str, version: object) -> None:
    if not isinstance(version, int | float):
        raise pulumi.RunError(
            f"stack {stack} has no output {VERSION_OUTPUT}: it was never updated (run `pulumi up` there), it "
            "is of an older release, or of another program"
        )
    if version != CONTRACT_VERSION:
        behind = "that stack" if version < CONTRACT_VERSION else "this program"
        raise pulumi.RunError(
            f"stack {stack} has version {version:g} of the output contract, this program reads version "
            f"{CONTRACT_VERSION}. Update {behind}"
        )
