"""Jobs on the screen: the list, one job's facts, its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from dlthub_tui.client.models import Job, RecentRun, Run
from dlthub_tui.client.retries import Retries
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.documents import changed_lines, json_lines
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import TERMINAL_STATES, Look
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import Line, Role, Span, fit, guard, line, muted
from dlthub_tui.viewmodel.work import job_graph
from dlthub_tui.viewmodel.work.runs import COUNTED, STOPPED_CHAINS, decline_words

if TYPE_CHECKING:
    from dlthub_tui.client.jobs import JobVersion, Starts

# From here on a job's definition stands beside its history.
WIDE = 116
ARCHIVED = "It is archived: {item.destroy} brings it back, and so does a deploy that declares it."
ORDERS = ("as deployed", "name", "last run", "next run")
_SERVES = "   Serves an app while it runs: {run.start} starts it, {app.open} opens it in a browser."


def state_of(job: Job) -> str:
    """The word that stands for a job in lists: what its last run does, unless it is held."""
    if job.is_archived:
        return "archived"
    if job.latest_run is not None and job.latest_run.status not in TERMINAL_STATES:
        return job.latest_run.status
    if job.is_paused:
        return "paused"
    return job.latest_run.status if job.latest_run else ""


def is_active(job: Job) -> bool:
    """Whether a run of it goes on."""
    return job.latest_run is not None and job.latest_run.status not in TERMINAL_STATES


def recent(runs: Sequence[RecentRun], look: Look) -> Line:
    """A bar a run, oldest first, by how long it took; a glyph where it did not complete."""
    return _plot(runs, [run.duration_seconds or 0 for run in runs], look)


def _plot(runs: Sequence[RecentRun], values: Sequence[float], look: Look) -> Line:
    longest = max(values, default=0) or 1
    bars = _bars(look.glyphs.history)
    spans: list[Span] = []
    for run, value in zip(reversed(runs), reversed(values), strict=True):
        if run.status in TERMINAL_STATES - {"failed", "cancelled"}:
            spans.append(bars[min(len(bars) - 1, int(value / longest * (len(bars) - 1)))])
        else:
            spans.append(look.state(run.status))
    return tuple(spans)


@lru_cache(maxsize=2)
def _bars(glyphs: str) -> Line:
    return tuple(map(muted, glyphs))


def answer_of(jobs: Sequence[Job], look: Look) -> Line:
    """What goes on, in words."""
    shown = [job for job in jobs if not job.is_archived]
    counts = Counter(state_of(job) for job in shown)
    parts: list[Span] = []
    for state in COUNTED:
        if counts[state]:
            parts.extend((look.state(state), Span(f" {counts[state]} {state}  ")))
    if counts["failed"]:
        parts.extend((look.state("failed"), Span(f" {counts['failed']} failed last  ")))
    paused = sum(job.is_paused for job in shown)
    if paused:
        parts.extend((look.state("paused"), Span(f" {paused} paused  ")))
    return tuple(parts) or (muted("Nothing runs."),)


def sort_jobs(jobs: Sequence[Job], order: str) -> list[Job]:
    """By one of `ORDERS`."""
    match order:
        case "name":
            return sorted(jobs, key=lambda job: job.job_ref)
        case "last run":
            return sorted(
                jobs, key=lambda job: job.latest_run.created_at if job.latest_run else job.updated_at, reverse=True
            )
        case "next run":
            return sorted(
                jobs, key=lambda job: (job.next_scheduled_run_at is None, job.next_scheduled_run_at or job.updated_at)
            )
        case _:
            return list(jobs)


def typical_seconds(runs: Sequence[RecentRun]) -> float | None:
    """The middle of how long completed runs took."""
    took = sorted(
        run.duration_seconds for run in runs if run.status == "completed" and run.duration_seconds is not None
    )
    return took[len(took) // 2] if took else None


def history_title(runs: Sequence[RecentRun], total: int, look: Look) -> str:
    """How many there are, how the last of them ended, and how long one usually takes."""
    counted = words.plural(total, "run")
    if not runs:
        return counted
    counts = Counter(run.status for run in runs)
    ends = [
        f"{counts[state]} {look.state(state).text}" for state in ("completed", "failed", "cancelled") if counts[state]
    ]
    typical = typical_seconds(runs)
    usual = f"   typical {words.duration(typical)}" if typical is not None else ""
    last = f", last {len(runs)}" if total > len(runs) else ""
    return f"{counted}{last}: {'  '.join(ends) or 'none has ended'}{usual}"


def history_plots(runs: Sequence[RecentRun], look: Look) -> list[Line]:
    """The last runs, oldest first: how long each took, how many rows each loaded; nothing before there are two."""
    lines: list[Line] = []
    took = [run.duration_seconds for run in runs if run.duration_seconds is not None]
    if len(took) > 1:
        least, most = words.duration(min(took)), words.duration(max(took))
        plot = _plot(runs, [run.duration_seconds or 0 for run in runs], look)
        lines.append(line("   ", muted(f" {'Took':<9}"), *plot, muted(f"   {least} to {most}")))
    rows = [run.rows_loaded for run in runs if run.rows_loaded is not None]
    if len(rows) > 1:
        plot = _plot(runs, [float(run.rows_loaded or 0) for run in runs], look)
        said = f"   {words.count(min(rows))} to {words.count(max(rows))}"
        lines.append(line("   ", muted(f" {'Rows':<9}"), *plot, muted(said)))
    return lines


def job_details(job: Job, others: Sequence[Job], look: Look, width: int, failures: int | None = None) -> list[Line]:
    """The strip below the list. `failures`: how many runs failed in 24 hours; None is not known."""
    name, limits = guard(job.job_ref), _limits(job)
    lines: list[Line] = [rule(name, f"version {job.version}", width, look)]
    if job.description:
        lines.append(line("   ", guard(job.description.strip().splitlines()[0])))
    window = _window(job, look)
    of_window = f" Window {window}." if window else ""
    lines.append(line(muted(f"   {job.job_type.capitalize()}, profile {guard(job.profile)}.{of_window}{limits}")))
    if job.job_type == "interactive":
        lines.append(line(muted(name_keys(_SERVES, look))))
    then, waits = _names(job_graph.edges_after(job, others)), _names(job_graph.waits_for(job))
    fires = [text for text in map(words.trigger, job.declared_triggers) if text != "interactive"]
    if then or waits:
        lines.append(line(muted(f"   Then: {then or 'nothing'}. Waits for: {waits or 'nothing'}.")))
    elif fires:
        lines.append(line(muted(f"   Fires {guard(', '.join(fires))}.")))
    said = _usually(job, failures)
    if said:
        lines.append(line(muted(f"   {said}")))
    return lines


def _names(edges: Sequence[job_graph.Edge]) -> str:
    return ", ".join(dict.fromkeys(edge.name for edge in edges))


def _window(job: Job, look: Look) -> str:
    """Of the last run, where it had one."""
    run = job.latest_run
    window = words.window(run.interval_start, run.interval_end, look) if run is not None else "-"
    return "" if window == "-" else window


def _usually(job: Job, failures: int | None) -> str:
    """How long a run takes and how much it loads; `failures` in 24 hours where they were counted."""
    typical = typical_seconds(job.recent_runs)
    loaded = sorted(run.rows_loaded for run in job.recent_runs if run.rows_loaded is not None)
    parts: list[str] = []
    if typical is not None:
        rows = f", {words.plural(loaded[len(loaded) // 2], 'row')}" if loaded else ""
        parts.append(f"Typical {words.duration(typical)} (of the last {len(job.recent_runs)}){rows}.")
    if failures:
        many = "failure" if failures == 1 else "failures"
        parts.append(f"{words.total(failures)} {many} in 24 hours.")
    elif failures == 0 and job.recent_runs:
        parts.append("No failure in 24 hours.")
    return " ".join(parts)


def _limits(job: Job) -> str:
    return f" Stops after {words.duration(job.timeout_seconds)}." if job.timeout_seconds else ""


def job_facts(job: Job, starts: Starts | None, look: Look, width: int) -> list[Line]:
    """The upper part of the job's own screen: what fires it, and what kept it from starting."""
    lines: list[Line] = [rule("Fires", "", width, look, has_focus=False)]
    when = guard(words.schedule(job.triggers, job.job_type))
    zoned = guard(words.schedule_here(job.triggers, job.job_type, job.timezone, look, is_short=False))
    schedule = f"{zoned:<22}  "
    # The clock of who looks, named where the schedule's is another.
    zone = f"  {look.local(look.now()):%Z}" if zoned != when else ""
    upcoming = words.fires(starts.fires if starts else (), look, width - len(schedule) - len(zone) - 12)
    what_comes = muted(f"{upcoming}{zone}" if upcoming else "")
    if _is_over(job, starts):
        what_comes = Span("starts nothing any more", Role.WARN)
    lines.append(line("   ", schedule, what_comes))
    if job.is_paused:
        lines.append(_paused(starts, look))
    also = [words.trigger(text) for text in job.triggers]
    rest = [text for text in dict.fromkeys(also) if text != when]
    if rest:
        lines.append(line("   ", muted(f"{'also by':<24}"), guard(", ".join(rest))))
    window = _window(job, look)
    if window:
        lines.append(line("   ", muted(f"{'window':<24}"), f"{window}, in the last run"))
    for name, url in (("app at", job.job_url), ("for everybody at", job.public_url)):
        if url is not None:
            lines.append(line("   ", muted(f"{name:<24}"), guard(url)))
    return [*lines, *_kept_back(starts, look)] if starts is not None else lines


