"""URLs and addresses that people give: their parts, and what of them may be shown."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_USERINFO = re.compile(
    r"""
      //[^/\s"'@]*(?:@[^/\s"'@]*)*@
    | //[^/\s"'@:\[\]]+:(?!\d*(?:[/?\#\s"']|\Z))[^\s"']*@   # user:pa/ss@: what follows is no port
    """,
    re.X,
)
_TOKEN = 16
"""Shortest user without a password that counts as a token."""
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")


def is_https(url: str) -> bool:
    """Returns whether it is an https URL with a host, on one line."""
    try:
        return url.isprintable() and url.startswith("https://") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def through(url: str, address: str) -> str:
    """Returns the URL without userinfo, with the address in place of its host unless that is empty."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    if address:
        host = f"[{address}]" if ":" in address else address
        netloc = f"{host}:{parts.port}" if parts.port else host
    return urlunsplit(parts._replace(netloc=netloc))


def host_and_port(address: str, port: int) -> tuple[str, int]:
    """Host and port of ``host`` or ``host:port``; without one, this port."""
    host, _, given = address.partition(":")
    return host, int(given or port)


def has_credentials(url: str) -> bool:
    """Returns whether the URL has userinfo (``user:password@``), even with reserved characters in it."""
    return _userinfo(url)[1]


def password(url: str) -> str:
    """Returns the password in a URL, or the token in its place, as written; empty if there is none."""
    (scheme, rest), found = _userinfo(url)
    user, _, secret = url[len(scheme) : len(url) - len(rest) - 1].partition(":") if found else ("", "", "")
    return secret or (user if len(user) >= _TOKEN else "")


def public_url(url: str) -> str:
    """Returns the URL for messages: without userinfo, query and fragment, which may hold secrets."""
    scheme, rest = _userinfo(url)[0]
    return scheme + re.split(r"[?#]", rest)[0]


def hide_userinfo(text: str) -> str:
    """Returns a text without the userinfo of the URLs in it."""
    return _USERINFO.sub("//", text)


def query_values(url: str) -> list[str]:
    """Returns the values in the query of a URL, such as a signature."""
    return [value for _, value in parse_qsl(url.partition("?")[2].partition("#")[0])]


def _userinfo(url: str) -> tuple[tuple[str, str], bool]:
    """Returns the URL as scheme and rest without userinfo, and whether there was any."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    authority = re.split(r"[/?#]", rest)[0]
    if "@" in authority:
        return (scheme + separator, rest[authority.rindex("@") + 1 :]), True
    # `user:pa/ss@host`: the authority ends too early, with a port that is not a number.
    if separator and "@" in rest and not _HOST.fullmatch(authority):
        return (scheme + separator, rest.rpartition("@")[2]), True
    return (scheme + separator, rest), False
