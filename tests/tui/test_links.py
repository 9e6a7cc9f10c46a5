"""`:open` and what a link names: one place, several, or none."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.installation import identifier

pytestmark = [pytest.mark.anyio]


async def test_a_link_opens_a_run_at_its_line(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("colon")
        await stage.type("open orchard-eu/fruitshop/ingest.load_orders/1041#121")
        await stage.press("enter")

        await stage.until("line 121 of 125")
        assert "[masked:SOURCES__SHOP__API_KEY]" in stage.text


async def test_a_link_to_a_line_behind_the_end_says_how_many_there_are(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("colon")
        await stage.type("open orchard-eu/fruitshop/ingest.load_orders/1041#9999")
        await stage.press("enter")

        await stage.until("line 125 of 125")
        assert "The log has 125 lines." in stage.text


async def test_a_link_to_nothing_says_so(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("colon")
        await stage.type("open orchard-eu/nowhere")
        await stage.press("enter")

        assert 'Nothing is at "orchard-eu/nowhere".' in stage.text

        await stage.press("colon")
        await stage.type("open fruitshop/load_order")
        await stage.press("enter")
        assert "Nearest: orchard-eu/fruitshop/ingest.load_orders" in " ".join(stage.text.split())


async def test_a_link_that_names_several_things_names_them(open_app: Any) -> None:
    async with open_app() as stage:
        first = next(row for row in stage.installation.workspaces if row["name"] == "fruitshop")
        twin = {**first, "id": identifier("another fruitshop")}
        stage.installation.workspaces.append(twin)
        await stage.press("colon")
        await stage.type("open orchard-eu/fruitshop")
        await stage.press("enter")

        said = " ".join(stage.text.split())
        assert f'"orchard-eu/fruitshop" names 2 things: {first["id"]}, {twin["id"]}.' in said
