"""The first frame: painted before anything connects."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, line, muted
from dlthub_tui.widgets.lines import LinesView

INDENT = 3


class StartScreen(PlaceScreen):
    """Says what is being started, and what went wrong with it."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global",)
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (("link.retry", "try again"), ("app.quit", "leave"))
    HAS_HELP: ClassVar[bool] = False
    steps: tuple[Span, ...] = ()

    def compose_body(self) -> ComposeResult:
        """What is being done."""
        yield LinesView(self._lines, widget_id="steps")

    def _lines(self, width: int) -> list[Line]:
        """Each step whole: what failed names addresses and files."""
        room, told = max(20, width - 2 * INDENT), list[Line]()
        for step in self.steps:
            rows = wrap(step.text, room, break_on_hyphens=False, subsequent_indent="  ")
            told.extend((Span(" " * INDENT), Span(row, step.role)) for row in rows)
        first = f"Connecting to {self.context.url}" if self.context.url else "Starting the platform on this machine"
        return [EMPTY_LINE, line("   ", first), EMPTY_LINE, *told]

    def report(self, text: str) -> None:
        """One more step."""
        self.steps = (*self.steps, muted(text))
        self.query_one("#steps", LinesView).update()

    def show_failure(self, what: str, can: str) -> None:
        """What failed, and what can be done next."""
        mark = self.look.state("failed").text
        self.steps = (*self.steps, Span(f"{mark} {what}", Role.FAIL), muted(f"  {name_keys(can, self.look)}"))
        self.query_one("#steps", LinesView).update()
