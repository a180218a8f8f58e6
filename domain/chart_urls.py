"""URLs of chart repositories: relative ones, redirects, and which hosts may get the credentials."""

from __future__ import annotations

import base64
import re
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from domain.finding import FindingError
from domain.urls import public_url

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def split(url: str) -> SplitResult:
    """The parts of an HTTP URL.

    Raises:
        FindingError: The URL is invalid.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise _invalid(url)
    return parts


def joined(base: str, url: str) -> str:
    """A URL that is relative to another.

    Raises:
        FindingError: The URL is invalid.
    """
    try:
        return urljoin(base, url)
    except ValueError:
        raise _invalid(url) from None


def below(repository: str, url: str) -> str:
    """A URL relative to the repository, with the repository's query (Helm's ``ResolveReferenceURL``)."""
    if _SCHEME.match(url):
        return url
    base = split(repository)
    folder = base._replace(path=f"{base.path.removesuffix('/')}/", query="", fragment="").geturl()
    # Below the folder nothing needs resolving, and `urljoin` would remove an empty segment of the path.
    whole = joined(folder, url) if url.startswith(("/", ".")) or "/." in url else f"{folder}{url}"
    return split(whole)._replace(query=base.query, fragment="").geturl()


def may_follow(first: SplitResult, parts: SplitResult) -> bool:
    """Whether credentials for the first URL may be sent to the URL of a redirect."""
    host, start = parts.hostname or "", first.hostname or ""
    if host != start and not host.endswith(f".{start}"):
        return False
    upgrade = (first.scheme, parts.scheme) == ("http", "https") and parts.port is None
    return upgrade or (parts.scheme, parts.port) == (first.scheme, first.port)


def basic(login: tuple[str, str] | None) -> str:
    """Header ``Authorization`` of a login; empty without one."""
    return f"Basic {base64.b64encode(':'.join(login).encode()).decode()}" if login else ""


def login_in(parts: SplitResult) -> tuple[str, str] | None:
    """User name and password in a URL."""
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def _invalid(url: str) -> FindingError:
    problem = f"{public_url(url)!r} is not a valid https:// URL"
    return FindingError("repository", problem, "Correct the repository")
