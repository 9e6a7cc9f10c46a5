"""Keys, filters, and coming back."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import defaultdict
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.tui.waiting import settle, until
from textual._compositor import ChopsUpdate
from textual._styles_cache import StylesCache

from dlthub_tui.screens.entering.first_owner import FirstOwnerScreen
from dlthub_tui.screens.frame import sweeping
from dlthub_tui.screens.frame.sweeping import FOURTH, MUCH, YOUNG
from dlthub_tui.screens.installation.home import HomeScreen
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.screens.work.jobs import JobsScreen

pytestmark = [pytest.mark.anyio]
WORKSPACE = ("tab", "down", "enter")


def chosen(stage: Any) -> str:
    """The line under the cursor."""
    return next(line for line in stage.text.splitlines() if line.startswith("❯"))


async def test_back_restores_filter_row_and_scroll(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "slash", *"load", "enter", "j", "j")
        before = chosen(stage)
        await stage.press("enter")
        assert "History" in stage.text
        await stage.press("escape")

        assert chosen(stage) == before
        assert "/load" in stage.text


async def test_tabs_keep_their_place_and_their_order(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "s", "s", "g", "j", "j")
        before = stage.text.splitlines()[3:13]
        await stage.press("2", "j", "1")

        assert stage.text.splitlines()[3:13] == before
        assert stage.app.screen.is_turned


async def test_escape_clears_the_filter_before_it_goes_back(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "slash", *"smoke", "enter")
        assert "ingest.load_orders" not in stage.text
        await stage.press("escape")
        assert "ingest.load_orders" in stage.text
        assert isinstance(stage.app.screen, JobsScreen)
        await stage.press("escape")

        assert isinstance(stage.app.screen, HomeScreen)


@pytest.mark.parametrize("to_list", [(), ("2",), ("enter",)])
async def test_one_key_leaves_only_what_failed_and_brings_all_back(open_app: Any, to_list: tuple[str, ...]) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, *to_list)
        before = stage.app.screen.rows.keys
        await stage.press("F")
        failed = stage.app.screen.rows.keys

        assert 0 < len(failed) < len(before)
        assert "/failed" in stage.text
        await stage.press("F")
        assert stage.app.screen.rows.keys == before
        await stage.press("F", "escape")
        assert stage.app.screen.rows.keys == before


async def test_escape_never_quits(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("escape", "escape", "escape")

        assert isinstance(stage.app.screen, HomeScreen)
        assert stage.app.is_running


async def test_filter_without_a_hit_names_the_nearest_word(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "slash", *"faild")

        assert 'No run matches "faild". Nearest: failed (2).' in stage.text


async def test_rows_that_arrive_above_do_not_move_the_cursor(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "j", "j")
        before = chosen(stage)
        at = stage.text.splitlines().index(before)
        job = next(job for job in stage.installation.jobs if job["job_ref"].endswith("load_customers"))
        stage.installation.add_run(job, 512, "running", ago=1)
        await stage.press("ctrl+r")

        assert chosen(stage) == before
        assert stage.text.splitlines().index(before) == at
        assert "+1 new" in stage.text
        await stage.press("g")
        assert "512" in stage.text
        assert "+1 new" not in stage.text


async def test_the_first_row_follows_what_arrives(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2")
        job = next(job for job in stage.installation.jobs if job["job_ref"].endswith("load_customers"))
        stage.installation.add_run(job, 512, "running", ago=1)
        await stage.press("ctrl+r")

        assert "512" in chosen(stage)


async def test_a_job_that_starts_does_not_take_the_cursor_from_the_first_row(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        before, last = stage.app.screen.rows.keys[0], stage.app.screen.rows.keys[-1]
        stage.installation.jobs.sort(key=lambda job: job["id"] != last)
        await stage.press("ctrl+r")

        assert stage.app.screen.rows.keys[0] == last
        assert stage.app.screen.rows.key == before
        await stage.press("g", "s")
        assert stage.app.screen.rows.key == stage.app.screen.rows.keys[0], "whoever sorts looks at the top"


async def test_every_footer_key_is_live(open_app: Any) -> None:
    async with open_app(size=(160, 24)) as stage:
        for keys in ((), WORKSPACE, ("2",), ("3",), ("4",), ("1", "enter"), ("escape", "2", "enter")):
            await stage.press(*keys)
            screen = stage.app.screen
            bound = {binding.action for _, binding, *_ in screen.active_bindings.values()}
            for action, _label in screen.footer_entries():
                assert f"perform('{action.id}')" in bound, (type(screen), action.id)


async def test_times_turn_from_relative_to_exact_to_utc(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "t")
        assert "14:00:00" in stage.text or ":00:00" in stage.text
        await stage.press("t")
        assert "Times are UTC." in stage.text
        assert "14:00:00" in stage.text
        await stage.press("t")

        assert "1 min ago" in stage.text


async def test_a_narrow_terminal_still_shows_names_and_states(open_app: Any) -> None:
    async with open_app(size=(40, 12)) as stage:
        await stage.press(*WORKSPACE, "2")

        assert "running" in stage.text
        assert "ingest.load" in stage.text
        assert all(len(line) <= 40 for line in stage.text.splitlines())


async def test_what_is_filled_in_is_seen_in_any_number_of_rows(open_app: Any) -> None:
    async with open_app(size=(60, 24)) as stage:
        await stage.app.push_screen(FirstOwnerScreen(stage.app.context, "a key"))
        await stage.until("A password")
        await stage.press("tab")
        await stage.pilot.resize_terminal(60, 5)
        await stage.until("A password")
        await stage.press("shift+tab")
        await stage.until("Your e-mail")


async def test_few_rows_take_details_first_then_the_answer_then_the_tabs(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2")
        parts = {"strip": "every 15 min, prod", "answer": "17 shown of 17", "tabs": "[2 Runs]"}

        async def left_at(height: int) -> list[str]:
            await stage.pilot.resize_terminal(80, height)
            await settle(stage.pilot)
            return [part for part, words in parts.items() if words in stage.text]

        assert await left_at(20) == ["strip", "answer", "tabs"]
        assert await left_at(19) == ["answer", "tabs"]
        await stage.press("i")
        assert await left_at(18) == ["strip", "answer", "tabs"], "i brings back what was left out"
        await stage.press("i")
        assert await left_at(13) == ["tabs"]
        assert await left_at(9) == []
        assert stage.text.count("running") > 0


async def test_help_runs_what_is_chosen(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "question_mark", *"Variables", "enter")

        assert "[4 Vars]" in stage.text


async def test_command_line_runs_by_name_and_says_what_is_unknown(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "colon", *"rnu")
        assert 'No command "rnu". Nearest: run' in stage.text
        await stage.press("escape", "colon", *"runs", "enter")

        assert "[2 Runs]" in stage.text


async def test_palette_finds_by_title(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "ctrl+p", *"Deployments", "enter")

        assert "[3 Deploys]" in stage.text


async def test_a_plane_that_stops_answering_keeps_the_rows(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        stage.installation.refusals["/jobs"] = (503, {"detail": "The plane is stopping.", "code": "unavailable"})
        await stage.press("ctrl+r")

        assert "The plane is stopping." in stage.text
        assert "ingest.load_orders" in stage.text
        stage.installation.refusals.clear()
        await stage.press("ctrl+r")
        assert "The plane is stopping." not in stage.text
        assert isinstance(stage.app.screen, ListScreen)


async def test_enter_on_an_organization_opens_its_first_workspace(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab")
        assert "orchard-eu" in chosen(stage)
        await stage.press("enter")

        assert isinstance(stage.app.screen, JobsScreen)
        assert "orchard-eu › fruitshop" in stage.text


async def test_enter_on_an_organization_without_a_workspace_asks_for_one(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.add_organization("abc-empty", "eu1")
        await stage.press("ctrl+r", "tab")
        assert "abc-empty" in chosen(stage)
        await stage.press("enter")
        await stage.until("New workspace in abc-empty ─")
        await stage.type("first")
        await stage.press("enter")

        await stage.until("Created first. d deploys a folder to it.")
        assert "first" in chosen(stage)


async def test_history_goes_back_and_forward_and_keeps_filter_and_row(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "slash", *"load", "enter", "j")
        await stage.press("2", "j", "enter")
        await stage.until("› 640")
        assert "f follow" not in stage.text
        await stage.press("left_square_bracket")
        await stage.until("[2 Runs]")
        await stage.press("left_square_bracket")
        await stage.until("[1 Jobs]")
        assert "/load" in stage.text
        assert "❯ ✓ ingest.load_customers" in stage.text
        await stage.press("left_square_bracket", "left_square_bracket")
        await stage.until("No place before this one.")
        assert "Needs you" in stage.text
        await stage.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        await stage.until("› 640")
        await stage.press("right_square_bracket")
        await stage.until("No place ahead of this one.")
        await stage.press("escape")
        await stage.until("[2 Runs]")
        await stage.press("right_square_bracket")

        await stage.until("› 640")


def write_settings(home: Path, text: str) -> None:
    """The settings file of a home."""
    (home / "client").mkdir(exist_ok=True)
    (home / "client" / "settings.toml").write_text(text)


async def test_own_keys_work_and_are_shown_in_footer_and_help(open_app: Any, tmp_path: Path) -> None:
    write_settings(tmp_path, '[keys]\n"list.filter" = "F6"\n"form.next" = ["enter", "ctrl+y"]\n')
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        assert "f6 filter" in stage.text
        await stage.press("slash")
        assert "❯" in stage.text
        await stage.press("f6", *"smoke", "enter")
        await stage.until("1 shown of")
        await stage.press("question_mark", *"filter")
        await stage.until("f6")
        await stage.press("ctrl+y")

        await stage.until("/smoke")


async def test_an_own_key_that_is_taken_is_refused_by_name(open_app: Any, tmp_path: Path) -> None:
    write_settings(tmp_path, '[keys]\n"nav.home" = "/"\n')
    async with open_app() as stage:
        await stage.until("settings.toml: / is")


async def test_a_broken_settings_file_leaves_the_usual_keys(open_app: Any, tmp_path: Path) -> None:
    write_settings(tmp_path, "[keys")
    async with open_app() as stage:
        await stage.until("settings.toml is no TOML")
        await stage.press(*WORKSPACE, "2")

        await stage.until("[2 Runs]")


async def test_command_line_completes_a_job_and_runs_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "colon", *"run cust")
        await stage.until("run ingest.load_customers")
        assert "dlthub-tui run orchard-eu/fruitshop/ingest.load_customers" in stage.text
        await stage.press("tab")
        assert ":run ingest.load_customers" in stage.text
        await stage.press("enter")

        await stage.until("Started ingest.load_customers 512.")


async def test_command_line_opens_the_runs_and_the_log_of_a_job(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "colon", *"runs returns", "enter")
        await stage.until("[2 Runs]")
        await stage.until("/ingest.load_returns")
        assert "load_customers" not in stage.text
        await stage.press("colon", *"log load_customers", "enter")
        await stage.until("load_customers › 511")
        await stage.press("colon", *"job nothing like it")
        await stage.until('No job matches "nothing like it".')
        await stage.press("enter")
        assert not stage.posted("trigger")
        await stage.press("escape", "colon", *"job daily", "enter")

        await stage.until("Jobs › transform.orders_daily")


async def test_command_line_starts_nothing_in_a_read_only_session(open_app: Any) -> None:
    async with open_app(read_only=True) as stage:
        await stage.press(*WORKSPACE, "colon", *"run cust", "enter")

        assert not stage.posted("trigger")


async def collect() -> None:
    """Everything that can go, goes. The loop keeps timeouts that were cancelled, and with them the screen whose they
    were, until they are due in half a minute or until more than a hundred are there."""
    loop = asyncio.get_running_loop()
    for _ in range(200):
        loop.call_later(3600, print).cancel()
    await anyio.lowlevel.checkpoint()
    gc.collect()


async def test_nothing_painted_is_kept_of_screens_that_were_left(open_app: Any) -> None:
    """In an hour of turning between lists they had been 25 MB."""
    kept: list[int] = []
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        for _ in range(3):
            await stage.press("2", "3", "4", "5", "6", "7", "1")
            await collect()
            kept.append(sum(type(each) is StylesCache for each in gc.get_objects()))

    assert kept[2] <= kept[1] <= kept[0], kept


async def test_a_place_that_another_one_hides_asks_for_nothing_and_sets_no_title(open_app: Any) -> None:
    async with open_app() as stage:
        home = stage.app.screen
        await stage.press("colon")
        assert home.is_seen
        await stage.press("escape", *WORKSPACE)
        jobs = stage.app.screen
        assert (home.is_seen, jobs.is_seen) == (False, True)
        await stage.press("colon")
        assert (home.is_seen, jobs.is_seen) == (False, True)
        await stage.press("escape", "question_mark")
        assert (home.is_seen, jobs.is_seen) == (False, False)


async def test_what_changes_below_a_sheet_is_painted_alone(open_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole terminal had been painted for each: 160 kB while three runs ran, 3 kB of it news."""
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "colon")
        below = stage.app.screen_stack[-2]
        below.rows.toggle_mark()
        await settle(stage.pilot)
        painted, app = list[Any](), type(stage.app)
        display = app._display
        monkeypatch.setattr(app, "_display", lambda of, screen, it: (painted.append(it), display(of, screen, it)))
        below.rows.toggle_mark()
        await until(stage.pilot, lambda: bool(painted), "a paint")
        await settle(stage.pilot)

        assert [type(update) for update in painted] == [ChopsUpdate] * len(painted)
        assert {y for update in painted for y, *_ in update.spans} == {4}
        below.rows.toggle_mark()
        await stage.press("escape")
        await stage.until("❯▮◉ ingest.load_orders")


