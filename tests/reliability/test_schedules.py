"""R3: a year of schedules in twelve zones against two oracles, and many expressions around changes of the clocks.

`tests.fakes.cron_oracle` looks at every minute; croniter, with aware times, knows the days on which nothing changes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.control_stage import definition
from tests.fakes.cron_oracle import Cron, ZoneYear, year_of
from tests.reliability.sizes import sized, tell

from planes.manifest.schedules import next_fire, run_window

# Half-hour and midnight changes, Ramadan, a day that was left out, odd offsets, and zones without any change.
ZONES = (
    ("UTC", 2026),
    ("Europe/Berlin", 2026),
    ("Europe/London", 2026),
    ("America/New_York", 2026),
    ("America/Santiago", 2026),
    ("America/Sao_Paulo", 2018),
    ("Africa/Casablanca", 2026),
    ("Australia/Lord_Howe", 2026),
    ("Pacific/Chatham", 2026),
    ("Pacific/Apia", 2011),
    ("Asia/Kathmandu", 2026),
    ("Asia/Tehran", 2022),
)
CRONS = sized(
    ("30 2 * * *", "0 0 * * 1-5"),
    (
        "30 2 * * *", "0 0 * * 1-5", "0 3 * * *", "*/30 * * * *", "15 1-3 * * *", "0 */6 * * *", "45 23 * * 6",
        "0 0 1 * *", "59 23 28-31 * *", "5,35 0,2 * * *", "0 12 13 * 5", "17 4 29 2 *", "0 2 * 3,10 0", "20 1 * * *",
    ),
)  # fmt: skip
# These have several ticks within an hour that some zone skips.
IN_SKIPPED_HOURS = frozenset({"5,35 0,2 * * *"})
_DAY = timedelta(days=1)


def _job(cron: str, zone: str) -> dict[str, Any]:
    return definition("load", f"schedule:{cron}", require={"timezone": zone})


def _ticks(job: dict[str, Any], start: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which the platform fires the job between two others, one after the other as it would."""
    now, last = start, None
    while True:
        tick = next_fire(job, now, last_fire=last, since=start)
        if tick is None or tick.at >= end:
            return
        yield tick.at
        now = last = tick.at


def _check_tiles(job: dict[str, Any], cron: str, ticks: list[datetime], *, is_strict: bool = True) -> None:
    """Each window ends at its tick and begins where the one before ended.

    Where a tick is left out by the change of a clock, the window may end at that one.
    """
    watermark: datetime | None = None
    for at in ticks:
        window = run_window(job, f"schedule:{cron}", at, completed_end=watermark)
        assert window is not None
        assert window.end == at if is_strict else window.end <= at
        assert window.start < window.end
        assert watermark in (None, window.start)
        watermark = window.end


@pytest.mark.timeout(sized(1200, 3600))
@pytest.mark.parametrize(("zone", "year"), ZONES)
def test_a_year_of_ticks_is_what_every_minute_says(zone: str, year: int) -> None:
    calendar = year_of(zone, year)
    start, end = datetime(year, 1, 1, tzinfo=UTC) + _DAY, datetime(year + 1, 1, 1, tzinfo=UTC) - _DAY
    count = left_out = 0
    for cron in CRONS:
        job = _job(cron, zone)
        ticks = list(_ticks(job, start, end))
        expected = [at for at in calendar.ticks(Cron.parse(cron)) if start < at < end]
        missing = sorted(set(expected) - set(ticks))
        assert ticks == [at for at in expected if at not in missing], cron
        # Of several ticks in an hour that is skipped dlt fires the first; the next one covers what the others would.
        assert cron in IN_SKIPPED_HOURS or not missing, cron
        assert all(calendar.is_near_a_change(at, timedelta(hours=2)) for at in missing), cron
        assert len(missing) <= len(calendar.changes), cron
        _check_tiles(job, cron, ticks, is_strict=not missing)
        left_out += len(missing)
        _check_with_croniter(cron, zone, calendar, ticks, start, end)
        count += len(ticks)
    tell(
        f"R3 {zone} {year}",
        f"{len(CRONS)} expressions, {count} ticks, {len(calendar.changes)} changes: all as due, "
        f"but for {left_out} in a skipped hour that the next tick covers",
    )


