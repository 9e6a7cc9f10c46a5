"""A list of rows with a cursor, drawn by the Line API: moving the cursor paints two rows."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Entry, Section, lay_out
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, text_of
from dlthub_tui.widgets.painted import Painted


class RowList(Painted):
    """Sections of rows under one cursor.

    A reload never moves the list under the cursor: the row under it keeps its place on the screen. On the first row the
    list follows what arrives above; where the rows that there are come in another order, the cursor stays on its own.
    """

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor came to rest matters."""
            return isinstance(message, RowList.Moved)

    class Opened(Message):
        """A row was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, look: Look, *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self._look = look
        self._sections: tuple[Section, ...] = ()
        self._entries: list[Entry] = []
        self._choices: list[int] = []
        self._rules: list[int] = []
        self._at = 0
        self._top = 0
        self._wanted: str | None = None
        self._wanted_top = 0
        self.marked: set[str] = set()
        self.new_above = 0
        self._has_keys = True

    def take_keys(self, has_keys: bool) -> None:
        """Whether the keys go here: only then the cursor is shown."""
        if has_keys != self._has_keys:
            self.refresh_focus()
        self._has_keys = has_keys

    def refresh_focus(self) -> None:
        """Draws again what says whether the keys go here: the cursor, and the title of its pane."""
        for row in self._focused():
            self._refresh_entry(row)

    def _focused(self) -> set[int]:
        """The row under the cursor and the rule above it, where they are."""
        return {row for row in (self._cursor_row(), self._rule_row()) if row is not None}

    def _rule_row(self) -> int | None:
        """The rule of the pane that the cursor is in; the first one where there is nothing to stand on."""
        row = self._cursor_row()
        above = self._rules[: 1 if row is None else bisect(self._rules, row)]
        return above[-1] if above else None

    @property
    def key(self) -> str | None:
        """The row under the cursor."""
        return self._entries[self._choices[self._at]].key if self._choices else self._wanted

    @property
    def keys(self) -> list[str]:
        """All rows that can be chosen, in their order."""
        return [self._entries[index].key or "" for index in self._choices]

    @property
    def place(self) -> tuple[str | None, int]:
        """Cursor and scroll, to come back to."""
        return self.key, self._top if self._choices else self._wanted_top

    @place.setter
    def place(self, value: tuple[str | None, int]) -> None:
        self._wanted, self._wanted_top = value
        if self._choices:
            self._restore(self._wanted, None)

    def show(self, sections: Sequence[Section], *, counts_new: bool = False) -> None:
        """Shows these rows. The cursor stays on its row where that is still there.

        `counts_new`: rows that arrived above the cursor since the last time are counted in `new_above`.
        """
        before, self._sections = self._sections, tuple(sections)
        known = set(self.keys)
        self._lay_out(before)
        if self._at == 0:
            self.new_above = 0
        elif counts_new and known:
            self.new_above += sum(key not in known for key in self.keys[: self._at])

    def let_go(self) -> None:
        """Of its rows; it is not shown any more."""
        self._sections, self._entries, self._choices, self._rules = (), [], [], []

    def _lay_out(self, shown: Sequence[Section] = ()) -> None:
        """`shown` are the sections before these: a row that is gone had its neighbours there."""
        if not self.size.width:
            return
        before, top = self._entries, self._top
        key, row, focused = self.key, self._cursor_row(), self._focused()
        was_first = self._at == 0 and top == 0 and self._wanted is None
        self._entries = lay_out(self._sections, self.size.width, self._look)
        self._choices = [index for index, entry in enumerate(self._entries) if entry.key is not None]
        self._rules = [index for index, entry in enumerate(self._entries) if entry.is_full]
        # Another order of the same rows is no arrival: the keys would act on a row that nobody went to.
        follows = was_first and bool(before) and not {*self.keys[:1]} & {*_keys(before, 0)}
        self._restore(None if follows else key, None if row is None or was_first else row - top, shown)
        if self.text_selection is not None and _keys(before, top) != _keys(self._entries, self._top):
            self.end_selection()
        if self._top != top or len(before) != len(self._entries):
            self.refresh()
        else:
            self._refresh_changed(before, focused)
        if self.key != key:
            self.post_message(self.Moved(self.key))

    def _refresh_changed(self, before: list[Entry], focused: set[int]) -> None:
        """Draws what is another; of a thousand rows only those that are seen are compared."""
        seen = {self._entry_at(y) for y in range(self.size.height)}
        changed = {row for row in seen if row < len(before) and before[row] != self._entries[row]}
        for row in changed | (focused ^ self._focused()):
            self._refresh_entry(row)

    def _restore(self, key: str | None, offset: int | None, shown: Sequence[Section] = ()) -> None:
        keys = self.keys
        if key is not None and key not in keys:
            key = _nearest(key, shown, keys) or key
        if key is not None and key in keys:
            self._at = keys.index(key)
        else:
            self._at = min(self._at, max(0, len(keys) - 1)) if key is not None else 0
        if self._choices and self._wanted is not None:
            # Only now: titles of columns alone have nothing to scroll.
            self._wanted, self._top = None, self._wanted_top
        row = self._cursor_row()
        if row is not None and offset is not None and self._at > 0:
            self._top = row - offset
        self._clamp()

    def _cursor_row(self) -> int | None:
        return self._choices[self._at] if self._choices and self._at < len(self._choices) else None

    def _clamp(self) -> None:
        height = max(1, self.size.height)
        row = self._cursor_row() or 0
        if self._at == 0 and row < height:
            self._top = 0
        self._top = max(row - height + 1, min(self._top, row - self._held))
        self._top = max(0, min(self._top, len(self._entries) - height))

    @property
    def _held(self) -> int:
        """1 where the titles of the columns stay at the top while the rows scroll: those of one table."""
        first = self._entries[0] if self._entries else None
        return int(first is not None and first.key is None and not first.is_full and len(self._sections) == 1)

    def move(self, steps: int) -> None:
        """Moves the cursor by rows."""
        self._go(self._at + steps)

    def move_page(self, pages: int) -> None:
        """Moves the cursor by screens."""
        self._go(self._at + pages * max(1, self.size.height - 2))

    def move_to_end(self, *, last: bool) -> None:
        """To the first or last row."""
        self._go(len(self._choices) - 1 if last else 0)

    def is_at_end(self, *, last: bool) -> bool:
        """Whether the cursor is on the last row, or the first one."""
        return self._at == (max(0, len(self._choices) - 1) if last else 0)

    def move_to(self, key: str) -> None:
        """To the row with this key, if it is there."""
        if key in self.keys:
            self._go(self.keys.index(key))

    def move_to_next_section(self, steps: int) -> None:
        """To the first row of the next section that has rows."""
        starts = self._section_starts()
        if len(starts) < 2:
            return
        current = max(index for index, start in enumerate(starts) if start <= self._at)
        self._go(starts[(current + steps) % len(starts)])

    def _section_starts(self) -> list[int]:
        starts, position = [0], 0
        for section in self._sections:
            if section.title is not None and position and section.rows and position not in starts:
                starts.append(position)
            position += len(section.rows)
        return [start for start in starts if start < len(self._choices)]

    def _go(self, position: int) -> None:
        if not self._choices:
            return
        position = max(0, min(position, len(self._choices) - 1))
        if position == self._at:
            return
        focused, old_top = self._focused(), self._top
        self._at = position
        self._clamp()
        if position == 0:
            self.new_above = 0
        if self._top != old_top:
            self.end_selection()
            self.refresh()
        else:
            for row in focused ^ self._focused():
                self._refresh_entry(row)
        self.post_message(self.Moved(self.key))

    def toggle_mark(self) -> None:
        """Marks the row under the cursor, or takes its mark away."""
        key, row = self.key, self._cursor_row()
        if key is not None and row is not None:
            self.marked ^= {key}
            self._refresh_entry(row)

    def set_marks(self, keys: set[str]) -> None:
        """Marks exactly these rows."""
        if keys != self.marked:
            self.marked = set(keys)
            self.refresh()

    def table(self) -> list[list[str]]:
        """All rows with the titles of their columns, uncut, for a file."""
        found: list[list[str]] = []
        for section in self._sections:
            titles = ["", *(column.title for column in section.columns)]
            if section.rows and any(titles):
                found.append(titles)
            found.extend([row.glyph.text, *map(text_of, row.cells)] for row in section.rows)
        return found

    def row_text(self) -> str:
        """The row under the cursor as text."""
        row = self._cursor_row()
        if row is None:
            return ""
        entry = self._entries[row]
        return f"{entry.glyph.text} {text_of(entry.line)}".strip()

    def _refresh_entry(self, index: int) -> None:
        y = index - self._top
        if (self._held if self._top else 0) <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        """Lays out for the new size."""
        self._lay_out()
        self._clamp()
        self.refresh()

    def _entry_at(self, y: int) -> int:
        """Which line of the list a row shows."""
        return y if y < self._held else self._top + y

    def on_click(self, event: events.Click) -> None:
        """A click does what enter does; what was selected with it is no click.

        The second of a double click comes to what the first one opened: it would open something there.
        """
        if self.text_selection is not None or event.chain > 1:
            return
        index = self._entry_at(event.y)
        if index in self._choices:
            self._go(self._choices.index(index))
            self.post_message(self.Opened(self._entries[index].key or ""))

    def on_mouse_scroll_down(self) -> None:
        """The wheel does what the arrows do."""
        self.move(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel does what the arrows do."""
        self.move(-3)

    def render_line(self, y: int) -> Strip:
        """One row, with cursor, mark and state in its first cells."""
        index = self._entry_at(y)
        if index >= len(self._entries):
            return self.paint(y, EMPTY_LINE)
        entry = self._entries[index]
        has_keys = self._has_keys and self.screen.is_active
        if entry.is_full:
            return self.paint(y, entry.cells[has_keys and index == self._rule_row()])
        is_chosen = has_keys and index == self._cursor_row()
        cursor = Span(self._look.glyphs.cursor if is_chosen else " ", Role.ACCENT)
        mark = Span(self._look.glyphs.mark if entry.key in self.marked else " ", Role.ACCENT)
        line: Line = (cursor, mark, entry.glyph, Span(" "), *entry.line)
        ground = "chosen" if is_chosen and not self._look.is_calm else "ground"
        return self.paint(y, line, ground)


def _keys(entries: Sequence[Entry], top: int) -> list[str | None]:
    return [entry.key for entry in entries[top:]]


def _nearest(key: str, shown: Sequence[Section], keys: Sequence[str]) -> str | None:
    """Of what stood in one pane with the row, what is still there: the row after it first, then the one before."""
    for section in shown:
        pane = [row.key for row in section.rows]
        if key in pane:
            at, left = pane.index(key), set(keys)
            return next((each for each in (*pane[at + 1 :], *reversed(pane[:at])) if each in left), None)
    return None
