"""Pages of lists: parameters in, envelope out (Contract: 1.3).

A cursor is the place of a page's last item, signed together with the address and the filters of its list: another
list, another order or a made-up text is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

from fastapi import Query, Request

from planes.domain.errors import InvalidRequest
from planes.storage.keyset import Bounds, Listed, Place, parse_place, place_text

MAXIMUM_LIMIT = 1000
MAXIMUM_OFFSET = 10_000
TOTAL_CEILING = 10_001
# Names are at most 1 KiB, and a place has few of them.
_MAXIMUM_CURSOR = 16_384
_MAC_BYTES = 16
_OF_A_PAGE = frozenset({"cursor", "limit", "offset"})


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads the cursors of one list: `about` is its address, filters and order."""

    key: bytes
    about: bytes

    @staticmethod
    def of(request: Request) -> Cursors:
        """Of the list that is asked for. `app.state.cursor_key` is the plane's own secret."""
        asked = sorted((key, value) for key, value in request.query_params.multi_items() if key not in _OF_A_PAGE)
        return Cursors(request.app.state.cursor_key, json.dumps([request.url.path, asked]).encode())

    def write(self, place: Place, passed: int) -> str:
        """`passed` counts the items up to the place."""
        content = f"{passed}:{place_text(place)}".encode()
        return _coded(self._mac(content) + content)

    def read(self, text: str) -> tuple[Place, int]:
        """Raises: InvalidRequest."""
        try:
            raw = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
            if _coded(raw) != text:  # the decoder passes over what is no sign of its own
                raise ValueError("not as it was written")
            mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(content)):
                raise ValueError("not ours")
            passed, _, place = content.decode().partition(":")
            return parse_place(place), int(passed)
        except (binascii.Error, ValueError) as exc:
            raise InvalidRequest("invalid_request", "The cursor is not one of this list's.") from exc

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self.key, hashlib.sha256(self.about).digest() + content, "sha256")[:_MAC_BYTES]


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What part of a list is asked for. `order` pairs a sort key with True for descending; empty is the list's own.

    `passed` counts the items before the page: the offset, or what the cursor came past.
    """

    limit: int
    offset: int
    order: tuple[tuple[str, bool], ...] = ()
    after: Place | None = None
    passed: int = 0
    cursors: Cursors

    @property
    def bounds(self) -> Bounds:
        """For the query of the list."""
        return Bounds(limit=self.limit, offset=self.offset, after=self.after)


class PageQuery:
    """FastAPI dependency: reads limit, offset, cursor, sort and order; `sortable` are the keys of this list.

    The published document names the keys; a list without any has no parameters to sort by.
    """

    def __init__(self, *sortable: str) -> None:
        self._sortable = sortable
        self.__signature__ = _signature(sortable)

    async def __call__(  # as a plain function it would get a thread, for each request
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = 100,
        offset: Annotated[int, Query(ge=0, le=MAXIMUM_OFFSET)] = 0,
        cursor: Annotated[str | None, Query(max_length=_MAXIMUM_CURSOR)] = None,
        sort: Annotated[list[str] | None, Query()] = None,
        order: Annotated[list[Literal["asc", "desc"]] | None, Query()] = None,
    ) -> Page:
        sort, order = sort or [], order or []
        if len(sort) != len(order):
            raise InvalidRequest("invalid_request", "Give one order (asc or desc) for each sort key.")
        if len(set(sort)) != len(sort):
            raise InvalidRequest("invalid_request", "Give each sort key once.")
        if not set(sort) <= set(self._sortable):
            raise InvalidRequest("invalid_request", "This list has no such sort key.")
        pairs = tuple((key, direction == "desc") for key, direction in zip(sort, order, strict=True))
        cursors = Cursors.of(request)
        if cursor is None:
            return Page(limit=limit, offset=offset, order=pairs, passed=offset, cursors=cursors)
        if offset:
            raise InvalidRequest("invalid_request", "Give either cursor or offset, not both.")
        after, passed = cursors.read(cursor)
        return Page(limit=limit, offset=0, order=pairs, after=after, passed=passed, cursors=cursors)


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


def envelope(items: Sequence[Any], page: Page, listed: Listed[Any]) -> dict[str, Any]:
    """The body of a list, `items` rendered from `listed`. `total` saturates; `next_cursor` is null on the last page."""
    last = listed.last
    return {
        "items": list(items),
        "limit": page.limit,
        "offset": page.passed,
        "total": min(listed.total, TOTAL_CEILING),
        "next_cursor": None if last is None else page.cursors.write(last, page.passed + len(items)),
    }
