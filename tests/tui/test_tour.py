"""The tour's stage in a real terminal: captions, keys, pausing, taking over, and what is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pyte
import pytest
from tests.tui.terminals import Terminal, terminal

from dlthub_tui.cli.tour.player import Keys, hint_of
from dlthub_tui.cli.tour.recording import render_still
from dlthub_tui.cli.tour.script import END, PROOF, beats

# A program that says what it was typed, on an own line for each key, and ends at a q.
PROGRAM = r"""
import os, sys, tty
tty.setraw(0)
os.write(1, b"\x1b[2J\x1b[H\x1bPtmux;\x1b\x1b]9;4;")
os.write(1, b"0\x07\x1b\\ready\r\n")
while (key := os.read(0, 1)) != b"q":
    os.write(1, b"got " + key + b"\r\n")
"""
# Draws a few times after each key, and says its size as programs find it out.
BUSY = r"""
import os, shutil, sys, time, tty
tty.setraw(0)
size = shutil.get_terminal_size()
os.write(1, b"\x1b[?2048$p\x1b[2J\x1b[Hready size %dx%d\r\n" % size)
while (key := os.read(0, 1)) != b"q":
    os.write(1, b"got " + key + b"\r\n")
    for number in range(20):
        os.write(1, b"drawn %d\r" % number)
        time.sleep(0.02)
"""
# Has places, as the app: the first row names the one of four that it is at, of those visited.
PLACES = r"""
import os, tty
tty.setraw(0)
at = 2
def show():
    os.write(1, b"\x1b[2J\x1b[H shop > %d        ^control\r\nready\r\n" % at)
show()
while (key := os.read(0, 1)) != b"q":
    at = {b"]": min(at + 1, 4), b"[": max(at - 1, 1), b"\x1b": max(at - 1, 1), b"3": 3}.get(key, at)
    show()
    os.write(1, b"got " + key + b" at %d\r\n" % at)
"""
# Its keys mean something in a form only, which f opens and x leaves.
FORM = r"""
import os, tty
tty.setraw(0)
os.write(1, b"\x1b[2J\x1b[H shop > 2        ^control\r\nready\r\n")
is_open = False
while (key := os.read(0, 1)) != b"q":
    is_open = key == b"f" or (is_open and key != b"x")
    os.write(1, b"got " + key + (b" in the form" if is_open else b" outside") + b"\x1b[K\r")
"""
TOUR = """
import os, sys
from pathlib import Path
from dlthub_tui.cli.tour.player import Beat, Keys, Left, Player
from dlthub_tui.cli.tour.recording import Cast
from dlthub_tui.cli.tour.stage import Stage

folder = Path(sys.argv[1])
stage = Stage(Cast(folder / "tour.cast", 60, 12))
player = Player(stage, is_auto=sys.argv[2] == "auto", pace=0.2, stills=folder / "stills")
with stage.opened():
    stage.play([str(folder / "program.py")], os.environ, folder)
    try:
        player.play([
            # A key before the program has made its terminal raw would be thrown away as it does.
            Beat("First the a.", (Keys((), "ready"), Keys(("a",), "got a")), "first"),
            Beat("Then, after a long sentence that takes its time to be read by anybody who reads it, the b.",
                 (Keys(("b",), "got b"),)),
            Beat("The end.", (Keys(("q",), "got b"),)),
        ])
    except Left:
        pass
print("left")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "tour.py").write_text(TOUR)
    return tmp_path


def last_row(shown: Terminal) -> str:
    return shown.row(11)


