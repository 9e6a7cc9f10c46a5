"""What is sent for a paint shows the same as the paint would, whatever was on the terminal before."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.widgets.changed_cells import ChangedCells

WIDTH, HEIGHT = 12, 5
LOOKS = ("", "1", "31", "38;2;1;2;3", "38;2;1;2;3;48;2;9;8;7", "48;5;4", "4;32", "1;7;33;44", "9", "39;49", "3;95;107")
TEXTS = st.text(alphabet="ab ─█❯", min_size=1, max_size=WIDTH)


def styled(text: str, look: str) -> str:
    """As the library writes a piece of a row."""
    return f"\x1b[{look}m{text}\x1b[0m" if look else text


@st.composite
def paints(draw: st.DrawFn) -> str:
    """Pieces at some places, a whole row of a whole screen, or rows that move."""
    kind = draw(st.sampled_from(("pieces", "pieces", "pieces", "whole", "scroll")))
    if kind == "scroll":
        top = draw(st.integers(1, HEIGHT - 1))
        bottom = draw(st.integers(top + 1, HEIGHT))
        return f"\x1b[{top};{bottom}r\x1b[{draw(st.integers(1, bottom - top))}{draw(st.sampled_from('ST'))}\x1b[r"
    rows: list[str] = []
    for y in range(HEIGHT) if kind == "whole" else sorted(draw(st.sets(st.integers(0, HEIGHT - 1), min_size=1))):
        x = 0 if kind == "whole" else draw(st.integers(0, WIDTH - 1))
        out = [f"\x1b[{y + 1};{x + 1}H"]
        while x < WIDTH:
            text = draw(TEXTS)[: WIDTH - x]
            out.append(styled(text, draw(st.sampled_from(LOOKS))))
            x += len(text)
            if kind != "whole" and draw(st.booleans()):
                break
        rows.append("".join(out))
    return "\n".join(rows) + "\x1b[1;1H"


class Emulated:
    """A terminal that knows how rows are scrolled."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self._screen)

    def feed(self, written: str) -> None:
        from tests.tui.terminals import plain

        self._stream.feed(plain(written.encode()).decode())

    @property
    def cells(self) -> list[list[object]]:
        """Everything that can be seen: of a blank its ground, and what shows on blanks."""
        rows = [[self._screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
        return [
            [cell._replace(fg="default", bold=False, italics=False) if is_bare(cell) else cell for cell in row]
            for row in rows
        ]


def is_bare(cell: object) -> bool:
    """Whether the colour of the text cannot be seen."""
    data, lines = getattr(cell, "data", ""), ("underscore", "reverse", "strikethrough")
    return data == " " and not any(getattr(cell, name) for name in lines)


@given(st.lists(paints(), min_size=1, max_size=8))
def test_the_terminal_shows_what_was_painted(written: list[str]) -> None:
    whole, reduced, changed = Emulated(), Emulated(), ChangedCells()
    for paint in written:
        whole.feed(paint)
        reduced.feed(changed.reduce(paint, WIDTH, HEIGHT))

        assert reduced.cells == whole.cells


def test_what_is_shown_already_is_not_sent_again() -> None:
    changed = ChangedCells()
    paint = f"\x1b[2;1H{styled('abcdef', '31')}\x1b[1;1H"

    assert "abcdef" in changed.reduce(paint, WIDTH, HEIGHT)
    assert changed.reduce(paint, WIDTH, HEIGHT) == ""
    assert changed.reduce(paint.replace("c", "x"), WIDTH, HEIGHT) == "\x1b[2;3H\x1b[31mx\x1b[0m"


def test_a_paint_of_the_whole_screen_that_changes_most_of_it_is_sent_whole() -> None:
    changed = ChangedCells()
    paint = "".join(f"\x1b[{y + 1};1H{'abcdefghijkl'}\n" for y in range(HEIGHT))
    other = paint.replace("abcdefgh", "mnopqrst")

    assert changed.reduce(paint, WIDTH, HEIGHT) == paint
    assert changed.reduce(other, WIDTH, HEIGHT).count("mnopqrstijkl") == HEIGHT
    changed.forget()
    assert changed.reduce(other, WIDTH, HEIGHT).count("mnopqrstijkl") == HEIGHT


def test_a_paint_of_the_whole_screen_that_changes_some_rows_sends_these() -> None:
    changed = ChangedCells()
    rows = [f"\x1b[{y + 1};1Habcdefghijkl\n" for y in range(HEIGHT)]
    changed.reduce("".join(rows), WIDTH, HEIGHT)
    rows[-1] = rows[-1].replace("abcdefghijkl", "mnopqrstuvwx")

    assert changed.reduce("".join(rows), WIDTH, HEIGHT) == f"\x1b[{HEIGHT};1Hmnopqrstuvwx"


def test_rows_with_wide_characters_are_sent_as_they_are() -> None:
    changed = ChangedCells()
    paint = "\x1b[1;1Hab漢字cd\n\x1b[2;1Habcdef\x1b[1;1H"
    changed.reduce(paint, WIDTH, HEIGHT)

    assert changed.reduce(paint, WIDTH, HEIGHT) == "\x1b[1;1Hab漢字cd"


def test_pieces_of_a_row_with_wide_characters_stay_at_their_places() -> None:
    changed = ChangedCells()
    paint = "\x1b[1;1H漢a\x1b[1;9Hbc\x1b[2;1Hनि\x1b[2;9Hbc\x1b[1;1H"
    changed.reduce(paint, WIDTH, HEIGHT)

    assert changed.reduce(paint, WIDTH, HEIGHT) == "\x1b[1;1H漢a\x1b[1;9Hbc\x1b[2;1Hनि\x1b[2;9Hbc"


@pytest.mark.parametrize(("look", "blanked"), [("", "\x1b[K"), ("31;44", "\x1b[44m\x1b[K\x1b[31m")])
def test_a_row_that_a_terminal_may_show_narrower_leaves_nothing_of_what_was_there(look: str, blanked: str) -> None:
    changed = ChangedCells()
    changed.reduce(f"\x1b[1;1H{'x' * WIDTH}", WIDTH, HEIGHT)
    row = f"👍🏽{' ' * (WIDTH - 4)}"  # the second sign has cells of its own, as we count, and none in some terminals

    shown = changed.reduce(f"\x1b[1;1H{styled(row, look)}\x1b[1;1H", WIDTH, HEIGHT)

    assert shown == f"\x1b[1;1H{blanked}{row}" + ("\x1b[0m" if look else "")


def test_a_row_of_more_signs_than_cells_does_not_make_all_else_unknown() -> None:
    changed = ChangedCells()
    paint = f"\x1b[1;1H{styled('नि' * (WIDTH - 1), '31')}a\n\x1b[2;1Habcdef\x1b[1;1H"
    changed.reduce(paint, WIDTH, HEIGHT)

    assert "abcdef" not in changed.reduce(paint, WIDTH, HEIGHT)


def test_nothing_is_taken_for_known_after_a_write_that_is_no_paint_but_for_titles_and_copies() -> None:
    changed = ChangedCells()
    paint = "\x1b[2;1Habcdef\x1b[1;1H"
    changed.reduce(paint, WIDTH, HEIGHT)
    for other in ("\x1b[?1049h", "\x1b[2J", "\x07", "\x1b]2;a\x1b[2Jb\x07"):
        assert changed.reduce(other, WIDTH, HEIGHT) == other
        assert changed.reduce(paint, WIDTH, HEIGHT) == "\x1b[2;1Habcdef"
    for other in ("\x1b[?2026h", "\x1b]2;é › b\x07\x1b]9;4;3\x07", "\x1b]52;c;YQ==\x1b\\"):
        assert changed.reduce(other, WIDTH, HEIGHT) == other
        assert changed.reduce(paint, WIDTH, HEIGHT) == ""
    assert changed.reduce(paint, WIDTH + 1, HEIGHT) == "\x1b[2;1Habcdef"


@pytest.mark.parametrize(
    "late", ["\x1b[1;1Habcdefgh", "\x1b[1;4Hab\x1b[31mcdef\x1b[0m", "\x1b[5;1Hab", "\x1b[1;5r\x1b[1S\x1b[r"]
)
def test_what_was_drawn_for_a_larger_terminal_is_sent_as_it_is_and_nothing_is_known_then(late: str) -> None:
    """A window that is dragged smaller gets paints that were on their way; the app ended by it."""
    changed = ChangedCells()
    for _ in range(2):
        changed.reduce("\x1b[1;1Habcdefgh", WIDTH, HEIGHT)
        changed.reduce("\x1b[1;1Habc", 6, 3)

    assert changed.reduce(late, 6, 3) == late
    assert "abc" in changed.reduce("\x1b[1;1Habc", 6, 3)
