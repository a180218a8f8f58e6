"""Kubeconfigs of sites: files that the sites file names, or texts in the stack's secret config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from components.kubernetes.kubeconfig import KubeconfigError, parse
from domain.http_answers import json_object
from domain.kubeconfig import Kubeconfig

CONFIG_KEY = "kubeconfigs"
"""Key of the stack's secret config: an object of site and kubeconfig."""


def from_text(text: str) -> Kubeconfig:
    """The kubeconfig in a text; it cannot name files.

    Raises:
        KubeconfigError: It is invalid, or refused.
    """
    return _parse(text, None)


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
        return _parse(text, file.parent)
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
    texts = json_object(config(CONFIG_KEY) or "")
    if not isinstance(texts.get(site), str):
        raise KubeconfigError(f"config {CONFIG_KEY} has no kubeconfig for site {site}")
    return from_text(texts[site])


def _parse(text: str, folder: Path | None) -> Kubeconfig:
    """A kubeconfig that authenticates by itself: with a token, a password, or a certificate and its key.

    An ``auth-provider`` is refused even if it has an ID token, which expires within minutes.
    """
    found = parse(text, folder)
    if found.oidc:
        raise KubeconfigError(
            "the kubeconfig's user has an auth-provider, which is refused: its tokens expire. Give the "
            "token of a service account, or a client certificate"
        )
    return found
