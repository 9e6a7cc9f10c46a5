"""The registry of actions against the rules of the screens."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import dlthub_tui.screens
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.viewmodel.keys.actions import ACTIONS, conflicts, of_layers
from dlthub_tui.viewmodel.keys.key_docs import render_keys

MODULES = [
    import_module(module.name) for module in pkgutil.walk_packages(dlthub_tui.screens.__path__, "dlthub_tui.screens.")
]
TAKEN_BY_TERMINALS = {f"ctrl+{letter}" for letter in "hjklabsmi"}


def screens() -> list[type[ActingScreen]]:
    """Every screen and sheet."""
    found = {
        item
        for module in MODULES
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, ActingScreen) and item.__module__ == module.__name__ and item.LAYERS
    }
    return sorted(found, key=lambda item: item.__name__)


@pytest.mark.parametrize("screen", screens(), ids=lambda screen: screen.__name__)
def test_no_key_means_two_things_on_a_screen(screen: type[ActingScreen]) -> None:
    keys: dict[str, str] = {}
    for action in screen.actions():
        for key in action.keys:
            assert keys.setdefault(key, action.id) == action.id, key

    assert keys


@pytest.mark.parametrize("screen", screens(), ids=lambda screen: screen.__name__)
def test_every_method_of_an_action_is_in_a_layer_of_its_screen(screen: type[ActingScreen]) -> None:
    known = {action.method for action in of_layers(screen.LAYERS)}
    inherited = {action.method for action in ACTIONS}
    own = {name for name in vars(screen) if name.startswith("do_")}

    assert own <= known, own - known
    assert own <= inherited


@pytest.mark.parametrize("screen", screens(), ids=lambda screen: screen.__name__)
def test_footers_name_actions_that_exist(screen: type[ActingScreen]) -> None:
    ids = {action.id for action in screen.actions()}

    assert {action_id for action_id, _ in screen.FOOTER} <= ids


def test_every_action_is_implemented_somewhere() -> None:
    done = {action.id for screen in screens() for action in screen.actions()}

    assert {action.id for action in ACTIONS} - done == set()


def test_no_key_is_one_that_terminals_take() -> None:
    assert not {key for action in ACTIONS for key in action.keys} & TAKEN_BY_TERMINALS


@pytest.mark.parametrize(
    "layers",
    [
        ("global", "workspace", "move", "list", "verbs"),
        ("global", "workspace", "move", "list", "tree"),
        ("global", "workspace", "move", "list", "alerts"),
        ("global", "move", "list", "backfills"),
        ("global", "workspace", "move", "list", "residency"),
        ("global", "move", "list", "webhooks"),
        ("global", "log", "run"),
        ("global", "move", "deploy"),
        ("global", "move", "list", "home"),
        ("typing", "form"),
    ],
)
def test_layers_that_live_together_do_not_conflict(layers: tuple[str, ...]) -> None:
    assert conflicts(layers) == []


def test_keys_document_is_what_the_registry_says() -> None:
    document = Path(__file__).parents[5] / "docs" / "keys.md"

    assert document.read_text() == render_keys(), "write it anew: python -m dlthub_tui.viewmodel.keys.key_docs"
