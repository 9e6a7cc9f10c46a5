"""The append-only audit log's rows. The database itself refuses to change or remove one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.audit_rows import UNREADABLE, read_rows
from planes.storage.data.findings import equal_to
from planes.storage.data.tables import audit_log
from planes.storage.database import writing_down
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Row

_TOTAL_CEILING = 10_001
# Made once, as those of `runs`.
_LAST = select(audit_log.c.number, audit_log.c.hash).order_by(audit_log.c.number.desc()).limit(1)
_ADDED = insert(audit_log)


async def find_last(connection: AsyncConnection) -> tuple[int, str] | None:
    """Number and hash of the newest entry, to add the next one.

    Raises: Unavailable, StorageFull.
    """
    with writing_down():
        found = (await connection.execute(_LAST)).one_or_none()
    return (found[0], found[1]) if found else None


async def append(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds entries, oldest first; at least one.

    Raises: Unavailable, StorageFull.
    """
    with writing_down():
        await connection.execute(_ADDED, [dict(row) for row in rows])


async def iterate(connection: AsyncConnection) -> AsyncGenerator[Row]:
    """Every entry, oldest first."""
    rows = await connection.stream(select(audit_log).order_by(audit_log.c.number))
    async for row in rows.mappings():
        yield dict(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries of a workspace; None and an empty tuple leave a column free.

    `since` and `until` bound when; `person` is who, by id or by e-mail; `actions` are kinds; `object_id` is what.
    """

    workspace_id: str
    since: datetime | None = None
    until: datetime | None = None
    person: str | None = None
    actions: tuple[str, ...] = ()
    object_id: str | None = None
    token_id: str | None = None


async def list_page(connection: AsyncConnection, wanted: EntryFilter, bounds: Bounds) -> Listed[Row]:
    """A page of entries, newest first; counted up to the ceiling of lists (Contract: 1.3).

    One that is none any more keeps its place.
    """
    table = audit_log.c
    conditions = equal_to(audit_log, wanted, ("workspace_id", "object_id", "token_id"))
    if wanted.since is not None:
        conditions.append(table.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.at < wanted.until)
    if wanted.person is not None:
        conditions.append(or_(table.actor == wanted.person, table.email == wanted.person))
    if wanted.actions:
        conditions.append(table.action.in_(wanted.actions))
    query = select(table.number).where(*conditions)
    places, last = await read_page(connection, query, [Key(table.number, descending=True)], bounds)
    counted = select(table.number).where(*conditions).limit(_TOTAL_CEILING).subquery()
    total = (await connection.execute(select(func.count()).select_from(counted))).scalar_one()
    numbers = [place["number"] for place in places]
    rows = await read_rows(connection, audit_log, table.number, numbers)
    return Listed([row or _unreadable(number) for number, row in zip(numbers, rows, strict=True)], total, last)


def _unreadable(number: int) -> Row:
    nothing = {column.name: None if column.nullable else "" for column in audit_log.c}
    return {
        **nothing, "number": number, "at": datetime.fromtimestamp(0, UTC), "action": UNREADABLE, "details": {},
    }  # fmt: skip
