"""The first frame: painted before anything connects."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.place import PlaceScreen
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, line, muted
from dlthub_tui.widgets.lines import LinesView


class StartScreen(PlaceScreen):
    """Says what is being started, and what went wrong with it."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global",)
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (("link.retry", "try again"), ("app.quit", "leave"))
    HELP_KEY: ClassVar[str] = ""
    steps: tuple[Line, ...] = ()

    def compose_body(self) -> ComposeResult:
        """What is being done."""
        yield LinesView(self._lines, widget_id="steps")

    def _lines(self, _width: int) -> list[Line]:
        first = f"Connecting to {self.context.url}" if self.context.url else "Starting the platform on this machine"
        return [EMPTY_LINE, line("   ", first), EMPTY_LINE, *self.steps]

    def report(self, text: str) -> None:
        """One more step."""
        self.steps = (*self.steps, line("   ", muted(text)))
        self.query_one("#steps", LinesView).update()

    def show_failure(self, what: str, can: str) -> None:
        """What failed, and what can be done next."""
        mark = self.look.state("failed").text
        self.steps = (*self.steps, line("   ", Span(f"{mark} {what}", Role.FAIL)), line("     ", muted(can)))
        self.query_one("#steps", LinesView).update()
