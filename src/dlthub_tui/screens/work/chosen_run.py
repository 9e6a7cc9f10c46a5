"""What is shown of the run under the cursor beside its row: facts of its region and, where there is room, its log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio
from textual.message import Message

from dlthub_tui.client.errors import ClientError, Gone, NotFound
from dlthub_tui.client.models import LogLine, Run
from dlthub_tui.screens.asking.run_reading import read_facts
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.logs.log_feed import LinesArrived, LogFeed, StreamState
from dlthub_tui.screens.places.listing import RESTS_SECONDS
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.places import RunPlace, WorkspaceRef
from dlthub_tui.viewmodel.work import runs as view
from dlthub_tui.viewmodel.work.run_facts import TAIL_LINES, RegionFacts

# On a slow line each of these rows is paid for, so it takes more of a rest.
SLOW_RESTS_SECONDS = 2.0
MOST_KEPT = 200


class ChosenRun:
    """`show` draws again. Facts of runs that ended are asked for once."""

    def __init__(self, context: Context, workspace: WorkspaceRef, show: Callable[[], None]) -> None:
        self._context, self._workspace, self._show = context, workspace, show
        self._facts: dict[str, RegionFacts] = {}
        self._final: set[str] = set()
        self._total = 0
        self._state = ""
        self.lines: deque[LogLine] = deque(maxlen=TAIL_LINES)

    def facts(self, run: Run) -> RegionFacts:
        """What is known by now."""
        return self._facts.get(run.id, RegionFacts())

    def has(self, run: Run) -> bool:
        """Whether its region was asked."""
        return run.id in self._facts

    def forget(self) -> None:
        """Asks again: a log was scrubbed again, or its region came back."""
        self._facts.clear()
        self._final.clear()

    async def read(self, run: Run, *, is_counted: bool) -> None:
        """Asks its region once the cursor rests; `is_counted`: what was masked in it is final by now."""
        if run.id in self._final:
            return
        await anyio.sleep(SLOW_RESTS_SECONDS if self._context.look.is_slow else RESTS_SECONDS)
        try:
            facts = await read_facts(self._context, self._workspace, run)
        except ClientError:
            return  # the place says what is wrong with the region
        if len(self._facts) >= MOST_KEPT:
            self.forget()
        self._facts[run.id] = facts
        if is_counted:
            self._final.add(run.id)
        self._show()

    async def follow(self, run: Run) -> None:
        """The end of its log, and what comes while the cursor stays."""
        self._total, self._state = 0, ""
        self.lines.clear()
        self._show()
        await anyio.sleep(RESTS_SECONDS)
        try:
            if view.is_active(run):
                place = RunPlace(self._workspace, run.id, run.job_ref, run.number)
                await LogFeed(self._context, place, self._take, tail=TAIL_LINES).run()
            else:
                await self._read_end(run)
        except (Gone, NotFound):
            self._state = "gone"
        except ClientError as exc:
            self._state = exc.what
        self._show()

    async def _read_end(self, run: Run) -> None:
        from dlthub_tui.client.logs import get_lines

        region = await self._context.connected.region(self._workspace)
        end = await get_lines(region, self._workspace.id, run.id, -TAIL_LINES, TAIL_LINES)
        self._take(LinesArrived.of(end, TAIL_LINES))
        self._state = "sealed"

    def _take(self, message: Message) -> None:
        if isinstance(message, LinesArrived):
            last = self.lines[-1].number if self.lines else -1
            self.lines.extend(line for line in message.lines if line.number > last)
            self._total = max(self._total, message.total)
        elif isinstance(message, StreamState):
            self._state = message.state
        self._show()

    def said(self) -> str:
        """What the log's rule says."""
        total = words.plural(self._total, "line")
        match self._state:
            case "live":
                return f"following, {total}"
            case "sealed":
                return total
            case "silent":
                return f"{self._workspace.dataplane_id} is silent"
            case "waiting":
                return "not there yet"
            case "gone":
                return "there is no log"
            case "":
                return f"loading{self._context.look.glyphs.cut}"
            case refused:
                return refused
