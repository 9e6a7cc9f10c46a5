from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from tests.fakes.control_stage import Stage, definition

from planes.domain.access import WorkspaceRole
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio

DASHBOARD = {
    "engine_version": 2,
    "job_ref": "jobs.workspace.dashboard",
    "entry_point": {
        "module": "dlt._workspace.helpers.dashboard.dlt_dashboard",
        "function": None,
        "job_type": "interactive",
        "launcher": "dlt._workspace.deployment.launchers.dashboard",
    },
    "triggers": ["http:"],
    "execute": {},
    "expose": {"interface": "gui", "category": "dashboard"},
}


async def _three_jobs(stage: Stage) -> dict[str, str]:
    return await stage.deployed(
        definition(
            "load", "schedule:0 3 * * *", expose={"display_name": "Load 100%", "tags": ["ingest"]},
            deliver={"pipeline_name": "demo_pipe"},
        ),
        definition("report", "job.success:jobs.jobs.load", require={"profile": "access"}, expose={"manual": False}),
        DASHBOARD,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"Load 100%", "report", "dashboard"}),
        ({"q": "LOAD"}, {"Load 100%"}),
        ({"q": "100%"}, {"Load 100%"}),
        ({"q": "%"}, {"Load 100%"}),
        ({"q": "repo"}, {"report"}),
        ({"q": "jobs"}, set()),
        ({"ref": "jobs.jobs.report"}, {"report"}),
        ({"ref": "jobs.jobs.repor"}, set()),
        ({"job_type": "batch"}, {"Load 100%", "report"}),
        ({"job_type": ["batch", "interactive"]}, {"Load 100%", "report", "dashboard"}),
        ({"profile": "access"}, {"report", "dashboard"}),
        ({"pipeline_name": "demo_pipe"}, {"Load 100%"}),
        ({"trigger_kind": "schedule"}, {"Load 100%"}),
        ({"trigger_kind": ["job.success", "http"]}, {"report", "dashboard"}),
        ({"trigger_kind": "manual"}, {"Load 100%", "dashboard"}),
        ({"is_self_firing": "true"}, {"Load 100%", "report", "dashboard"}),
        ({"is_self_firing": "false"}, set()),
        ({"category": "dashboard"}, {"dashboard"}),
        ({"category": "pipeline"}, {"Load 100%"}),
        ({"exclude_category": "dashboard"}, {"Load 100%", "report"}),
        ({"tags": "ingest"}, {"Load 100%"}),
        ({"tags": "inges"}, set()),
        ({"is_archived": "true"}, set()),
        ({"is_paused": "false"}, {"Load 100%", "report", "dashboard"}),
        ({"status": "pending"}, {"Load 100%"}),
        ({"status": "failed"}, set()),
        ({"start": "2026-03-02T11:00:00", "end": "2026-03-02T13:00:00"}, {"Load 100%"}),
        ({"start": "2026-03-02T11:00:00", "end": "2026-03-02T12:00:00"}, set()),
        ({"start": "2026-03-02T12:30:00", "timezone": "Europe/Berlin"}, {"Load 100%"}),
        ({"start": "2026-03-02T13:30:00", "timezone": "Europe/Berlin"}, set()),
    ],
)
async def test_jobs_list_filters(stage: Stage, query: dict[str, Any], names: set[str]) -> None:
    ids = await _three_jobs(stage)
    await stage.trigger(ids["load"])

    answer = await stage.get("/jobs", **query)

    assert answer.status_code == 200, answer.text
    assert {item["name"] for item in answer.json()["items"]} == names
    assert answer.json()["total"] == len(names)


@pytest.mark.parametrize(
    "query",
    [
        {"timezone": "Mars/Olympus"},
        {"start": "2026-03-02T12:00:00Z"},
        {"start": "soon"},
        {"status": "sleeping"},
        {"trigger_kind": "tag"},
        {"sort": "name"},
        {"sort": "profile", "order": "asc"},
        {"limit": 0},
        {"limit": 1001},
        {"offset": 10001},
        {"cursor": "x", "offset": 5},
        {"cursor": "%%%"},
        {"recent_job_runs_limit": -1},
        {"timezone": "../../etc/passwd"},
        {"start": "0001-01-01T00:00:00", "timezone": "Asia/Tokyo"},
    ],
)
async def test_bad_list_parameters_are_refused(stage: Stage, query: dict) -> None:
    for path in ("/jobs", "/job-runs"):
        answer = await stage.get(path, **query)

        if path == "/job-runs" and "recent_job_runs_limit" in query:
            continue
        assert answer.status_code == 400, answer.text


