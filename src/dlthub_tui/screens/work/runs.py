"""A workspace's runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.models import Run
from dlthub_tui.messages import Open
from dlthub_tui.screens.asking.run_reading import learn_known
from dlthub_tui.screens.asking.starting import Stopper, stop_sheet
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.failing import FailedList
from dlthub_tui.screens.places.marking import MarkedList
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.work.chosen_run import ChosenRun
from dlthub_tui.screens.work.masked import open_masked
from dlthub_tui.screens.work.masked_counts import MaskedCounts
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.changed import changed_runs
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, twin_of_run
from dlthub_tui.viewmodel.places import RunPlace, WorkspaceRef, link, web_path
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line
from dlthub_tui.viewmodel.work import runs as view
from dlthub_tui.viewmodel.work.run_facts import LEAST_HEIGHT, WIDE, strip_lines, tail_lines
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change

EMPTY = "No runs yet. Press {tab.1}, choose a job and press {run.start}."


class RunsScreen(TabScreen, SortedList, MarkedList, FailedList):
    """What ran, and how did it end?"""

    FOR_DEVELOPERS: ClassVar[frozenset[str]] = frozenset({"item.end"})
    LAYERS: ClassVar[tuple[str, ...]] = ("global", "workspace", "move", "list", "verbs")
    KEYS = "Runs"
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "open"), ("log.open", "log"), ("run.start", "run again"), ("item.end", "stop"),
        ("list.filter", "filter"), ("list.sort", "sort"), ("row.mark", "mark"), ("pane.details", "details"),
        ("copy.link", "link"), ("copy.command", "command"),
    )  # fmt: skip
    STYLES = "runs"
    DETAIL_ROWS: ClassVar[int] = 4
    TAB = "runs"
    ORDERS = view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._runs: tuple[Run, ...] = ()
        self._total = 0
        self._masked = MaskedCounts(context, workspace)
        self._runner = Stopper(context, workspace, self, lambda _job_id: not self.filter_text)
        self._counted: dict[str, int] | None = None
        self._known = view.NOTHING
        self._chosen_run = ChosenRun(context, workspace, self._show_chosen)
        self._followed = ""
        self._looked_at: tuple[str, str, int, bool] | None = None

    def compose_body(self) -> ComposeResult:
        """Below the list, where there is room, the end of the chosen run's log."""
        for widget in super().compose_body():
            yield widget
            if widget.id == "details":
                yield LinesView(self._tail, widget_id="tail")

    async def load(self) -> None:
        """The newest runs."""
        from dlthub_tui.client.runs import list_runs

        page = await list_runs(self.context.connected.control, self.workspace.id)
        self._runs, self._total = page.items, page.total
        self.fetch(self._load_masked(), "masked")
        self.fetch(self._learn_known(), "known")

    async def _count(self) -> dict[str, int]:
        from dlthub_tui.client.runs import list_runs

        plane, counted = self.context.connected.control, dict[str, int]()
        today = self.look.local(self.look.now()).replace(hour=0, minute=0, second=0, microsecond=0)

        async def count(status: str, since: datetime | None) -> None:
            page = await list_runs(plane, self.workspace.id, statuses=(status,), since=since, limit=1)
            counted[status] = page.total

        for status in view.COUNTED:
            await count(status, None)
        await count("failed", today)
        return counted

    async def _learn_known(self) -> None:
        self._known = await learn_known(self.context, self.workspace, self._runs)
        if self.is_loaded:
            self.show_rows()

    async def _load_masked(self) -> None:
        if await self._masked.learn(self._runs) and self.is_loaded:
            self.show_rows()

    @property
    def _has_tail(self) -> bool:
        width, height = self.size
        return width >= WIDE and height >= LEAST_HEIGHT

    def _tail(self, width: int) -> list[Line]:
        if not self._has_tail or not self.is_loaded or self.find_run() is None:
            return []
        return tail_lines(self._chosen_run.lines, self._chosen_run.said(), self.look, width)

    def _look_at_chosen(self) -> None:
        """Asks for what is shown of the run under the cursor beside its row."""
        run = self.find_run()
        if run is None:
            return
        is_counted = self._masked.is_final(run)
        of_run = (run.id, run.status, len(run.summaries), is_counted)
        if of_run != self._looked_at or not (self.is_at_work("chosen") or self._chosen_run.has(run)):
            self._looked_at = of_run
            self.fetch(self._chosen_run.read(run, is_counted=is_counted), "chosen")
        looked_at = f"{run.id} {view.is_active(run)}" if self._has_tail else ""
        if looked_at and looked_at != self._followed:
            self.fetch(self._chosen_run.follow(run), "feed")
        self._followed = looked_at

    def _show_chosen(self) -> None:
        for name in ("#details", "#tail"):
            self.query_one(name, LinesView).update()

    async def reload(self, load: Callable[[], Awaitable[None]] | None = None) -> None:
        """The row under the cursor may be another one, or have ended. Counts need not be waited for."""
        await super().reload(load)
        self._look_at_chosen()
        if self.trouble is not None:
            return
        try:
            self._counted = await self._count() if self._is_part else None
        except ClientError:
            return  # what is wrong is said when the runs are asked for
        self.query_one("#answer", LinesView).update()

    @property
    def _is_part(self) -> bool:
        """Whether there are more runs than are listed."""
        return self._total > len(self._runs)

    def show_trouble(self) -> None:
        """The log makes room for the sheet as the details do."""
        super().show_trouble()
        self.query_one("#tail").set_class(self.open_sheet() is not None, "behind")

    def on_row_list_moved(self) -> None:
        """The details and the log follow the cursor."""
        self._look_at_chosen()

    def on_screen_resume(self) -> None:
        """The log goes on."""
        self._look_at_chosen()

    def on_screen_suspend(self) -> None:
        """Nobody looks at it."""
        self.stop_work("feed", "chosen")
        self._followed = ""

    def on_resize(self) -> None:
        """There may be room for the log now, or none any more."""
        self._look_at_chosen()

    def do_pane_details(self) -> None:
        """The log goes with the details."""
        super().do_pane_details()
        self.query_one("#tail").set_class(self.query_one("#details").has_class("hidden"), "hidden")

    def do_link_retry(self) -> None:
        """Asks again, also for what was masked: logs are scrubbed again when a secret becomes known."""
        self._masked.forget()
        self._chosen_run.forget()
        self._followed = ""
        super().do_link_retry()

    def concerns(self, change: Change) -> bool:
        """Runs of the workspace."""
        return change.workspace_id == self.workspace.id and change.run_id is not None

    def take_changes(self, changes: Sequence[Change]) -> bool:
        """New states of runs that are listed."""
        before, self._runs = self._runs, changed_runs(self._runs, changes)
        return self._runs != before

    def sections(self) -> list[Section]:
        """The runs that the filter leaves."""
        runs = self.in_order(view.sort_runs(self._runs, self.order, self.look))
        is_unsure, masked = self.is_region_silent, self._masked.totals
        rows = [view.run_row(run, self.look, is_unsure=is_unsure, masked=masked, known=self._known) for run in runs]
        found = matching(rows, self.filter_text)
        empty = (EMPTY,) if not self._runs else (no_match(rows, self.filter_text, "run"),)
        return [Section(view.columns(self.look), found, empty=empty)]

    def answer_line(self) -> tuple[Line, str]:
        """What goes on, and how many are shown."""
        shown = words.count(len(self.rows.keys))
        is_counted = self._counted is not None or not self._is_part
        said = view.answer_of(self._runs, self.look, self._counted) if is_counted else EMPTY_LINE
        return said, f"{shown} shown of {words.total(self._total)}"

    def is_moving(self) -> bool:
        """Whether a run goes on."""
        return any(view.is_active(run) for run in self._runs)

    def find_run(self) -> Run | None:
        """The run under the cursor."""
        return next((run for run in self._runs if run.id == self.rows.key), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The run under the cursor."""
        run = self.find_run() if self.is_loaded else None
        return strip_lines(run, self._chosen_run.facts(run), self._known, self.look, width) if run else []

    def profile_here(self) -> str | None:
        """The profile of the run."""
        run = self.find_run() if self.is_loaded else None
        return run.profile if run is not None else None

    def why_not(self, action: Action) -> str | None:
        """Verbs need a run under the cursor; only a run that goes on can be stopped."""
        if action.layer == "verbs" or action.id in {"row.open", "row.mark", "item.end"}:
            if not self.is_loaded or self.find_run() is None:
                return "There is no run under the cursor."
            if action.id == "item.end" and not any(view.is_active(run) for run in self._chosen()):
                return "It has ended."
        return super().why_not(action)

    def _chosen(self) -> list[Run]:
        keys = self.chosen_keys
        return [run for run in self._runs if run.id in keys]

    def command_text(self) -> str:
        """Prints the log of the run under the cursor."""
        run = self.find_run()
        return in_shell("logs", self.link_text(), reach=self.context.reach) if run else super().command_text()

    def link_text(self) -> str:
        """The run under the cursor; where there is none, the list."""
        run = self.find_run()
        return link(RunPlace(self.workspace, run.id, run.job_ref, run.number)) if run else super().link_text()

    def do_row_open(self) -> None:
        """The run with its log."""
        run = self.find_run()
        if run is not None:
            self.post_message(Open(RunPlace(self.workspace, run.id, run.job_ref, run.number)))

    def do_log_open(self) -> None:
        """Its log, full screen."""
        run = self.find_run()
        if run is not None:
            self.post_message(Open(RunPlace(self.workspace, run.id, run.job_ref, run.number, is_log_only=True)))

    def do_masked_open(self) -> None:
        """Its log, at the first masked line."""
        run = self.find_run()
        if run is not None:
            self.fetch(open_masked(self, self.workspace, run), "open")

    def do_open_web(self) -> None:
        """The page of the run under the cursor."""
        run = self.find_run()
        if run is None or self.context.connection is None:
            super().do_open_web()
        else:
            place = RunPlace(self.workspace, run.id, run.job_ref, run.number)
            self.fetch(self._open_web(self.context.connected.origin + web_path(place)), "open")

    def twin_of(self, action: Action) -> str:
        """Verbs on the run under the cursor."""
        run = self.find_run() if self.is_loaded else None
        twin = twin_of_run(action.id, self.link_text(), self.context.reach) if run is not None else ""
        return twin or super().twin_of(action)

    def do_run_start(self) -> None:
        """Runs the jobs again."""
        job_ids = list(dict.fromkeys(run.job_id for run in self._chosen()))
        self.fetch(self._start(job_ids), "act")

    async def _start(self, job_ids: list[str]) -> None:
        run = await self._runner.start_ids(job_ids)
        self.rows.set_marks(set())
        await self.reload()
        if run is not None:
            self.rows.move_to(run.id)

    def do_item_end(self) -> None:
        """Stops what is marked, or the run under the cursor; asks once."""
        runs = [run for run in self._chosen() if view.is_active(run)]
        names = " and ".join(view.name_of(run) for run in runs[:2])
        more = f" and {len(runs) - 2} more" if len(runs) > 2 else ""

        self.act_on(stop_sheet(self.context, f"{names}{more}", self.silent_region, runs), lambda _yes: self._stop(runs))

    async def _stop(self, runs: list[Run]) -> None:
        await self._runner.stop(runs)
        self.rows.set_marks(set())
        await self.reload()
