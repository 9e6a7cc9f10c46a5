"""A job's page: why runs failed and what was masked in them, from their region; its definition where there is room."""

from __future__ import annotations

from typing import Any

import pytest
from tests.tui.waiting import until

pytestmark = [pytest.mark.anyio]

JOB = ("tab", "down", "enter", "enter")


def row_of(stage: Any, number: int) -> str:
    return next(row for row in stage.text.splitlines() if f" {number} " in row)


def logs_read(stage: Any) -> int:
    return sum(path.endswith("/lines") for _, path, _ in stage.installation.requests)


async def test_history_says_what_was_masked_and_why_the_newest_failure_was(open_app: Any) -> None:
    async with open_app() as stage:
        load = next(job for job in stage.installation.jobs if job["job_ref"] == "jobs.ingest.load_orders")
        stage.installation.add_run(load, 1020, "failed", ago=20_000, took=5)
        runs = {run["number"]: run["id"] for run in stage.installation.runs}
        stage.installation.masked = {runs[1040]: {"TOKEN": 2, "url": 1}}
        await stage.press(*JOB)
        await stage.until("KeyError: ")
        assert "▚3" in row_of(stage, 1040)
        assert "typical is 41 s" in row_of(stage, 1041)
        assert logs_read(stage) == 1, "each is an entry of the region's audit log"

        while "❯ ✗ failed      1020" not in stage.text:
            await stage.press("down")
        await until(stage.pilot, lambda: logs_read(stage) == 2, "the second log")


async def test_a_region_that_does_not_say_is_not_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/lines"] = (503, {"detail": "stopping", "code": "unavailable"})
        stage.installation.refusals["/hits/-by-run"] = (503, {"detail": "stopping", "code": "unavailable"})
        await stage.press(*JOB)
        await until(stage.pilot, lambda: row_of(stage, 1040).count("?") == 2, "marks")

        stage.installation.refusals.clear()
        await stage.press("ctrl+r")
        await stage.until("KeyError: ")


async def test_definition_stands_beside_the_facts_where_there_is_room(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*JOB)
        await stage.until("entry_point")
        assert "v shows all" in stage.text
        assert " 1032 " in stage.text
        await stage.pilot.resize_terminal(100, 40)
        await until(stage.pilot, lambda: "entry_point" not in stage.text, "facts alone")
