"""Kubeconfigs of edge clusters: where they are, and which cluster one leads to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pulumi.dynamic import ConfigureRequest

from components.runtime.errors import ProviderError

CONFIG_KEY = "kubeconfigs"
"""Key of the stack's secret config: an object of site and kubeconfig."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_texts: dict[str, str] = {}


class KubeconfigError(Exception):
    """A site cannot be reached in the way that is told; the message says why."""


def fingerprint(kubeconfig: str) -> str:
    """Says which cluster the kubeconfig leads to, whoever it logs in as.

    Raises:
        KubeconfigError: It leads to none, or not safely. The message quotes nothing of it.
    """
    cluster = _cluster(kubeconfig)
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith("https://"):
        raise KubeconfigError("its kubeconfig has no server that begins with https://; correct it")
    if cluster.get("insecure-skip-tls-verify"):
        raise KubeconfigError(
            "its kubeconfig says insecure-skip-tls-verify; put the cluster's CA there instead "
            "(certificate-authority-data)"
        )
    ca = cluster.get("certificate-authority-data") or cluster.get("certificate-authority") or ""
    return hashlib.sha256(f"{server}\n{ca}".encode()).hexdigest()[:16]


def remember(request: ConfigureRequest) -> None:
    """Keep the texts that the secret config has, in the providers' process only."""
    given = request.config.get(CONFIG_KEY)
    _texts.update(json.loads(given) if given else {})


def text_of(site: str, file: str) -> str:
    """The kubeconfig of a site.

    Raises:
        ProviderError: It is not there any more.
    """
    if file:
        try:
            return Path(file).read_text()
        except OSError:
            raise ProviderError(f"its kubeconfig {file} cannot be read") from None
    if site not in _texts:
        raise ProviderError(f"config {CONFIG_KEY} has no kubeconfig of it")
    return _texts[site]


def _cluster(kubeconfig: str) -> Mapping[str, Any]:
    """The cluster of the current context."""
    try:
        document = yaml.load(kubeconfig, Loader=_LOADER)  # noqa: S506 - the safe loader, in C
        current = document["current-context"]
        [context] = [item["context"] for item in document["contexts"] if item["name"] == current]
        [cluster] = [item["cluster"] for item in document["clusters"] if item["name"] == context["cluster"]]
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        cluster = None
    if not isinstance(cluster, Mapping):
        raise KubeconfigError("its kubeconfig is none, or has no current context; correct it")
    return cluster
