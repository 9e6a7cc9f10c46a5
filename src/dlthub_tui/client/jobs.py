"""Jobs of a workspace, and starting them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.errors import NotFound
from dlthub_tui.client.models import Job, Run, parse_job, parse_run, parse_short_job
from dlthub_tui.client.paging import LARGEST_PAGE, Page, get_pages
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport

RECENT_RUNS = 10
# To read so many takes 7 ms: who waits for the rest of them is answered in between.
JOBS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """What became of one job of a trigger. `run` is None where nothing started; `reasons` say why."""

    job_id: str
    job_ref: str
    status: str
    reasons: tuple[str, ...]
    run: Run | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A start that fired by itself and was declined; `status` is a receipt's."""

    at: datetime
    trigger: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """When a job's clocks fire next, what a start that was put off waits for, and what was passed over last.

    `paused_at` is known of a job that was paused under a control plane of today. `completed_until`: up to where its
    runs have completed its time.
    """

    fires: tuple[datetime, ...] = ()
    waits_for: tuple[str, ...] = ()
    passed_over: PassedOver | None = None
    paused_at: datetime | None = None
    completed_until: datetime | None = None


async def list_jobs(plane: Transport, workspace_id: str, recent_runs: int = RECENT_RUNS) -> tuple[Job, ...]:
    """All jobs, archived ones too, with as many of their recent runs; their definitions are left out."""
    found: list[Job] = []
    async for page in pages_of_jobs(plane, workspace_id, LARGEST_PAGE, recent_runs):
        found.extend(page.items)
    return tuple(found)


async def pages_of_jobs(
    plane: Transport, workspace_id: str, first: int = JOBS_AT_ONCE, recent_runs: int = RECENT_RUNS
) -> AsyncGenerator[Page[Job]]:
    """The same in pieces, `first` jobs at first."""
    path, query = f"/v1/workspaces/{workspace_id}/jobs", {"recent_job_runs_limit": recent_runs}
    try:
        async for page in get_pages(plane, f"/own{path}", parse_short_job, query, first=first, then=JOBS_AT_ONCE):
            yield page
    except NotFound:
        # An older control plane lists them whole only. Contract: 1.5 (32).
        query = {**query, "timezone": "UTC"}
        async for page in get_pages(plane, f"/api{path}", parse_job, query, first=first, then=JOBS_AT_ONCE):
            yield page


async def get_job(plane: Transport, workspace_id: str, job_id: str, recent_runs: int = 20) -> Job:
    """Contract: 1.5 (33)."""
    query = {"recent_job_runs_limit": recent_runs}
    return parse_job(await plane.get(f"/api/v1/workspaces/{workspace_id}/jobs/{job_id}", query))


async def find_starts(plane: Transport, workspace_id: str, job_id: str) -> Starts:
    """With the next five moments, as the control plane computes them."""
    raw = await plane.get(f"/own/v1/workspaces/{workspace_id}/jobs/{job_id}/fire-times", {"limit": 5})
    fields = Fields(raw, "fire times")
    over = fields.maybe_within("passed_over")
    return Starts(
        fires=fields.many("items", lambda item: Fields(item, "fire time").moment("at")),
        waits_for=fields.texts("waits_for"),
        passed_over=None if over is None else _parse_passed_over(over),
        paused_at=fields.maybe_moment("paused_at"),
        completed_until=fields.maybe_moment("completed_until"),
    )


async def list_passed_over(plane: Transport, workspace_id: str) -> dict[str, PassedOver]:
    """By job the start that was passed over, where none has come after it. Of an older control plane none is known."""
    try:
        raw = await plane.get(f"/own/v1/workspaces/{workspace_id}/jobs/-passed-over")
    except NotFound:
        return {}
    items = Fields(raw, "passed over starts").many("items", lambda item: Fields(item, "passed over start"))
    return {item.text("job_id"): _parse_passed_over(item) for item in items}


def _parse_passed_over(fields: Fields) -> PassedOver:
    return PassedOver(at=fields.moment("at"), trigger=fields.text("trigger"), status=fields.text("status"))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobVersion:
    """A definition that a job had, since `created_at`."""

    version: int
    created_at: datetime
    definition: dict[str, Any]


async def list_versions(plane: Transport, workspace_id: str, job_id: str) -> tuple[JobVersion, ...]:
    """The newest twenty, the newest first. Raises: NotFound where the control plane does not list them."""
    raw = await plane.get(f"/own/v1/workspaces/{workspace_id}/jobs/{job_id}/versions")
    return Fields(raw, "job versions").many("items", _parse_version)


def _parse_version(raw: Any) -> JobVersion:
    fields = Fields(raw, "job version")
    return JobVersion(
        version=fields.number("version"), created_at=fields.moment("created_at"),
        definition=dict(fields.raw("definition") or {}),
    )  # fmt: skip


async def trigger(
    plane: Transport, workspace_id: str, job_ids: list[str], *, profile: str | None = None, refresh: bool = False
) -> tuple[Triggered, ...]:
    """Starts jobs now. Contract: 1.5 (34)."""
    body: dict[str, Any] = {"job_ids": job_ids, "refresh": refresh, "dry_run": False, "profile": profile}
    fields = Fields(await plane.post(f"/api/v1/workspaces/{workspace_id}/jobs/-trigger", body), "trigger receipt")
    return (*fields.many("succeeded", _parse_triggered), *fields.many("skipped", _parse_triggered))


async def set_paused(plane: Transport, workspace_id: str, job_id: str, *, is_paused: bool) -> Job:
    """Pauses or resumes a schedule. Contract: 1.5 (35) (36)."""
    verb = "-pause" if is_paused else "-resume"
    return parse_job(await plane.post(f"/api/v1/workspaces/{workspace_id}/jobs/{job_id}/{verb}"))


async def set_published(plane: Transport, workspace_id: str, job_id: str, *, is_published: bool) -> Job:
    """Opens a job's app to everybody with its link, or ends that. Contract: 1.5 (39) (40)."""
    verb = "-publish" if is_published else "-unpublish"
    return parse_job(await plane.post(f"/api/v1/workspaces/{workspace_id}/jobs/{job_id}/{verb}"))


async def set_archived(plane: Transport, workspace_id: str, job_id: str, *, is_archived: bool) -> Job:
    """Takes a job out of the lists and its schedules, or brings it back. Contract: 1.5 (37) (38)."""
    verb = "-archive" if is_archived else "-unarchive"
    return parse_job(await plane.post(f"/api/v1/workspaces/{workspace_id}/jobs/{job_id}/{verb}"))


def _parse_triggered(raw: Any) -> Triggered:
    fields = Fields(raw, "triggered job")
    run = fields.raw("job_run")
    return Triggered(
        job_id=fields.text("job_id"),
        job_ref=fields.text("job_ref"),
        status=fields.maybe_text("status") or "triggered",
        reasons=fields.texts("reasons"),
        run=parse_run(run) if isinstance(run, dict) else None,
    )
