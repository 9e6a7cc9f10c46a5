"""Two runs' logs beside each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.installation import NOW

from dlthub_tui.screens.logs.compare import CompareScreen
from dlthub_tui.screens.work.run import RunScreen
from dlthub_tui.widgets.compare_view import CompareView

pytestmark = [pytest.mark.anyio]
COMPARE = ("tab", "down", "enter", "2", "j", "j", "enter", "equals_sign")


def fill_good(stage: Any, pages: int = 50, *, ends: bool = True) -> None:
    """The log of the last good run: as the failed one's up to its page 50, then a load."""
    log = stage.installation.log_of(stage.installation.runs[2])
    for number in range(1, pages + 1):
        log.add(f"GET /orders?page={number} 200", at=NOW - timedelta(hours=1))
    log.add("Load done in 3 s", at=NOW - timedelta(hours=1))
    if ends:
        log.add("user process ended with 0 after 41 s", source="runner", at=NOW - timedelta(hours=1))


@asynccontextmanager
async def compared(open_app: Any, size: tuple[int, int] = (80, 24), pages: int = 50) -> AsyncGenerator[Any]:
    """The failed run beside the last good one."""
    async with open_app(size=size) as stage:
        fill_good(stage, pages)
        await stage.press(*COMPARE)
        await stage.until("1040 beside 1039")
        await stage.until("difference 1 of")
        yield stage


def pane(stage: Any) -> CompareView:
    """The pane that is up."""
    assert isinstance(stage.app.screen, CompareScreen)
    return stage.app.screen.pane


async def test_what_is_new_and_what_is_missing_is_marked(open_app: Any) -> None:
    async with compared(open_app) as stage:
        rows = stage.text.splitlines()

        assert any(row.startswith(" 51 -") and "Load done in 3 s" in row for row in rows)
        assert any(row.startswith(" 60 +!Traceback") for row in rows)
        assert any("47 lines alike" in row for row in rows)
        assert "- 1039 completed" in rows[1]
        assert "+ 1040 failed" in rows[1]
        assert "difference 1 of 1" in rows[2]
        await stage.press("g")
        assert "1 difference, 12 lines only in 1040, 1 line only in 1039" in stage.text


async def test_wide_both_stand_beside_each_other(open_app: Any) -> None:
    async with compared(open_app, (120, 40)) as stage:
        row = next(row for row in stage.text.splitlines() if "Load done" in row)

        assert row.index("Load done") < 60
        assert "page=51" in row[60:]


async def test_all_lines_are_shown_and_moved_through(open_app: Any) -> None:
    async with compared(open_app) as stage:
        await stage.press("v")
        assert "All lines are shown." in stage.text
        assert pane(stage).alignment.places == 50 + 1 + 12 + 1
        await stage.press("g")
        assert "GET /orders?page=1 200" in stage.text
        await stage.press("G")
        assert "user process ended with 1" in stage.text
        await stage.press("g", "n")
        assert "difference 1 of" in stage.text
        await stage.press("G")
        await stage.press("N")

        assert "difference 1 of" in stage.text


async def test_the_line_is_opened_in_its_log(open_app: Any) -> None:
    async with compared(open_app) as stage:
        await stage.press("j", "j", "j", "enter")
        await stage.until("line 53 of 63")

        assert isinstance(stage.app.screen, RunScreen)
        await stage.press("escape", "escape")
        assert isinstance(stage.app.screen, CompareScreen)


async def test_another_run_is_chosen_by_its_number(open_app: Any) -> None:
    async with compared(open_app) as stage:
        other = stage.installation.log_of(stage.installation.runs[3])
        other.add("nothing alike")
        await stage.press("equals_sign", *"1038", "enter")
        await stage.until("1040 beside 1038")
        await stage.until("nothing alike")
        await stage.press("equals_sign", *"9", "enter")

        await stage.until("has no run 9 beside it")


async def test_a_line_is_copied_with_its_sign(open_app: Any) -> None:
    async with compared(open_app) as stage:
        await stage.press("c")

        assert stage.app.clipboard == "- Load done in 3 s"


async def test_ranges_are_fetched_of_long_logs(open_app: Any) -> None:
    async with open_app() as stage:
        fill_good(stage, 5_000, ends=False)
        failed = stage.installation.log_of(stage.installation.runs[1])
        for number in range(5_000):
            failed.add(f"GET /orders?page={number} 200" if number % 1_000 else f"odd one {'abcde'[number // 1_000]}")
        await stage.press(*COMPARE)
        await stage.until("difference 1 of")
        for _ in range(4):
            await stage.press("n")
        await stage.until("odd one e")

        assert len(pane(stage).ours) <= 6_400


async def test_a_log_that_was_removed_is_said(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*COMPARE)

        await stage.until("its log was removed")


async def test_a_job_with_one_run_has_nothing_beside_it(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.runs[:] = [run for run in stage.installation.runs if run["number"] in {1040, 7}]
        await stage.press("tab", "down", "enter", "2", "slash", *"load_orders", "enter", "enter", "equals_sign")

        await stage.until("This job has no other run to compare with.")


async def test_damaged_lines_are_shown_as_such_and_are_no_difference(open_app: Any) -> None:
    async with open_app() as stage:
        fill_good(stage)
        failed = stage.installation.log_of(stage.installation.runs[1])
        failed.damage = [(20, 32)]
        await stage.press(*COMPARE)
        await stage.until("difference 1 of 1")
        await stage.press("g")
        await stage.until("12 lines lost in 1040")
        await stage.press("v")
        pane(stage).go_to_place(pane(stage).alignment.place_of(20))
        await stage.until("12 lines are damaged")
        row = next(row for row in stage.text.splitlines() if "12 lines are damaged" in row)

        assert row.startswith(" 21 ?")


async def test_both_logs_are_searched_and_hits_gone_to(open_app: Any) -> None:
    async with compared(open_app) as stage:
        await stage.press("slash")
        await stage.type("LOAD DONE")
        await stage.press("enter")
        await stage.until("/LOAD DONE   1 line in both logs")
        assert pane(stage).text() == "- Load done in 3 s"
        await stage.press("n")
        await stage.until("No match below, 1 in all.")
        assert "n next match" in stage.text
        await stage.press("escape")
        assert "n next difference" in stage.text

        assert isinstance(stage.app.screen, CompareScreen)


async def test_a_hit_among_folded_lines_shows_all_lines(open_app: Any) -> None:
    async with compared(open_app) as stage:
        await stage.press("slash")
        await stage.type("page=20 ")
        await stage.press("enter")
        await stage.until("2 lines in both logs")

        assert not pane(stage).alignment.is_folded
        assert "page=20 " in pane(stage).text()
        await stage.press("slash", "ctrl+u")
        await stage.type("nowhere")
        await stage.press("enter")
        await stage.until('No "nowhere" in either log.')
