"""Cursors of the lists: places, not offsets; each for the one list that gave it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from tests.fakes.control_stage import Stage, definition

from planes.domain.identifiers import new_id
from planes.storage.control.run_lists import RUN_SORT_KEYS
from planes.storage.control.runs import runs
from planes.tokens.keys import SigningKey
from planes.tokens.opaque import derive_key

pytestmark = pytest.mark.anyio


async def _many_runs(stage: Stage, count: int) -> list[str]:
    """Runs of one job: some ended, some never began, some of one moment."""
    ids = await stage.deployed(definition("load"))
    run = await stage.trigger(ids["load"])
    async with stage.parts.database.transaction() as connection:
        row = dict((await connection.execute(select(runs).where(runs.c.id == run["id"]))).mappings().one())
        rows = [_run(stage, row, number) for number in range(2, count + 1)]
        await connection.execute(insert(runs), rows)
    return [run["id"], *(row["id"] for row in rows)]


def _run(stage: Stage, row: dict[str, Any], number: int) -> dict[str, Any]:
    from datetime import timedelta

    at = row["created_at"] + timedelta(seconds=number // 3)
    ended = None if number % 4 == 0 else at + timedelta(seconds=number % 5)
    return {
        **row, "id": new_id(), "number": number, "created_at": at, "started_at": ended and at, "finished_at": ended,
        "status": "completed" if ended else "pending", "duration_seconds": ended and float(number % 5),
    }  # fmt: skip


async def _add(stage: Stage, number: int) -> None:
    async with stage.parts.database.transaction() as connection:
        row = dict((await connection.execute(select(runs).limit(1))).mappings().one())
        await connection.execute(insert(runs).values(_run(stage, row, number)))


async def _remove(stage: Stage, run_id: str) -> None:
    async with stage.parts.database.transaction() as connection:
        await connection.execute(delete(runs).where(runs.c.id == run_id))


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", [None, *RUN_SORT_KEYS])
async def test_runs_that_come_and_go_between_pages_move_no_other(stage: Stage, sort: str | None, order: str) -> None:
    there = set(await _many_runs(stage, 40))
    query: dict[str, Any] = {"limit": 7} if sort is None else {"limit": 7, "sort": sort, "order": order}
    seen: list[str] = []
    gone: set[str] = set()
    cursor = None
    while True:
        page = (await stage.get("/job-runs", **query, **({"cursor": cursor} if cursor else {}))).json()
        assert page["offset"] == len(seen)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        # The newest, so in front of the list; and the last one of the page, by which the cursor goes on.
        await _add(stage, 1000 + len(seen))
        await _remove(stage, seen[-1])
        gone.add(seen[-1])

    assert len(seen) == len(set(seen))
    assert there <= set(seen)


async def test_a_cursor_is_of_one_list_with_its_filters_and_order(stage: Stage) -> None:
    await _many_runs(stage, 12)
    cursor = (await stage.get("/job-runs", limit=3, status="completed", timezone="UTC")).json()["next_cursor"]

    others: list[tuple[str, dict[str, Any]]] = [
        ("/job-runs", {}),
        ("/job-runs", {"status": "pending", "timezone": "UTC"}),
        ("/job-runs", {"status": ["completed", "pending"], "timezone": "UTC"}),
        ("/job-runs", {"status": "completed", "timezone": "UTC", "sort": "number", "order": "asc"}),
        ("/jobs", {"status": "completed", "timezone": "UTC"}),
    ]
    for path, query in others:
        answer = await stage.get(path, cursor=cursor, **query)

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    other = await stage.get("/job-runs", cursor=cursor, status="completed", timezone="UTC", limit=100)
    assert (other.status_code, other.json()["offset"], other.json()["next_cursor"]) == (200, 3, None)


async def test_a_cursor_of_another_workspace_is_refused(stage: Stage) -> None:
    await _many_runs(stage, 12)
    cursor = (await stage.get("/job-runs", limit=3)).json()["next_cursor"]
    headers = stage.owner.headers
    path = f"/api/v1/organizations/{stage.organization_id}/workspaces"
    created = await stage.client.post(path, json={"name": "other", "description": None}, headers=headers)

    path = f"/api/v1/workspaces/{created.json()['id']}/job-runs"
    answer = await stage.client.get(path, params={"cursor": cursor}, headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize("position", [0, 10, 22, 30, -1])
async def test_a_changed_cursor_is_refused(stage: Stage, position: int) -> None:
    await _many_runs(stage, 12)
    cursor = (await stage.get("/job-runs", limit=3)).json()["next_cursor"]
    letter = "A" if cursor[position] != "A" else "Q"
    changed = f"{cursor[:position]}{letter}{cursor[position:][1:]}"

    for text in (changed, cursor + cursor, cursor[:20], "", "é", "=" * 40):
        assert (await stage.get("/job-runs", limit=3, cursor=text)).status_code == 400
    assert (await stage.get("/job-runs", limit=3, cursor=cursor)).status_code == 200


async def test_a_cursor_outlives_a_restart(stage: Stage) -> None:
    again = SigningKey.load_or_create(stage.parts.owner_key_file.parent / "signing.key")

    assert derive_key(again, "cursors") == stage.plane.app.state.cursor_key


async def test_jobs_and_versions_are_walked_by_their_place(stage: Stage) -> None:
    await stage.deployed(*(definition(f"job{number}") for number in range(9)))
    for _ in range(5):
        await stage.upload()
    pages: dict[str, dict[str, Any]] = {
        "/jobs": {"sort": "name", "order": "asc"},
        "/deployments": {},
        "/configurations": {"sort": "created_at", "order": "asc"},
    }
    for path, query in pages.items():
        whole = [item["id"] for item in (await stage.get(path, **query)).json()["items"]]
        seen: list[str] = []
        cursor = None
        while True:
            page = (await stage.get(path, limit=2, **query, **({"cursor": cursor} if cursor else {}))).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
            if path == "/deployments":
                await stage.upload()

        assert seen == whole


async def test_a_page_by_duration_reads_no_more_than_itself(stage: Stage) -> None:
    """The order is in an index: nothing is sorted."""
    from sqlalchemy import event

    await _many_runs(stage, 12)
    async with stage.parts.database.transaction() as connection:
        await connection.execute(update(runs).where(runs.c.status == "completed").values(duration_seconds=2.0))
    if stage.parts.database._engine.dialect.name != "sqlite":
        pytest.skip("the plan is read of SQLite")
    asked: list[tuple[str, Any]] = []
    engine = stage.parts.database._engine.sync_engine

    def note(*arguments: Any) -> None:
        asked.append((str(arguments[2]), arguments[3]))

    event.listen(engine, "before_cursor_execute", note)
    await stage.get("/job-runs", sort="duration_seconds", order="desc", offset=5)
    event.remove(engine, "before_cursor_execute", note)
    statement, values = next((each, of) for each, of in asked if "ORDER BY runs.duration_seconds" in each)
    async with stage.parts.database.reading() as connection:
        plan = await connection.exec_driver_sql(f"explain query plan {statement}", values)
        steps = [str(row[-1]) for row in plan]

    assert any("ix_runs_by_duration" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
