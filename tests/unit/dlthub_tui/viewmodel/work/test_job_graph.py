"""What is around a job, drawn."""

from __future__ import annotations

from datetime import UTC, datetime

from dlthub_tui.client.models import Job
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import cell_width, text_of
from dlthub_tui.viewmodel.work.job_graph import Drawing, Edges, draw, window


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


def drawn(shown: Job, among: tuple[Job, ...] = ALL, *, is_ascii: bool = False, width: int = 80) -> list[str]:
    return [text_of(row).rstrip() for row in draw(Edges(shown, among), Look(is_ascii=is_ascii), width).lines]


def test_job_that_starts_several_forks_and_says_what_they_start_and_what_else_leads_there() -> None:
    assert drawn(LOAD) == [
        "   load ─┬─› daily ─› mail",
        "         ├─› alarm",
        "         └┄› stock ‹┄ returns",
    ]


def test_job_that_waits_for_several_joins_them() -> None:
    assert drawn(STOCK) == [
        "      load ┄┬┄› stock",
        "   returns ┄┘",
    ]


def test_job_in_the_middle_has_both_sides() -> None:
    assert drawn(DAILY) == ["   load ─› daily ─› mail"]


CHAIN = tuple(job(f"step_{n}", *([f"job.success:jobs.step_{n - 1}"] if n else [])) for n in range(12))


def test_steps_on_both_sides_are_drawn_as_far_as_the_width_reaches() -> None:
    assert drawn(CHAIN[5], CHAIN, width=100) == [
        "   step_2 ─› step_3 ─› step_4 ─› step_5 ─› step_6 ─› step_7 ─› step_8 ─› step_9 ─› …",
    ]
    assert drawn(CHAIN[5], CHAIN, width=40) == ["   step_4 ─› step_5 ─› step_6 ─› step_7"]


def test_forks_further_away_stand_beside_their_own() -> None:
    among = (
        job("a"), job("bb", "job.success:jobs.a"), job("c", "job.success:jobs.a"), job("d", "job.success:jobs.bb"),
        job("e", "job.success:jobs.bb"), job("f", "job.success:jobs.c"),
    )  # fmt: skip

    assert drawn(among[0], among) == [
        "   a ─┬─› bb ─┬─› d",
        "      │       └─› e",
        "      └─› c  ───› f",
    ]
    assert drawn(among[5], among) == ["   a ─› c ─› f"]


def test_jobs_that_start_each_other_in_a_ring_end_somewhere() -> None:
    ring = (job("a", "job.success:jobs.b"), job("b", "job.success:jobs.a"))

    assert drawn(ring[0], ring) == ["   b ─› a ─› b"]


def test_jobs_that_all_lead_to_each_other_are_drawn_in_part() -> None:
    names = [f"n{n}" for n in range(60)]
    mesh = tuple(job(name, *(f"job.success:jobs.{other}" for other in names if other != name)) for name in names)

    drawing = draw(Edges(mesh[0], mesh), Look(), 120)

    assert len(drawing.lines) < 600


def test_what_is_around_can_be_stood_on() -> None:
    drawing = draw(Edges(LOAD, ALL), Look(), 80, chosen=2)

    assert [ref for ref, _, _, _ in drawing.places] == [
        "jobs.daily", "jobs.alarm", "jobs.stock", "jobs.mail", "jobs.returns",
    ]  # fmt: skip
    assert text_of(drawing.lines[2]).rstrip() == "         └┄›❯stock ‹┄ returns"
    for _, row, at, width in drawing.places:
        text = text_of(drawing.lines[row])
        assert text[at - 1] in " ❯"
        assert len(text[at : at + width].split()) == 1


def test_many_rows_are_shown_around_what_is_stood_on() -> None:
    many = (job("load"), *(job(f"n{n}", "job.success:jobs.load") for n in range(20)))
    drawing = draw(Edges(many[0], many), Look(), 80, chosen=15)

    shown, top = window(drawing, 15)

    assert top == 12
    assert [text_of(row).strip() for row in shown][-2:] == ["├─›❯n15", "and 16 rows more"]
    assert window(Drawing(), None) == ((), 0)


def test_plain_terminals_get_plain_lines() -> None:
    lines = drawn(LOAD, is_ascii=True) + drawn(STOCK, is_ascii=True)

    assert all(row.isascii() for row in lines)
    assert lines[0] == "   load -+-> daily -> mail"


def test_narrow_terminals_cut_what_follows() -> None:
    assert all(cell_width(row) <= 40 for row in drawn(LOAD, width=40))


def test_job_alone_has_no_drawing() -> None:
    assert drawn(MAIL) != []
    assert draw(Edges(job("alone"), ALL), Look(), 80) == Drawing()
