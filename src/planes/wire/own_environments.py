"""Bodies of the own routes about a workspace's environments (docs/api.md)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class EnvironmentJob(BaseModel):
    """A job whose runs used the environment; `last_number` is the newest of them that did."""

    job_ref: str
    runs: int
    last_number: int
    last_at: datetime


class EnvironmentRun(BaseModel):
    """A run that goes on in it."""

    run_id: str
    job_ref: str
    number: int


class Environment(BaseModel):
    """What is installed, what it takes, and what used it.

    `python_version` and `requirements` are as they were asked for, None and empty where that cannot be read any more.
    `is_current`: jobs of the newest code use it, so housekeeping keeps it.
    """

    key: str
    python_version: str | None
    requirements: list[str]
    size_bytes: int
    built_at: datetime
    used_at: datetime
    is_current: bool
    in_use_by: list[EnvironmentRun]
    jobs: list[EnvironmentJob]


class EnvironmentsResponse(BaseModel):
    """Least recently used last. Environments go by themselves after `keep_days` unused, 0: never."""

    items: list[Environment]
    keep_days: int
