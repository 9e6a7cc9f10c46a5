"""The platform: the runs that regions hold, and the control plane itself, for who administers it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.anyio]


async def test_leases_say_what_a_silent_region_holds(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent = {"eu1"}
        await stage.press("9")
        await stage.until("2 runs held, 0 waiting")
        await stage.press("G")

        await stage.until("eu1 is silent. The run goes on there")
        assert "region silent" in stage.text


async def test_the_control_plane_says_how_it_is(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("9", "g")
        await stage.until("sqlite, 12.4 MB, answers in 2 ms")

        assert "41.0 GB free of 64.0 GB   2 sessions" in stage.text
        assert "Next in 13 min, 3 due within an hour." in stage.text


async def test_others_are_told_why_there_are_none(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/own/v1/status"] = (403, {"code": "administrator_only", "detail": "not yours"})
        await stage.press("9")
        await stage.until("Leases are for who administers this platform.")

        assert "not yours" not in stage.text
        assert "Database" not in stage.text
