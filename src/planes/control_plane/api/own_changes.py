"""Own route of the one stream of changes: states of runs and jobs of every workspace that the caller may read."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response

from planes.control_plane.api.authentication import CurrentParts, CurrentPrincipal
from planes.control_plane.services.change_scope import ChangeScope
from planes.control_plane.services.memory.changes import Batch
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.server.bearer import bearer_token
from planes.server.late_routes import LateRouter
from planes.server.streams import EVENT_STREAM, event_stream_response
from planes.storage.control.changes import Change
from planes.wire.changes import ChangeResponse, ChangesEvent

router = LateRouter(prefix="/own/v1", tags=["own: changes"])
LastEventId = Annotated[int | None, Header(ge=0, le=2**63 - 1)]


@router.get("/changes", response_class=Response, responses={200: {"content": {EVENT_STREAM: {}}}})
async def stream_changes(
    request: Request, parts: CurrentParts, principal: CurrentPrincipal, last_event_id: LastEventId = None
) -> Response:
    """Changes as server-sent events, from now on or from the event after `Last-Event-ID`.

    It ends within two seconds when the credential ends, or when a workspace that it told of may no longer be read.
    """
    parts.changes.admit(principal.user_id)
    scope = ChangeScope(parts, request.app.state.principals, bearer_token(request), principal)
    events = _events(parts, scope, principal, last_event_id)
    return event_stream_response(events, request.app.state.stopping, until=scope.ended)


async def _events(
    parts: Parts, scope: ChangeScope, principal: Principal, last_event_id: int | None
) -> AsyncGenerator[bytes]:
    with parts.changes.joined(principal.user_id):
        async with aclosing(parts.changes.follow(last_event_id)) as batches:
            async for batch in batches:
                yield await _frame(scope, batch)


async def _frame(scope: ChangeScope, batch: Batch) -> bytes:
    readable = await scope.readable(change.workspace_id for change in batch.changes)
    changes = [_render(change) for change in batch.changes if change.workspace_id in readable]
    event = ChangesEvent(is_reset=batch.is_reset, changes=changes)
    data = event.model_dump_json(exclude_none=True)
    return f"id: {batch.id}\nevent: changes\ndata: {data}\n\n".encode("ascii")


def _render(change: Change) -> ChangeResponse:
    return ChangeResponse(
        workspace_id=change.workspace_id,
        job_id=change.job_id,
        run_id=change.run_id,
        number=change.number,
        status=change.status,
        created_at=change.created_at,
        started_at=change.started_at,
        finished_at=change.finished_at,
    )
