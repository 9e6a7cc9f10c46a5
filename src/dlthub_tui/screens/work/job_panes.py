"""The panes of a job's page: what fires it, what is around it, its history, its definition (SCREENS 2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.failing import FailedList
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import JobPlace
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, guard, line
from dlthub_tui.viewmodel.work import job_graph
from dlthub_tui.viewmodel.work import jobs as view
from dlthub_tui.widgets.graph_view import GraphView
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.jobs import Starts
    from dlthub_tui.client.models import Job, Run
    from dlthub_tui.client.retries import Retries


class JobPanes(SortedList, FailedList):
    """Draws what its subclass learns. The keys go to the history, or by tab to what is around the job."""

    def __init__(self, context: Context, place: JobPlace) -> None:
        super().__init__(context)
        self.place = place
        self._job: Job | None = None
        self._others: tuple[Job, ...] = ()
        self._edges: job_graph.Edges | None = None
        self._starts: Starts | None = None
        self._runs: tuple[Run, ...] = ()
        self._total = 0
        self._retries: Retries | None = None
        self.graph = GraphView(self.look, self._around, job_graph.legend(self.look), widget_id="around")

    def compose_body(self) -> ComposeResult:
        """The history stands below the rest; where there is room its definition stands beside it."""
        for widget in super().compose_body():
            if widget is self.rows:
                yield LinesView(self._facts, widget_id="facts")
                yield self.graph
                with Horizontal():
                    with Vertical():
                        yield LinesView(self._history, widget_id="history")
                        yield widget
                    yield LinesView(self._definition, widget_id="definition")
            else:
                yield widget

    def on_mount(self) -> None:
        """As wide as the terminal allows."""
        self.set_class(self.size.width < view.WIDE, "narrow")

    def on_resize(self, event: events.Resize) -> None:
        """The definition comes and goes."""
        self.set_class(event.size.width < view.WIDE, "narrow")

    def _facts(self, width: int) -> list[Line]:
        if self._job is None:
            return []
        about = [line(" ", guard(self._job.description.splitlines()[0]))] if self._job.description else []
        facts = view.job_facts(self._job, self._starts, self.look, width)
        tries = [view.tries_line(self._retries)] if self._retries is not None and self._retries.attempts > 1 else []
        return [*about, *facts[:2], *tries, *facts[2:]]

    def _around(self, width: int, chosen: int | None) -> job_graph.Drawing:
        if self._job is None:
            return job_graph.Drawing()
        known = self._edges
        if known is None or known.job is not self._job or known.others is not self._others:
            known = self._edges = job_graph.Edges(self._job, self._others)
        return job_graph.draw(known, self.look, width, chosen=chosen)

    def _history(self, width: int) -> list[Line]:
        """The rule above its runs, and the last of them plotted."""
        if self._job is None:
            return []
        recent = self._job.recent_runs
        right = view.history_title(recent, self._total, self.look)
        plots = view.history_plots(recent, self.look)
        has_keys = self.graph.job_ref is None and self.is_active
        title = rule("History", right, width, self.look, has_focus=has_keys)
        return [title, *plots, *([EMPTY_LINE] if plots else [])]

    def _definition(self, width: int) -> list[Line]:
        return view.definition_lines(self._job, self.look, width, self.rows.container_size.height or self.size.height)

    def show_rows(self, *, counts_new: bool = False) -> None:
        """All panes change with the rows."""
        super().show_rows(counts_new=counts_new)
        for pane in ("#facts", "#around", "#history", "#definition"):
            self.query_one(pane, LinesView).update()

    def why_not(self, action: Action) -> str | None:
        """Around it one opens what is stood on, whatever has run."""
        if self.graph.job_ref is not None and action.id == "row.open":
            return None
        return super().why_not(action)

    def footer_entries(self) -> list[tuple[Action, str]]:
        """Enter opens what has the cursor; what is archived is brought back."""
        names: dict[str, str] = {}
        if self.graph.job_ref is not None:
            names["row.open"] = "open job"
        if self._job is not None and self._job.is_archived:
            names["item.destroy"] = "bring back"
        return [(action, names.get(action.id, label)) for action, label in super().footer_entries()]

    def do_pane_next(self) -> None:
        """From the history to what is around it, and back."""
        if self.graph.job_ref is None and not self.graph.can_take_keys:
            self.say("Nothing is around it: no job starts it, waits for it or follows it.")
            return
        is_around = self.graph.job_ref is None
        self.graph.take_keys(is_around)
        self.rows.take_keys(not is_around)
        self.query_one("#history", LinesView).update()
        self.update_frame()

    def do_pane_previous(self) -> None:
        """There are two panes."""
        self.do_pane_next()

    def _open_neighbour(self, job_ref: str | None) -> None:
        job = next((other for other in self._others if other.job_ref == job_ref), None)
        if job is not None:
            self.post_message(Open(JobPlace(self.place.workspace, job.id, job.job_ref)))
        else:
            self.say(f"{words.short_ref(job_ref or '')} is not deployed here.")

    def on_graph_view_opened(self, event: GraphView.Opened) -> None:
        """A click opens."""
        self._open_neighbour(event.job_ref)

    def do_row_open(self) -> None:
        """The job that is stood on; subclasses open runs."""
        self._open_neighbour(self.graph.job_ref)

    def _move(self, steps: int) -> bool:
        """Moves around the job; False while the keys go to the history."""
        if self.graph.job_ref is None:
            return False
        self.graph.move(steps)
        return True

    def do_row_next(self) -> None:
        """Next row, or job."""
        if not self._move(1):
            super().do_row_next()

    def do_row_previous(self) -> None:
        """Row, or job, before."""
        if not self._move(-1):
            super().do_row_previous()

    def do_row_first(self) -> None:
        """First row, or job."""
        if not self._move(-len(self._others)):
            super().do_row_first()

    def do_row_last(self) -> None:
        """Last row, or job."""
        if not self._move(len(self._others)):
            super().do_row_last()
