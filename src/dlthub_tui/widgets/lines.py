"""Rows of text that change one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from textual import events
from textual.app import App
from textual.geometry import Region, Size
from textual.strip import Strip

from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, pressed_at
from dlthub_tui.widgets.painted import Painted
from dlthub_tui.widgets.palette import Ground

Maker = Callable[[int], Sequence[Line]]


class LinesView(Painted):
    """Shows lines. `make` gets the width and answers the lines, so that a new size lays them out again."""

    def __init__(self, make: Maker | None = None, *, ground: Ground = "ground", widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self._make: Maker = make or (lambda _width: ())
        self._ground: Ground = ground
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def show(self, make: Maker) -> None:
        """Shows other lines; only rows that differ are painted."""
        self._make = make
        self.update()

    def update(self) -> None:
        """Asks the maker again."""
        if not self.size.width:
            return
        before, self._lines = self._lines, tuple(self._make(self.size.width))
        if len(before) != len(self._lines):
            self.refresh(layout=True)
            return
        changed = [y for y, (old, new) in enumerate(zip(before, self._lines, strict=True)) if old != new]
        for y in changed:
            self.refresh(Region(0, y, self.size.width, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """As many rows as there are lines."""
        self._lines = tuple(self._make(width))
        return len(self._lines)

    def on_resize(self) -> None:
        """Lays out again for the new width."""
        self._lines = tuple(self._make(self.size.width))
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click on the name of a key presses it; what was selected with it is no click."""
        line = self._lines[event.y] if event.y < len(self._lines) else EMPTY_LINE
        key = "" if self.text_selection is not None else pressed_at(line, event.x)
        # Who clicks twice on enter means what stands here, and nothing of what it opens.
        if key and not (key == "enter" and event.chain > 1):
            cast("App[Any]", self.app).simulate_key(key)  # pyright: ignore[reportUnknownMemberType] - generic in Textual

    def render_line(self, y: int) -> Strip:
        """One row."""
        line = self._lines[y] if y < len(self._lines) else EMPTY_LINE
        return self.paint(y, line, self._ground)
