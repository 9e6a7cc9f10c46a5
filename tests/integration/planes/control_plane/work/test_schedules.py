from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.loops.clock import run_clock
from planes.control_plane.services.work.ticking import fire_due
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def _job(stage: Stage, name: str = "load") -> dict:
    return (await stage.get(f"/jobs/{(await stage.job_ids())[name]}")).json()


async def _end_all(stage: Stage) -> None:
    for run in await stage.runs(status="pending"):
        await stage.finished(run["id"])


async def test_new_schedule_waits_for_its_next_tick_and_fires_it_once(stage: Stage) -> None:
    await stage.deployed(definition("load", "schedule:0 3 * * *"))
    await fire_due(stage.parts)
    before = await stage.runs()
    due_at = (await _job(stage))["next_scheduled_run_at"]

    stage.clock.set(datetime(2026, 3, 3, 3, 0, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    await fire_due(stage.parts)

    (run,) = await stage.runs()
    assert (before, due_at) == ([], "2026-03-03T03:00:00Z")
    assert (run["trigger"], run["triggered_by"]) == ("schedule:0 3 * * *", None)
    assert (run["interval_start"], run["interval_end"]) == ("2026-03-02T03:00:00Z", "2026-03-03T03:00:00Z")
    assert (await _job(stage))["next_scheduled_run_at"] == "2026-03-04T03:00:00Z"


async def test_what_was_due_while_down_runs_once_and_covers_the_gap(stage: Stage) -> None:
    await stage.deployed(definition("load", "schedule:0 3 * * *"))
    stage.clock.set(datetime(2026, 3, 3, 3, 0, 1, tzinfo=UTC))
    await fire_due(stage.parts)
    await _end_all(stage)

    stage.clock.set(datetime(2026, 3, 7, 9, 0, 0, tzinfo=UTC))
    await fire_due(stage.parts)

    newest, _ = await stage.runs()
    assert (newest["interval_start"], newest["interval_end"]) == ("2026-03-03T03:00:00Z", "2026-03-07T03:00:00Z")
    assert (await _job(stage))["next_scheduled_run_at"] == "2026-03-08T03:00:00Z"


async def test_tick_over_a_running_run_leaves_no_row_and_the_next_covers_it(stage: Stage) -> None:
    await stage.deployed(definition("load", "schedule:0 3 * * *"))
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    stage.clock.set(datetime(2026, 3, 4, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    meanwhile = len(await stage.runs())
    await _end_all(stage)
    stage.clock.set(datetime(2026, 3, 5, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)

    newest = (await stage.runs())[0]
    assert meanwhile == 1
    assert (newest["interval_start"], newest["interval_end"]) == ("2026-03-03T03:00:00Z", "2026-03-05T03:00:00Z")


async def test_every_fires_a_period_after_deploy_and_redeploying_does_not_shift_it(stage: Stage) -> None:
    await stage.deployed(definition("load", "every:1h"))
    stage.clock.advance(minutes=30)
    await stage.deploy(definition("load", "every:1h", description="changed"))
    unshifted = (await _job(stage))["next_scheduled_run_at"]
    stage.clock.advance(minutes=30)
    await fire_due(stage.parts)
    await _end_all(stage)
    stage.clock.advance(minutes=5)
    await stage.deploy(definition("load", "every:10m"))

    assert unshifted == "2026-03-02T13:00:00Z"
    assert len(await stage.runs()) == 1
    assert (await _job(stage))["next_scheduled_run_at"] == "2026-03-02T13:10:00Z"


async def test_once_fires_once_also_when_its_moment_passed_while_down(stage: Stage) -> None:
    await stage.deployed(definition("load", "once:2026-03-02T15:00:00Z"))

    stage.clock.set(datetime(2026, 3, 3, tzinfo=UTC))
    await fire_due(stage.parts)
    await _end_all(stage)
    await stage.deploy(definition("load", "once:2026-03-02T15:00:00Z", description="again"))
    stage.clock.advance(days=1)
    await fire_due(stage.parts)

    assert [run["trigger"] for run in await stage.runs()] == ["once:2026-03-02T15:00:00Z"]
    assert (await _job(stage))["next_scheduled_run_at"] is None


async def test_ticks_follow_the_time_zone_over_both_changes_of_summer_time(stage: Stage) -> None:
    stage.clock.set(datetime(2026, 3, 27, 12, 0, tzinfo=UTC))
    await stage.deployed(definition("load", "schedule:30 2 * * *", require={"timezone": "Europe/Berlin"}))
    fired: list[datetime] = []

    for end in (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)):
        stage.clock.set(end - timedelta(days=5))
        await fire_due(stage.parts)
        await _end_all(stage)
        fired.clear()
        while (due := (await fire_due(stage.parts)).next_due_at) is not None and due < end:
            stage.clock.set(due)
            await fire_due(stage.parts)
            await _end_all(stage)
            fired.append(due)
        assert len(fired) == len(set(fired))
        assert {moment.date() for moment in fired} >= {(end - timedelta(days=day)).date() for day in (1, 2, 3)}

    runs = [run for run in reversed(await stage.runs()) if run["trigger"].startswith("schedule")]
    ends = [run["interval_end"] for run in runs]
    starts = [run["interval_start"] for run in runs]
    assert starts[1:] == ends[:-1], "windows touch: nothing is skipped, nothing is covered twice"


async def test_paused_job_is_passed_over_and_the_first_run_after_resume_covers_the_gap(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *"))
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    await _end_all(stage)
    await stage.post(f"/jobs/{ids['load']}/-pause")
    paused = (await stage.post(f"/jobs/{ids['load']}/-pause")).json()

    for day in (4, 5):
        stage.clock.set(datetime(2026, 3, day, 3, 0, tzinfo=UTC))
        await fire_due(stage.parts)
    while_paused = len(await stage.runs())
    await stage.post(f"/jobs/{ids['load']}/-resume")
    stage.clock.set(datetime(2026, 3, 6, 3, 0, tzinfo=UTC))
    await fire_due(stage.parts)

    newest = (await stage.runs())[0]
    assert (paused["is_paused"], while_paused) == (True, 1)
    assert (newest["interval_start"], newest["interval_end"]) == ("2026-03-03T03:00:00Z", "2026-03-06T03:00:00Z")


async def test_paused_job_still_starts_by_hand(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *"))
    await stage.post(f"/jobs/{ids['load']}/-pause")

    assert (await stage.trigger(ids["load"]))["status"] == "pending"


async def test_job_without_a_schedule_cannot_be_paused_and_losing_it_ends_the_pause(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "every:1h"), definition("plain"))

    refused = await stage.post(f"/jobs/{ids['plain']}/-pause")
    await stage.post(f"/jobs/{ids['load']}/-pause")
    await stage.deploy(definition("load"), definition("plain"))

    assert refused.status_code == 400
    assert (await _job(stage))["is_paused"] is False


async def test_archived_job_has_no_ticks_until_it_comes_back(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *"))

    archived = (await stage.post(f"/jobs/{ids['load']}/-archive")).json()
    stage.clock.set(datetime(2026, 3, 4, 12, 0, tzinfo=UTC))
    await fire_due(stage.parts)
    back = (await stage.post(f"/jobs/{ids['load']}/-unarchive")).json()

    assert (archived["is_archived"], archived["next_scheduled_run_at"]) == (True, None)
    assert (back["is_archived"], back["next_scheduled_run_at"]) == (False, "2026-03-05T03:00:00Z")
    assert await stage.runs() == []


async def test_end_of_a_run_fires_its_followers_with_the_run_they_follow(stage: Stage) -> None:
    await stage.deployed(
        definition("load"),
        definition("good", "job.success:jobs.jobs.load"),
        definition("bad", "job.fail:jobs.jobs.load"),
    )
    first = (await stage.trigger((await stage.job_ids())["load"]))["id"]
    await stage.finished(first)
    second = (await stage.trigger((await stage.job_ids())["load"]))["id"]
    await stage.finished(second, "failed")
    third = (await stage.trigger((await stage.job_ids())["load"]))["id"]
    await stage.poll()
    await stage.post(f"/job-runs/{third}/-cancel")
    await stage.report(third, "cancelled")

    followers = {run["trigger"]: run["previous_job_run_id"] for run in await stage.runs() if run["previous_job_run_id"]}
    assert followers == {"job.success:jobs.jobs.load": first, "job.fail:jobs.jobs.load": second}
    listed = await stage.runs(previous_job_run_id=first)
    assert [run["trigger"] for run in listed] == ["job.success:jobs.jobs.load"]
    detailed = (await stage.get("/job-runs", downstream_job_runs_limit=5, number=1)).json()["items"]
    upstream = next(run for run in detailed if run["id"] == first)
    assert [run["job_ref"] for run in upstream["downstream_job_runs"]] == ["jobs.jobs.good"]


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_event_that_finds_its_listener_running_starts_it_afterwards(stage: Stage, end: str) -> None:
    await stage.deployed(definition("load"), definition("alarm", "job.fail:jobs.jobs.load"))
    load = (await stage.job_ids())["load"]

    async def alarms() -> list[dict]:
        return [run for run in await stage.runs() if run["trigger"] == "job.fail:jobs.jobs.load"]

    failed = [(await stage.trigger(load))["id"]]
    await stage.finished(failed[0], "failed")
    for _ in range(2):
        failed.append((await stage.trigger(load))["id"])
        await stage.finished(failed[-1], "failed")
    (first,) = await alarms()

    for step in ("running", end):
        await stage.report(first["id"], step)

    assert [run["previous_job_run_id"] for run in await alarms()] == [failed[-1], failed[0]]
    await stage.finished((await alarms())[0]["id"])
    assert len(await alarms()) == 2


async def test_moment_that_finds_its_job_running_starts_it_afterwards(stage: Stage) -> None:
    moment = stage.clock.now() + timedelta(hours=1)
    fresh = {"freshness": ["job.is_fresh:jobs.jobs.first"]}
    ids = await stage.deployed(definition("first"), definition("load", f"once:{moment.isoformat()}", **fresh))
    await stage.finished((await stage.trigger(ids["first"], trigger="manual:"))["id"])
    by_hand = (await stage.trigger(ids["load"], trigger="manual:"))["id"]
    stage.clock.set(moment)
    await fire_due(stage.parts)
    assert len(await stage.runs(status="pending")) == 1
    # It waits for room, not for what is fresh already.
    assert (await stage.own(f"/jobs/{ids['load']}/fire-times")).json()["waits_for"] == ["jobs.jobs.load"]

    await stage.finished(by_hand)

    (late,) = await stage.runs(status="pending")
    assert late["trigger"].startswith("once:")


async def test_jobs_that_start_each_other_stop_after_a_while(stage: Stage) -> None:
    await stage.deployed(
        definition("ping", "job.success:jobs.jobs.pong"), definition("pong", "job.success:jobs.jobs.ping")
    )
    ids = await stage.job_ids()
    await stage.trigger(ids["ping"])

    for _ in range(40):
        await _end_all(stage)

    assert len(await stage.runs()) == 33
    over = [(await stage.own(f"/jobs/{job_id}/fire-times")).json()["passed_over"] for job_id in ids.values()]
    assert [(each["status"], each["trigger"]) for each in over if each is not None] == [
        ("chain_too_long", "job.success:jobs.jobs.ping")
    ]
    stopped = (await stage.own("/jobs/-passed-over")).json()["items"]
    assert [(each["job_id"], each["status"]) for each in stopped] == [(ids["pong"], "chain_too_long")]

    stage.clock.advance(seconds=1)
    await stage.trigger(ids["pong"])

    assert (await stage.own("/jobs/-passed-over")).json()["items"] == []


async def test_a_tick_that_starts_nothing_is_told_but_while_paused_only_what_comes_once(stage: Stage) -> None:
    once = f"once:{stage.clock.now() + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    ids = await stage.deployed(definition("load", "every:1h"), definition("idle", "every:1h"), definition("held", once))
    await stage.trigger(ids["load"])
    for name in ("idle", "held"):
        await stage.post(f"/jobs/{ids[name]}/-pause")
    stage.clock.advance(hours=1)

    await fire_due(stage.parts)

    told = (await stage.own(f"/jobs/{ids['load']}/fire-times")).json()["passed_over"]
    assert (told["status"], told["trigger"]) == ("skipped_concurrency_limit", "every:1h")
    assert datetime.fromisoformat(told["at"]) == stage.clock.now()
    others = [(await stage.own(f"/jobs/{ids[name]}/fire-times")).json()["passed_over"] for name in ("idle", "held")]
    assert (others[0], others[1]["status"], others[1]["trigger"]) == (None, "skipped_paused", once)
    await stage.deployed(definition("load", "every:2h"))
    assert (await stage.own(f"/jobs/{ids['load']}/fire-times")).json()["passed_over"] is None


async def test_stale_tick_waits_for_its_upstream(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load"),
        definition("report", "every:1h", freshness=["job.is_fresh:jobs.jobs.load"]),
    )
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)
    before = await stage.runs()

    await stage.finished((await stage.trigger(ids["load"]))["id"])

    assert before == []
    assert {(run["job"]["name"], run["trigger"]) for run in await stage.runs()} == {
        ("report", "every:1h"),
        ("load", "manual:jobs.jobs.load"),
    }


async def test_start_that_was_put_off_starts_when_a_deploy_takes_away_what_it_waits_for(stage: Stage) -> None:
    gated = {"freshness": ["job.is_fresh:jobs.jobs.load"]}
    await stage.deployed(
        definition("load"), definition("report", "every:1h", **gated), definition("other", "every:1h", **gated)
    )
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)
    before = await stage.runs()

    ids = await stage.deployed(
        definition("load"), definition("report", "every:1h"), definition("other", "every:1h", **gated)
    )

    assert before == []
    assert [(run["job"]["name"], run["trigger"]) for run in await stage.runs()] == [("report", "every:1h")]
    assert (await stage.own(f"/jobs/{ids['other']}/fire-times")).json()["waits_for"] == ["jobs.jobs.load"]

    # One whose trigger is taken away is given up.
    await stage.deployed(definition("load"), definition("report", "every:1h"), definition("other", **gated))
    assert (await stage.own(f"/jobs/{ids['other']}/fire-times")).json()["waits_for"] == []


async def test_tick_that_was_put_off_does_not_start_while_its_job_is_paused(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load"),
        definition("report", "every:1h", freshness=["job.is_fresh:jobs.jobs.load"]),
    )
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)
    assert (await stage.post(f"/jobs/{ids['report']}/-pause")).is_success
    await stage.finished((await stage.trigger(ids["load"]))["id"])

    assert [run["job"]["name"] for run in await stage.runs()] == ["load"]


async def test_loop_sleeps_until_a_clock_is_set_and_fires_it(stage: Stage) -> None:
    await stage.upload()
    with anyio.fail_after(50):
        async with anyio.create_task_group() as group:
            group.start_soon(run_clock, stage.parts)
            await anyio.wait_all_tasks_blocked()
            await stage.deploy(definition("load", "once:2026-03-02T11:00:00Z"))
            while not await stage.runs():
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()

    assert [run["trigger"] for run in await stage.runs()] == ["once:2026-03-02T11:00:00Z"]


async def test_one_broken_job_does_not_stop_the_others(stage: Stage) -> None:
    await stage.deployed(definition("good", "every:1h"), definition("broken", "every:1h"))
    async with stage.parts.database.transaction() as connection:
        from sqlalchemy import update

        from planes.storage.control.jobs import job_versions

        broken = (await stage.job_ids())["broken"]
        await connection.execute(
            update(job_versions).where(job_versions.c.job_id == broken).values(definition={"broken": True})
        )
    stage.clock.advance(hours=1)

    done = await fire_due(stage.parts)

    assert done.failed == 1
    async with stage.parts.database.reading() as connection:
        from planes.storage.control.runs import has_pending_run

        assert await has_pending_run(connection, "eu1", stage.clock.now())  # pyright: ignore[reportArgumentType]


async def test_next_fire_times_are_told_over_the_change_of_summer_time(stage: Stage) -> None:
    stage.clock.set(datetime(2026, 3, 27, 12, 0, tzinfo=UTC))
    ids = await stage.deployed(
        definition("load", "schedule:30 2 * * *", "once:2026-03-28T12:00:00Z", require={"timezone": "Europe/Berlin"}),
        definition("plain"),
    )
    await stage.post(f"/jobs/{ids['load']}/-pause")

    told = (await stage.own(f"/jobs/{ids['load']}/fire-times?limit=4")).json()
    none = (await stage.own(f"/jobs/{ids['plain']}/fire-times")).json()
    unknown = await stage.own(f"/jobs/{new_id()}/fire-times")

    assert (told["timezone"], told["is_paused"], told["waits_for"]) == ("Europe/Berlin", True, [])
    assert [(item["at"], item["trigger"].partition(":")[0]) for item in told["items"]] == [
        ("2026-03-28T01:30:00Z", "schedule"),
        ("2026-03-28T12:00:00Z", "once"),
        ("2026-03-29T01:30:00Z", "schedule"),
        ("2026-03-30T00:30:00Z", "schedule"),
    ]
    assert none["items"] == []
    assert unknown.status_code == 404


async def test_a_pause_says_since_when_until_it_is_over(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "every:1h"), definition("gone", "every:1h"))

    async def since(name: str) -> str | None:
        return (await stage.own(f"/jobs/{ids[name]}/fire-times")).json()["paused_at"]

    begun = "2026-03-02T12:00:00Z"
    for name in ids:
        await stage.post(f"/jobs/{ids[name]}/-pause")
    stage.clock.advance(hours=3)
    await stage.post(f"/jobs/{ids['load']}/-pause")
    assert (await since("load"), await since("gone")) == (begun, begun)

    await stage.deployed(definition("load", "every:2h"), definition("gone"))
    assert (await since("load"), await since("gone")) == (begun, None)

    await stage.post(f"/jobs/{ids['load']}/-resume")
    assert await since("load") is None


async def test_start_that_was_put_off_says_what_it_waits_for(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("load"), definition("report", "every:1h", freshness=["job.is_fresh:jobs.jobs.load"])
    )
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)

    told = (await stage.own(f"/jobs/{ids['report']}/fire-times?limit=1")).json()

    assert told["waits_for"] == ["jobs.jobs.load"]
    assert told["items"] == [{"at": "2026-03-02T14:00:00Z", "trigger": "every:1h"}]


async def test_clock_set_back_in_the_middle_of_a_tick_neither_repeats_nor_empties_it(stage: Stage) -> None:
    await stage.deployed(definition("load", "schedule:0 3 * * *"))
    stage.clock.set(datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    due = stage.clock.now()

    stage.clock.jump(hours=-1, after_reads=1)
    await fire_due(stage.parts)
    await fire_due(stage.parts)
    stage.clock.set(due)
    await fire_due(stage.parts)

    (run,) = await stage.runs()
    assert (run["interval_start"], run["interval_end"]) == ("2026-03-02T03:00:00Z", "2026-03-03T03:00:00Z")


@pytest.mark.parametrize("jump", [{"seconds": 1}, {"hours": 1}, {"days": 1}])
async def test_clock_that_jumps_to_and_fro_fires_each_tick_once_and_leaves_no_gap(
    stage: Stage, jump: dict[str, int]
) -> None:
    await stage.deployed(definition("load", "schedule:*/30 * * * *"))
    for _ in range(6):
        for sign in (1, -1):
            stage.clock.jump(**{unit: sign * amount for unit, amount in jump.items()})
            await fire_due(stage.parts)
            await _end_all(stage)
        stage.clock.advance(minutes=17)
    stage.clock.advance(days=1)
    await fire_due(stage.parts)

    runs = list(reversed(await stage.runs(limit=100)))
    windows = [(run["interval_start"], run["interval_end"]) for run in runs]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(windows))
    assert len({end for _, end in windows}) == len(windows)


async def test_health_says_how_late_ticks_are(stage: Stage) -> None:
    await stage.deployed(definition("load", "every:1h"))
    before = await stage.client.get("/own/v1/health", headers=stage.owner.headers)
    stage.clock.advance(hours=1, seconds=7)
    await fire_due(stage.parts)
    await _end_all(stage)
    stage.clock.advance(hours=1, seconds=-5)
    await fire_due(stage.parts)

    after = await stage.client.get("/own/v1/health", headers=stage.owner.headers)

    assert before.json()["scheduler"] == {"late_seconds": None, "worst_late_seconds": None}
    assert after.json()["scheduler"] == {"late_seconds": 2.0, "worst_late_seconds": 7.0}


async def test_jobs_that_start_each_other_again_and_again_stop_for_a_while(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("watched", execute={"concurrency": None}),
        definition("agent", "job.fail:jobs.jobs.watched", execute={"concurrency": None}),
    )
    for _ in range(10):
        for _ in range(7):
            await stage.trigger(ids["watched"])
        for lease in (await stage.poll(free=100))["leases"]:
            assert (await stage.report(lease["run_id"], "failed")).status_code == 200
        stage.clock.advance(seconds=30)
    fast = len(await stage.runs(job_id=ids["agent"], limit=100))

    stage.clock.advance(minutes=11)
    run = await stage.trigger(ids["watched"])
    await stage.finished(run["id"], "failed")

    assert fast == 60, "of 70"
    assert len(await stage.runs(job_id=ids["agent"], limit=100)) == 61
