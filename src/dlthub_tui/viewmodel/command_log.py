"""What each key did, with the same as a command line of a shell: the command log (`@`)."""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import accent, cut_middle, guard, line, muted

MOST_ENTRIES = 500
# So much of a command line leaves room for the other columns; it stands whole below, and is copied whole.
TWIN_CELLS = 40
COLUMNS = (
    Column("When", least=8),
    Column("Key", least=5),
    Column("Did", least=16),
    Column("Where", drops=2, least=12),
    Column("Said", takes_rest=True, least=16),
    Column("In a shell", drops=1, least=20),
)
# Layers whose keys only move, and actions that only look for others.
_QUIET_LAYERS = frozenset({"move", "form", "typing", "compare"})
_QUIET = frozenset({
    "line.next", "line.previous", "line.left", "line.right", "line.first", "line.last", "line.mark", "row.mark",
    "list.mark_all", "list.filter", "pane.next", "pane.previous", "pane.details", "pane.zoom", "nav.back", "nav.close",
    "help.open", "command.open", "palette.open", "log.commands", "app.interrupt",
})  # fmt: skip


@dataclass(slots=True)
class Done:
    """One key: `place` is where it was pressed, `twin` the same in a shell, `said` what the screen answered."""

    number: int
    at: datetime
    key: str
    title: str
    place: str
    twin: str
    screen: int
    said: str = ""


def is_noted(action_id: str, layer: str) -> bool:
    """Whether an action is one that did something."""
    return layer not in _QUIET_LAYERS and action_id not in _QUIET


# A key's work, and what it begins, run in copies of this context.
_answered: ContextVar[Done | None] = ContextVar("answered", default=None)


@dataclass(slots=True)
class CommandLog:
    """The newest entries; older ones are forgotten. Nothing of it is kept on disk."""

    entries: deque[Done] = field(default_factory=lambda: deque[Done](maxlen=MOST_ENTRIES))
    count: int = 0

    def note(self, at: datetime, key: str, title: str, place: str, twin: str, screen: int) -> None:
        """A key was pressed."""
        self.count += 1
        done = Done(self.count, at, key, title, place, twin, screen)
        self.entries.append(done)
        _answered.set(done)

    def heard(self, screen: int, said: str) -> None:
        """A screen said something: the first of it answers the key from which the work was begun that says it."""
        done = _answered.get()
        if done is not None and done.screen == screen and not done.said:
            done.said = said


def entry_row(entry: Done, look: Look) -> Row:
    """One key."""
    cells = (
        line(muted(words.clock(entry.at, look))),
        line(accent(entry.key)),
        line(entry.title),
        line(muted(guard(entry.place))),
        line(guard(entry.said) or "-"),
        line(muted(cut_middle(guard(entry.twin), TWIN_CELLS, look.glyphs.cut) or "-")),
    )
    found = f"{entry.key} {entry.title} {entry.place} {entry.said} {entry.twin}"
    return Row(str(entry.number), muted(" "), cells, found)