def _is_over(job: Job, starts: Starts | None) -> bool:
    """That it has a schedule, and nothing is left of it: its interval has ended."""
    has_schedule = any(text.startswith(("schedule:", "every:")) for text in job.declared_triggers)
    return has_schedule and not job.is_archived and starts is not None and not starts.fires


def _paused(starts: Starts | None, look: Look) -> Line:
    """Since when, and what is caught up on: its time goes on."""
    since = starts.paused_at if starts else None
    until = starts.completed_until if starts else None
    said = f"paused {words.since(since, look)}" if since else "paused"
    covers = f"; the first run after it covers {words.time_and_day(until, look)} to now" if until else ""
    return line("   ", look.state("paused"), " ", Span(said, Role.WARN), muted(covers))


def _kept_back(starts: Starts, look: Look) -> list[Line]:
    """A start that waits, and the newest that was passed over: nobody was there to be told."""
    lines: list[Line] = []
    if starts.waits_for:
        refs = ", ".join(guard(words.short_ref(ref)) for ref in starts.waits_for)
        lines.append(line("   ", muted(f"{'a start waits for':<24}"), refs))
    over = starts.passed_over
    if over is not None:
        fired = guard(words.trigger(over.trigger))
        why = Span(decline_words(over.status), Role.WARN if over.status in STOPPED_CHAINS else Role.TEXT)
        lines.append(line("   ", muted(f"{'passed over':<24}"), f"{words.moment(over.at, look)}, {fired}: ", why))
    return lines


