"""The structured results of runs (Contract: 1.5, operations 60 and 61)."""

from __future__ import annotations

import json
from typing import Any, cast

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.domain.errors import NotFound, TooLarge
from planes.storage.data import telemetry
from planes.storage.types import Row
from planes.wire.telemetry import JobResultResponse

_COLUMNS = ("id", "job_run_id", "job_ref", "result_type", "engine_version", "created_at", "updated_at")
_TEXTS = ("loop_type", "model", "stop_reason")
_COUNTS = ("input_tokens", "output_tokens", "total_tokens", "turn_count")


class Results:
    """Reads results. A run that declared none has none: NotFound."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit

    async def get_result(self, actor: Actor, run_id: str) -> JobResultResponse:
        """The result with the members that agents add.

        Raises: NotFound.
        """
        row, envelope = await self._get(actor, run_id)
        trace: object = envelope.get("trace")
        # what a loop counted is said by its trace; a result without one may say it itself
        counted = {**envelope, **cast("dict[str, Any]", trace)} if isinstance(trace, dict) else envelope
        members: dict[str, Any] = {
            **{name: row[name] for name in _COLUMNS},
            "result": envelope.get("result"),
            "agent_status": _text(envelope.get("status")),
            "summary": _text(envelope.get("summary")),
            "cost_usd": _decimal(counted.get("cost_usd")),
            **{name: _text(counted.get(name)) for name in _TEXTS},
            **{name: _count(counted.get(name)) for name in _COUNTS},
        }
        return JobResultResponse(**members)

    async def get_trace(self, actor: Actor, run_id: str) -> dict[str, Any]:
        """The envelope as it was reported, scrubbed.

        Raises: NotFound, TooLarge.
        """
        row, envelope = await self._get(actor, run_id)
        if row["is_trace_too_large"]:
            raise TooLarge("job_result_trace_too_large", "The result's trace is too large to be served.")
        return envelope

    async def _get(self, actor: Actor, run_id: str) -> tuple[Row, dict[str, Any]]:
        async with self._parts.database.reading() as connection:
            row = await telemetry.find_result(connection, actor.workspace_id, run_id)
        if row is None:
            raise NotFound("not_found", "There is no result of such a run here.")
        await self._audit.note(actor, Action.RESULT_READ, run_id)
        return row, json.loads(telemetry.unpack(row["envelope"]))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)
