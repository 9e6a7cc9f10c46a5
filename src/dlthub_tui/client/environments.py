"""The environments that a region has built for a workspace's jobs (docs/api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentUse:
    """A job's runs in it, or with `run_id` one of them that goes on."""

    job_ref: str
    number: int
    runs: int = 1
    last_at: datetime | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """`requirements` as they were asked for; `is_current`: the newest code's jobs were run in it."""

    key: str
    python_version: str | None
    requirements: tuple[str, ...]
    size_bytes: int
    built_at: datetime
    used_at: datetime
    is_current: bool
    in_use_by: tuple[EnvironmentUse, ...]
    jobs: tuple[EnvironmentUse, ...]


async def list_environments(region: Transport, workspace_id: str) -> tuple[tuple[Environment, ...], int]:
    """Last used first, and the days after which one that is not used goes, 0: never (own route)."""
    fields = Fields(await region.get(_path(workspace_id)), "environments")
    return fields.many("items", _parse), fields.number("keep_days", 0)


async def remove_environment(region: Transport, workspace_id: str, key: str) -> None:
    """Own route. Raises: Conflict while a run uses it, NotFound."""
    await region.delete(f"{_path(workspace_id)}/{key}")


def _path(workspace_id: str) -> str:
    return f"/own/v1/workspaces/{workspace_id}/environments"


def _parse(raw: Any) -> Environment:
    fields = Fields(raw, "environment")
    return Environment(
        key=fields.text("key"),
        python_version=fields.maybe_text("python_version"),
        requirements=fields.texts("requirements"),
        size_bytes=fields.number("size_bytes", 0),
        built_at=fields.moment("built_at"),
        used_at=fields.moment("used_at"),
        is_current=fields.flag("is_current"),
        in_use_by=fields.many("in_use_by", _parse_run),
        jobs=fields.many("jobs", _parse_job),
    )


def _parse_run(raw: Any) -> EnvironmentUse:
    fields = Fields(raw, "run")
    return EnvironmentUse(job_ref=fields.text("job_ref"), number=fields.number("number"), run_id=fields.text("run_id"))


def _parse_job(raw: Any) -> EnvironmentUse:
    fields = Fields(raw, "job")
    return EnvironmentUse(
        job_ref=fields.text("job_ref"),
        number=fields.number("last_number"),
        runs=fields.number("runs"),
        last_at=fields.maybe_moment("last_at"),
    )