async def test_jobs_come_newest_run_first_and_sort_as_asked(stage: Stage) -> None:
    ids = await stage.deployed(definition("a"), definition("b"), definition("c"))
    await stage.trigger(ids["b"])
    stage.clock.advance(seconds=1)
    await stage.trigger(ids["c"])

    async def names(**query: Any) -> list[str]:
        return [item["name"] for item in (await stage.get("/jobs", **query)).json()["items"]]

    assert await names() == ["c", "b", "a"]
    assert await names(sort="name", order="desc") == ["c", "b", "a"]
    assert await names(sort=["last_run_at", "name"], order=["asc", "asc"]) == ["b", "c", "a"]
    assert await names(sort="name", order="asc", limit=1, offset=1) == ["b"]


async def test_jobs_are_searched_and_sorted_by_the_name_that_is_shown(stage: Stage) -> None:
    await stage.deployed(
        definition("zeta"), definition("alpha"), definition("x", expose={"display_name": "Mélange É"}),
    )  # fmt: skip

    listed = (await stage.get("/jobs", sort="name", order="asc")).json()["items"]
    found = [(await stage.get("/jobs", q=words)).json()["total"] for words in ("MÉLANGE é", "É", "x")]

    assert [item["name"] for item in listed] == ["Mélange É", "alpha", "zeta"]
    assert found == [1, 1, 0]


async def test_cursor_walks_the_whole_list_without_gaps(stage: Stage) -> None:
    await stage.deployed(*(definition(f"job{number}") for number in range(7)))
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 3, "sort": "name", "order": "asc", **({"cursor": cursor} if cursor else {})}
        page = (await stage.get("/jobs", **query)).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [f"job{number}" for number in range(7)]


async def test_runs_list_filters(stage: Stage) -> None:
    ids = await _three_jobs(stage)
    first = (await stage.trigger(ids["load"]))["id"]
    await stage.poll()
    await stage.report(first, "running")
    stage.clock.advance(seconds=90)
    await stage.report(first, "completed")
    cases: list[tuple[dict, set[str]]] = [
        ({}, {"load", "report"}),
        ({"q": "load 100"}, {"load"}),
        ({"q": "demo_pipe"}, {"load"}),
        ({"q": "1"}, {"load", "report"}),
        ({"q": "2"}, set()),
        ({"q": "REPORT"}, {"report"}),
        ({"q": "jobs."}, set()),
        ({"status": "completed"}, {"load"}),
        ({"status": ["pending", "completed"]}, {"load", "report"}),
        ({"number": 1, "job_id": ids["load"]}, {"load"}),
        ({"previous_job_run_id": first}, {"report"}),
        ({"job_type": "interactive"}, set()),
        ({"category": "pipeline"}, {"load"}),
        ({"category": ["mcp", "dashboard"]}, set()),
        ({"exclude_category": "pipeline"}, {"report"}),
        ({"exclude_category": "mcp"}, {"load", "report"}),
        ({"trigger": "job.success:jobs.jobs.load"}, {"report"}),
        ({"trigger_kind": "job.success"}, {"report"}),
        ({"trigger_kind": "schedule"}, {"load"}),
        ({"triggered_by": stage.owner.membership_id}, {"load"}),
        ({"triggered_by": new_id()}, set()),
        ({"profile": "access"}, {"report"}),
        ({"min_duration_seconds": 90, "max_duration_seconds": 90}, {"load"}),
        ({"min_duration_seconds": 91}, set()),
        ({"start": "2026-03-02T12:01:00"}, {"report"}),
        ({"end": "2026-03-02T12:01:00"}, {"load"}),
    ]

    for query, names in cases:
        answer = await stage.get("/job-runs", **query)
        found = {item["job"]["job_ref"].rpartition(".")[2] for item in answer.json()["items"]}
        assert (answer.status_code, found) == (200, names), query


