"""What the terminal is told beside the screen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dlthub_tui.screens.frame.signs import Signs
from dlthub_tui.viewmodel.settings import Chosen
from dlthub_tui.viewmodel.terminal_signs import progress


@pytest.mark.parametrize("in_tmux", [False, True])
def test_progress_that_tmux_may_have_dropped_is_said_once_more_at_the_next_key(in_tmux: bool) -> None:
    written: list[str] = []
    app = cast("Any", SimpleNamespace(_driver=SimpleNamespace(write=written.append), is_headless=False))
    signs = Signs()
    signs.in_tmux = in_tmux
    for runs in (True, False):
        signs.show(app, Chosen(), ["shop"], ">", runs=runs)
    written.clear()
    signs.seen(app)
    signs.seen(app)

    assert written == ([progress(runs=False, in_tmux=True)] if in_tmux else [])
