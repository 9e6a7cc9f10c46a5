"""Words of documents, and what differs between two."""

from __future__ import annotations

from dlthub_tui.viewmodel.documents import changed_lines, words_of
from dlthub_tui.viewmodel.text import text_of


def test_each_word_stands_at_its_path_also_what_is_empty() -> None:
    found = list(words_of("", {"a": {"b": [1, None]}, "c": [], "d": {}}))

    assert found == [("a.b[0]", "1"), ("a.b[1]", "null"), ("c", "[]"), ("d", "{}")]


def test_only_what_differs_is_shown_before_and_after() -> None:
    lines = changed_lines({"same": 1, "limit": 60, "gone": []}, {"same": 1, "limit": 90})

    assert [text_of(line) for line in lines] == ["- gone: []", "- limit: 60", "+ limit: 90"]
