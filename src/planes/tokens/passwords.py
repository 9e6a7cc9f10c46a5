"""Passwords of local accounts: argon2id. Both calls take tens of milliseconds of processor: call them in a thread."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
MINIMUM_LENGTH = 10


def hash_password(password: str) -> str:
    """The argon2id text form, with its own salt and parameters."""
    return _HASHER.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right. Takes the same time for an account without one."""
    try:
        return _HASHER.verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")
