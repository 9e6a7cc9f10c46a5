"""Several followers of one run cost one reader, and a slow one costs little and slows nobody."""

import json
import os
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from planes.data_plane.logs import Followers
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.packing import consolidate

pytestmark = pytest.mark.anyio

USER = Origin("stdout", "user", "run")


class HandWakes:
    """A wake-up source that the test works by hand, for one waiter at a time."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self.waiters = self.most_waiters = self.opened = 0

    async def wait(self) -> None:
        self.waiters += 1
        self.most_waiters = max(self.most_waiters, self.waiters)
        try:
            await self._event.wait()
        finally:
            self.waiters -= 1
        self._event = anyio.Event()

    def wake(self) -> None:
        self._event.set()


@asynccontextmanager
async def opened(wakes: HandWakes) -> AsyncIterator[HandWakes]:
    wakes.opened += 1
    yield wakes


def numbers(batch: bytes) -> list[int]:
    return [json.loads(line)["line_num"] for line in batch.splitlines()]


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_followers_share_one_reader_and_one_wake_up_source(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    writer, wakes, followers = SegmentWriter(folder), HandWakes(), Followers()
    writer.append(["first"], USER, datetime.now(UTC))
    seen: dict[int, list[int]] = {number: [] for number in range(40)}
    before, reads, descriptors = open_descriptors(), 0, 0

    async def read(number: int) -> None:
        async for batch in followers.follow(folder, opened(wakes)):
            seen[number] += numbers(batch)

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            for number in seen:
                group.start_soon(read, number)
            for line in range(1, 51):
                while any(len(lines) < line for lines in seen.values()) or not wakes.waiters:
                    await anyio.sleep(0.001)
                if line < 50:
                    writer.append([f"line {line}"], USER, datetime.now(UTC))
                    wakes.wake()
            reads, descriptors = followers.reads(folder), open_descriptors()
            writer.seal()
            wakes.wake()
    writer.close()

    assert all(lines == list(range(50)) for lines in seen.values())
    assert reads <= 60
    assert descriptors - before <= 2
    assert (wakes.opened, wakes.most_waiters) == (1, 1)
    assert followers.reads(folder) == 0


async def test_who_waits_for_all_may_leave(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    writer, wakes, followers = SegmentWriter(folder), HandWakes(), Followers()
    seen: list[int] = []

    async def read(scope: anyio.CancelScope, into: list[int]) -> None:
        with scope:
            async for batch in followers.follow(folder, opened(wakes)):
                into += numbers(batch)

    leaving = anyio.CancelScope()
    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(read, leaving, [])
            while not wakes.waiters:
                await anyio.sleep(0.001)
            group.start_soon(read, anyio.CancelScope(), seen)
            await anyio.wait_all_tasks_blocked()
            leaving.cancel()
            await anyio.wait_all_tasks_blocked()
            writer.append(["one"], USER, datetime.now(UTC))
            wakes.wake()
            while not seen:
                await anyio.sleep(0.001)
            writer.seal()
            wakes.wake()
    writer.close()

    assert seen == [0]


async def test_slow_followers_cost_little_and_miss_nothing(tmp_path: Path) -> None:
    """40 that stand still while 40 MB are written, and a fast one that is always at the end."""
    folder = tmp_path / "segments"
    writer, wakes, followers = SegmentWriter(folder), HandWakes(), Followers()
    writer.append(["first"], USER, datetime.now(UTC))
    slow = [followers.follow(folder, opened(wakes)) for _ in range(40)]
    counts = [(await anext(each)).count(b"\n") for each in slow]
    fast, written, held = [0], 1, 0
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    async def read() -> None:
        async for batch in followers.follow(folder, opened(wakes)):
            fast[0] += batch.count(b"\n")

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            for _ in range(80):
                writer.append(["x" * 400] * 1000, USER, datetime.now(UTC))
                written += 1000
                wakes.wake()
                while sum(fast) < written:
                    await anyio.sleep(0.001)
            held = tracemalloc.get_traced_memory()[0] - before
            writer.seal()
            writer.close()
            wakes.wake()
    tracemalloc.stop()
    consolidate(folder)
    with anyio.fail_after(240):
        for place, each in enumerate(slow):
            async for batch in each:
                assert len(batch) <= 65536
                counts[place] += batch.count(b"\n")
                if place > 4:
                    break
            await each.aclose()

    assert sum(fast) == written
    assert held < 40 * 256 * 1024 / 10
    assert counts[:5] == [written] * 5
    assert followers.reads(folder) == 0
