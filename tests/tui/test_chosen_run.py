"""What Runs show of the run under the cursor, and figures that hold where not all runs are listed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.installation import identifier

pytestmark = [pytest.mark.anyio]

RUNS = ("tab", "down", "enter", "2")


async def test_strip_of_a_failed_run_says_its_last_exception(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*RUNS, "j", "j")

        await stage.until("   KeyError: 'customer_id'")


async def test_log_of_the_chosen_run_is_followed_where_there_is_room(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*RUNS)
        await stage.until("following, 125 lines")
        stage.portal.call(stage.installation.grow, stage.installation.runs[0], "Load to duckdb: 2/3 tables")

        await stage.until("Load to duckdb: 2/3 tables")
        await stage.until("following, 126 lines")

        await stage.press("j", "j")
        await stage.until("user process ended with 1 after 48 s")
        assert "Load to duckdb" not in stage.text, "the log is the chosen run's"


async def test_states_are_counted_over_all_runs_not_over_those_that_are_listed(open_app: Any) -> None:
    async with open_app() as stage:
        job = stage.installation.jobs[0]
        for number in range(300):
            stage.installation.add_run(job, 2000 + number, "failed", ago=3600 + number, took=5)
        await stage.press(*RUNS)

        await stage.until("302 failed today")
        await stage.until("200 shown of 317")


async def test_who_started_a_run_and_which_deployment_it_runs_is_named(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        ben = identifier("membership/ben@orchard.example")
        stage.installation.runs[0].update(trigger="manual:jobs.ingest.load_orders", triggered_by=ben)
        await stage.press(*RUNS)

        await stage.until("by ben, prod, deployment 12, configuration 7")
        row = next(text for text in stage.text.splitlines() if " 1041 " in text and "running" in text)
        assert "by ben" in row
        assert row.split()[-1] == "12"
