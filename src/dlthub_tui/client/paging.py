"""Lists that come in pages (Contract: 1.3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Query, Transport

_T = TypeVar("_T")
PAGE = 100
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """`total` counts what the filter matches, up to 10,001."""

    items: tuple[_T, ...]
    total: int


async def get_page(
    plane: Transport, path: str, parse: Callable[[Any], _T], query: Query | None = None, *, limit: int = PAGE
) -> Page[_T]:
    """The first page of a list."""
    fields = Fields(await plane.get(path, {"limit": limit, "offset": 0, **(query or {})}), "page")
    return Page(fields.many("items", parse), fields.number("total", 0))


async def get_all(
    plane: Transport, path: str, parse: Callable[[Any], _T], query: Query | None = None
) -> tuple[_T, ...]:
    """A whole list, up to 10,000 items."""
    found: list[_T] = []
    async for page in get_pages(plane, path, parse, query, first=LARGEST_PAGE):
        found.extend(page.items)
    return tuple(found)


async def get_pages(
    plane: Transport,
    path: str,
    parse: Callable[[Any], _T],
    query: Query | None = None,
    *,
    first: int = PAGE,
    then: int = LARGEST_PAGE,
) -> AsyncGenerator[Page[_T]]:
    """A whole list, up to 10,000 items: `first` items first, then the rest, asked for in pages of `then` at once."""
    page = await get_page(plane, path, parse, query, limit=first)
    yield page
    if not page.items:
        return
    found: dict[int, Page[_T]] = {}

    async def ask(offset: int) -> None:
        found[offset] = await get_page(plane, path, parse, {**(query or {}), "offset": offset}, limit=then)

    offsets = range(len(page.items), min(page.total, 10_000), then)
    await ask_at_once(partial(ask, offset) for offset in offsets)
    for offset in offsets:
        yield found[offset]
