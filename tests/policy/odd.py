"""Odd inputs for the pack, and inputs that surely violate a policy. From one seed, always the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain import type_tokens as kinds
from policy.creators import DEMAND
from tests.policy.judging import UNKNOWN

SECRET_SIGNATURE = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
"""Key and value that mark a secret in what the engine sends."""

Props = Mapping[str, Any]

_WORDS = """
metadata name namespace annotations labels spec values ingress enabled replicas chart version type
data stringData roleRef subjects figures network demands blocks cidr plan masters foundation
parameters lb_size resourceNames Namespace/v1 createNamespace repositoryOpts repo status
virtualMachineIds role protect items manifest apiVersion kind yamlBody projects quota
namespaceOptions privateCA ingressClassName tls.crt cacerts.pem kubernetes.io/ingress.class source
fleetShares importedClusters rancherVersion
"""
_KEYS = _WORDS.split()
_TEXTS = (
    "",
    "a",
    "true",
    "False",
    "-1",
    "1e400",
    "٣",
    "\0",
    "💥",
    "x" * 300,
    "tls-ca",
    "rancher",
    "kube-system",
    "kubernetes.io/tls",
    "cluster-admin",
    "v1",
    "Namespace",
    "2.8",
    "172.16.0.0/16",
    "urn:pulumi:",
    UNKNOWN,
)
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 1e9, 1e20, -1e300, 2.0**63)
_PREFIXES = ("kubernetes:", "rancher2:index/", "pulumi:", "pulumi-python:dynamic/", "")
_FIXED = sorted(
    {
        *DEMAND,
        *kinds.RELEASES,
        *kinds.RENDERED,
        *kinds.INGRESSES,
        *kinds.CLUSTER_ROLE_BINDINGS,
        *(kinds.SECRET, kinds.SERVICE, kinds.NAMESPACE, kinds.CUSTOM_NAMESPACE, kinds.NAMESPACE_PATCH),
        *(kinds.PREFLIGHT, kinds.NETWORK_PROFILE, kinds.ANTI_AFFINITY_RULE, kinds.VIRTUAL_MACHINES),
        *("kubernetes:index/manifest:Manifest", "kubectl:index/manifest:Manifest", "pulumi:pulumi:Stack"),
    }
)


@dataclass(frozen=True)
class Planted:
    """A resource that surely violates a policy, whatever else the stack has.

    Attributes:
        kind: Its type.
        props: Its properties.
        policy: Name of the policy.
        message: Part of the violation's message.
    """

    kind: str
    props: Props
    policy: str
    message: str


def value(chance: random.Random, depth: int = 3) -> Any:
    """Any value that the engine can send."""
    choice = chance.random()
    if depth and choice < 0.25:
        return props(chance, depth - 1)
    if depth and choice < 0.35:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if choice < 0.4:
        return dict([SECRET_SIGNATURE], value=value(chance, max(depth - 1, 0)))
    return chance.choice((None, True, False, chance.choice(_NUMBERS), *chance.choices(_TEXTS, k=3)))


def props(chance: random.Random, depth: int = 3) -> dict[str, Any]:
    """An object with keys that rules read, and others."""
    return {chance.choice(_KEYS): value(chance, depth) for _ in range(chance.randrange(5))}


def kind(chance: random.Random) -> str:
    """A type that rules are about, or one of a similar or of no form. Never figures of the pod network."""
    if chance.random() < 0.85:
        return versioned(chance.choice(_FIXED), chance)
    return chance.choice(_PREFIXES) + "".join(chance.choices(":/aZ.v1", k=chance.randrange(9)))


def versioned(token: str, chance: random.Random) -> str:
    """A token of the table with an API version, as resources have it; at times a list or a patch."""
    package, _, rest = token.partition(":")
    group, _, name = rest.partition(":")
    if package != "kubernetes" or "/" in group or token not in DEMAND:
        return token
    return f"kubernetes:{group}/{chance.choice(('v1', 'v1beta1', 'v3', 'v1alpha1'))}:{name}"


def figures(imports: int, applications: int = 0) -> dict[str, Any]:
    """Figures of a block that 52 imported clusters fit on, with the reserve of 10 %."""
    demand = {
        "rancherVersion": "2.8",
        "importedClusters": float(imports),
        "applications": float(applications),
    }
    return {"network": {"blocks": [{"cidr": "172.16.0.0/16"}]}, "demands": [demand]}


def planted(chance: random.Random) -> Planted:
    """A resource that violates a policy by itself, with odd properties beside those that matter."""
    sure = chance.choice(_PLANTED)(chance)
    extra = {
        key: item for key, item in props(chance).items() if key not in _DECISIVE and key not in sure.props
    }
    return Planted(sure.kind, {**extra, **sure.props}, sure.policy, sure.message)


_DECIDING = """
metadata values chart version type data stringData roleRef subjects figures parameters foundation name spec
resourceNames createNamespace
"""
_DECISIVE = frozenset(_DECIDING.split())
"""Keys that decide about the planted violations."""


def _namespace(chance: random.Random) -> Planted:
    token = chance.choice((kinds.NAMESPACE, kinds.CUSTOM_NAMESPACE, kinds.NAMESPACE_PATCH))
    metadata = {**props(chance, 1), "name": "stray"}
    return Planted(token, {"metadata": metadata}, "pod-network", "'stray' is not declared")


def _release(chance: random.Random) -> Planted:
    given = chance.choice((True, "true", "TRUE"))
    return Planted(
        chance.choice(kinds.RELEASES),
        {"createNamespace": given, "chart": value(chance, 1)},
        "pod-network",
        "creates namespace",
    )


def _replicas(chance: random.Random) -> Planted:
    values = {**props(chance, 1), "replicas": chance.choice((1.0, "1", 0.0, -1.0))}
    props_ = {"chart": "rancher", "values": values, "version": value(chance, 0)}
    return Planted(kinds.RELEASE, props_, "rancher-design", "replicas, at least 3 are needed")


def _plan(chance: random.Random) -> Planted:
    document = figures(chance.randrange(53, 9000))
    return Planted(kinds.POD_NETWORK, {"figures": document}, "pod-network", "52 imported clusters fit")


def _masters(chance: random.Random) -> Planted:
    foundation = {"masters": chance.choice((1.0, 2.0, "1")), "plan": chance.choice(("small", UNKNOWN, None))}
    return Planted(kinds.PREFLIGHT, {"foundation": foundation}, "rancher-design", "masters, at least 3")


def _cluster(chance: random.Random) -> Planted:
    return Planted(kinds.CLUSTER, props(chance), "rancher-design", "is not protected")


def _ca(chance: random.Random) -> Planted:
    secret = {"metadata": {"name": "tls-ca"}, "data": {"ca.pem": chance.choice(("", "%", "QQ=="))}}
    return Planted(kinds.SECRET, secret, "trusted-certificates", "secret tls-ca has 1 keys")


def _tiller(chance: random.Random) -> Planted:
    binding = {"roleRef": {"name": "cluster-admin"}, "subjects": [{"name": "tiller"}]}
    token = chance.choice(kinds.CLUSTER_ROLE_BINDINGS)
    return Planted(token, binding, "rancher-design", "tiller is bound to cluster-admin")


_PLANTED: tuple[Callable[[random.Random], Planted], ...] = (
    *(_namespace, _release, _replicas, _plan, _masters, _cluster, _ca, _tiller),
)
