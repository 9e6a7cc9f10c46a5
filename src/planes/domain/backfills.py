"""Loading a stretch of the past in slices, side by side, without a gap or an overlap with what the schedule loads.

                 a run is created        it completed
    waiting ────────────────────▶ active ────────────▶ completed
       ▲                            │ it failed, the last try too
       │          resumed           ▼
       └─────────────────────── failed, cancelled      covered: the schedule has loaded it meanwhile

A job's watermark says how far it has loaded without a gap. Slices behind it are loaded once more and change nothing.
Slices ahead of it are *taken*: the schedule's windows end where the first of them begins, and the watermark passes over
those that completed as soon as it reaches them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_SLICES = 1_000
MOST_PARALLEL = 32


class SliceState(StrEnum):
    WAITING = "waiting"
    ACTIVE = "active"
    COMPLETED = "completed"
    COVERED = "covered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BackfillState(StrEnum):
    """`CANCELLING` while runs of it are still being stopped."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({SliceState.WAITING, SliceState.ACTIVE})
DONE = frozenset({SliceState.COMPLETED, SliceState.COVERED})
UNDER_WAY = frozenset({BackfillState.RUNNING, BackfillState.CANCELLING})


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """A half-open stretch of time, `start < end`, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What backfills hold of a job's time ahead of its watermark: to be loaded by them, and loaded by them."""

    open: tuple[Stretch, ...] = ()
    done: tuple[Stretch, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is held."""
        return not self.open and not self.done


NOTHING_TAKEN = Taken()


def end_before(start: datetime, end: datetime, taken: Iterable[Stretch]) -> datetime | None:
    """Where a window `[start, end)` has to end so that it holds nothing that is taken; None when it begins in it."""
    for stretch in sorted(taken):
        if stretch.start <= start < stretch.end:
            return None
        if start < stretch.start < end:
            return stretch.start
    return end


def passed_over(watermark: datetime, done: Iterable[Stretch]) -> datetime:
    """How far a job has loaded without a gap, when these stretches are loaded beside what lies before `watermark`."""
    for stretch in sorted(done):
        if stretch.start > watermark:
            break
        watermark = max(watermark, stretch.end)
    return watermark


def outcome_of(states: Sequence[SliceState], *, is_cancelling: bool) -> BackfillState:
    """What a backfill is, by its slices."""
    if any(state in OPEN for state in states):
        return BackfillState.CANCELLING if is_cancelling else BackfillState.RUNNING
    if all(state in DONE for state in states):
        return BackfillState.COMPLETED
    return BackfillState.CANCELLED if is_cancelling else BackfillState.FAILED
