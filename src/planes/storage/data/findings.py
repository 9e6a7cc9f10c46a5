"""What the tables about logs that leaked have in common: replaced as a whole for one run, and listed in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.keyset import Bounds, Key, Listed, read_page
from planes.storage.types import Row


async def replace_of_run(
    connection: AsyncConnection, table: Table, run_id: str, found: Sequence[Mapping[str, Any]]
) -> None:
    """Replaces the rows of a run by these. May run twice."""
    await connection.execute(delete(table).where(table.c.run_id == run_id))
    if found:
        await connection.execute(insert(table), [dict(row) for row in found])


def equal_to(table: Table, wanted: object, names: Sequence[str]) -> list[ColumnElement[bool]]:
    """That columns are what a filter's fields of these names say; a field that is None leaves its column free."""
    values = {name: getattr(wanted, name) for name in names}
    return [table.c[name] == value for name, value in values.items() if value is not None]


async def page_of(
    connection: AsyncConnection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[Key],
    bounds: Bounds,
) -> Listed[Row]:
    """The rows that meet all conditions, in this order."""
    rows, last = await read_page(connection, select(table).where(*conditions), order, bounds)
    total = await connection.execute(select(func.count()).select_from(table).where(*conditions))
    return Listed(rows, total.scalar_one(), last)
