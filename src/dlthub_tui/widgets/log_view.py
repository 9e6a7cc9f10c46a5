"""The log pane: draws the visible lines of a window of ranges, follows the end, pauses on the way up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from textual.message import Message
from textual.selection import Selection

from dlthub_tui.viewmodel.logs.log_rows import LogStyle
from dlthub_tui.viewmodel.logs.log_viewport import LogViewport, Spot
from dlthub_tui.viewmodel.logs.log_window import MOST_FRAMES, LogLine, LogWindow
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.widgets.scrolled_rows import Row, ScrolledRows

SIDEWAYS = 16


class LogView(ScrolledRows):
    """Shows the lines of a window from the top of its viewport on."""

    class Moved(Message):
        """What is shown, or whether it follows, is another."""

        def can_replace(self, message: Message) -> bool:
            """Only the last state matters."""
            return isinstance(message, LogView.Moved)

    class Wanted(Message):
        """Lines from `first` on are missing that would be drawn: to be asked for with those around them."""

        def __init__(self, first: int) -> None:
            super().__init__()
            self.first = first

        def can_replace(self, message: Message) -> bool:
            """Only the last range matters."""
            return isinstance(message, LogView.Wanted)

    def __init__(self, look: Look, window: LogWindow, *, widget_id: str | None = None) -> None:
        super().__init__(look, widget_id=widget_id)
        self.window = window
        self.view = LogViewport(window, look)
        self.is_following = True
        self.seen = 0
        self._shown: tuple[int, int] | None = None
        # Near which line the pane stays while lines that are chosen arrive; None once somebody moved.
        self._near: int | None = None

    @property
    def current(self) -> int | None:
        """The line that a search or a key went to."""
        return self.view.current

    @property
    def marks(self) -> dict[int, str]:
        """Lines that somebody marked, by number."""
        return self.view.marks

    @property
    def style_of_lines(self) -> LogStyle:
        """How lines are drawn."""
        return self.view.style

    @property
    def new_lines(self) -> int:
        """How many of the lines that are shown came while the pane does not follow."""
        return max(0, self.window.places - self.window.place_of(self.seen))

    @property
    def last_shown(self) -> int | None:
        """The last line on the screen; None where the end is shown."""
        return self._shown[1] if self._shown is not None and self.view.top < self.view.end else None

    @property
    def line(self) -> int:
        """The line that copying and links mean."""
        if self.view.current is not None:
            return self.view.current
        return self.view.last_number() if self.is_following else self.view.first_number()

    @property
    def near(self) -> int:
        """The line that another choice of lines stays near: the one it was chosen at, until somebody moves."""
        return self.line if self._near is None else self._near

    def take(self, rows: Sequence[LogLine], total: int | None = None, absent: Sequence[tuple[int, int]] = ()) -> None:
        """Takes lines in, and which there are not; repaints only if something visible is another."""
        top = self.window.number_at(self.view.top.place)
        if absent:
            self.window.add_absent(absent)
            self.view.top = Spot(self.window.place_of(top), self.view.top.row)
        end = max(self.window.total, total or 0)
        middle = self.window.number_at(self.view.top.place + self.size.height // 2)
        self.window.add(rows, end if self.is_following else middle)
        if total is not None:
            self.window.total = max(self.window.total, total)
        if self.is_following:
            self._go_to_end()
            self.repaint_changes()
            return
        before = self.view.top
        self.view.settle()
        if self.view.top != before:
            self._moved()
        elif absent or any(self._may_show(row.number) for row in rows):
            self.repaint_changes()

    def _may_show(self, number: int) -> bool:
        if self._shown is None:
            return True
        first, last = self._shown
        return first - (MOST_FRAMES if self.window.is_folded else 0) <= number <= last

    def read_again(self) -> None:
        """Lines were stored anew: nothing that was read before is shown, copied or saved any more."""
        self.window.forget()
        self.marks.clear()
        self._moved()

    def follow(self) -> None:
        """Goes to the end and stays there as it grows."""
        self.is_following, self.view.current = True, None
        self._go_to_end()
        self._moved()

    def pause(self) -> None:
        """Stays where it is."""
        self._near = None
        if self.is_following:
            self.is_following = False
            self.seen = self.window.total
            self.post_message(self.Moved())

    def selection_updated(self, selection: Selection | None) -> None:
        """What is being selected does not move away."""
        if selection is not None:
            self.pause()
        super().selection_updated(selection)

    def _moved(self) -> None:
        self.repaint_changes()
        self.post_message(self.Moved())

    def _go_to_end(self) -> None:
        self.seen = self.window.total
        self.view.top = self.view.end

    def scroll_lines(self, steps: int) -> None:
        """Moves by rows; upwards pauses, and reaching the end follows again where more may come."""
        view, self._near = self.view, None
        if steps < 0:
            self.pause()
        top = view.on(view.top, steps) if steps > 0 else view.back(view.top, -steps)
        if steps > 0 and top >= view.end and not self.is_following:
            self.is_following = True
            self.seen = self.window.total
        if top != view.top or view.current is not None:
            view.top, view.current = top, None
            self.repaint_changes()
        self.post_message(self.Moved())

    def scroll_pages(self, pages: int) -> None:
        """Moves by screens."""
        self.scroll_lines(pages * max(1, self.size.height - 1))

    def scroll_sideways(self, steps: int) -> None:
        """Moves sideways, where lines are cut."""
        if not self.view.style.is_broken:
            self.restyle(replace(self.view.style, left=max(0, self.view.style.left + steps * SIDEWAYS)))

    def go_to_first(self) -> None:
        """To the first line."""
        self.pause()
        self.view.top, self.view.current = Spot(0), None
        self._moved()

    def go_to(self, number: int, *, is_there: bool = False) -> None:
        """Shows a line in the middle and makes it the current one; where it is not shown, the next that is.

        A number behind the end means the last line, unless the region has it (`is_there`): a search may know of
        lines before any of the log was read.
        """
        self.pause()
        if is_there or not self.window.total:
            self.window.total = max(self.window.total, number + 1)
        number = min(number, self.window.total - 1)
        self.view.go_to(number)
        self._moved()

    def leave_current(self) -> None:
        """No line is the current one."""
        self.view.current = None
        self._moved()

    def step_current(self) -> None:
        """The cursor goes one line on, and the pane with it."""
        number = self.view.next_shown(self.line)
        if number is not None:
            self.go_to(number)

    def show_places(self, numbers: Iterable[int] | None, at: int | None) -> None:
        """Shows only these lines, or all; stays near the line `at`, or at the end."""
        self.window.choose(numbers)
        self._near = at
        if self.view.current is not None and not self.window.shows(self.view.current):
            self.view.current = None
        if at is None or self.is_following:
            self._go_to_end()
        else:
            self._go_near(at)
        self._moved()

    def _go_near(self, number: int) -> None:
        """Shows what is around a line as it was shown before."""
        place = Spot(self.window.place_of(number))
        self.view.top = min(self.view.back(place, self.size.height // 3), self.view.end)

    def show_more_places(self, numbers: Iterable[int]) -> None:
        """Shows these lines too."""
        has_room = self._shown is None or self.view.end <= self.view.top
        self.window.choose_more(numbers)
        if self.is_following:
            self._go_to_end()
        elif self._near is not None:
            self._go_near(self._near)
        if self.is_following or has_room or self._near is not None:
            self.repaint_changes()

    def toggle_mark(self) -> None:
        """Marks the line at the cursor, or takes its mark away."""
        row = self.window.find(self.line)
        if row is not None and self.marks.pop(row.number, None) is None:
            self.marks[row.number] = row.plain
        self.repaint_changes()

    def clear_marks(self) -> bool:
        """Takes all marks away; says whether there were any."""
        had = bool(self.marks)
        self.marks.clear()
        self.repaint_changes()
        return had

    def restyle(self, style: LogStyle) -> None:
        """Draws lines in another way."""
        if style != self.view.style:
            self.view.style = style
            self._stay()

    def set_search(self, needle: str) -> None:
        """Marks what is searched for."""
        self.restyle(replace(self.view.style, needle=needle))

    def toggle_numbers(self) -> None:
        """Line numbers off and on."""
        self.view.wants_numbers = not self.view.shows_numbers
        self._stay()

    def toggle_breaking(self) -> None:
        """Breaks long lines or cuts them."""
        self.restyle(replace(self.view.style, is_broken=not self.view.style.is_broken, left=0))

    def toggle_folding(self) -> bool:
        """Folds tracebacks, or shows them whole; says which."""
        number = self.view.first_number()
        self.window.fold(not self.window.is_folded)
        self.view.top = Spot(self.window.place_of(number))
        if self.view.current is not None and self.window.is_hidden(self.view.current):
            self.view.current = None
        self._stay()
        return self.window.is_folded

    def _stay(self) -> None:
        """The same lines in another shape: at the end where it follows, else with the same line at the top."""
        if self.is_following:
            self._go_to_end()
        else:
            self.view.top = min(Spot(self.view.top.place), self.view.end)
            if self.view.current is not None:
                self.view.go_to(self.view.current)
        self._moved()

    def lay_out(self) -> list[Row]:
        """The rows from the top on."""
        self.view.width, self.view.height = self.size
        rows = self.view.rows()
        self._shown = (rows[0].number, rows[-1].number) if len(rows) >= self.size.height > 0 else None
        return [(row.line, row.number == self.view.current) for row in rows]

    def after_layout(self) -> None:
        """Asks for what would be drawn and is not held."""
        missing = self.view.missing if self.size.height else None
        if missing is not None:
            self.post_message(self.Wanted(missing))

    def on_resize(self) -> None:
        """Lays out for the new size."""
        self.forget_drawn()
        self.view.width, self.view.height = self.size
        self._stay()