async def test_runs_say_why_they_need_a_look_and_are_found_by_it(stage: Stage) -> None:
    """Clients after 0.28.7 want the field; what a run says of itself and what the list finds are the same."""
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    ends: list[tuple[str, int, list[int | None]]] = [
        ("failed", 5 * 3600 + 1, [0]), ("completed", 5 * 3600 + 1, [0, None]), ("completed", 5 * 3600, [0, 1]),
        ("completed", 1, []), ("cancelled", 1, [0]),
    ]  # fmt: skip
    for status, seconds, loaded in ends:
        run = await stage.trigger(ids["load"])
        await stage.poll()
        await stage.report(run["id"], "running")
        stage.clock.advance(seconds=seconds)
        for rows in loaded:
            body = {"fence": 1, "pipeline_name": "p", "status": "succeeded", "total_rows": rows}
            assert (await stage.link("PUT", f"runs/{run['id']}/pipeline-runs/{new_id()}", body)).status_code == 200
        if status == "cancelled":
            await stage.post(f"/job-runs/{run['id']}/-cancel")
        await stage.report(run["id"], status)
    under_way = await stage.trigger(ids["load"])

    listed = (await stage.get("/job-runs", limit=10)).json()["items"]
    said = {item["number"]: item["attention_reasons"] for item in listed}
    assert said == {1: ["failed"], 2: ["empty_run", "long_running"], 3: [], 4: [], 5: [], 6: []}
    assert (await stage.run(under_way["id"]))["attention_reasons"] == []
    for wanted in (["failed"], ["empty_run"], ["long_running"], ["failed", "long_running"]):
        answer = await stage.get("/job-runs", attention_reason=wanted)
        found = {item["number"] for item in answer.json()["items"]}
        assert found == {number for number, reasons in said.items() if set(reasons) & set(wanted)}, wanted
    assert (await stage.get("/job-runs", attention_reason="bored")).status_code == 400


