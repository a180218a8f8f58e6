"""The TSIG key (RFC 8945) that signs DNS messages: from config or environment, never from inputs."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.runtime.credentials import require
from components.runtime.errors import ProviderError
from domain.credentials import Field, Login, System
from domain.dns import DEFAULT_TSIG_ALGORITHM, TSIG_ALGORITHMS, tsig_secret_problem

TSIG = System(
    "dnsTsig",
    "DNS updates",
    (
        Field("name", "DNS_TSIG_NAME"),
        Field("algorithm", "DNS_TSIG_ALGORITHM"),
        Field("secret", "DNS_TSIG_SECRET", secret=True),
    ),
)


@dataclass(frozen=True)
class TsigKey:
    """A shared key.

    Attributes:
        name: Its name on the server.
        algorithm: One of ``domain.dns.TSIG_ALGORITHMS``.
        secret: Base64, as ``tsig-keygen`` prints it.
    """

    name: str
    algorithm: str
    secret: str = field(repr=False)


def tsig_key(login: Login) -> TsigKey:
    """The key that the credentials describe.

    Raises:
        ProviderError: Something is missing or invalid.
    """
    require(login, "name", "secret")
    algorithm = login["algorithm"] or DEFAULT_TSIG_ALGORITHM
    if algorithm not in TSIG_ALGORITHMS:
        raise ProviderError(
            f"{TSIG.where('algorithm')}: unknown algorithm ({algorithm}). Use one of "
            f"{', '.join(TSIG_ALGORITHMS)}"
        )
    if problem := tsig_secret_problem(login["secret"], TSIG.where("secret")):
        raise ProviderError(str(problem))
    return TsigKey(login["name"], algorithm, login["secret"])
