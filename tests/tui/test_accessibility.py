"""Without colour: the focus is seen on every control, each state has its glyph and its word, keys reach everything."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.webhook_routes import give_webhooks
from tests.tui.waiting import screen_text

from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.viewmodel.frame import PlaneState, plane_spans
from dlthub_tui.viewmodel.look import ASCII, STATE_ROLES, UNICODE, Look
from dlthub_tui.viewmodel.text import Role, text_of
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.message_line import MessageLine
from dlthub_tui.widgets.palette import palette_of

HOME = ("0", "g")
WORKSPACE = ("tab", "down", "enter")
# Keys from home to each form, and how many controls it has.
FORMS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("new organization", ("a",), 1),
    ("save a list", ("S",), 1),
    ("new workspace", ("tab", "down", "a"), 1),
    ("run with options", (*WORKSPACE, "R"), 2),
    ("tries", (*WORKSPACE, "enter", "T"), 2),
    ("backfill", (*WORKSPACE, "enter", "B"), 4),
    ("delete by name", (*WORKSPACE, "D"), 1),
    ("new variable", (*WORKSPACE, "4", "a"), 4),
    ("other value", (*WORKSPACE, "4", "enter"), 4),
    ("member", (*WORKSPACE, "6", "a"), 2),
    ("key", (*WORKSPACE, "6", "tab", "a"), 3),
    ("alert", (*WORKSPACE, "7", "a"), 6),
    ("mail server", (*WORKSPACE, "7", "m"), 6),
    ("help", ("question_mark",), 1),
)
# Lists, sheets and panes in which a cursor says where one is.
LISTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("home", ()), ("jobs", WORKSPACE), ("runs", (*WORKSPACE, "2")), ("deployments", (*WORKSPACE, "3")),
    ("variables", (*WORKSPACE, "4")), ("pipelines", (*WORKSPACE, "5")), ("team", (*WORKSPACE, "6")),
    ("residency", (*WORKSPACE, "8")), ("job", (*WORKSPACE, "enter")), ("platform", ("9",)),
    ("command log", (*WORKSPACE, "2", "at")), ("webhooks", (*WORKSPACE, "enter", "w")),
    ("settings", ("colon", *"settings", "enter")),  # the last: no digit leaves a form
)  # fmt: skip


def focused_titles(app: Any) -> list[str]:
    """Titles of rules that say that the keys go there."""
    accent = palette_of(app.screen).style(Role.ACCENT).color
    rows = [
        [segment for segment in strip if segment.text.strip(" ")] for strip in app.screen._compositor.render_strips()
    ]
    rules = [row for row in rows if len(row) > 1 and row[0].text.startswith("─ ")]
    return [row[1].text.strip() for row in rules if row[1].style is not None and row[1].style.color == accent]


def controls_of(screen: Any) -> list[Field | Choice]:
    """Whatever takes keys for itself."""
    found = [each for each in screen.query("Field, Choice") if isinstance(each, Field | Choice)]
    return [each for each in found if not isinstance(each, MessageLine)]


@pytest.mark.anyio
async def test_focus_is_seen_without_colour_on_every_control_and_keys_reach_each(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        for name, keys, count in FORMS:
            await stage.press(*HOME, *keys)
            screen = stage.app.screen
            assert isinstance(screen, ActingScreen), name
            controls = controls_of(screen)
            assert len(controls) == count, (name, controls)
            reached: set[Any] = set()
            for _ in controls:
                focused = screen.typing
                assert focused is not None, name
                reached.add(focused)
                seen = screen_text(stage.app)
                focused.set_typed_into(False)
                await stage.pilot.pause()
                assert screen_text(stage.app) != seen, f"{name}: colour alone tells that {focused} has the focus"
                focused.set_typed_into(True)
                await stage.press("tab")
            assert reached == set(controls), name
            while len(stage.app.screen_stack) > 2:
                await stage.press("escape")


@pytest.mark.anyio
async def test_one_cursor_is_seen_without_colour_in_every_list_and_keys_move_it(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        give_webhooks(stage.installation)
        await stage.press("ctrl+r")
        for name, keys in LISTS:
            await stage.press(*HOME, *keys)
            before = stage.text
            assert before.count("❯") == 1, (name, before)
            assert len(focused_titles(stage.app)) <= 1, (name, focused_titles(stage.app))

            await stage.press("down")

            rows = [text.index("❯") for text in (before, stage.text)]
            only_one = stage.app.screen.rows.keys[1:] == []
            assert only_one or rows[0] != rows[1], (name, stage.text)


@pytest.mark.anyio
async def test_title_of_the_pane_with_the_keys_is_in_accent_and_moves_with_the_cursor(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*WORKSPACE, "6")
        assert focused_titles(stage.app) == ["Members"]
        await stage.press("G")
        assert focused_titles(stage.app) == ["Keys"]
        assert stage.text.count("❯") == 1
        await stage.press("a")
        await stage.until("New key")
        assert focused_titles(stage.app) == ["New key"]
        assert "❯" not in stage.text
        await stage.press("escape")
        assert focused_titles(stage.app) == ["Keys"]
        assert stage.text.count("❯") == 1
        await stage.press("2", "enter")
        await stage.until("following")
        assert focused_titles(stage.app) == ["Log"]
        await stage.press("x")
        await stage.until("Stop ingest.load_orders 1041?")

        assert focused_titles(stage.app) == ["Stop ingest.load_orders 1041?"]


@pytest.mark.anyio
async def test_nothing_around_a_job_has_the_cursor_behind_a_sheet(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "enter", "tab")
        assert focused_titles(stage.app) == ["Around it"]
        await stage.press("D")
        await stage.until("Archive ingest.load_orders")
        assert focused_titles(stage.app) == ["Archive ingest.load_orders"]
        assert "❯" not in stage.text
        await stage.press("escape")

        assert focused_titles(stage.app) == ["Around it"]


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(60, 15), (60, 12), (60, 8)])
async def test_on_few_rows_facts_make_room_and_i_brings_them_back(open_app: Any, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        await stage.press(*WORKSPACE, "enter")
        await stage.until("❯ ◉ running")
        assert "every 15 min  " not in stage.text
        await stage.press("i")
        await stage.until("also by")
        await stage.press("i", "escape", "2", "enter")
        await stage.until("following")
        assert "pending 20 ms" not in stage.text
        await stage.press("i")

        await stage.until("pending 20 ms")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_state_has_a_glyph_of_its_own_in_one_cell(glyphs: Any) -> None:
    assert glyphs.states.keys() == STATE_ROLES.keys()
    assert len(set(glyphs.states.values())) == len(glyphs.states)
    marks = [*glyphs.states.values(), glyphs.up, glyphs.down, glyphs.silent, glyphs.cursor, glyphs.mark, glyphs.lock]
    assert all(len(mark) == 1 for mark in marks)


@pytest.mark.parametrize("is_ascii", [False, True], ids=["unicode", "ascii"])
def test_words_of_states_and_planes_differ_without_colour(is_ascii: bool) -> None:
    look = Look(is_ascii=is_ascii)
    words = {look.state_word(status).text for status in STATE_ROLES}
    planes = {text_of(plane_spans([PlaneState("eu1", state, "2 min")], look)) for state in ("up", "down", "silent")}

    assert words == set(STATE_ROLES)
    assert len(planes) == 3
