"""The region's audit log: who accessed what, when, with which token. Append-only and hash-chained (Design: 9).

A mutation writes its entry inside its own transaction, so that it cannot happen without it. A read whose entry cannot
be written still answers: the failure is logged and counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import anyio
import structlog

from planes.domain.clock import Clock
from planes.domain.errors import PlaneError
from planes.storage.audit_rows import NO_ENTRY
from planes.storage.data import audit
from planes.storage.database import Database
from planes.storage.errors import StorageError
from planes.storage.keyset import Bounds, Listed
from planes.storage.types import Row
from planes.tokens.claims import Claims

GENESIS = "0" * 64
WALK_AGAIN_AFTER = timedelta(seconds=10)
_ROWS_AT_ONCE = 200
_log = structlog.get_logger("planes.data_plane.audit")


class Action(StrEnum):
    """What was done with a region's data."""

    DEPLOYMENT_UPLOADED = "deployment_uploaded"
    CONFIGURATION_UPLOADED = "configuration_uploaded"
    UPLOAD_REFUSED = "upload_refused"
    UPLOAD_DROPPED = "upload_dropped"
    DEPLOYMENT_FILES_LISTED = "deployment_files_listed"
    CONFIGURATION_FILES_LISTED = "configuration_files_listed"
    VARIABLES_READ = "variables_read"
    VARIABLES_CHANGED = "variables_changed"
    VARIABLES_RESOLVED = "variables_resolved"
    CONFIGURATION_OPENED = "configuration_opened"
    LOG_READ = "log_read"
    LOG_STREAMED = "log_streamed"
    TELEMETRY_READ = "telemetry_read"
    RESULT_READ = "result_read"
    RUN_STARTED = "run_started"
    ARTIFACTS_KEPT = "artifacts_kept"
    ARTIFACTS_OPENED = "artifacts_opened"
    SCRUB_SETTINGS_READ = "scrub_settings_read"
    SCRUB_SETTINGS_CHANGED = "scrub_settings_changed"
    LEAKS_READ = "leaks_read"
    RESCRUB_ASKED = "rescrub_asked"
    HITS_READ = "hits_read"
    RESCRUBS_READ = "rescrubs_read"
    APP_OPENED = "app_opened"
    TELEMETRY_REPORTED = "telemetry_reported"
    AUDIT_READ = "audit_read"
    HOLDINGS_READ = "holdings_read"
    ALERTS_READ = "alerts_read"
    ALERT_ADDED = "alert_added"
    ALERT_CHANGED = "alert_changed"
    ALERT_REMOVED = "alert_removed"
    ALERT_TESTED = "alert_tested"
    MAIL_SERVER_READ = "mail_server_read"
    MAIL_SERVER_CHANGED = "mail_server_changed"
    MAIL_SERVER_REMOVED = "mail_server_removed"
    WEBHOOKS_READ = "webhooks_read"
    WEBHOOK_ADDED = "webhook_added"
    WEBHOOK_ROTATED = "webhook_rotated"
    WEBHOOK_REMOVED = "webhook_removed"
    WEBHOOK_CALLED = "webhook_called"
    WEBHOOK_BODY_GIVEN = "webhook_body_given"
    LOG_REMOVED = "log_removed"
    ENVIRONMENTS_READ = "environments_read"
    ENVIRONMENT_REMOVED = "environment_removed"
    CACHE_REMOVED = "cache_removed"
    CODE_REMOVED = "code_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a token's holder, or the plane itself on behalf of a run."""

    subject: str
    token_id: str
    organization_id: str
    workspace_id: str
    membership_id: str | None = None
    email: str | None = None

    @staticmethod
    def of(claims: Claims) -> Actor:
        """The holder of a verified token."""
        return Actor(
            subject=claims.subject,
            token_id=claims.token_id,
            organization_id=claims.organization_id or "",
            workspace_id=claims.workspace_id or "",
            membership_id=claims.membership_id,
            email=claims.email or None,
        )

    @staticmethod
    def run(run_id: str, organization_id: str, workspace_id: str) -> Actor:
        """The plane, preparing or serving a run."""
        nobody = "-"
        return Actor(
            subject=f"run:{run_id}", token_id=nobody, organization_id=organization_id, workspace_id=workspace_id
        )

    @staticmethod
    def webhook(webhook_id: str, organization_id: str, workspace_id: str) -> Actor:
        """Whoever has the secret of a webhook."""
        nobody = "-"
        return Actor(
            subject=f"webhook:{webhook_id}", token_id=nobody, organization_id=organization_id, workspace_id=workspace_id
        )

    @staticmethod
    def plane(organization_id: str, workspace_id: str) -> Actor:
        """The plane, looking after what it keeps."""
        nobody = "-"
        return Actor(subject="plane", token_id=nobody, organization_id=organization_id, workspace_id=workspace_id)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does. `details` never hold values of users."""

    action: Action
    object_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """What checking the chain found. `broken_at` is the first entry that does not fit, None when all do."""

    entries: int
    head: str
    broken_at: int | None = None


class AuditParts(Protocol):
    """What the log needs of a region, opened by the plane itself or by a command beside it."""

    @property
    def database(self) -> Database:
        """The region's."""
        ...

    @property
    def clock(self) -> Clock:
        """What entries are dated by."""
        ...


