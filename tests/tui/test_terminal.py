"""The app in a real terminal: what it paints, what that costs, and that it leaves the terminal as it was."""

from __future__ import annotations

import re
import shlex
import signal
import sys
import termios
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.tui.terminals import Terminal, terminal

ALTERNATE_SCREEN_OFF = b"\x1b[?1049l"
CURSOR_ON = b"\x1b[?25h"
CONNECT = """
import sys
from datetime import UTC, datetime
from dlthub_tui.app import AppOptions, run
now = datetime(2026, 3, 17, 14, 1, 52, tzinfo=UTC)
options = dict(word.split("=") for word in sys.argv[3:])
sys.exit(run(AppOptions(home=sys.argv[1], url=sys.argv[2], uses_keyring=False, poll_seconds=0, now=lambda: now,
                        slow="slow" in options, calm="slow" in options)))
"""
pytestmark = pytest.mark.slow


@pytest.fixture
def connected(installation: Any, tmp_path: Path) -> Generator[Terminal]:
    """The app in a terminal, over the fake installation, at home."""
    with terminal(["-c", CONNECT, str(tmp_path), installation[0].url], {"HOME": str(tmp_path)}) as opened:
        opened.until_text("Needs you")
        yield opened


def test_app_paints_quits_and_restores_the_terminal(connected: Terminal) -> None:
    before = termios.tcgetattr(connected._master)
    connected.press("q")
    connected.until_text("Leave dlthub-tui?")
    connected.press("\r")

    assert connected.wait() == 0
    assert ALTERNATE_SCREEN_OFF in connected.output
    assert connected.output.rfind(CURSOR_ON) > connected.output.rfind(b"\x1b[?25l")
    assert before[3] & termios.ECHO == 0
    assert termios.tcgetattr(connected._master)[3] & termios.ECHO


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_app_and_restores_the_terminal(connected: Terminal, number: signal.Signals) -> None:
    connected.process.send_signal(number)

    assert connected.wait() == 0
    assert ALTERNATE_SCREEN_OFF in connected.output


def test_the_size_is_the_terminals_whatever_the_environment_says(installation: Any, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "COLUMNS": "80", "LINES": "24"}
    with terminal(["-c", CONNECT, str(tmp_path), installation[0].url], environment, size=(90, 23)) as opened:
        opened.until_text("Needs you")
        opened.until(lambda: "? help" in opened.row(22), "the footer on the last row")
        opened.resize(100, 30)
        opened.until(lambda: "? help" in opened.row(29), "the footer on the last row")
        opened.resize(300, 100)
        opened.until(lambda: opened.row(99).rstrip().endswith("? help"), "the footer on the last row")
        opened.resize(20, 5)
        opened.until(lambda: opened.row(4).strip() != "", "a footer")
        opened.press("9")
        opened.until_quiet()
        opened.resize(80, 24)

        opened.until_text("Nothing was due yet.")


def test_suspending_gives_the_terminal_back_and_fg_takes_it_again(installation: Any, tmp_path: Path) -> None:
    """Also of a shell that waits for another program, which waits for the app, as `make run` does."""
    script = tmp_path / "app.sh"
    script.write_text(shlex.join([sys.executable, "-c", CONNECT, str(tmp_path), installation[0].url]) + "\ntrue\n")
    shell = ["-c", "import os; os.execvp('sh', ['sh', '-i'])"]
    with terminal(shell, {"HOME": str(tmp_path), "PS1": "ready> "}) as opened:
        opened.until_text("ready>")
        opened.press(f"sh {script}\r")
        opened.until_text("Needs you")
        opened.press("\x1a")
        opened.until(lambda: b"Stopped" in opened.output, "the prompt of the shell")
        assert opened.output.rfind(ALTERNATE_SCREEN_OFF) > opened.output.rfind(b"\x1b[?1049h")
        opened.press("fg\r")
        opened.until(lambda: opened.output.rfind(b"\x1b[?1049h") > opened.output.rfind(ALTERNATE_SCREEN_OFF), "back")
        opened.press("9")
        opened.until_text("Nothing was due yet.")
        opened.press("0\x11")
        # What is typed before the shell has its prompt goes with the app's unread input.
        opened.until(lambda: opened.output.rfind(ALTERNATE_SCREEN_OFF) > opened.output.rfind(b"\x1b[?1049h"), "left")
        opened.until(lambda: opened.output.rfind(b"ready> ") > opened.output.rfind(ALTERNATE_SCREEN_OFF), "the prompt")
        opened.press("exit\r")

        assert opened.wait() == 0


