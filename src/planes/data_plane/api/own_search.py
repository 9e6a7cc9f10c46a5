"""Our own routes that search and fetch a log in the region (Borders: 9): only what is asked for leaves it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import Query, Request
from starlette.responses import Response

from planes.data_plane.api.authentication import services_of
from planes.data_plane.api.logs import Reader, no_such_log, refusal_of, shown, shown_to
from planes.data_plane.api.run_access import Id, RunPath, running_of, stopping_of
from planes.data_plane.executor.local import log_folder
from planes.data_plane.logs import (
    Comparison,
    Matcher,
    Scan,
    Scope,
    Searches,
    Templates,
    Wish,
    Work,
    as_text,
    first_at,
    iterate,
)
from planes.data_plane.logs.comparing import MAX_RUNS
from planes.data_plane.logs.matching import LineFinder
from planes.data_plane.services.audit import Action, Actor
from planes.domain.errors import InvalidRequest, Reason, TooManyRequests
from planes.server.late_routes import LateRouter
from planes.server.streams import NDJSON, StreamResponse, ndjson_response
from planes.tokens.claims import Claims
from planes.wire.log_patterns import BadPattern
from planes.wire.logs import FirstLine, LogLevel, LogSource, LogStream, SearchQuery
from planes.wire.moments import Moment

router = LateRouter(prefix="/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/lines", tags=["own"])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {}}, "description": "`line`, `progress` and, last, `done` objects, one a line."}
}

_RUNS: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {}}, "description": "`same`, `progress` and, last, `done` objects, one a line."}
}


@router.get("/-search", response_class=Response, responses=_ANSWERS)
async def search_lines(
    request: Request,
    run_id: RunPath,
    workspace_id: str,
    claims: Reader,
    query: Annotated[SearchQuery, Query()],
) -> Response:
    """Lines that hold a text or match a regular expression, by source, stream, level and time, as they are found."""
    wish = Wish(
        text=query.text,
        regex=query.regex,
        sources=_chosen("source", query.source, frozenset(LogSource)),
        streams=_chosen("stream", query.stream, frozenset(LogStream)),
        levels=_chosen("level", query.level, frozenset(LogLevel)),
    )
    try:
        matcher = Matcher(wish)
    except BadPattern as exc:
        reason = Reason(key="regex", message="must be a regular expression that RE2 takes")
        raise InvalidRequest("invalid_request", "This is not a regular expression.", (reason,)) from exc
    log = await _open(request, workspace_id, run_id, claims)
    return _answer(request, claims, partial(Scan, log, matcher, _scope(query), partial(shown_to, claims)))


@router.get("/-new", response_class=Response, responses=_ANSWERS)
async def list_new_lines(
    request: Request,
    run_id: RunPath,
    workspace_id: str,
    claims: Reader,
    against: Annotated[Id, Query()],
    query: Annotated[SearchQuery, Query()],
) -> Response:
    """Lines unlike any of another run of the workspace, whatever their numbers, times and names."""
    other = await _open(request, workspace_id, against, claims)
    log = await _open(request, workspace_id, run_id, claims)
    finder: LineFinder = Templates()
    return _answer(request, claims, partial(Scan, log, finder, _scope(query), partial(shown_to, claims), other))


@router.get("/-compare", response_class=Response, responses=_RUNS)
async def compare_logs(
    request: Request,
    run_id: RunPath,
    workspace_id: str,
    claims: Reader,
    against: Annotated[Id, Query()],
    limit: Annotated[int, Query(ge=1, le=MAX_RUNS)] = MAX_RUNS,
) -> Response:
    """Runs of lines that are like those of another run of the workspace: numbers of lines only, in their order."""
    other = await _open(request, workspace_id, against, claims)
    log = await _open(request, workspace_id, run_id, claims)
    return _answer(request, claims, partial(Comparison, log, other, partial(shown_to, claims), limit))


@router.get("/-first")
async def find_first_line(
    request: Request, run_id: RunPath, workspace_id: str, claims: Reader, at: Moment
) -> FirstLine:
    """The number of the first line reported at or after a time; the number of lines if there is none."""
    log = await _open(request, workspace_id, run_id, claims)
    return FirstLine(number=await to_thread.run_sync(first_at, log, _aware(at)))


@router.get("/-download", response_class=Response, responses={200: {"content": {NDJSON: {}, "text/plain": {}}}})
async def download_lines(
    request: Request,
    run_id: RunPath,
    workspace_id: str,
    claims: Reader,
    format: Literal["ndjson", "text"] = "ndjson",  # noqa: A002 - the wire's word
) -> Response:
    """The log as it is stored now, as a file: wire lines, or the contents alone."""
    lines = shown(iterate(await _open(request, workspace_id, run_id, claims)), claims)
    stopping, refused = stopping_of(request), refusal_of(request, claims)
    if format == "ndjson":
        return _attached(ndjson_response(lines, stopping, until=refused), f"{run_id}.ndjson")
    text = StreamResponse(
        as_text(lines), stopping, media_type="text/plain; charset=utf-8", until=refused, is_document=True
    )
    return _attached(text, f"{run_id}.txt")


async def _open(request: Request, workspace_id: str, run_id: str, claims: Claims) -> Path:
    """The folder of a run's log, and a note that it was read. Raises: NotFound."""
    folder = await running_of(request).finder.find_log(workspace_id, run_id)
    if folder is None:
        raise no_such_log()
    await services_of(request).audit.note(Actor.of(claims), Action.LOG_READ, run_id)
    return log_folder(folder)


def _answer(request: Request, claims: Claims, build: Callable[[], Work]) -> Response:
    searches: Searches = request.app.state.searches
    organization_id = claims.organization_id or ""
    if searches.is_full(organization_id):
        raise TooManyRequests("too_many_searches", "This region searches as many logs as it can: try again soon.")
    found: AsyncGenerator[bytes] = searches.run(build(), organization_id)
    return ndjson_response(found, stopping_of(request), until=refusal_of(request, claims))


def _scope(query: SearchQuery) -> Scope:
    return Scope(
        from_line=query.from_line,
        backwards=query.backwards,
        limit=query.limit,
        since=_aware(query.since) if query.since is not None else None,
        until=_aware(query.until) if query.until is not None else None,
    )


def _chosen(key: str, listed: str, known: frozenset[str]) -> frozenset[str]:
    """Words between commas. Raises: InvalidRequest if one is unknown."""
    words = frozenset(word.strip() for word in listed.split(",") if word.strip())
    if not words <= known:
        reason = Reason(key=key, message=f"must be some of: {', '.join(sorted(known))}")
        raise InvalidRequest("invalid_request", "The request breaks a rule.", (reason,))
    return words


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _attached(response: StreamResponse, name: str) -> StreamResponse:
    safe = "".join(character for character in name if character.isalnum() or character in "-._")
    response.headers["content-disposition"] = f'attachment; filename="{safe}"'
    return response
