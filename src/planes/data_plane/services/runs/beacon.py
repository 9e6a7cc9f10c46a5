"""What runs report of themselves: traces, states and results, scrubbed before they are stored (Contract: 7.1).

The secret in the address says whose report it is; the report's own words are never believed about that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, cast

from anyio import CapacityLimiter, to_thread

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.keyed_locks import KeyedLocks
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.outbox import Outbox
from planes.data_plane.services.reporting.reports import build_pipeline_run
from planes.data_plane.services.runs.runs import Findings
from planes.data_plane.services.secrets.run_masks import RunMasks
from planes.data_plane.services.traces.documents import text
from planes.data_plane.services.traces.traces import PipelineRunFacts, read_trace
from planes.domain.errors import InvalidRequest, NotFound, TooLarge
from planes.domain.identifiers import new_id
from planes.scrub import Registered, scrub_json
from planes.storage.data import runs, telemetry
from planes.storage.types import Row
from planes.tokens.opaque import hash_secret
from planes.wire.link import MAXIMUM_SUMMARIES_PER_RUN

MAXIMUM_BYTES = 4 * 1024 * 1024
# A larger result loses its trace, and answers 413 when that is asked for; beyond this one nothing is read.
MAXIMUM_RESULT_BYTES = 32 * 1024 * 1024
MAXIMUM_PER_RUN = 1_000
MOST_VALUES = 1_000_000
"""In one report: an empty list is three bytes of it, and fifty times that in memory."""

_READ_AT_ONCE = 2
_DEEPEST = 100
_MEMBER_BYTES = 64 * 1024
_SEPARATORS = (b",", b":", b"[", b"{")
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class ReportKind(StrEnum):
    """The last segment of the address."""

    TRACE = "trace"
    STATE = "state"
    JOB_RESULT = "job_result"


class Beacon:
    """Takes reports of live runs, and of ended ones for a short grace."""

    def __init__(self, parts: Parts, outbox: Outbox, audit: Audit, findings: Findings, masks: RunMasks) -> None:
        self._parts = parts
        self._outbox = outbox
        self._audit = audit
        self._masks = masks
        self._hits = findings.hits
        self._alerts = findings.alerts
        self._readers = CapacityLimiter(_READ_AT_ONCE)
        self._taking: KeyedLocks[str] = KeyedLocks()

    def taking(self, run: Row) -> AbstractAsyncContextManager[None]:
        """A report is received and taken within this, of each run one at a time: it may be larger than the others."""
        return self._taking.holding(run["id"])

    async def find_run(self, secret: str) -> Row:
        """The run that has this secret now.

        Raises: NotFound.
        """
        async with self._parts.database.reading() as connection:
            row = await runs.find_by_beacon(connection, hash_secret(secret), self._parts.clock.now())
        if row is None:
            raise NotFound("not_found", "There is nothing here.")
        return row

    async def take(self, run: Row, kind: ReportKind, body: bytes) -> None:
        """Stores one report. May run twice.

        Raises: InvalidRequest, TooLarge.
        """
        registered = await self._masks.of(run)
        limit = MAXIMUM_RESULT_BYTES if kind is ReportKind.JOB_RESULT else MAXIMUM_BYTES
        document = await to_thread.run_sync(_read, body, registered, limit, limiter=self._readers)
        match kind:
            case ReportKind.TRACE:
                await self._take_trace(run, document, registered)
            case ReportKind.STATE:
                await self._take_state(run, document)
            case ReportKind.JOB_RESULT:
                await self._take_result(run, document, len(body) > MAXIMUM_BYTES)
        actor = Actor.run(run["id"], run["organization_id"], run["workspace_id"])
        await self._audit.note(actor, Action.TELEMETRY_REPORTED, run["id"], kind=str(kind))

    async def _take_trace(self, run: Row, document: Mapping[str, Any], registered: Registered) -> None:
        facts = await to_thread.run_sync(read_trace, document)
        if facts is None:
            raise InvalidRequest("invalid_request", "A trace names its pipeline and its transaction.")
        packed = await to_thread.run_sync(_pack, document)
        async with self._parts.database.transaction() as connection:
            if facts.unexplained_loads:
                earlier = await telemetry.find_pending_rows(
                    connection, run["workspace_id"], facts.pipeline_name, facts.unexplained_loads
                )
                facts = (read_trace(document, earlier) if earlier else None) or facts
            count = await telemetry.count_of_run(connection, run["id"])
            if count >= MAXIMUM_PER_RUN:
                return
            state = await telemetry.find_state(connection, run["id"], facts.pipeline_name)
            facts = facts.with_names_of(state) if state is not None else facts
            row = self._pipeline_run(run, facts, packed)
            pipeline_run_id = await telemetry.save_pipeline_run(connection, row)
            if count < MAXIMUM_SUMMARIES_PER_RUN and run["stop_reason"] != "stale":
                report = build_pipeline_run(run["fence"], facts, registered)
                await self._outbox.queue(connection, run["id"], report, pipeline_run_id)
            await self._tell_late(connection, run["id"])
        self._outbox.wake()
        self._alerts.wake()

    async def _tell_late(self, connection: Any, run_id: str) -> None:
        """A run that has ended by now has told of another pipeline: alerts for that one are of it, too."""
        run = await runs.find(connection, run_id)
        if run is not None and run["state"] == runs.DONE and run["stop_reason"] != "stale":
            await self._alerts.run_ended(connection, run)
            await self._hits.alert(connection, run)

    def _pipeline_run(self, run: Row, facts: PipelineRunFacts, packed: bytes) -> dict[str, Any]:
        now = self._parts.clock.now()
        return {
            "id": new_id(),
            "workspace_id": run["workspace_id"],
            "job_run_id": run["id"],
            "pipeline_name": facts.pipeline_name,
            "transaction_id": facts.transaction_id,
            "dataset_name": facts.dataset_name,
            "destination_name": facts.destination_name,
            "status": str(facts.status),
            "started_at": facts.started_at,
            "finished_at": facts.finished_at,
            "duration_ms": facts.duration_ms,
            "error_step": facts.error_step,
            "error_message": facts.error_message,
            "is_empty_run": not facts.packages,
            "has_schema_migration": facts.has_schema_migration,
            "source_names": facts.source_names,
            "table_names": facts.loaded_table_names,
            "pending_rows": facts.pending_rows or None,
            "total_bytes_loaded": facts.total_bytes_loaded,
            "total_rows_extracted": facts.total_rows_extracted,
            "total_rows_loaded": facts.total_rows_loaded,
            "detail": facts.detail(),
            "trace": packed,
            "created_at": now,
            "updated_at": now,
        }

    async def _take_state(self, run: Row, document: Mapping[str, Any]) -> None:
        name = text(document.get("pipeline_name"))
        if name is None:
            raise InvalidRequest("invalid_request", "A state names its pipeline.")
        row = {
            "job_run_id": run["id"],
            "pipeline_name": name,
            "workspace_id": run["workspace_id"],
            "dataset_name": text(document.get("dataset_name")),
            "destination_name": text(document.get("destination_name")),
            "state": await to_thread.run_sync(_pack, document),
            "updated_at": self._parts.clock.now(),
        }
        async with self._parts.database.transaction() as connection:
            await telemetry.save_state(connection, row)

    async def _take_result(self, run: Row, document: Mapping[str, Any], is_too_large: bool) -> None:
        kind = text(document.get("type"))
        if kind is None:
            raise InvalidRequest("invalid_request", "A result names its type.")
        version = document.get("engine_version")
        now = self._parts.clock.now()
        row = {
            "job_run_id": run["id"],
            "id": new_id(),
            "workspace_id": run["workspace_id"],
            "job_ref": run["job_ref"],
            "result_type": kind,
            "engine_version": version if isinstance(version, int) and 0 < version < 2**31 else 1,
            "envelope": await to_thread.run_sync(_pack, {**document, "job_ref": run["job_ref"]}),
            "is_trace_too_large": is_too_large,
            "created_at": now,
            "updated_at": now,
        }
        async with self._parts.database.transaction() as connection:
            await telemetry.save_result(connection, row)


def _without_bulk(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    """A result that is too large to be served whole: of its trace, and if need be of all, no more than the numbers."""
    without_trace = {name: value for name, value in envelope.items() if name != "trace"}
    trace: object = envelope.get("trace")
    if isinstance(trace, dict):
        members = cast("dict[str, Any]", trace).items()
        without_trace["trace"] = {name: value for name, value in members if not isinstance(value, dict | list)}
    if len(json.dumps(without_trace)) <= MAXIMUM_BYTES:
        return without_trace
    return {name: value for name, value in without_trace.items() if len(json.dumps(value)) <= _MEMBER_BYTES}


def _read(body: bytes, registered: Registered, limit: int) -> Mapping[str, Any]:
    """What is too large of a result is left out before all the rest is scrubbed. Raises: InvalidRequest, TooLarge."""
    if len(body) > limit or _values_in(body) > MOST_VALUES:
        raise TooLarge("too_large", "The report is too large.")
    try:
        document: object = json.loads(body, parse_constant=_no_number, parse_float=_finite)
        is_shallow = _depth_fits(document, _DEEPEST)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("invalid_request", "The report is not JSON.") from exc
    if not isinstance(document, dict) or not is_shallow:
        raise InvalidRequest("invalid_request", "The report is not an object of reasonable depth.")
    report = cast("Mapping[str, Any]", document)
    kept = _without_bulk(report) if len(body) > MAXIMUM_BYTES else report
    return cast("Mapping[str, Any]", scrub_json(cast("Any", kept), registered))


def _values_in(body: bytes) -> int:
    """How many values the text has, at most; what texts hold is only taken out where it would be too many with it."""
    counted = sum(map(body.count, _SEPARATORS))
    return counted if counted <= MOST_VALUES else sum(map(_TEXT.sub(b"", body).count, _SEPARATORS))


def _no_number(_name: str) -> None:
    """NaN and infinities are no JSON: they become null, so that what is served can be read."""


def _finite(digits: str) -> float | None:
    """The same for `1e999`, which is JSON, and an infinity to who reads it."""
    number = float(digits)
    return number if math.isfinite(number) else None


def _depth_fits(value: object, left: int) -> bool:
    layer: list[object] = [value]
    for _ in range(left):
        inner: list[object] = []
        for each in layer:
            if isinstance(each, dict):
                inner.extend(cast("dict[str, object]", each).values())
            elif isinstance(each, list):
                inner.extend(cast("list[object]", each))
        if not inner:
            return True
        layer = inner
    return False


def _pack(document: Mapping[str, Any]) -> bytes:
    return telemetry.pack(json.dumps(document).encode())
