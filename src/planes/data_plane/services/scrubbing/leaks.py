"""From a leak to its rotation: which registered values were printed, whether they still hold, who may have seen them.

open ◄─► rotated      no variable has the value any more (one that has it again opens it again); for a value in TOML:
                      the newest configuration has another one in its place
expired               a credential of the run itself: dead since its end
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from planes.data_plane.services.audit import Action
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.run_secrets import secrets_in_toml
from planes.data_plane.services.secrets.secrets_used import SecretOrigin, SecretUse, name_in_mask, parse_uses
from planes.data_plane.services.secrets.variables import place_of, profile_of
from planes.data_plane.services.uploads.configurations import Configurations
from planes.domain.errors import NotFound, PlaneError
from planes.storage.data import leaks, variables
from planes.storage.errors import StorageError
from planes.storage.keyset import Bounds, Listed
from planes.storage.master_keys import CannotOpen
from planes.storage.types import Row
from planes.wire.own_leaks import ActiveRun, DetailedLeak, HeldBy, Leak, LeakReader

# Every way to read a log of a run; each leaves an entry with the run as its object.
LOG_READS = (str(Action.LOG_READ), str(Action.LOG_STREAMED))
_MOST_COMPARED = 256
_MOST_FINGERPRINTS = 10_000
_FIELDS = (
    "id", "run_id", "job_ref", "profile", "name", "origin", "scope", "version", "count", "lines", "more_lines", "at",
    "state",
)  # fmt: skip

_Key = tuple[str, str]
_Active = tuple[Row, Mapping[str, SecretUse]]


class Leaks:
    """Reads leaks; what was rotated meanwhile is noticed when they are read."""

    def __init__(self, parts: Parts, configurations: Configurations) -> None:
        self._parts = parts
        self._configurations = configurations
        self._compared: dict[tuple[str, str, str], frozenset[str] | None] = {}
        self._fingerprints: dict[tuple[Any, ...], str] = {}

    async def list_page(self, wanted: leaks.LeakFilter, bounds: Bounds) -> Listed[Leak]:
        """A page of leaks, newest first."""
        present = await self._refresh(wanted.workspace_id)
        async with self._parts.database.reading() as connection:
            found = await leaks.list_page(connection, wanted, bounds)
            rows = found.items
            run_ids = list({row["run_id"] for row in rows})
            readers = await leaks.count_readers(connection, wanted.workspace_id, run_ids, LOG_READS)
            active = _parsed(await leaks.list_active(connection, wanted.workspace_id) if rows else [])
        return found.carrying([
            Leak(**_shown(row, present, readers.get(row["run_id"], 0), len(_users(row, active)))) for row in rows
        ])  # fmt: skip

    async def get(self, workspace_id: str, leak_id: str) -> DetailedLeak:
        """One leak with its readers and the runs that go on with the value.

        Raises: NotFound.
        """
        present = await self._refresh(workspace_id)
        async with self._parts.database.reading() as connection:
            wanted = leaks.LeakFilter(workspace_id=workspace_id, id=leak_id)
            rows = (await leaks.list_page(connection, wanted, Bounds(limit=1))).items
            if not rows:
                raise NotFound("not_found", "There is no such leak in this workspace.")
            row = rows[0]
            readers = await leaks.list_readers(connection, workspace_id, row["run_id"], LOG_READS)
            active = _users(row, _parsed(await leaks.list_active(connection, workspace_id)))
        shown = _shown(row, present, len({each["actor"] for each in readers}), len(active))
        return DetailedLeak(**shown, readers=[LeakReader(**each) for each in readers], active_runs=active)

    async def _refresh(self, workspace_id: str) -> _Present:
        """Notes what was rotated, or has a value again that was; answers the variables that there are now."""
        async with self._parts.database.reading() as connection:
            rows = await variables.list_all(connection, workspace_id)
            still_open = await leaks.list_open(connection, workspace_id)
            newest = await leaks.find_newest_configuration(connection, workspace_id)
        present = _Present(rows, [await self._fingerprint(row) for row in rows])
        rotated: list[str] = []
        for leak in still_open:
            if leak["origin"] == SecretOrigin.VARIABLE:
                is_rotated = not present.holds(leak)
            else:
                is_rotated = newest is not None and await self._is_replaced(leak, newest)
            if is_rotated:
                rotated.append(leak["id"])
        async with self._parts.database.reading() as connection:
            reopened = await leaks.list_rotated(connection, workspace_id, list(present.by_fingerprint))
        if rotated or reopened:
            async with self._parts.database.transaction() as connection:
                await leaks.set_state(connection, rotated, leaks.ROTATED)
                await leaks.set_state(connection, reopened, leaks.OPEN)
        return present

    async def _fingerprint(self, row: Row) -> str | None:
        """Of a variable's value; None for one that cannot be opened."""
        key = (row["workspace_id"], row["scope"], row["name"], row["version"], row["updated_at"])
        found = self._fingerprints.get(key)
        if found is None:
            try:
                value = await self._parts.vault.open(place_of(row), row["sealed"])
            except CannotOpen:
                return None
            found = await self._parts.vault.fingerprint(row["organization_id"], value)
            if len(self._fingerprints) >= _MOST_FINGERPRINTS:
                self._fingerprints.clear()
            self._fingerprints[key] = found
        return found

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


