"""Rules of a single definition that dlt leaves to the platform, each because a later step would break on it."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planes.manifest.errors import InvalidTriggerForm
from planes.manifest.facts import parse_bound, part, tags_of, trigger_expression, trigger_kind
from planes.manifest.triggers import parse_trigger_form

MAX_RUN_SECONDS = 366 * 24 * 3600
"""A time limit beyond a year is a mistake in units."""

MAX_CONCURRENCY = 1000

_ENTITY_TYPES = ("dataset", "job", "job-runs", "pipeline", "workspace")
_AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip
_REF_PART = re.compile(r"[\w-]{1,128}")
_SCHEDULE_PROBES = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))

Rule = Callable[[Mapping[str, Any]], Iterator[str]]


def broken_rules(definition: Mapping[str, Any]) -> list[str]:
    """Sentences about what is wrong in a definition that matches dlt's schema; empty when it may be used."""
    ref = definition["job_ref"]
    return [f"job {ref!r}: {reason}" for rule in _RULES for reason in rule(definition)]


def _reference(definition: Mapping[str, Any]) -> Iterator[str]:
    parts = str(definition["job_ref"]).split(".")[1:]
    if not all(_REF_PART.fullmatch(part) for part in parts):
        yield "job_ref: names may hold letters, digits, '_' and '-' only"


def _client_can_read(definition: Mapping[str, Any]) -> Iterator[str]:
    """What dlt lets through and the released client fails on. Contract: 1.6."""
    if "function" not in definition["entry_point"]:
        yield "entry_point: function is missing (it may be null)"
    entity = part(part(definition, "expose"), "object_input").get("entity_type")
    if entity is not None and entity not in _ENTITY_TYPES:
        yield f"expose.object_input.entity_type: must be one of {', '.join(_ENTITY_TYPES)}"


def _timezone(definition: Mapping[str, Any]) -> Iterator[str]:
    name = part(definition, "require").get("timezone")
    if name is not None and not is_timezone(name):
        meant = _zone_meant_by(name)
        yield f"require.timezone: not an IANA time zone{f'; {meant} is one' if meant else ''}"


def _limits(definition: Mapping[str, Any]) -> Iterator[str]:
    execute = part(definition, "execute")
    timeout = part(execute, "timeout")
    seconds = timeout.get("timeout")
    if seconds is not None and not (_is_number(seconds) and 0 < seconds <= MAX_RUN_SECONDS):
        yield f"execute.timeout.timeout: must be seconds above 0 and at most {MAX_RUN_SECONDS}"
    grace = timeout.get("grace_period")
    if grace is not None and not (_is_number(grace) and 0 <= grace <= 3600):
        yield "execute.timeout.grace_period: must be seconds between 0 and 3600"
    concurrency = execute.get("concurrency", 1)
    if concurrency is not None and (isinstance(concurrency, bool) or not 1 <= concurrency <= MAX_CONCURRENCY):
        yield f"execute.concurrency: must be between 1 and {MAX_CONCURRENCY}, or null"


def _tags(definition: Mapping[str, Any]) -> Iterator[str]:
    if not all(tag.strip() for tag in tags_of(part(definition, "expose"))):
        yield "expose.tags: a tag is empty"


def _interval(definition: Mapping[str, Any]) -> Iterator[str]:
    interval = definition.get("interval")
    if interval is None:
        return
    bounds: dict[str, datetime] = {}
    for key in ("start", "end"):
        try:
            bound = parse_bound(interval.get(key), "UTC")
        except (ValueError, OverflowError):
            yield f"interval.{key}: not an ISO 8601 time"
        else:
            if bound is not None:
                bounds[key] = bound
    if len(bounds) == 2 and bounds["start"] >= bounds["end"]:
        yield "interval: the start is not before the end"


def _default_trigger(definition: Mapping[str, Any]) -> Iterator[str]:
    declared = definition.get("default_trigger")
    if declared is None:
        return
    if declared not in (definition.get("triggers") or ()):
        yield "default_trigger: is not one of the job's triggers"


def _triggers(definition: Mapping[str, Any]) -> Iterator[str]:
    for trigger in definition.get("triggers") or ():
        expression = trigger_expression(trigger)
        try:
            parse_trigger_form(trigger)
        except InvalidTriggerForm as exc:
            yield f"triggers: {exc.reason}"
            continue
        if trigger_kind(trigger) != "schedule":
            continue
        if any(field[:1] in "RrHh" and field[1:2] in ("", "(", "/") for field in expression.split()):
            yield "a schedule with random fields has no fixed ticks"
        elif not _fires(trigger):
            yield "a schedule never fires"


def _fires(trigger: str) -> bool:
    from planes.manifest import dlt_door as dlt

    for probe in _SCHEDULE_PROBES:
        try:
            dlt.next_scheduled_run(dlt.TTrigger(trigger), probe)
        except (ValueError, OverflowError):
            continue
        return True
    return False


def is_timezone(name: str) -> bool:
    """Whether the name is an IANA time zone that this installation knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone_meant_by(name: str) -> str | None:
    """The zone of a name that lacks its area, its capitals or its underscores; None where that makes no zone."""
    words = "_".join(name.split())
    places = (words.title(), words.upper(), *(f"{area}/{words.title()}" for area in _AREAS))
    return next((place for place in places if is_timezone(place)), None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_RULES: tuple[Rule, ...] = (
    _reference,
    _client_can_read,
    _timezone,
    _limits,
    _tags,
    _interval,
    _default_trigger,
    _triggers,
)
