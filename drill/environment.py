"""How a stack's cluster and vCenter are reached: outputs, environment variables, config."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic.alias_generators import to_camel

from components.placement.credentials import VSPHERE
from components.rancher.endpoint import RancherEndpoint
from components.runtime.command import Command, CommandMissingError
from components.runtime.credentials import require
from components.runtime.errors import ProviderError
from domain.credentials import Login
from rancher_on_pks import outputs

_PROJECT = Path(__file__).resolve().parent.parent
_NAME = "rancher-on-pks"
_NEEDED = ("cluster_name", "cluster_uuid", "kubeconfig", "vip", "ca_bundle", "rancher_url")
_SECONDS = 120.0


class DrillError(Exception):
    """No drill is possible; the message says why and what to do."""


@dataclass(frozen=True)
class Environment:
    """One Rancher server and what it runs on.

    Attributes:
        cluster: Name of the PKS cluster.
        deployment: Its BOSH deployment: an attribute of its VMs in vCenter.
        endpoint: Where Rancher is reached.
        kubeconfig: Secret.
        vcenter: Login to vCenter; None when it is not needed.
        datacenter: vSphere datacenter to search; empty: all.
    """

    cluster: str
    deployment: str
    endpoint: RancherEndpoint
    kubeconfig: str = field(repr=False)
    vcenter: Login | None = None
    datacenter: str = ""


def read(stack: str, *, with_vcenter: bool) -> Environment:
    """The environment of a stack; of the selected stack if the name is empty.

    Raises:
        DrillError: The stack is not deployed, another version of the program deployed it, or credentials are
            missing.
    """
    stack_option = ["--stack", stack] if stack else []
    document = json.loads(_pulumi("stack", "output", "--json", "--show-secrets", *stack_option))

    def config() -> Mapping[str, str]:
        found = json.loads(_pulumi("config", "--json", "--show-secrets", *stack_option))
        prefix = f"{_NAME}:"
        return {key.removeprefix(prefix): str(item.get("value", "")) for key, item in found.items()}

    return environment(document, os.environ, config, with_vcenter=with_vcenter)


def environment(
    document: Mapping[str, Any],
    variables: Mapping[str, str],
    config: Callable[[], Mapping[str, str]],
    *,
    with_vcenter: bool,
) -> Environment:
    """The environment that a stack's outputs describe; its config is read only for what variables lack.

    Raises:
        DrillError: As for ``read``.
    """
    version = document.get(to_camel("contract_version"))
    if version not in {None, outputs.CONTRACT_VERSION}:
        raise DrillError(
            f"the stack has version {version} of the output contract, this program reads version "
            f"{outputs.CONTRACT_VERSION}. Run the drill from the release that deployed the stack"
        )
    missing = [to_camel(name) for name in _NEEDED if not document.get(to_camel(name))]
    if missing:
        raise DrillError(
            f"the stack has no output {', '.join(missing)}: Rancher is not deployed. Run `pulumi up`, or "
            "name another stack with --stack"
        )
    url = urlsplit(document["rancherUrl"])
    vcenter, datacenter = _vcenter(variables, config) if with_vcenter else (None, "")
    return Environment(
        document["clusterName"],
        f"service-instance_{document['clusterUuid']}",
        RancherEndpoint(
            address=document["vip"],
            port=url.port or 443,
            hostname=url.hostname or "",
            ca_bundle=document["caBundle"],
        ),
        document["kubeconfig"],
        vcenter,
        datacenter,
    )


def _vcenter(variables: Mapping[str, str], config: Callable[[], Mapping[str, str]]) -> tuple[Login, str]:
    complete = all(variables.get(item.variable) for item in VSPHERE.fields)
    known = {} if complete else config()
    login = VSPHERE.read(known.get, variables)
    try:
        require(login, "server", "user", "password")
    except ProviderError as error:
        raise DrillError(f"{error}. A drill of a Rancher pod needs none: --only pod") from None
    return login, known.get("vsphereDatacenter", "")


def _pulumi(*arguments: str) -> str:
    """Standard output of a ``pulumi`` command. It may hold secrets: an error quotes standard error only."""
    what = " ".join(["pulumi", *arguments[:2]])
    try:
        done = Command("pulumi", os.environ).run("--cwd", str(_PROJECT), *arguments, timeout=_SECONDS)
    except CommandMissingError:
        raise DrillError("`pulumi` is not on PATH, which reads the stack's outputs. Install it") from None
    except ProviderError as error:
        raise DrillError(str(error)) from None
    if done.exit_code:
        errors = done.text.removeprefix(done.output.strip()).strip()
        raise DrillError(f"`{what}` failed: {errors}")
    return done.output
