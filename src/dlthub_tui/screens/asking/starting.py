"""Starting and stopping runs, the same from every screen that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio

from dlthub_tui.client.models import Job, Run
from dlthub_tui.screens.asking.run_options import RunOptions, RunOptionsSheet
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import key_name
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.text import Role, guard
from dlthub_tui.viewmodel.work.runs import declined, ended_before, name_of

GRACE = (
    "A run that is asked to end has its job's grace period for that: 30 s where the code says nothing else.",
    "What was loaded stays, and the log too.",
)


NOT_BEGUN = ("No region has begun it: it is cancelled at once.",)


def stop_sheet(context: Context, what: str, silent: str = "", runs: Sequence[Run] = ()) -> ConfirmSheet:
    """Asks whether to stop, and says for how long a run may take its leave: where a region is silent, not from now.

    What waits for its region is the control plane's alone.
    """
    if runs and all(run.status == "pending" for run in runs):
        return ConfirmSheet(context, f"Stop {what}?", "stop", NOT_BEGUN)
    hears = (f"{guard(silent)} does not answer: it hears of this when it does, and the run goes on until then.",)
    return ConfirmSheet(context, f"Stop {what}?", "stop", (*(hears if silent else ()), *GRACE))


class Stopper:
    """Starts and stops runs of one workspace and says what came of it.

    `opens_log` says of a job whether the log that the screen's key opens is that of the run that was just started.
    """

    def __init__(
        self,
        context: Context,
        workspace: WorkspaceRef,
        screen: ActingScreen[None],
        opens_log: Callable[[str], bool] = lambda _job_id: False,
    ) -> None:
        self._context = context
        self._workspace = workspace
        self._screen = screen
        self._opens_log = opens_log
        self._is_starting: anyio.Event | None = None
        self._begun: dict[str, Run] = {}

    @property
    def is_starting(self) -> bool:
        """Whether a run is being started."""
        return self._is_starting is not None and not self._is_starting.is_set()

    def may_have(self, job_id: str) -> bool:
        """Whether a run of this job was begun here, or may be: the lists show it a moment later."""
        return self.is_starting or job_id in self._begun

    async def newest(self, job_id: str, known: Run | None) -> Run | None:
        """The job's last run: of those that are known and those that were started here, once they are."""
        if self._is_starting is not None:
            await self._is_starting.wait()
        started = self._begun.get(job_id)
        return started if started is not None and (known is None or started.number > known.number) else known

    async def start(self, jobs: list[Job], *, profile: str | None = None, refresh: bool = False) -> Run | None:
        """Triggers jobs. Answers the run where exactly one started."""
        return await self.start_ids([job.id for job in jobs], profile=profile, refresh=refresh)

    async def start_ids(self, job_ids: list[str], *, profile: str | None = None, refresh: bool = False) -> Run | None:
        """As `start`, by ids."""
        from dlthub_tui.client.jobs import trigger

        plane = self._context.connected.control
        self._is_starting = is_starting = anyio.Event()
        try:
            results = await trigger(plane, self._workspace.id, job_ids, profile=profile, refresh=refresh)
            self._begun |= {result.job_id: result.run for result in results if result.run is not None}
        finally:
            is_starting.set()
        started = [result for result in results if result.run is not None]
        refused = [result for result in results if result.run is None]
        if len(started) == 1 and not refused and started[0].run is not None:
            name = f"{guard(words.short_ref(started[0].job_ref))} {started[0].run.number}"
            if self._is_region_silent:
                self._screen.say(f"{name} waits: {self._region} does not answer.", Role.WARN)
            else:
                self._screen.say(f"Started {name}.{self._way_to_log(started[0].job_id)}", Role.OK)
            return started[0].run
        if refused:
            first = refused[0]
            more = f" {len(started)} of {len(results)} started." if len(results) > 1 else ""
            self._screen.say(declined(first.job_ref, first.status, first.reasons) + more, Role.WARN)
        elif started and self._is_region_silent:
            self._screen.say(f"{words.plural(len(started), 'run')} wait: {self._region} does not answer.", Role.WARN)
        elif started:
            self._screen.say(f"Started {words.plural(len(started), 'run')}.", Role.OK)
        return None

    @property
    def _region(self) -> str:
        return guard(self._workspace.dataplane_id or "")

    @property
    def _is_region_silent(self) -> bool:
        region = self._workspace.dataplane_id
        return any(plane.id == region and plane.state != "up" for plane in self._context.planes)

    def _way_to_log(self, job_id: str) -> str:
        """By the key that this user has for it; empty where another log would open, or none."""
        found = next((action for action in self._screen.live if action.id == "log.open"), None)
        if found is None or not self._opens_log(job_id):
            return ""
        return f" {key_name(found.keys[0], is_ascii=self._context.look.is_ascii)} opens its log."

    def ask_options(self, job: Job) -> None:
        """Asks for profile and refresh, then starts the job."""
        self._screen.fetch(self.ask(job), "act")

    async def ask(self, job: Job, then: Callable[[Run], object] | None = None) -> None:
        """The same. `then` gets the run that began."""
        from dlthub_tui.client.deployments import find_latest_configuration

        configuration = await find_latest_configuration(self._context.connected.control, self._workspace.id)
        profiles = list(configuration.profiles) if configuration else []

        async def start(options: RunOptions) -> None:
            run = await self.start([job], profile=options.profile, refresh=options.refresh)
            if run is not None and then is not None:
                then(run)

        name = guard(words.short_ref(job.job_ref))
        self._screen.act_on(RunOptionsSheet(self._context, name, profiles, job.profile), start)

    async def stop(self, runs: list[Run]) -> None:
        """Asks runs to stop. One that had ended is said, not an error."""
        from dlthub_tui.client.errors import ClientError, Conflict, NotSignedIn
        from dlthub_tui.client.runs import cancel_run, get_run

        stopped: list[Run] = []
        for run in runs:
            try:
                stopped.append(await cancel_run(self._context.connected.control, self._workspace.id, run.id))
            except Conflict:
                ended = await get_run(self._context.connected.control, self._workspace.id, run.id)
                self._screen.say(ended_before(ended, self._context.look))
            except ClientError as exc:
                if not stopped or isinstance(exc, NotSignedIn):
                    raise
                self._screen.say(f"Stopping only {len(stopped)} of {len(runs)} runs. {exc.what}", Role.FAIL)
                return
        if len(stopped) == 1 and stopped[0].status == "cancelled":
            self._screen.say(f"Cancelled {name_of(stopped[0])} before it began.")
        elif len(stopped) == 1:
            self._screen.say(f"Stopping {name_of(stopped[0])}.")
        elif stopped:
            self._screen.say(f"Stopping {words.plural(len(stopped), 'run')}.")