def test_without_a_shell_behind_it_the_app_does_not_stop(connected: Terminal) -> None:
    """`ssh -t HOST dlthub-tui`, ctrl+z, and nobody could ever go on with it."""
    connected.press("\x1a")
    connected.until_text("No shell waits behind this terminal. Nothing was stopped.")
    connected.process.send_signal(signal.SIGTSTP)
    connected.press("9")
    connected.until_text("Nothing was due yet.")

    assert not connected.is_stopped


def test_a_network_that_dies_is_said_and_the_app_goes_on(installation: Any, connected: Terminal) -> None:
    connected.press("\t\x1b[B\r")
    connected.until_text("[1 Jobs]")
    installation[0].leave()
    connected.press("2")
    connected.until_text("No answer from")
    assert "Traceback" not in connected.text
    connected.press("0\x11")

    assert connected.wait() == 0


def test_a_terminal_that_hangs_up_ends_the_app(connected: Terminal) -> None:
    connected.press("\t\x1b[B\r" + "jk" * 40)  # much to paint, so that some of it is on its way
    connected.hang_up()

    assert connected.wait_without_terminal() == 0


def test_a_terminal_that_sends_no_signal_when_it_goes_ends_the_app_too(installation: Any, tmp_path: Path) -> None:
    """Nobody is told below `su -c` or `docker exec`: it would read nothing from it, again and again."""
    arguments = ["-c", CONNECT, str(tmp_path), installation[0].url]
    with terminal(arguments, {"HOME": str(tmp_path)}, is_controlling=False) as opened:
        opened.until_text("Needs you")
        opened.hang_up()

        assert opened.wait_without_terminal() == 0


@pytest.mark.parametrize(("options", "budget"), [((), 750), (("slow=1",), 150)], ids=["plain", "slow"])
@pytest.mark.parametrize("tab", ["1", "2"])
def test_a_cursor_step_in_a_list_stays_in_its_budget(
    installation: Any, tmp_path: Path, options: tuple[str, ...], budget: int, tab: str
) -> None:
    arguments = ["-c", CONNECT, str(tmp_path), installation[0].url, *options]
    with terminal(arguments, {"HOME": str(tmp_path)}) as opened:
        opened.until_text("Needs you")
        opened.press("\t\x1b[B\r" + tab)
        opened.until(lambda: f"[{tab} " in opened.text and "❯" in opened.text and "Loading" not in opened.text, "rows")
        first = opened.text
        opened.press("j")
        opened.until(lambda: opened.text != first, "the cursor on the next row")
        # From these rows to the next the footer offers the same; where it does not, it is painted too.
        steps = [opened.bytes_of("j") for _ in range(2)]

        assert max(steps) <= budget, steps


def test_bytes_for_keys_stay_in_their_budget(connected: Terminal) -> None:
    connected.press("\t\x1b[B\r")
    connected.until_text("[1 Jobs]")
    prompt = connected.bytes_of("/")
    connected.press("\x1b")
    connected.until_quiet()
    screen = connected.bytes_of("2")
    connected.bytes_of(":")
    sheet_left = connected.bytes_of("\x1b")
    connected.press("\r")
    connected.until_text("following, 125 lines")
    line, page = connected.bytes_of("k"), connected.bytes_of("\x1b[5~")

    step = connected.bytes_of("k")
    # A prompt's row within 200; what it leaves of the footer is painted too, as with each footer that changes.
    budgets = {"prompt": (prompt, 200 + 80), "screen": (screen, 8000), "sheet left": (sheet_left, 3000),
               "first": (line, 300), "step": (step, 300),
               "page": (page, 5000)}  # fmt: skip

    assert not {name: cost for name, (cost, budget) in budgets.items() if cost > budget}, budgets


