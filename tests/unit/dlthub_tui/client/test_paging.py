"""Lists that come in pages."""

from __future__ import annotations

from typing import Any, cast

import anyio
import pytest

from dlthub_tui.client.paging import get_pages
from dlthub_tui.client.transport import Transport

pytestmark = [pytest.mark.anyio]


class Plane:
    """Answers the numbers of a page; all but the first page wait until so many were asked for."""

    def __init__(self, total: int, together: int) -> None:
        self.total, self.together, self.asked = total, together, list[int]()
        self._all_asked = anyio.Event()

    async def get(self, _path: str, query: dict[str, int]) -> dict[str, Any]:
        offset, limit = query["offset"], query["limit"]
        self.asked.append(offset)
        if len(self.asked) > self.together:
            self._all_asked.set()
        if offset:
            await self._all_asked.wait()
        return {"items": list(range(offset, min(offset + limit, self.total))), "total": self.total}


@pytest.mark.parametrize(("total", "offsets"), [(25, [0, 5, 15]), (5, [0]), (3, [0]), (0, [0])])
async def test_all_pages_after_the_first_are_asked_for_at_once_and_come_in_their_order(
    total: int, offsets: list[int]
) -> None:
    plane, found = Plane(total, len(offsets) - 1), list[int]()
    with anyio.fail_after(240):
        async for page in get_pages(cast("Transport", plane), "/jobs", int, first=5, then=10):
            found.extend(page.items)

    assert found == list(range(total))
    assert plane.asked == offsets
