"""Reads pipeline runs of a workspace (Contract: 1.5, operations 54 to 57)."""

from __future__ import annotations

import json
from typing import Any

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.domain.errors import NotFound
from planes.server.paging import Page, envelope
from planes.storage.data import telemetry
from planes.storage.data.telemetry import PipelineRunFilter
from planes.storage.types import Row
from planes.wire.telemetry import DetailedPipelineRunResponse, PipelineRunResponse, WatermarkResponse


class Telemetry:
    """Reads what runs reported."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit

    async def get_watermark(self, actor: Actor) -> WatermarkResponse:
        """When anything was last written."""
        async with self._parts.database.reading() as connection:
            found = await telemetry.find_watermark(connection, actor.workspace_id)
        await self._audit.note(actor, Action.TELEMETRY_READ)
        return WatermarkResponse(updated_at=found)

    async def list_pipeline_runs(self, actor: Actor, wanted: PipelineRunFilter, page: Page) -> dict[str, Any]:
        """A page, newest first unless sorted otherwise."""
        order = page.order or (("started_at", True),)
        async with self._parts.database.reading() as connection:
            found = await telemetry.list_pipeline_runs(connection, wanted, order, page.bounds)
        await self._audit.note(actor, Action.TELEMETRY_READ, None, count=len(found.items))
        items = [PipelineRunResponse(**_fields(row)).model_dump(mode="json") for row in found.items]
        return envelope(items, page, found)

    async def get_pipeline_run(self, actor: Actor, pipeline_run_id: str) -> DetailedPipelineRunResponse:
        """One pipeline run with packages, resources and tables.

        Raises: NotFound.
        """
        return DetailedPipelineRunResponse(**_fields(await self._get(actor, pipeline_run_id)))

    async def get_trace(self, actor: Actor, pipeline_run_id: str) -> dict[str, Any]:
        """dlt's trace as it was reported, scrubbed.

        Raises: NotFound.
        """
        row = await self._get(actor, pipeline_run_id)
        trace = json.loads(telemetry.unpack(row["trace"]))
        return {"execution_context": {}, "steps": [], **trace}

    async def _get(self, actor: Actor, pipeline_run_id: str) -> Row:
        async with self._parts.database.reading() as connection:
            row = await telemetry.find_pipeline_run(connection, actor.workspace_id, pipeline_run_id)
        if row is None:
            raise NotFound("not_found", "There is no such pipeline run here.")
        await self._audit.note(actor, Action.TELEMETRY_READ, pipeline_run_id)
        return row


def _fields(row: Row) -> dict[str, Any]:
    return {**row["detail"], **{name: value for name, value in row.items() if name not in {"detail", "trace"}}}
