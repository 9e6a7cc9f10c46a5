"""TERM, the grace period, TERM, KILL."""

from planes.data_plane.runner.stopping import KILL_AFTER_SECONDS, StopPlan


def test_two_terms_then_the_kill() -> None:
    plan = StopPlan(grace_seconds=10)
    plan.request("cancelled", 100.0)

    assert [plan.take_due_term(now) for now in (100.0, 100.0, 109.9, 110.0, 111.0)] == [True, False, False, True, False]
    assert plan.kill_at == 110.0 + KILL_AFTER_SECONDS
    assert plan.next_at() == plan.kill_at


def test_the_first_reason_stays() -> None:
    plan = StopPlan(grace_seconds=10)
    answers = [plan.request("time_limit", 1.0), plan.request("cancelled", 2.0)]

    assert answers == [True, False]
    assert plan.reason == "time_limit"
    assert plan.kill_at == 11.0 + KILL_AFTER_SECONDS


def test_nothing_is_due_before_a_request() -> None:
    plan = StopPlan(grace_seconds=10)

    assert not plan.take_due_term(1e9)
    assert plan.next_at() is None
