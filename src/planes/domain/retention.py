"""How long a region keeps what its runs leave behind, and which of it goes when there is too much. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GIB = 1024**3
# What was used this recently stays, however large everything is: somebody may be reading it, or be about to.
SETTLING = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days that something is kept after its last use, and bytes that all of a region's may take; 0: without a limit.

    `logs` are those of ended runs, by the time of their end. `environments` are counted with the builders' caches.
    `code_days` is for unpacked code only: archives are kept as long as their versions are.
    """

    log_days: int = 90
    log_bytes: int = 50 * GIB
    environment_days: int = 30
    environment_bytes: int = 20 * GIB
    code_days: int = 30


class Why(StrEnum):
    """Why something was removed."""

    AGE = "age"
    SIZE = "size"
    ASKED = "asked"
    """Who runs the platform wants the room."""
    LEFT_OVER = "left_over"
    """Nobody knows it any more: a process was killed while it made or removed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that is kept now: when it was last used, what it takes, and whether it must stay as things are."""

    name: str
    used_at: datetime
    size_bytes: int
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that is to be removed."""

    item: Kept
    why: Why


def decide_removals(
    items: Sequence[Kept], now: datetime, *, days: int, size_bytes: int, asked_before: datetime | None = None
) -> list[Verdict]:
    """What is too old, then the least recently used of the rest until it fits; never what is needed.

    What was last used before `asked_before` goes whatever its age.
    """
    oldest = now - timedelta(days=days) if days else None
    removed = [Verdict(item, Why.AGE) for item in items if oldest and item.used_at < oldest and not item.is_needed]
    if asked_before is not None:
        known = {verdict.item.name for verdict in removed}
        removed += [
            Verdict(item, Why.ASKED)
            for item in items
            if item.name not in known and item.used_at < asked_before and not item.is_needed
        ]
    gone = {verdict.item.name for verdict in removed}
    left = [item for item in items if item.name not in gone]
    total = sum(item.size_bytes for item in left)
    for item in sorted(left, key=lambda each: each.used_at):
        if not size_bytes or total <= size_bytes:
            break
        if not item.is_needed and item.used_at < now - SETTLING:
            removed.append(Verdict(item, Why.SIZE))
            total -= item.size_bytes
    return removed


def kept_words(days: int, why: str) -> str:
    """In brackets behind the date of a removal."""
    return f"kept for {days} day{'' if days == 1 else 's'}" if why == Why.AGE else "the region keeps only so much"
