"""What of a log is shown and taken along: which lines, how their times are said, marks, copies, a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from dlthub_tui.client.errors import ClientError
from dlthub_tui.messages import Open
from dlthub_tui.paths import typed_path
from dlthub_tui.screens.logs.log_feed import Found, LinesArrived, write_lines
from dlthub_tui.screens.logs.log_searching import LogSearching, of_term
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.logs.log_hits import MOST_HITS
from dlthub_tui.viewmodel.logs.log_rows import LogTimes
from dlthub_tui.viewmodel.logs.log_views import MOST_CHOSEN, LinesShown, next_kind
from dlthub_tui.viewmodel.logs.search_terms import SearchTerm
from dlthub_tui.viewmodel.places import ComparePlace, RunPlace
from dlthub_tui.viewmodel.text import Role
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field

if TYPE_CHECKING:
    from dlthub_tui.client.logs import Wanted
    from dlthub_tui.client.models import Run

LINES = "lines"


class LogShowing(LogSearching):
    """Subclasses have a place and, once it is known, the run."""

    place: RunPlace
    run_shown: Run | None = None
    lines_shown = LinesShown()
    _late: list[int]
    _is_choosing = False
    # Up to which line those that came were looked at, and from where on some did not come: a flood outruns the reader.
    _looked_at = 0
    _missed: int | None = None
    _asks = ""
    TIMES: ClassVar[dict[LogTimes, tuple[LogTimes, str]]] = {
        "local": ("utc", "Times are UTC."),
        "utc": ("start", "Times are since the start."),
        "start": ("local", "Times are in your zone."),
    }

    def do_log_lines(self) -> None:
        """All lines, mine, errors, what is new; then all again."""
        kind = next_kind(self.lines_shown.kind)
        if kind == "new":
            self.fetch(self._show_new(), "jump")
        else:
            self.show_lines(LinesShown(kind))

    async def _show_new(self) -> None:
        run = await self.find_last_good()
        if run is None:
            self.say("No earlier run of this job completed. All lines are shown.")
            self.show_lines(LinesShown())
        else:
            self.show_lines(LinesShown("new", against=run.id, number=run.number))

    async def find_last_good(self) -> Run | None:
        """The last run of the job before this one that completed."""
        from dlthub_tui.client.runs import list_runs

        control = self.context.connected.control
        if self.run_shown is None:
            return None
        workspace_id, job_id = self.place.workspace.id, self.run_shown.job_id
        page = await list_runs(control, workspace_id, job_id=job_id, statuses=("completed",))
        good = [run for run in page.items if run.number < self.place.number]
        return max(good, key=lambda run: run.number, default=None)

    def show_lines(self, shown: LinesShown) -> None:
        """Shows these lines; the region chooses them."""
        at = None if self.pane.is_following else self.pane.near
        self.stop_work(LINES)
        self.lines_shown, self._late = shown, []
        self._is_choosing = shown.kind != "all"
        self._looked_at, self._missed = self.pane.window.total, None
        self.pane.show_places(None if shown.kind == "all" else (), at)
        if self._is_choosing:
            self.fetch(self.feed.search(LINES, _wanted(shown)), LINES)
        if shown.kind == "all":
            self.say("All lines are shown.")
        self.show_search()

    def take_found(self, event: Found) -> None:
        """Lines that are to be shown, or hits of a search."""
        if event.purpose != LINES:
            super().take_found(event)
            return
        numbers = [line.number for line in event.lines]
        self.pane.take(event.lines, event.looked.total)
        self.pane.show_more_places(numbers)
        if event.looked.is_done:
            self._go_on_choosing(event)
        self.show_search()

    def _go_on_choosing(self, event: Found) -> None:
        window = self.pane.window
        if not event.looked.is_complete and window.places and window.places % MOST_HITS == 0:
            if window.places < MOST_CHOSEN:
                last = window.number_at(window.places - 1)
                self.fetch(self.feed.search(LINES, _wanted(self.lines_shown), from_line=last + 1), LINES)
                return
            self.say(f"The first {MOST_CHOSEN:,} of these lines are shown.", Role.WARN)
        if self._missed is not None:
            missed, self._missed = self._missed, None
            self._choose_missed(missed)
            return
        self._is_choosing = False
        self.pane.show_more_places(self._late)
        if not window.places:
            self.say(f"No such line: {self.lines_shown.name}. {{log.lines}} shows all.")

    def _choose_missed(self, first: int) -> None:
        """Lets the region choose among lines that passed by unread, and those behind them."""
        self._is_choosing = True
        self.fetch(self.feed.search(LINES, _wanted(self.lines_shown), from_line=first), LINES)

    def take_arrived(self, event: LinesArrived) -> None:
        """Lines that the pane gets; those that fit are shown too."""
        if self.lines_shown.kind != "all" and event.lines:
            if event.lines[0].number > self._looked_at and event.lines[-1].number + 1 >= event.total:
                if not self._is_choosing:
                    self._choose_missed(self._looked_at)
                elif self._missed is None:
                    self._missed = self._looked_at
            self._looked_at = max(self._looked_at, event.lines[-1].number + 1)
            numbers = self.lines_shown.fitting(event.lines, self.look)
            if self._is_choosing:
                self._late.extend(numbers)
            else:
                self.pane.show_more_places(numbers)
        self.pane.take(event.lines, event.total, event.absent)

    def do_log_compare(self) -> None:
        """Beside the last good run; where there is none, beside the run before or, last, after this one."""
        self.fetch(self._compare(), "jump")

    async def _compare(self) -> None:
        other = await self.find_last_good() or await self._find_other()
        if other is None:
            self.say("This job has no other run to compare with.")
        else:
            self.post_message(Open(ComparePlace(self.place, other.id, other.number)))

    async def _find_other(self) -> Run | None:
        from dlthub_tui.client.runs import list_runs

        if self.run_shown is None:
            return None
        control, number = self.context.connected.control, self.place.number
        page = await list_runs(control, self.place.workspace.id, job_id=self.run_shown.job_id)
        others = [run for run in page.items if run.number != number]
        return min(others, key=lambda run: (run.number > number, abs(run.number - number)), default=None)

    def do_log_filter(self) -> None:
        """Asks what lines must contain to be shown."""
        self.ask("filter", "& ", self.lines_shown.text)

    def do_log_search(self) -> None:
        """Asks what to look for."""
        self.ask("search", "/", self.hits.text if self.hits else "")

    def ask(self, what: str, label: str, text: str) -> None:
        """Takes a line of input for one of the prompts."""
        self._asks = what
        self.prompt(label, text)

    def field_submitted(self, widget: Field | Choice) -> None:
        """What was typed at the prompt that is up."""
        if widget is not self.message_line:
            return
        text = self.message_line.text.strip()
        self.end_prompt()
        self.answered(self._asks, text)

    def answered(self, what: str, text: str) -> None:
        """Does what was asked for."""
        if what in {"search", "filter"} and (why := SearchTerm(text).why_not()):
            self.say(why, Role.WARN)
            return
        match what:
            case "search":
                self.stop_work("search")
                self.hits = None
                self.pane.set_search(text)
                if text:
                    self.find("match", 1, text)
                self.show_search()
            case "filter":
                self.show_lines(LinesShown("containing", text) if text else LinesShown())
            case "save" if text:
                self.fetch(self._save(typed_path(text)), "save")
            case _:
                pass

    def field_left(self, widget: Field | Choice) -> None:
        """Keeps what was."""
        if widget is self.message_line:
            self.end_prompt()

    def do_times_toggle(self) -> None:
        """The reader's zone, UTC, since the start."""
        style = self.pane.style_of_lines
        times, said = self.TIMES[style.times]
        begun = self.run_shown.started_at if self.run_shown else None
        if times == "start" and begun is None:
            times, said = self.TIMES["start"]
        self.pane.restyle(replace(style, times=times, begun=begun))
        self.say(said)

    def do_log_fold(self) -> None:
        """Tracebacks by head and reason, or whole."""
        self.say("Tracebacks are folded." if self.pane.toggle_folding() else "Tracebacks are whole.")

    def do_line_mark(self) -> None:
        """Marks the line at the cursor and goes one down."""
        self.pane.toggle_mark()
        self.pane.step_current()
        self.show_search()

    def do_copy_text(self) -> None:
        """Copies the marked lines, else the line at the cursor, as shown: masked."""
        marks = self.pane.marks
        if marks:
            self.host.copy_to_clipboard("\n".join(marks[number] for number in sorted(marks)))
            self.say(f"Copied {words.plural(len(marks), 'line')}.")
            return
        row = self.pane.window.find(self.pane.line)
        if row is not None:
            self.host.copy_to_clipboard(row.plain)
            self.say(f"Copied line {row.number + 1:,}.")

    def interrupt(self) -> None:
        """Copies the marked lines; again, and without any, as everywhere."""
        if self.pane.marks and not self.is_repeated:
            self.do_copy_text()
        else:
            super().interrupt()

    def do_log_save(self) -> None:
        """Asks for the name of a file."""
        name = f"{words.short_ref(self.place.job_ref).replace('.', '-')}-{self.place.number}.log"
        self.ask("save", "Save to ", name)

    async def _save(self, path: Path) -> None:
        marks = self.pane.marks
        try:
            if marks:
                await write_lines(path, [marks[number] for number in sorted(marks)])
                said = words.plural(len(marks), "marked line")
            else:
                said = words.size(await self.feed.save(path))
        except FileExistsError:
            self.say(f"{path} exists already. Nothing was saved; choose another name.", Role.WARN)
        except OSError as exc:
            self.say(f"{path} cannot be written: {exc.strerror or 'no reason given'}. Nothing was saved.", Role.FAIL)
        except ClientError as exc:
            self.say(f"{exc.sentence} {path} is not whole.", Role.FAIL)
        else:
            self.say(f"Saved {said} to {path}, masked as shown.")


def _wanted(shown: LinesShown) -> Wanted:
    from dlthub_tui.client.logs import Wanted

    match shown.kind:
        case "mine":
            return Wanted(source="user")
        case "errors":
            return Wanted(level="error")
        case "new":
            return Wanted(against=shown.against)
        case _:
            return of_term(shown.text)
