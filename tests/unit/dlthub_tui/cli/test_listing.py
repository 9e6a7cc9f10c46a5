"""What the lists of the command line say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dlthub_tui.cli.listing import job_row, run_row
from dlthub_tui.client.models import parse_job, parse_run


def _row(**changes: Any) -> tuple[str, ...]:
    return run_row(parse_run({
        "id": "1", "number": 1, "status": "pending", "trigger": "manual:", "profile": "prod",
        "created_at": "2026-03-17T20:00:00+00:00", "pipeline_run_summaries": [], **changes,
    }))  # fmt: skip


def test_a_run_that_waits_has_not_started() -> None:
    assert _row()[4] == "-"
    assert _row(status="running", started_at="2026-03-17T20:00:00+00:00")[4].startswith("2026-03-1")


def test_a_paused_job_keeps_its_schedule_and_has_no_next_start() -> None:
    job = parse_job({
        "id": "1", "job_ref": "jobs.load", "job_type": "batch", "profile": "prod", "version": 1, "archived_at": None,
        "triggers": ["every:1h"], "is_paused": True, "next_scheduled_run_at": "2026-03-17T20:00:00+00:00",
        "updated_at": "2026-03-17T19:00:00+00:00", "recent_runs": [], "job_definition": {"triggers": ["every:1h"]},
    })  # fmt: skip

    assert job_row(job) == ("load", "every hour", "paused", "-")
    assert job_row(replace(job, is_paused=False))[2].startswith("2026-03-1")
