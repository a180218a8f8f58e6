"""Kubeconfigs of sites: files that the sites file names, or texts in the stack's secret config."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from components.kubernetes.kubeconfig import Kubeconfig, KubeconfigError, parse

CONFIG_KEY = "kubeconfigs"
"""Key of the stack's secret config: an object of site and kubeconfig."""


def from_text(text: str) -> Kubeconfig:
    """The kubeconfig in a text; it cannot name files.

    Raises:
        KubeconfigError: It is invalid, or refused.
    """
    return parse(text)


def from_file(file: Path) -> Kubeconfig:
    """The kubeconfig in a file; its certificates may be files in the same folder.

    Raises:
        KubeconfigError: It cannot be read, is invalid, or refused.
    """
    try:
        text = file.read_text()
    except (OSError, ValueError):
        raise KubeconfigError(f"kubeconfig {file} cannot be read") from None
    try:
        return parse(text, file.parent)
    except KubeconfigError as error:
        raise KubeconfigError(f"kubeconfig {file}: {error}") from None


def from_config(site: str, config: Callable[[str], str | None]) -> Kubeconfig:
    """The kubeconfig of a site in the stack's config.

    Args:
        site: Name of the site.
        config: Returns the value of a config key, an object as JSON.

    Raises:
        KubeconfigError: There is none, it is invalid, or refused.
    """
    texts = json.loads(config(CONFIG_KEY) or "{}")
    if site not in texts:
        raise KubeconfigError(f"config {CONFIG_KEY} has no kubeconfig for site {site}")
    return from_text(texts[site])
