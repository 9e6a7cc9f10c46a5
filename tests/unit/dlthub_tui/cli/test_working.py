"""What is said of a run that was followed to its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dlthub_tui.cli import working
from dlthub_tui.client.errors import NotReachable
from dlthub_tui.client.models import parse_run
from dlthub_tui.session.names import Spot

pytestmark = [pytest.mark.anyio]
FAILED = {
    "id": "run-3", "number": 3, "status": "failed", "trigger": "manual:jobs.shop.load", "profile": "prod",
    "created_at": "2026-03-17T20:00:00+00:00", "pipeline_run_summaries": [],
}  # fmt: skip
SPOT = Spot(
    cast("Any", SimpleNamespace(address="orchard/weather", workspace=SimpleNamespace(id="w"))),
    cast("Any", SimpleNamespace(id="j", job_ref="jobs.shop.load")),
)


async def said_of(capsys: pytest.CaptureFixture[str], *runs: dict[str, Any]) -> str:
    async def get(_path: str, _query: dict[str, Any]) -> dict[str, Any]:
        if not runs:
            raise NotReachable("http://plane.example", "connection refused")
        return {"items": list(runs), "total": len(runs)}

    plane = cast("Any", SimpleNamespace(control=SimpleNamespace(get=get)))
    await working._tell_another_try(plane, SPOT, parse_run(FAILED))
    return capsys.readouterr().err


async def test_a_try_that_follows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    other = FAILED | {"id": "run-4", "number": 4, "status": "completed"}
    retried = FAILED | {"id": "run-5", "number": 5, "status": "pending", "previous_job_run_id": "run-3"}
    told = await said_of(capsys, retried, other, FAILED)

    assert told == "dlthub-tui: Another try of it: dlthub-tui logs orchard/weather/shop.load/5 -f\n"
    assert await said_of(capsys, other, FAILED) == ""
    assert await said_of(capsys) == ""
