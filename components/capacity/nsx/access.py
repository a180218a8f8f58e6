"""Credentials for NSX-T, and the connection to its manager."""

from __future__ import annotations

from components.runtime import tls
from components.runtime.credentials import require
from components.runtime.errors import ProviderError
from components.runtime.http import Server
from domain.credentials import Field, Login, System

NSX = System(
    "nsx",
    "NSX-T",
    (
        Field("manager", "NSXT_MANAGER"),
        Field("username", "NSXT_USERNAME"),
        Field("password", "NSXT_PASSWORD", secret=True),
        Field("ca_certificate_file", "NSXT_CA_FILE"),
    ),
)
"""NSX-T. The manager is a host, or host:port; without a CA file the system's CAs are trusted."""


class NsxError(ProviderError):
    """NSX-T cannot be read; the message says why."""


def connection(login: Login) -> Server:
    """The manager for ``HttpClient``.

    Raises:
        ProviderError: Credentials are missing, the manager is not a host, or the CA file cannot be read.
    """
    require(login, "manager", "username", "password")
    manager = login["manager"]
    if "/" in manager or "@" in manager:
        shown = manager.rpartition("@")[2]
        raise NsxError(f"{NSX.where('manager')}: not a host ({shown}). Give the host alone, or host:port")
    return Server(
        name=f"NSX-T manager {manager}",
        url=f"https://{manager}",
        trust=tls.trust_system(login["ca_certificate_file"]),
        basic=(login["username"], login["password"]),
        secrets=login.secrets,
        proxies=True,
    )
