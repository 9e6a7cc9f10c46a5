"""Rows of an audit log, one of which somebody may have changed so that it is none any more: it hides no other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.types import Row

UNREADABLE = "unreadable"
"""The action of an entry that cannot be read. It has nothing else."""
NO_ENTRY = (ValueError, TypeError, RecursionError)
"""What reading a row raises that is no entry: SQLite stores anything anywhere."""


async def read_rows(
    connection: AsyncConnection, table: Table, number: Column[int], numbers: Sequence[int]
) -> list[Row | None]:
    """The rows of these numbers in this order; None for one that cannot be read."""
    query = select(table)
    try:
        rows = (await connection.execute(query.where(number.in_(numbers)))).mappings().all()
        found: dict[int, Row | None] = {row[number.name]: _checked(dict(row)) for row in rows}
    except NO_ENTRY:
        found = {each: await _read_one(connection, table, number, each) for each in numbers}
    return [found.get(each) for each in numbers]


async def _read_one(connection: AsyncConnection, table: Table, number: Column[int], wanted: int) -> Row | None:
    try:
        return _checked(dict((await connection.execute(select(table).where(number == wanted))).mappings().one()))
    except NO_ENTRY:
        return None


def _checked(row: dict[str, Any]) -> Row:
    """Raises: one of NO_ENTRY."""
    rest = {name: value for name, value in row.items() if name != "at"}
    has_document = any(isinstance(value, dict) for value in rest.values())
    if not isinstance(row["at"], datetime) or not has_document:
        raise TypeError("no entry")
    # As it is answered: without what JSON lacks, and without halves of characters.
    json.dumps(rest, ensure_ascii=False, allow_nan=False).encode()
    return row
