"""Pipelines are asked for as the stream of changes says that a run loaded something, and not by the clock."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.tui.waiting import until

from dlthub_tui.client.changes import Change
from dlthub_tui.screens.workspace.pipelines import PipelinesScreen
from dlthub_tui.session.live_state import News

pytestmark = [pytest.mark.anyio]

WORKSPACE = ("tab", "down", "enter")


def asked(stage: Any) -> int:
    return sum(path.endswith("/pipelines/-/stats") for _, path, _ in stage.installation.requests)


async def test_pipelines_are_asked_for_when_a_run_changes_and_while_their_region_is_silent(open_app: Any) -> None:
    async with open_app() as stage:
        stage.app.context.poll_seconds = 0.02
        stage.app.context.live.is_up = True
        await stage.press(*WORKSPACE, "5")
        await stage.until("orders_pipeline")
        place = stage.app.screen
        assert isinstance(place, PipelinesScreen)
        before = asked(stage)
        await anyio.sleep(0.2)
        assert asked(stage) == before

        stage.app.call_later(place.heard, News((Change(workspace_id="another", run_id="r"),)))
        stage.app.call_later(place.heard, News((Change(workspace_id=place.workspace.id),)))
        await stage.pilot.pause()
        assert asked(stage) == before

        stage.app.call_later(place.heard, News((Change(workspace_id=place.workspace.id, run_id="r"),)))
        with anyio.fail_after(30):
            while asked(stage) == before:
                await stage.pilot.pause()

        stage.installation.refusals["/pipelines/"] = (503, {"detail": "The region is busy.", "code": "busy"})
        await stage.pilot.press("ctrl+r")
        await stage.until("The region is busy.")
        stage.installation.refusals.clear()

        await until(stage.pilot, lambda: "The region is busy." not in stage.text, "an answer")
