"""Runs on the screen: the list and one run's facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dlthub_tui.client.models import Run
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import TERMINAL_STATES, Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted, whole_sentences, width_of

if TYPE_CHECKING:
    from datetime import datetime

    from dlthub_tui.client.jobs import PassedOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Numbers of versions and people by their ids, as far as the control plane tells this member of them."""

    deployments: Mapping[str, int] = field(default_factory=dict[str, int])
    configurations: Mapping[str, int] = field(default_factory=dict[str, int])
    people: Mapping[str, str] = field(default_factory=dict[str, str])


NOTHING = Known()
COLUMNS = (
    Column("State", least=9),
    Column("Job", takes_rest=True, least=20, is_name=True),
    Column("Run", is_number=True, least=4),
    Column("Started by", drops=5, usual=16, is_spare=True),
    Column("Window", drops=6, usual=14, is_spare=True),
    Column("Started", drops=1, is_number=True, usual=10),
    Column("Took", drops=2, is_number=True, least=8, usual=10),
    Column("Rows", drops=4, is_number=True, least=6, usual=7),
    Column("", drops=3, is_number=True, least=2),
    Column("Dep", drops=7, is_number=True, gap=1, is_spare=True),
)
JOB_COLUMNS = (
    Column("State", least=9),
    Column("Run", is_number=True, least=4),
    Column("Started", drops=1, is_number=True, least=10),
    Column("Took", drops=2, is_number=True, least=10),
    Column("Rows", drops=4, is_number=True, least=7),
    Column("", drops=5, is_number=True, least=2),
    Column("", drops=3, takes_rest=True, gap=1),
)
ORDERS = ("newest", "state", "took", "rows")


def is_active(run: Run) -> bool:
    """Whether it goes on."""
    return run.status not in TERMINAL_STATES


def rows_of(run: Run) -> int | None:
    """Rows loaded by its pipelines, None where nothing was reported."""
    counts = [summary.total_rows for summary in run.summaries if summary.total_rows is not None]
    return sum(counts) if counts else None


def seconds_of(run: Run, look: Look) -> float | None:
    """How long it took, or has taken so far."""
    if run.duration_seconds is not None:
        return run.duration_seconds
    if run.started_at is None:
        return None
    return ((run.finished_at or look.now()) - run.started_at).total_seconds()


def started_by(run: Run, known: Known = NOTHING) -> str:
    """The person, where one started it and is known, whatever fires its job else; else the trigger in words."""
    if run.is_another_try:
        return "another try"
    if run.triggered_by and run.previous_run_id is None:
        email = known.people.get(run.triggered_by)
        return f"by {guard(email.partition('@')[0])}" if email else "by hand"
    return guard(words.trigger(run.trigger))


def columns(look: Look, found: tuple[Column, ...] = COLUMNS) -> tuple[Column, ...]:
    """Of a list of runs; the one before the last counts what was masked."""
    return (*found[:-2], replace(found[-2], title=look.glyphs.masked), found[-1])


def masked_cell(run: Run, masked: Mapping[str, int] | None, look: Look) -> Line:
    """How much was masked in a run that ended; nothing where nothing was, `?` where the region does not say."""
    if is_active(run) or run.started_at is None:
        return line("")
    if masked is None or run.id not in masked:
        return line(muted("?" if masked is None else ""))
    count = masked[run.id]
    return line(Span(f"{look.glyphs.masked}{words.count(count)}", Role.MASKED)) if count else line("")


def run_row(
    run: Run, look: Look, *, is_unsure: bool = False, masked: Mapping[str, int] | None = None, known: Known = NOTHING
) -> Row:
    """One line of a list of runs. `masked`: counts by run, as far as they were asked for; None is not known."""
    name = guard(words.short_ref(run.job_ref))
    took, rows = seconds_of(run, look), rows_of(run)
    deployment = known.deployments.get(run.deployment_id)
    by = started_by(run, known)
    cells = (
        (_state_word(run, look, is_unsure=is_unsure),),
        line(name),
        line(str(run.number)),
        line(muted(by)),
        line(muted(words.window(run.interval_start, run.interval_end, look))),
        *_times_and_rows(run, took, rows, look),
        masked_cell(run, masked, look),
        line(muted("" if deployment is None else str(deployment))),
    )
    return Row(
        key=run.id,
        glyph=look.state(run.status),
        cells=cells,
        words=f"{name} {run.status} {run.number} {run.profile} {by}{_today(run, look)}",
        facts=_facts(run, took, rows, (masked or {}).get(run.id), deployment),
    )


