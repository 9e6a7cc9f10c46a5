"""What answers say, as frozen rows. Tolerant of unknown keys and unknown enum values (Contract: 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from dlthub_tui.client.errors import UnexpectedAnswer
from dlthub_tui.client.reading import Fields

_MAYBE_NUMBER = (int, float, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """`dataplane_id` is None until the region is locked."""

    id: str
    name: str
    dataplane_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """An organization and what one may do there."""

    organization: Organization
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who is signed in."""

    user_id: str
    email: str
    name: str | None
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace and the address of its region."""

    id: str
    name: str
    organization_id: str
    dataplane_id: str
    dataplane_url: str
    is_playground: bool
    archived_at: datetime | None
    member_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlaneInfo:
    """A region that can be chosen."""

    id: str
    name: str
    region: str
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A version of a workspace's code."""

    id: str
    version: int
    content_hash: str
    created_at: datetime
    created_by: str
    file_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A version of a workspace's `.dlt` TOML."""

    id: str
    version: int
    content_hash: str
    created_at: datetime
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One pipeline run within a run: names and counts."""

    pipeline_name: str
    dataset_name: str | None
    destination_name: str | None
    status: str | None
    total_rows: int | None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a job. `job_ref` is empty where the answer does not carry the job."""

    id: str
    number: int
    status: str
    trigger: str
    profile: str
    job_id: str
    job_ref: str
    job_type: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None
    interval_start: datetime | None
    interval_end: datetime | None
    deployment_id: str
    configuration_id: str
    triggered_by: str | None
    job_version: int | None
    max_run_time_seconds: int | None
    summaries: tuple[RunSummary, ...]
    previous_run_id: str | None = None

    @property
    def is_another_try(self) -> bool:
        """Whether it follows a failure of its own job; not known of what job events start, which follows too."""
        return self.previous_run_id is not None and not self.trigger.startswith(("job.success:", "job.fail:"))


class RecentRun(NamedTuple):
    """A bar of a job's history. A tuple, since a list of 1,000 jobs has 10,000 and they are made in half the time."""

    id: str
    status: str
    duration_seconds: float | None
    rows_loaded: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A versioned definition and where it stands; one of a list has an empty `definition`."""

    id: str
    job_ref: str
    job_type: str
    profile: str
    version: int
    description: str | None
    triggers: tuple[str, ...]
    declared_triggers: tuple[str, ...]
    is_paused: bool
    is_archived: bool
    next_scheduled_run_at: datetime | None
    pipeline_name: str | None
    freshness: tuple[str, ...]
    timezone: str | None
    updated_at: datetime
    latest_run: Run | None
    recent_runs: tuple[RecentRun, ...]
    timeout_seconds: float | None
    definition: dict[str, Any]
    job_url: str | None = None
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One stored line; `number` counts from 0. Its content was scrubbed in the region."""

    number: int
    content: str
    stream: str
    source: str
    at: datetime | None


def parse_organization(raw: Any) -> Organization:
    """An Organization."""
    fields = Fields(raw, "organization")
    return Organization(
        id=fields.text("id"),
        name=fields.text("name"),
        dataplane_id=fields.maybe_text("dataplane_id"),
        created_at=fields.moment("created_at"),
    )


def parse_membership(raw: Any) -> Membership:
    """An OrganizationMembership."""
    fields = Fields(raw, "membership")
    return Membership(organization=parse_organization(fields.raw("organization")), role=fields.text("role"))


def parse_me(raw: Any) -> Me:
    """A MeResponse."""
    fields = Fields(raw, "me")
    return Me(
        user_id=fields.text("user_id"),
        email=fields.text("email"),
        name=fields.maybe_text("name"),
        memberships=fields.many("organization_memberships", parse_membership),
    )


def parse_workspace(raw: Any) -> Workspace:
    """A Workspace or OrganizationWorkspace."""
    fields = Fields(raw, "workspace")
    members = fields.maybe_number("member_count")
    return Workspace(
        id=fields.text("id"),
        name=fields.text("name"),
        organization_id=fields.text("organization_id"),
        dataplane_id=fields.text("dataplane_id"),
        dataplane_url=fields.text("dataplane_url"),
        is_playground=fields.flag("is_playground"),
        archived_at=fields.maybe_moment("archived_at"),
        member_count=None if members is None else int(members),
    )


def parse_dataplane(raw: Any) -> DataPlaneInfo:
    """A Dataplane."""
    fields = Fields(raw, "data plane")
    return DataPlaneInfo(
        id=fields.text("id"),
        name=fields.text("name"),
        region=fields.text("region"),
        description=fields.maybe_text("description"),
    )


def parse_deployment(raw: Any) -> Deployment:
    """A Deployment."""
    fields = Fields(raw, "deployment")
    return Deployment(
        id=fields.text("id"),
        version=fields.number("version"),
        content_hash=fields.text("content_hash"),
        created_at=fields.moment("created_at"),
        created_by=fields.text("created_by"),
        file_count=fields.number("file_count", 0),
        size_bytes=fields.number("size_bytes", 0),
    )


def parse_configuration(raw: Any) -> Configuration:
    """A Configuration."""
    fields = Fields(raw, "configuration")
    return Configuration(
        id=fields.text("id"),
        version=fields.number("version"),
        content_hash=fields.text("content_hash"),
        created_at=fields.moment("created_at"),
        profiles=fields.texts("profiles"),
    )


