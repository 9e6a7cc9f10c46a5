"""The column of Runs that counts masks: from the region, at once for the page, and honest about what is not known."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.anyio]

RUNS = ("tab", "down", "enter", "2")


def asked(stage: Any) -> int:
    return sum(path.endswith("/hits/-by-run") for _, path, _ in stage.installation.requests)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_masks_are_counted_for_the_page_in_one_question(
    open_app: Any, picture: Any, size: tuple[int, int]
) -> None:
    async with open_app(size=size) as stage:
        runs = {run["number"]: run["id"] for run in stage.installation.runs}
        stage.installation.masked = {runs[1040]: {"TOKEN": 2, "url": 1}, runs[1039]: {"TOKEN": 1200}}
        await stage.press(*RUNS)
        assert asked(stage) == 1
        await picture(stage, "▚1,200")
        rows = {number: row for row in stage.text.splitlines() for number in (" 1040 ", " 1041 ") if number in row}
        assert rows[" 1040 "].endswith("▚3")
        assert "▚" not in rows[" 1041 "], "a run that goes on is not counted yet"

        stage.installation.masked[runs[1038]] = {"TOKEN": 7}
        await stage.press("1", "2")
        await stage.until("▚7")
        await stage.press("slash", *"masked>5", "enter")

        assert "2 shown of" in stage.text


async def test_a_region_that_does_not_say_is_not_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/hits/-by-run"] = (503, {"detail": "stopping", "code": "unavailable"})
        await stage.press(*RUNS)
        await stage.until("-   ?")
        stage.installation.refusals.clear()
        await stage.press("ctrl+r")

        assert "?" not in stage.text.replace("? help", "")
