"""What pipelines left for the workspace's dashboard: the newest of each pipeline on each profile, sealed.

`pack` and `unpack` turn files (path → bytes) into what is sealed, and back.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.storage.data.metadata import metadata
from planes.storage.types import Moment, Row, identifier

artifacts = Table(
    "artifacts",
    metadata,
    Column("workspace_id", identifier(), ForeignKey("workspaces.id"), primary_key=True),
    Column("profile", String(128), primary_key=True),
    Column("pipeline_name", String(128), primary_key=True),
    Column("organization_id", identifier(), nullable=False),
    Column("job_run_id", identifier(), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False),
)


async def put(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Writes a pipeline's artifacts in the place of its earlier ones. May run twice."""
    await connection.execute(delete(artifacts).where(*_is(row)))
    await connection.execute(insert(artifacts).values(row))


async def list_places(connection: AsyncConnection, workspace_id: str) -> list[Row]:
    """Every row without its content, oldest first."""
    columns = [column for column in artifacts.c if column.name != "sealed"]
    query = select(*columns).where(artifacts.c.workspace_id == workspace_id).order_by(artifacts.c.kept_at)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def find_sealed(connection: AsyncConnection, place: Mapping[str, Any]) -> bytes | None:
    """The content of one of these rows; None when it is gone by now."""
    return (await connection.execute(select(artifacts.c.sealed).where(*_is(place)))).scalar_one_or_none()


async def remove(connection: AsyncConnection, place: Mapping[str, Any]) -> None:
    """Removes one of these rows. May run twice."""
    await connection.execute(delete(artifacts).where(*_is(place)))


def pack(files: Mapping[str, bytes]) -> bytes:
    """One compressed text of all files."""
    return zlib.compress(json.dumps({path: base64.b85encode(each).decode() for path, each in files.items()}).encode())


def unpack(packed: bytes) -> dict[str, bytes]:
    """What `pack` was given."""
    return {path: base64.b85decode(text) for path, text in json.loads(zlib.decompress(packed)).items()}


def _is(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(artifacts.c[name] == row[name] for name in ("workspace_id", "profile", "pipeline_name"))
