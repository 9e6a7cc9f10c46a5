from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest
from sqlalchemy import select
from tests.fakes.control_stage import REGION_URL, Stage, definition

from planes.control_plane.services.work.silence import reap, settle
from planes.domain.identifiers import new_id
from planes.storage.control.metadata import metadata
from planes.tokens.claims import TokenKind, verify

pytestmark = pytest.mark.anyio


async def _claimed(stage: Stage, **changes: object) -> str:
    ids = await stage.deployed(definition("load", **changes))
    run = await stage.trigger(ids["load"])
    await stage.poll()
    return run["id"]


async def test_poll_claims_a_waiting_run_with_the_first_fence(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 3 * * *", execute={"timeout": {"timeout": 60.0}}))
    run = await stage.trigger(ids["load"])

    answer = await stage.poll()

    (lease,) = answer["leases"]
    assert (lease["run_id"], lease["fence"], lease["job_ref"]) == (run["id"], 1, "jobs.jobs.load")
    assert (lease["time_limit_seconds"], lease["grace_seconds"], lease["profile"]) == (60, 30, "prod")
    assert (lease["interval_start"], lease["interval_end"]) == ("2026-03-01T03:00:00Z", "2026-03-02T03:00:00Z")
    assert lease["definition"]["entry_point"]["function"] == "load"
    assert (await stage.run(run["id"]))["status"] == "starting"


async def test_poll_of_another_region_gets_nothing(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])

    async with anyio.create_task_group() as group:

        async def other() -> None:
            answer = await stage.poll(plane="us1")
            assert answer["leases"] == []

        group.start_soon(other)
        await stage.until_polls_wait(plane="us1")
        stage.clock.advance(seconds=30)
        stage.parts.news.tell("us1")
    foreign = await stage.report(run["id"], "running", plane="us1")

    assert foreign.status_code == 404


async def test_poll_takes_no_more_than_the_free_slots(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    for _ in range(5):
        await stage.trigger(ids["load"])

    first = await stage.poll(free=2)

    assert [lease["number"] for lease in first["leases"]] == [1, 2]


async def test_lost_answer_is_delivered_again_with_the_same_fence(stage: Stage) -> None:
    run_id = await _claimed(stage)
    stage.clock.advance(seconds=6)

    again = await stage.poll()
    await stage.report(run_id, "starting")
    stage.clock.advance(seconds=6)
    async with stage.parts.database.reading() as connection:
        from planes.storage.control.runs import find_run

        run = await find_run(connection, run_id)

    assert [(lease["run_id"], lease["fence"]) for lease in again["leases"]] == [(run_id, 1)]
    assert run is not None
    assert run.is_acknowledged


async def test_lost_answer_is_delivered_again_to_a_poll_that_waits(stage: Stage) -> None:
    """A region that was killed and came back asks at once, before the lease counts as lost on the way."""
    run_id = await _claimed(stage)
    stage.clock.advance(seconds=4.9)
    async with stage.waiting_polls() as answers:
        assert answers == []
        stage.clock.advance(seconds=1)

    assert [(lease["run_id"], lease["fence"]) for lease in answers[0]["leases"]] == [(run_id, 1)]


async def test_a_claim_that_is_made_again_after_silence_has_its_whole_grace_again(stage: Stage) -> None:
    """Of a region that hears nothing the control plane hears a poll now and then: each must not cut the grace short."""
    run_id = await _claimed(stage)
    stage.clock.advance(seconds=31)
    await reap(stage.parts)
    await stage.poll()
    claimed = await _own(stage, run_id)
    for seconds in (31, 598):
        stage.clock.advance(seconds=seconds)
        await reap(stage.parts)

    assert claimed["unreachable_since"] is None
    assert (await _own(stage, run_id))["status"] == "starting"


async def test_status_goes_forward_and_repeats_change_nothing(stage: Stage) -> None:
    run_id = await _claimed(stage)

    first = [(await stage.report(run_id, status)).status_code for status in ("starting", "running", "running")]
    stage.clock.advance(seconds=5)
    ends = [(await stage.report(run_id, status)).status_code for status in ("completed", "completed", "running")]
    other = await stage.report(run_id, "failed")

    run = await stage.run(run_id)
    assert (first, ends) == ([200, 200, 200], [200, 200, 200])
    assert (other.status_code, other.json()["code"]) == (409, "run_ended")
    assert (run["status"], run["duration_seconds"]) == ("completed", 5.0)


async def test_stale_fence_cannot_write(stage: Stage) -> None:
    run_id = await _claimed(stage)

    answers = [await stage.report(run_id, "running", fence=fence) for fence in (0, 2)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "stale_fence")] * 2
    assert (await stage.run(run_id))["status"] == "starting"


