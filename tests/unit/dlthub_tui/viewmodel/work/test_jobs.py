"""What the list of jobs and a job's own screen say of its last runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from dlthub_tui.client.jobs import PassedOver, Starts
from dlthub_tui.client.models import Job, RecentRun, parse_run
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import LateCells, Section, lay_out
from dlthub_tui.viewmodel.text import Role, text_of, width_of
from dlthub_tui.viewmodel.work.job_rows import COLUMNS, JobRows
from dlthub_tui.viewmodel.work.jobs import (
    history_plots,
    history_title,
    job_answer,
    job_details,
    job_facts,
)

RUNS = (
    RecentRun("4", "running", None, None),
    RecentRun("3", "failed", 9.0, None),
    RecentRun("2", "completed", 40.0, 12_000),
    RecentRun("1", "completed", 80.0, 6_000),
)
LOAD = Job(
    id="load", job_ref="jobs.load", job_type="batch", profile="prod", version=4, description=None,
    triggers=("every:1h",), declared_triggers=("every:1h",), is_paused=False, is_archived=False,
    next_scheduled_run_at=None, pipeline_name=None, freshness=("job.is_fresh:jobs.returns",), timezone=None,
    updated_at=datetime(2026, 3, 17, tzinfo=UTC), latest_run=None, recent_runs=RUNS, timeout_seconds=None,
    definition={},
)  # fmt: skip
DAILY = replace(LOAD, id="daily", job_ref="jobs.daily", declared_triggers=("job.success:jobs.load",), freshness=())


def strip(job: Job, failures: int | None) -> list[str]:
    return [text_of(row).strip() for row in job_details(job, (LOAD, DAILY), Look(), 80, failures)][1:]


def test_strip_says_what_follows_what_is_waited_for_and_what_is_usual() -> None:
    assert strip(LOAD, 1) == [
        "Batch, profile prod.",
        "Then: daily. Waits for: returns.",
        "Typical 1 min 20 s (of the last 4), 12,000 rows. 1 failure in 24 hours.",
    ]


def test_failures_that_were_not_counted_are_not_named() -> None:
    assert strip(LOAD, None)[-1] == "Typical 1 min 20 s (of the last 4), 12,000 rows."
    assert strip(LOAD, 0)[-1].endswith("No failure in 24 hours.")
    assert "10,000+ failures in 24 hours." in strip(LOAD, 10_001)[-1]


def test_job_without_neighbours_says_when_it_fires() -> None:
    assert "Fires every hour." in strip(replace(LOAD, freshness=(), job_ref="jobs.alone"), None)


def test_page_says_what_waits_and_what_was_passed_over() -> None:
    at = datetime(2026, 3, 17, 2, tzinfo=UTC)
    starts = Starts(
        waits_for=("jobs.returns",), passed_over=PassedOver(at=at, trigger="job.fail:jobs.x", status="chain_too_long")
    )
    look = Look(now=lambda: at + timedelta(minutes=3))

    assert [text_of(row).strip() for row in job_facts(LOAD, starts, look, 80)][-2:] == [
        "a start waits for       returns",
        "passed over             3 min ago, after x fails: too many runs started each other by their ends",
    ]
    assert len(job_facts(LOAD, Starts(), look, 80)) == len(job_facts(LOAD, None, look, 80))


def test_page_says_that_a_schedule_is_over() -> None:
    at = datetime(2026, 3, 17, tzinfo=UTC)

    def said(job: Job, starts: Starts | None) -> bool:
        return "starts nothing any more" in text_of(job_facts(job, starts, Look(now=lambda: at), 80)[1])

    assert said(LOAD, Starts())
    assert not said(LOAD, None)
    assert not said(LOAD, Starts(fires=(at + timedelta(hours=1),)))
    assert not said(replace(LOAD, is_archived=True), Starts())
    assert not said(DAILY, Starts())


def test_a_schedule_of_another_zone_names_it_and_the_clock_of_what_comes() -> None:
    now = datetime(2026, 3, 17, 20, tzinfo=UTC)
    look = Look(now=lambda: now, zone=timezone(timedelta(hours=-4), "EDT"))
    nightly = replace(LOAD, triggers=("schedule:0 3 * * *",), timezone="Europe/Berlin")
    starts = Starts(fires=(now + timedelta(hours=6),))

    assert text_of(job_facts(nightly, starts, look, 80)[1]) == "   daily at 03:00 Europe/Berlin  22:00  EDT"
    (row,) = JobRows().rows_of([nightly], look)
    assert text_of(row.cells[1]) == "daily at 03:00 Berlin"


def test_page_says_since_when_a_job_is_paused_and_what_it_catches_up_on() -> None:
    now = datetime(2026, 3, 17, 20, tzinfo=UTC)
    look, paused = Look(now=lambda: now, zone=UTC), replace(LOAD, is_paused=True)
    starts = Starts(paused_at=now - timedelta(days=2), completed_until=now - timedelta(days=2, hours=6))

    def said(starts: Starts | None) -> str:
        return text_of(job_facts(paused, starts, look, 80)[2])

    assert said(starts) == "   ◫ paused since 2 days; the first run after it covers 14:00 on 15 Mar to now"
    assert said(replace(starts, completed_until=now)).endswith("covers 20:00 to now")
    assert said(Starts()) == said(None) == "   ◫ paused"


def test_how_long_ago_the_last_run_was_is_not_since_when_a_job_is_paused() -> None:
    now = datetime(2026, 3, 17, 20, tzinfo=UTC)
    run = parse_run({
        "id": "1", "number": 1, "status": "completed", "trigger": "manual:", "profile": "prod",
        "created_at": (now - timedelta(hours=3)).isoformat(), "pipeline_run_summaries": [],
    })  # fmt: skip

    def said(job: Job) -> str:
        return text_of(job_answer(replace(job, latest_run=run), run, None, Look(now=lambda: now, zone=UTC)))

    assert "completed 3 h ago" in said(LOAD)
    assert "paused, last run 3 h ago" in said(replace(LOAD, is_paused=True))
    assert "archived, last run 3 h ago" in said(replace(LOAD, is_archived=True))


def test_history_is_plotted_oldest_first_with_its_bounds() -> None:
    assert [text_of(row).strip() for row in history_plots(RUNS, Look())] == [
        "Took     █▄✗◉   9 s to 1 min 20 s",
        "Rows     ▄█✗◉   6,000 to 12,000",
    ]
    assert history_plots(RUNS[:2], Look()) == []


def test_title_of_the_history_counts_how_runs_ended() -> None:
    assert history_title(RUNS, 4, Look()) == "4 runs: 2 ✓  1 ✗   typical 1 min 20 s"
    assert history_title(RUNS, 31, Look()) == "31 runs, last 4: 2 ✓  1 ✗   typical 1 min 20 s"
    assert history_title((), 0, Look()) == "0 runs"


def test_row_is_made_again_only_where_its_job_or_a_time_of_it_is_another() -> None:
    at = [datetime(2026, 3, 17, 2, tzinfo=UTC)]
    look, drawn = Look(now=lambda: at[0]), JobRows()
    soon = replace(DAILY, next_scheduled_run_at=at[0] + timedelta(hours=1))
    first = drawn.rows_of((LOAD, soon), look)
    at[0] += timedelta(minutes=5)
    second = drawn.rows_of((LOAD, soon), look)
    third = drawn.rows_of((replace(LOAD, is_paused=True), soon), look)
    look.is_ascii = True

    assert second[0] is first[0]
    assert second == JobRows().rows_of((LOAD, soon), replace(look, is_ascii=False))
    assert second[1] != first[1]
    assert third[0] != second[0]
    assert third[1] is second[1]
    assert drawn.rows_of((LOAD, soon), look) == JobRows().rows_of((LOAD, soon), look)


def test_how_wide_the_cells_of_a_row_are_is_known_without_their_words() -> None:
    (cells,) = [row.cells for row in JobRows().rows_of((LOAD,), Look())]

    assert isinstance(cells, LateCells)
    assert [cells.width(at) for at in range(len(COLUMNS))] == [width_of(cell) for cell in cells]


def test_row_of_an_archived_job_is_muted() -> None:
    rows = tuple(JobRows().rows_of((LOAD, replace(LOAD, id="old", is_archived=True)), Look()))
    _, live, archived = lay_out([Section(COLUMNS, rows)], 80, Look())

    assert text_of(live.line) == text_of(archived.line)
    assert {span.role for span in live.line if span.text.strip()} > {Role.MUTED}
    assert {span.role for span in archived.line if span.text.strip()} == {Role.MUTED}
