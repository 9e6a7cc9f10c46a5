"""Bodies of the own routes about what is stored where, on either plane (docs/api.md). Each plane counts itself."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class Stored(BaseModel):
    """How many there are and how much they take. `size_bytes` is null where only rows were counted."""

    count: int
    size_bytes: int | None = None


class StoredVariables(Stored):
    """`secret_count` of them are sealed."""

    secret_count: int


class RegionHoldings(BaseModel):
    """What a region stores of a workspace. `serves_since` is when it first saw it.

    `code` and `configuration` are versions by the size of their archives, `logs` runs with a log by what lies on disk,
    `results` structured results, `telemetry` pipeline runs with their traces and states, `artifacts` what
    the dashboard shows of a pipeline on a profile; `audit_entries` are of this workspace. A log goes `keep_log_days`
    after the end of its run, 0: never.
    """

    dataplane_id: str
    region: str
    counted_at: datetime
    serves_since: datetime | None
    code: Stored
    configuration: Stored
    variables: StoredVariables
    logs: Stored
    results: Stored
    telemetry: Stored
    artifacts: Stored
    audit_entries: int
    keep_log_days: int


class RegionPresence(BaseModel):
    """Whether a region stores anything at all of an organization; what, only its members are told."""

    dataplane_id: str
    organization_id: str
    holds_something: bool


class OtherRegion(BaseModel):
    """A region of the installation; `url` is null until it enrolled."""

    dataplane_id: str
    place: str
    url: str | None


class ControlPlaneHoldings(BaseModel):
    """The region lock, and how many rows of a workspace the control plane has. It stores no kind but these.

    `locked_by` is an e-mail address; it and `locked_at` are null where the lock is older than the audit log.
    """

    organization_id: str
    dataplane_id: str
    locked_at: datetime | None
    locked_by: str | None
    jobs: int
    job_versions: int
    runs: int
    deployments: int
    configurations: int
    pipeline_runs: int
    regions: list[OtherRegion]
