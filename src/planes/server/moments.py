"""Times in queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from planes.domain.errors import InvalidRequest, Reason


def aware(key: str, moment: datetime | None) -> datetime | None:
    """Raises: InvalidRequest for a time without an offset, and for one that its offset moves out of the calendar."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise _refused(key, "a time with its offset, such as 2026-01-31T12:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise _refused(key, "is out of range") from exc


def moved(moment: datetime, span: timedelta) -> datetime:
    """A moment in UTC, moved by a span; at most to the end of the calendar."""
    try:
        return moment + span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if span < timedelta() else datetime.max.replace(tzinfo=UTC)


def _refused(key: str, message: str) -> InvalidRequest:
    return InvalidRequest("invalid_request", "The request breaks a rule.", (Reason(key=key, message=message),))
