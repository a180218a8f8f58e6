"""Takes secrets out of a text. The engine does it for what it knows to be secret; this is the second net."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

MASK = "[secret]"
"""What stands for a secret; the engine's own word."""

_SECRET_VARIABLE = re.compile(r"PASSWORD|PASSPHRASE|SECRET|TOKEN|PRIVATE_KEY|ACCESS_KEY|CREDENTIAL")
_SECRET_PROPERTY = re.compile(r"(password|passphrase|secret|token|private_?key(_?pem)?|kubeconfig)$", re.I)
_PEM_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
_SHORTEST = 6
"""A shorter secret would mask parts of ordinary words; it is masked only where it stands alone."""
_LINE = 20
"""Shortest line of a secret of several lines (a key, a kubeconfig) that is a secret by itself."""
_NO_SECRETS = {"true", "false", "yes", "no", "0", "1"}
"""Values of switches with a name that sounds like a secret's."""


def secret_variables(environment: Mapping[str, str]) -> list[str]:
    """The values of the environment's credentials."""
    return [value for name, value in environment.items() if _SECRET_VARIABLE.search(name)]


def names_secret(path: str) -> bool:
    """Whether a property's name says that its value is a secret, although the engine does not know it."""
    return bool(_SECRET_PROPERTY.search(path))


class Redactor:
    """Hides known secrets in texts, as they are and as JSON, base64 and URLs have them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take note of the secrets."""
        self._short: set[str] = set()
        parts: set[str] = set()
        for secret in secrets:
            for part in {
                secret.strip(),
                *(line.strip() for line in secret.splitlines() if len(line) >= _LINE),
            }:
                if len(part) >= _SHORTEST:
                    parts |= set(_forms(part))
                elif part and part.lower() not in _NO_SECRETS:
                    self._short.add(part)
        # The longest first: one secret may be part of another.
        longest = sorted(parts, key=lambda part: (-len(part), part))
        self._pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if text in self._short:
            return MASK
        text = _PEM_KEY.sub(MASK, text)
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(secret: str) -> Iterable[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode()
