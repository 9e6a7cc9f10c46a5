"""Two logs beside each other: draws the visible places of an alignment over two windows of ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.message import Message

from dlthub_tui.viewmodel.logs.log_compare import (
    SPLIT_WIDTH,
    Alignment,
    Beside,
    CompareStyle,
    draw_beside,
    number_width,
    text_beside,
)
from dlthub_tui.viewmodel.logs.log_rows import LogRow
from dlthub_tui.viewmodel.logs.log_window import LogLine, LogWindow
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.widgets.scrolled_rows import Row, ScrolledRows

SIDEWAYS = 16


class CompareView(ScrolledRows):
    """`ours` and `theirs` hold the lines. The cursor is at `place`."""

    class Moved(Message):
        """What is shown is another."""

        def can_replace(self, message: Message) -> bool:
            """Only the last state matters."""
            return isinstance(message, CompareView.Moved)

    class Wanted(Message):
        """Lines of ours or theirs from `first` on are missing that would be drawn."""

        def __init__(self, side: str, first: int) -> None:
            super().__init__()
            self.side, self.first = side, first

        def can_replace(self, message: Message) -> bool:
            """Only the last range of a side matters."""
            return isinstance(message, CompareView.Wanted) and message.side == self.side

    def __init__(self, look: Look, *, widget_id: str | None = None) -> None:
        super().__init__(look, widget_id=widget_id)
        self.alignment = Alignment()
        self.ours, self.theirs = LogWindow(look), LogWindow(look)
        self.top = 0
        self.place = 0
        self._style = CompareStyle()

    def window_of(self, side: str) -> LogWindow:
        """The lines of `ours` or `theirs`."""
        return self.ours if side == "ours" else self.theirs

    @property
    def line(self) -> int:
        """The line of ours there."""
        return self.alignment.line_near(self.place)

    def take(self, side: str, lines: tuple[LogLine, ...], total: int, absent: tuple[tuple[int, int], ...] = ()) -> None:
        """Lines of one log arrived, and which there are not."""
        window = self.window_of(side)
        if self.alignment.places:
            found = self.alignment.at(min(self.top, self.alignment.places - 1))
            around = (found.ours if side == "ours" else found.theirs) or 0
        else:
            around = 0
        window.add_absent(absent)
        window.add(lines, around)
        window.total = max(window.total, total)
        self._style = replace(self._style, number_width=number_width(self.ours.total, self.theirs.total))
        self.repaint_changes()

    def finish(self, our_lines: int | None, their_lines: int | None) -> None:
        """Nothing more is known: both logs end there, None where the comparison did not come to their ends."""
        alignment, window = self.alignment, (self.ours, self.theirs)
        end = alignment.end
        alignment.finish(
            end[0] if our_lines is None else max(our_lines, end[0]),
            end[1] if their_lines is None else max(their_lines, end[1]),
        )
        for side, total in zip(window, alignment.end, strict=True):
            side.total = max(side.total, total)
        self.grew()

    def grew(self) -> None:
        """The alignment knows more."""
        self.top = min(self.top, self._last_top)
        self.repaint_changes()
        self.post_message(self.Moved())

    @property
    def _last_top(self) -> int:
        return max(0, self.alignment.places - max(1, self.size.height))

    def _go(self, place: int, top: int) -> None:
        """The cursor to a place; the pane so that it is shown, from `top` on where that does."""
        height = max(1, self.size.height)
        self.place = max(0, min(place, self.alignment.places - 1))
        self.top = max(0, min(max(self.place - height + 1, min(top, self.place)), self._last_top))
        self.repaint_changes()
        self.post_message(self.Moved())

    def scroll_lines(self, steps: int) -> None:
        """Moves the cursor by places."""
        self._go(self.place + steps, self.top)

    def scroll_pages(self, pages: int) -> None:
        """Moves by screens."""
        steps = pages * max(1, self.size.height - 1)
        self._go(self.place + steps, self.top + steps)

    def go_to_end(self, *, last: bool) -> None:
        """To the first or last place."""
        self._go(self.alignment.places - 1 if last else 0, self.top)

    def go_to_place(self, place: int) -> None:
        """The cursor to a place, shown with what is before it."""
        self._go(place, place - self.size.height // 3)

    def scroll_sideways(self, steps: int) -> None:
        """Moves both logs sideways."""
        self._style = replace(self._style, left=max(0, self._style.left + steps * SIDEWAYS))
        self.repaint_changes()

    def set_search(self, needle: str) -> None:
        """Marks what is searched for."""
        self._style = replace(self._style, needle=needle)
        self.repaint_changes()

    def places_of(self, ours: Sequence[int], theirs: Sequence[int]) -> list[int]:
        """Where lines of both logs stand, in their order. Where one of them is folded away, all lines are shown."""
        alignment = self.alignment
        places = {alignment.place_of(number) for number in ours}
        places.update(alignment.place_of_theirs(number) for number in theirs)
        if alignment.is_folded and any(alignment.at(place).folded for place in places):
            self.toggle_folding()
            return self.places_of(ours, theirs)
        return sorted(places)

    def toggle_numbers(self) -> None:
        """Line numbers off and on."""
        self._style = replace(self._style, shows_numbers=not self._style.shows_numbers)
        self.repaint_changes()

    def toggle_folding(self) -> bool:
        """Only what is near differences, or all lines; says whether it folds."""
        self._arrange(is_folded=not self.alignment.is_folded)
        return self.alignment.is_folded

    def _arrange(self, *, is_folded: bool) -> None:
        """The cursor stays on the same line of ours, and the line where it is."""
        alignment = self.alignment
        line, above = alignment.line_near(self.place), self.place - self.top
        alignment.arrange(is_split=self.size.width >= SPLIT_WIDTH, is_folded=is_folded)
        place = alignment.place_of(line) if self.place else 0
        self._go(place, place - above)

    def _rows_of(self, place: Beside) -> tuple[LogRow | None, LogRow | None]:
        return (
            None if place.ours is None else self.ours.find(place.ours),
            None if place.theirs is None else self.theirs.find(place.theirs),
        )

    def text(self) -> str:
        """The place that is meant, as it is copied."""
        if not self.alignment.places:
            return ""
        place = self.alignment.at(self.place)
        return text_beside(place, self._rows_of(place))

    def _shown(self) -> list[int]:
        return list(range(self.top, min(self.alignment.places, self.top + self.size.height)))

    def lay_out(self) -> list[Row]:
        """The rows from the top on."""
        width, alignment = self.size.width, self.alignment
        drawn: list[Row] = []
        for at in self._shown():
            place = alignment.at(at)
            line = draw_beside(
                place, self._rows_of(place), self._style, self._look, width, split=alignment.is_split
            )  # fmt: skip
            drawn.append((line, at == self.place))
        return drawn

    def after_layout(self) -> None:
        """Asks for what would be drawn and is not held."""
        places = [place for place in map(self.alignment.at, self._shown()) if not place.folded]
        # Where both have a line, the narrow screen shows ours only.
        needs_both = self.alignment.is_split
        ours = (place.ours for place in places)
        theirs = (place.theirs for place in places if needs_both or place.ours is None)
        for side, window, numbers in (("ours", self.ours, ours), ("theirs", self.theirs, theirs)):
            gap = next((number for number in numbers if number is not None and window.lacks(number)), None)
            if gap is not None:
                self.post_message(self.Wanted(side, gap))

    def on_resize(self) -> None:
        """Lays out for the new size."""
        self.forget_drawn()
        self._arrange(is_folded=self.alignment.is_folded)
