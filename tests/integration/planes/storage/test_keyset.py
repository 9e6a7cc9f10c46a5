"""Pages by place over a real database: what changes between two pages neither repeats nor skips an item."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from planes.domain.errors import InvalidRequest
from planes.storage.keyset import Bounds, Key, Place, parse_place, place_text, read_page
from planes.storage.types import Moment

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)
things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("weight", Float),
    Column("at", Moment),
)
ORDERS = {
    "text, number down": [Key(things.c.name), Key(things.c.id, descending=True)],
    "text down, moment": [Key(things.c.name, descending=True), Key(things.c.at, is_nullable=True), Key(things.c.id)],
    "weight": [Key(things.c.weight, is_nullable=True), Key(things.c.id)],
    "weight down": [Key(things.c.weight, descending=True, is_nullable=True), Key(things.c.id)],
    "moment down": [Key(things.c.at, True, True), Key(things.c.weight, True, True), Key(things.c.id, descending=True)],
}


@pytest.fixture
async def connection() -> AsyncGenerator[AsyncConnection]:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.connect() as opened:
        await opened.run_sync(things.metadata.create_all)
        yield opened
    await engine.dispose()


def _row(number: int, random: Random) -> dict[str, Any]:
    return {
        "id": number,
        "name": random.choice("abcÄé\u2028\U0001f600"),
        "weight": random.choice([None, 0.1, 0.1 + 0.2, 1e300, -3.0]),
        "at": random.choice([None, START, START + timedelta(microseconds=1), START + timedelta(days=40)]),
    }


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("seed", range(6))
async def test_what_changes_between_two_pages_repeats_and_skips_nothing(
    connection: AsyncConnection, order: str, seed: int
) -> None:
    random = Random(seed)
    keys = ORDERS[order]
    await connection.execute(insert(things), [_row(number, random) for number in range(0, 120, 2)])
    before = {row.id for row in await connection.execute(select(things.c.id))}
    seen: list[int] = []
    gone: set[int] = set()
    place: Place | None = None
    fresh = iter(range(1, 1000, 2))
    for _ in range(1000):
        limit = random.randint(1, 9)
        rows, place = await read_page(connection, select(things.c.id), keys, Bounds(limit=limit, after=place))
        seen += [row["id"] for row in rows]
        if place is None:
            break
        place = parse_place(place_text(place))
        await connection.execute(insert(things), [_row(next(fresh), random) for _ in range(2)])
        lost = {random.choice(sorted(before)), seen[-1]}
        await connection.execute(delete(things).where(things.c.id.in_(lost)))
        gone |= lost

    assert len(seen) == len(set(seen))
    assert before - gone <= set(seen)


async def test_pages_are_the_whole_list_in_its_order(connection: AsyncConnection) -> None:
    random = Random(0)
    await connection.execute(insert(things), [_row(number, random) for number in range(50)])
    for keys in ORDERS.values():
        whole, end = await read_page(connection, select(things.c.id), keys, Bounds(limit=None))
        paged: list[Any] = []
        place: Place | None = None
        while True:
            rows, place = await read_page(connection, select(things.c.id), keys, Bounds(limit=7, after=place))
            paged += rows
            if place is None:
                break

        assert (paged, end) == (whole, None)


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ("weight", (1,)), ("weight", (1.0, 1, 1)), ("weight", ("x", 1)), ("weight", (True, 1)),
        ("weight", (1.0, START)),
        ("text, number down", (1, 1)), ("text down, moment", ("x", "x", 1)), ("moment down", (1, 1.0, 1)),
    ],
)  # fmt: skip
async def test_a_place_of_another_order_is_refused(connection: AsyncConnection, order: str, place: Place) -> None:
    with pytest.raises(InvalidRequest):
        await read_page(connection, select(things.c.id), ORDERS[order], Bounds(limit=1, after=place))


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False), st.text(),
    st.decimals(allow_nan=False, allow_infinity=False), st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


@given(st.lists(VALUES, min_size=1, max_size=5).map(tuple))
def test_a_place_comes_back_from_its_text(place: Place) -> None:
    assert parse_place(place_text(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "[[1]]", '[{"at": "x"}]', '[{"at": "2026-01-01T00:00:00"}]', '[{"decimal": "x"}]',
        '[{"decimal": "NaN"}]', '[{"other": 1}]', "[9223372036854775808]",
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_place(text)


def test_numbers_of_the_database_keep_their_kind() -> None:
    assert [type(value) for value in parse_place(place_text((Decimal("1.50"), 1, 1.0)))] == [Decimal, int, float]
