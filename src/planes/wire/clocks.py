"""How far apart two machines' clocks are, by the date that each answer over HTTP names."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

# A signed call lives a minute: half of it may be its way.
_DIFFER_SECONDS = 30


def seconds_apart(date: str | None, now: datetime) -> int:
    """How far this machine's clock is ahead of what an answer says; 0 where it says nothing."""
    try:
        return round(now.timestamp() - parsedate_to_datetime(date or "").timestamp())
    except (ValueError, TypeError):
        return 0


def differ(date: str | None, now: datetime) -> str:
    """By how much this clock is off the other, such as `75 s ahead of`; nothing where that refuses no call."""
    seconds = seconds_apart(date, now)
    if abs(seconds) < _DIFFER_SECONDS:
        return ""
    return f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'}"
