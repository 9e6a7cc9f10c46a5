"""One job: what fires it, what is around it, its history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import anyio

from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.errors import ClientError, NotFound, NotSignedIn
from dlthub_tui.client.models import Job, Run
from dlthub_tui.messages import Open
from dlthub_tui.screens.asking.apps import AppOpener, why_no_app
from dlthub_tui.screens.asking.starting import Stopper
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.listing import RESTS_SECONDS
from dlthub_tui.screens.work.backfill_sheet import ask_for_backfill
from dlthub_tui.screens.work.changing import JobChanger, why_not_changed
from dlthub_tui.screens.work.failure_reasons import FailureReasons
from dlthub_tui.screens.work.job_panes import JobPanes
from dlthub_tui.screens.work.masked import open_masked
from dlthub_tui.screens.work.masked_counts import MaskedCounts
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.changed import begun_runs, changed_jobs, changed_runs, kept_begun
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, twin_of_job, twin_of_run
from dlthub_tui.viewmodel.places import BackfillsPlace, JobPlace, Place, RunPlace, WebhooksPlace, link
from dlthub_tui.viewmodel.table import Row, Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, guard
from dlthub_tui.viewmodel.work import jobs as view
from dlthub_tui.viewmodel.work import runs as runs_view
from dlthub_tui.viewmodel.work.backfills import why_no_backfill
from dlthub_tui.viewmodel.workspace import webhooks as webhooks_view

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change
    from dlthub_tui.client.retries import Retries


class JobScreen(JobPanes):
    """When does it fire, and how did it go?"""

    FOR_DEVELOPERS: ClassVar[frozenset[str]] = frozenset({"item.destroy"})
    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list", "verbs")
    KEYS = "Job"
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "open run"), ("app.open", "app"), ("run.start", "run"), ("run.options", "with options"),
        ("job.pause", "pause"), ("definition.open", "definition"), ("item.destroy", "archive"), ("log.open", "log"),
        ("backfills.open", "backfills"), ("webhooks.open", "webhooks"), ("pane.next", "pane"),
        ("list.filter", "filter"), ("copy.link", "link"),
    )  # fmt: skip
    STYLES = "job"
    DETAILS = "#facts"
    ORDERS = runs_view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context, place: JobPlace) -> None:
        super().__init__(context, place)
        self._are_others_old = False
        self._deployment: int | None = None
        self._masked = MaskedCounts(context, place.workspace)
        self._reasons = FailureReasons(context, place.workspace)
        self._runner = Stopper(context, place.workspace, self, lambda _job_id: True)
        self._changer = JobChanger(context, place.workspace, self)

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, Jobs, job."""
        workspace = self.place.workspace
        return [workspace.organization_name, workspace.name, "Jobs", words.short_ref(self.place.job_ref)]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.workspace.dataplane_id

    def place_key(self) -> str:
        """Each job keeps its own place."""
        return f"job/{self.place.job_id}"

    async def load(self) -> None:
        """The job, the jobs around it, its runs."""
        from dlthub_tui.client.deployments import find_latest_deployment
        from dlthub_tui.client.jobs import find_starts, get_job, list_jobs
        from dlthub_tui.client.runs import list_runs

        plane, workspace = self.context.connected.control, self.place.workspace

        async def ask_job() -> None:
            self._job = await get_job(plane, workspace.id, self.place.job_id)

        async def ask_starts() -> None:
            self._starts = await find_starts(plane, workspace.id, self.place.job_id)

        async def ask_runs() -> None:
            page = await list_runs(plane, workspace.id, job_id=self.place.job_id)
            self._runs, self._total = kept_begun(page.items, self._runs), page.total

        async def ask_around() -> None:
            if self._others:
                return
            listed_in, listed = self.context.listed
            self._are_others_old = listed_in == workspace.id
            self._others = listed if self._are_others_old else await list_jobs(plane, workspace.id, recent_runs=0)

        async def ask_deployment() -> None:
            latest = await find_latest_deployment(plane, workspace.id)
            self._deployment = latest.version if latest is not None else None

        async def ask_retries() -> None:
            if self._retries is None:
                self._retries = await self._ask_retries()

        await ask_at_once((ask_job, ask_starts, ask_runs, ask_around, ask_deployment, ask_retries))

    async def reload(self, load: Callable[[], Awaitable[None]] | None = None) -> None:
        """What is around it is shown as it was listed last, and then as it is."""
        await super().reload(load)
        self.call_after_refresh(self._ask_more)

    def _ask_more(self) -> None:
        """What the page does not wait for; a thousand jobs take a while to read."""
        self.fetch(self._ask_region(), "region")
        if self._are_others_old:
            self._are_others_old = False
            self.fetch(self._ask_around_again(), "around")

    async def _ask_region(self) -> None:
        """What was masked in its runs, and why the newest that failed, and the one under the cursor, did."""
        learned = await self._masked.learn(self._runs)
        newest = next((run for run in self._runs if run.status == "failed"), None)
        for run in (newest, self._run()):
            learned = (run is not None and await self._reasons.learn(run)) or learned
        if learned and self.is_loaded:
            self.show_rows()

    def on_row_list_moved(self) -> None:
        """The reason of the run under the cursor, once it rests there."""
        run = self._run()
        if run is not None and self._reasons.is_new(run):
            self.fetch(self._ask_reason(run), "reason")

    async def _ask_reason(self, run: Run) -> None:
        await anyio.sleep(RESTS_SECONDS)
        if await self._reasons.learn(run):
            self.show_rows()

    def do_link_retry(self) -> None:
        """Asks the region again, too."""
        self._masked.forget()
        self._reasons.forget()
        super().do_link_retry()

    async def _ask_around_again(self) -> None:
        from dlthub_tui.client.jobs import list_jobs

        try:
            self._others = await list_jobs(self.context.connected.control, self.place.workspace.id, recent_runs=0)
        except ClientError:
            return  # the place says what is wrong
        self.graph.update()

    async def _ask_retries(self) -> Retries | None:
        """None where the control plane knows no tries."""
        from dlthub_tui.client.retries import get_retries

        try:
            return await get_retries(self.context.connected.control, self.place.workspace.id, self.place.job_id)
        except NotFound:
            return None

    def concerns(self, change: Change) -> bool:
        """The job and its runs."""
        return change.job_id == self.place.job_id

    def take_changes(self, changes: Sequence[Change]) -> bool:
        """New states of its runs, and new runs."""
        before = (self._runs, self._job)
        self._runs = changed_runs(self._runs, changes)
        if self._job is not None:
            self._runs = begun_runs(self._job, self._runs, changes)
        if self._job is not None:
            (self._job,) = changed_jobs([self._job], changes)
        return (self._runs, self._job) != before

    def sections(self) -> list[Section]:
        """Its runs."""
        runs = self.in_order(runs_view.sort_runs(self._runs, self.order, self.look))
        typical = view.typical_seconds(self._job.recent_runs) if self._job else None
        rows = [self._row(run, typical) for run in runs]
        found = matching(rows, self.filter_text)
        empty = (self._never(),) if not self._runs else (no_match(rows, self.filter_text, "run"),)
        return [Section(runs_view.columns(self.look, runs_view.JOB_COLUMNS), found, empty=empty)]

    def _row(self, run: Run, typical: float | None) -> Row:
        said = runs_view.stands_out(run, typical, self._reasons.of(run), self.look)
        return runs_view.job_run_row(run, self.look, self._masked.totals, said)

    def _never(self) -> str:
        upcoming = self._job.next_scheduled_run_at if self._job else None
        when = f" Next: {words.coming(upcoming, self.look)}." if upcoming else ""
        return f"Has not run yet.{when} Press {{run.start}} to run it now."

    def answer_line(self) -> tuple[Line, str]:
        """The job's state."""
        if self._job is None:
            return EMPTY_LINE, ""
        return view.job_answer(self._job, self._runs[0] if self._runs else None, self._deployment, self.look), ""

    def is_moving(self) -> bool:
        """Whether a run goes on."""
        return any(runs_view.is_active(run) for run in self._runs)

    def _run(self) -> Run | None:
        return next((run for run in self._runs if run.id == self.rows.key), None)

    def profile_here(self) -> str | None:
        """The profile of the job."""
        return self._job.profile if self._job is not None else None

    def why_not(self, action: Action) -> str | None:
        """What needs a run under the cursor, or a schedule."""
        may_have_run = self._run() is not None or self._runner.may_have(self.place.job_id)
        if self._job is not None and (reason := why_not_changed(action.id, self._job)) is not None:
            return reason
        is_of_run = action.id in {"log.open", "masked.open"} or (action.id == "row.open" and self.graph.job_ref is None)
        if is_of_run and not may_have_run:
            return "It has not run yet. {run.start} runs it."
        if action.id == "job.retries" and self._retries is None:
            return "This control plane does not try again."
        if action.id == "job.backfill" and (
            reason := why_no_backfill(self._job, self.context.role_in(self.place.workspace))
        ):
            return reason
        if action.id == "webhooks.open" and (self._job is None or not webhooks_view.triggers_of(self._job)):
            return webhooks_view.NO_TRIGGER
        if action.id == "app.open":
            return why_no_app(self._job.job_type if self._job else None, self._runs[0] if self._runs else None)
        if action.id == "job.pause" and (
            self._job is None or not (self._job.next_scheduled_run_at or self._job.is_paused)
        ):
            return "It has no schedule to pause."
        if action.id in {"run.start", "run.options"} and self._job is not None and self._job.is_archived:
            return view.ARCHIVED
        return super().why_not(action)

    def command_text(self) -> str:
        """Runs the job."""
        return in_shell("run", link(self.place), reach=self.context.reach)

    def do_row_open(self) -> None:
        """The run with its log; around the job another one."""
        run = self._run()
        if self.graph.job_ref is not None:
            super().do_row_open()
        elif run is not None:
            self.post_message(Open(RunPlace(self.place.workspace, run.id, self.place.job_ref, run.number)))

    def do_log_open(self) -> None:
        """Its log, full screen."""
        if self._runner.is_starting or self._run() is None:
            self.fetch(self._open_new_log(), "open")
        else:
            self._open_log(self._run())

    async def _open_new_log(self) -> None:
        """The run that is being started is the one that is meant."""
        self._open_log(await self._runner.newest(self.place.job_id, self._run()))

    def _open_log(self, run: Run | None) -> None:
        if run is not None:
            place = RunPlace(self.place.workspace, run.id, self.place.job_ref, run.number, is_log_only=True)
            self.post_message(Open(place))

    def do_masked_open(self) -> None:
        """Its log, at the first masked line."""
        run = self._run()
        if run is not None:
            self.fetch(open_masked(self, self.place.workspace, run), "open")

    def do_app_open(self) -> None:
        """Its app."""
        if self._runs:
            self.fetch(AppOpener(self.context, self.place.workspace, self).open(self._runs[0]), "act")

    def do_run_start(self) -> None:
        """Runs it now."""
        self.fetch(self._start(), "act")

    async def _start(self) -> None:
        run = await self._runner.start_ids([self.place.job_id])
        await self.reload()
        if run is not None:
            self.rows.move_to(run.id)

    def do_run_options(self) -> None:
        """Runs it with another profile or refreshed."""
        if self._job is not None:
            self._runner.ask_options(self._job)

    def do_job_pause(self) -> None:
        """Pauses the schedule, or resumes it."""
        if self._job is not None:
            self._changer.pause([self._job])

    def do_job_publish(self) -> None:
        """Publishes its app, or ends that."""
        if self._job is not None:
            self._changer.publish(self._job)

    def do_job_retries(self) -> None:
        """Asks how often it is tried again."""
        from dlthub_tui.screens.work.retry_sheet import RetrySheet

        if self._retries is not None:
            name = guard(words.short_ref(self.place.job_ref))
            self.act_on(RetrySheet(self.context, name, self._retries), self._set_retries)

    async def _set_retries(self, retries: Retries) -> None:
        from dlthub_tui.client.retries import set_retries

        workspace = self.place.workspace
        self._retries = await set_retries(self.context.connected.control, workspace.id, self.place.job_id, retries)
        self.show_rows()
        tries = words.plural(retries.attempts, "try", "tries")
        self.say(f"{words.short_ref(self.place.job_ref)} has {tries} from now on.", Role.OK)

    def do_backfills_open(self) -> None:
        """Its past, loaded once more."""
        self.post_message(Open(BackfillsPlace(self.place)))

    def do_job_backfill(self) -> None:
        """Asks for a stretch of its past, then shows how it is loaded."""
        ask_for_backfill(self, self.place, lambda: self.post_message(Open(BackfillsPlace(self.place))))

    def do_webhooks_open(self) -> None:
        """Where it is called."""
        self.post_message(Open(WebhooksPlace(self.place)))

    def do_item_destroy(self) -> None:
        """Archives it, or brings it back."""
        if self._job is not None:
            self._changer.archive([self._job])

    def do_open_web(self) -> None:
        """The app that runs, else the job's page."""
        if self._job and why_no_app(self._job.job_type, self._runs[0] if self._runs else None) is None:
            self.do_app_open()
        else:
            super().do_open_web()

    def twin_of(self, action: Action) -> str:
        """Verbs on the job, and its runs."""
        job, run = self._job, self._run()
        if job is None:
            return super().twin_of(action)
        if run is not None and action.id in {"row.open", "log.open", "masked.open"}:
            return twin_of_run(action.id, f"{link(self.place)}/{run.number}", self.context.reach)
        place, is_published = link(self.place), job.public_url is not None
        twin = twin_of_job(action.id, place, self.context.reach, is_paused=job.is_paused, is_published=is_published)
        return twin or super().twin_of(action)

    def do_definition_open(self) -> None:
        """The definition as deployed, below where it is called, and what each version before it said."""
        if self._job is not None:
            self.fetch(self._show_definition(self._job), "open")

    async def _show_definition(self, job: Job) -> None:
        from dlthub_tui.client.jobs import list_versions
        from dlthub_tui.screens.places.text_screen import TextScreen
        from dlthub_tui.viewmodel.documents import json_lines

        called = await self._addresses(job) if webhooks_view.triggers_of(job) else []
        try:
            versions = await list_versions(self.context.connected.control, self.place.workspace.id, job.id)
        except NotFound:
            versions = ()  # a control plane of a version before
        lines = [*called, *json_lines(job.definition), *view.version_lines(versions, self.look)]
        self.host.push_screen(TextScreen(self.context, [*self.crumbs(), "definition"], lines, self.region_lock()))

    async def _addresses(self, job: Job) -> list[Line]:
        """Where it is called, from its region; the control plane does not know."""
        from dlthub_tui.client.webhooks import list_webhooks

        workspace = self.place.workspace
        try:
            region = await self.context.connected.region(workspace)
            listed = await list_webhooks(region, workspace.id)
        except NotSignedIn:
            raise
        except ClientError as exc:
            return webhooks_view.unknown_lines(exc.what)
        return webhooks_view.address_lines(job, listed)
