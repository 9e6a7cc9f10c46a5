"""What a plane remembers of credentials that it has verified: as long as they are good, and no more than so many."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Remembered(Generic[_Value]):
    """By a digest of the credential. What has run out goes when something new comes, and the oldest beyond `most`.

    Credentials of one kind live equally long: in the order in which they came they run out.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[float, _Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: str, now: datetime) -> _Value | None:
        """None for what was not kept, or has run out."""
        expires_at, value = self._kept.get(key, (0.0, None))
        return value if expires_at > now.timestamp() else None

    def keep(self, key: str, value: _Value, *, expires_at: float, now: datetime) -> None:
        """`expires_at` is in unix seconds."""
        self._kept.pop(key, None)
        self._kept[key] = expires_at, value
        while self._kept and (len(self._kept) > self._most or self._oldest_ends() <= now.timestamp()):
            self._kept.popitem(last=False)

    def take(self, key: str, now: datetime) -> _Value | None:
        """As `find`; it is not kept any more."""
        found = self.find(key, now)
        self._kept.pop(key, None)
        return found

    def clear(self) -> None:
        """Keeps nothing any more."""
        self._kept.clear()

    def _oldest_ends(self) -> float:
        return next(iter(self._kept.values()))[0]
