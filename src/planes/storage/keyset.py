"""Pages of a list by the place of their last item: what is added or removed meanwhile neither repeats nor skips any.

An order is a row of keys of which the last is unique; a place is the values of these keys at one item. A page after a
place is what the order puts behind it, wherever the item is now.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from planes.domain.errors import InvalidRequest
from planes.storage.types import Row

Place = tuple[Any, ...]
_LABEL = "keyset_{}"
_NUMBERS = (int, float, Decimal)
_MOST_BITS = 63
Item = TypeVar("Item")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which page: what follows the place `after` (None: the beginning), less the first `offset`, at most `limit`."""

    limit: int | None
    offset: int = 0
    after: Place | None = None


EVERYTHING = Bounds(limit=None)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order. `is_nullable`: it may be empty, which comes last in either direction."""

    column: ColumnElement[Any]
    descending: bool = False
    is_nullable: bool = False

    def order(self) -> ColumnElement[Any]:
        """As the query orders by it."""
        directed = self.column.desc() if self.descending else self.column.asc()
        return directed.nulls_last() if self.is_nullable else directed

    def beyond(self, value: Any) -> ColumnElement[bool]:
        """That the key is behind the value."""
        if value is None:
            return false()
        behind = self.column < value if self.descending else self.column > value
        return or_(behind, self.column.is_(None)) if self.is_nullable else behind

    def same(self, value: Any) -> ColumnElement[bool]:
        """That the key is the value."""
        return self.column.is_(None) if value is None else self.column == value


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """One page. `last` is the place of its last item if more follow; `total` counts the whole list, as far as told."""

    items: list[Item]
    total: int
    last: Place | None

    def carrying(self, items: list[Other]) -> Listed[Other]:
        """The same page of what its items became."""
        return Listed(items, self.total, self.last)


async def read_page(
    connection: AsyncConnection, query: Select[*tuple[Any, ...]], keys: Sequence[Key], bounds: Bounds
) -> tuple[list[Row], Place | None]:
    """The rows of one page, and the place of the last one if more follow.

    Raises: InvalidRequest for a place that is of no order like this.
    """
    labels = [_LABEL.format(number) for number in range(len(keys))]
    query = query.add_columns(*(key.column.label(label) for key, label in zip(keys, labels, strict=True)))
    if bounds.after is not None:
        query = query.where(*_behind(keys, bounds.after))
    query = query.order_by(*(key.order() for key in keys))
    if bounds.offset:
        query = query.offset(bounds.offset)
    if bounds.limit is not None:
        query = query.limit(bounds.limit + 1)
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    more = bounds.limit is not None and len(rows) > bounds.limit
    rows = rows[: bounds.limit]
    places = [tuple(row.pop(label) for label in labels) for row in rows]
    return rows, places[-1] if more else None


def _behind(keys: Sequence[Key], place: Place) -> list[ColumnElement[bool]]:
    """Behind in the first key, or the same there and behind in the second, and so on. Raises: InvalidRequest."""
    if len(keys) != len(place) or not all(map(_is_of, keys, place)):
        # The plane signed it, before an upgrade gave the list another order.
        raise InvalidRequest("invalid_request", "The cursor is of an earlier version of this list. Begin anew.")
    if len({key.descending for key in keys}) == 1 and not any(key.is_nullable for key in keys):
        # One comparison of rows, which an index in this order answers by itself.
        here = tuple_(*(key.column for key in keys))
        there = tuple_(*(literal(value, key.column.type) for key, value in zip(keys, place, strict=True)))
        return [here < there if keys[0].descending else here > there]
    ways: list[ColumnElement[bool]] = []
    for depth, (key, value) in enumerate(zip(keys, place, strict=True)):
        earlier = [before.same(at) for before, at in zip(keys[:depth], place[:depth], strict=True)]
        ways.append(and_(*earlier, key.beyond(value)))
    conditions: list[ColumnElement[bool]] = [or_(*ways)]
    first, value = keys[0], place[0]
    if value is not None and not first.is_nullable:
        # Says nothing new, but lets the database begin at the place in an index.
        conditions.append(first.column <= value if first.descending else first.column >= value)
    return conditions


def _is_of(key: Key, value: Any) -> bool:
    """Whether the value can be one of the key's."""
    if value is None:
        return True
    try:
        kind = key.column.type.python_type
    except NotImplementedError:  # an average: whatever the database makes of it
        kind = float
    if kind in _NUMBERS:
        return isinstance(value, _NUMBERS) and not isinstance(value, bool)
    return isinstance(value, kind)


def place_text(place: Place) -> str:
    """The place as text that `parse_place` reads."""
    return json.dumps([_written(value) for value in place], separators=(",", ":"))


def parse_place(text: str) -> Place:
    """Raises: ValueError."""
    found = json.loads(text)
    if not isinstance(found, list) or not found:
        raise ValueError("no place")
    return tuple(_read(value) for value in found)  # pyright: ignore[reportUnknownVariableType]


def _written(value: Any) -> Any:
    match value:
        case datetime():
            return {"at": value.astimezone(UTC).isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"no key of an order: {type(value).__name__}")


def _read(value: Any) -> Any:
    match value:
        case {"at": str(text)}:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not UTC:
                raise ValueError("no moment that was written here")
            return moment
        case {"decimal": str(text)}:
            try:
                number = Decimal(text)
            except InvalidOperation as exc:
                raise ValueError("no number") from exc
            if not number.is_finite():
                raise ValueError("no number")
            return number
        case int() if value.bit_length() > _MOST_BITS:
            raise ValueError("no number of a database")
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise ValueError("no key of an order")
