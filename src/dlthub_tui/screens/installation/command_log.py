"""What each key did, newest first."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.viewmodel import command_log as view
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import where_it_works
from dlthub_tui.viewmodel.places import CommandLogPlace, Place
from dlthub_tui.viewmodel.table import Section, rule
from dlthub_tui.viewmodel.text import Line, Span, accent, fit, guard, line, muted, wrapped

LABEL = "   In a shell  "
TWIN_ROWS = 2
EMPTY = "No key did anything yet. What keys do is listed here, with the same as a command line."


class CommandLogScreen(ListScreen):
    """What did I do, and how does a script do it?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("copy.text", "copy the command"), ("list.save", "save"), ("list.filter", "filter"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "command_log"
    DETAIL_ROWS: ClassVar[int] = 5

    def where(self) -> Place:
        """The command log."""
        return CommandLogPlace()

    def crumbs(self) -> list[str]:
        """The command log."""
        return ["dlthub-tui", "command log"]

    async def load(self) -> None:
        """It is here already."""

    def sections(self) -> list[Section]:
        """The keys that the filter leaves."""
        rows = [view.entry_row(entry, self.look) for entry in reversed(self.context.log.entries)]
        empty = no_match(rows, self.filter_text, "key") if rows else EMPTY
        return [Section(view.COLUMNS, matching(rows, self.filter_text), empty=(empty,))]

    def answer_line(self) -> tuple[Line, str]:
        """How many."""
        said = f"{words.plural(self.context.log.count, 'key')} did something since the start"
        return (muted(said),), f"{len(self.rows.keys)} shown"

    def _entry(self) -> view.Done | None:
        return next((entry for entry in self.context.log.entries if str(entry.number) == self.rows.key), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The key under the cursor, whole."""
        entry = self._entry()
        if entry is None:
            return []
        lines = [rule(f"{entry.key}  {entry.title}", guard(entry.place), width, self.look)]
        lines.extend(line("   ", part) for part in textwrap.wrap(guard(entry.said), max(20, width - 6))[:2])
        if entry.twin:
            lines.extend(self._twin_lines(entry.twin, width))
        return lines

    def _twin_lines(self, twin: str, width: int) -> list[Line]:
        """The command line and what it needs, in no more rows than there are."""
        works = where_it_works(twin, self.context.reach)
        said = line(accent(guard(twin)), muted(f" ({works})" if works else ""))
        room = width - len(LABEL) - 3
        rows = wrapped(said, room)
        if len(rows) > TWIN_ROWS:
            last = (*rows[TWIN_ROWS - 1], Span(" "), *rows[TWIN_ROWS])
            rows = [*rows[: TWIN_ROWS - 1], fit(last, room, mark=self.look.glyphs.cut)]
        return [line(muted(LABEL) if n == 0 else " " * len(LABEL), *row) for n, row in enumerate(rows)]

    def why_not(self, action: Action) -> str | None:
        """What needs a key under the cursor."""
        entry = self._entry()
        if action.id == "copy.text" and (entry is None or not entry.twin):
            return "There is no command line for this."
        return super().why_not(action)

    def do_copy_text(self) -> None:
        """Copies the command line."""
        entry = self._entry()
        if entry is not None:
            self.copied(entry.twin, where_it_works(entry.twin, self.context.reach))
