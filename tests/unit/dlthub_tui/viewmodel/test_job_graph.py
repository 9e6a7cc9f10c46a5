"""What is around a job, drawn."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.models import Job
from dlthub_tui.viewmodel.job_graph import draw
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import cell_width, text_of


def job(name: str, *triggers: str, fresh: tuple[str, ...] = (), is_archived: bool = False) -> Job:
    return Job(
        id=name, job_ref=f"jobs.{name}", job_type="batch", profile="prod", version=1, description=None,
        triggers=triggers, declared_triggers=triggers, is_paused=False, is_archived=is_archived,
        next_scheduled_run_at=None, pipeline_name=None,
        freshness=tuple(f"job.is_fresh:jobs.{ref}" for ref in fresh), timezone=None,
        updated_at=datetime(2026, 3, 17, tzinfo=UTC), latest_run=None, recent_runs=(), timeout_seconds=None,
        definition={},
    )  # fmt: skip


LOAD = job("load")
DAILY = job("daily", "job.success:jobs.load")
MAIL = job("mail", "job.success:jobs.daily")
STOCK = job("stock", "schedule:0 * * * *", fresh=("load", "returns"))
ALARM = job("alarm", "job.fail:jobs.load")
GONE = job("gone", "job.success:jobs.load", is_archived=True)
ALL = (LOAD, DAILY, MAIL, STOCK, ALARM, GONE, job("returns"))


def drawn(shown: Job, *, is_ascii: bool = False, width: int = 80) -> list[str]:
    return [text_of(row).rstrip() for row in draw(shown, ALL, Look(is_ascii=is_ascii), width)]


def test_job_that_starts_several_forks_and_says_what_they_start() -> None:
    assert drawn(LOAD) == [
        "   load ─┬─› daily ─› mail",
        "         ├─› alarm",
        "         └┄› stock",
    ]


def test_job_that_waits_for_several_joins_them() -> None:
    assert drawn(STOCK) == [
        "      load ┄┬┄› stock",
        "   returns ┄┘",
    ]


def test_job_in_the_middle_has_both_sides() -> None:
    assert drawn(DAILY) == ["   load ───› daily ───› mail"]


def test_plain_terminals_get_plain_lines() -> None:
    lines = drawn(LOAD, is_ascii=True) + drawn(STOCK, is_ascii=True)

    assert all(row.isascii() for row in lines)
    assert lines[0] == "   load -+-> daily -> mail"


def test_narrow_terminals_cut_what_follows() -> None:
    assert all(cell_width(row) <= 40 for row in drawn(LOAD, width=40))


def test_job_alone_has_no_drawing() -> None:
    assert drawn(MAIL) != []
    assert draw(job("alone"), ALL, Look(), 80) == []
