"""The audit log: rows are only ever added, and each carries the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Integer, String, Table, insert, select, text

from planes.storage.audit_rows import UNREADABLE, read_rows
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.control.rows import count_up_to_ceiling
from planes.storage.database import writing_down
from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Moment, Row, document

audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("action", String(64), nullable=False),
    # The acting user (no foreign key: the log stands alone), and the session or key that was used.
    Column("actor_user_id", String(36)),
    Column("actor_session_id", String(36)),
    Column("subject", String(64), nullable=False),
    Column("organization_id", String(36), index=True),
    Column("facts", document(), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """`facts` holds ids, roles and numbers only."""

    at: datetime
    action: str
    subject: str
    actor_user_id: str | None = None
    actor_session_id: str | None = None
    organization_id: str | None = None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAuditEvent:
    sequence: int
    event: AuditEvent
    previous_hash: str
    hash: str
    is_readable: bool = True

    @property
    def is_intact(self) -> bool:
        """Whether the row still says what it said when it was written."""
        return self.is_readable and self.hash == hash_event(self.sequence, self.event, self.previous_hash)


def hash_event(sequence: int, event: AuditEvent, previous_hash: str) -> str:
    """SHA-256 over the row's JSON and the hash before it."""
    fields = [
        sequence, event.at.astimezone(UTC).isoformat(timespec="microseconds"), event.action, event.actor_user_id,
        event.actor_session_id, event.subject, event.organization_id, event.facts, previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


async def append_event(connection: Connection, event: AuditEvent) -> None:
    """Adds the event at the end of the chain, in the caller's transaction.

    Raises: Unavailable, StorageFull.
    """
    with writing_down():
        await _append(connection, event)


async def _append(connection: Connection, event: AuditEvent) -> None:
    if connection.dialect.name == "postgresql":
        await connection.execute(text("select pg_advisory_xact_lock(hashtextextended('audit', 0))"))
    query = select(audit_events.c.sequence, audit_events.c.hash).order_by(audit_events.c.sequence.desc()).limit(1)
    last = (await connection.execute(query)).first()
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, _FIRST)
    row = {
        "sequence": sequence, "at": event.at, "action": event.action, "actor_user_id": event.actor_user_id,
        "actor_session_id": event.actor_session_id, "subject": event.subject, "organization_id": event.organization_id,
        "facts": event.facts, "previous_hash": previous, "hash": hash_event(sequence, event, previous),
    }  # fmt: skip
    await connection.execute(insert(audit_events).values(row))


async def list_events(connection: Connection, *, after: int = 0, limit: int = 100) -> Sequence[StoredAuditEvent]:
    """In the order of the chain."""
    query = select(audit_events.c.sequence).where(audit_events.c.sequence > after)
    found = await connection.execute(query.order_by(audit_events.c.sequence).limit(limit))
    return await _read(connection, found.scalars().all())


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; None and an empty tuple ask for nothing in particular. `since` and `until` bound when."""

    organization_id: str | None = None
    actor_user_id: str | None = None
    actions: tuple[str, ...] = ()
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_page(connection: Connection, wanted: EventFilter, bounds: Bounds) -> Listed[StoredAuditEvent]:
    """One page, newest first."""
    table = audit_events.c
    query = select(audit_events.c.sequence)
    for column, value in (
        (table.organization_id, wanted.organization_id),
        (table.actor_user_id, wanted.actor_user_id),
        (table.subject, wanted.subject),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.actions:
        query = query.where(table.action.in_(wanted.actions))
    if wanted.since is not None:
        query = query.where(table.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.at < wanted.until)
    total = await count_up_to_ceiling(connection, query)
    rows, last = await read_page(connection, query, [Key(table.sequence, descending=True)], bounds)
    return Listed(await _read(connection, [row["sequence"] for row in rows]), total, last)


async def chain_is_intact(connection: Connection) -> bool:
    """Reads the whole log and checks every link. What cannot even be read as an event breaks it too."""
    previous, after = _FIRST, 0
    while events := await list_events(connection, after=after, limit=500):
        for stored in events:
            if stored.sequence != after + 1 or stored.previous_hash != previous or not stored.is_intact:
                return False
            previous, after = stored.hash, stored.sequence
    return True


async def _read(connection: Connection, sequences: Sequence[int]) -> list[StoredAuditEvent]:
    """The rows in this order. One that is no event any more keeps its place, and the others stay readable."""
    rows = await read_rows(connection, audit_events, audit_events.c.sequence, sequences)
    return [_stored(sequence, row) for sequence, row in zip(sequences, rows, strict=True)]


def _stored(sequence: int, row: Row | None) -> StoredAuditEvent:
    if row is None:
        nothing = AuditEvent(at=datetime.fromtimestamp(0, UTC), action=UNREADABLE, subject="", facts={})
        return StoredAuditEvent(sequence=sequence, event=nothing, previous_hash="", hash="", is_readable=False)
    rest = {name: value for name, value in row.items() if name not in {"sequence", "previous_hash", "hash"}}
    return StoredAuditEvent(
        sequence=sequence, event=AuditEvent(**rest), previous_hash=row["previous_hash"], hash=row["hash"]
    )
