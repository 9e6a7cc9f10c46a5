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

        while "❯ ✗ failed     1020" not in stage.text:
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
    async with open_app(size=(120, 30)) as stage:
        await stage.press(*JOB)
        await stage.until("entry_point")
        assert "v shows all" in stage.text
        assert " 1032 " in stage.text
        assert next(row for row in stage.text.splitlines() if "Definition" in row).startswith("─ History")
        await stage.pilot.resize_terminal(100, 30)
        await until(stage.pilot, lambda: "entry_point" not in stage.text, "facts alone")


def add_jobs_around(stage: Any) -> None:
    """orders_daily starts a mail, stock_levels waits for two."""
    workspace = next(each for each in stage.installation.workspaces if each["name"] == "fruitshop")
    mail = next(job for job in stage.installation.jobs if job["job_ref"] == "jobs.report.morning_mail")
    mail["job_definition"]["triggers"] = ["job.success:jobs.transform.orders_daily"]
    stock = stage.installation.add_job(workspace, "jobs.transform.stock_levels", ["every:1h"])
    fresh = [f"job.is_fresh:jobs.ingest.{name}" for name in ("load_orders", "load_returns")]
    stock["freshness"] = fresh


async def test_a_definition_says_what_each_version_before_it_changed(open_app: Any) -> None:
    async with open_app(size=(80, 60)) as stage:
        await stage.press(*JOB, "v")
        await stage.until("Version 4, 2 days ago")

        assert "- execute.timeout: 60" in stage.text
        assert "Version 3, 13 Feb, older ones are not listed" in stage.text


async def test_jobs_around_are_walked_and_opened_by_key(open_app: Any) -> None:
    async with open_app() as stage:
        add_jobs_around(stage)
        await stage.press("ctrl+r", *JOB)
        await stage.until("load_orders ─┬─› transform.orders_daily ─› report.morning_mail")
        assert "             └┄› transform.stock_levels ‹┄ ingest.load_returns" in stage.text
        await stage.press("tab")
        await stage.until("─›❯transform.orders_daily")
        assert stage.text.count("❯") == 1, "the history's cursor is away"
        assert "enter open job" in stage.text

        await stage.press("j", "j", "k", "j", "down")
        await stage.until("‹┄❯ingest.load_returns")
        await stage.press("enter")
        await stage.until("Jobs › ingest.load_returns")
        await stage.press("escape")
        await stage.until("Jobs › ingest.load_orders")
        await stage.press("g", "enter")
        await stage.until("Jobs › transform.orders_daily")
        await stage.press("escape", "tab")
        await stage.until("❯ ◉ running")
        assert "enter open run" in stage.text


async def test_a_job_alone_says_that_nothing_is_around_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "j", "enter")
        await stage.until("Jobs › ingest.load_customers")
        await stage.press("tab")

        await stage.until("Nothing is around it")
        assert "❯ ✓ completed" in stage.text


async def test_code_that_is_run_is_named_by_its_deployment(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*JOB)

        await stage.until("version 4 of 4, deployment 12")


async def test_a_job_that_is_archived_is_offered_to_be_brought_back(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*JOB)
        await stage.until("Jobs › ingest.load_orders")
        load = next(job for job in stage.installation.jobs if job["job_ref"] == "jobs.ingest.load_orders")
        load["is_archived"] = True
        await stage.press("ctrl+r")
        await stage.until("⊟ archived")
        assert "D bring back" in stage.text
        await stage.press("D")

        await stage.until("ingest.load_orders is back.")
        assert "D bring back" not in stage.text
