"""Honest accounting: what was masked, by rule, per run and per workspace. It never leaves the region."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from planes.data_plane.services.alerts.alert_queue import AlertQueue
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.secrets_used import name_in_mask, parse_uses
from planes.domain.errors import NotFound
from planes.storage.data import hits, runs
from planes.storage.keyset import Bounds, Listed
from planes.storage.types import Row
from planes.wire.own_leaks import JobTotal, RuleHit, RuleTotal, RunHits, RunTotals, WorkspaceHits

JOB_PRINTS_SECRETS = "job_prints_secrets"
FOLDED = "registered"
_MOST_GROUPS = 500
_NAMESPACE = uuid.UUID("6d1c3a52-6f3e-4f0f-9a3a-2c5f2f0f7b11")


class Hits:
    """Writes counts down at the end of runs, and reads them."""

    def __init__(self, parts: Parts, alerts: AlertQueue) -> None:
        self._parts = parts
        self._alerts = alerts

    async def note(self, connection: Any, run: Row, counts: Mapping[str, int], at: datetime) -> None:
        """Writes a run's counts and events, in the caller's transaction. May run twice."""
        uses = parse_uses(run["secrets_used"])
        found: list[dict[str, Any]] = []
        for rule, count in _bounded(counts).items():
            kind = hits.SECRET if rule in uses else hits.RULE
            found.append({"run_id": run["id"], "rule": rule, "kind": kind, "count": count, "at": at,
                          "workspace_id": run["workspace_id"], "job_ref": run["job_ref"]})  # fmt: skip
        events = [
            {
                **{name: row[name] for name in ("run_id", "workspace_id", "job_ref", "rule", "count", "at")},
                "id": stable_id(run["id"], row["rule"]),
                "kind": JOB_PRINTS_SECRETS,
                "rule_kind": row["kind"],
            }
            for row in found
        ]
        is_news = bool(events) and not await hits.list_of_run(connection, run["id"])
        await hits.save_of_run(connection, run["id"], found, events)
        if is_news:
            await self.alert(connection, run)

    async def alert(self, connection: Any, run: Row) -> None:
        """Tells those who want to know that a run printed secrets, if it did; call the queue's `wake` after it."""
        found = await hits.list_of_run(connection, run["id"])
        if found:
            secrets = sum(row["count"] for row in found if row["kind"] == hits.SECRET)
            await self._alerts.secrets_printed(connection, run, sum(row["count"] for row in found), secrets)

    async def of_run(self, workspace_id: str, run_id: str, *, folded: bool) -> RunHits:
        """A run's counts; there are none before its end. `folded` leaves out names of secrets.

        Raises: NotFound.
        """
        async with self._parts.database.reading() as connection:
            run = await runs.find_in_workspace(connection, workspace_id, run_id)
            rows = await hits.list_of_run(connection, run_id) if run is not None else []
        if run is None:
            raise NotFound("not_found", "There is no such run here.")
        shown = [RuleHit(rule=row["rule"], kind=row["kind"], count=row["count"]) for row in _folded(rows, folded)]
        return RunHits(
            run_id=run_id,
            job_ref=run["job_ref"],
            is_final=run["state"] == runs.DONE and (run["masked"] is not None or run["examined_at"] is not None),
            total=sum(each.count for each in shown),
            secrets=sum(each.count for each in shown if each.kind == hits.SECRET),
            hits=shown,
        )

    async def of_runs(self, workspace_id: str, run_ids: Sequence[str]) -> RunTotals:
        """How much was masked in each of these runs; those with nothing, and of other workspaces, are left out."""
        async with self._parts.database.reading() as connection:
            found = await hits.sums_of_runs(connection, workspace_id, run_ids)
        return RunTotals(totals=found)

    async def of_workspace(self, workspace_id: str, since: datetime, until: datetime, *, folded: bool) -> WorkspaceHits:
        """Totals of runs that ended in a time."""
        between = (since, until)
        async with self._parts.database.reading() as connection:
            total, count = await hits.totals(connection, workspace_id, since, until)
            rules = await hits.totals_by(connection, ("rule", "kind"), workspace_id, between, _MOST_GROUPS)
            jobs = await hits.totals_by(connection, ("job_ref",), workspace_id, between, _MOST_GROUPS)
        return WorkspaceHits(
            since=since,
            until=until,
            total=total,
            runs=count,
            by_rule=[
                RuleTotal(**{name: row[name] for name in RuleTotal.model_fields}) for row in _folded(rules, folded)
            ],
            by_job=[JobTotal(**row) for row in jobs],
        )

    async def list_events(self, wanted: hits.EventFilter, bounds: Bounds, *, folded: bool) -> Listed[dict[str, Any]]:
        """A page of events."""
        async with self._parts.database.reading() as connection:
            found = await hits.list_events(connection, wanted, bounds)
        rows = found.items
        if folded:
            rows = [{**row, "rule": FOLDED} if row["rule_kind"] == hits.SECRET else row for row in rows]
        return found.carrying([
            {name: value for name, value in row.items() if name != "workspace_id"} for row in rows
        ])  # fmt: skip


def stable_id(run_id: str, name: str) -> str:
    """The same id whenever the same run is looked at again."""
    return str(uuid.uuid5(_NAMESPACE, f"{run_id}\n{name}"))


def _bounded(counts: Mapping[str, int]) -> Counter[str]:
    """Names as the table takes them; two that begin alike are one."""
    bounded: Counter[str] = Counter()
    for rule, count in counts.items():
        bounded[name_in_mask(rule)] += count
    return bounded


def _folded(rows: Sequence[Row], folded: bool) -> list[Row]:
    """All names of secrets as one: a mask is no oracle for those who may not know names (Security: 8)."""
    if not folded:
        return list(rows)
    kept = [row for row in rows if row["kind"] != hits.SECRET]
    secrets = [row for row in rows if row["kind"] == hits.SECRET]
    if secrets:
        runs_of = [int(row.get("runs", 1)) for row in secrets]
        count = sum(row["count"] for row in secrets)
        kept.append({**secrets[0], "rule": FOLDED, "count": count, "runs": max(runs_of)})
    return sorted(kept, key=lambda row: (-row["count"], row["rule"]))
