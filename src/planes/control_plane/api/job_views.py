"""Jobs, versions and runs as the contract words them. Links lead to pages of the control plane (Contract: 2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from planes.control_plane.services.work.jobs import DetailedJob
from planes.control_plane.services.work.runs import DetailedRun
from planes.domain.attention import attention_reasons
from planes.domain.runs import Run
from planes.manifest.facts import JobFacts, part, said
from planes.storage.control.job_lists import ShortJob
from planes.storage.control.jobs import JobVersion, VersionedJob
from planes.storage.control.run_lists import DownstreamRun, RecentRun
from planes.storage.control.summaries import PipelineRunSummary
from planes.wire.jobs import DetailedJobResponse, DetailedJobRunResponse, JobResponse, JobVersionResponse
from planes.wire.runs import (
    DownstreamJobRunResponse,
    JobRunResponse,
    OwnJobRunResponse,
    PipelineRunSummaryResponse,
)

_HARDWARE: dict[str, tuple[float, int]] = {
    "small": (2.0, 4096), "medium": (4.0, 8192), "large": (8.0, 16384), "xlarge": (16.0, 32768),
}  # fmt: skip


def render_version(version: JobVersion) -> JobVersionResponse:
    """One version; hardware is what its declared size stands for (Contract: 8)."""
    return JobVersionResponse(**_version(version, JobFacts.from_definition(version.definition)))


def render_job(found: VersionedJob, public_url: str) -> JobResponse:
    """One job with its current definition."""
    return JobResponse(**_job(found, JobFacts.from_definition(found.version.definition), public_url))


def render_detailed_job(found: DetailedJob, public_url: str) -> DetailedJobResponse:
    """One job with what was asked for beside it. Lists have a thousand: its definition is read once."""
    latest, facts = found.latest_run, JobFacts.from_definition(found.job.version.definition)
    return DetailedJobResponse.model_validate({
        **_job(found.job, facts, public_url),
        "current_version": _version(found.job.version, facts),
        "latest_job_run": None if latest is None else _run(latest, found.summaries, public_url),
        "recent_job_runs": _recent(found.recent),
        "downstream_job_runs": _downstream(found.downstream),
    })  # fmt: skip


def render_short_job(found: ShortJob, public_url: str) -> dict[str, Any]:
    """What a list shows of one job. Lists have a thousand: only those members of its definition are read."""
    job, definition = found.job, found.definition
    is_interactive, secret = job["job_type"] == "interactive", job["public_secret"]
    return {
        **job,
        "description": said(definition.get("description")),
        "triggers": found.triggers,
        "declared_triggers": definition.get("triggers") or (),
        "freshness": definition.get("freshness") or (),
        "timezone": part(definition, "require").get("timezone"),
        "timeout_seconds": part(part(definition, "execute"), "timeout").get("timeout"),
        "next_scheduled_run_at": job["next_fire_at"],
        "job_url": _app_url(job["workspace_id"], job["id"], public_url) if is_interactive else None,
        "public_url": None if secret is None else _shared_url(secret, public_url),
        "latest_job_run": found.latest_run,
        "recent_job_runs": found.recent,
    }


def render_run(run: Run, summaries: Iterable[PipelineRunSummary], public_url: str) -> JobRunResponse:
    """One run."""
    return JobRunResponse(**_run(run, summaries, public_url))


def render_detailed_run(found: DetailedRun, public_url: str) -> DetailedJobRunResponse:
    """One run with its job and the version that it runs."""
    return DetailedJobRunResponse(
        **_run(found.run, found.summaries, public_url),
        attention_reasons=[*attention_reasons(found.run, (each.total_rows for each in found.summaries))],
        job=render_job(found.job, public_url),
        job_version=render_version(found.version),
        downstream_job_runs=_downstream(found.downstream),
    )


def render_own_run(run: Run, lease_expires_at: datetime | None) -> OwnJobRunResponse:
    """What our own clients see beyond the contract. `lease_expires_at` is as clocks show it; none when unreachable."""
    return OwnJobRunResponse(
        id=run.id,
        number=run.number,
        status=run.status.value,
        reason="lost" if run.is_lost else None,
        dataplane_id=run.dataplane_id,
        unreachable_since=run.unreachable_since,
        lease_expires_at=lease_expires_at if run.unreachable_since is None else None,
        claimed_at=run.claimed_at,
        is_refresh=run.is_refresh,
        chain_depth=run.chain_depth,
    )


def _defined(version: JobVersion, facts: JobFacts) -> dict[str, Any]:
    return {
        "job_ref": facts.job_ref,
        "job_type": facts.job_type,
        "job_definition": version.definition,
        "job_definition_engine_version": version.engine_version,
        "job_definition_hash": version.definition_hash,
        "name": facts.display_name or facts.name,
        "description": facts.description,
        "default_trigger": version.default_trigger,
        "triggers": list(version.triggers),
        "freshness": list(facts.freshness) or None,
        "interval_start": facts.interval_start,
        "interval_end": facts.interval_end,
        "pipeline_name": facts.pipeline_name,
    }


def _version(version: JobVersion, facts: JobFacts) -> dict[str, Any]:
    vcpu, memory = _HARDWARE.get(facts.instance_size or "", (None, None))
    return {
        **_defined(version, facts),
        "id": version.id,
        "created_at": version.created_at,
        "created_by": version.created_by,
        "updated_at": version.created_at,
        "version": version.version,
        "deployment_module": version.module,
        "profile": version.profile,
        "job_id": version.job_id,
        "max_run_time_seconds": facts.max_run_time_seconds,
        "provider": "local",
        "instance_size": facts.instance_size,
        "memory_mib": memory,
        "vcpu": vcpu,
    }


def _job(found: VersionedJob, facts: JobFacts, public_url: str) -> dict[str, Any]:
    job = found.job
    is_interactive = job.job_type == "interactive"
    return {
        **_defined(found.version, facts),
        "id": job.id,
        "workspace_id": job.workspace_id,
        "created_at": job.created_at,
        "created_by": job.created_by,
        "updated_at": job.updated_at,
        "version": job.version,
        "profile": job.profile,
        "deployment_module": job.module,
        "is_archived": job.is_archived,
        "is_paused": job.is_paused,
        "next_scheduled_run_at": job.next_fire_at,
        "job_url": _app_url(job.workspace_id, job.id, public_url) if is_interactive else None,
        "public_url": None if job.public_secret is None else _shared_url(job.public_secret, public_url),
        "public_secret": job.public_secret,
    }


def _app_url(workspace_id: str, job_id: str, public_url: str) -> str:
    return f"{public_url}/apps/{workspace_id}/{job_id}"


def _shared_url(secret: str, public_url: str) -> str:
    return f"{public_url}/public/{secret}"


def _run(run: Run, summaries: Iterable[PipelineRunSummary], public_url: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "number": run.number,
        "status": run.status.value,
        "trigger": run.trigger,
        "profile": run.profile,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "duration_seconds": run.duration_seconds,
        "workspace_id": run.workspace_id,
        "configuration_id": run.configuration_id,
        "deployment_id": run.deployment_id,
        "job_version_id": run.job_version_id,
        "triggered_by": run.triggered_by,
        "logs_url": f"{public_url}/w/{run.workspace_id}/runs/{run.id}",
        "interval_start": run.interval_start,
        "interval_end": run.interval_end,
        "previous_job_run_id": run.previous_job_run_id,
        "pipeline_run_summaries": [_summary(item) for item in summaries],
    }


def _summary(item: PipelineRunSummary) -> PipelineRunSummaryResponse:
    return PipelineRunSummaryResponse(
        pipeline_name=item.pipeline_name,
        pipeline_run_id=item.id,
        dataset_name=item.dataset_name,
        destination_name=item.destination_name,
        transaction_id=item.transaction_id,
        status=item.status,
        started_at=item.started_at,
        finished_at=item.finished_at,
        duration_ms=item.duration_ms,
        total_rows=item.total_rows,
    )


def _recent(found: Iterable[RecentRun] | None) -> list[dict[str, Any]] | None:
    """As they go into the job's body: ten constructors more for each job take twice the time."""
    if found is None:
        return None
    return [
        {"id": id_, "status": status, "duration_seconds": took, "rows_loaded": rows, "started_at": started}
        for id_, status, started, took, rows in found
    ]


def _downstream(found: Iterable[DownstreamRun] | None) -> list[DownstreamJobRunResponse] | None:
    if found is None:
        return None
    return [
        DownstreamJobRunResponse(
            id=item.run.id,
            job_id=item.run.job_id,
            job_ref=item.job_ref,
            name=item.name,
            number=item.run.number,
            status=item.run.status.value,
            trigger=item.run.trigger,
            category=item.category,
            duration_seconds=item.run.duration_seconds,
            started_at=item.run.started_at,
        )
        for item in found
    ]
