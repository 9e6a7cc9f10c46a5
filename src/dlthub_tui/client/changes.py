"""The installation's one stream of changes: states of runs and jobs as they change (own route)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from dlthub_tui.client.errors import UnexpectedAnswer
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import ANSWER_SECONDS, CONNECT_SECONDS, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Of a run, with its state after it; else of a job; else of something else in the workspace."""

    workspace_id: str
    job_id: str | None = None
    run_id: str | None = None
    number: int | None = None
    status: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangesEvent:
    """`id` is where to go on from. `is_reset`: changes may be missing before it."""

    id: int
    changes: tuple[Change, ...]
    is_reset: bool


def parse_event(last_id: int, text: str) -> ChangesEvent:
    """Raises: UnexpectedAnswer."""
    try:
        raw = json.loads(text)
    except ValueError as exc:
        raise UnexpectedAnswer("an event of changes that is no JSON") from exc
    fields = Fields(raw, "event of changes")
    return ChangesEvent(last_id, fields.many("changes", _parse_change), fields.flag("is_reset"))


def _parse_change(raw: Any) -> Change:
    fields = Fields(raw, "change")
    number = fields.maybe_number("number")
    return Change(
        workspace_id=fields.text("workspace_id"),
        job_id=fields.maybe_text("job_id"),
        run_id=fields.maybe_text("run_id"),
        number=None if number is None else int(number),
        status=fields.maybe_text("status"),
        created_at=fields.maybe_moment("created_at"),
        started_at=fields.maybe_moment("started_at"),
        finished_at=fields.maybe_moment("finished_at"),
    )


async def follow_changes(control: Transport, after: int | None) -> AsyncGenerator[ChangesEvent]:
    """Events from now on, or from the event behind `after`. Ends when the control plane ends it: go on with a new one.

    The control plane says something every five seconds, so silence for the answer's deadline is `TimedOut`.
    """
    headers = {"accept": "text/event-stream"}
    if after is not None:
        headers["last-event-id"] = str(after)
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    request = control.request("GET", "/own/v1/changes", headers=headers, timeout=timeout)
    async with control.streaming(request) as response:
        last_id = after or 0
        async for line in response.aiter_lines():
            name, _, value = line.partition(":")
            if name == "id" and value.strip().isdecimal():
                last_id = int(value)
            elif name == "data":
                yield parse_event(last_id, value)
