"""How often a failed start of a job is tried again, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.client.retries import Retries
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import FormSheet
from dlthub_tui.session.numbers import whole_number
from dlthub_tui.viewmodel.text import Role, line, muted
from dlthub_tui.widgets.field import Field

SAID = "A failed run is tried again after the wait, then twice that, a day at most."


class RetrySheet(FormSheet[Retries]):
    """Tries, the first time counted, and the seconds before the second one."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"wait_seconds": "wait"}
    FOOTER = (("form.next", "next"), ("pane.next", "next field"), ("nav.back", "leave it"))

    def __init__(self, context: Context, name: str, now: Retries) -> None:
        super().__init__(context, f"Tries of {name}")
        self._now = now

    def compose_sheet(self) -> ComposeResult:
        """Two fields."""
        tries, wait = str(self._now.attempts), str(self._now.wait_seconds)
        yield Field(self.look, line("   Tries, 1 to 10   "), text=tries, widget_id="attempts")
        yield Field(self.look, line("   Wait, seconds    "), text=wait, widget_id="wait")
        yield self.sentences(lambda: [line(muted(f"   {SAID}"))])

    def finish(self) -> None:
        """Answers what was typed, where it is within bounds."""
        attempts, wait = (whole_number(self.query_one(f"#{name}", Field).text) or 0 for name in ("attempts", "wait"))
        if not 1 <= attempts <= 10:
            self.say("Tries are 1 to 10; 1 tries nothing again.", Role.WARN)
        elif not 1 <= wait <= 86_400:
            self.say("The wait is 1 to 86400 seconds, a day.", Role.WARN)
        else:
            self.answer(Retries(attempts, wait))
