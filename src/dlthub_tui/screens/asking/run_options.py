"""Runs a job with another profile, or loading everything again."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import FormSheet
from dlthub_tui.viewmodel.text import guard, line, muted
from dlthub_tui.widgets.choice import Choice


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`profile` None is the job's own."""

    profile: str | None
    refresh: bool


class RunOptionsSheet(FormSheet[RunOptions]):
    """Profile and refresh. Enter runs it from either."""

    FOOTER = (("form.next", "run"), ("pane.next", "next field"), ("nav.back", "leave"))

    def __init__(self, context: Context, name: str, profiles: list[str], own: str) -> None:
        super().__init__(context, f"Run {name}")
        self._profiles = [own, *(profile for profile in profiles if profile != own)]

    def compose_sheet(self) -> ComposeResult:
        """Two choices."""
        profiles = [guard(profile) for profile in self._profiles]
        yield Choice(self.look, line("   Profile   "), profiles, profiles[0], widget_id="profile")
        yield Choice(self.look, line("   Refresh   "), ["no", "yes"], "no", widget_id="refresh")
        said = "   Refresh forgets what was loaded and loads everything again, downstream jobs too."
        yield self.sentences(lambda: [line(muted(said))])

    def do_form_next(self) -> None:
        """Runs it."""
        chosen = self.query_one("#profile", Choice).index
        profile = self._profiles[chosen] if chosen else None
        self.answer(RunOptions(profile, refresh=self.query_one("#refresh", Choice).chosen == "yes"))
