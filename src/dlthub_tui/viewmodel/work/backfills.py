"""Backfills of a job and their slices on the screen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dlthub_tui.session.numbers import whole_number
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.keys.roles import CHANGES
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, line, muted
from dlthub_tui.viewmodel.work.jobs import ARCHIVED

if TYPE_CHECKING:
    from dlthub_tui.client.backfills import Backfill, Slice
    from dlthub_tui.client.models import Job

COLUMNS = (
    Column("State", least=10),
    Column("Loads", least=14),
    Column("Slices", is_number=True, drops=1),
    Column("At once", is_number=True, drops=3),
    Column("Started", is_number=True, drops=2, least=9),
    Column("How far", takes_rest=True, least=30),
)
SLICE_COLUMNS = (
    Column("State", least=10),
    Column("From", least=12),
    Column("To", least=12),
    Column("Run", is_number=True, least=6),
    Column("Tries", is_number=True, drops=1),
    Column("", takes_rest=True, drops=2),
)
SLICE = "slice:"
MOST_PARALLEL = 32
_SIZE = re.compile(r"[1-9]\d{0,6}[mhdw]")
_EACH = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
# Slices have words of their own; the glyph says which state of a run is the like of it.
_LIKE = {"waiting": "pending", "active": "running", "covered": "skipped"}
_ORDER = ("completed", "covered", "active", "waiting", "failed", "cancelled")
_WINDOWS = ("schedule:", "every:")


def why_no_change(role: str) -> str | None:
    """Why somebody with this role starts, cancels and resumes none."""
    return None if role in CHANGES else f"Backfills are for owners and developers; you are a {role}."


def why_no_backfill(job: Job | None, role: str) -> str | None:
    """Why a job's past cannot be loaded once more."""
    if job is None:
        return "The job is not known yet."
    if job.is_archived:
        return ARCHIVED
    if not any(trigger.startswith(_WINDOWS) for trigger in job.triggers):
        return "It works in no windows: it has no schedule and no period."
    return why_no_change(role)


def moment(at: datetime, look: Look) -> str:
    """A bound: the day, with the time of day where it is not midnight."""
    shown = look.local(at)
    clock = "" if (shown.hour, shown.minute) == (0, 0) else f" {shown:%H:%M}"
    return f"{words.day(at, look)}{clock}"


def span(start: datetime, end: datetime, look: Look) -> str:
    """From where to where."""
    return f"{moment(start, look)} to {moment(end, look)}"


def counts(found: Mapping[str, int]) -> str:
    """How many slices have each state, in words."""
    return ", ".join(f"{found[state]:,} {state}" for state in _ORDER if found.get(state))


def size_of(found: Backfill) -> str:
    """How long a slice is: what was asked for, or more where the job's schedule has fewer ticks than that."""
    size = found.slice_size
    asked = _EACH[size[-1]] * int(size[:-1]) if _SIZE.fullmatch(size) else None
    is_longer = asked is not None and found.total < (found.end - found.start) // asked
    return f"{size} or more" if is_longer else size


def done_of(found: Backfill) -> int:
    """Slices whose time is loaded."""
    return found.counts["completed"] + found.counts["covered"]


def backfill_row(found: Backfill, look: Look, *, is_shown: bool) -> Row:
    """One backfill; the one whose slices are shown is the bright one."""
    cells = (
        line(look.state_word(found.state)),
        line(span(found.start, found.end, look)),
        line(f"{found.total:,} of {size_of(found)}"),
        line(str(found.parallel)),
        line(words.moment(found.created_at, look)),
        line(counts(found.counts)),
    )
    return Row(found.id, look.state(found.state), cells, found.state, is_muted=not is_shown)


def slice_row(each: Slice, look: Look) -> Row:
    """One slice with its newest run."""
    glyph = look.state(_LIKE.get(each.state, each.state))
    is_quiet = each.state in {"waiting", "completed", "covered", "cancelled"}
    said = "the schedule loaded it meanwhile" if each.state == "covered" else ""
    cells = (
        line(muted(each.state) if is_quiet else Span(each.state, glyph.role)),
        line(_bound(each.start, look)),
        line(_bound(each.end, look)),
        line("-" if each.run_number is None else str(each.run_number)),
        line("-" if each.attempt is None else str(each.attempt)),
        line(muted(said)),
    )
    told = f"{each.state} {_bound(each.start, look)} {_bound(each.end, look)} {each.run_number or ''}"
    facts = (("run", float(each.run_number or 0)), ("tries", float(each.attempt or 0)))
    return Row(f"{SLICE}{each.position}", glyph, cells, told, facts=facts)


def _bound(at: datetime, look: Look) -> str:
    return f"{words.day(at, look)} {look.local(at):%H:%M}"


def answer_of(found: Backfill | None, look: Look) -> Line:
    """How far the newest is."""
    if found is None:
        return EMPTY_LINE
    loaded = f"{done_of(found):,} of {words.plural(found.total, 'slice')}"
    left = found.counts["failed"] + found.counts["cancelled"]
    match found.state:
        case "running":
            said = f" running: {loaded} loaded, {found.parallel} at a time"
        case "cancelling":
            said = f" cancelling: {words.plural(found.counts['active'], 'run')} still to stop"
        case "completed":
            said = f" completed: {loaded} loaded"
        case _:
            said = f" {found.state}: {loaded} loaded. {{backfill.resume}} loads the other {left:,} again."
    role = Role.FAIL if found.state == "failed" else Role.TEXT
    return (look.state(found.state), Span(name_keys(said, look), role))


def why_not_changed(action_id: str, found: Backfill | None, role: str) -> str | None:
    """Why the backfill under the cursor is not cancelled, or not resumed."""
    if found is None:
        return "There is no backfill under the cursor."
    is_ended = found.state not in {"running", "cancelling"}
    if action_id == "item.end" and (is_ended or found.state == "cancelling"):
        return f"It has ended: {found.state}." if is_ended else "It is being cancelled."
    if action_id == "backfill.resume" and not is_ended:
        return "It goes on; {item.end} cancels it."
    if action_id == "backfill.resume" and found.state == "completed":
        return "It is complete: nothing is left to load."
    return why_no_change(role)


def plan_line(found: Backfill, look: Look) -> str:
    """What a backfill would be."""
    return (
        f"It would be {words.plural(found.total, 'slice')} of {size_of(found)}, "
        f"{span(found.start, found.end, look)}, {found.parallel} at a time."
    )


def cannot_be(start: str, end: str, size: str, parallel: str) -> tuple[str, str] | None:
    """Which field cannot be meant, and why; the control plane knows the rest."""
    for name, text in (("from", start), ("to", end)):
        try:
            if text:
                datetime.fromisoformat(text)
        except ValueError:
            return name, f"{name.capitalize()} is a day or a time: 2026-01-01, or 2026-01-01T06:00."
    if not _SIZE.fullmatch(size):
        return "slice", "A slice is 30m, 6h, 1d or 1w: a number with its unit."
    if parallel and not 1 <= (whole_number(parallel) or 0) <= MOST_PARALLEL:
        return "parallel", f"At once are 1 to {MOST_PARALLEL} slices; empty is as many as the job lets run, 4 at most."
    return None
