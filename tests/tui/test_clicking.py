"""A click on the name of a key presses it, whatever key the user has made of it; a mouse is never needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import Stage
from tests.tui.waiting import settle
from textual import events
from textual.geometry import Offset

pytestmark = [pytest.mark.anyio]

KEYS = '[keys]\n"tab.2" = "f6"\n"help.open" = "f2"\n"list.filter" = "f7"\n"form.next" = "f8"\n'


async def click(stage: Stage, words: str) -> None:
    """On the first cell of words that are shown, those that stand lowest."""
    y, row = next((y, row) for y, row in reversed(list(enumerate(stage.text.splitlines()))) if words in row)
    await stage.pilot.click(offset=(row.index(words), y))
    await settle(stage.pilot)


async def test_tabs_and_footers_of_places_and_sheets_are_clicked(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter")
        await click(stage, "2 Runs")
        await stage.until("[2 Runs]")
        await click(stage, "/ filter")
        await stage.type("failed")
        await click(stage, "enter")
        await stage.until("2 shown of")
        await click(stage, "? help")
        await stage.until("type to search")
        await click(stage, "esc")
        await stage.until("[2 Runs]")


async def test_the_second_of_a_double_click_opens_nothing_of_what_the_first_one_opened(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter")
        await stage.until("[1 Jobs]")
        y, row = next((y, row) for y, row in enumerate(stage.text.splitlines()) if "ingest.load_customers" in row)
        x = row.index("ingest")
        for selector, spot in (("#list", Offset(x, y)), ("#footer", Offset(1, 23))):
            widget = stage.app.screen.query_one(selector)
            at = spot - widget.region.offset
            widget.post_message(events.Click(widget, at.x, at.y, 0, 0, 1, False, False, False, chain=2))
            await settle(stage.pilot)
            assert "[1 Jobs]" in stage.text

        await stage.pilot.click(offset=(x, y))
        await stage.until("─ History")


async def test_footer_tabs_and_clicks_have_the_users_own_keys(open_app: Any, tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "settings.toml").write_text(KEYS)
    async with open_app() as stage:
        await stage.press("tab", "down", "enter")
        await click(stage, "f6 Runs")
        await stage.until("[f6 Runs]")
        assert "f7 filter" in stage.text
        await click(stage, "f2 help")
        await stage.until("type to search")


async def test_a_candidate_of_the_command_line_is_clicked_and_the_wheel_chooses(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "colon")
        await stage.until("Commands")
        await stage.type("ru")
        await click(stage, "the workspace's runs")
        await stage.until("[2 Runs]")

        await stage.press("ctrl+p")
        await stage.until("Palette")
        await stage.pilot.hover("#candidates")
        candidates = stage.app.screen.query_one("#candidates")
        first = stage.text
        candidates.post_message(candidates.Turned(1))
        await settle(stage.pilot)
        assert stage.text != first
        await click(stage, "Palette")
        assert "Palette" in stage.text, "the rule is no candidate"
