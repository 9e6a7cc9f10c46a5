"""Keys typed before what they are for is there."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from textual import events

pytestmark = [pytest.mark.anyio]


async def test_keys_that_are_typed_while_it_starts_are_done_on_home(open_app: Any) -> None:
    async with open_app() as stage:
        # From here on there is a session, and nobody is told yet whose it is.
        held = stage.installation.held["/api/v1/me"] = anyio.Event()
    async with open_app(waits=False) as stage:
        for key in ("tab", "down", "enter", "2"):
            await stage.pilot.press(key)
        assert "fruitshop" not in stage.text
        stage.portal.call(held.set)

        await stage.until("[2 Runs]")
        assert "fruitshop › Runs" in stage.text


async def test_keys_behind_a_command_are_for_what_it_opened(open_app: Any) -> None:
    async with open_app() as stage:
        for key in ("colon", *"guide", "enter", "slash"):
            stage.pilot.app.post_message(events.Key(key, {"colon": ":", "slash": "/"}.get(key, key)))
        await stage.until("first steps")
        await stage.press("x")

        assert "Workspaces" in stage.text
        assert "keep the filter" not in stage.text


async def test_keys_for_home_are_not_typed_into_a_sign_in(open_app: Any) -> None:
    async with open_app(waits=False) as stage:
        stage.installation.device_approved = False
        await stage.pilot.press("9")
        await stage.until("type this code")
        stage.installation.device_approved = True

        await stage.until("Workspaces")
        assert "platform" not in stage.text.splitlines()[0]


async def test_what_needs_a_row_says_that_rows_are_on_their_way(open_app: Any) -> None:
    async with open_app() as stage:
        held = stage.installation.held["/job-runs"] = anyio.Event()
        await stage.pilot.press("tab", "down", "enter", "2")
        await stage.until("Loading runs")
        await stage.pilot.press("enter")

        await stage.until("Its rows are not here yet.")
        stage.portal.call(held.set)
        await stage.until("shown of")
        await stage.press("enter")
        assert "› Runs" not in stage.text.splitlines()[0]
