"""What a region holds and should let go of is found at once, however much it holds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from tests.fakes.control_stage import Stage, definition

from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def test_what_is_to_be_let_go_of_is_asked_for_together(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", execute={"concurrency": None}))
    ended = [(await stage.trigger(ids["load"]))["id"] for _ in range(3)]
    await stage.poll()
    for run_id in ended:
        await stage.report(run_id, "completed")
    unknown = new_id()
    await stage.trigger(ids["load"])
    asked: list[str] = []
    engine = stage.parts.database._engine.sync_engine

    def note(*arguments: Any) -> None:
        asked.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    answer = await stage.poll(held=[(run_id, 1) for run_id in (*ended, unknown)])
    event.remove(engine, "before_cursor_execute", note)

    assert [item["run_id"] for item in answer["cancels"]] == [*ended, unknown]
    assert not [each for each in asked if "FROM runs" in each and "WHERE runs.id = " in each]
