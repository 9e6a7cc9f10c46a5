from __future__ import annotations

import pytest
from tests.fakes.control_stage import Stage, definition

from planes.control_plane.services.work.ticking import fire_due
from planes.domain.access import WorkspaceRole
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def test_job_named_by_id_fires_its_default_trigger(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "every:1h"))

    receipt = (await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]], "refresh": False})).json()

    (entry,) = receipt["succeeded"]
    assert (entry["trigger"], entry["status"], entry["reasons"]) == ("every:1h", "triggered", None)
    run = entry["job_run"]
    assert (run["number"], run["status"], run["profile"], run["started_at"]) == (1, "pending", "prod", None)
    assert run["triggered_by"] == stage.owner.membership_id
    assert run["logs_url"] == f"http://127.0.0.1:8400/w/{stage.workspace_id}/runs/{run['id']}"


async def test_job_without_default_trigger_fires_manual(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))

    run = await stage.trigger(ids["load"])

    assert run["trigger"] == "manual:jobs.jobs.load"


@pytest.mark.parametrize(
    ("selectors", "refs"),
    [
        (["tag:ingest"], ["a"]),
        (["batch"], ["a", "b"]),
        (["schedule:*"], ["b"]),
        (["schedule"], ["b"]),
        (["jobs.jobs.*"], ["a", "b"]),
        (["TAG:ingest"], []),
        (["nothing:*"], []),
    ],
)
async def test_selectors_find_jobs_by_trigger_type_and_ref(stage: Stage, selectors: list[str], refs: list[str]) -> None:
    await stage.deployed(definition("a", expose={"tags": ["ingest"]}), definition("b", "schedule:0 3 * * *"))

    receipt = (await stage.post("/jobs/-trigger", {"selectors": selectors})).json()

    assert [entry["job_ref"].rpartition(".")[2] for entry in receipt["succeeded"]] == refs


async def test_job_named_both_ways_fires_its_default_trigger(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "every:1h", expose={"tags": ["x"]}))

    receipt = (await stage.post("/jobs/-trigger", {"selectors": ["tag:x"], "job_ids": [ids["load"]]})).json()

    (entry,) = receipt["succeeded"]
    assert (entry["trigger"], entry["matched_triggers"]) == ("every:1h", ["every:1h", "tag:x"])


async def test_dry_run_starts_nothing(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))

    receipt = (await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]], "dry_run": True})).json()

    assert (receipt["succeeded"][0]["status"], receipt["succeeded"][0]["job_run"]) == ("triggered", None)
    assert await stage.runs() == []


async def test_second_run_is_declined_by_the_concurrency_limit_and_leaves_no_row(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await stage.trigger(ids["load"])

    receipt = (await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})).json()

    (entry,) = receipt["skipped"]
    assert entry["status"] == "skipped_concurrency_limit"
    assert entry["reasons"] == ["1 of at most 1 runs of this job are active."]
    assert len(await stage.runs()) == 1


@pytest.mark.parametrize(("concurrency", "expected"), [(2, 2), (None, 3)])
async def test_concurrency_of_the_definition_counts(stage: Stage, concurrency: int | None, expected: int) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": concurrency}))

    for _ in range(3):
        await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})

    runs = await stage.runs()
    assert sorted(run["number"] for run in runs) == list(range(1, expected + 1))


async def test_interactive_job_starts_alone_and_in_a_batch(stage: Stage) -> None:
    entry_point = {"module": "app", "function": None, "job_type": "interactive", "launcher": "dlt._workspace.deployment.launchers.marimo"}  # fmt: skip # noqa: E501
    ids = await stage.deployed(definition("app", "http:", entry_point=entry_point), definition("load"))

    alone = (await stage.post("/jobs/-trigger", {"job_ids": [ids["app"]]})).json()
    batch = (await stage.post("/jobs/-trigger", {"job_ids": [ids["app"], ids["load"]]})).json()

    run = alone["succeeded"][0]["job_run"]
    assert (run["trigger"], run["status"]) == ("http:", "pending")
    assert [entry["status"] for entry in batch["skipped"]] == ["skipped_concurrency_limit"]
    assert len(batch["succeeded"]) == 1


