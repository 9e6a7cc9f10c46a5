"""What stands on the page of a run: the answer, the facts, the log; loading them, and hearing of changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import anyio
from textual.app import ComposeResult
from textual.timer import Timer

from dlthub_tui.client.errors import ClientError, Gone, NotSignedIn
from dlthub_tui.client.leaks import MaskedCount
from dlthub_tui.client.models import Run
from dlthub_tui.screens.asking.apps import AppOpener
from dlthub_tui.screens.asking.run_reading import learn_known, read_facts
from dlthub_tui.screens.asking.starting import Stopper
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.logs.log_feed import Found, LinesArrived, LogFeed, StreamState, ask_again
from dlthub_tui.screens.logs.log_searching import wanted
from dlthub_tui.screens.work.rotating import Rotating
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.changed import changed_runs
from dlthub_tui.viewmodel.logs.log_rule import LogStanding, log_foot, log_rule
from dlthub_tui.viewmodel.logs.log_window import LogWindow
from dlthub_tui.viewmodel.places import Place, RunPlace
from dlthub_tui.viewmodel.table import answer, rule
from dlthub_tui.viewmodel.text import Line, Role, guard, muted
from dlthub_tui.viewmodel.work import runs as view
from dlthub_tui.viewmodel.work.jobs import typical_seconds
from dlthub_tui.viewmodel.work.run_facts import WIDE, RegionFacts, above_log, compared, origin
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change
    from dlthub_tui.viewmodel.trouble import Trouble

ERRORS = "errors"
COUNT_SECONDS = 0.5
COUNTED_SECONDS = 3.0
GOES_ON = "The log goes on by itself when it does."
LOG_GONE = "There is no log: it was removed, or the run ended before it had one."


class RunPage(Rotating):
    """Subclasses say what keys do."""

    STYLES = "run"
    DETAILS = "#facts"
    IS_TOLD = True

    def __init__(self, context: Context, place: RunPlace) -> None:
        super().__init__(context)
        self.place = place
        self._run: Run | None = None
        self._stream = ""
        self._why_silent = ""
        self._late = []
        self._counting: Timer | None = None
        self._masked: tuple[MaskedCount, ...] = ()
        self._errors = 0
        self._are_errors_counted = False
        self._region_facts = RegionFacts()
        self._known = view.NOTHING
        self._claimed_at: datetime | None = None
        self._ahead = 0
        self._typical: float | None = None
        self._damage: set[tuple[int, int]] = set()
        self._is_zoomed = place.is_log_only
        self._asked = (0, 0)
        self._is_kept_silent = False
        self._opens_at = place.line
        self.shown = anyio.Event()
        self.feed = LogFeed(context, place, self.post_message)
        self._runner = Stopper(context, place.workspace, self)
        self._apps = AppOpener(context, place.workspace, self)

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, job, run; and the log where it has the screen."""
        workspace, job = self.place.workspace, words.short_ref(self.place.job_ref)
        end = (
            [job.rpartition(".")[2], str(self.place.number), "log"]
            if self._is_zoomed
            else [job, str(self.place.number)]
        )
        return [workspace.organization_name, workspace.name, *end]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.workspace.dataplane_id

    def compose_body(self) -> ComposeResult:
        """The answer, the facts, the log."""
        yield LinesView(lambda width: [self._answer(width)], widget_id="answer")
        yield LinesView(self._facts, widget_id="facts")
        yield LinesView(lambda width: [self._rule(width)], widget_id="rule")
        log = LogView(self.look, LogWindow(self.look), widget_id="log")
        if self.place.line is not None:
            log.is_following = False
        yield log
        yield self.sheet_view()

    def _answer(self, width: int) -> Line:
        run, wrong = self._run, self.answer_of_trouble()
        if run is None:
            return answer(wrong or (muted(f"Loading{self.look.glyphs.cut}"),), "", width)
        if wrong is None:
            said = view.run_answer(run, self.look, origin(run, self._known))
            return answer(said, compared(run, self._typical, self.look) if width >= WIDE else "", width)
        said = view.troubled_answer(run, wrong, self.look, width, is_unsure=self.is_region_silent)
        return answer(said, "", width)

    def trouble_now(self) -> Trouble | None:
        """Also a region whose log stream broke before anybody else missed it."""
        found, region = super().trouble_now(), self.region_state()
        if found is None and self._stream == "silent" and region is not None:
            return self.of_region(replace(region, seen_at=self.met(f"region/{region.id}").since), self._why_silent)
        return found

    def _facts(self, width: int) -> list[Line]:
        if self._run is None:
            return []
        facts = replace(self._region_facts, masked=self._masked)
        return above_log(self._run, facts, self._claimed_at, self.look, width)

    def _rule(self, width: int) -> Line:
        log = self.pane
        standing = LogStanding(
            window=log.window,
            shown=self.lines_shown,
            region=self.place.workspace.dataplane_id,
            stream="gone" if self._is_gone else self._stream,
            current=log.current,
            last_shown=log.last_shown,
            is_following=log.is_following,
            new=log.new_lines,
            column=log.view.style.left,
            marked=len(log.marks),
            damage=self._damage,
            masked=sum(each.count for each in self._masked) if self._is_zoomed else 0,
            errors=self._errors if self._is_zoomed else 0,
            hits=self.hits,
        )
        said = log_foot(standing, self.look) if self._is_zoomed else ("Log", log_rule(standing, self.look))
        return rule(*said, width, self.look, has_focus=self.is_active)

    def on_mount(self) -> None:
        """Asks for the run and begins to fill the log."""
        self._show_zoom()
        self.fetch(self._load())
        self.fetch(self.feed.run(), "feed")
        if self.context.poll_seconds:
            self.set_interval(self.context.poll_seconds, self._poll)
        if self.context.tick_seconds:
            self.set_interval(self.context.tick_seconds, self._tick)

    @property
    def goes_on(self) -> bool:
        """Whether the run goes on."""
        return self._run is not None and view.is_active(self._run)

    @property
    def _is_gone(self) -> bool:
        """Whether no log will come any more."""
        return self._stream == "waiting" and self._run is not None and not self.goes_on

    def has_runs(self) -> bool:
        """Whether this one does."""
        return self.goes_on

    def _poll(self) -> None:
        if self.is_seen and not self.is_told and (self._run is None or self.goes_on):
            self.fetch(self._load())

    def concerns(self, change: Change) -> bool:
        """This run."""
        return change.run_id == self.place.run_id

    def take_changes(self, changes: Sequence[Change]) -> bool:
        """Its new state."""
        before = self._run
        if self._run is not None:
            (self._run,) = changed_runs([self._run], changes)
        return self._run != before

    def show_changed(self) -> None:
        """Draws its facts."""
        self.show_facts()

    async def ask_again(self) -> None:
        """Asks for the rest of it."""
        await self._load()

    def _tick(self) -> None:
        if self.is_seen and self.goes_on and not self._is_zoomed:
            self.show_facts()

    async def _load(self) -> None:
        from dlthub_tui.client.runs import get_run

        try:
            self._run = await get_run(self.context.connected.control, self.place.workspace.id, self.place.run_id)
            self.run_shown = self._run
            self.went_well()
        except NotSignedIn:
            raise
        except ClientError as exc:
            self.trouble = exc
        self.show_facts()
        if self._run is not None and self.trouble is None:
            self.fetch(self._load_more(self._run), "more")

    async def _load_more(self, run: Run) -> None:
        """What the rows above the log say beside its state. What is refused, or old, is left out."""
        from dlthub_tui.client.jobs import get_job
        from dlthub_tui.client.runs import find_claimed_at, list_runs

        plane, workspace = self.context.connected.control, self.place.workspace
        self._known = await learn_known(self.context, workspace, (run,))
        try:
            if run.status == "pending":
                waiting = (await list_runs(plane, workspace.id, statuses=("pending",))).items
                self._ahead = sum(each.created_at < run.created_at for each in waiting)
            self._claimed_at = await find_claimed_at(plane, workspace.id, run.id)
            self._typical = typical_seconds((await get_job(plane, workspace.id, run.job_id)).recent_runs)
            self.show_facts()
            self._region_facts = await read_facts(self.context, workspace, run, is_shown_with_log=True)
        except ClientError:
            return  # the log pane says what its region does not answer
        self.show_facts()

    async def load_masked(self) -> None:
        """The region counts a moment after it seals a log: where it had not yet, it is asked once more."""
        if not await self._ask_masked():
            await anyio.sleep(COUNTED_SECONDS)
            await self._ask_masked()

    async def _ask_masked(self) -> bool:
        from dlthub_tui.client.leaks import get_masked_counts

        region = await self.context.connected.region(self.place.workspace)
        masked = await get_masked_counts(region, self.place.workspace.id, self.place.run_id)
        self._masked = masked.counts
        if self._masked:
            self.show_facts()
        return masked.is_final

    def show_facts(self) -> None:
        """Draws everything but the log again where it changed."""
        if self.shown is not None:
            self.shown.set()
        for name in ("#answer", "#facts", "#rule"):
            self.query_one(name, LinesView).update()
        self.show_trouble()
        self._show_expectation()
        self.update_frame()

    def _show_expectation(self) -> None:
        if self._run is not None and not self.pane.window.total and self._stream in {"live", "sealed", "waiting"}:
            is_gone = self._is_gone and self._run.started_at is not None
            region = self.place.workspace.dataplane_id
            self.keep(LOG_GONE if is_gone else view.what_to_expect(self._run, region, self.look, self._ahead))
        elif self._stream not in {"forbidden", "silent"}:
            self.show_search()

    def failed(self, error: BaseException, group: str) -> None:
        """A log that is refused is said in its place."""
        if group == "feed" and isinstance(error, ClientError) and not isinstance(error, NotSignedIn):
            self._stream = "forbidden"
            self.keep(error.sentence, Role.MUTED if isinstance(error, Gone) else Role.FAIL)
            self.query_one("#rule", LinesView).update()
            return
        super().failed(error, group)
        if group == "range" and isinstance(error, ClientError):
            self.fetch(ask_again(error, self.pane.after_layout), "again")

    def redraw(self) -> None:
        """After the look changed."""
        super().redraw()
        self.show_facts()
        self.pane.repaint_changes()

    def on_lines_arrived(self, event: LinesArrived) -> None:
        """New lines, or a range that was asked for."""
        self.take_arrived(event)
        self._damage.update((piece.from_line, piece.to_line) for piece in event.damage)
        if self._opens_at is not None and event.total:
            self.go_to_line(self._opens_at)
            self._opens_at = None
        if self.pane.is_following or self._stream != "live":
            self._count_arrived()
        elif self._counting is None:
            self._counting = self.set_timer(COUNT_SECONDS, self._count_arrived)

    def go_to_line(self, number: int) -> None:
        """Makes it the current one; for one behind the end that is the last, and it is said why."""
        if number >= self.pane.window.total > 0:
            self.say(f"The log has {words.plural(self.pane.window.total, 'line')}.")
        self.pane.go_to(number)

    def _count_arrived(self) -> None:
        """What is new below is counted twice a second at most: a flood costs a paused reader next to nothing."""
        self._counting = None
        self._show_expectation()
        self.query_one("#rule", LinesView).update()

    def on_stream_state(self, event: StreamState) -> None:
        """What the stream does now."""
        self._stream, self._why_silent = event.state, guard(event.why)
        if event.state == "sealed":
            self.pane.window.is_sealed = True
            self.fetch(self._load())
            self.fetch(self.load_masked(), "masked")
            self._count_errors()
        if event.state == "silent":
            # Since when is said above, by whoever missed it first.
            self._is_kept_silent = True
            self.keep(f"{self.place.workspace.dataplane_id} does not answer. {GOES_ON}", Role.WARN)
        elif self._is_kept_silent:
            self._is_kept_silent = False
            self.keep("")
        self.show_facts()

    def _count_errors(self) -> None:
        """Once for a log that has ended, where the rule says it: each look is an entry of the region's audit log."""
        if self._is_zoomed and self.pane.window.is_sealed and not self._are_errors_counted:
            self._are_errors_counted = True
            self.fetch(self.feed.search(ERRORS, wanted("error", "")), ERRORS)

    def take_found(self, event: Found) -> None:
        """Also the errors, which are counted beside whatever is searched for."""
        if event.purpose == ERRORS:
            self._errors += len(event.lines)
            self.query_one("#rule", LinesView).update()
        else:
            super().take_found(event)

    def on_log_view_moved(self) -> None:
        """The rule says where the pane is."""
        self.query_one("#rule", LinesView).update()

    def on_log_view_wanted(self, event: LogView.Wanted) -> None:
        """Lines are missing. A range that holds them and is on its way is waited for."""
        first, count = self._asked
        if not (self.is_at_work("range") and first <= event.first < first + count):
            self._asked = self.pane.window.range_around(event.first)
            self.fetch(self.feed.fetch_range(*self._asked), "range")

    def _show_zoom(self) -> None:
        """The facts and the rule stand above the log; alone on the screen it begins at the top, its rule below it."""
        self._count_errors()
        body, rule_of_log = self.query_one("#body"), self.query_one("#rule")
        if self._is_zoomed:
            body.move_child(rule_of_log, after=self.pane)
        else:
            body.move_child(rule_of_log, before=self.pane)
        for name in ("#answer", "#facts"):
            self.query_one(name).set_class(self._is_zoomed, "hidden")
