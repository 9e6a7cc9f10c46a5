"""Bodies of our own routes about what logs leaked (docs/api.md). Names, counts and line numbers; never a value."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

HitKind = Literal["secret", "rule"]
LeakState = Literal["open", "rotated", "expired"]


class RuleHit(BaseModel):
    """How often one rule masked something. Of kind `secret` the rule is the name of a registered value."""

    rule: str
    kind: HitKind
    count: int


class RunHits(BaseModel):
    """A run's masks. Counts exist from its end on: before, `is_final` is false and `hits` empty."""

    run_id: str
    job_ref: str
    is_final: bool
    total: int
    secrets: int
    hits: list[RuleHit]


class RunTotals(BaseModel):
    """Masks of each run that has any, by its id. A run that goes on is not counted yet."""

    totals: dict[str, int]


class RuleTotal(RuleHit):
    """The same over several runs."""

    runs: int


class JobTotal(BaseModel):
    """What one job's runs printed."""

    job_ref: str
    count: int
    runs: int


class WorkspaceHits(BaseModel):
    """A workspace's masks in a time, highest counts first."""

    since: datetime
    until: datetime
    total: int
    runs: int
    by_rule: list[RuleTotal]
    by_job: list[JobTotal]


class ExtraPattern(BaseModel):
    """A pattern of the workspace's own; the name stands in the mask."""

    name: Annotated[str, Field(max_length=64)]
    pattern: Annotated[str, Field(max_length=512)]


class ScrubSettingsRequest(BaseModel):
    """How the workspace's logs are scrubbed. `allowed` are texts that no rule masks; registered values always are."""

    pii: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=64)] = Field(default_factory=list[str])
    patterns: Annotated[list[ExtraPattern], Field(max_length=64)] = Field(default_factory=list[ExtraPattern])
    allowed: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=500)] = Field(
        default_factory=list[str]
    )


class ScrubSettingsResponse(ScrubSettingsRequest):
    """The settings that hold; version 0 are the defaults."""

    version: int
    updated_at: datetime | None
    updated_by: str | None
    known_pii: list[str]
    applies_from: Literal["next run"] = "next run"


class HeldBy(BaseModel):
    """A variable that has the leaked value now; `profile` null is the workspace's own scope."""

    profile: str | None
    name: str
    version: int


class Leak(BaseModel):
    """A registered value that a run printed. `lines` are the first numbers of lines that hold its mask.

    `held_by` names every variable that has the value now, whatever it was called when it was printed.
    """

    id: str
    run_id: str
    job_ref: str
    profile: str
    rule: Literal["registered"] = "registered"
    name: str
    origin: Literal["variable", "configuration", "platform"]
    scope: str | None
    version: int | None
    present_version: int | None
    held_by: list[HeldBy]
    count: int
    lines: list[int]
    more_lines: bool
    at: datetime
    state: LeakState
    reader_count: int
    active_run_count: int


class LeakReader(BaseModel):
    """Somebody who read the log of a leak."""

    actor: str
    email: str | None
    first_at: datetime
    last_at: datetime
    count: int


class ActiveRun(BaseModel):
    """A run that goes on with the leaked value."""

    run_id: str
    job_ref: str
    version: int | None


class DetailedLeak(Leak):
    """With who read the log since, and who still uses the value."""

    readers: list[LeakReader]
    active_runs: list[ActiveRun]


class LeaksOfRun(BaseModel):
    """The leaks of one run."""

    items: list[Leak]


class NamedVariable(BaseModel):
    """A variable; `profile` null is the workspace's own scope."""

    profile: Annotated[str | None, Field(max_length=128)]
    name: Annotated[str, Field(max_length=200)]


class RescrubRequest(BaseModel):
    """Which secret variables to look for in stored logs; null: every one."""

    variables: Annotated[list[NamedVariable], Field(max_length=500)] | None = None


class RescrubbedVariable(BaseModel):
    """A variable as it was when the rescrub was asked for."""

    scope: str
    name: str
    version: int


class Rescrub(BaseModel):
    """Stored logs scrubbed again. `runs_waiting` go on: they are done after their end."""

    id: str
    reason: Literal["variable_set", "asked"]
    variables: list[RescrubbedVariable]
    state: Literal["pending", "running", "waiting", "done", "failed"]
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    runs_total: int
    runs_done: int
    runs_waiting: int
    runs_failed: int
    lines_changed: int
    documents_changed: int
    not_reached: list[str]
