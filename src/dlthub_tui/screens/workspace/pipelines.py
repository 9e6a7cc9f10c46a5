"""Pipelines of a workspace: what they loaded, run by run, from the region that counted it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.telemetry import PipelineRun, PipelineRunDetails, PipelineStats
from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell_of_client
from dlthub_tui.viewmodel.places import PipelinePlace, PipelineRunPlace, Place, RunPlace, WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Span, guard
from dlthub_tui.viewmodel.work import pipelines as view
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change

EMPTY = "No pipeline ran here in 7 days. What jobs load shows up here."


def _loads(change: Change, workspace: WorkspaceRef) -> bool:
    return change.workspace_id == workspace.id and change.run_id is not None


class PipelinesScreen(TabScreen, SortedList):
    """What did the pipelines load?"""

    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "runs"), ("list.filter", "filter"), ("list.sort", "sort"), ("pane.details", "details"),
        ("copy.text", "copy"),
    )  # fmt: skip
    STYLES = "pipelines"
    DETAIL_ROWS: ClassVar[int] = 5
    TAB = "pipelines"
    ORDERS = view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._pipelines: tuple[PipelineStats, ...] = ()
        self._tables: dict[str, int] = {}
        self._runs: tuple[PipelineRun, ...] = ()

    def concerns(self, change: Change) -> bool:
        """A run of a job, which the stream tells of again once its region has said what it loaded."""
        return _loads(change, self.workspace)

    async def load(self) -> None:
        """Totals of seven days, and the newest runs of all."""
        from dlthub_tui.client.telemetry import count_tables, list_pipeline_runs, list_pipelines

        region, counted = await self.context.connected.region(self.workspace), dict[str, int]()

        async def ask_pipelines() -> None:
            self._pipelines = await list_pipelines(region, self.workspace.id)

        async def ask_tables() -> None:
            counted.update(await count_tables(region, self.workspace.id))

        async def ask_runs() -> None:
            self._runs = (await list_pipeline_runs(region, self.workspace.id)).items

        await ask_at_once((ask_pipelines, ask_tables, ask_runs))
        self._tables = view.tables_of(self._pipelines, counted)

    def sections(self) -> list[Section]:
        """The pipelines that the filter leaves."""
        pipelines = self.in_order(view.sorted_pipelines(self._pipelines, self.order))
        rows = [view.pipeline_row(item, self._tables.get(item.name), self.look) for item in pipelines]
        found = matching(rows, self.filter_text)
        return [Section(view.COLUMNS, found, empty=(no_match(rows, self.filter_text, "pipeline") if rows else EMPTY,))]

    def answer_line(self) -> tuple[Line, str]:
        """What was loaded."""
        shown = f"{len(self.rows.keys)} shown of {len(self._pipelines)}"
        return (view.answer_of(self._pipelines), shown) if self._pipelines else (EMPTY_LINE, "")

    def _pipeline(self) -> PipelineStats | None:
        return next((item for item in self._pipelines if item.name == self.rows.key), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The pipeline under the cursor, its runs plotted."""
        found = self._pipeline()
        return view.pipeline_details(found, self._runs, self.look, width) if found else []

    def command_text(self) -> str:
        """The pipeline under the cursor, on its page; where there is none, the list."""
        found = self._pipeline()
        return in_shell_of_client("pipeline show", found.name) if found else super().command_text()

    def twin_of(self, action: Action) -> str:
        """The same."""
        return self.command_text() if action.id == "row.open" else super().twin_of(action)

    def why_not(self, action: Action) -> str | None:
        """What needs a pipeline."""
        if action.id == "row.open" and self._pipeline() is None:
            return "There is no pipeline under the cursor."
        return super().why_not(action)

    def do_row_open(self) -> None:
        """Its runs."""
        found = self._pipeline()
        if found is not None:
            self.post_message(Open(PipelinePlace(self.workspace, found.name)))


