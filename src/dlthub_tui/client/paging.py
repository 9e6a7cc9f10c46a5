"""Lists that come in pages (Contract: 1.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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
    while True:
        page = {"limit": LARGEST_PAGE, "offset": len(found), **(query or {})}
        fields = Fields(await plane.get(path, page), "page")
        items = fields.many("items", parse)
        found.extend(items)
        if not items or len(found) >= min(fields.number("total", 0), 10_000):
            return tuple(found)
