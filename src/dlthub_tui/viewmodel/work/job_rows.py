"""The rows of a list of jobs: a thousand of them are made in a few milliseconds, and worded as they are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlthub_tui.client.models import Job
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import TERMINAL_STATES, Look
from dlthub_tui.viewmodel.table import Column, LateCells, Row
from dlthub_tui.viewmodel.text import Line, Role, Span, cell_width, guard, line, muted
from dlthub_tui.viewmodel.work.jobs import recent, state_of

COLUMNS = (
    Column("Job", takes_rest=True, least=20, is_name=True),
    Column("When", drops=3, least=14, gap=1),
    Column("Next", drops=2, is_number=True, least=9),
    Column("Last", drops=1, is_number=True, least=10),
    Column("Took", drops=5, is_number=True, usual=10, is_spare=True),
    Column("Rows", drops=6, is_number=True, usual=6, is_spare=True),
    Column("Type", drops=7, usual=11, is_spare=True),
    Column("Profile", drops=8, is_spare=True),
    Column("Waits for", drops=9, is_spare=True),
    Column("Recent", drops=4, least=10),
)
_RECENT = len(COLUMNS) - 1


class JobRows:
    """The rows of a list that is drawn each second: one is made again where its job, or a time of it, is another."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[_JobCells, Row]] = {}

    def rows_of(self, jobs: Sequence[Job], look: Look) -> list[Row]:
        """A row for each job."""
        found: dict[str, tuple[_JobCells, Row]] = {}
        for job in jobs:
            times, made = _times(job, look), self._made.get(job.id)
            is_same = made is not None and made[0].job is job and made[0].says(times, look.glyphs.history)
            found[job.id] = made if made and is_same else _made(job, times, look)
        self._made = found
        return [row for _, row in found.values()]


class _JobCells(LateCells):
    """Those of one job, and what its row says besides."""

    __slots__ = ("glyphs", "job", "look", "name", "times")

    def __init__(self, job: Job, times: tuple[str, str, str], look: Look) -> None:
        self.job, self.times, self.look = job, times, look
        self.glyphs = look.glyphs.history
        self.name = guard(words.short_ref(job.job_ref))

    def says(self, times: tuple[str, str, str], glyphs: str) -> bool:
        """Whether it has these words for its times, and these glyphs for its runs."""
        return self.times == times and self.glyphs == glyphs

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _JobCells) or not other.says(self.times, self.glyphs):
            return False
        return self.job is other.job or tuple(self) == tuple(other)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - compared, never looked up

    def __len__(self) -> int:
        return len(COLUMNS)

    def __getitem__(self, position: int) -> Line:
        return _CELLS[position](self)

    def width(self, position: int) -> int:
        """Of what is the same in most rows, or known by its length."""
        if position < len(_TEXTS):
            return cell_width(_TEXTS[position](self))
        return len(self.job.recent_runs) if position == _RECENT else super().width(position)


def _times(job: Job, look: Look) -> tuple[str, str, str]:
    """When it runs, runs next and ran last, in the words of now."""
    when = guard(words.schedule_here(job.triggers, job.job_type, job.timezone, look, is_short=True))
    upcoming = "paused" if job.is_paused else words.coming(job.next_scheduled_run_at, look)
    return when, upcoming, _last(job, look)


def _last(job: Job, look: Look) -> str:
    run = job.latest_run
    if run is None:
        return "never"
    if run.status not in TERMINAL_STATES and job.job_type == "interactive" and run.started_at:
        return f"up {words.rough((look.now() - run.started_at).total_seconds())}"
    return words.moment(run.started_at or run.created_at, look)


def _made(job: Job, times: tuple[str, str, str], look: Look) -> tuple[_JobCells, Row]:
    cells, state = _JobCells(job, times, look), state_of(job)
    return cells, Row(
        key=job.id,
        glyph=look.state(state) if state else Span("-", Role.MUTED),
        cells=cells,
        words=f"{cells.name} {state} {times[0]} {job.profile} {' '.join(job.triggers)}",
        is_muted=job.is_archived,
        facts=_facts(job),
    )


def _facts(job: Job) -> tuple[tuple[str, float], ...]:
    """Of its last run: how long it took, how many rows it loaded; and how many of the recent ones failed."""
    runs = job.recent_runs
    failed = ("failed", float([run.status for run in runs].count("failed")))
    if not runs:
        return (failed,)
    found = (("took", runs[0].duration_seconds), ("rows", runs[0].rows_loaded))
    return (*[(name, float(value)) for name, value in found if value is not None], failed)


def _took(cells: _JobCells) -> Line:
    """Of the last run that ended."""
    seconds = next((run.duration_seconds for run in cells.job.recent_runs if run.duration_seconds is not None), None)
    return line("-" if seconds is None else words.duration(seconds))


def _loaded(cells: _JobCells) -> Line:
    """The same run's rows."""
    ended = next((run for run in cells.job.recent_runs if run.duration_seconds is not None), None)
    return line("-" if ended is None or ended.rows_loaded is None else words.count(ended.rows_loaded))


def _waits(cells: _JobCells) -> Line:
    waits = ", ".join(words.short_ref(text.removeprefix("job.is_fresh:")) for text in cells.job.freshness)
    return line(muted(guard(waits) or "-"))


_TEXTS: tuple[Callable[[_JobCells], str], ...] = (
    lambda cells: cells.name, lambda cells: cells.times[0], lambda cells: cells.times[1], lambda cells: cells.times[2],
)  # fmt: skip
_CELLS: tuple[Callable[[_JobCells], Line], ...] = (
    lambda cells: line(cells.name),
    lambda cells: line(muted(cells.times[0])),
    lambda cells: line(cells.times[1]),
    lambda cells: line(muted(cells.times[2])),
    _took,
    _loaded,
    lambda cells: line(muted(cells.job.job_type)),
    lambda cells: line(muted(guard(cells.job.profile))),
    _waits,
    lambda cells: recent(cells.job.recent_runs, cells.look),
)
