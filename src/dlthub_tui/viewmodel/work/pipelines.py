"""Pipelines, their runs and what a run loaded, on the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dlthub_tui.client.telemetry import LoadPackage, PipelineRun, PipelineRunDetails, PipelineStats, TableLoad
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

COLUMNS = (
    Column("Pipeline", takes_rest=True, least=16, is_name=True),
    Column("Last", is_number=True, least=11),
    Column("Runs", is_number=True, least=5),
    Column("Success", is_number=True, drops=1),
    Column("Rows", is_number=True, least=9),
    Column("Tables", is_number=True, drops=3),
    Column("Average", is_number=True, drops=2, least=8),
    Column("To", drops=4, least=10),
)
RUN_COLUMNS = (
    Column("State", least=9),
    Column("Started", is_number=True, least=11),
    Column("Took", is_number=True, least=8),
    Column("Rows", is_number=True, least=9),
    Column("Size", is_number=True, drops=2, least=8),
    Column("Schema", drops=3),
    Column("", takes_rest=True, drops=1),
)
TABLE_COLUMNS = (
    Column("Table", takes_rest=True, least=16, is_name=True),
    Column("Rows", is_number=True, least=9),
    Column("Size", is_number=True, least=8),
    Column("Took", is_number=True, drops=2, least=7),
    Column("Written by", drops=1),
    Column("State"),
)
PACKAGE_COLUMNS = (
    Column("Load package", takes_rest=True, least=18, is_name=True),
    Column("State"),
    Column("Files", is_number=True),
    Column("Rows", is_number=True, least=9),
    Column("Size", is_number=True, drops=1, least=8),
    Column("Schema", drops=2),
)
ORDERS = ("last run", "name", "rows", "average time")
STATES = {"succeeded": "completed", "failed": "failed"}


def _state(status: str | None, look: Look) -> Span:
    return look.state(STATES.get(status or "", "pending"))


def _success(share: float) -> Span:
    said = f"{int(share * 100)} %"
    return Span(said, Role.FAIL) if share < 1 else muted(said)


def _to(destination: str | None, dataset: str | None) -> str:
    return ".".join(guard(part) for part in (destination, dataset) if part) or "-"


def tables_of(pipelines: Sequence[PipelineStats], counted: Mapping[str, int]) -> dict[str, int]:
    """How many tables a pipeline loads, by its name: those of its dataset, where no other pipeline loads there too."""
    datasets = [stats.dataset for stats in pipelines]
    return {
        stats.name: counted[stats.dataset]
        for stats in pipelines
        if stats.dataset is not None and stats.dataset in counted and datasets.count(stats.dataset) == 1
    }


def pipeline_row(stats: PipelineStats, tables: int | None, look: Look) -> Row:
    """One pipeline. `tables` is None where they cannot be told from another pipeline's."""
    name = guard(stats.name)
    cells = (
        line(name),
        line(words.moment(stats.at, look, "never")),
        line(words.count(stats.runs)),
        line(_success(stats.success)),
        line(words.count(stats.rows)),
        line(muted("?") if tables is None else words.count(tables)),
        line("-" if stats.average_seconds is None else words.duration(stats.average_seconds)),
        line(muted(_to(stats.destination, stats.dataset))),
    )
    return Row(stats.name, _state(stats.status, look), cells, f"{name} {stats.status} {stats.destination}")


def sorted_pipelines(pipelines: Sequence[PipelineStats], order: str) -> list[PipelineStats]:
    """By one of `ORDERS`."""
    match order:
        case "name":
            return sorted(pipelines, key=lambda item: item.name)
        case "rows":
            return sorted(pipelines, key=lambda item: -item.rows)
        case "average time":
            return sorted(pipelines, key=lambda item: -(item.average_seconds or 0))
        case _:
            return sorted(pipelines, key=lambda item: item.at.timestamp() if item.at else 0, reverse=True)


def answer_of(pipelines: Sequence[PipelineStats]) -> Line:
    """What was loaded in the last seven days."""
    runs, rows = sum(item.runs for item in pipelines), sum(item.rows for item in pipelines)
    failed = sum(round(item.runs * (1 - item.success)) for item in pipelines)
    said = f"{words.plural(rows, 'row')} in {words.plural(runs, 'load')} in 7 days"
    return (Span(said), Span(f", {failed:,} failed", Role.FAIL) if failed else muted(", none failed"))


