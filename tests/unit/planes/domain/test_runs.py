from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planes.domain.leases import LeaseRules, claim, decide_silence, is_renewal_due, renew
from planes.domain.runs import (
    LEASED,
    TERMINAL,
    Applied,
    Refused,
    Report,
    Run,
    RunStatus,
    Unchanged,
    decide_cancel,
    decide_report,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULES = LeaseRules(lease_seconds=30, lost_after_seconds=600)


def waiting_run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "id": "run", "organization_id": "org", "workspace_id": "ws", "dataplane_id": "eu1", "job_id": "job",
        "job_version_id": "version", "number": 1, "status": RunStatus.PENDING, "trigger": "manual:jobs.a",
        "profile": "prod", "deployment_id": "d", "configuration_id": "c", "time_limit_seconds": 60,
        "grace_seconds": 30, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Run(**{**values, **changes})


def claimed_run() -> Run:
    return claim(waiting_run(), None, NOW, RULES)


def report(status: RunStatus, *, fence: int = 1, after: float = 1) -> Report:
    return Report(fence=fence, status=status, at=NOW + timedelta(seconds=after))


steps = st.one_of(
    st.tuples(st.just("report"), st.sampled_from(list(RunStatus)), st.integers(0, 2)),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("silence")),
    st.tuples(st.just("renew"), st.integers(0, 2)),
)


@given(st.lists(steps, max_size=25), st.lists(st.sampled_from([0.0, 5.0, 31.0, 601.0]), min_size=25, max_size=25))
def test_whatever_happens_a_run_moves_forward_only_and_ends_once(
    happenings: list[tuple[Any, ...]], pauses: list[float]
) -> None:
    run, now = claimed_run(), NOW
    events = corrections = 0
    for step, pause in zip(happenings, pauses, strict=False):
        now += timedelta(seconds=pause)
        before = run
        match step:
            case ("report", status, fence):
                decision = decide_report(run, Report(fence=fence, status=status, at=now), now)
                if isinstance(decision, Applied):
                    run = decision.run
                    assert fence == before.fence
                    events += decision.fires_events and run.is_terminal
                    corrections += before.is_terminal
                elif isinstance(decision, Unchanged):
                    assert decision.run == run
            case ("cancel",):
                decision = decide_cancel(run, now)
                run = run if isinstance(decision, Refused) else decision
            case ("silence",):
                after = decide_silence(run, now, RULES)
                events += after is not None and after.is_terminal
                run = after or run
            case ("renew", fence):
                run = renew(run, fence, now, RULES) or run
            case _:
                raise AssertionError(step)
        if before.is_terminal and not before.is_lost:
            assert run == before, "what has ended stays as it is"
        if before.started_at is not None:
            assert run.started_at == before.started_at
        assert run.fence == 1
        assert (run.finished_at is not None) == run.is_terminal
        assert run.status is not RunStatus.PENDING
        if run.duration_seconds is not None:
            assert run.duration_seconds >= 0

    assert events <= 1, "the end of a run fires once"
    assert corrections <= 1, "a lost run is corrected once"


@given(st.sampled_from(sorted(TERMINAL - {RunStatus.SKIPPED})), st.sampled_from(sorted(TERMINAL - {RunStatus.SKIPPED})))
def test_ended_run_takes_the_same_end_again_and_no_other(first: RunStatus, second: RunStatus) -> None:
    decision = decide_report(claimed_run(), report(first), NOW)
    assert isinstance(decision, Applied)

    again = decide_report(decision.run, report(second), NOW)

    assert isinstance(again, Unchanged if first == second else Refused)


def test_stale_lease_cannot_finish_run() -> None:
    decision = decide_report(claimed_run(), report(RunStatus.COMPLETED, fence=2), NOW)

    assert isinstance(decision, Refused)
    assert decision.code == "stale_fence"


def test_run_that_nobody_claimed_cannot_be_reported() -> None:
    assert isinstance(decide_report(waiting_run(), report(RunStatus.RUNNING, fence=0), NOW), Refused)


