"""Printing a run's log: stored lines, and those that come until the run is over, whatever falls silent meanwhile."""

from __future__ import annotations

import json
import re
import sys
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.patience import SILENT, Patience
from dlthub_tui.cli.shapes import line_shape
from dlthub_tui.client import logs, runs
from dlthub_tui.client.errors import NotFound
from dlthub_tui.viewmodel.look import TERMINAL_STATES
from dlthub_tui.viewmodel.text import plain_of
from planes.scrub import display_guard, scrub_text

if TYPE_CHECKING:
    from dlthub_tui.client.models import LogLine, Run, Workspace
    from dlthub_tui.session.connection import Connection

PAGE_LINES = 1000
_ASK_SECONDS = 0.2
_PART = re.compile(r"([0-9]+)([smhd])")
# What the one line says that stands for lines which are lost.
_LOST = re.compile(r"([0-9]+) lines? (?:are damaged|\([0-9.]+ MB\) of the middle)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(slots=True)
class LogOutput:
    """How lines are printed: for programs, with their times, in colour. `next_line` is the first not yet printed."""

    as_json: bool = False
    times: bool = False
    colour: bool = False
    events: bool = False
    next_line: int = 0

    def put(self, line: LogLine) -> None:
        """One line, scrubbed once more, without anything that a terminal would obey."""
        content = display_guard(scrub_text(line.content))
        if not self.colour:
            content = plain_of(content)
        if self.as_json:
            shape = line_shape(line, content)
            text = json.dumps({"event": "line", **shape} if self.events else shape)
        else:
            end = "\x1b[0m" if "\x1b" in content else ""
            at = f"{line.at.astimezone():%Y-%m-%d %H:%M:%S.%f}"[:-3] + "  " if self.times and line.at else ""
            text = f"{at}{content}{end}"
        sys.stdout.write(text + "\n")
        self.next_line = line.number + _lines_in(line)

    def flush(self) -> None:
        """Whoever reads gets what was put."""
        sys.stdout.flush()


def _lines_in(line: LogLine) -> int:
    """How many lines of the log it stands for."""
    lost = _LOST.match(line.content) if (line.source, line.stream) == ("runner", "other") else None
    return int(lost[1]) if lost is not None else 1


class NoMoment(Exception):
    """What was given is no moment."""


def parse_since(text: str, now: datetime) -> datetime:
    """`10m`, `1h30m`, or a date and time; one without an offset is local. Raises: NoMoment."""
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        try:
            return now - timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))
        except (OverflowError, ValueError):
            raise NoMoment(f"{text} is too long ago.") from None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoMoment(f"{text} is no moment. Try 10m, 1h30m or 2026-11-25T14:00.") from None


async def first_line(
    connection: Connection, workspace: Workspace, run: Run, *, since: datetime | None, tail: int | None
) -> int:
    """Where printing begins: `tail` lines before the end, or at the first line at or after a moment."""
    region = await connection.region(workspace)
    first = 0
    try:
        if since is not None:
            first = await logs.find_line_at(region, workspace.id, run.id, since)
        if tail is not None:
            last = await logs.get_lines(region, workspace.id, run.id, -1, 1)
            first = max(first, last.total - tail)
    except NotFound:
        return first
    return first


async def print_stored(connection: Connection, workspace: Workspace, run: Run, output: LogOutput) -> int:
    """The lines that there are now, from `next_line` on; how many the log has.

    One line stands for those that are lost, so an answer that is not full goes to the log's end. What it tells of
    damage is true of whole files, before and behind its lines.
    """
    region = await connection.region(workspace)
    begun_at, end, told = output.next_line, None, set[logs.Damage]()
    while end is None or output.next_line < end:
        wanted = PAGE_LINES if end is None else min(PAGE_LINES, end - output.next_line)
        try:
            found = await logs.get_lines(region, workspace.id, run.id, output.next_line, wanted)
        except NotFound:
            if run.status not in TERMINAL_STATES:
                return 0
            raise
        end = found.total if end is None else end
        for line in found.lines:
            output.put(line)
        output.flush()
        for damage in found.damage:
            if damage not in told and begun_at < damage.to_line:
                told.add(damage)
                exits.say_error(f"Lines {damage.from_line + 1} to {damage.to_line}: {damage.why}.")
        if len(found.lines) < wanted:
            output.next_line = max(output.next_line, end if found.lines else 0)
            break
    return end


async def follow_to_end(connection: Connection, workspace: Workspace, run: Run, output: LogOutput) -> Run:
    """Prints lines as they come until the run is over; answers it as it ended.

    Goes on where it was when the region or the control plane was away. Raises: NotReachable after ten minutes without
    an answer.
    """
    patience = Patience("the run")
    while True:
        try:
            run = await _once(connection, workspace, run, output)
        except (*SILENT, logs.StreamFailed) as exc:
            await patience.wait_after(exc)
            continue
        patience.end(workspace.dataplane_id)
        if run.status in TERMINAL_STATES and not await _has_more(connection, workspace, run, output):
            return run
        await anyio.sleep(_ASK_SECONDS)


async def _once(connection: Connection, workspace: Workspace, run: Run, output: LogOutput) -> Run:
    """The stream, as far as it goes, then how the run is."""
    region = await connection.region(workspace)
    try:
        async with aclosing(logs.follow(region, workspace.id, run.id, output.next_line)) as lines:
            async for line in lines:
                output.put(line)
                output.flush()
    except NotFound:
        # It waits for its turn, or it ended before it had a log.
        pass
    return await runs.get_run(connection.control, workspace.id, run.id)


async def _has_more(connection: Connection, workspace: Workspace, run: Run, output: LogOutput) -> bool:
    """Whether the log, complete by now, has lines that a stream which broke off did not give."""
    region = await connection.region(workspace)
    try:
        found = await logs.get_lines(region, workspace.id, run.id, output.next_line, 1)
    except NotFound:
        return False
    return bool(found.lines)
