"""Reading runs, and cancelling them (Contract: 4.2, 4.5, operations 41, 43-45)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import windows
from planes.control_plane.services.work.run_reports import finish
from planes.control_plane.services.work.triggers import hold_work
from planes.domain.access import Permission, Principal
from planes.domain.errors import Conflict, NotFound
from planes.domain.identifiers import DataPlaneId, RunId, WorkspaceId
from planes.domain.runs import LEASED, Refused, Run, decide_cancel
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import run_lists
from planes.storage.control import runs as stored_runs
from planes.storage.control import summaries as stored_summaries
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import JobVersion, VersionedJob
from planes.storage.control.run_lists import DownstreamRun, RunFilter
from planes.storage.control.summaries import PipelineRunSummary
from planes.storage.keyset import Listed
from planes.wire.link import EndedRunRequest


@dataclass(frozen=True, slots=True)
class Downstream:
    """How many of the runs that a run started are wanted, and of which category. None: none are asked for."""

    limit: int | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedRun:
    """A run with its job, the version that it runs, and what it loaded. `downstream` None: not asked for."""

    run: Run
    job: VersionedJob
    version: JobVersion
    summaries: Sequence[PipelineRunSummary]
    downstream: Sequence[DownstreamRun] | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A run of a cancel request with the status that it had."""

    run: Run
    job_ref: str


@dataclass(frozen=True, slots=True)
class CancelReceipt:
    """`skipped` had ended already; `unknown` ids are no runs of the workspace."""

    succeeded: list[Cancelled] = field(default_factory=list[Cancelled])
    skipped: list[Cancelled] = field(default_factory=list[Cancelled])
    unknown: list[str] = field(default_factory=list[str])


async def list_runs(
    parts: Parts, principal: Principal, wanted: RunFilter, downstream: Downstream
) -> Listed[DetailedRun]:
    """One page with all that a run is shown with."""
    async with parts.database.reading() as connection:
        await authorize_workspace(connection, principal, wanted.workspace_id, Permission.READ)
        found = await run_lists.list_runs(connection, wanted)
        return found.carrying(await detail_runs(connection, wanted.workspace_id, found.items, downstream))


async def has_ended(parts: Parts, dataplane_id: DataPlaneId, asked: EndedRunRequest) -> bool:
    """Whether this is a run of that workspace and of this data plane, and has ended: claimed or not."""
    async with parts.database.reading() as connection:
        run = await stored_runs.find_run(connection, asked.run_id, workspace_id=WorkspaceId(asked.workspace_id))
    return run is not None and run.dataplane_id == dataplane_id and run.is_terminal


