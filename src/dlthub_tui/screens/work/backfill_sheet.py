"""Asks which stretch of a job's past is loaded once more; says how many slices that would be before it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import FormSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.places import JobPlace
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted
from dlthub_tui.viewmodel.work.backfills import cannot_be, plan_line
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.backfills import Backfill
    from dlthub_tui.screens.frame.acting import ActingScreen

_FIELDS = ("from", "to", "slice", "parallel")


def ask_for_backfill(screen: ActingScreen[Any], job: JobPlace, then: Callable[[], object]) -> None:
    """`then` is called once one was started."""

    async def start(body: dict[str, Any]) -> None:
        from dlthub_tui.client.backfills import start_backfill

        await start_backfill(screen.context.connected.control, job.workspace.id, job.job_id, body)
        then()

    screen.act_on(BackfillSheet(screen.context, job), start)


class BackfillSheet(FormSheet[dict[str, Any]]):
    """From, to, slice, at once. The first enter on the last field asks what it would be, the second starts it."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"start": "from", "end": "to"}

    def __init__(self, context: Context, job: JobPlace) -> None:
        super().__init__(context, f"Backfill {guard(words.short_ref(job.job_ref))}")
        self._job = job
        self._plan: Backfill | None = None
        self._planned: dict[str, Any] = {}

    def compose_sheet(self) -> ComposeResult:
        """Four fields, and what they come to."""
        yield Field(self.look, line("   From       "), widget_id="from")
        yield Field(self.look, line("   To         "), widget_id="to")
        yield Field(self.look, line("   Slice      "), text="1d", widget_id="slice")
        yield Field(self.look, line("   At once    "), widget_id="parallel")
        yield self.sentences(self._said, widget_id="plan")

    def _said(self) -> list[Line]:
        if self._plan is not None:
            said = Span(plan_line(self._plan, self.look), Role.TITLE)
            return [
                line("   ", said),
                line(muted(name_keys("   {form.next} starts it. Its schedule goes on beside it.", self.look))),
            ]
        return [
            line(muted("   In the job's time zone, as 2026-01-01 or 2026-01-01T06:00.")),
            line(muted("   Empty: from where it begins, up to now, as many at once as it lets run.")),
        ]

    def footer_entries(self) -> list[tuple[Action, str]]:
        """How the form is filled."""
        is_last = self.typing is not None and self.typing.id == _FIELDS[-1]
        does = "start" if self._plan is not None else "how many slices" if is_last else "next"
        names = {"form.next": does, "pane.next": "next field", "nav.back": "leave it"}
        found = {action.id: action for action in self.live}
        return [(found[name], label) for name, label in names.items()]

    def do_pane_next(self) -> None:
        """The next field."""
        super().do_pane_next()
        self.update_footer()

    def do_pane_previous(self) -> None:
        """The field before."""
        super().do_pane_previous()
        self.update_footer()

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - any field changes what it would be
        """What it would be is not known any more."""
        self._show(None)

    def field_submitted(self, widget: Field | Choice) -> None:
        """On to the next field; from the last one it is asked for, or started."""
        if self._plan is None and widget.id != _FIELDS[-1]:
            self.do_pane_next()
        else:
            self.do_form_next()

    def do_form_next(self) -> None:
        """Asks what it would be; once that is shown, starts it."""
        if self.is_at_work("act"):
            return
        start, end, size, parallel = (self.query_one(f"#{name}", Field).text.strip() for name in _FIELDS)
        refused = cannot_be(start, end, size, parallel)
        if refused is not None:
            self.type_into(self.query_one(f"#{refused[0]}", Field))
            self.say(refused[1], Role.WARN)
            return
        body = {
            "start": start or None, "end": end or None, "slice": size, "parallel": int(parallel) if parallel else None,
        }  # fmt: skip
        is_shown = self._plan is not None and body == self._planned
        if is_shown:
            self.answer(body)
        else:
            self.show_refusal(())
            self.fetch(self._ask(body), "act")

    async def _ask(self, body: dict[str, Any]) -> None:
        from dlthub_tui.client.backfills import start_backfill

        control, workspace = self.context.connected.control, self._job.workspace
        found = await start_backfill(control, workspace.id, self._job.job_id, {**body, "dry_run": True})
        self._planned = body
        self._show(found)

    def _show(self, plan: Backfill | None) -> None:
        if plan is not self._plan:
            self._plan = plan
            self.query_one("#plan", LinesView).update()
            self.update_footer()
