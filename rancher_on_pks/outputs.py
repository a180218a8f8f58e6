"""The contract of the stack's outputs: the one place that names, types and explains them.

The program writes them with ``export``; another program reads them with ``RancherStack.from_reference``.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, Self, TypeVar, overload

import pulumi

CONTRACT_VERSION = 1
"""Raised when an output is renamed, removed or changes its type, secretness or meaning; not for a new one."""

VERSION_OUTPUT = "contractVersion"

Object = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Definition:
    """What the contract says of one output.

    Attributes:
        field: Attribute of ``RancherStack``.
        name: Name as exported.
        type: ``text`` or ``object``.
        secret: Whether it is exported as a secret.
        meaning: What it contains, and when it is absent.
        optional: Whether a reader gets an Output of None when it is absent, instead of an error.
    """

    field: str
    name: str
    type: Literal["text", "object"]
    secret: bool
    meaning: str
    optional: bool


def _camel_case(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


class _Stored(Generic[T]):
    """Declares an output of ``RancherStack``; reading it gives the value in the other stack."""

    def __init__(
        self,
        kind: Literal["text", "object"],
        meaning: str,
        *,
        secret: bool = False,
        optional: bool = False,
    ) -> None:
        self._kind, self._meaning = kind, meaning
        self._secret, self._optional = secret, optional

    def __set_name__(self, _owner: type, field: str) -> None:
        self.definition = Definition(
            field, _camel_case(field), self._kind, self._secret, self._meaning, self._optional
        )

    @overload
    def __get__(self, stack: None, owner: type) -> Self: ...
    @overload
    def __get__(self, stack: RancherStack, owner: type) -> pulumi.Output[T]: ...
    def __get__(self, stack: RancherStack | None, owner: type) -> Self | pulumi.Output[T]:
        return self if stack is None else stack.read(self.definition)


def _text(meaning: str, *, secret: bool = False) -> _Stored[str]:
    return _Stored("text", meaning, secret=secret)


def _object(meaning: str) -> _Stored[Object]:
    return _Stored("object", meaning)


def _optional_text(meaning: str) -> _Stored[str | None]:
    return _Stored("text", meaning, optional=True)


def _optional_object(meaning: str) -> _Stored[Object | None]:
    return _Stored("object", meaning, optional=True)


class RancherStack:
    """The outputs of a Rancher server's stack, as Outputs of the program that reads them.

    What the stack exports as a secret stays one. Reading an output that the stack does not have is an error,
    except for those that are None by design.
    """

    cluster_name = _text("Name of the PKS cluster.")
    cluster_uuid = _text("UUID of the cluster in PKS; its BOSH deployment is `service-instance_<uuid>`.")
    api_endpoint = _text("URL of the cluster's Kubernetes API.")
    kubernetes_version = _text("Kubernetes version of the live cluster.")
    kubeconfig = _text("Kubeconfig of a cluster administrator.", secret=True)
    rancher_hostname = _text("DNS name of Rancher.")
    ca_bundle = _text("PEM of the CAs that Rancher's clients must trust; empty while they are unknown.")
    certificate_request = _optional_text("PEM of the request for the CA; only with source `csr`.")
    certificate_expiry = _text(
        "End of Rancher's certificate, ISO 8601 in UTC; absent, as the next four, until source `csr` has its "
        "signed certificate."
    )
    vip = _text("Virtual IP of the ingress, to which Rancher's DNS name must resolve.")
    dns_record = _text("Record for Rancher in DNS; the stack creates it unless dnsMode is `none`.")
    rancher_url = _text("URL of Rancher.")
    rancher_version = _text("Version of Rancher that is rolled out.")
    rancher_user = _text(
        "Name of Rancher's administrator; absent, as the next four, with rancherBootstrap false."
    )
    rancher_password = _text("The administrator's password.", secret=True)
    rancher_token = _text("API token of the administrator.", secret=True)
    rancher_token_expiry = _text("End of the token, ISO 8601 in UTC; an update renews it in time.")
    local_cluster_state = _text("State of Rancher's own cluster.")
    pod_network = _object(
        "Pod subnets of the network: blocks, prefix, capacity, used (by others), planned, headroom, "
        "importedClusters, maxImportedClusters, and the figures behind them (docs/capacity.md); absent "
        "without podNetwork."
    )
    sprawl_brake = _optional_object(
        "State of the sprawl brake: measures, memberRole (role of cluster members without projects), mode "
        "(open, fleet-only, closed), since, reason, headroom, and with the measure admission percent and "
        "fleetUser (docs/brake.md); absent with sprawlBrake off, and with rancherBootstrap false."
    )
    anti_affinity_rules = _optional_object(
        "Names of the DRS rules by vSphere cluster; absent with antiAffinity `off`."
    )

    def __init__(self, reference: pulumi.StackReference, required: Collection[str] = ()) -> None:
        """See ``from_reference``."""
        self._reference, self._required = reference, frozenset(required)

    @classmethod
    def from_reference(cls, reference: pulumi.StackReference, required: Collection[str] = ()) -> RancherStack:
        """The outputs of another stack.

        Args:
            reference: The stack.
            required: Attributes that must not be None either.

        Raises:
            RunError: (when an output is read) The stack has another version of the contract, or lacks it.
        """
        return cls(reference, required)

    def read(self, item: Definition) -> pulumi.Output[Any]:
        """The value of an output.

        Raises:
            RunError: See ``from_reference``.
        """
        needed = not item.optional or item.field in self._required

        def checked(found: list[Any]) -> Any:
            stack, version, value = found
            _check_version(stack, version)
            if needed and value is None:
                raise pulumi.RunError(
                    f"stack {stack} has no output {item.name} ({item.meaning.rstrip('.')}). Change that "
                    "stack's config so that it has one, run `pulumi up` there, then here again"
                )
            return value

        version = self._reference.get_output(VERSION_OUTPUT)
        value = self._reference.get_output(item.name)
        return pulumi.Output.all(self._reference.name, version, value).apply(checked)


def export(**values: pulumi.Input[Any] | None) -> None:
    """Export the stack's outputs, by their attribute in ``RancherStack``; None exports nothing.

    Raises:
        TypeError: The contract has no such output.
    """
    known = {item.field: item for item in definitions()}
    if unknown := values.keys() - known:
        raise TypeError(f"the contract has no output {', '.join(sorted(unknown))}")
    pulumi.export(VERSION_OUTPUT, CONTRACT_VERSION)
    for field, value in values.items():
        if value is not None:
            item = known[field]
            pulumi.export(item.name, pulumi.Output.secret(value) if item.secret else value)


@functools.cache
def definitions() -> tuple[Definition, ...]:
    """Every output of the contract, in order."""
    return tuple(item.definition for item in vars(RancherStack).values() if isinstance(item, _Stored))


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