def pipeline_details(stats: PipelineStats, runs: Sequence[PipelineRun], look: Look, width: int) -> list[Line]:
    """The strip below the list: where it loads to, and a bar a run, oldest first."""
    lines = [
        rule(guard(stats.name), "7 days", width, look),
        line("   ", _to(stats.destination, stats.dataset), muted(f"   {words.size(stats.size_bytes)} loaded")),
    ]
    mine = [run for run in runs if run.name == stats.name][: max(8, width - 20)]
    for title, value in (("Took", _took), ("Rows", _rows)):
        lines.append(line(muted(f"   {title:<6}"), *_bars(mine, value, look)))
    failed = next((run for run in mine if run.error), None)
    if failed is not None:
        lines.append(
            line("   ", Span(f"{guard(failed.error_step or '')} {guard(failed.error or '')}".strip(), Role.FAIL))
        )
    return lines


def _took(run: PipelineRun) -> float:
    return run.seconds or 0


def _rows(run: PipelineRun) -> float:
    return float(run.rows)


def _bars(runs: Sequence[PipelineRun], value: Callable[[PipelineRun], float], look: Look) -> Line:
    """As many bars as runs, the newest last; a failed run is its state's glyph."""
    longest, bars = max((value(run) for run in runs), default=0) or 1, look.glyphs.history
    spans: list[Span] = []
    for run in reversed(runs):
        height = min(len(bars) - 1, int(value(run) / longest * (len(bars) - 1)))
        spans.append(look.state("failed") if run.status == "failed" else muted(bars[height]))
    return tuple(spans)


def run_row(run: PipelineRun, look: Look) -> Row:
    """One run of a pipeline."""
    why = " ".join(guard(part) for part in (run.error_step, run.error) if part)
    cells = (
        line(look.state_word(STATES.get(run.status, "pending"))),
        line(words.moment(run.at, look)),
        line("-" if run.seconds is None else words.duration(run.seconds)),
        line(words.count(run.rows)),
        line(words.size(run.size_bytes)),
        line(Span("changed", Role.WARN) if run.changed_schema else muted("same")),
        line(Span(why, Role.FAIL) if why else muted(_to(run.destination, run.dataset))),
    )
    return Row(run.id, _state(run.status, look), cells, f"{run.status} {why}")


def run_facts(found: PipelineRunDetails, look: Look) -> list[Line]:
    """How a run went, in words."""
    run = found.run
    took = "" if run.seconds is None else f" in {words.duration(run.seconds)}"
    said = f" {words.plural(run.rows, 'row')}{took} to {_to(run.destination, run.dataset)}"
    steps = [f"{name} {words.duration(seconds)}" for name, seconds in found.steps if seconds is not None]
    versions = [
        f"dlt {guard(found.dlt_version)}" if found.dlt_version else "",
        f"Python {guard(found.python_version)}" if found.python_version else "",
    ]
    lines = [
        line("   ", look.state_word(STATES.get(run.status, "pending")), said),
        line(muted("   " + f" {look.glyphs.crumb} ".join(steps)), muted("   " + ", ".join(filter(None, versions)))),
    ]
    if run.error:
        lines.append(line("   ", Span(f"{guard(run.error_step or '')}: {guard(run.error)}", Role.FAIL)))
    return lines


def run_sections(found: PipelineRunDetails, look: Look) -> list[Section]:
    """Tables and load packages of a run."""
    tables = tuple(_table_row(table, look) for table in found.tables)
    packages = tuple(_package_row(package, look) for package in found.packages)
    return [
        Section(TABLE_COLUMNS, tables, "Tables", str(len(tables)), ("It loaded no table.",)),
        Section(PACKAGE_COLUMNS, packages, "Load packages", str(len(packages)), ("It made no load package.",)),
    ]


def _table_row(table: TableLoad, look: Look) -> Row:
    cells = (
        line(guard(table.name)),
        line("-" if table.rows is None else words.count(table.rows)),
        line("-" if table.size_bytes is None else words.size(table.size_bytes)),
        line("-" if table.seconds is None else words.duration(table.seconds)),
        line(muted(guard(table.disposition or "-"))),
        line(muted(guard((table.state or "-").replace("_", " ")))),
    )
    state = "failed" if table.state == "failed_jobs" else "succeeded"
    return Row(f"table/{table.name}", _state(state, look), cells, guard(table.name))


def _package_row(package: LoadPackage, look: Look) -> Row:
    schema = Span("changed", Role.WARN) if package.changed_schema else muted(guard(package.schema_name or "-"))
    cells = (
        line(guard(package.load_id)),
        line(guard(package.status)),
        line(words.count(package.jobs)),
        line(words.count(package.rows)),
        line(words.size(package.size_bytes)),
        line(schema),
    )
    state = "failed" if package.failed_jobs else "succeeded"
    return Row(f"package/{package.load_id}", _state(state, look), cells, guard(package.load_id))