def job_run_row(run: Run, look: Look, masked: Mapping[str, int] | None, said: Line = ()) -> Row:
    """One line of a job's history. `said` is what stands out; what started it, where nothing does."""
    took, rows = seconds_of(run, look), rows_of(run)
    by = started_by(run)
    cells = (
        (look.state_word(run.status),),
        line(str(run.number)),
        *_times_and_rows(run, took, rows, look),
        masked_cell(run, masked, look),
        said or line(muted(by)),
    )
    words_of = f"{guard(words.short_ref(run.job_ref))} {run.status} {run.number} {run.profile} {by}{_today(run, look)}"
    facts = _facts(run, took, rows, (masked or {}).get(run.id), None)
    return Row(run.id, look.state(run.status), cells, words_of, facts=facts)


def stands_out(run: Run, typical: float | None, reason: str | None, look: Look) -> Line:
    """Why it failed, None where its region does not say; or that it goes on for longer than it `typical`ly takes."""
    if run.status == "failed" and reason != "":
        return line(muted("?") if reason is None else Span(reason, Role.FAIL))
    took = seconds_of(run, look) if is_active(run) else None
    if typical is not None and took is not None and took > typical:
        return line(muted(f"typical is {words.duration(typical)}"))
    return ()


def _times_and_rows(run: Run, took: float | None, rows: int | None, look: Look) -> tuple[Line, Line, Line]:
    return (
        line(muted(words.moment(run.started_at or run.created_at, look))),
        line("-" if took is None else words.duration(took)),
        line("-" if rows is None else words.count(rows)),
    )


def _today(run: Run, look: Look) -> str:
    return " today" if look.local(run.created_at).date() == look.local(look.now()).date() else ""


def _facts(
    run: Run, took: float | None, rows: int | None, masked: int | None, deployment: int | None
) -> tuple[tuple[str, float], ...]:
    found = (("run", run.number), ("took", took), ("rows", rows), ("masked", masked), ("deployment", deployment))
    return tuple((name, float(value)) for name, value in found if value is not None)


COUNTED = ("running", "starting", "pending", "cancelling")


def answer_of(runs: Sequence[Run], look: Look, counted: Mapping[str, int] | None = None) -> Line:
    """What goes on, in words. `counted` where the runs are not all: how many of each state, of `failed` today's."""
    if counted is None:
        today = look.local(look.now()).date()
        counted = Counter(run.status for run in runs if run.status != "failed")
        counted["failed"] = sum(run.status == "failed" and look.local(run.created_at).date() == today for run in runs)
    parts: list[Span] = []
    for state in COUNTED:
        if counted.get(state):
            parts.extend((look.state(state), Span(f" {words.total(counted[state])} {state}  ")))
    if counted.get("failed"):
        parts.extend((look.state("failed"), Span(f" {words.total(counted['failed'])} failed today  ")))
    return tuple(parts) or (muted("Nothing runs."),)


def sort_runs(runs: Sequence[Run], order: str, look: Look) -> list[Run]:
    """By one of `ORDERS`."""
    states = ("running", "cancelling", "starting", "pending", "failed", "cancelled", "completed", "skipped")
    match order:
        case "state":
            return sorted(runs, key=lambda run: states.index(run.status) if run.status in states else len(states))
        case "took":
            return sorted(runs, key=lambda run: -(seconds_of(run, look) or 0))
        case "rows":
            return sorted(runs, key=lambda run: -(rows_of(run) or 0))
        case _:
            return list(runs)


def name_of(run: Run) -> str:
    """`ingest.load_orders 1041`."""
    return f"{guard(words.short_ref(run.job_ref))} {run.number}"


def _state_word(run: Run, look: Look, *, is_unsure: bool) -> Span:
    """What its region last said of it; a silent region may know better by now, but of what it has not taken."""
    word = look.state_word(run.status)
    return Span(word.text + ("?" if is_unsure and is_active(run) and run.status != "pending" else ""), word.role)


def troubled_answer(run: Run, wrong: Line, look: Look, width: int, *, is_unsure: bool) -> Line:
    """Its state, and what is wrong with the place that shows it, in as many whole sentences as have room."""
    state = (look.state(run.status), Span(" "), _state_word(run, look, is_unsure=is_unsure), Span("   "))
    room = width - width_of(state) - 2
    return (*state, *(span._replace(text=whole_sentences(span.text, room)) for span in wrong))


def run_answer(run: Run, look: Look, said: str) -> Line:
    """State and how long, and what started it."""
    took = seconds_of(run, look)
    since = "" if took is None else f" {words.duration(took)}"
    return (look.state(run.status), Span(" "), look.state_word(run.status), Span(since), muted(f"      {said}"))


