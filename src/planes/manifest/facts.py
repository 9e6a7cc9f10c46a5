"""One typed reading of a job definition, so that nobody else indexes into its dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

JobType = Literal["batch", "interactive", "stream"]

DEFAULT_RUN_SECONDS: Mapping[str, int] = {"batch": 120 * 60, "interactive": 15 * 60, "stream": 120 * 60}
"""Contract: 4.5, DESIGN 7."""

DEFAULT_GRACE_SECONDS = 30.0
"""Time between the first signal and the kill when the definition names none."""

_TIMED = ("schedule", "every", "once")
WINDOWED = ("schedule", "every")
"""Kinds of triggers that cut the time of a job into windows."""


def trigger_kind(trigger: str) -> str:
    """The part before the colon: `schedule:0 3 * * *` → `schedule`, `job.success:jobs.a` → `job.success`."""
    return trigger.partition(":")[0]


def trigger_expression(trigger: str) -> str:
    """The part after the first colon, possibly empty."""
    return trigger.partition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What the platform reads from one validated definition (engine 2). Contract: 3.4.

    `triggers` are the declared ones; the expanded list is `ValidatedJob.triggers`. `concurrency` None means no limit.
    Interval bounds are aware; a bound written without an offset is in the job's time zone when it has a schedule, else
    in UTC.
    """

    job_ref: str
    section: str
    name: str
    display_name: str | None
    description: str | None
    module: str
    function: str | None
    launcher: str
    job_type: JobType
    category: str | None
    interface: str | None
    tags: tuple[str, ...]
    is_manual: bool
    triggers: tuple[str, ...]
    default_trigger: str | None
    pipeline_name: str | None
    timezone: str
    concurrency: int | None
    max_run_time_seconds: int
    grace_seconds: float
    required_profile: str | None
    dependency_groups: tuple[str, ...]
    provider: str | None
    instance_size: str | None
    interval_start: datetime | None
    interval_end: datetime | None
    freshness: tuple[str, ...]
    refresh_propagation: str
    incremental_mode: str | None

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> "JobFacts":
        """Read a definition that `migrate_and_validate` has accepted."""
        entry_point = definition["entry_point"]
        expose, require = part(definition, "expose"), part(definition, "require")
        execute, deliver, interval = (part(definition, key) for key in ("execute", "deliver", "interval"))
        triggers = tuple(definition.get("triggers") or ())
        timezone = require.get("timezone") or "UTC"
        bound_zone = timezone if any(trigger_kind(trigger) == "schedule" for trigger in triggers) else "UTC"
        section, name = split_ref(definition["job_ref"])
        return cls(
            job_ref=definition["job_ref"],
            section=section,
            name=name,
            display_name=expose.get("display_name"),
            description=said(definition.get("description")),
            module=entry_point["module"],
            function=entry_point.get("function"),
            launcher=entry_point["launcher"],
            job_type=entry_point["job_type"],
            category=expose.get("category") or ("pipeline" if deliver.get("pipeline_name") else None),
            interface=expose.get("interface"),
            tags=tags_of(expose),
            is_manual=bool(expose.get("manual", True)),
            triggers=triggers,
            default_trigger=definition.get("default_trigger") or default_trigger_of(triggers),
            pipeline_name=deliver.get("pipeline_name"),
            timezone=timezone,
            concurrency=execute.get("concurrency", 1),
            max_run_time_seconds=_run_seconds(execute, entry_point["job_type"]),
            grace_seconds=_grace_seconds(execute),
            required_profile=require.get("profile"),
            dependency_groups=tuple(require.get("dependency_groups") or ()),
            provider=require.get("provider"),
            instance_size=part(require, "instance").get("size"),
            interval_start=parse_bound(interval.get("start"), bound_zone),
            interval_end=parse_bound(interval.get("end"), bound_zone),
            freshness=tuple(definition.get("freshness") or ()),
            refresh_propagation=definition.get("refresh_propagation") or "auto",
            incremental_mode=definition.get("incremental_mode"),
        )

    @property
    def is_interactive(self) -> bool:
        """The run listens on a port until it is stopped."""
        return self.job_type == "interactive"

    @property
    def timed_triggers(self) -> tuple[str, ...]:
        """The declared triggers that a clock fires: schedule, every, once."""
        return tuple(trigger for trigger in self.triggers if trigger_kind(trigger) in _TIMED)

    @property
    def interval_trigger(self) -> str | None:
        """The one schedule or every trigger, which also cuts the job's windows."""
        return next((trigger for trigger in self.triggers if trigger_kind(trigger) in WINDOWED), None)


def part(definition: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object inside a definition; empty when it is absent or null."""
    inner: Mapping[str, Any] | None = definition.get(key)
    return {} if inner is None else inner


def default_trigger_of(triggers: tuple[str, ...]) -> str | None:
    """First schedule or every, else the first that is not manual, deployment or a job event. Contract: 3.4."""
    timed = next((trigger for trigger in triggers if trigger_kind(trigger) in WINDOWED), None)
    if timed is not None:
        return timed
    never_default = ("manual", "deployment", "job.success", "job.fail")
    return next((trigger for trigger in triggers if trigger_kind(trigger) not in never_default), None)


def tags_of(expose: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags as a tuple; the wire also allows one bare string. Contract: 3.4."""
    tags = expose.get("tags") or ()
    return (tags,) if isinstance(tags, str) else tuple(tags)


def split_ref(job_ref: str) -> tuple[str, str]:
    """`jobs.section.name` → (section, name); `jobs.name` → ("", name)."""
    section, _, name = job_ref.removeprefix("jobs.").rpartition(".")
    return section, name


def parse_bound(value: object, timezone: str) -> datetime | None:
    """An interval bound as an aware time, None when absent. Raises: ValueError when it is no ISO 8601 time."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError("not an ISO 8601 time")
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(timezone))
    return value.astimezone(UTC)


def said(text: object) -> str | None:
    """A text, None when it is absent or withheld."""
    return text if isinstance(text, str) else None


def _run_seconds(execute: Mapping[str, Any], job_type: str) -> int:
    declared = part(execute, "timeout").get("timeout")
    return DEFAULT_RUN_SECONDS[job_type] if declared is None else max(1, round(declared))


def _grace_seconds(execute: Mapping[str, Any]) -> float:
    declared = part(execute, "timeout").get("grace_period")
    return DEFAULT_GRACE_SECONDS if declared is None else float(declared)
