"""The TSIG key (RFC 8945) that signs DNS messages: from config or environment, never from inputs."""

from __future__ import annotations

from domain.credentials import Field, System

TSIG = System(
    "dnsTsig",
    "DNS updates",
    (
        Field("name", "DNS_TSIG_NAME"),
        Field("algorithm", "DNS_TSIG_ALGORITHM"),
        Field("secret", "DNS_TSIG_SECRET", secret=True),
    ),
)
