"""Where one stands in a log, in words."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from typing import Any

import pytest

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_hits import Hits
from dlthub_tui.viewmodel.logs.log_rule import LogStanding, log_rule
from dlthub_tui.viewmodel.logs.log_views import LinesShown
from dlthub_tui.viewmodel.logs.log_window import LogWindow
from dlthub_tui.viewmodel.look import Look

LOOK = Look(zone=UTC)
AT = datetime(2026, 3, 17, 14, 1, 52, tzinfo=UTC)


def said(total: int = 1_204, *, sealed: bool = False, **other: Any) -> str:
    """The rule of a log whose line 883 is held."""
    window = LogWindow(LOOK)
    window.total, window.is_sealed = total, sealed
    if total > 883:
        window.add([LogLine(883, "x", "stdout", "user", AT)], around=883)
    standing: dict[str, Any] = {
        "window": window, "shown": LinesShown(), "region": "eu1", "stream": "live", "current": None,
        "last_shown": None, "is_following": True, "new": 0, "column": 0, "marked": 0, "damage": (), "masked": 0,
        "errors": 0,
        "hits": None,
    }  # fmt: skip
    return log_rule(LogStanding(**{**standing, **other}), LOOK)


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        ("", "loading…"),
        ("waiting", "not there yet"),
        ("gone", "there is no log"),
        ("forbidden", "not shown"),
        ("silent", "eu1 is silent"),
        ("live", "following, 0 lines"),
        ("sealed", "0 lines"),
    ],
)
def test_a_log_without_lines_says_why(stream: str, sentence: str) -> None:
    assert said(0, stream=stream) == sentence


def test_it_says_where_the_pane_is() -> None:
    assert said() == "following, 1,204 lines"
    assert said(stream="silent") == "eu1 is silent, up to here: 1,204 lines"
    assert said(is_following=False) == "paused, 1,204 lines"
    assert said(is_following=False, new=12) == "paused, 12 new below, 1,204 lines"
    assert said(is_following=False, sealed=True, last_shown=19) == "to line 20, 1,204 lines"
    assert said(sealed=True, stream="sealed") == "1,204 lines"
    assert said(current=883) == "line 884 of 1,204   14:01:52"
    assert said(current=5) == "line 6 of 1,204"


def test_errors_are_counted_unless_they_are_searched_for() -> None:
    assert said(sealed=True, stream="sealed", masked=3, errors=24) == "1,204 lines   3 masked   24 errors"
    assert said(errors=1).endswith("   1 error")
    assert said(errors=10_000).endswith("   10,000+ errors")
    assert "errors" not in said(errors=24, hits=Hits("error", is_done=True))


def test_lines_that_are_chosen_are_named() -> None:
    shown = LinesShown("errors")

    assert said(shown=shown) == "following, 1,204 of 1,204 lines, errors only"
    assert said(shown=shown, current=883) == "line 884 of 1,204, errors only   14:01:52"
    assert said(shown=shown, last_shown=3, sealed=True, stream="sealed") == "1,204 of 1,204 lines, errors only"


def test_what_is_to_be_known_stands_around_it() -> None:
    hits = Hits("match", "timeout", array("q", [12, 883]))
    every = said(current=883, marked=2, damage={(4, 6), (9, 10)}, column=16, masked=3, hits=hits)

    assert every == (
        "2 marked   3 lines damaged   from column 17   line 884 of 1,204   14:01:52   3 masked   timeout 2 of 2"
    )
    assert said(masked=3, hits=Hits("masked", "", array("q", [12]))) == "following, 1,204 lines   1 masked"