async def test_run_that_waits_cannot_be_reported(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])

    answer = await stage.report(run["id"], "running", fence=0)

    assert answer.status_code == 409


async def test_cancelled_before_the_claim_ends_at_once(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])

    answer = (await stage.post(f"/job-runs/{run['id']}/-cancel")).json()
    again = await stage.post(f"/job-runs/{run['id']}/-cancel")

    assert (answer["status"], answer["started_at"], answer["duration_seconds"]) == ("cancelled", None, None)
    assert (again.status_code, again.json()["code"]) == (409, "run_ended")


async def test_cancel_wakes_the_poll_and_is_told_once(stage: Stage) -> None:
    run_id = await _claimed(stage)
    await stage.report(run_id, "running")
    answers: list[dict] = []

    async def wait() -> None:
        answers.append(await stage.poll(held=[(run_id, 1)]))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await stage.until_polls_wait()
        await stage.post(f"/job-runs/{run_id}/-cancel")
    cancelled = await stage.run(run_id)
    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await stage.until_polls_wait()
        assert len(answers) == 1, "a cancel that was just told is no news"
        stage.clock.advance(seconds=6)
        stage.parts.news.tell("eu1")

    assert cancelled["status"] == "cancelling"
    assert [answer["cancels"] for answer in answers] == [[{"run_id": run_id, "fence": 1}]] * 2
    assert (await stage.report(run_id, "cancelled")).status_code == 200
    assert (await stage.run(run_id))["status"] == "cancelled"


async def test_run_that_ended_before_the_cancel_keeps_its_end(stage: Stage) -> None:
    run_id = await _claimed(stage)
    await stage.post(f"/job-runs/{run_id}/-cancel")

    answer = await stage.report(run_id, "completed")

    assert answer.status_code == 200
    assert (await stage.run(run_id))["status"] == "completed"


async def test_bulk_cancel_reports_each_run_and_a_dry_run_changes_nothing(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    ended, waiting = [(await stage.trigger(ids["load"]))["id"] for _ in range(2)]
    await stage.poll(free=1)
    await stage.report(ended, "completed")
    unknown = new_id()
    body = {"job_run_ids": [ended, waiting, unknown]}

    dry = (await stage.post("/job-runs/-cancel", {**body, "dry_run": True})).json()
    untouched = (await stage.run(waiting))["status"]
    done = (await stage.post("/job-runs/-cancel", body)).json()

    assert dry == done
    assert untouched == "pending"
    assert [(item["job_run_id"], item["previous_status"]) for item in done["succeeded"]] == [(waiting, "pending")]
    assert [item["job_run_id"] for item in done["skipped"]] == [ended]
    assert [item["ref"] for item in done["failed"]] == [unknown]


async def test_renewal_keeps_a_run_reachable(stage: Stage) -> None:
    run_id = await _claimed(stage)
    stage.clock.advance(seconds=20)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: stage.poll(held=[(run_id, 1)]))
        await stage.until_polls_wait()
        stage.clock.advance(seconds=16)
        stage.parts.news.tell("eu1")

    await reap(stage.parts)

    own = (
        await stage.client.get(
            f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{run_id}", headers=stage.owner.headers
        )
    ).json()
    assert own["unreachable_since"] is None