def test_a_tour_types_waits_and_records_what_the_terminal_got(folder: Path) -> None:
    with terminal([str(folder / "tour.py"), str(folder), "auto"], {}, size=(60, 12)) as shown:
        shown.until(lambda: "First the a." in last_row(shown), "the first caption")
        shown.until_text("got a")
        shown.until_text("got b")
        code = shown.wait()

    header, *events = [json.loads(line) for line in (folder / "tour.cast").read_text().splitlines()]
    screen = pyte.Screen(60, 12)
    pyte.Stream(screen).feed("".join(text for _, _, text in events))
    still = (folder / "stills" / "first.svg").read_text()
    assert code == 0
    assert "left" in shown.text
    assert (header["version"], header["width"], header["height"]) == (2, 60, 12)
    assert [at for at, _, _ in events] == sorted(at for at, _, _ in events)
    assert "got b" in "\n".join(screen.display)
    assert ">got a</text>" in still
    assert "tmux" not in still
    assert "First the a." in still


def test_a_tour_at_full_speed_shows_every_caption_and_its_program_the_stage(folder: Path) -> None:
    """The program draws on and on, and the size around the stage is in the environment and asked for in band."""
    (folder / "program.py").write_text(BUSY)
    (folder / "tour.py").write_text(TOUR.replace("pace=0.2", "pace=0"))
    around = {"COLUMNS": "60", "LINES": "12"}
    with terminal([str(folder / "tour.py"), str(folder), "auto"], around, size=(60, 12)) as shown:
        shown.press("\x1b[48;12;60;0;0t")  # a report that nobody asked for is no key of a person
        code = shown.wait()

    cast = (folder / "tour.cast").read_text()
    assert code == 0
    assert all(caption in cast for caption in ("First the a.", "Then, after", "The end."))
    assert "You play" not in cast
    assert "size 60x11" in cast
    assert b"?2048" not in shown.output


def test_space_pauses_any_other_key_takes_over_and_a_key_gives_back(folder: Path) -> None:
    with terminal([str(folder / "tour.py"), str(folder), "auto"], {}, size=(60, 12)) as shown:
        shown.until(lambda: "space pauses" in last_row(shown), "the first caption")
        shown.press(" ")
        shown.until(lambda: "space goes on" in last_row(shown), "the pause")
        shown.until_quiet(2)
        assert "got" not in shown.text

        shown.press("x")
        shown.until_text("got x")
        shown.until(lambda: "You play." in last_row(shown), "the hand over")
        shown.until_quiet(2)
        assert "got a" not in shown.text

        shown.press("\x1d")
        shown.until_text("got b")
        code = shown.wait()

    assert code == 0
    assert "got \x1d" not in shown.text


@pytest.mark.parametrize("elsewhere", ["[", "]", "3"])
def test_a_tour_that_is_given_back_returns_to_where_it_was(folder: Path, elsewhere: str) -> None:
    (folder / "program.py").write_text(PLACES)
    with terminal([str(folder / "tour.py"), str(folder), "auto"], {}, size=(60, 12)) as shown:
        shown.until(lambda: "Then, after" in last_row(shown), "a caption to read")
        shown.press(elsewhere)
        shown.until_text(f"got {elsewhere}")
        shown.until(lambda: "waits at shop > 2." in last_row(shown), "where it waits")
        shown.press("\x1d")
        shown.until_text("got b at 2")

        assert shown.wait() == 0


def test_without_autoplay_the_person_plays_and_the_tour_follows(folder: Path) -> None:
    with terminal([str(folder / "tour.py"), str(folder), "by hand"], {}, size=(60, 12)) as shown:
        shown.until(lambda: last_row(shown).rstrip().endswith(" a"), "the key to press")
        shown.press("a")
        shown.until(lambda: "Then, after" in last_row(shown), "the second caption")
        shown.until(lambda: last_row(shown).rstrip().endswith(" b"), "the key to press")
        shown.press("\x1d")  # presses them
        shown.until_text("got b")
        shown.until(lambda: "The end." in last_row(shown), "the last caption")
        shown.press("q")
        code = shown.wait()

    assert code == 0


