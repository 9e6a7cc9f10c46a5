"""Search in a log pane: the region looks, what it found comes in batches, and every key works meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dlthub_tui.screens.logs.log_feed import Found, LineFound, LogFeed
from dlthub_tui.screens.logs.log_keys import LogKeys
from dlthub_tui.viewmodel.logs.log_hits import KINDS, Hits
from dlthub_tui.viewmodel.logs.log_rows import log_row
from dlthub_tui.viewmodel.logs.search_terms import SearchTerm
from dlthub_tui.viewmodel.text import Role
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from datetime import datetime

    from dlthub_tui.client.logs import Wanted
    from dlthub_tui.client.models import LogLine

# Every span that is masked begins so; the region searches the masked text.
MASK = "[masked"


class LogSearching(LogKeys):
    """Hits of one search at a time: of words, errors, warnings or masked spans."""

    feed: LogFeed
    hits: Hits | None = None
    _from = 0
    _end = 0
    _way = 1
    _is_there = True
    _is_first = False

    def show_search(self) -> None:
        """Draws what a search changes."""
        self.query_one("#rule", LinesView).update()
        self.update_frame()
        hits = self.hits
        self.keep(hits.on_message_row() if hits is not None and (hits.text or not hits.is_done) else "")

    def _here(self) -> int:
        """Where a search goes on from; at the followed end it begins at the top."""
        pane = self.pane
        if pane.current is not None:
            return pane.current
        return -1 if pane.is_following else pane.view.first_number() - 1

    def find(self, kind: str, way: int, text: str = "") -> None:
        """Goes to the next hit of this kind in a way (1 down, -1 up); looks for them first where they are not known."""
        self._from, self._way, self._is_there, self._is_first = self._here(), way, False, False
        if way < 0 and self.pane.is_following:
            self._from = self.pane.window.total
        hits = self.hits
        if hits is not None and (hits.kind, hits.text) == (kind, text):
            self._go()
            return
        self.hits = Hits(kind, text)
        self._is_first = True
        self._look(kind, text, 0)

    def _look(self, kind: str, text: str, from_line: int) -> None:
        self._end = from_line
        self.fetch(self.feed.search(kind, wanted(kind, text), from_line=from_line), "search")
        self.show_search()

    def on_found(self, event: Found) -> None:
        """What the region found. The library calls handlers of every class, so there is this one only."""
        self.take_found(event)

    def take_found(self, event: Found) -> None:
        """Hits of the search that is on."""
        hits = self.hits
        if hits is None or event.purpose != hits.kind:
            return
        hits.add([line.number for line in event.lines if self._shows(hits, line)])
        hits.looked_at, hits.total = self._end + event.looked.looked_at, max(hits.total, event.looked.total)
        hits.is_done, hits.is_complete = event.looked.is_done, event.looked.is_complete
        hits.lost += event.looked.lost
        if not self._is_there:
            self._go()
        self.show_search()

    def _shows(self, hits: Hits, line: LogLine) -> bool:
        """What is not shown is not found, whatever the region says: a search is no way to ask for what is masked."""
        if hits.kind not in {"match", "masked"}:
            return True
        row = log_row(line, self.look)
        return row.is_masked if hits.kind == "masked" else SearchTerm(hits.text).stands_in(row.plain)

    def _go(self) -> None:
        hits = self.hits
        if hits is None or (self._way < 0 and not hits.is_done):
            return
        target = hits.after(self._from) if self._way > 0 else hits.before(self._from)
        if target is not None:
            self._is_there = True
            self.pane.go_to(target, is_there=True)
        elif hits.is_done:
            self._is_there = True
            self._say_none(hits)
        self.show_search()

    def _say_none(self, hits: Hits) -> None:
        if self._way > 0 and (hits.is_full or self.pane.window.total > hits.looked_at):
            self._is_there = False
            start = hits.numbers[-1] + 1 if hits.is_full else hits.looked_at
            hits.is_done = False
            if hits.is_full:
                del hits.numbers[:]
            self._look(hits.kind, hits.text, start)
        elif not hits.numbers:
            self.say(hits.none_found())
        elif self._is_first and self._way > 0:
            # What was just asked for is shown wherever it is; n and N then stay on their way.
            self.pane.go_to(hits.numbers[0], is_there=True)
            self.say(f"None below line {self._from + 1:,}: from the top.")
        else:
            where = "below" if self._way > 0 else "above"
            self.say(f"No {KINDS[hits.kind]} {where} line {self._from + 1:,}, {hits.count} in all.")

    def end_search(self) -> bool:
        """Stops a search that goes on, else forgets the one that was; says whether it had found anything."""
        hits = self.hits
        if hits is not None and not hits.is_done and self.stop_work("search"):
            hits.is_done = self._is_there = True
            self.show_search()
            self.say(f"Stopped searching. {hits.count} so far.")
            return True
        self.hits = None
        self.pane.set_search("")
        self.show_search()
        return hits is not None and bool(hits.numbers)

    def do_match_next(self) -> None:
        """The next match."""
        self._again(1)

    def do_match_previous(self) -> None:
        """The match before."""
        self._again(-1)

    def _again(self, way: int) -> None:
        if self.hits is not None:
            self.find(self.hits.kind, way, self.hits.text)

    def do_error_next(self) -> None:
        """The next line that names an error; from the end, from the top."""
        self.find("error", 1)

    def do_error_previous(self) -> None:
        """The error before."""
        self.find("error", -1)

    def do_warning_next(self) -> None:
        """The next line that warns."""
        self.find("warning", 1)

    def do_warning_previous(self) -> None:
        """The warning before."""
        self.find("warning", -1)

    def do_masked_next(self) -> None:
        """The next line with masked text; from the end, from the top."""
        self.find("masked", 1)

    def do_masked_previous(self) -> None:
        """The masked line before."""
        self.find("masked", -1)

    def go_to_time(self, at: datetime) -> None:
        """To the first line at or after a time."""
        self.fetch(self.feed.find_time(at), "jump")

    def on_line_found(self, event: LineFound) -> None:
        """Where a time is; behind the last line where no line is as late."""
        if event.number >= self.pane.window.total > 0:
            self.say("No line is later.")
        self.pane.go_to(event.number)

    def _move_minutes(self, minutes: int) -> None:
        row = self.pane.window.find(self.pane.line)
        if row is None or row.at is None:
            self.say("This line has no time.", Role.WARN)
        else:
            self.go_to_time(row.at + timedelta(minutes=minutes))

    def do_minute_back(self) -> None:
        """A minute back."""
        self._move_minutes(-1)

    def do_minute_on(self) -> None:
        """A minute on."""
        self._move_minutes(1)

    def do_hour_back(self) -> None:
        """An hour back."""
        self._move_minutes(-60)

    def do_hour_on(self) -> None:
        """An hour on."""
        self._move_minutes(60)


def wanted(kind: str, text: str) -> Wanted:
    from dlthub_tui.client.logs import Wanted

    if kind == "masked":
        return Wanted(text=MASK)
    return of_term(text) if kind == "match" else Wanted(level=kind)


def of_term(typed: str) -> Wanted:
    """The lines that have what was typed."""
    from dlthub_tui.client.logs import Wanted

    term = SearchTerm(typed)
    return Wanted(text=term.text, regex=term.regex)