def _parse_summary(raw: Any) -> RunSummary:
    fields = Fields(raw, "pipeline run")
    rows = fields.maybe_number("total_rows")
    return RunSummary(
        pipeline_name=fields.text("pipeline_name"),
        dataset_name=fields.maybe_text("dataset_name"),
        destination_name=fields.maybe_text("destination_name"),
        status=fields.maybe_text("status"),
        total_rows=None if rows is None else int(rows),
        run_id=fields.maybe_text("pipeline_run_id"),
    )


def parse_run(raw: Any) -> Run:
    """A JobRun or DetailedJobRun."""
    fields = Fields(raw, "run")
    job, version = fields.maybe_within("job"), fields.maybe_within("job_version")
    limit = version.maybe_number("max_run_time_seconds") if version else None
    return Run(
        id=fields.text("id"),
        number=fields.number("number"),
        status=fields.text("status"),
        trigger=fields.text("trigger"),
        profile=fields.text("profile"),
        job_id=job.text("id") if job else "",
        job_ref=job.text("job_ref") if job else "",
        job_type=job.text("job_type") if job else "batch",
        created_at=fields.moment("created_at"),
        started_at=fields.maybe_moment("started_at"),
        finished_at=fields.maybe_moment("finished_at"),
        duration_seconds=fields.maybe_number("duration_seconds"),
        interval_start=fields.maybe_moment("interval_start"),
        interval_end=fields.maybe_moment("interval_end"),
        deployment_id=fields.maybe_text("deployment_id") or "",
        configuration_id=fields.maybe_text("configuration_id") or "",
        triggered_by=fields.maybe_text("triggered_by"),
        job_version=version.number("version") if version else None,
        max_run_time_seconds=None if limit is None else int(limit),
        summaries=fields.many("pipeline_run_summaries", _parse_summary),
        previous_run_id=fields.maybe_text("previous_job_run_id"),
    )


def _parse_recent(raw: Any) -> RecentRun:
    """Without `Fields`: a list of 1,000 jobs has 10,000, and this takes two thirds of the time."""
    if not isinstance(raw, dict):
        raise UnexpectedAnswer("recent run is no object")
    found = cast("dict[str, Any]", raw)
    run_id, status = found.get("id"), found.get("status")
    if not (isinstance(run_id, str) and isinstance(status, str)):
        raise UnexpectedAnswer("recent run without id or status")
    took, rows = found.get("duration_seconds"), found.get("rows_loaded")
    took = float(took) if isinstance(took, (int, float)) else None
    return RecentRun(run_id, status, took, int(rows) if isinstance(rows, (int, float)) else None)


def _parse_bar(raw: Any) -> RecentRun:
    """A recent run of a list in short: its members in their order."""
    try:
        run_id, status, took, rows, *_ = raw
    except (TypeError, ValueError) as exc:
        raise UnexpectedAnswer("recent run is no list") from exc
    if not (isinstance(run_id, str) and isinstance(status, str)):
        raise UnexpectedAnswer("recent run without id or status")
    if not (isinstance(took, _MAYBE_NUMBER) and isinstance(rows, _MAYBE_NUMBER)):
        raise UnexpectedAnswer("recent run with words for numbers")
    return RecentRun(run_id, status, took, rows if rows is None else int(rows))


class _Declared(NamedTuple):
    """What a job's definition says, as far as the app reads it."""

    triggers: tuple[str, ...]
    freshness: tuple[str, ...]
    timezone: str | None
    timeout_seconds: float | None
    definition: dict[str, Any]


def parse_short_job(raw: Any) -> Job:
    """A job of our own list, without a definition."""
    fields = Fields(raw, "job")
    declared = _Declared(
        triggers=fields.texts("declared_triggers"),
        freshness=fields.texts("freshness"),
        timezone=fields.maybe_text("timezone"),
        timeout_seconds=fields.maybe_number("timeout_seconds"),
        definition={},
    )
    return _parse_job(fields, declared, fields.many("recent_job_runs", _parse_bar))


def parse_job(raw: Any) -> Job:
    """A Job or DetailedJob."""
    fields = Fields(raw, "job")
    definition = fields.within("job_definition")
    require, execute = definition.maybe_within("require"), definition.maybe_within("execute")
    timeout = execute.maybe_within("timeout") if execute else None
    declared = _Declared(
        triggers=definition.texts("triggers"),
        freshness=fields.texts("freshness") or definition.texts("freshness"),
        timezone=require.maybe_text("timezone") if require else None,
        timeout_seconds=timeout.maybe_number("timeout") if timeout else None,
        definition=definition.whole(),
    )
    return _parse_job(fields, declared, fields.many("recent_job_runs", _parse_recent))


def _parse_job(fields: Fields, declared: _Declared, recent: tuple[RecentRun, ...]) -> Job:
    latest = fields.raw("latest_job_run")
    return Job(
        id=fields.text("id"),
        job_ref=fields.text("job_ref"),
        job_type=fields.text("job_type"),
        profile=fields.text("profile"),
        version=fields.number("version"),
        description=fields.maybe_text("description"),
        triggers=fields.texts("triggers"),
        declared_triggers=declared.triggers,
        is_paused=fields.flag("is_paused"),
        is_archived=fields.flag("is_archived"),
        next_scheduled_run_at=fields.maybe_moment("next_scheduled_run_at"),
        pipeline_name=fields.maybe_text("pipeline_name"),
        freshness=declared.freshness,
        timezone=declared.timezone,
        updated_at=fields.moment("updated_at"),
        latest_run=parse_run(latest) if isinstance(latest, dict) else None,
        recent_runs=recent,
        timeout_seconds=declared.timeout_seconds,
        definition=declared.definition,
        job_url=fields.maybe_text("job_url"),
        public_url=fields.maybe_text("public_url"),
    )
