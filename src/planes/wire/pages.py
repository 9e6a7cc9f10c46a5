"""The envelope of every list (Contract: 1.3)."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel

Item = TypeVar("Item")


class ListPage(BaseModel, Generic[Item]):
    """One page. `total` saturates at 10,001."""

    items: list[Item]
    limit: int
    offset: int
    total: int
    next_cursor: str | None