@pytest.mark.parametrize("elsewhere", ["[", "]", "3"])
def test_what_is_pressed_for_a_person_is_pressed_where_the_tour_is(folder: Path, elsewhere: str) -> None:
    (folder / "program.py").write_text(PLACES)
    with terminal([str(folder / "tour.py"), str(folder), "by hand"], {}, size=(60, 12)) as shown:
        shown.until(lambda: last_row(shown).rstrip().endswith(" a"), "the key to press")
        shown.press(elsewhere)
        shown.until_text(f"got {elsewhere} at")
        shown.press("\x1d")
        shown.until(lambda: "Then, after" in last_row(shown), "the second caption")

        assert "got a at 2" in shown.text


def test_a_form_that_a_person_left_is_opened_again_before_its_keys_are_pressed(folder: Path) -> None:
    (folder / "program.py").write_text(FORM)
    step = 'Keys(("a",), "got a")'
    assert step in TOUR
    (folder / "tour.py").write_text(TOUR.replace(step, 'Keys(("a",), "got a", ("in the form", "f"))'))
    with terminal([str(folder / "tour.py"), str(folder), "by hand"], {}, size=(60, 12)) as shown:
        shown.until(lambda: last_row(shown).rstrip().endswith(" a"), "the key to press")
        shown.press("x")
        shown.until_text("got x outside")
        shown.press("\x1d")
        shown.until_text("got a in the form")
        shown.press("q")
        shown.wait()


def test_leaving_the_program_ends_the_tour_and_gives_the_terminal_back(folder: Path) -> None:
    with terminal([str(folder / "tour.py"), str(folder), "by hand"], {}, size=(60, 12)) as shown:
        shown.until_text("ready")
        shown.press("q")
        code = shown.wait()

    assert code == 0
    assert "left" in shown.text
    assert shown.output.endswith(b"left\r\n")


def test_a_still_keeps_blanks_and_colours_and_asks_nobody_for_anything() -> None:
    screen = pyte.Screen(20, 2)
    pyte.Stream(screen).feed("  a <b>\x1b[31m red\x1b[0m\r\n\x1b[48;2;1;2;3mx\x1b[0m")
    still = render_still(screen, "a caption & more")

    assert ">  a &lt;b&gt;</text>" in still
    assert 'xml:space="preserve"' in still
    assert 'fill="#e06c75"' in still
    assert 'fill="#010203"' in still
    assert "a caption &amp; more" in still
    assert still.count("http") == 1  # the namespace


def test_captions_stand_whole_beside_their_keys_on_the_smallest_terminal() -> None:
    played = beats("a secret of thirty characters!", lambda: None, lambda: None)
    for beat in (*played, PROOF):
        hints = ["space goes on", *(hint_of(step) for step in beat.steps if isinstance(step, Keys))]
        assert len(beat.caption) + max(map(len, hints)) + 3 <= 80, beat.caption
        assert not any("thirty" in hint for hint in hints), "a secret is not shown"
    assert len(END.caption) <= 77


PRINTS = r"""
import sys
for number in range(40):
    print("line", number, flush=True)
sys.stdin.read(1)
"""
PRINTED = """
import os, sys
from pathlib import Path
from dlthub_tui.cli.tour.stage import Stage

folder = Path(sys.argv[1])
stage = Stage(None)
with stage.opened():
    stage.say("The caption.")
    stage.play([str(folder / "program.py")], os.environ, folder, prints=True)
    while not stage.is_over:
        stage.pump()
print("left")
"""


def test_what_a_program_prints_scrolls_above_the_caption_and_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PRINTS)
    (tmp_path / "tour.py").write_text(PRINTED)
    with terminal([str(tmp_path / "tour.py"), str(tmp_path)], {}, size=(60, 12)) as shown:
        shown.until_text("line 39")
        shown.until(lambda: "The caption." in last_row(shown), "the caption")
        assert [row for row in range(11) if "The caption." in shown.row(row)] == []
        assert "line 30" in shown.row(0) or "line 29" in shown.row(0)
        shown.press("\r")
        shown.wait()
        assert "line 39" in shown.text
        assert "left" in shown.text