def _check_with_croniter(
    cron: str, zone: str, calendar: ZoneYear, ticks: list[datetime], start: datetime, end: datetime
) -> None:
    quiet = [at for at in ticks if not calendar.is_near_a_change(at, 2 * _DAY)]
    reader = croniter(cron, start.astimezone(ZoneInfo(zone)))
    said: list[datetime] = []
    while (at := reader.get_next(datetime).astimezone(UTC)) < end:
        if not calendar.is_near_a_change(at, 2 * _DAY):
            said.append(at)
    assert said == quiet, cron


@pytest.mark.timeout(sized(1200, 3600))
def test_any_expression_around_a_change_gives_windows_that_join() -> None:
    chance = random.Random(3)
    changes = {zone: year_of(zone, year).changes for zone, year in ZONES}
    total, odd = sized(60, 5000), 0
    for _ in range(total):
        zone = chance.choice([name for name in changes if changes[name]])
        cron, change = _any_cron(chance), chance.choice(changes[zone])
        start, end = change - timedelta(hours=15, minutes=chance.randrange(120)), change + timedelta(hours=15)
        job = _job(cron, zone)
        ticks = list(_ticks(job, start, end))
        calendar = ZoneYear.of(zone, start.replace(minute=0) - timedelta(hours=1), end)
        expected = {at for at in calendar.ticks(Cron.parse(cron)) if start < at < end}
        assert all(before < after for before, after in pairwise(ticks)), (zone, cron)
        assert set(ticks) <= expected, (zone, cron)
        odd += set(ticks) != expected
        _check_tiles(job, cron, ticks, is_strict=set(ticks) == expected)
    tell("R3", f"{total} expressions around changes: 0 gaps, 0 overlaps, 0 ticks twice; {odd} with a tick left out")


def _any_cron(chance: random.Random) -> str:
    minute = chance.choice([f"*/{chance.choice([5, 10, 15, 20, 30])}", str(chance.randrange(60)), "0,30", "5-50/15"])
    hour = chance.choice(["*", f"*/{chance.choice([2, 3, 6])}", str(chance.randrange(24)), "0-4", "1,2,3"])
    day = chance.choice(["*", "*", "*", "1-31/2"])
    weekday = chance.choice(["*", "*", "0-6", "0,6", "1-5"])
    return f"{minute} {hour} {day} * {weekday}"


_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_MOMENTS = st.integers(0, 4 * 365 * 86_400).map(lambda seconds: _EPOCH + timedelta(seconds=seconds))
_TRIGGERS = st.one_of(
    st.sampled_from(["schedule:*/15 * * * *", "schedule:30 2 * * *", "schedule:0 0 * * 1", "schedule:0 6 1 * *"]),
    st.integers(60, 400_000).map(lambda seconds: f"every:{seconds}"),
)


@settings(max_examples=sized(150, 3000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    trigger=_TRIGGERS,
    zone=st.sampled_from([zone for zone, _ in ZONES]),
    start=_MOMENTS,
    steps=st.lists(st.integers(1, 900_000), min_size=2, max_size=12),
    outcomes=st.lists(st.booleans(), min_size=12, max_size=12),
    has_interval=st.booleans(),
)
def test_completed_windows_have_no_gap_and_no_overlap_whatever_is_missed_or_fails(
    trigger: str, zone: str, start: datetime, steps: list[int], outcomes: list[bool], *, has_interval: bool
) -> None:
    """Starts at any moments, by hand or late, some of which fail: what completed is one stretch without a hole."""
    extra = {"interval": {"start": (start - timedelta(days=3)).isoformat()}} if has_interval else {}
    job = definition("load", trigger, require={"timezone": zone}, **extra)
    now, watermark = start, None
    covered: list[tuple[datetime, datetime]] = []
    for step, completes in zip(steps, outcomes, strict=False):
        now += timedelta(seconds=step)
        window = run_window(job, trigger if step % 2 else "manual:jobs.jobs.load", now, completed_end=watermark)
        if window is None:
            continue
        assert window.start <= window.end <= now
        assert window.moves_watermark
        if completes:
            covered.append((window.start, window.end))
            watermark = window.end if watermark is None else max(watermark, window.end)

    assert all(before[1] == after[0] for before, after in pairwise(covered))
