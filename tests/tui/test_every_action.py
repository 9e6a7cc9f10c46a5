"""Every action of the registry is done by its own first key on some place, and nothing fails.

What an action leads to is said by the tests of its screen; this one fails for an action that no key reaches.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.webhook_routes import give_webhooks
from tests.tui.test_comparing import fill_good
from tests.tui.waiting import settle
from textual.screen import Screen

from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.viewmodel.keys.actions import ACTIONS

pytestmark = [pytest.mark.anyio]

WORKSPACE = ("tab", "down", "enter")
FAILED = (*WORKSPACE, "2", "j", "j", "enter")
# What ends or leaves the app, and keys of sheets that only another test brings up.
ELSEWHERE = {
    "global app.quit": "tests/tui/test_signing_in.py::test_leaving_without_runs_stops_the_platform",
    "global session.end": "tests/tui/test_signing_in.py::test_signing_out_ends_the_session_and_leaves_no_place",
    "global app.suspend": "tests/tui/test_terminal.py::test_suspending_gives_the_terminal_back_and_fg_takes_it_again",
    "home deploy.open": "tests/tui/test_deploying.py::test_difference_names_what_leaves_for_where",
    "run run.start": "tests/tui/test_acting.py::test_running_again_goes_to_the_new_run",
    "versions version.roll_back": "tests/tui/test_acting.py::test_rolling_back_asks_what_it_would_do_first",
    "form choice.left": "tests/tui/test_acting.py::test_the_region_is_chosen_by_arrows",
    "form choice.right": "tests/tui/test_acting.py::test_the_region_is_chosen_by_arrows",
    "form sheet.unblock": "tests/tui/test_signing_in.py::test_leaving_with_active_runs_asks_about_the_platform",
    "shown-once key.copy": "tests/tui/test_team.py::test_a_key_is_shown_once_and_copied",
    "sign-in sign_in.key": "tests/tui/test_signing_in.py::test_an_api_key_signs_in_without_being_shown",
    "deploy deploy.go": "tests/tui/test_deploying.py::test_deploy_sends_archives_and_shows_the_receipt",
    "deploy definition.open": "tests/tui/test_deploying.py::test_every_word_for_the_control_plane_can_be_read",
    "deploy folder.choose": "tests/tui/test_deploying.py::test_escape_stops_reading_and_sends_nothing",
    "deploy run.start": "tests/tui/test_deploying.py::test_deploy_sends_archives_and_shows_the_receipt",
    "run leak.rotate": "tests/tui/test_log_showing.py::test_a_secret_that_was_printed_gets_a_new_value_there_and_then",
    "verbs app.open": "tests/tui/test_acting.py::test_app_of_an_interactive_job_is_copied_where_there_is_no_desktop",
    "run app.open": "tests/tui/test_acting.py::test_app_of_an_interactive_job_is_copied_where_there_is_no_desktop",
    "verbs masked.open": "tests/tui/test_commands.py::test_masked_lines_are_opened_from_the_list",
    "verbs job.publish": "tests/tui/test_commands.py::test_app_is_published_and_hidden_again",
    "log log.compare": "tests/tui/test_comparing.py::test_what_is_new_and_what_is_missing_is_marked",
    "compare log.open": "tests/tui/test_comparing.py::test_the_line_is_opened_in_its_log",
    "residency strictness.change":
        "tests/tui/test_residency.py::test_words_of_definitions_are_withheld_only_after_asking_and_stored_again",
    "compare compare.other": "tests/tui/test_comparing.py::test_another_run_is_chosen_by_its_number",
}  # fmt: skip
# Where the keys of a place lead away, the way there is gone anew.
PLACES: tuple[tuple[str, ...], ...] = (
    (), WORKSPACE, (*WORKSPACE, "2"), (*WORKSPACE, "3", "j"), (*WORKSPACE, "4"), (*WORKSPACE, "6", "j"),
    (*WORKSPACE, "7"), (*WORKSPACE, "enter"), (*WORKSPACE, "2", "enter"), (*FAILED, "equals_sign"),
    (*WORKSPACE, "enter", "b", "j"), (*WORKSPACE, "enter", "w"), (*WORKSPACE, "question_mark"), (*WORKSPACE, "R"),
    (*FAILED, "slash", *"page", "enter"),
)  # fmt: skip


async def back_to(stage: Any, place: Screen[Any]) -> bool:
    """Leaves sheets and places until this one is up and keys are actions again; False where it is gone."""
    for _ in range(6):
        if place not in stage.app.screen_stack:
            return False
        if stage.app.screen is place and getattr(place, "typing", None) is None:
            return True
        await stage.pilot.press("escape")
        await settle(stage.pilot)
    return False


def test_every_test_that_stands_for_an_action_is_there() -> None:
    root = Path(__file__).parents[2]
    for named in ELSEWHERE.values():
        path, _, function = named.partition("::")
        assert f"def {function}(" in (root / path).read_text(), named


async def test_every_action_is_done_by_its_key_and_nothing_fails(open_app: Any, performed: set[str]) -> None:
    names = {f"{action.layer} {action.id}" for action in ACTIONS}
    missing = names - ELSEWHERE.keys()
    assert ELSEWHERE.keys() <= names
    for keys in PLACES:
        async with open_app(size=(100, 30)) as stage:
            fill_good(stage)
            give_webhooks(stage.installation)
            await stage.press("ctrl+r", *keys)
            place = stage.app.screen
            assert isinstance(place, ActingScreen)
            for action in list(place.live):
                name = f"{action.layer} {action.id}"
                if name not in missing or action.id in {"nav.back", "nav.close"}:
                    continue
                key = next((key for key in action.keys if place._by_key.get(key) is action), None)
                if key is None or place.why_not(action) is not None:
                    continue
                await stage.pilot.press(key)
                await settle(stage.pilot)
                missing -= performed
                if not await back_to(stage, place):
                    # Home stands where the workspace was opened from.
                    await stage.press("0", *(("enter", *keys[len(WORKSPACE) :]) if keys else ()))
                    place = stage.app.screen
                    assert isinstance(place, ActingScreen)
            await stage.pilot.press("escape", "q")
            await settle(stage.pilot)
            missing -= performed
            assert "Something here failed" not in stage.text
            assert [file.read_text() for file in stage.home.glob("client/crash-*")] == []

    assert not missing, " | ".join(sorted(missing))


def test_every_screen_lets_go_of_the_terminal() -> None:
    """A sheet that did not took `fg` and its enter for its own: it started the run that it asked about."""
    waiting: list[type[ActingScreen[Any]]] = [ActingScreen]
    while waiting:
        screen = waiting.pop()
        waiting += screen.__subclasses__()
        if screen.LAYERS:
            assert {"app.suspend", "app.quit"} <= {action.id for action in screen.actions()}, screen.__name__
