"""What is looked for in a log: words in any case, or a regular expression that RE2 takes."""

import pytest

from dlthub_tui.viewmodel.logs.search_terms import SearchTerm


def test_words_are_found_in_any_case_where_they_stand() -> None:
    term = SearchTerm("Page=1")

    assert term.ranges("ß page=1 PAGE=12 page1") == [(2, 8), (9, 15)]
    assert term.stands_in("PAGE=1")
    assert not term.stands_in("page 1")
    assert (term.text, term.regex) == ("Page=1", "")


def test_a_regular_expression_stands_behind_its_prefix() -> None:
    term = SearchTerm(r"re:page=\d+$")

    assert term.ranges("ééé page=12 page=3") == [(12, 18)]
    assert term.stands_in("page=12")
    assert not term.stands_in("Page=12")
    assert SearchTerm("re:(?i)page").stands_in("Page")
    assert (term.text, term.regex) == ("", r"page=\d+$")


def test_the_prefix_alone_is_looked_for_as_it_is() -> None:
    term = SearchTerm("re:")

    assert term.stands_in("Re: your invoice")
    assert (term.text, term.regex) == ("re:", "")


def test_a_match_of_nothing_finds_the_line_and_marks_no_sign_of_it() -> None:
    assert SearchTerm("re:x*").stands_in("abc")
    assert SearchTerm("re:x*").ranges("axb") == [(1, 2)]
    assert SearchTerm("").ranges("abc") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("re:(", "This is no regular expression: missing ): (."),
        ("re:(?=x)", "This is no regular expression: invalid perl operator: (?=."),
        ("re:" + "a" * 1025, "A regular expression has at most 1,024 signs."),
        (r"re:\pL{300}", r"This is no regular expression: pattern too large - compile failed."),
        ("re:a+", ""),
        ("(", ""),
    ],
)
def test_what_is_no_regular_expression_is_told_in_a_sentence(typed: str, said: str) -> None:
    assert SearchTerm(typed).why_not() == said


def test_halves_of_pairs_of_signs_are_no_failure() -> None:
    assert SearchTerm("re:b").ranges("a\ud800b") == [(2, 3)]
    assert SearchTerm("re:\ud800").why_not() == ""
