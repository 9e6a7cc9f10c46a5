"""The frame's rows: what the footer names together, and which planes came back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlthub_tui.viewmodel.frame import TABS, PlaneState, back_again, breadcrumb, footer, header, tabs
from dlthub_tui.viewmodel.keys.actions import Action, of_layers
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import cell_width, text_of, width_of


def the(layer: str, action_id: str) -> Action:
    return next(action for action in of_layers((layer,)) if action.id == action_id)


@pytest.mark.parametrize(
    ("layer", "action_id", "shown"),
    [
        ("form", "choice.right", "←→"),
        ("form", "choice.next", "↑↓"),
        ("log", "match.next", "n N"),
        ("move", "row.next", "↑↓"),
        ("tree", "tree.open", "←→"),
        ("log", "line.right", "→"),
    ],
)
def test_keys_that_belong_together_stand_together(layer: str, action_id: str, shown: str) -> None:
    row = footer([(the(layer, action_id), "it")], Look(), 60, live=of_layers((layer,)))

    assert text_of(row).startswith(f" {shown} it  ")


def test_users_own_keys_stand_in_pairs_too() -> None:
    live = [
        replace(action, keys=("ctrl+n",)) if action.id == "choice.next" else action for action in of_layers(("form",))
    ]
    chosen = next(action for action in live if action.id == "choice.next")

    assert text_of(footer([(chosen, "choose")], Look(), 60, live=live)).startswith(" ↑ ctrl+n choose")


def test_a_plane_that_answers_again_is_named_with_how_long_it_was_silent() -> None:
    before = (PlaneState("control", "up"), PlaneState("eu1", "silent", "2 min"), PlaneState("us1", "silent", "9 s"))
    now = (PlaneState("control", "up"), PlaneState("eu1", "up"), PlaneState("us1", "silent", "11 s"))

    assert back_again(before, now) == ["eu1 answers again after 2 min."]
    assert back_again(now, now) == []


def test_organizations_that_begin_alike_are_told_apart_where_their_names_are_too_long() -> None:
    below = ["fruitshop", "Jobs", "ingest.load_orders"]
    names = ("orchard-production", "orchard-prod-staging")
    rows = [text_of(breadcrumb([name, *below], Look(), 54)) for name in names]

    assert rows == [f" orchard…{end} › fruitshop › Jobs › ingest.load_orders" for end in ("uction", "taging")]
    assert (
        text_of(breadcrumb(["orchard-production", *below], Look(), 45)) == " … › fruitshop › Jobs › ingest.load_orders"
    )
    assert text_of(breadcrumb(["dlthub-tui", "sign in", "x" * 20], Look(), 40)) == " … › sign in › " + "x" * 20


@pytest.mark.parametrize("width", [36, 60, 80, 120])
@pytest.mark.parametrize("current", [each[0] for each in TABS])
def test_tab_one_is_on_is_named_at_every_width_and_keys_of_all_are_there(current: str, width: int) -> None:
    row = text_of(tabs(current, width))

    ((_, digit, name, short),) = [each for each in TABS if each[0] == current]
    assert len(row) <= width
    assert row.partition("[")[2].partition("]")[0] in {f"{digit} {name}", f"{digit} {short}"}
    assert all(each[1] in row for each in TABS)


@pytest.mark.parametrize("is_ascii", [False, True])
@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("job", ["load", "a_job_with_a_name_" * 6, "日本語の仕事" * 12])
def test_the_lock_stands_beside_every_breadcrumb(job: str, width: int, is_ascii: bool) -> None:
    crumbs = ["orchard-eu", "fruitshop", job, "1040", "log"]
    for shown in (crumbs, crumbs[:3]):
        row = header(shown, (PlaneState("control", "up"),), "eu1", Look(is_ascii=is_ascii), width)
        assert width_of(row) == width
        assert text_of(row).rstrip().endswith("eu1")


@pytest.mark.parametrize("width", [16, 20, 30, 40])
def test_place_and_lock_stay_where_planes_that_are_up_have_no_room(width: int) -> None:
    planes = [PlaneState(name, "up") for name in ("control", "us1")]
    look = Look(is_read_only=True)
    row = text_of(header(["orchard-eu", "fruitshop", "load"], planes, "eu1", look, width))
    silent = text_of(header(["orchard-eu", "load"], [*planes, PlaneState("eu1", "silent")], "eu1", look, 40))

    assert cell_width(row) == width
    assert "load" in row
    assert row.rstrip().endswith("⊡eu1")
    assert "▵eu1 silent  ⊡eu1" in silent
    assert "control" not in silent


def test_all_of_a_place_is_named_where_there_is_room() -> None:
    crumbs = ["orchard-eu", "fruitshop", "load_orders", "1040", "log"]

    assert text_of(header(crumbs, (), "eu1", Look(), 80)).startswith(
        " orchard-eu › fruitshop › load_orders › 1040 › log "
    )
    assert text_of(header(crumbs, (), "eu1", Look(), 50)).startswith(" … › fruitshop › load_orders › 1040 › log ")
