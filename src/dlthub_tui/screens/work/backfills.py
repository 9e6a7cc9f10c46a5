"""The backfills of a job: how far each is, the slices of one of them, cancelling and resuming."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.screens.work.backfill_sheet import ask_for_backfill
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.places import BackfillsPlace, Place, RunPlace
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, Role, guard
from dlthub_tui.viewmodel.work import backfills as view

if TYPE_CHECKING:
    from dlthub_tui.client.backfills import Backfill
    from dlthub_tui.client.changes import Change
    from dlthub_tui.client.models import Job


class BackfillsScreen(ListScreen):
    """How far is its past loaded once more?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list", "backfills")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "open"), ("item.end", "cancel"), ("backfill.resume", "resume"), ("item.add", "new backfill"),
        ("list.filter", "filter"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "backfills"
    IS_TOLD = True

    def __init__(self, context: Context, place: BackfillsPlace) -> None:
        super().__init__(context)
        self.place = place
        self._job: Job | None = None
        self._listed: tuple[Backfill, ...] = ()
        # Whose slices are shown: the newest's until another one is opened.
        self._chosen: str | None = None
        self._shown: Backfill | None = None

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, job, Backfills."""
        workspace, job = self.place.workspace, words.short_ref(self.place.job.job_ref)
        return [workspace.organization_name, workspace.name, job, "Backfills"]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.workspace.dataplane_id

    def place_key(self) -> str:
        """Each job keeps its own place."""
        return f"backfills/{self.place.job.job_id}"

    async def load(self) -> None:
        """The job, its backfills, and the slices of one."""
        from dlthub_tui.client.backfills import get_backfill, list_backfills
        from dlthub_tui.client.jobs import get_job

        control, workspace_id, job_id = self.context.connected.control, self.place.workspace.id, self.place.job.job_id
        if self._job is None:
            self._job = await get_job(control, workspace_id, job_id)
        self._listed = await list_backfills(control, workspace_id, job_id)
        wanted = self._chosen or (self._listed[0].id if self._listed else None)
        self._shown = await get_backfill(control, workspace_id, wanted) if wanted is not None else None

    def concerns(self, change: Change) -> bool:
        """The runs of the job: they are what slices are loaded by."""
        return change.job_id == self.place.job.job_id

    def sections(self) -> list[Section]:
        """The backfills, and the slices that the filter leaves."""
        shown = self._shown
        rows = [
            view.backfill_row(each, self.look, is_shown=shown is not None and each.id == shown.id)
            for each in self._listed
        ]
        empty = (self._never(),)
        listed = Section(view.COLUMNS, tuple(rows), empty=empty)
        if shown is None:
            return [listed]
        slices = [view.slice_row(each, self.look) for each in shown.slices]
        found = matching(slices, self.filter_text)
        title = f"Slices of {view.span(shown.start, shown.end, self.look)}"
        nothing = (no_match(slices, self.filter_text, "slice"),)
        return [listed, Section(view.SLICE_COLUMNS, found, title, view.counts(shown.counts), nothing)]

    def _never(self) -> str:
        name = guard(words.short_ref(self.place.job.job_ref))
        refused = view.why_no_backfill(self._job, self.context.role_in(self.place.workspace))
        return f"{name} was never backfilled. {refused or 'a loads a stretch of its past once more, in slices.'}"

    def answer_line(self) -> tuple[Line, str]:
        """How far the newest is."""
        newest = self._listed[0] if self._listed else None
        return view.answer_of(newest, self.look), words.plural(len(self._listed), "backfill") if self._listed else ""

    def _backfill(self) -> Backfill | None:
        """The one under the cursor; on a slice the one that it is of."""
        if (self.rows.key or "").startswith(view.SLICE):
            return self._shown
        return next((each for each in self._listed if each.id == self.rows.key), None)

    def why_not(self, action: Action) -> str | None:
        """What the state of the backfill under the cursor forbids."""
        role = self.context.role_in(self.place.workspace)
        if action.id == "item.add" and (reason := view.why_no_backfill(self._job, role)) is not None:
            return reason
        if (
            action.id in {"item.end", "backfill.resume"}
            and (reason := view.why_not_changed(action.id, self._backfill(), role)) is not None
        ):
            return reason
        return super().why_not(action)

    def command_text(self) -> str:
        """Where the newest stands, in a shell."""
        return in_shell("backfill", self.link_text(), "--status", reach=self.context.reach)

    def twin_of(self, action: Action) -> str:
        """Its verbs in a shell are about the newest one."""
        verbs = {"item.end": "--cancel", "backfill.resume": "--resume"}
        found = self._backfill()
        if action.id in verbs and found is not None and found.id == self._listed[0].id:
            return in_shell("backfill", self.link_text(), verbs[action.id], reach=self.context.reach)
        return super().twin_of(action)

    def do_row_open(self) -> None:
        """The slices of a backfill; the run of a slice."""
        key, found = self.rows.key or "", self._backfill()
        if not key.startswith(view.SLICE):
            self._chosen = found.id if found is not None else None
            self.fetch(self.reload())
            return
        slices = self._shown.slices if self._shown is not None else ()
        each = next((each for each in slices if key == f"{view.SLICE}{each.position}"), None)
        if each is None or each.run_id is None or each.run_number is None:
            self.say("No run has loaded this slice yet.")
        else:
            job = self.place.job
            self.post_message(Open(RunPlace(job.workspace, each.run_id, job.job_ref, each.run_number)))

    def do_item_add(self) -> None:
        """Asks for a stretch of the job's past."""
        ask_for_backfill(self, self.place.job, self._show_newest)

    def _show_newest(self) -> None:
        self._chosen = None
        self.fetch(self.reload())

    def do_item_end(self) -> None:
        """Asks, then cancels."""
        found = self._backfill()

        if found is not None:
            name = guard(words.short_ref(self.place.job.job_ref))
            more = (
                "What waits is not started, and what runs is told to stop.",
                "What is loaded stays. {backfill.resume} loads the rest again.",
            )
            question = f"Cancel the backfill of {name}, {view.span(found.start, found.end, self.look)}?"
            self.act_on(ConfirmSheet(self.context, question, "cancel it", more), lambda _yes: self._cancel(found))

    async def _cancel(self, found: Backfill) -> None:
        from dlthub_tui.client.backfills import cancel_backfill

        after = await cancel_backfill(self.context.connected.control, self.place.workspace.id, found.id)
        await self.reload()
        stopping = f", {words.plural(after.counts['active'], 'run')} told to stop" if after.counts["active"] else ""
        self.say(f"Cancelled: {view.done_of(after):,} of {after.total:,} slices are loaded{stopping}.", Role.OK)

    def do_backfill_resume(self) -> None:
        """Loads again what failed or was cancelled."""
        found = self._backfill()
        if found is not None:
            self.fetch(self._resume(found), "act")

    async def _resume(self, found: Backfill) -> None:
        from dlthub_tui.client.backfills import resume_backfill

        after = await resume_backfill(self.context.connected.control, self.place.workspace.id, found.id)
        self._chosen = after.id
        await self.reload()
        left = after.counts["waiting"] + after.counts["active"]
        self.say(f"Resumed: {words.plural(left, 'slice')} to load.", Role.OK)
