"""Routes of logs: stored and live (Contract: 6, operations 52 and 53)."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, cast

from anyio import to_thread
from fastapi import Depends, Request
from starlette.responses import Response

from planes.data_plane.api.authentication import requires, services_of
from planes.data_plane.api.run_access import RunPath, running_of, stopping_of
from planes.data_plane.executor.local import log_folder
from planes.data_plane.logs import Followers, iterate
from planes.data_plane.segments import is_sealed
from planes.data_plane.services.audit import Action, Actor
from planes.data_plane.services.runs.runs import Runs
from planes.domain.access import Grant, WorkspaceRole
from planes.domain.errors import NotFound
from planes.server.late_routes import LateRouter
from planes.server.streams import EVENT_STREAM, NDJSON, NO_WORDS, LastWords, event_stream_response, ndjson_response
from planes.tokens.claims import Claims

# A client opens the stream as soon as the control plane says that a run starts; its lease may still be on the way.
LEASE_WAIT_SECONDS = 3.0
# A client asks for the run's state when its stream ends, and takes a run that still runs for a success (Contract: 6).
_TOLD_SECONDS = 10.0
# The released client shows them; without, it tells of the end of the log, and its exit code of a success.
_LAST_WORDS = LastWords(
    stopped="The region stops or starts again: this is not the end of the log. Follow it again in a moment.",
    refused="Your access to this log has ended.",
)
# Of the document of ranges of lines, which holds it.
LINE = {"schema": {"$ref": "#/components/schemas/LogLine"}}
_EVENT = b"event: log\ndata: "
_KNOWS_NAMES = frozenset({WorkspaceRole.OWNER, WorkspaceRole.DEVELOPER})
_MASK = re.compile(rb"\[masked:[^\]\n]*\]")

router = LateRouter(prefix="/logs/v1/workspaces/{workspace_id}/job-runs/{run_id}", tags=["logs"])
Reader = Annotated[Claims, Depends(requires(Grant.READ))]


@router.get(
    "/logs", response_class=Response, responses={200: {"content": {NDJSON: LINE}, "description": "One a line."}}
)
async def get_logs(request: Request, run_id: RunPath, claims: Reader, workspace_id: str) -> Response:
    """The whole log of an ended run as NDJSON, oldest line first."""
    folder = await running_of(request).finder.find_log(workspace_id, run_id)
    if folder is None or not await to_thread.run_sync(is_sealed, log_folder(folder)):
        raise no_such_log()
    await services_of(request).audit.note(Actor.of(claims), Action.LOG_READ, run_id)
    lines = shown(iterate(log_folder(folder)), claims)
    return ndjson_response(lines, stopping_of(request), until=refusal_of(request, claims))


@router.get("/log-stream", response_class=Response, responses={200: {"content": {EVENT_STREAM: {}}}})
async def stream_log(request: Request, run_id: RunPath, claims: Reader, workspace_id: str) -> Response:
    """The log from its first line on, as server-sent events; closes when the run is over and everything was sent.

    Where it is cut short before, its last event is an `error`.
    """
    return await open_stream(request, run_id, workspace_id, claims, last_words=_LAST_WORDS)


async def open_stream(
    request: Request,
    run_id: str,
    workspace_id: str,
    claims: Claims,
    from_line: int = 0,
    last_words: LastWords = NO_WORDS,
) -> Response:
    """A live log from a line on; an empty one of a run that ended before it came here.

    Raises: NotFound, after the time that a lease may take.
    """
    running = running_of(request)
    folder, has_ended = await running.finder.await_log(workspace_id, run_id, LEASE_WAIT_SECONDS)
    if folder is None and has_ended:
        return event_stream_response(_nothing(), stopping_of(request))
    if folder is None:
        raise no_such_log()
    await services_of(request).audit.note(Actor.of(claims), Action.LOG_STREAMED, run_id)
    followers: Followers = request.app.state.followers
    lines = followers.follow(log_folder(folder), running.finder.wakes(run_id, folder), from_line)
    events = _until_told(_events(shown(lines, claims)), running.runs, run_id)
    return event_stream_response(events, stopping_of(request), refusal_of(request, claims), last_words)


def refusal_of(request: Request, claims: Claims) -> Callable[[], Awaitable[None]]:
    """What ends an answer that goes on for long: the end of the token that asked for it (Security: 10)."""
    return partial(services_of(request).credentials.wait_refused, claims)


def no_such_log() -> NotFound:
    """One answer for a run that does not exist, is another workspace's, or has no complete log yet."""
    return NotFound("not_found", "There is no log of such a run here.")


def shown_to(claims: Claims, lines: bytes) -> bytes:
    """Masks name the variable only to those who may know it (Security: 8)."""
    if claims.role in _KNOWS_NAMES or b"[masked:" not in lines:
        return lines
    return _MASK.sub(b"[masked]", lines)


async def shown(batches: AsyncIterator[bytes], claims: Claims) -> AsyncGenerator[bytes]:
    """The same, batch by batch."""
    async with aclosing(cast("AsyncGenerator[bytes]", batches)) as source:
        async for batch in source:
            yield shown_to(claims, batch)


async def _nothing() -> AsyncGenerator[bytes]:
    return
    yield


async def _until_told(chunks: AsyncGenerator[bytes], runs: Runs, run_id: str) -> AsyncGenerator[bytes]:
    async with aclosing(chunks) as source:
        async for chunk in source:
            yield chunk
    await runs.wait_told(run_id, _TOLD_SECONDS)


async def _events(batches: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Frames whole lines. They are ASCII without a line break inside, so none can begin a line of the stream."""
    async with aclosing(batches) as source:
        async for batch in source:
            yield _EVENT + batch[:-1].replace(b"\n", b"\n\n" + _EVENT) + b"\n\n"
