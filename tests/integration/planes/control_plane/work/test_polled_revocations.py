"""What polls tell of revocations to a region that was away for long, or comes from a backup."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from tests.fakes.control_stage import Stage

from planes.domain.identifiers import new_id
from planes.storage.control.revocations import read_epoch, revocations

pytestmark = pytest.mark.anyio


async def test_more_than_one_answer_holds_are_all_told(stage: Stage) -> None:
    now, missed = stage.clock.now(), [new_id() for _ in range(1_002)]
    async with stage.parts.database.transaction() as connection:
        first = await read_epoch(connection)
        rows = [
            {"epoch": first + number, "claim": "sid", "value": value, "created_at": now}
            for number, value in enumerate(missed, 1)
        ]
        await connection.execute(insert(revocations), rows)

    told = await stage.poll(epoch=first)
    assert told["epoch"] == first + 1_000
    rest = await stage.poll(epoch=told["epoch"])

    assert [each["value"] for each in told["revocations"] + rest["revocations"]] == missed
    assert rest["epoch"] == first + 1_002
