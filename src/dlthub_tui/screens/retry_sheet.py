"""How often a failed start of a job is tried again, and after how long."""

from __future__ import annotations

from textual.app import ComposeResult

from dlthub_tui.client.retries import Retries
from dlthub_tui.screens.context import Context
from dlthub_tui.screens.sheets import Sheet
from dlthub_tui.viewmodel.actions import Action
from dlthub_tui.viewmodel.text import Role, line, muted
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView

SAID = "A failed run is tried again after the wait, then twice that, a day at most."


class RetrySheet(Sheet[Retries]):
    """Tries, the first time counted, and the seconds before the second one."""

    def __init__(self, context: Context, name: str, now: Retries) -> None:
        super().__init__(context, f"Tries of {name}")
        self._now = now

    def compose_sheet(self) -> ComposeResult:
        """Two fields."""
        tries, wait = str(self._now.attempts), str(self._now.wait_seconds)
        yield Field(self.look, line("   Tries, 1 to 10   "), text=tries, widget_id="attempts")
        yield Field(self.look, line("   Wait, seconds    "), text=wait, widget_id="wait")
        yield LinesView(lambda _width: [line(muted(f"   {SAID}"))])

    def on_mount(self) -> None:
        """Typing goes into the first."""
        self.type_into(self.query_one("#attempts", Field))

    def footer_entries(self) -> list[tuple[Action, str]]:
        """How the form is filled."""
        names = {"form.next": "next", "pane.next": "next field", "nav.back": "leave it"}
        found = {action.id: action for action in self.live}
        return [(found[name], label) for name, label in names.items()]

    def do_pane_next(self) -> None:
        """The other field."""
        self.type_into_next(1)

    def do_pane_previous(self) -> None:
        """The other field."""
        self.type_into_next(-1)

    def field_submitted(self, widget: Field | Choice) -> None:
        """From the first to the second, and from that it is done."""
        if widget is self.query_one("#attempts", Field):
            self.type_into_next(1)
        else:
            self.do_form_next()

    def do_form_next(self) -> None:
        """Answers what was typed, where it is within bounds."""
        attempts, wait = (self.query_one(f"#{name}", Field).text.strip() for name in ("attempts", "wait"))
        if not attempts.isdecimal() or not 1 <= int(attempts) <= 10:
            self.say("Tries are 1 to 10; 1 tries nothing again.", Role.WARN)
        elif not wait.isdecimal() or not 1 <= int(wait) <= 86_400:
            self.say("The wait is 1 to 86400 seconds, a day.", Role.WARN)
        else:
            self.dismiss(Retries(int(attempts), int(wait)))
