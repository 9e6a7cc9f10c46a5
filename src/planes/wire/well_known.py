"""How a region says who it is: `GET /.well-known/data-plane?nonce=…` (Security: 3).

A client checks, in this order: the signature over `signed_bytes` by the key it has pinned, the nonce it sent,
`not_after`, and that the origin it is about to use is one of `origins`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from planes.domain.key_words import fingerprint_of, grouped_fingerprint, six_words
from planes.wire.key_changes import KeyChanges

__all__ = ["Attestation", "Nonce", "Statement", "fingerprint_of", "grouped_fingerprint", "signed_bytes", "six_words"]

PATH = "/.well-known/data-plane"
VALID_SECONDS = 300
"""How long after it is given an answer is good: `not_after`."""
Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{16,128}$")]
_PURPOSE = b"dlthub-tui data plane attestation 1\n"


class Statement(BaseModel):
    """What is signed. `origins` are the addresses (scheme, host, port) that this plane answers at."""

    dataplane_id: str
    region: str
    origins: list[str]
    nonce: str
    not_after: datetime


class Attestation(Statement):
    """The answer. `public_key` and `signature` are base64url without padding; `fingerprint` and `words` are of the key.

    A client computes `fingerprint` and `words` itself from a key that it has checked. By `key_changes` one that has
    pinned an earlier key follows to this one: each is signed by the key before.
    """

    public_key: str
    fingerprint: str
    words: str
    signature: str
    key_changes: KeyChanges = []


def signed_bytes(statement: Statement) -> bytes:
    """The message: a fixed purpose, then the statement as JSON with sorted keys, ASCII, without spaces."""
    fields = Statement.model_validate(statement, from_attributes=True).model_dump(mode="json")
    ours = {name: fields[name] for name in Statement.model_fields}
    return _PURPOSE + json.dumps(ours, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
