"""How a data plane signs what it asks of the control plane (Borders: 1): a token of its own for each call.

It lives a minute, is used once, and carries the hash of the body, so that neither can be replayed nor exchanged.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from planes.tokens.claims import CONTROL_AUDIENCE, Claims, TokenKind, mint, verify
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey, SigningKey

LIFETIME_SECONDS = 60


def sign_call(key: SigningKey, dataplane_id: str, method: str, path: str, body: bytes, now: datetime) -> str:
    """The bearer token of one call."""
    claims = Claims(
        kind=TokenKind.LINK,
        issuer=dataplane_id,
        audience=CONTROL_AUDIENCE,
        subject=dataplane_id,
        expires_at=int(now.timestamp()) + LIFETIME_SECONDS,
        body_hash=hash_call(method, path, body),
    )
    return mint(key, claims, now)


def verify_call(token: str, key: PublicKey, method: str, path: str, body: bytes, now: datetime) -> Claims:
    """Checks signature, time and that the token is for exactly this call. The caller refuses a `jti` seen before.

    Raises: InvalidToken.
    """
    claims = verify(token, [key], audience=CONTROL_AUDIENCE, kinds=[TokenKind.LINK], now=now)
    if claims.expires_at > now.timestamp() + LIFETIME_SECONDS + 5:
        raise InvalidToken("lives too long")
    if claims.body_hash != hash_call(method, path, body):
        raise InvalidToken("for another call")
    return claims


def hash_call(method: str, path: str, body: bytes) -> str:
    """SHA-256 over method, path and body, in hex."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()
