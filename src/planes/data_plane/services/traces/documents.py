"""Reading JSON that a job sent: anything may stand anywhere, what does not fit is left out, nothing raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

MAXIMUM_ENTRIES = 2_000
_MOST_COUNTED = 2**53
_NAME_LENGTH = 512

Document = Mapping[str, Any]


def text(value: object, limit: int = _NAME_LENGTH) -> str | None:
    """A string of at most `limit` characters that any database takes; None for anything else and for the empty one."""
    if not isinstance(value, str) or not value:
        return None
    return value[:limit].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def moment(value: object) -> datetime | None:
    """An aware UTC time from ISO 8601; a naive one is taken for UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count(value: object) -> int:
    """A whole number from 0 to 2^53; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_COUNTED:
        return 0
    return int(value)


def total(counts: Iterable[int | None]) -> int:
    """Their sum, 2^53 at most: a database takes one that is larger for no number at all."""
    return min(sum(each or 0 for each in counts), _MOST_COUNTED)


def part(document: Document, key: str) -> Document:
    """An object inside a document; empty when there is none."""
    inner = document.get(key)
    return cast("Document", inner) if isinstance(inner, dict) else {}


def objects(value: object) -> list[Document]:
    """The objects of a list, at most MAXIMUM_ENTRIES."""
    if not isinstance(value, list):
        return []
    items = cast("list[object]", value)[:MAXIMUM_ENTRIES]
    return [cast("Document", item) for item in items if isinstance(item, dict)]