async def test_runs_sort_as_asked_and_come_newest_first(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    for seconds in (30, 10, 20):
        run = await stage.trigger(ids["load"])
        await stage.poll()
        await stage.report(run["id"], "running")
        stage.clock.advance(seconds=seconds)
        await stage.report(run["id"], "completed")

    async def numbers(**query: Any) -> list[int]:
        return [item["number"] for item in (await stage.get("/job-runs", **query)).json()["items"]]

    assert await numbers() == [3, 2, 1]
    assert await numbers(sort="duration_seconds", order="asc") == [2, 3, 1]
    assert await numbers(sort="number", order="asc") == [1, 2, 3]


async def test_system_runs_are_hidden_unless_asked_for(stage: Stage) -> None:
    from planes.domain.identifiers import JobId
    from planes.storage.control.jobs import change_job

    ids = await stage.deployed(definition("load"))
    async with stage.parts.database.transaction() as connection:
        await change_job(connection, JobId(ids["load"]), is_system=True)
    await stage.trigger(ids["load"])

    assert await stage.runs() == []
    assert len(await stage.runs(include_system_job_runs="true")) == 1
    assert len(await stage.runs(job_id=ids["load"])) == 1


async def test_job_shows_latest_and_recent_runs_when_asked(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    run = [await stage.trigger(ids["load"]) for _ in range(3)][-1]
    await stage.poll()
    body = {"fence": 1, "pipeline_name": "p", "status": "succeeded", "total_rows": 5}
    for _ in range(2):
        await stage.link("PUT", f"runs/{run['id']}/pipeline-runs/{new_id()}", body)

    plain = (await stage.get(f"/jobs/{ids['load']}")).json()
    detailed = (await stage.get(f"/jobs/{ids['load']}", recent_job_runs_limit=2)).json()
    all_of_them = (await stage.get(f"/jobs/{ids['load']}", recent_job_runs_limit=4)).json()
    none_of_them = (await stage.get(f"/jobs/{ids['load']}", recent_job_runs_limit=0)).json()

    assert (plain["recent_job_runs"], plain["downstream_job_runs"]) == (None, None)
    assert plain["latest_job_run"]["number"] == 3
    assert len(plain["latest_job_run"]["pipeline_run_summaries"]) == 2
    assert [item["rows_loaded"] for item in detailed["recent_job_runs"]] == [10, None]
    assert [item["rows_loaded"] for item in all_of_them["recent_job_runs"]] == [10, None, None]
    assert none_of_them["recent_job_runs"] == []
    assert plain["current_version"]["id"] == plain["latest_job_run"]["job_version_id"]


async def test_rows_are_summed_over_the_runs_since_a_moment(stage: Stage) -> None:
    from planes.domain.identifiers import JobId
    from planes.storage.control.jobs import change_job

    ids = await stage.deployed(definition("load", execute={"concurrency": None}), definition("inner"))
    async with stage.parts.database.transaction() as connection:
        await change_job(connection, JobId(ids["inner"]), is_system=True)
    runs = [await stage.trigger(ids["load"])]
    stage.clock.advance(minutes=1)
    since = stage.clock.now().isoformat()
    runs += [await stage.trigger(ids[name]) for name in ("load", "load", "inner")]
    await stage.poll()
    body = {"fence": 1, "pipeline_name": "p", "status": "succeeded"}
    for run, rows in zip(runs, (1, 20, 300, 4000), strict=True):
        for total in (rows, None):
            path = f"runs/{run['id']}/pipeline-runs/{new_id()}"
            assert (await stage.link("PUT", path, {**body, "total_rows": total})).status_code == 200

    async def rows_since(moment: str) -> Any:
        return await stage.client.get(
            f"/own/v1/workspaces/{stage.workspace_id}/rows-loaded",
            params={"since": moment}, headers=stage.owner.headers,
        )  # fmt: skip

    assert (await rows_since(since)).json() == {"rows": 320}
    assert (await rows_since("2020-01-01T00:00:00Z")).json() == {"rows": 321}
    assert (await rows_since("2100-01-01T00:00:00Z")).json() == {"rows": 0}
    assert (await rows_since("2026-01-01T00:00:00")).status_code == 400
    assert (await stage.own("/rows-loaded")).json() == {"rows": 321}


async def test_total_counts_no_further_than_lists_reach(stage: Stage) -> None:
    from planes.storage.control.rows import count_up_to_ceiling
    from planes.storage.control.runs import runs

    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])
    async with stage.parts.database.transaction() as connection:
        from sqlalchemy import insert, select

        row = dict((await connection.execute(select(runs).where(runs.c.id == run["id"]))).mappings().one())
        many = [{**row, "id": new_id(), "number": number, "status": "completed"} for number in range(2, 10_052)]
        await connection.execute(insert(runs), many)
        assert await count_up_to_ceiling(connection, select(runs.c.id)) == 10_001

    page = (await stage.get("/job-runs", limit=10, offset=10_000)).json()

    rest = (await stage.get("/job-runs", limit=100, cursor=page["next_cursor"])).json()

    assert (page["total"], len(page["items"])) == (10_001, 10)
    assert (rest["total"], rest["offset"], len(rest["items"]), rest["next_cursor"]) == (10_001, 10_010, 41, None)


async def test_members_of_other_workspaces_see_nothing(stage: Stage) -> None:
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])
    stranger = await stage.person(None)
    viewer = await stage.person(WorkspaceRole.VIEWER)

    for path in ("/jobs", f"/jobs/{ids['load']}", "/job-runs", f"/job-runs/{run['id']}", "/deployments/latest"):
        assert (await stage.get(path, by=stranger)).status_code == 404
        assert (await stage.get(path, by=viewer)).status_code == 200
    for path in (f"/job-runs/{run['id']}/-cancel", f"/jobs/{ids['load']}/-pause", "/deployments/-issue-upload"):
        assert (await stage.post(path, by=stranger)).status_code == 404
        assert (await stage.post(path, by=viewer)).status_code == 403


async def test_ids_of_another_workspace_are_not_found(stage: Stage) -> None:
    from planes.domain.identifiers import new_id as make_id
    from planes.storage.control.workspaces import WorkspaceToAdd, add_workspace

    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])
    other = make_id()
    async with stage.parts.database.transaction() as connection:
        await add_workspace(
            connection,
            WorkspaceToAdd(
                id=other, organization_id=stage.organization_id, name="other", description=None, is_playground=False,
                now=stage.clock.now(),
            ),
        )  # fmt: skip
    latest = (await stage.get("/deployments/latest")).json()["id"]
    stage.workspace_id = other

    paths = (f"/jobs/{ids['load']}", f"/job-runs/{run['id']}", f"/deployments/{latest}", "/deployments/latest")
    codes = [(await stage.get(path)).status_code for path in paths]
    cancelled = await stage.post("/job-runs/-cancel", {"job_run_ids": [run["id"]]})
    triggered = await stage.post("/jobs/-trigger", {"job_ids": [ids["load"]]})

    assert codes == [404] * 4
    assert [item["ref"] for item in cancelled.json()["failed"]] == [run["id"]]
    assert triggered.status_code == 404


