"""A backfill of a job: bounded side by side, resumable, and joined with the schedule without a gap or an overlap."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.fakes.control_stage import Person, Stage, definition

from planes.control_plane.services.work.ticking import fire_due
from planes.domain.access import WorkspaceRole
from planes.domain.identifiers import DataPlaneId, new_id
from planes.storage.control.runs import has_pending_run

pytestmark = pytest.mark.anyio

DAILY = "schedule:0 0 * * *"
DAY = timedelta(days=1)


async def ask(stage: Stage, rest: str, body: Any = None, *, by: Person | None = None) -> httpx.Response:
    path = f"/own/v1/workspaces/{stage.workspace_id}{rest}"
    return await stage.client.post(path, json=body, headers=(by or stage.owner).headers)


async def begin(stage: Stage, job_id: str, **body: Any) -> dict[str, Any]:
    answer = await ask(stage, f"/jobs/{job_id}/backfills", {"slice": "1d", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def seen(stage: Stage, backfill: dict[str, Any]) -> dict[str, Any]:
    return (await stage.own(f"/backfills/{backfill['id']}")).json()


async def until_midnight(stage: Stage, day: datetime) -> None:
    stage.clock.set(day)
    await fire_due(stage.parts)


def windows(leases: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(lease["interval_start"][:10], lease["interval_end"][:10]) for lease in leases]


async def lease(stage: Stage, free: int = 8) -> list[dict[str, Any]]:
    """What the region is given now; it says that the runs run, so that none is given to it again."""
    async with stage.parts.database.reading() as connection:
        if not await has_pending_run(connection, DataPlaneId("eu1"), stage.clock.now()):
            return []
    leases = (await stage.poll(free=free))["leases"]
    for run in leases:
        await stage.report(run["run_id"], "running")
    return leases


async def end(stage: Stage, run_id: str, status: str = "completed") -> None:
    answer = await stage.report(run_id, status)
    assert answer.status_code == 200, answer.text


async def test_slices_run_side_by_side_within_the_bound_and_as_they_were_asked_for(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY))
    stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    backfill = await begin(stage, ids["load"], start="2026-03-01", end="2026-03-06", parallel=2)
    await stage.deployed(definition("load", DAILY, description="newer code"))

    first = await lease(stage)
    assert windows(first) == [("2026-03-01", "2026-03-02"), ("2026-03-02", "2026-03-03")]
    assert await lease(stage) == []
    await end(stage, first[1]["run_id"])
    (third,) = await lease(stage)
    assert windows([third]) == [("2026-03-03", "2026-03-04")]
    for run in (first[0], third):
        await end(stage, run["run_id"])
    rest = await lease(stage)
    assert windows(rest) == [("2026-03-04", "2026-03-05"), ("2026-03-05", "2026-03-06")]
    for run in rest:
        await end(stage, run["run_id"])

    after = await seen(stage, backfill)
    assert (after["state"], after["counts"]["completed"], after["slices_total"]) == ("completed", 5, 5)
    assert {run["deployment_id"] for run in (*first, third, *rest)} == {first[0]["deployment_id"]}
    assert not any(run["refresh"] for run in (*first, third, *rest)), "a slice must not wipe the others"


async def test_the_schedule_goes_on_where_a_finished_backfill_ended(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY, interval={"start": "2026-03-01"}))
    stage.clock.set(datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    for run in await lease(stage):
        await end(stage, run["run_id"], "failed")
    await begin(stage, ids["load"], parallel=8)
    for run in await lease(stage):
        await end(stage, run["run_id"])
    await until_midnight(stage, datetime(2026, 3, 6, 0, 0, tzinfo=UTC))

    (tick,) = await lease(stage)
    assert windows([tick]) == [("2026-03-05", "2026-03-06")]


async def test_a_tick_meanwhile_leaves_the_backfill_its_time_and_loses_none(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY, interval={"start": "2026-03-01"}))
    stage.clock.set(datetime(2026, 3, 4, 9, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    for run in await lease(stage):
        await end(stage, run["run_id"], "failed")
    await begin(stage, ids["load"], parallel=1)
    (held,) = await lease(stage)
    await until_midnight(stage, datetime(2026, 3, 5, 0, 0, tzinfo=UTC))
    assert await lease(stage) == [], "the time before the tick is being loaded"
    receipt = (await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})).json()
    assert receipt["skipped"][0]["status"] == "skipped_already_covered"
    loaded = [held]
    while len(loaded) < 3:
        await end(stage, loaded[-1]["run_id"])
        loaded += await lease(stage)
    await end(stage, loaded[-1]["run_id"])
    await until_midnight(stage, datetime(2026, 3, 6, 0, 0, tzinfo=UTC))

    (tick,) = await lease(stage)
    assert windows([*loaded, tick]) == [
        ("2026-03-01", "2026-03-02"), ("2026-03-02", "2026-03-03"), ("2026-03-03", "2026-03-04"),
        ("2026-03-04", "2026-03-06"),
    ]  # fmt: skip


async def test_the_past_behind_the_watermark_is_loaded_beside_the_schedule(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY))
    await until_midnight(stage, datetime(2026, 3, 5, 0, 0, tzinfo=UTC))
    (tick,) = await lease(stage)
    await end(stage, tick["run_id"])
    await begin(stage, ids["load"], start="2026-02-01", end="2026-02-03", parallel=1)
    (old,) = await lease(stage)
    await until_midnight(stage, datetime(2026, 3, 6, 0, 0, tzinfo=UTC))

    (new,) = await lease(stage)
    await end(stage, old["run_id"])
    assert windows([old, new]) == [("2026-02-01", "2026-02-02"), ("2026-03-05", "2026-03-06")]


async def test_failed_slices_are_tried_again_and_resumed(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY))
    stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    backfill = await begin(
        stage, ids["load"], start="2026-03-01", end="2026-03-03", parallel=2, attempts=2, wait_seconds=30
    )
    good, bad = await lease(stage)
    assert bad["tries_left"] == 1
    await end(stage, good["run_id"])
    await end(stage, bad["run_id"], "failed")
    assert (await seen(stage, backfill))["counts"]["active"] == 1
    stage.clock.advance(seconds=31)
    (again,) = await lease(stage)
    assert windows([again]) == windows([bad])
    await end(stage, again["run_id"], "failed")
    failed = await seen(stage, backfill)
    assert (failed["state"], failed["counts"]["failed"], failed["slices"][1]["attempt"]) == ("failed", 1, 2)

    answer = await ask(stage, f"/backfills/{backfill['id']}/-resume")
    (resumed,) = await lease(stage)
    await end(stage, resumed["run_id"])

    assert answer.status_code == 200
    assert windows([resumed]) == windows([bad])
    assert (await seen(stage, backfill))["state"] == "completed"
    assert (await ask(stage, f"/backfills/{backfill['id']}/-resume")).json()["code"] == "backfill_complete"


async def test_cancelled_stops_what_runs_and_starts_no_more(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY))
    stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    backfill = await begin(stage, ids["load"], start="2026-03-01", end="2026-03-05", parallel=2)
    (held,) = await lease(stage, free=1)
    stopping = (await ask(stage, f"/backfills/{backfill['id']}/-cancel")).json()
    await end(stage, held["run_id"], "cancelled")

    after = await seen(stage, backfill)
    assert (stopping["state"], stopping["counts"]["active"]) == ("cancelling", 1)
    assert (after["state"], after["counts"]["cancelled"]) == ("cancelled", 4)
    assert (await ask(stage, f"/backfills/{backfill['id']}/-cancel")).json()["code"] == "backfill_ended"


async def test_jobs_behind_it_hear_of_the_whole_backfill_once(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load", DAILY),
        definition("report", "job.success:jobs.jobs.load"),
        definition("mend", "job.fail:jobs.jobs.load"),
    )
    stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    await begin(stage, ids["load"], start="2026-03-01", end="2026-03-04", parallel=8)
    leases = await lease(stage)
    for run in leases[:-1]:
        await end(stage, run["run_id"])
    assert [run["job"]["job_ref"] for run in await stage.runs(limit=50) if run["job"]["id"] != ids["load"]] == []
    await end(stage, leases[-1]["run_id"])

    assert [run["job"]["id"] for run in await stage.runs(limit=50) if run["job"]["id"] != ids["load"]] == [
        ids["report"]
    ]


async def test_what_cannot_be_is_said_and_nothing_starts(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY, interval={"start": "2026-03-01"}), definition("hand"))
    stage.clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC))
    viewer = await stage.person(WorkspaceRole.VIEWER)
    wrong = [
        (ids["hand"], {"slice": "1d"}, "job"), (ids["load"], {"slice": "1y"}, "slice"),
        (ids["load"], {"slice": "1d", "end": "2026-03-12"}, "end"),
        (ids["load"], {"slice": "1d", "start": "2026-02-01"}, "start"),
        (ids["load"], {"slice": "1d", "start": "soon"}, "start"),
        (ids["load"], {"slice": "1m", "start": "2026-03-01"}, "slice"),
        (ids["load"], {"slice": "1d", "start": "2026-03-04", "end": "2026-03-04"}, "end"),
    ]  # fmt: skip
    for job_id, body, key in wrong:
        answer = await ask(stage, f"/jobs/{job_id}/backfills", body)
        assert (answer.status_code, answer.json()["extra"][0]["key"]) == (400, key), answer.text
    planned = await ask(stage, f"/jobs/{ids['load']}/backfills", {"slice": "1d", "dry_run": True})
    assert (planned.status_code, planned.json()["id"], planned.json()["slices_total"]) == (200, None, 10)
    assert (await ask(stage, f"/jobs/{ids['load']}/backfills", {"slice": "1d"}, by=viewer)).status_code == 403
    assert await stage.runs() == []
    await begin(stage, ids["load"])
    again = await ask(stage, f"/jobs/{ids['load']}/backfills", {"slice": "1d"})

    assert (again.status_code, again.json()["code"]) == (409, "backfill_active")
    assert (await stage.own(f"/backfills/{new_id()}")).status_code == 404


async def test_it_waits_for_a_run_that_is_loading_the_same(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", DAILY, interval={"start": "2026-03-01"}))
    await until_midnight(stage, datetime(2026, 3, 5, 0, 0, tzinfo=UTC))
    await lease(stage)
    answer = await ask(stage, f"/jobs/{ids['load']}/backfills", {"slice": "1d"})

    assert (answer.status_code, answer.json()["code"]) == (409, "run_active")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_every_day_is_loaded_once_by_what_completed(stage: Stage, seed: int) -> None:
    """Ticks, backfills, failures, cancelled and resumed ones in any order."""
    chance = random.Random(seed)
    ids = await stage.deployed(definition("load", DAILY, interval={"start": "2026-03-01"}))
    now, loaded, known = datetime(2026, 3, 6, 9, 0, tzinfo=UTC), [], []
    stage.clock.set(now)
    going: list[dict[str, Any]] = []
    doings = ["tick", "begin", "lease", "lease", "end", "end", "end", "cancel", "resume"]
    # The first one is ahead of everything: no run has completed yet.
    for doing in ["begin", "lease", "tick", "lease", *chance.choices(doings, k=36)]:
        match doing:
            case "tick":
                now += DAY
                stage.clock.set(now)
                await fire_due(stage.parts)
            case "begin":
                body = {"slice": f"{chance.choice([1, 1, 2])}d", "parallel": chance.choice([1, 2, 4])}
                start = (datetime(2026, 3, 1, tzinfo=UTC) + DAY * chance.randrange(6)).isoformat()
                answer = await ask(stage, f"/jobs/{ids['load']}/backfills", {**body, "start": start})
                known += [answer.json()] if answer.status_code == 201 else []
            case "lease":
                going += await lease(stage, free=chance.choice([1, 4]))
            case "cancel" if known:
                await ask(stage, f"/backfills/{known[-1]['id']}/-cancel")
            case "resume" if known:
                await ask(stage, f"/backfills/{chance.choice(known)['id']}/-resume")
            case "end" if going:
                run = going.pop(chance.randrange(len(going)))
                status = chance.choice(["completed", "completed", "failed"])
                loaded += [run] if await _ended(stage, run, status) == "completed" else []
            case _:
                pass
    await _drain(stage, going, loaded, known)
    stage.clock.set(now + DAY)
    await fire_due(stage.parts)
    await _drain(stage, [], loaded, known)

    first_time = _first_loads(loaded)
    assert first_time == sorted(first_time)
    assert [day for day, _ in first_time] == _days(datetime(2026, 3, 1, tzinfo=UTC), now + DAY)
    assert _loaded_before(loaded) == [], "the schedule never loads what was loaded"


async def _ended(stage: Stage, run: dict[str, Any], status: str) -> str:
    answer = await stage.report(run["run_id"], status)
    if answer.status_code == 409:
        return "cancelled"
    return status


async def _drain(
    stage: Stage, going: list[dict[str, Any]], loaded: list[dict[str, Any]], known: list[dict[str, Any]]
) -> None:
    for _ in range(100):
        going += await lease(stage)
        if not going:
            for backfill in known:
                await ask(stage, f"/backfills/{backfill['id']}/-resume")
            going += await lease(stage)
            if not going:
                return
        run = going.pop()
        loaded += [run] if await _ended(stage, run, "completed") == "completed" else []


def _days(start: datetime, end: datetime) -> list[str]:
    return [(start + DAY * number).date().isoformat() for number in range((end - start).days)]


def _covered(run: dict[str, Any]) -> list[str]:
    start, end = (datetime.fromisoformat(run[f"interval_{side}"]) for side in ("start", "end"))
    return _days(start, end)


def _first_loads(loaded: list[dict[str, Any]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for run in loaded:
        for day in _covered(run):
            counts[day] = counts.get(day, 0) + 1
    return sorted(counts.items())


def _loaded_before(loaded: list[dict[str, Any]]) -> list[str]:
    """Days that a run of the schedule loaded although something had loaded them."""
    known: set[str] = set()
    twice: list[str] = []
    for run in loaded:
        days = _covered(run)
        if not run["trigger"].startswith("manual:"):
            twice += [day for day in days if day in known]
        known.update(days)
    return twice
