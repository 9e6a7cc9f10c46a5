"""When a job is due, and which part of time a run of it covers. dlt's arithmetic, guarded where clocks change.

    ──┬─────────┬─────────┬───▶ ticks of `schedule:`        a tick hands out the window that ends at it
      └─window──┘                                           `every:` hands out [last end, now)

Around the end of summer time dlt reads the repeated hour once: ticks inside it come in its first pass only.
Contract: 4.3, 4.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from planes.manifest.facts import JobFacts, trigger_expression, trigger_kind

_BY_HAND = ("manual", "tag", "pipeline_name")
_WINDOW_KINDS = ("schedule", "every", *_BY_HAND)
_MOMENT = timedelta(microseconds=1)
_GAP_STEP = timedelta(minutes=15)
_LONGEST_GAP = timedelta(hours=25)


@dataclass(frozen=True, slots=True, order=True)
class Tick:
    """A due moment and the trigger that it fires."""

    at: datetime
    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWindow:
    """Half-open `[start, end)`, aware UTC; `start == end` is a point in time or nothing new to do.

    `moves_watermark` is False for a point in time of a job that works in windows: completing it must not skip the data
    between the last window and now.
    """

    start: datetime
    end: datetime
    moves_watermark: bool

    @property
    def is_empty(self) -> bool:
        """Nothing lies between start and end."""
        return self.start >= self.end


def next_fire(
    definition: Mapping[str, Any], now: datetime, *, last_fire: datetime | None, since: datetime | None = None
) -> Tick | None:
    """The next moment after `now` at which a clock fires the job; None when it has no clock left.

    `last_fire` is the due moment of the last tick that fired; `since` is when the job got its present clock and anchors
    an `every:` that never fired, so that deploying again does not shift it. A `once:` in the past that never fired is
    due now.
    """
    facts = JobFacts.from_definition(definition)
    ticks = [tick for trigger in facts.timed_triggers if (tick := _next_tick(facts, trigger, now, last_fire, since))]
    return min(ticks, default=None)


def run_window(
    definition: Mapping[str, Any],
    trigger: str,
    now: datetime,
    *,
    completed_end: datetime | None,
    is_refresh: bool = False,
) -> RunWindow | None:
    """What a run fired now by `trigger` covers; None when that lies outside the job's declared interval, or no year has
    its bounds.

    `completed_end` is the job's watermark (`interval_end` of its last completed run that moved it). A run started by
    hand, by its name, a tag or its pipeline, covers what the job's schedule would: else it had nothing to load, and
    jobs that wait for it would not start. Other events are a point in time. A refresh, and the first run of a job with
    an interval, starts at the interval's start.
    """
    facts = JobFacts.from_definition(definition)
    kind = trigger_kind(trigger)
    own_clock = facts.interval_trigger
    if kind not in _WINDOW_KINDS or (kind in _BY_HAND and own_clock is None):
        start, end = _elapsed_window(trigger, now, None, facts.timezone)
        return RunWindow(start=start, end=end, moves_watermark=own_clock is None)
    cut_by = own_clock or trigger
    watermark = None if is_refresh else completed_end
    start, end = _elapsed_window(cut_by, now, watermark, facts.timezone)
    try:
        bounds = declared_bounds(facts, definition, cut_by)
    except (ValueError, OverflowError):  # deployed before such an interval was refused
        return None
    if bounds is not None:
        declared_start, declared_end = bounds
        if end <= declared_start or (declared_end is not None and watermark is not None and watermark >= declared_end):
            return None
        start = declared_start if watermark is None else max(start, declared_start)
        end = end if declared_end is None else min(end, declared_end)
    return RunWindow(start=min(start, end), end=end, moves_watermark=True)


def last_elapsed(definition: Mapping[str, Any], trigger: str, now: datetime) -> datetime:
    """Up to where a job's windows may reach at `now`: the last tick of its schedule, else `now` itself."""
    if trigger_kind(trigger) != "schedule":
        return now.astimezone(UTC)
    return _elapsed_window(trigger, now, None, JobFacts.from_definition(definition).timezone)[1]


