"""Times in queries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator

from planes.domain.errors import InvalidRequest, Reason


def _written_out(value: object) -> object:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return value
        raise ValueError("a time is written as ISO 8601, not as a number")
    return value


# The library takes numbers for seconds since 1970, which no document of ours offers.
Moment = Annotated[datetime, BeforeValidator(_written_out)]


def aware(key: str, moment: datetime | None) -> datetime | None:
    """Raises: InvalidRequest for a time without an offset."""
    if moment is not None and moment.tzinfo is None:
        reason = Reason(key=key, message="a time with its offset, such as 2026-01-31T12:00:00Z")
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))
    return moment.astimezone(UTC) if moment is not None else None
