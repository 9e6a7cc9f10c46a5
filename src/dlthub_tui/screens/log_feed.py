"""Fills a log pane: the tail first, ranges as they are looked at, then the live stream (Borders: 9).

Workers post messages, the screen's handlers own the pane. Lines arrive in batches, one repaint each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from textual.message import Message

from dlthub_tui.client.errors import ClientError, NotFound, NotReachable, TimedOut
from dlthub_tui.client.models import LogLine
from dlthub_tui.screens.context import Context
from dlthub_tui.viewmodel.log_rows import LogRow, log_row
from dlthub_tui.viewmodel.log_window import RANGE
from dlthub_tui.viewmodel.places import RunPlace

MOST_PENDING = 4000
SEARCH_RANGE = 1000
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0)


class LinesArrived(Message):
    """Lines of the log. `total` is how many the region has."""

    def __init__(self, lines: tuple[LogLine, ...], total: int) -> None:
        super().__init__()
        self.lines, self.total = lines, total


class StreamState(Message):
    """What the stream does: `waiting`, `live`, `sealed`, `silent`, `forbidden`; `why` is a sentence."""

    def __init__(self, state: str, why: str = "") -> None:
        super().__init__()
        self.state, self.why = state, why


class SearchProgress(Message):
    """How far a search is; `found` is the line it ended at."""

    def __init__(self, looked_at: int, total: int, found: int | None, *, is_done: bool) -> None:
        super().__init__()
        self.looked_at, self.total, self.found, self.is_done = looked_at, total, found, is_done

    def can_replace(self, message: Message) -> bool:
        """Only the last progress matters."""
        return isinstance(message, SearchProgress) and not message.is_done


@dataclass(slots=True)
class _Pending:
    """Lines that were read and not yet painted. When full the oldest go: the region has them."""

    lines: list[LogLine] = field(default_factory=list[LogLine])
    total: int = 0
    event: anyio.Event = field(default_factory=anyio.Event)
    is_over: bool = False

    def put(self, line: LogLine) -> None:
        self.lines.append(line)
        self.total = max(self.total, line.number + 1)
        if len(self.lines) > MOST_PENDING:
            del self.lines[: MOST_PENDING // 2]
        self.event.set()

    def end(self) -> None:
        self.is_over = True
        self.event.set()


class LogFeed:
    """One run's log for one pane."""

    def __init__(self, context: Context, place: RunPlace, post: Callable[[Message], object]) -> None:
        self._context = context
        self._place = place
        self._post = post
        self._known = 0

    async def run(self) -> None:
        """Shows the tail, then follows until the log is sealed. Goes on by itself after silence."""
        tries = 0
        while True:
            try:
                if await self._once():
                    self._post(StreamState("sealed"))
                    return
                tries = 0
                await anyio.sleep(RETRY_SECONDS[0])
            except NotFound:
                self._post(StreamState("waiting"))
                await anyio.sleep(RETRY_SECONDS[0])
            except (NotReachable, TimedOut) as exc:
                self._post(StreamState("silent", exc.what))
                await anyio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1

    async def _once(self) -> bool:
        from dlthub_tui.client.logs import follow, get_lines

        region = await self._context.connected.region(self._place.workspace)
        workspace_id, run_id = self._place.workspace.id, self._place.run_id
        start = -RANGE if self._place.line is None else max(0, self._place.line - RANGE // 2)
        tail = await get_lines(region, workspace_id, run_id, self._known or start, RANGE)
        self._known = max(self._known, tail.total)
        self._post(LinesArrived(tail.lines, tail.total))
        if tail.is_sealed:
            return True
        self._post(StreamState("live"))
        pending = _Pending()
        async with anyio.create_task_group() as group:
            group.start_soon(self._paint, pending)
            async for line in follow(region, workspace_id, run_id, self._known):
                pending.put(line)
            pending.end()
        after = await get_lines(region, workspace_id, run_id, max(0, self._known - 1), RANGE)
        self._post(LinesArrived(after.lines, after.total))
        return after.is_sealed

    async def _paint(self, pending: _Pending) -> None:
        while not pending.is_over or pending.lines:
            await pending.event.wait()
            pending.event = anyio.Event()
            lines, pending.lines = tuple(pending.lines), []
            if lines:
                self._known = max(self._known, pending.total)
                self._post(LinesArrived(lines, pending.total))
            if not pending.is_over:
                await anyio.sleep(self._context.batch_seconds)

    async def fetch_range(self, first: int, count: int) -> None:
        """Lines that the pane lacks."""
        from dlthub_tui.client.logs import get_lines

        region = await self._context.connected.region(self._place.workspace)
        found = await get_lines(region, self._place.workspace.id, self._place.run_id, first, count)
        self._post(LinesArrived(found.lines, found.total))

    async def search(self, start: int, total: int, *, backwards: bool, wanted: Callable[[LogRow], bool]) -> None:
        """Looks for the next line that `wanted` accepts, range by range; what is looked at is the scrubbed text."""
        from dlthub_tui.client.logs import get_lines

        region = await self._context.connected.region(self._place.workspace)
        look = self._context.look
        first, looked_at = start, 0
        while 0 <= first < total:
            begin = max(0, first - SEARCH_RANGE + 1) if backwards else first
            count = first - begin + 1 if backwards else SEARCH_RANGE
            found = await get_lines(region, self._place.workspace.id, self._place.run_id, begin, count)
            if not found.lines:
                break

            def match(lines: tuple[LogLine, ...] = found.lines) -> LogLine | None:
                ordered = reversed(lines) if backwards else lines
                return next((line for line in ordered if wanted(log_row(line, look))), None)

            hit = await anyio.to_thread.run_sync(match)
            looked_at += len(found.lines)
            if hit is not None:
                self._post(LinesArrived(found.lines, total))
                self._post(SearchProgress(looked_at, total, hit.number, is_done=True))
                return
            self._post(SearchProgress(looked_at, total, None, is_done=False))
            first = begin - 1 if backwards else first + len(found.lines)
        self._post(SearchProgress(looked_at, total, None, is_done=True))


def says_no(error: BaseException) -> bool:
    """Whether the region refuses the log for good, so that trying again does not help."""
    return isinstance(error, ClientError) and not isinstance(error, NotFound | NotReachable | TimedOut)
