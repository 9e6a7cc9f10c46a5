"""Variables: which value wins, on the chosen profile and beside it, how old secrets are, and who set what."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from textual.events import Paste

pytestmark = [pytest.mark.anyio]
VARIABLES = ("tab", "down", "enter", "4")


async def test_all_profiles_stand_side_by_side_where_there_is_room(open_app: Any) -> None:
    async with open_app(size=(140, 24)) as stage:
        stage.installation.add_variable("LOG_LEVEL", "DEBUG", "access")
        await stage.press(*VARIABLES)
        assert "‹ Profile prod ›" in stage.text
        (row,) = [row for row in stage.text.splitlines() if "LOG_LEVEL" in row]
        assert row.split() == ["LOG_LEVEL", "✓", "INFO", "✓", "DEBUG"]
        await stage.press("right")
        assert "‹ Profile access ›" in stage.text
        assert "Profile prod" in stage.text
        (row,) = [row for row in stage.text.splitlines() if "LOG_LEVEL" in row and "─" not in row]
        assert row.split() == ["LOG_LEVEL", "INFO", "✓", "DEBUG"]
        await stage.press("left")
        await stage.pilot.resize_terminal(80, 24)
        await stage.until("5 Pipelines  6 Team")

        assert "‹ Profile prod ›" in stage.text
        assert "Profile access" not in stage.text


async def test_an_empty_value_is_said_to_be_empty(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.add_variable("NOTHING", "", "prod")
        stage.installation.add_variable("BLANK", "  ", "prod")
        await stage.press(*VARIABLES)
        await stage.until("NOTHING")
        rows = {row.strip(" ❯").split()[0]: row for row in stage.text.splitlines() if "✓" in row}

        assert rows["NOTHING"].split("✓")[1].strip() == "empty"
        assert rows["BLANK"].split("✓")[1].strip() == "only blanks"


async def test_age_of_secrets_and_who_set_what_are_said(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*VARIABLES)
        await stage.until("secret, 90 days old")
        assert "secret, 3 days old" in stage.text
        await stage.until("3 days ago   ana@orchard.example")
        await stage.press("t")

        assert "secret, set " in stage.text


async def test_who_may_not_read_them_is_told_who_may_and_whom_to_ask(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.workspace_role = "developer"
        detail = "This needs the grant ws:variables-read, which your role does not give."
        stage.installation.refusals["/variables"] = (403, {"detail": detail, "code": "not_allowed"})
        await stage.press(*VARIABLES)

        await stage.until("Variables are for owners; you are a developer. Ask ana@orchard.example.")
        assert "ws:variables-read" not in stage.text
        assert "/ filter" not in stage.text, "there is nothing to filter"


async def test_a_pasted_key_keeps_its_lines_and_a_token_has_no_end_of_a_line(open_app: Any) -> None:
    key = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----"
    async with open_app() as stage:
        await stage.press(*VARIABLES, "a")
        await stage.type("KEY_OF_ANA")
        await stage.press("tab", "tab", "tab")
        stage.app.screen.post_message(Paste(f"{key}\n".replace("\n", "\r")))
        await stage.until("typed, in lines, not shown")
        await stage.press("up", "shift+tab", "right")
        await stage.until("-----BEGIN KEY-----⏎MIIB⏎-----END KEY-----")
        await stage.press("left", "tab", "enter")
        await stage.until("Set KEY_OF_ANA in prod.")

        (body,) = stage.posted("variables")
        assert body["upserts"][0]["value"] == key


async def test_a_value_that_was_sent_without_an_answer_may_be_set(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = httpx.AsyncClient.send

    async def unanswered(self: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        if request.method != "GET" and "variables" in request.url.path:
            raise httpx.ReadTimeout("", request=request)
        return await send(self, request, **more)

    async with open_app() as stage:
        await stage.press(*VARIABLES, "a")
        await stage.type("KEY_OF_ANA")
        await stage.press("tab", "tab", "tab")
        await stage.type("value-of-ana")
        monkeypatch.setattr(httpx.AsyncClient, "send", unanswered)
        await stage.press("enter")

        await stage.until("It may be done all the same: look before you do it again.")
        assert "did not answer in time" in stage.text