async def test_unknown_ids_are_named(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    unknown = new_id()

    alone = await stage.post("/jobs/-trigger", {"job_ids": [unknown]})
    batch = (await stage.post("/jobs/-trigger", {"job_ids": [unknown, ids["load"]]})).json()

    assert alone.status_code == 404
    assert [entry["ref"] for entry in batch["failed"]] == [unknown]


async def test_request_without_names_is_refused(stage: Stage) -> None:
    answer = await stage.post("/jobs/-trigger", {"selectors": [], "job_ids": []})

    assert answer.status_code == 400


async def test_profile_that_is_not_configured_is_refused(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))

    answers = [
        await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]], "profile": profile})
        for profile in ("nowhere", "dev")
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "profile_not_configured")] * 2
    assert await stage.runs() == []


@pytest.mark.parametrize(
    ("profile", "code"),
    [("AKIAZ7Q5XVNT2WLK4RJP", "secret_in_definition"), ("prod\u202e", "invalid_job_definition")],
)
async def test_profile_that_may_not_be_stored_is_refused_without_echo(stage: Stage, profile: str, code: str) -> None:
    ids = await stage.deployed(definition("load"))

    answers = [
        await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]], "profile": profile}),
        await stage.post("/job-runs", {"job_id": ids["load"], "trigger": "manual:", "profile": profile}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, code)] * 2
    assert not [answer.text for answer in answers if "AKIAZ7" in answer.text or "\u202e" in answer.text]


async def test_profile_override_reaches_the_run(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))

    run = await stage.trigger(ids["load"], profile="access")

    assert run["profile"] == "access"


async def test_viewer_starts_access_jobs_only_and_cannot_refresh(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"), definition("look", require={"profile": "access"}))
    viewer = await stage.person(WorkspaceRole.VIEWER)

    async def start(name: str, **changes: object) -> tuple[int, str | None]:
        answer = await stage.post("/jobs/-trigger", {"job_ids": [ids[name]], **changes}, by=viewer)
        return answer.status_code, answer.json().get("code")

    assert await start("load") == (403, "profile_not_allowed")
    assert await start("look", refresh=True) == (403, "profile_not_allowed")
    assert await start("look", profile="prod") == (403, "profile_not_allowed")
    assert await start("look") == (200, None)
    assert await start("load", profile="access") == (200, None)


async def test_follow_ups_of_a_viewers_run_are_access_jobs_only(stage: Stage) -> None:
    ids = await stage.deployed(
        definition("look", require={"profile": "access"}),
        definition("more", "job.success:jobs.jobs.look", require={"profile": "access"}),
        definition("write", "job.success:jobs.jobs.look"),
    )
    viewer = await stage.person(WorkspaceRole.VIEWER)
    answer = await stage.post("/jobs/-trigger", {"job_ids": [ids["look"]]}, by=viewer)

    await stage.finished(answer.json()["succeeded"][0]["job_run"]["id"])

    assert {run["job"]["name"] for run in await stage.runs()} == {"look", "more"}


async def test_what_follows_a_follow_up_of_a_viewers_run_is_on_access_too(stage: Stage) -> None:
    access = {"require": {"profile": "access"}}
    ids = await stage.deployed(
        definition("look", **access),
        definition("more", "job.success:jobs.jobs.look", **access),
        definition("write", "job.success:jobs.jobs.more"),
    )
    viewer = await stage.person(WorkspaceRole.VIEWER)
    await stage.post("/jobs/-trigger", {"job_ids": [ids["look"]]}, by=viewer)

    for name in ("look", "more"):
        await stage.finished(await _waiting(stage, name))

    assert {run["job"]["name"] for run in await stage.runs()} == {"look", "more"}


async def test_what_follows_a_run_that_a_viewer_started_again_is_on_access_only(stage: Stage) -> None:
    look = definition("look", require={"profile": "access"})
    ids = await stage.deployed(look)
    first = await stage.trigger(ids["look"])  # a refresh, which no viewer starts
    await stage.finished(first["id"])
    past = await stage.trigger(ids["look"])
    await stage.finished(past["id"])
    await stage.deployed(look, definition("write", "job.success:jobs.jobs.look"))
    viewer = await stage.person(WorkspaceRole.VIEWER)

    rerun = f"/own/v1/workspaces/{stage.workspace_id}/job-runs/{past['id']}/-rerun"
    answer = await stage.client.post(rerun, headers=viewer.headers)
    await stage.finished(await _waiting(stage, "look"))

    assert answer.is_success, answer.text
    assert {run["job"]["name"] for run in await stage.runs()} == {"look"}


async def test_what_follows_a_viewers_start_that_waited_is_on_access_only(stage: Stage) -> None:
    access = {"require": {"profile": "access"}}
    ids = await stage.deployed(
        definition("look", **access),
        definition("report", freshness=["job.is_fresh:jobs.jobs.look"], **access),
        definition("write", "job.success:jobs.jobs.report"),
    )
    viewer = await stage.person(WorkspaceRole.VIEWER)
    both = (await stage.post("/jobs/-trigger", {"job_ids": [ids["report"], ids["look"]]}, by=viewer)).json()

    for name in ("look", "report"):
        await stage.finished(await _waiting(stage, name))

    assert both["skipped"][0]["status"] == "skipped_upstream_pending"
    assert {run["job"]["name"] for run in await stage.runs()} == {"look", "report"}


async def _waiting(stage: Stage, name: str) -> str:
    return next(run["id"] for run in await stage.runs() if run["job"]["name"] == name and run["status"] == "pending")


async def test_archived_job_cannot_be_started(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await stage.post(f"/jobs/{ids['load']}/-archive")

    answer = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})
    selected = (await stage.post("/jobs/-trigger", {"selectors": ["batch"]})).json()

    assert (answer.status_code, answer.json()["code"]) == (409, "job_archived")
    assert selected == {"succeeded": [], "skipped": [], "failed": []}


