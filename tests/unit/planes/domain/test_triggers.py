from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from planes.domain.triggers import (
    CONTRACT_SKIPS,
    MAXIMUM_CHAIN_DEPTH,
    MAXIMUM_EVENT_RUNS,
    Accepted,
    Declined,
    GateFacts,
    Source,
    Window,
    decide_start,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = Window(NOW, NOW, moves_watermark=True)


def facts(**changes: Any) -> GateFacts:
    values: dict[str, Any] = {
        "source": Source.PERSON, "is_workspace_archived": False, "is_job_archived": False, "is_paused": False,
        "is_manual_refused": False, "may_start": True, "profile_refusal": None,
        "concurrency": 1, "active_runs": 0, "chain_depth": 0, "event_runs": 0, "window": WINDOW,
    }  # fmt: skip
    return GateFacts(**{**values, **changes})


def test_nothing_in_the_way_starts_with_the_window() -> None:
    assert decide_start(facts()) == Accepted(WINDOW)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"is_workspace_archived": True}, "skipped_workspace_archived"),
        ({"is_job_archived": True}, "job_archived"),
        ({"is_manual_refused": True}, "manual_not_allowed"),
        ({"profile_refusal": "no such profile"}, "profile_not_configured"),
        ({"may_start": False}, "profile_not_allowed"),
        ({"chain_depth": MAXIMUM_CHAIN_DEPTH + 1}, "chain_too_long"),
        ({"event_runs": MAXIMUM_EVENT_RUNS, "source": Source.JOB_EVENT}, "chain_too_fast"),
        ({"is_paused": True, "source": Source.CLOCK}, "skipped_paused"),
        ({"pending_upstreams": ("jobs.a",)}, "skipped_upstream_pending"),
        ({"stale_upstreams": ("jobs.a never ran",)}, "skipped_fresh"),
        ({"active_runs": 1}, "skipped_concurrency_limit"),
        ({"window": None}, "skipped_out_of_interval"),
    ],
)
def test_each_obstacle_declines_in_its_own_word_with_a_reason(changes: dict[str, Any], status: str) -> None:
    decision = decide_start(facts(**changes))

    assert isinstance(decision, Declined)
    assert decision.status == status
    assert decision.reasons
    assert (decision.status in CONTRACT_SKIPS) == status.startswith("skipped_")


@pytest.mark.parametrize("source", [Source.PERSON, Source.JOB_EVENT, Source.DEPLOY])
def test_pause_stops_the_clock_only(source: Source) -> None:
    assert isinstance(decide_start(facts(is_paused=True, source=source)), Accepted)


def test_no_limit_lets_any_number_run() -> None:
    assert isinstance(decide_start(facts(concurrency=None, active_runs=500)), Accepted)
