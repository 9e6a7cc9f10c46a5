"""From a leak to its rotation: which registered values were printed, whether they still hold, who may have seen them.

open ──► rotated      the variable has a newer value or is gone; the newest configuration has another value
expired               a credential of the run itself: dead since its end
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from planes.data_plane.services.audit import Action
from planes.data_plane.services.configurations import Configurations
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.run_secrets import secrets_in_toml
from planes.data_plane.services.secrets_used import SecretOrigin, name_in_mask, parse_uses
from planes.domain.errors import NotFound, PlaneError
from planes.storage.data import leaks, variables
from planes.storage.errors import StorageError
from planes.storage.types import Row
from planes.wire.own_leaks import ActiveRun, DetailedLeak, Leak, LeakReader

# Every way to read a log of a run; each leaves an entry with the run as its object.
LOG_READS = (str(Action.LOG_READ), str(Action.LOG_STREAMED))
_MOST_COMPARED = 256
_FIELDS = (
    "id", "run_id", "job_ref", "profile", "name", "origin", "scope", "version", "count", "lines", "more_lines", "at",
    "state",
)  # fmt: skip

_Key = tuple[str, str]


class Leaks:
    """Reads leaks; what was rotated meanwhile is noticed when they are read."""

    def __init__(self, parts: Parts, configurations: Configurations) -> None:
        self._parts = parts
        self._configurations = configurations
        self._compared: dict[tuple[str, str, str], frozenset[str] | None] = {}

    async def list_page(self, wanted: leaks.LeakFilter, limit: int, offset: int) -> tuple[list[Leak], int]:
        """A page of leaks, newest first, and how many there are."""
        present = await self._refresh(wanted.workspace_id)
        async with self._parts.database.reading() as connection:
            rows, total = await leaks.list_page(connection, wanted, limit, offset)
            run_ids = list({row["run_id"] for row in rows})
            readers = await leaks.count_readers(connection, wanted.workspace_id, run_ids, LOG_READS)
            active = await leaks.list_active(connection, wanted.workspace_id) if rows else []
        return [
            Leak(**_shown(row, present, readers.get(row["run_id"], 0), len(_users(row, active)))) for row in rows
        ], total

    async def get(self, workspace_id: str, leak_id: str) -> DetailedLeak:
        """One leak with its readers and the runs that go on with the value.

        Raises: NotFound.
        """
        present = await self._refresh(workspace_id)
        async with self._parts.database.reading() as connection:
            rows, _ = await leaks.list_page(connection, leaks.LeakFilter(workspace_id=workspace_id, id=leak_id), 1, 0)
            if not rows:
                raise NotFound("not_found", "There is no such leak in this workspace.")
            row = rows[0]
            readers = await leaks.list_readers(connection, workspace_id, row["run_id"], LOG_READS)
            active = _users(row, await leaks.list_active(connection, workspace_id))
        shown = _shown(row, present, len({each["actor"] for each in readers}), len(active))
        return DetailedLeak(**shown, readers=[LeakReader(**each) for each in readers], active_runs=active)

    async def _refresh(self, workspace_id: str) -> dict[_Key, Row]:
        """Notes what was rotated; answers the secret variables that there are now."""
        async with self._parts.database.reading() as connection:
            rows = await variables.list_all(connection, workspace_id)
            still_open = await leaks.list_open(connection, workspace_id)
            newest = await leaks.find_newest_configuration(connection, workspace_id)
        present = {(row["scope"], row["name"]): row for row in rows if row["is_secret"]}
        rotated: list[str] = []
        for leak in still_open:
            if leak["origin"] == SecretOrigin.VARIABLE:
                is_rotated = _has_newer(leak, present.get((leak["scope"], leak["name"])))
            else:
                is_rotated = newest is not None and await self._is_replaced(leak, newest)
            if is_rotated:
                rotated.append(leak["id"])
        if rotated:
            async with self._parts.database.transaction() as connection:
                await leaks.set_state(connection, rotated, leaks.ROTATED)
        return present

    async def _is_replaced(self, leak: Row, newest: str) -> bool:
        """Whether the newest configuration has another value in the leaked name's place, for the same profile."""
        before = leak["configuration_id"]
        if before is None or before == newest:
            return False
        key = (before, newest, leak["profile"])
        if key not in self._compared:
            if len(self._compared) >= _MOST_COMPARED:
                self._compared.clear()
            self._compared[key] = await self._compare(*key)
        same = self._compared[key]
        return same is not None and leak["name"] not in same

    async def _compare(self, before: str, newest: str, profile: str) -> frozenset[str] | None:
        """Names under which a value of the one is still in the other; None when one of them cannot be opened."""
        try:
            old = await self._configurations.files_of(before)
            new = await self._configurations.files_of(newest)
        except (PlaneError, StorageError):
            return None
        kept = _secrets_in(new, profile)
        values = {value for _, value in kept}
        return frozenset(name for name, value in _secrets_in(old, profile) if value in values)


def _secrets_in(files: Mapping[str, bytes], profile: str) -> set[tuple[str, str]]:
    return {(name_in_mask(name), value) for name, value in secrets_in_toml(files, profile)}


def _has_newer(leak: Row, present: Row | None) -> bool:
    """A variable that was removed and made again counts its versions from 1: then the time tells."""
    if present is None:
        return True
    set_at: datetime | None = leak["set_at"]
    return present["version"] > leak["version"] or (set_at is not None and present["updated_at"] > set_at)


def _users(leak: Row, active: Sequence[Row]) -> list[ActiveRun]:
    """Runs that go on and were given the leaked value, or an older one of the same variable."""
    found: list[ActiveRun] = []
    for run in active:
        use = parse_uses(run["secrets_used"]).get(leak["name"])
        if use is None or use.origin != leak["origin"] or use.origin is SecretOrigin.PLATFORM:
            continue
        if use.origin is SecretOrigin.CONFIGURATION:
            is_user = use.configuration_id == leak["configuration_id"]
        else:
            is_user = use.scope == leak["scope"] and use.set_at is not None and use.set_at <= leak["set_at"]
        if is_user:
            found.append(ActiveRun(run_id=run["id"], job_ref=run["job_ref"], version=use.version))
    return found


def _shown(row: Row, present: Mapping[_Key, Row], readers: int, active: int) -> dict[str, Any]:
    now = present.get((row["scope"], row["name"])) if row["origin"] == SecretOrigin.VARIABLE else None
    return {
        **{name: row[name] for name in _FIELDS},
        "present_version": now["version"] if now is not None else None,
        "reader_count": readers,
        "active_run_count": active,
    }
