"""Times that clients and regions send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator


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


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("a time lies within the years 1 to 9999 of UTC") from exc


UtcMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""With the zone said, and a time in UTC, too: at either end of all years some are none there."""