def _next_tick(
    facts: JobFacts, trigger: str, now: datetime, last_fire: datetime | None, since: datetime | None
) -> Tick | None:
    kind = trigger_kind(trigger)
    if kind == "once":
        return _next_once(trigger, now, last_fire)
    # a tick hands out the time before it, so none is due before the declared start
    reference = now if facts.interval_start is None else max(now, facts.interval_start)
    try:
        if kind == "schedule":
            at = _next_schedule(trigger, reference, facts.timezone)
            window_start = _elapsed_window(trigger, at, None, facts.timezone)[0]
        else:
            at = _next_every(trigger, reference, last_fire or since)
            window_start = last_fire or at - _period(trigger)
    except (ValueError, OverflowError):
        # a schedule whose years are over
        return None
    if facts.interval_end is not None and window_start >= facts.interval_end:
        return None
    if kind == "schedule" and facts.interval_end is not None and at > facts.interval_end:
        return None
    return Tick(at, trigger)


def _next_once(trigger: str, now: datetime, last_fire: datetime | None) -> Tick | None:
    from planes.manifest import dlt_door as dlt

    moment, _ = dlt.compute_run_interval(dlt.TTrigger(trigger), now, None)
    if last_fire is not None and last_fire >= moment:
        return None
    return Tick(max(moment, now.astimezone(UTC)), trigger)


def _next_schedule(trigger: str, now: datetime, timezone: str) -> datetime:
    from planes.manifest import dlt_door as dlt

    reference = now
    while True:
        at = dlt.next_scheduled_run(dlt.TTrigger(trigger), reference, tz=timezone)
        if at > now:
            return at
        # second pass of a repeated hour: dlt answers with the first pass, which is over; go on from there
        reference = at


def _next_every(trigger: str, now: datetime, anchor: datetime | None) -> datetime:
    """Ticks stay on the grid that began at `anchor`, however often the job is deployed again.

    dlt's own rule counts from now when a tick is overdue, so that deploying more often than the period would starve a
    job.
    """
    period = _period(trigger)
    if anchor is None:
        return now.astimezone(UTC) + period
    passed = (now - anchor) // period
    return anchor.astimezone(UTC) + (passed + 1) * period


def _period(trigger: str) -> timedelta:
    from planes.manifest import dlt_door as dlt

    expression = dlt.parse_trigger(dlt.TTrigger(trigger)).expr
    assert isinstance(expression, int | float)
    return timedelta(seconds=float(expression))


def _elapsed_window(
    trigger: str, now: datetime, completed_end: datetime | None, timezone: str
) -> tuple[datetime, datetime]:
    from planes.manifest import dlt_door as dlt

    is_schedule = trigger_kind(trigger) == "schedule"
    try:
        start, end = dlt.compute_run_interval(dlt.TTrigger(trigger), now, completed_end, tz=timezone)
        if is_schedule and end > now:
            end = _last_tick(trigger, now, timezone)
            start = min(start, end) if completed_end is None else start
        if is_schedule and completed_end is None and start >= end:
            # the tick before lies in the skipped hour and maps to a moment after this one: take the last that elapsed
            start = _last_tick(trigger, end - _MOMENT, timezone)
    except (ValueError, OverflowError):
        # a schedule with no tick before now
        moment = now.astimezone(UTC)
        return min(completed_end or moment, moment), moment
    return min(start, end), end


def _last_tick(trigger: str, now: datetime, timezone: str) -> datetime:
    """The last tick that has elapsed, where dlt's answer may lie after `now`.

    A tick that falls into the hour skipped in spring maps to a moment behind it. From before that hour the ticks are
    walked forward, as they fire.
    """
    from planes.manifest import dlt_door as dlt

    reference, last = now, None
    while last is None or last > now:
        if now - reference >= _LONGEST_GAP:
            raise ValueError("no tick before now")
        last = dlt.compute_run_interval(dlt.TTrigger(trigger), reference, None, tz=timezone)[1]
        reference -= _GAP_STEP
    while (following := _next_schedule(trigger, last, timezone)) <= now:
        last = following
    return last


def declared_bounds(
    facts: JobFacts, definition: Mapping[str, Any], trigger: str
) -> tuple[datetime, datetime | None] | None:
    """The declared interval in UTC, snapped back to ticks when a schedule cuts it."""
    from planes.manifest import dlt_door as dlt

    if facts.interval_start is None:
        return None
    if trigger_kind(trigger) != "schedule":
        return facts.interval_start, facts.interval_end
    cron = trigger_expression(trigger)
    spec = dict(definition["interval"])
    start, end = dlt.resolve_interval_spec(cast("Any", spec), cron, tz=facts.timezone)
    return start, end if spec.get("end") else None
