"""Bodies of the region's own routes about its audit log (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class AuditChain(BaseModel):
    """Whether every entry of the region's log follows from the one before: `broken_at` is the first that does not."""

    entries: int
    is_intact: bool
    broken_at: int | None
    checked_at: datetime


class AuditEntry(BaseModel):
    """Who (`actor`: a user's id, `run:ID` or `plane`) did what, to what, with which token.

    `number` counts all entries of the region; `hash` is over this entry and the one before. `details` hold names,
    counts and words, never a value.
    """

    number: int
    at: datetime
    actor: str
    email: str | None
    membership_id: str | None
    token_id: str
    action: str
    object_id: str | None
    details: dict[str, Any]
    previous_hash: str
    hash: str
