"""What pipelines leave for the workspace's dashboard: trace, state and schemas (Contract: 5.3, 7.1).

    job ─► its run's folder ─► when it ends: scrubbed, sealed, in this region's database ─► folders of dashboards

The newest of each pipeline on each profile is kept. Nothing of it leaves the region; no route serves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor.artifacts import Files, prepare_found, read_sent, write_found
from planes.data_plane.executor.layout import Owner, RunPlace, WorkspacePlace
from planes.data_plane.executor.uids import WorkspaceUids
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.launching import is_dashboard
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.run_masks import RunMasks
from planes.data_plane.services.telemetry.pickled import NoPickle, scrub_pickle
from planes.domain.errors import PlaneError
from planes.scrub import Registered, scrub_text
from planes.storage.data import artifacts, runs
from planes.storage.errors import StorageError
from planes.storage.types import Row
from planes.storage.vault import Place
from planes.wire.link import Lease

MOST_PER_WORKSPACE = 1_000
_log = structlog.get_logger("planes.data_plane.artifacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    profile: str
    pipeline: str
    files: Files
    row: Row


class Artifacts:
    """Keeps what runs leave and lays it out for dashboards, those that run already included."""

    def __init__(self, parts: Parts, audit: Audit, uids: WorkspaceUids, masks: RunMasks) -> None:
        self._parts = parts
        self._audit = audit
        self._masks = masks
        self._uids = uids
        self._laying_out = anyio.Lock()

    async def keep(self, run_id: str, place: RunPlace) -> None:
        """Takes what an ended run has left. May run twice. What cannot be kept is missed by dashboards, and no more."""
        try:
            with closing(read_sent(place)) as sent:
                await self._keep(run_id, sent)
        except (StorageError, PlaneError, OSError) as exc:
            _log.error("artifacts_not_kept", run_id=run_id, exc_info=exc)

    async def _keep(self, run_id: str, sent: Iterator[tuple[str, Files]]) -> None:
        """One pipeline's files at a time: all that a run may leave does not fit in memory."""
        pair = await to_thread.run_sync(next, sent, None)
        if pair is None:
            return
        async with self._parts.database.reading() as connection:
            run = await runs.find(connection, run_id)
        assert run is not None, "a run is written down before it ends"
        registered = await self._masks.of(run)
        actor = Actor.run(run_id, run["organization_id"], run["workspace_id"])
        pipelines = 0
        while pair is not None:
            pipelines += 1
            await self._keep_one(run, *pair, registered)
            pair = await to_thread.run_sync(next, sent, None)
        await self._audit.record(actor, Action.ARTIFACTS_KEPT, run_id, pipelines=pipelines)

    async def _keep_one(self, run: Row, pipeline: str, files: Files, registered: Registered) -> None:
        if scrub_text(pipeline, registered) != pipeline:
            _log.warning("artifacts_left_out")  # its name is what a place is told by, and it holds a secret
            return
        scrubbed = await to_thread.run_sync(_scrub, files, registered)
        if scrubbed:
            row = await self._store(run, pipeline, scrubbed)
            await self._show(_Kept(profile=row["profile"], pipeline=pipeline, files=scrubbed, row=row))

    async def lay_out(self, run_id: str, profile: str, workspace: WorkspacePlace, owner: Owner) -> None:
        """Fills the folder from which a dashboard of this profile reads.

        Under its own profile it finds every pipeline that it has no own state of, as left by another one: a dashboard
        runs on a profile of its own, on which nothing is loaded.
        """
        place = workspace.run(run_id)
        actor = Actor.run(run_id, workspace.organization_id, workspace.workspace_id)
        async with self._laying_out:
            await self._audit.record(actor, Action.ARTIFACTS_OPENED, run_id)
            await to_thread.run_sync(prepare_found, place, owner)
            async with self._parts.database.reading() as connection:
                rows = await artifacts.list_places(connection, workspace.workspace_id)
            own = {row["pipeline_name"] for row in rows if row["profile"] == profile}
            for row in rows:
                files = await self._open(row)
                if files is not None:
                    kept = _Kept(profile=row["profile"], pipeline=row["pipeline_name"], files=files, row=row)
                    await to_thread.run_sync(_write, place, owner, profile, kept, kept.pipeline not in own)

    async def _show(self, kept: _Kept) -> None:
        """To the dashboards of the workspace that run now."""
        workspace_id, organization_id = kept.row["workspace_id"], kept.row["organization_id"]
        async with self._parts.database.reading() as connection:
            opened = [row for row in await runs.list_open(connection) if row["workspace_id"] == workspace_id]
        dashboards = [row for row in opened if is_dashboard(Lease.model_validate(row["lease"]))]
        if not dashboards:
            return
        owner = Owner(await to_thread.run_sync(self._uids.find_uid, workspace_id))
        workspace = WorkspacePlace(plane=self._parts.folder, organization_id=organization_id, workspace_id=workspace_id)
        async with self._laying_out, self._parts.database.reading() as connection:
            rows = await artifacts.list_places(connection, workspace_id)
            for run in dashboards:
                has_own = (run["profile"], kept.pipeline) in {(row["profile"], row["pipeline_name"]) for row in rows}
                try:
                    await to_thread.run_sync(_write, workspace.run(run["id"]), owner, run["profile"], kept, not has_own)
                except FileNotFoundError:
                    continue  # it has not come so far, and will find this; or it is over

    async def _store(self, run: Row, pipeline: str, files: Files) -> Row:
        packed = await to_thread.run_sync(artifacts.pack, files)
        row: Row = {
            "workspace_id": run["workspace_id"],
            "profile": run["profile"],
            "pipeline_name": pipeline,
            "organization_id": run["organization_id"],
            "job_run_id": run["id"],
            "size_bytes": sum(map(len, files.values())),
            "kept_at": self._parts.clock.now(),
        }
        sealed = await self._parts.vault.seal(_place_of(row), packed)
        async with self._parts.database.transaction() as connection:
            await artifacts.put(connection, {**row, "sealed": sealed})
            rows = await artifacts.list_places(connection, run["workspace_id"])
            for oldest in rows[: max(0, len(rows) - MOST_PER_WORKSPACE)]:
                await artifacts.remove(connection, oldest)
        return row

    async def _open(self, row: Row) -> Files | None:
        async with self._parts.database.reading() as connection:
            sealed = await artifacts.find_sealed(connection, row)
        if sealed is None:
            return None
        return await to_thread.run_sync(artifacts.unpack, await self._parts.vault.open(_place_of(row), sealed))


def _scrub(files: Files, registered: Registered) -> dict[str, bytes]:
    """What is neither a pickle nor text is left out."""
    scrubbed: dict[str, bytes] = {}
    for path, content in files.items():
        try:
            scrubbed[path] = (
                scrub_pickle(content, registered)
                if path.endswith(".pickle")
                else scrub_text(content.decode(), registered).encode()
            )
        except (NoPickle, UnicodeDecodeError):
            _log.warning("artifact_left_out")
    return scrubbed


def _write(place: RunPlace, owner: Owner, own_profile: str, kept: _Kept, is_lent: bool) -> None:
    profiles = {kept.profile, own_profile} if is_lent else {kept.profile}
    for profile in sorted(profiles):
        write_found(place, owner, profile, kept.pipeline, kept.files, kept.row["kept_at"])


def _place_of(row: Row) -> Place:
    return Place(
        organization_id=row["organization_id"],
        workspace_id=row["workspace_id"],
        scope=f"artifacts:{row['profile']}",
        name=row["pipeline_name"],
        version=1,
    )
