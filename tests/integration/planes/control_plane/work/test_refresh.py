"""What a refresh does to the job that it is asked of, and to the jobs behind it (Contract: 4.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.services.work.ticking import fire_due
from planes.storage.control.jobs import live_jobs

pytestmark = pytest.mark.anyio


def _behind(name: str, upstream: str, *triggers: str, **changes: Any) -> dict[str, Any]:
    return definition(name, *triggers, freshness=[f"job.is_fresh:jobs.jobs.{upstream}"], **changes)


async def _watermarks(stage: Stage) -> dict[str, datetime | None]:
    async with stage.parts.database.reading() as connection:
        live = await live_jobs(connection, stage.workspace_id)  # pyright: ignore[reportArgumentType]
    return {found.job.job_ref.rpartition(".")[2]: found.job.completed_end for found in live}


async def _finish_next(stage: Stage, status: str = "completed") -> tuple[str, bool]:
    """The one run that waits, brought to its end: its job and whether it was told to begin anew."""
    (lease,) = (await stage.poll())["leases"]
    for step in ("running", status):
        assert (await stage.report(lease["run_id"], step)).status_code == 200
    return lease["job_ref"].rpartition(".")[2], lease["refresh"]


async def _complete_in_order(stage: Stage, ids: dict[str, str], *names: str) -> list[tuple[str, bool]]:
    done: list[tuple[str, bool]] = []
    for name in names:
        await stage.trigger(ids[name])
        done.append(await _finish_next(stage))
    return done


async def test_first_run_of_a_job_is_told_to_begin_anew_and_later_ones_are_not(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), definition("kept", refresh_propagation="block"))

    assert await _complete_in_order(stage, ids, "load", "load", "kept") == [
        ("load", True),
        ("load", False),
        ("kept", False),
    ]


async def test_refresh_clears_the_whole_branch_up_to_what_blocks_it(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load"),
        _behind("clean", "load"),
        _behind("report", "clean"),
        _behind("wall", "load", refresh_propagation="block"),
        _behind("beyond", "wall"),
        definition("other"),
    )
    names = ("load", "clean", "report", "wall", "beyond", "other")
    await _complete_in_order(stage, ids, *names)
    await _complete_in_order(stage, ids, *names)
    before = await _watermarks(stage)

    await stage.trigger(ids["load"], refresh=True)

    after = await _watermarks(stage)
    assert None not in before.values()
    assert {name for name, end in after.items() if end is None} == {"load", "clean", "report"}
    assert await _finish_next(stage) == ("load", True)
    assert await _complete_in_order(stage, ids, "clean", "report", "wall", "beyond") == [
        ("clean", True),
        ("report", True),
        ("wall", False),
        ("beyond", False),
    ]


async def test_job_that_blocks_ignores_a_refresh_asked_of_it(stage: Stage) -> None:
    ids = await stage.deployed(definition("wall", refresh_propagation="block"), _behind("behind", "wall"))
    await _complete_in_order(stage, ids, "wall", "behind")

    await stage.trigger(ids["wall"], refresh=True)

    assert None not in (await _watermarks(stage)).values()
    assert await _finish_next(stage) == ("wall", False)
    assert (await _watermarks(stage))["behind"] is not None


async def test_job_that_always_refreshes_clears_what_is_directly_behind_it_when_it_succeeds(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("source", refresh_propagation="always"), _behind("near", "source"), _behind("far", "near")
    )
    await _complete_in_order(stage, ids, "source", "near", "far")

    await stage.trigger(ids["source"])
    while_it_runs = await _watermarks(stage)
    failed = await _finish_next(stage, "failed")
    after_failure = await _watermarks(stage)
    again = (await _complete_in_order(stage, ids, "source"))[0]
    after_success = await _watermarks(stage)
    passed_on = await _complete_in_order(stage, ids, "near")

    assert (failed, again, passed_on) == (("source", True), ("source", True), [("near", True)])
    assert None not in (while_it_runs | after_failure).values()
    assert {name for name, end in after_success.items() if end is None} == {"near"}
    assert (await _watermarks(stage))["far"] is None, "what was refreshed passes it on"


async def test_refresh_starts_at_the_declared_interval_and_takes_what_is_behind_along(stage: Stage) -> None:
    daily = "schedule:0 0 * * *"
    ids = await stage.deployed(
        definition("load", daily, interval={"start": "2026-02-01T00:00:00Z"}),
        _behind("report", "load", daily, interval={"start": "2026-02-10T00:00:00Z"}),
    )
    await _complete_in_order(stage, ids, "load", "report")
    stage.clock.set(datetime(2026, 3, 5, 0, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    assert await _finish_next(stage) == ("load", False)
    assert await _finish_next(stage) == ("report", False)

    answer = await stage.post("/jobs/-trigger", {"selectors": ["schedule:*"], "refresh": True})
    receipt = answer.json()
    first = await _finish_next(stage)
    second = await _finish_next(stage)

    runs = await stage.runs()
    starts = {run["job"]["name"]: run["interval_start"] for run in runs[:2]}
    assert [item["status"] for item in receipt["skipped"]] == ["skipped_upstream_pending"]
    assert (first, second) == (("load", True), ("report", True))
    assert starts == {"load": "2026-02-01T00:00:00Z", "report": "2026-02-10T00:00:00Z"}


async def test_run_that_was_under_way_does_not_bring_the_old_watermark_back(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), _behind("report", "load"))
    await _complete_in_order(stage, ids, "load", "report")
    old = await stage.trigger(ids["report"])
    await stage.poll()

    await stage.trigger(ids["load"], refresh=True)
    await stage.report(old["id"], "running")
    await stage.report(old["id"], "completed")

    assert (await _watermarks(stage))["report"] is None


async def test_dry_run_and_declined_refresh_change_nothing(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), _behind("report", "load"))
    await _complete_in_order(stage, ids, "load", "report")
    before = await _watermarks(stage)

    dry = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]], "refresh": True, "dry_run": True})
    after_dry = await _watermarks(stage)
    await stage.trigger(ids["load"])
    declined = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]], "refresh": True})

    assert dry.status_code == 200
    assert [item["status"] for item in declined.json()["skipped"]] == ["skipped_concurrency_limit"]
    assert (after_dry, await _watermarks(stage)) == (before, before)


async def test_job_behind_a_refreshed_one_is_not_fresh_in_the_same_batch(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), _behind("clean", "load"), _behind("report", "clean"))
    await _complete_in_order(stage, ids, "load", "clean", "report")
    stage.clock.advance(seconds=timedelta(minutes=1).total_seconds())

    answer = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"], ids["report"]], "refresh": True})

    receipt = answer.json()
    assert [item["job_ref"] for item in receipt["succeeded"]] == ["jobs.jobs.load"]
    assert [item["status"] for item in receipt["skipped"]] == ["skipped_fresh"]
    assert "jobs.jobs.clean" in receipt["skipped"][0]["reasons"][0]