def test_rows_the_terminal_scrolled_are_those_that_would_be_painted(installation: Any, tmp_path: Path) -> None:
    off = "import dlthub_tui.widgets.scroll_region as region\nregion.IS_ON = False\n"
    keys = (
        "k",
        "kkk",
        "j",
        "kkkkjj",
        "\x1b[5~",
        "kk",
        " ",
        "jk",
        "g",
        "jjj",
        "E",
        "kkj",
        "\x1b[6~",
        "jj",
        "b",
        "kk",
        "G",
    )
    with (
        terminal(["-c", CONNECT, str(tmp_path / "a"), installation[0].url], {"HOME": str(tmp_path)}) as scrolled,
        terminal(["-c", off + CONNECT, str(tmp_path / "b"), installation[0].url], {"HOME": str(tmp_path)}) as painted,
    ):
        for opened in (scrolled, painted):
            opened.until_text("Needs you")
            opened.press("\t\x1b[B\r2\r")
            opened.until_text("following, 125 lines")
        for burst in keys:
            for opened in (scrolled, painted):
                opened.press(burst)
                opened.until_quiet(0.3)
            # A search of one may still go on when the other's is done.
            scrolled.until(lambda: not painted.read() and scrolled.text == painted.text, f"the same after {burst!r}")
        assert b"S\x1b[r" in scrolled.output
        assert b"T\x1b[r" in scrolled.output
        assert b"\x1b[r" not in painted.output


def test_nothing_is_sent_while_nothing_happens(connected: Terminal) -> None:
    connected.until_quiet(2.0)
    before = len(connected.output)
    connected.until_quiet(2.0)

    assert len(connected.output) == before


def test_no_colour_sends_no_colour(installation: Any, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "NO_COLOR": "1"}
    with terminal(["-c", CONNECT, str(tmp_path), installation[0].url], environment) as opened:
        opened.until_text("Needs you")
        opened.press("\t\x1b[B\r2\r")
        opened.until_text("following, 125 lines")
        opened.until(lambda: b"[masked:SOURCES__SHOP__API_KEY]" in opened.output, "what is masked")
        opened.until_quiet()

        assert b"38;2;" not in opened.output
        assert b"\x1b[31m" not in opened.output


