"""Which lines of a log are shown and taken along: search, jumps, choices of lines, marks, files, folds, times."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.installation import NOW
from tests.tui.test_log import OPEN_RUN, grow, pane
from tests.tui.waiting import until

pytestmark = [pytest.mark.anyio]
OPEN_FAILED = ("tab", "down", "enter", "2", "j", "j", "enter")


def failed_log(stage: Any) -> Any:
    """The log of the run that failed: 63 lines before a test adds its own."""
    return stage.installation.log_of(stage.installation.runs[1])


@asynccontextmanager
async def failed_run(open_app: Any, lines: Iterable[str] = (), *, seconds: float = 0) -> AsyncGenerator[Any]:
    """The run that failed, with these lines behind its own, each so many seconds after the one before."""
    async with open_app() as stage:
        last = "user process ended"
        for number, text in enumerate(lines):
            last = text
            failed_log(stage).add(text, at=NOW + timedelta(seconds=number * seconds))
        await stage.press(*OPEN_FAILED)
        await stage.until(last)
        yield stage


@asynccontextmanager
async def leaking_run(open_app: Any, *rules: str, origin: str = "variable") -> AsyncGenerator[Any]:
    """The run that failed, with something masked by each of these rules."""
    async with open_app() as stage:
        stage.installation.masked[stage.installation.runs[1]["id"]] = {
            rule: 2 - at for at, rule in enumerate(rules)
        }  # fmt: skip
        stage.installation.leak_origin = origin
        await stage.press(*OPEN_FAILED)
        await stage.until("Masked")
        yield stage


@asynccontextmanager
async def followed_run(open_app: Any) -> AsyncGenerator[Any]:
    """The run that goes on."""
    async with open_app() as stage:
        await stage.press(*OPEN_RUN)
        await stage.until("following, 125 lines")
        yield stage


def rows(count: int, others: dict[int, str] | None = None) -> list[str]:
    """Numbered lines, some of them others."""
    return [(others or {}).get(number, f"row {number}") for number in range(count)]


async def search(stage: Any, text: str) -> None:
    """Searches for a text."""
    await stage.press("slash")
    await stage.type(text)
    await stage.press("enter")


async def test_hits_are_counted_over_the_whole_log(open_app: Any) -> None:
    async with failed_run(open_app, rows(2_000, dict.fromkeys(range(7, 2_000, 300), "timeout"))) as stage:
        await search(stage, "TIMEOUT")

        await stage.until("/TIMEOUT   7 matches, all 2,063 lines searched")
        assert "TIMEOUT 1 of 7" in stage.text


async def test_first_hit_shows_and_keys_work_while_the_region_looks(open_app: Any) -> None:
    async with failed_run(open_app, rows(2_000, {10: "needle"})) as stage:
        stage.installation.search_gate = stage.portal.call(anyio.Event)
        await stage.press("slash")
        await stage.pilot.press(*"needle", "enter")
        await stage.until("line 74 of 2,063")
        await stage.until("/needle   1 so far, 24 % searched   esc stops")
        await stage.pilot.press("j")
        await stage.until("to line 83, 2,063 lines")
        await stage.pilot.press("escape")

        await stage.until("Stopped searching. 1 so far.")
        stage.portal.call(stage.installation.search_gate.set)


async def test_line_and_time_are_gone_to_by_command(open_app: Any) -> None:
    async with failed_run(open_app, rows(900), seconds=1) as stage:
        await stage.press("colon")
        await stage.type("884")
        await stage.until("go to line 884")
        await stage.press("enter")
        await stage.until("line 884 of 963")
        moment = (NOW + timedelta(seconds=300)).astimezone()
        await stage.press("colon")
        await stage.type(f"{moment:%H:%M:%S}")
        await stage.press("enter")

        await stage.until("line 364 of 963")


async def test_minutes_move_by_the_lines_times(open_app: Any) -> None:
    async with failed_run(open_app, rows(900), seconds=1) as stage:
        await stage.press("less_than_sign")
        await stage.until("line 903 of 963")
        await stage.press("less_than_sign")
        await stage.until("line 843 of 963")
        await stage.press("greater_than_sign")

        await stage.until("line 903 of 963")


async def test_v_hides_setup_and_runner_lines_then_shows_errors_then_what_is_new(open_app: Any) -> None:
    async with open_app() as stage:
        good = stage.installation.log_of(stage.installation.runs[2])
        for number in range(9):
            good.add(f"GET /orders?page={number} 200")
        await stage.press(*OPEN_FAILED)
        await stage.until("user process ended")
        await stage.press("v")
        await stage.until("62 of 63 lines, without setup and runner")
        assert "user process ended" not in stage.text
        await stage.press("v")
        await stage.until("1 of 63 lines, errors only")
        assert "GET /orders" not in stage.text
        await stage.press("v")
        await stage.until("4 of 63 lines, new since 1039")
        assert "Traceback" in stage.text
        assert "GET /orders" not in stage.text
        await stage.press("v")

        await stage.until("GET /orders?page=59")


async def test_filter_shows_matching_lines_also_those_that_arrive(open_app: Any) -> None:
    async with followed_run(open_app) as stage:
        await stage.press("ampersand")
        await stage.type("page=11")
        await stage.press("enter")
        await stage.until('following, 11 of 125 lines, only "page=11"')
        grow(stage, "something else", "GET /orders?page=1199 200")
        await stage.until("page=1199")
        assert "12 of 127 lines" in stage.text
        assert "something else" not in stage.text
        await stage.press("escape")

        await stage.until("something else")


async def test_marked_lines_are_copied_together(open_app: Any) -> None:
    async with followed_run(open_app) as stage:
        await stage.press("m", "space", "space")
        await stage.until("2 marked")
        await stage.press("c")

        first, second = stage.app.clipboard.splitlines()
        assert first == "retry header: authorization: Bearer [masked:SOURCES__SHOP__API_KEY]"
        assert second == "GET /orders?page=119 200 in 243 ms"


async def test_saving_writes_what_is_shown_for_the_owner_only(
    open_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with failed_run(open_app) as stage:
        failed_log(stage).add("password=hunter2-correct-horse \x1b]0;owned\x07")
        await stage.press("S", "enter")
        await stage.until("masked as shown")
        saved = tmp_path / "ingest-load_orders-1040.log"
        text = saved.read_text(encoding="utf-8")
        await stage.press("S", "enter")
        await stage.until("exists already. Nothing was saved")

        assert len(text.splitlines()) == 64
        assert not any(part in text for part in ("hunter2", "\x1b", "\x07"))
        assert os.stat(saved).st_mode & 0o777 == 0o600


async def test_tracebacks_fold_to_head_and_reason(open_app: Any) -> None:
    async with failed_run(open_app) as stage:
        await stage.press("minus")
        await stage.until("Traceback (most recent call last): 1 line folded")
        assert 'File "ingest/orders.py"' not in stage.text
        assert "KeyError: 'customer_id'" in stage.text
        await stage.press("k", "k", "j", "minus")

        await stage.until('File "ingest/orders.py"')


async def test_times_are_local_then_utc_then_since_the_start(open_app: Any) -> None:
    async with followed_run(open_app) as stage:
        stage.app.context.look.zone = None
        await stage.press("t")
        await stage.until("14:01:52  Load to duckdb")
        await stage.press("t")
        await stage.until(" 0:01:51  Load to duckdb")
        await stage.press("t")

        await stage.until("Times are in your zone.")


async def test_warnings_are_gone_to(open_app: Any) -> None:
    async with followed_run(open_app) as stage:
        await stage.press("w")

        await stage.until("line 123 of 125")
        assert pane(stage).current == 122


def asked_of_home(stage: Any) -> int:
    """How often it was asked what runs of workspaces printed."""
    return sum(path.endswith("/leaks") and "runs/" not in path for _method, path, _ in stage.installation.requests)


async def test_a_secret_that_was_printed_gets_a_new_value_there_and_then(open_app: Any) -> None:
    async with leaking_run(open_app, "SOURCES__SHOP__API_KEY", "github-token") as stage:
        await stage.until("Masked   ▚ 3   SOURCES__SHOP__API_KEY 2, github-token 1")
        await stage.press("V")
        await stage.until("Change SOURCES__SHOP__API_KEY")
        assert "printed in 2 lines, read by 3 people since" in stage.text
        await stage.type("another-value")
        await stage.press("enter")

        said = "Set. 1 active run with the old value: ingest.load_orders. 1 stored line masked."
        await until(stage.pilot, lambda: said in " ".join(stage.text.split()), said)
        (body,) = stage.posted("variables")
        assert body["profile"] == "prod"
        assert body["upserts"][0]["value"] == "another-value"
        assert "another-value" not in stage.text
        before = asked_of_home(stage)
        await stage.press("0")
        await stage.until("Needs you")
        assert asked_of_home(stage) == before + 1


async def test_a_secret_of_a_file_is_said_to_be_changed_there(open_app: Any) -> None:
    async with leaking_run(open_app, "SOURCES__SHOP__API_KEY", origin="configuration") as stage:
        await stage.press("V")

        await stage.until("SOURCES__SHOP__API_KEY: in a secrets file. Change it and deploy.")


async def test_masks_that_are_counted_after_the_seal_are_shown(open_app: Any) -> None:
    async with open_app() as stage:
        run = stage.installation.runs[1]
        stage.installation.masked[run["id"]] = {"github-token": 1}
        stage.installation.counted_later.add(run["id"])
        await stage.press(*OPEN_FAILED)

        await stage.until("Masked   ▚ 1   github-token 1")


async def test_damaged_lines_are_counted_on_the_rule(open_app: Any) -> None:
    async with open_app() as stage:
        failed_log(stage).damage = [(4, 16)]
        await stage.press(*OPEN_FAILED)

        await stage.until("12 lines damaged   63 lines")
        await stage.press("g")
        await stage.until("12 lines are damaged")
        shown = stage.text.splitlines()
        at = next(row for row, text in enumerate(shown) if "are damaged" in text)
        assert "page=4 " in shown[at - 1]
        assert "page=17 " in shown[at + 1]
        # What is lost is not asked for again and again.
        asked = [path for _, path, _ in stage.installation.requests if path.endswith("/lines")]
        assert len(asked) <= 3


async def test_what_is_lost_is_not_said_to_be_searched(open_app: Any) -> None:
    async with open_app() as stage:
        failed_log(stage).damage = [(4, 16)]
        await stage.press(*OPEN_FAILED)
        await stage.until("12 lines damaged   63 lines")
        await search(stage, "page=1")
        await stage.until("51 lines (12 are lost) searched")
        await stage.press("escape")
        await search(stage, "page=7 ")
        await stage.until('No "page=7" in 51 lines (12 are lost).')


async def test_an_ended_log_is_never_paused_and_says_how_far_down_it_is(open_app: Any) -> None:
    async with failed_run(open_app) as stage:
        await stage.press("k")
        await stage.until("─ to line 62, 63 lines")

        assert "paused" not in stage.text
        await stage.press("j")
        await stage.until("─ 63 lines")


async def test_a_log_that_is_moved_sideways_says_so(open_app: Any) -> None:
    async with failed_run(open_app) as stage:
        await stage.press("l")
        await stage.until("from column 17   63 lines")
        await stage.press("h")
        await stage.until("─ 63 lines")


async def test_an_ended_log_offers_no_following(open_app: Any) -> None:
    async with failed_run(open_app) as stage:
        assert "f follow" not in stage.text
        await stage.press("f")

        assert "The log has ended." in stage.text


def tracebacks(count: int) -> list[str]:
    """Tracebacks of 20 frames with a line between them."""
    frames = [text for number in range(20) for text in (f'  File "orders.py", line {number}', "    call()")]
    one = ["between", "Traceback (most recent call last):", *frames]
    return [text for number in range(count) for text in (*one, f"ValueError: number {number}")]


async def test_an_error_is_gone_to_on_a_full_screen_where_tracebacks_are_folded(open_app: Any) -> None:
    async with failed_run(open_app, tracebacks(30)) as stage:
        await stage.press("minus", *"eeeeeeee")
        await stage.until("ValueError: number 6")

        body = stage.text.splitlines()[4:21]
        assert all(body)
        assert "ValueError: number 7" in stage.text
        assert "call()" not in stage.text


async def test_a_match_in_a_folded_traceback_opens_it(open_app: Any) -> None:
    async with failed_run(open_app, tracebacks(3)) as stage:
        await stage.press("minus", "g")
        await search(stage, "line 17")
        await stage.until("line 17 1 of 3")

        assert "    call()" in stage.text
        await stage.press("G")
        assert stage.text.count("40 lines folded") == 2


async def test_search_filter_and_folds_work_together(open_app: Any) -> None:
    async with failed_run(open_app, tracebacks(3)) as stage:
        await stage.press("minus", "ampersand")
        await stage.type("line 1")
        await stage.press("enter")
        await stage.until('33 of 192 lines, only "line 1"')
        await search(stage, "line 17")
        await stage.until("line 17 1 of 3")

        assert 'File "orders.py", line 17' in stage.text
        await stage.press("n")
        await stage.until("line 17 2 of 3")
        assert "between" not in stage.text


async def test_another_choice_of_lines_stays_near_the_line_one_was_at(open_app: Any) -> None:
    async with failed_run(open_app, rows(3_000, {1_500: "needle"})) as stage:
        await search(stage, "needle")
        await stage.until("line 1,564 of 3,063")
        await stage.press("v")
        await stage.until("without setup and runner")
        await stage.until("needle")
        await stage.press("v", "v", "v")

        await stage.until("row 1501")


async def test_lines_that_a_new_value_masks_are_read_again(open_app: Any) -> None:
    async with leaking_run(open_app, "SOURCES__SHOP__API_KEY") as stage:
        line = failed_log(stage).lines[58]
        assert line["content"] in stage.text

        def mask() -> None:
            line["content"] = "[masked:SOURCES__SHOP__API_KEY]"

        stage.installation.rescrubs[:] = [lambda: None, mask]
        await stage.press("V")
        await stage.until("Change SOURCES__SHOP__API_KEY")
        await stage.type("page59")
        await stage.press("enter")

        await stage.until("[masked:SOURCES__SHOP__API_KEY]")
        assert "page=59" not in stage.text


async def test_a_viewer_is_told_that_new_values_are_not_for_viewers(open_app: Any) -> None:
    async with leaking_run(open_app, "registered") as stage:
        stage.installation.refusals["/leaks"] = (403, {"detail": "Not for viewers.", "code": "not_allowed"})
        await stage.press("V")

        await stage.until("are not for viewers. Ask an owner.")


async def test_a_hit_is_gone_to_before_the_log_was_read(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.held["/lines"] = stage.portal.call(anyio.Event)
        await stage.press(*OPEN_FAILED)
        await stage.until("loading")
        del stage.installation.held["/lines"]
        await stage.press("e")

        await stage.until("line 62 of 6")
        assert pane(stage).current == 61


async def test_what_is_new_below_counts_the_lines_that_are_shown(open_app: Any) -> None:
    async with followed_run(open_app) as stage:
        await stage.press("ampersand")
        await stage.type("page=")
        await stage.press("enter")
        await stage.until('only "page="')
        await stage.press("k")
        grow(stage, *(f"other {number}" for number in range(20)), "GET /orders?page=1", "GET /orders?page=2")

        await stage.until("paused, 2 new below")


async def test_a_range_that_did_not_come_is_asked_for_again(open_app: Any) -> None:
    async with failed_run(open_app, rows(3_000)) as stage:
        stage.installation.refusals["/lines"] = (503, {"detail": "busy", "code": "busy"})
        await stage.pilot.press("g")
        await until(stage.pilot, lambda: stage.text.splitlines()[6].strip() == "…", "what is missing")
        del stage.installation.refusals["/lines"]

        await stage.until("page=1 ")


async def test_an_error_far_away_is_shown_on_a_full_screen_where_tracebacks_are_folded(open_app: Any) -> None:
    async with failed_run(open_app, [*tracebacks(100), *rows(900)]) as stage:
        await stage.press("minus", "g")
        await search(stage, "number 97")
        await stage.until("ValueError: number 97")
        await stage.until("ValueError: number 99")

        body = stage.text.splitlines()[4:21]
        assert all(body)
        assert "call()" not in stage.text


@pytest.fixture
def tmux_socket(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A tmux of its own with its settings as shipped, in which the app believes to be."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        socket = f"{folder}/socket"
        in_it = ["tmux", "-S", socket, "-f", os.devnull]
        subprocess.run([*in_it, "new-session", "-d", "-x", "80", "-y", "24", "sleep 600"], check=True)
        asked = [*in_it, "display-message", "-p", "#{socket_path},#{pid},0"]
        monkeypatch.setenv("TMUX", subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
        yield socket
        subprocess.run([*in_it, "kill-server"], check=True)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
async def test_a_copied_line_is_in_the_buffer_of_tmux(open_app: Any, tmux_socket: str) -> None:
    def copied() -> str:
        asked = ["tmux", "-S", tmux_socket, "show-buffer"]
        return subprocess.run(asked, check=False, capture_output=True, text=True).stdout

    async with failed_run(open_app) as stage:
        await stage.press("c")
        await until(stage.pilot, lambda: bool(copied()), "a buffer in tmux")

        assert copied() == stage.app.clipboard


async def test_lines_that_passed_by_unread_are_shown_too_where_they_fit(
    open_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlthub_tui.screens.logs.log_feed.MOST_PENDING", 10)
    async with followed_run(open_app) as stage:
        await stage.press("ampersand")
        await stage.type("needle")
        await stage.press("enter")
        await stage.until("No such line")
        for _ in range(3):
            grow(stage, *(f"needle {number}" if number % 10 == 0 else f"row {number}" for number in range(200)))
            await stage.pilot.pause(0.1)

        await stage.until('60 of 725 lines, only "needle"')
