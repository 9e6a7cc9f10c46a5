"""Leaving while runs go on: the platform stays, or stops."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult

from dlthub_tui.screens.context import Context
from dlthub_tui.screens.sheets import Sheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.actions import Action
from dlthub_tui.viewmodel.text import line
from dlthub_tui.widgets.lines import LinesView

Ending = Literal["stop", "keep"]


class LeaveSheet(Sheet[Ending]):
    """Enter leaves the platform running, ctrl+x stops it too."""

    NAMES: ClassVar[dict[str, str]] = {
        "form.next": "leave it running", "sheet.unblock": "stop it too", "nav.back": "stay",
    }  # fmt: skip

    def __init__(self, context: Context, runs: int) -> None:
        super().__init__(context, f"{words.plural(runs, 'run')} {'is' if runs == 1 else 'are'} active")

    def compose_sheet(self) -> ComposeResult:
        """What each answer does."""
        said = (
            "   Left running, the platform goes on in the background, and so do the runs.",
            "   Stopped too, no schedule fires; the runs end by themselves and are",
            "   taken up at the next start.",
        )
        yield LinesView(lambda _width: [line(text) for text in said])

    def footer_entries(self) -> list[tuple[Action, str]]:
        """Both answers, and staying."""
        return [(action, self.NAMES[action.id]) for action in self.live if action.id in self.NAMES]

    def do_form_next(self) -> None:
        """The platform stays."""
        self.dismiss("keep")

    def do_sheet_unblock(self) -> None:
        """The platform stops."""
        self.dismiss("stop")
