"""Tokens of a workspace's region, asked for by many at once."""

from __future__ import annotations

import time
from typing import Any, cast

import anyio
import pytest

from dlthub_tui.client.regions import WorkspaceTokens
from dlthub_tui.client.transport import Transport

pytestmark = pytest.mark.anyio


class Control:
    """Mints a token each time it is asked, after others have had their turn."""

    def __init__(self) -> None:
        self.minted = 0

    async def post(self, path: str) -> Any:
        assert path.endswith("/-issue-dataplane-token")
        await anyio.wait_all_tasks_blocked()
        self.minted += 1
        return {"token": f"token-{self.minted}", "expires_at": int(time.time()) + 600}


async def test_questions_at_once_share_a_token_and_its_successor() -> None:
    control = Control()
    tokens = WorkspaceTokens(cast("Transport", control), "w")
    given: list[str | None] = []

    async def ask(rejected: str | None) -> None:
        given.append(await (tokens.bearer() if rejected is None else tokens.renewed(rejected)))

    for rejected in (None, "token-1"):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask, rejected)

    assert given == ["token-1"] * 20 + ["token-2"] * 20
    assert control.minted == 2
