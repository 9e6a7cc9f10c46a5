from __future__ import annotations

import pytest

from planes.data_plane.services.held_runs import Held, HeldRuns


def test_a_lease_that_is_not_written_down_is_not_said_to_be_held() -> None:
    """The control plane would think that it has arrived, and never give it again after a crash."""
    held = HeldRuns()
    held.open("run", Held(workspace_id="works", fence=1))
    with held.arriving("works", "run"):
        meanwhile = held.fences()

    assert meanwhile == {}
    assert held.fences() == {"run": 1}


def test_a_lease_that_could_not_be_written_down_is_let_go() -> None:
    held = HeldRuns()
    held.open("run", Held(workspace_id="works", fence=1))
    with pytest.raises(OSError, match="full"), held.arriving("works", "run"):
        raise OSError("full")
    held.close("run")

    assert held.fences() == {}
