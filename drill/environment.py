"""Which environment is drilled: from the outputs of its stack; vCenter from where placement has it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic.alias_generators import to_camel

from components.placement.credentials import VSPHERE
from components.rancher.https_probe import Target
from components.runtime.credentials import Login
from components.runtime.errors import ProviderError
from rancher_on_pks import outputs

_PROJECT = Path(__file__).resolve().parent.parent
_NAME = "rancher-on-pks"
_NEEDED = ("cluster_name", "cluster_uuid", "kubeconfig", "vip", "ca_bundle", "rancher_url")
_SECONDS = 120.0

Run = Callable[[list[str]], str]
"""Runs a command; what it prints."""


class DrillError(Exception):
    """The drill cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Environment:
    """One Rancher server and what it runs on.

    Attributes:
        cluster: Name of the PKS cluster.
        deployment: BOSH deployment, which its VMs in vCenter are marked with.
        rancher: Rancher's health page at the virtual IP.
        kubeconfig: Secret.
        vcenter: Access to vCenter; None when it is not needed.
        datacenter: vSphere datacenter to look in; empty: all.
    """

    cluster: str
    deployment: str
    rancher: Target
    kubeconfig: str = field(repr=False)
    vcenter: Login | None = None
    datacenter: str = ""


def read(stack: str, *, with_vcenter: bool) -> Environment:
    """The environment of a stack, an empty name being the selected one, as ``pulumi`` tells it.

    Raises:
        DrillError: The stack is not up, of another version of the program, or access is missing.
    """
    named = ["--stack", stack] if stack else []
    document = json.loads(_pulumi(["pulumi", "stack", "output", "--json", "--show-secrets", *named]))

    def config() -> Mapping[str, str]:
        found = json.loads(_pulumi(["pulumi", "config", "--json", "--show-secrets", *named]))
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
    """The environment that a stack's outputs describe; its config is asked only for what variables lack.

    Raises:
        DrillError: As for ``read``.
    """
    version = document.get(to_camel("contract_version"))
    if version not in {None, outputs.CONTRACT_VERSION}:
        raise DrillError(
            f"the stack has version {version} of the output contract, this program reads version "
            f"{outputs.CONTRACT_VERSION}. Drill it from the release that deployed it"
        )
    missing = [to_camel(name) for name in _NEEDED if not document.get(to_camel(name))]
    if missing:
        raise DrillError(
            f"the stack has no output {', '.join(missing)}: Rancher is not up. Run `pulumi up`, or name "
            "another stack with --stack"
        )
    url = urlsplit(document["rancherUrl"])
    hostname = url.hostname or ""
    target = Target(document["vip"], url.port or 443, hostname, document["caBundle"], "/ping")
    found, datacenter = None, ""
    if with_vcenter:
        complete = all(variables.get(field.variable) for field in VSPHERE.fields)
        known = {} if complete else config()
        datacenter = known.get("vsphereDatacenter", "")
        try:
            found = VSPHERE.read(known.get, variables)
            found.require("server", "user", "password")
        except ProviderError as error:
            raise DrillError(f"{error}. For a Rancher pod alone none is needed: --only pod") from None
    return Environment(
        document["clusterName"],
        f"service-instance_{document['clusterUuid']}",
        target,
        document["kubeconfig"],
        found,
        datacenter,
    )


def _pulumi(command: list[str]) -> str:
    """What a ``pulumi`` command prints. Its output may hold secrets: an error quotes the other stream."""
    try:
        done = subprocess.run(
            command, cwd=_PROJECT, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise DrillError("there is no `pulumi` on PATH: it knows the stack's outputs") from None
    except subprocess.TimeoutExpired:
        raise DrillError(f"`{' '.join(command[:3])}` did not end within {_SECONDS:g} s") from None
    if done.returncode:
        raise DrillError(f"`{' '.join(command[:3])}` failed: {done.stderr.strip()}")
    return done.stdout
