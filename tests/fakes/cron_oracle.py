"""When a cron expression is due, found by looking at every minute: an oracle that shares no code with dlt or croniter.

Rules of the wall clock, as the platform has them: what falls into an hour that is skipped is due as much later as the
clock jumps; an hour that is repeated counts in its first pass only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_STEP = timedelta(minutes=15)
_MINUTE = timedelta(minutes=1)
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@dataclass(frozen=True)
class Cron:
    """Five fields as sets; a day matches by date or by weekday when both are given."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool

    @classmethod
    def parse(cls, text: str) -> Cron:
        fields = text.split()
        minutes, hours, days, months, weekdays = (
            _parse_field(field, *bounds) for field, bounds in zip(fields, _RANGES, strict=True)
        )
        is_either = not fields[2].startswith("*") and not fields[4].startswith("*")
        return cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), is_either)

    def matches_hour(self, at: datetime) -> bool:
        """The date and the hour of a wall clock."""
        if at.hour not in self.hours or at.month not in self.months:
            return False
        by_date, by_weekday = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.is_either_day else (by_date and by_weekday)


def _parse_field(text: str, lowest: int, highest: int) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        if span == "*":
            first, last = lowest, highest
        else:
            begin, _, end = span.partition("-")
            first = int(begin)
            last = int(end) if end else (highest if step else first)
        values.update(range(first, last + 1, int(step or 1)))
    return frozenset(values)


@dataclass(frozen=True)
class Stretch:
    """A quarter of an hour with one offset. `is_repeated`: the wall clock shows it for the second time."""

    start: datetime
    wall: datetime
    is_repeated: bool


@dataclass(frozen=True)
class ZoneYear:
    """A zone's wall clock over some time, and where it jumps forward: (wall before, wall after, UTC moment)."""

    stretches: tuple[Stretch, ...]
    jumps: tuple[tuple[datetime, datetime, datetime], ...]
    changes: tuple[datetime, ...]

    @classmethod
    def of(cls, zone: str, start: datetime, end: datetime) -> ZoneYear:
        info = ZoneInfo(zone)
        stretches: list[Stretch] = []
        jumps: list[tuple[datetime, datetime, datetime]] = []
        changes: list[datetime] = []
        at, before = start, start.astimezone(info).utcoffset()
        assert before is not None
        while at < end:
            local = at.astimezone(info)
            offset = local.utcoffset()
            assert offset is not None
            naive = local.replace(tzinfo=None)
            if offset != before:
                changes.append(at)
            if offset > before:
                jumps.append((naive - (offset - before), naive, at))
            stretches.append(Stretch(at, naive, local.fold == 1))
            at, before = at + _STEP, offset
        return cls(tuple(stretches), tuple(jumps), tuple(changes))

    def ticks(self, cron: Cron) -> list[datetime]:
        """Every due moment, in UTC."""
        found = {
            stretch.start + (at - stretch.wall)
            for stretch in self.stretches
            if not stretch.is_repeated
            for at in _matching(cron, stretch.wall, stretch.wall + _STEP)
        }
        for wall_before, wall_after, moment in self.jumps:
            found |= {moment + (at - wall_before) for at in _matching(cron, wall_before, wall_after)}
        return sorted(found)

    def is_near_a_change(self, at: datetime, within: timedelta) -> bool:
        """Whether the zone's offset changes close to this moment."""
        return any(abs(at - change) <= within for change in self.changes)


def _matching(cron: Cron, start: datetime, end: datetime) -> Iterator[datetime]:
    at = start
    while at < end:
        if at.minute in cron.minutes and cron.matches_hour(at):
            yield at
        at += _MINUTE


def year_of(zone: str, year: int) -> ZoneYear:
    """A calendar year in UTC."""
    return ZoneYear.of(zone, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
