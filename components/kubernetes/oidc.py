"""Renews the OIDC login of a kubeconfig."""

from __future__ import annotations

from urllib.parse import urlencode

from components.runtime import tls
from components.runtime.errors import ProviderError
from components.runtime.http import HttpClient, Server
from domain.oidc import OidcLogin, token_endpoint
from domain.urls import is_https


def id_token(login: OidcLogin) -> str:
    """A new ID token (OpenID Connect Core 1.0, section 12).

    Raises:
        ProviderError: The issuer gave none.
    """
    if not login.refresh_token:
        raise ProviderError("the kubeconfig has no refresh token")
    with HttpClient(_server(login, login.issuer)) as client:
        discovered = client.request("GET", "/.well-known/openid-configuration").object()
    endpoint = token_endpoint(login.issuer, discovered)
    if endpoint is None:
        raise ProviderError(f"OIDC issuer {login.issuer}: it has no token endpoint of its own")
    form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with HttpClient(_server(login, endpoint)) as client:
        token = client.request("POST", "", urlencode(form), headers=headers).object().get("id_token")
    if not isinstance(token, str) or not token.isprintable():
        raise ProviderError(f"OIDC issuer {login.issuer}: it gave no ID token")
    return token


def _server(login: OidcLogin, url: str) -> Server:
    if not is_https(url):
        raise ProviderError(f"OIDC issuer {url}: it is not an https URL")
    return Server(
        name=f"OIDC issuer {login.issuer}",
        url=url,
        trust=tls.trust_only(login.ca) if login.ca else tls.trust_system(),
        basic=(login.client_id, login.client_secret),
        secrets=(login.refresh_token,),
        proxies=True,
    )
