"""From a log line to what is drawn: scrubbed, inert, coloured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlthub_tui.client.models import LogLine
from dlthub_tui.viewmodel.logs.log_rows import LogRow, LogStyle, RowState, drawn, log_row
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Role, text_of, width_of

LOOK = Look()


def row(content: str, stream: str = "stdout", source: str = "user") -> LogRow:
    """A row of one line."""
    return log_row(LogLine(0, content, stream, source, None), LOOK)


def test_masked_spans_have_a_role_of_their_own() -> None:
    made = row("token [masked:SOURCES__SHOP__API_KEY] for catalogue")

    assert [span.text for span in made.spans if span.role is Role.MASKED] == ["[masked:SOURCES__SHOP__API_KEY]"]
    assert made.is_masked


def test_a_secret_that_the_region_missed_is_masked_before_it_is_shown() -> None:
    made = row("password=correct-horse-battery-staple")

    assert "horse" not in made.plain
    assert made.is_masked


def test_colours_of_programs_are_kept() -> None:
    made = row("\x1b[1;32mok\x1b[0m and \x1b[38;2;1;2;3mtrue\x1b[0m")

    inks = {span.text: span.ink for span in made.spans}
    assert inks["ok"] is not None
    assert inks["ok"].color == "green"
    assert inks["ok"].is_bold
    assert inks["true"] is not None
    assert inks["true"].color == "#010203"
    assert inks[" and "] is None


def test_tabs_are_expanded_to_columns() -> None:
    assert row("a\tb").plain == "a       b"


def test_the_gutter_names_the_source() -> None:
    gutters = [
        row("x").gutter,
        row("x", "stderr").gutter,
        row("x", source="setup").gutter,
        row("x", source="runner").gutter,
    ]

    assert gutters == [" ", "!", "+", "·"]


def test_only_what_a_job_says_counts_as_an_error() -> None:
    assert row("KeyError: 'customer_id'", "stderr").is_error
    assert row("  | ValueError: in a group").is_error
    assert not row("Traceback (most recent call last):", "stderr").is_error
    assert not row("    raise KeyError(name)", "stderr").is_error
    assert not row("errors: none", source="runner").is_error
    assert not row("terrors of the deep").is_error


@given(st.text(max_size=200))
def test_no_line_can_act_on_the_terminal(content: str) -> None:
    made = row(content)

    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in made.plain)


@given(st.text(alphabet="abc日é ", max_size=120), st.integers(min_value=24, max_value=60))
def test_broken_lines_lose_nothing_and_fit(content: str, width: int) -> None:
    made = row(content)
    pieces = drawn(made, LogStyle(is_broken=True), LOOK, width)

    assert "".join(text_of(piece)[10:] for piece in pieces) == made.plain
    assert all(width_of(piece) <= width for piece in pieces)


def test_every_hit_of_a_search_is_marked() -> None:
    style = LogStyle(needle="PAGE")
    line = drawn(row("page and Page"), style, LOOK, 80)[0]

    assert [span.text for span in line if span.role is Role.MATCH] == ["page", "Page"]


def test_a_line_that_is_cut_still_says_what_is_folded_into_it() -> None:
    (narrow,) = drawn(row("Failed: " + "why " * 30), LogStyle(), LOOK, 60, RowState(folded=12))
    (wide,) = drawn(row("Failed: why"), LogStyle(), LOOK, 60, RowState(folded=1))

    assert text_of(narrow).endswith("w… 12 lines folded")
    assert width_of(narrow) <= 60
    assert text_of(wide).endswith("Failed: why 1 line folded")


def test_a_match_far_along_the_line_that_was_gone_to_is_seen() -> None:
    style = LogStyle(needle="NEEDLE")
    long = row("x" * 5_000 + " the needle " + "y" * 5_000)

    (elsewhere,) = drawn(long, style, LOOK, 60)
    (current,) = drawn(long, style, LOOK, 60, RowState(is_current=True))
    (near,) = drawn(row("the needle " + "y" * 5_000), style, LOOK, 60, RowState(is_current=True))

    assert "needle" not in text_of(elsewhere)[:60]
    assert text_of(current)[10:].startswith("…xxx")
    assert "the needle yyy" in text_of(current)[:60]
    assert text_of(near)[10:].startswith("the needle yyy")


def test_what_is_marked_as_found_is_what_was_looked_for_behind_signs_that_fold_to_two() -> None:
    (shown,) = drawn(row("Straße Maß M\u00fcller"), LogStyle(needle="m\u00fcller"), LOOK, 60)

    assert [span.text for span in shown if span.role is Role.MATCH] == ["M\u00fcller"]
