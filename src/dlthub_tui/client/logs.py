"""A run's log, straight from its region: ranges of what is stored, and the stream of what comes (Borders: 9)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from dlthub_tui.client.errors import ClientError, UnexpectedAnswer
from dlthub_tui.client.models import LogLine
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import CONNECT_SECONDS, Query, Transport

SILENCE_SECONDS = 45.0
"""A region fills the silence of a stream every 15 s; one that says nothing for this long is gone, as is the network."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Lines `from_line` up to, not with, `to_line` that the region cannot read any more, and why."""

    from_line: int
    to_line: int
    why: str


@dataclass(frozen=True, slots=True)
class LogRange:
    """`total` is how many lines the log has now; `is_sealed` says that no more will come."""

    lines: tuple[LogLine, ...]
    total: int
    is_sealed: bool
    damage: tuple[Damage, ...] = ()


class StreamFailed(ClientError):
    """The region ended the stream with a reason."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The log stream ended: {why}.", "Press {log.follow} to follow again.")


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
    path = _run_path(workspace_id, run_id)
    fields = Fields(await region.get(path, {"from_line": from_line, "limit": limit}), "lines")
    lines = fields.many("lines", parse_log_line) or fields.many("items", parse_log_line)
    total = fields.maybe_number("total")
    if total is None:
        total = lines[-1].number + 1 if lines else 0
    return LogRange(lines, int(total), fields.flag("is_sealed"), fields.many("damage", _parse_damage))


def _parse_damage(raw: Any) -> Damage:
    fields = Fields(raw, "damage")
    return Damage(fields.number("from_line"), fields.number("to_line"), fields.maybe_text("why") or "unknown")


async def follow(region: Transport, workspace_id: str, run_id: str, from_line: int) -> AsyncGenerator[LogLine]:
    """Lines from `from_line` on as they come, until the region closes because the run is over. Contract: 6.

    A job may be quiet for as long as it likes. Raises: a ClientError, TimedOut when its region says nothing at all.
    """
    path = f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/log-stream"
    request = region.request(
        "GET",
        path,
        query={"from_line": from_line},
        headers={"accept": "text/event-stream"},
        timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
    )
    async with region.streaming(request) as response:
        event = ""
        async for text in response.aiter_lines():
            if text.startswith("event:"):
                event = text[6:].strip()
            elif text.startswith("data:") and event == "log":
                line = parse_log_line(_parsed(text[5:]))
                if line.number >= from_line:
                    yield line
            elif text.startswith("data:") and event == "error":
                raise StreamFailed(Fields(_parsed(text[5:]), "stream error").maybe_text("error") or "no reason given")
            elif not text:
                event = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines a search in the region answers: words, a source, a level, or what another run's log has not.

    `text` is a part of the line, whatever its case; `against` is the id of the other run.
    """

    text: str = ""
    regex: str = ""
    source: str = ""
    level: str = ""
    against: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a search is. `is_complete` says that every line was looked at, `lost` how many of them are not there any
    more; only the last of a search has both.
    """

    looked_at: int
    total: int
    is_done: bool = False
    is_complete: bool = False
    lost: int = 0


def _run_path(workspace_id: str, run_id: str) -> str:
    return f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/lines"


def _parse_looked(raw: Any, *, is_done: bool) -> Looked:
    fields = Fields(raw, "search progress")
    return Looked(
        fields.number("looked_at", 0), fields.number("total", 0), is_done, is_done and fields.flag("is_complete"),
        fields.number("lost", 0),
    )  # fmt: skip


async def search_lines(
    region: Transport,
    lines_of: tuple[str, str],
    wanted: Wanted,
    *,
    from_line: int = 0,
    limit: int = 1000,
) -> AsyncGenerator[LogLine | Looked]:
    """Lines that match as the region finds them, and how far it is; closing the generator ends the search there.

    `lines_of` is workspace id and run id. The region answers progress about four times a second, so a search that
    says nothing for the answer's deadline has died.
    """
    path = _run_path(*lines_of) + ("/-new" if wanted.against else "/-search")
    query: Query = {
        "text": wanted.text or None, "regex": wanted.regex or None, "source": wanted.source or None,
        "level": wanted.level or None, "against": wanted.against or None, "from_line": from_line, "limit": limit,
    }  # fmt: skip
    async with aclosing(_answers(region, path, query)) as answers:
        async for fields in answers:
            if fields.raw("line") is not None:
                yield parse_log_line(fields.raw("line"))
            elif (looked := _find_looked(fields)) is not None:
                yield looked


@dataclass(frozen=True, slots=True)
class Same:
    """`count` lines from `from_line` on that are like those from `against_line` on of the other log."""

    from_line: int
    against_line: int
    count: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines `from_line` up to, not with, `to_line` that the region does not have of a log, ours or the other."""

    is_ours: bool
    from_line: int
    to_line: int


async def compare_logs(
    region: Transport, lines_of: tuple[str, str], against: str
) -> AsyncGenerator[Same | Gap | Looked]:
    """Which lines of the log of run `against` are like which of ours, in their order, and how far it is (own route).

    `lines_of` is workspace id and run id. Lines count as alike whatever their numbers, times and names. A gap comes
    before the runs of lines behind it.
    """
    path = f"{_run_path(*lines_of)}/-compare"
    async with aclosing(_answers(region, path, {"against": against})) as answers:
        async for fields in answers:
            if fields.raw("same") is not None:
                same = Fields(fields.raw("same"), "run of lines")
                yield Same(same.number("from_line"), same.number("against_line"), same.number("count"))
            elif fields.raw("gap") is not None:
                gap = Fields(fields.raw("gap"), "gap")
                yield Gap(gap.flag("is_ours"), gap.number("from_line"), gap.number("to_line"))
            elif (looked := _find_looked(fields)) is not None:
                yield looked


async def _answers(region: Transport, path: str, query: Query) -> AsyncGenerator[Fields]:
    """The objects of an answer as they arrive; closing the generator ends the region's work."""
    request = region.request("GET", path, query=query, headers={"accept": "application/x-ndjson"})
    async with region.streaming(request) as response:
        async for text in response.aiter_lines():
            if text:
                yield Fields(_parsed(text), "search answer")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise UnexpectedAnswer("a line of a log that is no JSON") from exc


def _find_looked(fields: Fields) -> Looked | None:
    if fields.raw("done") is not None:
        return _parse_looked(fields.raw("done"), is_done=True)
    if fields.raw("progress") is not None:
        return _parse_looked(fields.raw("progress"), is_done=False)
    return None


async def find_line_at(region: Transport, workspace_id: str, run_id: str, at: datetime) -> int:
    """The first line at or after a time."""
    answer = await region.get(f"{_run_path(workspace_id, run_id)}/-first", {"at": at.isoformat()})
    return Fields(answer, "first line").number("number")


async def download_text(region: Transport, workspace_id: str, run_id: str) -> AsyncGenerator[str]:
    """The whole log as text, in pieces of whole lines, each with its end of line."""
    path = f"{_run_path(workspace_id, run_id)}/-download"
    request = region.request("GET", path, query={"format": "text"}, headers={"accept": "text/plain"})
    async with region.streaming(request) as response:
        rest = ""
        async for piece in response.aiter_text():
            whole, found, rest = (rest + piece).rpartition("\n")
            if found:
                yield whole + "\n"
        if rest:
            yield rest + "\n"
