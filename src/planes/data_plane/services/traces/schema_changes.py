"""What a load changed in the schemas of its destination, read from dlt's trace. Pure: nothing in a trace is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from planes.data_plane.services.traces.documents import Document, objects, part, text

_MOST_TABLES = 500


@dataclass(frozen=True, slots=True)
class TableChange:
    """Columns that a table got with a load: (name, data type) each. A new table got all of its columns."""

    schema_name: str
    table_name: str
    columns: tuple[tuple[str, str], ...]


def find_schema_changes(trace: Document) -> list[TableChange]:
    """In the order in which they were made; at most 500 tables."""
    found: list[TableChange] = []
    for step in objects(trace.get("steps")):
        if step.get("step") != "load":
            continue
        for package in objects(part(step, "step_info").get("load_packages")):
            schema_name = text(package.get("schema_name")) or ""
            found += [_change(schema_name, table) for table in objects(package.get("tables"))]
    return found[:_MOST_TABLES]


def _change(schema_name: str, table: Document) -> TableChange:
    columns = tuple(
        (text(column.get("name")) or "?", text(column.get("data_type")) or "?")
        for column in objects(table.get("columns"))
    )
    return TableChange(schema_name, text(table.get("name")) or "?", columns)
