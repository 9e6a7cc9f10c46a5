"""What is around a job, drawn: whose end starts it, what it waits for, what its end starts (SCREENS 2.7)."""

from __future__ import annotations

from collections.abc import Sequence

from dlthub_tui.client.models import Job
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Line, Role, Span, cell_width, cut_end, guard, line, muted

MOST_ROWS = 5
_FRESH = "job.is_fresh:"
# (name of a job, whether it is waited for rather than started after, whether after a failure)
Edge = tuple[str, bool, bool]


def edges_before(job: Job) -> list[Edge]:
    """Jobs whose end starts this one, then those that must be fresh before it starts."""
    found: list[Edge] = []
    for text in job.declared_triggers:
        kind, _, ref = text.partition(":")
        if kind in {"job.success", "job.fail"}:
            found.append((_name(ref), False, kind == "job.fail"))
    found.extend((_name(text.removeprefix(_FRESH)), True, False) for text in job.freshness if text.startswith(_FRESH))
    return found


def waits_for(job: Job) -> list[Edge]:
    """Jobs that must be fresh before it starts."""
    return [edge for edge in edges_before(job) if edge[1]]


def edges_after(job: Job, others: Sequence[Job]) -> list[Edge]:
    """Jobs that this one's end starts, then those that wait until it is fresh."""
    shown = [other for other in others if not other.is_archived]
    starts = [
        (_name(other.job_ref), False, f"job.success:{job.job_ref}" not in other.declared_triggers)
        for other in shown
        if {f"job.success:{job.job_ref}", f"job.fail:{job.job_ref}"} & set(other.declared_triggers)
    ]
    waits = [(_name(other.job_ref), True, False) for other in shown if f"{_FRESH}{job.job_ref}" in other.freshness]
    return [*starts, *waits]


def legend(look: Look) -> str:
    """What the arrows mean."""
    return f"{look.glyphs.starts} starts it at its end   {look.glyphs.waits} waits until it is fresh"


def draw(job: Job, others: Sequence[Job], look: Look, width: int) -> list[Line]:
    """Rows of the drawing; none where nothing is around the job."""
    before, after = edges_before(job), edges_after(job, others)
    if not before and not after:
        return []
    middle = words.short_ref(job.job_ref)
    rows = min(MOST_ROWS, max(len(before), len(after), 1))
    left = max((cell_width(name) for name, _, _ in before[:rows]), default=0)
    room = max(12, width - left - cell_width(guard(middle)) - 20)
    lines = [
        line(
            "   ",
            *_left(before, row, left, look),
            Span(guard(middle), Role.TITLE) if not row else Span(" " * cell_width(guard(middle))),
            *_right(after, row, others, look, room),
        )
        for row in range(rows)
    ]
    hidden = max(len(before), len(after)) - rows
    return [*lines, line(muted(f"   and {hidden} more"))] if hidden > 0 else lines


def _left(edges: Sequence[Edge], row: int, width: int, look: Look) -> Line:
    """The job before, and its arrow; several join into one."""
    if not edges:
        return ()
    if row >= len(edges):
        return (Span(" " * (width + 6)),)
    name, is_wait, is_failure = edges[row]
    text = Span(f"{name:>{width}} ")
    if not row:
        joint = ("+" if look.is_ascii else "┬") if len(edges) > 1 else _bar(look, is_wait)
        return (text, Span(_bar(look, is_wait) + joint, Role.MUTED), _arrow(look, is_wait, is_failure), Span(" "))
    corner = "+" if look.is_ascii else ("┘" if row == len(edges) - 1 else "┤")
    return (text, Span(_bar(look, is_wait) + corner, Role.MUTED), Span("   "))


def _right(edges: Sequence[Edge], row: int, others: Sequence[Job], look: Look, room: int) -> Line:
    """The job after, and what that one starts in its turn."""
    if row >= len(edges):
        return ()
    name, is_wait, is_failure = edges[row]
    if not row:
        joint = ("+" if look.is_ascii else "┬") if len(edges) > 1 else _bar(look, is_wait)
        stem = f" {_bar(look, is_wait)}{joint}"
    else:
        stem = "  " + ("+" if look.is_ascii else ("└" if row == len(edges) - 1 else "├"))
    then = _then(name, others, look)
    shown = cut_end(name + then, room, look.glyphs.cut)
    return (
        Span(stem, Role.MUTED),
        _arrow(look, is_wait, is_failure),
        Span(f" {shown[: len(name)]}"),
        muted(shown[len(name) :]),
    )


def _then(name: str, others: Sequence[Job], look: Look) -> str:
    job = next((other for other in others if _name(other.job_ref) == name), None)
    further = [item for item, is_wait, _ in edges_after(job, others) if not is_wait] if job else []
    return f" {look.glyphs.starts} {', '.join(further)}" if further else ""


def _bar(look: Look, is_wait: bool) -> str:
    return look.glyphs.waits[0] if is_wait else look.glyphs.starts[0]


def _arrow(look: Look, is_wait: bool, is_failure: bool) -> Span:
    text = look.glyphs.waits[-2:] if is_wait else look.glyphs.starts
    return Span(text, Role.FAIL if is_failure else Role.MUTED)


def _name(job_ref: str) -> str:
    return guard(words.short_ref(job_ref))
