"""The log pane: follows, pauses, fetches ranges, searches, and shows nothing that could act on the terminal."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.installation import Installation
from tests.tui.waiting import until

from dlthub_tui.screens.work.run import RunScreen
from dlthub_tui.widgets.log_view import LogView

pytestmark = [pytest.mark.anyio]
OPEN_RUN = ("tab", "down", "enter", "2", "enter")


def pane(stage: Any) -> LogView:
    """The pane that is up."""
    assert isinstance(stage.app.screen, RunScreen)
    return stage.app.screen.pane


def grow(stage: Any, *lines: str) -> None:
    """Lines arrive in the region."""
    stage.portal.call(Installation.grow, stage.installation, stage.installation.runs[0], *lines)


async def test_new_lines_arrive_at_the_end(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        grow(stage, "the next line")

        await stage.until("the next line")
        assert "following, 126 lines" in stage.text


async def test_a_range_that_is_asked_for_does_not_move_the_end_ahead_of_the_stream(open_app: Any) -> None:
    """Of a flood the region has more by then, each time: a pane that follows would never hold its last lines."""
    async with open_app() as stage:
        log = stage.installation.log_of(stage.installation.runs[0])
        for number in range(1000):
            log.add(f"row {number}")
        await stage.press(*OPEN_RUN)
        await stage.until("following, 1,125 lines")
        for number in range(500):
            log.add(f"not streamed yet {number}")
        await stage.press("g")
        await until(stage.pilot, lambda: pane(stage).window.find(0) is not None, "the first line")
        await stage.press("G")
        await stage.until("row 999")

        assert "following, 1,125 lines" in stage.text
        grow(stage, "the end")
        await stage.until("following, 1,626 lines")
        await stage.until("the end")


async def test_scrolling_up_pauses_and_counts_what_is_new(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        await stage.press("k", "k")
        before = stage.text.splitlines()[6:21]
        grow(stage, *(f"line {number}" for number in range(30)))
        await stage.until("paused, 30 new below, 155 lines")
        assert stage.text.splitlines()[6:21] == before
        await stage.press("G")

        await stage.until("line 29")
        assert "following, 155 lines" in stage.text


async def test_first_line_of_a_long_log_is_fetched_when_it_is_looked_at(open_app: Any) -> None:
    async with open_app() as stage:
        log = stage.installation.log_of(stage.installation.runs[1])
        for number in range(20_000):
            log.add(f"row {number}")
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("row 19999")
        assert len(pane(stage).window) <= 400
        await stage.press("g")

        await stage.until("GET /orders?page=1 200")
        assert len(pane(stage).window) <= 6400


async def test_the_window_stays_bounded_while_paging(open_app: Any) -> None:
    async with open_app() as stage:
        log = stage.installation.log_of(stage.installation.runs[1])
        for number in range(9_000):
            log.add(f"row {number}")
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("row 8999")
        view = pane(stage)
        for line in range(0, 9_000, 300):
            view.go_to(line)
            await stage.until(f"line {line + 1:,} of")
            await stage.pilot.pause()

        assert len(view.window) <= 6400


async def test_search_finds_beyond_what_is_loaded(open_app: Any) -> None:
    async with open_app() as stage:
        log = stage.installation.log_of(stage.installation.runs[1])
        for number in range(3_000):
            log.add("needle here" if number in {100, 2_500} else f"row {number}")
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("row 2999")
        await stage.press("slash")
        await stage.type("needle")
        await stage.press("enter")
        await stage.until("line 164 of 3,063")
        await stage.press("n")
        await stage.until("line 2,564 of 3,063")
        await stage.press("N")

        await stage.until("line 164 of 3,063")


async def test_a_regular_expression_is_searched_for_and_filtered_by(open_app: Any) -> None:
    async with open_app() as stage:
        log = stage.installation.log_of(stage.installation.runs[1])
        for line in ("row 1", "page=12 of 40", "row 2", "page=x of 40"):
            log.add(line)
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("page=x of 40")
        await stage.press("slash")
        await stage.type(r"re:page=\d+ of")
        await stage.press("enter")
        await stage.until(r"/re:page=\d+ of   1 match, all 67 lines searched")
        await stage.press("slash", "ctrl+u")
        await stage.type("re:(")
        await stage.press("enter")
        await stage.until("This is no regular expression: missing ): (.")
        await stage.press("ampersand")
        await stage.type("re:page=x|page=zz")
        await stage.press("enter")

        await stage.until('only "re:page=x|page=zz"')
        await stage.until("page=x of 40")


async def test_masked_text_cannot_be_searched(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.log_of(stage.installation.runs[1]).add("password=hunter2-correct-horse")
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("password=[masked")
        await stage.press("slash")
        await stage.type("hunter2")
        await stage.press("enter")

        await stage.until('No "hunter2" in 64 lines. Masked text cannot be searched.')
        assert "hunter2-correct" not in stage.text

        # A search that found nothing is no step to go back by.
        await stage.press("escape")
        await stage.until("[2 Runs]")


async def test_error_key_goes_to_the_line_that_says_why(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("Traceback")
        await stage.press("e")
        await stage.until("line 62 of 63")
        await stage.press("e")
        await stage.until("No error below line 62, 1 in all.")


async def test_control_sequences_in_a_log_are_inert(open_app: Any) -> None:
    async with open_app() as stage:
        log = stage.installation.log_of(stage.installation.runs[1])
        log.add("title \x1b]0;owned\x07 clear \x1b[2J move \x1b[10;10H bell \x07 \u202eright")
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")

        await stage.until("title ␛]0;owned␇ clear ␛[2J move ␛[10;10H")
        assert "\x1b]0;" not in stage.app.export_screenshot()


async def test_copying_a_line_copies_what_is_shown(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        await stage.press("m")
        await stage.until("line 121 of 125")
        await stage.press("c")

        assert stage.app.clipboard == "retry header: authorization: Bearer [masked:SOURCES__SHOP__API_KEY]"


async def test_link_names_the_line(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        await stage.press("m")
        await stage.until("line 121 of 125")
        await stage.press("y")

        assert stage.app.clipboard == "orchard-eu/fruitshop/ingest.load_orders/1041#121"


async def test_long_lines_are_cut_or_broken(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.log_of(stage.installation.runs[1]).add("x" * 100 + "END")
        await stage.press("tab", "down", "enter", "2", "j", "j", "enter")
        await stage.until("xxxx")
        assert "END" not in stage.text
        await stage.press("b")
        await stage.until("END")
        await stage.press("b", "l", "l", "l")

        await stage.until("END")


async def test_a_sealed_log_ends_the_following(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        stage.installation.runs[0]["status"] = "completed"
        stage.installation.logs[stage.installation.runs[0]["id"]].is_sealed = True
        grow(stage, "the last line")

        await stage.until("completed")
        assert "the last line" in stage.text
        assert "following" not in stage.text


async def test_a_stream_that_breaks_off_is_taken_up_where_it_was(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        stage.installation.logs[stage.installation.runs[0]["id"]].is_cut = True
        grow(stage, "the line before it broke")
        grow(stage, "the line after it broke")

        await stage.until("following, 127 lines")
        assert "the line before it broke" in stage.text
        assert "the line after it broke" in stage.text
        assert "Something here failed" not in stage.text


async def test_a_log_that_is_refused_says_why(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/lines"] = (403, {"detail": "Reading logs needs a role.", "code": "no"})
        await stage.press(*OPEN_RUN)

        await stage.until("Reading logs needs a role. Ask an owner of the workspace.")


async def test_a_log_that_was_removed_says_when(open_app: Any) -> None:
    async with open_app() as stage:
        said = {"detail": "The log was removed on 2 Mar 2026 (90 days).", "code": "log_removed"}
        stage.installation.refusals["/lines"] = (410, said)
        await stage.press(*OPEN_RUN)

        await stage.until("The log was removed on 2 Mar 2026 (90 days). Its facts are above.")


@pytest.mark.parametrize("back", ["z", "escape"])
async def test_zoom_gives_the_log_the_screen_and_back(open_app: Any, back: str) -> None:
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        await stage.press("z")
        assert "Window" not in stage.text
        await stage.press(back)

        assert "Window" in stage.text


async def test_run_that_waits_says_how_many_are_ahead_of_it(open_app: Any) -> None:
    async with open_app() as stage:
        first, second, third = stage.installation.jobs[:3]
        for job, number, ago in ((first, 2001, 60), (second, 2002, 40), (third, 2003, 5)):
            stage.installation.add_run(job, number, "pending", ago=ago)
        await stage.press(*OPEN_RUN[:-1], "slash", *"2003", "enter", "enter")

        await stage.until("Waiting for eu1 to take it. 2 runs of this workspace are ahead.")