async def test_create_run_answers_201_and_the_active_run_200(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))

    created = await stage.post("/job-runs", {"job_id": ids["load"], "trigger": "manual:"})
    again = await stage.post("/job-runs", {"job_id": ids["load"], "trigger": "manual:", "mode": "when_not_running"})

    assert (created.status_code, again.status_code) == (201, 200)
    assert created.json()["id"] == again.json()["id"]
    assert created.json()["trigger"] == "manual:jobs.jobs.load"
    assert created.json()["job"]["job_ref"] == created.json()["job_version"]["job_ref"] == "jobs.jobs.load"


async def test_declined_create_run_says_why(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    await stage.trigger(ids["load"])

    answer = await stage.post("/job-runs", {"job_id": ids["load"], "trigger": "manual:"})

    assert (answer.status_code, answer.json()["code"]) == (409, "skipped_concurrency_limit")
    assert answer.json()["extra"]["reasons"] == ["1 of at most 1 runs of this job are active."]


@pytest.mark.parametrize(
    "trigger", ["nonsense", "schedule:never", "every:1s", "manual:AKIAZ7Q5XVNT2WLK4RJP", "a\x07b:"]
)
async def test_trigger_that_is_none_is_refused_without_echo(stage: Stage, trigger: str) -> None:
    ids = await stage.deployed(definition("load"))

    answer = await stage.post("/job-runs", {"job_id": ids["load"], "trigger": trigger})

    assert answer.status_code == 400, answer.text
    assert "AKIAZ7" not in answer.text


async def test_job_that_refuses_manual_starts_is_left_alone(stage: Stage) -> None:
    jobs = [definition("load", expose={"manual": False}), definition("tagged", expose={"manual": False, "tags": "x"})]
    ids = await stage.deployed(*jobs)

    answer = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})
    again = await stage.deploy(*jobs)

    assert (answer.status_code, answer.json()["code"]) == (409, "manual_not_allowed")
    assert again.json()["warnings"] == [
        "jobs.jobs.load: nothing starts it, it has no trigger and `expose.manual` is false"
    ]


async def test_stale_upstream_skips_and_a_batch_waits_for_it(stage: Stage) -> None:
    ids = await stage.deployed(definition("report", freshness=["job.is_fresh:jobs.jobs.load"]), definition("load"))

    alone = (await stage.post("/jobs/-trigger", {"job_ids": [ids["report"]]})).json()
    both = (await stage.post("/jobs/-trigger", {"job_ids": [ids["report"], ids["load"]]})).json()

    assert alone["skipped"][0]["status"] == "skipped_fresh"
    assert both["skipped"][0]["status"] == "skipped_upstream_pending"
    await stage.finished(both["succeeded"][0]["job_run"]["id"])
    assert {run["job"]["name"] for run in await stage.runs()} == {"report", "load"}


