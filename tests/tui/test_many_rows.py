"""Lists that are longer than a screen: what is shown of them first, and what need not be waited for."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from textual._compositor import Compositor

pytestmark = [pytest.mark.anyio]

JOBS = ("tab", "down", "enter")


def _add_jobs(installation: Any, count: int) -> None:
    for number in range(count):
        installation.add_job(installation.workspaces[0], f"jobs.w.table_{number:04}", ["every:1h"])


async def test_first_jobs_are_there_before_the_rest(open_app: Any) -> None:
    async with open_app() as stage:
        _add_jobs(stage.installation, 150)
        held = stage.installation.held["offset=48"] = stage.portal.call(anyio.Event)
        await stage.pilot.press(*JOBS)

        await stage.until("47 shown of 160")
        assert "Loading 112 more jobs…" in stage.text
        assert "ingest.load_orders " in stage.text
        assert "failed last" not in stage.text, "nothing is counted before all are there"
        assert "Then:" not in stage.text, "who follows a job is not known before all are there"

        stage.portal.call(held.set)
        await stage.until("159 shown of 160")
        await stage.until("failed last")
        await stage.until("Then: transform.orders_daily")


async def test_row_that_was_left_is_not_moved_by_the_first_jobs(open_app: Any) -> None:
    async with open_app() as stage:
        _add_jobs(stage.installation, 150)
        await stage.press(*JOBS, "G", "k", "k")
        await stage.until("❯ - w.table_0147")
        rows_before = [line.split()[:3] for line in stage.text.splitlines() if " w.table_" in line]
        await stage.press("2")
        held = stage.installation.held["offset=48"] = stage.portal.call(anyio.Event)
        await stage.pilot.press("1")
        await stage.until("Loading jobs…")
        assert "load_orders" not in stage.text
        stage.app.context.poll_seconds = 600.0
        stage.app.screen._asked_at -= 60  # however slow this machine is, minutes are said
        stage.app.screen._tick()
        await stage.until("Loading jobs… 1 min")

        stage.portal.call(held.set)
        await stage.until("❯ - w.table_0147")
        rows = [line.split()[:3] for line in stage.text.splitlines() if " w.table_" in line]
        assert rows == rows_before, "scrolled as it was left"


async def test_job_opens_without_asking_for_all_jobs_and_asks_for_them_then(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*JOBS)
        held = stage.installation.held["recent_job_runs_limit=0"] = stage.portal.call(anyio.Event)
        await stage.pilot.press("enter")

        await stage.until("load_orders ─")
        stage.installation.add_job(
            stage.installation.workspaces[0], "jobs.late.comer", ["job.success:jobs.ingest.load_orders"]
        )
        stage.portal.call(held.set)
        await stage.until("late.comer")


async def test_runs_are_there_before_all_of_them_are_counted(open_app: Any) -> None:
    async with open_app() as stage:
        for number in range(300):
            stage.installation.add_run(stage.installation.jobs[0], 2000 + number, "failed", ago=3600 + number, took=5)
        held = stage.installation.held["status="] = stage.portal.call(anyio.Event)
        await stage.pilot.press(*JOBS, "2")

        await stage.until("200 shown of 317")
        assert "failed today" not in stage.text

        stage.portal.call(held.set)
        await stage.until("302 failed today")


async def test_nothing_is_drawn_before_the_rows_of_another_place_are_there(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the screen is turned the library draws what it does not send."""
    async with open_app() as stage:
        drawn: list[bool] = []
        render = Compositor.render_update

        def rendered(compositor: Compositor, *given: Any, **more: Any) -> Any:
            drawn.append(stage.app._batch_count == 0)
            return render(compositor, *given, **more)

        monkeypatch.setattr(Compositor, "render_update", rendered)
        await stage.press(*JOBS, "2", "3", "enter", "escape")

        assert drawn
        assert all(drawn)
