"""The machine's clock ran ahead, and somebody puts it right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import anyio
import pytest
from sqlalchemy import update
from tests.fakes.clock import FakeClock
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.loops.clock import run_clock
from planes.control_plane.services.work.schedules import wound
from planes.control_plane.services.work.ticking import fire_due
from planes.control_plane.services.work.time_put_back import WallTime, go_on_from_now, rewound
from planes.domain.identifiers import JobId
from planes.storage.control.clocks import JobClock, clocks_of
from planes.storage.control.jobs import VersionedJob, job_versions

pytestmark = pytest.mark.anyio


async def _next(stage: Stage, name: str = "load") -> str:
    return (await stage.get(f"/jobs/{(await stage.job_ids())[name]}")).json()["next_scheduled_run_at"]


async def _clock(stage: Stage, job_id: str) -> datetime | None:
    async with stage.parts.database.reading() as connection:
        (clock,) = await clocks_of(connection, [job_id])
    return clock.next_fire_at


async def _fire_and_end(stage: Stage) -> None:
    await fire_due(stage.parts)
    for lease in (await stage.poll())["leases"]:
        for status in ("running", "completed"):
            assert (await stage.report(lease["run_id"], status)).status_code == 200


async def test_a_clock_that_was_a_week_ahead_lets_no_job_stand_for_a_week(stage: Stage) -> None:
    once = "once:2026-03-03T15:00:00Z"
    await stage.deployed(
        definition("load", "schedule:0 3 * * *"), definition("often", "every:30h"), definition("single", once)
    )
    stage.clock.jump(days=7)
    await _fire_and_end(stage)
    stage.clock.jump(days=-7)
    stood = await _next(stage)

    await go_on_from_now(stage.parts)
    await go_on_from_now(stage.parts)

    assert stood == "2026-03-10T03:00:00Z"
    # what had fired in the time to come is due when that has come
    assert await _next(stage) == "2026-03-03T03:00:00Z"
    assert await _next(stage, "often") == "2026-03-03T18:00:00Z"
    assert await _next(stage, "single") is None

    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)

    (run,) = [run for run in await stage.runs(status="pending") if run["job"]["name"] == "load"]
    assert (run["interval_start"], run["interval_end"]) == ("2026-03-02T03:00:00Z", "2026-03-03T03:00:00Z")


@pytest.mark.parametrize("hours", [1, 24])
async def test_what_fired_within_a_day_does_not_fire_again(stage: Stage, hours: int) -> None:
    await stage.deployed(definition("load", "schedule:0 3 * * *"))
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await _fire_and_end(stage)
    told = await stage.runs()

    stage.clock.jump(hours=-hours)
    await go_on_from_now(stage.parts)
    stage.clock.advance(hours=hours)
    await fire_due(stage.parts)

    assert await stage.runs() == told
    assert await _next(stage) == "2026-03-04T03:00:00Z"


TIMED = (
    "schedule:0 3 * * *", "schedule:30 2 * * 0", "schedule:30 2 29 3 *", "schedule:0 0 1 1 *", "schedule:0 0 29 2 *",
    "schedule:0 3 1-7 * 1", "schedule:*/30 1-3 25-31 3,10 *", "every:30h", "every:2d", "every:30d", "every:100000.5s",
    "once:2026-08-03T15:00:00Z",
)  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("trigger", TIMED)
def test_where_the_time_is_right_no_clock_is_set(trigger: str, zone: str) -> None:
    rows = definition("load", trigger, require={"timezone": zone})
    job = cast("VersionedJob", SimpleNamespace(version=SimpleNamespace(definition=rows)))
    now = datetime(2026, 2, 20, 7, 13, tzinfo=UTC)
    clock = wound(JobClock(job_id=JobId("j"), trigger=trigger, since=now - timedelta(days=9)), rows, now)

    for _ in range(12):
        if clock.next_fire_at is None:
            break
        for part in (0, 0.01, 0.4, 0.8):
            at = now + (clock.next_fire_at - now) * part
            assert rewound(clock, job, at) is None
        now = clock.next_fire_at + timedelta(seconds=2)
        clock = wound(replace(clock, last_fire_at=clock.next_fire_at), rows, now)


async def test_where_the_time_is_right_nothing_is_written_or_held(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await stage.deployed(
        *(definition(f"job{number}", trigger) for number, trigger in enumerate(TIMED)),
        definition("bounded", "schedule:0 3 * * 1", interval={"start": "2026-01-01", "end": "2027-01-01"}),
        definition("later", "every:2d", interval={"start": "2026-06-01"}),
        definition("twice", "every:30h", "once:2026-05-01T00:00:00Z"),
    )
    await stage.post(f"/jobs/{ids['bounded']}/-pause")
    stage.clock.advance(hours=40)
    await _fire_and_end(stage)
    await stage.trigger(ids["twice"])

    def no_transaction() -> None:
        raise AssertionError("everybody who writes waits for it")

    with monkeypatch.context() as patched:
        patched.setattr(stage.parts.database, "transaction", no_transaction)
        await go_on_from_now(stage.parts)


async def test_the_loop_notices_and_a_broken_job_stands_in_nobodys_way(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *"), definition("broken", "schedule:0 3 * * *"))
    stage.clock.jump(days=30)
    await _fire_and_end(stage)
    stage.clock.jump(days=-30)
    async with stage.parts.database.transaction() as connection:
        change = update(job_versions).where(job_versions.c.job_id == ids["broken"]).values(definition={"broken": True})
        await connection.execute(change)

    with anyio.fail_after(50):
        async with anyio.create_task_group() as group:
            group.start_soon(run_clock, stage.parts)
            while await _clock(stage, ids["load"]) != datetime(2026, 3, 3, 3, 0, tzinfo=UTC):
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()


async def test_only_a_step_back_is_one() -> None:
    clock = FakeClock()
    wall = WallTime(clock)
    told = [wall.was_put_back()]
    for step in ({"days": 2}, {"seconds": -30}, {"minutes": -5}):
        clock.advance(seconds=60)
        clock.jump(**step)
        told.append(wall.was_put_back())
    told.append(wall.was_put_back())

    assert told == [False, False, False, True, False]
