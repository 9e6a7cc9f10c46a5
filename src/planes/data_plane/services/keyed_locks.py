"""One lock for each key, kept only while somebody holds it or waits for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(slots=True)
class _Counted:
    """A lock and how many hold it or wait for it."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    users: int = 0


class KeyedLocks(Generic[_Key]):
    """Locks by key. However many keys come by, only those in use take memory."""

    def __init__(self) -> None:
        self._locks: dict[_Key, _Counted] = {}

    def __len__(self) -> int:
        """How many keys are held or waited for."""
        return len(self._locks)

    @asynccontextmanager
    async def holding(self, key: _Key) -> AsyncGenerator[None]:
        """Waits for the key's lock and holds it."""
        counted = self._locks.setdefault(key, _Counted())
        counted.users += 1
        try:
            async with counted.lock:
                yield
        finally:
            counted.users -= 1
            if not counted.users:
                del self._locks[key]
