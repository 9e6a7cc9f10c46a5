"""Pages of lists: parameters in, envelope out (Contract: 1.3)."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

from fastapi import Query

from planes.domain.errors import InvalidRequest

MAXIMUM_LIMIT = 1000
MAXIMUM_OFFSET = 10_000
TOTAL_CEILING = 10_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What part of a list is asked for. `order` pairs a sort key with True for descending; empty is the list's own."""

    limit: int
    offset: int
    order: tuple[tuple[str, bool], ...] = ()


class PageQuery:
    """FastAPI dependency: reads limit, offset, cursor, sort and order; `sortable` are the keys of this list.

    The published document names the keys; a list without any has no parameters to sort by.
    """

    def __init__(self, *sortable: str) -> None:
        self._sortable = sortable
        self.__signature__ = _signature(sortable)

    def __call__(
        self,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = 100,
        offset: Annotated[int, Query(ge=0, le=MAXIMUM_OFFSET)] = 0,
        cursor: Annotated[str | None, Query(max_length=512)] = None,
        sort: Annotated[list[str] | None, Query()] = None,
        order: Annotated[list[Literal["asc", "desc"]] | None, Query()] = None,
    ) -> Page:
        if cursor is not None:
            if offset:
                raise InvalidRequest("invalid_request", "Give either cursor or offset, not both.")
            offset = _read_cursor(cursor)
        sort, order = sort or [], order or []
        if len(sort) != len(order):
            raise InvalidRequest("invalid_request", "Give one order (asc or desc) for each sort key.")
        if not set(sort) <= set(self._sortable):
            raise InvalidRequest("invalid_request", "This list has no such sort key.")
        pairs = tuple((key, direction == "desc") for key, direction in zip(sort, order, strict=True))
        return Page(limit=limit, offset=offset, order=pairs)


def _signature(sortable: Sequence[str]) -> inspect.Signature:
    """The parameters of `PageQuery.__call__` as FastAPI reads them, with the sort keys of one list."""
    hints = get_type_hints(PageQuery.__call__, include_extras=True)
    keys = Literal[tuple(sortable)] if sortable else None  # pyright: ignore[reportInvalidTypeForm]
    hints["sort"] = Annotated[list[keys] | None, Query()]
    parameters = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(PageQuery.__call__).parameters.items()
        if name != "self" and (sortable or name not in {"sort", "order"})
    ]
    return inspect.Signature(parameters)


def envelope(items: Sequence[Any], page: Page, total: int) -> dict[str, Any]:
    """The body of a list. `total` saturates at 10,001; `next_cursor` is null on the last page."""
    end = page.offset + len(items)
    more = end < total and end <= MAXIMUM_OFFSET and len(items) > 0
    return {
        "items": list(items),
        "limit": page.limit,
        "offset": page.offset,
        "total": min(total, TOTAL_CEILING),
        "next_cursor": _write_cursor(end) if more else None,
    }


def _write_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"o": offset}).encode()).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> int:
    try:
        offset = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["o"]
    except (binascii.Error, ValueError, KeyError, TypeError) as exc:
        raise InvalidRequest("invalid_request", "The cursor is not one of this list's.") from exc
    if not isinstance(offset, int) or not 0 <= offset <= MAXIMUM_OFFSET:
        raise InvalidRequest("invalid_request", "The cursor is not one of this list's.")
    return offset
