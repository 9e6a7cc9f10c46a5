"""Data planes, the tokens they join with, and the calls they signed (each is used once)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table, bindparam, delete, insert, select, update

from planes.domain.region_processes import RegionProcess
from planes.storage.control.connection import Connection
from planes.storage.control.metadata import metadata
from planes.storage.types import Moment

data_planes = Table(
    "data_planes",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    # The place, as the operator words it: `region` on the wire.
    Column("region", String(64), nullable=False),
    Column("description", String(1024)),
    Column("key_id", String(16), unique=True),
    Column("public_key", String(64)),
    Column("url", String(300)),
    Column("created_at", Moment, nullable=False),
    Column("enrolled_at", Moment),
    Column("last_seen_at", Moment),
    Column("drained_at", Moment),
    Column("clean_before", Moment),
    Column("process_id", String(36)),
    Column("process_started_at", Moment),
)

join_tokens = Table(
    "join_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("dataplane_id", String(16), ForeignKey("data_planes.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("spent_at", Moment),
)

link_calls = Table(
    "link_calls",
    metadata,
    Column("token_id", String(36), primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# Made once, because every call of a data plane asks for them.
_BY_KEY = select(data_planes).where(data_planes.c.key_id == bindparam("key"))
_SEEN = select(link_calls.c.token_id).where(link_calls.c.token_id == bindparam("call"))
_REMEMBERED = insert(link_calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlane:
    """`url`, `public_key` and `enrolled_at` are None until it has enrolled; `key_id` names its key.

    While `drained_at` is set it is given no new run. Environments there that nobody needs and that were last used
    before `clean_before` are to go. `process` is the one that was taken as the region at `last_seen_at`.
    """

    id: str
    name: str
    region: str
    description: str | None
    key_id: str | None
    public_key: str | None
    url: str | None
    created_at: datetime
    enrolled_at: datetime | None
    last_seen_at: datetime | None
    drained_at: datetime | None = None
    clean_before: datetime | None = None
    process_id: str | None = None
    process_started_at: datetime | None = None

    @property
    def process(self) -> RegionProcess | None:
        """None of a region of a version that does not say."""
        if self.process_id is None or self.process_started_at is None:
            return None
        return RegionProcess(self.process_started_at, self.process_id)


async def add_data_plane(connection: Connection, plane: DataPlane) -> None:
    await connection.execute(insert(data_planes).values(
        id=plane.id, name=plane.name, region=plane.region, description=plane.description, key_id=plane.key_id,
        public_key=plane.public_key, url=plane.url, created_at=plane.created_at, enrolled_at=plane.enrolled_at,
        last_seen_at=plane.last_seen_at,
    ))  # fmt: skip


async def find_data_plane(connection: Connection, dataplane_id: str) -> DataPlane | None:
    row = (await connection.execute(select(data_planes).where(data_planes.c.id == dataplane_id))).mappings().first()
    return DataPlane(**row) if row else None


async def find_data_plane_by_key(connection: Connection, key_id: str) -> DataPlane | None:
    row = (await connection.execute(_BY_KEY, {"key": key_id})).mappings().first()
    return DataPlane(**row) if row else None


async def list_data_planes(connection: Connection, *, enrolled_only: bool) -> Sequence[DataPlane]:
    """By id."""
    query = select(data_planes).order_by(data_planes.c.id)
    if enrolled_only:
        query = query.where(data_planes.c.enrolled_at.is_not(None))
    return [DataPlane(**row) for row in (await connection.execute(query)).mappings()]


async def describe_data_plane(
    connection: Connection, dataplane_id: str, *, name: str, region: str, description: str | None
) -> None:
    query = update(data_planes).where(data_planes.c.id == dataplane_id)
    await connection.execute(query.values(name=name, region=region, description=description))


async def enrol(
    connection: Connection, dataplane_id: str, *, key_id: str, public_key: str, url: str, now: datetime
) -> None:
    query = update(data_planes).where(data_planes.c.id == dataplane_id)
    await connection.execute(query.values(
        key_id=key_id, public_key=public_key, url=url, enrolled_at=now, last_seen_at=now,
        process_id=None, process_started_at=None,
    ))  # fmt: skip


async def change_key(connection: Connection, dataplane_id: str, *, key_id: str, public_key: str) -> None:
    """The plane is known by another key from now on."""
    query = update(data_planes).where(data_planes.c.id == dataplane_id)
    await connection.execute(query.values(key_id=key_id, public_key=public_key))


async def saw(
    connection: Connection, dataplane_id: str, url: str, process: RegionProcess | None, now: datetime
) -> None:
    """Keeps the address that the plane reported, which process it was, and when."""
    query = update(data_planes).where(data_planes.c.id == dataplane_id)
    await connection.execute(query.values(
        url=url, last_seen_at=now, process_id=process and process.id,
        process_started_at=process and process.started_at,
    ))  # fmt: skip


async def drain(connection: Connection, dataplane_id: str, drained_at: datetime | None) -> None:
    """From now on no new run is given to the plane; with None they are again."""
    query = update(data_planes).where(data_planes.c.id == dataplane_id)
    await connection.execute(query.values(drained_at=drained_at))


async def clean(connection: Connection, dataplane_id: str, before: datetime) -> None:
    """What was last used before is to go there."""
    await connection.execute(update(data_planes).where(data_planes.c.id == dataplane_id).values(clean_before=before))


async def add_join_token(
    connection: Connection, token_hash: str, dataplane_id: str, *, now: datetime, expires_at: datetime
) -> None:
    await connection.execute(insert(join_tokens).values(
        token_hash=token_hash, dataplane_id=dataplane_id, created_at=now, expires_at=expires_at
    ))  # fmt: skip


async def spend_join_token(connection: Connection, token_hash: str, dataplane_id: str, now: datetime) -> bool:
    """True for the one caller that spends a valid token of this plane."""
    query = update(join_tokens).where(
        join_tokens.c.token_hash == token_hash,
        join_tokens.c.dataplane_id == dataplane_id,
        join_tokens.c.spent_at.is_(None),
        join_tokens.c.expires_at > now,
    )
    return (await connection.execute(query.values(spent_at=now))).rowcount == 1


async def drop_join_tokens(connection: Connection, dataplane_id: str) -> None:
    """Older unspent tokens of the plane end with a new one."""
    await connection.execute(
        delete(join_tokens).where(join_tokens.c.dataplane_id == dataplane_id, join_tokens.c.spent_at.is_(None))
    )


async def remember_call(connection: Connection, token_id: str, expires_at: datetime) -> bool:
    """True when no call with this id was made before."""
    if (await connection.execute(_SEEN, {"call": token_id})).first() is not None:
        return False
    await connection.execute(_REMEMBERED, {"token_id": token_id, "expires_at": expires_at})
    return True


async def forget_calls(connection: Connection, now: datetime) -> None:
    """Drops the ids of calls whose tokens have run out."""
    await connection.execute(delete(link_calls).where(link_calls.c.expires_at < now))
