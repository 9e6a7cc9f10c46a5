"""Run folders: logs beyond their age or the region's room, and what killed processes left beside them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from anyio import to_thread

from planes.data_plane.executor import disposal
from planes.data_plane.executor.layout import RunPlace
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.upkeep.removals import KeptParts, Kind, Removal, left_over
from planes.domain.retention import SETTLING, Kept, Retention, Why, decide_removals, kept_words
from planes.storage.data import retention as stored
from planes.storage.data.runs import DONE
from planes.storage.types import Row


class OldLogs:
    """Looks at every run folder; a run's facts stay in the database when its folder goes."""

    def __init__(self, parts: KeptParts, audit: Audit, retention: Retention) -> None:
        self._parts = parts
        self._audit = audit
        self._retention = retention
        self._sizes: dict[str, int] = {}

    async def find(self) -> list[Removal]:
        """What may go now."""
        folders = await to_thread.run_sync(self._folders)
        async with self._parts.database.reading() as connection:
            known = await stored.runs_of(connection, list(folders))
            to_scrub = await stored.runs_to_scrub(connection)
        found = await to_thread.run_sync(self._left_over, folders, known)
        ended = {run_id: row for run_id, row in known.items() if row["state"] == DONE and row["log_removed_at"] is None}
        items = await to_thread.run_sync(self._items, folders, ended, to_scrub)
        days, most = self._retention.log_days, self._retention.log_bytes
        for verdict in decide_removals(items, self._parts.clock.now(), days=days, size_bytes=most):
            item = verdict.item
            carry_out = partial(self._remove_log, known[item.name], folders[item.name], verdict.why, item.size_bytes)
            found.append(
                Removal(kind=Kind.LOG, name=item.name, size_bytes=item.size_bytes, why=verdict.why, carry_out=carry_out)
            )
        return found

    def _folders(self) -> dict[str, Path]:
        return {path.name: path for path in self._parts.folder.glob("orgs/*/workspaces/*/runs/*") if path.is_dir()}

    def _items(self, folders: Mapping[str, Path], ended: Mapping[str, Row], to_scrub: set[str]) -> list[Kept]:
        for run_id in self._sizes.keys() - ended.keys():
            del self._sizes[run_id]
        for run_id in ended:
            # What is compressed or scrubbed later is smaller: the first size is near enough.
            if run_id not in self._sizes:
                self._sizes[run_id] = disposal.size_of(folders[run_id])
        return [
            Kept(
                name=run_id,
                used_at=row["ended_at"],
                size_bytes=self._sizes[run_id],
                is_needed=row["examined_at"] is None or run_id in to_scrub,
            )
            for run_id, row in ended.items()
            if row["ended_at"] is not None
        ]

    def _left_over(self, folders: Mapping[str, Path], known: Mapping[str, Row]) -> list[Removal]:
        """Folders without a run, those whose log counts as removed, and working directories of ended runs."""
        before = self._parts.clock.now() - SETTLING
        left: list[Path] = []
        for run_id, folder in folders.items():
            row = known.get(run_id)
            if row is None:
                # A lease is written down before its folder is made; the hour is for clocks that were set.
                left += [folder] if disposal.changed_at(folder) < before else []
            elif row["log_removed_at"] is not None:
                left.append(folder)
            elif row["state"] == DONE:
                place = RunPlace(folder)
                # A run that has just ended removes what is `left` itself.
                ended = (place.work, place.left) if row["ended_at"] < before else (place.work,)
                left += [path for path in ended if path.exists()]
        return [left_over(path, disposal.remove if path in folders.values() else _remove_work) for path in left]

    async def _remove_log(self, run: Row, folder: Path, why: Why, size_bytes: int) -> bool:
        now = self._parts.clock.now()
        words = kept_words(self._retention.log_days, why)
        actor = Actor.plane(run["organization_id"], run["workspace_id"])
        async with self._parts.database.transaction() as connection:
            if run["id"] in await stored.runs_to_scrub(connection):
                return False
            if not await stored.mark_log_removed(connection, run["id"], now, words):
                return False
            await self._audit.append(
                connection, actor, Action.LOG_REMOVED, run["id"], why=str(why), size_bytes=size_bytes
            )
        await to_thread.run_sync(disposal.remove, folder)
        return True


def _remove_work(path: Path) -> None:
    place = RunPlace(path.parent)
    place.remove_configuration()
    place.remove_work()
