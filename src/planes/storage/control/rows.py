"""Between frozen records and rows: a record has one field per column."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from planes.storage.control.connection import Connection

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_TOTAL_CEILING = 10_001


def row_of(record: DataclassInstance) -> dict[str, Any]:
    """The record's fields by column name; values are not copied."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


async def count_up_to_ceiling(connection: Connection, query: Select[Any]) -> int:
    """How many rows the query has, counting no further than lists report (Contract: 1.3)."""
    bounded = query.order_by(None).limit(_TOTAL_CEILING).subquery()
    return (await connection.execute(select(func.count()).select_from(bounded))).scalar_one()
