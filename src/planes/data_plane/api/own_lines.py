"""Our own route beside the contract's: a range of a log, for the pane that shows any size of it (Borders: 9)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, Query, Request
from starlette.responses import Response

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.api.logs import Reader, no_such_log, open_stream, shown
from planes.data_plane.api.run_access import RunPath, running_of, stopping_of
from planes.data_plane.executor.local import log_folder
from planes.data_plane.logs import iterate_range
from planes.data_plane.segments import is_sealed
from planes.data_plane.segments.reader import damage_of, line_count
from planes.data_plane.services.audit import Action, Actor
from planes.domain.access import Grant
from planes.server.late_routes import LateRouter
from planes.server.streams import EVENT_STREAM, StreamResponse
from planes.tokens.claims import Claims
from planes.wire.logs import LogRange

MAXIMUM_LINES = 10_000

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}/job-runs/{run_id}", tags=["own"])


@router.get("/lines", response_class=Response, responses={200: {"model": LogRange}})
async def get_lines(
    request: Request,
    run_id: RunPath,
    workspace_id: str,
    claims: Annotated[Claims, Depends(requires(Grant.READ))],
    from_line: Annotated[int, Query(ge=-(2**53), le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAXIMUM_LINES)] = 1000,
) -> Response:
    """At most `limit` lines from `from_line` on, and how many there are; a negative one counts from the end."""
    return await lines_for(request, workspace_id, run_id, claims, (from_line, limit))


async def lines_for(
    request: Request, workspace_id: str, run_id: str, claims: Claims, part: tuple[int, int]
) -> Response:
    """A part (first line, how many at most) of a log, for whoever these claims are of. Raises: NotFound."""
    from_line, limit = part
    folder = await running_of(request).finder.find_log(workspace_id, run_id)
    if folder is None:
        raise no_such_log()
    log = log_folder(folder)
    # Asked in this order, an answer that says it is sealed has the final total.
    sealed = await to_thread.run_sync(is_sealed, log)
    total = await to_thread.run_sync(line_count, log)
    first = max(0, from_line if from_line >= 0 else total + from_line)
    damage = [found._asdict() for found in await to_thread.run_sync(damage_of, log, first, first + limit)]
    await services_of(request).audit.note(Actor.of(claims), Action.LOG_READ, run_id)
    rest = b'],"total":%d,"is_sealed":%s,"damage":%s}' % (
        total, b"true" if sealed else b"false", json.dumps(damage).encode("ascii"),
    )  # fmt: skip
    document = _document(shown(iterate_range(log, first, limit), claims), rest)
    return StreamResponse(document, stopping_of(request), media_type="application/json", is_document=True)


async def _document(batches: AsyncGenerator[bytes], rest: bytes) -> AsyncGenerator[bytes]:
    """One JSON object around whole lines."""
    before = b'{"lines":['
    async with aclosing(batches) as source:
        async for batch in source:
            yield before + batch[:-1].replace(b"\n", b",")
            before = b","
    yield rest if before == b"," else before + rest


@router.get("/log-stream", response_class=Response, responses={200: {"content": {EVENT_STREAM: {}}}})
async def stream_log_from(
    request: Request,
    run_id: RunPath,
    workspace_id: str,
    claims: Reader,
    from_line: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The contract's live stream, but from a line on: a pane that shows the end does not read the whole log first."""
    return await open_stream(request, run_id, workspace_id, claims, from_line)
