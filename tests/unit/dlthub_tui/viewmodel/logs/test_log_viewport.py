"""Where a log pane stands, with lines that take one row, several, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_viewport import LogViewport, Spot
from dlthub_tui.viewmodel.logs.log_window import LogWindow
from dlthub_tui.viewmodel.look import Look

HEAD, REASON = "Traceback (most recent call last):", "KeyError: 'customer_id'"
HEIGHT = 10


def traceback(frames: int) -> list[str]:
    """A traceback of so many frames of two lines."""
    quoted = [text for number in range(frames) for text in (f'  File "a.py", line {number}', "    call()")]
    return [HEAD, *quoted, REASON]


def viewport(*contents: str, width: int = 40, is_folded: bool = False, is_broken: bool = False) -> LogViewport:
    """A pane over these lines, at their end."""
    window = LogWindow(Look())
    window.add([LogLine(at, text, "stdout", "user", None) for at, text in enumerate(contents)], len(contents))
    window.fold(is_folded)
    view = LogViewport(window, Look())
    view.width, view.height = width, HEIGHT
    view.style = replace(view.style, is_broken=is_broken)
    view.top = view.end
    return view


def shown(view: LogViewport) -> list[int]:
    """The lines on the screen."""
    return [row.number for row in view.rows()]


def test_a_line_behind_many_folded_ones_stands_in_the_middle_of_a_full_pane() -> None:
    contents = [*(text for _ in range(20) for text in traceback(20)), *(f"row {number}" for number in range(4))]
    view = viewport(*contents, is_folded=True)
    reason = 42 * 10 - 1
    view.top = Spot(0)
    view.go_to(reason)

    assert contents[reason] == REASON
    assert len(shown(view)) == HEIGHT
    assert shown(view).index(reason) == HEIGHT // 2


@pytest.mark.parametrize(
    ("contents", "left"),
    [
        (
            ["java.lang.RuntimeException: gone", "\tat org.x.A.b(A.java:1)", "\tat org.x.C.d(C.java:2)",
             "Caused by: java.io.IOException: late", "\tat org.x.E.f(E.java:3)", "\t... 2 more", "next"],
            [0, 3, 6],
        ),
        (["TypeError: no function", "    at f (a.js:1:2)", "    at async g (b.js:3:4)", "", "Node.js v22"], [0, 3, 4]),
        (["a.rb:1:in 'f': gone (RuntimeError)", "\tfrom a.rb:4:in 'g'", "\tfrom a.rb:5:in '<main>'"], [0]),
        (
            ["  + Exception Group Traceback (most recent call last):", '  |   File "a.py", line 1, in f', "  |     g()",
             "  | ExceptionGroup: two (1 sub-exception)", "  +-+---------------- 1 ----------------",
             "    | Traceback (most recent call last):", '    |   File "a.py", line 3, in g', "    | KeyError: 'a'",
             "    +------------------------------------"],
            [0, 3, 4, 5, 7, 8],
        ),
        (["pydantic: 1 validation error for Order", "  Input should be a number"], [0, 1]),
    ],
)  # fmt: skip
def test_what_went_wrong_stays_where_frames_are_folded(contents: list[str], left: list[int]) -> None:
    assert shown(viewport(*contents, is_folded=True)) == left


def test_going_to_a_folded_line_opens_its_traceback() -> None:
    view = viewport(*traceback(3), *traceback(3), is_folded=True)
    assert shown(view) == [0, 7, 8, 15]
    view.go_to(11)

    assert 11 in shown(view)
    assert view.window.folded_below(0) == 6
    assert view.window.folded_below(8) == 0
    view.window.fold(True)
    assert view.window.is_hidden(11)


def test_frames_are_not_folded_into_a_head_that_is_not_shown() -> None:
    view = viewport(*traceback(3), is_folded=True)
    view.window.choose([1, 3, 5])

    assert shown(view) == [1, 3, 5]


def test_only_frames_that_would_be_shown_are_counted_as_folded() -> None:
    view = viewport(*traceback(3), is_folded=True)
    view.window.choose([0, 3, 5, 7])

    assert shown(view) == [0, 7]
    assert view.window.folded_below(0) == 2


def test_a_line_longer_than_the_screen_can_be_read_to_its_end() -> None:
    view = viewport("first", "x" * 2_000 + "END", "last", is_broken=True)
    view.top = Spot(0)
    seen = ""
    while view.top < view.end:
        view.top = view.on(view.top, 1)
        seen += "".join("".join(span.text for span in row.line) for row in view.rows())

    assert "END" in seen
    assert shown(view)[-1] == 2


def test_a_page_back_shows_each_row_of_broken_lines() -> None:
    view = viewport(*("x" * 100 for _ in range(30)), is_broken=True)
    rows = sum(view._height_of(place) for place in range(30))
    pages = 0
    while view.top > Spot(0):
        view.top = view.back(view.top, HEIGHT)
        pages += 1

    assert pages == -(-(rows - HEIGHT) // HEIGHT)


LINES = st.lists(st.sampled_from(["short", "x" * 90, HEAD, "  frame", REASON]), min_size=1, max_size=40)


@given(LINES, st.booleans(), st.booleans(), st.integers(0, 60), st.integers(1, 30))
def test_down_then_up_comes_back(contents: list[str], folded: bool, broken: bool, start: int, rows: int) -> None:
    view = viewport(*contents, is_folded=folded, is_broken=broken)
    top = view.on(Spot(0), start)
    view.top = top
    before = [row.line for row in view.rows()]
    below = view.on(top, rows)
    view.top = view.back(below, rows)

    if below < view.end:
        assert [row.line for row in view.rows()] == before
    assert view.top <= view.end


@given(LINES, st.booleans(), st.booleans(), st.integers(0, 39))
def test_the_line_that_is_gone_to_is_shown(contents: list[str], folded: bool, broken: bool, number: int) -> None:
    view = viewport(*contents, is_folded=folded, is_broken=broken)
    number = min(number, len(contents) - 1)
    view.go_to(number)

    assert number in shown(view)
    assert view.current == number


@pytest.mark.parametrize("is_broken", [False, True])
def test_the_end_is_a_full_screen(is_broken: bool) -> None:
    view = viewport(*(f"row {number} " + "x" * (number % 3 * 40) for number in range(50)), is_broken=is_broken)

    assert len(view.rows()) == HEIGHT
    assert shown(view)[-1] == 49
