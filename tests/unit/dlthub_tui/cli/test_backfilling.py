"""Watching a backfill from the command line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dlthub_tui.cli import backfilling, patience
from dlthub_tui.cli.reaching import Followed
from dlthub_tui.client.backfills import get_backfill
from dlthub_tui.client.errors import NotReachable

pytestmark = [pytest.mark.anyio]


class RestartedPlane:
    """Says that the backfill runs, does not answer for so many calls, then says how it ended."""

    def __init__(self, silent: int) -> None:
        self._answers: list[dict[str, Any] | None] = [row("running"), *([None] * silent), row("completed")]

    async def get(self, _path: str) -> dict[str, Any]:
        answer = self._answers.pop(0)
        if answer is None:
            raise NotReachable("http://plane.example", "connection refused")
        return answer


def row(state: str) -> dict[str, Any]:
    day, done = "2026-01-01T00:00:00+00:00", state == "completed"
    one = {"position": 0, "start": day, "end": day, "state": state if done else "active", "run_id": "r", "attempt": 1}
    return {
        "id": "b", "job_id": "j", "job_ref": "jobs.shop.daily", "state": state, "start": day, "end": day,
        "slice": "1d", "parallel": 1, "attempts": 1, "wait_seconds": 60, "profile": "prod", "slices_total": 1,
        "counts": {"completed": int(done)}, "created_at": day, "finished_at": None,
        "slices": [one | {"run_number": 7, "run_status": None}],
    }  # fmt: skip


async def watched(silent: int) -> int:
    plane = cast("Any", RestartedPlane(silent))
    spot = SimpleNamespace(
        place=SimpleNamespace(workspace=SimpleNamespace(id="w")), address="orchard/shop/daily", control=plane
    )
    found = await get_backfill(plane, "w", "b")
    return await backfilling._watch(cast("Any", spot), cast("Any", spot), found, Followed(), as_json=False)


async def test_a_control_plane_that_is_started_again_ends_no_watch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backfilling, "_LOOKS_AGAIN_SECONDS", 0)
    monkeypatch.setattr(patience, "_RETRY_SECONDS", (0,))
    code = await watched(silent=3)
    said = capsys.readouterr().err

    assert code == 0
    assert said.count("Trying again; the backfill goes on.") == 1
    assert said.index("Trying again") < said.index("The control plane answers again.") < said.index("completed (run 7)")


async def test_one_that_stays_away_ends_the_watch_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfilling, "_LOOKS_AGAIN_SECONDS", 0)
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", -1)

    with pytest.raises(NotReachable):
        await watched(silent=3)
