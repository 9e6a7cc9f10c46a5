"""The largest terminals, and names that are written from right to left or take two cells a character."""

from __future__ import annotations

from typing import Any

import pytest

from dlthub_tui.viewmodel.text import cell_width

pytestmark = [pytest.mark.anyio]

RUNS = ("tab", "down", "enter", "2")
NAMES = {
    "jobs.ingest.load_orders": "jobs.ingest.طلبات",
    "jobs.ingest.load_returns": "jobs.ingest.注文を読む",
    "jobs.ingest.load_customers": "jobs.ingest.לקוחות_2024",
}


def rename(value: Any) -> None:
    """Gives jobs other names, wherever a row has one."""
    if isinstance(value, list):
        for each in value:
            rename(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "job_ref":
                value[key] = NAMES.get(inner, inner)
            rename(inner)


async def test_runs_on_the_largest_terminal_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app(size=(300, 100)) as stage:
        await stage.press(*RUNS)

        await picture(stage, "transform.orders_daily")


async def test_names_of_other_scripts_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        rename(stage.installation.runs)
        rename(stage.installation.jobs)
        await stage.press(*RUNS)

        await picture(stage, "注文を読む")
        completed = [line for line in stage.text.splitlines() if "✓ completed" in line]
        ends = {cell_width(line.partition("  1 h ago")[0]) for line in completed if "1 h ago" in line}
        others = {cell_width(line[: line.index(" min ago")]) for line in completed if " min ago" in line}

        assert len(ends) == len(others) == 1, "whatever a name is written in, the columns behind it stand in line"