async def test_published_job_has_a_secret_that_each_publish_replaces(stage: Stage) -> None:
    await stage.upload()
    await stage.deploy(DASHBOARD, definition("load"))
    ids = await stage.job_ids()

    first = (await stage.post(f"/jobs/{ids['dashboard']}/-publish")).json()
    second = (await stage.post(f"/jobs/{ids['dashboard']}/-publish")).json()
    ended = (await stage.post(f"/jobs/{ids['dashboard']}/-unpublish")).json()
    batch = await stage.post(f"/jobs/{ids['load']}/-publish")

    assert first["public_url"].endswith(first["public_secret"])
    assert first["public_secret"] != second["public_secret"]
    assert (ended["public_url"], ended["public_secret"]) == (None, None)
    assert batch.status_code == 400


async def test_history_of_a_long_job_stays_quick(stage: Stage) -> None:
    """A page of runs takes a fixed number of queries, however long the history is."""
    ids = await stage.deployed(*(definition(f"job{number}", execute={"concurrency": None}) for number in range(5)))
    for job_id in ids.values():
        for _ in range(4):
            await stage.trigger(job_id)
    statements: list[str] = []
    from sqlalchemy import event

    engine = stage.parts.database._engine.sync_engine

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        await stage.get("/job-runs", limit=2)
        small = len(statements)
        statements.clear()
        await stage.get("/job-runs", limit=20)
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert len(statements) == small


@pytest.mark.parametrize("key", ["q", "ref", "tags", "profile", "pipeline_name", "trigger"])
async def test_text_that_no_database_can_look_for_is_refused(stage: Stage, key: str) -> None:
    for path in ("/jobs", "/job-runs"):
        query: dict[str, Any] = {key: "a\x00b"}
        answer = await stage.get(path, **query)

        assert answer.status_code in {200, 400}, answer.text
    assert (await stage.get("/deployments/a%00b")).status_code == 400


async def _plans(stage: Stage, path: str, is_wanted: Callable[[str], bool], **query: Any) -> list[str]:
    """How SQLite finds what the wanted statements of an answer ask for."""
    asked: list[tuple[str, Any]] = []
    engine = stage.parts.database._engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:
        if is_wanted(statement):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        await stage.get(path, **query)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    plans: list[str] = []
    async with stage.parts.database.reading() as connection:
        for statement, parameters in asked:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append(" | ".join(str(row[-1]) for row in rows))
    return plans


async def test_pages_of_runs_are_found_by_the_index_alone(stage: Stage) -> None:
    """At any offset: the ids of a page and the total need neither the rows before it nor a sort (SQLite's plan)."""
    if stage.parts.database.dialect != "sqlite":
        pytest.skip("the plan is SQLite's")
    ids = await stage.deployed(definition("load"))
    await stage.trigger(ids["load"])

    def is_of_a_page(statement: str) -> bool:
        return "FROM runs" in statement and ("count(" in statement or "OFFSET" in statement)

    plans = await _plans(stage, "/job-runs", is_of_a_page, limit=100, offset=9900)

    assert len(plans) == 2
    assert all("COVERING INDEX ix_runs_" in plan for plan in plans), plans
    assert "COVERING INDEX ix_runs_listed" in plans[1], plans
    assert "ORDER BY" not in plans[0], plans
    assert plans[1].count("ORDER BY") <= 1, plans


async def test_recent_runs_of_a_job_are_found_without_a_look_at_the_others(stage: Stage) -> None:
    if stage.parts.database.dialect != "sqlite":
        pytest.skip("the plan is SQLite's")
    ids = await stage.deployed(definition("load"))
    await stage.trigger(ids["load"])

    plans = await _plans(stage, "/jobs", lambda statement: "coalesce((SELECT" in statement, recent_job_runs_limit=10)

    assert len(plans) == 1
    assert "SEARCH runs USING INDEX uq_runs_job_id_number (job_id=? AND number>?)" in plans[0], plans
    assert "COVERING INDEX uq_runs_job_id_number (job_id=?)" in plans[0], plans
