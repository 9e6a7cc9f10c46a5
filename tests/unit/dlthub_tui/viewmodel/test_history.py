"""Places that were visited."""

from __future__ import annotations

from dlthub_tui.viewmodel.history import MOST_PLACES, History
from dlthub_tui.viewmodel.places import GuidePlace, HomePlace, SignInsPlace, WorkspacePlace, WorkspaceRef

SHOP = WorkspaceRef("w", "shop", "o", "orchard", "eu1", "http://127.0.0.1", "orchard/shop")
JOBS, RUNS = WorkspacePlace(SHOP), WorkspacePlace(SHOP, "runs")


def visited() -> History:
    """Home, jobs, runs."""
    history = History()
    history.visit(JOBS)
    history.visit(RUNS)
    return history


def test_back_and_forward_walk_what_was_visited() -> None:
    history = visited()

    assert [history.step(-1), history.step(-1), history.step(-1)] == [JOBS, HomePlace(), None]
    assert [history.step(1), history.step(1), history.step(1)] == [JOBS, RUNS, None]


def test_another_way_forgets_what_lay_ahead() -> None:
    history = visited()
    history.step(-1)
    history.visit(GuidePlace())

    assert history.step(1) is None
    assert history.step(-1) == JOBS


def test_a_step_back_by_escape_can_be_gone_forward_again() -> None:
    history = visited()
    history.went_back(HomePlace())

    assert history.at == HomePlace()
    assert history.step(1) == JOBS


def test_stepping_back_to_where_one_was_not_is_a_visit() -> None:
    history = visited()
    history.went_back(SignInsPlace())

    assert history.step(-1) == RUNS


def test_the_same_place_twice_is_one_and_places_are_bounded() -> None:
    history = visited()
    for _ in range(MOST_PLACES):
        history.visit(JOBS)
        history.visit(JOBS)
        history.visit(RUNS)
    steps = 0
    while history.step(-1) is not None:
        steps += 1

    assert steps == MOST_PLACES - 1
