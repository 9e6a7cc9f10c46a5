"""Locks by key: one at a time for a key, and nothing kept of keys that nobody uses."""

from __future__ import annotations

import anyio
import pytest

from planes.data_plane.services.keyed_locks import KeyedLocks

pytestmark = pytest.mark.anyio


async def test_one_at_a_time_for_a_key_and_nothing_is_kept() -> None:
    locks, inside, most = KeyedLocks[str](), dict.fromkeys("ab", 0), dict.fromkeys("ab", 0)
    together = 0

    async def use(key: str) -> None:
        nonlocal together
        async with locks.holding(key):
            inside[key] += 1
            most[key] = max(most[key], inside[key])
            together = max(together, sum(inside.values()))
            await anyio.sleep(0)
            inside[key] -= 1

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(use, "ab"[number % 2])

    assert most == {"a": 1, "b": 1}
    assert together == 2
    assert not len(locks)


async def test_a_failure_and_a_cancelled_wait_leave_nothing() -> None:
    locks, holds = KeyedLocks[str](), anyio.Event()

    async def fail() -> None:
        async with locks.holding("a"):
            raise ValueError("of a defect")

    async def wait() -> None:
        async with locks.holding("a"):
            holds.set()

    with pytest.raises(ValueError, match="of a defect"):
        await fail()
    async with anyio.create_task_group() as group, locks.holding("a"):
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()

    assert not holds.is_set()
    assert not len(locks)
