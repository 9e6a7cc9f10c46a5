"""Rows of variables. `scope` is text made by the caller; what is sealed stays sealed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.tables import variables
from planes.storage.types import Row

# Made once, as those of `runs`.
_ALL = (
    select(variables)
    .where(variables.c.workspace_id == bindparam("workspace"))
    .order_by(variables.c.scope, variables.c.name)
)
_OF_SCOPES = _ALL.where(variables.c.scope.in_(bindparam("scopes", expanding=True)))


async def list_all(connection: AsyncConnection, workspace_id: str, scopes: Sequence[str] | None = None) -> list[Row]:
    """The variables of the workspace by scope and name; `scopes` None is all of them."""
    if scopes is None:
        rows = await connection.execute(_ALL, {"workspace": workspace_id})
    else:
        rows = await connection.execute(_OF_SCOPES, {"workspace": workspace_id, "scopes": list(scopes)})
    return [dict(row) for row in rows.mappings()]


async def put(connection: AsyncConnection, row: Mapping[str, Any], *, exists: bool) -> None:
    """Writes one variable. `exists` says whether the scope has the name already; its creation is kept then."""
    if not exists:
        await connection.execute(insert(variables).values(row))
        return
    key = {"workspace_id", "scope", "name"}
    kept = {"created_at", "created_by"}
    change = update(variables).values({name: value for name, value in row.items() if name not in key | kept})
    await connection.execute(change.where(*(variables.c[name] == row[name] for name in key)))


async def remove(connection: AsyncConnection, workspace_id: str, scope: str, name: str) -> None:
    """Removes one variable. May run twice."""
    await connection.execute(
        delete(variables).where(
            variables.c.workspace_id == workspace_id, variables.c.scope == scope, variables.c.name == name
        )
    )
