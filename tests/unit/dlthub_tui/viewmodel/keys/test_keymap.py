"""Keys of the user's own."""

from __future__ import annotations

import string

import pytest

from dlthub_tui.viewmodel.keys.actions import ACTIONS, conflicts, key_name, of_layers
from dlthub_tui.viewmodel.keys.keymap import STACKS, parse_key, read_keys, rebound, with_key


@pytest.mark.parametrize(
    ("text", "key"),
    [("/", "slash"), ("esc", "escape"), ("ctrl+X", "ctrl+x"), ("F6", "f6"), ("G", "G"), ("g", "g"), ("-", "minus"),
     ("@", "at"), ("pgdn", "pagedown"), ("space", "space"), ("↑", "up"), ("shift+Tab", "shift+tab")],
)  # fmt: skip
def test_keys_are_written_as_people_read_them(text: str, key: str) -> None:
    if text == "↑":
        assert parse_key("up") == key
    else:
        assert parse_key(text) == key


@pytest.mark.parametrize("sign", list(string.punctuation))
def test_a_sign_is_shown_as_it_is_typed_and_leaves_no_form(sign: str) -> None:
    assert key_name(parse_key(sign)) == sign
    keys, troubles = read_keys({"form.next": sign})
    assert "form.next" not in keys
    assert "Letters type there" in " ".join(troubles)


def test_an_action_gets_its_own_key_in_every_layer() -> None:
    keys, troubles = read_keys({"run.start": "f6", "row.next": ["j", "ctrl+n"]})

    assert troubles == []
    for stack in STACKS:
        for action in rebound(of_layers(stack), keys):
            if action.id == "run.start":
                assert action.keys == ("f6",)
            if action.id == "row.next":
                assert action.keys == ("j", "ctrl+n")


def test_a_key_that_another_action_has_is_refused_with_its_name() -> None:
    keys, troubles = read_keys({"job.publish": "l", "log.open": "f7", "job.pause": "/"})

    assert keys == {"job.publish": ("l",), "log.open": ("f7",)}
    assert troubles == ["settings.toml: / is filter (list.filter); job.pause keeps its own key."]


def test_two_actions_may_swap_their_keys() -> None:
    keys, troubles = read_keys({"job.pause": "v", "definition.open": "p"})

    assert troubles == []
    assert len(keys) == 2


def test_what_is_no_action_or_no_key_is_said() -> None:
    keys, troubles = read_keys({"run.fly": "f6", "run.start": 6, "log.open": []})

    assert keys == {}
    assert len(troubles) == 3
    assert read_keys("nonsense") == ({}, ["settings.toml: [keys] is no table."])


@pytest.mark.parametrize("key", ["banana", "ctrl-x", "C-x", "option+x", "r+r", "gg", "f25", "<f6>", "ctrl+foo"])
def test_what_no_terminal_sends_is_no_key(key: str) -> None:
    """An action would be left without a key, and its footer would name one that nobody can press."""
    keys, troubles = read_keys({"run.start": key})

    assert keys == {}
    assert troubles == [f'settings.toml: no key is called "{parse_key(key)}"; run.start keeps its own key.']


@pytest.mark.parametrize(
    ("text", "key"),
    [("shift+a", "A"), ("shift+ctrl+F6", "ctrl+shift+f6"), ("ctrl+i", "tab"), ("ctrl+m", "enter"), ("ctrl+[", "escape"),
     ("return", "enter"), ("del", "delete"), ("e\u0301", "é"), ("漢", "漢"), ("\u00bf", "inverted_question_mark")],
)  # fmt: skip
def test_a_key_is_what_the_terminal_sends_for_it(text: str, key: str) -> None:
    assert parse_key(text) == key
    assert "no key is called" not in "".join(read_keys({"run.start": text})[1])


def test_every_key_of_the_registry_is_one() -> None:
    for action in ACTIONS:
        assert "no key is called" not in "".join(read_keys({action.id: list(action.keys)})[1])


def test_a_form_is_not_left_without_its_key() -> None:
    """A letter types there: the file is told what the help is told."""
    keys, troubles = read_keys({"form.next": ["enter", "x"], "sheet.unblock": "space"})

    assert keys == {}
    assert all("Letters type there" in said for said in troubles)
    assert read_keys({"choice.next": "ctrl+n", "field.edit": "f9"})[1] == []


def test_stacks_hold_every_layer_and_have_no_conflict() -> None:
    layers = {layer for stack in STACKS for layer in stack}

    assert {action.layer for action in ACTIONS} <= layers
    assert all(conflicts(stack) == [] for stack in STACKS)


def test_arrows_go_on_beside_a_key_that_is_set_in_the_help() -> None:
    keys, why_not = with_key({}, "row.next", "f6")
    again, _ = with_key(keys, "row.next", "f7")

    assert (keys, why_not) == ({"row.next": ("f6", "down")}, None)
    assert again == {"row.next": ("f7", "down")}
    assert with_key({}, "run.start", "f6")[0] == {"run.start": ("f6",)}


def test_its_first_own_key_gives_an_action_back_all_that_it_comes_with() -> None:
    assert with_key({"nav.older": ("f6",), "run.start": ("f7",)}, "nav.older", "left_square_bracket") == (
        {"run.start": ("f7",)}, None,
    )  # fmt: skip


def test_the_help_takes_the_same_letters_as_the_file() -> None:
    for action_id, key in (("key.copy", "c"), ("form.next", "n"), ("form.next", "space"), ("form.next", "f6")):
        is_taken = action_id in read_keys({action_id: key})[0]

        assert (with_key({}, action_id, key)[1] is None) is is_taken, (action_id, key)
