"""Upstream gates and the refresh cascade, as dlt decides them. Contract: 4.4."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planes.manifest.facts import default_trigger_of

Definitions = Mapping[str, Mapping[str, Any]]
"""Live definitions of one workspace by job_ref."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether all upstreams are fresh; `reasons` go verbatim into a receipt."""

    is_fresh: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refresh:
    """Whether a run carries the refresh signal, and a warning when the job ignores what was asked."""

    is_refresh: bool
    warning: str | None


def upstream_refs(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Refs of the jobs that this one waits for, in declared order."""
    return tuple(constraint.partition(":")[2] for constraint in definition.get("freshness") or ())


def check_freshness(
    definition: Mapping[str, Any], jobs: Definitions, completed_ends: Mapping[str, datetime | None], now: datetime
) -> Freshness:
    """Judge a job's constraints by the `interval_end` of each upstream's last completed run.

    An upstream that is gone from `jobs` is never fresh.
    """
    from planes.manifest import dlt_door as dlt

    gone = [ref for ref in upstream_refs(definition) if ref not in jobs]
    constraints = [item for item in definition.get("freshness") or () if item.partition(":")[2] in jobs]
    _, reasons = dlt.check_all_upstream_run_fresh(
        constraints,
        dlt.as_definitions({ref: _with_default_trigger(jobs[ref]) for ref in upstream_refs(definition) if ref in jobs}),
        dict(completed_ends),
        now,
    )
    all_reasons = (*(f"upstream {ref} is not deployed" for ref in gone), *reasons)
    return Freshness(not all_reasons, all_reasons)


def downstream_refs(job_ref: str, jobs: Definitions) -> tuple[str, ...]:
    """Jobs whose freshness names this one directly."""
    from planes.manifest import dlt_door as dlt

    return tuple(dlt.get_direct_freshness_downstream(job_ref, dlt.as_definitions(jobs)))


def refresh_cascade(job_ref: str, jobs: Definitions) -> tuple[str, ...]:
    """Jobs that a refresh begun at this one reaches, nearest first, without itself; `block` cuts the branch."""
    from planes.manifest import dlt_door as dlt

    return tuple(dlt.get_refresh_cascade_targets(job_ref, dlt.as_definitions(jobs)))


def passes_refresh_on(definition: Mapping[str, Any], *, was_refresh: bool) -> bool:
    """Whether the success of a run makes the jobs directly behind it begin anew: `always` does, `block` never."""
    policy = definition.get("refresh_propagation") or "auto"
    return policy == "always" or (policy == "auto" and was_refresh)


def refreshable_downstream(job_ref: str, jobs: Definitions) -> tuple[str, ...]:
    """Jobs directly behind this one that let themselves be refreshed."""
    return tuple(
        ref for ref in downstream_refs(job_ref, jobs) if jobs[ref].get("refresh_propagation", "auto") != "block"
    )


def decide_refresh(definition: Mapping[str, Any], is_requested: bool) -> Refresh:
    """Apply the job's `refresh_propagation` to what was asked: `always` gives it, `block` takes it."""
    from planes.manifest import dlt_door as dlt

    is_refresh, warning = dlt.resolve_refresh(is_requested, dlt.as_definition(definition))
    return Refresh(is_refresh, warning)


def _with_default_trigger(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """dlt judges an upstream by its default trigger, which a client may have left out."""
    default = definition.get("default_trigger") or default_trigger_of(tuple(definition.get("triggers") or ()))
    return definition if default is None else {**definition, "default_trigger": default}