def timeline(run: Run, look: Look, claimed_at: datetime | None = None) -> Line:
    """The steps of its life, each with how long it took or since when it lasts. `claimed_at`: its region took it."""
    crumb = f" {look.glyphs.crumb} "
    if run.started_at is None:
        if run.finished_at is not None:
            return (muted(f"   pending {words.clock(run.created_at, look)}{crumb}{run.status} before it started"),)
        waited = words.duration((look.now() - run.created_at).total_seconds())
        return (muted(f"   {run.status} for {waited}"),)
    start = f"   waited {words.duration((run.started_at - run.created_at).total_seconds())}{crumb}"
    if claimed_at is not None and run.created_at <= claimed_at <= run.started_at:
        pending, starting = claimed_at - run.created_at, run.started_at - claimed_at
        start = f"   pending {words.duration(pending.total_seconds())}{crumb}"
        start += f"starting {words.duration(starting.total_seconds())}{crumb}"
    if run.finished_at is None:
        ends = ""
        if run.max_run_time_seconds:
            left = run.started_at.timestamp() + run.max_run_time_seconds
            ends = f"{crumb}ends by {words.clock(run.started_at.fromtimestamp(left, run.started_at.tzinfo), look)}"
        return (muted(f"{start}{run.status} since {words.clock(run.started_at, look)}{ends}"),)
    return (
        muted(f"{start}ran {words.clock(run.started_at, look)} to {words.clock(run.finished_at, look)}{crumb}"),
        look.state_word(run.status),
    )


def what_to_expect(run: Run, region: str, look: Look, ahead: int = 0) -> str:
    """The sentence in an empty log pane; `ahead` are runs of its workspace that wait for longer."""
    match run.status:
        case "pending" if run.is_another_try:
            return "The try before it failed. It waits for its time; the job says how long."
        case "pending":
            more = f" {words.plural(ahead, 'run')} of this workspace {'is' if ahead == 1 else 'are'} ahead."
            return f"Waiting for {guard(region)} to take it.{more if ahead else ''}"
        case "starting":
            waited = words.duration((look.now() - run.created_at).total_seconds())
            return f"Building the environment, {waited}. Its output comes here."
        case "running":
            took = seconds_of(run, look)
            return f"Running for {words.duration(took or 0)}, nothing printed yet."
        case "cancelled" | "failed" if run.started_at is None:
            return "This run ended before it began. There is no log of it."
        case "cancelled":
            return "This run printed nothing before it was cancelled."
        case _:
            took = seconds_of(run, look)
            code = " with 0" if run.status == "completed" else ""  # any other is said in its log, which is not empty
            return f"This run printed nothing. It ended after {words.duration(took or 0)}{code}."


def ended_before(run: Run, look: Look) -> str:
    """Why a run was not stopped."""
    how = {"completed": "completed", "failed": "failed", "cancelled": "been cancelled"}.get(run.status, "ended")
    ago = f" {words.duration((look.now() - run.finished_at).total_seconds())}" if run.finished_at is not None else ""
    return f"{name_of(run)} had {how}{ago} before. Nothing was stopped."


STOPPED_CHAINS = frozenset({"chain_too_long", "chain_too_fast"})
"""Jobs that start each other by their ends were stopped."""


def decline_words(status: str) -> str:
    """What a receipt's status means where nothing was started."""
    return {
        "skipped_concurrency_limit": "it is already running, as often as it may",
        "skipped_fresh": "what it depends on is not fresh",
        "skipped_upstream_pending": "what it depends on runs first; it starts after that",
        "skipped_paused": "it is paused",
        "skipped_out_of_interval": "its interval does not reach this moment",
        "skipped_already_covered": "its window is covered already",
        "skipped_workspace_archived": "the workspace is archived",
        "profile_not_configured": "its profile has no configuration",
        "chain_too_long": "too many runs started each other by their ends",
        "chain_too_fast": "jobs start it again and again",
    }.get(status, guard(status))


def passed_over_words(over: PassedOver, told: Callable[[datetime], str]) -> str:
    """When a start that fired by itself was passed over, what fired it, and why; `told` words the moment."""
    return f"{told(over.at)}, {guard(words.trigger(over.trigger))}: {decline_words(over.status)}"


def declined(job_ref: str, status: str, reasons: Sequence[str]) -> str:
    """Why a trigger started nothing: what the platform says of it, else what the status means."""
    name = guard(words.short_ref(job_ref))
    said = "; ".join(guard(reason).removesuffix(".") for reason in reasons)
    if status == "skipped_fresh":  # its reasons name jobs only
        said = f"{decline_words(status)}: {said}" if said else ""
    text = said or decline_words(status)
    return f"Not started: {name}. {text[:1].upper()}{text[1:]}."
