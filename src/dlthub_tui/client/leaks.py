"""What a run printed that was masked, and secrets of variables among it: from the region only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.errors import NotAllowed, NotFound
from dlthub_tui.client.paging import get_page
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True)
class MaskedCount:
    """How often a rule or a secret was masked in a run."""

    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class Masked:
    """What was masked in a run. Before `is_final` nothing was counted yet."""

    counts: tuple[MaskedCount, ...]
    is_final: bool


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret that a run printed. `profile` None is the workspace's own scope; `count` is how often it was printed,
    `reader_count` how many people read that log since.
    """

    id: str
    name: str
    profile: str | None
    is_variable: bool
    is_open: bool
    is_configuration: bool = False
    count: int = 0
    reader_count: int = 0
    run_id: str = ""
    job_ref: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that goes on with the value that was printed, or an older one."""

    run_id: str
    job_ref: str


@dataclass(frozen=True, slots=True)
class Rescrub:
    """Stored logs that are scrubbed again. `is_over` says that no stored log changes any more by it."""

    is_over: bool
    lines_changed: int


async def find_last_rescrub(region: Transport, workspace_id: str) -> Rescrub | None:
    """The newest of the workspace (own route); None where there is none, or the caller may not know."""
    try:
        answer = await region.get(f"/own/v1/workspaces/{workspace_id}/rescrubs", {"limit": 1})
    except (NotFound, NotAllowed):
        return None
    return next(iter(Fields(answer, "rescrubs").many("items", _parse_rescrub)), None)


def _parse_rescrub(raw: Any) -> Rescrub:
    fields = Fields(raw, "rescrub")
    return Rescrub(fields.text("state") not in {"pending", "running"}, fields.number("lines_changed", 0))


async def get_masked_totals(region: Transport, workspace_id: str, run_ids: Sequence[str]) -> dict[str, int]:
    """How much was masked in each of up to 200 runs that ended; 0 where nothing was (own route)."""
    if not run_ids:
        return {}
    answer = await region.get(f"/own/v1/workspaces/{workspace_id}/hits/-by-run", {"run_id": list(run_ids)})
    fields = Fields(answer, "hits").within("totals")
    return {run_id: int(fields.maybe_number(run_id) or 0) for run_id in run_ids}


async def get_masked_counts(region: Transport, workspace_id: str, run_id: str) -> Masked:
    """Counts by rule, the most frequent first; empty and not final until the run has ended (own route)."""
    try:
        fields = Fields(await region.get(f"{_run(workspace_id, run_id)}/hits"), "hits")
    except NotFound:
        return Masked((), is_final=False)
    counts = sorted(fields.many("hits", _parse_count), key=lambda item: (-item.count, item.rule))
    return Masked(tuple(counts), fields.flag("is_final"))


async def list_leaks(region: Transport, workspace_id: str, run_id: str) -> tuple[Leak, ...]:
    """Secrets that the run printed (own route). Raises: NotAllowed for viewers, who are told of none."""
    try:
        return Fields(await region.get(f"{_run(workspace_id, run_id)}/leaks"), "leaks").many("items", _parse_leak)
    except NotFound:
        return ()


async def list_open_leaks(region: Transport, workspace_id: str) -> tuple[Leak, ...]:
    """Printed values that are still in use, newest first. Raises: NotAllowed for viewers, who are told of none."""
    page = await get_page(region, f"/own/v1/workspaces/{workspace_id}/leaks", _parse_leak, {"state": "open"})
    return page.items


async def list_active_runs(region: Transport, workspace_id: str, leak_id: str) -> tuple[ActiveRun, ...]:
    """Runs that go on with the value that was printed."""
    answer = await region.get(f"/own/v1/workspaces/{workspace_id}/leaks/{leak_id}")
    return Fields(answer, "leak").many("active_runs", _parse_active)


def _run(workspace_id: str, run_id: str) -> str:
    return f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}"


def _parse_count(raw: Any) -> MaskedCount:
    fields = Fields(raw, "hit")
    return MaskedCount(fields.text("rule"), fields.number("count", 0))


def _parse_leak(raw: Any) -> Leak:
    fields = Fields(raw, "leak")
    scope = fields.maybe_text("scope") or "workspace"
    return Leak(
        fields.text("id"),
        fields.text("name"),
        scope.removeprefix("profile:") if scope.startswith("profile:") else None,
        fields.maybe_text("origin") == "variable",
        fields.maybe_text("state") == "open",
        fields.maybe_text("origin") == "configuration",
        fields.number("count", 0),
        fields.number("reader_count", 0),
        fields.maybe_text("run_id") or "",
        fields.maybe_text("job_ref") or "",
        fields.maybe_moment("at"),
    )


def _parse_active(raw: Any) -> ActiveRun:
    fields = Fields(raw, "active run")
    return ActiveRun(fields.text("run_id"), fields.text("job_ref"))
