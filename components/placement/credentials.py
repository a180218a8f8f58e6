"""Credentials of vCenter and of the BOSH Director."""

from __future__ import annotations

from domain.credentials import Field, System

VSPHERE = System(
    "vsphere",
    "vCenter",
    (
        Field("server", "VSPHERE_SERVER"),
        Field("user", "VSPHERE_USER"),
        Field("password", "VSPHERE_PASSWORD", secret=True),
    ),
)
"""The variables are those of the vSphere plugin. ``server`` is ``host`` or ``host:port``."""

BOSH = System(
    "bosh",
    "the BOSH Director",
    (
        Field("environment", "BOSH_ENVIRONMENT"),
        Field("client", "BOSH_CLIENT"),
        Field("client_secret", "BOSH_CLIENT_SECRET", secret=True),
        Field("ca_certificate_file", "BOSH_CA_CERT"),
    ),
)
"""The variables are those of the ``bosh`` CLI, whose own config file may have the rest."""
