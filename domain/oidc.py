"""OIDC logins of kubeconfigs: an ID token that lives minutes, and a refresh token that lives hours."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from domain.urls import is_https


@dataclass(frozen=True)
class OidcLogin:
    """The `auth-provider` `oidc` of a kubeconfig's user.

    Attributes:
        issuer: URL of the identity provider.
        client_id: OAuth client that the tokens were issued to.
        client_secret: Its secret; PKS uses an empty one.
        refresh_token: Token that a new ID token is given for.
        ca: PEM of the CAs of the issuer's certificate; empty: the system's.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    ca: str = ""


def token_endpoint(issuer: str, discovered: Mapping[str, Any]) -> str | None:
    """The token endpoint in an issuer's discovery document; None: it names none on the issuer's own server.

    The refresh token is sent there.
    """
    endpoint = discovered.get("token_endpoint")
    own = isinstance(endpoint, str) and is_https(endpoint) and urlsplit(endpoint)[:2] == urlsplit(issuer)[:2]
    return endpoint if own else None


def expiry(token: str) -> float | None:
    """When a JSON Web Token ends, in seconds since the epoch; None: it does not say, or is no such token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims: Any = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, RecursionError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    return float(end) if isinstance(end, int | float) and not isinstance(end, bool) else None
