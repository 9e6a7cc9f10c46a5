"""Fills a log pane: the tail first, ranges as they are looked at, then the live stream (Borders: 9).

Workers post messages, the screen's handlers own the pane. Lines arrive in batches, one repaint each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from textual.message import Message

from dlthub_tui.client.errors import ClientError, NotAllowed, NotFound, NotReachable, NotSignedIn, TimedOut
from dlthub_tui.client.models import LogLine
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.viewmodel.logs.log_hits import MOST_HITS
from dlthub_tui.viewmodel.logs.log_window import RANGE, absent_in
from dlthub_tui.viewmodel.places import RunPlace

if TYPE_CHECKING:
    from dlthub_tui.client.logs import Damage, LogRange, Looked, Wanted

MOST_PENDING = 4000
SEARCH_SECONDS = 0.25
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0)


class LinesArrived(Message):
    """Lines of the log. `total` is how many the region has; `damage` is what it cannot read of them, and `absent` are
    ranges of numbers without a line.
    """

    def __init__(
        self,
        lines: tuple[LogLine, ...],
        total: int,
        damage: tuple[Damage, ...] = (),
        absent: tuple[tuple[int, int], ...] = (),
    ) -> None:
        super().__init__()
        self.lines, self.total, self.damage, self.absent = lines, total, damage, absent

    @classmethod
    def of(cls, found: LogRange, limit: int) -> LinesArrived:
        """What a range of at most `limit` lines says."""
        return cls(found.lines, found.total, found.damage, absent_in(found.lines, found.total, limit))


class StreamState(Message):
    """What the stream does: `waiting`, `live`, `sealed`, `silent`, `forbidden`; `why` is a sentence."""

    def __init__(self, state: str, why: str = "") -> None:
        super().__init__()
        self.state, self.why = state, why


class Found(Message):
    """What a search of `purpose` found since the last one, and how far it is."""

    def __init__(self, purpose: str, lines: tuple[LogLine, ...], looked: Looked) -> None:
        super().__init__()
        self.purpose, self.lines, self.looked = purpose, lines, looked


class LineFound(Message):
    """The first line at or after a time that was asked for."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


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

    def __init__(
        self, context: Context, place: RunPlace, post: Callable[[Message], object], *, tail: int = RANGE
    ) -> None:
        self._context = context
        self._place = place
        self._post = post
        self._tail = tail
        self._known = 0
        self._is_live = False

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
        start = -self._tail if self._place.line is None else max(0, self._place.line - RANGE // 2)
        tail = await get_lines(region, workspace_id, run_id, self._known or start, RANGE)
        self._known = max(self._known, tail.total)
        self._post(LinesArrived.of(tail, RANGE))
        if tail.is_sealed:
            return True
        self._post(StreamState("live"))
        pending = _Pending()
        failure: ClientError | None = None
        self._is_live = True
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._paint, pending)
                try:
                    async for line in follow(region, workspace_id, run_id, self._known):
                        pending.put(line)
                except ClientError as exc:  # raised outside of the group, which would hide what it is
                    failure = exc
                pending.end()
        finally:
            self._is_live = False
        if failure is not None:
            raise failure
        after = await get_lines(region, workspace_id, run_id, max(0, self._known - 1), RANGE)
        self._post(LinesArrived.of(after, RANGE))
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
        """Lines that the pane lacks.

        Where the log is live its end is what the stream has brought: it would else be ahead of a flood's lines each
        time that these are asked for, and a pane that follows would show none.
        """
        from dlthub_tui.client.logs import get_lines

        region = await self._context.connected.region(self._place.workspace)
        found = await get_lines(region, self._place.workspace.id, self._place.run_id, first, count)
        arrived = LinesArrived.of(found, count)
        if self._is_live:
            arrived.total = min(arrived.total, self._known)
        self._post(arrived)

    async def search(self, purpose: str, wanted: Wanted, *, from_line: int = 0, limit: int = MOST_HITS) -> None:
        """Lets the region look for lines; what it found comes in batches, and stopping this stops the region too."""
        from dlthub_tui.client.logs import Looked, search_lines

        region = await self._context.connected.region(self._place.workspace)
        found: list[LogLine] = []
        looked = Looked(0, self._known)
        posted = anyio.current_time() - SEARCH_SECONDS
        of_run = (self._place.workspace.id, self._place.run_id)
        async with aclosing(search_lines(region, of_run, wanted, from_line=from_line, limit=limit)) as answers:
            async for answer in answers:
                if isinstance(answer, LogLine):
                    found.append(answer)
                else:
                    looked = answer
                if looked.is_done or anyio.current_time() - posted >= SEARCH_SECONDS:
                    self._post(Found(purpose, tuple(found), looked))
                    found, posted = [], anyio.current_time()

    async def find_time(self, at: datetime) -> None:
        """Goes to a time; the region knows where it is without reading the log."""
        from dlthub_tui.client.logs import find_line_at

        region = await self._context.connected.region(self._place.workspace)
        self._post(LineFound(await find_line_at(region, self._place.workspace.id, self._place.run_id, at)))

    async def save(self, path: Path) -> int:
        """Writes the whole log as text to a new file that only its owner reads; answers the bytes.

        Each piece passes the scrubber and the display guard once more. Raises: FileExistsError, OSError.
        """
        from dlthub_tui.client.logs import download_text
        from dlthub_tui.viewmodel.logs.log_rows import shown_text

        region = await self._context.connected.region(self._place.workspace)
        opener = partial(os.open, mode=0o600)
        async with await anyio.open_file(path, "x", encoding="utf-8", opener=opener) as file:
            size = 0
            async with aclosing(download_text(region, self._place.workspace.id, self._place.run_id)) as pieces:
                async for piece in pieces:
                    size += await file.write(await anyio.to_thread.run_sync(shown_text, piece))
        return size


async def write_lines(path: Path, lines: list[str]) -> None:
    """Writes lines as they were shown to a new file that only its owner reads. Raises: FileExistsError, OSError."""
    async with await anyio.open_file(path, "x", encoding="utf-8", opener=partial(os.open, mode=0o600)) as file:
        await file.write("".join(f"{line}\n" for line in lines))


async def ask_again(error: ClientError, asks: Callable[[], object]) -> None:
    """Asks again, after a moment, for a range that did not come; one that the region refuses is not asked for again."""
    if not isinstance(error, NotAllowed | NotFound | NotSignedIn):
        await anyio.sleep(RETRY_SECONDS[1])
        asks()
