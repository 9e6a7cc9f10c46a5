"""Error sheets: six lines, an id that a file names, folded by the first key that is for something else."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest

from dlthub_tui.screens.places import following

pytestmark = [pytest.mark.anyio]

WORKSPACE = ("tab", "down", "enter")
LABELS = ("What", "Since", "Still", "Not now", "Runs", "You can")


def labels_of(text: str) -> list[str]:
    return [label for label in (*LABELS, "Changed") if re.search(rf"^   {label} {{2,}}\S", text, re.MULTILINE)]


async def test_sheet_of_a_silent_region_folds_and_comes_back(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent.add("eu1")
        await stage.press("ctrl+r", *WORKSPACE, "2")
        found = re.search(r"error id (E-\w{4}-\d{4})", stage.text)
        assert found is not None, stage.text
        assert labels_of(stage.text) == list(LABELS)
        assert "are called failed only after 10 min of silence, not before 14:09" in stage.text

        await stage.press("y")

        assert stage.app.clipboard == found[1]
        log = (stage.home / "client" / "errors.log").read_text()
        assert found[1] in log
        assert "region/eu1" in log

        await stage.press("j")

        assert labels_of(stage.text) == []
        assert "eu1 has not answered since" in stage.text, "the row above stays"

        await stage.press("g", "x")

        assert "eu1 does not answer: it hears of this when it does" in stage.text
        await stage.press("escape")

        assert "running?" in stage.text
        await stage.press("j", "r")
        await stage.until(" waits: eu1 does not answer.")
        await stage.until("◌ pending ")
        assert "pending?" not in stage.text, "no region has taken it: the control plane knows"
        await stage.press("x")

        assert "No region has begun it: it is cancelled at once." in stage.text
        assert "hears of this" not in stage.text
        await stage.press("enter")
        await stage.until(" before it began.")

        await stage.press("1")

        assert labels_of(stage.text) == [], "the same error stays folded elsewhere"

        await stage.press("i")

        assert labels_of(stage.text) == list(LABELS)

        stage.installation.silent.clear()
        await stage.press("0", "ctrl+r", *WORKSPACE)

        assert labels_of(stage.text) == []
        assert "has not answered" not in stage.text


async def test_refusal_of_a_plane_says_that_nothing_changed_and_old_rows_stay(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2")
        stage.installation.refusals["/job-runs"] = (503, {"detail": "The plane is stopping.", "code": "unavailable"})
        await stage.press("ctrl+r")

        assert labels_of(stage.text) == ["What", "Since", "Still", "Not now", "You can", "Changed"]
        assert "here the rows of 14:01:52" in stage.text
        assert "ingest.load_orders" in stage.text


async def test_control_that_went_leaves_the_region_until_the_token_ends(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4")
        stage.installation.leave()
        await stage.press("2")

        assert labels_of(stage.text) == list(LABELS)
        assert "control: no answer since" in stage.text

        await stage.press("4", "a")

        assert "Nothing can be set now." in " ".join(stage.text.split())
        assert "New variable" not in stage.text


async def test_own_failure_of_a_place_is_a_sheet_that_names_its_file(open_app: Any) -> None:
    async def breaks() -> None:
        raise RuntimeError

    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2")
        stage.app.screen.fetch(breaks())
        await stage.until("dlthub-tui: something here failed")

        assert labels_of(stage.text) == list(LABELS)
        names = [file.name for file in (stage.home / "client").glob("crash-*")]
        assert len(names) == 1
        assert f"see {names[0]}" in stage.text

        await stage.press("ctrl+r")

        assert labels_of(stage.text) == []
        assert "something here failed" not in stage.text


async def test_a_key_that_fails_is_said_and_the_app_goes_on(open_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_screen: Any) -> None:
        raise RuntimeError

    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        monkeypatch.setattr(type(stage.app.screen), "do_list_sort", breaks)
        await stage.press("s")
        (file,) = (stage.home / "client").glob("crash-*")
        assert f"Something here failed: see {file.name}. The platform goes on." in stage.text

        await stage.press("2")
        assert "[2 Runs]" in stage.text


async def test_sheet_counts_how_often_a_silent_region_was_asked_after(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "ASKS_SECONDS", 0.01)
    async with open_app() as stage:
        stage.installation.silent.add("eu1")
        await stage.press("ctrl+r", *WORKSPACE, "2")
        assert "tries" not in stage.text, "nobody asked since"
        stage.app.context.live.is_up = True

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(following.watch_planes, stage.app, stage.app.context)
            await stage.until(" tries, ")
            tasks.cancel_scope.cancel()


async def test_an_app_that_is_left_while_its_screen_changes_fails_at_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        stack = stage.app._screen_stack
        kept = list(stack)

        async def leave() -> None:
            stack.clear()

        await stage.app.turn(leave)
        stack.extend(kept)

        assert "Workspaces" in stage.text
