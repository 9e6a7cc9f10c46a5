"""Numbers, times and schedules in words (SCREENS 1.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import groupby

from dlthub_tui.viewmodel.look import Look

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = {
    "0": "Sundays", "1": "Mondays", "2": "Tuesdays", "3": "Wednesdays", "4": "Thursdays", "5": "Fridays",
    "6": "Saturdays", "7": "Sundays", "1-5": "weekdays", "MON-FRI": "weekdays",
}  # fmt: skip
_FIRING = ("schedule", "every", "once", "job.success", "job.fail", "deployment", "webhook")
_EVENTS = {"job.success": "", "job.fail": " fails"}
_MOST_FOLLOWED = 3
_UNITS = {"s": "s", "m": "min", "h": "h", "d": "days", "w": "weeks"}

_MOST_COUNTED = 10_000


def count(number: int) -> str:
    """With thousands commas."""
    return f"{number:,}"


def total(number: int) -> str:
    """What a list counts: up to 10,000 (Contract: 1.3)."""
    return count(number) if number <= _MOST_COUNTED else f"{_MOST_COUNTED:,}+"


def plural(number: int, word: str, many: str | None = None) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def size(size_bytes: int) -> str:
    """KB, MB, GB of 1,000."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    for unit, factor in (("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)):
        value = size_bytes / factor
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    return f"{size_bytes / 1e12:,.0f} TB"


def duration(seconds: float) -> str:
    """Two units at most: `20 ms`, `9 s`, `1 min 52 s`, `2 h 04 min`, `3 days`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def aged(at: datetime, look: Look) -> str:
    """`3 days old`, the moment where times are exact: ages are compared, as moments they would not be."""
    if look.times != "relative":
        return f"set {moment(at, look)}"
    return f"{rough((look.now() - at).total_seconds())} old"


def rough(seconds: float) -> str:
    """One unit: `2 h`. Nothing is negative: a clock that is behind dates what has begun into the future."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h"
    return f"{whole // 86400} days"


def moment(at: datetime | None, look: Look, unknown: str = "-") -> str:
    """A past or coming moment, relative or exact as `t` says."""
    if at is None:
        return unknown
    if look.times != "relative":
        shown = look.local(at)
        same_day = shown.date() == look.local(look.now()).date()
        return f"{shown:%H:%M:%S}" if same_day else f"{shown.day} {_MONTHS[shown.month - 1]} {shown:%H:%M}"
    seconds = (look.now() - at).total_seconds()
    if abs(seconds) < 5:
        return "now"
    if seconds < 0:
        return f"in {rough(-seconds)}"
    if seconds < 7 * 86400:
        return f"{rough(seconds)} ago"
    return day(at, look)


def coming(at: datetime | None, look: Look, unknown: str = "-") -> str:
    """A moment to come; what is due and has not begun yet is now, and not a while ago."""
    is_due = at is not None and look.times == "relative" and at <= look.now()
    return "now" if is_due else moment(at, look, unknown)


def day(at: datetime, look: Look) -> str:
    """`2 Mar`, with the year where it is another one."""
    shown = look.local(at)
    year = "" if shown.year == look.local(look.now()).year else f" {shown.year}"
    return f"{shown.day} {_MONTHS[shown.month - 1]}{year}"


def clock(at: datetime, look: Look) -> str:
    """The time of day."""
    return f"{look.local(at):%H:%M:%S}"


def fires(times: Sequence[datetime], look: Look, width: int) -> str:
    """Coming moments by the clock, as many as fit; the date stands before the first of another day."""
    shown = ""
    day_before = look.local(look.now()).date()
    for at in times:
        local = look.local(at)
        date = "" if local.date() == day_before else f"{local.day} {_MONTHS[local.month - 1]} "
        longer = f"{shown}   {date}{local:%H:%M}" if shown else f"{date}{local:%H:%M}"
        if len(longer) > width:
            break
        shown, day_before = longer, local.date()
    return shown


def since(at: datetime, look: Look) -> str:
    """How long something goes on, or from when on, as `t` says."""
    relative = look.times == "relative"
    return f"since {rough((look.now() - at).total_seconds()) if relative else moment(at, look)}"


def time_and_day(at: datetime, look: Look) -> str:
    """A moment by the clock, with its day unless that is today."""
    shown = look.local(at)
    day = "" if shown.date() == look.local(look.now()).date() else f" on {shown.day} {_MONTHS[shown.month - 1]}"
    return f"{shown:%H:%M}{day}"


def window(start: datetime | None, end: datetime | None, look: Look) -> str:
    """A run's window, by the clock where it lies within a day; a moment is no window."""
    if start is None or end is None or start == end:
        return "-"
    first, last = look.local(start), look.local(end)
    if first.date() == last.date():
        return f"{first:%H:%M} to {last:%H:%M}"
    return f"{first.day} {_MONTHS[first.month - 1]} {first:%H:%M} to {last.day} {_MONTHS[last.month - 1]} {last:%H:%M}"


