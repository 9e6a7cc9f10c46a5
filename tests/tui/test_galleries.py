"""Galleries: the same walk through the places in every look, and every place in each of its four states and offline.

One app is walked through all places of a gallery, so that a picture costs a key press and not a start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from dlthub_tui.screens.places.listing import ListScreen

pytestmark = [pytest.mark.anyio]

WORKSPACE = ("tab", "down", "enter")
LOOKS = ("day", "contrast", "sixteen", "plain")
# Each begins where the one before it ended.
PLACES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("home", (), "Needs you"),
    ("jobs", (*WORKSPACE, "space"), "1 marked"),
    ("help", ("escape", "question_mark"), "keys"),
    ("command", ("escape", "colon", *"run"), "Commands"),
    ("runs", ("escape", "2", "j"), "ingest.load_orders"),
    ("stop", ("k", "x"), "Stop ingest.load_orders 1041?"),
    ("log", ("escape", "enter", "slash", *"authorization", "enter"), "line 121 of 125"),
    ("variables", ("escape", "escape", "escape", "4"), "DESTINATION__DUCKDB__PATH"),
    ("residency", ("8",), "is locked to eu1"),
)
TABS: tuple[tuple[str, str], ...] = (
    ("runs", "2"), ("deployments", "3"), ("variables", "4"), ("pipelines", "5"), ("team", "6"), ("alerts", "7"),
    ("residency", "8"), ("jobs", "1"), ("platform", "9"), ("home", "0"),
)  # fmt: skip

EMPTY = {
    "jobs": "No jobs yet.", "runs": "No runs yet.", "deployments": "Nothing is deployed yet.",
    "variables": "No variables.", "pipelines": "pipeline", "alerts": "alert",
}  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24)], ids=["80x24"])
async def test_places_in_every_theme_look_as_stored(open_app: Any, picture: Any, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        for name, keys, sentinel in PLACES:
            await stage.press(*keys)
            for theme in LOOKS:
                stage.app.theme = theme
                await picture(stage, sentinel, f"{theme}-{name}")


async def test_places_in_ascii_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app(ascii=True) as stage:
        for name, keys, sentinel in PLACES:
            await stage.press(*keys)
            await picture(stage, sentinel, name)
            assert stage.text.replace("\n", "").isascii(), stage.text


async def on_each_tab(stage: Any, picture: Any, sentinels: dict[str, str]) -> None:
    """A picture of each tab, and of the platform and home."""
    for name, key in TABS:
        if name in sentinels:
            await stage.pilot.press(key)
            await picture(stage, sentinels[name], name)


async def test_empty_places_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        fake = stage.installation
        await stage.press(*WORKSPACE)
        for rows in (fake.jobs, fake.runs, fake.deployments, fake.variables, fake.configurations):
            rows.clear()
        fake.alerts = []
        await on_each_tab(stage, picture, EMPTY)

        await stage.press("2", "Y")
        assert stage.app.clipboard == "dlthub-tui runs orchard-eu/fruitshop"


def refuse(status: int, detail: str, code: str) -> Callable[[Any], None]:
    """Every question about a workspace is answered so, and about planes and people."""

    def prepare(stage: Any) -> None:
        for part in ("/workspaces/", "/own/v1/health", "/api/v1/me", "/organizations/"):
            stage.installation.refusals[part] = (status, {"detail": detail, "code": code})

    return prepare


async def test_places_that_fail_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        refuse(503, "The plane is stopping.", "unavailable")(stage)
        await on_each_tab(stage, picture, dict.fromkeys((name for name, _ in TABS), "The plane is stopping"))


async def test_places_one_may_not_see_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        refuse(403, "This needs a role in fruitshop; you have none. Ask ana@orchard.example.", "not_allowed")(stage)
        await on_each_tab(stage, picture, dict.fromkeys((name for name, _ in TABS), "needs a role in fruitshop"))


async def test_places_without_any_network_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        stage.installation.leave()
        await on_each_tab(stage, picture, dict.fromkeys((name for name, _ in TABS), "o answer from"))


async def test_places_that_still_load_look_as_stored(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        held = stage.portal.call(anyio.Event)
        stage.installation.held["/"] = held
        for name, key in TABS[:-1]:  # home knows its rows since the start
            await stage.pilot.press(key)
            await stage.until("Loading")
            assert isinstance(stage.app.screen, ListScreen)
            await picture(stage, "Loading", name, settles=False)
        stage.portal.call(held.set)


class Broken(RuntimeError):
    """Something of the app itself."""


async def fail() -> None:
    """Work of a screen that breaks."""
    raise Broken


async def test_a_picture_of_a_crashed_app_is_refused(open_app: Any, picture: Any) -> None:
    async with open_app() as stage:
        stage.app.screen.fetch(fail(), "act")

        with pytest.raises(AssertionError, match="Broken"):
            await picture(stage, "Needs you")
