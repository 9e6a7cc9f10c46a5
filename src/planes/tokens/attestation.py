"""Signatures that a plane puts under what it says about itself, in their text form."""

from __future__ import annotations

import base64
import binascii

from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey, SigningKey
from planes.tokens.opaque import secrets_text


def sign_statement(key: SigningKey, statement: bytes) -> str:
    """The signature in base64url without padding."""
    return secrets_text(key.sign(statement))


def verify_statement(public_key: str, statement: bytes, signature: str) -> PublicKey:
    """The key, if the signature over the statement is its.

    Raises: InvalidToken.
    """
    key = PublicKey.parse(public_key)
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except binascii.Error as exc:
        raise InvalidToken("the signature is not base64url") from exc
    if not key.verifies(raw, statement):
        raise InvalidToken("the signature is not this key's")
    return key
