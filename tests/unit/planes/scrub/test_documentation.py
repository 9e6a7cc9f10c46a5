"""The page about scrubbing says what the rules say."""

from pathlib import Path

import pytest

from planes.scrub.rules import RULES
from planes.scrub.rules.named.below import BELOW_RULES
from planes.scrub.rules.samples import fake
from planes.scrub.table import renewed, rule_table

PAGE = Path(__file__).parents[4] / "docs" / "scrubbing.md"


def test_table_in_the_page_is_the_table_of_the_rules() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert renewed(page) == page, "run: python -m planes.scrub.table < docs/scrubbing.md"


def test_table_has_a_row_for_every_rule() -> None:
    assert rule_table().count("\n") == len(RULES) + len(BELOW_RULES) + 1


def test_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        renewed("# nothing here")


def test_page_says_that_files_are_not_scrubbed() -> None:
    assert "Files that jobs write are not scrubbed" in PAGE.read_text(encoding="utf-8")


def test_fakes_are_fresh_and_repeatable() -> None:
    assert fake("x<a36>", 1) == fake("x<a36>", 1) != fake("x<a36>", 2)
    assert len(fake("<uuid>")) == 36
