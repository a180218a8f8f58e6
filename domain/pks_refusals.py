"""What the error texts of the ``pks``/``tkgi`` CLI mean.

A text is evidence for one thing only: whether a *read* may succeed when it is repeated. Broker errors quote
task numbers, UUIDs and names, so an HTTP status counts only where it stands as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.documents import shortened

# docs-pks 1.7 `troubleshoot-issues`: printed when the token (600 s) or the refresh token (6 h) has expired;
# "Unauthorized" also when the UAA does not know the token any more.
_NOT_AUTHENTICATED = re.compile(
    r"not currently authenticated|must be logged in|^(Error: )?Unauthorized\W*$", re.I | re.M
)
_REJECTED = re.compile(r"Credentials were rejected|bad credentials|invalid_client|unauthorized_client", re.I)
_NO_ANSWER = re.compile(
    r"connection (refused|reset)|i/o timeout|TLS handshake timeout|unexpected EOF|no route to host"
    r"|(connection|request|operation) timed out|timeout exceeded|deadline exceeded"
    r"|temporary failure in name resolution",
    re.I,
)
_PROMPT = re.compile(r".*assword:\s*$")
_UNAUTHORIZED = {401: "Unauthorized"}
_OVERLOADED = {
    429: "Too Many Requests",
    502: "Bad Gateway",
    503: "Service (Temporarily )?Unavailable",
    504: "Gateway Time-?out",
}
"""HTTP statuses with their reason phrases."""
_STATUS_WORDS = r"(?<![\w-])(?:HTTP(?:/\d(?:\.\d)?)?|(?:HTTP[ -]|response[ -])?status(?:[ -]?code)?)"


def said(text: str) -> str:
    """The error text in what the CLI printed, without its prompts."""
    lines = [line for line in text.splitlines() if line.strip() and not _PROMPT.match(line)]
    return shortened("\n".join(lines).removeprefix("Error: ").rstrip("."))


def expired(text: str) -> bool:
    """Whether the CLI's login is missing or has expired."""
    return bool(_NOT_AUTHENTICATED.search(text)) or _has_status(text, _UNAUTHORIZED)


def rejected(text: str) -> bool:
    """Whether the UAA rejected the credentials."""
    return bool(_REJECTED.search(text))


def transient(text: str) -> bool:
    """Whether there was no answer, or one of an overloaded server."""
    return bool(_NO_ANSWER.search(text)) or _has_status(text, _OVERLOADED)


def absent(text: str, name: str) -> bool:
    """Whether the text says that the thing of this very name does not exist.

    "Error: Cluster CLUSTER-NAME not found" (docs-pks 1.5 `delete-cluster`).
    """
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}[^\w.-].*(not found|does not exist)", text, re.I))


def _has_status(text: str, statuses: Mapping[int, str]) -> bool:
    """Whether an HTTP status stands in the text as one: after a word for it, or before its reason phrase."""
    for code, phrase in statuses.items():
        named = rf"{_STATUS_WORDS}['\"]?\s*[:=]?\s*['\"]?{code}\b(?![-.:]\w)"
        phrased = rf"(?<![\w.:-]){code}[,:]? \(?{phrase}\b"
        if re.search(f"{named}|{phrased}", text, re.I):
            return True
    return False
