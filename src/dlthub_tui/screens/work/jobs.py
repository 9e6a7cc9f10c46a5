"""A workspace's jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import anyio

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.models import Job
from dlthub_tui.messages import Open
from dlthub_tui.screens.asking.apps import AppOpener, why_no_app
from dlthub_tui.screens.asking.starting import Stopper
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.failing import FailedList
from dlthub_tui.screens.places.listing import RECENT, RESTS_SECONDS
from dlthub_tui.screens.places.marking import MarkedList
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.work.changing import JobChanger, why_not_changed
from dlthub_tui.screens.work.masked import open_masked
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.changed import changed_jobs
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, twin_of_job
from dlthub_tui.viewmodel.places import JobPlace, RunPlace, WorkspaceRef, link, web_path
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, muted
from dlthub_tui.viewmodel.work import job_rows
from dlthub_tui.viewmodel.work import jobs as view
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change

# So many screens of jobs are asked for at first: one to see, one to go on to while the rest comes.
FIRST_SCREENS = 2
EMPTY = "No jobs yet. {deploy.open} deploys a folder; its __deployment__.py declares the jobs."


class JobsScreen(TabScreen, SortedList, MarkedList, FailedList):
    """What is running, and what runs when?"""

    FOR_DEVELOPERS: ClassVar[frozenset[str]] = frozenset({"item.destroy"})
    LAYERS: ClassVar[tuple[str, ...]] = ("global", "workspace", "move", "list", "verbs")
    KEYS = "Jobs"
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "open"), ("app.open", "app"), ("run.start", "run"), ("log.open", "log"), ("job.pause", "pause"),
        ("deploy.open", "deploy"), ("list.filter", "filter"), ("row.mark", "mark"), ("list.sort", "sort"),
    )  # fmt: skip
    STYLES = "jobs"
    DETAIL_ROWS: ClassVar[int] = 5
    TAB = "jobs"
    ORDERS = view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._jobs: tuple[Job, ...] = ()
        self._drawn = job_rows.JobRows()
        self._missing = 0
        self._failures: dict[tuple[str, str, str], int] = {}
        self._asked_about: tuple[str, str, str] | None = None
        self._runner = Stopper(context, workspace, self, lambda job_id: self.rows.key == job_id)
        self._changer = JobChanger(context, workspace, self)

    async def load(self) -> None:
        """All jobs with their last runs. At first a screenful is shown, as soon as it is there."""
        from dlthub_tui.client.jobs import JOBS_AT_ONCE, pages_of_jobs

        plane, found = self.context.connected.control, list[Job]()
        is_first = not self.is_loaded or self._missing > 0
        first = min(FIRST_SCREENS * self.host.size.height, JOBS_AT_ONCE) if is_first else JOBS_AT_ONCE
        async for page in pages_of_jobs(plane, self.workspace.id, first):
            found.extend(page.items)
            missing = max(0, page.total - len(found)) if page.items else 0
            if missing and is_first and self._suffices(found):
                is_first = False
                self._jobs, self._missing, self.is_loaded = tuple(found), missing, True
                self.show_rows()
                await self._painted()
        self._jobs, self._missing = tuple(found), 0
        self.context.listed = (self.workspace.id, self._jobs)

    def on_unmount(self) -> None:
        """A thousand jobs go at once: the screen itself goes when garbage is looked for."""
        self._jobs, self._drawn = (), job_rows.JobRows()

    async def _painted(self) -> None:
        """Until what is shown is painted: the rest would be read before it, by one who may be this process too."""
        painted = anyio.Event()
        self.call_after_refresh(painted.set)
        with anyio.move_on_after(RESTS_SECONDS):
            await painted.wait()

    def _suffices(self, found: Sequence[Job]) -> bool:
        """Whether what is shown of these does not move when the rest comes: the row that was left is among them."""
        key, _ = self.rows.place
        is_as_it_came = not self.filter_text and self.order == self.ORDERS[0] and not self.is_turned
        return is_as_it_came and (not key or any(job.id == key for job in found))

    def concerns(self, change: Change) -> bool:
        """Jobs of the workspace and their runs."""
        return change.workspace_id == self.workspace.id and change.job_id is not None

    def take_changes(self, changes: Sequence[Change]) -> bool:
        """New states of the last runs."""
        before, self._jobs = self._jobs, changed_jobs(self._jobs, changes)
        return self._jobs != before

    def _shown(self) -> list[Job]:
        archived = "archived" in self.filter_text.casefold().split()
        jobs = [job for job in self._jobs if job.is_archived == archived or archived]
        return self.in_order(view.sort_jobs(jobs, self.order))

    def sections(self) -> list[Section]:
        """The jobs that the filter leaves."""
        rows = self._drawn.rows_of(self._shown(), self.look)
        found = matching(rows, self.filter_text)
        empty = (EMPTY,) if not self._jobs else (no_match(rows, self.filter_text, "job"),)
        return [Section(job_rows.COLUMNS, found, empty=empty)]

    def answer_line(self) -> tuple[Line, str]:
        """What goes on, and how many are shown; nothing is counted before all are there."""
        if self._missing:
            total = words.count(len(self._jobs) + self._missing)
            more = f"Loading {words.plural(self._missing, 'more job', 'more jobs')}{self.look.glyphs.cut}"
            return (muted(more),), f"{words.count(len(self.rows.keys))} shown of {total}"
        return view.answer_of(
            self._jobs, self.look
        ), f"{words.count(len(self.rows.keys))} shown of {words.count(len(self._jobs))}"

    def is_moving(self) -> bool:
        """Whether a run goes on."""
        return any(view.is_active(job) for job in self._jobs)

    def find_job(self, key: str | None = None) -> Job | None:
        """The job under the cursor, or with this id."""
        wanted = key or self.rows.key
        return next((job for job in self._jobs if job.id == wanted), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The job under the cursor."""
        job = self.find_job() if self.is_loaded and not self._missing else None  # the rest says what follows it
        if job is None:
            return []
        return view.job_details(job, self._jobs, self.look, width, self._failures.get(_as_it_is(job)))

    async def reload(self, load: Callable[[], Awaitable[None]] | None = None) -> None:
        """Failures are counted again where the job has run since."""
        await super().reload(load)
        self._count_failures()

    def on_row_list_moved(self) -> None:
        """The details follow the cursor."""
        self._count_failures()

    def _count_failures(self) -> None:
        job = self.find_job()
        if job is None or (of_job := _as_it_is(job)) in self._failures:
            return
        if of_job != self._asked_about or not self.is_at_work("failures"):
            self._asked_about = of_job
            self.fetch(self._ask_failures(of_job), "failures")

    def do_link_retry(self) -> None:
        """Asks again, also how often the job failed in the last hours."""
        self._failures.clear()
        super().do_link_retry()

    async def _ask_failures(self, of_job: tuple[str, str, str]) -> None:
        """Once the cursor rests: who goes through the list asks for nothing."""
        from dlthub_tui.client.runs import list_runs

        await anyio.sleep(RESTS_SECONDS)
        since, plane = self.look.now() - RECENT, self.context.connected.control
        try:
            page = await list_runs(
                plane, self.workspace.id, job_id=of_job[0], statuses=("failed",), since=since, limit=1
            )
        except ClientError:
            return  # the place says what is wrong
        self._failures[of_job] = page.total
        self.query_one("#details", LinesView).update()

    def profile_here(self) -> str | None:
        """The profile of the job."""
        job = self.find_job() if self.is_loaded else None
        return job.profile if job is not None else None

    def why_not(self, action: Action) -> str | None:
        """Verbs need a job under the cursor, and some a certain one."""
        job = self.find_job() if self.is_loaded else None
        if action.layer == "verbs" or action.id in {"row.open", "row.mark", "item.destroy"}:
            if job is None:
                return "There is no job under the cursor."
            if action.id in {"run.start", "run.options"} and job.is_archived:
                return view.ARCHIVED
            if action.id == "job.pause" and not any(
                each.next_scheduled_run_at is not None or each.is_paused for each in self._chosen()
            ):
                is_one = not self.rows.marked
                return "It has no schedule to pause." if is_one else "Nothing that is marked has a schedule to pause."
            if action.id == "app.open" and (reason := why_no_app(job.job_type, job.latest_run)) is not None:
                return reason
            if (reason := why_not_changed(action.id, job)) is not None:
                return reason
            if (
                action.id in {"log.open", "masked.open"}
                and job.latest_run is None
                and not self._runner.may_have(job.id)
            ):
                return "It has not run yet. {run.start} runs it."
        return super().why_not(action)

    def _chosen(self) -> list[Job]:
        keys = self.chosen_keys
        return [job for job in self._jobs if job.id in keys]

    def command_text(self) -> str:
        """Runs the job under the cursor."""
        job = self.find_job()
        return in_shell("run", self.link_text(), reach=self.context.reach) if job else super().command_text()

    def link_text(self) -> str:
        """The job under the cursor; where there is none, the list."""
        job = self.find_job()
        return link(JobPlace(self.workspace, job.id, job.job_ref)) if job else super().link_text()

    def do_row_open(self) -> None:
        """The job's own screen."""
        job = self.find_job()
        if job is not None:
            self.post_message(Open(JobPlace(self.workspace, job.id, job.job_ref)))

    def do_run_start(self) -> None:
        """Runs what is marked, or the job under the cursor."""
        self.fetch(self._start(self._chosen()), "act")

    async def _start(self, jobs: list[Job]) -> None:
        await self._runner.start(jobs)
        self.rows.set_marks(set())
        await self.reload()

    def do_run_options(self) -> None:
        """Runs the job under the cursor with another profile or refreshed."""
        job = self.find_job()
        if job is not None:
            self._runner.ask_options(job)

    def do_log_open(self) -> None:
        """The log of the last run."""
        job = self.find_job()
        if job is not None:
            self.fetch(self._open_log(job), "open")

    async def _open_log(self, job: Job) -> None:
        run = await self._runner.newest(job.id, job.latest_run)
        if run is None:
            self.say("It has not run yet. {run.start} runs it.")
        else:
            self.post_message(Open(RunPlace(self.workspace, run.id, job.job_ref, run.number)))

    def do_masked_open(self) -> None:
        """The log of its last run, at the first masked line."""
        job = self.find_job()
        if job is not None and job.latest_run is not None:
            self.fetch(open_masked(self, self.workspace, job.latest_run), "open")

    def do_app_open(self) -> None:
        """The app of the job under the cursor."""
        job = self.find_job()
        if job is not None and job.latest_run is not None:
            self.fetch(AppOpener(self.context, self.workspace, self).open(job.latest_run), "act")

    def do_job_pause(self) -> None:
        """Pauses the schedules of what is marked, or of the job under the cursor; resumes where all are paused."""
        scheduled = [job for job in self._chosen() if job.next_scheduled_run_at is not None or job.is_paused]
        if scheduled:
            self._changer.pause(scheduled)

    def do_job_publish(self) -> None:
        """Publishes the app of the job under the cursor, or ends that."""
        job = self.find_job()
        if job is not None:
            self._changer.publish(job)

    def do_item_destroy(self) -> None:
        """Archives what is marked, or the job under the cursor; brings back where all are archived."""
        if jobs := self._chosen():
            self._changer.archive(jobs)

    def do_open_web(self) -> None:
        """The app that runs, else the job's page."""
        job = self.find_job()
        if job is not None and why_no_app(job.job_type, job.latest_run) is None:
            self.do_app_open()
        elif job is not None and self.context.connection is not None:
            place = JobPlace(self.workspace, job.id, job.job_ref)
            self.fetch(self._open_web(self.context.connected.origin + web_path(place)), "open")
        else:
            super().do_open_web()

    def twin_of(self, action: Action) -> str:
        """Verbs on the job under the cursor."""
        job = self.find_job() if self.is_loaded else None
        if job is None:
            return super().twin_of(action)
        place, is_published = self.link_text(), job.public_url is not None
        twin = twin_of_job(action.id, place, self.context.reach, is_paused=job.is_paused, is_published=is_published)
        return twin or super().twin_of(action)


def _as_it_is(job: Job) -> tuple[str, str, str]:
    """Changes with each run and each end of one."""
    latest = job.latest_run
    return (job.id, latest.id, latest.status) if latest else (job.id, "", "")