async def test_silence_makes_unreachable_then_lost_and_fires_events_only_then(stage: Stage) -> None:
    await stage.deployed(definition("load"), definition("alarm", "job.fail:jobs.jobs.load"))
    run_id = (await stage.trigger((await stage.job_ids())["load"]))["id"]
    await stage.poll()
    own = f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{run_id}"

    stage.clock.advance(seconds=31)
    await reap(stage.parts)
    unreachable = (await stage.client.get(own, headers=stage.owner.headers)).json()
    runs_meanwhile = len(await stage.runs())
    stage.clock.advance(seconds=601)
    await reap(stage.parts)
    lost = (await stage.client.get(own, headers=stage.owner.headers)).json()

    assert (unreachable["status"], unreachable["reason"], runs_meanwhile) == ("starting", None, 1)
    assert unreachable["unreachable_since"] is not None
    assert (lost["status"], lost["reason"]) == ("failed", "lost")
    assert {run["trigger"] for run in await stage.runs()} == {"job.fail:jobs.jobs.load", "manual:jobs.jobs.load"}


async def test_late_report_corrects_a_lost_run_once_and_fires_nothing_again(stage: Stage) -> None:
    await stage.deployed(
        definition("load"),
        definition("alarm", "job.fail:jobs.jobs.load"),
        definition("next", "job.success:jobs.jobs.load"),
    )
    run_id = (await stage.trigger((await stage.job_ids())["load"]))["id"]
    await stage.poll()
    for seconds in (31, 601):
        stage.clock.advance(seconds=seconds)
        await reap(stage.parts)

    stale = await stage.report(run_id, "completed", fence=2)
    running = await stage.report(run_id, "running")
    late = await stage.report(run_id, "completed")
    second = await stage.report(run_id, "failed")

    assert [answer.status_code for answer in (stale, running, late, second)] == [409, 200, 200, 409]
    assert (await stage.run(run_id))["status"] == "completed"
    assert sorted(run["trigger"] for run in await stage.runs()) == [
        "job.fail:jobs.jobs.load",
        "manual:jobs.jobs.load",
    ]


async def test_plane_that_comes_back_in_time_is_held_again(stage: Stage) -> None:
    run_id = await _claimed(stage)
    stage.clock.advance(seconds=31)
    await reap(stage.parts)

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: stage.poll(held=[(run_id, 1)]))
        await stage.until_polls_wait()
        stage.clock.advance(seconds=16)
        stage.parts.news.tell("eu1")
    stage.clock.advance(seconds=10)
    await reap(stage.parts)

    own = (
        await stage.client.get(
            f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{run_id}", headers=stage.owner.headers
        )
    ).json()
    assert (own["status"], own["unreachable_since"]) == ("starting", None)


