"""A sheet is open until what it asks for is done: what is typed stays, why it was refused is said in it, whole."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from textual.screen import Screen

from dlthub_tui.client.errors import Refused
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.sheets import LineSheet
from dlthub_tui.widgets.field import Field

pytestmark = pytest.mark.anyio

WORKSPACE = ("tab", "down", "enter")
LONG = "A name of this kind is not taken here, and the reason why is longer than a row of eighty cells by far: it ends."


class Taker:
    """Refuses the first, takes the second, each once it is let."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.goes_on = anyio.Event()

    async def take(self, text: str) -> None:
        self.taken.append(text)
        await self.goes_on.wait()
        if len(self.taken) == 1:
            raise Refused(400, LONG)


async def _ask(stage: Any, taker: Taker, *, is_hidden: bool = False) -> LineSheet:
    place = stage.app.screen
    assert isinstance(place, ActingScreen)
    sheet = LineSheet(place.context, "What?", "Name", is_hidden=is_hidden)
    stage.app.call_later(place.act_on, sheet, taker.take)
    await stage.until("Name")
    return sheet


async def test_refused_sheet_keeps_what_is_typed_and_closes_once_it_is_taken(open_app: Any) -> None:
    async with open_app() as stage:
        taker = Taker()
        sheet = await _ask(stage, taker)
        await stage.type("a name")
        await stage.pilot.press("enter", "enter", "x")
        await stage.until("Sending")
        assert "do it" not in stage.text

        taker.goes_on.set()
        await stage.until("it ends.")
        assert taker.taken == ["a name"]
        words = " ".join(stage.text.split())
        assert LONG in words
        assert "Sending" not in words
        assert sheet.query_one("#line", Field).text == "a name"

        await stage.type("r")
        await stage.press("enter")
        assert taker.taken == ["a name", "a namer"]
        assert stage.app.screen is not sheet


async def test_leaving_a_sheet_that_is_sent_lets_its_place_say_the_end(open_app: Any) -> None:
    async with open_app() as stage:
        taker = Taker()
        sheet = await _ask(stage, taker, is_hidden=True)
        await stage.type("hunter22")
        field = sheet.query_one("#line", Field)
        await stage.pilot.press("enter", "escape")
        await stage.pilot.pause()
        assert stage.app.screen is not sheet
        assert not field.text
        taker.goes_on.set()

        await stage.until(LONG[:60])


async def test_sheet_that_was_covered_goes_once_its_answer_is_taken(open_app: Any) -> None:
    async with open_app() as stage:
        taker = Taker()
        taker.taken.append("the one that is refused")
        sheet = await _ask(stage, taker)
        await stage.type("a name")
        await stage.pilot.press("enter")
        await stage.app.push_screen(Screen())
        taker.goes_on.set()
        await stage.until("")
        await stage.app.pop_screen()
        await stage.press("f12")

        assert sheet not in stage.app.screen_stack


async def test_refused_alert_names_its_field_and_keeps_the_address(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "7", "a", "enter", "enter", "enter", "enter", "right", "enter")
        await stage.type("http://127.0.0.1/hook")
        await stage.press("left")
        stage.installation.refusals["/own/v1/workspaces"] = (
            400,
            {"detail": "This alert cannot be used; nothing was changed.", "code": "invalid_request",
             "extra": [{"key": "url", "message": "no address of the public internet, and none that is allowed"}]},
        )  # fmt: skip
        await stage.press("enter")

        assert "   no address of the public internet, and none that is allowed" in stage.text
        assert "New alert" in stage.text
        rows = stage.text.splitlines()
        at = next(at for at, row in enumerate(rows) if row.startswith("   To "))
        assert "This alert cannot be used" in rows[at + 1]
        stage.installation.refusals.clear()
        await stage.press("enter")
        await stage.until("r sends a test")
        assert stage.posted("alert")[0]["url"] == "http://127.0.0.1/hook"


async def test_refused_variable_keeps_its_value(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "a")
        await stage.type("BAD NAME")
        await stage.press("enter", "enter", "enter")
        await stage.type("hunter22")
        reasons = [{"key": "upserts.0.name", "message": "no name of a variable"}]
        stage.installation.refusals["/variables"] = (
            400, {"detail": "Nothing was changed.", "code": "no", "extra": reasons}
        )  # fmt: skip
        await stage.press("enter")
        rows = stage.text.splitlines()
        at = next(y for y, row in enumerate(rows) if "BAD NAME" in row)
        assert [row.strip() for row in rows[at + 1 : at + 3]] == ["Nothing was changed.", "no name of a variable"]
        assert stage.app.screen.typing.id == "name"
        assert "BAD NAME" in stage.text
        stage.installation.refusals.clear()
        await stage.press("enter", "enter", "enter", "enter")

        await stage.until("Set BAD NAME")
        assert stage.posted("variables")[-1]["upserts"][0]["value"] == "hunter22"


async def test_refused_workspace_can_be_called_something_else(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "a")
        await stage.type("fruitshop")
        stage.installation.refusals["/workspaces"] = (409, {"detail": "There is one of this name.", "code": "no"})
        await stage.press("enter")

        assert "There is one of this name." in stage.text
        assert "Nothing changed." in stage.text
        assert "Name  fruitshop" in stage.text
