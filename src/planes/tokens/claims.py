"""JSON Web Tokens: what each kind says, minting and verifying (Borders: 2).

Every token names exactly one audience: `control` for the control plane, or a data plane's id. `kind` keeps one sort of
token from passing for another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import jwt

from planes.domain.identifiers import new_id
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey, SigningKey

ISSUER = "dlthub-tui"
CONTROL_AUDIENCE = "control"
# Nothing else is looked for: of JSON's texts some can be in no database (NUL, half a surrogate pair).
_KEY_ID = re.compile(r"[0-9a-f]{16}")


class TokenKind(StrEnum):
    SESSION = "session"  # a person at the control plane
    DATA_PLANE = "dataplane"  # a client at a data plane, one workspace
    UPLOAD = "upload"  # one upload of one id
    RUN = "run"  # a run at the control plane
    APP = "app"  # a browser at one interactive run, signed by the data plane that runs it
    LINK = "link"  # a data plane at the control plane, signed by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says. Absent claims are None or empty; times are unix seconds."""

    kind: TokenKind
    audience: str
    subject: str
    expires_at: int
    issued_at: int = 0
    issuer: str = ISSUER
    token_id: str = ""
    email: str = ""
    membership_id: str | None = None
    organization_id: str | None = None
    workspace_id: str | None = None
    region: str | None = None
    session_id: str | None = None
    grants: frozenset[str] = frozenset()
    epoch: int = 0
    upload_kind: str | None = None
    upload_id: str | None = None
    run_id: str | None = None
    fence: int | None = None
    body_hash: str | None = None
    role: str | None = None
    public_link: str | None = None


# claim on the wire ↔ field; `grants` travels as a sorted list. `cnf` is reserved for keys of a region.
_FIELDS = {
    "kind": "kind", "aud": "audience", "sub": "subject", "exp": "expires_at", "iat": "issued_at", "iss": "issuer",
    "jti": "token_id", "email": "email", "mem": "membership_id", "org": "organization_id", "ws": "workspace_id",
    "region": "region", "sid": "session_id", "grants": "grants", "epoch": "epoch", "upload": "upload_kind",
    "upload_id": "upload_id", "run": "run_id", "fence": "fence", "bh": "body_hash", "role": "role",
    "pub": "public_link",
}  # fmt: skip


def mint(key: SigningKey, claims: Claims, now: datetime) -> str:
    """Signs the claims. `iat` is `now`; a missing `jti` is made up."""
    payload: dict[str, Any] = {}
    for claim, field in _FIELDS.items():
        value = getattr(claims, field)
        if value is None or value == "" or value == frozenset():
            continue
        payload[claim] = sorted(cast("frozenset[str]", value)) if field == "grants" else value
    payload["iat"] = int(now.timestamp())
    payload.setdefault("jti", new_id())
    payload["kind"] = str(claims.kind)
    return jwt.encode(payload, key.library_key(), algorithm="EdDSA", headers={"kid": key.public.kid})


def verify(
    token: str, keys: Iterable[PublicKey], *, audience: str, kinds: Iterable[TokenKind], now: datetime
) -> Claims:
    """Checks signature, algorithm, key, audience, kind and time.

    Raises: InvalidToken, with the reason.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        known = {key.kid: key for key in keys}
        if not isinstance(kid, str) or kid not in known:
            raise InvalidToken("unknown key")
        payload: Mapping[str, Any] = jwt.decode(
            token,
            known[kid].library_key(),
            algorithms=["EdDSA"],
            audience=audience,
            options={
                "require": ["exp", "iat", "aud", "sub", "jti", "kind"],
                # Time is checked below against the plane's own clock, which tests can set.
                "verify_exp": False, "verify_iat": False, "verify_nbf": False,
                "strict_aud": True,
            },
        )  # fmt: skip
    except jwt.PyJWTError as exc:
        raise InvalidToken(type(exc).__name__) from exc
    return _checked(payload, frozenset(kinds), now)


def unverified_key_id(token: str) -> str | None:
    """Which key a token says it was signed with, to find the one that then verifies it; None for no name of ours."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        return None
    return kid if isinstance(kid, str) and _KEY_ID.fullmatch(kid) else None


def _checked(payload: Mapping[str, Any], kinds: frozenset[TokenKind], now: datetime) -> Claims:
    if payload["kind"] not in kinds:
        raise InvalidToken("wrong kind")
    expires_at, issued_at = payload["exp"], payload["iat"]
    if not isinstance(expires_at, int) or not isinstance(issued_at, int):
        raise InvalidToken("times are not numbers")
    seconds = now.timestamp()
    if expires_at <= seconds:
        raise InvalidToken("expired")
    if issued_at > seconds + 60:
        raise InvalidToken("issued in the future")
    values: dict[str, Any] = {field: payload[claim] for claim, field in _FIELDS.items() if claim in payload}
    values["kind"] = TokenKind(payload["kind"])
    values["grants"] = frozenset(cast("list[str]", payload.get("grants", [])))
    return Claims(**values)