async def test_run_token_needs_the_fence_and_a_run_that_lives(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    run_id = (await stage.trigger(ids["load"]))["id"]
    with_the_lease = (await stage.poll())["run_tokens"][run_id]

    good = await stage.link("POST", f"runs/{run_id}/-issue-token", {"fence": 1})
    stale = await stage.link("POST", f"runs/{run_id}/-issue-token", {"fence": 2})
    foreign = await stage.link("POST", f"runs/{run_id}/-issue-token", {"fence": 1}, plane="us1")
    headers = {"authorization": f"Bearer {good.json()['token']}"}
    while_running = await stage.client.get(stage.path("/jobs"), headers=headers)
    same = await stage.client.get(stage.path("/jobs"), headers={"authorization": f"Bearer {with_the_lease}"})
    writing = await stage.client.post(stage.path("/jobs/-trigger"), json={"selectors": ["batch"]}, headers=headers)
    await stage.report(run_id, "completed")
    after_the_end = await stage.client.get(stage.path("/jobs"), headers=headers)
    too_late = await stage.link("POST", f"runs/{run_id}/-issue-token", {"fence": 1})

    assert good.json()["expires_at"] == int(stage.clock.now().timestamp()) + 1800 + 7200 + 30
    assert [answer.status_code for answer in (stale, foreign, too_late)] == [409, 404, 409]
    assert [answer.status_code for answer in (while_running, same, writing, after_the_end)] == [200, 200, 403, 401]


async def test_a_runs_token_reads_in_its_region_as_a_viewer_whoever_started_it(stage: Stage) -> None:
    run_id = await _claimed(stage)
    token = (await stage.link("POST", f"runs/{run_id}/-issue-token", {"fence": 1})).json()["token"]

    issued = await stage.client.post(
        stage.path("/-issue-dataplane-token"), headers={"authorization": f"Bearer {token}"}
    )

    claims = verify(
        issued.json()["token"], [stage.parts.signing_key.public], audience="eu1", kinds=[TokenKind.DATA_PLANE],
        now=stage.clock.now(),
    )  # fmt: skip
    assert (claims.run_id, claims.role, claims.grants) == (run_id, "viewer", {"ws:read"})


async def test_uploads_get_versions_and_repeats_keep_them(stage: Stage) -> None:
    row = {
        "workspace_id": stage.workspace_id,
        "content_hash": "B" * 43 + "=",
        "file_count": 1,
        "size_bytes": 5_000_000_000,
        "requirements_size_bytes": 2,
        "created_by": stage.owner.membership_id,
        "created_at": stage.clock.now().isoformat(),
    }
    first, second = new_id(), new_id()

    versions = [
        (await stage.link("PUT", f"deployments/{upload}", row)).json()["version"] for upload in (first, second, first)
    ]
    other_content = await stage.link("PUT", f"deployments/{first}", {**row, "content_hash": "C" * 43 + "="})
    foreign = await stage.link("PUT", f"deployments/{new_id()}", row, plane="us1")
    listed = (await stage.get("/deployments")).json()

    assert versions == [1, 2, 1]
    assert (other_content.status_code, foreign.status_code) == (409, 403)
    assert [item["version"] for item in listed["items"]] == [2, 1]
    assert (await stage.get("/deployments/latest")).json()["id"] == second
    assert (await stage.get("/configurations/latest")).status_code == 404
    assert [item["id"] for item in (await stage.get("/deployments", version=1)).json()["items"]] == [first]


async def test_upload_ticket_has_the_exact_path_and_one_purpose(stage: Stage) -> None:
    from planes.tokens.claims import TokenKind, verify

    ticket = (await stage.post("/configurations/-issue-upload")).json()

    upload_id = ticket["configuration_id"]
    assert ticket["upload_url"] == (
        f"{REGION_URL}/api/v1/workspaces/{stage.workspace_id}/configurations/{upload_id}/-upload"
    )
    claims = verify(
        ticket["upload_token"],
        [stage.parts.signing_key.public],
        audience="eu1",
        kinds=[TokenKind.UPLOAD],
        now=stage.clock.now(),
    )
    assert (claims.upload_kind, claims.upload_id) == ("configuration", upload_id)
    assert claims.expires_at == int(stage.clock.now().timestamp()) + 600
    assert (await stage.get("/configurations/latest")).status_code == 404


async def test_pipeline_runs_are_kept_with_the_run_up_to_a_hundred(stage: Stage) -> None:
    run_id = await _claimed(stage)
    body = {"fence": 1, "pipeline_name": "demo_pipe", "status": "succeeded", "total_rows": 7}
    first = new_id()

    codes = [
        (await stage.link("PUT", f"runs/{run_id}/pipeline-runs/{first if number == 0 else new_id()}", body)).status_code
        for number in range(101)
    ]
    again = await stage.link("PUT", f"runs/{run_id}/pipeline-runs/{first}", {**body, "total_rows": 9})
    stale = await stage.link("PUT", f"runs/{run_id}/pipeline-runs/{first}", {**body, "fence": 2})
    leak = await stage.link(
        "PUT", f"runs/{run_id}/pipeline-runs/{first}", {**body, "dataset_name": "AKIAZ7Q5XVNT2WLK4RJP"}
    )

    run = await stage.run(run_id)
    assert codes == [200] * 100 + [409]
    assert (again.status_code, stale.status_code, leak.status_code) == (200, 409, 200)
    assert len(run["pipeline_run_summaries"]) == 100
    named = [item for item in run["pipeline_run_summaries"] if item["pipeline_run_id"] == first]
    assert named[0]["dataset_name"] == "withheld"
    assert [item["id"] for item in await stage.runs(q="DEMO_pipe")] == [run_id]


async def test_what_is_no_field_is_let_go_and_kept_nowhere(stage: Stage) -> None:
    """A plane of a later version may say more (Borders: 1); what the schema lacks stays out all the same."""
    run_id = await _claimed(stage)
    body = {"fence": 1, "status": "failed", "at": stage.clock.now().isoformat(), "error": "secret text"}

    answer = await stage.link("PUT", f"runs/{run_id}/status", body)

    assert answer.status_code == 200, answer.text
    assert "secret text" not in answer.text
    assert (await stage.run(run_id))["status"] == "failed"
    async with stage.parts.database.reading() as connection:
        for table in metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                assert "secret text" not in str(row), table.name


async def test_time_without_an_offset_is_refused(stage: Stage) -> None:
    run_id = await _claimed(stage)

    answer = await stage.link(
        "PUT", f"runs/{run_id}/status", {"fence": 1, "status": "failed", "at": "2026-03-02T12:00:00"}
    )

    assert answer.status_code == 400


async def _own(stage: Stage, run_id: str) -> dict[str, Any]:
    return (await stage.own(f"/job-runs/{run_id}")).json()


@pytest.mark.parametrize("jump", [{"seconds": 1}, {"hours": 1}, {"hours": -1}, {"days": 1}, {"days": -1}])
async def test_clock_that_is_set_neither_ends_nor_prolongs_a_lease(stage: Stage, jump: dict[str, int]) -> None:
    run_id = await _claimed(stage)

    stage.clock.advance(seconds=20)
    stage.clock.jump(**jump)
    await reap(stage.parts)
    held = await _own(stage, run_id)
    left = datetime.fromisoformat(held["lease_expires_at"]) - stage.clock.now()
    stage.clock.advance(seconds=11)
    await reap(stage.parts)
    unreachable = await _own(stage, run_id)
    stage.clock.jump(**{unit: -amount for unit, amount in jump.items()})
    stage.clock.advance(seconds=598)
    await reap(stage.parts)
    in_grace = await _own(stage, run_id)
    stage.clock.advance(seconds=3)
    await reap(stage.parts)

    assert (held["unreachable_since"], held["status"]) == (None, "starting")
    assert left == timedelta(seconds=10), "shown as clocks say it"
    assert unreachable["unreachable_since"] is not None
    assert in_grace["status"] == "starting"
    assert (await _own(stage, run_id))["reason"] == "lost"


@pytest.mark.parametrize("hours", [1, -1])
async def test_answer_that_got_lost_is_delivered_again_though_the_clock_was_set(stage: Stage, hours: int) -> None:
    run_id = await _claimed(stage)

    stage.clock.jump(hours=hours)
    again = await stage.poll()

    assert [(lease["run_id"], lease["fence"]) for lease in again["leases"]] == [(run_id, 1)]


async def test_control_plane_that_starts_gives_each_lease_the_time_to_be_renewed(stage: Stage) -> None:
    held = await _claimed(stage)
    stage.clock.advance(hours=1)

    await settle(stage.parts)
    await reap(stage.parts)
    at_start = await _own(stage, held)
    stage.clock.advance(seconds=31)
    await reap(stage.parts)
    noticed = await _own(stage, held)
    stage.clock.advance(seconds=590)
    await settle(stage.parts)
    stage.clock.advance(seconds=29)
    await reap(stage.parts)
    goes_on = await _own(stage, held)
    stage.clock.advance(seconds=2)
    await reap(stage.parts)

    assert (at_start["unreachable_since"], goes_on["status"]) == (None, "starting")
    assert noticed["unreachable_since"] is not None
    assert (await _own(stage, held))["reason"] == "lost", "a grace that has begun goes on over a start"