class _Present:
    """The variables of a workspace, and by the fingerprint of its value which ones have it."""

    def __init__(self, rows: Sequence[Row], fingerprints: Sequence[str | None]) -> None:
        self.by_name: dict[_Key, Row] = {(row["scope"], row["name"]): row for row in rows}
        self.by_fingerprint: dict[str, list[Row]] = {}
        for row, fingerprint in zip(rows, fingerprints, strict=True):
            if fingerprint is not None:
                self.by_fingerprint.setdefault(fingerprint, []).append(row)

    def holders(self, leak: Row) -> list[Row]:
        """The variables that have the leaked value; of a leak from before fingerprints the one it came from."""
        if leak["fingerprint"] is not None:
            return self.by_fingerprint.get(leak["fingerprint"], [])
        row = self.by_name.get((leak["scope"], leak["name"]))
        return [row] if row is not None and not _is_newer(leak, row) else []

    def holds(self, leak: Row) -> bool:
        """Whether any has it."""
        return bool(self.holders(leak))


def _is_newer(leak: Row, present: Row) -> bool:
    """A variable that was removed and made again counts its versions from 1: then the time tells."""
    set_at: datetime | None = leak["set_at"]
    return present["version"] > leak["version"] or (set_at is not None and present["updated_at"] > set_at)


def _parsed(active: Sequence[Row]) -> list[_Active]:
    return [(run, parse_uses(run["secrets_used"])) for run in active]


def _users(leak: Row, active: Sequence[_Active]) -> list[ActiveRun]:
    """Runs that go on and were given the leaked value."""
    found: list[ActiveRun] = []
    for run, uses in active:
        use = next((each for name, each in uses.items() if _is_same(leak, name, each)), None)
        if use is not None:
            found.append(ActiveRun(run_id=run["id"], job_ref=run["job_ref"], version=use.version))
    return found


def _is_same(leak: Row, name: str, use: SecretUse) -> bool:
    if leak["fingerprint"] is not None and use.fingerprint is not None:
        return leak["fingerprint"] == use.fingerprint
    if name != leak["name"] or use.origin != leak["origin"] or use.origin is SecretOrigin.PLATFORM:
        return False
    if use.origin is SecretOrigin.CONFIGURATION:
        return use.configuration_id == leak["configuration_id"]
    return use.scope == leak["scope"] and use.set_at is not None and use.set_at <= leak["set_at"]


def _shown(row: Row, present: _Present, readers: int, active: int) -> dict[str, Any]:
    is_variable = row["origin"] == SecretOrigin.VARIABLE
    now = present.by_name.get((row["scope"], row["name"])) if is_variable else None
    return {
        **{name: row[name] for name in _FIELDS},
        "present_version": now["version"] if now is not None and now["is_secret"] else None,
        "held_by": [
            HeldBy(profile=profile_of(each["scope"]), name=each["name"], version=each["version"])
            for each in (present.holders(row) if is_variable else [])
        ],
        "reader_count": readers,
        "active_run_count": active,
    }
