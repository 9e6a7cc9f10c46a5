"""How much a plane's database takes."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_SIZE = {
    "sqlite": "select page_count * page_size from pragma_page_count, pragma_page_size",
    "postgresql": "select pg_database_size(current_database())",
}


async def database_size(connection: AsyncConnection) -> int:
    """Bytes of the whole database, free pages included."""
    return int((await connection.execute(text(_SIZE[connection.dialect.name]))).scalar_one())