class Audit:
    """Writes and checks the log."""

    def __init__(self, parts: AuditParts) -> None:
        self._parts = parts
        self.unwritten = 0
        self._walking = anyio.Lock()
        self._walked: tuple[ChainState, datetime] | None = None

    async def append(
        self,
        connection: Any,
        actor: Actor,
        action: Action,
        object_id: str | None = None,
        **details: Any,
    ) -> None:
        """Adds an entry to the caller's transaction: both happen or neither. `details` never hold values of users."""
        await self.append_all(connection, actor, [Deed(action, object_id, details)])

    async def append_all(self, connection: Any, actor: Actor, deeds: Sequence[Deed]) -> None:
        """The same for several, at least one: an entry for each, in their order."""
        await self._parts.database.lock(connection, "audit")
        last = await audit.find_last(connection)
        number, previous = last or (0, GENESIS)
        entries: list[dict[str, Any]] = []
        for deed in deeds:
            number += 1
            entry: dict[str, Any] = {
                "number": number,
                "at": self._parts.clock.now(),
                "actor": actor.subject[:64],
                "membership_id": actor.membership_id,
                "email": actor.email,
                "token_id": actor.token_id[:64],
                "organization_id": actor.organization_id,
                "workspace_id": actor.workspace_id,
                "action": str(deed.action),
                "object_id": deed.object_id,
                "details": dict(deed.details),
                "previous_hash": previous,
            }
            previous = hash_entry(entry)
            entries.append({**entry, "hash": previous})
        await audit.append(connection, entries)

    async def record(self, actor: Actor, action: Action, object_id: str | None = None, **details: Any) -> None:
        """Adds an entry of its own for something that must be written down before it happens.

        Raises: Unavailable, StorageFull, StorageError; the caller does not go on.
        """
        async with self._parts.database.transaction() as connection:
            await self.append(connection, actor, action, object_id, **details)

    async def note(self, actor: Actor, action: Action, object_id: str | None = None, **details: Any) -> None:
        """Adds an entry for a read or a refusal, which goes on when the entry cannot be written."""
        try:
            await self.record(actor, action, object_id, **details)
        except (StorageError, PlaneError, OSError):
            self.unwritten += 1
            _log.error("audit_entry_lost", action=str(action), lost=self.unwritten)

    async def list_page(self, wanted: audit.EntryFilter, bounds: Bounds) -> Listed[Row]:
        """Entries of one workspace, newest first."""
        async with self._parts.database.reading() as connection:
            return await audit.list_page(connection, wanted, bounds)

    async def verify(self) -> ChainState:
        """Walks the whole chain."""
        return await verify_chain(self._parts.database)

    async def verify_lately(self) -> tuple[ChainState, datetime]:
        """Walks the whole chain, one walk at a time; answers of the last seconds are given again, with their time."""
        async with self._walking:
            now = self._parts.clock.now()
            if self._walked is None or now - self._walked[1] > WALK_AGAIN_AFTER:
                self._walked = (await verify_chain(self._parts.database), now)
            return self._walked


async def verify_chain(database: Database) -> ChainState:
    """Walks the whole chain of a region's database. What cannot even be read as an entry breaks it too."""
    entries, previous = 0, GENESIS
    async with database.reading() as connection:
        try:
            async for row in audit.iterate(connection):
                if not _fits(row, entries + 1, previous):
                    return ChainState(entries=entries + 1, head=previous, broken_at=row["number"])
                entries, previous = entries + 1, row["hash"]
                if entries % _ROWS_AT_ONCE == 0:
                    await anyio.lowlevel.checkpoint()
        except NO_ENTRY:
            return ChainState(entries=entries + 1, head=previous, broken_at=entries + 1)
    return ChainState(entries=entries, head=previous)


def hash_entry(entry: Mapping[str, Any]) -> str:
    """SHA-256 over every field but `hash`, as JSON with sorted keys."""
    fields = {name: _text(value) for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _fits(row: Row, number: int, previous: str) -> bool:
    return row["number"] == number and row["previous_hash"] == previous and row["hash"] == hash_entry(row)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
