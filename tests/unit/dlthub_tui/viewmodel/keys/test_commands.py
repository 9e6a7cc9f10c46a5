"""How actions are found by words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlthub_tui.viewmodel.keys.actions import ACTIONS
from dlthub_tui.viewmodel.keys.commands import Offer, command_line, found, offer, unknown
from dlthub_tui.viewmodel.keys.search_words import SEARCH_WORDS
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of

OF_NO_KEY = {"workspace-settings", "sign-ins", "settings"}
OFFERS = [offer(action, None, Look(), "Here") for action in ACTIONS if action.layer in {"run", "log", "global"}]


@pytest.mark.parametrize(
    ("word", "title"),
    [("rotate", "new value"), ("cancel", "stop"), ("Grep", "search"), ("download", "save"), ("wrap", "long lines")],
)
def test_what_is_called_otherwise_elsewhere_is_found(word: str, title: str) -> None:
    assert title in [item.title for item in found(OFFERS, word, by_title=True)]


def test_own_words_come_before_those_of_elsewhere() -> None:
    for word in ("save", "search"):
        assert next(item.title for item in found(OFFERS, word, by_title=True)) == word


def test_the_command_line_does_nothing_by_a_word_of_elsewhere_and_says_the_name() -> None:
    assert found(OFFERS, "rotate", by_title=False) == []
    assert unknown(OFFERS, "run x", in_workspace=False) == '"run" takes a job of a workspace: open the workspace first.'
    assert unknown(OFFERS, "rotate") == 'No command "rotate". Nearest: new-value.'
    assert unknown(OFFERS, "lnk").startswith('No command "lnk". Nearest: link')


def test_what_ends_something_is_called_as_the_screen_calls_it() -> None:
    def said(title: str) -> str:
        action = next(each for each in ACTIONS if each.id == "item.end")
        item = offer(replace(action, title=title, sentence="what needs you"), None, Look(), "Here")
        return text_of(command_line(item, Look(), is_chosen=False, name_cells=0))

    assert said("set aside").endswith("set aside: what needs you")
    assert said("stop").endswith("  what needs you")


def test_each_word_belongs_to_an_action_and_says_more_than_its_own_words() -> None:
    by_id: dict[str, list[Offer]] = {}
    for action in ACTIONS:
        by_id.setdefault(action.id, []).append(offer(action, None, Look(), "Here"))
    assert set(SEARCH_WORDS) - OF_NO_KEY <= set(by_id)
    for name in set(SEARCH_WORDS) - OF_NO_KEY:
        for item in by_id[name]:
            own = f"{item.name} {item.title}".casefold().split()
            assert not set(own) & set(SEARCH_WORDS[name].split()), name
