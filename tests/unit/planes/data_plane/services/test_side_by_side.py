from __future__ import annotations

import anyio
import pytest

from planes.data_plane.services.side_by_side import side_by_side

pytestmark = pytest.mark.anyio


async def test_what_one_holds_is_let_go_of_when_the_other_fails_or_both_are_cancelled() -> None:
    let_go: list[str] = []
    answered = anyio.Event()

    async def one() -> str:
        answered.set()
        return "held"

    async def fails() -> None:
        await answered.wait()
        raise OSError("no room")

    async def release(held: str) -> None:
        await anyio.lowlevel.checkpoint()  # it is done although its caller is cancelled
        let_go.append(held)

    with pytest.raises(OSError, match="no room"):
        await side_by_side(one, fails, let_go=release)
    assert let_go == ["held"]

    answered = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: side_by_side(one, anyio.sleep_forever, let_go=release))
        await answered.wait()
        group.cancel_scope.cancel()
    assert let_go == ["held", "held"]


async def test_who_gets_both_answers_keeps_them() -> None:
    async def one() -> int:
        return 1

    async def refuse(_: int) -> None:
        raise AssertionError("it was answered")

    assert await side_by_side(one, one, let_go=refuse) == (1, 1)
