"""A run's log, straight from its region: ranges of what is stored, and the stream of what comes (Borders: 9)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx

from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.models import LogLine
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import CONNECT_SECONDS, Transport


@dataclass(frozen=True, slots=True)
class LogRange:
    """`total` is how many lines the log has now; `is_sealed` says that no more will come."""

    lines: tuple[LogLine, ...]
    total: int
    is_sealed: bool


class StreamFailed(ClientError):
    """The region ended the stream with a reason."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The log stream ended: {why}.", "Press f to follow again.")


def parse_log_line(raw: Any) -> LogLine:
    """A LogLine. Contract: 6."""
    fields = Fields(raw, "log line")
    return LogLine(
        fields.number("line_num"),
        fields.text("content"),
        fields.maybe_text("io_stream") or "stdout",
        fields.maybe_text("source") or "user",
        fields.maybe_moment("reported_at"),
    )


async def get_lines(region: Transport, workspace_id: str, run_id: str, from_line: int, limit: int) -> LogRange:
    """A range of stored lines; a negative `from_line` counts from the end (own route)."""
    path = f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/lines"
    fields = Fields(await region.get(path, {"from_line": from_line, "limit": limit}), "lines")
    lines = fields.many("lines", parse_log_line) or fields.many("items", parse_log_line)
    total = fields.maybe_number("total")
    if total is None:
        total = lines[-1].number + 1 if lines else 0
    return LogRange(lines, int(total), fields.flag("is_sealed"))


async def follow(region: Transport, workspace_id: str, run_id: str, from_line: int) -> AsyncGenerator[LogLine]:
    """Lines from `from_line` on as they come, until the region closes because the run is over. Contract: 6.

    Waits without end between lines, on purpose: a quiet job is still followed.
    """
    path = f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/log-stream"
    request = region.request(
        "GET",
        path,
        query={"from_line": from_line},
        headers={"accept": "text/event-stream"},
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
    )
    async with region.streaming(request) as response:
        event = ""
        async for text in response.aiter_lines():
            if text.startswith("event:"):
                event = text[6:].strip()
            elif text.startswith("data:") and event == "log":
                line = parse_log_line(json.loads(text[5:]))
                if line.number >= from_line:
                    yield line
            elif text.startswith("data:") and event == "error":
                raise StreamFailed(str(json.loads(text[5:]).get("error", "no reason given")))
            elif not text:
                event = ""
