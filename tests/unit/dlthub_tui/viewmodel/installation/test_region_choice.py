"""Cards of regions: what is known of each, and nothing that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dlthub_tui.client.installation import PlaneHealth
from dlthub_tui.client.models import DataPlaneInfo
from dlthub_tui.client.region_numbers import Region
from dlthub_tui.viewmodel.installation.region_choice import Choosable, cards, ledger, why_not_chosen, why_not_named
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of, width_of

NOW = datetime(2026, 3, 17, 14, 2, tzinfo=UTC)


@pytest.fixture
def look() -> Look:
    return Look(now=lambda: NOW)


def choosable(name: str) -> Choosable:
    health = PlaneHealth(
        id=name, place="Somewhere", url=f"http://{name}", fingerprint=None, last_seen_at=NOW, is_reachable=True
    )
    return Choosable(region=DataPlaneInfo(id=name, name=name, region="Somewhere", description=None), health=health)


def test_a_card_says_what_is_known_and_who_may_not_know_more_is_told_less(look: Look) -> None:
    choice = choosable("eu1")
    told = Region(id="eu1", polled_at=NOW, numbers=None, organizations=3)
    shown = cards((replace(choice, is_asked=True, seconds=0.003, told=told), choosable("us1")), "eu1", look, 80)

    assert [text_of(line).split() for line in shown] == [
        ["❯", "eu1", "Somewhere,", "chosen", "us1", "Somewhere"],
        ["▴", "answers", "in", "3", "ms", "Asking", "us1…"],
        ["3", "organizations", "here"],
    ]


def test_three_regions_are_a_list_that_fits_the_smallest_terminal(look: Look) -> None:
    choices = [replace(choosable(name), is_asked=True, seconds=0.02) for name in ("ap1", "eu1", "us1")]
    shown = cards(choices, "eu1", look, 80)

    assert len(shown) == 3
    assert text_of(shown[1]).startswith("❯  eu1  Somewhere, chosen")


@pytest.mark.parametrize("width", [60, 78, 80, 81, 120])
def test_what_lives_where_fits_and_keeps_its_columns_apart(look: Look, width: int) -> None:
    lines = ledger("eu1", ["us1"], look, width)

    assert all(width_of(line) <= width for line in lines)
    assert all(f" {text_of(line).split()[-3]}" in text_of(line) for line in lines[3:])


def test_examples_stand_below_each_other(look: Look) -> None:
    shown = [text_of(each) for each in ledger("eu1", ["us1"], look, 80)]
    examples = ("orders.py", "API_KEY", "KeyError", "ana, owner")

    assert {row.index(example) for example in examples for row in shown if example in row} == {33}


def test_what_answers_the_control_plane_but_not_here_cannot_be_chosen() -> None:
    choice = choosable("eu1")

    assert why_not_chosen(replace(choice, is_asked=True, seconds=0.003)) is None
    assert why_not_chosen(replace(choice, is_asked=True)) == "eu1 does not answer from here. Choose it when it does."


def test_what_no_organization_can_be_called_is_said_before_its_region_is_typed() -> None:
    assert why_not_named("") == "An organization needs a name."
    assert why_not_named("x" * 201) == "A name has at most 200 characters; this one has 201."
    assert why_not_named("a\u202eb") == "A name must not hold a bidirectional character U+202E."
    assert why_not_named("x" * 200) is None