async def test_rows_of_a_list_go_as_it_is_left_without_a_look_for_garbage(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        left = stage.app.screen
        assert isinstance(left, JobsScreen)
        assert left.find_job() is not None
        gc.disable()
        try:
            await stage.press("2")
            assert (left.rows.table(), left.rows.keys, left.find_job(), left.sections()[0].rows) == ([], [], None, ())
        finally:
            gc.enable()


async def test_garbage_is_looked_for_at_rest_and_not_while_keys_come(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "RESTS_SECONDS", 3600.0)  # beside much else the screen takes longer than a moment
    usual = gc.get_threshold()
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        looked: list[int] = []
        gc.callbacks.append(note := lambda phase, info: looked.append(info["generation"]) if phase == "start" else None)
        try:
            gc.collect(1)
            looked.clear()
            await stage.press("j")
            stage.app.sweeper.look()
            assert 2 not in looked
            stage.app.sweeper.pressed_at -= sweeping.RESTS_SECONDS
            stage.app.sweeper.look()
            assert 2 in looked
            looked.clear()
            stage.app.sweeper.look()
            assert 2 not in looked, "there is nothing new to look through"
            await stage.press("j")
            for _ in range(MUCH // (YOUNG * FOURTH) + 1):
                gc.collect(1)
            stage.app.sweeper.look()
            assert 2 in looked, "much may be there"
        finally:
            gc.callbacks.remove(note)
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


async def test_screens_that_were_left_are_gone(open_app: Any) -> None:
    seen: dict[str, set[weakref.ref[Any]]] = defaultdict(set)
    keys = (
        "1", "enter", "escape", "2", "enter", "z", "z", "slash", "escape", "escape", "question_mark", "escape",
        "colon", "escape", "3", "4", "5", "enter", "escape", "6", "7", "8", "at", "escape", "9", "0",
    )  # fmt: skip
    async with open_app() as stage:
        for key in (*WORKSPACE, *keys):
            await stage.press(key)
            seen[type(stage.app.screen).__name__].add(weakref.ref(stage.app.screen))
        await collect()
        there = [id(screen) for screen in stage.app.screen_stack]
        kept = {name for name, refs in seen.items() for ref in refs if (found := ref()) and id(found) not in there}

    assert len(seen) > 12, set(seen)
    assert not kept
