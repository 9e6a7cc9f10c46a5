"""What a run's end means. Pure. Contract: 4.2, 4.5."""

from __future__ import annotations

from typing import Any

from planes.data_plane.executor.local import Outcome
from planes.data_plane.runner.stopping import IDLE, TIME_LIMIT
from planes.data_plane.services.launching import is_app
from planes.storage.data.runs import STARTED
from planes.storage.types import Row
from planes.wire.link import Lease

CANCELLED = "cancelled"
FAILED = "failed"
_UNWISHED = {IDLE: "nobody had used it", TIME_LIMIT: "it had run for as long as its job allows"}


def decide_end(lease: Lease, outcome: Outcome, before: Row | None, stop_reason: str | None) -> dict[str, Any]:
    """The outcome to write down, of a run that stood so `before`, and why it was stopped where nobody asked for that.

    A run that was told to stop and lost its runner has stopped. An app that answered until its time was over did what
    it is for; one that ended before it answered has failed, whatever its exit code: who opened it waits for that.
    """
    if outcome.reason == "runner_killed" and stop_reason == CANCELLED:
        return {"outcome": CANCELLED}
    if not is_app(lease):
        return {"outcome": outcome.outcome}
    has_answered = before is not None and before["state"] == STARTED
    if outcome.reason == TIME_LIMIT and has_answered:
        return {"outcome": CANCELLED, "stop_reason": TIME_LIMIT}
    return {"outcome": FAILED if outcome.outcome == "completed" and not has_answered else outcome.outcome}


def why_ended(run: Row) -> str:
    """What the outcome alone does not tell: that `cancelled` was nobody's wish."""
    return _UNWISHED.get(run["stop_reason"], "")