class PipelineScreen(ListScreen):
    """How did the runs of one pipeline go?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "tables"), ("list.filter", "filter"), ("copy.text", "copy"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "pipelines"
    IS_TOLD = True

    def __init__(self, context: Context, place: PipelinePlace) -> None:
        super().__init__(context)
        self.place = place
        self._runs: tuple[PipelineRun, ...] = ()
        self._total = 0

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, Pipelines, name."""
        workspace = self.place.workspace
        return [workspace.organization_name, workspace.name, "Pipelines", self.place.name]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.workspace.dataplane_id

    def place_key(self) -> str:
        """Each pipeline keeps its own place."""
        return f"pipeline/{self.place.workspace.id}/{self.place.name}"

    def command_text(self) -> str:
        """Its page."""
        return in_shell_of_client("pipeline show", self.place.name)

    def concerns(self, change: Change) -> bool:
        """The same."""
        return _loads(change, self.place.workspace)

    async def load(self) -> None:
        """The newest runs."""
        from dlthub_tui.client.telemetry import list_pipeline_runs

        region = await self.context.connected.region(self.place.workspace)
        page = await list_pipeline_runs(region, self.place.workspace.id, self.place.name)
        self._runs, self._total = page.items, page.total

    def sections(self) -> list[Section]:
        """The runs that the filter leaves."""
        rows = [view.run_row(run, self.look) for run in self._runs]
        found = matching(rows, self.filter_text)
        empty = no_match(rows, self.filter_text, "run") if rows else f"{guard(self.place.name)} has not run here."
        return [Section(view.RUN_COLUMNS, found, empty=(empty,))]

    def answer_line(self) -> tuple[Line, str]:
        """How many there are."""
        return (
            Span(f"{words.plural(self._total, 'run')} of {guard(self.place.name)}"),
        ), f"{len(self.rows.keys)} shown"

    def why_not(self, action: Action) -> str | None:
        """What needs a run."""
        if action.id == "row.open" and self.rows.key is None:
            return "There is no run under the cursor."
        return super().why_not(action)

    def do_row_open(self) -> None:
        """Its steps, tables and load packages."""
        if self.rows.key is not None:
            self.post_message(Open(PipelineRunPlace(self.place.workspace, self.place.name, self.rows.key)))


class PipelineRunScreen(ListScreen):
    """What did one run of a pipeline load?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "the job's run"), ("pane.next", "pane"), ("list.filter", "filter"), ("copy.text", "copy"),
        ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "pipelines"
    FOLLOWS: ClassVar[bool] = False

    def __init__(self, context: Context, place: PipelineRunPlace) -> None:
        super().__init__(context)
        self.place = place
        self._found: PipelineRunDetails | None = None

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Workspace, Pipelines, name, when."""
        at = words.moment(self._found.run.at, self.look) if self._found else self.place.run_id[:8]
        return [self.place.workspace.name, "Pipelines", self.place.name, at]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.workspace.dataplane_id

    def place_key(self) -> str:
        """Each run keeps its own place."""
        return f"pipeline-run/{self.place.run_id}"

    def compose_body(self) -> ComposeResult:
        """The facts above the tables."""
        for widget in super().compose_body():
            yield widget
            if widget.id == "answer":
                yield LinesView(
                    lambda _width: view.run_facts(self._found, self.look) if self._found else [], widget_id="facts"
                )

    async def load(self) -> None:
        """The run, once: it is over."""
        from dlthub_tui.client.telemetry import get_pipeline_run

        region = await self.context.connected.region(self.place.workspace)
        self._found = await get_pipeline_run(region, self.place.workspace.id, self.place.run_id)

    def show_rows(self, *, counts_new: bool = False) -> None:
        """The facts change with the rows."""
        super().show_rows(counts_new=counts_new)
        self.query_one("#facts", LinesView).update()

    def sections(self) -> list[Section]:
        """Tables and load packages."""
        if self._found is None:
            return []
        sections = view.run_sections(self._found, self.look)
        if not self.filter_text:
            return sections
        return [
            Section(item.columns, matching(item.rows, self.filter_text), item.title, item.right,
                    (no_match(item.rows, self.filter_text, "row"),))
            for item in sections
        ]  # fmt: skip

    def answer_line(self) -> tuple[Line, str]:
        """Which run it is."""
        found = self._found
        return (
            ((Span(f"{guard(self.place.name)}, {words.moment(found.run.at, self.look)}"),), "")
            if found
            else (EMPTY_LINE, "")
        )

    def why_not(self, action: Action) -> str | None:
        """The region knows of which job's run it was part."""
        if action.id == "row.open" and (self._found is None or self._found.job_run_id is None):
            return "It is not known which run of a job this was part of."
        return super().why_not(action)

    def do_pane_next(self) -> None:
        """Tables, load packages."""
        self.rows.move_to_next_section(1)

    def do_pane_previous(self) -> None:
        """The other pane."""
        self.rows.move_to_next_section(-1)

    def do_row_open(self) -> None:
        """The run of the job that this was part of, with its log."""
        self.fetch(self._open_run(), "act")

    async def _open_run(self) -> None:
        from dlthub_tui.client.runs import get_run

        if self._found is not None and self._found.job_run_id is not None:
            workspace = self.place.workspace
            run = await get_run(self.context.connected.control, workspace.id, self._found.job_run_id)
            self.post_message(Open(RunPlace(workspace, run.id, run.job_ref, run.number)))
