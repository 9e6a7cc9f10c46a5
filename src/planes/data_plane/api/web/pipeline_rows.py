"""What the region's pages of runs and of pipelines share."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from planes.server.page_parts import Column, count, duration, link, moment, number, prose, size, state, table
from planes.storage.types import Row
from planes.wire.shell_words import quoted
from planes.wire.telemetry import PipelineRunResponse

_MOST_REASON = 200


def pipeline_path(path: str, name: str) -> str:
    """Where a pipeline's page is; `path` is the workspace's."""
    return f"{path}/pipelines/{quote(name, safe='')}"


def run_name(run: Row) -> str:
    """A run as the command line names it: its job and its number."""
    return f"{quoted(run['job_ref'].removeprefix('jobs.'))} {run['number']}"


def pipeline_run_table(
    path: str, caption: str, found: Sequence[PipelineRunResponse], empty: str, *, names: bool
) -> str:
    """Pipeline runs, each leading to its own page. `names`: they are of several pipelines."""
    columns: list[str | Column] = ["Began", "State", number("Rows"), number("Size"), number("Took"), "Schema"]
    columns += [prose("Error")] if any(each.error_message for each in found) else []
    rows: list[list[str]] = []
    for each in found:
        begun = moment(each.started_at or each.created_at)
        row = [
            f'<a href="{path}/pipeline-runs/{escape(each.id)}">{begun}</a>',
            state(each.status),
            count(each.total_rows_loaded),
            size(each.total_bytes_loaded),
            duration(each.duration_ms),
            "changed" if each.has_schema_migration else "as before",
        ]
        if len(columns) > len(row):
            row.append(escape(_shortened(each.error_message or "")))
        if names:
            row.insert(0, link(pipeline_path(path, each.pipeline_name), each.pipeline_name))
        rows.append(row)
    return table(caption, ["Pipeline", *columns] if names else columns, rows, empty)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_REASON else f"{line[: _MOST_REASON - 1]}…"
