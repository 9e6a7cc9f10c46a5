"""How many rows the control plane has of a workspace."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, func, select

from planes.domain.identifiers import WorkspaceId
from planes.storage.control.connection import Connection
from planes.storage.control.deployments import configurations, deployments
from planes.storage.control.jobs import job_versions, jobs
from planes.storage.control.runs import runs
from planes.storage.control.summaries import pipeline_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRows:
    """Rows by kind."""

    jobs: int
    job_versions: int
    runs: int
    deployments: int
    configurations: int
    pipeline_runs: int


async def count_workspace(connection: Connection, workspace_id: WorkspaceId) -> CountedRows:
    """All of it."""

    async def count(query: Select[int]) -> int:
        return (await connection.execute(query)).scalar_one()

    number = func.count()
    versions = select(number).select_from(job_versions.join(jobs, job_versions.c.job_id == jobs.c.id))
    summaries = select(number).select_from(pipeline_runs.join(runs, pipeline_runs.c.run_id == runs.c.id))
    return CountedRows(
        jobs=await count(select(number).where(jobs.c.workspace_id == workspace_id)),
        job_versions=await count(versions.where(jobs.c.workspace_id == workspace_id)),
        runs=await count(select(number).where(runs.c.workspace_id == workspace_id)),
        deployments=await count(select(number).where(deployments.c.workspace_id == workspace_id)),
        configurations=await count(select(number).where(configurations.c.workspace_id == workspace_id)),
        pipeline_runs=await count(summaries.where(runs.c.workspace_id == workspace_id)),
    )