async def test_start_that_waited_is_given_up_when_the_upstream_fails(stage: Stage) -> None:
    ids = await stage.deployed(definition("report", freshness=["job.is_fresh:jobs.jobs.load"]), definition("load"))
    both = (await stage.post("/jobs/-trigger", {"job_ids": list(ids.values())})).json()

    await stage.finished(both["succeeded"][0]["job_run"]["id"], "failed")
    await stage.finished((await stage.trigger(ids["load"]))["id"])

    assert [run["job"]["name"] for run in await stage.runs()] == ["load", "load"]


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_start_that_waits_keeps_its_profile_over_a_tick_that_waits_too_and_loses_none(
    stage: Stage, end: str
) -> None:
    gated = definition("report", "every:1h", freshness=["job.is_fresh:jobs.jobs.load"])
    ids = await stage.deployed(definition("load"), gated)
    body = {"job_ids": list(ids.values()), "profile": "access"}
    both = (await stage.post("/jobs/-trigger", body)).json()
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)

    await stage.finished(both["succeeded"][0]["job_run"]["id"], end)
    by_hand = [run for run in await stage.runs() if run["job"]["name"] == "report"]
    await stage.finished((await stage.trigger(ids["load"]))["id"])
    reports = [run for run in await stage.runs() if run["job"]["name"] == "report"]

    started = [(run["profile"], run["trigger"], run["triggered_by"] is not None) for run in reports]
    assert (len(by_hand), len(reports)) == ((1, 1) if end == "completed" else (0, 1))
    assert started == [("access", "every:1h", True) if end == "completed" else ("prod", "every:1h", False)]


async def test_tick_that_waits_outlives_a_persons_start_that_is_given_up(stage: Stage) -> None:
    gated = definition("report", "every:1h", freshness=["job.is_fresh:jobs.jobs.load"])
    ids = await stage.deployed(definition("load"), gated)
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)
    both = (await stage.post("/jobs/-trigger", {"job_ids": list(ids.values()), "profile": "access"})).json()

    await stage.finished(both["succeeded"][0]["job_run"]["id"], "failed")
    await stage.finished((await stage.trigger(ids["load"]))["id"])

    assert [run["profile"] for run in await stage.runs() if run["job"]["name"] == "report"] == ["prod"]


async def test_event_that_waits_outlives_a_persons_start_whose_trigger_a_deploy_takes_away(stage: Stage) -> None:
    fresh, after = ["job.is_fresh:jobs.jobs.load"], "job.success:jobs.jobs.other"
    others = [definition("load"), definition("other")]
    ids = await stage.deployed(*others, definition("report", "every:1h", after, freshness=fresh))
    both = {"job_ids": [ids["load"], ids["report"]], "profile": "access"}
    load = (await stage.post("/jobs/-trigger", both)).json()["succeeded"][0]["job_run"]["id"]
    await stage.finished((await stage.trigger(ids["other"]))["id"])

    await stage.deployed(*others, definition("report", after, freshness=fresh))
    for step in ("running", "completed"):
        await stage.report(load, step)

    assert [run["trigger"] for run in await stage.runs() if run["job"]["name"] == "report"] == [after]


async def test_start_that_waits_is_kept_when_a_tick_before_it_starts(stage: Stage) -> None:
    gated = definition("report", "every:1h", freshness=["job.is_fresh:jobs.jobs.load"], execute={"concurrency": None})
    ids = await stage.deployed(definition("load", execute={"concurrency": None}), gated)
    await stage.finished((await stage.trigger(ids["load"]))["id"])
    both = (await stage.post("/jobs/-trigger", {"job_ids": list(ids.values()), "profile": "access"})).json()
    stage.clock.advance(hours=1)
    await fire_due(stage.parts)

    await stage.finished(both["succeeded"][0]["job_run"]["id"])

    assert [run["profile"] for run in await stage.runs() if run["job"]["name"] == "report"] == ["access", "prod"]


async def test_freshness_can_be_skipped_for_one_job(stage: Stage) -> None:
    ids = await stage.deployed(definition("report", freshness=["job.is_fresh:jobs.jobs.load"]), definition("load"))
    body = {"job_id": ids["report"], "trigger": "manual:"}

    gated = await stage.post("/job-runs", body)
    forced = await stage.post("/job-runs", {**body, "skip_freshness": True})

    assert (gated.status_code, gated.json()["code"]) == (409, "skipped_fresh")
    assert forced.status_code == 201


async def test_run_outside_the_declared_interval_is_declined(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "schedule:0 0 * * *", interval={"start": "2030-01-01T00:00:00Z"}))

    receipt = (await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})).json()

    assert receipt["skipped"][0]["status"] == "skipped_out_of_interval"
