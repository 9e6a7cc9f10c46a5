"""Secrets that are random text: refresh tokens, API keys, codes, join tokens. They are stored as SHA-256 only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from planes.tokens.keys import SigningKey

PERSONAL_KEY_PREFIX = "dlt_u_"
WORKSPACE_KEY_PREFIX = "dlt_sa_"

# No letters or digits that people confuse: eight of these are 40 bits.
_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"


def new_secret(prefix: str = "") -> str:
    """256 random bits after the prefix, as 64 hexadecimal digits.

    Letters and digits only: a secret that begins with `-` would be read as an option (`dlthub login --resume CODE`).
    """
    return prefix + secrets.token_hex(32)


def is_api_key(text: str) -> bool:
    """Whether this looks like one of our API keys."""
    return text.startswith((PERSONAL_KEY_PREFIX, WORKSPACE_KEY_PREFIX))


def hash_secret(secret: str) -> str:
    """SHA-256 in hex: fit for random secrets, not for passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derive_secret(key: bytes, purpose: str, secret: str) -> str:
    """A secret that follows from another one: the same input gives the same text to every racing caller."""
    digest = hmac.new(key, f"{purpose}:{secret}".encode(), hashlib.sha256).digest()
    return secrets_text(digest)


def derive_key(key: SigningKey, purpose: str) -> bytes:
    """32 bytes that follow from a signing key: every process that has the key derives the same."""
    return hashlib.sha256(key.sign(f"derive:{purpose}".encode())).digest()


def secrets_text(raw: bytes) -> str:
    """URL-safe text of raw bytes, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_user_code() -> str:
    """Eight characters for a person to type, as `ABCD-EFGH`."""
    letters = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def same_secret(left: str, right: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