async def rows_loaded(parts: Parts, principal: Principal, workspace_id: str, since: datetime | None) -> int:
    """What the runs that were asked for since then, or ever, loaded together. Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        return await stored_summaries.rows_loaded_since(connection, access.workspace_id, since)


async def get_run(parts: Parts, principal: Principal, workspace_id: str, run_id: str) -> DetailedRun:
    """Raises: NotFound."""
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        run = await stored_runs.find_run(connection, run_id, workspace_id=access.workspace_id)
        if run is None:
            raise no_run()
        return (await detail_runs(connection, access.workspace_id, [run], Downstream()))[0]


async def cancel_run(parts: Parts, principal: Principal, workspace_id: str, run_id: str) -> DetailedRun:
    """A waiting run ends at once, one that runs is told to stop.

    Raises: NotFound, Conflict (`run_ended`).
    """
    await windows.prepare()
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        await hold_work(parts, connection, access.workspace_id)
        before = await stored_runs.find_run(connection, run_id, workspace_id=access.workspace_id, for_update=True)
        if before is None:
            raise no_run()
        after = decide_cancel(before, parts.clock.now())
        if isinstance(after, Refused):
            raise Conflict(after.code, after.reason)
        await _carry_out(parts, connection, [after])
        (detailed,) = await detail_runs(connection, access.workspace_id, [after], Downstream())
    _wake(parts, [after])
    return detailed


async def cancel_runs(
    parts: Parts, principal: Principal, workspace_id: str, run_ids: Sequence[str], *, dry_run: bool
) -> CancelReceipt:
    """The same for many, in one transaction. A dry run writes nothing."""
    await windows.prepare()
    async with parts.database.transaction() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.WRITE)
        await hold_work(parts, connection, access.workspace_id)
        found = await stored_runs.runs_by_id(
            connection, run_ids, workspace_id=access.workspace_id, for_update=not dry_run
        )
        refs = await _job_refs(connection, access.workspace_id, found.values())
        receipt = CancelReceipt()
        changed: list[Run] = []
        for run_id in dict.fromkeys(run_ids):
            before = found.get(run_id)
            if before is None:
                receipt.unknown.append(run_id)
                continue
            after = decide_cancel(before, parts.clock.now())
            shown = Cancelled(before, refs[before.job_id])
            if isinstance(after, Refused):
                receipt.skipped.append(shown)
            else:
                receipt.succeeded.append(shown)
                changed.append(after)
        if not dry_run:
            await _carry_out(parts, connection, changed)
    if not dry_run:
        _wake(parts, changed)
    return receipt


async def end_runs(parts: Parts, connection: Connection, workspace_id: WorkspaceId, run_ids: Sequence[str]) -> None:
    """The same within a transaction of the caller's, who holds the work and wakes the data plane; ended ones stay."""
    found = await stored_runs.runs_by_id(connection, run_ids, workspace_id=workspace_id, for_update=True)
    decided = [decide_cancel(run, parts.clock.now()) for run in found.values()]
    await _carry_out(parts, connection, [after for after in decided if isinstance(after, Run)])


async def is_run_live(connection: Connection, run_id: RunId, fence: int) -> bool:
    """Whether the run still goes on under this fence: what its own token depends on."""
    run = await stored_runs.find_run(connection, run_id)
    return run is not None and run.status in LEASED and run.fence == fence


async def detail_runs(
    connection: Connection, workspace_id: WorkspaceId, found: Sequence[Run], downstream: Downstream
) -> list[DetailedRun]:
    """The runs with all that they are shown with, in their order, by a fixed number of queries."""
    run_ids = [run.id for run in found]
    jobs = {
        job.job.id: job for job in await stored_jobs.jobs_by_id(connection, workspace_id, [run.job_id for run in found])
    }
    versions = await stored_jobs.versions_by_id(connection, [run.job_version_id for run in found])
    summaries = await stored_summaries.summaries_of(connection, run_ids)
    following = await find_downstream(connection, run_ids, downstream)
    return [
        DetailedRun(
            run=run,
            job=jobs[run.job_id],
            version=versions[run.job_version_id],
            summaries=summaries.get(run.id, []),
            downstream=None if following is None else following.get(run.id, []),
        )
        for run in found
    ]


async def find_downstream(
    connection: Connection, run_ids: Iterable[str], downstream: Downstream
) -> Mapping[str, list[DownstreamRun]] | None:
    """What each run's end started; None when it is not asked for."""
    if downstream.limit is None:
        return None
    return await run_lists.downstream_runs(connection, run_ids, downstream.limit, downstream.category)


def no_run() -> NotFound:
    """A run id that is not in the workspace."""
    return NotFound("run_not_found", "There is no such run in this workspace.")


async def _carry_out(parts: Parts, connection: Connection, changed: Sequence[Run]) -> None:
    for run in changed:
        await stored_runs.save_run(connection, run)
        await finish(parts, connection, run, fires_events=True)


def _wake(parts: Parts, changed: Sequence[Run]) -> None:
    for dataplane_id in {run.dataplane_id for run in changed}:
        parts.news.tell(dataplane_id)


async def _job_refs(connection: Connection, workspace_id: WorkspaceId, found: Iterable[Run]) -> dict[str, str]:
    jobs = await stored_jobs.jobs_by_id(connection, workspace_id, [run.job_id for run in found])
    return {job.job.id: job.job.job_ref for job in jobs}