def short_ref(job_ref: str) -> str:
    """A job reference without its `jobs.`."""
    return job_ref.removeprefix("jobs.")


def _name(job_ref: str) -> str:
    """The last part of a reference, or what a selector says."""
    return job_ref.rpartition(".")[2] if job_ref.startswith("jobs.") else job_ref


def _period(text: str) -> str:
    found = re.fullmatch(r"(\d+)([smhdw]?)", text)
    if not found:
        return f"every {text}"
    number, unit = int(found[1]), found[2] or "s"
    if unit == "s" and number % 3600 == 0:
        number, unit = number // 3600, "h"
    elif unit == "s" and number % 60 == 0:
        number, unit = number // 60, "m"
    single = {"h": "every hour", "d": "every day", "w": "every week", "m": "every min"}
    return single.get(unit, f"every {number} s") if number == 1 else f"every {number} {_UNITS[unit]}"


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != 5:
        return text
    minute, hour, month_day, month, week_day = fields
    if month != "*" or month_day != "*":
        return text
    if hour == "*" and week_day == "*":
        if found := re.fullmatch(r"\*/(\d+)", minute):
            return f"every {found[1]} min"
        return "every hour" if minute == "0" else (f"hourly at :{int(minute):02d}" if minute.isdigit() else text)
    if not (minute.isdigit() and hour.isdigit()):
        return text
    days = "daily" if week_day == "*" else _DAYS.get(week_day.upper())
    return f"{days} at {int(hour):02d}:{int(minute):02d}" if days else text


def silence(seconds: float) -> str:
    """For how long a plane is silent; nothing is said of less than a second."""
    return duration(seconds) if seconds >= 1 else ""


def trigger(text: str) -> str:
    """One trigger in words; a cron that has no short words stays cron."""
    kind, _, rest = text.partition(":")
    match kind:
        case "schedule":
            return _cron(rest)
        case "every":
            return _period(rest)
        case "once":
            return f"once at {rest}"
        case "job.success":
            return f"after {_name(rest)}"
        case "job.fail":
            return f"after {_name(rest)} fails"
        case "manual":
            return "by hand"
        case "http":
            return "interactive"
        case "deployment":
            return "after each deploy"
        case "webhook":
            return "by webhook"
        case _:
            return text


def schedule(triggers: tuple[str, ...], job_type: str = "batch") -> str:
    """When a job fires, as one short phrase: what fires by itself first."""
    firing = _firing(triggers)
    return _known_trigger(firing[0]) if firing else _without_firing(triggers, job_type)


@lru_cache(maxsize=256)
def _known_trigger(text: str) -> str:
    """Of a thousand jobs each has a trigger of its own name; what fires them is the same for many."""
    return trigger(text)


def schedule_here(triggers: tuple[str, ...], job_type: str, zone: str | None, look: Look, *, is_short: bool) -> str:
    """As `schedule`, with the zone of its times where the clock of who reads is another. `is_short`: its city alone."""
    said, firing, name = schedule(triggers, job_type), _firing(triggers), zone or "UTC"
    if not firing or _kind(firing[0]) != "schedule" or said.startswith(("every ", "hourly ")):
        return said
    there, now = _zone(name), look.now()
    if there is not None and now.astimezone(there).utcoffset() == look.local(now).utcoffset():
        return said
    return f"{said} {name.rpartition('/')[2].replace('_', ' ') if is_short else name}"


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    """None: this machine does not know it."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def schedules(triggers: tuple[str, ...], job_type: str, zone: str | None) -> str:
    """All that a job fires by, with the zone of its schedule; of many jobs that it follows the number."""
    said: list[str] = []
    for kind, texts in groupby(_firing(triggers), _kind):
        same = [trigger(text) for text in texts]
        if kind in _EVENTS and len(same) > _MOST_FOLLOWED:
            same = [f"after any of {len(same)} jobs{_EVENTS[kind]}"]
        said += [f"{one} {zone}" for one in same] if zone and kind == "schedule" else same
    return ", ".join(said) or _without_firing(triggers, job_type)


def _kind(text: str) -> str:
    return text.partition(":")[0]


def _firing(triggers: tuple[str, ...]) -> list[str]:
    found = [text for text in triggers if _kind(text) in _FIRING]
    return sorted(found, key=lambda text: _FIRING.index(_kind(text))) if len(found) > 1 else found


def _without_firing(triggers: tuple[str, ...], job_type: str) -> str:
    """A job that does not let itself be started by hand, and has no trigger, is one that nothing starts."""
    if job_type == "interactive":
        return "interactive"
    return "by hand" if triggers else "never"
