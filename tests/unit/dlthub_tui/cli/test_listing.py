"""What the lists of the command line say."""

from __future__ import annotations

from typing import Any

from dlthub_tui.cli.listing import run_row
from dlthub_tui.client.models import parse_run


def _row(**changes: Any) -> tuple[str, ...]:
    return run_row(parse_run({
        "id": "1", "number": 1, "status": "pending", "trigger": "manual:", "profile": "prod",
        "created_at": "2026-03-17T20:00:00+00:00", "pipeline_run_summaries": [], **changes,
    }))  # fmt: skip


def test_a_run_that_waits_has_not_started() -> None:
    assert _row()[4] == "-"
    assert _row(status="running", started_at="2026-03-17T20:00:00+00:00")[4].startswith("2026-03-1")
