"""What is known of one run: what the control plane says, and what only its region can (SCREENS 2.6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from dlthub_tui.client.models import LogLine, Run
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.logs.log_rows import LogStyle, drawn, log_row
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import (
    EMPTY_LINE,
    Line,
    Role,
    Span,
    between,
    cell_width,
    fit,
    guard,
    line,
    muted,
    width_of,
)
from dlthub_tui.viewmodel.work import runs as view
from dlthub_tui.viewmodel.work.runs import Known

if TYPE_CHECKING:
    from datetime import datetime

    from dlthub_tui.client.leaks import MaskedCount
    from dlthub_tui.client.telemetry import JobResult, TableLoad

Fact = tuple[str, Line]

WIDE = 100
MOST_ROWS = 4
BEFORE = ("Window", "Environment")
SECOND = 32
LABEL = 8
TAIL_LINES = 10
NONE_YET: Line = (muted("none yet"),)
# What stands above and below the tail, with as many rows of the list.
LEAST_HEIGHT = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionFacts:
    """What the region of a run told of it. `error` is the last line of its log that names one."""

    masked: tuple[MaskedCount, ...] = ()
    error: str = ""
    tables: tuple[TableLoad, ...] = ()
    dlt_version: str | None = None
    python_version: str | None = None
    result: JobResult | None = None


def origin(run: Run, known: Known) -> str:
    """What started it, its profile, and the versions that it runs."""
    parts = [view.started_by(run, known), guard(run.profile)]
    deployment = known.deployments.get(run.deployment_id)
    configuration = known.configurations.get(run.configuration_id)
    if deployment is not None:
        parts.append(f"deployment {deployment}")
    elif run.job_version:
        parts.append(f"version {run.job_version}")
    if configuration is not None:
        parts.append(f"configuration {configuration}")
    return ", ".join(part for part in parts if part)


def loaded(run: Run, facts: RegionFacts, look: Look, *, is_counted: bool = True) -> str:
    """Which pipeline loaded where and, where tables are not listed, how many of them with how many rows."""
    tables = f", {words.plural(len(facts.tables), 'table')}" if facts.tables and is_counted else ""
    parts: list[str] = []
    for summary in run.summaries:
        where = ".".join(guard(part) for part in (summary.destination_name, summary.dataset_name) if part)
        rows = "" if summary.total_rows is None or not is_counted else f", {words.plural(summary.total_rows, 'row')}"
        parts.append(f"{guard(summary.pipeline_name)} {look.glyphs.becomes} {where or '?'}{tables}{rows}")
        tables = ""  # they are of the first
    return "; ".join(parts)


def masked_text(counts: Sequence[MaskedCount], look: Look) -> Line:
    """How much was masked, by rule or variable."""
    total = sum(item.count for item in counts)
    named = ", ".join(f"{guard(item.rule)} {item.count:,}" for item in counts)
    return (Span(f"{look.glyphs.masked} {total:,} masked", Role.MASKED), Span(f": {named}"))


def strip_lines(run: Run, facts: RegionFacts, known: Known, look: Look, width: int) -> list[Line]:
    """The strip below the list; on a slow line without numbers that differ from row to row."""
    is_wide = width >= WIDE
    took = view.seconds_of(run, look)
    since = f" {words.duration(took)}" if is_wide and took is not None else ""
    lines: list[Line] = [rule(view.name_of(run), run.status + since, width, look)]
    first, load = line(muted("   " + origin(run, view.NOTHING if look.is_slow else known))), loaded(run, facts, look)
    if is_wide:
        lines.append(between(first, line(load, "   ") if load else (), width))
        lines.append(view.timeline(run, look))
    else:
        window = words.window(run.interval_start, run.interval_end, look)
        said = " ".join(text for text in (f"Window {window}." if window != "-" else "", load) if text)
        lines.append(first)
        if said:
            lines.append(line("   ", said))
    if facts.error:
        lines.append(line("   ", Span(facts.error, Role.FAIL)))
    elif facts.masked:
        lines.append((Span("   "), *masked_text(facts.masked, look)))
    return lines


def above_log(run: Run, facts: RegionFacts, claimed_at: datetime | None, look: Look, width: int) -> list[Line]:
    """The facts of a run above its log: one below the other, or in two columns with each table."""
    window = words.window(run.interval_start, run.interval_end, look)
    versions = (("Python", facts.python_version), ("dlt", facts.dlt_version))
    environment = ", ".join(f"{name} {guard(version)}" for name, version in versions if version)
    left: list[Fact] = [
        ("Window", () if window == "-" else line(window)),
        ("Environment", line(environment) if environment else ()),
        *_masked_rows(facts.masked, look, is_wide=width >= WIDE),
    ]
    right: list[Fact] = [*_loaded_rows(run, facts, look, is_wide=width >= WIDE), ("Result", _result(run, facts))]
    left, right = [fact for fact in left if fact[1]], [fact for fact in right if fact[1]]
    first = view.timeline(run, look, claimed_at)
    if width < WIDE:
        return [first, *_one_below_the_other(left, right, width)]
    half = width // 2
    both = zip_longest(left, right, fillvalue=("", EMPTY_LINE))
    return [first, *((*_cell(one, 13, half), *_cell(two, 9, width - half)) for one, two in both)]


def _one_below_the_other(left: list[Fact], right: list[Fact], width: int) -> list[Line]:
    """Window and environment share a row where both fit; that there is no result yet takes none of its own."""
    facts = [fact for fact in left if fact[0] in BEFORE] + right + [fact for fact in left if fact[0] not in BEFORE]
    rows: list[Fact] = []
    room = SECOND - LABEL - 2
    for name, value in facts:
        said = (muted(f"{name}  "), *value)
        if name == "Environment" and rows and width_of(rows[-1][1]) < room and SECOND + width_of(said) <= width:
            rows[-1] = (rows[-1][0], (*fit(rows[-1][1], room), *said))
        elif value is not NONE_YET:
            rows.append((name, value))
        elif rows and LABEL + 2 + width_of(rows[-1][1]) + 3 + width_of(said) <= width:
            rows[-1] = (rows[-1][0], (*rows[-1][1], Span("   "), *said))
    label = max([LABEL, *(len(name) for name, _ in rows)])
    return [(muted(f" {name:<{label}} "), *value) for name, value in rows]


def _cell(fact: Fact, label: int, width: int) -> Line:
    return fit((muted(f" {fact[0]:<{label}}"), *fact[1]), width)


def _masked_rows(counts: Sequence[MaskedCount], look: Look, *, is_wide: bool) -> list[Fact]:
    if not counts:
        return []
    total = Span(f"{look.glyphs.masked} {sum(item.count for item in counts):,}", Role.MASKED)
    each = [f"{guard(item.rule)} {item.count:,}" for item in counts]
    if not is_wide:
        return [("Masked", (total, Span(f"   {', '.join(each)}")))]
    indent = " " * (width_of((total,)) + 2)
    first, *others = each[:MOST_ROWS]
    return [("Masked", (total, Span(f"  {first}"))), *(("", line(indent, text)) for text in others)]


def _loaded_rows(run: Run, facts: RegionFacts, look: Look, *, is_wide: bool) -> list[Fact]:
    whole = loaded(run, facts, look)
    if not (is_wide and facts.tables):
        return [("Loaded", line(whole) if whole else ())]
    rows: list[Fact] = [("Loaded", line(loaded(run, facts, look, is_counted=False)))]
    shown = facts.tables[:MOST_ROWS]
    name = min(24, max(cell_width(guard(table.name)) for table in shown))
    for table in shown:
        count = "?" if table.rows is None else words.plural(table.rows, "row")
        size = "" if table.size_bytes is None else words.size(table.size_bytes)
        rows.append(("", (*fit(line(guard(table.name)), name, mark=look.glyphs.cut), muted(f"{count:>16}{size:>10}"))))
    hidden = len(facts.tables) - len(shown)
    return [*rows, ("", line(muted(f"and {hidden} more")))] if hidden else rows


def _result(run: Run, facts: RegionFacts) -> Line:
    found = facts.result
    if found is None:
        return NONE_YET if view.is_active(run) else ()
    said = found.summary or ("" if found.value is None else json.dumps(found.value, ensure_ascii=False))
    return line(guard(found.kind), muted(f"  {guard(said)}" if said else ""))


def compared(run: Run, typical: float | None, look: Look) -> str:
    """How long it usually takes, and how this run compares."""
    took = view.seconds_of(run, look)
    if typical is None or took is None:
        return ""
    times = took / typical if typical > 0 else 0
    longer = f", {times:.0f} times as long" if times >= 2 else ""
    return f"typical {words.duration(typical)}{longer}"


def last_error(lines: Sequence[LogLine], look: Look) -> str:
    """The last line that names an error, as it is shown."""
    rows = (log_row(item, look) for item in reversed(lines))
    return next((row.plain.strip() for row in rows if row.is_error), "")


def tail_lines(lines: Iterable[LogLine], said: str, look: Look, width: int) -> list[Line]:
    """The end of the chosen run's log, always as many rows."""
    rows = [drawn(log_row(item, look), LogStyle(), look, width)[0] for item in list(lines)[-TAIL_LINES:]]
    return [rule("Log", said, width, look, has_focus=False), *rows, *[EMPTY_LINE] * (TAIL_LINES - len(rows))]
