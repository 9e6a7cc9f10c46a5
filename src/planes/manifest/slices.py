"""Cutting a stretch of a job's past into slices that join with the windows of its schedule. Contract: 4.4."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from planes.manifest.facts import JobFacts, parse_bound, trigger_kind
from planes.manifest.schedules import declared_bounds, last_elapsed

MOST_BOUNDARIES = 1_001
_SIZE = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_EACH = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class CannotCut(ValueError):
    """The stretch cannot be cut so. `key` is the part of the request that is wrong."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for. Bounds are ISO 8601; without an offset in the job's time zone. `size` is `6h`, `1d`, …

    Without a start the declared interval's; without an end the declared one's, or what of it has elapsed.
    """

    start: str | None
    end: str | None
    size: str


def cut(definition: Mapping[str, Any], wanted: Wanted, now: datetime) -> list[tuple[datetime, datetime]]:
    """The slices, earliest first, aware UTC, half open, each beginning where the one before ends.

    Days and weeks are those of the calendar in the job's time zone. Where a schedule cuts the job's windows each
    boundary is set back to a tick of it; slices in which no tick lies vanish. Loads dlt: call it in a thread.

    Raises: CannotCut.
    """
    facts = JobFacts.from_definition(definition)
    trigger = facts.interval_trigger
    if trigger is None:
        raise CannotCut("job", "it works in no windows: it has no schedule and no period")
    is_schedule = trigger_kind(trigger) == "schedule"
    zone = facts.timezone if is_schedule else "UTC"
    try:
        declared = declared_bounds(facts, definition, trigger)
    except (ValueError, OverflowError) as exc:  # deployed before such an interval was refused
        raise CannotCut("job", "its declared interval has a bound that no year has: deploy it with another") from exc
    elapsed = last_elapsed(definition, trigger, now)
    start = _bound("start", wanted.start, zone) or (declared[0] if declared else None)
    end = _bound("end", wanted.end, zone) or min(elapsed, (declared[1] if declared else None) or elapsed)
    if start is None:
        raise CannotCut("start", "it is needed: the job declares no interval")
    if end > elapsed:
        raise CannotCut("end", f"it lies beyond {elapsed.isoformat()}, up to which the time has elapsed")
    reaches = last_elapsed(definition, trigger, end)  # as the declared end, which is set back to a tick
    if declared and (start < declared[0] or (declared[1] is not None and reaches > declared[1])):
        raise CannotCut("start" if start < declared[0] else "end", "it lies outside of the job's declared interval")
    steps = _steps(start, end, wanted.size, ZoneInfo(zone))
    if is_schedule:
        steps = [last_elapsed(definition, trigger, at) for at in steps]
    slices = [(before, after) for before, after in pairwise(sorted(set(steps))) if before < after]
    if not slices:
        raise CannotCut("end", "nothing lies between the start and the end")
    return slices


def _steps(start: datetime, end: datetime, size: str, zone: ZoneInfo) -> list[datetime]:
    found = _SIZE.fullmatch(size)
    if found is None:
        raise CannotCut("slice", "it is written 30m, 6h, 1d or 1w")
    count, unit = int(found[1]), found[2]
    local = start.astimezone(zone)
    steps = [start]
    while steps[-1] < end:
        if len(steps) >= MOST_BOUNDARIES:
            raise CannotCut("slice", f"it makes more than {MOST_BOUNDARIES - 1} slices")
        try:
            step = _EACH[unit] * (count * len(steps))
            # aware arithmetic stays on the wall clock: a day is a day of the calendar, also where the clock changes
            after = (local + step).astimezone(UTC) if unit in "dw" else start + step
        except OverflowError as exc:
            raise CannotCut("slice", "it is too long") from exc
        if after > steps[-1]:
            steps.append(min(after, end))
    return steps


def _bound(key: str, text: str | None, zone: str) -> datetime | None:
    try:
        return parse_bound(text, zone)
    except (ValueError, OverflowError) as exc:
        raise CannotCut(key, "not an ISO 8601 time") from exc
