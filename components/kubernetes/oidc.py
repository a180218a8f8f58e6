"""OIDC logins of kubeconfigs: an ID token that lives minutes, and a refresh token that lives hours."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from components.runtime import tls
from components.runtime.errors import ProviderError
from components.runtime.http import HttpClient, Server


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

    def id_token(self) -> str:
        """A new ID token (OpenID Connect Core 1.0, section 12).

        Raises:
            ProviderError: The issuer gave none.
        """
        if not self.refresh_token:
            raise ProviderError("the kubeconfig has no refresh token")
        with HttpClient(self._server(self.issuer)) as client:
            endpoint = (
                client.request("GET", "/.well-known/openid-configuration").object().get("token_endpoint")
            )
        if not isinstance(endpoint, str) or urlsplit(endpoint)[:2] != urlsplit(self.issuer)[:2]:
            raise ProviderError(f"OIDC issuer {self.issuer}: it has no token endpoint of its own")
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with HttpClient(self._server(endpoint)) as client:
            token = client.request("POST", "", urlencode(form), headers=headers).object().get("id_token")
        if not isinstance(token, str) or not token.isprintable():
            raise ProviderError(f"OIDC issuer {self.issuer}: it gave no ID token")
        return token

    def _server(self, url: str) -> Server:
        if not url.startswith("https://"):
            raise ProviderError(f"OIDC issuer {url}: it is not an https URL")
        return Server(
            name=f"OIDC issuer {self.issuer}",
            url=url,
            trust=tls.trust_only(self.ca) if self.ca else tls.trust_system(),
            basic=(self.client_id, self.client_secret),
            secrets=(self.refresh_token,),
            proxies=True,
        )


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
