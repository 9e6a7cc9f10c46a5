"""A past run once more, exactly as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.fakes.control_stage import Person, Stage, definition

from planes.control_plane.services.work.ticking import fire_due
from planes.domain.access import WorkspaceRole
from planes.domain.identifiers import new_id
from planes.storage.control.jobs import find_job

pytestmark = pytest.mark.anyio

DAILY = "schedule:0 3 * * *"
LEASED = (
    "job_id", "definition", "trigger", "profile", "deployment_id", "configuration_id", "refresh", "interval_start",
    "interval_end", "time_limit_seconds", "grace_seconds",
)  # fmt: skip


async def _rerun(stage: Stage, run_id: str, *, by: Person | None = None) -> httpx.Response:
    path = f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{run_id}/-rerun"
    return await stage.client.post(path, headers=(by or stage.owner).headers)


async def _finish(stage: Stage, status: str = "completed") -> dict[str, Any]:
    (lease,) = (await stage.poll())["leases"]
    assert (await stage.report(lease["run_id"], status)).status_code == 200
    return lease


async def _watermark(stage: Stage, job_id: str) -> datetime | None:
    async with stage.parts.database.reading() as connection:
        found = await find_job(connection, stage.workspace_id, job_id)  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found.job.completed_end


async def test_rerun_is_leased_with_exactly_what_the_run_had_whatever_was_deployed_since(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY, execute={"timeout": {"timeout": 77.0}}))
    await stage.trigger(ids["load"])
    first = await _finish(stage, "failed")
    await stage.deployed(definition("load", "every:1h", description="other", execute={"concurrency": 3}))
    stage.clock.advance(days=3)

    answer = await _rerun(stage, first["run_id"])
    again = await _finish(stage)

    assert answer.status_code == 201, answer.text
    assert (again["run_id"], again["number"], again["fence"]) == (answer.json()["id"], 2, 1)
    assert {key: again[key] for key in LEASED} == {key: first[key] for key in LEASED}
    assert answer.json()["triggered_by"] is not None


async def test_rerun_of_the_window_that_failed_closes_the_gap_and_one_behind_it_leaves_it_open(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY))
    windows: list[dict[str, Any]] = []
    for day, status in ((3, "completed"), (4, "failed"), (5, "failed")):
        stage.clock.set(datetime(2026, 3, day, 3, 0, tzinfo=UTC))
        await fire_due(stage.parts)
        windows.append(await _finish(stage, status))

    await _rerun(stage, windows[0]["run_id"])
    await _finish(stage)
    after_old = await _watermark(stage, ids["load"])
    await _rerun(stage, windows[1]["run_id"])
    await _finish(stage)

    assert after_old == datetime(2026, 3, 3, 3, 0, tzinfo=UTC), "an old window does not move it back"
    assert await _watermark(stage, ids["load"]) == datetime(2026, 3, 4, 3, 0, tzinfo=UTC)


async def test_rerun_does_not_skip_what_a_refresh_has_still_to_load(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY, interval={"start": "2026-02-01T03:00:00Z"}))
    await stage.trigger(ids["load"])
    await _finish(stage)
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    plain = await _finish(stage)
    await stage.trigger(ids["load"], refresh=True)
    await _finish(stage, "failed")

    await _rerun(stage, plain["run_id"])
    await _finish(stage)

    assert await _watermark(stage, ids["load"]) is None


async def test_rerun_is_refused_where_it_cannot_be_the_same(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])
    active = await _rerun(stage, run["id"])
    await stage.finished(run["id"])
    viewer = await stage.person(WorkspaceRole.VIEWER)
    by_viewer = await _rerun(stage, run["id"], by=viewer)
    unknown = await _rerun(stage, new_id())
    await stage.trigger(ids["load"])
    busy = await _rerun(stage, run["id"])
    await stage.post(f"/jobs/{ids['load']}/-archive")
    archived = await _rerun(stage, run["id"])

    assert [(answer.status_code, answer.json().get("code")) for answer in (active, unknown, busy, archived)] == [
        (409, "run_active"),
        (404, "run_not_found"),
        (409, "skipped_concurrency_limit"),
        (409, "job_archived"),
    ]
    assert by_viewer.status_code == 403


async def test_rerun_leaves_to_a_backfill_what_that_is_to_load(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load", DAILY, "job.success:jobs.jobs.first", execute={"concurrency": None}), definition("first")
    )
    windowed = await stage.trigger(ids["load"])
    await stage.trigger(ids["first"])
    for lease in (await stage.poll())["leases"]:
        await stage.report(lease["run_id"], "failed" if lease["run_id"] == windowed["id"] else "completed")
    event = (await _finish(stage))["run_id"]
    body = {"start": "2026-03-01", "end": "2026-03-02T03:00:00", "slice": "1d"}
    path = f"/own/v1/workspaces/{stage.workspace_id}/jobs/{ids['load']}/backfills"
    backfill = await stage.client.post(path, json=body, headers=stage.owner.headers)
    assert backfill.status_code == 201, backfill.text

    refused, of_a_moment = await _rerun(stage, windowed["id"]), await _rerun(stage, event)
    for lease in (await stage.poll())["leases"]:
        await stage.report(lease["run_id"], "completed")
    after = await _rerun(stage, windowed["id"])

    assert (refused.status_code, refused.json()["code"]) == (409, "skipped_already_covered")
    assert (of_a_moment.status_code, after.status_code) == (201, 201)
