"""Tries an environment in the lab: the settings of a stack's file with the lab's addresses.

What depends on the foundation is replaced: hosts, names in DNS, ports, CA files, and the versions of
Kubernetes and of the charts, of which the lab has few. Images come from the lab's registry if it runs.
Everything else stays, so that plan, certificates, policies and pod network are judged as written. Missing
certificate files are issued by the lab's CA.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lab import pki, registry
from lab.bringup import LabError
from lab.engine import PREFIX, Engine
from lab.helm_choice import OLD_CHARTS
from lab.layout import REPO, Lab

_ZONE = "lab.test"
_VERSIONS = {"kubernetesVersion": "1.36", "rancherVersion": "2.15.0", "ingressChartVersion": "4.15.1"}
_TLS_PORT = 8443
_FROM_ENVIRONMENT = (
    *("pksApi", "pksCaCertificateFile", "pksUsername", "vsphereServer", "vsphereUser", "vsphereDatacenter"),
    *("vsphereComputeClusters", "boshEnvironment", "boshClient", "boshCaCertificateFile"),
)
"""Keys that the lab's environment variables give, or that name objects of the real foundation."""
POLICIES = "policy.json"


def engine(lab: Lab, like: Engine, file: Path) -> Engine:
    """Returns the engine of a stack for an environment file, with its settings adapted to the lab.

    Raises:
        LabError: The file is not one of a stack of this program.
    """
    stack, settings = stack_name(file), read(file)
    own = lab.path(f"Pulumi.{stack}.yaml")
    salt = yaml.safe_load(own.read_text()).get("encryptionsalt") if own.exists() else None
    config = {f"{PREFIX}{key}": value for key, value in adapted(settings, lab, stack).items()}
    own.write_text(yaml.safe_dump({"config": config, **({"encryptionsalt": salt} if salt else {})}))
    made = Engine(lab, like.tools, stack)
    made.ensure_stack()
    if f"{PREFIX}imageRegistry" in config:
        made.run("config", "set", "--secret", "imagePullSecretPassword", registry.PASSWORD)
    return made


def read(file: Path) -> dict[str, Any]:
    """The settings of an environment file, without their prefix.

    Raises:
        LabError: The file cannot be read, or has no config.
    """
    try:
        document = yaml.safe_load(file.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise LabError(f"{file} cannot be read: {error}. Check its name and content") from error
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        raise LabError(f"{file} has no `config`, so it is not a stack file")
    config = {str(key): value for key, value in document["config"].items()}
    return {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}


def stack_name(file: Path) -> str:
    """The stack of an environment file, ``Pulumi.<stack>.yaml``.

    Raises:
        LabError: The file has another name, or is the lab's own.
    """
    parts = file.name.split(".")
    if len(parts) != 3 or parts[0] != "Pulumi" or parts[2] != "yaml" or parts[1] in {"", "lab"}:
        raise LabError(f"{file}: give the file of an environment, Pulumi.<env>.yaml")
    return parts[1]


def policies(file: Path) -> list[str]:
    """Arguments of ``pulumi`` for the policy pack, with the environment's thresholds."""
    own = (file.with_name(POLICIES), REPO / "policy" / f"config.{stack_name(file)}.json")
    config = next((path for path in own if path.exists()), REPO / "policy" / "config.prod.json")
    return ["--policy-pack", str(REPO / "policy"), "--policy-pack-config", str(config)]


def adapted(settings: dict[str, Any], lab: Lab, stack: str) -> dict[str, Any]:
    """Returns the settings with the lab's addresses and versions."""
    found = {key: value for key, value in settings.items() if key not in _FROM_ENVIRONMENT}
    found |= _VERSIONS
    if settings.get("helmEngine") == "v2":
        found |= OLD_CHARTS
    # Named after the stack, since the lab's own already has a rancher.lab.test.
    found |= {"rancherHostname": f"{stack}.{_ZONE}", "externalHostname": f"{stack}-api.{_ZONE}"}
    for key in ("ingressChartRepository", "rancherChartRepository"):
        found[key] = _repository(lab, str(settings.get(key, "")))
    if "chartRepositoryCaFile" in settings:
        found["chartRepositoryCaFile"] = str(lab.ca_certificate)
    for key in ("dnsServer", "dnsResolver"):
        if key in settings:
            found[key] = lab.dns_server
    if settings.get("dnsMode", "none") != "none":
        found |= {"dnsResolver": lab.dns_server, "dnsApiRecord": "true"}
    if "dnsZone" in settings:
        found["dnsZone"] = _ZONE
    if "nsxManager" in settings:
        found |= {"nsxManager": lab.nsx_manager, "nsxCaCertificateFile": str(lab.ca_certificate)}
    found = {key: value for key, value in found.items() if not key.startswith("image")}
    if "imageRegistry" in settings and lab.registry_config.exists():
        found |= registry.settings(lab)
    found |= {
        "apiAccess": "master-ip",
        "vipCidr": lab.floating_ips,
        "ingressHttpPort": "8080",
        "ingressHttpsPort": "8443",
    }
    return found | dict(_certificates(settings, lab, stack, str(found["rancherHostname"])))


def _repository(lab: Lab, given: str) -> str:
    """The lab's repository of the same kind."""
    host = f"{lab.address(0, 6)}:{_TLS_PORT}"
    return f"oci://{host}/charts" if given.startswith("oci:") else lab.chart_repository


def _certificates(settings: dict[str, Any], lab: Lab, stack: str, hostname: str) -> Iterator[tuple[str, str]]:
    """The certificate files that the settings name, as the lab's CA issues them."""
    certificate, key = pki.server_certificate(lab, f"rancher-{stack}", dns=[hostname])
    issued = {
        "certificateFile": certificate,
        "privateKeyFile": key,
        "caCertificateFile": lab.ca_certificate,
        "caPrivateKeyFile": lab.ca_key,
    }
    for name, path in issued.items():
        if name in settings and not Path(settings[name]).exists():
            yield name, str(path)
