"""Kubeconfigs as text and with files; ``domain.kubeconfig`` has the rules for the document."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from components.runtime import tls
from components.runtime.errors import ProviderError
from components.runtime.http import Server
from domain import kubeconfig as rules
from domain.kubeconfig import Kubeconfig, RefusedError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_BYTES = 2**20
"""Largest certificate file."""


class KubeconfigError(ProviderError):
    """The kubeconfig cannot be used. The message quotes nothing secret of it."""


def parse(text: str, folder: Path | None = None) -> Kubeconfig:
    """The kubeconfig in a text.

    Args:
        text: YAML.
        folder: Folder of its file; certificates may be files in it. None: there are none.

    Raises:
        KubeconfigError: It is invalid, or refused.
    """
    with _refusals():
        return rules.read(_load(text), partial(_file, folder) if folder else None)


def connection(kubeconfig: Kubeconfig) -> Server:
    """The API for ``HttpClient``.

    Raises:
        ProviderError: The CA or the client's certificate cannot be read.
    """
    trust = tls.trust_only(kubeconfig.ca) if kubeconfig.ca else tls.trust_system()
    if kubeconfig.certificate:
        tls.show_certificate(trust, kubeconfig.certificate, kubeconfig.key)
    token = kubeconfig.token
    return Server(
        name=f"Kubernetes API {kubeconfig.server}",
        url=kubeconfig.server,
        trust=trust,
        tls_name=kubeconfig.tls_name,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        basic=kubeconfig.basic,
        secrets=(token,) if token else (),
        proxies=True,
    )


def reduce(text: str, *, server: str = "", tls_name: str = "") -> tuple[str, str]:
    """A kubeconfig with its current context alone, and the URL of the API: ``domain.kubeconfig.reduced``.

    Raises:
        KubeconfigError: It has no usable current context.
    """
    with _refusals():
        document, url = rules.reduced(_load(text), server=server, tls_name=tls_name)
    try:
        return yaml.safe_dump(document, sort_keys=True), url
    except RecursionError:
        raise KubeconfigError("the kubeconfig is nested too deeply") from None


def expiry(text: object) -> float | None:
    """When the login of a kubeconfig ends, in seconds since the epoch; None: it has no end that is known.

    An OIDC login lives minutes; one that cannot be read has ended (0).
    """
    try:
        return rules.expiry(_load(text))
    except RefusedError:
        return None


def ends_within(text: object, seconds: float) -> bool:
    """Whether the login of a kubeconfig is known to end in that many seconds, or has ended."""
    end = expiry(text)
    return end is not None and end < time.time() + seconds


def same_cluster(one: object, other: object) -> bool:
    """Whether two kubeconfigs lead to the same API, whoever logs in. Invalid ones do not."""
    try:
        return one == other or rules.address(_load(one)) == rules.address(_load(other))
    except RefusedError:
        return False


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        raise KubeconfigError(str(error)) from None


def _load(text: object) -> object:
    """The document; None when the text is not YAML."""
    try:
        return yaml.load(str(text), Loader=_LOADER)  # noqa: S506 - the safe loader, in C
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _file(folder: Path, name: str, file: str) -> str:
    """A small regular file in the folder, or below it; links must not lead outside."""
    try:
        path = (folder / file).resolve()
        inside = path.is_relative_to(folder.resolve())
        if Path(file).is_absolute() or ".." in Path(file).parts or not inside:
            raise KubeconfigError(
                f"{name} of the kubeconfig is a file outside of its folder, which is refused: it may be any "
                f"file of this machine. Give {name}-data instead"
            )
        if path.is_file() and path.stat().st_size <= _MOST_BYTES:
            return path.read_text()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
        pass
    # Not the name of the file: it may be a key that was pasted there.
    raise KubeconfigError(f"{name} of the kubeconfig: its file cannot be read. Give {name}-data instead")
