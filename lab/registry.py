"""The lab's image registry: Debian's ``docker-registry`` over TLS with a login, as Harbor is in a datacenter.

``127.N.0.8:5000``. It has an image for each name in the lab's charts, in the project ``rancher``. Once it
runs, the nodes of new clusters ask it for the images of their pods (``lab.cluster.kubelet``).
"""

from __future__ import annotations

import shutil
import sys

import yaml

from domain.chart_images import INGRESS_CHARTS, ingress_images, rancher_images
from domain.helm_v2 import IMAGE
from domain.images import Image
from domain.rancher_releases import AGENT, release
from lab import bringup, pki, process
from lab.chart_packages import chart_values, packages
from lab.engine import Engine
from lab.images import Publisher
from lab.layout import Lab

USER, PASSWORD = "robot$lab", "lab-registry-password"
_HTPASSWD = f"{USER}:$2b$04$LabRegistrySalt012345.Q4qRohOs/wzmlgizmxpBCCoQk8O5OJq\n"
PROJECT = "rancher"
_ENABLED = {"enabled": "true"}


def start(lab: Lab) -> bool:
    """Starts the registry and pushes the images that it lacks; False if ``docker-registry`` is missing."""
    command = shutil.which("docker-registry")
    if command is None:
        print(
            "    docker-registry is not installed (Debian: apt-get install docker-registry): the lab goes "
            "without an image registry",
            file=sys.stderr,
        )
        return False
    certificate, key = pki.server_certificate(lab, "registry", ips=[lab.registry.split(":")[0]])
    pki.write_private(lab.path("registry", "htpasswd"), _HTPASSWD.encode())
    config = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(lab.path("registry", "storage"))}},
        "http": {
            "addr": lab.registry,
            "secret": "of no importance",
            "tls": {"certificate": str(certificate), "key": str(key)},
        },
        "auth": {"htpasswd": {"realm": "lab", "path": str(lab.path("registry", "htpasswd"))}},
    }
    pki.write_private(lab.registry_config, yaml.safe_dump(config).encode())
    # It reads every REGISTRY_*, and REGISTRY_AUTH_FILE is where skopeo and podman find a user's login.
    process.start(lab, "registry", [command, "serve", str(lab.registry_config)], own="REGISTRY_")
    bringup.await_port(lab, "registry", lab.registry)
    pushing = publisher(lab)
    for image in images():
        repository = f"{PROJECT}/{image.repository}"
        if not pushing.has(repository, image.tag):
            pushing.push(repository, image.tag)
    return True


def choose(engine: Engine) -> None:
    """Sets the image registry in the lab's own config."""
    engine.configure(settings(engine.lab))
    engine.run("config", "set", "--secret", "imagePullSecretPassword", PASSWORD)


def settings(lab: Lab) -> dict[str, str]:
    """The program's settings for the registry, except the password."""
    return {
        "imageRegistry": f"{lab.registry}/{PROJECT}",
        "imageRegistryCaFile": str(lab.ca_certificate),
        "imagePullSecretUsername": USER,
    }


def publisher(lab: Lab) -> Publisher:
    """Pushes to the registry."""
    return Publisher(f"https://{lab.registry}", lab.ca_certificate, (USER, PASSWORD))


def images() -> set[Image]:
    """Every image in the lab's charts, with their own names, and Tiller's."""
    found = {Image.parse(IMAGE)}
    for package in packages():
        values = dict(chart_values(package))
        if package.name in INGRESS_CHARTS:
            controller = dict(values["controller"])
            controller["admissionWebhooks"] = {**controller.get("admissionWebhooks", {}), **_ENABLED}
            backend = {**values["defaultBackend"], **_ENABLED}
            found.update(ingress_images({**values, "controller": controller, "defaultBackend": backend}))
        else:
            tag = str(package.metadata["appVersion"])
            found.update(rancher_images(values, release(package.version), tag))
            found.add(Image.parse(f"{AGENT}:{tag}"))
    return found
