"""The log of a run beside that of another run of its job: what is new, and what is missing."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

import anyio
from textual.app import ComposeResult
from textual.message import Message

from dlthub_tui.client.errors import ClientError, NotFound, NotSignedIn
from dlthub_tui.client.models import LogLine, Run
from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.logs.compare_searching import CompareSearching
from dlthub_tui.screens.logs.log_feed import ask_again
from dlthub_tui.session.numbers import whole_number
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.logs.log_compare import SPLIT_WIDTH, Alike
from dlthub_tui.viewmodel.logs.log_window import RANGE, absent_in
from dlthub_tui.viewmodel.places import ComparePlace, Place, RunPlace, link
from dlthub_tui.viewmodel.table import answer, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, between, fit, muted
from dlthub_tui.viewmodel.work import runs as view
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.compare_view import CompareView
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.logs import Gap, LogRange, Looked

POST_SECONDS = 0.25


class RangeArrived(Message):
    """Lines of the log of one side."""

    def __init__(self, side: str, found: LogRange, limit: int) -> None:
        super().__init__()
        self.side, self.total = side, found.total
        self.lines: tuple[LogLine, ...] = found.lines
        self.absent = absent_in(found.lines, found.total, limit)


class Compared(Message):
    """Runs of lines that are alike and gaps, more of them in their order, and how far the region is."""

    def __init__(self, found: tuple[Alike | Gap, ...], looked: Looked) -> None:
        super().__init__()
        self.found, self.looked = found, looked


class CompareScreen(CompareSearching):
    """What does this run's log have that the other's has not?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "compare")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("difference.next", "next difference"), ("difference.previous", "before"), ("compare.lines", "all lines"),
        ("compare.other", "other run"), ("log.search", "search"),
        ("log.open", "in its log"), ("copy.text", "copy"), ("line.right", "right"),
        ("log.numbers", "numbers"),
    )  # fmt: skip
    STYLES = "compare"

    def __init__(self, context: Context, place: ComparePlace) -> None:
        super().__init__(context)
        self.place = place
        self.shown = anyio.Event()
        self._runs: tuple[Run | None, Run | None] = (None, None)
        self._trouble = ""
        self._looked: Looked | None = None
        self._has_begun = False
        self._asks = ""
        self._asked: dict[str, tuple[int, int]] = {}

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Workspace, job, run, and that it is compared."""
        run = self.place.run
        return [run.workspace.name, words.short_ref(run.job_ref), str(run.number), "compare"]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.run.workspace.dataplane_id

    def compose_body(self) -> ComposeResult:
        """The two runs, and their logs below."""
        yield LinesView(lambda width: [self._answer(width)], widget_id="answer")
        yield LinesView(lambda width: [self._rule(width)], widget_id="rule")
        yield CompareView(self.look, widget_id="log")

    def _answer(self, width: int) -> Line:
        if self._trouble:
            return answer((Span(self._trouble, Role.FAIL),), "", width)
        ours, theirs = self._runs
        left, right = self._said(self.place.other_number, theirs), self._said(self.place.run.number, ours)
        half = (width - 1) // 2
        if width >= SPLIT_WIDTH:
            return (*fit((Span(" "), *left), width - half), *fit(right, half))
        return between((Span(" - ", Role.FAIL), *left), (Span("+ ", Role.OK), *right, Span(" ")), width)

    def _said(self, number: int, run: Run | None) -> Line:
        if run is None:
            return (Span(str(number)),)
        return (Span(f"{number} "), self.look.state_word(run.status), muted(f" {self._when(run)}"))

    def _when(self, run: Run) -> str:
        return words.moment(run.started_at or run.created_at, self.look)

    def _rule(self, width: int) -> Line:
        pane, looked = self.pane, self._looked
        title = f"{self.place.run.number} beside {self.place.other_number}"
        said = pane.alignment.said(self.place.run.number, self.place.other_number, width - len(title) - 8)
        if looked is None:
            said = "" if self._trouble else f"comparing{self.look.glyphs.cut}"
        elif not looked.is_done:
            said = f"comparing, {min(100, 100 * looked.looked_at // max(1, looked.total))} %, {said}"
        elif not looked.is_complete:
            said = f"the first {words.plural(looked.looked_at, 'line')} of both, {said}"
        which = pane.alignment.difference_at(pane.place)
        if which is not None and looked is not None and looked.is_done:
            said = f"difference {which:,} of {pane.alignment.differences:,}"
        return rule(title, said, width, self.look, has_focus=self.is_active)

    def on_mount(self) -> None:
        """Asks for both runs, then compares."""
        self.fetch(self._load())

    async def _load(self) -> None:
        from dlthub_tui.client.runs import get_run

        plane, run = self.context.connected.control, self.place.run
        self._runs = (
            await get_run(plane, run.workspace.id, run.run_id),
            await get_run(plane, run.workspace.id, self.place.other_id),
        )
        self.show_all()
        try:
            # Both ends are known before anything is drawn, so that ranges can be asked for.
            for side in ("ours", "theirs"):
                await self._get_range(side, 0, RANGE)
        except NotFound as exc:
            self._trouble = f"{exc.what} One of the two has not started, or its log was removed."
            self.show_all()
            return
        self.fetch(self._compare(), "compare")

    async def _get_range(self, side: str, first: int, count: int) -> None:
        from dlthub_tui.client.logs import get_lines

        run = self.place.run
        run_id = run.run_id if side == "ours" else self.place.other_id
        region = await self.context.connected.region(run.workspace)
        found = await get_lines(region, run.workspace.id, run_id, first, count)
        self.post_message(RangeArrived(side, found, count))

    async def _compare(self) -> None:
        from dlthub_tui.client.logs import Gap, Looked, Same, compare_logs

        run = self.place.run
        region = await self.context.connected.region(run.workspace)
        found: list[Alike | Gap] = []
        posted, looked = anyio.current_time(), Looked(0, 0)
        of_run = (run.workspace.id, run.run_id)
        async with aclosing(compare_logs(region, of_run, self.place.other_id)) as answers:
            async for each in answers:
                if isinstance(each, Same):
                    found.append(Alike(each.from_line, each.against_line, each.count))
                elif isinstance(each, Gap):
                    found.append(each)
                else:
                    looked = each
                if looked.is_done or anyio.current_time() - posted >= POST_SECONDS:
                    self.post_message(Compared(tuple(found), looked))
                    found, posted = [], anyio.current_time()

    def failed(self, error: BaseException, group: str) -> None:
        """What cannot be compared is said in its place."""
        if group.startswith("range-") and isinstance(error, ClientError) and not isinstance(error, NotSignedIn):
            self.say(error.sentence, Role.FAIL)
            self.fetch(ask_again(error, self.pane.after_layout), f"again-{group}")
            return
        if isinstance(error, ClientError) and not isinstance(error, NotSignedIn):
            self._trouble = error.sentence
            self.show_all()
            return
        super().failed(error, group)

    def on_range_arrived(self, event: RangeArrived) -> None:
        """Lines to draw."""
        self.pane.take(event.side, event.lines, event.total, event.absent)

    def on_compared(self, event: Compared) -> None:
        """More is known of what is alike."""
        pane = self.pane
        for found in event.found:
            if isinstance(found, Alike):
                pane.alignment.add(found)
            else:
                pane.alignment.add_gap(found.from_line, found.to_line, is_ours=found.is_ours)
        self._looked = event.looked
        if event.looked.is_done:
            is_whole = event.looked.is_complete
            pane.finish(pane.ours.total if is_whole else None, pane.theirs.total if is_whole else None)
        else:
            pane.grew()
        self._go_to_first()
        self.show_all()

    def _go_to_first(self) -> None:
        """Once, where nobody has moved: to the first difference."""
        first = self.pane.alignment.next_difference(-1)
        if not self._has_begun and first is not None:
            self._has_begun = True
            if self.pane.place == 0:
                self.pane.go_to_place(first)

    def on_compare_view_moved(self) -> None:
        """The rule says where the pane is."""
        self.query_one("#rule", LinesView).update()

    def on_compare_view_wanted(self, event: CompareView.Wanted) -> None:
        """Lines are missing. A range that holds them and is on its way is waited for."""
        group = f"range-{event.side}"
        first, count = self._asked.get(event.side, (0, 0))
        if not (self.is_at_work(group) and first <= event.first < first + count):
            self._asked[event.side] = self.pane.window_of(event.side).range_around(event.first)
            self.fetch(self._get_range(event.side, *self._asked[event.side]), group)

    def show_all(self) -> None:
        """Draws everything but the logs again where it changed."""
        if self.shown is not None:
            self.shown.set()
        for name in ("#answer", "#rule"):
            self.query_one(name, LinesView).update()
        self.update_frame()

    def redraw(self) -> None:
        """After the look changed."""
        super().redraw()
        self.show_all()
        self.pane.repaint_changes()

    def footer_entries(self) -> list[tuple[Action, str]]:
        """The key that shows all lines says what it would do now."""
        names: dict[str, str] = {} if self.pane.alignment.is_folded else {"compare.lines": "differences"}
        if self._found is not None:
            names["difference.next"] = "next match"
        return [(action, names.get(action.id, label)) for action, label in super().footer_entries()]

    def do_row_next(self) -> None:
        """One line down."""
        self.pane.scroll_lines(1)

    def do_row_previous(self) -> None:
        """One line up."""
        self.pane.scroll_lines(-1)

    def do_row_first(self) -> None:
        """The first line."""
        self.pane.go_to_end(last=False)

    def do_row_last(self) -> None:
        """The last line."""
        self.pane.go_to_end(last=True)

    def do_page_next(self) -> None:
        """One page down."""
        self.pane.scroll_pages(1)

    def do_page_previous(self) -> None:
        """One page up."""
        self.pane.scroll_pages(-1)

    def do_line_left(self) -> None:
        """Sideways."""
        self.pane.scroll_sideways(-1)

    def do_line_right(self) -> None:
        """Sideways."""
        self.pane.scroll_sideways(1)

    def do_log_numbers(self) -> None:
        """Line numbers off and on."""
        self.pane.toggle_numbers()

    def do_difference_next(self) -> None:
        """The next difference; while something is searched for, the next match."""
        if not self.go_to_hit(1):
            self._go(self.pane.alignment.next_difference(self.pane.place), "below")

    def do_difference_previous(self) -> None:
        """The difference before; while something is searched for, the match before."""
        if not self.go_to_hit(-1):
            self._go(self.pane.alignment.previous_difference(self.pane.place), "above")

    def _go(self, place: int | None, where: str) -> None:
        if place is None:
            count = self.pane.alignment.differences
            self.say(f"No difference {where}, {count:,} in all." if count else "There is no difference.")
        else:
            self.pane.go_to_place(place)

    def do_compare_lines(self) -> None:
        """Those near differences, or all."""
        is_folded = self.pane.toggle_folding()
        self.say("Lines near differences are shown." if is_folded else "All lines are shown.")
        self.update_frame()

    def do_log_open(self) -> None:
        """The line at the cursor in its log."""
        run = self.place.run
        self.post_message(Open(RunPlace(run.workspace, run.run_id, run.job_ref, run.number, self.pane.line)))

    def do_copy_text(self) -> None:
        """Copies the line at the cursor as shown: masked."""
        text = self.pane.text()
        if text:
            self.host.copy_to_clipboard(text)
            self.say(f"Copied {words.plural(text.count(chr(10)) + 1, 'line')}.")

    def link_text(self) -> str:
        """The link to the line at the cursor in its run."""
        run = self.place.run
        return link(RunPlace(run.workspace, run.run_id, run.job_ref, run.number, self.pane.line))

    def do_compare_other(self) -> None:
        """Asks for the number of another run."""
        self._asks = "run"
        self.prompt("Beside run ", "")

    def do_log_search(self) -> None:
        """Asks what to look for in both logs."""
        self._asks = "search"
        self.prompt("/", self._found.text if self._found else "")

    def field_submitted(self, widget: Field | Choice) -> None:
        """What to look for, or the number of the other run."""
        if widget is not self.message_line:
            return
        text = self.message_line.text.strip()
        self.end_prompt()
        if self._asks == "search":
            self.search(text)
        elif (number := whole_number(text)) is not None:
            self.fetch(self._choose(number), "act")
        elif text:
            self.say(f'"{text}" is no number of a run.', Role.WARN)

    def field_left(self, widget: Field | Choice) -> None:
        """Stays beside the same run."""
        if widget is self.message_line:
            self.end_prompt()

    async def _choose(self, number: int) -> None:
        from dlthub_tui.client.runs import find_run

        ours, place = self._runs[0], self.place
        if ours is None:
            return
        other = await find_run(self.context.connected.control, place.run.workspace.id, ours.job_id, number)
        if other is None:
            self.say(f"{view.name_of(ours)} has no run {number:,} beside it.", Role.WARN)
        elif other.id == place.run.run_id:
            self.say("A run is not compared with itself.", Role.WARN)
        else:
            self.post_message(Open(ComparePlace(place.run, other.id, other.number), instead=True))

    def do_link_retry(self) -> None:
        """Compares again: a log that goes on has more lines by now."""
        self.post_message(Open(self.place, instead=True))