def test_a_hostile_log_sends_no_sequence_of_its_own(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    fake.log_of(fake.runs[1]).add("\x1b]52;c;b3duZWQ=\x07\x1b]0;owned\x07 \x1b[2J \x9b2J end of it")
    with terminal(["-c", CONNECT, str(tmp_path), fake.url], {"HOME": str(tmp_path)}) as opened:
        opened.until_text("Needs you")
        opened.press("j\r")
        opened.until_text("end of it")

        assert b"\x1b]52;" not in opened.output
        assert b"\x1b]0;owned" not in opened.output


@pytest.mark.acceptance
def test_first_start_of_an_embedded_platform_in_a_terminal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    arguments = ["-m", "dlthub_tui.cli.main", "--home", str(home)]
    with terminal(arguments, {"HOME": str(tmp_path)}) as opened:
        opened.until_text("nobody owns it yet", 120)
        opened.press("ana@orchard.example\rcorrect horse battery\r")
        opened.until_text("Five steps to your first job", 60)
        opened.press("\x11")

        assert opened.wait() == 0
        assert ALTERNATE_SCREEN_OFF in opened.output
        assert b"correct horse" not in opened.output


def test_keys_typed_ahead_are_done_one_after_the_other(connected: Terminal) -> None:
    connected.press("\t\x1b[B\r:runs\r")

    connected.until_text("[2 Runs]")


def test_a_sheet_that_opens_with_its_screen_is_painted_whole(connected: Terminal) -> None:
    """`d` opens the deploy screen, which asks at once for a folder."""
    connected.press("\t\x1b[B\r")
    connected.until_text("1 Jobs")
    connected.press("d")

    connected.until_text("Deploy which folder")
    connected.until_text("   Folder  ")


def test_a_screen_leaves_nothing_of_the_one_before(connected: Terminal) -> None:
    """The choice of a region has rows below its last pane, where the guide shows what a shell can do."""
    connected.press(":guide\r")
    connected.until_text("Your shell can do it as well")
    connected.until_quiet()
    connected.press("gj\r")
    connected.until_text("What will live where")
    connected.until_quiet(1.5)
    shown = connected.text
    # Another size and back: the app paints all of it.
    for columns in (81, 80):
        before = len(connected.output)
        connected.resize(columns, 24)
        connected.until(lambda before=before: len(connected.output) > before, "all of it, painted anew")
        connected.until_quiet()

    connected.until(lambda: shown == connected.text, f"as it was:\n{shown}")


def test_what_something_else_wrote_to_the_terminal_is_gone_when_it_is_asked_again(connected: Terminal) -> None:
    connected.until_quiet(1.5)
    shown = connected.text
    connected.write_beside("Broadcast message from root")
    assert "Broadcast message" in connected.text
    connected.press("\x12")

    connected.until(lambda: connected.text == shown, "as it was")


def test_escape_and_a_key_in_one_packet_are_two_keys(connected: Terminal) -> None:
    connected.press("\t\x1b[B\r")
    connected.until_text("[1 Jobs]")
    for packet, found in (("\x1b2", "[2 Runs]"), ("\x1b8", "[8 Residency]"), ("\x1b1", "[1 Jobs]")):
        connected.press("/zz")
        connected.until_text("/zz")
        connected.press(packet)
        connected.until_text(found)
    connected.press("/zz")
    connected.until_text("/zz")

    connected.press("\x1b/")
    connected.until_text("load_suppliers")
    connected.press("ret")
    connected.until_text("/ret")


def test_plain_variables_are_changed_in_the_users_editor(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\ntext = path.read_text()\n"
        "assert 'API_KEY' not in text\nassert path.parent.stat().st_mode & 0o777 == 0o700\n"
        "head = '[profile.\"prod\"]'\n"
        "path.write_text(text.replace('INFO', 'DEBUG').replace(head, head + '\\nADDED = \"1\"'))\n"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {"HOME": str(tmp_path), "EDITOR": f"{sys.executable} {editor}", "TMPDIR": str(temporary)}
    with terminal(["-c", CONNECT, str(tmp_path), fake.url], environment) as opened:
        opened.until_text("Needs you")
        opened.press("\t\x1b[B\r4")
        opened.until_text("LOG_LEVEL")
        opened.press("e")
        opened.until_text("Change orchard-eu/fruitshop?")
        opened.until_text("set LOG_LEVEL in the workspace")
        opened.until_text("set ADDED in prod")
        opened.press("\r")
        opened.until_text("Changed 2 variables.")
        opened.press("u")
        opened.until_text("The variables are as they were.")

    sent = [body for kind, body in fake.bodies if kind == "variables"]
    assert {name for body in sent for name in body.get("deletes", [])} == {"ADDED"}
    assert [item["value"] for body in sent for item in body["upserts"] if item["name"] == "LOG_LEVEL"] == [
        "DEBUG",
        "INFO",
    ]
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("editor", "keys", "said"),
    [(None, "", "cannot be used"), ("trap 'exit 3' INT; echo open; while :; do sleep 0.1; done", "\x03", "with 3.")],
    ids=["not there", "interrupted"],
)
def test_an_editor_that_fails_gives_the_terminal_back(
    installation: Any, tmp_path: Path, editor: str | None, keys: str, said: str
) -> None:
    script = tmp_path / "editor.sh"
    if editor is not None:
        script.write_text(editor)
    environment = {"HOME": str(tmp_path), "EDITOR": f"sh {script}" if editor else "no-such-editor"}
    with terminal(["-c", CONNECT, str(tmp_path), installation[0].url], environment) as opened:
        opened.until_text("Needs you")
        opened.press("\t\x1b[B\r4")
        opened.until_text("LOG_LEVEL")
        opened.press("e")
        if keys:
            opened.until(lambda: b"open\r\n" in opened.output, "the editor")
            opened.press(keys)
        opened.until_text(said)
        opened.press("9")
        opened.until_text("Nothing was due yet.")


FAILS = """
import sys
from dlthub_tui.screens.work import jobs
def compose_body(screen):
    pin = "s3cret-Value-77"
    raise RuntimeError
jobs.JobsScreen.compose_body = compose_body
from dlthub_tui.cli.opening import OpenRequest, open_app
sys.exit(open_app(OpenRequest(home=sys.argv[1], url=sys.argv[2])))
"""


def test_an_app_that_fails_says_in_which_file_and_shows_no_traceback(installation: Any, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    with terminal(["-c", FAILS, str(tmp_path), installation[0].url], environment) as opened:
        opened.until_text("2 running")
        opened.press("j\r")

        assert opened.wait() == 1
        assert ALTERNATE_SCREEN_OFF in opened.output
        said = re.search(rb"Something here failed: see (\S+/crash-\S+)[.] The platform goes on[.]", opened.output)
        assert said is not None
        written = Path(said[1].decode()).read_bytes()
        assert b"compose_body" in written
        assert b"Traceback" not in opened.output
        assert b"s3cret" not in opened.output + written