@pytest.mark.parametrize("status", [RunStatus.PENDING, RunStatus.CANCELLING, RunStatus.SKIPPED])
def test_data_plane_cannot_report_what_is_not_its_to_say(status: RunStatus) -> None:
    assert isinstance(decide_report(claimed_run(), report(status), NOW), Refused)


def test_running_that_comes_late_does_not_undo_cancelling() -> None:
    cancelling = decide_cancel(claimed_run(), NOW)
    assert isinstance(cancelling, Run)

    decision = decide_report(cancelling, report(RunStatus.RUNNING), NOW + timedelta(seconds=2))

    assert isinstance(decision, Applied)
    assert decision.run.status is RunStatus.CANCELLING
    assert decision.run.started_at is not None


def test_clock_of_a_plane_that_is_wrong_gives_no_negative_duration() -> None:
    later = NOW + timedelta(seconds=10)
    started = decide_report(claimed_run(), report(RunStatus.RUNNING, after=900), later)
    assert isinstance(started, Applied)

    ended = decide_report(started.run, report(RunStatus.COMPLETED, after=-900), later)

    assert isinstance(ended, Applied)
    assert ended.run.started_at == ended.run.finished_at == later


@pytest.mark.parametrize("status", sorted(LEASED))
def test_silence_takes_a_lease_and_a_grace_to_end_a_run(status: RunStatus) -> None:
    run = replace(claimed_run(), status=status)

    assert decide_silence(run, NOW + timedelta(seconds=29), RULES) is None
    unreachable = decide_silence(run, NOW + timedelta(seconds=30), RULES)
    assert unreachable is not None
    assert (unreachable.status, unreachable.unreachable_since) == (status, NOW + timedelta(seconds=30))
    assert decide_silence(unreachable, NOW + timedelta(seconds=629), RULES) is None
    lost = decide_silence(unreachable, NOW + timedelta(seconds=630), RULES)
    assert lost is not None
    assert (lost.status, lost.is_lost, lost.fence) == (RunStatus.FAILED, True, 1)


def test_renewal_with_another_fence_renews_nothing() -> None:
    assert renew(claimed_run(), 2, NOW, RULES) is None
    assert renew(waiting_run(), 0, NOW, RULES) is None


def test_renewal_brings_an_unreachable_run_back() -> None:
    unreachable = decide_silence(claimed_run(), NOW + timedelta(seconds=40), RULES)
    assert unreachable is not None

    renewed = renew(unreachable, 1, NOW + timedelta(seconds=50), RULES)

    assert renewed is not None
    assert (renewed.unreachable_since, renewed.lease_expires_at) == (None, NOW + timedelta(seconds=80))


def test_late_report_corrects_a_lost_run_without_firing_again() -> None:
    unreachable = decide_silence(claimed_run(), NOW + timedelta(seconds=30), RULES)
    assert unreachable is not None
    lost = decide_silence(unreachable, NOW + timedelta(seconds=630), RULES)
    assert lost is not None
    late = NOW + timedelta(seconds=700)

    still_running = decide_report(lost, report(RunStatus.RUNNING), late)
    corrected = decide_report(lost, report(RunStatus.COMPLETED), late)

    assert isinstance(still_running, Unchanged)
    assert isinstance(corrected, Applied)
    assert (corrected.run.status, corrected.run.is_lost, corrected.fires_events) == (RunStatus.COMPLETED, False, False)
    assert isinstance(decide_report(corrected.run, report(RunStatus.FAILED), late), Refused)


@pytest.mark.parametrize(
    ("after", "fence", "changes", "is_due"),
    [
        (1, 1, {}, False),
        (2.9, 1, {}, False),
        (3.1, 1, {}, True),
        (20, 1, {}, True),
        (20, 2, {}, False),
        (1, 1, {"unreachable_since": NOW}, True),
        (20, 1, {"status": RunStatus.COMPLETED}, False),
    ],
)
def test_a_renewal_is_written_only_when_it_gains_a_tenth_of_a_lease(
    after: float, fence: int, changes: dict[str, Any], *, is_due: bool
) -> None:
    run = replace(claimed_run(), **changes)

    assert is_renewal_due(run, fence, NOW + timedelta(seconds=after), RULES) is is_due
