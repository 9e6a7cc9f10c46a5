"""What the mouse selects, and what is marked, is copied by ctrl+c; without either it asks to leave, as ever."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.installation import Installation
from tests.tui.conftest import Stage
from tests.tui.waiting import settle, until
from textual import events

from dlthub_tui.screens.leaving import LeaveSheet
from dlthub_tui.screens.places.listing import ListScreen

pytestmark = [pytest.mark.anyio]

OPEN_RUN = ("tab", "down", "enter", "2", "enter")


async def drag(stage: Stage, begin: tuple[int, int], end: tuple[int, int]) -> None:
    """From one cell of the screen to another."""
    await stage.pilot.mouse_down(offset=begin)
    await stage.pilot.hover(offset=end)
    await stage.pilot.mouse_up(offset=end)
    await settle(stage.pilot)


def cell_of(stage: Stage, words: str) -> tuple[int, int]:
    """Where words begin on the screen."""
    for y, row in enumerate(stage.text.splitlines()):
        if words in row:
            return row.index(words), y
    raise AssertionError(f"{words} is not shown\n{stage.text}")


async def test_what_the_mouse_selects_is_copied_and_said(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        x, y = cell_of(stage, "retry header")
        await drag(stage, (x, y), (x + len("retry header") - 1, y))
        await stage.press("ctrl+c")

        assert stage.app.clipboard == "retry header"
        assert "Copied what was selected: 1 row." in stage.text
        assert not stage.app.screen.selections

        await stage.press("ctrl+c")
        assert "ctrl+c again asks whether to leave." in stage.text


async def test_rows_of_several_panes_are_copied_as_they_stand(open_app: Any) -> None:
    async with open_app() as stage:
        shown = stage.text.splitlines()
        await drag(stage, (0, 0), (40, 5))
        await stage.press("ctrl+c")

        assert stage.app.clipboard.splitlines() == [*shown[:5], shown[5][:40]]


async def test_selecting_in_a_list_opens_nothing_and_another_key_ends_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter")
        await stage.until("[1 Jobs]")
        x, y = cell_of(stage, "load_orders")
        where = stage.app.screen
        await drag(stage, (x, y), (x + len("load_orders") - 1, y))
        assert stage.app.screen is where
        assert where.selections

        await stage.press("j")
        assert not where.selections
        await stage.press("ctrl+c")
        assert stage.app.clipboard == ""


async def test_what_is_said_can_be_copied(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("ctrl+c")
        x, y = cell_of(stage, "ctrl+c again")
        await drag(stage, (x, y), (x + len("ctrl+c again") - 1, y))
        await stage.press("ctrl+c")

        assert stage.app.clipboard == "ctrl+c again"


async def test_a_sheet_stays_where_something_was_copied_from_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("q")
        x, y = cell_of(stage, "Leave dlthub-tui?")
        await drag(stage, (x, y), (x + len("Leave") - 1, y))
        await stage.press("ctrl+c")
        assert stage.app.clipboard == "Leave"
        assert isinstance(stage.app.screen, LeaveSheet)

        await stage.press("ctrl+c")
        assert not isinstance(stage.app.screen, LeaveSheet)


async def test_marked_lines_are_copied_and_ctrl_c_twice_still_asks_to_leave(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        await stage.press("m", "space", "space", "ctrl+c")
        assert stage.app.clipboard.splitlines()[1] == "GET /orders?page=119 200 in 243 ms"
        assert "Copied 2 lines." in stage.text

        await stage.press("ctrl+c")
        assert isinstance(stage.app.screen, LeaveSheet)


async def test_lines_that_arrive_do_not_move_what_is_selected_and_moving_the_pane_ends_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        x, y = cell_of(stage, "retry header")
        await drag(stage, (x, y), (x + len("retry header") - 1, y))
        stage.portal.call(Installation.grow, stage.installation, stage.installation.runs[0], "the next line")
        await stage.until("1 new below")
        assert cell_of(stage, "retry header") == (x, y)
        assert stage.app.screen.get_selected_text() == "retry header"

        await stage.pilot._post_mouse_events([events.MouseScrollUp], offset=(x, y))
        await settle(stage.pilot)
        assert not stage.app.screen.selections


async def test_rows_that_come_and_go_end_what_is_selected_of_a_list(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter")
        await stage.until("[1 Jobs]")
        x, y = cell_of(stage, "load_returns")
        await drag(stage, (x, y), (x + len("load_returns") - 1, y))
        place = stage.app.screen
        assert isinstance(place, ListScreen)
        stage.app.call_later(place.show_rows)
        await settle(stage.pilot)
        assert place.selections

        place.filter_text = "failed"
        stage.app.call_later(place.show_rows)
        await until(stage.pilot, lambda: "load_returns" not in stage.text, "only what failed")
        assert not place.selections
