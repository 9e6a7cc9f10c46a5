"""Leaving: asked where it was one key too many, and where runs go on: the platform stays, or stops."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import Sheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.text import line

Ending = Literal["stop", "keep"]


class LeaveSheet(Sheet[Ending]):
    """With runs active here, enter leaves the platform running and ctrl+x stops it too; else enter leaves."""

    ACTIVE: ClassVar[dict[str, str]] = {
        "form.next": "leave it running", "sheet.unblock": "stop it too", "nav.back": "stay",
    }  # fmt: skip
    CALM: ClassVar[dict[str, str]] = {"form.next": "leave", "nav.back": "stay"}

    def __init__(self, context: Context, runs: int) -> None:
        active = f"{words.plural(runs, 'run')} {'is' if runs == 1 else 'are'} active"
        super().__init__(context, active if runs else "Leave dlthub-tui?")
        self._runs = runs

    def compose_sheet(self) -> ComposeResult:
        """What each answer does."""
        if self._runs:
            said = (
                "   Left running, the platform goes on in the background, and so do the runs.",
                "   Stopped too, no schedule fires; the runs end by themselves and are taken up at the next start.",
            )
        elif self.context.is_embedded:
            said = (
                "   No run is active.",
                "   The platform on this machine stops too; what falls due meanwhile runs once at the next start.",
            )
        else:
            said = ("   The platform goes on, and so do its runs.",)
        yield self.sentences(lambda: [line(text) for text in said])

    def footer_entries(self) -> list[tuple[Action, str]]:
        """The answers, and staying."""
        names = self.ACTIVE if self._runs else self.CALM
        return [(action, names[action.id]) for action in self.live if action.id in names]

    def do_app_quit(self) -> None:
        """It is being asked about already."""

    def do_form_next(self) -> None:
        """The platform stays where runs go on in it."""
        self.dismiss("keep" if self._runs else "stop")

    def do_sheet_unblock(self) -> None:
        """The platform stops."""
        if self._runs:
            self.dismiss("stop")