def definition_lines(job: Job | None, look: Look, width: int, most: int) -> list[Line]:
    """The definition as far as `most` rows reach, beside the history (SCREENS 2.7)."""
    if job is None:
        return []
    document = json_lines(job.definition)
    if len(document) > most - 1:
        document = [
            *document[: most - 2],
            line(muted(name_keys(f"{look.glyphs.cut} {{definition.open}} shows all", look))),
        ]
    lines = [rule("Definition", f"version {job.version}", width, look, has_focus=False), *document]
    return [fit(each, width, mark=look.glyphs.cut) for each in lines]


def tries_line(retries: Retries) -> Line:
    """How often it is tried again after a failure."""
    tries = words.plural(retries.attempts, "time", "times")
    after = words.duration(retries.wait_seconds)
    return line("   ", muted(f"{'after a failure':<24}"), f"tried {tries} in all, after {after}, then twice as long")


def job_answer(job: Job, latest: Run | None, deployment: int | None, look: Look) -> Line:
    """The job's state in words. `deployment`: the version of the code that it is run from."""
    state = state_of(job)
    if not state:
        return (muted("Has not run yet."),)
    since = ""
    if latest is not None and latest.status not in TERMINAL_STATES and latest.started_at and not job.is_archived:
        since = f" for {words.duration((look.now() - latest.started_at).total_seconds())}"
    elif latest is not None:
        ended = words.moment(latest.finished_at or latest.created_at, look)
        since = f", last run {ended}" if job.is_paused or job.is_archived else f" {ended}"
    # What is shown is the newest definition: versions count from 1.
    version = f"version {job.version} of {job.version}"
    code = "" if deployment is None else f", deployment {deployment}"
    facts = f"      {job.job_type}, {guard(job.profile)}, {version}{code}"
    return (look.state(state), Span(" "), look.state_word(state), Span(since), muted(facts))


def version_lines(versions: Sequence[JobVersion], look: Look) -> list[Line]:
    """Since when each version is deployed, and what it changed, the newest first."""
    lines: list[Line] = []
    for after, before in pairwise(versions):
        lines += _version_title(after, "", look)
        lines += changed_lines(before.definition, after.definition) or [line(muted("the same words"))]
    if versions:
        first = versions[-1]
        lines += _version_title(first, ", the first" if first.version == 1 else ", older ones are not listed", look)
    return lines


def _version_title(version: JobVersion, more: str, look: Look) -> list[Line]:
    said = f", {words.moment(version.created_at, look)}{more}"
    return [line(), line(Span(f"Version {version.version}", Role.TITLE), muted(said))]
