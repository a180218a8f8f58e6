"""Names, passwords and secrets in Rancher's formats; only digests of secrets are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets

# Alphabet of the random name suffixes of Kubernetes.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SECRET_LENGTH = 54


def name(prefix: str, length: int = 5) -> str:
    """Returns a new object's name: ``prefix-xxxxx``."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


def derived(prefix: str, seed: str) -> str:
    """Returns a name like those of ``name``, but constant for each ``seed``."""
    digest = hashlib.sha256(seed.encode()).digest()
    return f"{prefix}-{''.join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:5])}"


def secret() -> str:
    """Generates the secret part of a token."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def digest(text: str) -> str:
    """Returns the digest of a random secret, which needs no salt."""
    return hashlib.sha256(text.encode()).hexdigest()


def hashed(password: str) -> str:
    """Returns a salted hash of a password."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """Whether ``kept`` is a hash of ``password``."""
    salt, _, wanted = kept.partition(":")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(wanted))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)
