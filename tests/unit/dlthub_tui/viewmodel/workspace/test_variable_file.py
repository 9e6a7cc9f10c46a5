"""Plain variables as a file for an editor."""

from __future__ import annotations

import pytest

from dlthub_tui.client.variables import Variable
from dlthub_tui.viewmodel.edited_files import BadFile
from dlthub_tui.viewmodel.workspace.variable_file import (
    ScopeChange,
    deletion,
    difference,
    inverse,
    parse,
    render,
    scopes_of,
)


def variable(name: str, value: str | None, profile: str | None = None) -> Variable:
    return Variable(
        name=name, profile=profile, is_secret=value is None, value=value, updated_at=None, updated_by=None
    )  # fmt: skip


ROWS = (variable("A", "1"), variable("A", 'x "y"\n', "prod"), variable("KEY", None), variable("B", "é"))


def test_file_says_what_the_variables_are_and_no_secret() -> None:
    scopes = scopes_of(ROWS)
    text = render(scopes, ["prod", "access"], "org/ws")

    assert "KEY" not in text
    assert parse(text) == {**scopes, "profile.access": {}}
    assert difference(scopes, parse(text), {}) == []


def test_changed_added_and_removed_lines_are_the_difference() -> None:
    before = scopes_of(ROWS)
    after = parse('[workspace]\nA = "2"\n[profile.prod]\nA = "x \\"y\\"\\n"\nC = "3"\n')

    changes = difference(before, after, {})

    assert [(change.profile, dict(change.upserts), change.deletes) for change in changes] == [
        (None, {"A": "2"}, ("B",)),
        ("prod", {"C": "3"}, ()),
    ]
    assert changes[0].words == ["set A in the workspace", "delete B in the workspace"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[workspace", "no TOML"),
        ('[prod]\nA = "1"', 'There is no scope "prod"'),
        ("[workspace]\nA = 1", "A in workspace: the value stands in quotes"),
        ("profile = 1", "profile stands before"),
        ("workspace = 1", "workspace is no table"),
    ],
)
def test_file_that_means_nothing_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        parse(text)


def test_secret_is_not_given_a_plain_value() -> None:
    with pytest.raises(BadFile, match="KEY is a secret in workspace"):
        difference(scopes_of(ROWS), parse('[workspace]\nKEY = "open"'), {"workspace": frozenset({"KEY"})})


def test_what_was_plain_comes_back_and_what_was_secret_is_left_alone() -> None:
    changes = [ScopeChange(None, {"A": "2", "KEY": "open", "NEW": "3"}, ("B", "GONE")), *deletion(ROWS[1:2])]

    back = inverse(changes, ROWS)

    assert back == [ScopeChange(None, {"A": "1", "B": "é"}, ("NEW",)), ScopeChange("prod", {"A": 'x "y"\n'}, ())]
    assert inverse(deletion(ROWS[2:3]), ROWS) == []
