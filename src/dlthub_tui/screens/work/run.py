"""One run with its log; `z` gives the log the whole screen."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from dlthub_tui.client.models import Run
from dlthub_tui.messages import Open
from dlthub_tui.screens.asking.apps import why_no_app
from dlthub_tui.screens.asking.starting import stop_sheet
from dlthub_tui.screens.work.run_page import LOG_GONE, RunPage
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, twin_of_run
from dlthub_tui.viewmodel.logs.log_times import parse_line, parse_time
from dlthub_tui.viewmodel.logs.log_views import LinesShown
from dlthub_tui.viewmodel.places import RunPlace, link
from dlthub_tui.viewmodel.work import runs as view
from dlthub_tui.widgets.lines import LinesView


class RunScreen(RunPage):
    """What happened in this run?"""

    FOR_DEVELOPERS: ClassVar[frozenset[str]] = frozenset({"item.end"})
    LAYERS: ClassVar[tuple[str, ...]] = ("global", "log", "run")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("match.next", "next, previous"),
        ("pane.zoom", "log full screen"), ("log.search", "search"), ("log.follow", "follow"), ("error.next", "error"),
        ("masked.next", "masked"), ("app.open", "app"), ("item.end", "stop"), ("run.start", "run again"),
        ("log.lines", "lines"), ("times.toggle", "times"), ("copy.text", "copy"), ("copy.link", "link"),
        ("log.break", "long lines"),
    )  # fmt: skip

    def profile_here(self) -> str | None:
        """The profile of the run."""
        return self._run.profile if self._run is not None else None

    def why_not(self, action: Action) -> str | None:
        """Only a run that goes on can be stopped."""
        if action.id == "item.end" and not self.goes_on:
            return "It has ended."
        if action.id == "app.open":
            return why_no_app(self._run.job_type if self._run else None, self._run)
        if action.id in {"run.start", "run.options"} and (self._run is None or self.goes_on):
            return "It has not ended yet."
        if action.id in {"match.next", "match.previous"} and not (self.hits and self.hits.may_be_more):
            return self.hits.none_found() if self.hits else "Nothing is searched for. {log.search} searches."
        if action.id == "log.follow" and self.pane.window.is_sealed:
            return "The log has ended."
        if action.id == "log.follow" and self._run is not None and not self.goes_on and self._stream == "waiting":
            return LOG_GONE
        if action.id == "leak.rotate" and not self._masked:
            return "Nothing was masked, as far as is known; counts come with the run's end."
        return super().why_not(action)

    def link_text(self) -> str:
        """The link to the line at the cursor."""
        place = self.place
        number = self.pane.line if self.pane.window.total and not self.pane.is_following else None
        return link(RunPlace(place.workspace, place.run_id, place.job_ref, place.number, number))

    def command_text(self) -> str:
        """Prints this log."""
        return in_shell("logs", self._link(), reach=self.context.reach)

    def do_pane_zoom(self) -> None:
        """The log alone, and back."""
        self._is_zoomed = not self._is_zoomed
        self._show_zoom()
        self.update_frame()
        self.query_one("#rule", LinesView).update()

    def footer_entries(self) -> list[tuple[Action, str]]:
        """What z shows."""
        entries = super().footer_entries()
        return [
            (action, "facts" if action.id == "pane.zoom" and self._is_zoomed else label) for action, label in entries
        ]

    def do_nav_back(self) -> None:
        """Ends the search, the marks, the choice of lines, the log's having the whole screen, then goes back."""
        if self.end_search():
            return
        if self.pane.clear_marks() or self.pane.current is not None:
            self.pane.leave_current()
            self.show_facts()
        elif self.lines_shown.kind != "all":
            self.show_lines(LinesShown())
        elif self._is_zoomed and not self.place.is_log_only:
            self.do_pane_zoom()
        else:
            super().do_nav_back()

    def free_command(self, text: str) -> str | None:
        """`:884` and `:13:45` go to a line or a time."""
        if parse_line(text) is not None:
            return f"go to line {(parse_line(text) or 0) + 1:,}"
        return f"go to {text}" if self._time(text) is not None else None

    def _time(self, text: str) -> datetime | None:
        row = self.pane.window.find(self.pane.line)
        begun = self._run.started_at if self._run else None
        near = row.at if row is not None and row.at is not None else begun
        return None if near is None else parse_time(text, near, begun, self.look)

    def take_free_command(self, text: str) -> None:
        """Goes there."""
        number, at = parse_line(text), self._time(text)
        if number is not None:
            self.go_to_line(number)
        elif at is not None:
            self.go_to_time(at)

    def do_item_end(self) -> None:
        """Stops the run; asks once."""
        run = self._run
        if run is None:
            return

        sheet = stop_sheet(self.context, view.name_of(run), self.silent_region, [run])
        self.act_on(sheet, lambda _yes: self._stop(run))

    async def _stop(self, run: Run) -> None:
        await self._runner.stop([run])
        await self._load()

    def do_app_open(self) -> None:
        """Its app."""
        if self._run is not None:
            self.fetch(self._apps.open(self._run), "act")

    def do_open_web(self) -> None:
        """The app that runs, else the run's page."""
        if self._run is not None and why_no_app(self._run.job_type, self._run) is None:
            self.do_app_open()
        else:
            super().do_open_web()

    def twin_of(self, action: Action) -> str:
        """Verbs on the run."""
        return twin_of_run(action.id, self._link(), self.context.reach) or super().twin_of(action)

    def _link(self) -> str:
        place = self.place
        return link(RunPlace(place.workspace, place.run_id, place.job_ref, place.number))

    def do_copy_link(self) -> None:
        """While its app runs, the app's address; else the deep link."""
        if self._run is not None and why_no_app(self._run.job_type, self._run) is None:
            self.fetch(self._apps.copy(self._run), "act")
        else:
            super().do_copy_link()

    def do_run_start(self) -> None:
        """Runs the job again and opens the new run."""
        if self._run is not None:
            self.fetch(self._start(self._run.job_id), "act")

    async def _start(self, job_id: str) -> None:
        run = await self._runner.start_ids([job_id])
        if run is not None:
            self._open(run)

    def _open(self, run: Run) -> None:
        self.post_message(Open(RunPlace(self.place.workspace, run.id, self.place.job_ref, run.number), instead=True))

    def do_run_options(self) -> None:
        """Runs the job with another profile or refreshed, and opens the new run."""
        if self._run is not None:
            self.fetch(self._ask_options(self._run.job_id), "act")

    async def _ask_options(self, job_id: str) -> None:
        from dlthub_tui.client.jobs import get_job

        job = await get_job(self.context.connected.control, self.place.workspace.id, job_id)
        await self._runner.ask(job, self._open)
