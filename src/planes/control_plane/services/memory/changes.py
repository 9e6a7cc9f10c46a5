"""Streams of changes: one reader of the log for each process, and any number of streams that follow what it read.

The reader is woken by commits here and by the word of other control planes. Where there may be others it looks by
itself once a second, as a word may get lost; an SQLite file has one control plane. What it read is kept in one bounded
list; a stream is a place in that list, so a slow one costs no memory: it reads on from the log, and is told to look
anew when even the log goes no further back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from planes.control_plane.services.memory.news import News
from planes.domain.errors import TooManyRequests
from planes.storage.control import changes as stored
from planes.storage.control.changes import Change
from planes.storage.database import Database

CHANGES = "changes"
"""Under this name `News` wakes the readers of the log."""
LOOK_SECONDS = 1.0
BEAT_SECONDS = 5.0
BATCH = 500
_PACE_SECONDS = 0.01
_IDLE_SECONDS = 60.0
_KEPT_HERE = 4096
_KEPT_IN_LOG = 20_000
_LOOKS_BACK = 200
_HOLES_SECONDS = 60.0
_MOST_HOLES = 1000
_MOST_STREAMS = 256
_MOST_OF_ONE = 16


@dataclass(frozen=True, slots=True)
class Batch:
    """`id` is where to go on from. `is_reset`: changes may be missing, so look at everything anew.

    One without changes says that the stream lives.
    """

    id: int
    changes: tuple[Change, ...] = ()
    is_reset: bool = False


class Changes:
    """What was read of the log lately, and who follows it."""

    def __init__(self, database: Database, news: News) -> None:
        self._database = database
        self._news = news
        self._kept: list[Change] = []
        self._first = 0
        """The place of the oldest change that is kept; places count what was read, in the order of reading."""
        self._top = 0
        self._holes: dict[int, float] = {}
        self._is_reading = False
        self._is_told_here = False
        self._arrived = anyio.Event()
        self._turn = anyio.Lock()
        self._streams: Counter[str] = Counter()

    def committed(self) -> None:
        """A change was committed by this process."""
        self._is_told_here = True
        self._news.hear(CHANGES)

    async def read_for_ever(self) -> None:
        """Reads while somebody follows, and passes the word on to other control planes. Runs until cancelled."""
        seen = self._news.seen(CHANGES)
        while True:
            is_alone = self._database.dialect == "sqlite" or not self._streams
            seen = await self._news.wait(CHANGES, seen, _IDLE_SECONDS if is_alone else LOOK_SECONDS)
            if self._is_told_here:
                self._is_told_here = False
                if self._news.passes_on is not None:
                    self._news.passes_on(CHANGES)
            if self._streams:
                async with self._turn:
                    await self._read()
            else:
                self._forget()
            await anyio.sleep(_PACE_SECONDS)

    def admit(self, user_id: str) -> None:
        """Raises: TooManyRequests when this user, or everybody together, has as many streams as there may be."""
        if self._streams[user_id] >= _MOST_OF_ONE or self._streams.total() >= _MOST_STREAMS:
            raise TooManyRequests("too_many_streams", "Too many streams are open. Close one, or try later.")

    @contextmanager
    def joined(self, user_id: str) -> Generator[None]:
        """Counts a stream of this user as long as it lives."""
        self._streams[user_id] += 1
        try:
            yield
        finally:
            self._streams[user_id] -= 1
            self._streams += Counter()  # drops what is zero

    async def follow(self, after: int | None) -> AsyncGenerator[Batch]:
        """First where the log is now, or what came after the number `after`; then what comes, for ever.

        At least once: a change may come twice, and its state is then the same or a newer one.
        """
        async with self._turn:
            if not self._is_reading:
                await self._begin()
            place = self._first + len(self._kept)
            now = self._floor()
        yield Batch(now) if after is None else await self._since(after, now)
        while True:
            arrived = self._arrived
            if place < self._first:  # slower than what is kept here
                place = self._first + len(self._kept)
                yield Batch(self._floor(), is_reset=True)
                continue
            ahead = self._kept[place - self._first :]
            if ahead:
                place += min(BATCH, len(ahead))
                floor = min((change.sequence - 1 for change in ahead[BATCH:]), default=self._floor())
                yield Batch(min(floor, self._floor()), tuple(ahead[:BATCH]))
                continue
            with anyio.move_on_after(BEAT_SECONDS) as waiting:
                await arrived.wait()
            if waiting.cancelled_caught:
                yield Batch(self._floor())

    async def trim(self) -> None:
        """Drops what is far behind in the log. May run twice."""
        async with self._database.reading() as connection:
            lowest, highest = await stored.ends_of_log(connection)
        if highest - lowest > _KEPT_IN_LOG:
            async with self._database.transaction() as connection:
                await stored.forget_changes(connection, highest - _KEPT_IN_LOG)

    async def _since(self, after: int, now: int) -> Batch:
        """What the log has after this number, in one batch; told to look anew where that is too much or too old."""
        async with self._database.reading() as connection:
            lowest, highest = await stored.ends_of_log(connection)
            found = await stored.read_changes(connection, after, [], BATCH + 1)
        is_reset = after > highest or after < lowest - 1 or len(found) > BATCH
        return Batch(now, () if is_reset else tuple(found), is_reset)

    async def _begin(self) -> None:
        """Starts where the log is now, with a look back for what is still to appear below that."""
        async with self._database.reading() as connection:
            _, highest = await stored.ends_of_log(connection)
        self._top = max(0, highest - _LOOKS_BACK)
        self._is_reading = True
        await self._read()
        self._news.hear(CHANGES)  # the reader may be in its long sleep

    async def _read(self) -> None:
        now = anyio.current_time()
        self._holes = {number: since for number, since in self._holes.items() if now - since < _HOLES_SECONDS}
        while True:
            async with self._database.reading() as connection:
                found = await stored.read_changes(connection, self._top, list(self._holes), BATCH)
            if not found:
                break
            self._take(found, now)
            if len(found) < BATCH:
                break

    def _take(self, found: list[Change], now: float) -> None:
        for change in found:
            self._holes.pop(change.sequence, None)
            for missing in range(max(self._top + 1, change.sequence - _MOST_HOLES), change.sequence):
                if len(self._holes) < _MOST_HOLES:
                    self._holes[missing] = now
            self._top = max(self._top, change.sequence)
        self._kept.extend(found)
        if len(self._kept) > 2 * _KEPT_HERE:
            dropped = len(self._kept) - _KEPT_HERE
            del self._kept[:dropped]
            self._first += dropped
        self._arrived.set()
        self._arrived = anyio.Event()

    def _floor(self) -> int:
        """The highest number below which nothing is still to appear."""
        return min(self._holes, default=self._top + 1) - 1

    def _forget(self) -> None:
        if self._is_reading:
            self._first += len(self._kept)
            self._kept, self._holes, self._is_reading = [], {}, False
