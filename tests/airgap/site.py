"""A small checkout with a stack, what its bundle takes from this machine, and stand-ins for tools."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from airgap import engine, load
from airgap.bundle import Wanted
from lab.chart_packages import packages

REGISTRY = "harbor.example.com/rancher"
_CHARTS = {"ingress-nginx": "4.15.1", "rancher": "2.8.5"}
_STACK = {
    "clusterName": "rancher",
    "externalHostname": "rancher-api.example.com",
    "plan": "rancher",
    "kubernetesVersion": "1.28",
    "pksApi": "pks.example.com",
    "certificateSource": "self-signed",
    "ingressChart": "charts/ingress-nginx-4.15.1.tgz",
    "ingressChartVersion": "4.15.1",
    "rancherChart": "charts/rancher-2.8.5.tgz",
    "rancherVersion": "2.8.5",
    "rancherHostname": "rancher.example.com",
    "imageRegistry": REGISTRY,
}
# Renders what a chart with one container would: its image has the registry of the values, if they have one.
_HELM = """#!/bin/sh
case "$1" in
push) echo "$@" >> "$HELM_LOG"; exit 0 ;;
esac
values=$(cat)
registry=docker.io
case "$values" in *harbor.example.com*) registry=harbor.example.com/rancher ;; esac
case "$2" in *rancher*) image=rancher/rancher:v2.8.5 ;; *) image=ingress/controller:v1.11.5 ;; esac
echo "{kind: Pod, spec: {containers: [{image: $registry/$image}]}}"
"""
# Copies as skopeo does, from a registry whose images are named after their digests, into one that logs.
_SKOPEO = """#!/bin/sh
for last; do from=$to; to=$last; done
echo "$from $to" >> "$SKOPEO_LOG"
case "$from" in *denied*) echo "unauthorized: access to $from is denied" >&2; exit 1 ;; esac
case "$to" in
oci:*)
  mkdir -p "${to#oci:}/blobs/sha256"
  digest=$(printf %s "${from%%@*}" | sha256sum | cut -c1-64)
  printf %s "${from%%@*}" > "${to#oci:}/blobs/sha256/$digest"
  printf '{"manifests": [{"digest": "sha256:%s"}]}' "$digest" > "${to#oci:}/index.json"
esac
"""


def git(repository: Path, *arguments: str) -> None:
    """Runs git without the settings of this machine."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", repository, *identity, *arguments], check=True, capture_output=True)


def executable(place: Path, text: str) -> None:
    """Writes a command."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o755)


@dataclass(frozen=True)
class Site:
    """A directory with everything.

    Attributes:
        root: It.
    """

    root: Path

    @property
    def checkout(self) -> Path:
        return self.root / "checkout"

    @property
    def bin(self) -> Path:
        """Commands on PATH."""
        return self.root / "bin"

    @property
    def wanted(self) -> Wanted:
        """A bundle without options."""
        return Wanted(directory=self.checkout, stack="prod", downloads=self.root / "wheels")

    def commit(self) -> None:
        """Commits every file of the checkout."""
        git(self.checkout, "add", ".")
        git(self.checkout, "commit", "--quiet", "-m", "change")

    def configure(self, **keys: object) -> None:
        """Changes keys of the stack, and commits."""
        file = self.checkout / "Pulumi.prod.yaml"
        config = {**_STACK, **keys}
        file.write_text(yaml.safe_dump({"config": {f"rancher-on-pks:{key}": config[key] for key in config}}))
        self.commit()

    def log(self, name: str) -> list[str]:
        """Arguments of each call of a stand-in."""
        file = self.root / f"{name}.log"
        return file.read_text().splitlines() if file.exists() else []

    def variables(self) -> dict[str, str]:
        """Environment in which the commands are found."""
        logs = {f"{name.upper()}_LOG": str(self.root / f"{name}.log") for name in ("helm", "skopeo")}
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "PULUMI_HOME": str(self.root / "pulumi"), **logs}

    def add_skopeo(self) -> None:
        """Puts the stand-in of skopeo on PATH."""
        executable(self.bin / "skopeo", _SKOPEO)


def make(root: Path) -> Site:
    """Makes the site."""
    site = Site(root)
    for name in ("pulumi", "pulumi-language-python"):
        executable(site.bin / name, f"#!/bin/sh\necho v3.272.0  # {name}\n")
    executable(site.bin / "helm", _HELM)
    for plugin in engine.plugins():
        file = f"pulumi-resource-{plugin.name}"
        executable(root / "pulumi" / "plugins" / plugin.folder / file, f"# {file}\n")
    charts = site.checkout / "charts"
    charts.mkdir(parents=True)
    for chart in packages():
        if _CHARTS.get(chart.name) == chart.version:
            (charts / chart.file_name).write_bytes(chart.archive)
    wheel = root / "wheels" / "alpha-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"a wheel")
    (site.checkout / "requirements.txt").write_text(
        f"alpha==1.0 \\\n    --hash=sha256:{load.sha256(wheel)} \\\n    --hash=sha256:{'0' * 64}\n"
    )
    git(site.checkout, "init", "--quiet")
    site.configure()
    return site
