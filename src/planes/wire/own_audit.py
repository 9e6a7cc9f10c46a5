"""Bodies of the region's own routes about its audit log (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel


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
